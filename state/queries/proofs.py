"""eth_getProof (EIP-1186): an account and some of its slots, with the trie nodes that show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.trie import InvalidProof, NodeSource, get_value, prove, verify_proof
from state.world.accounts import decode_account, decode_word, encode_account, encode_word
from state.world.types import EMPTY_ACCOUNT, Account


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotProof:
    """One slot, its value (0 if never written), and the nodes from the storage root down."""

    slot: int
    value: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProof:
    """One account and the nodes from the state root down; the neutral account where there is no leaf."""

    address: Address
    account: Account
    proof: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]
    """One for each slot that was asked for, in that order."""


def prove_account(source: NodeSource, state_root: Hash32, address: Address, slots: Sequence[int]) -> AccountProof:
    """The account and slots under a state root. Raises MissingNode where that state is no longer kept."""
    key = keccak256(address)
    leaf = get_value(source, state_root, key)
    account = EMPTY_ACCOUNT if leaf is None else decode_account(leaf)
    return AccountProof(
        address=address,
        account=account,
        proof=tuple(prove(source, state_root, key)),
        slots=tuple(_prove_slot(source, account.storage_root, slot) for slot in slots),
    )


def _prove_slot(source: NodeSource, storage_root: Hash32, slot: int) -> SlotProof:
    key = _slot_key(slot)
    word = get_value(source, storage_root, key)
    value = 0 if word is None else decode_word(word)
    return SlotProof(slot=slot, value=value, proof=tuple(prove(source, storage_root, key)))


def _slot_key(slot: int) -> Hash32:
    return keccak256(slot.to_bytes(32, "big"))


def verify_account_proof(state_root: Hash32, proof: AccountProof) -> None:
    """Nothing, if `proof` shows what it says under `state_root`. Raises InvalidProof."""
    leaf = verify_proof(state_root, keccak256(proof.address), proof.proof)
    if leaf != (None if proof.account == EMPTY_ACCOUNT else encode_account(proof.account)):
        raise InvalidProof(f"account proof shows another account: got {leaf.hex() if leaf else 'none'}")
    for slot in proof.slots:
        root = proof.account.storage_root
        word = (
            None if root == EMPTY_TRIE_ROOT and not slot.proof else verify_proof(root, _slot_key(slot.slot), slot.proof)
        )
        if word != (encode_word(slot.value) if slot.value else None):
            raise InvalidProof(f"storage proof shows another value: got {word.hex() if word else 'none'}")
