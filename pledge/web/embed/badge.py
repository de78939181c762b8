"""The badge: the title of a campaign and its number of people, as a small SVG picture."""

from flask import Response, make_response, render_template
from flask_babel import ngettext

from pledge.core import i18n
from pledge.ledger import queries as ledger
from pledge.share_images.drawing import text_width
from pledge.web.caching import kept
from pledge.web.embed.blueprint import embed, language
from pledge.web.public.campaign.pages import campaign_or_404

#: Sites show it as a picture, so it may be older than the number on a page.
SECONDS = 60
BADGE_CACHE = f"public, max-age={SECONDS}, stale-while-revalidate=600, stale-if-error=86400"
#: Pixels.
_SIZE, _PADDING, _MARK = 13, 12, 18


@embed.get("/badge/<slug>.svg")
@kept(BADGE_CACHE, reads=("lang",), variant=language, seconds=SECONDS)
def badge(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    people = ledger.count(campaign.id).people
    number = i18n.format_count(people)
    words = ngettext("%(number)s signature", "%(number)s signatures", people, number=number)
    title_width = round(text_width(campaign.title, _SIZE))
    words_width = round(text_width(words, _SIZE))
    left = _PADDING + _MARK + title_width + _PADDING
    response = make_response(
        render_template(
            "embed/badge.svg",
            title=campaign.title,
            words=words,
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
