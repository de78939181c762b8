"""The review desk: its list, a case with its evidence, deciding, and people who see each other."""

import re

import pytest
from sqlalchemy import select

from pledge.audit.models import AuditEntry
from pledge.core.db import db
from pledge.endorsements import services
from pledge.endorsements.models import ReviewVisit
from pledge.endorsements.review import moderation
from pledge.endorsements.verification import ladder
from pledge.ledger.queries import count
from pledge.mail.models import OutboxMail
from tests.support.factories import (
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    fold_all,
    the_campaign,
    version_of,
)
from tests.support.pages import hidden_fields
from tests.support.rows import again, number_of
from tests.web.staff.organizations.screens import DESK, act, seen_on


def names(reply):
    assert reply.status_code == 200
    return re.findall(r'<a href="/staff/organizations/\d+">([^<]+)</a>', reply.text)


# --- The list ---


def test_what_waits_longest_stands_first_with_age_and_flags(reviewer, clock):
    clock.move(days=-3)
    endorsement(state="review", name_ko="오래된 단체", name_en="")
    clock.move(days=3)
    endorsement(state="review", name_ko="새 단체", name_en="", registration_hash=b"x" * 32)
    row = endorsement(name_ko="고친 단체", name_en="", registration_hash=b"x" * 32)
    version_of(row, target_year=2040)
    endorsement(name_ko="조용한 단체", name_en="")
    reply = reviewer.get(DESK)
    assert set(names(reply)) == {"오래된 단체", "새 단체", "고친 단체"}
    assert names(reply)[0] == "오래된 단체"
    assert "3 days" in reply.text
    assert reply.text.count("Possible duplicate") == 2
    assert reply.text.count(">Correction<") == 1


@pytest.mark.parametrize(
    ("tab", "listed"),
    [
        ("review", {"review"}),
        ("changes", {"changes"}),
        ("published", {"published"}),
        ("ended", {"declined", "withdrawn", "removed"}),
    ],
)
def test_the_list_has_parts_and_never_what_nobody_confirmed(reviewer, tab, listed):
    for state in ("pending", "review", "changes", "published", "declined", "withdrawn", "removed"):
        endorsement(state=state, name_ko=state, name_en="")
    assert set(names(reviewer.get(f"{DESK}?tab={tab}"))) == listed


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("harb", ["Harbour"]),
        ("항구", ["Harbour"]),
        ("KIM@harbour.example", ["Harbour"]),
        ("harbour.exam", ["Harbour"]),
        ("www.sea.example", ["Sea"]),
        ("nobody@harbour.example", []),
        ("a@", []),
    ],
)
def test_the_list_is_searched_by_name_address_and_domain(reviewer, query, listed):
    endorsement(name_ko="푸른 항구", name_en="Harbour", email="kim@harbour.example")
    endorsement(name_en="Sea", website="https://www.sea.example")
    assert names(reviewer.get(f"{DESK}?tab=published&q={query}")) == listed


@pytest.mark.parametrize("query", ["tab=nothing", "page=0", "page=2", "page=x"])
def test_a_part_that_does_not_exist_is_404(reviewer, query):
    assert reviewer.get(f"{DESK}?{query}").status_code == 404


def test_a_text_is_compared_language_by_language(reviewer):
    row = endorsement(statement_ko="처음 말", statement_en="First words")
    version_of(row, statement_en="Other words")
    table = reviewer.get(f"{DESK}/{row.id}").text
    changed = re.findall(r'<tr class="review-table__changed">\s*<th scope="row">(.*?) <span', table)
    assert changed == ["Public statement in English"]
    for words in ('lang="ko">처음 말', 'lang="en">First words', 'lang="en">Other words'):
        assert words in table


def test_who_left_and_applies_again_is_shown_as_they_were_until_that_is_confirmed(reviewer):
    row = endorsement(state="withdrawn", name_ko="떠난협회", name_en="")
    version_of(row, name_ko="돌아온협회")
    assert names(reviewer.get(f"{DESK}?tab=ended")) == ["떠난협회"]
    assert "돌아온협회" not in reviewer.get(f"{DESK}/{row.id}").text
    assert services.disown(endorse_confirm_token(row, 2))
    assert names(reviewer.get(f"{DESK}?tab=ended")) == ["떠난협회"], "also when it was never confirmed"
    version_of(row, name_ko="돌아온협회")
    assert services.confirm(row.id, 3)
    for page in (f"{DESK}/{row.id}", f"/en/endorse/me/{endorse_manage_token(row)}"):
        shown = reviewer.get(page).text
        assert "돌아온협회" in shown
        assert not re.search("A correction waits|Public now|Published on", shown)


# --- A case ---


def test_a_case_shows_the_person_the_evidence_and_what_was_changed(reviewer):
    row = endorsement(
        name_en="Green Harbour",
        email="kim@harbour.example",
        website="https://www.harbour.example",
        registration_hash=b"x" * 32,
        registration_number="1248100998",
    )
    version_of(row, target_year=2041, website="https://other.example")
    text = reviewer.get(f"{DESK}/{row.id}").text
    for word in (
        "kim@harbour.example",
        "김하늘",
        "Different owners",
        "2041",
        "2050",
        ladder.site_proof(row.id),
    ):
        assert word in text
    assert text.count(">changed<") == 2
    assert "1248100998" not in text, "the registration number is never shown"


def test_candidates_for_a_duplicate_are_shown_with_what_speaks_for_it(reviewer):
    row = endorsement(state="review", name_ko="(주)하늘에너지", name_en="", website="https://sky.co.kr")
    endorsement(name_ko="하늘에너지 주식회사", name_en="", website="https://www.sky.co.kr")
    endorsement(name_ko="전혀 다른 곳", name_en="")
    text = reviewer.get(f"{DESK}/{row.id}").text
    assert "same name, same website" in text
    assert "전혀 다른 곳" not in text


@pytest.mark.parametrize(
    ("own", "others", "is_candidate"),
    [
        ("", "", False),
        ("https://www.instagram.com/sky", "https://www.instagram.com/sea", False),
        ("https://www.instagram.com/sky", "https://www.instagram.com/sky", True),
    ],
)
def test_a_page_on_the_site_of_others_is_its_owner_and_no_website_is_nobodys(
    reviewer, own, others, is_candidate
):
    row = endorsement(state="review", name_ko="하늘모임", name_en="", website=own, email="sky@naver.com")
    endorsement(name_ko="바다모임", name_en="", website=others, email="sea@naver.com")
    text = reviewer.get(f"{DESK}/{row.id}").text
    assert ("same website" in text) == is_candidate
    assert "TXT record" not in text, "there is nothing to prove"


def test_a_domain_or_a_platform_that_many_share_makes_no_duplicates(reviewer):
    row = endorsement(
        state="review", name_ko="하나", email="a@group.example", website="https://facebook.com/one"
    )
    endorsement(
        name_ko="둘", name_en="Two of them", email="b@else.example", website="https://facebook.com/two"
    )
    for number in range(4):
        endorsement(
            name_ko=f"지부 {number}",
            name_en=f"Branch {number}",
            email=f"c{number}@group.example",
            website="https://www.group.example",
        )
    assert "No other application looks like this one." in reviewer.get(f"{DESK}/{row.id}").text


def test_a_case_of_nobody_is_404_and_so_is_an_application_that_nobody_confirmed(reviewer):
    row = endorsement(state="pending")
    for number in ("1", "0", 2**63, "x", row.id):
        assert reviewer.get(f"{DESK}/{number}").status_code == 404
    assert act(reviewer, row, "publish", seen="pending.1.proposed").status_code in (404, 409)


def test_opening_a_case_changes_nothing(reviewer):
    row = endorsement(state="review")
    reviewer.get(f"{DESK}/{row.id}")
    assert number_of(ReviewVisit) == 0


# --- Deciding ---


def test_a_reviewer_publishes_an_organisation(reviewer):
    row = endorsement(state="review")
    reply = act(reviewer, row, "publish")
    assert (reply.status_code, reply.location) == (303, DESK)
    assert "Published. An e-mail" in reviewer.get(reply.location).text
    assert again(row).state == "published"
    fold_all()
    assert count(the_campaign().id).organizations == 1
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor) == ("endorsement.publish", reviewer.member.email)


def test_after_a_decision_the_next_case_in_the_order_of_waiting_is_shown(reviewer, clock):
    waiting = []
    for _ in range(3):
        clock.move(minutes=5)
        waiting.append(endorsement(state="review"))
    first, second, third = waiting
    skipped = reviewer.get(f"{DESK}/next?after={first.id}")
    assert skipped.location == f"{DESK}/{second.id}"
    following = act(reviewer, second, "changes", code="logo-unclear").location
    assert following == f"{DESK}/{third.id}?decided={second.id}"
    page = reviewer.get(following).text
    assert "Asked for changes." in page
    assert "Asked for changes." not in reviewer.get(following).text, "it is said once"
    assert f'href="{DESK}/{second.id}"' in page, "the way back"
    assert act(reviewer, third, "publish").location == f"{DESK}/{first.id}"
    assert reviewer.get(f"{DESK}/next").location == f"{DESK}/{first.id}"


def test_a_decision_about_a_case_that_did_not_wait_stays_with_it(reviewer):
    endorsement(state="review")
    row = endorsement(state="changes")
    assert act(reviewer, row, "decline", code="authority-unclear").location == f"{DESK}/{row.id}"


def test_those_whose_domain_is_proven_are_published_together(reviewer):
    proven = [endorsement(state="review", level="domain") for _ in range(2)]
    changed, unproven = endorsement(state="review", level="site"), endorsement(state="review")
    boxes = re.findall(r'name="case" value="([^"]+)"', reviewer.get(DESK).text)
    assert {int(box.partition(":")[0]) for box in boxes} == {row.id for row in [*proven, changed]}
    act(reviewer, changed, "decline", code="authority-unclear")
    reply = reviewer.post(f"{DESK}/publish", data={"case": boxes})
    assert [again(row).state for row in [*proven, changed, unproven]] == [
        "published",
        "published",
        "declined",
        "review",
    ]
    page = reviewer.get(reply.location).text
    assert "Published: 2. Left alone, as they have changed: 1." in page
    nothing = reviewer.post(f"{DESK}/publish", data={})
    assert "Nothing was published. Tick the organisations first." in reviewer.get(nothing.location).text
    for odd in ("x", f"{'9' * 5000}:review.1.proposed"):
        assert reviewer.post(f"{DESK}/publish", data={"case": odd}).status_code == 400
    assert reviewer.post(f"{DESK}/publish", data={"case": f"{'9' * 30}:review.1.proposed"}).status_code == 303


def test_a_publication_taken_back_within_ten_minutes_leaves_no_line_in_public(reviewer, client, clock):
    row = endorsement(state="review", name_en="Hasty Works")
    following = reviewer.get(act(reviewer, row, "publish").location).text
    undo = following.partition('<div class="notice notice--done')[2].partition("</form>")[0]
    assert f'action="{DESK}/{row.id}/take-back"' in undo, "one press, on the page that follows"
    assert "Undo the publication" in reviewer.get(f"{DESK}/{row.id}").text
    clock.move(minutes=9)
    assert reviewer.post(f"{DESK}/{row.id}/take-back", data=hidden_fields(undo)).status_code == 303
    assert again(row).state == "review"
    fold_all()
    assert count(the_campaign().id).organizations == 0
    clock.move(minutes=2)
    assert "Hasty Works" not in client.get("/en/c/blue-skies/organizations").text
    assert act(reviewer, row, "publish").status_code == 303
    clock.move(minutes=10)
    assert "Undo the publication" not in reviewer.get(f"{DESK}/{row.id}").text
    assert act(reviewer, row, "take-back").status_code == 409
    fold_all()
    assert count(the_campaign().id).organizations == 1


def test_nobody_is_told_that_a_published_correction_can_be_taken_back(reviewer):
    row = endorsement()
    version_of(row, target_year=2040)
    page = reviewer.get(act(reviewer, row, "publish").location).text
    assert "Published. An e-mail" in page
    assert "take it back" not in page


def test_a_note_stands_in_the_history_of_the_case_with_what_came_in(reviewer):
    row = endorsement(state="review")
    act(reviewer, row, "note", why="Called them, they send another logo")
    history = reviewer.get(f"{DESK}/{row.id}").text.partition('class="review-history"')[2]
    assert history.index("Called them, they send another logo") < history.index("Version 1 came in")
    assert act(reviewer, row, "note", why=" ").status_code == 422


def test_all_other_acts_by_their_forms(reviewer):
    row, other = endorsement(state="review"), endorsement()
    assert act(reviewer, row, "changes", code="logo-unclear", note="더 크게").status_code == 303
    assert again(row).state == "changes"
    assert act(reviewer, row, "decline", code="authority-unclear", note="").status_code == 303
    assert again(row).state == "declined"
    assert act(reviewer, row, "reopen", why="they called").status_code == 303
    assert act(reviewer, row, "publish").status_code == 303
    assert act(reviewer, row, "certify", why="we visited them").status_code == 303
    assert again(row).level == "staff"
    assert act(reviewer, row, "uncertify", why="wrong one").status_code == 303
    assert again(row).level == "domain", "what its mail and website prove"
    assert act(reviewer, row, "remove", code="closed-down", wording_ko="", wording_en="").status_code == 303
    assert again(row).state == "removed"
    assert act(reviewer, row, "reinstate", why="a mistake").status_code == 303
    assert act(reviewer, row, "merge", into=str(other.id), why="same people").status_code == 303
    assert again(row).merged_into_id == other.id
    actions = [
        entry.action.removeprefix("endorsement.")
        for entry in db.session.scalars(
            select(AuditEntry).where(AuditEntry.subject == f"endorsement:{row.id}").order_by(AuditEntry.id)
        )
    ]
    assert actions == (
        "ask_for_changes decline reopen publish certify uncertify remove reinstate merge".split()
    )
    text = reviewer.get(f"{DESK}/{row.id}").text
    assert "they called" in text
    assert "Merged into another one" in text


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("name", "state", "fields", "error"),
    [
        ("changes", "review", {"code": "", "note": "글"}, "Choose a reason from the list."),
        ("changes", "review", {"code": "logo-unclear", "note": "글" * 501}, "up to 500 characters"),
        (
            "decline",
            "review",
            {"code": "authority-unclear", "note": "900101-1234567"},
            "resident registration",
        ),
        (
            "remove",
            "published",
            {"code": "closed-down", "wording_ko": "한국어만", "wording_en": ""},
            "every language",
        ),
        ("certify", "published", {"why": "  "}, "Give a reason"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(reviewer, name, state, fields, error):
    row = endorsement(state=state)
    reply = act(reviewer, row, name, **fields)
    assert reply.status_code == 422
    assert error in reply.text
    for value in fields.values():
        if value.strip() and value != "closed-down":
            assert value in reply.text
    assert f'id="{name}" open' in reply.text
    assert again(row).state == state
    assert db.session.scalars(select(OutboxMail)).all() == []


@pytest.mark.parametrize("into", ["", "x", "0", str(2**63), "1e3"])
def test_a_merge_needs_one_that_remains(reviewer, into):
    row = endorsement(name_ko="하늘재단")
    endorsement(name_ko="하늘 재단")
    reply = act(reviewer, row, "merge", into=into, why="same")
    assert reply.status_code == 422
    assert "Choose which one remains." in reply.text


@pytest.mark.parametrize(
    "seen", ["", "x", "review", "review.1", "review.x.proposed", "nothing.1.proposed", "a.b.c.d"]
)
def test_a_form_without_what_was_seen_is_400(reviewer, seen):
    row = endorsement(state="review")
    reply = reviewer.post(f"{DESK}/{row.id}/publish", data={"seen": seen})
    assert reply.status_code == 400
    assert again(row).state == "review"


def test_who_comes_second_is_told_what_happened_and_keeps_the_words(reviewer, staff_client):
    row = endorsement(state="review")
    seen = seen_on(reviewer.get(f"{DESK}/{row.id}"))
    second = staff_client("admin", lang="en", email="second@example.org")
    assert act(second, row, "publish").status_code == 303
    reply = act(reviewer, row, "decline", seen=seen, code="authority-unclear", note="많은 말")
    assert reply.status_code == 409
    assert "somebody else was first" in reply.text
    assert "“To review”; it is “Published” now" in reply.text
    assert "Published an organisation (second@example.org, " in reply.text
    assert again(row).state == "published"


@pytest.mark.parametrize("name", ["publish", "decline"])
def test_who_presses_twice_is_led_to_the_next_case(reviewer, staff_client, name):
    row, waiting = endorsement(state="review"), endorsement(state="review")
    seen, reason = seen_on(reviewer.get(f"{DESK}/{row.id}")), {"code": "authority-unclear"}
    once, twice = (act(reviewer, row, name, seen=seen, **reason) for _ in range(2))
    assert once.status_code == twice.status_code == 303
    shown = reviewer.get(twice.location, follow_redirects=True)
    assert shown.request.path == f"{DESK}/{waiting.id}"
    assert "You have already done this." in shown.text
    colleague = staff_client("moderator", lang="en")
    assert act(colleague, row, name, seen=seen, **reason).status_code == 409


def test_a_new_version_meanwhile_is_told(reviewer):
    row = endorsement()
    version_of(row, target_year=2040)
    seen = seen_on(reviewer.get(f"{DESK}/{row.id}"))
    version_of(row, target_year=2041)
    reply = act(reviewer, row, "publish", seen=seen)
    assert reply.status_code == 409
    assert "You saw version 2; there is version 3 now." in reply.text


def test_looking_at_the_website_writes_down_what_was_found(reviewer, monkeypatch):
    row = endorsement(state="review", level="domain")
    monkeypatch.setattr(moderation, "check_site", lambda _website, _proof: False)
    assert "The proof was not found" in reviewer.get(act(reviewer, row, "site").location).text
    assert again(row).level == "domain"
    monkeypatch.setattr(moderation, "check_site", lambda _website, _proof: True)
    assert "The proof was found" in reviewer.get(act(reviewer, row, "site").location).text
    assert again(row).level == "site"


# --- Seeing each other ---


def test_two_reviewers_of_one_case_see_each_other(reviewer, staff_client, clock):
    row = endorsement(state="review")
    second = staff_client("moderator", lang="en", email="second@example.org")
    first_name = reviewer.member.email
    alone = reviewer.post(f"{DESK}/{row.id}/here").get_json()
    assert (alone["words"], alone["is_mine"]) == (
        "This case is yours as long as you keep it open here.",
        True,
    )
    words = second.post(f"{DESK}/{row.id}/here").get_json()["words"]
    assert words == f"{first_name} is working on this case now. Open with: {first_name}"
    words = reviewer.post(f"{DESK}/{row.id}/here").get_json()["words"]
    assert words == "This case is yours. Also open with: second@example.org"
    assert "second@example.org" in reviewer.get(f"{DESK}/{row.id}").text


def test_who_falls_silent_is_forgotten_after_two_minutes(reviewer, staff_client, clock):
    row = endorsement(state="review")
    second = staff_client("moderator", lang="en", email="second@example.org")
    reviewer.post(f"{DESK}/{row.id}/here")
    clock.move(seconds=119)
    assert "is working on" in second.post(f"{DESK}/{row.id}/here").get_json()["words"]
    clock.move(seconds=2)
    answer = second.post(f"{DESK}/{row.id}/here").get_json()
    assert (answer["words"], answer["is_mine"]) == (
        "This case is yours as long as you keep it open here.",
        True,
    )


def test_a_reviewer_who_takes_a_case_over_is_named_on_the_case_and_in_the_list(reviewer, staff_client):
    row = endorsement(state="review")
    staff_client("moderator", lang="en", email="first@example.org").post(f"{DESK}/{row.id}/here")
    assert "<div data-take>" in reviewer.get(f"{DESK}/{row.id}").text
    reply = reviewer.post(f"{DESK}/{row.id}/take")
    assert (reply.status_code, reply.location) == (303, f"{DESK}/{row.id}")
    page = reviewer.get(f"{DESK}/{row.id}")
    assert "This case is yours. Also open with: first@example.org" in page.text
    assert "<div data-take hidden>" in page.text
    assert db.session.scalars(select(AuditEntry.action)).all() == ["endorsement.take"]
    assert f"Assigned to {reviewer.member.email}" in staff_client("moderator", lang="en").get(DESK).text


def test_an_open_page_learns_that_the_case_was_changed(reviewer):
    row = endorsement(state="review")
    page = reviewer.get(f"{DESK}/{row.id}")
    assert reviewer.post(f"{DESK}/{row.id}/here").get_json()["seen"] == seen_on(page)
    act(reviewer, row, "publish")
    assert reviewer.post(f"{DESK}/{row.id}/here").get_json()["seen"] != seen_on(page)
