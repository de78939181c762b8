"""Rows that staff take out: every one of them, in flat memory, nothing in them that names a signer or runs as a formula."""

import hashlib
import io
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime, time, timedelta

import openpyxl
import pytest
from sqlalchemy import select, update

from pledge.audit.models import AuditEntry
from pledge.campaigns.queries import pledge_hashes
from pledge.core import clock
from pledge.core.db import db, transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.endorsements.models import EndorsementVersion
from pledge.exports import files, services
from pledge.exports import rows as export_rows
from pledge.exports.files import IncompleteExport, write_export
from pledge.jobs import services as jobs
from pledge.jobs.models import Job, JobKind, JobState
from pledge.ledger import log_queries
from tests.support import news, paper
from tests.support.factories import (
    ANNA,
    SLUG,
    campaign,
    crowd,
    endorsement,
    fold_all,
    signature,
    signatures,
    the_campaign,
)
from tests.support.insider import as_superuser
from tests.support.tables import rows_of

MAKERS = {JobKind.EXPORT: services.make}


def exported(kind: str, form: str = "csv", lang: str = "en") -> tuple[bytes, dict]:
    """The table of an export and its manifest."""
    file = io.BytesIO()
    write_export(services.unsaved(SLUG, kind=kind, form=form, lang=lang), file, lambda _done, _total: None)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        (name,) = manifest["files"]
        content = archive.read(name)
    assert manifest["files"][name] == {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return content, manifest


def sheet_of(content: bytes) -> list[tuple]:
    (sheet,) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return list(sheet.iter_rows(values_only=True))


def text_of_cell(cell: object) -> str:
    """A cell of a spreadsheet as the CSV says it."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if cell.time() == time() else f"{cell:%Y-%m-%d %H:%M}"
    return "" if cell is None else f"{100 * cell:g}" if isinstance(cell, float) else str(cell)


def some_ledger() -> None:
    """Four entries of three people, one of whom withdrew, and of an organisation."""
    at = clock.now() - timedelta(hours=1)
    signature(at=at)
    signature(country="JP", at=at)
    signature(state="withdrawn", at=at)
    endorsement()
    fold_all()


def test_the_ledger_comes_whole_and_in_order_and_the_manifest_says_how_many_rows(app):
    some_ledger()
    day = f"{(clock.now() - timedelta(hours=1)).astimezone(SEOUL):%Y-%m-%d}"

    content, manifest = exported("ledger")

    head, *lines = rows_of(content)
    assert head == list(manifest["columns"].values())
    assert list(manifest["columns"])[:3] == ["number", "kind", "of"]
    assert manifest["rows"] == len(lines) == 5
    assert [line[0] for line in lines] == ["1", "2", "3", "4", "5"]
    assert lines[0] == ["1", "Confirmed", "Person", "1", day, "1", ""]
    (back,) = [line for line in lines if line[3] == "-1"]
    assert back[1] == "Removed"
    assert lines[int(back[6]) - 1][1:4] == ["Confirmed", "Person", "1"], "it says what it takes back"
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n") == 6


def test_a_spreadsheet_holds_the_same_cells_with_numbers_as_numbers(app):
    some_ledger()
    lines, table = rows_of(exported("ledger")[0]), sheet_of(exported("ledger", "xlsx")[0])
    assert [[text_of_cell(cell) for cell in row] for row in table] == lines
    assert isinstance(table[1][0], int)


def test_a_spreadsheet_goes_on_on_another_sheet(app, monkeypatch):
    monkeypatch.setattr(files, "MAX_SHEET_ROWS", 2)
    some_ledger()
    content, manifest = exported("ledger", "xlsx")
    sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    assert [sheet.max_row for sheet in sheets] == [3, 3, 2]
    assert all(sheet["A1"].value == "Number" for sheet in sheets)
    assert [sheet.title for sheet in sheets] == ["Public log", "Public log (2)", "Public log (3)"]
    assert manifest["rows"] == 5


def test_organisations_come_as_they_stand_on_the_wall_and_no_cell_is_a_formula(app):
    row = endorsement()
    endorsement(state="review")
    with transaction() as session:
        session.execute(
            update(EndorsementVersion)
            .where(EndorsementVersion.endorsement_id == row.id)
            .values(name=Texts(ko="=1+1"), statement=Texts(ko="@SUM(A1)"))
        )
    fold_all()

    content, manifest = exported("organizations")
    head, line = rows_of(content)
    cells = dict(zip(head, line, strict=True))
    assert cells["Name in Korean"] == "'=1+1"
    assert cells["Statement in Korean"] == "'@SUM(A1)"
    assert manifest["rows"] == 1

    _, in_sheet = sheet_of(exported("organizations", "xlsx")[0])
    assert in_sheet[head.index("Name in Korean")] == "=1+1"
    book = openpyxl.load_workbook(io.BytesIO(exported("organizations", "xlsx")[0]))
    assert {cell.data_type for cell in book.worksheets[0][2] if cell.value is not None} <= {"s", "n", "d"}


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("form", services.FORMATS)
def test_an_export_speaks_the_readers_language_in_words_and_seoul_time(app, form, lang):
    at = datetime(2026, 11, 25, 20, 30, tzinfo=UTC)
    target = {"target_year": 2050, "interim_year": 2035, "interim_percent": 60, "scope": "chain"}
    row = endorsement(at=at, level="domain", **target)
    fold_all()
    content, manifest = exported("organizations", form, lang)
    head, line = rows_of(content) if form == "csv" else sheet_of(content)
    cells = dict(zip(manifest["columns"], map(text_of_cell, line) if form == "xlsx" else line, strict=True))
    assert list(head) == list(manifest["columns"].values())
    assert "KST" in manifest["columns"]["published_at"]
    expected = {
        "id": f"endorsement:{row.id}",
        "published_at": "2026-11-26 05:30",
        "type": {"ko": "시민사회단체", "en": "Civil society"}[lang],
        "country": {"ko": "대한민국", "en": "Republic of Korea"}[lang],
        "region": {"ko": "서울특별시", "en": "Seoul"}[lang],
        "level": {"ko": "단체 도메인 이메일로 확인", "en": "Verified by its e-mail domain"}[lang],
        "target_year": "2050",
        "interim_percent": "60",
        "scope": {"ko": "가치사슬 전체", "en": "The whole value chain"}[lang],
        "page": f"http://localhost/{lang}/c/{SLUG}/organizations/{row.id}",
    }
    assert {name: cells[name] for name in expected} == expected
    assert manifest["language"] == lang


def test_no_cell_is_a_number_of_so_many_digits_that_a_spreadsheet_rounds_it(app):
    some_ledger()
    for kind in export_rows.KINDS:
        for line in rows_of(exported(kind)[0]):
            assert not [cell for cell in line if cell.isdecimal() and len(cell) > 15]


def test_organisations_stand_by_their_names_in_the_readers_language(app):
    for name in ("나", "다", "가"):
        endorsement(name_ko=name)
    fold_all()
    assert [row[0] for row in rows_of(exported("organizations", lang="ko")[0])[1:]] == ["가", "나", "다"]


def test_links_paper_and_news_are_lists_too(app):
    of = campaign()
    partner = of.partners[1]
    signatures(6, of, via=f"p{partner.id}")
    signatures(2, of, via=f"p{of.partners[0].id}")
    paper.counted(of, signatures=128)
    news.begun(of)
    fold_all()
    links = {row[0]: row[2:] for row in rows_of(exported("links")[0])[1:]}
    assert links[partner.name["ko"]] == ["6", f"http://localhost/en/c/{SLUG}?via=p{partner.id}"]
    assert links[of.partners[0].name["ko"]][0] == "", "fewer than five"
    (batch,) = rows_of(exported("paper")[0])[1:]
    assert (batch[1], batch[6]) == ("Agreed", "128")
    (item,) = rows_of(exported("news")[0])[1:]
    assert (item[1], item[7:]) == ("Being sent", ["", "", ""]), "no mail of it is stored"


def test_every_file_has_a_name_of_its_own(app, frozen_clock):
    """Of one minute, one kind and both formats and languages; asked for twice."""
    some_ledger()
    for kind in export_rows.KINDS:
        for form in services.FORMATS:
            for lang in ("ko", "en", "ko"):
                services.request(ANNA, SLUG, kind, form, lang=lang)
    made = services.newest(50)
    assert len({export.file_name for export in made}) == len(made) == 30
    in_seoul = f"{frozen_clock.now().astimezone(SEOUL):%Y%m%d-%H%M%S}KST"
    for export in made:
        assert export.file_name.startswith(f"{SLUG}-{export.kind}-{in_seoul}-{export.lang}-{export.format}")
        (table,) = exported(export.kind, export.format, export.lang)[1]["files"]
        assert table == f"{SLUG}-{export.kind}-{in_seoul}-{export.lang}.{export.format}"


def test_nothing_in_an_export_names_a_signer_or_who_speaks_for_an_organisation(app):
    signature(email="somebody@example.org", name="아무개", public_name=True)
    row = endorsement()
    fold_all()
    for kind in export_rows.KINDS:
        text = exported(kind)[0].decode()
        for secret in ("somebody", "아무개", row.contact_email, row.contact_name):
            assert secret not in text


@pytest.mark.parametrize("form", services.FORMATS)
@pytest.mark.parametrize(
    ("hour", "day"), [(14, "2026-12-31"), (15, "2027-01-01"), (23, "2027-01-01"), (0, "2026-12-31")]
)
def test_an_export_tells_the_day_that_the_public_log_tells_and_no_other(app, hour, day, form):
    signature(at=datetime(2026, 12, 31, hour, 30, tzinfo=UTC))
    fold_all()
    content, _ = exported("ledger", form)
    row = rows_of(content)[1] if form == "csv" else [text_of_cell(cell) for cell in sheet_of(content)[1]]
    (entry,) = map(json.loads, log_queries.leaves(the_campaign().id, 1, pledge_hashes))
    assert row[4] == entry["day"] == day
    assert "2026-12-31" not in row or day == "2026-12-31"


@pytest.mark.postgresql_only
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_postgresql_writes_the_cells_that_we_would_write(app, monkeypatch, lang):
    some_ledger()
    by_postgresql, _ = exported("ledger", lang=lang)
    monkeypatch.setattr(files, "is_postgresql", lambda: False)
    ours, _ = exported("ledger", lang=lang)
    assert rows_of(by_postgresql) == rows_of(ours)


def test_an_export_that_came_short_is_never_handed_out(app, monkeypatch):
    some_ledger()
    as_superuser("UPDATE ledger_entries SET number = NULL, count_after = NULL WHERE number = 3")
    with pytest.raises(IncompleteExport):
        exported("ledger")


def peak_of_an_export(form):
    """Rows of an export of the ledger, and the most memory that it held at once."""
    tracemalloc.start()
    try:
        wanted = services.unsaved(SLUG, kind="ledger", form=form, lang="en")
        rows = write_export(wanted, _Nowhere(), lambda _done, _total: None)
        return rows, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", services.FORMATS)
def test_four_times_the_rows_need_no_more_memory(app, monkeypatch, form):
    monkeypatch.setattr(export_rows, "_AT_ONCE", 500)
    crowd(1_500)
    fold_all()
    few, small = peak_of_an_export(form)
    crowd(4_500)
    fold_all()
    many, large = peak_of_an_export(form)
    assert (few, many) == (1_500, 6_000)
    assert large < small + 150_000


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return len(data)


# --- Asked for by staff, made by the worker ---


def test_an_export_is_asked_for_made_by_the_worker_and_gone_after_a_day(app, frozen_clock):
    some_ledger()
    number = services.request(ANNA, SLUG, "ledger", "csv", lang="ko")
    assert services.find(number).job.state == JobState.WAITING

    assert jobs.advance(MAKERS)

    export = services.find(number)
    assert (export.job.state, export.job.rows, export.job.percent) == (JobState.DONE, 5, 100)
    whole = b"".join(jobs.chunks(export.job.id))
    assert hashlib.sha256(whole).digest() == export.job.sha256
    services.note_download(ANNA, export)
    frozen_clock.move(hours=24, seconds=1)
    assert jobs.chunks(export.job.id) is None, "before the sweep too"
    assert jobs.sweep() == 1
    assert db.session.scalars(select(Job.file)).all() == [""]
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == ["export.request", "export.download"]


@pytest.mark.parametrize(
    "changes", [{"slug": "nothing"}, {"kind": "signers"}, {"form": "ods"}, {"lang": "fr"}]
)
def test_what_cannot_be_exported_leaves_no_job(app, changes):
    some_ledger()
    asked = {"slug": SLUG, "kind": "ledger", "form": "csv", "lang": "ko", **changes}
    with pytest.raises(services.UnknownExport):
        services.request(ANNA, **asked)
    assert not jobs.advance(MAKERS)
    assert services.newest() == []


def test_files_are_listed_with_their_jobs_at_once(app, statements):
    campaign()
    for form in services.FORMATS:
        services.request(ANNA, SLUG, "ledger", form, lang="ko")
    with statements() as seen:
        assert [export.job.state for export in services.newest()] == [JobState.WAITING] * 2
    assert len(seen) == 2
