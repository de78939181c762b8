"""What a newcomer's machine lacks is said in one clear line."""

import os
import shutil
import sys

import pytest

from config import ROOT
from tests.support import programs

TOOLS = ("sh", "dirname", "cmp", "cat", "rm", "cp", "find")


@pytest.fixture
def bare(tmp_path):
    """A clone on a machine with nothing but a shell and the basic tools; gives a runner of environment.sh."""
    clone = tmp_path / "a clone"
    (clone / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "environment.sh", clone / "tools")
    shutil.copy(ROOT / "requirements.txt", clone)
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))

    def run(python: str | None, **others: str):
        for name, does in {"python3": python, **others}.items():
            if does is not None:
                script = folder / name
                script.write_text(f"#!/bin/sh\n{does}\n")
                script.chmod(0o755)
        environment = {
            "PATH": str(folder),
            "HOME": str(tmp_path),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }
        return programs.run(clone / "tools" / "environment.sh", "runtime", env=environment)

    return run


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (None, ["Python 3.11", "apt-get install python3 python3-venv"]),
        ("echo 'pyenv: python3: command not found' >&2; exit 127", ["Python 3.11", "apt-get install"]),
        (
            'case "$*" in --version) echo Python 3.9.2 ;; *version_info*) exit 1 ;; esac',
            ["Python 3.11", "found only Python 3.9.2", "apt-get install"],
        ),
        (
            'case "$*" in *ensurepip*) exit 1 ;; *print*) echo 3.11 ;; esac',
            ["venv", "apt-get install python3-venv", "python3.11-venv"],
        ),
    ],
    ids=["none", "one that does not run", "an old one", "one without venv"],
)
def test_a_machine_without_a_python_that_will_do_is_told_what_to_install(bare, python, words):
    done = bare(python)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert [word for word in words if word not in done.stderr] == []


def whole(version):
    """A Python that has everything and then makes no environment, so that nothing is installed."""
    return f'case "$*" in --version) echo Python {version} ;; *clear*) echo stopped >&2; exit 3 ;; esac'


def test_the_newest_python_is_taken(bare):
    """Each is faster than the one before it (docs/development.md)."""
    done = bare(whole("3.11.2"), **{"python3.13": whole("3.13.5"), "python3.12": whole("3.12.1")})
    assert (done.stdout, done.stderr) == ("Creating .venv with Python 3.13.5\n", "stopped\n")


def test_an_older_python_with_venv_is_taken_before_a_newer_one_without(bare):
    half = 'case "$*" in --version) echo Python 3.13.5 ;; *ensurepip*) exit 1 ;; esac'
    done = bare(whole("3.11.2"), **{"python3.13": half})
    assert done.stdout == "Creating .venv with Python 3.11.2\n"


def test_a_test_whose_program_is_missing_is_skipped_and_counted_in_one_line(tmp_path):
    letter = "tests/deliveries/letter/test_letter.py::test_where_to_reply_stands_on_the_first_page"
    done = programs.run(
        sys.executable, "-m", "pytest", "-q", letter, env={**os.environ, "PATH": str(tmp_path)}
    )
    assert done.returncode == 0, done.stdout
    assert "2 tests were skipped for want of: apt-get install poppler-utils\n" in done.stdout


def test_who_may_install_nothing_is_told_the_packages_in_one_line(tmp_path):
    done = programs.run(sys.executable, ROOT / "tools" / "programs.py", "tests", env={"PATH": str(tmp_path)})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "apt-get install " in line
    assert "redis-server" in line
