"""The mails about a signature. A mail that is out of date when its turn comes is None and is not sent.

No word that came from the form goes into a mail: a stranger must not be able to send texts through us. Links and codes
are made here, when the mail is sent, so neither the outbox nor a copy of the database holds a live one.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import defer

from pledge.abuse import mail_servers
from pledge.abuse.signals import Signal, is_among
from pledge.campaigns import followups, goals
from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import closed_on, confirmable_until, is_open
from pledge.campaigns.senders import composer
from pledge.core import clock, tokens, urls
from pledge.core.i18n import format_count, format_date, format_datetime, format_ordinal
from pledge.core.tokens import Purpose
from pledge.ledger.models import LedgerHead
from pledge.ledger.queries import number_column
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail
from pledge.mail.providers import PROVIDERS
from pledge.signatures.models import ERASURE_DELAY, PENDING_LIFETIME, Signature, SignatureState
from pledge.signatures.queries import HAS_CONFIRMED, IS_COUNTED, IS_REFUSED, IS_SETTLED
from pledge.signatures.services import CODE_LIFETIME
from pledge.switches import queries as switches


@dataclass(frozen=True)
class Signer:
    """The recipient, and the signature that a mail is about, as it is now."""

    mail_id: int
    row: Signature
    campaign: Campaign
    is_settled: bool
    is_counted: bool
    has_confirmed: bool
    is_refused: bool
    number: int | None
    people: int | None  #: counted in the campaign; None before the first


_SIGNERS = (
    select(
        OutboxMail.id,
        Signature,
        Campaign,
        IS_SETTLED,
        IS_COUNTED,
        HAS_CONFIRMED,
        IS_REFUSED,
        number_column(Signature.id),
        LedgerHead.people,
    )
    .join(Signature, Signature.id == OutboxMail.subject_id)
    .join(Campaign, Campaign.id == Signature.campaign_id)
    .outerjoin(LedgerHead, LedgerHead.campaign_id == Campaign.id)
    # Nothing that a stranger may have written, and no secret, can get into a mail.
    .options(defer(Signature.name, raiseload=True), defer(Signature.salt, raiseload=True))
)


def composers() -> Composers:
    """The composer of each kind of mail."""
    mails = {
        MailKind.CONFIRM: confirm,
        MailKind.REMINDER: reminder,
        MailKind.THANKS: thanks,
        MailKind.HELD: held,
        MailKind.ALREADY: already,
        MailKind.MANAGE: manage,
        MailKind.INVALIDATED: invalidated,
        MailKind.WITHDRAWN: withdrawn,
        MailKind.WITHDRAWN_SELF: withdrawn_self,
        MailKind.UNSUBSCRIBED: unsubscribed,
        MailKind.ERASURE: erasure,
    }
    return {kind: composer(_SIGNERS, Signer, write) for kind, write in mails.items()}


def confirm(mail: Claimed, signer: Signer) -> Message | None:
    """Please confirm: only while this submission is pending and no other one of the person is settled.

    It says until when. When it waited for more than a week, only the link still works. A mail that was asked for like that, and
    that about a form that came without its proof of work, has a code and no link: it is confirmed where it was sent from.
    """
    now, until = clock.now(), _confirmable_until(signer)
    if until is None:
        return None
    code, code_until = "", signer.row.code_since + CODE_LIFETIME
    if code_until > now:
        code, until = tokens.code(signer.row.id, mail.seq), min(until, code_until)
    is_asked_for = signer.row.code_only_after is not None and mail.seq > signer.row.code_only_after
    has_link = not is_asked_for and not is_among(Signal.UNPROVED, signer.row.signals)
    if not has_link and not code:
        return None
    closed = closed_on(signer.campaign.closes_at, mail.lang)
    return _to_confirm(mail, signer, until, has_link=has_link, code=code, closed=closed)


def reminder(mail: Claimed, signer: Signer) -> Message | None:
    """You have not confirmed yet: as confirm(), and only while the campaign takes signatures. It has no code, so that of the
    mail before stays the newest.
    """
    until = _confirmable_until(signer)
    if (
        until is None
        or signer.has_confirmed
        or not is_open(signer.campaign)
        or switches.current().signing_paused
    ):
        return None
    if is_among(Signal.UNPROVED, signer.row.signals):
        return None
    return _to_confirm(mail, signer, until)


def thanks(mail: Claimed, signer: Signer) -> Message | None:
    """Your signature is counted: the number, the next step and how to share it; then the receipt and the own page."""
    if signer.row.state != SignatureState.CONFIRMED:
        return None
    token, number = tokens.mint(Purpose.MANAGE, [signer.row.id]), signer.number
    campaign = urls.campaign_link(mail.lang, signer.campaign.slug)
    card = followups.current(signer.campaign, mail.lang)
    step = goals.next_step(
        max(signer.people or 0, number or 0), signer.campaign.goal, signer.campaign.goal_steps
    )
    values = {
        "link": f"{campaign}#share-title",
        "own": urls.public_url("public.signature_me", lang=mail.lang, token=token),
        "receipt": urls.public_url("public.signature_me_receipt", lang=mail.lang, token=token, open=1),
        "share": campaign,
        "contact": urls.contact(),
        "place": "" if number is None else format_ordinal(number, mail.lang),
        "remaining": format_count(step.remaining, mail.lang) if is_open(signer.campaign) else "",
        "target": format_count(step.target, mail.lang),
        "words": signer.campaign.thanks[mail.lang],
        "next_title": card.title if card else "",
        "next_sentence": card.sentence if card else "",
        "next_link": card.link if card else "",
    }
    return Message(signer.row.email, values)


def held(mail: Claimed, signer: Signer) -> Message | None:
    """A person looks at your signature before it is counted, why, and how to object; never which check asked for it."""
    return _to_own_page(mail, signer) if signer.row.state == SignatureState.HELD else None


def already(mail: Claimed, signer: Signer) -> Message | None:
    """You are already counted since …; or the truth, where staff have taken the signature out of the count. For a held one the
    own page says so.
    """
    if message := invalidated(mail, signer):
        return replace(message, template=MailKind.INVALIDATED)
    if signer.row.state == SignatureState.HELD:
        return replace(_to_own_page(mail, signer), template=MailKind.MANAGE)
    if signer.row.state != SignatureState.CONFIRMED or signer.row.confirmed_at is None:
        return None
    return _to_own_page(mail, signer, since=format_date(signer.row.confirmed_at, mail.lang))


def manage(mail: Claimed, signer: Signer) -> Message | None:
    """The link to one's own page, for a signature that was confirmed once."""
    return None if signer.row.state == SignatureState.PENDING else _to_own_page(mail, signer)


def invalidated(mail: Claimed, signer: Signer) -> Message | None:
    """Your signature is not counted, any more or at all, and how to object."""
    if signer.row.state != SignatureState.INVALIDATED:
        return None
    return _to_own_page(mail, signer, refused="yes" if signer.is_refused else "")


def withdrawn(mail: Claimed, signer: Signer) -> Message | None:
    """The secretariat has withdrawn your signature, as it was asked to."""
    if signer.row.state != SignatureState.WITHDRAWN:
        return None
    return _to_own_page(mail, signer, is_open="yes" if is_open(signer.campaign) else "")


def withdrawn_self(mail: Claimed, signer: Signer) -> Message | None:
    """You have withdrawn your signature; not to somebody who is counted again since."""
    return None if signer.is_counted else withdrawn(mail, signer)


def unsubscribed(mail: Claimed, signer: Signer) -> Message | None:
    """The secretariat has stopped your news, as it was asked to."""
    return None if signer.row.updates else _to_own_page(mail, signer)


def erasure(mail: Claimed, signer: Signer) -> Message | None:
    """The secretariat was asked to erase your data, and does so unless you stop it; a late mail leaves as much time."""
    if signer.row.erase_at is None:
        return None
    until = format_datetime(max(signer.row.erase_at, clock.now() + ERASURE_DELAY), mail.lang)
    return _to_own_page(mail, signer, "public.signature_me_keep", until=until)


def _confirmable_until(signer: Signer) -> datetime | None:
    """Until when a link that is minted now confirms: a mail that is sent late has less left of the fourteen days than a link
    works, and after the campaign has closed only its day of grace. None when there is nothing to confirm.
    """
    if signer.row.state != SignatureState.PENDING or signer.is_settled:
        return None
    until = min(tokens.expires_at(Purpose.CONFIRM), signer.row.submitted_at + PENDING_LIFETIME)
    return confirmable_until(until, signer.campaign.closes_at)


def _to_confirm(
    mail: Claimed, signer: Signer, until: datetime, *, has_link: bool = True, **values: str
) -> Message:
    """A mail without a link must not lead to the page for the code either, or a machine that reads mail would get there."""
    links, domain = {"link": "", "not_me": ""}, signer.row.email.rpartition("@")[2]
    if has_link:
        token = tokens.mint(Purpose.CONFIRM, [signer.row.id])
        links = {
            "link": urls.public_url("public.signature_confirm", lang=mail.lang, token=token),
            "not_me": urls.public_url("public.signature_not_mine", lang=mail.lang, token=token),
        }
        if signer.row.domain_hash is not None and domain not in PROVIDERS:
            # Here and not when the mail is enqueued: after a worker was killed, the mail is written again and noted again.
            mail_servers.note(bytes(signer.row.domain_hash), domain, signer.campaign.slug)
    until_text = format_datetime(until, mail.lang)
    return Message(signer.row.email, {"until": until_text, **links, **values})


def _to_own_page(mail: Claimed, signer: Signer, page: str = "public.signature_me", **values: str) -> Message:
    link = urls.public_url(page, lang=mail.lang, token=tokens.mint(Purpose.MANAGE, [signer.row.id]))
    return Message(signer.row.email, {"link": link, "contact": urls.contact(), **values})
