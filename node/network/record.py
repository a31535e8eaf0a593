"""What a deployment notes on disk before its first transaction, so that one which was cut off can be carried on."""

import json
from dataclasses import dataclass
from pathlib import Path

from node.errors import StartupError
from node.files import read_text
from node.network.files import write_json
from state.primitives.types import Address, Hash32


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRecord:
    """The facts that contract addresses and both genesis blocks follow from."""

    l1_chain_id: int
    deployer: Address
    first_nonce: int
    """Of the deployer: contracts lie at the addresses of this nonce and those after it."""
    l1_number: int
    """The L1 block that the rollup begins at."""
    l1_hash: Hash32
    l1_timestamp: int
    """UNIX seconds; L2's genesis time."""
    settings: str
    """Hash of everything that the flags decide: another set of flags would be another network."""

    def write(self, path: Path) -> None:
        """Note it."""
        write_json(
            path,
            {
                "l1ChainId": self.l1_chain_id,
                "deployer": "0x" + self.deployer.hex(),
                "firstNonce": self.first_nonce,
                "l1Number": self.l1_number,
                "l1Hash": "0x" + self.l1_hash.hex(),
                "l1Timestamp": self.l1_timestamp,
                "settings": self.settings,
            },
        )

    @classmethod
    def read(cls, path: Path) -> "DeploymentRecord | None":
        """What was noted, None where nothing was. Raises StartupError for a file that is not ours."""
        if not path.exists():
            return None
        try:
            data = json.loads(read_text(path, "deployment record"))
            return cls(
                l1_chain_id=int(data["l1ChainId"]),
                deployer=Address(bytes.fromhex(data["deployer"][2:])),
                first_nonce=int(data["firstNonce"]),
                l1_number=int(data["l1Number"]),
                l1_hash=Hash32(bytes.fromhex(data["l1Hash"][2:])),
                l1_timestamp=int(data["l1Timestamp"]),
                settings=str(data["settings"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise StartupError(f"deployment record {path} is malformed: {error!r}") from error
