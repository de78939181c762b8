"""Checks a campaign's log with verifier/verify.py, which reads the database as if it were a published log.

What is added here is what only the database has: every checkpoint that was ever signed, the counts beside them, and the
audit log, of which checkpoints say where it ended (notes.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from config import current_config
from pledge.audit.chain import AuditMark
from pledge.core.db import reading, snapshot
from pledge.ledger import notes
from pledge.ledger.leaves import leaf
from pledge.ledger.log import LogTotals, entries
from pledge.ledger.models import Checkpoint, LedgerHead, LogKey, LogTile
from pledge.ledger.numbering import PledgeHashes
from pledge.ledger.queries import paper_column
from pledge.ledger.tiles import FULL, HEIGHT, Tiles, read_path
from pledge.verifier import verify as program

#: Entries, and checkpoints, read at once.
_AT_ONCE = 5000


@dataclass(frozen=True)
class LogVerdict:
    """The totals of a log, and its first wrong entry, tile and checkpoint; no faults if all is well."""

    totals: LogTotals
    root: bytes
    checkpoints: int
    faults: list[str]


def verify(
    campaign_id: int, slug: str, pledge_hashes: PledgeHashes, noted: Sequence[program.Checkpoint] = ()
) -> LogVerdict:
    """Walk the log of one campaign; `noted`: checkpoints saved elsewhere, which it must continue.

    Everything is computed from the entries: a checkpoint whose root is that of its entries continues each one before
    it. Memory is nine bytes for each entry and little more. What came after the beginning of the walk is left out.
    """
    with snapshot() as connection:
        walk = _Walk(connection, campaign_id, slug, pledge_hashes(connection, campaign_id), noted)
        try:
            walk.run()
        except program.Failed as failed:
            walk.faults.append(_text(failed))
        recount = walk.recount
        return LogVerdict(walk.totals, recount.tree.root(), walk.checkpoints, walk.faults)


def _text(failed: program.Failed) -> str:
    return f"{failed.name}: {failed.words}"


class _StoredTiles:
    """The tiles of a campaign as a source of verifier/verify.py: each as it is stored."""

    def __init__(self, connection: Connection, campaign_id: int) -> None:
        self._tiles = Tiles(connection, campaign_id)

    def file(self, name: str, _longest: int) -> bytes | None:
        path = read_path(name.removeprefix("tile/"))
        if path is None or path.level is None:
            return None
        return self._tiles.read(path.level, path.number)


class _Walk:
    def __init__(
        self,
        connection: Connection,
        campaign_id: int,
        slug: str,
        pledges: dict[int, str],
        noted: Sequence[program.Checkpoint],
    ) -> None:
        self.connection = connection
        self.campaign_id = campaign_id
        self.pledges = pledges
        self.recount = program.Recount()
        self.faults: list[str] = []
        self.checkpoints = 0
        #: Compares the stored tiles with the entries; None after the first that differs.
        self._tiles: program.Tiles | None = program.Tiles(_StoredTiles(connection, campaign_id))
        self._noted = sorted(noted, key=lambda state: state.size)
        self._ending = f"/log/{slug}"
        self._keys = _known_keys(connection)[campaign_id]
        self._newest: Row[Any] | None = None

    @property
    def totals(self) -> LogTotals:
        return LogTotals(self.recount.tree.size, self.recount.people, self.recount.organizations)

    def run(self) -> None:
        """Raises program.Failed for an entry behind which nothing can be checked."""
        heads = select(LedgerHead.__table__).where(LedgerHead.campaign_id == self.campaign_id)
        head = self.connection.execute(heads).first()
        size = 0 if head is None else int(head.log_size)
        lines = self._entries(size)
        is_wrong = False
        table = Checkpoint.__table__
        checkpoints = select(table).where(table.c.campaign_id == self.campaign_id).order_by(table.c.id)
        with self.connection.execute(checkpoints.execution_options(yield_per=_AT_ONCE)) as rows:
            for checkpoint in rows:
                self.checkpoints += 1
                self._read_on(lines, min(checkpoint.size, size))
                words = self._checkpoint_fault(checkpoint, size)
                if words and not is_wrong:
                    is_wrong = True
                    self.faults.append(f"checkpoint {checkpoint.id} of {checkpoint.size} entries: {words}")
                self._newest = checkpoint
        self._read_on(lines, size)
        self._check_tiles_at_the_edge(size)
        self._check_end(head)
        self.recount.finish()

    # --- Entries and tiles ---

    def _read_on(self, entries: Iterator[bytes], size: int) -> None:
        """Add up entries up to this size, and compare the noted checkpoints on the way."""
        while self._noted and self._noted[0].size <= size:
            state = self._noted.pop(0)
            self._add(entries, state.size)
            if state.root != self.recount.tree.root():
                self.faults.append(f"noted checkpoint of {state.size} entries: the log does not continue it")
        self._add(entries, size)

    def _add(self, entries: Iterator[bytes], size: int) -> None:
        while self.recount.tree.size < size:
            entry = next(entries)
            self.recount.add(entry)
            if self._tiles is not None:
                try:
                    self._tiles.add(program.leaf_hash(entry))
                except program.Failed as failed:
                    self._tiles = None
                    self.faults.append(_text(failed))

    def _check_tiles_at_the_edge(self, size: int) -> None:
        """Check the tiles that are not full, and that there are none without entries."""
        if self._tiles is None:
            return
        try:
            self._tiles.end()
        except program.Failed as failed:
            self.faults.append(_text(failed))
            return
        expected, hashes = 0, size
        while hashes:
            expected, hashes = expected + -(-hashes // FULL), hashes >> HEIGHT
        query = select(func.count()).select_from(LogTile).where(LogTile.campaign_id == self.campaign_id)
        stored = self.connection.execute(query).scalar_one()
        if stored != expected:
            self.faults.append(f"tiles: there are {stored}, the entries make {expected}")

    def _entries(self, size: int) -> Iterator[bytes]:
        """The entries as the public log has them. Raises program.Failed."""
        for begin in range(0, size, _AT_ONCE):
            end = min(begin + _AT_ONCE, size)
            rows = entries(self.connection, self.campaign_id, begin, end)
            for index, row in zip_longest(range(begin, end), rows):
                if row is None or row.number != index + 1:
                    raise program.Failed(f"entry:{index}", "it is missing")
                yield self._line(row, index)

    def _line(self, row: Row[Any], index: int) -> bytes:
        if row.pledge_text_id is not None and row.pledge_text_id not in self.pledges:
            raise program.Failed(f"entry:{index}", "its pledge text is missing")
        if row.delta >= 0 and row.takes_back is not None:
            raise program.Failed(f"entry:{index}", "it adds one and says that it takes one back")
        try:
            return leaf(row, self.pledges)
        except ValueError:
            raise program.Failed(f"entry:{index}", "its hour is none") from None

    # --- Checkpoints ---

    def _checkpoint_fault(self, row: Row[Any], size: int) -> str:
        """What is wrong with a checkpoint whose entries were added up; "" if nothing is."""
        if self._newest is not None and row.size < self._newest.size:
            return f"it has fewer than the one before, {self._newest.size}"
        if row.size > size:
            return f"the log has only {size}"
        if words := self._note_fault(row):
            return words
        if bytes(row.root) != self.recount.tree.root():
            return "its entries have another root"
        totals = self.totals
        if (row.people, row.organizations) != (totals.people, totals.organizations):
            return (
                f"it says {row.people} people and {row.organizations} organizations, its entries add up to "
                f"{totals.people} and {totals.organizations}"
            )
        return ""

    def _note_fault(self, row: Row[Any]) -> str:
        try:
            state = program.Checkpoint(row.note.encode())
            state.note.signed_by(self._keys, state.origin)
        except ValueError as error:
            return str(error)
        if not state.origin.endswith(self._ending):
            return "it is of another log"
        if (state.size, state.root) != (row.size, bytes(row.root)):
            return "its note says another size or root"
        # Whatever the site stores of a checkpoint it has signed itself, as the log's key or about the audit log.
        known = {(key.name, key_id) for key in self._keys for key_id in (key.id, key.audit_id)}
        if not known.issuperset((name, key_id) for name, key_id, _ in state.note.signatures):
            return "it has a line of a key that is none of its log"
        return ""

    def _check_end(self, head: Row[Any] | None) -> None:
        """Check the newest checkpoint and the count that is shown, unless the log is catching up."""
        totals = self.totals
        last = 0 if self._newest is None else self._newest.size
        if head is not None and head.size == totals.size:
            if last != totals.size:
                self.faults.append(f"newest checkpoint: it has {last} entries, the log has {totals.size}")
            if (head.people, head.organizations) != (totals.people, totals.organizations):
                self.faults.append(
                    f"the count says {head.people} people and {head.organizations} organizations, the entries add up "
                    f"to {totals.people} and {totals.organizations}"
                )
            paper = self.connection.execute(select(paper_column(literal(self.campaign_id)))).scalar_one()
            if paper != self.recount.paper:
                self.faults.append(
                    f"the count on paper is {paper}, the entries add up to {self.recount.paper}"
                )
        self.faults += [
            f"noted checkpoint of {state.size} entries: the log has only {totals.size}"
            for state in self._noted
        ]
        self._check_own_signature()

    def _check_own_signature(self) -> None:
        """Check that the keys of this process have signed what is published now, unless another process signs.

        Whoever can write the database can store a key and a checkpoint of their own: this finds it.
        """
        secrets = current_config().log_signing_keys
        if self._newest is None or not secrets:
            return
        origin = self._newest.note.partition("\n")[0]
        mine = [notes.signer(origin, secret.get_secret_value()).verifier for secret in secrets]
        try:
            program.Note(self._newest.note.encode()).signed_by(list(map(program.Key, mine)), origin)
        except ValueError:
            self.faults.append("newest checkpoint: no key of PLEDGE_LOG_KEY has signed it")


def _known_keys(connection: Connection) -> defaultdict[int, list[program.Key]]:
    """The keys of each log, by campaign. What is no key has signed nothing."""
    keys = defaultdict(list)
    for row in connection.execute(select(LogKey.campaign_id, LogKey.verifier)):
        with suppress(ValueError):
            keys[row.campaign_id].append(program.Key(row.verifier))
    return keys


# --- What checkpoints say of the audit log, and what somebody saved of them ---


@dataclass(frozen=True)
class AuditMarks:
    """What the checkpoints say."""

    marks: list[AuditMark]  #: each once
    faults: list[str]  #: the first checkpoint of each log that does not say it as it must


def read_marks() -> AuditMarks:
    """The marks in all checkpoints that a key of their log has signed."""
    marks: list[AuditMark] = []
    faults: dict[int, str] = {}
    seen, carry = set[AuditMark](), set[int]()  # `carry`: the logs of which a checkpoint has carried a mark
    query = select(Checkpoint.id, Checkpoint.campaign_id, Checkpoint.note).order_by(Checkpoint.id)
    with snapshot() as connection:
        known = _known_keys(connection)
        for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
            campaign, fault, noted = row.campaign_id, "", set[AuditMark]()
            try:
                note = program.Note(row.note.encode())
                noted = set(_marks(note, known[campaign]))
                if not noted <= seen:
                    note.signed_by(known[campaign], note.text.partition("\n")[0])
            except ValueError as error:
                fault = str(error)
            if noted:
                carry.add(campaign)
            elif campaign in carry and not fault:
                fault = "it says nothing of the audit log, though an earlier one does"
            if fault:
                faults.setdefault(campaign, f"checkpoint {row.id}: {fault}")
                continue
            marks += [replace(mark, source=f"checkpoint {row.id}") for mark in noted - seen]
            seen |= noted
    return AuditMarks(marks, list(faults.values()))


def read_checkpoint(note: str) -> program.Checkpoint:
    """A checkpoint that somebody saved, of whichever campaign. Raises ValueError unless a key of this site signed it."""
    checkpoint = program.Checkpoint(note.encode())
    checkpoint.note.signed_by(_all_keys(), checkpoint.origin)
    return checkpoint


def read_saved_marks(note: str, source: str) -> list[AuditMark]:
    """The marks of the audit log in a checkpoint that somebody saved. Raises ValueError."""
    return [replace(mark, source=source) for mark in _marks(read_checkpoint(note).note, _all_keys())]


def _all_keys() -> list[program.Key]:
    with reading() as connection:
        return list(chain.from_iterable(_known_keys(connection).values()))


def _marks(note: program.Note, keys: list[program.Key]) -> Iterator[AuditMark]:
    """The marks in the lines of these keys; signed_by() verifies them."""
    known = {(key.name, key.audit_id) for key in keys}
    for name, key_id, data in note.signatures:
        if (name, key_id) in known:
            yield AuditMark(int.from_bytes(data[:8], "big"), data[8:40])
