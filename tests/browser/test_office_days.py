"""The day of the administrator and the day of the auditor, as each of them goes through it."""

import csv

import pytest
from playwright.sync_api import expect

from tests.browser.steps import new_address, press, staff_page


@pytest.mark.journey
def test_the_day_of_an_administrator(visitor, site):
    page = staff_page(visitor, site, "admin", javascript=False)
    page.goto("/staff/")
    press(page, page.get_by_role("link", name="Administration"))
    colleague = new_address()
    page.locator("#invite summary").click()
    page.get_by_label("E-mail").fill(colleague)
    page.get_by_label("Editor", exact=True).check()
    press(page, page.get_by_role("button", name="Send the invitation"))
    expect(page.locator("h1")).to_have_text(colleague)
    site.wait_for_mail(colleague)

    page.get_by_label("Exporter", exact=True).check()
    press(page, page.get_by_role("button", name="Save"))
    assert page.get_by_label("Exporter", exact=True).is_checked()
    press(page, page.get_by_role("button", name="Undo"))
    assert not page.get_by_label("Exporter", exact=True).is_checked()
    assert page.get_by_label("Editor", exact=True).is_checked()

    page.locator("summary", has_text="Close the account").click()
    page.get_by_label("Reason").fill("never came")
    press(page, page.get_by_role("button", name="Close the account"))
    expect(page.get_by_text("The account is closed")).to_be_visible()

    press(page, page.get_by_role("link", name="E-mail", exact=True))
    expect(page.locator("h1")).to_have_text("Undelivered e-mails")
    press(page, page.get_by_role("link", name="Audit log"))
    expect(page.get_by_text("never came")).to_be_visible()


@pytest.mark.journey
def test_the_day_of_an_auditor(visitor, site, tmp_path):
    site.flask("staff", "create", new_address(), "--role", "viewer")
    page = staff_page(visitor, site, "auditor")
    page.goto("/staff/")
    press(page, page.get_by_role("link", name="Administration"))
    assert page.locator(".staff-header__lines--pages").count() == 0, "one page is behind this door"
    press(page, page.get_by_role("link", name="Today"))
    press(page, page.get_by_role("link", name="Invited somebody to the staff").first)
    assert set(page.locator(".audit__what strong").all_inner_texts()) == {"Invited somebody to the staff"}

    page.get_by_label("Reason").fill("the yearly audit")
    with page.expect_download() as file:
        page.get_by_role("button", name="Download CSV").click()
    file.value.save_as(tmp_path / "audit.csv")
    head, *lines = csv.reader((tmp_path / "audit.csv").read_text("utf-8-sig").splitlines())
    column = head.index("What")
    assert {line[column] for line in lines} == {"Invited somebody to the staff"}
    page.reload()
    press(page, page.get_by_role("link", name="Show everything"))
    expect(page.get_by_text("the yearly audit")).to_be_visible()
