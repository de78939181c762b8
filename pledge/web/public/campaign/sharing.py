"""Passing a campaign on: share links and KakaoTalk, and what a partner needs to show it on a site, in a document or in a chat.

With `?via=<code>` all of it carries the code of a partner or an organisation (pledge/statistics/referrals.py). Nothing of
another service is loaded before somebody presses. KakaoTalk has no link to share: its dialogue needs Kakao's script, so only a
page of its own loads it, and only where PLEDGE_KAKAO_KEY is set (docs/privacy.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import segno
from flask import Response, abort, redirect, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from config import current_config
from pledge.campaigns.models import SHARE_CHANNELS
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.core.languages import Texts
from pledge.core.urls import campaign_link, public_url
from pledge.endorsements import queries as endorsements
from pledge.news.models import NewsItem
from pledge.statistics import referrals
from pledge.statistics.referrals import Referrer
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.security_headers import policy_with
from pledge.web.templating import render_page

_BY_REFERRER = replace(PAGE_CACHE, reads=("via",))


@public.page("/c/<slug>/spread", cache=_BY_REFERRER)
def spread(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    return _page(campaign, _asked_referrer(campaign))


@public.page("/c/<slug>/spread/<token>")
def partner_page(slug: str, token: str) -> Response:
    """The same for a partner, who got its address from staff: with how many people signed through its link."""
    campaign = campaign_or_404(slug)
    partner = referrals.find_by_token(campaign.id, token)
    if partner is None:
        abort(410)
    response = _page(campaign, partner, is_own=True)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _asked_referrer(campaign: CampaignView) -> Referrer | None:
    """The group named by `?via=`. An unknown code redirects to the page without it, so that few variants are cached."""
    code = request.args.get("via", "")
    referrer = referrals.find(campaign.id, code)
    if code and referrer is None:
        abort(redirect(request.path))
    return referrer


def _page(campaign: CampaignView, referrer: Referrer | None, *, is_own: bool = False) -> Response:
    """`is_own`: with how many people signed through its link."""
    via = referrer.code if referrer else None
    link = campaign_link(i18n.language(), campaign.slug)
    return render_page(
        "public/campaign/spread.html",
        campaign=campaign,
        referrer=referrer,
        is_own=is_own,
        group=referrals.group(campaign.id, referrer.code) if is_own and referrer else None,
        partners=referrals.partners(campaign.id),
        share=_links(f"{link}?via={via}" if via else link, invitation(campaign), campaign),
        short_link=short_link(campaign, via),
        origin=current_config().base_url,
    )


#: Kakao's script in one version; a browser runs it only with exactly this content.
KAKAO_SCRIPT = "https://t1.kakaocdn.net/kakao_js_sdk/2.7.5/kakao.min.js"
KAKAO_INTEGRITY = "sha384-dok87au0gKqJdxs7msEdBPNnKSRT+/mhTVzq+qOhcL464zXwvcrpjeWvyj1kCdq6"
#: On a desk the script sends a form to a window of Kakao's; on a phone it asks Kakao to check what is shared, then opens the app.
_KAKAO_POLICY = policy_with(
    {
        "script-src": KAKAO_SCRIPT,
        "connect-src": "https://kapi.kakao.com",
        "form-action": "https://sharer.kakao.com",
    }
)


#: Of other services. Mail programs take + for itself, so spaces are %20 in all of them.
_SHARE_PAGES = {
    "band": "https://www.band.us/plugin/share?body={text}%0A{url}&route={url}",
    "x": "https://twitter.com/intent/tweet?text={text}&url={url}",
    "facebook": "https://www.facebook.com/sharer/sharer.php?u={url}",
    "line": "https://social-plugins.line.me/lineit/share?url={url}&text={text}",
    "threads": "https://www.threads.com/intent/post?text={text}&url={url}",
    "naver": "https://share.naver.com/web/shareView?url={url}&title={text}",
    "email": "mailto:?subject={subject}&body={text}%0A%0A{url}",
}


@dataclass(frozen=True)
class ShareLinks:
    """What to share, and where to."""

    url: str
    text: str  #: goes with the address in the share sheet of a telephone
    copied: str  #: the text to copy: the address, below the text of staff if there is one
    kakao: str  #: our page that opens KakaoTalk; empty where no key is set
    pages: Mapping[str, str]  #: addresses of other services that share it


def invitation(campaign: CampaignView) -> str:
    """The text by which anybody may share the campaign, signed or not."""
    if campaign.has_ended:
        text = _("“%(title)s”: see what came of it", title=campaign.title)
    elif campaign.is_open:
        text = _("“%(title)s”: read the pledge and sign", title=campaign.title)
    else:
        text = _("“%(title)s”: read what it is about", title=campaign.title)
    return str(text)


def words(campaign: CampaignView, text: str) -> dict[str, str]:
    """The text for each channel: `text` where staff have written none, and while nobody can sign."""
    written = campaign.share_texts if campaign.is_open else {}
    return {name: written.get(name) or written.get("all") or text for name in SHARE_CHANNELS}


def campaign_links(campaign: CampaignView) -> ShareLinks:
    return _links(campaign_link(i18n.language(), campaign.slug), invitation(campaign), campaign)


def signer_links(campaign: CampaignView) -> ShareLinks:
    """The same address, in the words of somebody who signed."""
    if campaign.is_open:
        text = _("I signed “%(title)s”. Will you join me?", title=campaign.title)
    else:
        text = _("I signed “%(title)s”.", title=campaign.title)
    return _links(campaign_link(i18n.language(), campaign.slug), text, campaign)


def organization_links(campaign: CampaignView, endorsement_id: int, names: Texts) -> ShareLinks:
    """The page of an organisation that endorses, for which staff write no texts."""
    lang = i18n.language()
    name = names.in_language(lang)
    text = _("%(organization)s endorses “%(campaign)s”", organization=name, campaign=campaign.title)
    url = public_url("public.organization", lang=lang, slug=campaign.slug, endorsement_id=endorsement_id)
    return _links(url, text, replace(campaign, share_texts={}), endorsement_id=endorsement_id)


def news_links(campaign: CampaignView, item: NewsItem) -> ShareLinks:
    """A piece of news under its title; KakaoTalk is among the applications in the sheet of a telephone."""
    lang, plain = i18n.language(), replace(campaign, share_texts={})
    url = public_url("public.news_item", lang=lang, slug=campaign.slug, news_id=item.id)
    return replace(_links(url, item.title.in_language(lang), plain), kakao="")


def group_links(campaign: CampaignView, referrer: Referrer) -> ShareLinks:
    """The page of a partner that counts who signs through its link."""
    name = referrer.name.in_language(i18n.language())
    text = _("“%(title)s”: sign with %(name)s", title=campaign.title, name=name)
    text = text if campaign.is_open else invitation(campaign)
    plain = replace(campaign, share_texts={})
    return _links(group_address(campaign, referrer.code), text, plain, via=referrer.code)


def group_address(campaign: CampaignView, code: str) -> str:
    """Where the link of a partner or an organisation leads."""
    return public_url("public.group", lang=i18n.language(), slug=campaign.slug, code=code)


def _links(url: str, text: str, campaign: CampaignView, **more: Any) -> ShareLinks:
    texts = words(campaign, text)
    has_key = bool(current_config().kakao_key)
    return ShareLinks(
        url=url,
        text=texts["kakao"],
        copied=f"{texts['copy']}\n{url}" if "copy" in campaign.share_texts else url,
        kakao=url_for("public.share_by_kakao", slug=campaign.slug, **more) if has_key else "",
        pages={
            name: page.format(url=quote(url, safe=""), text=quote(texts[name], safe=""), subject=quote(text))
            for name, page in _SHARE_PAGES.items()
        },
    )


def short_link(campaign: CampaignView, via: str | None = None) -> str:
    """The address for posters and QR codes, which the browser's language completes; `via`: of a group, whose page it leads to."""
    link = (
        public_url("short.short_name", short_name=campaign.row.short_name)
        if campaign.row.short_name
        else public_url("short.campaign_root", slug=campaign.slug)
    )
    return f"{link}?via={via}" if via else link


@public.page(
    "/c/<slug>/share/kakao", "/c/<slug>/organizations/<int64:endorsement_id>/share/kakao", cache=_BY_REFERRER
)
def share_by_kakao(slug: str, endorsement_id: int | None = None) -> Response:
    """Opened by a press on "KakaoTalk": the only page that loads Kakao's script. `via`: of a partner, whose page is shared."""
    campaign, key = campaign_or_404(slug), current_config().kakao_key
    if not key:
        abort(404)
    if endorsement_id is None:
        referrer = _asked_referrer(campaign)
        links = group_links(campaign, referrer) if referrer else campaign_links(campaign)
    else:
        shown = endorsements.organization(campaign.id, endorsement_id)
        if shown is None or shown.endorsement.is_gone:
            abort(404)
        links = organization_links(campaign, endorsement_id, shown.name)
    response = render_page(
        "public/campaign/kakao.html",
        campaign=campaign,
        share=links,
        key=key,
        script=KAKAO_SCRIPT,
        integrity=KAKAO_INTEGRITY,
    )
    response.headers["Content-Security-Policy"] = _KAKAO_POLICY
    # Kakao looks whether the key belongs to the site that asks, and its window tells this one that it is done.
    response.headers["Referrer-Policy"] = "strict-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return response


@lru_cache(maxsize=64)
def qr_code(url: str) -> Markup:
    """The address as a QR code (SVG), for another person's phone; decorative, as the address is on the page too."""
    code = segno.make(url, error="m", micro=False)
    svg = code.svg_inline(
        scale=4, border=2, svgclass="qr__code", lineclass=None, omitsize=True, dark="#0b2b40", light="#fff"
    )
    return Markup(svg)  # noqa: S704  # made by the library from our own address
