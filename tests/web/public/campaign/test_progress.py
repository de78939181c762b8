"""How a campaign stands: both numbers, growth, places, what is not counted, and the checkpoint; for everybody the same."""

import re
from datetime import timedelta

import html5lib
import pytest

from pledge.campaigns import items
from pledge.campaigns.events import EVENT
from pledge.core import clock
from pledge.ledger import log_queries
from pledge.statistics import integrity, places
from tests.support import deliveries
from tests.support.factories import (
    EDITOR,
    SLUG,
    campaign,
    crowd,
    endorsement,
    event_fields,
    fold_all,
    signature,
    the_campaign,
)

pytestmark = pytest.mark.usefixtures("app")


def get(client):
    page = client.get("/en/c/blue-skies/progress")
    assert page.status_code == 200
    return page


def table(page, caption):
    """The rows of a table as texts, without its head."""
    for element in html5lib.parse(page.text, namespaceHTMLElements=False).iter("table"):
        if any(caption == "".join(heading.itertext()) for heading in element.iter("caption")):
            return [
                ["".join(cell.itertext()).strip() for cell in row if cell.tag in ("th", "td")]
                for row in element.find("tbody")
            ]
    return None


def everywhere():
    """Seven in Seoul, nine in Busan, six in Japan, an organisation; folded."""
    crowd(7, region="KR-11")
    crowd(9, region="KR-26")
    crowd(6, country="JP", region=None)
    endorsement(type="city")
    fold_all()
    places.renew_places()


def test_a_campaign_that_nobody_signed_says_so(client):
    campaign()
    page = get(client)
    assert page.text.count('class="standing__number">0<') == 2
    assert '<svg class="map' not in page.text
    assert "There is no checkpoint yet" in page.text


def test_every_picture_has_its_table(client):
    everywhere()
    page = get(client)
    assert re.findall(r'standing__number">([\d,]+)<', page.text) == ["22", "1"]
    assert page.text.count('role="img"') == 3, "people, organisations, map"
    assert page.text.count("</desc>") == 3
    assert table(page, "People by province or metropolitan city") == [
        ["Busan", "9", "0.28", "1"],
        ["Seoul", "7", "0.08", "2"],
        ["Outside Korea or no region given", "6", "–", "–"],
    ]
    assert table(page, "People by country") == [["Republic of Korea", "16", "72.7%"], ["Japan", "6", "27.3%"]]
    ((_, people, organizations),) = table(page, "What each day added")
    assert (people, organizations) == ("22", "1")
    assert "Seoul: 0.08 per 100,000 people · Highest: Busan" in page.text
    assert "<title>Seoul: 0.08 per 100,000 people, No. 2</title>" in page.text
    assert "City or province" in page.text


def test_events_and_deliveries_are_marked_in_the_growth_and_listed_below(client, frozen_clock):
    frozen_clock.move_to_noon()
    everywhere()
    deliveries.answered(the_campaign())
    over = {"starts_at": clock.now() - timedelta(hours=2), "ends_at": clock.now() - timedelta(hours=1)}
    items.add(EVENT, EDITOR, SLUG, event_fields(title_en="The opening", **over))
    page = get(client)
    (listed,) = re.findall(r'<ol class="milestones">(.*?)</ol>', page.text, re.DOTALL)
    words = re.findall(r"</time> (.*?)</li>", listed)
    assert sorted(words) == [
        "Answer: The Minister of Environment",
        "Handed over: The Minister of Environment",
        "The opening",
    ]
    assert page.text.count(">1–3</text>") == 2, "in both charts, with one mark for one day"


def test_four_people_are_a_number_and_nothing_more(client):
    crowd(4, country="KR")
    fold_all()
    places.renew_places()
    page = get(client)
    assert 'role="img"' not in page.text, "neither a chart nor a map"
    assert table(page, "People by country") is None
    assert "Regions and countries are shown once twenty people have signed." in page.text
    assert [row[1] for row in table(page, "What each day added")] == ["4"]


def test_page_and_documents_for_programs_show_the_same_lines(client, frozen_clock):
    everywhere()
    crowd(20, country="FR", region=None)
    signature(region="KR-49")
    fold_all()
    frozen_clock.move(hours=1)
    places.renew_places()
    page = get(client)
    for name, caption in (
        ("regions", "People by province or metropolitan city"),
        ("countries", "People by country"),
    ):
        document = client.get(f"/api/v1/campaigns/blue-skies/{name}").get_json()
        shown = [[line["label"]["en"], str(line["people"])] for line in document[name]]
        assert sorted(row[:2] for row in table(page, caption)) == sorted(shown)


def test_the_checkpoint_of_the_number_can_be_read_and_checked(client):
    everywhere()
    newest = log_queries.newest(the_campaign().id)
    page = get(client)
    document = html5lib.parse(page.text, namespaceHTMLElements=False)
    folded = ["".join(details.itertext()) for details in document.iter("details")]
    assert any(newest.root_base64 in text for text in folded), "one click below"
    assert 'href="/log/blue-skies/checkpoint"' in page.text
    assert 'href="/log/blue-skies/key"' in page.text
    assert re.search(r"verify\.py count http\S+/log/blue-skies<", page.text)
    assert f"{newest.size} entries, signed" in page.text


def test_more_than_ten_countries_are_a_press_away(client):
    for place, country in enumerate("KR JP US DE FR GB NL IT ES SE NO FI".split()):
        crowd(20 + place, country=country, region=None)
    fold_all()
    places.renew_places()
    page = get(client)
    assert len(table(page, "People by country")) == 10
    assert len(table(page, "People by country, continued")) == 2


def test_a_cold_page_reads_no_signature(client, statements, frozen_clock):
    everywhere()
    integrity.renew()
    get(client)
    frozen_clock.move(seconds=2)
    with statements() as seen:
        get(client)
    assert not [
        statement
        for statement in seen
        if "FROM signatures" in statement
        or ("FROM ledger_entries" in statement and "kind = 'paper'" not in statement)
    ]
    assert len(seen) <= 16
