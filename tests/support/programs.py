"""Programs that a test runs, and those that a test needs and tools/test_programs.sh does not install."""

import os
import shutil
import subprocess
from typing import Any

import pytest

from config import ROOT


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def installed(*names: str) -> str:
    """Where the first of these programs is that the machine has. Raises RuntimeError when it has none."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    if found is None:
        raise RuntimeError(f"{' or '.join(names)} is not installed: tools/test_programs.sh")
    return found


def run(*command: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, from the project's folder unless `cwd` says otherwise; what it wrote is text."""
    words = [str(word) for word in command]
    settings = {"cwd": ROOT, "timeout": 300, **options}
    return subprocess.run(
        words, capture_output=True, encoding="utf-8", errors="replace", check=False, **settings
    )
