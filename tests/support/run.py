"""One folder for a whole test run, shared by all xdist workers: servers, templates and locks live in it."""

import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

PREFIX = "pledge-tests-"
#: SQLite waits for the disk at each commit, two milliseconds that say nothing about the site.
MEMORY = Path("/dev/shm")
NEEDED = 4 * 1024**3


def on_disk() -> Path:
    """Where a run keeps its files when it is about the disk."""
    return Path(tempfile.gettempdir())


def in_memory() -> Path:
    """Where a run keeps its files when the machine has enough memory for them; else the disk."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > NEEDED:
        return MEMORY
    return on_disk()


def create(place: Path) -> Path:
    """A new run folder. Other users may pass through it: PostgreSQL's own user works in it when we are root."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    folder.chmod(0o711)
    (folder / "owner").write_text(str(os.getpid()))
    return folder


def leftovers(place: Path) -> list[Path]:
    """Run folders whose owner was killed before it could clean up."""
    processes = []
    for owner in place.glob(PREFIX + "*/owner"):
        pid = owner.read_text().strip()
        if pid and not Path("/proc", pid).exists():
            processes.append(owner.parent)
    return processes


def remove(folder: Path) -> None:
    """Delete a run folder; a file system that is mounted in it is unmounted first."""
    mounted = (line.split()[1] for line in Path("/proc/mounts").read_text().splitlines())
    for place in mounted:
        if Path(place).is_relative_to(folder):
            subprocess.run(["umount", "--lazy", place], check=False)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """One worker at a time inside the block."""
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(folder: Path, name: str, make: Callable[[], Any]) -> Any:
    """What `make` returned to the first worker that asked; the others get the same (as JSON)."""
    with locked(folder, name):
        kept = folder / f"{name}.json"
        if not kept.exists():
            kept.write_text(json.dumps(make()))
        return json.loads(kept.read_text())


#: Below those that the system gives to outgoing connections, which would take a port while no server listens on it.
PORTS = range(11_000, 32_000)


def free_port() -> int:
    """A port that nobody listens on. Each xdist worker has its own share, so that no two are given the same."""
    while True:
        port = next(_own_ports())
        with suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


@cache
def _own_ports() -> Iterator[int]:
    """All of them again and again, from anywhere: other runs on this machine begin elsewhere."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = PORTS[number :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    start = secrets.randbelow(len(own))
    return cycle([*own[start:], *own[:start]])
