"""The load: wrk, 32 kept connections, the headers of a browser. The floor gets the very same requests."""

import atexit
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.support.programs import installed

SCRIPTS = Path(__file__).parent / "wrk"
CLIENTS = 32
THREADS = 2
HOST = "pledge.example"

BROWSER = {
    "Host": HOST,
    "Origin": f"https://{HOST}",
    "Referer": f"https://{HOST}/ko/c/blue-skies",
    "Sec-Fetch-Site": "same-origin",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7",
    "Accept-Encoding": "gzip, deflate, br",
    "User-Agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile",
}


class Refused(Exception):
    """A run whose answers were not all of the kind that was asked for: its speed means nothing."""


@dataclass(frozen=True)
class Run:
    """What wrk saw in one run."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    faults: int
    #: How many of each kind: connect, read, write, status (4xx and 5xx), timeout.
    fault_kinds: str = ""

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(url: str, seconds: int, script: str = "get", *arguments: str, clients: int = CLIENTS) -> Run:
    """Load one address for some seconds; raises Refused when any answer was an error."""
    run = finish(start(url, seconds, script, *arguments, clients=clients))
    if run.faults or not run.requests:
        raise Refused(f"{url}: {run.faults} errors in {run.requests} requests")
    return run


def start(
    url: str, seconds: int, script: str, *arguments: str, clients: int, threads: int = THREADS
) -> "subprocess.Popen[str]":
    headers = [word for name, value in BROWSER.items() for word in ("-H", f"{name}: {value}")]
    shape = ["-t", str(threads), "-c", str(clients), "-d", f"{seconds}s", "--timeout", "10s"]
    command = [installed("wrk"), *shape, *headers, "-s", f"{script}.lua", url, "--", *arguments]
    process = subprocess.Popen(
        command, cwd=SCRIPTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    atexit.register(process.kill)  # whoever interrupts a run does not leave its load behind
    return process


def finish(process: "subprocess.Popen[str]") -> Run:
    """Wait for its end; raises Refused when wrk itself failed."""
    out, errors = process.communicate()
    if process.returncode:
        raise Refused(f"wrk failed: {errors or out}")
    measured = json.loads(out.rpartition("RESULT ")[2])
    p50, p95, p99 = (measured[name] / 1e3 for name in ("p50", "p95", "p99"))
    return Run(
        measured["requests"],
        measured["microseconds"] / 1e6,
        p50,
        p95,
        p99,
        measured["faults"],
        ", ".join(errors.split("\n")).strip(", "),
    )


def middle(runs: list[Run]) -> Run:
    """The run with the median rate."""
    wanted = median(run.rate for run in runs)
    return min(runs, key=lambda run: abs(run.rate - wanted))
