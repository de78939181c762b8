"""Passing an address on: plain links to the share pages of other services, and a page of ours that opens KakaoTalk.

Nothing of another service is loaded before somebody presses. KakaoTalk has no such link: its share dialogue needs Kakao's
script, so only a page of its own loads it, and only where PLEDGE_KAKAO_KEY is set (docs/adr/0115).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import segno
from flask import Response, abort, make_response, render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.core.urls import campaign_link, organization_link
from pledge.endorsements import queries as endorsements
from pledge.web.caching import kept
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.security_headers import policy_with

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


@dataclass(frozen=True)
class ShareLinks:
    """What to share, and where to."""

    url: str
    text: str  #: a sentence that goes with the address
    kakao: str  #: our page that opens KakaoTalk; empty where no key is set
    line: str
    x: str
    facebook: str
    whatsapp: str
    email: str


def campaign_links(campaign: CampaignView) -> ShareLinks:
    if campaign.has_ended:
        text = _("“%(title)s”: see what came of it", title=campaign.title)
    else:
        text = _("“%(title)s”: read the pledge and sign", title=campaign.title)
    return _links(campaign_link(i18n.language(), campaign.slug), text, campaign.slug)


def signer_links(campaign: CampaignView) -> ShareLinks:
    """The same address, in the words of somebody who signed."""
    if campaign.has_ended:
        text = _("I signed “%(title)s”.", title=campaign.title)
    else:
        text = _("I signed “%(title)s”. Will you join me?", title=campaign.title)
    return _links(campaign_link(i18n.language(), campaign.slug), text, campaign.slug)


def organization_links(campaign: CampaignView, endorsement_id: int, name: str) -> ShareLinks:
    """The page of an organisation that endorses."""
    text = _("%(organization)s endorses “%(campaign)s”", organization=name, campaign=campaign.title)
    url = organization_link(i18n.language(), campaign.slug, endorsement_id)
    return _links(url, text, campaign.slug, endorsement_id=endorsement_id)


def _links(url: str, text: str, slug: str, **more: Any) -> ShareLinks:
    has_key = bool(current_config().kakao_key)
    return ShareLinks(
        url=url,
        text=text,
        kakao=url_for("public.share_by_kakao", slug=slug, **more) if has_key else "",
        line="https://social-plugins.line.me/lineit/share?" + urlencode({"url": url, "text": text}),
        x="https://twitter.com/intent/tweet?" + urlencode({"text": text, "url": url}),
        facebook="https://www.facebook.com/sharer/sharer.php?" + urlencode({"u": url}),
        whatsapp="https://wa.me/?" + urlencode({"text": f"{text} {url}"}),
        # Mail programs take + for itself.
        email="mailto:?" + urlencode({"subject": text, "body": f"{text}\n\n{url}"}, quote_via=quote),
    )


@public.get("/c/<slug>/share/kakao")
@public.get("/c/<slug>/organizations/<int(min=1,max=9223372036854775807):endorsement_id>/share/kakao")
@kept(PAGE_CACHE)
def share_by_kakao(slug: str, endorsement_id: int | None = None) -> Response:
    """Opened by a press on "KakaoTalk": the only page that loads Kakao's script."""
    campaign, key = campaign_or_404(slug), current_config().kakao_key
    if not key:
        abort(404)
    if endorsement_id is None:
        links = campaign_links(campaign)
    else:
        shown = endorsements.organization(campaign.id, endorsement_id, i18n.language())
        if shown is None or shown.is_gone:
            abort(404)
        links = organization_links(campaign, endorsement_id, shown.name)
    page = render_template(
        "public/campaign/kakao.html",
        campaign=campaign,
        share=links,
        key=key,
        script=KAKAO_SCRIPT,
        integrity=KAKAO_INTEGRITY,
    )
    response = make_response(page)
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
