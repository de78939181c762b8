"""Home and the privacy notice: the same for everybody. A campaign's own page is in reading.py."""

from datetime import datetime

from flask import Response, make_response, render_template
from sqlalchemy.exc import SQLAlchemyError

from config import current_config
from pledge.core import i18n
from pledge.core.text import markdown
from pledge.retention.services import last_run
from pledge.web.caching import kept
from pledge.web.public import structured_data
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_cards


@public.get("/")
@kept(PAGE_CACHE)
def home() -> Response:
    cards = campaign_cards()
    current_ones = [card for card in cards if not card.is_archived]
    archived = [card for card in cards if card.is_archived]
    return make_response(
        render_template(
            "public/campaign/home.html",
            campaigns=current_ones,
            archived=archived,
            facts=structured_data.of_site(),
        )
    )


@public.get("/privacy")
@kept(PAGE_CACHE)
def privacy() -> Response:
    lang, config = i18n.language(), current_config()
    notice = markdown.privacy_notice(lang, config.contact_in(lang), names_kakao=bool(config.kakao_key))
    return make_response(
        render_template(
            "public/campaign/privacy.html",
            notice=notice,
            version=markdown.privacy_version(),
            deleted_at=_last_run(),
        )
    )


def _last_run() -> datetime | None:
    """When expired data was deleted last; the notice can be read while the database is away."""
    try:
        return last_run()
    except SQLAlchemyError:
        return None
