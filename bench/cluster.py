"""`make cluster`: the highly available example on this machine, with people on it, and one fault after the other (docs/highly-available.md).

bench/cluster.py [--only WORDS]. As root; what it makes is gone afterwards. The exit status is 1 when something that was
acknowledged is lost.
"""

import argparse
import sys
import time
from functools import partial

from tests.support import run
from tests.support.chaos.on_cluster import FAULTS, Rehearsal

#: Seconds of good weather before and after each fault.
QUIET = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name has these words")
    asked = parser.parse_args()
    faults = [fault for fault in FAULTS if asked.only.replace(" ", "_") in fault.__name__]
    place = run.create(run.on_disk())
    began = time.monotonic()
    try:
        with Rehearsal(place) as rehearsal:
            print(f"up after {time.monotonic() - began:.0f} s", flush=True)
            since = time.monotonic()
            time.sleep(QUIET)
            print(
                f"{longest_pause(rehearsal, since):6.1f} s  longest pause between two acknowledgements without a fault"
            )
            for fault in faults:
                since = time.monotonic()
                # A mail that went while a host was away could not be marked, whatever the fault.
                act = partial(fault, rehearsal.around)
                rehearsal.around.suffer(fault.__name__, act, may_repeat_mails=True)
                time.sleep(QUIET)
                print(
                    f"{longest_pause(rehearsal, since):6.1f} s  {fault.__name__.replace('_', ' ')}",
                    flush=True,
                )
                for host in rehearsal.cluster.databases.wait_until_whole():
                    print(f"          {host.name} did not join again and was copied anew", flush=True)
            verdict = rehearsal.verdict()
    finally:
        run.remove(place)
    print(verdict)
    return 1 if verdict.broken else 0


def longest_pause(rehearsal: Rehearsal, since: float) -> float:
    """Seconds in which nobody was told that anything is recorded."""
    moments = [moment for moment in sorted(rehearsal.crowd.told_at) if moment > since]
    return max(
        (
            after - before
            for before, after in zip([since, *moments], [*moments, time.monotonic()], strict=False)
        ),
        default=0.0,
    )


if __name__ == "__main__":
    sys.exit(main())
