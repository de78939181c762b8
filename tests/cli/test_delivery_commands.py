"""`flask delivery build` as whoever hands a delivery over meets it."""

import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace

import pytest
from sqlalchemy import select

from pledge.core.db import load
from pledge.deliveries.document import from_json
from pledge.deliveries.models import Delivery
from tests.support.factories import campaign, endorsement, fold_all, signatures
from tests.support.insider import as_superuser


@pytest.fixture(autouse=True)
def blue(app):
    row = campaign("blue-skies")
    signatures(6, row)
    endorsement(row)
    fold_all()
    return row


@pytest.fixture
def build(runner, tmp_path):
    """`build("--checkpoint", "6")`: what the command says, and the pack that it wrote."""

    def run(*words, out="pack.zip", code=0):
        result = runner.run(
            "delivery", "build", "blue-skies", "--out", str(tmp_path / out), *words, code=code
        )
        file = tmp_path / out
        return result, file.read_bytes() if file.exists() else None

    return run


def members(pack):
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def frozen():
    return load(select(Delivery).order_by(Delivery.id))


def test_build_says_what_it_wrote(build):
    output, pack = build()
    assert f"{len(pack)} bytes" in output
    assert f"SHA-256 {hashlib.sha256(pack).hexdigest()}" in output
    assert "checkpoint of 7 entries, root " in output
    assert "6 people, 1 organizations" in output
    assert re.search(r"^delivery \d+$", output, re.MULTILINE)


def test_two_builds_are_the_same_to_the_byte(build, frozen_clock):
    first = build()[1]
    frozen_clock.move(days=3)
    assert build(out="again.zip")[1] == first
    assert len(frozen()) == 1


def test_every_field_of_the_screen_is_an_option_and_stays_for_the_next_time(build):
    build(
        *("--occasion", "ko=전달식", "--occasion", "en=The ceremony", "--number", "2026-17"),
        *("--department", "ko=기후정책과", "--department", "en=Climate Policy", "--submitted-as", "petition"),
        *("--person", "ko=김하늘", "--person", "en=Kim Haneul", "--phone", "02-123-4567"),
        *("--recipient", "en=The Mayor of Seoul", "--recipient", "ko=서울특별시장"),
        *("--email", "reply@pledge.example", "--address", "ko=서울", "--address", "en=Seoul"),
    )
    build("--as-last-time", "--number", "2026-18")
    first, second = (from_json(row.document) for row in frozen())
    assert first.recipient == {"en": "The Mayor of Seoul", "ko": "서울특별시장"}
    assert (first.occasion["en"], first.reply.department["ko"]) == ("The ceremony", "기후정책과")
    assert (first.reply.submitted_as, first.reply.address["en"]) == ("petition", "Seoul")
    assert (first.reply.number, second.reply.number) == ("2026-17", "2026-18")
    assert replace(second.reply, number="2026-17") == first.reply
    assert second.occasion == first.occasion


def test_the_letter_may_come_from_a_file(build, tmp_path):
    (tmp_path / "ko.txt").write_text("\ufeff안녕하십니까.\r\n\r\n끝.", "utf-8")
    build("--letter", f"ko={tmp_path / 'ko.txt'}")
    [row] = frozen()
    assert row.letter["ko"] == "안녕하십니까.\n\n끝."
    assert "signed by 6 people" in row.letter["en"]


def test_build_takes_an_earlier_checkpoint_by_its_size(build, blue):
    signatures(4, blue)
    fold_all()
    output, pack = build("--checkpoint", "7")
    assert "6 people, 1 organizations" in output
    assert json.loads(members(pack)["totals.json"])["people"] == 6
    assert "10 people, 1 organizations" in build()[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--checkpoint", "5"), "there is no checkpoint of 5 entries"),
        (("--recipient", "ko= "), "recipient ko is missing"),
        (("--recipient", "ja=x"), "'ja' is none of the languages of this site: ko, en"),
        (("--recipient", "The Mayor"), "LANG=… is expected"),
        (("--recipient", "en=A", "--recipient", "en=B"), "LANG=… is expected, once for each language"),
        (("--letter", "ko=/nowhere.txt"), "the letter cannot be read"),
        (("--occasion", "en=" + "x" * 301), "occasion en is too long"),
    ],
)
def test_a_wrong_call_is_refused_and_nothing_is_frozen(build, words, message):
    output, pack = build(*words, code=2)
    assert message in output
    assert pack is None
    assert frozen() == []


def test_build_without_a_checkpoint_says_how_to_get_one(runner, tmp_path):
    campaign("young")
    result = runner.run("delivery", "build", "young", "--out", str(tmp_path / "pack.zip"), code=1)
    assert "flask ledger fold" in result


def test_a_file_that_cannot_be_written_is_reported(build):
    assert "cannot be written" in build(out="no/such/folder.zip", code=1)[0]


def test_a_pack_that_would_not_verify_is_not_written_over_the_one_before(build, tmp_path):
    before = build()[1]
    as_superuser("UPDATE ledger_entries SET commitment = :it WHERE number = 2", it=b"x" * 32)
    output, after = build(code=1)
    assert re.search(r"would not verify \(PackInconsistent: root\); nothing was written", output)
    assert after == before
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_a_process_without_the_key_of_the_log_says_so(make_app, tmp_path):
    runner = make_app(log_key=("elsewhere",)).test_cli_runner()
    result = runner.run("delivery", "build", "blue-skies", "--out", str(tmp_path / "pack.zip"), code=1)
    assert "PLEDGE_LOG_KEY" in result
