"""A list of names in a browser, with the real worker: terms, consent, two people, and a file that only the recipient opens."""

import io
import re

import pyrage
import pytest
from playwright.sync_api import expect
from pyrage import x25519

from tests.browser.steps import (
    confirm_button,
    expect_thanks,
    fill_form,
    mailed,
    new_address,
    own_page_by_mail,
    press,
    reload_until,
    sign_button,
)
from tests.support.browser import DESK, Visitor, look_faults
from tests.support.factories import TERMS
from tests.support.site import Site
from tests.support.staff import sign_in


@pytest.fixture(scope="module")
def list_site(new_database, worker_folder):
    """A site of its own: the demo campaign of the others asks for no list."""
    site = Site(worker_folder / "named-list", new_database("sqlite", "named_list"))
    try:
        yield site.start()
    finally:
        site.stop()


@pytest.fixture
def person(chromium, list_site):
    someone = Visitor(chromium, list_site.url)
    yield someone
    for context in someone._contexts:
        assert {cookie["path"] for cookie in context.cookies()} <= {"/staff"}
        context.clear_cookies()
    someone.close()


def staff_window(person, site, role, lang="en"):
    page = person.page(lang=lang, size=DESK)
    sign_in(page, site, role, lang=lang)
    return page


def set_terms(page):
    page.goto("/staff/campaigns/blue-skies/list-terms")
    for name, text in TERMS.items():
        page.locator(f"#{name}").fill(text)
    page.get_by_role("button", name="Ask under these terms").click()
    expect(page.get_by_text("signers are asked under version 1")).to_be_visible()


def sign(page, site, name, *, agreed):
    """Without JavaScript, from the form to the thanks; the page of the mailed link says what will be recorded."""
    email = new_address()
    page.goto("/en/c/blue-skies/sign")
    expect(page.locator("#list_consent")).not_to_be_checked()
    fill_form(page, email, name=name, list_consent=agreed)
    sign_button(page).click()
    page.goto(mailed(site, email).link)
    expect(
        page.get_by_text(f"Given to {TERMS['recipient_en']}" if agreed else "Not handed over")
    ).to_be_visible()
    confirm_button(page).click()
    expect_thanks(page)
    return email


def download(page, why):
    page.locator("#why").fill(why)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Download the encrypted list").click()
    return waited.value.suggested_filename, waited.value.path().read_bytes()


def test_a_list_of_names_goes_from_its_terms_to_the_recipient(person, list_site):
    recipient, wrong = x25519.Identity.generate(), []
    editor = staff_window(person, list_site, "editor")
    editor.goto("/staff/campaigns/blue-skies/list-terms")
    wrong += look_faults(editor)
    set_terms(editor)
    wrong += look_faults(editor)

    signer = person.page(lang="en", javascript=False)
    sign(signer, list_site, "Agreed Person", agreed=True)
    sign(signer, list_site, "Private Person", agreed=False)
    own_page_by_mail(signer, list_site, sign(signer, list_site, "Changed Mind", agreed=True))
    signer.get_by_role("button", name="Withdraw this consent").click()
    expect(signer.get_by_text("Your consent is withdrawn")).to_be_visible()
    expect(signer.locator("#list_consent")).not_to_be_checked()

    exporter = staff_window(person, list_site, "exporter")
    exporter.goto("/staff/lists")
    wrong += look_faults(exporter)
    press(exporter, exporter.get_by_role("link", name="Ask for a list"))
    wrong += look_faults(exporter)
    exporter.locator("#terms").select_option("blue-skies/1")
    exporter.locator("#why").fill("letter 2026-17, Article 123")
    exporter.locator("#key").fill("age1nonsense")
    exporter.get_by_role("button", name="Send the request").click()
    expect(exporter.locator("#error-summary")).to_be_visible()
    wrong += look_faults(exporter)
    exporter.locator("#key").fill(str(recipient.to_public()))
    exporter.get_by_role("button", name="Send the request").click()
    expect(exporter).to_have_url(re.compile(r"/staff/lists/\d+$"))
    expect(exporter.get_by_role("button", name="Approve")).to_have_count(0)
    wrong += look_faults(exporter)

    second = staff_window(person, list_site, "exporter", lang="ko")
    second.goto(exporter.url)
    expect(second.get_by_text("동의한 1명의 이름이 전달됩니다")).to_be_visible()
    wrong += look_faults(second)
    second.get_by_role("button", name="승인하고 암호화하기").click()
    reload_until(second, second.get_by_role("button", name="암호화된 명단 내려받기"))
    wrong += look_faults(second)

    exporter.reload()
    name, data = download(exporter, "for the courier")
    assert name == "blue-skies-list-1.csv.age"
    clear = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(data), clear, [recipient])
    table = clear.getvalue().decode("utf-8-sig")
    assert "Agreed Person" in table
    assert "Private Person" not in table
    assert "Changed Mind" not in table
    assert wrong == []
