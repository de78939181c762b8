"""The pack: whole, checkable by an outsider, the same bytes whenever and wherever it is made, and with nobody in it."""

import hashlib
import io
import json
import random
import re
import sys
import tracemalloc
import zipfile
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import openpyxl
import pytest
from sqlalchemy import func, insert, select

from pledge.campaigns.queries import published_slugs
from pledge.core.db import db, transaction
from pledge.core.i18n import SEOUL, format_date
from pledge.deliveries import freezing, services
from pledge.deliveries.document import from_json
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.pack import packing
from pledge.deliveries.pack.packing import NoKnownKey, NotToBePacked, PackInconsistent
from pledge.demands import services as demand_services
from pledge.ledger import log as entries_log
from pledge.ledger import log_queries
from pledge.signatures.models import Signature
from pledge.statistics.totals import checkpoints
from pledge.verifier import PROGRAM
from tests.support import apps, deliveries, demands, packs, paper, programs
from tests.support.factories import (
    ANNA,
    BORA,
    campaign,
    crowd,
    endorsement,
    fold_all,
    manage_token,
    signature,
    signatures,
    staff,
    the_campaign,
    version_of,
)
from tests.support.insider import as_superuser
from tests.support.pdf import pdf_text
from tests.support.tables import rows_of


def quiet(_done, _total):
    """A progress that nobody looks at."""


def packed(number, progress=quiet):
    file = io.BytesIO()
    packing.pack(number, file, progress)
    return file.getvalue()


#: In this order in the zip.
MEMBERS = (
    *("README.txt", "letter-ko.pdf", "letter-en.pdf", "totals.xlsx", "totals.csv", "totals.json"),
    *("organizations.csv", "integrity.json", "pledge-texts.json", "log/checkpoint", "log/key", "log/entries"),
    *("verify.py", "manifest.json", "manifest.sig"),
)


def members(pack):
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def changed(before, after):
    return {name for name in MEMBERS if before[name] != after[name]}


def document_of(number):
    return from_json(deliveries.row(number).document)


def a_campaign():
    """Something of everything; the number of its delivery."""
    of = campaign(versions=2)
    signatures(7, of)
    signatures(5, of, country="JP")
    signature(of, state="withdrawn")
    signature(of, state="invalidated")
    endorsement(of, statement_ko="여러\n줄", name_en='A "quoted", name')
    endorsement(of, state="removed")
    return deliveries.frozen(of, pack=False)


# --- what is in it ---


@pytest.mark.sqlite_only
def test_the_members_stand_in_their_order_without_a_time_of_their_own(app):
    with zipfile.ZipFile(io.BytesIO(packed(a_campaign()))) as archive:
        infos = archive.infolist()
    assert tuple(info.filename for info in infos) == MEMBERS
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {(info.create_system, info.external_attr, info.compress_type) for info in infos} == {
        (3, 0o100644 << 16, zipfile.ZIP_DEFLATED)
    }


@pytest.mark.sqlite_only
def test_the_manifest_knows_every_other_member(app):
    """Their sizes and hashes are compared by the program that comes with them (test_checking.py)."""
    files = members(packed(a_campaign()))
    manifest = json.loads(files["manifest.json"])
    assert list(manifest["files"]) == list(MEMBERS)[:-2]
    assert (manifest["checkpoint"]["people"], manifest["checkpoint"]["organizations"]) == (12, 1)
    assert (manifest["format"], manifest["campaign"]) == ("pledge-delivery/v1", "blue-skies")
    assert manifest["origin"] == "localhost/log/blue-skies"
    assert manifest["tool"].startswith("pledge 0.")
    assert files["verify.py"] == PROGRAM.read_bytes()


@pytest.mark.sqlite_only
def test_an_official_reads_how_to_check_it_in_both_languages(app):
    files = members(packed(a_campaign()))
    readme = files["README.txt"].decode("utf-8-sig")
    assert "\r\n" in readme
    assert "서명한 사람   12명" in readme
    assert "Organisations    1\r\n" in readme
    for name in MEMBERS:
        if name != "README.txt":
            assert readme.count(name) >= 2, name
    assert "{" not in readme
    assert "http://localhost/ko/verify" in readme
    assert "http://localhost/log/blue-skies/key" in readme
    assert "http://localhost/verify.py" in readme


def numbers_of(files) -> dict[str, tuple[int, int, int]]:
    """People, organisations and signatures on paper as each file of a pack names them."""
    totals, integrity = (json.loads(files[name]) for name in ("totals.json", "integrity.json"))
    table = {row[1]: int(row[-1]) for row in rows_of(files["totals.csv"]) if row[0] == "total"}
    book = openpyxl.load_workbook(io.BytesIO(files["totals.xlsx"]))
    summary = {row[1]: row[2] for row in book.worksheets[0].iter_rows(values_only=True)}
    readme = re.findall(r"(?m)^  \S.*? {2,}([0-9,]+)", files["README.txt"].decode("utf-8-sig"))
    korean, english = (" ".join(pdf_text(files[f"letter-{lang}.pdf"]).split()) for lang in ("ko", "en"))
    moves = integrity["log"]
    numbers = {
        "totals.json": (totals["people"], totals["organizations"], totals["paper"]["signatures"]),
        "totals.csv": (table["people"], table["organizations"], table["paper"]),
        "totals.xlsx": (summary["People"], summary["Organisations"], summary["Signatures on paper"]),
        "integrity.json": (
            moves["people"]["confirmed"] - moves["people"].get("removed", 0),
            moves["organizations"]["confirmed"],
            integrity["paper"]["signatures"],
        ),
        "README.txt, ko": tuple(readme[:3]),
        "README.txt, en": tuple(readme[3:]),
        "letter-ko.pdf": re.search(
            r"([\d,]+)명이 서명하였고, ([\d,]+)개 단체.*종이 서명: ([\d,]+)건", korean
        ).groups(),
        "letter-en.pdf": re.search(
            r"by ([\d,]+) p(?:eople|erson) and ([\d,]+) organisation.*On paper: ([\d,]+) signature", english
        ).groups(),
    }
    return {
        name: tuple(int(str(number).replace(",", "")) for number in named) for name, named in numbers.items()
    }


def days_of(files, moment) -> dict[str, bool]:
    """Whether each file of a pack says the day of a moment in Korea, at the place where it says as of when it is."""
    rows, day = rows_of(files["totals.csv"]), f"{moment.astimezone(SEOUL):%Y-%m-%d}"
    book = openpyxl.load_workbook(io.BytesIO(files["totals.xlsx"]))
    readme = files["README.txt"].decode("utf-8-sig").split("=" * 20)
    cells = [str(row[2]) for row in book.worksheets[0].iter_rows(values_only=True)]
    korean, english = (" ".join(pdf_text(files[f"letter-{lang}.pdf"]).split()) for lang in ("ko", "en"))
    return {
        "totals.json": json.loads(files["totals.json"])["as_of"].startswith(day),
        "integrity.json": json.loads(files["integrity.json"])["as_of"].startswith(day),
        "totals.csv": next(row[1] for row in rows if row[0] == "as_of").startswith(day),
        "totals.xlsx": next(cell for cell in cells if cell.endswith(" KST")).startswith(day),
        "README.txt, ko": f"{format_date(moment, 'ko')} " in readme[0].partition("(한국 시간)")[0],
        "README.txt, en": f"as of {format_date(moment, 'en')}" in readme[-1],
        "letter-ko.pdf": f"{format_date(moment, 'ko')} " in korean.partition("(한국 시간) 기준")[0][-40:],
        "letter-en.pdf": f"As of {format_date(moment, 'en')}" in english,
    }


@pytest.mark.sqlite_only
@pytest.mark.parametrize("seed", range(3))
def test_every_file_names_the_same_numbers_and_day_at_whichever_moment_is_frozen(app, frozen_clock, seed):
    """Crowds of any size at any hour, of whom some withdraw: an evening in UTC is the next day in Korea."""
    draw = random.Random(seed)
    frozen_clock.move_to_noon()
    of = campaign()
    expected, (people, organizations, sheets) = [], (0, 0, 0)
    for _ in range(3):
        more, batch, gone = (
            draw.choice([1, 12, 999, 1_000, 1_020]),
            draw.randint(1, 2_000),
            draw.randint(0, 2),
        )
        crowd(more, of)
        for _ in range(gone):
            signature(of, state="withdrawn")
        endorsement(of)
        paper.counted(of, signatures=batch)
        people, organizations, sheets = people + more, organizations + 1, sheets + batch
        expected.append((people, organizations, sheets))
        frozen_clock.move(hours=draw.randint(24, 60))
    offered = checkpoints(of.id)
    assert len(offered) == 3
    for moment, numbers in zip(offered, reversed(expected), strict=True):
        draft = freezing.draft(of.slug, moment.id)
        wording = replace(draft, recipient=deliveries.RECIPIENT, occasion=deliveries.OCCASION)
        files = members(packed(freezing.freeze(ANNA, of.slug, moment.id, wording)))
        assert all(days_of(files, moment.signed_at).values()), days_of(files, moment.signed_at)
        assert numbers_of(files) == dict.fromkeys(
            [
                *("totals.json", "totals.csv", "totals.xlsx", "integrity.json", "README.txt, ko"),
                *("README.txt, en", "letter-ko.pdf", "letter-en.pdf"),
            ],
            numbers,
        )


# --- checked from outside ---


def verify(*words):
    """The program of the pack as an official runs it: another process that knows nothing of this site."""
    done = programs.run(sys.executable, "-I", *words)
    return done.returncode, done.stdout + done.stderr


def test_a_campaign_without_a_signature_can_be_packed_and_checked(app, tmp_path):
    of = campaign()
    entries_log.sign_missing_checkpoints(published_slugs)
    number = deliveries.frozen(of, pack=False)
    (tmp_path / "pack.zip").write_bytes(packed(number))
    code, output = verify(PROGRAM, "pack", tmp_path / "pack.zip")
    assert code == 0, output


# --- demands and answers ---


def lines_of(files, name):
    head, *rows = rows_of(files[name])
    return [dict(zip(head, row, strict=True)) for row in rows]


def states_of(files):
    return [(row["number"], row["state"], row["day"]) for row in lines_of(files, "demands.csv")]


def test_a_pack_tells_what_became_of_each_demand_and_stays_as_it_was(app, frozen_clock):
    of = campaign()
    signature(of)
    plan, law = demands.asked(of), demands.asked(of, ago=20)
    demands.published(plan, "promised", ago=2, until=demands.day(-200))
    demands.entered(law, "refused")  # nobody has published it
    number = deliveries.frozen(of, pack=False)
    earlier = members(packed(number))
    days = {ago: demands.day(ago).isoformat() for ago in (30, 20, 2, 0, -200)}
    assert states_of(earlier) == [
        ("1", "asked", days[30]),
        ("1", "promised", days[2]),
        ("2", "asked", days[20]),
    ]
    assert lines_of(earlier, "demands.csv")[1] == {
        "number": "1",
        "demand_ko": "계획을 공개해 주십시오.",
        "demand_en": "Publish a plan.",
        "state": "promised",
        "state_ko": "약속받음",
        "state_en": "Promised",
        "day": days[2],
        "until": days[-200],
        "words_ko": "검토하겠습니다.",
        "words_en": "We will look into it.",
        "source": "https://example.org/answer",
    }
    readme = earlier["README.txt"].decode()
    assert (readme.count("demands.csv"), readme.count("answers.csv")) == (2, 0)

    frozen_clock.move(hours=1)
    demand_services.publish(BORA, law, demands.waiting(law))
    again = deliveries.frozen(of, pack=False)
    assert again != number, "the same letter and checkpoint, and another state of a demand"
    assert states_of(members(packed(again)))[2:] == [("2", "asked", days[20]), ("2", "refused", days[0])]
    assert members(packed(number)) == earlier


def test_a_later_pack_tells_what_was_answered_to_earlier_deliveries(app, frozen_clock):
    of = campaign()
    signature(of)
    first = deliveries.handed_over(of, answer_due=demands.day(-14))
    second = deliveries.frozen(of, pack=False)
    assert "answers.csv" not in members(packed(second))

    frozen_clock.move(days=1)
    deliveries.answer(first, "2045년까지 하겠습니다.", "We will, by 2045.")
    deliveries.correct(first, "2050년까지 하겠습니다.", "We will, by 2050.")
    deliveries.proposed(first, "그만두겠습니다.", "We will not.", "a slip")
    third = deliveries.frozen(of, pack=False)
    lines = lines_of(members(packed(third)), "answers.csv")
    assert [(row["version"], row["answer_en"]) for row in lines] == [
        *(("1", "We will, by 2045."), ("2", "We will, by 2050.")),
    ]
    assert lines[0] == {
        "delivery": str(first),
        "recipient_ko": "환경부 장관",
        "recipient_en": "The Minister of Environment",
        "answer_due": demands.day(-13).isoformat(),
        "version": "1",
        "answered_on": demands.day().isoformat(),
        "published_on": demands.day().isoformat(),
        "answer_ko": "2045년까지 하겠습니다.",
        "answer_en": "We will, by 2045.",
        "document_sha256": "",
    }


def test_a_pack_of_an_earlier_moment_tells_what_was_published_by_then(app, frozen_clock):
    of = campaign()
    signature(of)
    first, plan = deliveries.handed_over(of), demands.asked(of)
    fold_all()
    moment = log_queries.newest(of.id)
    frozen_clock.move(days=1)
    demands.asked(of, ago=0)
    demands.published(plan)
    deliveries.answer(first)
    fold_all()
    wording = LetterTexts(deliveries.RECIPIENT, deliveries.OCCASION, deliveries.LETTER)
    files = members(packed(freezing.freeze(ANNA, of.slug, moment.id, wording)))
    assert [state for _number, state, _day in states_of(files)] == ["asked"]
    assert "answers.csv" not in files


def test_the_program_refuses_a_table_of_demands_or_answers_that_was_changed(app, tmp_path):
    of = campaign()
    signature(of)
    demands.published(demands.asked(of), "refused")
    deliveries.answered(of)
    pack, path = members(packed(deliveries.frozen(of, pack=False))), tmp_path / "pack.zip"
    path.write_bytes(packs.zipped(pack))
    code, output = verify(PROGRAM, "pack", path)
    assert code == 0, output
    for name in ("demands.csv", "answers.csv"):
        path.write_bytes(packs.zipped({**pack, name: pack[name].replace(b"We will", b"We shall")}))
        code, output = verify(PROGRAM, "pack", path)
        assert (code, output.splitlines()[0].split(":")[:2]) == (1, ["FAILED file", name]), output


# --- the same bytes ---


def test_the_same_delivery_is_the_same_pack_tomorrow_and_after_all_that_happens(app, clock):
    number = a_campaign()
    before = packed(number)

    clock.move(days=40)
    of = the_campaign()
    person = db.session.scalars(select(Signature).where(Signature.state == "confirmed").limit(1)).one()
    from pledge.signatures import services as signers

    signers.erase(manage_token(person))
    signatures(3, of)
    endorsement(of)
    fold_all()

    assert packed(number) == before


def test_where_entries_are_cut_for_writing_does_not_show(app, monkeypatch):
    number = a_campaign()
    whole = packed(number)
    monkeypatch.setattr(log_queries, "_AT_ONCE", 3)
    assert packed(number) == whole


def test_another_zone_and_language_of_the_machine_change_nothing(app, monkeypatch):
    import time

    number = a_campaign()
    before = packed(number)
    monkeypatch.setenv("TZ", "America/Lima")
    monkeypatch.setenv("LC_ALL", "C")
    time.tzset()
    try:
        assert packed(number) == before
    finally:
        monkeypatch.undo()
        time.tzset()


def test_both_databases_give_the_same_pack(new_database, app_on, frozen_clock):
    """The same rows, with the same numbers, times and salts, folded and frozen on each."""
    twins = [app_on(new_database(kind, "twin")) for kind in ("sqlite", "postgresql")]
    with twins[0].app_context():
        of = campaign(versions=2)
        crowd(300, of)
        crowd(40, of, country="JP")
        people = signatures(20, of)
        rows = [endorsement(of, name_ko=name) for name in ("하나", "둘", "Äpfel", "zebra", "가나")]
        from pledge.endorsements import services as organizations
        from pledge.signatures import services
        from tests.support.factories import endorse_manage_token

        for person in people[:5]:
            services.withdraw(manage_token(person))
        organizations.withdraw(endorse_manage_token(rows[0]))
        rows_of = {table: db.session.execute(select(table)).all() for table in db.metadata.sorted_tables}
        db.session.rollback()
    with twins[1].app_context(), transaction() as session:
        for table, stored in rows_of.items():
            if stored and not session.execute(select(func.count()).select_from(table)).scalar_one():
                session.execute(insert(table), [dict(row._mapping) for row in stored])

    packs = []
    for app in twins:
        with app.app_context():
            apps.forget_caches(app)
            packs.append(packed(deliveries.frozen(pack=False)))
            db.session.rollback()
    assert changed(*map(members, packs)) == set()
    assert packs[0] == packs[1]


# --- keys and addresses ---


@pytest.fixture
def renewed(make_app):
    """`renewed(log_key=("…",))`: the same site after its settings were changed."""
    made = []

    def make(**changes):
        for context in made:
            context.__exit__(None, None, None)
        made[:] = [make_app(**changes).app_context()]
        made[0].__enter__()
        entries_log.sign_missing_checkpoints(published_slugs)

    yield make
    db.session.rollback()
    with suppress(IndexError):
        made[0].__exit__(None, None, None)


OLD, NEW = "an old key of the log of this site", "a new key of the log of this site"


def test_a_delivery_is_frozen_anew_when_the_key_that_signed_it_is_gone(renewed, tmp_path):
    renewed(log_key=(OLD,))
    number = a_campaign()
    renewed(log_key=(NEW,))
    with pytest.raises(NoKnownKey):
        packed(number)

    # The same checkpoint, which the old key has signed, is frozen again: both keys are in the pack now.
    checkpoint = deliveries.row(number).checkpoint_id
    wording = LetterTexts(deliveries.RECIPIENT, deliveries.OCCASION, deliveries.LETTER)
    again = packed(freezing.freeze(ANNA, "blue-skies", checkpoint, wording))
    (tmp_path / "pack.zip").write_bytes(again)
    code, output = verify(PROGRAM, "pack", tmp_path / "pack.zip")
    assert code == 0, output


@pytest.mark.sqlite_only
def test_a_site_that_has_moved_still_makes_the_packs_of_before(renewed):
    renewed(base_url="http://old.example.org")
    number = a_campaign()
    before = packed(number)

    renewed(base_url="http://new.example.org")

    assert packed(number) == before


# --- what would not verify is never finished ---


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ("UPDATE ledger_entries SET commitment = :other", {"other": b"x" * 32}),
        ("DELETE FROM ledger_entries", {}),
    ],
)
def test_a_touched_or_lost_entry_stops_the_pack(app, change, values):
    number = a_campaign()
    as_superuser(f"{change} WHERE number = 3", **values)
    with pytest.raises(PackInconsistent):
        packed(number)


@pytest.mark.parametrize(
    ("part", "what"), [("people_moves", "moves"), ("organization_moves", "moves"), ("checkpoint", "count")]
)
def test_a_document_that_says_other_numbers_stops_the_pack(app, part, what):
    document = document_of(a_campaign())
    value = getattr(document, part)
    other = (
        replace(value, people=value.people + 1)
        if part == "checkpoint"
        else replace(value, confirmed=value.confirmed + 1)
    )
    with pytest.raises(PackInconsistent, match=what):
        packing.write_pack(replace(document, **{part: other}), the_campaign().id, io.BytesIO(), quiet)


def test_a_discarded_delivery_is_not_packed(app):
    number = a_campaign()
    services.discard(ANNA, number, "a mistake")
    with pytest.raises(NotToBePacked):
        packed(number)
    with pytest.raises(NotToBePacked):
        packed(404)


# --- nobody is in it ---


def test_nothing_of_a_person_is_anywhere_in_the_pack(app, tmp_path):
    of = campaign()
    person = signature(of, email="zebulon.quark@secret-mailbox.example", name="제불론 쿼크", public_name=True)
    signatures(6, of)
    staff(email="staff.member@office.example")
    row = endorsement(
        of,
        email="contact.person@speaker-mailbox.example",
        contact_name="연락담당",
        contact_title="비밀직함",
        registration_number="124-81-00998",
        spokesperson="연락담당, 비밀직함",
        show_contact=True,
    )
    version_of(row, statement_ko="아직 공개되지 않은 문장")
    number = deliveries.frozen(of, pack=False)

    files = members(packed(number))
    for lang, title in (("ko", "푸른 하늘"), ("en", "Blue Skies")):
        letter = pdf_text(files[f"letter-{lang}.pdf"])
        assert title in letter
        files[f"letter-{lang}.txt"] = letter.encode()
    files |= {f"xlsx/{name}": content for name, content in members_of_workbook(files["totals.xlsx"])}
    files["document"] = deliveries.row(number).document.encode()

    secrets = {
        *("zebulon", "quark", "secret-mailbox", "제불론", "쿼크"),
        *("contact.person", "speaker-mailbox", "연락담당", "비밀직함", "124-81-00998", "1248100998"),
        *("아직 공개되지 않은", "anna@example.org", "staff.member", person.salt, row.salt),
        str(person.id),
        str(row.id),
        *(
            hashlib.new(kind, value.encode()).hexdigest()
            for kind in ("md5", "sha1", "sha256")
            for value in ("zebulon.quark@secret-mailbox.example", "contact.person@speaker-mailbox.example")
        ),
        person.address_hash.hex(),
        b64encode(person.address_hash).decode(),
        row.address_hash.hex(),
    }
    for name, content in files.items():
        if name == "verify.py":  # the same for everybody
            continue
        for secret in secrets:
            assert secret.encode() not in content, f"{secret} is in {name}"
        assert person.address_hash not in content


def members_of_workbook(content):
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return [(name, book.read(name)) for name in book.namelist()]


# --- progress and memory ---


def test_progress_tells_entries_as_they_are_written(app, monkeypatch):
    of = campaign()
    crowd(400, of)
    number = deliveries.frozen(of, pack=False)
    monkeypatch.setattr(packing, "_STEP", 10)
    steps = []
    packed(number, lambda done, total: steps.append((done, total)))
    assert {total for _, total in steps} == {400 + len(MEMBERS)}
    assert steps[0][0] == 0
    assert steps[-1][0] == 400 + len(MEMBERS)
    assert all(before <= after for (before, _), (after, _) in pairwise(steps))
    assert len(steps) > 20


def test_the_memory_does_not_grow_with_the_log(app, tmp_path, monkeypatch):
    monkeypatch.setattr(log_queries, "_AT_ONCE", 500)
    of = campaign()
    peaks = []
    for more in (2000, 8000):
        crowd(more, of)
        number = deliveries.frozen(of, pack=False)
        packed(number)  # what is read once is read
        tracemalloc.start()
        with (tmp_path / "pack.zip").open("w+b") as file:
            packing.pack(number, file, quiet)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000
