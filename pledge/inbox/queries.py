"""The inbox of staff: what waits, gathered from the queries of each package, and who may decide it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from pledge.accounts import queries as accounts
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import NeedsSecondPerson, Proposed, obstacles
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.forgetting import deletions
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts
from pledge.deliveries import queries as deliveries
from pledge.demands import queries as demands
from pledge.endorsements.review import queries as review
from pledge.jobs.models import JobKind, JobState
from pledge.jobs.services import newest_of_each
from pledge.mail import queries as mail
from pledge.news import queries as news
from pledge.paper import queries as paper
from pledge.signatures.invalidation import queries as invalidations
from pledge.signatures.invalidation.models import InvalidationAct
from pledge.signatures.invalidation.services import max_alone
from pledge.signatures.queries import held_by_campaign

#: How long an answer is listed that no news has been written about.
ANSWER_OWED = timedelta(days=30)
#: How long before its last day an answer of a recipient is listed.
ANSWER_NEAR = timedelta(days=7)
#: How long before personal data of a campaign is deleted it is listed.
DELETION_NEAR = timedelta(days=14)


class InboxKind(StrEnum):
    """What can wait, in the order in which it is listed."""

    HELD = "held"
    INVALIDATION = "invalidation"
    ORGANIZATIONS = "organizations"
    CORRECTIONS = "corrections"
    NEWS = "news"
    PAPER = "paper"
    RETURNED = "returned"
    PACK = "pack"
    HAND_OVER = "hand_over"
    UNDELIVERED = "undelivered"
    ANSWER_DUE = "answer_due"
    ANSWER_WAITS = "answer_waits"
    DEMAND = "demand"
    ANSWER = "answer"
    DELETION = "deletion"
    TEXTS = "texts"
    MAIL = "mail"


KIND_LABELS = {
    InboxKind.HELD: Phrase("inbox", "Held signatures"),
    InboxKind.INVALIDATION: Phrase("inbox", "Proposals about signatures"),
    InboxKind.ORGANIZATIONS: Phrase("inbox", "New organisations"),
    InboxKind.CORRECTIONS: Phrase("inbox", "Corrections by organisations"),
    InboxKind.NEWS: Phrase("inbox", "News to approve"),
    InboxKind.PAPER: Phrase("inbox", "Paper signatures to count again"),
    InboxKind.RETURNED: Phrase("inbox", "Sent back"),
    InboxKind.PACK: Phrase("inbox", "Packs that could not be made"),
    InboxKind.HAND_OVER: Phrase("inbox", "Packs to hand over"),
    InboxKind.UNDELIVERED: Phrase("inbox", "Closed, not handed over"),
    InboxKind.ANSWER_DUE: Phrase("inbox", "Answer due"),
    InboxKind.ANSWER_WAITS: Phrase("inbox", "Answers to publish"),
    InboxKind.DEMAND: Phrase("inbox", "What became of a demand, to publish"),
    InboxKind.ANSWER: Phrase("inbox", "News to write about an answer"),
    InboxKind.DELETION: Phrase("inbox", "Personal data will be deleted"),
    InboxKind.TEXTS: Phrase("inbox", "Missing texts"),
    InboxKind.MAIL: Phrase("inbox", "Undelivered e-mail"),
}

#: Labels of a proposal about signatures, by its act.
PROPOSAL_LABELS = {
    InvalidationAct.INVALIDATE: Phrase("inbox", "Invalidation to approve"),
    InvalidationAct.HOLD: Phrase("inbox", "Hold to approve"),
    InvalidationAct.RELEASE: Phrase("inbox", "Release to approve"),
}

#: The permission that deciding a kind needs.
NEEDS = {
    InboxKind.HELD: Permission.INVALIDATE,
    InboxKind.INVALIDATION: Permission.INVALIDATE,
    InboxKind.ORGANIZATIONS: Permission.REVIEW_ORGANIZATIONS,
    InboxKind.CORRECTIONS: Permission.REVIEW_ORGANIZATIONS,
    InboxKind.NEWS: Permission.EDIT_CAMPAIGNS,
    InboxKind.PAPER: Permission.EDIT_CAMPAIGNS,
    InboxKind.PACK: Permission.EXPORT,
    InboxKind.HAND_OVER: Permission.EXPORT,
    InboxKind.UNDELIVERED: Permission.EXPORT,
    InboxKind.ANSWER_DUE: Permission.EXPORT,
    InboxKind.ANSWER_WAITS: Permission.EXPORT,
    InboxKind.DEMAND: Permission.EDIT_CAMPAIGNS,
    InboxKind.ANSWER: Permission.EDIT_CAMPAIGNS,
    InboxKind.DELETION: Permission.EDIT_CAMPAIGNS,
    InboxKind.TEXTS: Permission.EDIT_CAMPAIGNS,
    InboxKind.MAIL: Permission.RUN_MAIL,
}


@dataclass(frozen=True)
class InboxItem:
    """One waiting thing, or a queue of a kind that is worked through in order."""

    kind: InboxKind
    since: datetime | None  #: None where nobody knows
    campaign: str = ""  #: its slug; "" for what belongs to none
    number: int = 1  #: how many
    domains: int = 0  #: for held signatures: how many small mail domains have too many
    id: int = 0  #: which one, where a single one waits
    title: Texts = field(default_factory=Texts)
    due: date | None = None  #: the Korean day that something is expected by
    days_late: int = 0  #: since that day
    act: str = ""  #: of a proposal about signatures
    takes_two: bool = False  #: whoever proposed it does not decide
    proposed_by: int | None = None
    of: InboxKind | None = None  #: what was sent back,
    why: str = ""
    by: str = ""  #: and by whom

    @property
    def needs(self) -> Permission:
        """The permission that deciding it needs."""
        return NEEDS[self.of or self.kind]


@dataclass(frozen=True)
class Elsewhere:
    """Something that waits for another person."""

    item: InboxItem
    obstacle: NeedsSecondPerson  #: what keeps this one from it
    able: list[str]  #: who may decide it now


@dataclass(frozen=True)
class Inbox:
    """What one person sees."""

    mine: list[InboxItem]
    others: list[Elsewhere]

    @property
    def items(self) -> list[InboxItem]:
        return [*self.mine, *(other.item for other in self.others)]

    def only(self, kind: str = "", campaign: str = "") -> "Inbox":
        """The items of this kind and campaign; "" matches any."""

        def wanted(item: InboxItem) -> bool:
            return kind in ("", item.kind) and campaign in ("", item.campaign)

        return Inbox(
            [item for item in self.mine if wanted(item)],
            [other for other in self.others if wanted(other.item)],
        )


def waiting() -> list[InboxItem]:
    """Everything, the kinds in their order and in each the longest wait first."""
    names = slugs()
    items = [
        *(
            InboxItem(InboxKind.HELD, held.since, names[number], held.signatures, domains=held.domains)
            for number, held in held_by_campaign().items()
        ),
        *(
            _proposal(
                InboxKind.INVALIDATION,
                row,
                names.get(row.campaign_id or 0, ""),
                number=row.matched,
                act=row.act,
                takes_two=row.matched > max_alone(row.act),
            )
            for row in invalidations.proposed()
        ),
        *(
            InboxItem(
                InboxKind.CORRECTIONS if is_correction else InboxKind.ORGANIZATIONS, since, slug, number
            )
            for slug, is_correction, number, since in review.waiting()
        ),
        *(
            _proposal(InboxKind.NEWS, row, names[row.campaign_id], title=row.title, takes_two=True)
            for row in news.proposed()
        ),
        *(
            _proposal(InboxKind.PAPER, row, names[row.campaign_id], title=row.place, takes_two=True)
            for row in paper.proposed()
        ),
        *_packs(),
        *(
            InboxItem(InboxKind.UNDELIVERED, campaign.closes_at, campaign.slug)
            for campaign in deliveries.undelivered()
        ),
        *_awaited_answers(),
        *(
            _proposal(
                InboxKind.ANSWER_WAITS,
                answer,
                row.campaign.slug,
                id=row.id,
                title=row.recipient,
                takes_two=True,
            )
            for row in deliveries.open_answers()
            if (answer := row.open_answer)
        ),
        *(
            _proposal(
                InboxKind.DEMAND,
                row,
                names[row.demand.campaign_id],
                id=row.demand_id,
                title=row.demand.words,
                takes_two=True,
            )
            for row in demands.proposed()
        ),
        *_owed_answers(),
        *(
            InboxItem(InboxKind.DELETION, moment - DELETION_NEAR, slug, due=moment.astimezone(SEOUL).date())
            for slug, moment in deletions(deliveries.last_handed_over(news.last_sent()), DELETION_NEAR)
        ),
        *(
            InboxItem(InboxKind.TEXTS, row.edited_at, row.slug, missing)
            for row in campaigns.rows()
            if row.is_worked_on and (missing := len(campaigns.missing(row)))
        ),
    ]
    dead = mail.given_up()
    if dead.mails:
        items.append(InboxItem(InboxKind.MAIL, dead.since, number=dead.mails))
    order = list(InboxKind)
    return sorted(items, key=lambda item: (order.index(item.kind), item.since or clock.now(), item.id))


def _proposal(kind: InboxKind, row: Proposed, campaign: str, **more: Any) -> InboxItem:
    """Of a row of what one person has proposed, or what another one has sent back."""
    more = {"id": row.id, "proposed_by": row.proposed_by, **more}
    if row.returned_why is None:
        return InboxItem(kind, row.proposed_at, campaign, **more)
    more |= {"takes_two": False, "of": kind, "why": row.returned_why, "by": row.decided_name}
    return InboxItem(InboxKind.RETURNED, row.decided_at, campaign, **more)


def has_inbox(person: StaffMember) -> bool:
    """Whether anything can wait for this person."""
    return any(person.can(permission) for permission in NEEDS.values())


def inbox(person: StaffMember) -> Inbox:
    """What waits for this person, and what they may see but another one decides."""
    mine: list[InboxItem] = []
    others: list[Elsewhere] = []
    between, staff = obstacles(), accounts.people()
    for item in waiting():
        able = accounts.able(item.needs, staff)
        if not person.can(item.needs) or (item.of and not _is_returned_to(person, item, able)):
            continue
        obstacle = between(item.proposed_by, person.id) if item.takes_two else None
        if obstacle is None:
            mine.append(item)
        else:
            names = [member.shown_name for member in able if between(item.proposed_by, member.id) is None]
            others.append(Elsewhere(item, obstacle, names))
    return Inbox(mine, others)


def _is_returned_to(person: StaffMember, item: InboxItem, able: Sequence[StaffMember]) -> bool:
    """Its author; of paper, which waits to be corrected, anybody once the author has left."""
    is_orphan = item.of is InboxKind.PAPER and item.proposed_by not in {member.id for member in able}
    return is_orphan or item.proposed_by == person.id


def _packs() -> list[InboxItem]:
    """Frozen deliveries whose pack is made, or could not be."""
    jobs = newest_of_each(JobKind.PACK)
    kinds = {JobState.DONE: InboxKind.HAND_OVER, JobState.FAILED: InboxKind.PACK}
    return [
        InboxItem(
            kinds[JobState(jobs[row.id].state)],
            jobs[row.id].finished_at,
            row.campaign.slug,
            id=row.id,
            title=row.recipient,
        )
        for row in deliveries.frozen()
        if row.id in jobs and jobs[row.id].state in kinds
    ]


def _awaited_answers() -> list[InboxItem]:
    """Each waits from ANSWER_NEAR before its day on, and anew from that day on, so that both are told."""
    today = clock.now().astimezone(SEOUL).date()
    return [
        InboxItem(
            InboxKind.ANSWER_DUE,
            datetime.combine(due if due <= today else due - ANSWER_NEAR, time(), SEOUL),
            row.campaign.slug,
            id=row.id,
            title=row.recipient,
            due=due,
            days_late=row.days_late,
        )
        for row in deliveries.awaited(today + ANSWER_NEAR)
        if (due := row.answer_due)
    ]


def _owed_answers() -> list[InboxItem]:
    """An answer that was entered lately and of which no news has been written since."""
    written = news.last_written()
    return [
        InboxItem(InboxKind.ANSWER, since, row.campaign.slug, id=row.id, title=row.recipient)
        for row in deliveries.answered(clock.now() - ANSWER_OWED)
        if (since := row.answered_at) and (row.campaign_id not in written or written[row.campaign_id] < since)
    ]
