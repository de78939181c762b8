"""Texts in Markdown by their headings."""

from pledge.core.text.markdown import markdown, sections

TEXT = """\
Before the first.

## Aims ##

- one
- two

### Below it

More.

## Background

Prose.
"""


def test_a_text_is_read_by_its_headings_of_second_level():
    titles = [(section.title, section.has_list) for section in sections(TEXT)]
    assert titles == [("", False), ("Aims", True), ("Background", False)]
    assert "<h3>Below it</h3>" in sections(TEXT)[1].html


def test_each_cell_of_a_table_names_its_column():
    html = markdown("| What | Kept |\n|---|---|\n| **Name** | long & safe |\n| Place | |\n")
    assert '<td data-label="What"><strong>Name</strong></td>' in html
    assert '<td data-label="Kept">long &amp; safe</td>' in html
    assert html.count('data-label="Kept"') == 2


def test_a_text_without_headings_is_one_part_and_an_empty_one_none():
    assert [section.title for section in sections("Only words.")] == [""]
    assert sections("") == ()
