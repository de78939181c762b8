"""What a form is checked for before it is recorded, of a person and of an organisation: the limit on sign-ups, and what looks like
one of many that a program sends.

The limit counts by network, by the block around it and by mail domain. Whoever owns a mail domain owns every address of it,
from as many networks as they like; the limit of each network does not see that. People of a company or a university who
sign together stay below it, and the large providers have none.

A form that looks like a program's is asked for a proof of work. Most forms never meet it. The page that asks is the same
whatever the address is and whoever has signed: no signal reads anything about a person, and the page names none. Its form
carries all that was sent, so nothing is typed twice; without JavaScript it goes on without the proof, a few times for each
network (PLEDGE_LIMIT_UNPROVED).
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask import g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_limiter import RateLimitExceeded
from wtforms import HiddenField

from config import current_config
from pledge.abuse import proof, signals, velocity
from pledge.abuse.proof import BadSolution, Fault
from pledge.abuse.signals import Level, Signal, is_disposable
from pledge.abuse.velocity import SoftLimit
from pledge.campaigns.queries import CampaignView
from pledge.core import clock, metrics, tokens
from pledge.core.domains import registrable
from pledge.core.encryption import vault
from pledge.core.networks import is_elsewhere
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import breaker
from pledge.mail.addresses import Address, domain_of
from pledge.mail.providers import LARGE_PROVIDERS
from pledge.switches import queries as switches
from pledge.web import limits
from pledge.web.forms import PublicForm, TickField
from pledge.web.public.campaign.pages import campaign_now_or_404


class ProvableForm(PublicForm):
    """A form with an address, and the fields for the proof of work."""

    email: Any
    address: Address  #: set once the field is valid
    shown_at = HiddenField()  #: when its page was made, signed
    altcha = HiddenField()  #: the solution of a challenge
    unproved = TickField()  #: its sender goes on without

    @property
    def mark(self) -> str:
        """The value of `shown_at`: of the page that was filled in first, when this one shows what was wrong."""
        sent: str | None = self.shown_at.data
        return sent or tokens.mint(Purpose.FORM, [int(clock.now().timestamp())])


class ProofAnswer(StrEnum):
    """How a form answers the page that asks for a proof."""

    NONE = "none"
    PROVED = "proved"
    UNPROVED = "unproved"
    EXPIRED = "expired"
    SPENT = "spent"
    UNUSABLE = "unusable"


#: What was wrong with an answer.
_FAULTS = {
    ProofAnswer.EXPIRED: _l("The calculation was more than five minutes ago, so it is done again."),
    ProofAnswer.SPENT: _l("This calculation was used already, so another one is needed."),
    ProofAnswer.UNUSABLE: _l("The calculation did not arrive as it should, so it is done again."),
}


@dataclass(eq=False)
class FormRefused(Exception):
    """The form was not recorded, and is shown once more with what is wrong."""

    campaign: CampaignView
    form: Any
    status: int
    retry_after: int | None = None


@dataclass(eq=False)
class ProofRequired(Exception):
    """The form was not recorded: a proof of work is asked for, by a page that passes the form on."""

    campaign: CampaignView
    challenge: str  #: as JSON
    fields: tuple[tuple[str, str], ...]  #: names and values of all that was sent
    has_code: bool  #: the mail has six digits, which do instead of the link
    fault: str  #: what was wrong with the answer before; "" the first time
    status: int = 403
    retry_after: int | None = None


def read_answer(form: ProvableForm, slug: str) -> ProofAnswer:
    """How a valid form answers the page that asks for a proof. A right solution is used up by this."""
    if not form.altcha.data:
        return ProofAnswer.UNPROVED if form.unproved.data else ProofAnswer.NONE
    try:
        solved = proof.check(_purpose(form, slug), form.altcha.data)
    except BadSolution as error:
        return ProofAnswer.EXPIRED if error.fault is Fault.EXPIRED else ProofAnswer.UNUSABLE
    # For longer than it works, on whichever machine it is sent again.
    seconds = int((proof.LIFETIME + tokens.SKEW).total_seconds())
    is_new = velocity.first_time(limits.limiter.limiter.storage, solved, seconds)
    return ProofAnswer.PROVED if is_new else ProofAnswer.SPENT


def assess(
    form: ProvableForm, slug: str, answer: ProofAnswer, *, has_code: bool, **changed: str
) -> frozenset[Signal]:
    """The signals with which a valid form is recorded. `changed`: fields that are passed on with another value. Raises ProofRequired."""
    found = _signals(form, answer)
    for signal in found:
        metrics.signals.labels(signal.value).inc()
    if signals.level(found) is Level.LOW:
        return found
    metrics.step_ups.labels(answer.value).inc()
    if answer is ProofAnswer.PROVED:
        return found | {Signal.PROVED}
    fault, status, seconds = str(_FAULTS.get(answer, "")), 403, None
    if answer is ProofAnswer.UNPROVED:
        try:
            _count_unproved()
            return found | {Signal.UNPROVED}
        except RateLimitExceeded:
            seconds = limits.seconds_to_wait()
            fault, status = _wait(seconds), 429
    campaign, fields = campaign_now_or_404(slug), tuple(_sent(form, changed))
    raise ProofRequired(campaign, _challenge(form, slug), fields, has_code, fault, status, seconds)


def _signals(form: ProvableForm, answer: ProofAnswer) -> frozenset[Signal]:
    shown_at, now = _shown_at(form), clock.now()
    found = signals.age_signals(shown_at, now)
    found |= signals.header_signals(request.headers.get, encrypted=request.is_secure)
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
        found |= velocity.exceeded(storage, soft_limits, count=answer is not ProofAnswer.PROVED)
    return frozenset(found)


def _soft_limits(form: ProvableForm) -> list[SoftLimit]:
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


def _shown_at(form: ProvableForm) -> datetime | None:
    """When the page of the form was made; None without a mark of ours."""
    try:
        found = tokens.read(Purpose.FORM, form.shown_at.data or "")
    except BadToken:
        return None
    return datetime.fromtimestamp(int(found.payload[0]), UTC)


def _purpose(form: ProvableForm, slug: str) -> str:
    """What a challenge is for: one form of one campaign, with one address."""
    return f"{type(form).__name__} {slug} {form.address.canonical}"


def _challenge(form: ProvableForm, slug: str) -> str:
    return json.dumps(proof.challenge(_purpose(form, slug)), separators=(",", ":"))


def _sent(form: ProvableForm, changed: dict[str, str]) -> Iterable[tuple[str, str]]:
    """All fields of the form as they were sent, without the answer to the page that asks for a proof."""
    for field in form:
        if field.name in changed:
            yield field.name, changed[field.name]
        elif field not in (form.altcha, form.unproved):
            yield from ((field.name, value) for value in request.form.getlist(field.name))


def _wait(seconds: int) -> str:
    return str(
        ngettext(
            "Many people in your network have gone on without the calculation. Please do so in about %(num)d minute, or use a browser with JavaScript.",
            "Many people in your network have gone on without the calculation. Please do so in about %(num)d minutes, or use a browser with JavaScript.",
            math.ceil(seconds / 60),
        )
    )


def unproved_limit() -> str:
    return limits.scaled(current_config().limit_unproved, switches.current().limit_factor)


@limits.limited(unproved_limit, scope="unproved")
def _count_unproved() -> None:
    """Count one more form that goes on without proof."""


#: Waits of more minutes than this are not given in minutes.
_MAX_MINUTES = 90
_BY_DOMAIN = "mail domain"


def count(form: ProvableForm, slug: str, *, is_valid: bool) -> None:
    """Count a form that was sent for its network, and when `is_valid` for the domain of its address too.

    Raises TooManyRequests; for the domain's sake FormRefused, which keeps what was typed and says when to come back.
    """
    g.mail_domain = limited_domain(form.address) if is_valid else None
    # A form counts as itself wherever it is sent from: the sign form of the widget is that of the page.
    g.form_sent = type(form).__name__
    try:
        _count()
    except RateLimitExceeded as error:
        if error.limit is None or error.limit.scope != _BY_DOMAIN:
            raise
        seconds = limits.seconds_to_wait()
        form.email.errors = [_words(seconds)]
        raise FormRefused(campaign_now_or_404(slug), form, 429, retry_after=seconds) from None


def limited_domain(address: Address) -> str | None:
    """The registrable domain of an address, whose addresses are counted together; None for the large providers."""
    host = domain_of(address)
    domain = registrable(host) or host
    return None if domain in LARGE_PROVIDERS else domain


def _words(seconds: int) -> str:
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


def _key() -> str:
    """The key of the counter: a keyed hash, as Redis should not reveal mail domains."""
    return vault().keyed_hash(f"limit of domain {g.mail_domain}").hex()


def sign_limit() -> str:
    return limits.scaled(current_config().limit_sign, switches.current().limit_factor)


def _domain_limit() -> str:
    return limits.scaled(current_config().limit_domain, switches.current().limit_factor)


@limits.limiter.shared_limit(
    _domain_limit,
    _BY_DOMAIN,
    key_func=_key,
    exempt_when=lambda: g.mail_domain is None,
    on_breach=limits.counted("domain"),
)
@limits.limited(sign_limit, scope=lambda _endpoint: g.form_sent)
def _count() -> None:
    """Count one more; all counters are checked together."""
