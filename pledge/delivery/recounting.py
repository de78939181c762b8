"""Counting a log again from its entries alone, as whoever has the pack can: its root, and what it adds up to."""

import json
from collections import Counter
from typing import Any

from pledge.delivery.document import Moves
from pledge.ledger import merkle
from pledge.ledger.models import Kind, Reason

#: Where the part of an entry ends that says how it counts; `day` and what follows differ from entry to entry.
_DAY = b',"day":'


class Wrong(ValueError):
    """An entry that no log may hold: not an entry, or a -1 that takes back nothing that stands."""


class Recount:
    """Takes the entries one by one. It remembers one byte for each, and one hash for each level of the tree."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []  #: roots of complete subtrees, by height
        self._heads: dict[bytes, dict[str, Any]] = {}
        self._seen: Counter[bytes] = Counter()
        self._standing = bytearray()  #: for each entry: of which kind it counts one, or 0

    def add(self, line: bytes) -> None:
        """Raises Wrong."""
        head = line.partition(_DAY)[0]
        entry = self._heads.get(head)
        if entry is None:
            entry = self._heads[head] = _read(head)
        kind = 1 if entry["of"] == Kind.PERSON else 2
        if entry["change"] == 1:
            self._standing.append(kind)
        else:
            self._take_back(line, kind)
        self._seen[head] += 1
        self._grow(merkle.leaf_hash(line))
        self.size += 1

    @property
    def root(self) -> bytes:
        """RFC 6962 section 2.1: the complete subtrees are joined from the smallest up."""
        if not self._stack:
            return merkle.EMPTY
        found = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            found = merkle.node_hash(left, found)
        return found

    def moves(self, kind: Kind) -> Moves:
        """How many entries of a kind there are for each reason."""
        found: Counter[str] = Counter()
        for head, number in self._seen.items():
            entry = self._heads[head]
            if entry["of"] == kind:
                found[entry["kind"]] += number
        return Moves(**{reason.value: found[reason] for reason in Reason})

    def _take_back(self, line: bytes, kind: int) -> None:
        index = json.loads(line).get("takes_back")
        if not isinstance(index, int) or not 0 <= index < self.size or self._standing[index] != kind:
            raise Wrong(self.size)
        self._standing[index] = 0
        self._standing.append(0)

    def _grow(self, found: bytes) -> None:
        height = 0
        while self._stack and self._stack[-1][0] == height:
            found = merkle.node_hash(self._stack.pop()[1], found)
            height += 1
        self._stack.append((height, found))


def _read(head: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(head + b"}")
    deltas = {Reason.CONFIRMED: 1, Reason.REINSTATED: 1, Reason.WITHDRAWN: -1, Reason.INVALIDATED: -1}
    if entry["of"] not in set(Kind) or deltas.get(entry["kind"]) != entry["change"]:
        raise Wrong(head)
    return entry
