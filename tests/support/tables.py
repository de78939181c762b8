"""Tables that a site hands out, read back by another program's reader."""

import csv
import io


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
