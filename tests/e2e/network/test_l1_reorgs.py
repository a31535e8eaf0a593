"""L1 reorganises under a running network."""

from hexbytes import HexBytes

from tests.e2e.network.devnets import COMES_WITHIN, Devnet, sign, wait_for


def _reorg(devnet: Devnet, depth: int) -> None:
    answer = devnet.l1.provider.make_request("sim_reorg", [hex(depth)])  # type: ignore[arg-type]
    assert len(answer.get("result", ())) == depth + 1, answer


def test_transactions_survive_reorgs_and_both_nodes_end_with_the_same_chain(devnet: Devnet) -> None:
    web3, sender = devnet.sequencer, devnet.account(5)
    sent: list[HexBytes] = []  # with nonces counted here: the node's may be those of before a block that is dropped
    for depth in (1, 6, 3):
        for _ in range(3):
            raw = sign(web3, sender, nonce=len(sent), to=devnet.account(8).address, value=1, gas=21_000)
            sent.append(web3.eth.send_raw_transaction(raw))
        wait_for(lambda: web3.eth.get_transaction_count(sender.address) >= len(sent), "inclusion")
        _reorg(devnet, depth)
    receipts = [web3.eth.wait_for_transaction_receipt(one, timeout=COMES_WITHIN, poll_latency=0.2) for one in sent]
    last = max(int(receipt["blockNumber"]) for receipt in receipts)
    for node in (web3, devnet.follower):
        wait_for(lambda node=node: node.eth.get_block("safe")["number"] > last, "the safe head after the reorgs")
    assert web3.eth.get_transaction_count(sender.address, "safe") == len(sent)
    safe = int(devnet.follower.eth.get_block("safe")["number"])
    for number in range(max(0, last - 10), safe + 1):
        assert web3.eth.get_block(number)["hash"] == devnet.follower.eth.get_block(number)["hash"], number
    assert "Traceback" not in devnet.log("sequencer") + devnet.log("follower-1")
    assert "driver.reset" in devnet.log("sequencer")
