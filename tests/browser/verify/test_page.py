"""The page that checks: nothing leaves the browser, and everybody can use it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.steps import tab_to
from tests.browser.verify.handing_in import ADDRESS, check, check_pack, check_receipt, expect_right
from tests.support import packs
from tests.support.browser import LOOKS, assert_looks_right
from tests.support.factories import SLUG


def test_checking_sends_nothing_out_of_the_browser(page, log):
    """Our own addresses, by GET, without a body; and nothing of the file or the address in any of them."""
    seen = []

    def note(request):
        seen.append(request)

    page.context.on("request", note)
    page.locator("#verify-address").fill(ADDRESS)
    check_receipt(page, log.receipt.content, address=ADDRESS)
    expect_right(page)
    check_pack(page, packs.pack(log))
    expect_right(page)
    urls = [request.url for request in seen if not request.url.startswith("blob:")]
    assert any(url.endswith(f"/log/{SLUG}/key") for url in urls), "the listener hears the worker too"
    origin = page.evaluate("location.origin")
    for request in seen:
        assert request.method == "GET"
        assert request.post_data is None
        assert re.fullmatch(
            rf"{origin}/(static/js/verify/.*|api/v1/campaigns/{SLUG}/count|log/{SLUG}/(key|checkpoint|tile/[0-9a-z/.]+))",
            request.url,
        )
    assert page.locator("main form").count() == 0


def test_the_page_works_by_keyboard_and_says_when_no_file_was_chosen(page, log):
    tab_to(page, "[data-check]")
    page.keyboard.press("Enter")
    expect(page.locator("#verify-file")).to_be_focused()
    expect(page.locator("#verify-file-error")).to_be_visible()
    expect(page.locator("#verify-file")).to_have_attribute("aria-invalid", "true")
    page.locator("#verify-file").set_input_files(
        {"name": "a.tlog-proof", "mimeType": "text/plain", "buffer": log.receipt.content}
    )
    expect(page.locator("#verify-file-error")).to_be_hidden()
    tab_to(page, "#verify-address")
    page.keyboard.type(ADDRESS)
    page.keyboard.press("Enter")
    expect_right(page)


def test_a_file_may_be_dropped_anywhere(page, log):
    page.evaluate(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.tlog-proof"));
            document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
        }""",
        log.receipt.content.decode(),
    )
    page.locator("[data-check]").click()
    expect_right(page)


def test_a_browser_without_ed25519_says_so_and_names_the_command_line(visitor, log):
    page = visitor.page(lang="en")
    without = "crypto.subtle.importKey = () => Promise.reject(new DOMException('x', 'NotSupportedError'));\n"

    def take_away(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=without + answer.text())

    page.route("**/verify/worker.js*", take_away)
    page.goto("/en/verify")
    check_receipt(page, log.receipt.content)
    expect(page.locator(".verdict--unsure")).to_contain_text("Ed25519")
    expect(page.locator("main")).to_contain_text("python3 verify.py receipt")


def test_without_javascript_the_page_says_what_to_do(visitor):
    page = visitor.page(lang="ko", javascript=False)
    page.goto("/ko/verify")
    expect(page.locator(".verify-file [data-missing]")).to_be_visible()
    expect(page.locator("#verify-file")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("python3 verify.py receipt")


@pytest.mark.parametrize("lost", ["site", "verify/result"])
def test_when_a_script_does_not_load_the_page_says_what_to_do(visitor, lost):
    page = visitor.page(lang="en")
    page.route(f"**/js/{lost}.js*", lambda route: route.abort())
    page.goto("/en/verify")
    missing = page.locator(".verify-file [data-missing]")
    room = missing.evaluate("element => (element.style.animationDelay = '1000s', element.offsetHeight)")
    assert room == 0, "nothing moves while the scripts are on their way"
    expect(missing).to_be_hidden()
    missing.evaluate("element => (element.style.animationDelay = '')")
    expect(missing).to_be_visible()
    expect(missing).to_contain_text("Reload the page")
    expect(page.locator("[data-check]")).to_be_disabled()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_verdict_can_be_read_by_everybody(visitor, log, lang):
    page = visitor.page(lang=lang)
    page.goto(f"/{lang}/verify")
    foreign = packs.made_up("+++-1+o")
    for content, address in [
        (log.receipt.content, ADDRESS),
        (log.receipt.content, "other@example.org"),
        (packs.pack(log), ""),
        (packs.pack(foreign), ""),
        (packs.pack(log, changed={"totals.csv": b"x"}), ""),
        (b"\xff\xd8\xff", ""),
    ]:
        check(page, content, "file", address=address)
        assert "{" not in page.locator(".verify-file [data-verdict]").inner_text()
        assert_looks_right(page, LOOKS[lang])


def test_a_receipt_saved_after_signing_is_right(visitor, site):
    page = visitor.page(lang="en")
    email = steps.sign_and_confirm(page, site)
    # Whoever is quick is shown first that the receipt is being made.
    with page.expect_download() as waiting:
        page.locator("main a[href$='/receipt']").click()
    saved = waiting.value
    assert re.fullmatch(rf"{SLUG}-\d+\.tlog-proof", saved.suggested_filename)
    opens_it = page.locator(".receipt a[href$='?open=1']").get_attribute("href")
    page.goto(opens_it)
    expect_right(page)
    assert page.evaluate("location.hash") == "", "whoever is shown the address bar learns nothing"
    page.goto("/en/verify")
    page.locator("#verify-file").set_input_files(saved.path())
    page.locator("#verify-address").fill(email)
    page.locator("[data-check]").click()
    # Playwright keeps a download under another name; its first bytes say what it is.
    expect_right(page)
