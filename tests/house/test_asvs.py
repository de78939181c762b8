"""docs/asvs.md: one row for each requirement."""

import re
from dataclasses import dataclass

from config import ROOT

PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ROW = re.compile(r"^\| ([\d.]+)(?:–([\d.]+))? \| .+ \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`((?:tests|rehearsals)/[\w/]+\.py)::(test_\w+)`")


@dataclass(frozen=True)
class Row:
    section: str
    numbers: range
    shown: str


def rows() -> list[Row]:
    found = []
    for first, last, shown in ROW.findall(PAGE):
        (section, begin), (other, end) = first.rsplit(".", 1), (last or first).rsplit(".", 1)
        assert section == other, first
        found.append(Row(section, range(int(begin), int(end) + 1), shown))
    return found


def test_each_number_of_the_asvs_stands_once_and_none_of_a_section_is_left_out():
    numbers: dict[str, list[int]] = {}
    for row in rows():
        numbers.setdefault(row.section, []).extend(row.numbers)
    assert {section.split(".")[0] for section in numbers} == {str(chapter) for chapter in range(1, 18)}
    assert [section for section, of in numbers.items() if of != list(range(1, len(of) + 1))] == []
    assert sum(map(len, numbers.values())) == 253, "requirements of levels 1 and 2 in version 5.0.0"


def test_the_asvs_page_names_whole_tests():
    """That they exist is tested for all documents, in test_documentation.py."""
    shown = [row.shown for row in rows() if row.shown.startswith("`")]
    assert len(shown) > 100
    assert [text for text in shown if TEST.sub("", text).strip(", ")] == []


def test_what_the_asvs_page_says_was_read_exists():
    read = [
        path for row in rows() if row.shown.startswith("read") for path in re.findall("`([^`]+)`", row.shown)
    ]
    assert len(read) > 30
    assert [path for path in read if not (ROOT / path).exists()] == []
