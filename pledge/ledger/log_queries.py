"""Checkpoints, tiles, entries and proofs of the public log, as published."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from pledge.core.db import fetch, load, reading
from pledge.ledger import merkle, notes, witnesses
from pledge.ledger.counting import MAX_SIZE
from pledge.ledger.leaves import leaf
from pledge.ledger.log import entries
from pledge.ledger.models import Checkpoint, LedgerEntry, LogKey, LogLoss
from pledge.ledger.numbering import PledgeHashes
from pledge.ledger.tiles import FULL, Tiles

#: Entries read at once while many are streamed.
_AT_ONCE = 5000


@dataclass(frozen=True)
class Inclusion:
    """The proof that one entry is in the log at a checkpoint."""

    index: int
    line: bytes
    proof: list[bytes]
    checkpoint: Checkpoint


def newest(campaign_id: int, size: int | None = None) -> Checkpoint | None:
    """The published checkpoint, or the newest of exactly this size; None if there is none."""
    query = _checkpoints(campaign_id).order_by(Checkpoint.id.desc()).limit(1)
    return _first(query if size is None else query.where(Checkpoint.size == size))


def checkpoint(checkpoint_id: int) -> Checkpoint | None:
    """A checkpoint by its number in the database."""
    return _first(select(Checkpoint).where(Checkpoint.id == checkpoint_id))


def checkpoint_before(campaign_id: int, moment: datetime) -> Checkpoint | None:
    """The last checkpoint that was signed before a moment."""
    before = _checkpoints(campaign_id).where(Checkpoint.signed_at < moment)
    return _first(before.order_by(Checkpoint.signed_at.desc(), Checkpoint.id.desc()).limit(1))


def verifiers(campaign_id: int) -> list[str]:
    """The public keys that have ever signed a log, in text form, newest first."""
    query = (
        select(LogKey.verifier)
        .where(LogKey.campaign_id == campaign_id)
        .order_by(LogKey.since.desc(), "verifier")
    )
    return list(fetch(query).scalars())


def signing_verifiers(campaign_id: int) -> list[str]:
    """Those that signed the newest checkpoint, under each name that the log has had: a key outlives a move of the site."""
    at = newest(campaign_id)
    ids = notes.key_ids(at.note) if at else set()
    known = [verifier.split("+", 2) for verifier in verifiers(campaign_id)]
    signing = {key for _, key_id, key in known if key_id in ids}
    return ["+".join(parts) for parts in known if parts[2] in signing]


def losses(campaign_id: int) -> list[LogLoss]:
    """What of the log is lost for good, the first loss first."""
    return load(select(LogLoss).where(LogLoss.campaign_id == campaign_id).order_by(LogLoss.number))


def signing_since(campaign_ids: Iterable[int]) -> dict[int, datetime]:
    """The time since which the newest key of each log signs it. Logs that no key has signed are left out."""
    query = (
        select(LogKey.campaign_id, func.max(LogKey.since))
        .where(LogKey.campaign_id.in_(list(campaign_ids)))
        .group_by(LogKey.campaign_id)
    )
    return {row[0]: row[1] for row in fetch(query)}


def tile(campaign_id: int, level: int, number: int, width: int = FULL) -> bytes | None:
    """The hashes of a tile, full or of this width; None if no checkpoint covers exactly that."""
    with reading() as connection:
        if not _is_published(connection, campaign_id, level, number, width):
            return None
        hashes = Tiles(connection, campaign_id).tile(level, number)[: width * merkle.WIDTH]
    # A tile that was lost or cut must not be kept for a year by every cache between here and the reader.
    return hashes if len(hashes) == width * merkle.WIDTH else None


def entries_tile(
    campaign_id: int, number: int, pledge_hashes: PledgeHashes, width: int = FULL
) -> bytes | None:
    """The entries under a tile of level 0 (tlog-tiles, "Log Entries"): two bytes of length and the entry, in turn."""
    with reading() as connection:
        if not _is_published(connection, campaign_id, 0, number, width):
            return None
        begin = number * FULL
        leaves = _leaves(connection, campaign_id, begin, begin + width, pledge_hashes)
    return b"".join(map(framed, leaves)) if len(leaves) == width else None


def framed(line: bytes) -> bytes:
    """An entry in the form of an entry bundle: its length as big-endian uint16, then its bytes."""
    return len(line).to_bytes(2, "big") + line


def leaves(campaign_id: int, size: int, pledge_hashes: PledgeHashes) -> Iterator[bytes]:
    """The first `size` entries of a log, in order, in flat memory."""
    for begin in range(0, size, _AT_ONCE):
        with reading() as connection:
            yield from _leaves(connection, campaign_id, begin, min(size, begin + _AT_ONCE), pledge_hashes)


def inclusion(campaign_id: int, index: int, at: Checkpoint, pledge_hashes: PledgeHashes) -> Inclusion:
    """The proof of one entry at a checkpoint. Raises IndexError."""
    with reading() as connection:
        proof = merkle.inclusion_proof(index, at.size, Tiles(connection, campaign_id).subtree)
        (line,) = _leaves(connection, campaign_id, index, index + 1, pledge_hashes)
    return Inclusion(index, line, proof, at)


def inclusion_of(campaign_id: int, subject_id: int, pledge_hashes: PledgeHashes) -> Inclusion | None:
    """The proof of the entry that counts a signature or endorsement; None while none is in a published log.

    At the newest state that enough witnesses have seen; where that is older than the entry, at the newest of all.
    """
    at = newest(campaign_id)
    if at is None:
        return None
    # The sum keeps SQLite off the index of campaign and number, by which it read the log from its end to the entry.
    query = select(func.max(LedgerEntry.number)).where(
        LedgerEntry.subject_id == subject_id,
        LedgerEntry.campaign_id + 0 == campaign_id,
        LedgerEntry.delta == 1,
        LedgerEntry.number <= at.size,
    )
    number = fetch(query).scalar_one_or_none()
    if number is None:
        return None
    seen = witnesses.witnessed(campaign_id)
    if seen is not None and number <= seen.size:
        at = seen
    return inclusion(campaign_id, number - 1, at, pledge_hashes)


def _is_published(connection: Connection, campaign_id: int, level: int, number: int, width: int) -> bool:
    """Whether a tree with a checkpoint has this tile in exactly this width, or for a full one: in full."""
    below = FULL**level
    first = (number * FULL + width) * below
    if first > MAX_SIZE:
        return False
    covering: list[ColumnElement[bool]] = [Checkpoint.campaign_id == campaign_id, Checkpoint.size >= first]
    if width < FULL:
        covering.append(Checkpoint.size < first + below)
    return bool(connection.execute(select(exists().where(*covering))).scalar_one())


def _leaves(
    connection: Connection, campaign_id: int, begin: int, end: int, pledge_hashes: PledgeHashes
) -> list[bytes]:
    pledges = pledge_hashes(connection, campaign_id)
    return [leaf(row, pledges) for row in entries(connection, campaign_id, begin, end)]


def _checkpoints(campaign_id: int) -> Select[Checkpoint]:
    return select(Checkpoint).where(Checkpoint.campaign_id == campaign_id)


def _first(query: Select[Checkpoint]) -> Checkpoint | None:
    return next(iter(load(query)), None)
