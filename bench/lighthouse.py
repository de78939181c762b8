"""Lighthouse on a phone, of a running `make demo`: `python -m bench.lighthouse http://127.0.0.1:8000 [--runs 3] [--lang ko]`.

Prints a table of the medians, and what keeps a page from full marks. The exit status is 1 when a page misses its bar.
Lighthouse itself is installed by npm into bench/npm, with the versions of package-lock.json.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.support import programs

PACKAGE = Path(__file__).parent / "npm"
PROGRAM = PACKAGE / "node_modules" / ".bin" / "lighthouse"

PAGES = (
    "",
    "c/blue-skies",
    "c/blue-skies/sign",
    "c/blue-skies/organizations",
    "c/blue-skies/progress",
    "verify",
)
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FULL_MARKS = 100
MAX_LCP_MS = 1200
FLAGS = "--headless --no-sandbox --disable-dev-shm-usage"


@dataclass(frozen=True)
class Report:
    """What Lighthouse says of a page in one run."""

    scores: dict[str, int]
    lcp_ms: float
    kilobytes: float
    faults: tuple[str, ...]

    @classmethod
    def read(cls, result: dict[str, Any]) -> "Report":
        audits, categories = result["audits"], result["categories"]
        counted = {ref["id"] for each in categories.values() for ref in each["auditRefs"] if ref["weight"]}
        faults = [
            f"{name} ({audit['score']}): {audit['title']} {audit.get('displayValue', '')}".strip()
            for name, audit in audits.items()
            if name in counted and audit["score"] is not None and audit["score"] < 1
        ]
        return cls(
            {name: round(categories[name]["score"] * 100) for name in CATEGORIES},
            audits["largest-contentful-paint"]["numericValue"],
            audits["total-byte-weight"]["numericValue"] / 1000,
            tuple(faults),
        )


def install() -> None:
    if not PROGRAM.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=PACKAGE, check=True)


def measure(url: str) -> Report:
    """One run, as on a phone with a slow connection (Lighthouse's own preset)."""
    command = [str(PROGRAM), url, "--quiet", "--output=json", f"--chrome-flags={FLAGS}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    environment = {**os.environ, "CHROME_PATH": programs.installed("chromium")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return Report.read(json.loads(done.stdout))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lang", default="ko")
    options = parser.parse_args(arguments)
    install()
    is_good = True
    print("| page | performance | accessibility | best practices | SEO | LCP, ms | kB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for page in PAGES:
        path = f"/{options.lang}/{page}"
        reports = [measure(options.address.rstrip("/") + path) for _ in range(options.runs)]
        scores = [median(report.scores[name] for report in reports) for name in CATEGORIES]
        lcp = median(report.lcp_ms for report in reports)
        kilobytes = median(report.kilobytes for report in reports)
        print(
            "|",
            " | ".join([path, *(f"{score:g}" for score in scores), f"{lcp:.0f}", f"{kilobytes:.1f}"]),
            "|",
        )
        is_good &= min(scores) >= FULL_MARKS and lcp <= MAX_LCP_MS
        for fault in sorted({fault for report in reports for fault in report.faults}):
            print("   ", fault, file=sys.stderr)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
