"""Mail scanners open links, run scripts and fetch ahead. None of that may sign, withdraw or unsubscribe anybody.

Those that press buttons are in test_robots.py.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    confirm_button,
    mailed,
    own_page,
    people,
    personal_rows,
    sign,
    sign_and_confirm,
)


@pytest.fixture
def unchanged(site):
    """Call it when the scene is set: the test fails when any row about people is another one at its end."""
    seen = []

    def remember():
        people(site)
        seen.append(personal_rows(site))

    yield remember
    assert personal_rows(site) == seen[0]


@pytest.mark.journey
def test_opening_a_mailed_link_in_any_way_confirms_nothing(visitor, site, email, unchanged):
    sign(visitor.page(lang="en"), "en", email)
    mail = mailed(site, email)
    unchanged()

    robot = visitor.page(lang="en")
    for link in (mail.link, mail.not_me):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert robot.request.fetch(link, method=method).ok
        assert robot.goto(link).ok
        robot.wait_for_load_state("networkidle")
        robot.evaluate("scrollTo(0, document.body.scrollHeight)")
        robot.reload()
        # Fetching ahead, as browsers and previews do.
        robot.evaluate(
            """async (link) => {
                await fetch(link, {headers: {"Sec-Purpose": "prefetch", "Purpose": "prefetch"}});
                const hint = document.createElement("link");
                Object.assign(hint, {rel: "prefetch", href: link});
                document.head.append(hint);
            }""",
            link,
        )
    # Every link of the page, too.
    robot.goto(mail.link)
    for href in robot.eval_on_selector_all("a[href]", "links => links.map((link) => link.href)"):
        if href.startswith(site.url):
            robot.request.get(href)
    robot.reload()
    expect(confirm_button(robot)).to_be_visible()


def test_opening_every_page_of_ones_own_changes_nothing(visitor, site, unchanged):
    page = visitor.page(lang="en")
    sign_and_confirm(page, site, updates=True)
    own_page(page)
    unchanged()
    counted = people(site)
    links = page.eval_on_selector_all("main a[href]", "links => links.map((link) => link.href)")
    links = [link for link in links if link.startswith(site.url)]  # not those to share by
    assert len([link for link in links if "/me/" in link or "/unsubscribe/" in link]) >= 4
    for link in links:
        for method in ("GET", "HEAD"):
            assert page.request.fetch(link, method=method).ok
    assert people(site) == counted
    page.reload()
    expect(page.locator("#updates")).to_be_checked()
