"""What is made from something else is in step with it."""

import json
import re
import subprocess

import pytest

from config import ROOT
from tools import build_css


def pins(name: str) -> dict[str, str]:
    """Package and version (with its condition) of each line of a lock."""
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_every_style_sheet_is_part_of_a_joined_one():
    folder = ROOT / "pledge" / "static" / "css"
    joined = [folder / name for name in build_css.TARGETS]
    whole = "".join(file.read_text("utf-8") for file in joined)
    sources = [file for file in folder.rglob("*.css") if file not in joined]
    assert len(sources) > len(joined)
    assert [file.name for file in sources if build_css.squeeze(file.read_text("utf-8")) not in whole] == []


def test_the_development_lock_holds_the_runtime_lock():
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime
    assert runtime.items() <= development.items()


def test_the_lock_of_traces_fits_the_runtime_lock():
    runtime, traces = pins("requirements.txt"), pins("requirements-traces.txt")
    shared = runtime.keys() & traces.keys()
    assert shared
    assert {name: traces[name] for name in shared} == {name: runtime[name] for name in shared}


@pytest.mark.parametrize("name", ["requirements", "requirements-traces", "requirements-dev"])
def test_what_is_asked_for_is_locked_with_hashes(name):
    wanted = re.findall(
        r"^([a-z0-9][a-z0-9_.-]*)", (ROOT / f"{name}.in").read_text("utf-8"), re.MULTILINE | re.IGNORECASE
    )
    locked = pins(f"{name}.txt")
    assert wanted
    assert {re.sub(r"[._-]+", "-", word.lower()) for word in wanted} <= {
        re.sub(r"[._-]+", "-", word) for word in locked
    }
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    assert text.count("--hash=sha256:") >= len(locked)


def test_what_checks_the_scripts_is_locked_with_hashes_from_wherever_npm_looks():
    packages = json.loads((ROOT / "tools" / "lint" / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((ROOT / "tools" / "lint" / "package.json").read_text("utf-8"))["devDependencies"]
    assert packages.pop("")["devDependencies"] == wanted
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


@pytest.mark.parametrize("script", sorted((ROOT / "tools").glob("*.sh")), ids=lambda path: path.name)
def test_a_shell_script_is_plain_sh_and_may_be_run(script):
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
