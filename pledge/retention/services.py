"""Deleting what is past its retention period. The privacy notice states these periods: change both together."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Connection,
    Executable,
    and_,
    delete,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from pledge.abuse import mail_servers
from pledge.abuse.models import Alert, ListedOrigin, OriginKind
from pledge.accounts import throttle
from pledge.campaigns import forgetting
from pledge.core import clock
from pledge.core.db import Model, fetch, insert_into, is_postgresql, transaction, write_autocommit
from pledge.core.db.types import UTCDateTime
from pledge.core.logs import log
from pledge.endorsements import expiry as endorsement_expiry
from pledge.files import services as files
from pledge.mail.allowance import DAY_SECONDS, UNCONFIRMED_WINDOW
from pledge.mail.bounces.services import EVENTS
from pledge.mail.models import FINISHED, MailAllowance, MailEvent, MailSuppression, OutboxMail
from pledge.paper import services as paper
from pledge.signatures.keeping import EMPTIED, KEEPS_ADDRESS
from pledge.signatures.models import CAME_VIA, PENDING_LIFETIME, WANTS_NEWS, WHOLE, Signature, SignatureState
from pledge.statistics import referrals


class RetentionRun(Model):
    """The last run that ended well; one row. The privacy page shows it."""

    __tablename__ = "retention_runs"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    done_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


def last_run() -> datetime | None:
    """The end of the last run that went through (UTC); None before the first."""
    return fetch(select(RetentionRun.done_at)).scalar()


#: Mails that were sent or given up: long enough to answer "did you send me one?".
MAILS = timedelta(days=90)
#: The keyed hashes of the network that somebody signed from and of the wider one around it: long enough to find robots by it.
NETWORKS = timedelta(days=90)
_NETWORK_KINDS = (OriginKind.NETWORK, OriginKind.WIDE_NETWORK)
#: Alerts to staff: as long as the mails that told of them.
ALERTS = MAILS
#: Rows deleted in one transaction, so that nobody waits for a long lock.
BATCH = 5000
#: Seconds that one of them may take, more than a visitor's statement.
STATEMENT_SECONDS = 300
#: Larger than any difference between the clocks of two hosts, or to the last run of a restored backup.
CLOCKS_DIFFER = timedelta(days=1)


class NotAllDeleted(Exception):
    """Some expired data could not be deleted; the log says why."""


def run(delivered: Mapping[int, datetime], answered: Mapping[int, datetime]) -> dict[str, int]:
    """Delete everything past its retention period; what, and how many rows. Raises NotAllDeleted when all the rest is done.

    `delivered`: when the totals of each campaign were last handed over; the period of counted signatures begins then.
    `answered`: since when it is answered; that of the addresses of those who asked for news does.
    """
    now, last = clock.now(), last_run()
    forgotten = forgetting.archive_due(delivered)
    awaiting = forgetting.awaiting_answer(answered)
    sweeps: dict[str, Callable[[], int]] = {
        "signatures of campaigns that are long over": partial(_forget_signers, forgotten, awaiting),
        "addresses kept for an answer": _sweep(
            Signature,
            Signature.campaign_id.in_(set(forgotten) - set(awaiting)),
            and_(text(WANTS_NEWS)),
            Signature.state == SignatureState.ADDRESS_ONLY,
        ),
        "scans of such campaigns": partial(paper.erase_scans, forgotten),
        "unconfirmed signatures": _sweep(
            Signature,
            Signature.state == SignatureState.PENDING,
            Signature.submitted_at < now - PENDING_LIFETIME,
        ),
        "finished mails": _sweep(OutboxMail, and_(text(FINISHED)), OutboxMail.due_at < now - MAILS),
        "mail allowances": _sweep(
            MailAllowance,
            MailAllowance.last < int((now - timedelta(seconds=DAY_SECONDS)).timestamp()),
            MailAllowance.first < int((now - UNCONFIRMED_WINDOW).timestamp()),
        ),
        "ended stops of mails to an address": _sweep(MailSuppression, MailSuppression.until < now),
        "calls of the hook for bounces": _sweep(MailEvent, MailEvent.at < now - EVENTS),
        "files that nobody keeps": files.sweep,
        "networks of signatures": partial(_forget_networks, now, last),
        "links of partners, settled": _settle_links,
        **endorsement_expiry.sweeps(forgotten),
        "counts of tries to sign in": throttle.sweep,
        "mail servers of domains": mail_servers.sweep,
        "alerts to staff": _sweep(Alert, Alert.at < now - ALERTS),
        "listed networks and domains": _sweep(
            ListedOrigin,
            (ListedOrigin.lifted_at < now - NETWORKS)
            | (ListedOrigin.kind.in_(_NETWORK_KINDS) & (ListedOrigin.placed_at < now - NETWORKS)),
        ),
    }
    removed: dict[str, int] = {}
    for what, sweep in sweeps.items():
        try:
            removed[what] = sweep()
        except Exception as error:  # noqa: BLE001  # whatever it is, the others are deleted on time
            log.error("retention: not deleted", what=what, exc_info=error)
    if len(removed) < len(sweeps):
        raise NotAllDeleted
    write_autocommit(_note_run)
    return removed


def _note_run(connection: Connection) -> None:
    """Several workers may end a run at the same moment."""
    row = {"id": 1, "done_at": clock.now()}
    statement = insert_into(connection, RetentionRun).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=[RetentionRun.id], set_=row))


def _sweep(model: type[Model], *conditions: ColumnElement[bool]) -> Callable[[], int]:
    """A sweep that deletes the rows that meet these conditions."""
    key = next(iter(model.__table__.primary_key))
    old = select(key).where(*conditions).limit(BATCH)
    return partial(_in_batches, delete(model).where(*conditions, key.in_(old)).returning(key))


def _forget_signers(forgotten: list[int], awaiting: list[int]) -> int:
    """Delete the signatures of these campaigns; of those who are to hear of an answer the address stays, and is kept first."""
    condition = (Signature.campaign_id.in_(awaiting), text(WHOLE), *KEEPS_ADDRESS)
    some = select(Signature.id).where(*condition).limit(BATCH)
    empty = update(Signature).where(*condition, Signature.id.in_(some)).values(EMPTIED)
    _in_batches(empty.returning(Signature.id).execution_options(synchronize_session=False))
    return _sweep(Signature, Signature.campaign_id.in_(forgotten), and_(text(WHOLE)))()


def _forget_networks(now: datetime, last: datetime | None) -> int:
    """Forget the networks whose period ended since the last run, without reading all earlier signatures."""
    old = (
        select(Signature.id)
        .where(
            or_(Signature.network_hash.is_not(None), Signature.wide_network_hash.is_not(None)),
            Signature.submitted_at < now - NETWORKS,
        )
        .limit(BATCH)
    )
    if last is not None:
        old = old.where(Signature.submitted_at >= last - NETWORKS - CLOCKS_DIFFER)
    gone = {"network_hash": None, "wide_network_hash": None}
    forget = update(Signature).where(Signature.id.in_(old)).values(gone)
    return _in_batches(forget.returning(Signature.id))


def _settle_links() -> int:
    total = 0
    for outdated in referrals.outdated():
        has_code = (Signature.campaign_id == outdated.campaign_id, Signature.via == outdated.code)
        some = select(Signature.id).where(*has_code, text(CAME_VIA)).limit(BATCH)
        settle = update(Signature).where(*has_code, Signature.id.in_(some)).values(via=outdated.becomes)
        total += _in_batches(settle.returning(Signature.id))
    return total


def _in_batches(change: Executable) -> int:
    """Run a change of at most BATCH rows, which returns them, until there is nothing left for it."""
    total = 0
    while True:
        with transaction() as session:
            if is_postgresql():
                session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
            done = len(session.execute(change).all())
        total += done
        if done < BATCH:
            return total
