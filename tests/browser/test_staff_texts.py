"""What signers and staff write, and what is typed into a search, is only text, wherever it is shown."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from markupsafe import escape

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import db
from pledge.signatures import moderation
from pledge.signatures.invalidation import services
from pledge.signatures.invalidation.conditions import Condition
from pledge.signatures.invalidation.models import InvalidationReason
from pledge.switches import moderation as switches
from tests.browser.payloads import PAYLOADS, TOGETHER, listen, strangers
from tests.browser.steps import CAMPAIGN
from tests.support.browser import Visitor
from tests.support.factories import SLUG, fold_all, sign_form, signature
from tests.support.site import Site
from tests.support.staff import sign_in

#: As many as fit into a banner.
BANNERS = [" ".join(PAYLOADS[start : start + 4]) for start in range(0, len(PAYLOADS), 4)]


@pytest.fixture(scope="module")
def town(new_database, worker_folder):
    """A site whose every free text is a payload, and the addresses that show them."""
    site = Site(worker_folder / "texts", new_database("sqlite", "texts"))
    try:
        site.start()
        with site.inside():
            pages = _settle()
        yield site, pages
    finally:
        site.stop()


def _settle():
    blue = db.session.scalars(db.select(Campaign).where(Campaign.slug == SLUG)).one()
    signers = [signature(blue, name=payload, public_name=True) for payload in PAYLOADS]
    everybody = Condition(campaign_id=blue.id, signed_from=clock.now() - timedelta(days=1))
    proposed = [
        services.propose(COMMAND_LINE, everybody, InvalidationReason.OTHER, payload)
        for payload in PAYLOADS[:12]
    ]
    for number, payload in zip(proposed[:6], PAYLOADS[12:18], strict=True):
        services.discard(COMMAND_LINE, number, payload)
    for signer, payload in zip(signers[:6], PAYLOADS, strict=False):
        moderation.hide_name(COMMAND_LINE, signer.id, payload)
    for signer, payload in zip(signers[6:12], PAYLOADS[18:], strict=True):
        moderation.withdraw(COMMAND_LINE, signer.id, payload)
    fold_all()
    return [
        *("/staff/audit", "/staff/switches", "/staff/invalidations", "/staff/"),
        *(f"/staff/signatures/{signer.id}" for signer in signers),
        *(f"/staff/invalidations/{number}" for number in proposed),
        *(f"/staff/audit?actor={quote(payload)}&subject={quote(payload)}" for payload in TOGETHER),
        *(f"/en/{CAMPAIGN}/organizations?q={quote(payload)}" for payload in TOGETHER),
    ]


@pytest.fixture
def page(chromium, town):
    site, _ = town
    person = Visitor(chromium, site.url)
    window = person.page(lang="en")
    sign_in(window, site, "admin", lang="en")
    yield window
    for context in person._contexts:
        context.clear_cookies()
    person.close()


def test_what_signers_and_staff_have_written_is_only_text(town, page):
    heard = listen(page)
    for path in town[1]:
        page.goto(path, wait_until="domcontentloaded")
        heard += strangers(page)
    assert not heard, "\n".join(heard)


def test_a_banner_is_only_text(town, page):
    site, _ = town
    heard = listen(page)
    for text in BANNERS:
        with site.inside():
            switches.turn(COMMAND_LINE, "banner", {"ko": text, "en": text}, text)
        site.wait_for(f"/en/{CAMPAIGN}/sign", escape(text))
        page.goto(f"/en/{CAMPAIGN}/sign", wait_until="domcontentloaded")
        assert page.get_by_text(text.split(" ")[0]).count(), text
        heard += strangers(page)
        page.goto("/staff/switches", wait_until="domcontentloaded")
        heard += strangers(page)
    assert not heard, "\n".join(heard)


def test_a_form_that_comes_back_holds_what_was_typed_as_text(town, page):
    heard = listen(page)
    for payload in TOGETHER:
        fields = sign_form(name=payload, email=payload, pledge_version=payload)
        page.goto(f"/en/{CAMPAIGN}/sign", wait_until="domcontentloaded")
        page.locator("#name").fill(fields["name"])
        page.locator("#email").fill(fields["email"])
        with page.expect_navigation():
            page.locator("#sign-form button[type=submit]").click()
        assert page.locator("#email").input_value() == payload
        heard += strangers(page)
        page.goto("/staff/signatures", wait_until="domcontentloaded")
        page.locator("#email").fill(payload)
        with page.expect_navigation():
            page.locator("main form button[type=submit]").first.click()
        heard += strangers(page)
    assert not heard, "\n".join(heard)
