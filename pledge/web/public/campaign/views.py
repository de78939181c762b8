"""Pages to read: home, the privacy notice, a campaign (also a draft, by a link from staff), its letter, pledge texts, events,
news, the page for the press, the count and the posters for a hall, and the page that checks a receipt or a delivery pack (docs/adr/0048).
"""

from collections.abc import Callable
from datetime import datetime

from flask import Response, abort, request
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.campaigns.events import CALENDAR_TYPE, campaign_events, ics
from pledge.campaigns.media import letter_text
from pledge.campaigns.models import CampaignState
from pledge.campaigns.pdf import LetterWords, Paper, PosterWords, letter_pdf, poster_pdf
from pledge.campaigns.queries import CampaignView
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import clock, countries, i18n, languages, tokens
from pledge.core.text.markdown import markdown, site_text
from pledge.core.tokens import BadToken, Purpose
from pledge.core.urls import campaign_link
from pledge.news import queries as news_queries
from pledge.retention.services import last_run
from pledge.statistics import referrals
from pledge.timeline.queries import timeline
from pledge.verifier import ANYWHERE, PROGRAM, digest
from pledge.web.api.documents import open_to_all
from pledge.web.limits import TOKEN_LIMIT
from pledge.web.public import structured_data
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import (
    PAGE_CACHE,
    VERIFY_PARTS,
    campaign_or_404,
    campaign_page,
    campaign_pages,
    mark_sample,
    pdf,
    signing_since,
)
from pledge.web.public.campaign.sharing import campaign_links, news_links, qr_code, short_link
from pledge.web.public.forms import SignForm
from pledge.web.security_headers import CONTENT_SECURITY_POLICY
from pledge.web.templating import render_page


@public.page("/", cache=PAGE_CACHE)
def home() -> Response:
    cards = campaign_pages(campaigns.public_campaigns(i18n.language()))
    archived = [card for card in cards if card.row.state == CampaignState.ARCHIVED]
    return render_page(
        "public/campaign/home.html",
        cards=[card for card in cards if card not in archived],
        archived=archived,
        facts=structured_data.site_facts(),
    )


@public.page("/privacy", cache=PAGE_CACHE)
def privacy() -> Response:
    return _text("privacy")


@public.page("/how-it-works", cache=PAGE_CACHE)
def how_it_works() -> Response:
    return _text("how-it-works")


@public.page("/accessibility", cache=PAGE_CACHE)
def accessibility() -> Response:
    return _text("accessibility")


def _text(name: str) -> Response:
    """A text of the site, of the folder `name` in pledge/content/."""
    lang, config = i18n.language(), current_config()
    is_notice = name == "privacy"
    return render_page(
        "public/campaign/text.html",
        text=site_text(name, lang, config.contact_in(lang), names_kakao=is_notice and bool(config.kakao_key)),
        deleted_at=_last_run() if is_notice else None,
    )


def _last_run() -> datetime | None:
    """When expired data was last deleted; None while the database is away, so that the notice can still be read."""
    try:
        return last_run()
    except SQLAlchemyError:
        return None


def _preview(slug: str, token: str, view: Callable[[CampaignView], Response]) -> Response:
    """A page of a campaign in any state, for holders of a link that the staff area made within the hour. The template knows a preview
    by the token in its address.
    """
    try:
        payload = tokens.read(Purpose.PREVIEW, token)
    except BadToken:
        abort(410)
    draft = campaigns.find_draft(int(payload.payload[0]), i18n.language())
    if payload.expired or draft is None or draft.slug != slug:
        abort(410)
    response = view(draft)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@public.page("/c/<slug>", cache=PAGE_CACHE)
def campaign(slug: str) -> Response:
    return _campaign(campaign_or_404(slug))


@public.page("/c/<slug>/preview/<token>")
def campaign_preview(slug: str, token: str) -> Response:
    return _preview(slug, token, _campaign)


def _campaign(view: CampaignView) -> Response:
    shown = campaign_events(view.id)
    coming = [event for event in shown if not event.is_over]
    page = campaign_page(view)
    response = render_page(
        "public/campaign/campaign.html",
        page=page,
        facts=structured_data.campaign_facts(page, coming),
        form=SignForm(country=countries.HOME),
        share=campaign_links(view),
        qr=qr_code(short_link(view)),
        story=timeline(view, page.people, page.extras.demands),
        events=coming,
        past_events=[event for event in reversed(shown) if event.is_over],
    )
    if view.video:
        # Only this page may play a video, and only its own; it is asked for when somebody presses play.
        source = f"frame-src {view.video.origin}" if isinstance(view.video, Video) else "media-src 'self'"
        response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; {source}"
    return response


@public.page("/c/<slug>/pledge/<int:version>", cache=PAGE_CACHE)
def pledge(slug: str, version: int) -> Response:
    view = campaign_or_404(slug)
    versions = campaigns.pledge_versions(view.id)
    text = next((row for row in versions if row.version == version), None)
    if text is None:
        abort(404)
    return render_page(
        "public/campaign/pledge.html",
        campaign=view,
        text=text,
        pledge=campaigns.pledge_view(text, i18n.language()),
        versions=versions,
    )


@public.page("/c/<slug>/pledge/<int:version>.md", cache=PAGE_CACHE)
def pledge_source(slug: str, version: int) -> Response:
    """The wording as it is stored, byte for byte: with all its languages anyone can compute the SHA-256, from any page (CORS)."""
    texts = {text.version: text.wording for text in campaigns.pledge_versions(campaign_or_404(slug).id)}
    wording = texts[version][i18n.language()] if version in texts else ""
    if not wording:
        abort(404)
    return open_to_all(Response(wording, mimetype="text/markdown"))


@public.page("/c/<slug>/letter", cache=PAGE_CACHE)
def letter(slug: str) -> Response:
    return _letter(campaign_or_404(slug))


@public.page("/c/<slug>/preview/<token>/letter")
def letter_preview(slug: str, token: str) -> Response:
    return _preview(slug, token, _letter)


def _letter(view: CampaignView) -> Response:
    text = letter_text(view.id)
    if not text:
        abort(404)
    lang = text.language_for(i18n.language())
    return render_page(
        "public/campaign/letter.html",
        campaign=view,
        letter=markdown(text[lang]),
        letter_lang=lang,
    )


@public.page("/c/<slug>/letter.pdf")
def letter_document(slug: str) -> Response:
    """The letter to print, set from its page."""
    view = campaign_or_404(slug)
    text = letter_text(view.id)
    if not text:
        abort(404)
    lang = text.language_for(i18n.language())
    with force_locale(languages.locale(lang)):
        heading = _("The campaign’s letter")
    document = LetterWords(
        lang=lang,
        heading=heading,
        campaign=view.title,
        text=text[lang],
        secretariat=view.secretariat_line,
        url=campaign_link(i18n.language(), slug),
    )
    return pdf(letter_pdf(document), f"{slug}-letter-{lang}")


@public.page("/c/<slug>/captions.vtt", cache=PAGE_CACHE)
def captions(slug: str) -> Response:
    """The captions of the campaign's own video, in the language of the address."""
    return _captions(campaign_or_404(slug))


@public.page("/c/<slug>/preview/<token>/captions.vtt")
def captions_preview(slug: str, token: str) -> Response:
    return _preview(slug, token, _captions)


def _captions(view: CampaignView) -> Response:
    text = view.video.captions[i18n.language()] if isinstance(view.video, OwnVideo) else ""
    if not text:
        abort(404)
    return Response(text, mimetype="text/vtt")


@public.page("/c/<slug>/events.ics", "/c/<slug>/events/<int:event>.ics", cache=PAGE_CACHE)
def events_calendar(slug: str, event: int | None = None) -> Response:
    """The events of a campaign, or one of them."""
    view = campaign_or_404(slug)
    shown = [row for row in campaign_events(view.id) if event in (None, row.id)]
    if not shown:
        abort(404)
    name = slug if event is None else f"{slug}-{event}"
    response = Response(
        ics(shown, _("%(title)s: events", title=view.title), i18n.language()), content_type=CALENDAR_TYPE
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


@public.page("/c/<slug>/live", cache=PAGE_CACHE)
def live(slug: str) -> Response:
    page = campaign_page(campaign_or_404(slug))
    return render_page(
        "public/campaign/live.html", page=page, short_link=short_link(page), qr=qr_code(short_link(page))
    )


@public.page("/c/<slug>/poster-<paper>.pdf", limit=TOKEN_LIMIT)
def poster(slug: str, paper: str) -> Response:
    """A poster with a QR code; with `via` that of a group, and the code leads to its page."""
    if paper not in set(Paper):
        abort(404)
    campaign = campaign_or_404(slug)
    referrer = referrals.find(campaign.id, request.args.get("via", ""))
    words = PosterWords(
        lang=i18n.language(),
        title=mark_sample(campaign.title),
        tagline=campaign.tagline,
        ask=_("Scan the code to see what came of it") if campaign.has_ended else _("Scan the code and sign"),
        code_alt=_("QR code of the campaign address"),
        recipient=_("The number of signatures is handed to %(recipient)s.", recipient=campaign.recipient)
        if campaign.recipient
        else "",
        secretariat=_("Secretariat: %(names)s", names=campaign.secretariat_line)
        if campaign.secretariat_line
        else "",
        url=short_link(campaign, referrer.code if referrer else None),
    )
    return pdf(poster_pdf(words, Paper(paper)), f"{campaign.slug}-poster-{paper}-{words.lang}")


@public.page("/c/<slug>/news", cache=PAGE_CACHE)
def news(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    items = news_queries.sent(campaign.id)
    return render_page("public/campaign/news.html", campaign=campaign, items=items)


@public.page("/c/<slug>/news.atom", cache=PAGE_CACHE)
def news_feed(slug: str) -> Response:
    """The same for feed readers (RFC 4287): what was sent is never changed, so an entry is updated when it was published."""
    campaign = campaign_page(campaign_or_404(slug))
    items = news_queries.sent(campaign.id)
    updated = items[0].begun_at if items else campaign.row.opens_at or clock.now()
    response = render_page("public/campaign/news.xml", campaign=campaign, items=items, updated=updated)
    response.content_type = "application/atom+xml; charset=utf-8"
    return response


@public.page("/c/<slug>/news/<int32:news_id>", cache=PAGE_CACHE)
def news_item(slug: str, news_id: int) -> Response:
    campaign = campaign_or_404(slug)
    item = news_queries.sent_item(campaign.id, news_id)
    if item is None:
        abort(404)
    facts, share = structured_data.news_facts(item, campaign), news_links(campaign, item)
    return render_page(
        "public/campaign/news_item.html", campaign=campaign, item=item, facts=facts, share=share
    )


@public.page("/c/<slug>/press", cache=PAGE_CACHE)
def press(slug: str) -> Response:
    """What journalists need: the number, words to quote, pictures, tables, and whom to ask."""
    page = campaign_page(campaign_or_404(slug))
    run_by = _("Secretariat: %(names)s", names=page.secretariat_line) if page.secretariat_line else ""
    to_copy = "\n".join(filter(None, (page.title, page.summary, run_by, page.url)))
    return render_page(
        "public/campaign/press.html",
        page=page,
        to_copy=to_copy,
        contact=current_config().contact_in(i18n.language()).press,
    )


@public.page("/developers", cache=PAGE_CACHE)
def developers() -> Response:
    """What other programs may read here, with examples. Tests take the examples from the page and run them."""
    shown = campaigns.public_campaigns(i18n.language())
    slug = shown[0].slug if shown else "campaign"
    return render_page("public/campaign/developers.html", slug=slug, has_campaign=bool(shown))


@public.page("/verify", cache=PAGE_CACHE)
def verify() -> Response:
    """The page names the campaigns of this site, so that the browser fetches keys only for those."""
    shown = campaigns.public_campaigns(i18n.language())
    since = signing_since(*(campaign.id for campaign in shown))
    return render_page(
        "public/campaign/verify.html",
        slugs=[campaign.slug for campaign in shown],
        logs=[campaign for campaign in shown if campaign.id in since],
        since=since,
        parts=VERIFY_PARTS,
        program_sha256=digest(PROGRAM),
        anywhere_sha256=digest(ANYWHERE),
        checkers=current_config().checkers,
    )
