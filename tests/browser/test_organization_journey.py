"""The journey of an organisation: apply, mail, review by somebody else's browser, wall, correction, withdrawal."""

import re
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    CAMPAIGN,
    fill_organization,
    organization_link,
    press,
    reload_until,
    staff_page,
)
from tests.support.browser import wait_for_modules
from tests.support.pictures import png
from tests.support.waiting import wait_until

_numbers = count(1)


LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": png()}


def apply(page, domain, name):
    """Fill in the form, which is not sent yet; the address that the mail will go to."""
    page.goto(f"/en/{CAMPAIGN}/endorse")
    fill_organization(page, domain, name_ko=f"{name} 한글", name_en=name)
    return f"sky@{domain}"


def confirm(page, site, email):
    page.goto(organization_link(site, email, "confirm"))
    press(page, "main form[action*='/endorse/confirm/'] button >> nth=0")


def open_case(page, name):
    page.goto(f"/staff/organizations?q={name}")
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def wall(page, name):
    page.goto(f"/en/{CAMPAIGN}/organizations?q={name}")
    return page.locator("main")


@pytest.mark.journey
@pytest.mark.parametrize("javascript", [True, False])
def test_an_organisation_applies_is_reviewed_stands_on_the_wall_corrects_and_withdraws(
    visitor, site, javascript
):
    number = next(_numbers)
    name = f"Harbour Works {number}"
    applicant = visitor.page(lang="en", javascript=javascript)
    email = apply(applicant, f"harbour{number}.example.org", name)
    applicant.locator("#logo").set_input_files(LOGO)
    press(applicant, "#endorse-form button[type=submit]")
    expect(applicant).to_have_url(re.compile("/endorse/check"))

    # A confirmed application is not on the wall.
    confirm(applicant, site, email)
    card = wall(applicant, name).get_by_role("link", name=name, exact=True)
    expect(card).to_have_count(0)

    # Somebody watches the campaign's page while somebody else reviews.
    watcher = visitor.page(lang="en")
    watcher.goto(f"/en/{CAMPAIGN}")
    organizations = watcher.locator("[data-organizations]")
    before = int(organizations.get_attribute("data-organizations"))
    people = watcher.locator("[data-count]").inner_text()
    desk = staff_page(visitor, site, "moderator", javascript=javascript)
    open_case(desk, name)
    expect(desk.get_by_text("Same owner")).to_be_visible()
    press(desk, "form[action$='/publish'] button")
    expect(desk.get_by_text("Published. An e-mail to the organisation is on its way.")).to_be_visible()
    expect(organizations).to_have_attribute("data-organizations", str(before + 1))
    expect(watcher.locator("[data-count]")).to_have_text(people)

    # The wall, and the page that it can link to, with a button to sign by its own link.
    shown = wall(applicant, name)
    reload_until(applicant, card)
    expect(shown).to_contain_text("Verified by its e-mail domain")
    expect(shown.locator(".logo__picture")).to_have_count(1)
    card.click()
    expect(applicant.get_by_role("heading", level=1)).to_have_text(name)
    expect(shown).to_contain_text("We walk along.")
    expect(shown.get_by_role("link", name="Sign the pledge")).to_have_attribute(
        "href", re.compile(r"\?via=o\d+$")
    )
    own_address = applicant.url
    applicant.goto(own_address.replace("/en/", "/ko/"))
    expect(applicant.get_by_role("heading", level=1)).to_have_text(f"{name} 한글")

    # A correction waits, is given back with a reason, is made again and published.
    manage = organization_link(site, email, "me", count=2)
    for statement, decide in (("A first try.", "changes"), ("We run ahead.", "publish")):
        applicant.goto(manage)
        press(applicant, "main a[href$='/correct']")
        applicant.locator("#statement_en").fill(statement)
        press(applicant, "main form[enctype] button[type=submit]")
        applicant.goto(own_address)
        expect(shown).to_contain_text("We walk along.")
        open_case(desk, name)
        expect(desk.locator(".review-table__changed")).to_contain_text(statement)
        if decide == "changes":
            desk.locator("#changes summary").click()
            desk.locator("#changes-code").select_option("statement-off-topic")
            press(desk, "#changes button")
            mail = site.wait_for_mail(email, count=3)
            assert "The statement is not about this campaign’s pledge." in mail["text"]
        else:
            press(desk, "form[action$='/publish'] button")
    applicant.goto(own_address)
    reload_until(applicant, shown.get_by_text("We run ahead."))

    # Withdrawn: a line stays, the number falls.
    applicant.goto(manage)
    press(applicant, "main a[href$='/withdraw']")
    press(applicant, "main form[action$='/withdraw'] button")
    expect(organizations).to_have_attribute("data-organizations", str(before))
    reload_until(applicant, wall(applicant, name).get_by_text("withdrew on"))
    expect(card).to_have_count(0)
    wait_until(lambda: applicant.goto(own_address).status == 410, "its page is still there")


def test_two_people_at_one_case_see_each_other_and_the_second_is_told(visitor, site):
    number = next(_numbers)
    name = f"Twin Towers {number}"
    applicant = visitor.page(lang="en")
    email = apply(applicant, f"twin{number}.example.org", name)
    press(applicant, "#endorse-form button[type=submit]")
    confirm(applicant, site, email)

    first, second = (staff_page(visitor, site, "moderator") for _ in range(2))
    open_case(first, name)
    wait_for_modules(first)
    open_case(second, name)
    expect(second.locator("[data-others]")).to_contain_text("is working on this case now")
    first.reload()
    expect(first.locator("[data-others]")).to_contain_text("This case is yours. Also open with")

    press(first, "form[action$='/publish'] button")
    # The open page of the second learns it by itself, and a press tells what happened.
    second.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(second.locator("[data-changed]")).to_be_visible()
    second.locator("#decline summary").click()
    second.locator("#decline-code").select_option("authority-unclear")
    second.locator("#decline-note").fill("What I wrote")
    press(second, "#decline button")
    expect(second.get_by_text("Nothing was done: somebody else was first")).to_be_visible()
    expect(second.get_by_text("“To review”; it is “Published” now")).to_be_visible()
