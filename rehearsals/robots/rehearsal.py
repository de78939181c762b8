"""Plays a simulated week against the real scoring, the real watch and the real confirming, and tells what became of whom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from pledge.abuse.velocity import SoftLimit
from pledge.campaigns.models import Campaign
from pledge.core.db import fetch, transaction
from pledge.core.networks import block_of
from pledge.ledger import leaves
from pledge.mail.addresses import parse
from pledge.mail.providers import owned_domain
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash, origin
from pledge.watch import services as watch
from pledge.web import limits
from rehearsals.robots.simulator import MARKED, Visit, Who, mail_server
from tests.support.clock import Clock
from tests.support.factories import ANNA, submitted_columns, the_campaign

#: Soft limits as they are by default.
EACH_NETWORK, EACH_DOMAIN = "3 per 10 minutes", "30 per 10 minutes"
#: Seconds between two looks of the watch; the worker looks more often.
BETWEEN_LOOKS = 5


@dataclass
class Fate:
    """What became of one kind."""

    who: Who
    sent: int = 0
    asked: int = 0  #: for a proof of work
    held: int = 0  #: kept from the count until a person decides
    counted: int = 0
    at_servers: Counter[str] = field(default_factory=Counter)  #: of those counted, where their mail is read

    @property
    def most_at_one_server(self) -> int:
        return max(self.at_servers.values(), default=0)


@dataclass
class Rehearsal:
    clock: Clock
    fates: dict[str, Fate] = field(default_factory=dict)

    def play(self, visits: Sequence[Visit], monkeypatch: pytest.MonkeyPatch) -> None:
        """Everybody signs, answers and is looked at; `fates` and the database have the result."""
        monkeypatch.setattr("limits.storage.memory.time.time", lambda: self.clock.now().timestamp())
        mail_servers.waiting.clear()
        storage, campaign = MemoryStorage(), the_campaign()
        for domain in MARKED:
            marked = Origin(campaign.id, OriginKind.DOMAIN, domain_hash(campaign.slug, domain))
            watch.allow(ANNA, marked, "They sign together")
        who: dict[int, Visit] = {}
        answers: list[tuple[float, int]] = []
        waiting, at, numbers = list(reversed(visits)), 0.0, count()
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
                services.confirm(signature_id)
            self._move(upto)
            if rows or is_answered:
                watch.hold_suspicious()
            at = (
                upto
                if rows or (answers and answers[0][0] < upto + 60)
                else self._next(waiting, answers, upto)
            )
        self._record_fates(who)

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
        fate = self.fates.setdefault(visit.kind, Fate(visit.who))
        found = {*visit.sent, *velocity.exceeded(storage, _soft_limits(visit), count=True)}
        if is_disposable(visit.domain):
            found.add(Signal.DISPOSABLE)
        level = signals.level(found)
        fate.sent += 1
        fate.asked += level is not Level.LOW
        address = parse(f"someone{number}@{visit.domain}")
        came_from = origin(campaign.slug, address, visit.network)
        mail_servers.note(came_from.domain_hash, visit.domain, campaign.slug)
        mail_servers.look_up_next(lambda domain: MailHosts([(10, mail_server(domain))]))
        salt = leaves.new_salt()
        return {
            **submitted_columns(campaign, address, self.clock.now()),
            **vars(came_from),
            "state": "pending",
            "country": "KR",
            "region": None,
            "salt": salt,
            "commitment": leaves.commitment(salt, address.mailed),
            "signals": signals.names(found),
            "hold_reason": "signals" if level is Level.HIGH else None,
        }

    def _record_fates(self, visits: Mapping[int, Visit]) -> None:
        query = select(Signature.id, Signature.state, Signature.hold_reason)
        for signature_id, state, reason in fetch(query):
            visit = visits[signature_id]
            fate = self.fates[visit.kind]
            fate.held += reason is not None
            if state == "confirmed":
                fate.counted += 1
                fate.at_servers[mail_server(visit.domain)] += 1

    def share(self, who: Who, what: str) -> float:
        """Of all these, the share that was "asked", "held" or "counted"."""
        fates = [fate for fate in self.fates.values() if fate.who is who]
        return sum(getattr(fate, what) for fate in fates) / sum(fate.sent for fate in fates)

    def table(self) -> str:
        """The fates as Markdown."""
        lines = [
            "| Who | Sign-ups | Asked for proof of work | Held | Counted | At one mail server |",
            "|---|---|---|---|---|---|",
        ]
        order = list(Who)
        for kind, fate in sorted(self.fates.items(), key=lambda item: order.index(item[1].who)):
            figures = (fate.sent, fate.asked, fate.held, fate.counted, fate.most_at_one_server)
            lines.append(f"| {kind} | {' | '.join(f'{figure:,}' for figure in figures)} |")
        return "\n".join(lines)


def _soft_limits(visit: Visit) -> list[SoftLimit]:
    """As the form has them (web/public/admission.py)."""
    found = [
        SoftLimit(Signal.NETWORK, visit.network, EACH_NETWORK),
        SoftLimit(
            Signal.WIDE_NETWORK,
            block_of(visit.network.removesuffix("/64")),
            limits.scaled(EACH_NETWORK, limits.BLOCK_FACTOR),
        ),
    ]
    if domain := owned_domain(visit.domain):
        found.append(SoftLimit(Signal.DOMAIN, domain, EACH_DOMAIN))
    return found
