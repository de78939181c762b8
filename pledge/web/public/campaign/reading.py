"""The readable pages of a campaign: its page (also of a draft, with a link from the staff), its letter, pledge texts at
their permanent addresses, events as calendar files.
"""

from flask import Response, abort, make_response, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from pledge.campaigns import calendar, events
from pledge.campaigns import letter as letters
from pledge.campaigns import queries as campaigns
from pledge.campaigns.letter_pdf.compose import Letter, letter_pdf
from pledge.campaigns.queries import CampaignView
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import countries, i18n, languages, tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.core.urls import campaign_link
from pledge.deliveries.queries import public_deliveries
from pledge.web.caching import kept
from pledge.web.public import structured_data
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404, campaign_page, pdf
from pledge.web.public.campaign.sharing import campaign_links, qr_code
from pledge.web.public.signing.forms import SignForm
from pledge.web.security_headers import CONTENT_SECURITY_POLICY


@public.get("/c/<slug>")
@kept(PAGE_CACHE)
def campaign(slug: str) -> Response:
    return _campaign(campaign_or_404(slug))


@public.get("/c/<slug>/preview/<token>")
def preview(slug: str, token: str) -> Response:
    """The page of a campaign in any state, for holders of a link that the staff area made within the hour."""
    view = _draft_or_410(slug, token)
    return _for_holders(_campaign(view, preview=token))


@public.get("/c/<slug>/preview/<token>/letter")
def letter_preview(slug: str, token: str) -> Response:
    """The letter of such a campaign, for the same people."""
    view = _draft_or_410(slug, token)
    return _for_holders(_letter(view, preview=token))


@public.get("/c/<slug>/preview/<token>/captions.vtt")
def captions_preview(slug: str, token: str) -> Response:
    """The captions of such a campaign's own video, for the same people."""
    view = _draft_or_410(slug, token)
    return _for_holders(_captions(view))


def _draft_or_410(slug: str, token: str) -> CampaignView:
    try:
        found = tokens.read(Purpose.PREVIEW, token)
    except BadToken:
        abort(410)
    view = campaigns.find_draft(int(found.payload[0]), i18n.language())
    if found.expired or view is None or view.slug != slug:
        abort(410)
    return view


def _for_holders(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@public.get("/c/<slug>/pledge/<int:version>")
@kept(PAGE_CACHE)
def pledge(slug: str, version: int) -> Response:
    view = campaign_or_404(slug)
    text = campaigns.permalink(view.id, version, i18n.language())
    if text is None:
        abort(404)
    versions = campaigns.pledge_versions(view.id)
    return make_response(
        render_template("public/campaign/pledge.html", campaign=view, text=text, versions=versions)
    )


@public.get("/c/<slug>/pledge/<int:version>.md")
@kept(PAGE_CACHE)
def pledge_source(slug: str, version: int) -> Response:
    """The wording as it is stored, byte for byte: with all its languages anyone can compute the SHA-256."""
    text = campaigns.permalink(campaign_or_404(slug).id, version, i18n.language())
    wording = "" if text is None else text.wording[i18n.language()]
    if not wording:
        abort(404)
    return Response(wording, mimetype="text/markdown")


@public.get("/c/<slug>/letter")
@kept(PAGE_CACHE)
def letter(slug: str) -> Response:
    return _letter(campaign_or_404(slug))


@public.get("/c/<slug>/letter.pdf")
def letter_document(slug: str) -> Response:
    """The letter to print, set from its page."""
    view = campaign_or_404(slug)
    text = letters.page(view.id, i18n.language())
    if text is None:
        abort(404)
    with force_locale(languages.locale(text.lang)):
        heading = _("The campaign’s letter")
    document = Letter(
        lang=text.lang,
        heading=heading,
        campaign=view.title,
        text=text.text,
        secretariat=view.secretariat_line,
        url=campaign_link(i18n.language(), slug),
    )
    return pdf(letter_pdf(document), f"{slug}-letter-{text.lang}")


@public.get("/c/<slug>/captions.vtt")
@kept(PAGE_CACHE)
def captions(slug: str) -> Response:
    """The captions of the campaign's own video, in the language of the address."""
    return _captions(campaign_or_404(slug))


@public.get("/c/<slug>/events.ics")
@kept(PAGE_CACHE)
def events_calendar(slug: str) -> Response:
    view = campaign_or_404(slug)
    return _calendar(events.shown(view.id, i18n.language()), view.title, slug)


@public.get("/c/<slug>/events/<int:event>.ics")
@kept(PAGE_CACHE)
def event_calendar(slug: str, event: int) -> Response:
    view = campaign_or_404(slug)
    one = [shown for shown in events.shown(view.id, i18n.language()) if shown.id == event]
    if not one:
        abort(404)
    return _calendar(one, view.title, f"{slug}-{event}")


def _letter(view: CampaignView, *, preview: str = "") -> Response:
    """The letter as a page; `preview` is the token of a preview."""
    text = letters.page(view.id, i18n.language())
    if text is None:
        abort(404)
    return make_response(
        render_template("public/campaign/letter.html", campaign=view, letter=text, preview=preview)
    )


def _captions(view: CampaignView) -> Response:
    text = view.video.captions[i18n.language()] if isinstance(view.video, OwnVideo) else ""
    if not text:
        abort(404)
    return Response(text, mimetype="text/vtt")


def _campaign(view: CampaignView, *, preview: str = "") -> Response:
    shown = events.shown(view.id, i18n.language())
    coming = [event for event in shown if not event.is_over]
    page = campaign_page(view)
    response = make_response(
        render_template(
            "public/campaign/campaign.html",
            page=page,
            facts=structured_data.of_campaign(page, coming),
            form=SignForm(country=countries.HOME),
            share=campaign_links(view),
            qr=qr_code(page.url),
            photo=view.photo,
            quotation=view.quotation,
            video=view.video,
            letter=view.letter,
            has_letter_page=view.has_letter_page,
            deliveries=[] if preview else public_deliveries(view.id, i18n.language()),
            events=coming,
            past_events=[event for event in reversed(shown) if event.is_over],
            preview=preview,
        )
    )
    if view.video:
        # Only this page may play a video, and only its own; it is asked for when somebody presses play.
        source = f"frame-src {view.video.origin}" if isinstance(view.video, Video) else "media-src 'self'"
        response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; {source}"
    return response


def _calendar(shown: list[events.EventView], title: str, name: str) -> Response:
    if not shown:
        abort(404)
    response = Response(
        calendar.ics(shown, _("%(title)s: events", title=title)), content_type=calendar.MEDIA_TYPE
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response
