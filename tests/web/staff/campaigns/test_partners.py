"""The screens of the partners of a campaign."""

import io
import re

import pytest

from pledge.campaigns import items, staff_queries
from pledge.campaigns.partners import PARTNER
from tests.support import factories
from tests.web.staff.campaigns.screens import partner_form, picture, seen, send


def test_a_partner_s_form_tells_all_its_mistakes_at_once(app, editor):
    factories.campaign("air")
    wrong = {"name_ko": "", "name_en": "", "url": "no address", "group_goal": "9"}
    for path in ("partners/new", f"partners/{items.rows(PARTNER, staff_queries.desk('air').id)[0].id}"):
        sent = send(editor, path, partner_form(**wrong, logo=(io.BytesIO(b"nonsense"), "logo.png")))
        assert sent.status_code == 422
        assert set(re.findall(r'id="([a-z_]+)-error"', sent.text)) == {*wrong, "logo"}


def test_a_partner_is_added_with_its_logo_moved_corrected_and_removed(app, editor, client):
    factories.campaign("air")
    third = partner_form(name_en="Third", url="example.org", logo=picture(), group_goal="1,200")
    sent = send(editor, "partners/new", third)
    assert sent.status_code == 303
    assert "Public page with the goal of 1,200 people" in editor.get(sent.location).text
    third = items.rows(PARTNER, staff_queries.desk("air").id)[-1]
    assert f"/files/{third.logo}/320.webp" in client.get("/en/c/air").text
    assert editor.post(f"/staff/campaigns/air/partners/{third.id}/move/up").status_code == 303
    assert items.rows(PARTNER, staff_queries.desk("air").id)[1].id == third.id
    page = editor.get(f"/staff/campaigns/air/partners/{third.id}")
    changed = partner_form(name_en="Renamed", seen=seen(page), drop_logo="y")
    assert send(editor, f"partners/{third.id}", changed).status_code == 303
    now = items.get(PARTNER, staff_queries.desk("air").id, third.id)
    assert (now.fields.name["en"], now.logo) == ("Renamed", "")
    page = editor.get(f"/staff/campaigns/air/partners/{third.id}/remove")
    left = {"seen": seen(page), "reason": "they left the campaign"}
    assert editor.post(f"/staff/campaigns/air/partners/{third.id}/remove", data=left).status_code == 303
    assert len(items.rows(PARTNER, staff_queries.desk("air").id)) == 2


def test_why_the_last_secretariat_stays_is_told_at_a_field(app, editor):
    factories.campaign("air")
    secretariat = items.rows(PARTNER, staff_queries.desk("air").id)[0]
    for path, form, field in (
        ("", partner_form(name_en="The Secretariat"), "role"),
        ("/remove", {"reason": "left"}, "reason"),
    ):
        sent = send(editor, f"partners/{secretariat.id}{path}", {**form, "seen": secretariat.stamp})
        assert sent.status_code == 422
        assert re.search(
            rf'id="{field}-error"[^>]*>.*?A public campaign needs a secretariat', sent.text, re.DOTALL
        )


def test_a_refused_field_does_not_lose_the_logo_that_came_with_it(app, editor):
    factories.campaign("air")
    refused = send(editor, "partners/new", partner_form(name_en="", logo=picture()))
    assert refused.status_code == 422
    kept = re.search(r'name="logo_kept" value="([^"]+)"', refused.text)[1]
    assert send(editor, "partners/new", partner_form(logo_kept=kept)).status_code == 303
    assert items.rows(PARTNER, staff_queries.desk("air").id)[-1].logo
    twice = send(editor, "partners/new", partner_form(logo_kept=kept))
    assert twice.status_code == 422
    assert "choose the file once more" in twice.text


@pytest.mark.parametrize("kept", ["x", "x" * 600, "가", "\u202e"])
def test_a_made_up_ticket_of_a_file_is_no_file(app, editor, kept):
    factories.campaign("air")
    assert send(editor, "partners/new", partner_form(logo_kept=kept)).status_code == 303
    assert items.rows(PARTNER, staff_queries.desk("air").id)[-1].logo == ""


@pytest.mark.parametrize(
    ("field", "text"), [("role", "owner"), ("role", ""), ("type", "castle"), ("url", "javascript:alert(1)")]
)
def test_a_partner_that_makes_no_sense_is_told(app, editor, field, text):
    factories.campaign("air")
    sent = send(editor, "partners/new", partner_form(**{field: text}))
    assert sent.status_code == 422
    assert f'href="#{field}"' in sent.text
