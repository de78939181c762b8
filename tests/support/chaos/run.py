"""One run: a site, people, what is done to it, and the verdict."""

import time
from functools import partial
from pathlib import Path

from tests.support.chaos.faults import Nemesis
from tests.support.chaos.people import Crowd, own_page
from tests.support.chaos.surroundings import Done, Surroundings, surroundings
from tests.support.chaos.verdict import Verdict, judge

#: Seconds that people go on asking after the storm.
MAX_WAIT = 60.0
#: How many must have been told that they signed when the power fails, and how long that may take.
TOLD, TELLING = 5, 60.0


def storm(folder: Path, *, seed: int, seconds: float, on: str) -> tuple[Verdict, str]:
    """People sign for so many seconds while one thing after another is done to the site; the verdict, and what was done."""
    with surroundings(folder, on=on, seed=seed) as around:
        crowd = _crowd(around, seed)
        with Nemesis(around) as nemesis:
            crowd.start()
            time.sleep(seconds)
            nemesis.heal()
            crowd.stop(MAX_WAIT)
            verdict = judge(around, crowd.people)
        verdict.broken += [*crowd.refused, *nemesis.failed]
        return verdict, around.story()


def power_cut(folder: Path, *, on: str) -> Verdict:
    """Some are told that they signed, and at that moment everything loses its power.

    Until then PostgreSQL writes only what a commit writes by itself, so whoever is told too early is lost for sure.
    """
    with surroundings(folder, on=on, seed=1) as around:
        crowd = _crowd(around, 1)
        if around.database is not None:
            around.database.freeze_writers()
        crowd.start()
        end = time.monotonic() + TELLING
        while sum(person.signed for person in crowd.people) < TOLD and time.monotonic() < end:
            time.sleep(0.01)
        cut = Done("power_cut", time.monotonic(), may_repeat_mails=True)
        around.done.append(cut)
        around.kill_site()
        if around.database is not None:
            around.database.server.kill()
        crowd.stop(0)
        if around.database is not None:
            around.database.start()
        around.site.start(demo=False)
        cut.ended = time.monotonic()
        return judge(around, crowd.people)


def _crowd(around: Surroundings, seed: int) -> Crowd:
    return Crowd(around.nginx.plain, around.smtp, seed, partial(own_page, around.site))
