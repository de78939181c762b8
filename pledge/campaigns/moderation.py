"""What staff may do with a campaign: create it, write its texts, its dates and goal, and move it on.

Every use case locks the campaign's row first, so two editors come one after the other, and is recorded in the audit log
in the same transaction. The pledge, partners, events and media have modules of their own beside this one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, inspect, literal, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import MAX_REASON, record
from pledge.campaigns import consents, followups, goals, rules, staff_queries
from pledge.campaigns.consents import StepUpNeeded
from pledge.campaigns.models import (
    OPTIONAL_PARTS,
    Campaign,
    CampaignState,
    Partner,
    PledgeText,
    SisterCampaign,
)
from pledge.campaigns.rules import BadFields, Checker, FieldFault
from pledge.campaigns.staff_queries import MissingText, NoSuchCampaign
from pledge.core import clock, languages
from pledge.core.db import Model, transaction
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.files import services as files


@dataclass(frozen=True)
class Transition:
    """From one state of a campaign to another."""

    verb: Phrase
    consequence: Phrase  #: with `hours`: opening.CONFIRM_GRACE
    needs_reason: bool = True


#: By the states before and after it.
TRANSITIONS = {
    (CampaignState.DRAFT, CampaignState.OPEN): Transition(
        Phrase("campaign", "Publish"),
        Phrase(
            "campaign",
            "The page becomes public in Korean and English, and people can sign from the opening time on. A campaign never becomes a draft again.",
        ),
        needs_reason=False,
    ),
    (CampaignState.OPEN, CampaignState.CLOSED): Transition(
        Phrase("campaign", "Close"),
        Phrase(
            "campaign",
            "Nobody can sign from now on. Confirmation e-mails already sent work for %(hours)s hours more. The page stays.",
        ),
    ),
    (CampaignState.CLOSED, CampaignState.OPEN): Transition(
        Phrase("campaign", "Reopen"),
        Phrase(
            "campaign",
            "People can sign again at once. A closing time in the past is removed; set a new one under “Dates and goal”.",
        ),
    ),
    (CampaignState.CLOSED, CampaignState.ARCHIVED): Transition(
        Phrase("campaign", "Archive"),
        Phrase(
            "campaign",
            "The page can still be read, apart from the current campaigns. This cannot be undone.",
        ),
    ),
}

FIRST_GOAL = 1000


class EditedMeanwhile(Exception):
    """Somebody else saved this section since the form was opened; `stored` is what is stored now."""

    def __init__(self, stored: Mapping[str, object], stamp: str) -> None:
        super().__init__("edited meanwhile")
        self.stored = dict(stored)
        self.stamp = stamp


class CampaignInWrongState(Exception):
    """The campaign is not (or no longer) in a state that allows this."""

    def __init__(self, state: CampaignState) -> None:
        super().__init__(state.value)
        self.state = state


class CampaignIncomplete(Exception):
    """It cannot be published yet: `missing` lists what each language lacks."""

    def __init__(self, missing: list[MissingText]) -> None:
        super().__init__(f"{len(missing)} things are missing")
        self.missing = missing


@contextmanager
def edited(slug: str) -> Iterator[tuple[Session, Campaign]]:
    """A transaction that holds the campaign's row: nobody else edits it meanwhile. Raises NoSuchCampaign.

    Signing and endorsing go on: they read the row or share its key, and `FOR NO KEY UPDATE` stops neither.
    """
    with transaction() as session:
        campaign = session.scalar(
            select(Campaign).where(Campaign.slug == slug).with_for_update(key_share=True)
        )
        if campaign is None:
            raise NoSuchCampaign
        campaign.edited_at = clock.now()
        yield session, campaign


def compare(seen: str, stored: Mapping[str, object]) -> None:
    """Raises EditedMeanwhile unless the editor saw what is stored."""
    current = rules.stamp(stored)
    if seen != current:
        raise EditedMeanwhile(languages.as_fields(stored), current)


@contextmanager
def edited_part(
    actor: Actor,
    slug: str,
    seen: str,
    name: str,
    stored: Callable[[Campaign], Mapping[str, object]],
    *,
    reason: str = "",
) -> Iterator[tuple[Session, Campaign]]:
    """As edited(), for what is `stored` of a part that the editor saw; a change of it is recorded as `campaign.<name>`.

    Raises EditedMeanwhile, BadFields for the reason, NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        before = stored(campaign)
        compare(seen, before)
        yield session, campaign
        facts = rules.changed(before, stored(campaign))
        if facts["after"]:
            reason = clean_reason(reason, required=False)
            record(session, actor, f"campaign.{name}", audit_name(slug), reason=reason, **facts)


def audit_name(slug: str) -> str:
    """How the audit log names a campaign."""
    return f"campaign:{slug}"


def create(actor: Actor, *, slug: str, title: Mapping[str, str], copy_of: str = "") -> str:
    """Create a draft with its titles, if asked with the page of another campaign; returns its slug.

    Raises BadFields, also when the slug is taken.
    """
    slug = rules.clean_slug(slug)
    check = Checker()
    titles = check.lines("title", title)
    check.finish()
    campaign = Campaign(slug=slug, title=titles, state=CampaignState.DRAFT, goal=FIRST_GOAL)
    campaign.edited_at = clock.now()
    facts = rules.changed({}, {"title": titles})
    try:
        with transaction() as session:
            wording = Texts()
            if copy_of:
                source = session.scalar(select(Campaign).where(Campaign.slug == copy_of))
                if source is None:
                    raise BadFields({"copy_of": FieldFault.CHOICE})
                # Its texts but for the title, goal, files, partners and sister campaigns; no demands, events and news.
                for name, value in _columns(source).items():
                    setattr(campaign, name, value)
                campaign.partners = [Partner(**_columns(partner)) for partner in source.partners]
                campaign.sisters = [SisterCampaign(**_columns(sister)) for sister in source.sisters]
                wording = source.pledges[-1].wording
                facts["copy_of"] = copy_of
            session.add(campaign)
            session.flush()
            session.add(new_pledge_text(campaign.id, 1, wording))
            record(session, actor, "campaign.create", audit_name(slug), **facts)
    except IntegrityError:
        raise BadFields({"slug": FieldFault.TAKEN}) from None
    return slug


#: Columns that are not copied to another campaign.
_OWN = frozenset(
    {
        "id",
        "campaign_id",
        "slug",
        "title",
        "state",
        "opens_at",
        "closes_at",
        "reply_to",
        "short_name",
        "alerted_step",
        "edited_at",
        "forgotten_at",
    }
)


#: Where a campaign names a file; a copy names those of the campaign that it was made from.
_FILES = (
    *(Campaign.photo, Campaign.video_file, Campaign.video_still, Campaign.quotation_portrait),
    *(Campaign.letter, Partner.logo, SisterCampaign.logo),
)


def replace_file(session: Session, old: str, new: str) -> str:
    """As files.replace, before the row names the new one; what another campaign names too stays. Raises UnknownFile."""
    if old:
        naming = (select(literal(1)).where(cast(column, String).contains(old)) for column in _FILES)
        if len(session.execute(union_all(*naming)).all()) > 1:
            old = ""
    return files.replace(session, old, new)


def _columns(row: Model) -> dict[str, Any]:
    return {
        attribute.key: getattr(row, attribute.key)
        for attribute in inspect(type(row)).column_attrs
        if attribute.key not in _OWN
    }


def edit_texts(
    actor: Actor,
    slug: str,
    seen: str,
    texts: Mapping[str, str],
    reason: str = "",
    *,
    is_stepped_up: bool = False,
) -> None:
    """Some of title, tagline, summary, recipient and body in every language; a draft may have gaps, what is public may not.

    Another recipient of a public campaign needs a reason and the step-up, and is another version of the consent.
    Raises BadFields, EditedMeanwhile, StepUpNeeded, NoSuchCampaign.
    """

    def stored(campaign: Campaign) -> dict[str, object]:
        return {name: text for name, text in campaign.texts.items() if name in texts}

    with edited_part(actor, slug, seen, "texts", stored, reason=reason) as (session, campaign):
        is_public, recipient = campaign.state != CampaignState.DRAFT, campaign.recipient
        for name, text in _clean_texts(texts, required=is_public).items():
            part, _, lang = name.rpartition("_")
            setattr(campaign, part, languages.texts({**getattr(campaign, part), lang: text}))
        if not is_public:
            return
        if campaign.recipient != recipient:
            _check_agreed(reason, is_stepped_up=is_stepped_up)
        consents.store_version(session, campaign)


def edit_schedule(
    actor: Actor,
    slug: str,
    seen: str,
    *,
    goal: int,
    opens_at: datetime | None,
    closes_at: datetime | None,
    goal_steps: Sequence[int] = (),
    step_sentences: Mapping[str, str] | None = None,
    reason: str = "",
    is_stepped_up: bool = False,
    closing_moved: Callable[[Session, Campaign], object] | None = None,
) -> None:
    """Goal with its steps and what is done at them, opening and closing, in UTC.

    What has opened stays open: an opening in the future would stop signing while the campaign still says that it is
    open. Another closing date of an open campaign needs what closing it needs, a reason and the step-up,
    and calls `closing_moved` in the same transaction.
    Raises BadFields, EditedMeanwhile, StepUpNeeded, CampaignInWrongState, NoSuchCampaign.
    """
    part = edited_part(actor, slug, seen, "schedule", lambda row: row.schedule, reason=reason)
    with part as (session, campaign):
        refuse_frozen(campaign)
        check = Checker()
        kept = goals.check_sentences(check, goal, goal_steps, step_sentences or {})
        if not 0 < goal <= rules.MAX_GOAL:
            check.add("goal", FieldFault.GOAL)
        goals.check_steps(check, goal, goal_steps)
        is_moved = closes_at != campaign.closes_at
        if opens_at and closes_at and closes_at <= opens_at:
            check.add("closes_at", FieldFault.ORDER)
        if closes_at and is_moved and closes_at <= clock.now():
            check.add("closes_at", FieldFault.PAST)
        is_open = campaign.state == CampaignState.OPEN
        if is_open and _has_opened(campaign.opens_at) and not _has_opened(opens_at):
            check.add("opens_at", FieldFault.RUNNING)
        check.finish()
        if is_open and is_moved:
            _check_agreed(reason, is_stepped_up=is_stepped_up)
        if (campaign.goal, campaign.goal_steps) != (goal, list(goal_steps)):
            campaign.alerted_step = None  # a step that is set below the count was not reached now
        campaign.goal, campaign.opens_at, campaign.closes_at = goal, opens_at, closes_at
        campaign.goal_steps, campaign.step_sentences = list(goal_steps), kept
        if is_open and is_moved and closing_moved is not None:
            closing_moved(session, campaign)


def move(
    actor: Actor,
    slug: str,
    before: CampaignState,
    after: CampaignState,
    reason: str = "",
    *,
    closing_moved: Callable[[Session, Campaign], object] | None = None,
) -> None:
    """Publish, close, reopen or archive: from the state that the person saw to the next.

    Closing ends signing now, so that mails under way have their day (opening.CONFIRM_GRACE), and calls `closing_moved` in the
    same transaction; reopening takes away a closing time that is over. Raises CampaignInWrongState, CampaignIncomplete, BadFields, NoSuchCampaign.
    """
    transition = TRANSITIONS.get((before, after))
    reason = clean_reason(reason, required=transition is not None and transition.needs_reason)
    with edited(slug) as (session, campaign):
        if campaign.state != before or transition is None:
            raise CampaignInWrongState(CampaignState(campaign.state))
        closes_at, now = campaign.closes_at, clock.now()
        missing = staff_queries.missing_of(session, campaign) if after is CampaignState.OPEN else []
        if before is CampaignState.DRAFT and closes_at is not None and closes_at <= now:
            missing.append(MissingText("schedule", "closes_at"))  # reopening takes it away
        if missing:
            raise CampaignIncomplete(missing)
        if after is CampaignState.CLOSED and (closes_at is None or closes_at > now):
            campaign.closes_at = now
        elif after is CampaignState.OPEN and closes_at is not None and closes_at <= now:
            campaign.closes_at = None
        campaign.state = after
        if after is CampaignState.OPEN:
            consents.store_version(session, campaign)
        elif after is CampaignState.CLOSED and closing_moved is not None:
            closing_moved(session, campaign)
        record(
            session,
            actor,
            "campaign.state",
            audit_name(slug),
            reason=reason,
            before=before.value,
            after=after.value,
        )


def clean_reason(reason: str, *, required: bool = True) -> str:
    """A reason for the audit log, as it will be stored. Raises BadFields."""
    check = Checker()
    reason = check.text("reason", reason, MAX_REASON).strip()
    if required and not reason:
        check.add("reason", FieldFault.REASON)
    check.finish()
    return reason


def _check_agreed(reason: str, *, is_stepped_up: bool) -> None:
    """Check that a change affecting people who are signing has a reason and the step-up. Raises BadFields, StepUpNeeded."""
    clean_reason(reason)
    if not is_stepped_up:
        raise StepUpNeeded


def refuse_frozen(campaign: Campaign) -> None:
    """Raises CampaignInWrongState for a campaign that is over: it keeps its pledge, dates and goal."""
    if campaign.is_frozen:
        raise CampaignInWrongState(CampaignState(campaign.state))


def _clean_texts(texts: Mapping[str, str], *, required: bool) -> dict[str, str]:
    check = Checker()
    clean: dict[str, str] = {}
    for name, text in texts.items():
        part = name.rpartition("_")[0]
        if part == "body":
            clean[name] = check.text(name, text, required=required)
        elif part == "followup_link":
            clean[name] = check.link(name, text)
        else:
            max_lengths = {
                "tagline": rules.MAX_TAGLINE,
                "summary": rules.MAX_SUMMARY,
                "picture_sentence": rules.MAX_TAGLINE,
                "who_may_sign": rules.MAX_TAGLINE,
                "followup_sentence": rules.MAX_TAGLINE,
            }
            is_needed = required and part not in OPTIONAL_PARTS
            clean[name] = check.line(name, text, max_lengths.get(part, rules.MAX_LINE), required=is_needed)
    followups.check_cards(check, clean)
    check.finish()
    return clean


def new_pledge_text(campaign_id: int, version: int, wording: Texts) -> PledgeText:
    """A row that is not stored yet, with the hash of its wording."""
    return PledgeText(
        campaign_id=campaign_id,
        version=version,
        wording=wording,
        sha256=languages.fingerprint(wording),
        created_at=clock.now(),
    )


def _has_opened(opens_at: datetime | None) -> bool:
    return opens_at is None or opens_at <= clock.now()
