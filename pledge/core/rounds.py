"""Many at once, but no two of the same thing."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def rounds(items: Iterable[T], key: Callable[[T], Hashable]) -> Iterator[list[T]]:
    """Lists in each of which a key occurs once; items with the same key keep their order."""
    waiting = list(items)
    while waiting:
        taken: dict[Hashable, T] = {}
        later = [item for item in waiting if taken.setdefault(key(item), item) is not item]
        yield list(taken.values())
        waiting = later
