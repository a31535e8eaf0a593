# pragma version 0.4.3
"""
@title One step down a Merkle Patricia trie
@notice Proof nodes come one by one, root first, each already checked against the hash that names it.
@dev Children below 32 bytes lie inside their parent, as in the trie itself and in eth_getProof's answers.
"""

MAX_NODE: constant(uint256) = 1024  # a branch of a storage trie has at most 532 bytes
PADDED_NODE: constant(uint256) = MAX_NODE + 32
KEY_NIBBLES: constant(uint256) = 64

struct Item:
    head: uint256  # where its first byte is
    start: uint256  # where its payload is
    size: uint256
    next: uint256
    is_list: bool


@internal
@pure
def _descend(node: Bytes[MAX_NODE], key: bytes32, from_depth: uint256, leaf: uint256) -> (bytes32, uint256, bool):
    """
    @notice Follows `key` from nibble `from_depth` through one node and the children inside it.
    @return (hash of the next node, its depth, False), or (0, 64, True) at the end of `key` with the one byte `leaf`.
            Anything else reverts InvalidMerkleProof.
    """
    padded: Bytes[PADDED_NODE] = concat(node, empty(bytes32))
    depth: uint256 = from_depth
    at: uint256 = 0
    end: uint256 = len(node)
    for _: uint256 in range(KEY_NIBBLES + 1):
        whole: Item = self._item(padded, at, end)
        self._require(whole.is_list and whole.next == end)
        first: Item = self._item(padded, whole.start, end)
        child: Item = self._item(padded, first.next, end)
        if child.next == end:
            nibbles: uint256 = 0
            is_leaf: bool = False
            nibbles, is_leaf = self._match_path(padded, first, key, depth)
            depth += nibbles
            if is_leaf:
                found: uint256 = convert(extract32(padded, child.start), uint256) >> 248
                self._require(depth == KEY_NIBBLES and not child.is_list and child.size == 1 and found == leaf)
                return empty(bytes32), depth, True
            self._require(nibbles != 0)
        else:
            self._require(depth < KEY_NIBBLES)
            child = self._branch_child(padded, first, end, self._nibble(key, depth))
            depth += 1
        if not child.is_list:
            self._require(child.size == 32)
            return extract32(padded, child.start), depth, False
        at = child.head
        end = child.next
    self._require(False)
    return empty(bytes32), 0, False


@internal
@pure
def _branch_child(padded: Bytes[PADDED_NODE], first: Item, end: uint256, wanted: uint256) -> Item:
    """
    @notice The wanted one of a branch's sixteen children; the value after them must end the node.
    """
    item: Item = first
    chosen: Item = first
    for i: uint256 in range(16):
        if i == wanted:
            chosen = item
        item = self._item(padded, item.next, end)
    self._require(item.next == end)
    return chosen


@internal
@pure
def _match_path(padded: Bytes[PADDED_NODE], path: Item, key: bytes32, depth: uint256) -> (uint256, bool):
    """
    @notice Nibbles of a hex-prefix path, all equal to the key's at `depth`, and whether it is a leaf's.
    """
    self._require(not path.is_list and path.size != 0)
    word: uint256 = convert(extract32(padded, path.start), uint256)
    flag: uint256 = word >> 252
    self._require(flag < 4)
    nibbles: uint256 = (path.size - 1) * 2 + (flag & 1)
    self._require(depth + nibbles <= KEY_NIBBLES)
    # Left-align the nibbles: an odd path starts in the flag's byte, an even one after it.
    aligned: uint256 = word << 4 if flag & 1 == 1 else convert(extract32(padded, path.start + 1), uint256)
    if nibbles != 0:
        spare: uint256 = 256 - 4 * nibbles
        self._require(aligned >> spare == (convert(key, uint256) << (4 * depth)) >> spare)
    return nibbles, flag & 2 == 2


@internal
@pure
def _nibble(key: bytes32, depth: uint256) -> uint256:
    return (convert(key, uint256) >> (252 - 4 * depth)) & 15


@internal
@pure
def _item(padded: Bytes[PADDED_NODE], at: uint256, end: uint256) -> Item:
    """
    @notice The RLP item at `at`, inside `end`.
    """
    self._require(at < end)
    word: uint256 = convert(extract32(padded, at), uint256)
    prefix: uint256 = word >> 248
    start: uint256 = at + 1
    size: uint256 = 0
    if prefix < 128:
        start = at
        size = 1
    else:
        short: uint256 = prefix - (192 if prefix >= 192 else 128)
        size = short
        if short > 55:
            width: uint256 = short - 55
            self._require(width <= 2)
            size = (word << 8) >> (256 - 8 * width)
            start += width
    self._require(start + size <= end)
    return Item(head=at, start=start, size=size, next=start + size, is_list=prefix >= 192)


@internal
@pure
def _require(condition: bool):
    if not condition:
        raw_revert(method_id("InvalidMerkleProof()"))
