"""Documents of the API as tables for spreadsheets."""

import csv
import io

import pytest

from pledge.core.languages import Texts
from pledge.core.text.tables import BOM
from pledge.statistics import places
from tests.support.factories import SLUG, campaign, crowd, endorsement, fold_all

ADDRESS = f"/api/v1/campaigns/{SLUG}"


def rows(client, name):
    answer = client.get(f"{ADDRESS}/{name}.csv")
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{SLUG}-{name}.csv"'
    assert answer.data.startswith(BOM)
    return list(csv.DictReader(io.StringIO(answer.data.removeprefix(BOM).decode(), newline="")))


@pytest.mark.parametrize("name", ["history", "regions", "countries"])
def test_a_table_has_the_lines_of_its_document_and_its_moment_and_merges_as_it_does(
    app, client, frozen_clock, name
):
    campaign()
    for region, number in (("KR-11", 7), ("KR-26", 9), ("KR-49", 2)):
        crowd(number, region=region)
    crowd(6, country="JP", region=None)
    fold_all()
    places.renew_places()
    document = client.get(f"{ADDRESS}/{name}").json
    table = rows(client, name)
    assert [row["people"] for row in table] == [str(line["people"]) for line in document[name]]
    assert {row["as_of"] for row in table} == {document["as_of"]}
    assert {row["checkpoint"] for row in table} == {str(document["checkpoint"])}
    if name == "regions":
        busan = next(row for row in table if row["key"] == "KR-26")
        assert (busan["label_ko"], busan["per_100000"], busan["rank"]) == ("부산광역시", "0.28", "1")
        assert not any(row["key"] in ("KR-11", "KR-49") for row in table), "merged"
        assert {row["rank"] for row in table if not row["key"].startswith("KR-")} == {""}


def test_a_name_that_looks_like_a_formula_stays_text_and_no_line_names_a_person(app, client, frozen_clock):
    endorsement(campaign(), name=Texts(ko="=HYPERLINK()", en="=cmd|x"))
    fold_all()
    (row,) = rows(client, "organizations")
    assert (row["name_ko"], row["name_en"]) == ("'=HYPERLINK()", "'=cmd|x")
    assert not {"id", "spokesperson", "email"} & row.keys()
    document = client.get(f"{ADDRESS}/organizations").json
    assert (row["as_of"], row["checkpoint"]) == (document["as_of"], str(document["checkpoint"]))


def test_an_empty_table_has_its_head_and_another_one_is_a_problem(app, client):
    campaign()
    answer = client.get(f"{ADDRESS}/regions.csv").data.removeprefix(BOM).decode()
    assert answer == '"key","label_ko","label_en","people","per_100000","rank","as_of","checkpoint"\r\n'
    unknown = client.get(f"{ADDRESS}/signers.csv")
    assert (unknown.status_code, unknown.mimetype) == (404, "application/problem+json")
