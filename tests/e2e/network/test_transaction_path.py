"""docs/architecture.md's table: one transaction leaves eight events in the sequencer's log, in this order."""

import re
from pathlib import Path
from typing import Final

from tests.e2e.network.devnets import Devnet, send, wait_for

ROOT: Final = Path(__file__).parents[3]
LINE: Final = re.compile(r"^\S+ \[\w+ *\] (\S+) +(.*)$", re.MULTILINE)
Event = tuple[str, dict[str, str]]


def _events(log: str) -> list[Event]:
    """(name, fields) of each line, in order."""
    return [(name, dict(re.findall(r"(\w+)=(\S+)", rest))) for name, rest in LINE.findall(log)]


def _documented() -> list[str]:
    """The events of the table, top to bottom."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \d .*\| `([a-z]+\.[a-z]+)` \|$", text, re.MULTILINE)


def _is_about(event: Event, transaction: str, number: int) -> bool:
    name, fields = event
    if name in ("rpc.received", "txpool.admitted"):
        return fields["transaction"] == transaction
    if name == "batcher.posted":
        return int(fields["first"]) <= number <= int(fields["last"])
    if name == "driver.finalized":
        return int(fields["number"]) >= number
    return int(fields.get("number", -1)) == number


async def test_one_transaction_passes_all_eight_hops_in_the_documented_order(devnet: Devnet) -> None:
    receipt = send(devnet.sequencer, devnet.account(0), to=devnet.account(1).address, value=1)
    number, transaction = int(receipt["blockNumber"]), receipt["transactionHash"].hex()
    wait_for(lambda: devnet.sequencer.eth.get_block("finalized")["number"] >= number, "finality")
    documented = _documented()
    assert len(documented) == 8

    def found() -> list[str]:
        names = [
            e[0] for e in _events(devnet.log("sequencer")) if e[0] in documented and _is_about(e, transaction, number)
        ]
        return list(dict.fromkeys(names))

    wait_for(lambda: len(found()) == 8, "the eight events")
    assert found() == documented


async def test_block_hash_is_the_same_at_every_hop_that_names_one(devnet: Devnet) -> None:
    receipt = send(devnet.sequencer, devnet.account(0), to=devnet.account(1).address, value=1)
    number, block_hash = int(receipt["blockNumber"]), receipt["blockHash"].hex()
    wait_for(lambda: devnet.sequencer.eth.get_block("safe")["number"] >= number, "the safe head")

    def named() -> dict[str, str]:
        return {
            name: fields["hash"]
            for name, fields in _events(devnet.log("sequencer"))
            if name in ("engine.sealed", "derivation.safe") and fields.get("number") == str(number)
        }

    wait_for(lambda: len(named()) == 2, "the two events")  # what JSON-RPC shows is logged a moment later
    assert named() == {"engine.sealed": block_hash, "derivation.safe": block_hash}
