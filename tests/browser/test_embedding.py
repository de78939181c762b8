"""A page of another site, under a strict policy of its own, shows the campaign; a person signs in it."""

import pytest
from playwright.sync_api import expect

from tests.browser.outside_page import outside_page
from tests.browser.steps import confirm, mailed, people
from tests.support.browser import wait_for_modules
from tests.support.waiting import wait_until

LOADER = '<script async src="{site}/embed.js" data-campaign="blue-skies" data-lang="{lang}" data-form data-accent="leaf"></script>'
FRAME = '<iframe src="{site}/embed/blue-skies?lang=en&amp;form=1" title="Blue Skies" width="100%" height="1400"></iframe>'


@pytest.fixture
def window(chromium):
    """A browser window without the rule that pages load nothing from elsewhere, which this one does on purpose."""
    with chromium.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.faults = []
        page.on(
            "console", lambda message: page.faults.append(message.text) if message.type == "error" else None
        )
        yield page


def fill(frame, email):
    frame.locator("#name").fill("홍길동")
    frame.locator("#email").fill(email)
    frame.locator("#agree_all").check()


def frame_height(page):
    return page.locator("iframe").bounding_box()["height"]


def expect_whole(page):
    """The frame becomes as high as its content, so nothing scrolls inside."""
    content = page.frame_locator("iframe").locator("main")
    wait_until(lambda: abs(frame_height(page) - content.evaluate("element => element.offsetHeight")) < 40)


def test_the_widget_tells_through_whose_link_somebody_came(window, site):
    with outside_page(
        site.url, LOADER.format(site=site.url, lang="en").replace("data-form", 'data-form data-via="p3"')
    ) as address:
        window.goto(address)
        expect(window.frame_locator("iframe").locator("input[name=via]")).to_have_value("p3")


@pytest.mark.journey
def test_a_person_signs_in_the_page_of_a_partner(window, visitor, site, email):
    before = people(site)
    with outside_page(site.url, LOADER.format(site=site.url, lang="ko")) as address:
        window.goto(address)
        frame = window.frame_locator("iframe")
        expect(frame.locator("#sign-form")).to_be_visible()
        expect_whole(window)
        fill(frame, email)
        frame.locator("#sign-form button[type=submit]").click()
        expect(frame.locator("a[href*='/ko/c/blue-skies/check/']")).to_be_visible()
        assert window.url == address
        assert window.context.cookies() == []
        assert window.faults == []
    confirm(visitor.page(lang="ko"), mailed(site, email))
    assert people(site) == before + 1


@pytest.mark.parametrize("body", [LOADER, FRAME], ids=["script", "iframe"])
def test_who_signs_in_the_page_of_a_partner_sees_what_comes_next(window, site, email, body):
    if body == LOADER:  # as Safari does in the frames of other sites
        window.add_init_script("HTMLElement.prototype.focus = () => {}")
    below = "<p style='height:3000px'>More of the partner</p>"
    with outside_page(site.url, below + body.format(site=site.url, lang="en") + below) as address:
        window.goto(address)
        frame = window.frame_locator("iframe")
        frame.locator("#sign-form").scroll_into_view_if_needed()
        wait_for_modules(window.frames[1])
        sent = frame.locator("#sign-form button[type=submit]")
        sent.click()
        expect(frame.locator("#error-summary")).to_be_in_viewport(ratio=1)
        fill(frame, email)
        sent.click()
        expect(frame.locator("h1")).to_have_text("One step left: check your e-mail")
        expect(frame.locator("h1")).to_be_in_viewport(ratio=1)


def test_a_message_from_elsewhere_does_not_size_the_frame(window, site):
    with outside_page(site.url, LOADER.format(site=site.url, lang="en")) as address:
        window.goto(address)
        expect(window.frame_locator("iframe").locator("#sign-form")).to_be_visible()
        expect_whole(window)
        before = frame_height(window)
        window.evaluate("postMessage({ pledge: 'size', height: 4000 }, '*')")
        window.wait_for_timeout(300)
        assert frame_height(window) == before
