"""Checking a campaign's log from its entries on: every tile, every checkpoint and every signature, in one walk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from pledge.core.db import snapshot
from pledge.ledger.checkpoints import CheckpointChecks, LogTotals
from pledge.ledger.counting import LogCount
from pledge.ledger.log import entry_columns, leaf_of
from pledge.ledger.merkle import WIDTH
from pledge.ledger.models import Checkpoint, LedgerEntry, LedgerHead, LogTile
from pledge.ledger.notes import TreeHead
from pledge.ledger.paths import TilePath
from pledge.ledger.queries import paper_column
from pledge.ledger.sources import PledgeHashes
from pledge.ledger.tiles import FULL, HEIGHT, Tiles

#: Entries, and checkpoints, read at once.
_AT_ONCE = 5000


@dataclass(frozen=True)
class LogVerdict:
    """What a log holds, and the first entry, tile and checkpoint that are wrong; an empty list when none is."""

    totals: LogTotals
    root: bytes
    checkpoints: int
    faults: list[str]


class EntriesBroken(Exception):
    """The entries cannot be followed beyond one of them; the text says why."""


def verify(
    campaign_id: int, slug: str, pledge_hashes: PledgeHashes, noted: Sequence[TreeHead] = ()
) -> LogVerdict:
    """Walk the log of one campaign; `noted`: checkpoints saved elsewhere, which it must continue.

    Everything is computed from the entries: a checkpoint whose root is that of its entries continues each one before
    it. Memory is a byte for each entry and little more. What came after the beginning of the walk is left out.
    """
    with snapshot() as connection:
        return _Walk(connection, campaign_id, slug, pledge_hashes(connection, campaign_id), noted).verdict()


class _Walk:
    def __init__(
        self,
        connection: Connection,
        campaign_id: int,
        slug: str,
        pledges: dict[int, str],
        noted: Sequence[TreeHead],
    ) -> None:
        self.connection = connection
        self.campaign_id = campaign_id
        self.tiles = Tiles(connection, campaign_id)
        self.pledges = pledges
        self.checks = CheckpointChecks(connection, campaign_id, slug)
        self.count = LogCount()
        #: The hashes since the last full tile, for each level.
        self.rows: list[list[bytes]] = [[]]
        self.noted = sorted(noted, key=lambda state: state.size)
        self.torn = self.wrong_tile = self.wrong_checkpoint = ""
        #: The first entry that is not in its tile as it is now, and the tile.
        self.suspect: tuple[int, str] | None = None
        #: The size of the first checkpoint with another root than its entries.
        self.other_root: int | None = None
        self.further: list[str] = []

    @property
    def totals(self) -> LogTotals:
        return LogTotals(self.count.size, self.count.people, self.count.organizations)

    def verdict(self) -> LogVerdict:
        head = self.connection.execute(
            select(LedgerHead.__table__).where(LedgerHead.campaign_id == self.campaign_id)
        ).first()
        size = 0 if head is None else int(head.log_size)
        entries = self._entries(size)
        seen = last = 0
        try:
            for checkpoint in self._checkpoints():
                seen += 1
                last = checkpoint.size
                if checkpoint.size <= size:
                    self._advance(entries, checkpoint.size)
                self._check_checkpoint(checkpoint, size)
            self._advance(entries, size)
        except EntriesBroken as error:
            self.torn = str(error)
        else:
            self._check_edge_tiles(size)
            self._check_end(head, last)
        return LogVerdict(self.totals, self.count.root, seen, self._faults())

    def _faults(self) -> list[str]:
        found = []
        if self.suspect is not None:
            index, tile = self.suspect
            changed = self.other_root is not None and self.other_root > index
            if changed:
                found.append(f"entry {index}: not what was published, its hash in tile {tile} is another")
            elif not self.wrong_tile:
                self.wrong_tile = f"tile {tile}: the hash of entry {index} is another"
        texts = (self.torn, self.wrong_tile, self.wrong_checkpoint, self.count.fault)
        found += [text for text in texts if text]
        return found + self.further

    # --- Entries and tiles ---

    def _advance(self, entries: Iterator[Row[Any]], size: int) -> None:
        """Read on until the tree has so many entries. Raises EntriesBroken."""
        while self.noted and self.noted[0].size <= size:
            state = self.noted.pop(0)
            self._take(entries, state.size)
            if state.root != self.count.root:
                self.further.append(f"noted checkpoint of {state.size} entries: the log does not continue it")
        self._take(entries, size)

    def _take(self, entries: Iterator[Row[Any]], size: int) -> None:
        while self.count.size < size:
            row = next(entries, None)
            index = self.count.size
            if row is None or row.number != index + 1:
                raise EntriesBroken(f"entry {index}: missing")
            if row.pledge_text_id is not None and row.pledge_text_id not in self.pledges:
                raise EntriesBroken(f"entry {index}: its pledge text is missing")
            completed = self.count.add(leaf_of(row, self.pledges))
            for level, root in enumerate(completed[::HEIGHT]):
                self._keep(level, root)

    def _keep(self, level: int, root: bytes) -> None:
        if level == len(self.rows):
            self.rows.append([])
        row = self.rows[level]
        row.append(root)
        if len(row) == FULL:
            self._compare(level, (self.count.size >> HEIGHT * (level + 1)) - 1)
            row.clear()

    def _compare(self, level: int, number: int) -> None:
        """Compare a stored tile with the one that the entries make."""
        row = self.rows[level]
        stored = self.tiles.read(level, number)
        if stored == b"".join(row):
            return
        tile = str(TilePath(level, number, len(row)))
        place = next((i for i, root in enumerate(row) if stored[i * WIDTH : (i + 1) * WIDTH] != root), None)
        if place is None or len(stored) < (place + 1) * WIDTH:
            self.wrong_tile = self.wrong_tile or f"tile {tile}: {_WORDS[len(stored) > len(row) * WIDTH]}"
        elif level == 0 and self.suspect is None:
            self.suspect = (number * FULL + place, tile)
        elif level > 0 and self.suspect is None:
            self.wrong_tile = self.wrong_tile or f"tile {tile}: hash {place} is not that of the tile below it"

    # --- Checkpoints ---

    def _check_checkpoint(self, checkpoint: Row[Any], size: int) -> None:
        root = self.count.root if self.count.size == checkpoint.size else None
        found = self.checks.fault(checkpoint, self.totals, root, size)
        if found is None:
            return
        if found.is_root and self.other_root is None:
            self.other_root = checkpoint.size
        if not self.wrong_checkpoint:
            self.wrong_checkpoint = f"checkpoint {checkpoint.id} of {checkpoint.size} entries: {found.words}"

    def _check_edge_tiles(self, size: int) -> None:
        """Check the tiles at the right edge, and that there are none without entries."""
        for level, row in enumerate(self.rows):
            if row:
                self._compare(level, self.count.size >> HEIGHT * (level + 1))
        expected = sum(-(-(size >> HEIGHT * level) // FULL) for level in range(len(self.rows)))
        stored = self.connection.execute(
            select(func.count()).select_from(LogTile).where(LogTile.campaign_id == self.campaign_id)
        ).scalar_one()
        if stored != expected and not self.wrong_tile:
            self.wrong_tile = f"tiles: there are {stored}, the entries make {expected}"

    def _check_end(self, head: Row[Any] | None, last: int) -> None:
        """Check the newest checkpoint and the count that is shown, unless the log is catching up."""
        size = self.count.size
        if head is not None and head.size == size:
            if size != last:
                self.further.append(f"newest checkpoint: it has {last} entries, the log has {size}")
            if (head.people, head.organizations) != (self.count.people, self.count.organizations):
                self.further.append(
                    f"the count says {head.people} people and {head.organizations} organizations, the entries add up "
                    f"to {self.count.people} and {self.count.organizations}"
                )
            paper = self._paper_tally()
            if paper != self.count.paper:
                self.further.append(
                    f"the count on paper is {paper}, the entries add up to {self.count.paper}"
                )
        self.further += [
            f"noted checkpoint of {state.size} entries: the log has only {size}" for state in self.noted
        ]
        if (words := self.checks.newest_fault()) is not None:
            self.further.append(f"newest checkpoint: {words}")

    # --- What is read ---

    def _paper_tally(self) -> int:
        query = select(paper_column(literal(self.campaign_id)))
        return self.connection.execute(query).scalar_one()

    def _entries(self, size: int) -> Iterator[Row[Any]]:
        table, last = LedgerEntry.__table__.c, 0
        while last < size:
            batch = self.connection.execute(
                select(table.number, *entry_columns())
                .where(table.campaign_id == self.campaign_id, table.number > last, table.number <= size)
                .order_by(table.number)
                .limit(_AT_ONCE)
            ).all()
            if not batch:
                return
            yield from batch
            last = batch[-1].number

    def _checkpoints(self) -> Iterator[Row[Any]]:
        table, last = Checkpoint.__table__, 0
        while True:
            batch = self.connection.execute(
                select(table)
                .where(table.c.campaign_id == self.campaign_id, table.c.id > last)
                .order_by(table.c.id)
                .limit(_AT_ONCE)
            ).all()
            yield from batch
            if len(batch) < _AT_ONCE:
                return
            last = batch[-1].id


_WORDS = {False: "it lacks hashes", True: "it holds more hashes than there are entries"}
