"""Badges, link previews for messengers, the picture that people post after signing, and QR codes."""

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import segno
from flask import Response, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from werkzeug import Response as AnyResponse

from config import current_config
from pledge.campaigns.queries import CampaignView
from pledge.core import i18n
from pledge.endorsements import queries as endorsements
from pledge.endorsements.models import LEVEL_MARKS, LEVELS
from pledge.files import queries as files
from pledge.files.faults import StorageAway
from pledge.files.pictures import SIZES, WIDE_SIZES
from pledge.ledger import queries as ledger
from pledge.ledger.queries import Count
from pledge.news import queries as news
from pledge.share_images.drawing import SQUARE, STORY, WIDE, Host, ShareImage, draw, text_width, with_text
from pledge.statistics import referrals
from pledge.web.caching import revalidated
from pledge.web.embed.widget import embed, language
from pledge.web.limits import TOKEN_LIMIT
from pledge.web.public.campaign.pages import campaign_or_404, campaign_page, mark_sample
from pledge.web.public.campaign.sharing import short_link
from pledge.web.routes import Cached
from pledge.web.templating import render_page

#: They may be older than the number on a page: other sites keep them too, and drawing a share image takes 0.1 s of CPU.
SECONDS = 60
PICTURE_CACHE = f"public, max-age={SECONDS}, stale-while-revalidate=600, stale-if-error=86400"
_PICTURE = Cached(PICTURE_CACHE, seconds=SECONDS)
_BADGE = replace(_PICTURE, reads=("lang",), variant=language)
#: Not cached by the application: there are as many cards as people, and most are asked for once.
CARD_CACHE = "public, max-age=86400"
#: Pixels.
_SIZE, _PADDING, _MARK = 13, 12, 18
_BLUE, _GREEN = "#0061a8", "#1d6b45"
_SHAPES = {"wide": WIDE, "square": SQUARE, "story": STORY}


@embed.page("/badge/<slug>.svg", cache=_BADGE)
def badge(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    count = ledger.count(campaign.id)
    number = i18n.format_count(count.people)
    words = ngettext("%(number)s signature", "%(number)s signatures", count.people, number=number)
    title = mark_sample(campaign.title)
    return _drawn(title, words, f"{title}: {words}", _BLUE, count)


@embed.page("/badge/<slug>/<int64:endorsement_id>.svg", cache=_BADGE)
def endorsement_badge(slug: str, endorsement_id: int) -> AnyResponse:
    """Of an organisation on the wall. Once it has left, its site shows the badge with the number instead: no broken picture
    and no claim that is not true.
    """
    campaign = campaign_or_404(slug)
    organization = endorsements.organization(campaign.id, endorsement_id)
    if organization is None or organization.endorsement.is_gone:
        return redirect(url_for("embed.badge", slug=slug, lang=i18n.language()))
    title, lang, level = mark_sample(campaign.title), i18n.language(), organization.endorsement.level
    name = organization.name.in_language(lang)
    label = _("%(organization)s endorses “%(campaign)s”", organization=name, campaign=title)
    label = f"{label} ({LEVELS[level].in_language(lang)})"
    return _drawn(title, f"{_('We endorse')} {LEVEL_MARKS[level]}", label, _GREEN)


def _drawn(title: str, words: str, label: str, colour: str, count: Count | None = None) -> Response:
    title_width = round(text_width(title, _SIZE))
    words_width = round(text_width(words, _SIZE))
    left = _PADDING + _MARK + title_width + _PADDING
    response = render_page(
        "embed/badge.svg",
        title=title,
        words=words,
        label=label,
        colour=colour,
        count=count,
        left=left,
        width=left + _PADDING + words_width + _PADDING,
        title_at=_PADDING + _MARK,
        title_width=title_width,
        words_at=left + _PADDING,
        words_width=words_width,
    )
    response.content_type = "image/svg+xml; charset=utf-8"
    return response


@embed.page(
    "/share/<slug>/<int64:number>.<language:lang>.png",
    "/share/<slug>/<int64:number>.<language:lang>.<any(square,story):shape>.png",
    limit=TOKEN_LIMIT,
)
def number_card(slug: str, number: int, shape: str = "wide") -> Response:
    """A picture of "62nd signature", without a name. Any number may be requested: it reveals no more than the count."""
    campaign = campaign_or_404(slug)
    count = ledger.count(campaign.id)
    # Who was the 62nd stays the 62nd when others withdraw; the log is never shorter than any number given.
    if number > max(count.people, count.log_size or 0):
        abort(404)
    card = _picture(
        campaign,
        shape,
        above=campaign.title,
        title=_("My signature is the"),
        figure=i18n.format_ordinal(number),
        words=_("Will you add yours?") if campaign.is_open else "",
    )
    return revalidated(card, CARD_CACHE)


@embed.page(
    "/share/<slug>.<language:lang>.png",
    "/share/<slug>.<language:lang>.<any(square,story):shape>.png",
    cache=_PICTURE,
)
def share_image(slug: str, shape: str = "wide") -> Response:
    return _picture(campaign_or_404(slug), shape)


@embed.page("/share/<slug>/organization-<int64:endorsement_id>.<language:lang>.png", limit=TOKEN_LIMIT)
def organization_image(slug: str, endorsement_id: int) -> Response:
    campaign = campaign_or_404(slug)
    shown = endorsements.organization(campaign.id, endorsement_id)
    if shown is None or shown.endorsement.is_gone:
        abort(404)
    title, below, logo = (
        shown.name.in_language(i18n.language()),
        _("endorses the pledge"),
        _stored(shown.logo),
    )
    picture = _picture(campaign, above=campaign.title, title=title, below=below, logo=logo)
    return revalidated(picture, PICTURE_CACHE)


@embed.page("/share/<slug>/news-<int32:news_id>.<language:lang>.png", limit=TOKEN_LIMIT)
def news_image(slug: str, news_id: int) -> Response:
    campaign = campaign_or_404(slug)
    item = news.sent_item(campaign.id, news_id)
    if item is None:
        abort(404)
    title, below = item.title.in_language(i18n.language()), i18n.format_date(item.begun_at or item.changed_at)
    picture = _picture(campaign, above=campaign.title, title=title, below=below)
    return revalidated(picture, PICTURE_CACHE)


def _picture(campaign: CampaignView, shape: str = "wide", above: str = "", **own: Any) -> Response:
    """The picture of a campaign; `own` are the fields of its ShareImage that are others on this one."""
    page, lang = campaign_page(campaign), i18n.language()
    number = i18n.format_count(page.people)
    parts = {
        "title": campaign.title,
        "figure": pgettext("on a picture", "%(number)s", number=number) if page.people else "",
        "words": _words(campaign, page.people),
        "photo": _stored(page.row.photo, WIDE_SIZES[1]) if page.row.photo else b"",
        "focus": page.row.photo_focus,
        "clearness": page.step.clearness,
        "hosts": tuple(Host(host.name, _stored(host.logo)) for host in page.extras.secretariat),
        **own,
    }
    above = mark_sample(above or current_config().site_name_in(lang))
    drawn = draw(ShareImage(lang=lang, above=above, **parts), _SHAPES[shape])
    if "figure" not in own:
        drawn = with_text(drawn, "checkpoint", json.dumps(page.log_size))
    return Response(drawn, content_type="image/png")


def _words(campaign: CampaignView, people: int) -> str:
    """The words below the number of people, or in its place."""
    if campaign.has_ended:
        words = ngettext("person signed. Thank you", "people signed. Thank you", people) if people else ""
    elif campaign.is_paused and people:
        words = ngettext("person has signed", "people have signed", people)
    elif not campaign.is_open:
        words = _("Signing opens soon")
    elif people:
        words = ngettext("person has signed. Will you?", "people have signed. Will you?", people)
    else:
        words = _("Be the first to sign")
    return str(words)


def _stored(name: str, size: int = SIZES[-1]) -> bytes:
    """A stored picture; nothing where there is none, also while the storage is away: the image is drawn without it."""
    try:
        return (name and files.picture(name, size)) or b""
    except StorageAway:
        return b""


@embed.page("/qr/<slug>.<any(svg,png):kind>", limit=TOKEN_LIMIT)
def qr(slug: str, kind: str) -> Response:
    """The code for posters, to print: with `via` in somebody's name."""
    campaign = campaign_or_404(slug)
    referrer = referrals.find(campaign.id, request.args.get("via", ""))
    drawn = BytesIO()
    link = short_link(campaign, referrer.code if referrer else None)
    # Level Q, as a poster hangs in the rain.
    segno.make(link, error="q", micro=False).save(drawn, kind=kind, scale=20, border=4)
    response = Response(drawn.getvalue(), mimetype={"svg": "image/svg+xml", "png": "image/png"}[kind])
    response.headers["Cache-Control"] = PICTURE_CACHE
    return response
