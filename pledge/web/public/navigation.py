"""The links at the head and foot of every page: to the pages of a campaign.

Error pages have them too, so they are cached for a minute and missing where the database does not answer.
"""

from dataclasses import dataclass

from flask import get_template_attribute, url_for
from flask_babel import gettext as _
from flask_babel import pgettext
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError

from config import current_config
from pledge.campaigns import events
from pledge.campaigns import queries as campaigns
from pledge.campaigns.models import CampaignState
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.news import queries as news
from pledge.web.caching import cache

#: Seconds after which a campaign that opened or ended is seen in the links of other pages.
SECONDS = 60
#: Seconds until a database that did not answer is queried again.
RETRY_SECONDS = 5


@dataclass(frozen=True)
class NavigationLink:
    label: str
    url: str


@dataclass(frozen=True)
class Navigation:
    """The pages of one campaign; no links where they are not known."""

    title: str = ""
    links: tuple[NavigationLink, ...] = ()  #: in the header and in the footer
    more: tuple[NavigationLink, ...] = ()  #: in the menu of a narrow screen and in the footer
    sign_url: str = ""  #: "" while one cannot sign


def navigation(campaign: CampaignView | None, outage: bool = False) -> Navigation:
    """The pages of the campaign that a page belongs to; of a page that belongs to none, those of the only one that runs.

    `outage`: the database was just seen not to answer, so it is not asked.
    """
    key = f"navigation {i18n.language()} {campaign.slug if campaign else ''}"
    links: Navigation | None = cache.get(key)
    if links is None and not outage:
        try:
            links = _campaign_links(campaign) if campaign else _site_links()
        except SQLAlchemyError:
            cache.set(key, Navigation(), timeout=RETRY_SECONDS)
        else:
            cache.set(key, links, timeout=SECONDS)
    return links or Navigation()


@cache.cached(SECONDS, make_cache_key=lambda *content: f"footer {i18n.language()} {content}")
def footer(secretariat: str, shown: Navigation, slug: str | None) -> Markup:
    """The foot of a page, made once for all pages with the same content in it; `slug`: of the campaign that one writes about."""
    macro = get_template_attribute("components/site/footer.html", "site_footer")
    return Markup(macro(current_config().contact_in(i18n.language()), secretariat, shown, slug))  # noqa: S704  # made by the template


def _site_links() -> Navigation:
    shown = [
        campaign
        for campaign in campaigns.public_campaigns(i18n.language())
        if campaign.row.state != CampaignState.ARCHIVED
    ]
    return _campaign_links(shown[0]) if len(shown) == 1 else Navigation()


def _campaign_links(campaign: CampaignView) -> Navigation:
    slug = campaign.slug
    page = url_for("public.campaign", slug=slug)
    links = [
        NavigationLink(_("Campaign"), page),
        NavigationLink(_("Organisations"), url_for("public.organizations", slug=slug)),
        NavigationLink(_("Progress"), url_for("public.progress", slug=slug)),
    ]
    if events.has_any(slug):
        links.append(NavigationLink(_("Events"), f"{page}#events"))
    if news.has_any(slug):
        links.append(NavigationLink(_("News"), url_for("public.news", slug=slug)))
    if campaign.is_open:
        links.append(
            NavigationLink(
                pgettext("menu", "Endorse as an organisation"), url_for("public.endorse", slug=slug)
            )
        )
    more = (
        NavigationLink(_("Spread the word"), url_for("public.spread", slug=slug)),
        NavigationLink(_("For the press"), url_for("public.press", slug=slug)),
    )
    return Navigation(campaign.title, tuple(links), more, f"{page}#sign" if campaign.is_open else "")
