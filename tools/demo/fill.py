"""Filling the demo campaign with ten weeks of sample data: each thing at its moment, and counted as it would have been."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from pledge.audit.models import COMMAND_LINE, Actor
from pledge.audit.services import record
from pledge.campaigns import items, sharing, staff_queries
from pledge.campaigns.demands import DEMAND, DemandFields
from pledge.campaigns.events import EVENT, EventFields
from pledge.campaigns.media import QUOTATION, set_quotation
from pledge.campaigns.models import Campaign, CampaignConsent, PledgeText
from pledge.campaigns.rules import stamp
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.deliveries import freezing
from pledge.deliveries import queries as delivery_queries
from pledge.deliveries import services as deliveries
from pledge.deliveries.services import Answer, HandingOver
from pledge.demands import queries as demand_queries
from pledge.demands import services as demands
from pledge.demands.services import DemandEntry
from pledge.endorsements.models import Endorsement
from pledge.files.scans import store_scan
from pledge.jobs import services as jobs
from pledge.jobs.services import Makers
from pledge.ledger import log_queries
from pledge.ledger.models import LedgerEntry, Reason
from pledge.ledger.numbering import FoldSources
from pledge.ledger.services import fold
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.news import queries as news_queries
from pledge.news import sending
from pledge.news import services as news_services
from pledge.news.services import NewsFields
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

#: So many days ago signing opened.
_DAYS = 70
_DAY = timedelta(days=1)
#: For each person who confirmed, so many wait, all of the last days.
_WAITING, _WAITING_DAYS = 0.02, 9
#: For so many days more one can sign.
_REMAINING_DAYS = 120
#: Nobody of the staff.
_EDITOR, _SECOND_PERSON = Actor(-1, "sample-editor", ""), Actor(-2, "sample-approver", "")
#: Mails a minute: all that one piece of news has are due within seconds.
_NEWS_PACE = 1_000_000


class SampleState(StrEnum):
    FILLING = "filling"  #: begun; when nothing is at work any more, it was interrupted
    FILLED = "filled"


class NoSuchDemo(LookupError):
    """The campaign is not loaded."""


class NotEmpty(Exception):
    """The database has signatures or organisations already, which sample data must not be mixed with."""


class Interrupted(Exception):
    """An earlier filling was interrupted; what it left is neither empty nor whole."""


#: What happens in the campaign at a moment.
Step = tuple[datetime, Callable[[], object]]


def _nothing() -> None:
    """What happens at a moment up to which all is only counted."""


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
    begins = _moment(ends, -_DAYS, hour=0)
    with clock.pretend(begins):
        _open(campaign_id, closes_at=_end_of_day(ends, _REMAINING_DAYS))
        _add_media(slug)
        organizations.add_partners(slug)
        events = _add_events(slug, ends)
        _add_demands(slug)
    news = list(_news(slug, campaign_id, ends))
    draws = [moment for moment in (*events, *(moment for moment, _ in news)) if moment < ends]
    history = _History(
        reached=begins,
        recorder=Recorder(
            campaign_id, pledge_text_id, [handover.code for handover in referrals.partners(campaign_id)]
        ),
        register=Register(campaign_id, pledge_text_id),
        crowd=people.invent(chance, number, begins, ends, draws),
        organizations=organizations.invent(chance, begins, ends),
        sources=sources,
    )
    steps = [
        *news,
        *_paper(slug, campaign_id, ends),
        *_deliveries(slug, campaign_id, ends, makers),
        *_demands(campaign_id, ends),
        *((begins + day * _DAY, _nothing) for day in range(1, _DAYS + 1)),
        (_moment(ends, -1, hour=9), history.change_organizations),
        (ends, _nothing),
    ]
    for moment, act in sorted(steps, key=itemgetter(0)):
        with clock.pretend(moment):
            history.advance(moment)
            act()
    waiting = people.invent_waiting(chance, round(number * _WAITING), ends - _WAITING_DAYS * _DAY, ends)
    held = read("people")["held"]
    with transaction() as session:
        history.recorder.sign(session, waiting)
        for domain, size in held["domains"].items():
            history.recorder.hold(session, slug, people.invent_quick(chance, size, ends), domain)
    with_one_domain = Condition(campaign_id=campaign_id, domain_hash=domain_hash(slug, held["proposed"]))
    why = languages.texts(held["why"]).in_language(languages.default())
    invalidations.propose(_EDITOR, with_one_domain, InvalidationReason.AUTOMATED, why)


def _open(campaign_id: int, *, closes_at: datetime) -> None:
    """Have signing opened now, with what is dated by the opening."""
    now = clock.now()
    with transaction() as session:
        campaign = session.get_one(Campaign, campaign_id)
        for event in campaign.events:
            if event.starts_at == campaign.opens_at:
                event.starts_at = now
        for versions in (PledgeText, CampaignConsent):
            of_campaign = update(versions).where(versions.campaign_id == campaign_id)
            session.execute(of_campaign.values(created_at=now))
        campaign.opens_at, campaign.closes_at = now, closes_at


@dataclass
class _History:
    """What happens in the campaign, one period after another."""

    reached: datetime
    recorder: Recorder
    register: Register
    crowd: Sequence[Person]
    organizations: Sequence[SampleOrganization]
    sources: FoldSources

    def __post_init__(self) -> None:
        self._signed: list[tuple[Person, dict[str, Any]]] = []  #: those who will withdraw

    def advance(self, until: datetime) -> None:
        """Record what happened up to this moment, and count it."""
        after, self.reached = self.reached, until
        with transaction() as session:
            self._people(session, after, until)
            for organization in self.organizations:
                if after < (organization.published_at or organization.submitted_at) <= until:
                    self.register.apply(session, organization)
                if organization.left_at and after < organization.left_at <= until:
                    self.register.leave(session, organization)
        paper.announce_and_count()
        while fold(self.sources):
            pass

    def change_organizations(self) -> None:
        """Some ask for a correction, and people came through the links of some."""
        with transaction() as session:
            for organization in self.organizations:
                if organization.correction:
                    self.register.correct(session, organization)
                if organization.through_link:
                    self.register.gather(session, organization)

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


def _add_events(slug: str, ends: datetime) -> list[datetime]:
    """Add the events of the file; their moments."""
    moments = []
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
        moments.append(starts_at)
    return moments


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


def _news(slug: str, campaign_id: int, ends: datetime) -> Iterator[Step]:
    """The news of the file: sent on its day, or still being written."""
    for facts in read("news")["news"]:
        fields = NewsFields(languages.texts(facts["title"]), languages.texts(facts["body"]))
        if "day" in facts:
            yield _moment(ends, facts["day"], hour=16), partial(_send_news, slug, campaign_id, fields)
        else:
            yield ends, partial(news_services.write, _EDITOR, slug, fields)


def _send_news(slug: str, campaign_id: int, fields: NewsFields) -> None:
    """Have two people approve it and its mails sent to all who had asked for news by then."""
    with clock.pretend(clock.now() - timedelta(hours=2)):
        news_id = news_services.write(_EDITOR, slug, fields)
        seen = news_queries.find(campaign_id, news_id).stamp
        news_services.propose(_EDITOR, slug, news_id, seen)
    news_services.approve(_SECOND_PERSON, slug, news_id, seen)
    with clock.pretend(clock.now() + sending.SETTLED):
        while sending.advance(_NEWS_PACE):
            pass
    mine = update(OutboxMail).where(OutboxMail.kind == MailKind.NEWS, OutboxMail.seq == news_id)
    with transaction() as session:
        session.execute(mine.values(state=MailState.SENT, attempts=1, sent_at=OutboxMail.due_at))


def _paper(slug: str, campaign_id: int, ends: datetime) -> Iterator[Step]:
    """The batches of the file, each entered on its day and counted again on the next one."""
    for number, facts in enumerate(read("paper")["paper"], 1):
        batch = _Batch(slug, campaign_id, facts, number)
        yield _moment(ends, facts["day"], hour=17), batch.enter
        if "checked" in facts:
            yield _moment(ends, facts["day"] + 1, hour=10), batch.count_again


@dataclass
class _Batch:
    """A batch of paper signatures of the file."""

    slug: str
    campaign_id: int
    facts: dict[str, Any]
    number_of_file: int
    number: int = 0

    def enter(self) -> None:
        fields = paper.PaperFields(
            place=languages.texts(self.facts["place"]),
            collected_on=clock.now().astimezone(SEOUL).date(),
            sheets=self.facts["sheets"],
            signatures=self.facts["signatures"],
        )
        sheet = (FOLDER / "sheet.pdf").read_bytes()
        name = store_scan(sheet + b"\n%% scan %d\n%%%%EOF\n" % self.number_of_file)
        self.number = paper.enter(_EDITOR, self.slug, fields, name)

    def count_again(self) -> None:
        paper.note_download(_SECOND_PERSON, self.slug, self.number)
        seen = paper_queries.find(self.campaign_id, self.number).stamp
        paper.check(_SECOND_PERSON, self.slug, self.number, seen, self.facts["checked"])


def _deliveries(slug: str, campaign_id: int, ends: datetime, makers: Makers) -> Iterator[Step]:
    """The deliveries of the file, each from freezing to the answer."""
    for facts in read("delivery")["deliveries"]:
        due = _end_of_day(ends, facts["answer_due"]).date() if "answer_due" in facts else None
        delivery = _Delivery(slug, campaign_id, facts, due, makers)
        yield _moment(ends, facts["frozen"], hour=10), delivery.freeze
        yield _moment(ends, facts["handed_over"], hour=11), delivery.hand_over
        if "answered" in facts:
            yield _moment(ends, facts["answered"], hour=14), delivery.answer


@dataclass
class _Delivery:
    """A delivery of the file."""

    slug: str
    campaign_id: int
    facts: dict[str, Any]
    answer_due: date | None
    makers: Makers
    number: int = 0

    def freeze(self) -> None:
        """Freeze it at the newest checkpoint and make its pack."""
        newest = log_queries.newest(self.campaign_id)
        if newest is None:
            raise NoSuchCheckpoint
        draft, facts = freezing.draft(self.slug, newest.id), self.facts
        recipient = languages.texts(facts["recipient"]) if "recipient" in facts else draft.recipient
        wording = replace(draft, recipient=recipient, occasion=languages.texts(facts["occasion"]))
        self.number = freezing.freeze(COMMAND_LINE, self.slug, newest.id, wording)
        while jobs.advance(self.makers):
            pass

    def hand_over(self) -> None:
        facts = self.facts
        entry = HandingOver(clock.now(), facts["channel"], facts["receipt_number"], self.answer_due)
        deliveries.hand_over(COMMAND_LINE, self.number, entry)

    def answer(self) -> None:
        words = languages.texts(self.facts["answer"])
        deliveries.answer(_EDITOR, self.number, Answer(clock.now(), next(iter(words)), words))
        row = delivery_queries.find(self.number)
        if row and row.open_answer:
            deliveries.publish_answer(_SECOND_PERSON, self.number, row.open_answer.stamp)


def _add_demands(slug: str) -> None:
    for facts in read("demands")["demands"]:
        asked_on = clock.now().astimezone(SEOUL).date()
        items.add(DEMAND, COMMAND_LINE, slug, DemandFields(languages.texts(facts["words"]), asked_on))


def _demands(campaign_id: int, ends: datetime) -> Iterator[Step]:
    """What became of the demands, as the file has it."""
    for facts in read("demands")["events"]:
        yield _moment(ends, facts["day"], hour=15), partial(_publish_event, campaign_id, facts, ends)


def _publish_event(campaign_id: int, facts: dict[str, Any], ends: datetime) -> None:
    """Have two people publish what became of a demand today."""
    number = items.rows(DEMAND, campaign_id)[facts["demand"]].id
    entry = DemandEntry(
        kind=facts["kind"],
        day=clock.now().astimezone(SEOUL).date(),
        until=_local(ends, facts["until"]).date() if "until" in facts else None,
        words=languages.texts(facts.get("words", {})),
        source=facts["source"],
    )
    demands.enter(_EDITOR, number, entry)
    demands.publish(_SECOND_PERSON, number, demand_queries.history(number)[0].stamp)


def _moment(today: datetime, day: int, hour: int) -> datetime:
    """A full hour in Seoul, so many days from today."""
    return _local(today, day).replace(hour=hour, minute=0, second=0, microsecond=0)


def _end_of_day(today: datetime, day: int) -> datetime:
    return _local(today, day).replace(hour=23, minute=59, second=59, microsecond=0)


def _local(today: datetime, day: int) -> datetime:
    """This time of day in Seoul, so many days from today."""
    return today.astimezone(SEOUL) + timedelta(days=day)
