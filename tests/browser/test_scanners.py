"""Mail scanners open links, run scripts and fetch ahead. None of that may sign anybody or delete anything.

Those that press buttons are in test_robots.py.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import confirm_button, mailed, people, personal_rows, sign


@pytest.mark.journey
def test_opening_a_mailed_link_in_any_way_confirms_nothing(visitor, site, email):
    sign(visitor.page(lang="en"), "en", email)
    mail = mailed(site, email)
    people(site)
    before = personal_rows(site)

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
    assert personal_rows(site) == before
