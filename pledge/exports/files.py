"""An export as a file: a zip with the rows as CSV or XLSX and a manifest with their number.

Everything is written as it is read, so the memory needed does not grow with the rows.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any, BinaryIO

from pledge.core.clock import iso_utc
from pledge.core.db import is_postgresql
from pledge.core.text.tables import BOM, csv_line
from pledge.exports.models import Export, file_name
from pledge.exports.rows import KINDS, Column
from pledge.exports.sheets import Sheet, Styles
from pledge.jobs.services import Progress

FORMAT = "pledge-export/v1"
#: A sheet can have 1,048,576 rows; each further million begins another sheet.
MAX_SHEET_ROWS = 1_000_000
_PART = 256 * 1024


class IncompleteExport(Exception):
    """The number of rows differs from the expected one: an incomplete file is never handed out."""


def write_export(export: Export, file: BinaryIO, progress: Progress) -> int:
    """Write the zip; returns its number of rows. Raises IncompleteExport."""
    kind, lang = KINDS[export.kind], export.lang
    expected = kind.count(export) if kind.count else 0
    columns = kind.columns(export)
    name = file_name(export.slug, export.kind, export.asked_at, lang, export.format)
    time = export.asked_at.timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(name, time), "w", force_zip64=True) as member:
            hashed = _Hashed(member)
            write = _write_csv if export.format == "csv" else _write_xlsx
            rows = write(hashed, export, columns, expected, progress)
        if kind.count and rows != expected:
            raise IncompleteExport(f"{rows} of {expected} rows")
        manifest = {
            "format": FORMAT,
            "campaign": export.slug,
            "kind": export.kind,
            "made_at": iso_utc(export.asked_at),
            "language": lang,
            "columns": {column.name: column.heading([lang]) for column in columns},
            "rows": rows,
            "files": {name: {"size": hashed.size, "sha256": hashed.sha256}},
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        archive.writestr(zipfile.ZipInfo("manifest.json", time), text)
    return rows


class _Hashed:
    """A file that is written to, its size and its hash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _write_csv(
    file: _Hashed, export: Export, columns: list[Column[Any]], expected: int, progress: Progress
) -> int:
    """UTF-8 with BOM and CRLF, for Korean Excel. Returns the number of rows written, not requested."""
    file.write(BOM + csv_line(*(column.heading([export.lang]) for column in columns)).encode())
    rows, kind = 0, KINDS[export.kind]
    if kind.copy is not None and is_postgresql():
        for block in kind.copy(export, expected):
            file.write(block.replace(b"\n", b"\r\n"))
            rows += block.count(b"\n")
            progress(rows, max(rows, expected))
        return rows
    for rows, row in enumerate(kind.read(export, expected), start=1):
        file.write(csv_line(*(column.value(row, export.lang) for column in columns)).encode())
        progress(rows, max(rows, expected))
    return rows


def _write_xlsx(
    file: _Hashed, export: Export, columns: list[Column[Any]], expected: int, progress: Progress
) -> int:
    """Every text is written as a text, so none is a formula."""
    from xlsxwriter import Workbook  # noqa: PLC0415  # only what writes a workbook needs its memory

    title, rows = KINDS[export.kind].title.in_language(export.lang), 0
    with tempfile.NamedTemporaryFile(prefix="pledge-", suffix=".xlsx") as made:
        # Each row is written at once: the library keeps them in temporary files of its own.
        with Workbook(made.name, {"constant_memory": True}) as book:
            book.set_properties({"title": title, "created": export.asked_at})
            sheets = _sheets(book, title, columns, export.lang)
            sheet = next(sheets)
            for rows, row in enumerate(KINDS[export.kind].read(export, expected), start=1):
                if rows > 1 and rows % MAX_SHEET_ROWS == 1:
                    sheet.finish()
                    sheet = next(sheets)
                sheet.add([column.value(row, export.lang) for column in columns])
                progress(rows, max(rows, expected))
            sheet.finish()
        with Path(made.name).open("rb") as whole:
            while part := whole.read(_PART):
                file.write(part)
    return rows


def _sheets(book: Any, title: str, columns: list[Column[Any]], lang: str) -> Iterator[Sheet]:
    styles, heads = Styles(book), [column.heading([lang]) for column in columns]
    for number in count(1):
        name = title if number == 1 else f"{title} ({number})"
        yield Sheet(book, name, styles, heads, is_list=True)
