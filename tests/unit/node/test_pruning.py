"""A pruned data directory proves what it keeps, says what it doesn't, and stays pruned."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from node.cli.prune import app
from state.database import ChainDatabase, Heads, LevelDBStore, PrunedState, PruningMismatch, Retention
from state.execution.fast import FastExecutor
from state.queries import StateQueries
from state.queries.proofs import verify_account_proof
from tests.compared import both_executors
from tests.unit.state.transition.network import L2, SENDER, Network


def grow(network: Network, blocks: int) -> None:
    """All but the last block of them are final."""
    for _ in range(blocks):
        sealed = network.seal([network.sign()])
        parent = network.db.flat_head()
        network.db.commit_block(sealed.record, Heads(unsafe=sealed.record.hash, safe=parent, finalized=parent))


def network_on(database: ChainDatabase) -> Network:
    network = Network(L2, both_executors())
    network.db = database
    network.db.initialise(network.genesis)
    return network


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    network = network_on(ChainDatabase(LevelDBStore(tmp_path / "data" / "chain")))
    grow(network, 12)
    network.db.close()
    return tmp_path / "data"


def test_proofs_are_given_inside_the_window_and_refused_outside_it(tmp_path: Path) -> None:
    database = ChainDatabase(LevelDBStore(tmp_path / "chain"), full=True, retention=Retention(states=4))
    network = network_on(database)
    grow(network, 10)
    queries = StateQueries(network.db, FastExecutor(), L2)
    assert network.db.states_from == 6
    for number in range(11):
        header = network.db.header_by_number(number)
        assert header is not None
        assert network.db.block_record(header.hash) is not None
        if number >= 6:
            proof = queries.proof(header.hash, SENDER, [0])
            verify_account_proof(header.state_root, proof)
            assert proof.account.nonce == number
        else:
            with pytest.raises(PrunedState, match=f"the state of block {number} is not available, .* from block 6 on"):
                queries.proof(header.hash, SENDER, [])
            with pytest.raises(PrunedState):
                queries.account(header.hash, SENDER)
    network.db.close()


def test_a_block_keeps_to_its_share_of_work_and_catches_up_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.database.pruning.NODES_A_BLOCK", 1)
    provable: int | None = 0
    retention = Retention(states=1, provable_from=lambda: provable)
    network = network_on(ChainDatabase(LevelDBStore(tmp_path / "chain"), full=True, retention=retention))
    grow(network, 8)
    assert network.db.states_from == 0
    provable = None
    grow(network, 1)
    assert network.db.states_from == 1
    grow(network, 7)
    assert network.db.states_from == 8
    network.db.close()


def test_an_archive_is_pruned_by_a_command_and_goes_on_pruned(archive: Path) -> None:
    with pytest.raises(PruningMismatch, match="openledger prune"):
        open_as(archive, full=True)
    result = CliRunner().invoke(app, ["--data-dir", str(archive)])
    assert result.exit_code == 0, result.output
    assert "kept from block 0 on" in result.output  # it has not 128 blocks
    with pytest.raises(PruningMismatch, match="new archive in another directory"):
        open_as(archive, full=False)
    network = network_on(open_as(archive, full=True))
    network.nonce = 12
    grow(network, 3)
    network.db.close()


def open_as(directory: Path, *, full: bool) -> ChainDatabase:
    store = LevelDBStore(directory / "chain")
    try:
        return ChainDatabase(store, full=full)
    except PruningMismatch:
        store.close()
        raise
