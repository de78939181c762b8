"""Nothing that staff typed or asked for is lost: the second factor, a session that is over, a change of language, a slip."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from pledge.accounts import sessions
from pledge.core import clock
from pledge.core.db import db
from pledge.web.staff.auth.access import RECENT_MFA, SECOND_FACTOR, SHOWN_AT
from tests.browser.steps import press, staff_page
from tests.support import factories
from tests.support.browser import PHONE, assert_looks_right, wait_for_modules
from tests.support.staff import code

TEXTS = "/staff/campaigns/blue-skies"
WORDS = "한 시간 동안 쓴 글 <b>& more</b>"
PASSWORD = "three green herons waited"


def enter(page, site, app, role, *, lang, minutes_ago=0):
    """Sign a person in whose second factor was shown so long ago."""
    member = factories.staff(role, lang=lang, password=PASSWORD)
    shown = clock.now().timestamp() - minutes_ago * 60
    held = {SHOWN_AT: shown, SECOND_FACTOR: True}
    token = sessions.start(member, held, network="127.0.0.1", browser="Chrome, Linux")
    cookie = {"name": app.session_interface.cookie_name, "value": token, "path": "/staff"}
    page.context.add_cookies([{**cookie, "domain": urlsplit(site.url).hostname}])
    return member


def submit(page):
    return page.locator("main button[type=submit]").first


@pytest.mark.parametrize("javascript", [True, False])
def test_an_act_that_waits_for_the_second_factor_is_done_after_the_code_and_the_page_says_so(
    visitor, site, inside, javascript
):
    page = visitor.page(lang="en", javascript=javascript, size=PHONE)
    admin = enter(page, site, inside, "admin", lang="en", minutes_ago=RECENT_MFA.total_seconds() / 60 + 1)
    person = factories.staff("viewer")
    page.goto(f"/staff/people/{person.id}")
    page.locator("summary", has_text="Close the account").click()
    page.locator("#why").fill("left the campaign")
    press(page, page.locator("form[action$='/close'] button"))
    expect(page.get_by_text("as soon as your second factor is accepted")).to_be_visible()
    if javascript:
        assert_looks_right(page)
    page.locator("#factor-code").fill(code(admin))
    press(page, submit(page))
    expect(page.get_by_text("has now been done")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The account is closed")
    db.session.rollback()
    assert not factories.member_of_staff(person.id).active


def test_leaving_a_form_warns_once_something_was_typed_and_saving_does_not(visitor, site, inside):
    page = staff_page(visitor, site, "editor")
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#title_en").click()  # a browser asks only who has touched the page
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Recipient and consent")).to_be_visible()
    assert asked == []

    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#tagline_en").press_sequentially(" and more")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Settings").click()
    expect(page.locator("#tagline_en")).to_have_value(re.compile(" and more"))
    assert asked == ["beforeunload"]
    assert urlsplit(page.url).path == TEXTS

    press(page, page.get_by_role("button", name="Save the texts", exact=True))
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Recipient and consent")).to_be_visible()
    assert asked == ["beforeunload"]


def test_saving_one_form_of_a_page_warns_of_what_was_typed_into_another(visitor, site, inside):
    page = staff_page(visitor, site, "editor")
    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#title_en").click()
    page.locator("#quotation_name_en").fill("Somebody")
    page.locator("#tagline_en").press_sequentially(" and more")
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Save the texts", exact=True).click()
    assert asked.value.type == "beforeunload"
    expect(page.locator("#quotation_name_en")).to_have_value("Somebody")
    page.on("dialog", lambda dialog: dialog.accept())


def test_the_language_changes_without_a_question_and_keeps_what_was_typed(visitor, site, inside):
    page = staff_page(visitor, site, "editor")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#body_ko").click()
    page.locator("#body_ko").fill(WORDS)
    press(page, page.get_by_role("button", name="한국어"))
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("#body_ko")).to_have_value(WORDS)
    press(page, page.get_by_role("button", name="English"))
    expect(page.locator("#body_ko")).to_have_value(WORDS)
    assert asked == []
