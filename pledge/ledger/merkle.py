"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: its root and its proofs. Nothing but arithmetic.

Proofs are checked by those who receive them (verifier/verify.py, js/verify).

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


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return EMPTY if size == 0 else _range_hash(0, size, subtree)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of a leaf, from its sibling up (section 2.1.1). Raises IndexError."""
    if not 0 <= index < size:
        raise IndexError(index)
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(middle, end, subtree))
            end = middle
        else:
            path.append(_range_hash(begin, middle, subtree))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the first `old` leaves are the beginning of the tree (section 2.1.2). Raises IndexError."""
    if not 0 < old <= size:
        raise IndexError(old)
    begin, end, path = 0, size, []
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range_hash(middle, end, subtree))
            end = middle
        else:
            path.append(_range_hash(begin, middle, subtree))
            begin = middle
    if begin:  # else it is the older root itself, which is known
        path.append(_range_hash(begin, end, subtree))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two below the size (section 2.1)."""
    return int(1 << ((size - 1).bit_length() - 1))


def _range_hash(begin: int, end: int, subtree: Subtree) -> bytes:
    """The hash over the leaves from `begin` to before `end`, as the tree divides them."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_range_hash(begin, middle, subtree), _range_hash(middle, end, subtree))
