"""What several public pages show of a campaign, gathered from several packages."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from flask import Response, abort, make_response, request
from markupsafe import Markup

from pledge.campaigns import goals, partners, sisters
from pledge.campaigns import queries as campaigns
from pledge.campaigns.goals import GoalStep
from pledge.campaigns.models import CampaignState, PartnerRole
from pledge.campaigns.partners import PartnerView, PartnerWall
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.campaigns.sisters import SisterView
from pledge.core import i18n
from pledge.core.urls import campaign_link
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import OrganizationView
from pledge.ledger import queries as ledger
from pledge.news import queries as news
from pledge.news.queries import PublicNews
from pledge.signatures import queries as signatures
from pledge.statistics.places import TodayLine, today_line
from pledge.web.caching import SECONDS, cache
from pledge.web.public.campaign.switched import signing_paused

#: A shared cache may keep a page for a second and show it while we are away (nginx does, deploy/nginx.conf); a browser asks
#: each time, so that the new number is shown after confirming.
PAGE_CACHE = "public, max-age=0, s-maxage=1, stale-if-error=600"

#: Posters and letters hold no number; they change when staff change their texts.
PDF_CACHE = "public, max-age=3600"

#: Steps that a page which stays open knows in advance.
STEPS_AHEAD = 8
#: On the campaign's page.
NEWEST_NEWS = 3


@dataclass(frozen=True)
class CampaignCard:
    """A campaign on the home page."""

    slug: str
    title: str
    tagline: str
    summary: str
    step: GoalStep
    count: int
    organizations: int
    is_open: bool
    is_archived: bool


@dataclass(frozen=True)
class CampaignPage:
    """A campaign with its counts and around."""

    slug: str
    title: str
    tagline: str
    summary: str
    body: Markup
    state: str
    step: GoalStep
    steps: list[int]  #: those behind and the next ones, for a page that stays open
    is_open: bool  #: takes signatures now
    is_paused: bool  #: would take them, but staff have paused signing for a while
    has_ended: bool
    opens_at: datetime | None
    closes_at: datetime | None
    people: int
    organizations: int
    today: TodayLine | None  #: "12 people from Busan today"
    as_of: datetime
    pledge: PledgeView
    consent_version: int | None
    recipient: str
    secretariat_line: str
    secretariat: list[PartnerView]
    partners: PartnerWall
    sisters: list[SisterView]
    signers: list[str]
    endorsers: list[OrganizationView]  #: the newest ones
    news: list[PublicNews]  #: the newest ones
    url: str


@dataclass(frozen=True)
class Surroundings:
    """The supporters and the news of a campaign, as its pages show them."""

    partners: dict[PartnerRole, list[PartnerView]]
    sisters: list[SisterView]
    signers: list[str]
    endorsers: list[OrganizationView]
    news: list[PublicNews]
    today: TodayLine | None


def campaign_or_404(slug: str) -> CampaignView:
    """The public campaign, at most a second old: for pages that only show it."""
    return _or_404(_campaign(slug, i18n.language()))


def campaign_now_or_404(slug: str) -> CampaignView:
    """The public campaign as it is now: for the answer to a form, which may say why it was refused."""
    return _or_404(campaigns.find(slug, i18n.language()))


def _or_404(campaign: CampaignView | None) -> CampaignView:
    if campaign is None:
        abort(404)
    return campaign


@cache.cached(SECONDS, make_cache_key=lambda slug, lang: f"campaign by slug {slug} {lang}")
def _campaign(slug: str, lang: str) -> CampaignView | None:
    return campaigns.find(slug, lang)


@cache.cached(SECONDS, make_cache_key=lambda campaign_id, lang: f"campaign by number {campaign_id} {lang}")
def kept_campaign(campaign_id: int, lang: str) -> CampaignView | None:
    """A campaign by its number, at most a second old."""
    return campaigns.find_by_id(campaign_id, lang)


@cache.cached(SECONDS, make_cache_key=lambda pledge_text_id, lang: f"pledge {pledge_text_id} {lang}")
def kept_pledge(pledge_text_id: int, lang: str) -> PledgeView:
    """What somebody signed, at most a second old."""
    return campaigns.pledge_text(pledge_text_id, lang)


@cache.cached(
    SECONDS,
    make_cache_key=lambda campaign_id, lang, has_sisters: f"around {campaign_id} {lang} {has_sisters}",
)
def _surroundings(campaign_id: int, lang: str, has_sisters: bool) -> Surroundings:
    return Surroundings(
        partners.shown(campaign_id, lang),
        sisters.shown(campaign_id, lang) if has_sisters else [],
        signatures.public_names(campaign_id),
        endorsements.recent(campaign_id, lang),
        news.public_news(campaign_id, lang, NEWEST_NEWS),
        today_line(campaign_id),
    )


def campaign_page(campaign: CampaignView) -> CampaignPage:
    count = ledger.count(campaign.id)
    step = goal_step(campaign, count.people)
    paused = signing_paused()
    around = _surroundings(campaign.id, i18n.language(), campaign.has_sisters)
    return CampaignPage(
        slug=campaign.slug,
        title=campaign.title,
        tagline=campaign.tagline,
        summary=campaign.summary,
        body=campaign.body,
        state=campaign.state,
        step=step,
        steps=list(islice(goals.steps_of(campaign.goal, campaign.goal_steps), step.passed + STEPS_AHEAD)),
        is_open=campaign.is_open and not paused,
        is_paused=campaign.is_open and paused,
        has_ended=campaign.has_ended,
        opens_at=campaign.opens_at,
        closes_at=campaign.closes_at,
        people=count.people,
        organizations=count.organizations,
        today=around.today if campaign.is_open else None,
        as_of=count.as_of,
        pledge=campaign.pledge,
        consent_version=campaign.consent_version,
        recipient=campaign.recipient,
        secretariat_line=campaign.secretariat_line,
        secretariat=around.partners[PartnerRole.SECRETARIAT],
        partners=partners.wall(around.partners[PartnerRole.PARTNER]),
        sisters=around.sisters,
        signers=around.signers,
        endorsers=around.endorsers,
        news=around.news,
        url=campaign_link(i18n.language(), campaign.slug),
    )


def goal_step(campaign: CampaignView, people: int) -> GoalStep:
    """How far the campaign is on the way to its goal."""
    return goals.next_step(people, campaign.goal, campaign.goal_steps)


def campaign_cards() -> list[CampaignCard]:
    shown = campaigns.public_campaigns(i18n.language())
    counts = ledger.counts(campaign.id for campaign in shown)
    return [
        CampaignCard(
            slug=campaign.slug,
            title=campaign.title,
            tagline=campaign.tagline,
            summary=campaign.summary,
            step=goal_step(campaign, counts[campaign.id].people),
            count=counts[campaign.id].people,
            organizations=counts[campaign.id].organizations,
            is_open=campaign.is_open,
            is_archived=campaign.state is CampaignState.ARCHIVED,
        )
        for campaign in shown
    ]


def pdf(data: bytes, filename: str) -> Response:
    """A document that is made from a campaign's texts, shown by the browser under this name."""
    response = make_response(data)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{filename}.pdf"'
    response.headers["Cache-Control"] = PDF_CACHE
    response.add_etag()
    response.make_conditional(request)
    return response
