"""Counting a log leaf by leaf: its root, what it adds up to, and the first entry that no log may hold."""

import pytest

from pledge.ledger import merkle
from pledge.ledger.counting import LogCount, Moves
from pledge.ledger.leaves import Leaf
from pledge.ledger.models import Kind


def plus(reason="confirmed", kind="person", *, delta=1, commitment=b"\0", takes_back=None):
    return Leaf(reason, delta, kind, "2026-11-24T12", "ab", commitment, takes_back)


def minus(index, kind="person", reason="withdrawn"):
    return plus(reason, kind, delta=-1, commitment=None, takes_back=index)


def counted(*leaves):
    count = LogCount()
    for leaf in leaves:
        count.add(leaf)
    return count


@pytest.mark.parametrize("size", [*range(20), 64, 65, 127, 300])
def test_the_root_is_that_of_the_tree_over_the_lines(size):
    leaves = [plus(commitment=number.to_bytes(2, "big")) for number in range(size)]
    count = counted(*leaves)
    hashes = [merkle.leaf_hash(leaf.line) for leaf in leaves]
    wanted = merkle.root(
        size, lambda level, index: merkle.complete(hashes[index << level : (index + 1) << level])
    )
    assert (count.root, count.size, count.fault) == (wanted, size, "")


NOTHING = "takes back nothing that stands"


@pytest.mark.parametrize(
    ("leaves", "fault"),
    [
        ([minus(0)], f"entry 0: {NOTHING}"),
        ([plus(), minus(0), minus(0)], f"entry 2: {NOTHING}"),
        ([plus(), minus(1)], f"entry 1: {NOTHING}"),
        ([plus(), minus(None)], f"entry 1: {NOTHING}"),
        ([plus(), minus(-1)], f"entry 1: {NOTHING}"),
        ([plus(kind="organization"), minus(0)], f"entry 1: {NOTHING}"),
        ([plus(), minus(0), minus(1)], f"entry 2: {NOTHING}"),
        ([plus(), plus(takes_back=0)], "entry 1: adds one and says that it takes one back"),
        ([plus(delta=-1)], "entry 0: its reason does not change the count so"),
        ([plus("withdrawn")], "entry 0: its reason does not change the count so"),
        ([minus(0), minus(0)], f"entry 0: {NOTHING}"),
    ],
)
def test_the_first_entry_that_no_log_may_hold_is_named(leaves, fault):
    assert counted(*leaves).fault == fault


def test_people_and_organizations_are_told_apart_by_reason():
    count = counted(
        plus(),
        plus(),
        plus(kind="organization"),
        minus(1),
        plus("reinstated"),
        minus(4, reason="invalidated"),
    )
    assert count.moves(Kind.PERSON) == Moves(confirmed=2, withdrawn=1, invalidated=1, reinstated=1)
    assert count.moves(Kind.ORGANIZATION).count == 1
    assert (count.people, count.organizations, count.fault) == (1, 1, "")
