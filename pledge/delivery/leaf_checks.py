"""Counting a log from its entries as one who trusts none of them: each must be a leaf, and may follow from those before it."""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

from pledge.ledger import merkle
from pledge.ledger.leaves import Leaf
from pledge.ledger.models import Kind, Reason

_STANDS = {Kind.PERSON.value: 1, Kind.ORGANIZATION.value: 2}
_PLUS = {Reason.CONFIRMED, Reason.REINSTATED}


class BadEntry(ValueError):
    """An entry that no log may hold."""

    def __init__(self, index: int, words: str) -> None:
        super().__init__(index, words)
        self.index = index
        self.words = words


class BrokenOff(ValueError):
    """The entries end in the middle of one."""


class CheckedCount:
    """Takes the entries in turn. What it keeps grows with the log by some tens of bytes an entry."""

    def __init__(self) -> None:
        self.size = 0
        self.pledges: set[str] = set()  #: hashes of what was signed
        self._moves: Counter[tuple[str, str]] = Counter()
        self._peaks: list[bytes] = []
        #: For each entry the kind that it counts now, or 0, and the beginning of its commitment: 64 random bits of it, by
        #: which no two are taken for one.
        self._kinds = bytearray()
        self._marks = array("Q")
        self._counted: set[int] = set()

    def add(self, line: bytes) -> None:
        """Raises BadEntry."""
        leaf = self._read(line)
        if leaf.commitment is not None:
            self._count(leaf.commitment, leaf.kind)
        else:
            self._take_back(leaf)
        self._moves[leaf.kind, leaf.reason] += 1
        self.pledges.add(leaf.pledge)
        self._grow(merkle.leaf_hash(line))

    def moves(self, kind: Kind) -> dict[str, int]:
        """How many entries of a kind there are for each reason."""
        return {reason.value: self._moves[kind, reason] for reason in Reason}

    def count(self, kind: Kind) -> int:
        return sum(number if reason in _PLUS else -number for reason, number in self.moves(kind).items())

    @property
    def root(self) -> bytes:
        if not self._peaks:
            return merkle.EMPTY
        *others, found = self._peaks
        for peak in reversed(others):
            found = merkle.node_hash(peak, found)
        return found

    def _count(self, commitment: bytes, kind: str) -> None:
        mark = int.from_bytes(commitment[:8], "big")
        if mark in self._counted:
            raise BadEntry(self.size, "it counts what an earlier entry counts already")
        self._counted.add(mark)
        self._marks.append(mark)
        self._kinds.append(_STANDS[kind])

    def _take_back(self, leaf: Leaf) -> None:
        index = -1 if leaf.takes_back is None else leaf.takes_back
        if not 0 <= index < self.size or self._kinds[index] != _STANDS[leaf.kind]:
            raise BadEntry(self.size, f"it takes back entry {leaf.takes_back}, which does not count then")
        self._counted.discard(self._marks[index])
        self._kinds[index] = 0
        self._marks.append(0)
        self._kinds.append(0)

    def _read(self, line: bytes) -> Leaf:
        """The leaf that writes exactly this line, if there is one. Raises BadEntry."""
        try:
            told = json.loads(line)
            reason, kind = Reason(told["kind"]), Kind(told["of"])
            leaf = Leaf(
                reason=reason,
                delta=1 if reason in _PLUS else -1,
                kind=kind,
                hour=f"{told['day']}T00",  # nine in the morning of that day in Korea
                pledge=bytes.fromhex(told["pledge"]).hex(),
                commitment=bytes.fromhex(told["commitment"]) if reason in _PLUS else None,
                takes_back=None if reason in _PLUS else int(told["takes_back"]),
            )
            is_whole = (
                leaf.line == line and len(leaf.pledge) == 64 and len(leaf.commitment or bytes(32)) == 32
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            is_whole = False
        if not is_whole:
            raise BadEntry(self.size, "it is not a line of the form that all entries have")
        return leaf

    def _grow(self, found: bytes) -> None:
        size = self.size
        while size & 1:
            found, size = merkle.node_hash(self._peaks.pop(), found), size >> 1
        self._peaks.append(found)
        self.size += 1


def unframed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The entries of `log/entries`, each after two bytes of its length. Raises BrokenOff."""
    rest = b""
    for chunk in chunks:
        data, place = rest + chunk, 0
        while place + 2 <= len(data):
            end = place + 2 + int.from_bytes(data[place : place + 2], "big")
            if end > len(data):
                break
            yield data[place + 2 : end]
            place = end
        rest = data[place:]
    if rest:
        raise BrokenOff
