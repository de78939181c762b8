"""The desk of signatures in a browser: two people take robots out of the count, the number falls, and rises again."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from pledge.core import clock
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash
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
from tests.support.factories import SLUG, signatures
from tests.support.rows import row
from tests.support.waiting import wait_until


def fill_proposal(page, domain, note="a burst from one domain"):
    page.goto("/staff/watch")
    page.locator("#propose summary").click()
    page.locator("#domain").fill(domain)
    page.locator("#reason").select_option("automated")
    page.locator("#why").fill(note)
    press(page, "#propose button[type=submit]")


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

    moderator.locator("summary", has_text="Put them back").click()
    moderator.locator("#why").fill("a person wrote to us")
    moderator.get_by_role("button", name="Put them back").click()
    reload_until(moderator, moderator.get_by_text("Undone"))
    expect(onlooker.locator("[data-count]")).to_have_text(f"{before:,}")
    signer.reload()
    expect(signer.get_by_text("Confirmed and counted")).to_be_visible()


@pytest.mark.journey
def test_the_day_of_the_robots_takes_two_people_at_most_eight_presses(visitor, site):
    """Counted, held and not confirmed yet: all of one domain are decided about at once, from the inbox."""
    with site.inside():
        wave = {
            "domain_hash": domain_hash(SLUG, "robots-day.example"),
            "at": clock.now() - timedelta(minutes=9),
        }
        signatures(60, **wave), signatures(8, state="held", hold_reason="speed", **wave)
        waiting = [person.id for person in signatures(6, state="pending", **wave)]
    pressed = []

    def press_and_count(page, button):
        pressed.append(button)
        press(page, button)

    first, second = staff_page(visitor, site, "moderator"), staff_page(visitor, site, "moderator")
    first.goto("/staff/")
    press_and_count(first, ".inbox a[href*='/staff/watch']")
    press_and_count(first, f"main a[href$='/domain/{wave['domain_hash'].hex()}'] >> nth=0")
    first.locator("#why").fill("sixty in a minute")
    press_and_count(first, "button[formaction$='/invalidate']")
    second.goto("/staff/")
    press_and_count(second, f".inbox a[href$='{first.url.partition('/staff')[2]}']")
    press_and_count(second, "form[action$='/approve'] button")
    reload_until(second, second.get_by_text("68 of 68"))
    with site.inside():
        wait_until(lambda: None not in [row(Signature, number).hold_reason for number in waiting])
    assert len(pressed) <= 8
