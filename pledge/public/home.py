"""Home and the privacy notice: the same for everybody, kept for a second. A campaign's own page is in reading.py."""

from collections.abc import Iterable

from flask import Response, make_response, render_template

from config import current_config
from pledge import content, i18n
from pledge.microcache import keep
from pledge.public.blueprint import public
from pledge.public.pages import campaign_cards

#: A cache on the way may keep these pages for a moment and stand in for us while we are away; a browser asks each
#: time, so that who comes back from confirming sees the new number.
PAGE_CACHE = "public, max-age=0, s-maxage=5, stale-if-error=600"


@public.get("/")
def home() -> Response:
    cards = campaign_cards()
    current_ones = [card for card in cards if not card.is_archived]
    archived = [card for card in cards if card.is_archived]
    return kept(make_response(render_template("public/home.html", campaigns=current_ones, archived=archived)))


@public.get("/privacy")
def privacy() -> Response:
    notice = content.privacy_notice(i18n.language(), current_config().contact)
    return kept(
        make_response(
            render_template("public/privacy.html", notice=notice, version=content.privacy_version())
        )
    )


def kept(response: Response, *, reads: Iterable[str] = ()) -> Response:
    """An answer that is the same for everybody: caches may have it for a moment, we for a second.

    `reads` are the query parameters that make it another one.
    """
    response.headers["Cache-Control"] = PAGE_CACHE
    return keep(response, reads=reads)
