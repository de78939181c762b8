"""A page of another site, under a strict policy of its own, shows the campaign; a person signs in it."""

import pytest
from playwright.sync_api import expect

from tests.browser.outside_page import outside_page
from tests.browser.steps import mailed, people
from tests.support.browser import wait_for_modules
from tests.support.waiting import wait_until

LOADER = '<script async src="{site}/embed.js" data-campaign="blue-skies" data-lang="{lang}" data-form data-accent="leaf"></script>'
FRAME = '<iframe src="{site}/embed/blue-skies?lang=en&amp;form=1" title="Blue Skies" width="100%" height="1400"></iframe>'
BELOW = "<p>More of the partner</p>" * 90


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
    wait_until(lambda: abs(frame_height(page) - content.evaluate("element => element.offsetHeight")) < 2)


def test_the_widget_tells_through_whose_link_somebody_came(window, site):
    with outside_page(
        site.url, LOADER.format(site=site.url, lang="en").replace("data-form", 'data-form data-via="p3"')
    ) as address:
        window.goto(address)
        expect(window.frame_locator("iframe").locator("input[name=via]")).to_have_value("p3")


@pytest.mark.journey
def test_a_person_types_the_code_in_the_page_of_a_partner_which_learns_that_and_nothing_else(
    window, site, email
):
    before = people(site)
    with outside_page(site.url, BELOW + LOADER.format(site=site.url, lang="ko") + BELOW) as address:
        window.goto(address)
        window.evaluate(
            "window.told = []; addEventListener('message', ({ data }) => data.pledge !== 'size' && told.push(data))"
        )
        frame = window.frame_locator("iframe")
        window.locator("iframe").scroll_into_view_if_needed()
        expect_whole(window)
        fill(frame, email)
        frame.locator("#sign-form button[type=submit]").click()
        frame.locator("#code").fill(mailed(site, email).code)
        expect(frame.locator("h1")).to_have_text("서명해 주셔서 고맙습니다")
        expect(frame.locator("h1")).to_be_in_viewport(ratio=1)
        expect(frame.locator("[data-part=number]")).to_contain_text("번째")
        expect(frame.locator(".share__first a").first).to_be_visible()
        expect_whole(window)
        assert window.evaluate("told") == [{"pledge": "signed"}]
        assert len(window.context.pages) == 1
        assert (window.url, window.context.cookies()) == (address, [])
        assert window.faults == []
    assert people(site) == before + 1


@pytest.mark.parametrize(
    ("thanks", "is_followed"), [("/danke", True), ("http://127.0.0.1:1/", False), ("javascript:0", False)]
)
def test_a_partner_leads_to_its_own_page_after_somebody_has_signed(window, site, thanks, is_followed):
    body = LOADER.format(site=site.url, lang="en").replace("data-form", f'data-thanks="{thanks}"')
    with outside_page(site.url, body) as address:
        window.goto(address)
        frame = window.frame_locator("iframe")
        expect(frame.locator("h1")).to_be_visible()
        window.frames[1].goto(f"{site.url}/embed/blue-skies/thanks?lang=en")
        if is_followed:
            window.wait_for_url(address + "danke")
        else:
            wait_for_modules(window.frames[1])
            expect(frame.locator("h1")).to_be_visible()
            assert window.url == address


@pytest.mark.parametrize(
    ("theme", "host", "shown"),
    [
        ("", "", "light"),
        ("auto", "", "light"),
        ("auto", "<style>:root { color-scheme: light dark }</style>", "dark"),
        ("auto", "<style>:root { color-scheme: only dark }</style>", "dark"),
        ("auto", "<meta name=color-scheme content='light dark'>", "dark"),
        ("dark", "", "dark"),
    ],
)
def test_the_widget_is_light_or_dark_as_the_page_around_for_a_visitor_who_likes_the_dark(
    window, site, theme, host, shown
):
    window.emulate_media(color_scheme="dark")
    body = LOADER.format(site=site.url, lang="en").replace("data-accent", f'data-theme="{theme}" data-accent')
    with outside_page(site.url, host + body, "style-src 'unsafe-inline'") as address:
        window.goto(address)
        main = window.frame_locator("iframe").locator("main")
        light = main.evaluate("element => getComputedStyle(element).backgroundColor === 'rgb(255, 255, 255)'")
        button = main.locator("button[type=submit]").evaluate(
            "element => getComputedStyle(element).backgroundColor"
        )
        assert ("light" if light else "dark") == shown
        assert button == {"light": "rgb(20, 121, 90)", "dark": "rgb(111, 214, 174)"}[shown]


@pytest.mark.parametrize("width", [360, 1280])
def test_what_stands_below_moves_little_when_the_widget_is_there(window, site, width):
    window.set_viewport_size({"width": width, "height": 740})
    body = LOADER.format(site=site.url, lang="ko") + BELOW
    with outside_page(site.url, body) as address:
        window.goto(address, wait_until="commit")
        window.locator("iframe").wait_for()
        first = frame_height(window)
        expect_whole(window)
        assert abs(frame_height(window) - first) < 200


@pytest.mark.parametrize("body", [LOADER, FRAME], ids=["script", "iframe"])
def test_who_signs_in_the_page_of_a_partner_sees_what_comes_next(window, site, email, body):
    if body == LOADER:  # as Safari does in the frames of other sites
        window.add_init_script("HTMLElement.prototype.focus = () => {}")
    with outside_page(site.url, BELOW + body.format(site=site.url, lang="en") + BELOW) as address:
        window.goto(address)
        frame = window.frame_locator("iframe")
        window.locator("iframe").scroll_into_view_if_needed()
        frame.locator("#sign-form").scroll_into_view_if_needed()
        wait_for_modules(window.frames[1])
        sent = frame.locator("#sign-form button[type=submit]")
        sent.click()
        expect(frame.locator("#error-summary")).to_be_in_viewport(ratio=1)
        fill(frame, email)
        sent.click()
        expect(frame.locator("#code")).to_be_visible()
        expect(frame.locator("h1")).to_be_in_viewport(ratio=1)


def test_a_message_from_elsewhere_does_not_size_the_frame(window, site):
    with outside_page(site.url, LOADER.format(site=site.url, lang="en")) as address:
        window.goto(address)
        expect(window.frame_locator("iframe").locator("#sign-form")).to_be_visible()
        expect_whole(window)
        before = frame_height(window)
        window.evaluate("postMessage({ pledge: 'size', height: 4000 }, '*')")
        window.wait_for_timeout(300)
        assert abs(frame_height(window) - before) < 2
