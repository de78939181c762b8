"""The API describes itself, and does what it says: schemathesis sends what the description allows and what it forbids."""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from pledge.core.languages import fingerprint
from pledge.web.api.campaigns import DOCUMENTS
from tests.support.factories import campaign, draft, endorsement, fold_all, signatures

pytestmark = pytest.mark.sqlite_only  # the answers themselves are tested on both where they are made

DESCRIPTION = "/api/v1/openapi.json"


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_api_answers_as_it_describes_itself(app, mode):
    campaign()
    signatures(6)
    endorsement()
    fold_all()
    described = schemathesis.openapi.from_wsgi(DESCRIPTION, app)
    operations = [entry.ok() for entry in described.get_all_operations()]
    assert len(operations) == len(described.raw_schema["paths"])
    for operation in operations:
        if mode is schemathesis.GenerationMode.NEGATIVE and not list(operation.iter_parameters()):
            continue  # nothing to get wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def call(case):
            case.call_and_validate()

        call()


def test_every_address_of_the_api_is_described(app, client):
    described = client.get(DESCRIPTION).json
    assert described["openapi"].startswith("3.1")
    ours = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.rule != DESCRIPTION
    }
    assert set(described["paths"]) == ours


def test_the_description_has_an_english_title_whoever_asks_first(client):
    assert client.get(DESCRIPTION, headers={"Accept-Language": "ko"}).json["info"]["title"] == "Pledge"


def test_an_address_that_cannot_be_read_is_refused_as_described(client):
    assert client.get("/api/v1/campaigns/%FF/regions").status_code == 400
    described = client.get(DESCRIPTION).json["paths"]["/api/v1/campaigns/{slug}/regions"]
    assert "400" in described["get"]["responses"]


def test_every_campaign_is_listed_with_its_counts_and_pages_but_no_draft(app, client):
    campaign()
    draft("secret")
    signatures(2)
    fold_all()
    answer = client.get("/api/v1/campaigns")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    (listed,) = answer.json["campaigns"]
    assert (listed["slug"], listed["people"], listed["is_open"]) == ("blue-skies", 2, True)
    assert set(listed["title"]) == set(listed["pages"]) == {"ko", "en"}
    assert client.get(listed["pages"]["ko"]).status_code == 200


def test_the_page_for_developers_names_every_document_of_a_campaign(app, client):
    campaign()
    page = client.get("/en/developers").text
    assert [name for name in DOCUMENTS if f"/api/v1/campaigns/blue-skies/{name}<" not in page] == []


def test_a_campaign_leads_to_all_its_documents(app, client):
    campaign()
    fold_all()
    document = client.get("/api/v1/campaigns/blue-skies").json
    assert document["as_of"].endswith("Z")
    for address in (*document["documents"].values(), *document["pledge"]["pages"].values(), document["api"]):
        assert client.get(address).status_code == 200, address


def test_a_campaign_lists_every_version_of_its_pledge_with_what_proves_it(app, client):
    campaign(versions=2)
    fold_all()
    document = client.get("/api/v1/campaigns/blue-skies").json
    assert [text["version"] for text in document["pledges"]] == [2, 1]
    assert document["pledge"] == document["pledges"][0]
    for text in document["pledges"]:
        words = {lang: client.get(address).get_data(as_text=True) for lang, address in text["texts"].items()}
        assert set(words) == {"ko", "en"}
        assert fingerprint(words).hex() == text["sha256"]
