"""One file a day that anybody may use and cite: what is in it, when it is made, where it stays."""

import csv
import io
import json
import zipfile
from hashlib import sha256

import pytest

from pledge.campaigns.models import CampaignState
from pledge.core import clock
from pledge.core.db import transaction
from pledge.deliveries import open_data
from pledge.jobs import services as jobs
from pledge.ledger import log_queries
from pledge.statistics import places
from pledge.worker.registry import makers
from tests.support import deliveries
from tests.support.factories import SLUG, campaign, crowd, endorsement, fold_all, the_campaign

FACTS = f"/api/v1/campaigns/{SLUG}"


def make_due():
    open_data.enqueue_due()
    made = 0
    while jobs.advance(makers()):
        made += 1
    return made


def download(client):
    answer = client.get(client.get(FACTS).json["data"].removeprefix("http://localhost"))
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(answer.data))


def come(number):
    """So many people sign, and the regions that the page shows are renewed."""
    crowd(number, region="KR-11")
    fold_all()
    places.renew_places()


@pytest.fixture
def signed(app, frozen_clock):
    frozen_clock.move_to_noon()
    campaign()
    endorsement(type="city")
    come(24)


def test_the_file_describes_itself_and_each_file_in_it_is_as_described(signed, client):
    assert make_due() == 1
    archive = download(client)
    package = json.loads(archive.read("datapackage.json"))
    assert {resource["path"] for resource in package["resources"]} == {*archive.namelist()} - {
        "datapackage.json"
    }
    assert package["licenses"] == [{"path": "https://creativecommons.org/licenses/by/4.0/"}]
    assert package["id"] == client.get(FACTS).json["data"]
    assert package["version"] == str(log_queries.newest(the_campaign().id).size)
    for resource in package["resources"]:
        content = archive.read(resource["path"])
        assert (resource["bytes"], resource["hash"]) == (
            len(content),
            f"sha256:{sha256(content).hexdigest()}",
        )
        if resource["path"].endswith(".csv"):
            head = next(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
            assert [field["name"] for field in resource["schema"]["fields"]] == head


def test_it_says_the_numbers_how_they_are_counted_and_how_to_cite_them_in_each_language(signed, client):
    make_due()
    readme = download(client).read("README.txt").decode()
    for words in (
        "서명한 사람   24명",
        "People           24",
        "2. 집계 방법",
        "2. The method",
        "인용",
        "cite it like this",
    ):
        assert words in readme
    assert readme.count(client.get(FACTS).json["data"]) == 2, "where it stays, in each language"


def test_letters_are_in_it_by_their_hash_and_deliveries_with_their_answer(signed, client, frozen_clock):
    deliveries.answered()
    frozen_clock.move(hours=2)
    come(20)
    make_due()
    archive = download(client)
    statements = {statement["kind"]: statement for statement in json.loads(archive.read("statements.json"))}
    assert statements["letter"]["words"] is None
    assert statements["answer"]["words"]
    (handed_over,) = json.loads(archive.read("deliveries.json"))
    assert handed_over["answered_at"] >= handed_over["handed_over_at"]


def test_there_is_a_file_a_day_if_anything_was_counted_and_one_more_after_the_end(
    signed, client, frozen_clock
):
    assert make_due() == 1
    first = client.get(FACTS).json["data"]
    frozen_clock.move(hours=2)
    come(20)
    assert make_due() == 0, "the same day"
    frozen_clock.move(days=1)
    assert make_due() == 1
    assert client.get(FACTS).json["data"] != first
    frozen_clock.move(days=1)
    assert make_due() == 0, "nothing was counted"
    come(20)
    assert make_due() == 1
    frozen_clock.move(hours=2)
    come(20)
    assert make_due() == 0
    with transaction() as session:
        row = session.merge(the_campaign())
        row.state, row.closes_at = CampaignState.CLOSED, clock.now()
    frozen_clock.move(minutes=1)
    assert make_due() == 1
    assert make_due() == 0
    assert client.get(first.removeprefix("http://localhost")).status_code == 200, "it stays"


def test_no_two_files_tell_more_of_places_than_the_page(signed, client, frozen_clock):
    make_due()
    frozen_clock.move(days=1)
    come(3)
    assert make_due() == 0, "three people would be found by subtraction"
    come(17)
    assert make_due() == 1
    shown = client.get(f"{FACTS}/regions").json
    totals = json.loads(download(client).read("totals.json"))
    assert totals["checkpoint"]["size"] == shown["checkpoint"]
    assert [(line["key"], line["people"]) for line in totals["by_region"]] == [
        (line["key"], line["people"]) for line in shown["regions"]
    ]


def test_a_page_links_it_once_it_is_there_and_there_is_none_of_another_moment(signed, client):
    page = "/en/c/blue-skies/progress"
    assert "Everything in one file" not in client.get(page).text
    assert client.get(FACTS).json["data"] is None
    assert client.get(f"{FACTS}/data/1.zip").status_code == 404
