"""EIP-4788 and EIP-2935 at a block's start."""

from contracts.addresses import BEACON_ROOTS, HISTORY_STORAGE
from contracts.artifacts import artifact
from state.primitives.types import Address
from tests.unit.state.execution.chains import Chain

BEACON_RING = 8_191
HISTORY_RING = 8_191


def test_beacon_root_is_found_by_timestamp(chain: Chain) -> None:
    chain.state.put(Address(BEACON_ROOTS), nonce=1, code=artifact("BeaconRoots").runtime)
    env, state = chain.env, chain.finish()
    slot = env.timestamp % BEACON_RING
    assert state.storage(Address(BEACON_ROOTS), slot) == env.timestamp
    assert state.storage(Address(BEACON_ROOTS), slot + BEACON_RING) == int.from_bytes(
        env.parent_beacon_block_root, "big"
    )
    outcome = chain.call(to=Address(BEACON_ROOTS), data=env.timestamp.to_bytes(32, "big"))
    assert outcome.output == env.parent_beacon_block_root


def test_parent_hash_is_found_by_number(chain: Chain) -> None:
    chain.state.put(Address(HISTORY_STORAGE), nonce=1, code=artifact("HistoryStorage").runtime)
    env, state = chain.env, chain.finish()
    slot = (env.number - 1) % HISTORY_RING
    assert state.storage(Address(HISTORY_STORAGE), slot) == int.from_bytes(env.parent_hash, "big")


def test_nothing_happens_where_the_contracts_are_not(chain: Chain) -> None:
    before = set(chain.state.accounts)
    assert set(chain.finish().accounts) == before
