"""Plays a simulated week against the real scoring, the real watch and the real confirming, and tells what became of whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

import pytest
from limits.storage import MemoryStorage
from sqlalchemy import insert, select

from pledge.abuse import mail_servers, signals, velocity
from pledge.abuse.mail_servers import MailHosts
from pledge.abuse.models import OriginKind
from pledge.abuse.origin_list import Origin
from pledge.abuse.signals import Level, Signal, is_disposable
from pledge.abuse.velocity import FormLimit
from pledge.campaigns.models import Campaign
from pledge.core.db import fetch, transaction
from pledge.core.domains import registrable
from pledge.core.networks import block_of
from pledge.ledger import leaves
from pledge.mail.addresses import parse
from pledge.mail.providers import owned_domain
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash, origin
from pledge.watch import services as watch
from pledge.watch.clusters import COLUMNS
from pledge.watch.queries import report
from pledge.web import limits
from rehearsals.robots.expectations import Fate
from rehearsals.robots.simulator import ALLOWED, PUBLISHED, Visit, served_by
from tests.support.clock import Clock
from tests.support.factories import ANNA, endorsement, fold_all, submitted_columns, the_campaign

#: Soft limits as they are by default.
EACH_NETWORK, EACH_DOMAIN = "3 per 10 minutes", "30 per 10 minutes"
#: Seconds between two looks of the watch; the worker looks more often.
BETWEEN_LOOKS = 5
#: Seconds between two folds of the ledger, by which a large campaign is known.
BETWEEN_FOLDS = 60


@dataclass
class Rehearsal:
    clock: Clock
    fates: dict[str, Fate] = field(default_factory=dict)
    mail: dict[str, MailHosts] = field(default_factory=dict)  #: what the name servers say

    def play(self, visits: Sequence[Visit], monkeypatch: pytest.MonkeyPatch) -> None:
        """Everybody signs, answers and is looked at; `fates` and the database have the result."""
        monkeypatch.setattr("limits.storage.memory.time.time", lambda: self.clock.now().timestamp())
        mail_servers.waiting.clear()
        now = self.clock.now()
        tuesday = now.replace(hour=0, minute=0, second=0) + timedelta(days=(1 - now.weekday()) % 7)
        self.clock.move(seconds=(tuesday - now).total_seconds())
        storage, campaign = MemoryStorage(), the_campaign()
        for domain in ALLOWED:
            allowed = Origin(campaign.id, OriginKind.DOMAIN, domain_hash(campaign.slug, domain))
            watch.allow(ANNA, allowed, "They sign together")
        endorsement(
            campaign, email=f"speaker@{PUBLISHED}", website=f"https://www.{PUBLISHED}", level="domain"
        )
        who: dict[int, Visit] = {}
        answers: list[tuple[float, int]] = []
        waiting, at, folds, numbers = list(reversed(visits)), 0.0, 0.0, count()
        while waiting or answers:
            upto = at + BETWEEN_LOOKS
            rows = []
            while waiting and waiting[-1].at < upto:
                visit = waiting.pop()
                self._move(visit.at)
                row = self._submit(visit, storage, campaign, next(numbers))
                rows.append(row)
                who[row["id"]] = visit
                if visit.answers is not None:
                    heappush(answers, (visit.at + visit.answers, row["id"]))
            if rows:
                with transaction() as session:
                    session.execute(insert(Signature), rows)
            is_answered = bool(answers) and answers[0][0] < upto
            while answers and answers[0][0] < upto:
                moment, signature_id = heappop(answers)
                self._move(moment)
                # Where a scanner may press, everybody types the number that the form's page shows.
                services.confirm(signature_id, is_proved=True)
            self._move(upto)
            if upto >= folds:
                fold_all()
                folds = upto + BETWEEN_FOLDS
            if rows or is_answered:
                watch.hold_suspicious()
            at = (
                upto
                if rows or (answers and answers[0][0] < upto + 60)
                else self._next(waiting, answers, upto)
            )
        self._record_fates(who, campaign)

    def _next(self, waiting: Sequence[Visit], answers: Sequence[tuple[float, int]], upto: float) -> float:
        """Skip the time in which nothing happens."""
        soonest = [waiting[-1].at] if waiting else []
        soonest += [answers[0][0]] if answers else []
        return max(upto, min(soonest)) if soonest else upto

    _at: float = 0.0

    def _move(self, moment: float) -> None:
        self.clock.move(seconds=moment - self._at)
        self._at = moment

    def _submit(
        self, visit: Visit, storage: MemoryStorage, campaign: Campaign, number: int
    ) -> dict[str, Any]:
        """The row as signing leaves it, with the level that the form's signals have."""
        fate = self.fates.setdefault(visit.kind, Fate())
        over = velocity.exceeded(storage, _soft_limits(visit), count=True)
        seen = {*visit.sent, *(Signal(limit.name) for limit in over)}
        if is_disposable(visit.domain):
            seen.add(Signal.DISPOSABLE)
        level = signals.level(seen)
        fate.sent += 1
        fate.asked += level is not Level.LOW
        address = parse(f"someone{number}@{visit.domain}")
        came_from = origin(campaign.slug, address, visit.network)
        self.mail[visit.domain] = visit.mail or served_by(f"mx.{visit.domain}")
        mail_servers.note(came_from.domain_hash, visit.domain, campaign.slug)
        mail_servers.look_up_next(self.mail.__getitem__)
        salt = leaves.new_salt()
        return {
            **submitted_columns(campaign, address, self.clock.now()),
            **vars(came_from),
            "state": "pending",
            "country": "KR",
            "region": None,
            "salt": salt,
            "commitment": leaves.commitment(salt, address.mailed),
            "signals": signals.names(seen),
            "hold_reason": "signals" if level is Level.HIGH else None,
        }

    def _record_fates(self, visits: Mapping[int, Visit], campaign: Campaign) -> None:
        listed = {bytes(cluster.origin.hash) for cluster in report(campaign.id, campaign.slug).clusters}
        columns = (Signature.id, Signature.state, Signature.hold_reason, *COLUMNS.values())
        for signature_id, state, reason, *hashes in fetch(select(*columns)):
            visit = visits[signature_id]
            fate = self.fates[visit.kind]
            if reason is not None:
                fate.held += 1
                fate.without_press += listed.isdisjoint(map(bytes, filter(None, hashes)))
            if state == "confirmed":
                fate.counted += 1
                fate.of_domain[registrable(visit.domain) or visit.domain] += 1


def _soft_limits(visit: Visit) -> list[FormLimit]:
    """As the form has them (web/public/admission.py)."""
    soft_limits = [
        FormLimit(Signal.NETWORK, f"network {visit.network}", EACH_NETWORK),
        FormLimit(
            Signal.WIDE_NETWORK,
            f"block {block_of(visit.network.removesuffix('/64'))}",
            limits.scaled(EACH_NETWORK, limits.BLOCK_FACTOR),
        ),
    ]
    if domain := owned_domain(visit.domain):
        soft_limits.append(FormLimit(Signal.DOMAIN, f"domain {domain}", EACH_DOMAIN))
    return soft_limits
