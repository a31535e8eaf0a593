"""What a batch will submit is shown to the pool ahead, and nothing else is."""

from rpc.lookahead import raw_transactions


def call(method: str, *params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}


def test_finds_the_raw_transactions_of_a_batch_in_order() -> None:
    batch = [
        call("eth_sendRawTransaction", "0x0102"),
        call("eth_chainId"),
        call("eth_sendRawTransaction", "0x03"),
    ]
    assert raw_transactions(batch) == [b"\x01\x02", b"\x03"]


def test_steps_over_what_is_no_well_formed_submission() -> None:
    batch: list[object] = [
        None,
        7,
        [],
        {"method": "eth_sendRawTransaction"},
        {"method": "eth_sendRawTransaction", "params": {"0": "0x01"}},
        {"method": ["eth_sendRawTransaction"], "params": ["0x01"]},
        call("eth_sendRawTransaction"),
        call("eth_sendRawTransaction", None),
        call("eth_sendRawTransaction", "0x1"),
        call("eth_sendRawTransaction", "zz"),
        call("eth_call", "0x01"),
    ]
    assert raw_transactions(batch) == []
