"""The wall and the review desk in both languages: usable for everybody."""

import pytest
from playwright.sync_api import Page

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.models import Campaign
from pledge.core.db import db
from pledge.core.languages import Texts
from pledge.endorsements.review import moderation, queries
from tests.browser.steps import CAMPAIGN, press
from tests.support.browser import LOOKS, Visitor, look_faults
from tests.support.factories import SLUG, endorsement, fold_all, version_of
from tests.support.site import Site
from tests.support.staff import sign_in


@pytest.fixture(scope="module")
def town(new_database, worker_folder):
    """A site of its own with organisations in all states; its pages by name."""
    site = Site(worker_folder / "organizations", new_database("sqlite", "organizations"))
    try:
        site.start()
        with site.inside():
            pages = _settle()
        yield site, pages
    finally:
        site.stop()


def _settle():
    blue = db.session.scalars(db.select(Campaign).where(Campaign.slug == SLUG)).one()
    long_name = {
        "name_ko": "전국기후위기대응시민연대회의추진본부준비위원회" * 2,
        "name_en": "Donaudampfschiff" * 7,
    }
    row = endorsement(blue, level="staff", interim_year=2030, interim_percent=40, **long_name)
    foreign = endorsement(blue, name_ko="", statement_ko="", country="JP", spokesperson="Kim, Director")
    removed = endorsement(blue, state="removed", public_reason=Texts(ko="사유입니다.", en="A reason."))
    endorsement(blue, state="withdrawn")
    waits = endorsement(blue, state="review", **long_name)
    corrected = endorsement(blue)
    version_of(corrected, target_year=2040, statement_en="Other words.")
    asked = endorsement(blue, state="review")
    moderation.ask_for_changes(COMMAND_LINE, asked.id, queries.find(asked.id).seen, "logo-unclear")
    declined = endorsement(blue, state="review")
    moderation.decline(COMMAND_LINE, declined.id, queries.find(declined.id).seen, "authority-unclear")
    twice = endorsement(blue)
    moderation.merge(COMMAND_LINE, twice.id, row.id, queries.find(twice.id).seen, "the same")
    fold_all()
    wall, desk = f"/{{lang}}/{CAMPAIGN}/organizations", "/staff/organizations"
    return {
        "public": [
            *(wall, f"{wall}?q=zzz", f"{wall}?type=civil&country=KR"),
            *(f"{wall}/{number.id}" for number in (row, foreign, removed)),
        ],
        "staff": [
            *(f"{desk}?tab={tab}" for tab in ("review", "changes", "published", "ended")),
            *(f"{desk}/{case.id}" for case in (row, waits, corrected, asked, declined, removed, twice)),
            *("/staff/reasons", "/staff/reasons?code=closed-down"),
        ],
    }


@pytest.fixture
def window(chromium, town):
    """`window("ko")`: an administrator's window on that site."""
    site, _ = town
    person = Visitor(chromium, site.url)

    def make(lang: str) -> Page:
        page = person.page(lang=lang)
        sign_in(page, site, "admin", lang=lang)
        return page

    yield make
    for context in person._contexts:
        context.clear_cookies()
    person.close()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_page_of_the_wall_or_the_desk_shuts_anybody_out(town, window, lang):
    page, faults = window(lang), []
    for path in [*town[1]["public"], *town[1]["staff"]]:
        page.goto(path.format(lang=lang))
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        faults += look_faults(page, LOOKS[lang])
        assert page.locator("html").get_attribute("lang") == lang
    # Forms that come back.
    case = next(path for path in town[1]["staff"] if path.startswith("/staff/organizations/"))
    page.goto(case)
    page.locator("#remove summary").click()
    press(page, "#remove button")
    faults += look_faults(page, LOOKS[lang])
    page.goto("/staff/reasons")
    press(page, "#reason button")
    faults += look_faults(page, LOOKS[lang])
    assert not faults, "\n" + "\n".join(faults)
