"""With the keyboard alone: Tab, Space and Enter, and always a visible place where one is."""

import re

from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN, mailed, tab_to
from tests.support.browser import DESK, wait_for_modules


def test_the_first_stop_skips_to_the_content(visitor):
    page = visitor.page(lang="en", size=DESK)
    page.goto(f"/en/{CAMPAIGN}")
    page.keyboard.press("Tab")
    skip = page.locator(".skip-link")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "main a, main button, main input")


def test_a_person_signs_confirms_and_withdraws_without_a_mouse(visitor, site, email):
    page = visitor.page(lang="en", size=DESK)
    page.goto(f"/en/{CAMPAIGN}")
    wait_for_modules(page)
    tab_to(page, "#name")
    page.keyboard.type("Ana María")
    tab_to(page, "#email")
    page.keyboard.type(email)
    tab_to(page, "#agree_all")
    page.keyboard.press("Space")
    tab_to(page, "#sign-form button[type=submit]")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/check"))

    mail = mailed(site, email)
    tab_to(page, "main details:has([name=resend]) summary")
    page.keyboard.press("Enter")
    tab_to(page, "button[name=resend]")

    page.goto(mail.link)
    page.wait_for_load_state("networkidle")  # its script keeps the key of who presses
    tab_to(page, "main form[action*='/confirm/'] button")
    page.keyboard.press("Space")
    expect(page.locator(".number__value")).to_be_visible()
    tab_to(page, "a.share__item")
    expect(page.locator("[data-copy] button")).to_be_visible()  # once it is in sight, before the others
    page.keyboard.press("Shift+Tab")
    expect(page.locator("[data-copy] button")).to_be_focused()
    tab_to(page, "main .action__row > a[href*='/me/']")
    page.keyboard.press("Enter")
    expect(page.locator("#stored-title")).to_be_visible()
    tab_to(page, "main a[href$='/withdraw']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/withdraw$"))
    tab_to(page, "main form[action$='/withdraw'] button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("done=withdrawn"))
    page.wait_for_load_state()
    tab_to(page, "details:has(#sign-form) > summary")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-form")).to_be_visible()
