"""Nodes, references, and their RLP.

    leaf       rlp([compact(path, leaf), value])
    extension  rlp([compact(path, extension), reference])
    branch     rlp([reference * 16, ""])
    reference  = 0x80 (empty) | 0xa0 ++ hash | the node's own RLP where that is shorter than 32 bytes

A reference is kept as the bytes that its parent's RLP holds, so that an untouched child is copied and never encoded
again. A path is a `str` of hex digits, one a nibble: slicing, comparing and packing such a string is C code in CPython,
which is most of this package's speed. Source: Ethereum yellow paper, appendices C and D.
"""

from typing import Final, NamedTuple, Protocol, TypeAlias

from state.errors import StorageError
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

EMPTY_REFERENCE: Final = b"\x80"
NO_CHILDREN: Final = (EMPTY_REFERENCE,) * 16
NIBBLES: Final = "0123456789abcdef"
NIBBLE_VALUES: Final = {digit: value for value, digit in enumerate(NIBBLES)}
_HASH_TAG: Final = 0xA0
_FULL_BRANCH_LENGTH: Final = 532
_FULL_BRANCH_PREFIX: Final = b"\xf9\x02\x11"
_SIXTEEN_HASHES: Final = b"\xa0" * 16
"""Near the root of a large trie all sixteen children of a branch are hashes."""


class MissingNode(StorageError):
    """A trie node that its parent or a block header names is not on disk: pruned, or lost."""

    def __init__(self, node_hash: bytes, path: str = "") -> None:
        super().__init__(f"missing trie node {node_hash.hex()} (path {path}) state is not available")
        self.node_hash = Hash32(node_hash)


class CorruptNode(StorageError):
    """Bytes stored as a trie node that are no node."""


class NodeSource(Protocol):
    """Where nodes come from."""

    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        """The RLP of the node with this keccak hash, None where it is not kept."""


# Named tuples, not dataclasses: a block's update makes thousands, and a frozen dataclass takes four times as long.
class Leaf(NamedTuple):
    """The end of a path."""

    path: str
    value: bytes


class Extension(NamedTuple):
    """A run of nibbles that all keys below share; what it refers to is a branch."""

    path: str
    child: bytes


class Branch(NamedTuple):
    """A fork: at least two of the sixteen references are not empty."""

    children: tuple[bytes, ...]


Node: TypeAlias = Leaf | Extension | Branch


def encode_node(node: Node) -> bytes:
    """The RLP of a node."""
    if isinstance(node, Branch):
        return rlp.wrap_list(b"".join(node.children) + EMPTY_REFERENCE)
    if isinstance(node, Leaf):
        return rlp.wrap_list(rlp.encode_string(_pack_path(node.path, "3", "20")) + rlp.encode_string(node.value))
    return rlp.wrap_list(rlp.encode_string(_pack_path(node.path, "1", "00")) + node.child)


def _pack_path(path: str, odd: str, even: str) -> bytes:
    return bytes.fromhex((odd if len(path) & 1 else even) + path)


def decode_node(data: bytes) -> Node:
    """The node that `data` holds, shallow: children stay references. Raises CorruptNode."""
    if len(data) == _FULL_BRANCH_LENGTH and _is_full_branch(data):
        return Branch(tuple([data[start : start + 33] for start in range(3, _FULL_BRANCH_LENGTH - 1, 33)]))
    try:
        is_list, start, stop = rlp.item_bounds(data, 0, len(data))
        if not is_list or stop != len(data):
            raise CorruptNode(f"trie node is not one RLP list: {data[:64].hex()}")
        items = _split(data, start, stop)
        if len(items) == 17 and items[16] == EMPTY_REFERENCE:
            return Branch(tuple(items[:16]))
        if len(items) == 2:
            return _decode_short(items[0], items[1])
    except rlp.RLPError as error:
        raise CorruptNode(f"trie node is not RLP: {error}") from error
    raise CorruptNode(f"trie node of {len(items)} items, or a branch with a value: {data[:64].hex()}")


def _is_full_branch(data: bytes) -> bool:
    prefix, tags, value = data[:3], data[3:-1:33], data[-1:]
    return prefix == _FULL_BRANCH_PREFIX and tags == _SIXTEEN_HASHES and value == EMPTY_REFERENCE


def _split(data: bytes, start: int, stop: int) -> list[bytes]:
    """Up to 18 items, each with its prefix; the two commonest forms of a reference go first."""
    items: list[bytes] = []
    while start < stop and len(items) < 18:
        first = data[start]
        if first == _HASH_TAG and start + 33 <= stop:
            end = start + 33
        elif first == 0x80:
            end = start + 1
        else:
            end = rlp.item_bounds(data, start, stop)[2]
        items.append(data[start:end])
        start = end
    return items


def _decode_short(packed: bytes, payload: bytes) -> Node:
    packed = string_payload(packed)
    text = packed.hex()
    flag = text[:1]
    if flag not in {"0", "1", "2", "3"} or (flag in {"0", "2"} and text[1:2] != "0"):
        raise CorruptNode(f"trie path has no valid flag: {text[:8]}")
    path = text[1:] if flag in {"1", "3"} else text[2:]
    if flag in {"2", "3"}:
        return Leaf(path, string_payload(payload))
    if not path or payload == EMPTY_REFERENCE:
        raise CorruptNode("trie extension without a path or without a child")
    return Extension(path, payload)


def string_payload(item: bytes) -> bytes:
    """The content of one RLP string. Raises CorruptNode for a list."""
    is_list, start, stop = rlp.item_bounds(item, 0, len(item))
    if is_list:
        raise CorruptNode("trie node holds a list where a string belongs")
    return item[start:stop]


def reference_hash(reference: bytes) -> Hash32 | None:
    """The hash in a reference, None where the child is embedded. Raises CorruptNode for any other string."""
    if reference[0] == _HASH_TAG and len(reference) == 33:
        return Hash32(reference[1:])
    if reference[0] >= 0xC0 and len(reference) < 32:
        return None
    raise CorruptNode(f"trie reference is neither a hash nor an embedded node: {reference[:40].hex()}")


def load_node(source: NodeSource, reference: bytes, path: str = "") -> Node:
    """The node behind a reference that is not empty. Raises MissingNode or CorruptNode; `path` is for the message."""
    node_hash = reference_hash(reference)
    if node_hash is None:
        return decode_node(reference)
    data = source.get_node(node_hash)
    if data is None:
        raise MissingNode(node_hash, path)
    return decode_node(data)


def load_root(source: NodeSource, root: Hash32) -> Node:
    """The root node of a trie that is not empty."""
    return load_node(source, b"\xa0" + root)


def seal_node(node: Node, nodes: dict[Hash32, bytes]) -> bytes:
    """The reference to `node`; one of 32 bytes or more is added to `nodes`."""
    data = encode_node(node)
    if len(data) < 32:
        return data
    node_hash = keccak256(data)
    nodes[node_hash] = data
    return b"\xa0" + node_hash
