"""A rollup config and signed transactions of every type that a batch can hold."""

from rollup.types import BlockId, L1BlockNumber, L2BlockNumber, L2BlockRef, RollupConfig, RollupGenesis, SystemConfig
from state.primitives.crypto import keccak256, private_key_to_address, sign_digest
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    AccessListEntry,
    Authorization,
    SignedTransaction,
    TransactionType,
    sign_transaction,
)
from state.transactions.signing import authorization_hash

CHAIN_ID = 161299
KEY = keccak256(b"a sender")
RECIPIENT = Address(b"\x42" * 20)
PARENT = keccak256(b"parent")


def make_config() -> RollupConfig:
    return RollupConfig(
        genesis=RollupGenesis(
            l1=BlockId(hash=keccak256(b"l1 genesis"), number=100),
            l2=BlockId(hash=keccak256(b"l2 genesis"), number=0),
            l2_time=UnixSeconds(1_000_000),
            system_config=SystemConfig(
                batcher=private_key_to_address(KEY),
                gas_limit=Gas(20_000_000),
                base_fee_scalar=1368,
                blob_base_fee_scalar=810_949,
            ),
        ),
        block_time=2,
        max_sequencer_drift=1800,
        seq_window_size=3600,
        channel_timeout=50,
        l1_chain_id=900,
        l2_chain_id=CHAIN_ID,
        batch_inbox=Address(b"\xff" * 20),
        deposit_contract=Address(b"\xdd" * 20),
        l1_system_config=Address(b"\xcc" * 20),
    )


def make_transaction(
    kind: TransactionType = TransactionType.DYNAMIC_FEE,
    *,
    nonce: int = 0,
    to: Address | None = RECIPIENT,
    data: bytes = b"",
    chain_id: int | None = CHAIN_ID,
) -> bytes:
    """Raw bytes of a signed transaction."""
    typed = kind != TransactionType.LEGACY
    authorization = Authorization(
        chain_id=CHAIN_ID, address=Address(b"\x07" * 20), nonce=Nonce(nonce), y_parity=0, r=0, s=0
    )
    parity, r, s = sign_digest(KEY, authorization_hash(authorization))
    signed = Authorization(
        chain_id=CHAIN_ID, address=authorization.address, nonce=authorization.nonce, y_parity=parity, r=r, s=s
    )
    unsigned = SignedTransaction(
        type=kind,
        chain_id=chain_id,
        nonce=Nonce(nonce),
        gas_limit=Gas(21_000 + nonce),
        max_fee_per_gas=Wei(10**9),
        max_priority_fee_per_gas=Wei(10**9 if kind in (0, 1) else 10**6),
        to=to,
        value=Wei(nonce * 10**15),
        data=data,
        access_list=(AccessListEntry(address=Address(b"\x09" * 20), storage_keys=(Hash32(b"\x01" * 32),)),)
        if typed
        else (),
        authorizations=(signed,) if kind == TransactionType.SET_CODE else (),
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, KEY).raw


def every_kind() -> tuple[bytes, ...]:
    """One transaction of each form: legacy with and without protection, 1, 2, 4, and creations."""
    kinds = TransactionType
    return (
        make_transaction(kinds.LEGACY, nonce=0),
        make_transaction(kinds.LEGACY, nonce=1, chain_id=None, data=b"\x01\x02"),
        make_transaction(kinds.ACCESS_LIST, nonce=300),
        make_transaction(kinds.DYNAMIC_FEE, nonce=3, data=bytes(300)),
        make_transaction(kinds.SET_CODE, nonce=4),
        make_transaction(kinds.DYNAMIC_FEE, nonce=5, to=None, data=b"\x60\x00"),
        make_transaction(kinds.LEGACY, nonce=6, to=None, data=b"\x60\x00"),
    )


def make_refs(counts: list[int], *, parent: Hash32 = PARENT) -> list[L2BlockRef]:
    """Consecutive blocks; entry i says how many L2 blocks epoch i has."""
    refs: list[L2BlockRef] = []
    for epoch, count in enumerate(counts):
        for sequence in range(count):
            number = len(refs) + 1
            block_hash = keccak256(b"l2" + number.to_bytes(8, "big"))
            refs.append(
                L2BlockRef(
                    hash=block_hash,
                    number=L2BlockNumber(number),
                    parent_hash=parent,
                    timestamp=UnixSeconds(1_000_000 + 2 * number),
                    l1_origin=BlockId(
                        hash=keccak256(b"l1" + epoch.to_bytes(8, "big")), number=L1BlockNumber(101 + epoch)
                    ),
                    sequence_number=sequence,
                )
            )
            parent = block_hash
    return refs
