"""What a new wording changes, word by word, for whoever is about to publish it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class WordingChange(StrEnum):
    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class WordingPart:
    """A run of words with one kind of change. All but the added ones are the old text, all but the removed ones the new."""

    change: WordingChange
    text: str


def changes(before: str, after: str, *, by_line: bool = False) -> list[WordingPart]:
    """`by_line` takes a hundredth of the time, for a page that shows many long texts."""
    unit = r"[^\n]*\n|[^\n]+" if by_line else r"\s+|[^\s]+"
    old, new = (re.findall(unit, text) for text in (before, after))
    return list(_pieces(old, new))


def _pieces(old: list[str], new: list[str]) -> Iterator[WordingPart]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield WordingPart(WordingChange.KEPT, "".join(old[i1:i2]))
            continue
        if i2 > i1:
            yield WordingPart(WordingChange.REMOVED, "".join(old[i1:i2]))
        if j2 > j1:
            yield WordingPart(WordingChange.ADDED, "".join(new[j1:j2]))
