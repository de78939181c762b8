"""`make bench`: measure the speed that was promised, print a table and write it to bench/RESULTS.md.

bench/run.py [--quick] [part …]; a part is one of sign confirm count page journey nginx sizes mails rest fold lag rows pack proof
sqlite growth visit migrations. Only a whole run writes RESULTS.md. The exit status is 1 when a figure misses its bar.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import (
    behind,
    growth,
    journey,
    ledger_log,
    migrations,
    nginx,
    report,
    visit,
    web,
)  # after the path is known
from bench.servers import bench

WEB = ("sign", "confirm", "count", "page")
OTHERS = {
    "journey": journey.journey,
    "nginx": nginx.behind_nginx,
    "sizes": web.sizes,
    "mails": behind.mails,
    "rest": behind.rest,
    "fold": behind.fold,
    "lag": ledger_log.lag,
    "rows": ledger_log.rows,
    "pack": ledger_log.pack,
    "proof": ledger_log.proof,
    "sqlite": behind.sqlite,
    "growth": growth.growth,
    "visit": visit.first_visit,
    "migrations": migrations.waits,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round each: does it run at all?")
    parser.add_argument("parts", nargs="*", metavar="part", choices=[*WEB, *OTHERS, []])
    options = parser.parse_args(arguments)
    wanted = options.parts or [*WEB, *OTHERS]
    figures = []
    with bench(quick=options.quick) as servers:
        if on_the_web := [part for part in WEB if part in wanted]:
            figures += _timed(on_the_web, lambda: web.ratios(servers, on_the_web))
        for part, measure in OTHERS.items():
            if part in wanted:
                figures += _timed([part], lambda measure=measure: measure(servers))
    print(f"\n{report.table(figures)}")
    if not options.parts and not options.quick:
        report.write(figures)
    return 0 if all(figure.ok for figure in figures) else 1


def _timed(parts, measure):
    started = time.monotonic()
    print(f"{', '.join(parts)} …", end=" ", flush=True)
    figures = measure()
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
