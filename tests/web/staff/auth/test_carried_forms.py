"""What was typed is never lost: to a session that was over, to a change of language; and no way ends on a wrong page."""

import html
import io
import re

import pytest

from pledge.accounts import moderation
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns import moderation as campaigns
from pledge.campaigns import staff_queries
from pledge.campaigns.models import CampaignState
from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.web.staff.auth.access import page_of
from tests.support import factories
from tests.support.factories import EDITOR, SLUG
from tests.support.pages import hidden_fields
from tests.support.routes import unknown
from tests.support.staff import client_of, code

PAGE = f"/staff/campaigns/{SLUG}"
TEXTS = f"{PAGE}/page/texts"
WORDS = "우리가 쓰던 긴 글 <b>& 'more'</b>"
PASSWORD = "three green herons waited"


@pytest.fixture
def editor(app, staff_client):
    factories.campaign()
    return staff_client("editor", lang="en", password=PASSWORD)


def hidden(page, name):
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])


def own_fields(page):
    """What every form of the area sends besides its fields."""
    return {name: hidden(page, name) for name in ("csrf_token", "form_owner")}


def fields_of(page, action):
    """The hidden fields of the form that is sent to an address, as a browser sends them."""
    form = next(
        part for part in page.text.split("<form")[1:] if f'action="{action}"' in part.partition(">")[0]
    )
    return hidden_fields(form.partition("</form>")[0])


def form_of(page, **typed):
    """The fields of the page's form of texts, with other words in them."""
    form = page.text.partition(f'action="{TEXTS}"')[2].partition("</form>")[0]
    names = re.findall(r'<(?:input|textarea)[^>]* name="([a-z]+_(?:ko|en))"', form)
    return {**dict.fromkeys(names, "words"), **fields_of(page, TEXTS), **typed}


def sign_in(client, page, member):
    """From the answer to a form that came too late to what follows the sign-in, as a browser does."""
    entered = {"email": member.email, "password": PASSWORD}
    page = client.post("/staff/sign-in", csrf=False, data={**fields_of(page, "/staff/sign-in"), **entered})
    carried = fields_of(page, "/staff/sign-in/code")
    return client.post("/staff/sign-in/code", csrf=False, data={**carried, "code": code(member)})


@pytest.fixture
def lapsed(editor, frozen_clock):
    """A text was typed, half an hour went by, and it was sent."""
    page = editor.get(PAGE)
    frozen_clock.move(minutes=31)
    editor.lapsed = editor.post(TEXTS, csrf=False, data=form_of(page, body_ko=WORDS))
    assert editor.lapsed.status_code == 200
    assert "What you typed is kept on this page" in editor.lapsed.text
    return editor


# --- A session that was over ---


def test_after_signing_in_again_the_form_is_sent_with_its_content(lapsed):
    page = sign_in(lapsed, lapsed.lapsed, lapsed.member)
    assert "It is not saved yet." in page.text
    assert html.escape(WORDS, quote=False) in page.text.replace("&#39;", "'")
    assert staff_queries.desk(SLUG).texts["body_ko"] != WORDS
    sent = lapsed.post(TEXTS, csrf=False, data=fields_of(page, TEXTS))
    assert sent.status_code == 303
    assert staff_queries.desk(SLUG).texts["body_ko"] == WORDS + "\n"


def test_another_page_of_the_sign_in_and_a_slip_carry_it_on(lapsed):
    entered = {"email": lapsed.member.email, "password": "wrong"}
    page = lapsed.post(
        "/staff/sign-in", csrf=False, data={**fields_of(lapsed.lapsed, "/staff/sign-in"), **entered}
    )
    assert page.status_code == 422
    entered["password"] = PASSWORD
    page = lapsed.post("/staff/sign-in", csrf=False, data={**fields_of(page, "/staff/sign-in"), **entered})
    for path in ("/staff/sign-in/recovery", "/staff/sign-in"):
        page = lapsed.post(path, csrf=False, data=fields_of(page, path))
        assert page.status_code == 200
    page = sign_in(lapsed, page, lapsed.member)
    assert fields_of(page, TEXTS)["body_ko"] == WORDS


def test_the_language_of_the_sign_in_changes_and_carries_it_on(lapsed):
    fields = fields_of(lapsed.lapsed, "/staff/language")
    page = lapsed.post("/staff/language", csrf=False, data={**fields, "lang": "ko"})
    assert "입력하신 내용은 이 화면에 남아 있으며" in page.text
    page = sign_in(lapsed, page, lapsed.member)
    assert fields_of(page, TEXTS)["body_ko"] == WORDS
    assert "<dt>body_ko" not in page.text


def test_a_sign_in_that_took_too_long_carries_it_on(lapsed, frozen_clock):
    frozen_clock.move(minutes=16)
    entered = {"email": lapsed.member.email, "password": PASSWORD}
    page = lapsed.post(
        "/staff/sign-in", csrf=False, data={**fields_of(lapsed.lapsed, "/staff/sign-in"), **entered}
    )
    assert page.status_code == 200
    assert fields_of(sign_in(lapsed, page, lapsed.member), TEXTS)["body_ko"] == WORDS


def test_the_stamp_of_what_was_seen_goes_along_so_nobody_is_overwritten(lapsed, staff_client):
    other = staff_client("editor", lang="en")
    page = other.get(PAGE)
    other.post(TEXTS, csrf=False, data=form_of(page, title_en="Changed in the meantime"))
    page = sign_in(lapsed, lapsed.lapsed, lapsed.member)
    sent = lapsed.post(TEXTS, csrf=False, data=fields_of(page, TEXTS))
    assert sent.status_code == 409
    assert "Changed in the meantime" in sent.text
    assert "우리가 쓰던" in sent.text


def test_what_one_person_typed_is_not_sent_by_another(lapsed):
    other = factories.staff("editor", lang="en", password=PASSWORD)
    answer = sign_in(lapsed, lapsed.lapsed, other)
    assert answer.location == "/staff/"
    page = lapsed.get("/staff/account")
    assert "somebody else had typed it" in page.text
    assert "우리가 쓰던" not in page.text


def test_who_signed_in_again_in_another_window_can_send_it_at_once(app, editor, frozen_clock):
    page = editor.get(PAGE)
    frozen_clock.move(minutes=31)
    again = client_of(app, editor.member, csrf_token="1" * 40)
    answer = again.post(TEXTS, csrf=False, data=form_of(page, body_ko=WORDS))
    assert again.post(TEXTS, csrf=False, data=fields_of(answer, TEXTS)).status_code == 303
    assert staff_queries.desk(SLUG).texts["body_ko"] == WORDS + "\n"


def test_a_button_alone_says_that_nothing_was_done(app, admin, frozen_clock):
    page = admin.get("/staff/mail")
    own = own_fields(page)
    frozen_clock.move(minutes=31)
    answer = admin.post("/staff/mail/retry", csrf=False, data=own)
    assert answer.location == "/staff/sign-in?next=/staff/mail"
    assert "nothing was done" in admin.get(answer.location).text


def test_a_file_is_chosen_once_more(editor, frozen_clock):
    address = f"/staff/campaigns/{SLUG}/partners/new"
    page = editor.get(address)
    own = own_fields(page)
    frozen_clock.move(minutes=31)
    sent = {**own, "name_ko": "숲", "logo": (io.BytesIO(b"x"), "logo.png")}
    page = editor.post(address, csrf=False, data=sent, content_type="multipart/form-data")
    page = sign_in(editor, page, editor.member)
    assert "Please choose the file once more" in page.text
    assert 'name="logo" type="file"' in page.text
    assert fields_of(page, address)["name_ko"] == "숲"


@pytest.mark.parametrize("owner", ["", "made.up.token", "expired", "another"])
def test_who_was_never_shown_the_form_gets_nothing_carried(app, editor, frozen_clock, owner):
    page = editor.get(PAGE)
    fields = form_of(page, body_ko=WORDS)
    if owner == "expired":
        frozen_clock.move(days=2)
    elif owner == "another":
        fields["form_owner"] = tokens.mint(Purpose.UPLOAD, [editor.member.id])
    else:
        fields["form_owner"] = owner
    frozen_clock.move(minutes=31)
    answer = editor.post(TEXTS, csrf=False, data=fields)
    assert answer.status_code == 400
    assert "우리가 쓰던" not in answer.text


def test_a_closed_account_sends_nothing(lapsed):
    moderation.close(COMMAND_LINE, lapsed.member.id, "left")
    entered = {"email": lapsed.member.email, "password": PASSWORD}
    fields = fields_of(lapsed.lapsed, "/staff/sign-in")
    assert lapsed.post("/staff/sign-in", csrf=False, data={**fields, **entered}).status_code == 422


def test_passwords_are_not_carried(editor, frozen_clock):
    page = editor.get("/staff/account/password")
    own = own_fields(page)
    frozen_clock.move(minutes=31)
    typed = dict.fromkeys(("present", "password", "again"), "four blue cranes flew")
    answer = editor.post("/staff/account/password", csrf=False, data={**own, **typed})
    assert answer.status_code == 303
    assert "cranes" not in editor.get(answer.location).text


def test_where_the_act_is_no_longer_possible_the_words_are_shown(app, editor, frozen_clock):
    page = editor.get(PAGE)
    own = own_fields(page)
    frozen_clock.move(minutes=31)
    sent = {**own, "before": "open", "reason": WORDS}
    page = editor.post(f"/staff/campaigns/{SLUG}/state/closed", csrf=False, data=sent)
    campaigns.move(EDITOR, SLUG, CampaignState.OPEN, CampaignState.CLOSED, "over")
    assert "우리가 쓰던 긴 글" in sign_in(editor, page, editor.member).text


@pytest.mark.parametrize(
    "path", ["", "https://evil.example/", "//evil.example/staff/", "/elsewhere", "/staff/ x"]
)
def test_a_carried_form_goes_nowhere_but_to_the_staff_area(editor, path):
    owner = hidden(editor.get(PAGE), "form_owner")
    carried = {"carried:-path": path, "carried:-owner": owner, "carried:body_ko": WORDS}
    answer = editor.post("/staff/language", data={"lang": "ko", **carried})
    assert answer.location == "/staff/"


# --- The language ---


def test_the_language_of_a_form_with_errors_changes_and_keeps_what_was_typed(app, staff_client):
    admin = staff_client("admin", lang="ko")
    wrong = admin.post(
        "/staff/switches/banner", data={"banner-text_ko": "곧 점검합니다", "banner-reason": "점검"}
    )
    assert wrong.status_code == 422
    page = admin.post(
        "/staff/language", csrf=False, data={"lang": "en", **fields_of(wrong, "/staff/language")}
    )
    assert 'lang="en"' in page.text
    assert "곧 점검합니다" in page.text
    again = admin.post("/staff/switches/banner", csrf=False, data=fields_of(page, "/staff/switches/banner"))
    assert again.status_code == 422
    assert 'lang="en"' in again.text
    assert "곧 점검합니다" in again.text
    assert 'value="점검"' in again.text


def test_two_texts_as_long_as_they_may_be_go_along(editor, frozen_clock):
    page = editor.get(PAGE)
    frozen_clock.move(minutes=31)
    page = editor.post(TEXTS, csrf=False, data=form_of(page, body_ko="가" * 20_000, body_en="글" * 20_000))
    page = sign_in(editor, page, editor.member)
    assert fields_of(page, TEXTS)["body_en"] == "글" * 20_000


def test_no_form_of_the_area_leads_the_language_to_a_wrong_page(app, staff_client):
    """From the answer of every POST, wrong or right: the language is changed and a page of the area is shown."""
    admin = staff_client("admin", lang="ko")
    wrong = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/staff/") or "POST" not in rule.methods:
            continue
        parts = {name: unknown(rule, name) for name in rule.arguments}
        path = app.url_map.bind("localhost").build(rule.endpoint, parts, method="POST")
        with app.test_request_context("/staff/"):
            page = page_of(path)
            adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
            assert adapter.test(page, method="GET"), path
        answer = admin.post("/staff/language", data={"lang": "en", "next": path})
        if answer.status_code != 303 or answer.location != page:
            wrong.append(f"{path}: {answer.location}")
    assert wrong == []


# --- Pages that are none ---


@pytest.mark.parametrize(
    ("path", "then"),
    [
        ("/staff/nothing", "/staff/"),
        ("/staff/a/b/c", "/staff/"),
        ("/staff/campaigns/nothing", "/staff/campaigns/nothing"),
        ("/staff/people/999", "/staff/people/999"),
    ],
)
def test_a_page_that_is_none_stands_in_the_frame_of_the_area(app, admin, path, then):
    answer = admin.get(path)
    assert answer.status_code == 404
    assert "Sign out" in answer.text
    assert 'href="/staff/people"' in answer.text
    assert "To the inbox" in answer.text
    changed = admin.post("/staff/language", data={"lang": "ko", "next": path})
    assert changed.location == then
    assert "로그아웃" in admin.get(then).text


def test_an_error_page_shows_no_menu_to_somebody_who_has_not_signed_in(client):
    answer = client.get("/staff/nothing")
    assert answer.status_code == 404
    assert "/staff/people" not in answer.text


def test_a_form_that_is_too_large_is_answered_with_the_page_that_says_so(editor):
    answer = editor.post(TEXTS, data={"body_ko": "가" * 400_000})
    assert answer.status_code == 413
    assert "Sign out" in answer.text


def test_a_part_without_a_name_is_no_fault(editor):
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\nnobody\r\n--x--\r\n"
    sent = editor.post(TEXTS, csrf=False, data=body, content_type="multipart/form-data; boundary=x")
    assert sent.status_code == 400
