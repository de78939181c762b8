"""Six kinds of robots and seven kinds of people at once: whom the checks hold, and that no held one is counted.

`make simulate` plays 5,000 people and 50,000 robots (docs/abuse.md has its figures); here it is a twentieth of that.
"""

import os
import random
import sys

import pytest
from sqlalchemy import func, select

from pledge.core.db import db
from pledge.ledger.models import LedgerEntry
from pledge.ledger.queries import count
from pledge.signatures import counting
from pledge.signatures.models import Signature
from tests.abuse.rehearsal import Rehearsal
from tests.abuse.simulator import visits
from tests.support.factories import fold_all, the_campaign

#: The part of the whole that is played.
SIZE = float(os.environ.get("SIMULATE", "0.05"))


@pytest.mark.sqlite_only
def test_nineteen_robots_in_twenty_are_held_and_one_person_in_two_hundred_at_most(
    app, frozen_clock, monkeypatch
):
    rehearsal = Rehearsal(frozen_clock)
    rehearsal.play(visits(random.Random(2050), SIZE), monkeypatch)
    sys.stdout.write(f"{rehearsal.table()}\n")
    shares = rehearsal.shares()
    assert shares["robots counted"] <= 0.05, rehearsal.table()
    assert shares["people held"] <= 0.005, rehearsal.table()
    fold_all()
    confirmed = db.session.scalar(select(func.count()).where(Signature.state == "confirmed"))
    assert count(the_campaign().id).people == confirmed
    assert counting.mismatches() == []
    held_ones = select(LedgerEntry.id).join(Signature, Signature.id == LedgerEntry.subject_id)
    assert db.session.scalars(held_ones.where(Signature.hold_reason.is_not(None))).all() == []
