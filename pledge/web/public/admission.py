"""What a form is checked for before it is recorded, of a person and of an organisation: its fields, the limit on sign-ups, and
whether it looks like one of many that a program sends.

The limit counts by network, by the block around it and by mail domain. Whoever owns a mail domain owns every address of it,
from as many networks as they like; the limit of each network does not see that. People of a company or a university who
sign together stay below it, and providers have none.

A form that looks like a program's, or comes above the limit of its network, is asked for a proof of work. Most forms never meet it. The page that asks is the same
whatever the address is and whoever has signed: no signal reads anything about a person, and the page names none. Its form
carries all that was sent, so nothing is typed twice; without JavaScript it goes on without the proof, a few times for each
network (PLEDGE_LIMIT_UNPROVED).
"""

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask import Response, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from config import current_config
from pledge.abuse import proof, signals, velocity
from pledge.abuse.proof import BadSolution, Fault
from pledge.abuse.signals import Level, Signal, is_disposable
from pledge.abuse.velocity import SoftLimit
from pledge.campaigns.opening import CampaignNotOpen, SigningPaused
from pledge.campaigns.queries import CampaignView
from pledge.core import clock, metrics, tokens
from pledge.core.encryption import vault
from pledge.core.networks import is_external
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import breaker
from pledge.mail.addresses import domain_of
from pledge.mail.providers import owned_domain
from pledge.switches import queries as switches
from pledge.web import limits
from pledge.web.public.campaign.pages import (
    RETRY_AFTER_PAUSE,
    campaign_now_or_404,
    campaign_page,
)
from pledge.web.public.forms import ProvableForm
from pledge.web.public.mailed_links.subject import Subject
from pledge.web.templating import render_page


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


def form_page(
    subject: Subject,
    campaign: CampaignView,
    form: ProvableForm | None,
    status: int = 200,
    retry_after: int | None = None,
) -> Response:
    """The page with the form, or of what was wrong with one that was not recorded. None: the page has no form."""
    page = campaign_page(campaign)
    if form is not None:
        form.show_on(page)
    response = render_page(subject.form_template, status, subject=subject, page=page, form=form)
    return _with_retry_after(response, retry_after)


def not_taken(
    subject: Subject, slug: str, form: ProvableForm, error: SigningPaused | CampaignNotOpen
) -> Response:
    """The campaign closed while the page was open (409); staff have paused signing, and with it endorsing (503); or the form
    named a version of a text that does not exist (422). Nothing was stored.
    """
    campaign = campaign_now_or_404(slug)
    if not campaign.is_running:
        return form_page(subject, campaign, form, 409)
    if isinstance(error, SigningPaused):
        return form_page(subject, campaign, form, 503, RETRY_AFTER_PAUSE)
    form.pledge_version.errors = [form.changed_text]
    return form_page(subject, campaign, form, 422)


def admit(subject: Subject, slug: str, form: ProvableForm) -> frozenset[Signal]:
    """The signals with which the form is to be recorded. Otherwise the request is answered here: with what is wrong in it (422),
    when to come back (429), or the page that asks for a proof (403).
    """
    is_valid = form.validate()
    answer = read_answer(form, slug) if is_valid else ProofAnswer.NONE
    # One with its proof was counted when it was sent without.
    seconds = None if answer is ProofAnswer.PROVED else _count(form, is_valid=is_valid)
    # Also when there are other mistakes, so that all of them are shown at once and a good file is kept.
    is_stored = form.store_files()
    if seconds is not None:
        raise HTTPException(response=form_page(subject, campaign_now_or_404(slug), form, 429, seconds))
    if not (is_valid and is_stored):
        raise HTTPException(response=form_page(subject, campaign_now_or_404(slug), form, 422))
    return _assess(subject, slug, form, answer)


def _with_retry_after(response: Response, seconds: int | None) -> Response:
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def read_answer(form: ProvableForm, slug: str) -> ProofAnswer:
    """How a valid form answers the page that asks for a proof. A right solution is used up by this. `slug`: of its campaign, or
    "" where it belongs to none.
    """
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


def _assess(subject: Subject, slug: str, form: ProvableForm, answer: ProofAnswer) -> frozenset[Signal]:
    """The signals of a valid form; one that needs a proof is answered with the page that asks for it."""
    found = _signals(form, answer)
    for signal in found:
        metrics.signals.labels(signal.value).inc()
    if signals.level(found) is Level.LOW:
        return found
    metrics.step_ups.labels(answer.value).inc()
    if answer is ProofAnswer.PROVED:
        return found | {Signal.PROVED}
    status, seconds, fault = 403, None, ""
    if answer is ProofAnswer.UNPROVED:
        try:
            _count_unproved()
            return found | {Signal.UNPROVED}
        except RateLimitExceeded:
            seconds = limits.seconds_to_wait()
            fault, status = _wait(seconds), 429
    about = {"subject": subject, "page": campaign_now_or_404(slug)}
    page = _proof_page(form, slug, str(_FAULTS.get(answer, fault)), status, **about)
    raise HTTPException(response=_with_retry_after(page, seconds))


def ask_for_proof(form: ProvableForm, answer: ProofAnswer, *, address: str) -> Response:
    """The page that asks for a proof, for a form of no campaign; without JavaScript one may write to this address."""
    return _proof_page(form, "", str(_FAULTS.get(answer, "")), 403, subject=None, address=address)


def _proof_page(form: ProvableForm, slug: str, fault: str, status: int, **about: Any) -> Response:
    """With all that was sent, so that nothing is typed twice."""
    return render_page(
        "public/signing/proof_of_work.html",
        status,
        challenge=json.dumps(proof.challenge(_purpose(form, slug)), separators=(",", ":")),
        fields=list(_sent(form)),
        fault=fault,
        **about,
    )


def _signals(form: ProvableForm, answer: ProofAnswer) -> frozenset[Signal]:
    shown_at, now = _shown_at(form), clock.now()
    found = signals.age_signals(shown_at, now)
    found |= signals.header_signals(request.headers.get, encrypted=request.is_secure)
    if is_disposable(domain_of(form.address)):
        found.add(Signal.DISPOSABLE)
    if breaker.is_open():
        found.add(Signal.BREAKER)
    if is_external(limits.client_network()):
        # A form with its proof was counted when it was sent without.
        storage = limits.limiter.limiter.storage
        soft_limits = _soft_limits(form)
        if shown_at is not None and now - shown_at > signals.SHARED_FOR:
            soft_limits += _mark_limits(int(shown_at.timestamp()))
        found |= velocity.exceeded(storage, soft_limits, count=answer is not ProofAnswer.PROVED)
    return frozenset(found)


def _soft_limits(form: ProvableForm) -> list[SoftLimit]:
    config, factor = current_config(), switches.current().limit_factor
    each, free = limits.scaled(config.step_up_network, factor), limits.scaled(config.limit_sign, factor)
    kind = type(form).__name__
    found = [
        SoftLimit(Signal.LIMIT, f"{kind} {limits.client_network()}", free),
        SoftLimit(Signal.LIMIT, f"{kind} {limits.client_block()}", limits.scaled(free, limits.BLOCK_FACTOR)),
        SoftLimit(Signal.NETWORK, limits.client_network(), each),
        SoftLimit(Signal.WIDE_NETWORK, limits.client_block(), limits.scaled(each, limits.BLOCK_FACTOR)),
    ]
    domain = owned_domain(domain_of(form.address))
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


def _sent(form: ProvableForm) -> Iterable[tuple[str, str]]:
    """All fields of the form as they were sent, without the answer to the page that asks for a proof and without files."""
    for field in form:
        if field not in (form.altcha, form.unproved):
            yield from ((field.name, value) for value in field.raw_data or () if isinstance(value, str))


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


def _count(form: ProvableForm, *, is_valid: bool) -> int | None:
    """Count a form that was sent for its network, and when `is_valid` for the domain of its address too.

    Raises TooManyRequests; for the domain's sake the form says so, and the seconds to wait are returned.
    """
    g.mail_domain = owned_domain(domain_of(form.address)) if is_valid else None
    # A form counts as itself wherever it is sent from: the sign form of the widget is that of the page.
    g.form_sent = type(form).__name__
    try:
        _count_sent()
    except RateLimitExceeded as error:
        if error.limit is None or error.limit.scope != _BY_DOMAIN:
            raise
        seconds = limits.seconds_to_wait()
        form.email.errors = [_words(seconds)]
        return seconds
    return None


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


#: How many times PLEDGE_LIMIT_SIGN a network may send with proof of work: an office or a hall is never told to come back.
PROVED_FACTOR = 10


def sign_limit() -> str:
    return limits.scaled(current_config().limit_sign, PROVED_FACTOR * switches.current().limit_factor)


@limits.limiter.shared_limit(
    lambda: limits.scaled(current_config().limit_domain, switches.current().limit_factor),
    _BY_DOMAIN,
    key_func=_key,
    exempt_when=lambda: g.mail_domain is None,
    on_breach=limits.counted("domain"),
)
@limits.limited(sign_limit, scope=lambda _endpoint: g.form_sent)
def _count_sent() -> None:
    """Count one more; all counters are checked together."""
