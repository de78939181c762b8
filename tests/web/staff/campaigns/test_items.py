"""The screens of the lists of a campaign: partners, events, sister campaigns."""

import io
import re

import pytest

from pledge.campaigns import items, staff_queries
from pledge.campaigns.demands import DEMAND
from pledge.campaigns.events import EVENT
from pledge.campaigns.partners import PARTNER, SISTER
from pledge.web.caching import cache
from tests.support import factories
from tests.support.factories import EDITOR
from tests.web.staff.campaigns.screens import (
    demand_form,
    event_form,
    partner_form,
    picture,
    seen,
    send,
    sister_form,
)

KINDS = {"partners": PARTNER, "events": EVENT, "sisters": SISTER}
FORMS = {"partners": partner_form, "events": event_form, "sisters": sister_form}


@pytest.fixture(autouse=True)
def air(app):
    return factories.campaign("air")


def rows(section):
    return items.rows(KINDS[section], staff_queries.desk("air").id)


def remove(editor, section, number, reason):
    """Remove an item as its page shows it."""
    page = editor.get(f"/staff/campaigns/air/{section}/{number}/remove")
    return send(editor, f"{section}/{number}/remove", {"seen": seen(page), "reason": reason})


def test_a_partner_is_added_with_its_logo_moved_corrected_and_removed(editor, client):
    third = partner_form(name_en="Third", url="example.org", logo=picture(), group_goal="1,200")
    sent = send(editor, "partners/new", third)
    assert sent.status_code == 303
    assert "Public page with the goal of 1,200 people" in editor.get(sent.location).text
    third = rows("partners")[-1]
    assert f"/files/{third.logo}/320.webp" in client.get("/en/c/air").text
    assert editor.post(f"/staff/campaigns/air/partners/{third.id}/move/up").status_code == 303
    assert rows("partners")[1].id == third.id
    page = editor.get(f"/staff/campaigns/air/partners/{third.id}")
    changed = partner_form(name_en="Renamed", seen=seen(page), drop_logo="y")
    assert send(editor, f"partners/{third.id}", changed).status_code == 303
    now = items.get(PARTNER, staff_queries.desk("air").id, third.id)
    assert (now.fields.name["en"], now.logo) == ("Renamed", "")
    assert remove(editor, "partners", third.id, "they left the campaign").status_code == 303
    assert len(rows("partners")) == 2


def test_an_event_is_added_corrected_and_removed(editor, client):
    online = {
        "is_online": "y",
        "join_url": "https://live.example",
        "speakers_ko": "김하늘",
        "speakers_en": "Kim",
    }
    assert send(editor, "events/new", event_form(**online)).status_code == 303
    (event,) = rows("events")
    assert event.fields.starts_at.isoformat() == "2027-06-05T05:00:00+00:00"
    shown = client.get("/en/c/air").text
    assert "Speakers: Kim" in shown
    assert '<a href="https://live.example" rel="noopener">Join online' in shown
    page = editor.get(f"/staff/campaigns/air/events/{event.id}")
    assert 'value="14:00"' in page.text
    assert 'name="is_online" type="checkbox" value="y" checked' in page.text
    sent = send(editor, f"events/{event.id}", event_form(title_en="Moved", seen=seen(page)))
    assert sent.status_code == 303
    cache.clear()
    shown = client.get("/en/c/air").text
    for words in ("Moved", "5 June 2027, 14:00", "16:00"):
        assert words in shown
    assert remove(editor, "events", event.id, "called off").status_code == 303
    assert rows("events") == []


def test_a_sister_campaign_is_added_shown_corrected_and_removed(editor, client):
    assert send(editor, "sisters/new", sister_form(logo=picture())).status_code == 303
    (row,) = rows("sisters")
    page = client.get("/en/c/air").text
    for words in ("A Sister", "Geneva", "Under the same sky", "https://example.org/sister", row.logo):
        assert words in page
    form = editor.get(f"/staff/campaigns/air/sisters/{row.id}")
    sent = send(editor, f"sisters/{row.id}", sister_form(name_en="Renamed", drop_logo="y", seen=seen(form)))
    assert sent.status_code == 303
    assert (rows("sisters")[0].fields.name["en"], rows("sisters")[0].logo) == ("Renamed", "")
    assert editor.post(f"/staff/campaigns/air/sisters/{row.id}/move/up").status_code == 404
    assert "Move up" not in editor.get("/staff/campaigns/air/partners").text.partition("sisters-title")[2]
    assert remove(editor, "sisters", row.id, "it has ended").status_code == 303
    assert rows("sisters") == []


@pytest.mark.parametrize(
    ("changes", "all_day", "ends"),
    [
        ({"start_time": "", "end_time": ""}, True, None),
        ({"start_time": "", "end_time": "", "end_day": "2027-06-05"}, True, None),
        ({"start_time": "", "end_time": "", "end_day": "2027-06-06"}, True, "2027-06-05T15:00:00+00:00"),
        ({"end_time": ""}, False, None),
        ({"end_day": "2027-06-06", "end_time": "01:00"}, False, "2027-06-05T16:00:00+00:00"),
    ],
)
def test_the_time_of_an_event_may_be_as_exact_as_one_knows_it(editor, changes, all_day, ends):
    assert send(editor, "events/new", event_form(**changes)).status_code == 303
    (event,) = rows("events")
    kept = event.fields
    assert kept.all_day is all_day
    assert (kept.ends_at.isoformat() if kept.ends_at else None) == ends
    page = editor.get(f"/staff/campaigns/air/events/{event.id}")
    again = dict(re.findall(r'name="((?:start|end)_\w+)"[^>]* value="([^"]*)"', page.text))
    assert send(editor, f"events/{event.id}", event_form(**again, seen=seen(page))).status_code == 303
    assert rows("events")[0].fields == kept, "opening and saving changes nothing"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("section", "changes", "field"),
    [
        ("partners", {"type": "castle"}, "type"),
        ("events", {"start_day": "0001-01-01"}, "start_day"),
        ("events", {"start_time": "25:00"}, "start_time"),
        ("events", {"start_time": ""}, "end_time"),
        ("events", {"start_time": "", "end_time": "", "end_day": "2027-06-01"}, "end_day"),
        ("events", {"end_day": "2027-06-06", "end_time": ""}, "end_day"),
        ("events", {"is_online": "y", "join_url": "http://live.example"}, "join_url"),
        ("sisters", {"place_ko": ""}, "place_ko"),
        ("sisters", {"sentence_ko": "가" * 301}, "sentence_ko"),
        ("sisters", {"url": ""}, "url"),
        ("sisters", {"url": "javascript:alert(1)"}, "url"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(editor, section, changes, field):
    before = rows(section)
    sent = send(editor, f"{section}/new", FORMS[section](**changes))
    assert sent.status_code == 422
    assert f'href="#{field}"' in sent.text
    assert rows(section) == before


def test_a_form_tells_all_its_mistakes_at_once(editor):
    wrong = {"role": "", "name_ko": "", "name_en": "", "url": "no address", "group_goal": "9"}
    for path in ("partners/new", f"partners/{rows('partners')[0].id}"):
        sent = send(editor, path, partner_form(**wrong, logo=(io.BytesIO(b"nonsense"), "logo.png")))
        assert sent.status_code == 422
        assert set(re.findall(r'id="([a-z_]+)-error"', sent.text)) == {*wrong, "logo"}
    wrong = {"start_day": "", "end_time": "13:00", "title_ko": "", "join_url": "no address"}
    assert set(re.findall(r'id="([a-z_]+)-error"', send(editor, "events/new", event_form(**wrong)).text)) == {
        *wrong
    }


def test_why_the_last_secretariat_stays_is_told_at_a_field(editor):
    secretariat = rows("partners")[0]
    for path, form, field in (
        ("", partner_form(name_en="The Secretariat"), "role"),
        ("/remove", {"reason": "left"}, "reason"),
    ):
        sent = send(editor, f"partners/{secretariat.id}{path}", {**form, "seen": secretariat.stamp})
        assert sent.status_code == 422
        assert re.search(
            rf'id="{field}-error"[^>]*>.*?A public campaign needs a secretariat', sent.text, re.DOTALL
        )


def test_a_refused_field_does_not_lose_the_logo_that_came_with_it(editor):
    refused = send(editor, "partners/new", partner_form(name_en="", logo=picture()))
    assert refused.status_code == 422
    kept = re.search(r'name="logo_kept" value="([^"]+)"', refused.text)[1]
    assert send(editor, "partners/new", partner_form(logo_kept=kept)).status_code == 303
    assert rows("partners")[-1].logo
    twice = send(editor, "partners/new", partner_form(logo_kept=kept))
    assert twice.status_code == 422
    assert "choose the file once more" in twice.text


@pytest.mark.parametrize("kept", ["x", "x" * 600, "가", "\u202e"])
def test_a_made_up_ticket_of_a_file_is_no_file(editor, kept):
    assert send(editor, "partners/new", partner_form(logo_kept=kept)).status_code == 303
    assert rows("partners")[-1].logo == ""


def test_an_item_is_removed_only_as_it_was_seen_and_with_a_reason(editor):
    row = rows("partners")[-1]
    for fields, status, message in [
        ({"seen": row.stamp, "reason": " "}, 422, "Give a reason"),
        ({"reason": "over"}, 409, "Nothing was removed"),
        ({"seen": "of yesterday", "reason": "over"}, 409, "Nothing was removed"),
    ]:
        sent = send(editor, f"partners/{row.id}/remove", fields)
        assert sent.status_code == status
        assert message in sent.text
    assert "over</textarea>" in sent.text
    assert row in rows("partners")
    done = send(editor, f"partners/{row.id}/remove", {"seen": seen(sent), "reason": "over"})
    assert "It was removed." in editor.get(done.location).text
    assert row not in rows("partners")


def test_the_second_editor_of_an_item_sees_both_versions(editor):
    event = items.add(EVENT, EDITOR, "air", factories.event_fields())
    form = event_form(seen=seen(editor.get(f"/staff/campaigns/air/events/{event}")), title_en="Second")
    stamp = rows("events")[0].stamp
    items.change(EVENT, EDITOR, "air", event, factories.event_fields(title_en="First"), seen=stamp)
    sent = send(editor, f"events/{event}", form)
    assert sent.status_code == 409
    assert 'value="Second"' in sent.text
    assert re.search(r'class="stored__text"[^>]*>First<', sent.text)


def test_what_somebody_removed_meanwhile_keeps_its_words_and_can_be_added_anew(editor):
    row = rows("partners")[-1]
    remove(editor, "partners", row.id, "a mistake")
    sent = send(editor, f"partners/{row.id}", partner_form(seen=row.stamp, name_en="Typed meanwhile"))
    assert sent.status_code == 409
    assert 'value="Typed meanwhile"' in sent.text
    assert 'action="/staff/campaigns/air/partners/new"' in sent.text


def test_the_overview_names_what_a_visitor_would_miss_until_it_is_there(editor):
    before = editor.get("/staff/campaigns/air/dates").text.partition("Recommended")[2]
    for words in ("A photograph", "A video", "A letter", "A quotation", "Sister campaigns", "The logos"):
        assert words in before
    send(editor, "sisters/new", sister_form())
    after = editor.get("/staff/campaigns/air/dates").text.partition("Recommended")[2]
    assert "A photograph" in after
    assert "Sister campaigns" not in after


def test_a_demand_of_a_draft_is_added_put_in_order_corrected_and_removed(editor, client):
    factories.campaign("draft", state="draft")
    editor.post("/staff/campaigns/draft/demands/new", data=demand_form())
    editor.post("/staff/campaigns/draft/demands/new", data=demand_form(words_en="Report each year"))
    first, second = demands_of("draft")
    assert editor.post(f"/staff/campaigns/draft/demands/{second.id}/move/up").status_code == 303
    page = editor.get(f"/staff/campaigns/draft/demands/{first.id}")
    changed = demand_form(words_en="Publish the plan", seen=seen(page))
    assert editor.post(f"/staff/campaigns/draft/demands/{first.id}", data=changed).status_code == 303
    assert [row.fields.words["en"] for row in demands_of("draft")] == ["Report each year", "Publish the plan"]
    page = editor.get(f"/staff/campaigns/draft/demands/{second.id}/remove")
    editor.post(
        f"/staff/campaigns/draft/demands/{second.id}/remove",
        data={"seen": seen(page), "reason": "asked twice"},
    )
    assert [row.id for row in demands_of("draft")] == [first.id]


def test_what_a_public_campaign_asks_is_neither_changed_nor_removed(editor, client):
    assert send(editor, "demands/new", demand_form()).status_code == 303
    assert "Publish a plan" in client.get("/en/c/air").text.partition("What we ask")[2]
    (demand,) = demands_of("air")
    page = editor.get(f"/staff/campaigns/air/demands/{demand.id}")
    assert "Add another demand instead." in page.text
    assert ">Save<" not in page.text
    changed = demand_form(words_en="Publish something", seen=seen(page))
    for refused in (
        send(editor, f"demands/{demand.id}", changed),
        remove(editor, "demands", demand.id, "no longer wanted"),
    ):
        assert refused.status_code == 422
        assert "Add another demand instead." in refused.text
    assert demands_of("air") == [demand]


def demands_of(slug):
    return items.rows(DEMAND, staff_queries.desk(slug).id)
