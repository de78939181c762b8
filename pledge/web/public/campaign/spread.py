"""Spread the word: what a partner needs to show the campaign on a site, in a document or in a chat.

With `?via=<code>` all of it carries the code of a partner or an organisation (pledge/statistics/referrals.py). A partner also has
a page with its number; an organisation finds that on its own page.
"""

from dataclasses import dataclass

from flask import Response, abort, make_response, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup, escape

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.core.urls import campaign_link, public_url
from pledge.statistics import referrals
from pledge.statistics.referrals import Referrer
from pledge.web.caching import kept
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404

#: Pixels of the widget's frame where it is not sized by embed.js.
_HEIGHT = 420


@dataclass(frozen=True)
class Code:
    """A piece of code to copy."""

    name: str
    label: str
    text: str  #: HTML or Markdown as it is copied; the page shows it as plain text


@dataclass(frozen=True)
class Codes:
    """All of them, in the language of the page."""

    link: Code
    script: Code
    script_form: Code
    frame: Code
    badge: list[Code]


@dataclass(frozen=True)
class OwnNumber:
    """What the page of a partner says: how many people signed through its link, in whole fives; None for fewer."""

    people: int | None


@public.get("/c/<slug>/spread")
@kept(PAGE_CACHE, reads=("via",))
def spread(slug: str) -> Response:
    """A code that counts for nobody is ignored."""
    campaign = campaign_or_404(slug)
    return _page(campaign, referrals.find(campaign.id, request.args.get("via", "")))


@public.get("/c/<slug>/spread/<token>")
def partner_page(slug: str, token: str) -> Response:
    """The same for a partner, who got its address from staff: with how many people signed through its link."""
    campaign = campaign_or_404(slug)
    partner = referrals.find_by_token(campaign.id, token)
    if partner is None:
        abort(410)
    own = OwnNumber(referrals.public_count(campaign.id, partner.code))
    response = _page(campaign, partner, own)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _page(campaign: CampaignView, referrer: Referrer | None, own: OwnNumber | None = None) -> Response:
    page = render_template(
        "public/campaign/spread.html",
        campaign=campaign,
        referrer=referrer,
        own=own,
        partners=referrals.partners(campaign.id),
        codes=_codes(campaign, referrer),
        endorsement_codes=endorsement_codes(campaign, referrer.endorsement_id)
        if referrer and referrer.endorsement_id
        else [],
        origin=current_config().base_url,
    )
    return make_response(page)


def link_code(campaign: CampaignView, via: str | None) -> Code:
    """The address of the campaign to copy, with the code of whose link it is."""
    return Code("link", _("Address of the campaign"), _link(campaign, via))


def endorsement_codes(campaign: CampaignView, endorsement_id: int) -> list[Code]:
    """The badge "We endorse" of an organisation; it leads to the entry on the wall, which says how far it is verified."""
    lang, slug, title = i18n.language(), campaign.slug, campaign.title
    entry = public_url("public.organization", lang=lang, slug=slug, endorsement_id=endorsement_id)
    badge = public_url("embed.endorsement_badge", slug=slug, endorsement_id=endorsement_id, lang=lang)
    return _badge_codes("endorse-badge", entry, badge, title)


def _link(campaign: CampaignView, via: str | None) -> str:
    link = campaign_link(i18n.language(), campaign.slug)
    return f"{link}?via={via}" if via else link


def _badge_codes(name: str, link: str, badge: str, title: str) -> list[Code]:
    picture = Markup('<a href="{link}"><img src="{badge}" alt="{title}" height="28"></a>')
    return [
        Code(name, "HTML", str(picture.format(link=link, badge=badge, title=title))),
        Code(f"{name}-markdown", "Markdown", f"[![{escape(title)}]({badge})]({link})"),
    ]


def _codes(campaign: CampaignView, referrer: Referrer | None) -> Codes:
    lang, slug, title = i18n.language(), campaign.slug, campaign.title
    via = referrer.code if referrer else None
    badge = public_url("embed.badge", slug=slug, lang=lang)
    facts = {"script": public_url("embed.script"), "slug": slug, "lang": lang, "title": title}
    named = Markup(' data-via="{}"').format(via) if via else ""
    script = Markup(
        '<script async src="{script}" data-campaign="{slug}" data-lang="{lang}" data-title="{title}"{named}{more}></script>'
    )
    chosen = {"lang": lang, **({"via": via} if via else {})}
    frame = Markup(
        '<iframe src="{src}" title="{title}" width="100%" height="{height}" loading="lazy"></iframe>'
    )
    return Codes(
        link=link_code(campaign, via),
        script=Code(
            "script",
            _("The number of signatures and a button"),
            str(script.format(**facts, named=named, more="")),
        ),
        script_form=Code(
            "script-form",
            _("With the form, so that people sign on your site"),
            str(script.format(**facts, named=named, more=Markup(" data-form"))),
        ),
        frame=Code(
            "frame",
            _("Without a script, with a fixed height"),
            str(
                frame.format(src=public_url("embed.widget", slug=slug, **chosen), title=title, height=_HEIGHT)
            ),
        ),
        badge=_badge_codes("badge", _link(campaign, via), badge, title),
    )
