"""What several public pages show of a campaign, and what the run-time switches (pledge/switches) change on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import islice

from flask import Response, abort, make_response
from flask_babel import gettext as _
from sqlalchemy import Row

from pledge.campaigns import goals, items, partners
from pledge.campaigns import queries as campaigns
from pledge.campaigns.goals import GoalStep
from pledge.campaigns.items import Item
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import SISTER, PartnerView, PartnerWall, SisterFields
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core import i18n
from pledge.core.urls import campaign_link
from pledge.deliveries.models import Delivery
from pledge.deliveries.queries import public_deliveries
from pledge.demands import queries as demands
from pledge.demands.queries import PublicDemand
from pledge.endorsements import queries as endorsements
from pledge.endorsements.models import EndorsementVersion
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.signatures import queries as signatures
from pledge.statistics.places import today_line
from pledge.switches import queries as switches
from pledge.web.caching import SECONDS, cache, revalidated
from pledge.web.routes import Cached

#: Seconds after which a paused form may be tried again; nobody knows how long a pause lasts.
RETRY_AFTER_PAUSE = 120
#: A shared cache may keep a page for five seconds and show it while we are away (nginx does, deploy/nginx.conf); a browser asks
#: each time, so that the new number is shown after confirming.
PAGE_CACHE = Cached("public, max-age=0, s-maxage=5, stale-if-error=600")

#: Posters and letters hold no number; they change when staff change their texts.
PDF_CACHE = "public, max-age=3600"

#: Steps that a page which stays open knows in advance.
STEPS_AHEAD = 8
#: For how many seconds it is kept since when a key signs: it changes by a rotation.
KEY_SECONDS = 60

#: The parts of the program that checks, js/verify/<name>.js: pages contain their addresses, as each has a hash of its content.
VERIFY_PARTS = (
    *("bytes", "note", "merkle", "zip", "entries", "log", "receipt", "tables", "pack", "count"),
    *("words", "result", "worker"),
)


@cache.memoize(KEY_SECONDS, response_filter=bool)
def signing_since(*campaign_ids: int) -> dict[int, datetime]:
    """Since when the newest key of each log signs it (log_queries)."""
    return log_queries.signing_since(campaign_ids)


@dataclass(frozen=True)
class CampaignExtras:
    """The supporters of a campaign, as its pages show them."""

    demands: list[PublicDemand]
    secretariat: list[PartnerView]
    partners: PartnerWall
    sisters: list[Item[SisterFields]]
    signers: list[str]
    endorsers: list[EndorsementVersion]  #: the newest ones
    today: Row[str, int] | None  #: region and people of "12 people from Busan today"


@dataclass(frozen=True, kw_only=True)
class CampaignPage(CampaignView):
    """A campaign with its counts, and what its page shows beside them in the language of the request."""

    people: int
    organizations: int
    as_of: datetime
    log_size: int | None  #: as in Count
    step: GoalStep

    @property
    def url(self) -> str:
        return campaign_link(i18n.language(), self.slug)

    @property
    def steps(self) -> list[int]:
        """Steps already reached and the next ones, for a page that stays open."""
        return list(
            islice(goals.steps_of(self.row.goal, self.row.goal_steps), self.step.passed + STEPS_AHEAD)
        )

    @cached_property
    def extras(self) -> CampaignExtras:
        return _extras(self.id, i18n.language(), self.has_sisters)

    @property
    def delivered(self) -> Delivery | None:
        """The newest delivery, once the campaign has ended."""
        return _newest_delivery(self.id) if self.has_ended else None

    @property
    def other(self) -> CampaignView | None:
        """Another campaign of this site to sign, once this one has ended."""
        return _other_open(i18n.language()) if self.has_ended else None


def banner() -> str:
    """The staff's announcement on every page, in the page's language; "" when there is none."""
    return switches.current().banner.in_language(i18n.language())


def campaign_or_404(slug: str) -> CampaignView:
    """The public campaign, at most a second old: for pages that only show it."""
    return _campaign(slug, i18n.language()) or abort(404)


def campaign_now_or_404(slug: str) -> CampaignView:
    """The public campaign as it is now: for the answer to a form, which may say why it was refused."""
    return campaigns.find(slug, i18n.language()) or abort(404)


@cache.cached(SECONDS, make_cache_key=lambda slug, lang: f"campaign by slug {slug} {lang}")
def _campaign(slug: str, lang: str) -> CampaignView | None:
    return campaigns.find(slug, lang)


@cache.cached(SECONDS, make_cache_key=lambda campaign_id, lang: f"campaign by number {campaign_id} {lang}")
def cached_campaign(campaign_id: int, lang: str) -> CampaignView | None:
    """A campaign by its number, at most a second old."""
    return campaigns.find_by_id(campaign_id, lang)


@cache.cached(SECONDS, make_cache_key=lambda pledge_text_id, lang: f"pledge {pledge_text_id} {lang}")
def cached_pledge(pledge_text_id: int, lang: str) -> PledgeView:
    """What somebody signed, at most a second old."""
    return campaigns.pledge_text(pledge_text_id, lang)


@cache.cached(
    SECONDS,
    make_cache_key=lambda campaign_id, lang, has_sisters: f"extras {campaign_id} {lang} {has_sisters}",
)
def _extras(campaign_id: int, lang: str, has_sisters: bool) -> CampaignExtras:
    shown = partners.shown_partners(campaign_id, lang)
    return CampaignExtras(
        demands=demands.public(campaign_id),
        secretariat=shown[PartnerRole.SECRETARIAT],
        partners=partners.wall(shown[PartnerRole.PARTNER]),
        sisters=items.rows(SISTER, campaign_id) if has_sisters else [],
        signers=signatures.public_names(campaign_id),
        endorsers=endorsements.recent(campaign_id),
        today=today_line(campaign_id),
    )


def campaign_page(campaign: CampaignView) -> CampaignPage:
    return campaign_pages([campaign])[0]


def campaign_pages(shown: Sequence[CampaignView]) -> list[CampaignPage]:
    counts = ledger.counts(campaign.id for campaign in shown)
    return [
        CampaignPage(
            **vars(campaign),
            people=count.people,
            organizations=count.organizations,
            as_of=count.as_of,
            log_size=count.log_size,
            step=goal_step(campaign, count.people),
        )
        for campaign in shown
        for count in [counts[campaign.id]]
    ]


@cache.memoize(SECONDS)
def _newest_delivery(campaign_id: int) -> Delivery | None:
    return next(iter(public_deliveries(campaign_id)), None)


@cache.cached(SECONDS, make_cache_key=lambda lang: f"open campaign {lang}")
def _other_open(lang: str) -> CampaignView | None:
    """The newest campaign that one can sign."""
    return next((campaign for campaign in campaigns.public_campaigns(lang) if campaign.is_open), None)


#: All pages of a second show the same step.
_next_step = lru_cache(maxsize=64)(goals.next_step)


def goal_step(campaign: CampaignView, people: int) -> GoalStep:
    """How far the campaign is on the way to its goal."""
    return _next_step(people, campaign.row.goal, tuple(campaign.row.goal_steps))


def mark_sample(text: str) -> str:
    """The text for a picture or a poster, which leaves the site without its banner: it says so where the data are samples."""
    return _("Sample data: %(text)s", text=text) if switches.current().sample_data else text


def pdf(data: bytes, filename: str) -> Response:
    """A document that is made from a campaign's texts, shown by the browser under this name."""
    response = make_response(data)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{filename}.pdf"'
    return revalidated(response, PDF_CACHE)
