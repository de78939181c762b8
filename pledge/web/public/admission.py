"""What a form is checked for before it is recorded, of a person and of an organisation: its fields, the limit on sign-ups, and
whether it looks like one of many that a program sends.

The limit counts by network, by the block around it and by mail domain. Whoever owns a mail domain owns every address of it,
from as many networks as they like. People of a company or a university who sign together stay below it; providers have none.

A form that looks like a program's, or comes above the limit of its network, is asked for a proof of work. No signal reads
anything about a person. Without JavaScript a form goes on without proof, a few times for each network (PLEDGE_LIMIT_UNPROVED).
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_limiter import RateLimitExceeded

from config import current_config
from pledge.abuse import proof, signals, velocity
from pledge.abuse.proof import BadSolution, Fault
from pledge.abuse.signals import Level, Signal, is_disposable
from pledge.abuse.velocity import SoftLimit
from pledge.core import clock, metrics, tokens
from pledge.core.encryption import vault
from pledge.core.networks import is_external
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import breaker
from pledge.mail.addresses import domain_of
from pledge.mail.providers import owned_domain
from pledge.switches import queries as switches
from pledge.web import limits
from pledge.web.public.forms import ProvableForm

#: How many times PLEDGE_LIMIT_SIGN a network may send with proof of work: an office or a hall is never told to come back.
PROVED_FACTOR = 10
#: Waits of more minutes than this are not given in minutes.
_MAX_MINUTES = 90


class ProofAnswer(StrEnum):
    """How a form answers the page that asks for a proof."""

    NONE = "none"
    PROVED = "proved"
    UNPROVED = "unproved"
    EXPIRED = "expired"
    SPENT = "spent"
    UNUSABLE = "unusable"


class NotAdmitted(Exception):
    """The form is shown again, with what is wrong in its fields."""


class ProofNeeded(NotAdmitted):
    """The form must be sent again with a proof of work. `answer`: what it carried instead."""

    def __init__(self, answer: ProofAnswer) -> None:
        super().__init__(answer.value)
        self.answer = answer


def admit(form: ProvableForm, count: Callable[[], None]) -> frozenset[Signal]:
    """The signals with which the form is to be recorded. Raises NotAdmitted, ProofNeeded and, by `count`, RateLimitExceeded.

    `count` counts one more form of its kind for the network (limits.limited).
    """
    is_valid = form.validate()
    answer = read_answer(form) if is_valid else ProofAnswer.NONE
    if answer is not ProofAnswer.PROVED:  # it was counted when it was sent without
        count()
        if is_valid:
            _count_for_domain(form)
    # Also when there are other mistakes, so that all of them are shown at once and a good file is kept.
    is_stored = form.store_files()
    if form.retry_after is not None or not (is_valid and is_stored):
        raise NotAdmitted
    return _assess(form, answer)


def sign_limit() -> str:
    return limits.scaled(current_config().limit_sign, PROVED_FACTOR * switches.current().limit_factor)


def _count_for_domain(form: ProvableForm) -> None:
    """Count a valid form for the mail domain of its address; beyond the limit the form says so."""
    domain = owned_domain(domain_of(form.address))
    if domain is None:
        return
    limit = limits.scaled(current_config().limit_domain, switches.current().limit_factor)
    # A keyed hash, as Redis should not reveal mail domains.
    key = vault().keyed_hash(f"limit of domain {domain}").hex()
    form.retry_after = limits.hit(limit, key, "mail domain")
    if form.retry_after is not None:
        metrics.limits_hit.labels("domain").inc()
        form.email.errors = [_domain_words(form.retry_after)]


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
    is_new = velocity.first_time(limits.limiter.limiter.storage, solved, seconds)
    return ProofAnswer.PROVED if is_new else ProofAnswer.SPENT


def proof_purpose(form: ProvableForm) -> str:
    """What a challenge is for: the form at one address of the site, which names its campaign, with one mail address."""
    return f"{request.path} {form.address.canonical}"


def _assess(form: ProvableForm, answer: ProofAnswer) -> frozenset[Signal]:
    """The signals of a valid form. Raises ProofNeeded."""
    seen = _signals(form, answer)
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


def _signals(form: ProvableForm, answer: ProofAnswer) -> frozenset[Signal]:
    shown_at, now = _shown_at(form), clock.now()
    seen = signals.age_signals(shown_at, now)
    seen |= signals.header_signals(request.headers.get, encrypted=request.is_secure)
    if is_disposable(domain_of(form.address)):
        seen.add(Signal.DISPOSABLE)
    if breaker.is_open():
        seen.add(Signal.BREAKER)
    if is_external(limits.client_network()):
        # A form with its proof was counted when it was sent without.
        storage = limits.limiter.limiter.storage
        soft_limits = _soft_limits(form)
        if shown_at is not None and now - shown_at > signals.SHARED_FOR:
            mark = int(shown_at.timestamp())  # of all forms from one page that was left open
            soft_limits.append(
                SoftLimit(Signal.OLD_FORM, f"{mark} {limits.client_block()}", signals.LATER_FROM_BLOCK)
            )
            soft_limits.append(SoftLimit(Signal.OLD_FORM, str(mark), signals.LATER_IN_ALL))
        seen |= velocity.exceeded(storage, soft_limits, count=answer is not ProofAnswer.PROVED)
    return frozenset(seen)


def _soft_limits(form: ProvableForm) -> list[SoftLimit]:
    config, factor = current_config(), switches.current().limit_factor
    each, free = limits.scaled(config.step_up_network, factor), limits.scaled(config.limit_sign, factor)
    kind = type(form).__name__
    soft_limits = [
        SoftLimit(Signal.LIMIT, f"{kind} {limits.client_network()}", free),
        SoftLimit(Signal.LIMIT, f"{kind} {limits.client_block()}", limits.scaled(free, limits.BLOCK_FACTOR)),
        SoftLimit(Signal.NETWORK, limits.client_network(), each),
        SoftLimit(Signal.WIDE_NETWORK, limits.client_block(), limits.scaled(each, limits.BLOCK_FACTOR)),
    ]
    domain = owned_domain(domain_of(form.address))
    if domain is not None:
        soft_limits.append(SoftLimit(Signal.DOMAIN, domain, limits.scaled(config.step_up_domain, factor)))
    return soft_limits


def _shown_at(form: ProvableForm) -> datetime | None:
    """When the page with the form was rendered; None if `shown_at` is not signed by us."""
    try:
        mark = tokens.read(Purpose.FORM, form.shown_at.data or "")
    except BadToken:
        return None
    return datetime.fromtimestamp(int(mark.payload[0]), UTC)
