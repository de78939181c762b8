"""deploy/rsyslog.conf: what rsyslog itself says of it, and where lines go."""

import re

from config import ROOT
from tests.support import programs

CONFIG = (ROOT / "deploy" / "rsyslog.conf").read_text("utf-8")


def test_rsyslog_takes_its_file(tmp_path):
    config = tmp_path / "rsyslog.conf"
    config.write_text(f'global(workDirectory="{tmp_path}")\n{CONFIG}')  # as Debian's own file does
    done = programs.run(programs.installed("rsyslog"), "-N1", "-f", config)
    assert done.returncode == 0, done.stderr


def test_what_is_in_files_goes_to_the_other_machine_only():
    (elsewhere,) = re.findall(r'^ruleset\(name="(\w+)"\)', CONFIG, re.MULTILINE)
    inputs = re.findall(r"^input\((.*)\)$", CONFIG, re.MULTILINE)
    assert len(inputs) == 2
    assert [line for line in inputs if f'ruleset="{elsewhere}"' not in line] == []


def test_the_journal_goes_to_the_other_machine():
    (elsewhere,) = re.findall(r'^ruleset\(name="(\w+)"\)', CONFIG, re.MULTILINE)
    assert re.search(rf"^call {elsewhere}$", CONFIG, re.MULTILINE)
