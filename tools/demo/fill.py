"""Filling the demo campaign with ten weeks of sample data, day by day, each day folded as it would have been."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from pledge.audit.models import COMMAND_LINE, Actor
from pledge.audit.services import record
from pledge.campaigns import items, sharing, staff_queries
from pledge.campaigns.events import EVENT, EventFields
from pledge.campaigns.media import QUOTATION, set_quotation
from pledge.campaigns.models import Campaign, PledgeText
from pledge.campaigns.rules import stamp
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.deliveries import freezing
from pledge.deliveries import services as deliveries
from pledge.deliveries.services import Answer, HandingOver
from pledge.endorsements.models import Endorsement
from pledge.files.scans import store_scan
from pledge.jobs import services as jobs
from pledge.jobs.services import Makers
from pledge.ledger import log_queries
from pledge.ledger.models import LedgerEntry, Reason
from pledge.ledger.numbering import FoldSources
from pledge.ledger.services import fold
from pledge.news.models import NewsItem, NewsState
from pledge.paper import queries as paper_queries
from pledge.paper import services as paper
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash
from pledge.statistics import referrals
from pledge.statistics.totals import NoSuchCheckpoint
from pledge.switches import queries as switches
from pledge.switches.registry import Switch
from tools.demo import organizations, people
from tools.demo.content import FOLDER, read, store_logo
from tools.demo.organizations import Register, SampleOrganization
from tools.demo.people import Person, Recorder

_LENGTH = timedelta(weeks=10)
_DAY = timedelta(days=1)
#: For each person who confirmed, so many wait, all of the last days.
_WAITING, _WAITING_DAYS = 0.02, 9
#: For so many days more one can sign.
_REMAINING_DAYS = 120
#: Nobody of the staff.
_EDITOR, _SECOND_PERSON = Actor(-1, "sample-editor", ""), Actor(-2, "sample-approver", "")
_HOUR = timedelta(hours=1)
#: Held signatures of two e-mail domains; a second person is asked to refuse those of one.
_REFUSED = "bulk.example.org"
_HELD = {_REFUSED: 60, "quick.example.org": 8}


class SampleState(StrEnum):
    FILLING = "filling"  #: begun; when nothing is at work any more, it was interrupted
    FILLED = "filled"


class NoSuchDemo(LookupError):
    """The campaign is not loaded."""


class NotEmpty(Exception):
    """The database has signatures or organisations already, which sample data must not be mixed with."""


class Interrupted(Exception):
    """An earlier filling was interrupted; what it left is neither empty nor whole."""


@dataclass(frozen=True)
class _Delivery:
    """A delivery of the file, at its moments."""

    facts: dict[str, Any]
    frozen_at: datetime
    handed_over_at: datetime
    answered_at: datetime | None
    answer_due: date | None


def fill(slug: str, sources: FoldSources, makers: Makers, *, number: int) -> bool:
    """Fill a campaign with sample data; False when that was done before, and nothing is changed.

    The texts say what is invented, the addresses cannot be mailed to. Raises NoSuchDemo, NotEmpty, Interrupted.
    """
    with transaction() as session:
        campaign = session.scalars(
            select(Campaign).where(Campaign.slug == slug).with_for_update()
        ).one_or_none()
        if campaign is None:
            raise NoSuchDemo
        state = sample_state(session)
        if state is SampleState.FILLED:
            return False
        if state is SampleState.FILLING:
            raise Interrupted
        if any(
            session.scalar(select(exists(select(table)))) for table in (Signature, Endorsement, LedgerEntry)
        ):
            raise NotEmpty
        mark_sample_data(session, SampleState.FILLING)
        newest = select(PledgeText.id).where(PledgeText.campaign_id == campaign.id)
        pledge_text_id = session.scalars(newest.order_by(PledgeText.version.desc()).limit(1)).one()
        record(session, COMMAND_LINE, "sample_data.fill", f"campaign:{slug}", people=number)
        campaign_id = campaign.id
    switches.snapshot.clear()
    _fill(slug, campaign_id, pledge_text_id, sources=sources, makers=makers, number=number)
    with transaction() as session:
        mark_sample_data(session, SampleState.FILLED)
    return True


def sample_state(session: Session) -> SampleState | None:
    """None in a database without sample data."""
    row = session.get(Switch, switches.SAMPLE_DATA)
    return None if row is None else SampleState(json.loads(row.value))


def mark_sample_data(session: Session, state: SampleState) -> None:
    """Store the state, in the caller's transaction."""
    row = Switch(name=switches.SAMPLE_DATA, value=json.dumps(state), changed_at=clock.now(), ends_at=None)
    session.merge(row)


def _fill(
    slug: str, campaign_id: int, pledge_text_id: int, *, sources: FoldSources, makers: Makers, number: int
) -> None:
    chance = random.Random(2050)  # samples, not secrets
    ends = clock.now()
    begins = ends - _LENGTH
    to_hand_over = _deliveries(ends)
    _add_media(slug)
    organizations.add_partners(slug)
    moments = [
        moment
        for handover in to_hand_over
        for moment in (handover.handed_over_at, handover.answered_at)
        if moment
    ]
    news = [*_add_events(slug, begins, ends), *moments]
    crowd = people.invent(chance, number, begins, ends, news)
    history = _History(
        recorder=Recorder(
            campaign_id, pledge_text_id, [handover.code for handover in referrals.partners(campaign_id)]
        ),
        register=Register(campaign_id, pledge_text_id),
        crowd=crowd,
        organizations=organizations.invent(chance, begins, ends),
        sources=sources,
    )
    frozen: list[int] = []
    for day in range(1, _LENGTH // _DAY + 1):
        until = begins + day * _DAY
        with clock.pretend(until):
            history.advance(until - _DAY, until)
            due = [handover for handover in to_hand_over[len(frozen) :] if until >= handover.frozen_at]
            frozen += [_freeze(slug, campaign_id, delivery, makers) for delivery in due]
    for delivery_id, delivery in zip(frozen, to_hand_over, strict=True):
        _hand_over(delivery_id, delivery)
    waiting = people.invent_waiting(chance, round(number * _WAITING), ends - _WAITING_DAYS * _DAY, ends)
    with transaction() as session:
        history.recorder.sign(session, waiting)
        _add_news(session, campaign_id, crowd)
        session.get_one(Campaign, campaign_id).closes_at = _end_of_day(ends, _REMAINING_DAYS)
        for domain, size in _HELD.items():
            history.recorder.hold(session, slug, people.invent_quick(chance, size, ends), domain)
    with clock.pretend(ends - _DAY), transaction() as session:
        for organization in history.organizations:
            if organization.correction:
                history.register.correct(session, organization)
            if organization.through_link:
                history.register.gather(session, organization)
    _add_paper(slug, campaign_id)
    with_one_domain = Condition(campaign_id=campaign_id, domain_hash=domain_hash(slug, _REFUSED))
    invalidations.propose(_EDITOR, with_one_domain, InvalidationReason.AUTOMATED, "bulk sign-ups")


@dataclass
class _History:
    """What happens in the campaign, one period after another."""

    recorder: Recorder
    register: Register
    crowd: Sequence[Person]
    organizations: Sequence[SampleOrganization]
    sources: FoldSources

    def __post_init__(self) -> None:
        self._signed: list[tuple[Person, dict[str, Any]]] = []  #: those who will withdraw

    def advance(self, after: datetime, until: datetime) -> None:
        """Record what happened in this time, and count it."""
        with transaction() as session:
            self._people(session, after, until)
            for organization in self.organizations:
                if after < (organization.published_at or organization.submitted_at) <= until:
                    self.register.apply(session, organization)
                if organization.left_at and after < organization.left_at <= until:
                    self.register.leave(session, organization)
        while fold(self.sources):
            pass

    def _people(self, session: Session, after: datetime, until: datetime) -> None:
        signing = [
            person for person in self.crowd if person.confirmed_at and after < person.confirmed_at <= until
        ]
        signed = self.recorder.sign(session, signing)
        self._signed += [(person, row) for person, row in signed if person.withdrawn_at]
        gone = [
            (person, row)
            for person, row in self._signed
            if person.withdrawn_at and after < person.withdrawn_at <= until
        ]
        self.recorder.withdraw(session, gone)
        entry = self.recorder.entry
        entries = [entry(row, Reason.CONFIRMED, at) for person, row in signed if (at := person.confirmed_at)]
        entries += [entry(row, Reason.WITHDRAWN, at) for person, row in gone if (at := person.withdrawn_at)]
        people.append(session, entries)


def _add_events(slug: str, begins: datetime, ends: datetime) -> list[datetime]:
    """Add the events of the file; the moments of those that are over."""
    over = []
    with clock.pretend(begins):
        for facts in read("events")["events"]:
            starts_at = _moment(ends, facts["day"], facts["hour"])
            fields = EventFields(
                title=languages.texts(facts["title"]),
                place=languages.texts(facts.get("place", {})),
                url=facts.get("url", ""),
                is_online=facts.get("online", False),
                join_url=facts.get("join_url", ""),
                speakers=languages.texts(facts.get("speakers", {})),
                all_day=False,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=facts["lasts"]),
                outcome=languages.texts(facts.get("outcome", {})),
            )
            items.add(EVENT, COMMAND_LINE, slug, fields)
            if starts_at < ends:
                over.append(starts_at)
    return over


def _add_media(slug: str) -> None:
    """Add the invented quotation, and what people share."""
    facts, row = read("media"), staff_queries.desk(slug)
    seen = stamp(sharing.stored_words(row))
    sharing.set_words(COMMAND_LINE, slug, seen, facts["short_name"], facts["sharing"])
    set_quotation(
        COMMAND_LINE,
        slug,
        stamp(row.part(QUOTATION)),
        facts["quotation"],
        new=store_logo("portrait"),
    )


def _add_news(session: Session, campaign_id: int, crowd: Sequence[Person]) -> None:
    """The news of the file; the people who had asked for it by then are counted, and no mail is written."""
    now = clock.now()
    for facts in read("news")["news"]:
        item = NewsItem(
            campaign_id=campaign_id,
            state=NewsState.DRAFT,
            title=languages.texts(facts["title"]),
            body=languages.texts(facts["body"]),
            changed_at=now,
        )
        if "day" in facts:
            at = now + timedelta(days=facts["day"])
            item.state, item.mails = NewsState.SENT, _recipients(crowd, at)
            item.proposed_by, item.proposed_name = _EDITOR.staff_id, _EDITOR.name
            item.proposed_at = at - 2 * _HOUR
            item.decided_by, item.decided_name = _SECOND_PERSON.staff_id, _SECOND_PERSON.name
            item.decided_at = at
            item.changed_at, item.begun_at, item.ended_at = at - 3 * _HOUR, at, at + _HOUR
        session.add(item)
        session.flush()


def _recipients(crowd: Sequence[Person], at: datetime) -> int:
    return sum(
        person.updates
        and person.confirmed_at is not None
        and person.confirmed_at <= at
        and not (person.withdrawn_at and person.withdrawn_at <= at)
        for person in crowd
    )


def _add_paper(slug: str, campaign_id: int) -> None:
    """The batches of the file, each entered on its day and counted again on the next one."""
    now, sheet = clock.now(), (FOLDER / "sheet.pdf").read_bytes()
    for number_of_file, facts in enumerate(read("paper")["paper"], 1):
        at = now + timedelta(days=facts["day"])
        fields = paper.PaperFields(
            place=languages.texts(facts["place"]),
            collected_on=at.astimezone(SEOUL).date(),
            sheets=facts["sheets"],
            signatures=facts["signatures"],
        )
        name = store_scan(sheet + b"\n%% scan %d\n%%%%EOF\n" % number_of_file)
        with clock.pretend(at):
            number = paper.enter(_EDITOR, slug, fields, name)
        if "checked" in facts:
            with clock.pretend(at + timedelta(days=1)):
                paper.note_download(_SECOND_PERSON, slug, number)
                seen = paper_queries.find(campaign_id, number).stamp
                paper.check(_SECOND_PERSON, slug, number, seen, facts["checked"])


def _deliveries(ends: datetime) -> list[_Delivery]:
    return [
        _Delivery(
            facts=facts,
            frozen_at=ends + facts["frozen"] * _DAY,
            handed_over_at=_moment(ends, facts["handed_over"], hour=11),
            answered_at=_moment(ends, facts["answered"], hour=14) if "answered" in facts else None,
            answer_due=_end_of_day(ends, facts["answer_due"]).date() if "answer_due" in facts else None,
        )
        for facts in read("delivery")["deliveries"]
    ]


def _freeze(slug: str, campaign_id: int, delivery: _Delivery, makers: Makers) -> int:
    """Freeze the delivery at the newest checkpoint and make its pack."""
    newest = log_queries.newest(campaign_id)
    if newest is None:
        raise NoSuchCheckpoint
    draft, facts = freezing.draft(slug, newest.id), delivery.facts
    recipient = languages.texts(facts["recipient"]) if "recipient" in facts else draft.recipient
    wording = replace(draft, recipient=recipient, occasion=languages.texts(facts["occasion"]))
    delivery_id = freezing.freeze(COMMAND_LINE, slug, newest.id, wording)
    while jobs.advance(makers):
        pass
    return delivery_id


def _hand_over(delivery_id: int, delivery: _Delivery) -> None:
    facts = delivery.facts
    with clock.pretend(delivery.handed_over_at):
        entry = HandingOver(
            delivery.handed_over_at, facts["channel"], facts["receipt_number"], delivery.answer_due
        )
        deliveries.hand_over(COMMAND_LINE, delivery_id, entry)
    if delivery.answered_at:
        with clock.pretend(delivery.answered_at):
            answer = Answer(delivery.answered_at, languages.texts(facts["answer"]))
            deliveries.answer(COMMAND_LINE, delivery_id, answer)


def _moment(today: datetime, day: int, hour: int) -> datetime:
    """A full hour in Seoul, so many days from today."""
    return _local(today, day).replace(hour=hour, minute=0, second=0, microsecond=0)


def _end_of_day(today: datetime, day: int) -> datetime:
    return _local(today, day).replace(hour=23, minute=59, second=59, microsecond=0)


def _local(today: datetime, day: int) -> datetime:
    """This time of day in Seoul, so many days from today."""
    return today.astimezone(SEOUL) + timedelta(days=day)
