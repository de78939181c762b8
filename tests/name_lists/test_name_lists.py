"""A list of names: asked for by one, allowed by another, of those who agreed to exactly this, for the recipient's eyes alone."""

import csv
import io
import re
import tempfile
import tracemalloc
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519
from sqlalchemy import delete, func, insert, literal, select, text, update
from sqlalchemy.exc import IntegrityError

from config import current_config
from pledge.audit.models import Actor, AuditEntry
from pledge.audit.services import NoReason
from pledge.core.db import db, transaction
from pledge.jobs import services
from pledge.jobs.models import Job, JobKind
from pledge.name_lists import queries
from pledge.name_lists import rows as list_rows
from pledge.name_lists import services as named_lists
from pledge.name_lists.models import ListState, NamedList
from pledge.name_lists.services import (
    ApprovalOver,
    BadKey,
    NameListInWrongState,
    NeedsSecondPerson,
    NobodyAgreed,
    NoFile,
    NoSuchTerms,
)
from pledge.signatures import own
from pledge.signatures.models import Signature
from tests.support.factories import (
    ANNA,
    BORA,
    SLUG,
    TERMS,
    campaign,
    list_terms,
    manage_token,
    signature,
)

WHY = "letter 2026-17 of the Secretariat, Article 123"
MAKERS = {JobKind.LIST: list_rows.make}


@pytest.fixture(autouse=True)
def _campaign(app):
    campaign()


@pytest.fixture
def recipient():
    return x25519.Identity.generate()


@pytest.fixture
def ask(recipient):
    return lambda actor=ANNA, version=1, why=WHY: named_lists.ask(
        actor, SLUG, version, why, str(recipient.to_public())
    )


@pytest.fixture
def opened(recipient):
    """`opened(list_id)`: the lines of its table, and before them what it says of itself, as the recipient reads them."""

    def read(list_id):
        clear = io.BytesIO()
        pyrage.decrypt_io(io.BytesIO(take(ANNA, list_id, "to hand it over")), clear, [recipient])
        return clear.getvalue().decode("utf-8-sig")

    return read


def take(who, list_id, why):
    """The bytes that somebody downloads."""
    job, parts = named_lists.download(who, list_id, why)
    data = b"".join(parts)
    assert len(data) == job.size
    return data


def make():
    assert services.advance(MAKERS)


def table(clear):
    """Rows after the head, and the foot."""
    rows = list(csv.reader(io.StringIO(clear, newline="")))
    start = next(number for number, row in enumerate(rows) if row and row[0] == "No.")
    end = rows.index([], start)
    return rows[:start], rows[start + 1 : end], rows[end + 1 :]


def names(clear):
    return sorted(row[1] for row in table(clear)[1])


def row(list_id):
    db.session.rollback()
    return db.session.get_one(NamedList, list_id)


def acts(prefix="list."):
    db.session.rollback()
    query = select(AuditEntry).where(AuditEntry.action.startswith(prefix)).order_by(AuditEntry.id)
    return list(db.session.scalars(query))


# --- Asking and deciding ---


def test_a_request_is_recorded_with_its_reason_and_makes_nothing(ask):
    signature(list_terms_id=list_terms().id)
    found = row(ask())
    assert (found.state, found.reason, found.asked_by) == (ListState.REQUESTED, WHY, ANNA.staff_id)
    assert re.fullmatch("[0-9a-f]{16}", found.watermark)
    assert not services.advance(MAKERS)
    (entry,) = acts()
    assert (entry.action, entry.actor, entry.network, entry.reason) == (
        "list.ask",
        ANNA.name,
        ANNA.network,
        WHY,
    )
    assert f'"watermark":"{found.watermark}"' in entry.details


@pytest.mark.parametrize(
    "decide", [named_lists.approve, lambda who, which: named_lists.refuse(who, which, "no")]
)
def test_who_asked_does_not_decide_in_whatever_session(ask, decide):
    signature(list_terms_id=list_terms().id)
    which = ask()
    for who in (
        ANNA,
        Actor(ANNA.staff_id, "another-name@example.org", "198.51.100.9"),
        Actor(None, "worker", ""),
    ):
        with pytest.raises(NeedsSecondPerson):
            decide(who, which)
    assert row(which).state == ListState.REQUESTED
    assert not services.advance(MAKERS)


@pytest.mark.parametrize("values", [{"decided_by": ANNA.staff_id}, {"decided_by": None}], ids=str)
@pytest.mark.parametrize("state", ["approved", "refused"])
def test_the_database_too_asks_for_a_second_person(ask, state, values):
    signature(list_terms_id=list_terms().id)
    which = ask()
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(NamedList).where(NamedList.id == which).values(state=state, **values))


def test_nobody_asks_without_an_account(ask):
    signature(list_terms_id=list_terms().id)
    with pytest.raises(NeedsSecondPerson):
        ask(Actor(None, "command line", ""))


def test_a_second_person_approves_and_the_worker_makes_the_list(ask, opened):
    asked = list_terms()
    signature(name="홍길동", list_terms_id=asked.id)
    which = ask()
    named_lists.approve(BORA, which)
    found = row(which)
    assert (found.state, found.decided_by, found.people) == (ListState.APPROVED, BORA.staff_id, 1)
    with pytest.raises(NoFile):
        named_lists.download(ANNA, which, "too early")
    make()
    assert names(opened(which)) == ["홍길동"]
    assert [entry.action for entry in acts()] == [
        "list.ask",
        "list.approve",
        "list.encrypted",
        "list.download",
    ]


def test_a_refused_or_retracted_request_is_over(ask):
    signature(list_terms_id=list_terms().id)
    refused, retracted = ask(), ask()
    named_lists.refuse(BORA, refused, "no such law")
    named_lists.retract(ANNA, retracted)
    assert (row(refused).state, row(refused).decided_why) == (ListState.REFUSED, "no such law")
    assert row(retracted).state == ListState.RETRACTED
    for which in (refused, retracted, 4711):
        for late in (
            lambda which=which: named_lists.approve(BORA, which),
            lambda which=which: named_lists.refuse(BORA, which, "no"),
            lambda which=which: named_lists.retract(ANNA, which),
        ):
            with pytest.raises(NameListInWrongState):
                late()
        with pytest.raises(list_rows.NotApproved):
            list_rows.make(which, io.BytesIO(), lambda *_: None)
    assert not services.advance(MAKERS)


def test_only_who_asked_for_a_name_list_takes_the_request_back(ask):
    signature(list_terms_id=list_terms().id)
    which = ask()
    with pytest.raises(NameListInWrongState):
        named_lists.retract(BORA, which)
    assert row(which).state == ListState.REQUESTED


@pytest.mark.parametrize("why", ["", " \n"])
def test_asking_refusing_and_taking_it_are_explained(ask, why):
    signature(list_terms_id=list_terms().id)
    which = ask()
    for act in (
        lambda: ask(why=why),
        lambda: named_lists.refuse(BORA, which, why),
        lambda: named_lists.download(ANNA, which, why),
    ):
        with pytest.raises(NoReason):
            act()


def test_there_is_no_list_without_terms_or_without_anybody_who_agreed(ask):
    with pytest.raises(NoSuchTerms):
        ask()
    signature(list_terms_id=None)
    list_terms()
    with pytest.raises(NobodyAgreed):
        ask()


NO_KEYS = [
    "",
    "age1",
    "age1é",
    "hong@example.org",
    "ssh-ed25519 AAAA",
    "age1" + "q" * 58,
    "a" * 10_000,
    "\ud800",
]


@pytest.mark.parametrize("key", NO_KEYS, ids=ascii)
def test_what_is_no_public_key_is_refused(key):
    with pytest.raises(BadKey) as bad:
        named_lists.read_key(key)
    assert not bad.value.is_secret


def test_a_secret_key_is_told_from_a_public_one(recipient):
    with pytest.raises(BadKey) as bad:
        named_lists.read_key(f" {recipient} ")
    assert bad.value.is_secret


def test_a_key_may_come_with_spaces_and_line_breaks_from_a_letter(recipient):
    key = str(recipient.to_public())
    assert named_lists.read_key(f"  {key[:30]}\r\n {key[30:]} ") == key


# --- Who is on it ---


def test_exactly_those_who_are_counted_and_agreed_to_these_terms(ask, opened):
    first = list_terms()
    signature(name="앞의 조건", list_terms_id=first.id)
    asked = list_terms(law_en="Another law")
    signature(name="가", list_terms_id=asked.id)
    signature(name="나", list_terms_id=asked.id, country="JP", region=None)
    signature(name="동의 안 함", public_name=True)
    for state in ("pending", "withdrawn", "invalidated"):
        signature(name=state, state=state, list_terms_id=asked.id)
    other = campaign("other")
    signature(other, name="다른 캠페인", list_terms_id=list_terms(other).id)

    assert {
        choice.terms.version: choice.people for choice in queries.choices("ko") if choice.slug == SLUG
    } == {1: 1, 2: 2}
    which = ask(version=2)
    named_lists.approve(BORA, which)
    make()
    assert names(opened(which)) == ["가", "나"]
    assert row(which).people == 2


def test_who_withdraws_after_the_approval_is_not_on_the_list(ask, opened):
    asked = list_terms()
    signature(name="남음", list_terms_id=asked.id)
    gone = [signature(name="떠남", list_terms_id=asked.id) for _ in range(3)]
    which = ask()
    named_lists.approve(BORA, which)
    for leave, person in zip((own.withdraw, own.erase, own.refuse_list), gone, strict=True):
        leave(manage_token(person))
    make()
    assert names(opened(which)) == ["남음"]


def test_earlier_terms_still_give_a_list_of_those_who_agreed_to_them(ask, opened):
    signature(name="앞의 조건", list_terms_id=list_terms().id)
    list_terms(recipient_ko="환경부")
    which = ask(version=1)
    named_lists.approve(BORA, which)
    make()
    clear = opened(which)
    assert names(clear) == ["앞의 조건"]
    assert TERMS["recipient_ko"] in clear
    assert "환경부" not in clear


# --- What it says ---


def test_the_list_says_what_it_is_which_copy_and_how_many(ask, opened, frozen_clock):
    asked = list_terms()
    signature(name="홍길동", list_terms_id=asked.id)
    signature(name="Ingrid", country="NL", region=None, list_terms_id=asked.id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    head, people, foot = table(opened(which))
    mark = row(which).watermark
    said = {line[0]: line[1] for line in head if line}
    assert said["명단 번호 List"] == str(which)
    assert said["사본 식별 번호 Copy"] == mark
    assert said["캠페인 Campaign"] == SLUG
    assert said["동의 조건의 판 Version of the terms"] == "1"
    assert said["제공받는 자 Recipient"] == f"{TERMS['recipient_ko']} / {TERMS['recipient_en']}"
    assert said["작성 시각 Made at"] == f"{frozen_clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert sorted(line[1:] for line in people) == [
        ["Ingrid", "NL", "네덜란드", "Netherlands", "", "", "", mark],
        ["홍길동", "KR", "대한민국", "South Korea", "KR-11", "서울특별시", "Seoul", mark],
    ]
    assert [line[0] for line in people] == ["1", "2"]
    assert foot == [["인원 People", "2"]]


def test_no_cell_is_a_formula_for_a_spreadsheet(ask, opened):
    asked = list_terms(recipient_en="=cmd|' /C calc'!A0", law_ko="@SUM(1)")
    # The form refuses such a name; a row from elsewhere is neutral all the same.
    signature(name='=HYPERLINK("x")', list_terms_id=asked.id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    for line in csv.reader(io.StringIO(opened(which), newline="")):
        for cell in line:
            assert cell[:1] not in tuple("=+-@|%"), cell
    assert names(opened(which)) == ['\'=HYPERLINK("x")']


def test_the_list_holds_neither_address_nor_moment_of_a_signer(ask, opened):
    signature(name="홍길동", email="hong@example.org", list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    assert "@" not in "".join("".join(line) for line in table(opened(which))[1])


def test_a_name_that_no_key_opens_is_left_out_and_counted(ask, opened):
    asked = list_terms()
    signature(name="읽힘", list_terms_id=asked.id)
    lost = signature(list_terms_id=asked.id)
    with transaction() as session:
        session.execute(
            text("UPDATE signatures SET name = :junk WHERE id = :id"), {"junk": b"\0" * 60, "id": lost.id}
        )
    which = ask()
    named_lists.approve(BORA, which)
    make()
    clear = opened(which)
    assert names(clear) == ["읽힘"]
    assert table(clear)[2] == [
        ["인원 People", "1"],
        ["이름을 읽을 수 없어 뺀 인원 Left out, as the name cannot be read", "1"],
    ]
    assert (row(which).people, row(which).unreadable) == (2, 1)
    assert '"unreadable":1' in acts()[2].details


# --- The file ---


def test_only_the_recipient_opens_the_list(ask):
    signature(name="홍길동", list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    data = take(ANNA, which, "to hand it over")
    assert data.startswith(b"age-encryption.org/v1\n")
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(data, [x25519.Identity.generate()])


def files_below(*folders):
    return [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]


def test_no_clear_byte_ever_reaches_a_file(app, ask, opened, tmp_path, monkeypatch):
    """Every write to a temporary file is looked at, and every file that there is, while it is made and afterwards."""
    known = "세종대왕 Nobody-Else-Has-This-Name"
    asked = list_terms()
    ids = [signature(name=known, list_terms_id=asked.id).id for _ in range(3)]
    monkeypatch.setattr(list_rows, "BATCH", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    instance = current_config().instance_dir
    secrets = [known.encode(), TERMS["recipient_ko"].encode(), TERMS["recipient_en"].encode()]
    looks, written = [], []

    class Watched:
        """The job's file, with an eye on what is written to it."""

        def __init__(self, file):
            self._file = file

        def write(self, data):
            written.append(bytes(data))
            return self._file.write(data)

        def __getattr__(self, name):
            return getattr(self._file, name)

    def look(*_):
        found = [path for path in files_below(tmp_path, instance) if path.suffix not in (".sqlite3", ".log")]
        looks.append([path for path in found if any(secret in path.read_bytes() for secret in secrets)])

    def maker(list_id, file, progress):
        def stepped(done, total):
            file.flush()
            look()
            progress(done, total)

        return list_rows.make(list_id, Watched(file), stepped)

    which = ask()
    named_lists.approve(BORA, which)
    assert services.advance({JobKind.LIST: maker})
    look()
    assert looks == [[]] * (len(ids) + 1)
    assert written
    assert not any(secret in b"".join(written) for secret in secrets)
    assert opened(which).count(known) == 3, "what was looked for is really in it"


def test_a_fault_while_it_is_made_is_told_as_it_is_and_leaves_nothing(ask):
    signature(list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)

    def taken(*_):
        raise services.LeaseLost

    with pytest.raises(services.LeaseLost):
        list_rows.make(which, io.BytesIO(), taken)
    assert row(which).unreadable is None


def test_the_list_is_there_for_a_day_and_then_gone(ask, frozen_clock):
    signature(list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    frozen_clock.move(hours=23, minutes=59)
    assert queries.find(which, "ko").has_file
    take(ANNA, which, "in time")
    assert services.sweep() == 0
    assert named_lists.note_expired() == 0
    frozen_clock.move(minutes=1)
    assert not queries.find(which, "ko").has_file
    with pytest.raises(NoFile):
        named_lists.download(ANNA, which, "too late, though nothing was swept yet")
    key = db.session.scalars(select(Job.file)).one()
    stored = current_config().instance_dir / "files" / key
    assert stored.exists()
    assert services.sweep() == 1
    assert not stored.exists()
    assert named_lists.note_expired() == 1
    assert named_lists.note_expired() == 0, "once"
    assert acts()[-1].action == "list.expired"
    with pytest.raises(NoFile):
        named_lists.download(ANNA, which, "far too late")


def test_each_download_is_recorded_with_who_whence_and_why(ask):
    signature(list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    take(ANNA, which, "for the courier")
    take(BORA, which, "the disk was broken")
    taken = [entry for entry in acts() if entry.action == "list.download"]
    assert [(entry.actor, entry.network, entry.subject, entry.reason) for entry in taken] == [
        (ANNA.name, ANNA.network, f"list:{which}", "for the courier"),
        (BORA.name, BORA.network, f"list:{which}", "the disk was broken"),
    ]


def test_neither_the_audit_log_nor_the_tables_hold_a_name(ask):
    signature(name="홍길동", email="hong@example.org", list_terms_id=list_terms().id)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    said = " ".join(f"{entry.reason} {entry.details}" for entry in acts("list"))
    found = row(which)
    kept = " ".join(str(getattr(found, column.name)) for column in NamedList.__table__.c)
    assert "홍길동" not in said + kept
    assert "hong@" not in said + kept


# --- When it could not be made ---


def give_up():
    """As the worker leaves a list after its last attempt."""
    with transaction() as session:
        session.execute(
            update(Job).where(Job.state == "waiting").values(state="failed", error="OSError", attempts=5)
        )


@pytest.fixture
def given_up(ask, frozen_clock):
    """An approved list of two whose making was given up; its number."""
    terms = list_terms()
    signature(name="홍길동", list_terms_id=terms.id)
    signature(name="성춘향", list_terms_id=terms.id)
    which = ask()
    named_lists.approve(BORA, which)
    give_up()
    return which


def test_a_list_that_could_not_be_made_is_made_again_on_the_same_approval(given_up, opened, frozen_clock):
    assert queries.find(given_up, "en").can_be_retried
    frozen_clock.move(hours=23, minutes=59)

    named_lists.retry(ANNA, given_up)

    assert not queries.find(given_up, "en").can_be_retried
    assert acts()[-1].action == "list.retry"
    assert (acts()[-1].subject, acts()[-1].actor, acts()[-1].reason) == (f"list:{given_up}", ANNA.name, WHY)
    make()
    assert names(opened(given_up)) == ["성춘향", "홍길동"]
    assert [one.action for one in acts()] == [
        *("list.ask", "list.approve", "list.retry", "list.encrypted", "list.download")
    ]


def test_who_took_the_consent_back_meanwhile_is_not_on_the_list_of_the_second_go(given_up, opened):
    leaving = db.session.scalars(select(Signature).order_by(Signature.id)).first()
    left = leaving.name
    own.withdraw(manage_token(leaving))
    named_lists.retry(BORA, given_up)
    make()
    assert len(names(opened(given_up))) == 1
    assert left not in names(opened(given_up))


def test_an_approval_lasts_a_day_and_then_two_people_look_anew(given_up, ask, frozen_clock):
    frozen_clock.move(hours=24)
    assert not queries.find(given_up, "en").can_be_retried
    with pytest.raises(ApprovalOver):
        named_lists.retry(ANNA, given_up)
    assert not services.advance(MAKERS)
    assert acts()[-1].action == "list.approve"
    named_lists.approve(BORA, ask())
    make()


def test_only_a_list_that_was_approved_and_given_up_is_made_again_and_once(ask, given_up):
    named_lists.retry(ANNA, given_up)
    with pytest.raises(NameListInWrongState):
        named_lists.retry(BORA, given_up)
    make()
    with pytest.raises(NameListInWrongState):
        named_lists.retry(BORA, given_up)
    for which in (ask(), 404):
        with pytest.raises(NameListInWrongState):
            named_lists.retry(ANNA, which)
    refused = ask()
    named_lists.refuse(BORA, refused, "no")
    with pytest.raises(NameListInWrongState):
        named_lists.retry(ANNA, refused)
    assert not services.advance(MAKERS)


# --- Many ---


def multiply(person, number):
    """The same signature under other numbers, by the database itself."""
    counted = select(literal(1).label("n")).cte("counted", recursive=True)
    counted = counted.union_all(select(counted.c.n + 1).where(counted.c.n < number))
    values = {column.name: column for column in Signature.__table__.c}
    values["id"] = person.id // 2 + counted.c.n
    values["address_hash"] = func.unhex(func.printf("%064d", counted.c.n))
    mine = Signature.__table__.c.id == person.id
    query = select(*values.values()).select_from(counted.join(Signature.__table__, mine))
    with transaction() as session:
        session.execute(insert(Signature).from_select(list(values), query))


@pytest.mark.sqlite_only
def test_forty_thousand_people_need_no_more_memory_than_four_thousand(ask, tmp_path):
    person = signature(name="홍길동", list_terms_id=list_terms().id)
    multiply(person, 4_000)

    def make_traced():
        which = ask()
        named_lists.approve(BORA, which)
        with (tmp_path / "list.age").open("wb") as file:
            tracemalloc.start()
            try:
                rows = list_rows.make(which, file, lambda *_: None).rows
                return rows, tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    few, small = make_traced()
    with transaction() as session:
        session.execute(delete(Signature).where(Signature.id != person.id))
    multiply(person, 40_000)
    many, large = make_traced()
    assert (few, many) == (4_001, 40_001)
    assert (tmp_path / "list.age").stat().st_size > 3_000_000
    assert large < small + 500_000


def test_a_list_of_many_batches_is_whole(ask, opened, monkeypatch):
    asked = list_terms()
    for number in range(7):
        signature(name=f"사람 {number}", list_terms_id=asked.id)
    monkeypatch.setattr(list_rows, "BATCH", 2)
    which = ask()
    named_lists.approve(BORA, which)
    make()
    assert names(opened(which)) == [f"사람 {number}" for number in range(7)]
    assert db.session.scalars(select(Job.rows)).one() == 7
