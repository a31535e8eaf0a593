"""What a snapshot says it is, and the network that it has to be of."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.files import load_genesis, load_rollup
from node.snapshots.errors import SnapshotDamaged, SnapshotMismatch
from rollup.errors import RollupConfigError
from rollup.types import RollupConfig
from state.database import BlockRecord
from state.execution.port import ChainRules
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.transition import GenesisSpec, genesis_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """rollup.json and genesis.json of one network, found to belong together."""

    config: RollupConfig
    rules: ChainRules
    genesis: BlockRecord
    spec: GenesisSpec


def load_network(rollup: Path, genesis: Path) -> Network:
    """The network of the two files. Raises StartupError, RollupConfigError or GenesisInvalid."""
    config, spec = load_rollup(rollup), load_genesis(genesis)
    rules = ChainRules(chain_id=config.l2_chain_id, is_optimism=True)
    record = genesis_record(spec, rules)
    if record.hash != config.genesis.l2.hash:
        raise RollupConfigError(
            f"{genesis} gives genesis 0x{record.hash.hex()}, {rollup} says 0x{config.genesis.l2.hash.hex()}: "
            "the two files are of different networks"
        )
    return Network(config=config, rules=rules, genesis=record, spec=spec)


def rollup_hash(config: RollupConfig) -> Hash32:
    """Hash of all that rollup.json decides, whatever order or extra keys the file has."""
    fields = {name: value for name, value in dataclasses.asdict(config).items() if name != "raw"}
    return keccak256(json.dumps(fields, sort_keys=True, default=lambda value: value.hex()).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A snapshot's first frame: everything that is known before the rest was read."""

    chain_id: int
    genesis_hash: Hash32
    rollup_hash: Hash32
    number: int
    """The block whose state the snapshot holds."""
    block_hash: Hash32
    output_root: Hash32
    first_block: int
    """The lowest block that comes with it, genesis aside; all from there to `number` do."""
    accounts: int
    """About how many there are: for the display, not checked."""

    def encode(self) -> dict[str, Any]:
        """As it lies in the file."""
        return dataclasses.asdict(self)

    @classmethod
    def decode(cls, frame: list[Any]) -> "Manifest":
        """Raises SnapshotDamaged for a frame that is no manifest."""
        if len(frame) != 2 or frame[0] != "manifest" or not isinstance(frame[1], dict):
            raise SnapshotDamaged("manifest: the snapshot does not begin with one")
        values = frame[1]
        expected = {field.name: field.type for field in dataclasses.fields(cls)}
        if values.keys() != expected.keys():
            raise SnapshotDamaged(f"manifest: got the fields {sorted(map(str, values))}, expected {sorted(expected)}")
        for name, kind in expected.items():
            value = values[name]
            whole = isinstance(value, int) if kind is int else isinstance(value, bytes) and len(value) == 32
            if not whole or (isinstance(value, int) and not 0 <= value < 2**63):
                raise SnapshotDamaged(f"manifest: {name} is malformed")
        manifest = cls(**values)
        if not 1 <= manifest.first_block <= manifest.number:
            raise SnapshotDamaged(f"manifest: blocks {manifest.first_block} to {manifest.number} are no range")
        return manifest

    def require_network(self, network: Network) -> None:
        """Raises SnapshotMismatch for a snapshot of another chain."""
        for name, got, expected in (
            ("chain id", self.chain_id, network.config.l2_chain_id),
            ("genesis hash", f"0x{self.genesis_hash.hex()}", f"0x{network.genesis.hash.hex()}"),
            ("rollup configuration's hash", f"0x{self.rollup_hash.hex()}", f"0x{rollup_hash(network.config).hex()}"),
        ):
            if got != expected:
                raise SnapshotMismatch(f"{name}: the snapshot is of another chain: got {got}, expected {expected}")
