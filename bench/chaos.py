"""`make chaos`: people sign while the site dies around them; what they were told must be there afterwards (tests/support/chaos).

bench/chaos.py [--seed N] [--seconds T] [--on sqlite|postgresql]. The exit status is 1 when a promise was broken.

Two ways to see that it notices: --lying serves an application that answers before it commits, --unsafe has a PostgreSQL that
does not wait for its disk. Each must end with 1 once the right process was killed.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.support import run
from tests.support.chaos.run import DURABLE, storm

LYING = "tests.support.chaos.lying:app"
#: With it a commit is acknowledged up to ten seconds before it is written.
UNSAFE = ("fsync=on", "synchronous_commit=off", "wal_writer_delay=10s", "full_page_writes=on")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="0 draws one")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--lying", action="store_true", help="an application that answers too early")
    parser.add_argument("--unsafe", action="store_true", help="synchronous_commit=off")
    asked = parser.parse_args()
    seed = asked.seed or random.SystemRandom().randint(1, 10**6)
    print(f"seed {seed}, {asked.seconds:.0f} s on {asked.on}", flush=True)
    place = run.create(Path(tempfile.gettempdir()))
    try:
        verdict, done = storm(
            place,
            seed=seed,
            seconds=asked.seconds,
            on=asked.on,
            options=UNSAFE if asked.unsafe else DURABLE,
            target=LYING if asked.lying else "wsgi:app",
        )
    finally:
        run.remove(place)
    print("\n".join(done))
    print(
        f"{verdict.people} people; told: {verdict.signed} signed, {verdict.confirmed} confirmed, {verdict.withdrawn} withdrew; "
        f"counted {verdict.counted}; {verdict.mails} mails, {verdict.copies} of them copies"
    )
    for promise in verdict.broken:
        print(f"BROKEN  {promise}")
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
