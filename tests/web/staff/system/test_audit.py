"""The page of the audit log: filters, pages, and an export that is itself recorded."""

import csv
import io
import re

import pytest

from pledge.audit.models import COMMAND_LINE, ORGANIZATION, SIGNER, WORKER, Actor
from pledge.audit.queries import Search, page
from pledge.audit.services import note
from pledge.switches import services as switches
from tests.support.audit import acts
from tests.support.factories import endorsement, staff


def subjects(text: str) -> list[str]:
    return re.findall(r"subject=[^\"]+\"><code>([^<]+)</code>", text)


def test_the_page_says_who_did_what_when_and_why(staff_client, frozen_clock):
    note(
        Actor(1, "moderator@pledge.example", "203.0.113.7"),
        "endorsement.publish",
        "endorsement:5",
        reason="확인",
    )
    korean = staff_client("admin", lang="ko").get("/staff/audit").text
    english = staff_client("admin", lang="en").get("/staff/audit").text
    assert "단체 게시" in korean
    assert ("Published an organisation" in english, "Lists of names" in english) == (True, False)
    for text in (korean, english):
        assert "moderator@pledge.example" in text
        assert "203.0.113.7" in text
        assert "endorsement:5" in text
        assert ">확인<" in text


def test_who_acts_without_an_account_is_named_in_words(staff_client):
    for who in (WORKER, SIGNER, ORGANIZATION, COMMAND_LINE):
        note(who, "endorsement.publish", "endorsement:5")
    page = staff_client("admin", lang="ko").get("/staff/audit?subject=endorsement:5").text
    names = re.findall(r'audit\?actor=[^"]+">([^<]+)</a>', page)
    assert names == ["명령줄", "단체", "서명한 사람", "시스템"]


def test_a_pause_and_its_end_have_words_of_their_own(admin):
    for on in (True, False):
        switches.turn(Actor(1, "admin@pledge.example", ""), "signing", on, "attack")
    page = admin.get("/staff/audit?action=switch.signing").text
    assert re.findall(r"<strong>([^<]+)</strong>", page) == [
        "Take signatures again",
        "Pause signing",
    ]


def test_changed_words_are_shown_word_by_word(admin):
    words = {
        "before": {"summary_en": "Clean <b>air</b>", "goal": 5},
        "after": {"summary_en": "Clean water", "goal": 7},
    }
    note(Actor(1, "editor@pledge.example", ""), "campaign.texts", "campaign:air", **words)
    text = admin.get("/staff/audit").text
    assert "Clean <del>&lt;b&gt;air&lt;/b&gt;</del><ins>water</ins>" in text
    assert "<del>5</del><ins>7</ins>" in text
    assert "before" not in text.partition("campaign:air")[2].partition("</li>")[0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=MODERATOR", 3),
        ("since=2026-11-25", 1),
        ("until=2026-11-24", 3),
        ("since=2026-11-24&until=2026-11-25", 4),
    ],
)
def test_the_audit_log_is_filtered(admin, frozen_clock, query, expected):
    frozen_clock.move(seconds=1795500000 - frozen_clock.now().timestamp())  # 24 November 2026, 15:00 in Seoul
    acts(3)
    frozen_clock.move(hours=9)  # midnight in Seoul: the next day
    note(Actor(2, "admin@pledge.example", ""), "switch.signing", "switch:signing", reason="attack")
    client_page = admin.get(f"/staff/audit?{query}")
    assert client_page.status_code == 200
    shown = [subject for subject in subjects(client_page.text) if not subject.startswith("staff:")]
    assert len(shown) == expected, shown


@pytest.mark.parametrize(
    "query", ["since=yesterday", "until=2026-13-01", "since=2026-11-25&until=2026-11-24", "since=0001-01-01"]
)
def test_days_that_are_none_are_named(admin, query):
    acts(1)
    response = admin.get(f"/staff/audit?{query}")
    assert response.status_code == 422
    assert "error-summary" in response.text
    assert subjects(response.text) == []


@pytest.mark.parametrize("before", ["0", "-1", "x", str(2**63), str(10**40), ""])
def test_a_page_that_cannot_be_begins_with_the_newest(admin, before):
    acts(1)
    assert subjects(admin.get(f"/staff/audit?before={before}").text)[-1:] == ["endorsement:1"]


def test_older_pages_keep_the_filter(admin):
    acts(120)
    seen, address = [], "/staff/audit?action=endorsement"
    while address:
        text = admin.get(address).text
        seen += subjects(text)
        more = re.search(r'href="(/staff/audit\?[^"]*before=[^"]*)"', text)
        address = more and more[1].replace("&amp;", "&")
    assert seen == [f"endorsement:{number}" for number in range(120, 0, -1)]


# --- Taking it out ---


def take_out(client, **data):
    """The export, read to its end while its request lives, as a server does."""
    return client.post("/staff/audit/export", data={"reason": "check", **data}, buffered=True)


def rows(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.get_data().decode("utf-8-sig"), newline="")))


def test_the_export_holds_what_the_filter_finds_and_is_an_entry_itself(admin):
    acts(3)
    response = take_out(admin, subject="endorsement:2", reason="감사 요청")
    assert response.status_code == 200
    assert response.mimetype == "text/csv"
    assert re.fullmatch(
        r'attachment; filename="audit-log-\d{8}-\d{6}KST-(ko|en)\.csv"',
        response.headers["Content-Disposition"],
    )
    assert response.headers["Cache-Control"] == "no-store"
    head, line = rows(response)
    assert line[2:4] == ["Published an organisation", "Organisations"], "words first"
    assert line[7:9] == ["endorsement:2", "endorsement.publish"]
    assert len(head) == len(line)
    (entry,) = page(Search(action="audit.export")).lines
    assert (entry.actor, entry.reason) == (admin.member.email, "감사 요청")
    assert entry.details == '{"filter":{"subject":"endorsement:2"}}'


def test_no_cell_of_the_export_is_a_formula(admin):
    note(Actor(1, "=cmd@pledge.example", ""), "endorsement.note", "endorsement:1", reason='\t=HYPERLINK("x")')
    line = rows(take_out(admin, action="endorsement"))[1]
    assert line[4:6] == ["'=cmd@pledge.example"] * 2
    assert line[6] == '\'\t=HYPERLINK("x")'


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"reason": "  "},
        {"reason": "900101-1234567"},
        {"reason": "x" * 1001},
        {"reason": "ok", "since": "no"},
    ],
)
def test_an_export_without_a_reason_or_with_a_wrong_day_takes_nothing_out(admin, data):
    acts(1)
    response = admin.post("/staff/audit/export", data=data)
    assert response.status_code == 422
    assert "error-summary" in response.text
    assert page(Search(action="audit.export")).lines == []


def test_a_page_costs_few_statements_however_long_the_log(admin, statements):
    acts(60)
    admin.get("/staff/audit")
    with statements() as seen:
        admin.get("/staff/audit")
    assert len([statement for statement in seen if "audit_entries" in statement]) == 2, "log and menu"


# --- What an auditor asks ---


def links(page, words):
    """Where what says this leads to."""
    anchors = re.findall(r'<a[^>]* href="([^"]+)"[^>]*>(?:<strong>)?([^<]+)<', page)
    return [address.replace("&amp;", "&") for address, text in anchors if text.strip() == words]


def whats(page):
    return re.findall(r"<strong>([^<]+)</strong>", page)


def test_five_questions_of_an_auditor_take_three_presses_at_most(staff_client, frozen_clock):
    anna, bora = (staff("moderator", name=name) for name in ("Anna Kim", "Bora Lee"))
    row = endorsement(name_en="Harbour Works")
    note(Actor(anna.id, anna.email, ""), "endorsement.publish", f"endorsement:{row.id}", reason="proven")
    note(Actor(bora.id, bora.email, ""), "export.download", "export:7", reason="ministry")
    switches.turn(Actor(bora.id, bora.email, ""), "signing", True, "attack")
    frozen_clock.move(days=1)
    note(Actor(anna.id, anna.email, ""), "endorsement.certify", f"endorsement:{row.id}", reason="visited")

    auditor = staff_client("auditor", lang="en")
    start = auditor.get("/staff/audit").text  # one press: Audit log
    (yesterday,) = links(start, "Yesterday")
    assert set(whats(auditor.get(yesterday).text)) == {
        "Published an organisation",
        "Downloaded an export",
        "Pause signing",
    }
    of_anna = links(start, "Anna Kim")[0]
    assert whats(auditor.get(of_anna).text) == [
        "Marked an organisation as checked",
        "Published an organisation",
    ]
    publications = links(start, "Published an organisation")[0]
    assert whats(auditor.get(publications).text) == ["Published an organisation"]
    about = links(start, f"endorsement:{row.id}") or re.findall(
        r'href="(/staff/audit\?subject=endorsement[^"]+)"', start
    )
    assert len(whats(auditor.get(about[0]).text)) == 2
    assert whats(auditor.get("/staff/audit?action=switch").text) == ["Pause signing"], "choose, then filter"
    assert "Harbour Works" in start


def test_who_is_found_by_a_part_of_the_name(auditor):
    anna = staff("moderator", name="Anna Kim")
    note(Actor(anna.id, anna.email, ""), "endorsement.publish", "endorsement:5")
    assert subjects(auditor.get("/staff/audit?actor=anna").text) == ["endorsement:5"]
