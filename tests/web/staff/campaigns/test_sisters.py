"""The screens of the sister campaigns of a campaign."""

import pytest

from pledge.audit.models import AuditEntry
from pledge.campaigns import items, staff_queries
from pledge.campaigns.partners import SISTER, SisterFields
from pledge.core.db import db
from tests.support import factories
from tests.support.factories import EDITOR
from tests.web.staff.campaigns.screens import picture, seen, send, sister_form


def rows():
    return items.rows(SISTER, staff_queries.desk("air").id)


def add(**changes):
    """Through the use case; returns its number."""
    texts = sister_form(**changes)
    fields = {
        name: {lang: texts[f"{name}_{lang}"] for lang in ("ko", "en")}
        for name in ("name", "place", "sentence")
    }
    return items.add(SISTER, EDITOR, "air", SisterFields(**fields, url=texts["url"]))


def test_a_sister_campaign_is_added_shown_corrected_and_removed(app, editor, client):
    factories.campaign("air")
    assert send(editor, "sisters/new", sister_form(logo=picture())).status_code == 303
    (row,) = rows()
    page = client.get("/en/c/air").text
    for words in ("A Sister", "Geneva", "Under the same sky", "https://example.org/sister", row.logo):
        assert words in page
    assert "같은 하늘 아래" in client.get("/ko/c/air").text
    form = editor.get(f"/staff/campaigns/air/sisters/{row.id}")
    sent = send(editor, f"sisters/{row.id}", sister_form(name_en="Renamed", drop_logo="y", seen=seen(form)))
    assert sent.status_code == 303
    assert (rows()[0].fields.name["en"], rows()[0].logo) == ("Renamed", "")
    page = editor.get(f"/staff/campaigns/air/sisters/{row.id}/remove")
    gone = {"seen": seen(page), "reason": "it has ended"}
    assert editor.post(f"/staff/campaigns/air/sisters/{row.id}/remove", data=gone).status_code == 303
    assert rows() == []
    acts = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id))
    assert [act.rpartition(".")[2] for act in acts if act.startswith("campaign.sister")] == [
        "add",
        "change",
        "remove",
    ]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name_en": ""}, "name_en"),
        ({"place_ko": ""}, "place_ko"),
        ({"sentence_en": ""}, "sentence_en"),
        ({"sentence_ko": "가" * 301}, "sentence_ko"),
        ({"url": ""}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
    ],
)
def test_a_sister_campaign_that_is_not_whole_is_told_at_its_field(app, editor, changes, field):
    factories.campaign("air")
    sent = send(editor, "sisters/new", sister_form(**changes))
    assert sent.status_code == 422
    assert f'href="#{field}"' in sent.text
    assert rows() == []


def test_the_overview_names_what_a_visitor_would_miss_until_it_is_there(app, editor):
    factories.campaign("air")
    before = editor.get("/staff/campaigns/air/dates").text.partition("Recommended")[2]
    for words in ("A photograph", "A video", "A letter", "A quotation", "Sister campaigns", "The logos"):
        assert words in before
    add()
    after = editor.get("/staff/campaigns/air/dates").text.partition("Recommended")[2]
    assert "A photograph" in after
    assert "Sister campaigns" not in after


@pytest.mark.sqlite_only
def test_what_has_no_order_of_its_own_cannot_be_moved(app, editor):
    factories.campaign("air")
    number = add()
    assert editor.post(f"/staff/campaigns/air/sisters/{number}/move/up").status_code == 404
    assert "Move up" not in editor.get("/staff/campaigns/air/partners").text.partition("sisters-title")[2]
