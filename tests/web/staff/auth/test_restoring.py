"""What was typed is never lost: to a session that was over, to a change of language; and no way ends on a wrong page."""

import html
import json
import re

import pytest
from sqlalchemy import func, select

from pledge.accounts import moderation
from pledge.accounts.models import StaffSavedRequest
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns import moderation as campaigns
from pledge.campaigns import staff_queries
from pledge.campaigns.models import CampaignState
from pledge.core import tokens
from pledge.core.db import db
from pledge.core.tokens import Purpose
from pledge.web.staff.filling import fill
from pledge.web.staff.pages import page_of
from tests.support import factories
from tests.support.factories import EDITOR, SLUG
from tests.support.routes import unknown
from tests.support.staff import StaffClient, client_of, code, send, token_in

TEXTS = f"/staff/campaigns/{SLUG}/texts"
WORDS = "우리가 쓰던 긴 글 <b>& 'more'</b>"


@pytest.fixture
def editor(app, staff_client):
    factories.campaign()
    return staff_client("editor", lang="en", password="three green herons waited")


def hidden(page, name):
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])


def form_of(page, **typed):
    """The fields of the page's form of texts, with other words in them."""
    names = re.findall(r'<(?:input|textarea)[^>]* name="([a-z]+_(?:ko|en))"', page.text)
    own = {name: hidden(page, name) for name in ("csrf_token", "form_owner", "seen")}
    return {**dict.fromkeys([*names, "reason"], "words"), **own, **typed}


def kept():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(StaffSavedRequest))


def sign_in(client, member):
    """From the sign-in page to where one was going, as a browser does; the address."""
    page = client.get("/staff/sign-in")
    asked = client.lapsed if hasattr(client, "lapsed") else "/staff/sign-in"
    answer = client.post(
        asked,
        csrf=False,
        data={
            "csrf_token": token_in(page),
            "email": member.email,
            "password": "three green herons waited",
        },
    )
    answer = client.post(
        answer.location,
        csrf=False,
        data={"csrf_token": token_in(client.get(answer.location)), "code": code(member)},
    )
    return answer.location


@pytest.fixture
def lapsed(editor, frozen_clock):
    """A text was typed, half an hour went by, and it was sent."""
    page = editor.get(TEXTS)
    frozen_clock.move(minutes=31)
    answer = editor.post(TEXTS, csrf=False, data=form_of(page, body_ko=WORDS))
    assert answer.status_code == 303
    assert answer.location.startswith("/staff/sign-in?next=")
    editor.lapsed = answer.location
    return editor


# --- A session that was over ---


def test_signing_in_again_brings_the_form_back_with_its_content(lapsed):
    page = lapsed.get(lapsed.lapsed)
    assert "What you typed is kept for one hour" in page.text
    address = sign_in(lapsed, lapsed.member)
    assert address.startswith(f"{TEXTS}?restore=")
    page = lapsed.get(address)
    assert "This is what you had typed. It is not saved yet." in page.text
    assert "우리가 쓰던 긴 글 &lt;b&gt;&amp; &#x27;more&#x27;&lt;/b&gt;" in page.text.replace("'", "&#x27;")
    assert staff_queries.desk(SLUG).texts["body_ko"] != WORDS
    sent = lapsed.post(TEXTS, csrf=False, data=form_of(page, body_ko=WORDS))
    assert sent.status_code == 303
    assert staff_queries.desk(SLUG).texts["body_ko"] == WORDS + "\n"


def test_the_stamp_of_what_was_seen_comes_back_too_so_nobody_is_overwritten(lapsed, staff_client):
    other = staff_client("editor", lang="en")
    page = other.get(TEXTS)
    other.post(TEXTS, csrf=False, data=form_of(page, title_en="Changed in the meantime"))
    page = lapsed.get(sign_in(lapsed, lapsed.member))
    sent = lapsed.post(TEXTS, csrf=False, data=form_of(page))
    assert sent.status_code == 409
    assert "Changed in the meantime" in sent.text


def test_what_one_person_typed_is_not_shown_to_another(lapsed):
    other = factories.staff("editor", lang="en", password="three green herons waited")
    address = sign_in(lapsed, other)
    page = lapsed.get(address)
    assert "only for the person who typed it" in page.text
    assert "우리가 쓰던" not in page.text


def test_what_was_typed_is_kept_for_an_hour(lapsed, frozen_clock):
    address = sign_in(lapsed, lapsed.member)
    frozen_clock.move(minutes=29)
    assert "This is what you had typed" in lapsed.get(address).text
    frozen_clock.move(minutes=29)
    lapsed.get("/staff/account")
    frozen_clock.move(minutes=3)
    page = lapsed.get(address)
    assert "What was typed is no longer available" in page.text
    assert "우리가 쓰던" not in page.text


def test_who_signed_in_again_in_another_window_lands_at_the_form_at_once(app, editor, frozen_clock):
    page = editor.get(TEXTS)
    frozen_clock.move(minutes=31)
    again = client_of(app, editor.member, csrf_token="1" * 40)
    answer = again.post(TEXTS, csrf=False, data=form_of(page, body_ko=WORDS))
    assert answer.location.startswith(f"{TEXTS}?restore=")
    assert "우리가 쓰던 긴 글" in again.get(answer.location).text


def test_a_button_alone_says_that_nothing_was_done(app, staff_client, frozen_clock):
    admin = staff_client("admin", lang="en")
    page = admin.get("/staff/mail")
    own = {name: hidden(page, name) for name in ("csrf_token", "form_owner")}
    frozen_clock.move(minutes=31)
    answer = admin.post("/staff/mail/retry", csrf=False, data=own)
    assert answer.location == "/staff/sign-in?next=/staff/mail"
    assert "nothing was done" in admin.get(answer.location).text
    assert kept() == 0


@pytest.mark.parametrize("owner", ["", "made.up.token", "expired", "another"])
def test_who_was_never_shown_the_form_keeps_nothing(app, editor, frozen_clock, owner):
    page = editor.get(TEXTS)
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
    assert kept() == 0


def test_the_page_of_a_lapsed_session_says_to_go_back_in_both_languages(app):
    client = StaffClient(app, app.response_class)
    for lang, words in (("en", "Go back"), ("ko", "뒤로")):
        answer = client.post("/staff/sign-in", csrf=False, headers={"Accept-Language": lang})
        assert answer.status_code == 400
        assert words in answer.text


def test_a_closed_account_keeps_nothing(editor, frozen_clock):
    page = editor.get(TEXTS)
    moderation.close(COMMAND_LINE, editor.member.id, "left")
    editor.post(TEXTS, csrf=False, data=form_of(page, body_ko=WORDS))
    assert kept() == 0


def test_passwords_are_never_written_down(editor, frozen_clock):
    page = editor.get("/staff/account/password")
    own = {name: hidden(page, name) for name in ("csrf_token", "form_owner")}
    frozen_clock.move(minutes=31)
    typed = dict.fromkeys(("present", "password", "again"), "four blue cranes flew")
    answer = editor.post("/staff/account/password", csrf=False, data={**own, **typed})
    assert answer.status_code == 303
    assert kept() == 0


def test_where_the_form_is_gone_the_words_are_shown(app, editor, frozen_clock):
    page = editor.get(TEXTS)
    own = {name: hidden(page, name) for name in ("csrf_token", "form_owner")}
    frozen_clock.move(minutes=31)
    editor.lapsed = editor.post(
        f"/staff/campaigns/{SLUG}/state/closed", csrf=False, data={**own, "before": "open", "reason": WORDS}
    ).location
    campaigns.move(EDITOR, SLUG, CampaignState.OPEN, CampaignState.CLOSED, "over")
    editor.checked = False  # the page itself is a 409, as the step is not possible now
    page = editor.get(sign_in(editor, editor.member))
    assert "no longer on this page" in page.text
    assert "우리가 쓰던 긴 글" in page.text


# --- The language ---


def test_the_language_of_a_form_with_errors_changes_and_keeps_what_was_typed(app, staff_client):
    admin = staff_client("admin", lang="ko")
    wrong = admin.post(
        "/staff/switches/banner", data={"banner-text_ko": "곧 점검합니다", "banner-reason": "점검"}
    )
    assert wrong.status_code == 422
    fields = {name: hidden(wrong, name) for name in ("next", "typed_path", "typed")}
    answer = admin.post("/staff/language", data={"lang": "en", **fields})
    assert answer.status_code == 303
    page = admin.get(answer.location)
    assert page.status_code == 200
    assert 'lang="en"' in page.text
    assert "곧 점검합니다" in page.text
    assert 'value="점검"' in page.text


def test_what_was_typed_is_kept_when_the_address_of_the_page_has_a_query(editor):
    fields = {
        "lang": "ko",
        "next": f"{TEXTS}?saved=1",
        "typed_path": TEXTS,
        "typed": json.dumps([["body_ko", WORDS]]),
    }
    answer = editor.post("/staff/language", data=fields)
    assert answer.location.startswith(f"{TEXTS}?restore=")
    page = editor.get(answer.location)
    assert 'lang="ko"' in page.text
    assert "우리가 쓰던 긴 글" in page.text


def test_two_texts_as_long_as_they_may_be_go_along(editor):
    long = [["body_ko", "가" * 20_000], ["body_en", "글" * 20_000]]
    fields = {"lang": "ko", "next": TEXTS, "typed_path": TEXTS, "typed": json.dumps(long, ensure_ascii=False)}
    answer = editor.post("/staff/language", data=fields)
    assert answer.status_code == 303
    assert "글" * 20_000 in editor.get(answer.location).text


@pytest.mark.parametrize(
    "odd",
    [
        *("", "x", "[", "{}", "[1]", '[["a"]]', '[["password", "x"]]', '[["csrf_token", "x"]]', "[" * 5000),
        *(r'[["body_ko", "\ud800"]]', r'[["\ud800", "x"]]', r'[["body_ko", "\u0000"]]'),
    ],
)
def test_what_is_no_form_is_not_kept(editor, odd):
    answer = editor.post(
        "/staff/language", data={"lang": "ko", "next": TEXTS, "typed_path": TEXTS, "typed": odd}
    )
    assert answer.location == TEXTS
    assert kept() == 0


def test_nothing_typed_before_the_sign_in_is_kept(app):
    client = StaffClient(app, app.response_class)
    send(client, "/staff/language", "/staff/sign-in", lang="en", typed_path=TEXTS, typed='[["body_ko", "x"]]')
    assert kept() == 0


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
def test_a_page_that_is_none_stands_in_the_frame_of_the_area(app, staff_client, path, then):
    admin = staff_client("admin", lang="en")
    answer = admin.get(path)
    assert answer.status_code == 404
    assert "Sign out" in answer.text
    assert 'href="/staff/people"' in answer.text
    assert "To the dashboard" in answer.text
    changed = admin.post("/staff/language", data={"lang": "ko", "next": path})
    assert changed.location == then
    assert "로그아웃" in admin.get(then).text


def test_an_error_page_stands_in_the_frame_of_the_staff_area(staff_client):
    answer = staff_client("admin", lang="en").get("/staff/switches/signing")
    assert answer.status_code == 405
    assert "Sign out" in answer.text


def test_an_error_page_shows_no_menu_to_somebody_who_has_not_signed_in(client):
    answer = client.get("/staff/nothing")
    assert answer.status_code == 404
    assert "/staff/people" not in answer.text


# --- Filling a form ---

PAGE = """<p>before &amp; after</p><form method="post" action="/a"><input name="x" value="1"></form>
<details><summary>More</summary>
<form method="post" action="/b?c=d"><input type="hidden" name="csrf_token" value="t"><input name="x" value="1">
<input type="checkbox" name="y" value="y" checked><input type="radio" name="z" value="1" checked><input type="radio" name="z" value="2">
<input type="password" name="w" value=""><input type="file" name="f"><button name="x" value="press" formaction="/e">ok</button>
<select name="s"><option value="">none</option><option value="p" selected>P</option><option value="q">Q</option></select>
<textarea name="t" required>
old &lt; text</textarea></form></details><script>if (1 < 2) {}</script><!-- end -->"""
TYPED = [
    ("x", '2"><b>'),
    ("z", "2"),
    ("s", "q"),
    ("t", "\nnew < </textarea>"),
    ("csrf_token", "other"),
    ("w", "pw"),
]


def test_a_form_is_filled_and_the_rest_of_the_page_stays_as_it_is():
    filled = fill(PAGE, "/b", TYPED)
    assert filled.startswith(
        '<p>before &amp; after</p><form method="post" action="/a"><input name="x" value="1"></form>'
    )
    assert filled.endswith("<script>if (1 < 2) {}</script><!-- end -->")
    for part in (
        "<details open>",
        '<input type="hidden" name="csrf_token" value="t">',
        '<input name="x" value="2&quot;&gt;&lt;b&gt;">',
        '<input type="checkbox" name="y" value="y">',
        '<input type="radio" name="z" value="1">',
        '<input type="radio" name="z" value="2" checked>',
        '<input type="password" name="w" value="">',
        '<button name="x" value="press" formaction="/e">',
        '<option value="p">',
        '<option value="q" selected>',
        "\n\nnew &lt; &lt;/textarea&gt;</textarea>",
    ):
        assert part in filled, part
    assert "old" not in filled


def test_a_form_is_found_by_one_of_its_buttons_and_not_by_a_get():
    assert "2&quot;" in fill(PAGE, "/e", TYPED)
    assert fill(PAGE, "/nothing", TYPED) is None
    assert fill(PAGE.replace('method="post"', 'method="get"'), "/a", TYPED) is None


def test_a_page_of_the_area_that_is_filled_with_its_own_words_stays_the_same(editor):
    page = editor.get(TEXTS).text
    found = dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n([^<]*)</textarea>', page))
    fields = [(name, html.unescape(value)) for name, value in found.items()]
    assert html.unescape(fill(page, TEXTS, fields)) == html.unescape(page)
