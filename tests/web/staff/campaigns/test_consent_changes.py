"""What people agree to while they sign: the recipient and the closing date of a running campaign ask for a reason and a code."""

import html
import re

import pytest

from pledge.audit.queries import Search, page
from pledge.campaigns import staff_queries
from tests.support import factories
from tests.support.factories import draft, signature
from tests.support.pages import hidden_fields
from tests.support.staff import code
from tests.web.staff.campaigns.screens import seen

WHY = "decided by the board"
RECIPIENT = ("/settings/recipient", "recipient_ko", "국회")
CLOSING = ("/dates/schedule", "closes_at", "2031-01-01T00:00")
PAGES = {"/settings/recipient": "/settings", "/dates/schedule": "/dates", "/page/texts": ""}


def form_of(editor, path):
    """What the form that is sent there holds when nothing in it is changed."""
    page = editor.get(f"/staff/campaigns/air{PAGES[path]}").text
    shown = page.partition(f'action="/staff/campaigns/air{path}"')[2].partition("</form>")[0]
    fields = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', shown)
    areas = re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', shown, re.DOTALL)
    return {
        name: html.unescape(text) for name, text in [*fields, *areas] if name not in ("csrf_token", "lang")
    }


def save(editor, change, **more):
    section, field, value = change
    form = {**form_of(editor, section), field: value, **more}
    return editor.post(f"/staff/campaigns/air{section}", data=form)


def stored():
    desk = staff_queries.desk("air")
    return desk.texts["recipient_ko"], desk.closes_at


@pytest.mark.parametrize("change", [RECIPIENT, CLOSING], ids=["recipient", "closing date"])
def test_a_change_of_the_consent_is_saved_after_the_code_with_its_reason(app, editor, frozen_clock, change):
    factories.campaign("air")
    before = stored()
    frozen_clock.move(minutes=6)
    asked = save(editor, change, reason=WHY)
    assert asked.status_code == 200
    assert stored() == before
    sent = hidden_fields(asked.text.rpartition("<form")[2])
    path = f"/staff/campaigns/air{change[0]}"
    done = editor.post(path, csrf=False, data={**sent, "factor-code": code(editor.member)})
    assert done.location == f"/staff/campaigns/air{PAGES[change[0]]}"
    assert stored() != before
    assert page(Search()).lines[0].reason == WHY


@pytest.mark.parametrize("change", [RECIPIENT, CLOSING], ids=["recipient", "closing date"])
def test_a_change_of_the_consent_without_a_reason_is_refused_before_the_code_is_asked_for(
    app, editor, frozen_clock, change
):
    factories.campaign("air")
    before = stored()
    frozen_clock.move(minutes=6)
    refused = save(editor, change, reason=" ")
    assert refused.status_code == 422
    assert 'id="reason-error"' in refused.text
    assert change[2] in refused.text
    assert stored() == before


def test_another_closing_date_writes_news_for_those_who_asked(app, editor):
    signature(factories.campaign("air"), updates=True)
    assert save(editor, CLOSING, reason=WHY).status_code == 303
    assert "The closing date has changed" in editor.get("/staff/campaigns/air/news").text


def test_who_did_not_see_the_recipient_of_now_changes_nothing(app, editor):
    factories.campaign("air")
    form = form_of(editor, "/settings/recipient") | {"recipient_ko": "국회", "reason": WHY}
    save(editor, RECIPIENT, recipient_ko="서울시", reason=WHY)
    refused = editor.post("/staff/campaigns/air/settings/recipient", data=form)
    assert refused.status_code == 409
    assert stored()[0] == "서울시"


def test_other_texts_and_the_goal_ask_for_neither(app, editor, frozen_clock):
    factories.campaign("air")
    frozen_clock.move(minutes=6)
    assert save(editor, ("/page/texts", "summary_ko", "새 요약")).status_code == 303
    assert save(editor, ("/dates/schedule", "goal", "2000")).status_code == 303


def test_a_draft_asks_for_neither(app, editor, frozen_clock):
    draft("air")
    frozen_clock.move(minutes=6)
    for change in (RECIPIENT, CLOSING):
        assert 'name="reason"' not in editor.get(f"/staff/campaigns/air{PAGES[change[0]]}").text
        assert save(editor, change).status_code == 303


def test_an_editor_sets_where_answers_to_e_mails_go(app, editor):
    factories.campaign("air")
    path = "/staff/campaigns/air/settings"
    page = editor.get(path)
    assert "If empty: privacy@localhost" in page.text
    wrong = editor.post(f"{path}/reply-to", data={"seen": seen(page, "reply-to"), "reply_to": "sky"})
    assert wrong.status_code == 422
    assert "Enter an e-mail address" in wrong.text
    reply = editor.post(
        f"{path}/reply-to", data={"seen": seen(page, "reply-to"), "reply_to": "sky@example.org"}
    )
    assert reply.status_code == 303
    assert 'value="sky@example.org"' in editor.get(path).text
    assert (
        editor.post(f"{path}/reply-to", data={"seen": seen(page, "reply-to"), "reply_to": ""}).status_code
        == 409
    )


def test_the_versions_of_the_consent_are_shown_with_what_changed_and_since_when(app, editor):
    factories.campaign("air")
    before = staff_queries.desk("air").texts["recipient_en"]
    assert "Version 1, since" in editor.get("/staff/campaigns/air/settings").text
    save(editor, ("/settings/recipient", "recipient_en", "the National Assembly"), reason=WHY)
    page = editor.get("/staff/campaigns/air/settings").text
    assert "Version 2, since" in page
    newest = re.sub("<ins>.*?</ins>", "", page.partition("Version 2, since")[2].partition("</li>")[0])
    assert before in re.sub("<[^>]+>", "", newest), "the words before stand in it, struck out"
