"""A node joins only the network that its files describe, and never prints what an L1 URL may hide."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from node import joining
from node.config import NodeConfig
from node.devnet.network import create_network
from node.joining import check_l1, open_chain
from node.network.files import NetworkFiles
from rollup.errors import L1Unavailable, RollupConfigError
from rollup.types import RollupConfig

URL = "https://l1.example/v2/SECRET"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> NetworkFiles:
    return create_network(
        tmp_path_factory.mktemp("network"),
        timestamp=1_700_000_000,
        l2_chain_id=161_299,
        l1_chain_id=900,
        block_time=1,
        gas_limit=20_000_000,
    )


@pytest.fixture
def rollup(network: NetworkFiles) -> RollupConfig:
    return RollupConfig.from_json(network.rollup.read_text())


class L1:
    """An L1 that is away for the first `away` questions."""

    def __init__(self, *, chain_id: int, origin: bytes, away: int = 0) -> None:
        self._chain_id = chain_id
        self._origin = origin
        self._away = away

    async def chain_id(self) -> int:
        if self._away:
            self._away -= 1
            raise L1Unavailable("connection refused")
        return self._chain_id

    async def block_ref(self, number: int) -> object:
        return SimpleNamespace(hash=self._origin, number=number)


async def join(l1: L1, rollup: RollupConfig) -> None:
    await check_l1(l1, rollup, url=URL, rollup=Path("rollup.json"))  # type: ignore[arg-type]


async def test_the_right_l1_is_waited_for(rollup: RollupConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "L1_RETRY_SECONDS", 0.0)
    await join(L1(chain_id=900, origin=rollup.genesis.l1.hash, away=3), rollup)


async def test_another_chain_is_refused_without_its_secrets(rollup: RollupConfig) -> None:
    with pytest.raises(RollupConfigError, match="is chain 1, rollup.json expects 900") as caught:
        await join(L1(chain_id=1, origin=rollup.genesis.l1.hash), rollup)
    assert "SECRET" not in str(caught.value)


async def test_an_l1_that_was_started_anew_is_refused(rollup: RollupConfig) -> None:
    with pytest.raises(RollupConfigError, match="has another block 0 than rollup.json begins at"):
        await join(L1(chain_id=900, origin=bytes(32)), rollup)


def settings(network: NetworkFiles, data_dir: Path, genesis: Path | None = None) -> NodeConfig:
    return NodeConfig(rollup=network.rollup, genesis=genesis or network.l2_genesis, data_dir=data_dir)


def test_a_chain_is_opened_again_where_it_was(network: NetworkFiles, tmp_path: Path) -> None:
    for _ in range(2):
        chain = open_chain(settings(network, tmp_path))
        assert chain.engine.unsafe_head.number == 0
        chain.db.close()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"config": {"chainId": 5}}, "is of chain 5"),
        ({"timestamp": "0x1"}, "the two files are of different networks"),
    ],
)
def test_files_of_different_networks_are_refused(
    network: NetworkFiles, tmp_path: Path, change: dict[str, object], text: str
) -> None:
    other = tmp_path / "genesis.json"
    other.write_text(json.dumps(json.loads(network.l2_genesis.read_text()) | change))
    with pytest.raises(RollupConfigError, match=text):
        open_chain(settings(network, tmp_path / "data", other))
    assert not (tmp_path / "data").exists()
