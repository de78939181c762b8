"""How a campaign stands, in a real browser: pictures that can be seen and heard, whole on paper and on a phone."""

from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN
from tests.support.browser import PHONE

PAGE = f"{CAMPAIGN}/progress"


def test_the_contents_lead_to_the_parts(visitor, site):
    page = visitor.page(lang="ko", size=PHONE)
    page.goto(f"/ko/{PAGE}")
    for link in page.locator(".contents a").all():
        link.click()
        part = page.locator(page.evaluate("location.hash"))
        expect(part).to_be_in_viewport()


def test_the_printed_page_hides_nothing(visitor, site):
    page = visitor.page(lang="ko")
    page.goto(f"/ko/{PAGE}")
    page.emulate_media(media="print")
    assert page.locator(".contents").is_hidden()
    for body in page.locator(".disclosure__body").all():
        expect(body).to_be_visible()
