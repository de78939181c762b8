"""Whether the ledger agrees with what it counts, and what became of all sign-ups of a campaign.

Those are counted, waiting, held, refused, withdrawn, or taken out of the count and why.

The counted, the withdrawn and the sum of those taken out are entries of the public log, so nothing of them is hidden. The
rest is shown as in every breakdown: reasons with few people are merged, and fewer than five who have not confirmed, are held
or were refused are not shown, nor the sum of all, from which they could be computed.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta

from sqlalchemy import Connection, case, func, literal, select, text
from sqlalchemy.exc import SQLAlchemyError

from pledge.campaigns.forgetting import forgotten
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import fetch, is_postgresql, load, reading, snapshot, transaction
from pledge.core.i18n import Phrase
from pledge.endorsements.counting import LISTED
from pledge.ledger import counting
from pledge.ledger import queries as ledger
from pledge.ledger.counting import Mismatch
from pledge.ledger.models import Kind
from pledge.paper.queries import AGREED
from pledge.signatures.entries import CONFIRMED
from pledge.signatures.invalidation.models import REASON_LABELS, Invalidation, InvalidationReason
from pledge.signatures.models import Signature, SignatureState
from pledge.statistics.cells import MIN_CELL, Breakdown, merge_small
from pledge.statistics.models import IntegrityReport

#: The line for reasons with too few people to be shown separately.
MERGED = "merged"

#: The next reading is due after this many times the duration of the last one.
REST_FACTOR = 100
#: The time limit of the query, which reads every row of a campaign.
STATEMENT_SECONDS = 300

#: The line of those that were held and never counted: their invalidation is in no log.
REFUSED = "refused"
#: What the public log does not tell.
_UNLOGGED = (SignatureState.PENDING.value, SignatureState.HELD.value, REFUSED)
_REASONS = tuple(reason.value for reason in InvalidationReason)
#: The lines in their order: a state, or the reason of an invalidation.
LINE_LABELS: dict[str, Phrase] = {
    SignatureState.PENDING: Phrase("sign-ups", "Not confirmed yet"),
    SignatureState.HELD: Phrase("sign-ups", "Confirmed; a person still has to look at it"),
    REFUSED: Phrase("sign-ups", "Confirmed; not accepted after a person looked at it"),
    SignatureState.WITHDRAWN: Phrase("sign-ups", "Withdrawn by the signer"),
    **REASON_LABELS,
    MERGED: Phrase("sign-ups", "Several of these, too few to show separately"),
}


def mismatches(connection: Connection | None = None) -> list[Mismatch]:
    """Where confirmed signatures, the wall or agreed batches differ from what the ledger adds up to; an empty list is right.

    Where people are forgotten there is nothing left to compare with.
    """
    with reading() if connection is None else nullcontext(connection) as used:
        people = counting.mismatches(used, Kind.PERSON, CONFIRMED, by_place=True)
        gone = forgotten(used) if people else ()
        return [
            *(mismatch for mismatch in people if mismatch.campaign_id not in gone),
            *counting.mismatches(used, Kind.ORGANIZATION, LISTED, by_place=False),
            *counting.mismatches(used, Kind.PAPER, AGREED, by_place=False),
        ]


def recent(campaign_id: int) -> IntegrityReport:
    """The figures as the worker has stored them: one row read, whatever the size. Before the first time they are read now."""
    stored = load(select(IntegrityReport).where(IntegrityReport.campaign_id == campaign_id))
    return stored[0] if stored and stored[0].forgotten_at is None else integrity(campaign_id)


def renew() -> None:
    """Store the figures of every campaign, so seldom that reading them takes at most a hundredth of the time.

    Raises the error of a campaign that cannot be read when the others are done.
    """
    errors = []
    campaigns = fetch(select(Campaign.id).where(Campaign.forgotten_at.is_(None))).scalars().all()
    last = {row.campaign_id: row for row in load(select(IntegrityReport))}
    for campaign_id in campaigns:
        row = last.get(campaign_id)
        if row is None or clock.now() >= row.as_of + row.took * REST_FACTOR:
            try:
                report = integrity(campaign_id)
            except SQLAlchemyError as error:  # such as more rows than can be read in STATEMENT_SECONDS
                errors.append(error)
                continue
            with transaction() as session:
                session.merge(report)
    if errors:
        raise errors[0]


def integrity(campaign_id: int) -> IntegrityReport:
    """Compute the figures of one campaign now, from every row of it."""
    as_of, begun = clock.now(), clock.monotonic()
    taken_out = Signature.state == SignatureState.INVALIDATED
    line = case(
        (taken_out & Signature.hold_reason.is_not(None), literal(REFUSED)),
        (taken_out, Invalidation.reason),
        else_=Signature.state,
    )
    lines = (
        select(line.label("line"))
        .select_from(Signature)
        .outerjoin(Invalidation, Invalidation.id == Signature.invalidation_id)
        .where(Signature.campaign_id == campaign_id)
        .subquery()
    )
    query = (
        select(lines.c.line, func.count())
        .group_by(lines.c.line)
        .execution_options(deadline=STATEMENT_SECONDS)
    )
    # A transaction, with which the longer limit ends.
    with snapshot() as connection:
        if is_postgresql():
            connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
        cells = {row[0]: row[1] for row in connection.execute(query)}
        log_size, waiting = ledger.size_and_waiting(connection, campaign_id)
    confirmed = cells.pop(SignatureState.CONFIRMED.value, 0)
    uncounted = _public_lines({key: cells[key] for key in LINE_LABELS if key in cells})
    submitted = None if None in uncounted.values() else confirmed + sum(cells.values())
    (campaign,) = load(select(Campaign).where(Campaign.id == campaign_id))
    if campaign.forgotten_at is not None:
        count = ledger.count(campaign_id)
        confirmed, submitted, uncounted = count.people, None, {}
        log_size, waiting = count.log_size, 0
    return IntegrityReport(
        campaign_id=campaign_id,
        campaign=campaign,
        as_of=as_of,
        took=timedelta(seconds=clock.monotonic() - begun),
        confirmed=confirmed,
        waiting=waiting,
        log_size=log_size,
        submitted=submitted,
        uncounted=uncounted,
    )


def _public_lines(cells: Mapping[str, int]) -> dict[str, int | None]:
    """The lines in the order of LINE_LABELS, with the merged reasons last."""
    reasons = {key: cells[key] for key in _REASONS if key in cells}
    breakdown = merge_small(reasons) if len(reasons) > 1 else Breakdown(reasons, None)
    lines: dict[str, int | None] = {key: cells[key] for key in cells if key not in reasons}
    lines |= {key: None for key in _UNLOGGED if 0 < cells.get(key, 0) < MIN_CELL}
    lines |= breakdown.shown
    return lines if breakdown.other is None else {**lines, MERGED: breakdown.other}
