"""What the figures were measured on."""

import os
import platform
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests.support import postgres

PACKAGES = ("flask", "granian", "sqlalchemy", "psycopg", "limits", "redis", "wtforms")


def description() -> dict[str, str]:
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "fdatasync of 8 kB": f"{fdatasync_microseconds():.0f} µs (median)",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "PostgreSQL": _first_line(str(postgres.binaries() / "postgres"), "--version"),
        "Redis": _first_line("redis-server", "--version"),
    }


def fdatasync_microseconds(times: int = 200) -> float:
    """How long the disk takes to keep one page for good: the floor under every commit."""
    page, taken = os.urandom(8192), []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(page)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return median(taken) * 1e6


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
