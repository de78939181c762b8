"""Turning a switch: each turn has a reason and stands in the audit log, with what was so before."""

import json
from enum import StrEnum
from typing import Any

from pledge import clock
from pledge.audit.models import Actor
from pledge.audit.services import hold_chain, record
from pledge.db import transaction
from pledge.switches.models import BANNER, LIMITS, MAIL, SIGNING, Switch
from pledge.switches.queries import forget

LONGEST_BANNER = 300
LONGEST_REASON = 500
#: By how much the limit of sign-ups may be raised; 1 is the limit of the settings.
FACTORS = (1, 2, 5, 10, 50)


class BadTurn(StrEnum):
    NO_REASON = "no_reason"
    LONG_REASON = "long_reason"
    HALF_BANNER = "half_banner"  #: one language is missing
    LONG_BANNER = "long_banner"
    FACTOR = "factor"


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


def set_banner(actor: Actor, ko: str, en: str, reason: str) -> None:
    """Show a text on every public page; two empty texts take it away. Raises CannotTurn."""
    ko, en = ko.strip(), en.strip()
    if bool(ko) != bool(en):
        raise CannotTurn(BadTurn.HALF_BANNER)
    if max(len(ko), len(en)) > LONGEST_BANNER:
        raise CannotTurn(BadTurn.LONG_BANNER)
    _turn(actor, BANNER, {"ko": ko, "en": en}, reason)


def raise_limits(actor: Actor, factor: int, reason: str) -> None:
    """Let every network sign this many times as often; for a hall of people. Raises CannotTurn."""
    if factor not in FACTORS:
        raise CannotTurn(BadTurn.FACTOR)
    _turn(actor, LIMITS, factor, reason)


def _turn(actor: Actor, name: str, value: Any, reason: str) -> None:
    reason = reason.strip()
    if not reason:
        raise CannotTurn(BadTurn.NO_REASON)
    if len(reason) > LONGEST_REASON:
        raise CannotTurn(BadTurn.LONG_REASON)
    with transaction() as session:
        hold_chain(
            session
        )  # before reading, so that of two who turn at once the second sees what the first did
        row = session.get(Switch, name)
        before = None if row is None else json.loads(row.value)
        session.merge(Switch(name=name, value=json.dumps(value, ensure_ascii=False), changed_at=clock.now()))
        record(session, actor, f"switch.{name}", f"switch:{name}", reason=reason, before=before, after=value)
    forget()
