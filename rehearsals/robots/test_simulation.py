"""Quick and patient robots, people of many kinds and victims at once: whom the checks hold or ask for a proof of work, and that no held one
is counted.

`make simulate` plays all of them (docs/abuse.md has its figures); here it is a twentieth of that. The first sign-ups of a cluster are
counted before it shows itself, and the few clusters of a twentieth weigh more, so there more quick robots may be counted.
"""

import os
import random
import sys

import pytest
from sqlalchemy import func, select

from pledge.core.db import db
from pledge.ledger.models import LedgerEntry
from pledge.ledger.queries import count
from pledge.signatures.models import Signature
from pledge.statistics.integrity import mismatches
from pledge.watch.clusters import size_bar
from rehearsals.robots.expectations import broken, table
from rehearsals.robots.rehearsal import Rehearsal
from rehearsals.robots.scale import held_at_companies
from rehearsals.robots.simulator import visits
from tests.support.factories import fold_all, the_campaign

#: The part of the whole that is played.
SIZE = float(os.environ.get("SIMULATE", "0.05"))
#: Of quick robots so large a share may be counted.
QUICK_COUNTED = 0.05 if SIZE >= 1 else 1 / 12


@pytest.mark.sqlite_only
def test_robots_are_held_and_people_are_not(app, frozen_clock, monkeypatch):
    """Each kind as expectations.py says."""
    rehearsal = Rehearsal(frozen_clock)
    rehearsal.play(visits(random.Random(2050), SIZE), monkeypatch)
    sys.stdout.write(f"{table(rehearsal.fates)}\n")
    fold_all()
    confirmed = db.session.scalar(select(func.count()).where(Signature.state == "confirmed"))
    assert count(the_campaign().id).people == confirmed
    assert mismatches() == []
    held_ones = select(LedgerEntry.id).join(Signature, Signature.id == LedgerEntry.subject_id)
    assert db.session.scalars(held_ones.where(Signature.hold_reason.is_not(None))).all() == []
    assert broken(rehearsal.fates, few=QUICK_COUNTED) == []


@pytest.mark.parametrize("people", [5_000, 100_000, 1_000_000])
def test_staff_decide_about_few_companies_however_large_the_campaign_is(people):
    held, bar = held_at_companies(people), size_bar(people)
    sys.stdout.write(
        f"{people:,}: {sum(held) / people:.1%} held at {len(held)} companies, {bar} robots of a domain\n"
    )
    assert sum(held) / people <= 0.05
    assert len(held) <= 50
    assert bar <= max(25, people / 4000)
