"""Programs that a test runs."""

import subprocess
from typing import Any

import pytest

from config import ROOT
from tools.programs import find


def installed(package: str) -> str:
    """The path of the program of this Debian package (tools/programs.py). Without it the test is skipped."""
    path = find(package)
    if path is None:
        pytest.skip(f"{package} is not installed")
    return path


def run(*command: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, from the project's folder unless `cwd` says otherwise; what it wrote is text."""
    words = [str(word) for word in command]
    settings = {"cwd": ROOT, "timeout": 300, **options}
    return subprocess.run(
        words, capture_output=True, encoding="utf-8", errors="replace", check=False, **settings
    )
