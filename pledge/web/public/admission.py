"""What a form is checked for before it is recorded, of a person and of an organisation: its fields, the limit on sign-ups, and
whether it looks like one of many that a program sends.

The limit counts by network, by the block around it and by mail domain. Whoever owns a mail domain owns every address of it,
from as many networks as they like. People of a company or a university who sign together stay below it; providers have none.

A form that looks like a program's, or comes above the limit of its network, is asked for a proof of work. No signal reads
anything about a person. Without JavaScript a form goes on without proof, a few times for each network (PLEDGE_LIMIT_UNPROVED).
"""

import math
from datetime import UTC, datetime
from enum import StrEnum

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import TooManyRequests

from config import current_config
from pledge.abuse import proof, signals, velocity
from pledge.abuse.proof import BadSolution, Fault
from pledge.abuse.signals import Level, Signal, is_disposable
from pledge.abuse.velocity import FormLimit
from pledge.core import clock, metrics, tokens
from pledge.core.networks import is_external
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import breaker
from pledge.mail.addresses import domain_of
from pledge.mail.providers import owned_domain
from pledge.switches import queries as switches
from pledge.web import limits
from pledge.web.public.forms import ProvableForm

#: Factor on PLEDGE_LIMIT_SIGN with proof of work, so that an office or a hall is never refused.
PROVED_FACTOR = 10
#: Waits of more minutes than this are not given in minutes.
_MAX_MINUTES = 90
#: The limit of a mail domain, as the metrics call it.
_DOMAIN = "domain"


class ProofAnswer(StrEnum):
    """How a form answers the page that asks for a proof."""

    NONE = "none"
    PROVED = "proved"
    UNPROVED = "unproved"
    EXPIRED = "expired"
    SPENT = "spent"
    UNUSABLE = "unusable"


class NotAdmitted(Exception):
    """The form is shown again, with the faults of its fields."""


class ProofNeeded(NotAdmitted):
    """The form must be sent again with a proof of work. `answer`: what it carried instead."""

    def __init__(self, answer: ProofAnswer) -> None:
        super().__init__(answer.value)
        self.answer = answer


def admit(form: ProvableForm) -> frozenset[Signal]:
    """The signals with which the form is to be recorded. Raises NotAdmitted, ProofNeeded and TooManyRequests."""
    is_valid = form.validate()
    answer = read_answer(form) if is_valid else ProofAnswer.NONE
    crowd = _count(form, answer, is_valid=is_valid)
    # Also when there are other mistakes, so that all of them are shown at once and a good file is kept.
    is_stored = form.store_files()
    if form.retry_after is not None or not (is_valid and is_stored):
        raise NotAdmitted
    return _assess(form, answer, crowd)


def _count(form: ProvableForm, answer: ProofAnswer, *, is_valid: bool) -> set[Signal]:
    """Count one more form for all that limits it: the signals of a crowd.

    Beyond the limit of its network or block it raises TooManyRequests, beyond that of its mail domain the form says so.
    """
    is_counted = answer is not ProofAnswer.PROVED  # else it was counted when it was sent without
    refusing = _refusing_limits(form, is_valid=is_valid) if is_counted else []
    soft = _soft_limits(form) if is_valid and is_external(limits.client_network()) else []
    every = [*refusing, *soft]
    over = limits.with_counters(lambda storage: velocity.exceeded(storage, every, count=is_counted))
    refused_by = next((limit for limit in refusing if limit in over), None)
    if refused_by is not None:
        # What one network may not do is counted neither for its block nor for a mail domain.
        ends_at = limits.with_counters(lambda storage: velocity.take_back(storage, every, refused_by))
        metrics.limits_hit.labels(refused_by.name).inc()
        seconds = limits.seconds_until(ends_at)
        if refused_by.name != _DOMAIN:
            raise TooManyRequests(retry_after=seconds)
        form.retry_after = seconds
        form.email.errors = [_domain_words(seconds)]
    return {Signal(limit.name) for limit in soft if limit in over}


def _refusing_limits(form: ProvableForm, *, is_valid: bool) -> list[FormLimit]:
    """Beyond the first of these that is exceeded a form is refused."""
    config, factor = current_config(), switches.current().limit_factor
    each = limits.scaled(config.limit_sign, PROVED_FACTOR * factor)
    refusing = [
        FormLimit("sign", _of_network(form), each),
        FormLimit("sign_block", _of_block(form), limits.scaled(each, limits.BLOCK_FACTOR)),
    ]
    domain = owned_domain(domain_of(form.address)) if is_valid else None
    if domain is not None:
        refusing.append(FormLimit(_DOMAIN, f"domain {domain}", limits.scaled(config.limit_domain, factor)))
    return refusing


def _soft_limits(form: ProvableForm) -> list[FormLimit]:
    """Beyond these a form has a signal."""
    config, factor = current_config(), switches.current().limit_factor
    each, free = limits.scaled(config.step_up_network, factor), limits.scaled(config.limit_sign, factor)
    network, block = limits.client_network(), limits.client_block()
    soft = [
        FormLimit(Signal.LIMIT, _of_network(form), free),
        FormLimit(Signal.LIMIT, _of_block(form), limits.scaled(free, limits.BLOCK_FACTOR)),
        FormLimit(Signal.NETWORK, f"network {network}", each),
        FormLimit(Signal.WIDE_NETWORK, f"block {block}", limits.scaled(each, limits.BLOCK_FACTOR)),
    ]
    domain = owned_domain(domain_of(form.address))
    if domain is not None:
        limit = limits.scaled(config.step_up_domain, factor)
        soft.append(FormLimit(Signal.DOMAIN, f"domain {domain}", limit))
    shown_at = _shown_at(form)
    if shown_at is not None and clock.now() - shown_at > signals.SHARED_FOR:
        mark = f"form of {int(shown_at.timestamp())}"  # all forms from one page that was left open
        soft.append(FormLimit(Signal.OLD_FORM, f"{mark} from {block}", signals.LATER_FROM_BLOCK))
        soft.append(FormLimit(Signal.OLD_FORM, mark, signals.LATER_IN_ALL))
    return soft


def _of_network(form: ProvableForm) -> str:
    """The counter of a network's forms of one kind: the sign form of the widget is that of the page."""
    return f"{type(form).__name__} {limits.client_network()}"


def _of_block(form: ProvableForm) -> str:
    return f"{type(form).__name__} block {limits.client_block()}"


def _domain_words(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    if minutes > _MAX_MINUTES:
        return str(
            _(
                "Very many people with an address at this domain have signed today. What you typed is still here; please send it again tomorrow, or use another address."
            )
        )
    return str(
        ngettext(
            "Very many people with an address at this domain have signed recently. What you typed is still here; please send it again in about %(num)d minute.",
            "Very many people with an address at this domain have signed recently. What you typed is still here; please send it again in about %(num)d minutes.",
            minutes,
        )
    )


def read_answer(form: ProvableForm) -> ProofAnswer:
    """How a valid form answers the page that asks for a proof. A right solution is used up by this."""
    if not form.altcha.data:
        return ProofAnswer.UNPROVED if form.unproved.data else ProofAnswer.NONE
    try:
        solved = proof.check(proof_purpose(form), form.altcha.data)
    except BadSolution as error:
        return ProofAnswer.EXPIRED if error.fault is Fault.EXPIRED else ProofAnswer.UNUSABLE
    # For longer than it works, on whichever machine it is sent again.
    seconds = int((proof.LIFETIME + tokens.SKEW).total_seconds())
    is_new = limits.with_counters(lambda storage: velocity.first_time(storage, solved, seconds))
    return ProofAnswer.PROVED if is_new else ProofAnswer.SPENT


def proof_purpose(form: ProvableForm) -> str:
    """What a challenge is for: the form at one address of the site, which names its campaign, with one mail address."""
    return f"{request.path} {form.address.canonical}"


def _assess(form: ProvableForm, answer: ProofAnswer, crowd: set[Signal]) -> frozenset[Signal]:
    """The signals of a valid form. Raises ProofNeeded."""
    seen = _signals(form) | crowd
    for signal in seen:
        metrics.signals.labels(signal.value).inc()
    if signals.level(seen) is Level.LOW:
        return seen
    metrics.step_ups.labels(answer.value).inc()
    if answer is ProofAnswer.PROVED:
        return seen | {Signal.PROVED}
    if answer is not ProofAnswer.UNPROVED:
        raise ProofNeeded(answer)
    try:
        _count_unproved()
    except RateLimitExceeded:
        form.retry_after = limits.seconds_to_wait()
        raise ProofNeeded(answer) from None
    return seen | {Signal.UNPROVED}


def unproved_limit() -> str:
    return limits.scaled(current_config().limit_unproved, switches.current().limit_factor)


@limits.limited(unproved_limit, scope="unproved")
def _count_unproved() -> None:
    """Count one more form that goes on without proof."""


def _signals(form: ProvableForm) -> frozenset[Signal]:
    shown_at, now = _shown_at(form), clock.now()
    seen = signals.age_signals(shown_at, now)
    seen |= signals.header_signals(request.headers.get, encrypted=request.is_secure)
    if is_disposable(domain_of(form.address)):
        seen.add(Signal.DISPOSABLE)
    if breaker.is_open():
        seen.add(Signal.BREAKER)
    return frozenset(seen)


def _shown_at(form: ProvableForm) -> datetime | None:
    """When the page with the form was rendered; None if `shown_at` is not signed by us."""
    try:
        mark = tokens.read(Purpose.FORM, form.shown_at.data or "")
    except BadToken:
        return None
    return datetime.fromtimestamp(int(mark.payload[0]), UTC)
