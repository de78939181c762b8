"""Turning a switch: each turn has a reason and stands in the audit log, with what was so before."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pledge.audit.models import Actor
from pledge.audit.services import hold_chain, record
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.switches.models import BANNER, HOURS, LIMITS, MAIL, SIGNING, Switch
from pledge.switches.queries import forget, holds

MAX_BANNER = 300
MAX_REASON = 500
#: By how much the limit of sign-ups may be raised; 1 is the limit of the settings.
FACTORS = (1, 2, 5, 10, 50)


class BadTurn(StrEnum):
    NO_REASON = "no_reason"
    LONG_REASON = "long_reason"
    HALF_BANNER = "half_banner"  #: one language is missing
    LONG_BANNER = "long_banner"
    FACTOR = "factor"
    HOURS = "hours"  #: not one of the times that are offered


class CannotTurn(ValueError):
    def __init__(self, fault: BadTurn) -> None:
        super().__init__(fault.value)
        self.fault = fault


def pause_signing(actor: Actor, paused: bool, reason: str) -> None:
    """Take no new signatures and endorsements, or take them again. Confirming goes on. Raises CannotTurn."""
    _turn(actor, SIGNING, paused, reason)


def pause_mail(actor: Actor, paused: bool, reason: str) -> None:
    """Let mails wait in the outbox, or send them again. Raises CannotTurn."""
    _turn(actor, MAIL, paused, reason)


def set_banner(actor: Actor, given: Mapping[str, str], reason: str, hours: int = HOURS[BANNER][0]) -> None:
    """Show a text on every public page for so long; an empty one takes it away. Raises CannotTurn."""
    shown = languages.texts({lang: text.strip() for lang, text in given.items()})
    if shown and not shown.is_complete:
        raise CannotTurn(BadTurn.HALF_BANNER)
    if any(len(text) > MAX_BANNER for text in shown.values()):
        raise CannotTurn(BadTurn.LONG_BANNER)
    _turn(actor, BANNER, shown, reason, _lasting(BANNER, hours) if shown else None)


def raise_limits(actor: Actor, factor: int, reason: str, hours: int = HOURS[LIMITS][0]) -> None:
    """Let every network and mail domain sign this many times as often, for so long. Raises CannotTurn."""
    if factor not in FACTORS:
        raise CannotTurn(BadTurn.FACTOR)
    _turn(actor, LIMITS, factor, reason, _lasting(LIMITS, hours) if factor > 1 else None)


def _lasting(name: str, hours: int) -> timedelta:
    if hours not in HOURS[name]:
        raise CannotTurn(BadTurn.HOURS)
    return timedelta(hours=hours)


def _turn(actor: Actor, name: str, value: Any, reason: str, lasting: timedelta | None = None) -> None:
    reason = reason.strip()
    if not reason:
        raise CannotTurn(BadTurn.NO_REASON)
    if len(reason) > MAX_REASON:
        raise CannotTurn(BadTurn.LONG_REASON)
    with transaction() as session:
        hold_chain(
            session
        )  # before reading, so that of two who turn at once the second sees what the first did
        row = session.get(Switch, name)
        now = clock.now()
        held = row is not None and holds(row.name, row.changed_at, row.ends_at, now)
        before = json.loads(row.value) if row is not None and held else None
        ends_at = now + lasting if lasting else None
        text = json.dumps(value, ensure_ascii=False)
        session.merge(Switch(name=name, value=text, changed_at=now, ends_at=ends_at))
        said = {"before": before, "after": value}
        if name in HOURS:
            said["until"] = ends_at.isoformat() if ends_at else None
        record(session, actor, f"switch.{name}", f"switch:{name}", reason=reason, **said)
    forget()
