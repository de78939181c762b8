"""What is made from something else is in step with it."""

import re
import subprocess
import sys

import pytest

from config import ROOT


def pins(name: str) -> dict[str, str]:
    """Package and version (with its condition) of each line of a lock."""
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_the_style_sheet_is_built_from_its_parts():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_css.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_development_lock_holds_the_runtime_lock():
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime
    assert runtime.items() <= development.items()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_asked_for_is_locked_with_hashes(name):
    wanted = re.findall(
        r"^([a-z0-9][a-z0-9_-]*)", (ROOT / f"{name}.in").read_text("utf-8"), re.MULTILINE | re.IGNORECASE
    )
    locked = pins(f"{name}.txt")
    assert {word.lower().replace("_", "-") for word in wanted} <= set(locked)
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    assert text.count("--hash=sha256:") >= len(locked)


@pytest.mark.parametrize("script", sorted((ROOT / "tools").glob("*.sh")), ids=lambda path: path.name)
def test_a_shell_script_is_plain_sh_and_may_be_run(script):
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
