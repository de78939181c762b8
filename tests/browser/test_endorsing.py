"""An organisation's person at the form and on the own page."""

from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN, organization_link, press
from tests.support.browser import wait_for_modules
from tests.support.factories import endorse_manage_token, endorsement
from tests.support.pictures import png

LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": png()}


def test_a_picture_that_is_too_large_is_named_before_it_is_sent(visitor):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/endorse")
    wait_for_modules(page)
    page.locator("#logo").set_input_files({**LOGO, "buffer": b"\0" * 1_000_001})
    expect(page.get_by_text("larger than 1 MB")).to_be_visible()
    assert page.locator("#logo").evaluate("input => input.files.length") == 0
    page.locator("#logo").set_input_files(LOGO)
    expect(page.get_by_text("larger than 1 MB")).to_be_hidden()


def test_another_person_takes_over_by_mail(visitor, site):
    page, other = visitor.page(lang="en"), visitor.page(lang="ko")
    with site.inside():
        row = endorsement(email="old@takeover.example.org", state="review", name_ko="하늘단체", name_en="Sky")
        page.goto(f"/en/endorse/me/{endorse_manage_token(row)}/contact")
    successor = "new@takeover.example.org"
    for field, value in {"contact_name": "이바다", "contact_title": "팀장", "email": successor}.items():
        page.locator(f"#{field}").fill(value)
    press(page, "main form button")
    expect(page.locator("main")).to_contain_text("이바다")
    other.goto(organization_link(site, successor, "contact"))
    expect(other.locator("h1")).to_contain_text("Sky")
    for box in ("authority_ok", "consent_person"):
        other.locator(f"#{box}").check()
    press(other, "main form button")
    other.locator("a[href*='/endorse/me/']").click()
    expect(other.locator("main")).to_contain_text(successor)
    assert "@" in site.wait_for_mail("old@takeover.example.org")["text"]
    page.reload()
    expect(page.locator("main")).not_to_contain_text("이바다")
