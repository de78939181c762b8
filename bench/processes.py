"""What processes use: CPU, memory, files; of a process and everything below it, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Use:
    cpu: float  #: seconds, user and system, so far
    megabytes: float  #: memory of its own, and its share of what several use (PSS)
    files: int  #: open, sockets among them
    processes: int


def cpu_seconds(parent: int) -> float:
    """User and system time of a process and those below it so far; of ended ones too, once they were waited for."""
    return sum(_ticks(process, with_ended=process == parent) for process in _tree(parent)) / _TICK


def use(parent: int) -> Use:
    tree = _tree(parent)
    return Use(cpu_seconds(parent), sum(map(_megabytes, tree)), sum(map(_files, tree)), len(tree))


def busy_cores() -> float:
    """Seconds that all cores together have not been idle since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / _TICK


def renderers(parent: int) -> list[int]:
    """The processes below it in which a Chromium shows pages."""
    return [
        process
        for process in _tree(parent)
        if b"--type=renderer" in Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ")
    ]


def _tree(parent: int) -> list[int]:
    processes = [parent]
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        processes += [descendant for child in task.read_text().split() for descendant in _tree(int(child))]
    return processes


def _ticks(process: int, *, with_ended: bool) -> int:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0
    return sum(int(field) for field in fields[11 : 15 if with_ended else 13])


def _megabytes(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _files(process: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return 0
