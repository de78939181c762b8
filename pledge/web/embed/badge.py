"""The badges, as small SVG pictures: the title of a campaign with its number of people, or with "we endorse"."""

from flask import Response, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug import Response as AnyResponse

from pledge.core import i18n
from pledge.endorsements import queries as endorsements
from pledge.ledger import queries as ledger
from pledge.share_images.drawing import text_width
from pledge.web.caching import kept
from pledge.web.embed.blueprint import embed, language
from pledge.web.public.campaign.pages import campaign_or_404
from pledge.web.sample_mark import marked

#: Sites show it as a picture, so it may be older than the number on a page.
SECONDS = 60
BADGE_CACHE = f"public, max-age={SECONDS}, stale-while-revalidate=600, stale-if-error=86400"
#: Pixels.
_SIZE, _PADDING, _MARK = 13, 12, 18
_BLUE, _GREEN = "#0061a8", "#1d6b45"


@embed.get("/badge/<slug>.svg")
@kept(BADGE_CACHE, reads=("lang",), variant=language, seconds=SECONDS)
def badge(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    people = ledger.count(campaign.id).people
    number = i18n.format_count(people)
    words = ngettext("%(number)s signature", "%(number)s signatures", people, number=number)
    title = marked(campaign.title)
    return _drawn(title, words, f"{title}: {words}", _BLUE)


@embed.get("/badge/<slug>/<int(min=1,max=9223372036854775807):endorsement_id>.svg")
@kept(BADGE_CACHE, reads=("lang",), variant=language, seconds=SECONDS)
def endorsement_badge(slug: str, endorsement_id: int) -> AnyResponse:
    """Of an organisation on the wall. Once it has left, its site shows the badge with the number instead: no broken picture
    and no claim that is not true.
    """
    campaign = campaign_or_404(slug)
    organization = endorsements.organization(campaign.id, endorsement_id, i18n.language())
    if organization is None or organization.is_gone:
        return redirect(url_for("embed.badge", slug=slug, lang=i18n.language()))
    title = marked(campaign.title)
    label = _("%(organization)s endorses “%(campaign)s”", organization=organization.name, campaign=title)
    return _drawn(title, _("We endorse"), label, _GREEN)


def _drawn(title: str, words: str, label: str, colour: str) -> Response:
    title_width = round(text_width(title, _SIZE))
    words_width = round(text_width(words, _SIZE))
    left = _PADDING + _MARK + title_width + _PADDING
    response = make_response(
        render_template(
            "embed/badge.svg",
            title=title,
            words=words,
            label=label,
            colour=colour,
            left=left,
            width=left + _PADDING + words_width + _PADDING,
            title_at=_PADDING + _MARK,
            title_width=title_width,
            words_at=left + _PADDING,
            words_width=words_width,
        )
    )
    response.content_type = "image/svg+xml; charset=utf-8"
    return response
