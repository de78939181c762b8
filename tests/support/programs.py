"""Programs that a test runs."""

import subprocess
from typing import Any

import pytest

from config import ROOT
from tools.programs import find


def installed(package: str, *others: str) -> str:
    """The path of the program of this Debian package (tools/programs.py). Without it, or the others that it works with, the
    test is skipped.
    """
    paths = {name: find(name) for name in (package, *others)}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        pytest.skip(f"not installed: {' '.join(missing)}")
    return str(paths[package])


def run(*command: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, from the project's folder unless `cwd` says otherwise; what it wrote is text."""
    words = [str(word) for word in command]
    settings = {"cwd": ROOT, "timeout": 300, **options}
    return subprocess.run(
        words, capture_output=True, encoding="utf-8", errors="replace", check=False, **settings
    )
