"""The switches in a browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import reload_until, staff_page
from tests.support.browser import look_faults
from tests.support.factories import SLUG
from tests.support.site import Site


@pytest.fixture(scope="module")
def site(new_database, worker_folder):
    """A site of its own, as signing is paused on it."""
    site = Site(worker_folder / "desk", new_database("sqlite", "desk"))
    try:
        yield site.start()
    finally:
        site.stop()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_signing_is_paused_and_taken_up_again_in_front_of_a_visitor(visitor, site, javascript):
    page = staff_page(visitor, site, "admin", javascript=javascript)
    onlooker = visitor.page(lang="ko")
    onlooker.goto(f"/ko/c/{SLUG}")
    expect(onlooker.locator("#email")).to_be_visible()

    page.goto("/staff/switches")
    page.get_by_role("button", name="Pause signing").click()
    expect(page.locator("#signing-reason-error")).to_be_visible()
    page.locator("#signing-reason").fill("a flood from one network")
    page.get_by_role("button", name="Pause signing").click()
    expect(page.get_by_role("button", name="Take signatures again")).to_be_visible()
    expect(page.get_by_text("a flood from one network").first).to_be_visible()

    reload_until(onlooker, onlooker.get_by_text("지금은 서명을 받지 않습니다"))
    assert onlooker.locator("#email").count() == 0
    assert not look_faults(onlooker)

    page.locator("#signing-reason").fill("it is over")
    page.get_by_role("button", name="Take signatures again").click()
    reload_until(onlooker, onlooker.locator("#email"))
