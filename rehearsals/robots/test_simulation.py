"""Quick and patient robots and people of many kinds at once: whom the checks hold or ask for a proof of work, and that no held one is counted.

`make simulate` plays 5,650 people and 57,800 robots (docs/abuse.md has its figures); here it is a twentieth of that.

The first sign-ups of a cluster are counted before it shows itself (docs/abuse.md): about BEFORE_SEEN for each domain, and twice
as many for each place. In the whole that is one quick robot in twenty. A twentieth of the waves has no twentieth of a catch-all
domain and of twelve places but one domain and two places, so there it is one robot in twelve: 6 domains × 20 + 2 places × 40
= 200 of 2,502. The whole must hold nineteen in twenty; a part of it, all but what comes before its clusters are seen.
"""

import os
import random
import sys
from collections.abc import Iterable

import pytest
from sqlalchemy import func, select

from pledge.abuse.signals import is_disposable
from pledge.core.db import db
from pledge.ledger.models import LedgerEntry
from pledge.ledger.queries import count
from pledge.signatures.models import Signature
from pledge.signatures.origins import PROVIDERS
from pledge.statistics.integrity import mismatches
from pledge.watch.clusters import IN_ONE_ROOM
from rehearsals.robots.rehearsal import Rehearsal
from rehearsals.robots.simulator import AT_PROVIDERS, Visit, Who, visits
from tests.support.factories import fold_all, the_campaign

#: The part of the whole that is played.
SIZE = float(os.environ.get("SIMULATE", "0.05"))
#: Sign-ups at one domain: those that the watch needs to judge it (15 of SPEEDS), and those that come meanwhile.
BEFORE_SEEN = 20
#: Of patient robots so many may be counted in a week for each domain, or for all at one mail server.
PATIENT_COUNTED = 30


def may_be_counted(played: Iterable[Visit]) -> float:
    """The share of the quick robots that may be counted."""
    if SIZE >= 1:
        return 0.05
    robots = [visit for visit in played if visit.who is Who.QUICK]
    domains = {one.domain for one in robots if one.domain not in PROVIDERS and not is_disposable(one.domain)}
    places = {one.network for one in robots if one.domain in PROVIDERS}
    return BEFORE_SEEN * (len(domains) + IN_ONE_ROOM * len(places)) / len(robots)


@pytest.mark.sqlite_only
def test_robots_are_held_and_people_are_not(app, frozen_clock, monkeypatch):
    """Nineteen quick robots in twenty, of patient ones all but 30 for each domain, and one person in two hundred at most."""
    rehearsal = Rehearsal(frozen_clock)
    played = visits(random.Random(2050), SIZE)
    rehearsal.play(played, monkeypatch)
    sys.stdout.write(f"{rehearsal.table()}\n")
    fold_all()
    confirmed = db.session.scalar(select(func.count()).where(Signature.state == "confirmed"))
    assert count(the_campaign().id).people == confirmed
    assert mismatches() == []
    held_ones = select(LedgerEntry.id).join(Signature, Signature.id == LedgerEntry.subject_id)
    assert db.session.scalars(held_ones.where(Signature.hold_reason.is_not(None))).all() == []
    assert rehearsal.share(Who.QUICK, "counted") <= may_be_counted(played)
    assert rehearsal.share(Who.PEOPLE, "held") <= 0.005
    assert rehearsal.share(Who.PEOPLE, "asked") <= 0.005
    patient = [
        (kind, fate.most_at_one_server)
        for kind, fate in rehearsal.fates.items()
        if fate.who is Who.PATIENT and kind != AT_PROVIDERS
    ]
    assert [one for one in patient if one[1] > PATIENT_COUNTED] == []
