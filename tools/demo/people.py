"""Sample people: who signed when and from where, and their rows as signing, confirming and withdrawing would leave them."""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, product
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from pledge.core import languages
from pledge.core.encryption import vault
from pledge.core.i18n import SEOUL
from pledge.core.text import markdown
from pledge.ledger import leaves
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.services import hour_of
from pledge.mail.addresses import address_hash, parse
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.mail.providers import OTHER
from pledge.mail.services import SAMPLE_DOMAIN
from pledge.mailed_links.links import new_id
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import domain_hash
from tools.demo.content import read

#: How people spread over a day in Seoul: an hour's share, from midnight on.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 12, 11, 10, 11, 16, 12, 9, 9, 9, 11, 15, 17, 21, 23, 17, 8)
#: Saturday and Sunday against the other days.
_WEEKEND = 0.65
#: The first days draw many, then it becomes quiet; what was on the news draws some again for a few days.
_LAUNCH, _LAUNCH_DAYS, _QUIET = 7.0, 3.0, 1.0
_NEWS, _NEWS_DAYS = 3.5, 1.6

#: Where people have their mailbox.
_PROVIDERS = ("naver", "gmail", "kakao", OTHER), (46, 24, 12, 18)
_TIME_TO_SEND = timedelta(seconds=2)

_WITHDRAWN = 0.014
_DAYS_TO_WITHDRAW = 9.0
_PUBLIC_NAME, _UPDATES = 0.24, 0.38
_THROUGH_LINK = 0.2
#: Of all, at least so many since midnight, however late it is: the pages name a region of today.
_TODAY = 0.01


@dataclass(frozen=True)
class Person:
    """One who signed; moments in UTC. `confirmed_at` is None for who has not confirmed, `withdrawn_at` for who stayed."""

    name: str
    lang: str
    country: str
    region: str | None
    submitted_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    public_name: bool
    updates: bool


def invent(
    chance: random.Random, number: int, begins: datetime, ends: datetime, news: Sequence[datetime]
) -> list[Person]:
    """So many people between two moments, more of them after each moment of `news`; some have withdrawn since."""
    names = _Names(chance)
    places = _Places(chance)
    people = []
    for confirmed_at in _moments(chance, number, begins, ends, news):
        country, region = places.draw()
        lang = names.language_of(country)
        gone = confirmed_at + timedelta(days=chance.expovariate(1 / _DAYS_TO_WITHDRAW))
        withdrawn_at = gone if chance.random() < _WITHDRAWN and gone < ends else None
        people.append(
            Person(
                name=names.draw(lang),
                lang=lang,
                country=country,
                region=region,
                submitted_at=confirmed_at - _time_to_confirm(chance),
                confirmed_at=confirmed_at,
                withdrawn_at=withdrawn_at,
                public_name=withdrawn_at is None and chance.random() < _PUBLIC_NAME,
                updates=withdrawn_at is None and chance.random() < _UPDATES,
            )
        )
    return people


def invent_waiting(chance: random.Random, number: int, begins: datetime, ends: datetime) -> list[Person]:
    """People who have not confirmed."""
    names, places, people = _Names(chance), _Places(chance), []
    for _ in range(number):
        country, region = places.draw()
        lang = names.language_of(country)
        at = begins + (ends - begins) * chance.random()
        people.append(Person(names.draw(lang), lang, country, region, at, None, None, False, False))
    return people


def invent_quick(chance: random.Random, number: int, ends: datetime) -> list[Person]:
    """People who signed one after another in the last hour and confirmed within seconds."""
    names, people = _Names(chance), []
    for place in range(number):
        at = ends - timedelta(hours=1) + place * timedelta(seconds=40)
        confirmed_at = at + timedelta(seconds=chance.randint(2, 9))
        lang = languages.default()
        people.append(Person(names.draw(lang), lang, "KR", None, at, confirmed_at, None, False, False))
    return people


class Recorder:
    """Writes people into a campaign, with their entries in the ledger."""

    def __init__(self, campaign_id: int, pledge_text_id: int, links: Sequence[str] = ()) -> None:
        """`links`: the codes of those whose links brought some of the people, the first the most."""
        self._campaign_id, self._pledge_text_id = campaign_id, pledge_text_id
        self._links = links
        self._chance = random.Random(2050)  # samples, not secrets
        self._count = 0
        self._privacy_version = markdown.privacy_version()

    def sign(self, session: Session, people: Iterable[Person]) -> list[tuple[Person, dict[str, Any]]]:
        """Store signatures, confirmed where the person has; entries are still to be appended."""
        signed = [(person, self._signature(person)) for person in people]
        self._store(session, [row for _, row in signed])
        return signed

    def hold(self, session: Session, slug: str, people: Iterable[Person], domain: str) -> None:
        """Store signatures of one e-mail domain that were confirmed and wait for a decision."""
        held = {
            "state": SignatureState.HELD,
            "hold_reason": "size",
            "domain_hash": domain_hash(slug, domain),
            "mail_provider": OTHER,
            "public_name": False,
            "updates": False,
        }
        self._store(session, [self._signature(person) | held for person in people])

    def withdraw(self, session: Session, gone: Sequence[tuple[Person, Mapping[str, Any]]]) -> None:
        if not gone:
            return
        table = Signature.__table__.c
        session.connection().execute(
            update(Signature.__table__)  # type: ignore[arg-type]  # a model's table is one
            .where(table.id == bindparam("which"))
            .values(state=SignatureState.WITHDRAWN, withdrawn_at=bindparam("at"), via=None),
            [{"which": row["id"], "at": person.withdrawn_at} for person, row in gone],
        )

    def entry(self, row: Mapping[str, Any], reason: Reason, at: datetime) -> dict[str, Any]:
        """The entry of a signature for the ledger."""
        return {
            "campaign_id": self._campaign_id,
            "kind": Kind.PERSON,
            "delta": reason.delta,
            "reason": reason,
            "subject_id": row["id"],
            "country": row["country"],
            "region": row["region"],
            "hour": hour_of(at),
            "occurred_at": at,
            "pledge_text_id": self._pledge_text_id,
            "commitment": row["commitment"] if reason.delta == 1 else None,
        }

    @staticmethod
    def _store(session: Session, signatures: list[dict[str, Any]]) -> None:
        """Store them, and the mail that asked each to confirm."""
        mails = [
            {
                "kind": MailKind.CONFIRM,
                "subject_id": row["id"],
                "seq": 1,
                "lang": row["lang"],
                "state": MailState.SENT,
                "attempts": 1,
                "created_at": row["submitted_at"],
                "due_at": row["submitted_at"],
                "sent_at": row["submitted_at"] + _TIME_TO_SEND,
            }
            for row in signatures
        ]
        if signatures:
            session.execute(insert(Signature), signatures)
            session.execute(insert(OutboxMail), mails)

    def _signature(self, person: Person) -> dict[str, Any]:
        self._count += 1
        address = parse(f"person-{self._count:05d}@{SAMPLE_DOMAIN}")
        salt = leaves.new_salt()
        return {
            "id": new_id(),
            "campaign_id": self._campaign_id,
            "address_hash": address_hash(address),
            "content_hash": vault().keyed_hash(f"sample {address.mailed}"),
            "state": SignatureState.CONFIRMED if person.confirmed_at else SignatureState.PENDING,
            "email": address.mailed,
            "name": person.name,
            "country": person.country,
            "region": person.region,
            "public_name": person.public_name,
            "updates": person.updates,
            "lang": person.lang,
            "pledge_text_id": self._pledge_text_id,
            "privacy_version": self._privacy_version,
            "submitted_at": person.submitted_at,
            "salt": salt,
            "commitment": leaves.commitment(salt, address.mailed),
            "mails": 1,
            "code_since": person.submitted_at,
            "confirmed_at": person.confirmed_at,
            "via": self._link(),
            "mail_provider": self._chance.choices(*_PROVIDERS)[0],
        }

    def _link(self) -> str | None:
        if not self._links or self._chance.random() >= _THROUGH_LINK:
            return None
        (link,) = self._chance.choices(self._links, [1 / place for place in range(1, len(self._links) + 1)])
        return link


def append(session: Session, entries: list[dict[str, Any]]) -> None:
    """Append entries to the ledger in the order in which they happened."""
    if entries:
        session.execute(insert(LedgerEntry), sorted(entries, key=lambda entry: entry["occurred_at"]))


def _moments(
    chance: random.Random, number: int, begins: datetime, ends: datetime, news: Sequence[datetime]
) -> list[datetime]:
    """When people confirmed, in order."""
    hours = [
        begins + timedelta(hours=hour) for hour in range(math.ceil((ends - begins) / timedelta(hours=1)))
    ]
    weights = [_draw_of(hour, begins, news) for hour in hours]
    moments = (
        hour + timedelta(hours=1) * chance.random() for hour in chance.choices(hours, weights, k=2 * number)
    )
    midnight = ends.astimezone(SEOUL).replace(hour=0, minute=0, second=0, microsecond=0)
    today = [midnight + (ends - midnight) * chance.random() for _ in range(round(number * _TODAY))]
    # The last hour is not over: who would confirm after the end is left out.
    return sorted([*today, *(moment for moment in moments if moment < ends)][:number])


def _draw_of(hour: datetime, begins: datetime, news: Sequence[datetime]) -> float:
    local = hour.astimezone(SEOUL)
    days = (hour - begins) / timedelta(days=1)
    pull = _QUIET + _LAUNCH * math.exp(-days / _LAUNCH_DAYS)
    for moment in news:
        since = (hour - moment) / timedelta(days=1)
        if since >= 0:
            pull += _NEWS * math.exp(-since / _NEWS_DAYS)
    return pull * _HOURS[local.hour] * (_WEEKEND if local.weekday() >= 5 else 1)


def _time_to_confirm(chance: random.Random) -> timedelta:
    """Most confirm within minutes, some in the evening."""
    return timedelta(minutes=min(chance.lognormvariate(1.1, 1.2), 60 * 20))


class _Places:
    """Countries and regions in the shares of the file."""

    def __init__(self, chance: random.Random) -> None:
        shares = read("people")
        self._chance = chance
        self._countries = list(shares["countries"]), list(shares["countries"].values())
        regions: dict[str | None, int] = dict(shares["regions"])
        regions[None] = max(0, 1000 - sum(regions.values()))
        self._regions = list(regions), list(regions.values())

    def draw(self) -> tuple[str, str | None]:
        (country,) = self._chance.choices(*self._countries)
        (region,) = self._chance.choices(*self._regions)
        return country, region if country == "KR" else None


class _Names:
    """Names in the languages of the site that the file has names for."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._given: dict[str, Any] = read("people")["names"]
        self._all: dict[str, Iterator[str]] = {}

    def language_of(self, country: str) -> str:
        """Nearly all in Korea read the first language of the site, most elsewhere another one."""
        others = languages.others(languages.default())
        stays = self._chance.random() < (0.97 if country == "KR" else 0.25)
        return languages.default() if stays or not others else self._chance.choice(others)

    def draw(self, lang: str) -> str:
        """A name that comes again only when all have been drawn."""
        if lang not in self._all:
            names = self._given.get(lang) or next(iter(self._given.values()))
            every = [
                names["pattern"].format(family=family, given=given)
                for family, given in product(names["family"], names["given"])
            ]
            self._chance.shuffle(every)
            self._all[lang] = cycle(every)
        return next(self._all[lang])
