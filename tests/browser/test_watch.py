"""The watch over sign-ups in a browser: usable for everybody, empty, full and with a mistake."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from pledge.core import clock
from pledge.signatures import origins
from tests.browser.steps import press
from tests.support import factories
from tests.support.browser import LOOKS, look_faults
from tests.support.factories import SLUG
from tests.support.staff import sign_in

#: Of two digits each, so that all addresses have one shape.
_NUMBERS = iter(range(10, 100))


@pytest.fixture
def wave(site):
    """Robots at a domain of their own, within the last minutes. Its hash."""
    with site.inside():
        hashed = origins.domain_hash(SLUG, "robots.example")
        at = clock.now() - timedelta(minutes=5)
        facts = {"domain_hash": hashed, "at": at, "name": "로봇"}
        for _ in range(30):
            factories.signature(email=f"user{next(_NUMBERS)}@robots.example", **facts)
        factories.signature(
            email=f"user{next(_NUMBERS)}@robots.example", state="held", hold_reason="speed", **facts
        )
        factories.signature(email=f"user{next(_NUMBERS)}@robots.example", state="pending", **facts)
    return hashed


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_screens_are_usable_for_everybody(visitor, site, wave, lang):
    page = visitor.page(lang=lang)
    sign_in(page, site, "moderator", lang=lang)
    page.goto(f"/staff/watch?campaign={SLUG}")
    found = look_faults(page, LOOKS[lang])
    expect(page.get_by_text("aaaa99@●").first).to_be_visible()
    for personal in ("robots.example", "로봇"):
        assert personal not in page.content()
    page.locator(f"a[href*='{wave.hex()}']").first.click()
    found += look_faults(page, LOOKS[lang])
    press(page, "form[action*='/block?'] button")
    found += look_faults(page, LOOKS[lang])
    page.locator("#why").fill("built alike")
    page.locator("button[formaction*='/invalidate']").click()
    expect(page).to_have_url(re.compile(r"/staff/invalidations/\d+$"))
    found += look_faults(page, LOOKS[lang])
    assert not found, "\n".join(found)
    page.context.clear_cookies()
