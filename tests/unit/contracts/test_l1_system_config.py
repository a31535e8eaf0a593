"""SystemConfig's events (PROTOCOL.md section 10), the batch inbox, and Multicall3."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from contracts.addresses import MULTICALL3
from contracts.artifacts import artifact
from contracts.signatures import selector
from tests.unit.contracts.harness import Contract, Evm, Reverted
from tests.unit.contracts.networks import ALICE, BATCHER, CONFIG, GUARDIAN, OPERATOR, l1_network

CONFIG_UPDATE = "1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be"
Network = dict[str, Contract]


@pytest.fixture
def network(evm: Evm) -> Network:
    evm.at(number=50)
    return l1_network(evm)


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


UPDATES = [
    ("setBatcherHash", (b"\x09" * 32,), 0, b"\x09" * 32, {"batcherHash": b"\x09" * 32}),
    ("setGasConfigEcotone", (3, 4), 1, words(0, 1 << 248 | 4 << 32 | 3), {"basefeeScalar": 3, "blobbasefeeScalar": 4}),
    ("setGasLimit", (30_000_000,), 2, words(30_000_000), {"gasLimit": 30_000_000}),
    ("setUnsafeBlockSigner", (ALICE,), 3, ALICE.rjust(32, b"\0"), {"unsafeBlockSigner": "0x" + ALICE.hex()}),
    ("setEIP1559Params", (50, 10), 4, words(50 << 32 | 10), {"eip1559Denominator": 50, "eip1559Elasticity": 10}),
    ("setOperatorFeeScalars", (5, 6), 5, words(5 << 64 | 6), {"operatorFeeScalar": 5, "operatorFeeConstant": 6}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments", "kind", "data", "values"), UPDATES)
def test_each_setter_announces_its_update(network: Network, function, arguments, kind, data, values) -> None:  # type: ignore[no-untyped-def]
    contract = network["SystemConfig"]
    outcome = contract.send(function, *arguments, sender=OPERATOR)
    [log] = outcome.logs
    assert log.topics[0].hex() == CONFIG_UPDATE
    assert contract.events(outcome, "ConfigUpdate") == [{"version": 0, "updateType": kind, "data": data}]
    assert len(log.data) == 64 + len(data)
    assert {name: contract.call(name) for name in values} == values
    for stranger in (ALICE, GUARDIAN):
        contract.reverts("Unauthorized", function, *arguments, sender=stranger)


def test_starts_with_what_the_network_was_configured_with(network: Network) -> None:
    contract = network["SystemConfig"]
    expected = {
        "batcherHash": BATCHER.rjust(32, b"\0"), "gasLimit": CONFIG.gas_limit, "overhead": 0,
        "scalar": int.from_bytes(CONFIG.scalar, "big"), "operatorFeeScalar": 11, "operatorFeeConstant": 12,
        "optimismPortal": "0x" + CONFIG.l1_contracts["OptimismPortal"].hex(), "minimumGasLimit": 5_000_000,
        "resourceConfig": (4_000_000, 10, 8, 10**9, 1_000_000, 2**128 - 1), "isCustomGasToken": False,
        "batchInbox": "0x" + CONFIG.l1_contracts["BatchInbox"].hex(), "l2ChainId": 161_299,
    }  # fmt: skip
    assert {name: contract.call(name) for name in expected} == expected


def test_gas_limit_leaves_room_for_deposits(network: Network) -> None:
    contract = network["SystemConfig"]
    for limit in (4_999_999, 200_000_001):
        contract.reverts("InvalidGasLimit", "setGasLimit", limit, sender=OPERATOR)
    contract.reverts("InvalidEIP1559Params", "setEIP1559Params", 0, 1, sender=OPERATOR)


def test_guardian_pauses_and_owner_hands_over(network: Network) -> None:
    contract = network["SystemConfig"]
    contract.reverts("Unauthorized", "pause", sender=OPERATOR)
    contract.send("pause", sender=GUARDIAN)
    assert contract.call("paused") is True
    contract.reverts("Unauthorized", "unpause", sender=OPERATOR)
    contract.send("unpause", sender=GUARDIAN)
    contract.send("transferOwnership", ALICE, sender=OPERATOR)
    contract.reverts("Unauthorized", "setGasLimit", 30_000_000, sender=OPERATOR)
    contract.send("setGasLimit", 30_000_000, sender=ALICE)


@pytest.mark.parametrize("size", [0, 1, 4, 32, 1_000, 130_000])
def test_inbox_commits_to_the_batchers_calldata_whatever_it_is(network: Network, size: int) -> None:
    inbox, data = network["BatchInbox"], bytes(i % 253 for i in range(size))
    for index in range(2):
        outcome = inbox.evm.send(inbox.address, data, sender=BATCHER)
        assert inbox.events(outcome, "BatchCommitment") == [{"index": index, "commitment": keccak(data)}]
    assert inbox.call("batchCount") == 2


def test_inbox_takes_nothing_from_others_and_follows_a_new_batcher(network: Network) -> None:
    inbox = network["BatchInbox"]
    for data in (b"", b"\0", b"\0" * 40):
        with pytest.raises(Reverted) as caught:
            inbox.evm.send(inbox.address, data, sender=ALICE)
        assert caught.value.data == selector("NotBatcher()")
    with pytest.raises(Reverted):
        inbox.evm.send(inbox.address, b"\0", sender=BATCHER, value=1)
    network["SystemConfig"].send("setBatcherHash", ALICE.rjust(32, b"\0"), sender=OPERATOR)
    inbox.evm.send(inbox.address, b"\0", sender=ALICE)
    with pytest.raises(Reverted):
        inbox.evm.send(inbox.address, b"\0", sender=BATCHER)
    assert inbox.call("systemConfig") == "0x" + network["SystemConfig"].address.hex()


def test_multicall_answers_each_call_in_order(network: Network) -> None:
    config, inbox = network["SystemConfig"], network["BatchInbox"]
    multicall = network["Multicall3"]
    assert multicall.address == MULTICALL3
    calls = [
        (config.address, False, config.data("gasLimit")),
        (inbox.address, True, b"nonsense"),
        (config.address, True, config.data("version")),
        (b"\x99" * 20, False, b""),
    ]
    first, second, third, fourth = multicall.call("aggregate3", calls)
    assert first == (True, words(CONFIG.gas_limit))
    assert second == (False, selector("NotBatcher()"))
    assert third == (True, words(32, 5) + b"3.4.0".ljust(32, b"\0"))
    assert fourth == (True, b"")
    plain = [(config.address, config.data("gasLimit"))] * 3
    number = multicall.evm.state.block_number
    assert multicall.call("aggregate", plain) == (number, (words(CONFIG.gas_limit),) * 3)
    results = ((True, words(CONFIG.gas_limit)),) * 3
    assert multicall.call("blockAndAggregate", plain) == (number, bytes(32), results)
    assert multicall.call("tryBlockAndAggregate", True, plain)[2] == results
    assert multicall.call("tryAggregate", False, [*plain, (inbox.address, b"")])[3] == (False, selector("NotBatcher()"))
    assert multicall.call("aggregate3", []) == ()


def test_multicall_names_the_call_that_failed(network: Network) -> None:
    config, inbox, multicall = network["SystemConfig"], network["BatchInbox"], network["Multicall3"]
    good = (config.address, config.data("gasLimit"))
    for function, arguments in (
        ("aggregate3", ([(config.address, True, b""), (inbox.address, False, b"")],)),
        ("aggregate", ([good, (inbox.address, b"")],)),
        ("tryAggregate", (True, [good, (inbox.address, b"")])),
    ):
        assert multicall.reverts("CallFailed", function, *arguments)[4:] == words(1)


def test_multicall_passes_value_exactly(network: Network) -> None:
    multicall = network["Multicall3"]
    calls = [(b"\x98" * 20, False, 3, b""), (b"\x97" * 20, True, 4, b"x" * 100)]
    multicall.send("aggregate3Value", calls, value=7)
    assert (multicall.evm.balance(b"\x98" * 20), multicall.evm.balance(b"\x97" * 20)) == (3, 4)
    multicall.evm.fund(multicall.address, 10)
    multicall.reverts("ValueMismatch", "aggregate3Value", calls, value=6)
    multicall.reverts("ValueMismatch", "aggregate3Value", calls, value=8)
    wrap = [(b"\x98" * 20, True, 2**256 - 1, b""), (b"\x97" * 20, True, 2, b"")]
    with pytest.raises(Reverted):
        multicall.send("aggregate3Value", wrap, value=1)


def test_multicall_views_read_the_block(network: Network) -> None:
    multicall = network["Multicall3"]
    state = multicall.evm.state
    expected = {
        "getBlockNumber": state.block_number, "getChainId": 900, "getCurrentBlockTimestamp": state.timestamp,
        "getBasefee": state.execution_context.base_fee_per_gas, "getCurrentBlockGasLimit": state.gas_limit,
        "getCurrentBlockCoinbase": "0x" + "00" * 20,
    }  # fmt: skip
    assert {name: multicall.call(name) for name in expected} == expected
    assert multicall.call("getEthBalance", ALICE) == multicall.evm.balance(ALICE)


@pytest.mark.parametrize("tail", ["ff" * 32, "00" * 31 + "ff" + "00" * 32, "00" * 31 + "20" + "ff" * 32])
def test_multicall_refuses_malformed_arrays(network: Network, tail: str) -> None:
    data = selector("aggregate3((address,bool,bytes)[])") + bytes.fromhex(tail)
    with pytest.raises(Reverted):
        network["Multicall3"].evm.send(MULTICALL3, data)
    assert artifact("Multicall3").runtime
