"""Whether this database holds sample data: a row among the switches that is written once and that nobody can turn.

It is stored before the first sample, so that no page ever shows one without saying so.
"""

import json
from enum import StrEnum

from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.switches.models import Switch

SAMPLE_DATA = "sample_data"


class SampleState(StrEnum):
    FILLING = "filling"  #: begun; when nothing is at work any more, it was interrupted
    FILLED = "filled"


def state(session: Session) -> SampleState | None:
    """None in a database without sample data."""
    row = session.get(Switch, SAMPLE_DATA)
    return None if row is None else SampleState(json.loads(row.value))


def mark(session: Session, state: SampleState) -> None:
    """Store the state, in the caller's transaction."""
    session.merge(Switch(name=SAMPLE_DATA, value=json.dumps(state), changed_at=clock.now(), ends_at=None))
