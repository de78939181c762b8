"""The tree against RFC 6962's own recursion, and its known vectors. Wrong proofs: tests/verifier/test_receipts.py."""

from functools import cache
from hashlib import sha256

import pytest

from pledge.ledger import merkle
from tests.support.checkers import program
from tests.support.witness import continues

LEAVES = [b"entry %d" % number for number in range(300)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]

#: The tree of eight leaves that the tests of Certificate Transparency's first programs use, and its roots.
KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@cache
def subtree(level, index):
    return merkle.complete(HASHES[index << level : (index + 1) << level])


def split(size):
    """Section 2.1: k, the largest power of two smaller than n."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


@cache
def mth(begin, end):
    """Section 2.1, word for word."""
    if begin == end:
        return sha256(b"").digest()
    if end - begin == 1:
        return sha256(b"\0" + LEAVES[begin]).digest()
    middle = begin + split(end - begin)
    return sha256(b"\1" + mth(begin, middle) + mth(middle, end)).digest()


def path(index, begin, end):
    """Section 2.1.1, word for word."""
    if end - begin == 1:
        return []
    k = split(end - begin)
    if index < k:
        return [*path(index, begin, begin + k), mth(begin + k, end)]
    return [*path(index - k, begin + k, end), mth(begin, begin + k)]


def subproof(m, begin, end, whole):
    """Section 2.1.2, word for word."""
    if m == end - begin:
        return [] if whole else [mth(begin, end)]
    k = split(end - begin)
    if m <= k:
        return [*subproof(m, begin, begin + k, whole), mth(begin + k, end)]
    return [*subproof(m - k, begin + k, end, False), mth(begin, begin + k)]


def known(level, index):
    return merkle.complete(
        [merkle.leaf_hash(leaf) for leaf in KNOWN_LEAVES[index << level : (index + 1) << level]]
    )


# --- Known vectors ---


def test_the_roots_of_the_tree_of_eight_leaves_are_the_known_ones():
    assert [merkle.root(size, known).hex() for size in range(1, 9)] == KNOWN_ROOTS
    assert merkle.root(0, known).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# --- Every size up to 300 ---


def test_every_root_is_that_of_the_recursion():
    assert [merkle.root(size, subtree) for size in range(301)] == [mth(0, size) for size in range(301)]


def test_every_inclusion_proof_is_that_of_the_recursion_and_leads_to_the_root():
    for size in range(1, 301):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, subtree)
            assert proof == path(index, 0, size), (index, size)
            root = program.root_by_proof(HASHES[index], index, size, proof)
            assert root == mth(0, size), (index, size)


def test_every_consistency_proof_is_that_of_the_recursion_and_leads_to_both_roots():
    for size in range(1, 101):
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, subtree)
            assert proof == subproof(old, 0, size, True), (old, size)
            assert continues(old, mth(0, old), size, mth(0, size), proof), (old, size)


def test_the_program_knows_every_root_as_the_tree_grows():
    tree = program.Tree()
    for size, leaf in enumerate(HASHES, 1):
        tree.add(leaf)
        assert (tree.size, tree.root()) == (size, mth(0, size))


# --- What must be refused ---


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_of_what_is_not_there(index, size):
    with pytest.raises(IndexError):
        merkle.inclusion_proof(index, size, subtree)


@pytest.mark.parametrize(("old", "size"), [(0, 5), (6, 5), (-1, 5)])
def test_a_tree_continues_none_that_is_larger_or_empty(old, size):
    with pytest.raises(IndexError):
        merkle.consistency_proof(old, size, subtree)
