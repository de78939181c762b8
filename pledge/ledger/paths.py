"""The path of a tile below the address of its log (C2SP tlog-tiles, "Merkle Tree" and "Log Entries").

tile/0/x001/x234/067          the full tile 1234067 of level 0
tile/1/000.p/17               the first 17 hashes of the first tile of level 1
tile/entries/x001/x234/067    the entries under the first of them
"""

import re
from dataclasses import dataclass

from pledge.ledger.tiles import FULL

#: Levels are numbers from 0 to 63.
_LEVEL = r"(?P<level>[0-9]|[1-5][0-9]|6[0-3]|entries)"
#: Three digits each, all but the last behind an `x`, none before the first that is not zero.
_NUMBER = r"(?P<number>(?!x000)(?:x[0-9]{3}/){0,6}[0-9]{3})"
_WIDTH = r"(?:\.p/(?P<width>[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]))?"
_PATH = re.compile(f"{_LEVEL}/{_NUMBER}{_WIDTH}", re.ASCII)


@dataclass(frozen=True)
class TilePath:
    """Which tile is meant; `level` is None for the entries under a tile of level 0."""

    level: int | None
    number: int
    width: int = FULL

    def __str__(self) -> str:
        parts = [f"{self.number % 1000:03}"]
        rest = self.number // 1000
        while rest:
            parts.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == FULL else f".p/{self.width}"
        return f"{level}/{'/'.join(parts)}{partial}"


def read(path: str) -> TilePath | None:
    """What follows `tile/` in an address; None unless it is in canonical form."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = None if found["level"] == "entries" else int(found["level"])
    return TilePath(level, int(re.sub(r"\D", "", found["number"])), int(found["width"] or FULL))
