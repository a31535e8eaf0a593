"""open_*: what the port is asked, how its answers look in JSON, what is refused before it is asked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from rpc.namespaces.open_economy import ECONOMY
from rpc.server import RpcServer
from state.primitives.types import Hash32
from tests.unit.rpc.conftest import Client, open_http
from tests.unit.rpc.fake_chain import FakeChain

ACCOUNT = "0x" + "ab" * 20
BATCH = "0x" + "cd" * 32


class Recorder:
    """An economy that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Hash32, Mapping[str, Any]]] = []

    async def ask(self, question: str, block_hash: Hash32, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((question, block_hash, arguments))
        answer = {"id": 0, "amount": 26, "score": -26, "root": b"\1\2", "name": "law", "is": True, "none": None}
        return {"block": {"number": 2, "hash": bytes(block_hash)}, "rows": (answer,)}


@pytest.fixture
def economy() -> Recorder:
    return Recorder()


@pytest.fixture
async def open_client(chain: FakeChain, economy: Recorder) -> Any:
    server = RpcServer(replace(chain.ports, economy=economy))
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        yield Client(port, http)
    await server.stop()


async def test_integers_are_quantities_and_bytes_are_data_at_any_depth(open_client: Client, chain: FakeChain) -> None:
    answer = await open_client.call("open_getDatanet", "0x1")
    assert answer["block"] == {"number": "0x2", "hash": "0x" + chain.canonical[2].hex()}
    (row,) = answer["rows"]
    assert row == {
        "id": "0x0", "amount": "0x1a", "score": "-0x1a", "root": "0x0102", "name": "law", "is": True, "none": None,
    }  # fmt: skip


async def test_arguments_reach_the_port_typed(open_client: Client, economy: Recorder, chain: FakeChain) -> None:
    await open_client.call("open_getInferences", {"contributor": ACCOUNT, "modelId": "0x2", "fromBlock": "0x1"})
    question, block_hash, arguments = economy.asked[-1]
    assert (question, block_hash) == ("inferences", chain.canonical[2])
    assert arguments == {
        "criteria": {"contributor": bytes.fromhex("ab" * 20), "model_id": 2},
        "first": 1,
        "last": None,
        "cursor": None,
        "limit": 25,
    }
    await open_client.call("open_getContributionsOf", ACCOUNT, {"limit": "0x64", "cursor": "0x0102"}, "0x1")
    question, block_hash, arguments = economy.asked[-1]
    assert (question, block_hash) == ("contributions", chain.canonical[1])
    assert (arguments["limit"], arguments["cursor"], arguments["datanet_id"]) == (100, b"\1\2", None)


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("open_getDatanet", [], "missing value for required argument 0: datanetId"),
        ("open_getDatanet", [1], "datanetId: expected a string, got number"),
        ("open_getDatanets", [{"limit": "0x65"}], "page: limit: got 101, expected 1 to 100"),
        ("open_getDatanets", [{"limit": "0x0"}], "page: limit: got 0, expected 1 to 100"),
        ("open_getDatanets", [{"cursor": "0x" + "00" * 33}], "page: cursor: too long"),
        ("open_getDatanets", [{"offset": "0x1"}], "page: unknown field offset"),
        ("open_getInferences", [{"contributer": ACCOUNT}], "unknown field contributer"),
        ("open_getInferences", [{"fromBlock": "0x2", "toBlock": "0x1"}], "invalid block range params"),
        ("open_getInferences", [{"contributor": "0x12"}], "filter: contributor: hex string has length 2, want 40"),
        ("open_getInference", [BATCH, "0x1", "0x1", "0x1"], "too many arguments"),
        ("open_getAttribution", ["0x12", "0x0"], "want 64 for hash"),
    ],
)
async def test_bad_parameters_are_named(open_client: Client, method: str, params: list[Any], text: str) -> None:
    error = await open_client.error(method, *params)
    assert error["code"] == -32602
    assert text in error["message"]


async def test_every_question_reaches_the_port(open_client: Client, economy: Recorder) -> None:
    examples: dict[str, Any] = dict.fromkeys(("datanetId", "contributionId", "modelId", "index", "number"), "0x1")
    examples |= {"contentRoot": BATCH, "batchHash": BATCH, "account": ACCOUNT, "contributor": ACCOUNT, "filter": {}}
    for method in ECONOMY.methods.values():
        await open_client.call(method.name, *(examples[p.name] for p in method.parameters if p.is_required))
    assert len(economy.asked) == len(ECONOMY.methods) == 16


async def test_chain_without_the_predeploys_has_no_such_methods(client: Client) -> None:
    assert (await client.error("open_getSupply"))["code"] == -32601
