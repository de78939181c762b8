"""What a list of names holds: who agreed to exactly these terms and is counted, and nothing else of them."""

import csv
import io
import tracemalloc

import pytest
from sqlalchemy import delete, func, insert, literal, select, text

from pledge.core.db import db, transaction
from pledge.jobs.models import Job
from pledge.name_lists import queries
from pledge.name_lists import rows as list_rows
from pledge.name_lists import services as named_lists
from pledge.signatures import own
from pledge.signatures.models import Signature
from tests.name_lists.lists import acts, make, names, row, table
from tests.support.factories import BORA, SLUG, TERMS, campaign, list_terms, manage_token, signature

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
    assert said["사본 식별 번호 Number of the copy"] == mark
    assert said["캠페인 Campaign"] == SLUG
    assert said["동의 조건의 판 Version of the terms"] == "1"
    assert said["제공받는 자 Recipient"] == f"{TERMS['recipient_ko']} / {TERMS['recipient_en']}"
    assert said["작성 시각 Made at"] == f"{frozen_clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert sorted(line[1:] for line in people) == [
        ["Ingrid", "NL", "네덜란드", "Netherlands (Kingdom of the)", "", "", "", mark],
        ["홍길동", "KR", "대한민국", "Republic of Korea", "KR-11", "서울특별시", "Seoul", mark],
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
