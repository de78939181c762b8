"""How a campaign stands, in a real browser: pictures that can be seen and heard, whole on paper and on a phone."""

from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN, confirm_button, mailed, sign
from tests.support.browser import PHONE

PAGE = f"{CAMPAIGN}/progress"


def test_one_comes_from_the_campaign_and_finds_what_just_happened(visitor, site, email):
    page = visitor.page(lang="ko")
    sign(page, "ko", email)
    page.goto(mailed(site, email).link)
    confirm_button(page).click()
    expect(page.locator(".number__value")).to_be_visible()
    page.goto(f"/ko/{CAMPAIGN}")
    page.locator(f"main a[href$='{PAGE}']").click()
    expect(page.locator("h1")).to_be_visible()
    assert int(page.locator(".standing__number").first.inner_text().replace(",", "")) >= 1
    expect(page.locator(".root__value")).to_have_text(
        page.request.get("/log/blue-skies/checkpoint").text().split("\n")[2]
    )


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
