"""`make chaos`: people sign while the site dies around them; what they were told must be there afterwards (tests/support/chaos).

bench/chaos.py [--seed N] [--seconds T] [--on sqlite|postgresql]. The exit status is 1 when a promise was broken.
"""

import argparse
import random
import sys

from tests.support import postgres, run
from tests.support.chaos.run import storm


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="0 draws one")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="postgresql")
    asked = parser.parse_args()
    seed = asked.seed or random.SystemRandom().randint(1, 10**6)
    print(f"seed {seed}, {asked.seconds:.0f} s on {asked.on}", flush=True)
    for left in run.leftovers(run.on_disk()):
        postgres.stop_leftover(left)
        run.remove(left)
    place = run.create(run.on_disk())
    try:
        verdict, story = storm(place, seed=seed, seconds=asked.seconds, on=asked.on)
    finally:
        run.remove(place)
    print(story)
    print(verdict)
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
