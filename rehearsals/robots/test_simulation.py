"""Quick and patient robots and people of many kinds at once: whom the checks hold or ask for a proof of work, and that no held one is counted.

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
from rehearsals.robots.rehearsal import Rehearsal
from rehearsals.robots.simulator import AT_PROVIDERS, Who, visits
from tests.support.factories import fold_all, the_campaign

#: The part of the whole that is played.
SIZE = float(os.environ.get("SIMULATE", "0.05"))
#: Of quick robots so large a share may be counted.
QUICK_COUNTED = 0.05 if SIZE >= 1 else 1 / 12
#: Of patient robots so many may be counted in a week for each domain, or for all at one mail server.
PATIENT_COUNTED = 30


@pytest.mark.sqlite_only
def test_robots_are_held_and_people_are_not(app, frozen_clock, monkeypatch):
    """Nineteen quick robots in twenty, of patient ones all but 30 for each domain, and one person in two hundred at most."""
    rehearsal = Rehearsal(frozen_clock)
    rehearsal.play(visits(random.Random(2050), SIZE), monkeypatch)
    sys.stdout.write(f"{rehearsal.table()}\n")
    fold_all()
    confirmed = db.session.scalar(select(func.count()).where(Signature.state == "confirmed"))
    assert count(the_campaign().id).people == confirmed
    assert mismatches() == []
    held_ones = select(LedgerEntry.id).join(Signature, Signature.id == LedgerEntry.subject_id)
    assert db.session.scalars(held_ones.where(Signature.hold_reason.is_not(None))).all() == []
    assert rehearsal.share(Who.QUICK, "counted") <= QUICK_COUNTED
    assert rehearsal.share(Who.PEOPLE, "held") <= 0.005
    assert rehearsal.share(Who.PEOPLE, "asked") <= 0.005
    patient = [
        (kind, fate.most_at_one_server)
        for kind, fate in rehearsal.fates.items()
        if fate.who is Who.PATIENT and kind != AT_PROVIDERS
    ]
    assert [one for one in patient if one[1] > PATIENT_COUNTED] == []
