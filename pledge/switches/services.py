"""Changing a switch: each change has a reason and is recorded in the audit log, with the value before."""

import json
from typing import Any

from pledge.audit.models import Actor
from pledge.audit.services import MAX_REASON, lock_chain, record
from pledge.core import clock
from pledge.core.db import transaction
from pledge.switches.queries import is_active, snapshot
from pledge.switches.registry import SWITCHES, BadTurn, CannotTurn, Switch


def turn(actor: Actor, name: str, given: Any, reason: str, hours: int | None = None) -> None:
    """Turn a switch to a value of its kind, for a number of hours where it ends by itself. Raises CannotTurn."""
    kind = SWITCHES[name]
    value = kind.clean(given)
    duration = kind.duration(hours) if value != kind.usual else None
    reason = reason.strip()
    if not reason:
        raise CannotTurn(BadTurn.NO_REASON)
    if len(reason) > MAX_REASON:
        raise CannotTurn(BadTurn.LONG_REASON)
    with transaction() as session:
        # Before reading, so that of two who turn at once the second sees what the first did.
        lock_chain(session)
        row = session.get(Switch, name)
        now = clock.now()
        held = row is not None and is_active(row.name, row.changed_at, row.ends_at, now)
        before = json.loads(row.value) if row is not None and held else None
        ends_at = None if duration is None else now + duration
        text = json.dumps(value, ensure_ascii=False)
        session.merge(Switch(name=name, value=text, changed_at=now, ends_at=ends_at))
        details = {"before": before, "after": value, "until": ends_at and ends_at.isoformat()}
        record(session, actor, f"switch.{name}", f"switch:{name}", reason=reason, **details)
    snapshot.clear()
