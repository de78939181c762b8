"""The worker's watch over the last sign-ups: what waits in a cluster that no group of people makes is put on hold.

Nobody is refused by it: what it holds is mailed and confirmed as usual, and a person decides (signatures/invalidation/). What
was counted before a cluster showed itself stays counted until staff take it out. A mailbox at a large provider is held only
for the answers of its own network, never for what others around it have done.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from pledge.abuse import alerts
from pledge.abuse.models import AlertKind, OriginKind
from pledge.accounts import alarms
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.logs import log
from pledge.signatures.models import Signature
from pledge.signatures.queries import held_in_all, lock
from pledge.watch.clusters import COLUMNS, IS_SMALL, WAITS, Rule, SuspiciousCluster, suspicious

#: How far back it looks.
WINDOW = timedelta(hours=1)
#: Rows put on hold in one transaction: whoever confirms one of them waits for it.
BATCH = 500
#: How often staff are alerted to held signatures to which none has been added.
REMIND_AFTER = timedelta(days=1)


def hold_suspicious() -> int:
    """Put on hold what waits in clusters that no group of people makes; how many sign-ups that were."""
    since = clock.now() - WINDOW
    clusters = suspicious(since)
    held = sum(_hold(rule, [one for one in clusters if one.rule is rule], since) for rule in Rule)
    if held:
        log.warning("sign-ups put on hold", sign_ups=held, clusters=len(clusters))
    return held


def alert_held() -> None:
    """Alert to the signatures that wait for a decision, whatever held them: to new ones after the kind's time of quiet
    (abuse/alerts.py), to the same ones once in `REMIND_AFTER`.
    """
    waiting = held_in_all()
    if waiting is None:
        return
    last = alerts.last_at(AlertKind.SIGN_UPS_HELD)
    if last is None or waiting.newest >= last or last <= clock.now() - REMIND_AFTER:
        with transaction() as session:
            alarms.alert(session, AlertKind.SIGN_UPS_HELD, sign_ups=waiting.signatures)


def _hold(rule: Rule, clusters: Sequence[SuspiciousCluster], since: datetime) -> int:
    """Hold what waits in these clusters; how many sign-ups that were."""
    if not clusters:
        return 0
    within = [
        COLUMNS[kind].in_([one.hash for one in clusters if one.kind is kind])
        & (True if kind is OriginKind.NETWORK and rule is Rule.SPEED else IS_SMALL)
        for kind in {one.kind for one in clusters}
    ]
    waiting = select(Signature.id).where(Signature.submitted_at >= since, *WAITS, or_(*within))
    with reading() as connection:
        ids = list(connection.execute(waiting).scalars())
    return sum(_mark(rule, ids[at : at + BATCH]) for at in range(0, len(ids), BATCH))


def _mark(rule: Rule, ids: Sequence[int]) -> int:
    statement = (
        update(Signature)
        .where(Signature.id.in_(ids), *WAITS)
        .values(hold_reason=rule)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        lock(session, ids)
        return len(session.execute(statement).all())
