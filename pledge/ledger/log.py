"""The public log of each campaign: the fold extends it in its own transaction and signs a checkpoint of what it then holds."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from config import Keys, current_config
from pledge import clock
from pledge.audit import chain
from pledge.audit.chain import Mark
from pledge.db import UTCDateTime, reading, transaction
from pledge.ledger import audit_lines, merkle, notes
from pledge.ledger.checkpoints import Totals
from pledge.ledger.counting import NOTHING_TAKEN_BACK, PLUS_TAKES_BACK
from pledge.ledger.leaves import Leaf
from pledge.ledger.locks import wait_for_lock
from pledge.ledger.merkle import BadProof
from pledge.ledger.models import Checkpoint, LedgerEntry, LedgerHead, LogKey
from pledge.ledger.notes import Signer, State
from pledge.ledger.numbering import FIRST_INVALID, NAME_WHAT_IS_TAKEN_BACK
from pledge.ledger.tiles import Tiles, TooShort

_BEHIND = text("""
    SELECT head.campaign_id, head.size, head.log_size, head.people, head.organizations, campaigns.slug
      FROM ledger_heads AS head JOIN campaigns ON campaigns.id = head.campaign_id
     WHERE head.log_size < head.size ORDER BY head.campaign_id""")

_PLEDGES = text("SELECT id, sha256 FROM pledge_texts WHERE campaign_id = :campaign_id")

# Every campaign that the public may see, with where its log ends and the newest checkpoint of it.
_PUBLISHED = text("""
    SELECT campaigns.id, campaigns.slug, newest.note, newest.signed_at,
           COALESCE(head.size, 0) AS size, COALESCE(head.log_size, 0) AS log_size,
           COALESCE(head.people, 0) AS people, COALESCE(head.organizations, 0) AS organizations
      FROM campaigns
      LEFT JOIN ledger_heads AS head ON head.campaign_id = campaigns.id
      LEFT JOIN checkpoints AS newest
             ON newest.id = (SELECT MAX(id) FROM checkpoints WHERE campaign_id = campaigns.id)
     WHERE campaigns.state <> 'draft' ORDER BY campaigns.id""").columns(signed_at=UTCDateTime())

#: How long the end of the audit log may stand in no checkpoint while nothing is counted.
_AUDIT_WAITS = timedelta(hours=1)


class NoLogKey(RuntimeError):
    """This process was told not to sign the log (PLEDGE_LOG_KEY=elsewhere), but it folds."""


class Inconsistent(RuntimeError):
    """What is stored of a log does not continue what was published of it: nothing is signed.

    `flask ledger verify` says what was changed.
    """


def extend(session: Session, limit: int) -> int:
    """Bring the logs in step with the numbered entries, in the caller's transaction; at most `limit` leaves for each.

    Returns the largest number of leaves that one log got. A checkpoint is signed where a log is complete again. The
    caller holds the lock (locks.py). Raises NoLogKey and Inconsistent.
    """
    behind = session.execute(_BEHIND).all()
    if not behind:
        return 0
    connection = session.connection()
    mark = chain.mark(connection)
    return max(_extend_one(connection, head, limit, mark) for head in behind)


def renew() -> int:
    """Sign what has no checkpoint yet, or one of another origin or by other keys than those of today; how many that were.

    For a campaign that nobody signed yet, after a rotation of keys and after a move to another address. Where nothing is
    counted, one log is signed again within an hour after the audit log has moved.
    """
    with reading() as connection:
        if not _due(connection, chain.mark(connection)):
            return 0
    with transaction() as session:
        wait_for_lock(session)  # a fold that published meanwhile would be followed by a checkpoint of less
        connection = session.connection()
        mark = chain.mark(connection)
        due = _due(connection, mark)
        for row in due:
            totals = Totals(row.size, row.people, row.organizations)
            _publish(Tiles(connection, row.id), row.slug, totals, mark)
    return len(due)


def origin_of(slug: str) -> str:
    """The name of a campaign's log: its address without scheme and trailing slash (tlog-tiles, "Parameters")."""
    return f"{current_config().base_url.partition('://')[2]}/log/{slug}"


def signers_for(slug: str) -> list[Signer]:
    """The keys that sign a campaign's log, newest first. Raises NoLogKey."""
    keys = current_config().log_signing_keys
    if not keys:
        raise NoLogKey
    return _signers(origin_of(slug), keys)


@lru_cache(maxsize=256)
def _signers(origin: str, keys: Keys) -> list[Signer]:
    return [notes.signer(origin, key.get_secret_value()) for key in keys]


def entry_columns() -> list[ColumnElement[Any]]:
    """What leaf_of() reads of an entry."""
    entries = LedgerEntry.__table__.c
    return [
        *(entries.reason, entries.delta, entries.kind, entries.hour),
        *(entries.pledge_text_id, entries.commitment, entries.takes_back),
    ]


def leaf_of(row: Any, pledges: dict[int, str]) -> Leaf:
    """What the log says of a row of ledger_entries."""
    return Leaf(
        reason=row.reason,
        delta=row.delta,
        kind=row.kind,
        hour=row.hour,
        pledge=pledges[row.pledge_text_id],
        commitment=None if row.commitment is None else bytes(row.commitment),
        takes_back=row.takes_back,
    )


def pledges_of(connection: Connection, campaign_id: int) -> dict[int, str]:
    """The hash of each pledge text of a campaign, in hex, by the text's number."""
    rows = connection.execute(_PLEDGES, {"campaign_id": campaign_id}).all()
    return {row.id: bytes(row.sha256).hex() for row in rows}


def _extend_one(connection: Connection, head: Row[Any], limit: int, mark: Mark) -> int:
    campaign_id, after = head.campaign_id, head.log_size
    upto = min(head.size, after + limit)
    span = {"campaign_id": campaign_id, "after": after, "upto": upto}
    connection.execute(NAME_WHAT_IS_TAKEN_BACK, span)
    invalid = connection.execute(FIRST_INVALID, span).first()
    if invalid is not None:
        raise Inconsistent(f"{head.slug}: entry {invalid.number - 1}: {_why(invalid)}")
    entries = LedgerEntry.__table__.c
    # Read as a whole before anything else can fail: a half-read result would keep SQLite's snapshot, and the connection
    # could not begin to write again.
    rows = connection.execute(
        select(*entry_columns())
        .where(entries.campaign_id == campaign_id, entries.number > after, entries.number <= upto)
        .order_by(entries.number)
    ).all()
    pledges = pledges_of(connection, campaign_id)
    hashes = [merkle.leaf_hash(leaf_of(row, pledges).line) for row in rows]
    if len(hashes) != upto - after:
        raise Inconsistent(f"{head.slug}: entries between {after} and {upto} are missing")
    tiles = Tiles(connection, campaign_id)
    try:
        tiles.grow(after, hashes)
    except TooShort as error:
        raise Inconsistent(f"{head.slug}: {error}") from error
    connection.execute(update(LedgerHead).where(LedgerHead.campaign_id == campaign_id).values(log_size=upto))
    if upto == head.size:
        _publish(tiles, head.slug, Totals(upto, head.people, head.organizations), mark)
    return len(hashes)


def _why(invalid: Row[Any]) -> str:
    if invalid.delta == -1:
        return NOTHING_TAKEN_BACK
    return (
        PLUS_TAKES_BACK if invalid.takes_back is not None else "counts what an earlier entry counts already"
    )


def _due(connection: Connection, mark: Mark) -> list[Row[Any]]:
    """The logs that are in step and have no checkpoint as it would be signed today; if all have one and none says where the
    audit log ends now, one of them."""
    rows = [row for row in connection.execute(_PUBLISHED).all() if row.size == row.log_size]
    due = [row for row in rows if row.note is None or not _is_of_today(row.note, signers_for(row.slug))]
    if due or any(_tells(row, mark) for row in rows):
        return due
    return [row for row in rows if row.signed_at < clock.now() - _AUDIT_WAITS][:1]


def _tells(row: Row[Any], mark: Mark) -> bool:
    verifiers = [one.verifier for one in signers_for(row.slug)]
    return mark in audit_lines.marks(row.note, verifiers)


def _publish(tiles: Tiles, slug: str, totals: Totals, mark: Mark) -> None:
    """Sign what the log holds, unless it does not continue what was signed before (tlog-checkpoint: a log never does)."""
    signers, now = signers_for(slug), clock.now()
    before = tiles.connection.execute(
        select(Checkpoint.size, Checkpoint.root, Checkpoint.note)
        .where(Checkpoint.campaign_id == tiles.campaign_id)
        .order_by(Checkpoint.id.desc())
        .limit(1)
    ).first()
    try:
        root = merkle.root(totals.size, tiles.subtree)
        if before is not None:
            _check_continues(tiles, before.size, bytes(before.root), totals.size, root)
    except (TooShort, BadProof) as error:
        raise Inconsistent(f"{slug}: {error}") from error
    state = State(signers[0].name, totals.size, root)
    tiles.connection.execute(
        insert(Checkpoint).values(
            campaign_id=tiles.campaign_id,
            size=totals.size,
            root=state.root,
            people=totals.people,
            organizations=totals.organizations,
            note=notes.sign(state.text, signers) + audit_lines.lines(state.text, signers, mark),
            signed_at=now,
        )
    )
    if before is None or not _is_of_today(before.note, signers):
        _keep_keys(tiles.connection, tiles.campaign_id, signers, now)


def _check_continues(tiles: Tiles, old: int, old_root: bytes, new: int, new_root: bytes) -> None:
    proof = merkle.consistency_proof(old, new, tiles.subtree) if 0 < old < new else []
    merkle.check_consistency(old, new, old_root, new_root, proof)


def _keep_keys(connection: Connection, campaign_id: int, signers: list[Signer], now: datetime) -> None:
    insert_once = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    rows = [{"campaign_id": campaign_id, "verifier": str(one.verifier), "since": now} for one in signers]
    connection.execute(insert_once(LogKey).on_conflict_do_nothing(), rows)


def _is_of_today(note: str, signers: list[Signer]) -> bool:
    """Whether a note is of this origin and signed by exactly these keys, which say where the audit log ends, too."""
    mine = [one.verifier.key_id for one in signers] + [audit_lines.key_id(one.verifier) for one in signers]
    return note.startswith(f"{signers[0].name}\n") and notes.key_ids(note) == mine
