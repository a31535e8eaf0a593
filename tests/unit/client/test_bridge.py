"""The bridge's pure parts, against the node's own codecs."""

from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from client.bridge import EXPLANATIONS, Withdrawal, explain
from contracts.artifacts import artifact
from rollup.codec import withdrawals
from rollup.types import bridge as protocol
from state.primitives.types import Address

ADDRESSES = st.binary(min_size=20, max_size=20).map(Web3.to_checksum_address)
WORDS = st.integers(0, 2**256 - 1)


def test_every_explained_error_is_one_of_the_portals() -> None:
    errors = {entry["name"] for entry in artifact("OptimismPortal").abi if entry["type"] == "error"}
    assert set(EXPLANATIONS) <= errors


def test_explains_what_it_knows_and_leaves_the_rest() -> None:
    assert explain("refused: OptimismPortal_Unproven()").endswith("prove it first")
    assert explain("refused: Unheard()") == "refused: Unheard()"


@given(WORDS, ADDRESSES, ADDRESSES, WORDS, WORDS, st.binary(max_size=100))
def test_withdrawal_hash_is_the_protocols(
    nonce: int, sender: str, target: str, value: int, gas: int, data: bytes
) -> None:
    ours = Withdrawal(nonce=nonce, sender=sender, target=target, value=value, gas_limit=gas, data=data, block_number=1)
    theirs = protocol.Withdrawal(
        nonce=nonce,
        sender=Address(bytes.fromhex(sender[2:])),
        target=Address(bytes.fromhex(target[2:])),
        value=value,
        gas_limit=gas,
        data=data,
    )
    assert ours.hash == withdrawals.withdrawal_hash(theirs)
