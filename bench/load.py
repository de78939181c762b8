"""The load: wrk, 32 kept connections, the headers of a browser. The floor gets the very same requests."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(url: str, seconds: int, script: str = "get", *arguments: str, clients: int = CLIENTS) -> Run:
    """Load one address for some seconds; raises Refused when any answer was an error."""
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    headers = [word for name, value in BROWSER.items() for word in ("-H", f"{name}: {value}")]
    shape = ["-t", str(THREADS), "-c", str(clients), "-d", f"{seconds}s", "--timeout", "10s"]
    command = [program, *shape, *headers, "-s", f"{script}.lua", url, "--", *arguments]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"wrk failed: {done.stderr or done.stdout}")
    result = json.loads(done.stdout.rpartition("RESULT ")[2])
    if result["faults"] or not result["requests"]:
        raise Refused(f"{url}: {result['faults']} errors in {result['requests']} requests\n{done.stdout}")
    return Run(result["requests"], result["microseconds"] / 1e6, result["p50"] / 1e3, result["p99"] / 1e3)


def middle(runs: list[Run]) -> Run:
    """The run with the median rate."""
    wanted = median(run.rate for run in runs)
    return min(runs, key=lambda run: abs(run.rate - wanted))
