"""The desk of signatures in a browser: two people take robots out of the count, the number falls, and rises again."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    new_address,
    own_page,
    people,
    press,
    reload_until,
    sign_and_confirm,
    staff_page,
    watch,
)


def fill_proposal(page, domain, note="a burst from one domain"):
    page.goto("/staff/watch")
    page.locator("#propose summary").click()
    page.locator("#domain").fill(domain)
    page.locator("#reason").select_option("automated")
    page.locator("#why").fill(note)
    press(page, "main form[action$='/new'] button[type=submit]")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_robots_are_taken_out_and_put_back_and_everybody_sees_it(visitor, site, javascript):
    domain = f"robots{new_address().partition('@')[0]}.example"
    signer = visitor.page(lang="en")
    sign_and_confirm(signer, site, email=f"robot@{domain}")
    own_page(signer)
    onlooker = visitor.page(lang="en")
    before = watch(onlooker, site)

    moderator = staff_page(visitor, site, "moderator", javascript=javascript)
    fill_proposal(moderator, domain)
    expect(moderator.get_by_text("r**@r**")).to_be_visible()
    assert people(site) == before, "counting took somebody out"
    moderator.get_by_role("button", name="Take them out of the count").click()
    reload_until(moderator, moderator.get_by_text("1 of 1"))
    expect(onlooker.locator("[data-count]")).to_have_text(f"{before - 1:,}")
    signer.reload()
    expect(signer.get_by_text("This signature is not counted")).to_be_visible()
    expect(signer.get_by_text("Made by a program")).to_be_visible()

    moderator.locator("#why").fill("a person wrote to us")
    moderator.get_by_role("button", name="Put them back").click()
    reload_until(moderator, moderator.get_by_text("Undone"))
    expect(onlooker.locator("[data-count]")).to_have_text(f"{before:,}")
    signer.reload()
    expect(signer.get_by_text("Confirmed and counted")).to_be_visible()
