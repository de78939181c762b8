"""The pages that ask for, confirm and take back the consent to a list of names; a part of the gallery."""

from collections.abc import Iterator

from pledge.campaigns.models import Campaign
from pledge.core.db import db
from tests.browser.shown import Shown, press
from tests.support.factories import campaign, confirm_token, list_terms, manage_token, signature

SLUG = "list-of-names"


def list_pages(lang: str) -> Iterator[Shown]:
    """Needs an application context on the site's database."""
    asking = db.session.scalars(db.select(Campaign).where(Campaign.slug == SLUG)).first() or campaign(SLUG)
    earlier = list_terms(asking, law_en="An earlier Act", law_ko="이전 법률")
    asked = list_terms(asking)
    sign = f"/{lang}/c/{SLUG}/sign"
    yield Shown("sign, list of names", sign)
    yield Shown("sign, list of names, with errors", sign, act=press("#sign-form button[type=submit]"))

    agreed = signature(asking, state="pending", list_terms_id=asked.id)
    yield Shown("confirm, agreed to a list", f"/{lang}/confirm/{confirm_token(agreed)}")
    refused = signature(asking, state="pending")
    yield Shown("confirm, not agreed to a list", f"/{lang}/confirm/{confirm_token(refused)}")

    mine = f"/{lang}/me/{manage_token(signature(asking, list_terms_id=asked.id))}"
    yield Shown("me, agreed to a list", mine)
    yield Shown("me, terms of the list open", mine, act=lambda page: page.locator("#list summary").click())
    yield Shown("me, asked for a list", f"/{lang}/me/{manage_token(signature(asking))}")
    changed = f"/{lang}/me/{manage_token(signature(asking, list_terms_id=earlier.id))}"
    yield Shown("me, terms have changed", changed)
    yield Shown(
        "me, list without a tick", changed, 200, press("#list form[action$='/list'] button[type=submit]")
    )
