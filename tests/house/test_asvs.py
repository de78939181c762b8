"""docs/asvs.md: one row for each requirement."""

import re
from collections import defaultdict

from config import ROOT

ROW = re.compile(r"^\| ([\d.]+)\.(\d+)(?:–\1\.(\d+))? \| .+ \| .+ \|$", re.MULTILINE)


def test_each_number_of_the_asvs_stands_once_and_none_of_a_section_is_left_out():
    numbers: dict[str, list[int]] = defaultdict(list)
    for section, first, last in ROW.findall((ROOT / "docs" / "asvs.md").read_text("utf-8")):
        numbers[section] += range(int(first), int(last or first) + 1)
    assert {section.split(".")[0] for section in numbers} == {str(chapter) for chapter in range(1, 18)}
    assert [section for section, of in numbers.items() if of != list(range(1, len(of) + 1))] == []
    assert sum(map(len, numbers.values())) == 253, "requirements of levels 1 and 2 in version 5.0.0"
