"""The step-up: a form that looks like one of many that a program sends is asked for a proof of work before it is recorded.

Most forms never meet it. The page that asks is the same whatever the address is and whoever has signed: no signal reads
anything about a person, and the page names none. Its form carries all that was sent, so nothing is typed twice; without
JavaScript it goes on without the proof, a few times for each network (PLEDGE_LIMIT_UNPROVED).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from flask import request
from flask_babel import gettext as _
from flask_limiter import RateLimitExceeded
from wtforms import HiddenField

from config import current_config
from pledge.abuse import proof, signals, velocity
from pledge.abuse.disposable import is_disposable
from pledge.abuse.proof import BadSolution, Fault
from pledge.abuse.signals import Level, Signal
from pledge.abuse.velocity import SoftLimit
from pledge.core import clock, metrics, tokens
from pledge.core.networks import is_elsewhere
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import breaker
from pledge.signatures.addresses import Address
from pledge.signatures.origins import domain_of
from pledge.switches import queries as switches
from pledge.web import limits
from pledge.web.forms import TickField
from pledge.web.public.signing.sign_up_limit import limited_domain


class StepUpFields:
    """The fields that a form has for the step-up."""

    shown_at = HiddenField()  #: when its page was made, signed
    altcha = HiddenField()  #: the solution of a challenge
    unproved = TickField()  #: its sender goes on without

    @property
    def mark(self) -> str:
        """The value of `shown_at`: of the page that was filled in first, when this one shows what was wrong."""
        sent: str | None = self.shown_at.data
        return sent or tokens.mint(Purpose.FORM, [int(clock.now().timestamp())])


class StepAnswer(StrEnum):
    """How a form answers the step-up."""

    NONE = "none"
    PROVED = "proved"
    UNPROVED = "unproved"
    EXPIRED = "expired"
    SPENT = "spent"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class ExtraStep:
    """What the page asks for, and the form that it passes on."""

    challenge: str  #: as JSON
    fields: tuple[tuple[str, str], ...]  #: names and values of all that was sent
    has_code: bool  #: the mail has six digits, which do instead of the link
    fault: str  #: what was wrong with the answer before; "" the first time
    status: int = 403
    retry_after: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What the signals of a form have led to."""

    found: frozenset[Signal]
    step: ExtraStep | None  #: it is not recorded; this is asked for

    @property
    def is_proved(self) -> bool:
        return Signal.PROVED in self.found

    @property
    def is_unproved(self) -> bool:
        return Signal.UNPROVED in self.found

    @property
    def hold_reason(self) -> str | None:
        return signals.HOLD_REASON if signals.level(self.found) is Level.HIGH else None


class SteppedForm(Protocol):
    """A valid form with an address."""

    address: Address
    shown_at: Any
    altcha: Any
    unproved: Any

    def __iter__(self) -> Any: ...


def read_answer(form: SteppedForm, slug: str) -> StepAnswer:
    """How a valid form answers the step-up. A right solution is used up by this."""
    if not form.altcha.data:
        return StepAnswer.UNPROVED if form.unproved.data else StepAnswer.NONE
    try:
        solved = proof.check(_purpose(form, slug), form.altcha.data)
    except BadSolution as error:
        return StepAnswer.EXPIRED if error.fault is Fault.EXPIRED else StepAnswer.UNUSABLE
    # For longer than it works, on whichever machine it is sent again.
    seconds = int((proof.LIFETIME + tokens.SKEW).total_seconds())
    is_new = velocity.first_time(limits.limiter.limiter.storage, solved, seconds)
    return StepAnswer.PROVED if is_new else StepAnswer.SPENT


def judge(form: SteppedForm, slug: str, answer: StepAnswer, *, has_code: bool, **changed: str) -> Verdict:
    """Whether a valid form is recorded, with what signals. `changed`: fields that are passed on with another value."""
    found = _signals(form, answer)
    for signal in found:
        metrics.signals.labels(signal.value).inc()
    if signals.level(found) is Level.LOW:
        return Verdict(found, None)
    metrics.step_ups.labels(answer.value).inc()
    fields = tuple(_sent(form, changed))
    if answer is StepAnswer.PROVED:
        return Verdict(found | {Signal.PROVED}, None)
    if answer is StepAnswer.UNPROVED:
        try:
            _count_unproved()
        except RateLimitExceeded:
            seconds = limits.seconds_to_wait()
            return Verdict(
                found, ExtraStep(_challenge(form, slug), fields, has_code, _wait(seconds), 429, seconds)
            )
        return Verdict(found | {Signal.UNPROVED}, None)
    return Verdict(found, ExtraStep(_challenge(form, slug), fields, has_code, _words(answer)))


def _signals(form: SteppedForm, answer: StepAnswer) -> frozenset[Signal]:
    shown_at, now = _shown_at(form), clock.now()
    found = signals.of_age(shown_at, now)
    found |= signals.of_headers(request.headers.get, encrypted=request.is_secure)
    if is_disposable(domain_of(form.address)):
        found.add(Signal.DISPOSABLE)
    if breaker.is_open():
        found.add(Signal.BREAKER)
    if is_elsewhere(limits.client_network()):
        # A form with its proof was counted when it was sent without.
        storage = limits.limiter.limiter.storage
        soft_limits = _soft_limits(form)
        if shown_at is not None and now - shown_at > signals.SHARED_FOR:
            soft_limits += _mark_limits(int(shown_at.timestamp()))
        found |= velocity.exceeded(storage, soft_limits, count=answer is not StepAnswer.PROVED)
    return frozenset(found)


def _soft_limits(form: SteppedForm) -> list[SoftLimit]:
    config, factor = current_config(), switches.current().limit_factor
    each = limits.scaled(config.step_up_network, factor)
    found = [
        SoftLimit(Signal.NETWORK, limits.client_network(), each),
        SoftLimit(Signal.WIDE_NETWORK, limits.client_block(), limits.scaled(each, limits.BLOCK_FACTOR)),
    ]
    domain = limited_domain(form.address)
    if domain is not None:
        found.append(SoftLimit(Signal.DOMAIN, domain, limits.scaled(config.step_up_domain, factor)))
    return found


def _mark_limits(mark: int) -> list[SoftLimit]:
    """How many forms the mark of a page is good for once it has been left open."""
    return [
        SoftLimit(Signal.OLD_FORM, f"{mark} {limits.client_block()}", signals.LATER_FROM_BLOCK),
        SoftLimit(Signal.OLD_FORM, str(mark), signals.LATER_IN_ALL),
    ]


def _shown_at(form: SteppedForm) -> datetime | None:
    """When the page of the form was made; None without a mark of ours."""
    try:
        found = tokens.read(Purpose.FORM, form.shown_at.data or "")
    except BadToken:
        return None
    return datetime.fromtimestamp(int(found.payload[0]), UTC)


def _purpose(form: SteppedForm, slug: str) -> str:
    """What a challenge is for: one form of one campaign, with one address."""
    return f"{type(form).__name__} {slug} {form.address.canonical}"


def _challenge(form: SteppedForm, slug: str) -> str:
    return json.dumps(proof.challenge(_purpose(form, slug)), separators=(",", ":"))


def _sent(form: SteppedForm, changed: dict[str, str]) -> Iterable[tuple[str, str]]:
    """All fields of the form as they were sent, without the answer to the step-up."""
    for field in form:
        if field.name in changed:
            yield field.name, changed[field.name]
        elif field not in (form.altcha, form.unproved):
            yield from ((field.name, value) for value in request.form.getlist(field.name))


def _words(answer: StepAnswer) -> str:
    """What was wrong with an answer."""
    words: dict[StepAnswer, str] = {
        StepAnswer.NONE: "",
        StepAnswer.EXPIRED: _("The calculation was more than five minutes ago, so it is done again."),
        StepAnswer.SPENT: _("This calculation was used already, so another one is needed."),
        StepAnswer.UNUSABLE: _("The calculation did not arrive as it should, so it is done again."),
    }
    return words[answer]


def _wait(seconds: int) -> str:
    return str(
        _(
            "Many people in your network have gone on without the calculation. Please do so in about %(minutes)d minutes, or use a browser with JavaScript.",
            minutes=-(-seconds // 60),
        )
    )


def unproved_limit() -> str:
    return limits.scaled(current_config().limit_unproved, switches.current().limit_factor)


@limits.limited(unproved_limit, scope="unproved")
def _count_unproved() -> None:
    """Count one more form that goes on without proof."""
