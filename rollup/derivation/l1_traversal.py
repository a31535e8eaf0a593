"""L1 Traversal: one L1 block after the other, each linked to the last, with the system config as of it."""

from rollup.derivation.epoch import Epoch
from rollup.errors import DerivationReset
from rollup.types import L1Block, L1BlockNumber, L1BlockRef, RollupConfig, SystemConfig


class L1Traversal:
    """Where the pipeline stands on L1. Source: derivation.md "L1 Traversal"."""

    def __init__(self, config: RollupConfig) -> None:
        self._config = config
        self._epoch: Epoch | None = None

    @property
    def epoch(self) -> Epoch:
        """The L1 block that is being read, as an origin for L2 blocks."""
        if self._epoch is None:
            raise DerivationReset("derivation has no L1 block yet: it must be reset first")
        return self._epoch

    @property
    def origin(self) -> L1BlockRef:
        """The L1 block that is being read."""
        return self.epoch.ref

    @property
    def next_number(self) -> L1BlockNumber:
        """The L1 block that comes next."""
        return L1BlockNumber(self.origin.number + 1)

    @property
    def is_ready(self) -> bool:
        """True after the first reset."""
        return self._epoch is not None

    def reset(self, base: L1Block, system_config: SystemConfig) -> Epoch:
        """Starts at `base`; `system_config` is the one as of `base`, its own updates included."""
        self._epoch = Epoch.of(base, system_config, self._config)
        return self._epoch

    def advance(self, block: L1Block) -> Epoch:
        """Moves on to the next L1 block. Raises DerivationReset if it isn't a child of the last."""
        origin = self.origin
        if block.header.number != origin.number + 1 or block.header.parent_hash != origin.hash:
            raise DerivationReset(
                f"L1 was reorganised: block {block.header.number} has parent 0x{block.header.parent_hash.hex()}, "
                f"expected 0x{origin.hash.hex()} at {origin.number}"
            )
        self._epoch = Epoch.after(self.epoch.system_config, block, self._config)
        return self._epoch
