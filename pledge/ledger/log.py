"""The public log of each campaign. The fold extends it in its own transaction and signs a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.orm import Session

from config import Keys, current_config
from pledge.audit import chain
from pledge.audit.chain import AuditMark
from pledge.core import clock
from pledge.core.db import insert_into, reading, transaction
from pledge.ledger import memory, merkle, notes
from pledge.ledger.leaves import leaf
from pledge.ledger.memory import Head
from pledge.ledger.models import Checkpoint, LedgerEntry, LedgerHead, LogKey
from pledge.ledger.notes import Signer
from pledge.ledger.numbering import (
    FIRST_INVALID,
    NAME_WHAT_IS_TAKEN_BACK,
    FoldSources,
    Published,
    wait_for_lock,
)
from pledge.ledger.tiles import Tiles, TooShort

#: How long the head of the audit log may be missing from checkpoints while nothing is counted.
_AUDIT_WAITS = timedelta(hours=1)


@dataclass(frozen=True)
class LogTotals:
    """How many entries a log has, and what they add up to."""

    size: int
    people: int
    organizations: int


class NoLogKey(RuntimeError):
    """This process has no key to sign the log with (PLEDGE_LOG_KEY=elsewhere), but it folds."""


class LogInconsistent(RuntimeError):
    """The stored log does not continue the published one: nothing is signed.

    `flask ledger verify` says what was changed.
    """


def extend(session: Session, limit: int, sources: FoldSources) -> int:
    """Append the numbered entries to the logs, at most `limit` to each, in the caller's transaction.

    The log of a campaign that is not published waits until it is.
    Returns the largest number of leaves that one log got. A checkpoint is signed where a log is complete again. The
    caller holds the lock. Raises NoLogKey, LogInconsistent and memory.LogLost.
    """
    connection = session.connection()
    heads = LedgerHead.__table__
    behind = connection.execute(
        select(heads).where(heads.c.log_size < heads.c.size).order_by(heads.c.campaign_id)
    ).all()
    if not behind:
        return 0
    mark, published = chain.mark(connection), sources.published(connection)
    grown = 0
    for head in behind:
        if slug := published.get(head.campaign_id):
            hashes = sources.pledge_hashes(connection, head.campaign_id)
            grown = max(grown, _extend_one(connection, head, slug, hashes, limit=limit, mark=mark))
    return grown


def sign_missing_checkpoints(published: Published) -> int:
    """Sign logs without a checkpoint, or with one of another origin or by other than the current keys; returns how many.

    For a campaign that nobody signed yet, after a rotation of keys, after a move to another address, and what this machine does
    not remember. Where nothing is counted, one log is signed again within an hour after the audit log has moved.
    """
    with reading() as connection:
        if not _due(connection, published, chain.mark(connection)):
            return 0
    with memory.remembering(), transaction() as session:
        wait_for_lock(session)  # a fold that published meanwhile would be followed by a checkpoint of less
        connection = session.connection()
        mark = chain.mark(connection)
        due = _due(connection, published, mark)
        for campaign in due:
            _publish(Tiles(connection, campaign.campaign_id), campaign.slug, campaign.totals, mark)
    return len(due)


def origin_of(slug: str, losses: int = 0) -> str:
    """The name of a campaign's log: its address without scheme and trailing slash (tlog-tiles, "Parameters").

    After a loss it is another log: `pledge.example/2/log/blue-skies`.
    """
    history = f"/{losses + 1}" if losses else ""
    return f"{current_config().base_url.partition('://')[2]}{history}/log/{slug}"


def signers_for(slug: str, losses: int = 0) -> list[Signer]:
    """The keys that sign the log of a campaign, newest first. Raises NoLogKey."""
    keys = current_config().log_signing_keys
    if not keys:
        raise NoLogKey
    return _signers(origin_of(slug, losses), keys)


@lru_cache(maxsize=256)
def _signers(origin: str, keys: Keys) -> list[Signer]:
    return [notes.signer(origin, key.get_secret_value()) for key in keys]


def entries(connection: Connection, campaign_id: int, after: int, upto: int) -> Sequence[Any]:
    """The entries of a log with these numbers, in order, with what leaf() reads of them."""
    entry = LedgerEntry.__table__.c
    query = select(
        *(entry.number, entry.reason, entry.delta, entry.kind, entry.hour),
        *(entry.pledge_text_id, entry.commitment, entry.takes_back, entry.record),
    ).where(entry.campaign_id == campaign_id, entry.number > after, entry.number <= upto)
    # As a whole: a half-read result would keep SQLite's snapshot, and the connection could not begin to write again.
    return connection.execute(query.order_by(entry.number)).all()


def _extend_one(
    connection: Connection, head: Row[Any], slug: str, pledges: dict[int, str], *, limit: int, mark: AuditMark
) -> int:
    campaign_id, after = head.campaign_id, head.log_size
    upto = min(head.size, after + limit)
    span = {"campaign_id": campaign_id, "after": after, "upto": upto}
    connection.execute(NAME_WHAT_IS_TAKEN_BACK, span)
    invalid = connection.execute(FIRST_INVALID, span).first()
    if invalid is not None:
        raise LogInconsistent(f"{slug}: entry {invalid.number - 1}: {_why(invalid)}")
    rows = entries(connection, campaign_id, after, upto)
    hashes = [merkle.leaf_hash(leaf(row, pledges)) for row in rows]
    if len(hashes) != upto - after:
        raise LogInconsistent(f"{slug}: entries between {after} and {upto} are missing")
    tiles = Tiles(connection, campaign_id)
    try:
        tiles.grow(after, hashes)
    except TooShort as error:
        raise LogInconsistent(f"{slug}: {error}") from error
    connection.execute(update(LedgerHead).where(LedgerHead.campaign_id == campaign_id).values(log_size=upto))
    if upto == head.size:
        _publish(tiles, slug, LogTotals(upto, head.people, head.organizations), mark)
    return len(hashes)


def _why(invalid: Row[Any]) -> str:
    if invalid.delta < 0:
        return "takes back nothing that stands"
    if invalid.takes_back is not None:
        return "adds one and says that it takes one back"
    return "counts what an earlier entry counts already"


@dataclass(frozen=True)
class _Published:
    """The log of a campaign that the public may see, and its newest checkpoint."""

    campaign_id: int
    slug: str
    totals: LogTotals
    losses: int
    head: Head
    note: str  #: "" where nothing is signed yet
    signed_at: datetime | None

    @property
    def is_signed(self) -> bool:
        is_by_key = bool(self.note) and notes.is_signed_by(self.note, signers_for(self.slug, self.losses))
        return is_by_key and memory.knows(self.slug, self.losses, self.head)

    def has_mark(self, mark: AuditMark) -> bool:
        return notes.has_mark(self.note, signers_for(self.slug, self.losses), mark)


def _due(connection: Connection, published: Published, mark: AuditMark) -> list[_Published]:
    """The logs that are in step and have no checkpoint as it would be signed today; if all have one and none says where the
    audit log ends now, one of them."""
    logs = [
        campaign
        for number, slug in published(connection).items()
        if (campaign := _in_step(connection, number, slug))
    ]
    due = [campaign for campaign in logs if not campaign.is_signed]
    if due or any(campaign.has_mark(mark) for campaign in logs):
        return due
    latest = clock.now() - _AUDIT_WAITS
    return [campaign for campaign in logs if campaign.signed_at is not None and campaign.signed_at < latest][
        :1
    ]


def _in_step(connection: Connection, campaign_id: int, slug: str) -> _Published | None:
    """The log of a campaign; None while it lags behind the numbered entries."""
    heads = LedgerHead.__table__
    head = connection.execute(select(heads).where(heads.c.campaign_id == campaign_id)).first()
    if head is not None and head.size != head.log_size:
        return None
    newest = newest_checkpoint(connection, campaign_id)
    totals = LogTotals(0, 0, 0) if head is None else LogTotals(head.size, head.people, head.organizations)
    note, signed_at = ("", None) if newest is None else (newest.note, newest.signed_at)
    losses = memory.accepted_losses(connection, campaign_id)
    return _Published(campaign_id, slug, totals, losses, head_of(newest), note, signed_at)


def newest_checkpoint(connection: Connection, campaign_id: int) -> Row[Any] | None:
    """The checkpoint that is published now."""
    table = Checkpoint.__table__
    query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.id.desc()).limit(1)
    return connection.execute(query).first()


def head_of(checkpoint: Row[Any] | None) -> Head:
    return Head.of(0, merkle.EMPTY) if checkpoint is None else Head.of(checkpoint.size, checkpoint.root)


def _publish(tiles: Tiles, slug: str, totals: LogTotals, mark: AuditMark) -> None:
    """Sign the log, unless it does not continue what was signed before, which tlog-checkpoint forbids."""
    now = clock.now()
    before = newest_checkpoint(tiles.connection, tiles.campaign_id)
    try:
        root = merkle.root(totals.size, tiles.subtree)
        if before is not None and (
            before.size > totals.size or merkle.root(before.size, tiles.subtree) != bytes(before.root)
        ):
            raise LogInconsistent(f"{slug}: it does not continue its checkpoint of {before.size} entries")
        losses = memory.sign(tiles, slug, head_of(before), Head.of(totals.size, root))
    except TooShort as error:
        raise LogInconsistent(f"{slug}: {error}") from error
    signers = signers_for(slug, losses)
    checkpoint = notes.checkpoint_text(signers[0].name, totals.size, root)
    tiles.connection.execute(
        insert(Checkpoint).values(
            campaign_id=tiles.campaign_id,
            size=totals.size,
            root=root,
            people=totals.people,
            organizations=totals.organizations,
            note=notes.sign(checkpoint, signers, mark),
            signed_at=now,
        )
    )
    if before is None or not notes.is_signed_by(before.note, signers):
        keep = insert_into(tiles.connection, LogKey).on_conflict_do_nothing()
        keys = {"campaign_id": tiles.campaign_id, "since": now}
        # After a loss the keys have the name by the address, too.
        verifiers = {signer.verifier for signer in [*signers, *signers_for(slug)]}
        tiles.connection.execute(keep, [{**keys, "verifier": verifier} for verifier in verifiers])
