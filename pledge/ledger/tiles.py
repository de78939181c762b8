"""The tree of a campaign's log as it is stored: tiles of 256 hashes (C2SP tlog-tiles, "Merkle Tree").

Tile n of level l holds, at place i, the hash of the complete subtree over 256**l leaves that is number n * 256 + i. Only
full tiles are hashed upwards. Its path below the address of the log (C2SP tlog-tiles, "Merkle Tree" and "Log Entries"):

tile/0/x001/x234/067          the full tile 1234067 of level 0
tile/1/000.p/17               the first 17 hashes of the first tile of level 1
tile/entries/x001/x234/067    the entries under the first of them
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from pledge.core.db import insert_into
from pledge.ledger import merkle
from pledge.ledger.merkle import WIDTH
from pledge.ledger.models import LogTile

#: Hashes in a full tile, and its height in the tree.
FULL = 256
HEIGHT = 8


class TooShort(LookupError):
    """A tile is missing or has fewer hashes than the log."""


class Tiles:
    """The tiles of one campaign, read once each. `grow()` is for the fold alone."""

    def __init__(self, connection: Connection, campaign_id: int) -> None:
        self.connection = connection
        self.campaign_id = campaign_id
        self._known: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, tile: int) -> bytes:
        """The hashes of a tile; empty if there is none."""
        hashes = self._known.get((level, tile))
        if hashes is None:
            hashes = self._known[level, tile] = self.read(level, tile)
        return hashes

    def read(self, level: int, tile: int) -> bytes:
        """Like tile(), without caching it."""
        query = select(LogTile.hashes).where(
            LogTile.campaign_id == self.campaign_id, LogTile.level == level, LogTile.tile == tile
        )
        return bytes(self.connection.execute(query).scalar_one_or_none() or b"")

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree, for merkle.py. Raises TooShort."""
        tile_level, within = divmod(level, HEIGHT)
        tile, place = divmod(index << within, FULL)
        leaves = self.tile(tile_level, tile)[place * WIDTH : (place + (1 << within)) * WIDTH]
        hashes = _cut(leaves)
        if len(hashes) != 1 << within:
            raise TooShort(f"tile {tile} of level {tile_level} is too short")
        return merkle.complete(hashes)

    def grow(self, size: int, leaf_hashes: Sequence[bytes]) -> None:
        """Add leaves to a log of `size` leaves. Raises TooShort when the tiles hold fewer."""
        level, start, fresh = 0, size, list(leaf_hashes)
        written: list[dict[str, Any]] = []
        while fresh:
            tile, width = divmod(start, FULL)
            before = self.tile(level, tile)[: width * WIDTH] if width else b""
            if len(before) != width * WIDTH:
                raise TooShort(f"tile {tile} of level {level} is too short")
            data = before + b"".join(fresh)
            roots = []
            for place in range(0, len(data), FULL * WIDTH):
                hashes = data[place : place + FULL * WIDTH]
                self._known[level, tile] = hashes
                written.append(
                    {"campaign_id": self.campaign_id, "level": level, "tile": tile, "hashes": hashes}
                )
                if len(hashes) == FULL * WIDTH:
                    roots.append(merkle.complete(_cut(hashes)))
                tile += 1
            level, start, fresh = level + 1, start // FULL, roots
        self._store(written)

    def _store(self, rows: list[dict[str, Any]]) -> None:
        """A tile that grew replaces its own beginning."""
        statement = insert_into(self.connection, LogTile)
        key = [LogTile.campaign_id, LogTile.level, LogTile.tile]
        keep = statement.on_conflict_do_update(index_elements=key, set_={"hashes": statement.excluded.hashes})
        self.connection.execute(keep, rows)


def _cut(hashes: bytes) -> list[bytes]:
    return [hashes[place : place + WIDTH] for place in range(0, len(hashes), WIDTH)]


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


def read_path(path: str) -> TilePath | None:
    """Parse the path after `tile/`; None if it is not canonical."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = None if match["level"] == "entries" else int(match["level"])
    return TilePath(level, int(re.sub(r"\D", "", match["number"])), int(match["width"] or FULL))
