"""Every screen of the staff says which campaign it is about, by its title and not by its address."""

import re

import pytest

from pledge.campaigns.models import Campaign
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.endorsements.review import moderation, queries
from tests.support import factories
from tests.support.factories import draft, endorsement

TITLES = {"ko": "강을 되살리자", "en": "Bring the rivers back"}


def named(of):
    with transaction() as session:
        session.get_one(Campaign, of.id).title = Texts(TITLES)
    return of


@pytest.fixture
def two(app):
    """The first campaign, and another one with a title of its own."""
    return factories.campaign(), named(factories.campaign("rivers"))


def heading(page):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1\b.*?</h1>", page.text, re.DOTALL)[0])


def options(page, name="campaign"):
    """The words of a list to choose from, by what they send."""
    select = re.search(rf'<select[^>]* name="{name}".*?</select>', page.text, re.DOTALL)[0]
    return dict(re.findall(r'<option value="([^"]+)"[^>]*>([^<]*)</option>', select))


def test_each_section_of_a_campaign_is_headed_with_its_title(two, editor):
    sections = [
        *("", "/dates", "/settings", "/partners", "/partners/new", "/events/new"),
        *("/state/closed",),
    ]
    for section in sections:
        page = editor.get(f"/staff/campaigns/rivers{section}")
        assert page.status_code == 200, section
        assert TITLES["en"] in heading(page), section
        assert TITLES["en"] in re.search("<title>.*?</title>", page.text, re.DOTALL)[0], section
    draft("untitled", title_ko="", title_en="")
    assert "untitled" in heading(editor.get("/staff/campaigns/untitled"))


def test_the_review_desk_names_the_campaign_and_can_be_narrowed_to_one(two, staff_client):
    first, second = two
    here = endorsement(second, state="review", name_ko="하나", name_en="One")
    endorsement(first, state="review", name_ko="둘", name_en="Two")
    endorsement(first, state="published", name_ko="셋", name_en="Three")
    moderator = staff_client("moderator", lang="en")
    everything = moderator.get("/staff/organizations")
    assert everything.text.count(TITLES["en"]) > 1
    assert options(everything) == {"rivers": TITLES["en"], "blue-skies": "Blue Skies"}
    narrowed = moderator.get("/staff/organizations?campaign=rivers")
    assert str(here.id) in narrowed.text
    assert narrowed.text.count("/staff/organizations/") - everything.text.count("/staff/organizations/") == -1
    assert "(0)" in re.search(r"<a [^>]*tab=published.*?</a>", narrowed.text, re.DOTALL)[0]
    assert "campaign=rivers" in re.search(r"<a [^>]*tab=published.*?</a>", narrowed.text, re.DOTALL)[0]
    assert moderator.get("/staff/organizations?campaign=nothing").status_code == 404
    assert TITLES["en"] in moderator.get(f"/staff/organizations/{here.id}").text


def test_two_campaigns_of_one_title_are_told_apart_by_their_addresses(two, staff_client):
    named(factories.campaign("lakes"))
    admin = staff_client("admin", lang="en")
    offered = options(admin.get("/staff/watch"))
    assert offered["rivers"] == f"{TITLES['en']} (rivers)"
    assert offered["lakes"] == f"{TITLES['en']} (lakes)"


def test_the_desk_comes_back_to_the_campaign_that_was_chosen(two, viewer):
    chosen = re.compile(r'campaign=([\w-]+)" aria-current')
    assert chosen.search(viewer.get("/staff/numbers").text)[1] == "blue-skies"  # the first that was opened
    viewer.get("/staff/numbers?campaign=rivers")
    assert chosen.search(viewer.get("/staff/numbers").text)[1] == "rivers"
    assert viewer.get("/staff/numbers?campaign=nothing").status_code == 404


def test_why_an_organisation_was_removed_is_told_in_the_language_of_who_reads(two, staff_client):
    reason = "It was listed by mistake."
    row = endorsement(two[1])
    moderation.remove(factories.ANNA, row.id, queries.find(row.id).seen, "listed-by-mistake")
    admin = staff_client("admin", lang="en")
    assert reason in admin.get(f"/staff/organizations/{row.id}").text
    history = admin.get("/staff/audit").text
    assert f"<p>{reason}</p>" in history
