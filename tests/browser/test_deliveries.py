"""A delivery in a browser: from the draft to the mail in a signer's mailbox, with and without JavaScript."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.steps import press, reload_until, sign_and_confirm, staff_page

SLUG = "blue-skies"
#: A worker makes the pack and the mails while we wait.
SOON = 60_000


def fill(page, **texts):
    page.goto(f"/staff/deliveries/new/{SLUG}?anew=1")
    words = {
        "recipient_ko": "환경부 장관",
        "recipient_en": "The Minister of Environment",
        "occasion_ko": "푸른 하늘의 날",
        "occasion_en": "Blue Skies Day",
        **texts,
    }
    for name, text in words.items():
        page.locator(f"#{name}").fill(text)


def freeze(page):
    press(page, "main form button[type=submit]")
    press(page, "form[action$='/freeze'] button >> nth=0")


def wait_for_pack(page, *, by_hand):
    button = page.locator("form[action$='/download'] button")
    if by_hand:
        reload_until(page, button)
    expect(button).to_be_visible(timeout=SOON)


def hand_over(page, moment):
    page.locator("#handed_over_at").fill(moment)
    page.locator("#channel").select_option("portal")
    page.locator("#receipt_number").fill("1AB-2611-007")
    press(page, "form[action$='/hand-over'] button")


def now_in_seoul(page):
    return page.evaluate(
        "new Date(Date.now() + 9 * 3600e3).toISOString().slice(0, 16)"  # a field of Seoul's time
    )


@pytest.mark.journey
@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_a_delivery_goes_from_the_draft_to_the_line_on_the_public_page(visitor, site, javascript):
    public = visitor.page(lang="en")
    sign_and_confirm(public, site)
    page = staff_page(visitor, site, "exporter", javascript=javascript)
    occasion = f"Blue Skies Day {javascript}"
    fill(page, occasion_en=occasion)
    freeze(page)
    address = page.url
    wait_for_pack(page, by_hand=not javascript)
    with page.expect_download() as download:
        page.locator("form[action$='/download'] button").click()
    assert re.fullmatch(rf"{SLUG}-pack-\d{{8}}-\d{{6}}KST-\d+-\d+\.zip", download.value.suggested_filename)
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert names[-1] == "manifest.sig"

    page.goto(address)
    hand_over(page, now_in_seoul(public))  # in a window that runs scripts
    public.goto(f"/en/c/{SLUG}")
    reload_until(public, public.get_by_text(occasion))
    expect(public.get_by_text(occasion)).to_be_visible()
    expect(public.locator("#story")).to_contain_text("1AB-2611-007")
