"""An export as a file: a zip with the rows as CSV or XLSX and a manifest with their number.

Everything is written as it is read, so the memory needed does not grow with the rows.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO

from pledge.core.clock import iso_utc
from pledge.core.text.tables import BOM, csv_line
from pledge.exports.rows import Table
from pledge.exports.workbook import write_workbook
from pledge.jobs.services import Progress

FORMAT = "pledge-export/v1"
_PART = 256 * 1024


class IncompleteExport(Exception):
    """Other than the expected number of rows came: an incomplete file is never handed out."""


def write_export(table: Table, file: BinaryIO, progress: Progress) -> int:
    """Write the zip; how many rows it holds. Raises IncompleteExport."""
    expected = table.rows.count(table)
    time = table.at.timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(table.file_name, time), "w", force_zip64=True) as member:
            hashed = _Hashed(member)
            write = _write_csv if table.form == "csv" else _write_xlsx
            rows = write(hashed, table, expected, progress)
        if table.rows.is_exact and rows != expected:
            raise IncompleteExport(f"{rows} of {expected} rows")
        manifest = {
            "format": FORMAT,
            "campaign": table.slug,
            "kind": table.kind,
            "made_at": iso_utc(table.at),
            "language": table.lang,
            "columns": {name: column.head for name, column in table.columns.items()},
            "rows": rows,
            "files": {table.file_name: {"size": hashed.size, "sha256": hashed.sha256}},
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


def _write_csv(file: _Hashed, table: Table, expected: int, progress: Progress) -> int:
    """UTF-8 with BOM and CRLF, for Korean Excel. Returns the rows that were written, not those that were asked for."""
    file.write(BOM + csv_line(*table.heads).encode())
    rows = 0
    if table.rows.is_exact:  # codes and numbers alone: no cell holds a line break
        for part in _in_large_parts(table.rows.lines(table, expected)):
            file.write(part)
            rows += part.count(b"\n")
            progress(rows, expected)
        return rows
    for line in table.rows.lines(table, expected):
        file.write(line)
        rows += 1
        progress(rows, max(rows, expected))
    return rows


def _in_large_parts(parts: Iterator[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _PART:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _write_xlsx(file: _Hashed, table: Table, expected: int, progress: Progress) -> int:
    return write_workbook(file.write, table, expected, progress)
