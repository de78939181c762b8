"""What is typed into a form or a search comes back as text, also where scripts of ours handle it (the rest: rehearsals/hostile)."""

from tests.browser.steps import CAMPAIGN
from tests.support.payloads import TOGETHER
from tests.support.staff import sign_in

STRANGERS = """() => [...document.querySelectorAll("iframe, base, style, math, meta[http-equiv], [onerror], [onload],"
    + " [onfocus], [onmouseover], [ontoggle], [href^='javascript:' i], [href^='data:' i]"
    + ", script:not([src^='/static/']):not([type='application/ld+json']), form[action^='//']")].map(element => element.outerHTML)"""


def test_a_form_that_comes_back_holds_what_was_typed_as_text(visitor, site):
    """A script that the policy blocks is an error in the console, which the visitor's window notes."""
    page, heard = visitor.page(lang="en"), []
    sign_in(page, site, "admin", lang="en")

    def note(dialog):
        if dialog.type != "beforeunload":  # our own question before typed words are left
            heard.append(dialog.message)
        dialog.accept()

    page.on("dialog", note)
    for payload in TOGETHER:
        page.goto(f"/en/{CAMPAIGN}/sign", wait_until="domcontentloaded")
        page.locator("#name").fill(payload)
        page.locator("#email").fill(payload)
        with page.expect_navigation():
            page.locator("#sign-form button[type=submit]").click()
        assert page.locator("#email").input_value() == payload
        heard += page.evaluate(STRANGERS)
        page.goto("/staff/signatures", wait_until="domcontentloaded")
        page.locator("#email").fill(payload)
        with page.expect_navigation():
            page.locator("main form button[type=submit]").first.click()
        heard += page.evaluate(STRANGERS)
    assert heard == []
