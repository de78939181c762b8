"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: its root, its proofs, and checking them. Nothing but arithmetic.

Where hashes come from is the caller's business: every function that builds something takes `subtree(level, index)`, which
returns the hash of the complete subtree over the leaves `index * 2**level … (index + 1) * 2**level - 1`.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

#: Bytes of a hash.
WIDTH = 32
#: The root of a tree without leaves (section 2.1: the hash of an empty string).
EMPTY = sha256(b"").digest()

Subtree = Callable[[int, int], bytes]


class BadProof(ValueError):
    """A proof that does not show what it is to show."""


def leaf_hash(entry: bytes) -> bytes:
    """Section 2.1: MTH({d(0)}) = SHA-256(0x00 || d(0))."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Section 2.1: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def complete(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4, 8 … hashes of complete subtrees of one size."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


class Edge:
    """The right edge of a tree that grows leaf by leaf: all that its next root needs."""

    def __init__(self) -> None:
        self.size = 0
        #: The roots of the complete subtrees that it consists of, the largest first.
        self._roots: list[bytes] = []

    def add(self, leaf: bytes) -> list[bytes]:
        """One more leaf, by its hash; the roots of all subtrees that it completes, from the leaf itself up."""
        found = [leaf]
        rest = self.size
        while rest & 1:
            found.append(node_hash(self._roots.pop(), found[-1]))
            rest >>= 1
        self._roots.append(found[-1])
        self.size += 1
        return found

    @property
    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._roots:
            return EMPTY
        found = self._roots[-1]
        for left in self._roots[-2::-1]:
            found = node_hash(left, found)
        return found


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return EMPTY if size == 0 else _over(0, size, subtree)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of a leaf, from its sibling up (section 2.1.1). Raises IndexError."""
    if not 0 <= index < size:
        raise IndexError(index)
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_over(middle, end, subtree))
            end = middle
        else:
            path.append(_over(begin, middle, subtree))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """That the first `old` leaves of the tree of `new` are the old tree (section 2.1.2). Raises IndexError."""
    if not 0 < old <= new:
        raise IndexError(old)
    return [] if old == new else _consistency(old, 0, new, subtree, is_whole=True)


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that follows from a leaf's hash and its audit path (RFC 9162 section 2.1.3.2). Raises BadProof."""
    if not 0 <= index < size:
        raise BadProof("the index lies outside the tree")
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise BadProof("the proof is too long")
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    return found


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """That a proof shows one tree to be the beginning of another (RFC 9162 section 2.1.4.2). Raises BadProof."""
    if not 0 <= old <= new:
        raise BadProof("the older tree is the larger one")
    if old in (0, new):
        if proof or old_root != (EMPTY if old == 0 else new_root):
            raise BadProof("the roots differ")
        return
    if _roots_from_consistency(old, new, old_root, proof) != (old_root, new_root):
        raise BadProof("the roots differ")


def _roots_from_consistency(
    old: int, new: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root that follow from a consistency proof."""
    steps = [*([old_root] if old & (old - 1) == 0 else []), *proof]
    if not steps:
        raise BadProof("the proof is too short")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = found = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise BadProof("the proof is too long")
        if place & 1 or place == last:
            was, found = node_hash(step, was), node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    return was, found


def _split(size: int) -> int:
    """The largest power of two below the size (section 2.1)."""
    return int(1 << ((size - 1).bit_length() - 1))


def _over(begin: int, end: int, subtree: Subtree) -> bytes:
    """The hash over the leaves from `begin` to before `end`, as the tree divides them."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_over(begin, middle, subtree), _over(middle, end, subtree))


def _consistency(old: int, begin: int, end: int, subtree: Subtree, *, is_whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.2 for the old leaves within `begin … end`; `is_whole`: the verifier has that root already."""
    if old == end - begin:
        return [] if is_whole else [_over(begin, end, subtree)]
    half = _split(end - begin)
    middle = begin + half
    if old <= half:
        return [*_consistency(old, begin, middle, subtree, is_whole=is_whole), _over(middle, end, subtree)]
    rest = _consistency(old - half, middle, end, subtree, is_whole=False)
    return [*rest, _over(begin, middle, subtree)]
