"""The screens of the events of a campaign."""

import re

import pytest

from pledge.campaigns import items, staff_queries
from pledge.campaigns.events import EVENT
from pledge.web.caching import cache
from tests.support import factories
from tests.support.factories import EDITOR
from tests.web.staff.campaigns.screens import event_form, seen


def test_an_event_is_added_corrected_and_removed(app, editor, client):
    factories.campaign("air")
    online = {
        "is_online": "y",
        "join_url": "https://live.example",
        "speakers_ko": "김하늘",
        "speakers_en": "Kim",
    }
    assert editor.post("/staff/campaigns/air/events/new", data=event_form(**online)).status_code == 303
    (event,) = items.rows(EVENT, staff_queries.desk("air").id)
    assert event.fields.starts_at.isoformat() == "2027-06-05T05:00:00+00:00"
    assert (event.fields.is_online, event.fields.join_url) == (True, "https://live.example")
    shown = client.get("/en/c/air").text
    assert "Speakers: Kim" in shown
    assert '<a href="https://live.example" rel="noopener">Join online' in shown
    page = editor.get(f"/staff/campaigns/air/events/{event.id}")
    assert 'value="14:00"' in page.text
    assert 'name="is_online" type="checkbox" value="y" checked' in page.text
    sent = editor.post(
        f"/staff/campaigns/air/events/{event.id}", data=event_form(title_en="Moved", seen=seen(page))
    )
    assert sent.status_code == 303
    cache.clear()
    shown = client.get("/en/c/air").text
    assert "Moved" in shown
    assert "5 June 2027, 14:00" in shown
    assert "16:00" in shown
    page = editor.get(f"/staff/campaigns/air/events/{event.id}/remove")
    called_off = {"seen": seen(page), "reason": "called off"}
    assert editor.post(f"/staff/campaigns/air/events/{event.id}/remove", data=called_off).status_code == 303
    assert items.rows(EVENT, staff_queries.desk("air").id) == []


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
def test_the_time_of_an_event_may_be_as_exact_as_one_knows_it(app, editor, changes, all_day, ends):
    factories.campaign("air")
    assert editor.post("/staff/campaigns/air/events/new", data=event_form(**changes)).status_code == 303
    (event,) = items.rows(EVENT, staff_queries.desk("air").id)
    kept = event.fields
    assert kept.all_day is all_day
    assert (kept.ends_at.isoformat() if kept.ends_at else None) == ends
    page = editor.get(f"/staff/campaigns/air/events/{event.id}")
    again = dict(re.findall(r'name="((?:start|end)_\w+)"[^>]* value="([^"]*)"', page.text))
    sent = editor.post(f"/staff/campaigns/air/events/{event.id}", data=event_form(**again, seen=seen(page)))
    assert sent.status_code == 303
    assert items.rows(EVENT, staff_queries.desk("air").id)[0].fields == kept, (
        "opening and saving changes nothing"
    )


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start_day": ""}, "start_day"),
        ({"start_day": "5 June"}, "start_day"),
        ({"start_day": "0001-01-01"}, "start_day"),
        ({"start_time": "25:00"}, "start_time"),
        ({"start_time": ""}, "end_time"),
        ({"end_time": "13:00"}, "end_time"),
        ({"start_time": "", "end_time": "", "end_day": "2027-06-01"}, "end_day"),
        ({"end_day": "2027-06-06", "end_time": ""}, "end_day"),
        ({"title_en": ""}, "title_en"),
        ({"place_ko": ""}, "place_ko"),
        ({"url": "ftp://example.org"}, "url"),
        ({"is_online": "y", "join_url": "http://live.example"}, "join_url"),
    ],
)
def test_an_event_that_makes_no_sense_is_told_at_its_field(app, editor, changes, field):
    factories.campaign("air")
    sent = editor.post("/staff/campaigns/air/events/new", data=event_form(**changes))
    assert sent.status_code == 422
    assert f'href="#{field}"' in sent.text
    assert items.rows(EVENT, staff_queries.desk("air").id) == []


def test_the_second_editor_of_an_event_sees_both_versions(app, editor):
    factories.campaign("air")
    event = items.add(EVENT, EDITOR, "air", factories.event_fields())
    form = event_form(seen=seen(editor.get(f"/staff/campaigns/air/events/{event}")), title_en="Second")
    row = items.get(EVENT, staff_queries.desk("air").id, event)
    items.change(EVENT, EDITOR, "air", event, factories.event_fields(title_en="First"), seen=row.stamp)
    sent = editor.post(f"/staff/campaigns/air/events/{event}", data=form)
    assert sent.status_code == 409
    assert 'value="Second"' in sent.text
    assert re.search(r'class="stored__text"[^>]*>First<', sent.text)
