"""The batched trie beside py-evm's `trie` package in one run: 1,000 updates on 100,000 accounts, and ordered roots.

python -m tests.benchmarks.bench_trie
"""

import sys
from collections.abc import Callable
from time import process_time

from trie import HexaryTrie

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.trie import ordered_root, update_trie

ACCOUNTS = 100_000
UPDATES = 1_000
ROUNDS = 5


class Nodes(dict[Hash32, bytes]):
    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        return self.get(node_hash)


def account_leaves(numbers: range, salt: int) -> dict[bytes, bytes]:
    """Hashed keys and values of an account leaf's size."""
    return {
        bytes(keccak256(number.to_bytes(8, "big"))): keccak256(bytes([salt])) * 2 + number.to_bytes(8, "big")
        for number in numbers
    }


def milliseconds(action: Callable[[], object]) -> float:
    """The CPU time of one run: unlike the wall's, it doesn't depend on who else uses the machine."""
    start = process_time()
    action()
    return (process_time() - start) * 1e3


def comparison(own: float, stock: float) -> str:
    """Both times and their ratio, for people."""
    return f"ours {own:.1f} ms, trie package {stock:.1f} ms, {stock / own:.1f}x"


def main() -> None:
    """Prints medians and ratios."""
    nodes = Nodes()
    start = process_time()
    built = update_trie(nodes, EMPTY_TRIE_ROOT, account_leaves(range(ACCOUNTS), 0))
    build = (process_time() - start) * 1e3
    nodes.update(built.nodes)
    root = built.root
    ours, theirs = [], []
    for salt in range(1, ROUNDS + 1):
        batch = account_leaves(range(salt * 1_000, salt * 1_000 + UPDATES), salt)
        ours.append(milliseconds(lambda batch=batch: update_trie(nodes, root, batch)))
        reference = HexaryTrie(dict(nodes), root)

        def stock(reference: HexaryTrie = reference, batch: dict[bytes, bytes] = batch) -> None:
            with reference.squash_changes() as changes:
                for key, value in batch.items():
                    changes[key] = value

        theirs.append(milliseconds(stock))
        assert reference.root_hash == update_trie(nodes, root, batch).root
    own, stock_time = sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]
    print(f"build {ACCOUNTS:,} accounts: {build:,.0f} ms (all times are CPU time)")
    print(f"update {UPDATES:,} of {ACCOUNTS:,}: {comparison(own, stock_time)}")
    items = [keccak256(index.to_bytes(4, "big")) * 4 for index in range(500)]

    def stock_ordered() -> None:
        reference = HexaryTrie({})
        for index, item in enumerate(items):
            reference[rlp.encode_int(index)] = item

    own, stock_time = milliseconds(lambda: ordered_root(items)), milliseconds(stock_ordered)
    print(f"ordered root of 500: {comparison(own, stock_time)}")


if __name__ == "__main__":
    sys.exit(main())
