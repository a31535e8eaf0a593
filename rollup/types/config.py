"""rollup.json in op-node's format, and the system config that L1 governs."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from rollup.errors import RollupConfigError
from rollup.types.references import BlockId
from state.primitives.types import Address, Gas, Hash32, UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemConfig:
    """What SystemConfig on L1 says as of one L1 block. Source: system-config.md, holocene/, isthmus/."""

    batcher: Address
    gas_limit: Gas
    base_fee_scalar: int
    blob_base_fee_scalar: int
    eip1559_denominator: int = 0
    """0 with elasticity 0: the chain's default."""
    eip1559_elasticity: int = 0
    operator_fee_scalar: int = 0
    operator_fee_constant: int = 0

    @property
    def eip1559_params(self) -> bytes:
        """8 bytes, as payload attributes carry them."""
        return self.eip1559_denominator.to_bytes(4, "big") + self.eip1559_elasticity.to_bytes(4, "big")

    @property
    def scalar(self) -> bytes:
        """Ecotone's packed fee scalar: 0x01 ++ 23 zeros ++ blob scalar ++ base scalar."""
        scalars = self.blob_base_fee_scalar.to_bytes(4, "big") + self.base_fee_scalar.to_bytes(4, "big")
        return b"\x01" + bytes(23) + scalars

    def to_json(self) -> dict[str, Any]:
        """op-node's `system_config` object."""
        operator = self.operator_fee_scalar.to_bytes(4, "big") + self.operator_fee_constant.to_bytes(8, "big")
        return {
            "batcherAddr": _hex(self.batcher),
            "overhead": _hex(bytes(32)),
            "scalar": _hex(self.scalar),
            "gasLimit": int(self.gas_limit),
            "eip1559Params": _hex(self.eip1559_params),
            "operatorFeeParams": _hex(bytes(20) + operator),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "SystemConfig":
        """Raises RollupConfigError for anything missing or malformed."""
        try:
            scalar = _bytes(data["scalar"], 32)
            params = _bytes(data.get("eip1559Params", "0x" + "00" * 8), 8)
            operator = _bytes(data.get("operatorFeeParams", "0x" + "00" * 32), 32)
            return cls(
                batcher=Address(_bytes(data["batcherAddr"], 20)),
                gas_limit=Gas(int(data["gasLimit"])),
                base_fee_scalar=int.from_bytes(scalar[28:], "big"),
                blob_base_fee_scalar=int.from_bytes(scalar[24:28], "big"),
                eip1559_denominator=int.from_bytes(params[:4], "big"),
                eip1559_elasticity=int.from_bytes(params[4:], "big"),
                operator_fee_scalar=int.from_bytes(operator[20:24], "big"),
                operator_fee_constant=int.from_bytes(operator[24:], "big"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RollupConfigError(f"rollup.json: system_config is malformed: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupGenesis:
    """Where the rollup begins on both chains."""

    l1: BlockId
    l2: BlockId
    l2_time: UnixSeconds
    system_config: SystemConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupConfig:
    """rollup.json. All forks up to Isthmus are active at genesis."""

    genesis: RollupGenesis
    block_time: int
    """Seconds."""
    max_sequencer_drift: int
    """Seconds; Fjord fixes it at 1,800 whatever the file says."""
    seq_window_size: int
    """L1 blocks."""
    channel_timeout: int
    """L1 blocks; Granite fixes it at 50 whatever the file says."""
    l1_chain_id: int
    l2_chain_id: int
    batch_inbox: Address
    deposit_contract: Address
    """OptimismPortal on L1."""
    l1_system_config: Address
    eip1559_denominator: int = 250
    """The chain's default, used where the system config has zeros."""
    eip1559_elasticity: int = 6
    raw: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    """The file as it was read: `optimism_rollupConfig` answers with it."""

    @classmethod
    def from_json(cls, text: str | bytes) -> "RollupConfig":
        """The configuration in a rollup.json. Raises RollupConfigError with the key at fault."""
        try:
            data = json.loads(text)
            genesis, chain_op = data["genesis"], data.get("chain_op_config") or {}
            return cls(
                genesis=RollupGenesis(
                    l1=BlockId(hash=_hash(genesis["l1"]["hash"]), number=int(genesis["l1"]["number"])),
                    l2=BlockId(hash=_hash(genesis["l2"]["hash"]), number=int(genesis["l2"]["number"])),
                    l2_time=UnixSeconds(int(genesis["l2_time"])),
                    system_config=SystemConfig.from_json(genesis["system_config"]),
                ),
                block_time=int(data["block_time"]),
                max_sequencer_drift=1800,
                seq_window_size=int(data["seq_window_size"]),
                channel_timeout=50,
                l1_chain_id=int(data["l1_chain_id"]),
                l2_chain_id=int(data["l2_chain_id"]),
                batch_inbox=Address(_bytes(data["batch_inbox_address"], 20)),
                deposit_contract=Address(_bytes(data["deposit_contract_address"], 20)),
                l1_system_config=Address(_bytes(data["l1_system_config_address"], 20)),
                eip1559_denominator=int(
                    chain_op.get("eip1559DenominatorCanyon") or chain_op.get("eip1559Denominator") or 250
                ),
                eip1559_elasticity=int(chain_op.get("eip1559Elasticity") or 6),
                raw=data,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RollupConfigError(f"rollup.json is malformed: {type(error).__name__} {error}") from error


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: str, length: int) -> bytes:
    data = bytes.fromhex(text.removeprefix("0x"))
    if len(data) != length:
        raise ValueError(f"wrong length: got {len(data)} bytes, expected {length}")
    return data


def _hash(text: str) -> Hash32:
    return Hash32(_bytes(text, 32))
