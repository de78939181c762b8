"""Mails about signatures on their way into the outbox: within the caps, and those that people asked for (mail/requests.py).

Which mail follows a request depends on the person. That is decided here and not in the request, so that neither its answer
nor its time reveals anything.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import LargeBinary, delete, exists, func, or_, select, text, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from pledge.abuse import signals
from pledge.abuse.signals import Signal, is_among
from pledge.core import clock
from pledge.core.encryption import Unreadable, vault
from pledge.mail import allowance, outbox
from pledge.mail.models import (
    GROUP_BYTES,
    TO_CONFIRM,
    MailKind,
    MailRequest,
    MailState,
    OutboxMail,
    RequestKind,
)
from pledge.mail.outbox import NewMail
from pledge.mail.providers import exact
from pledge.mail.requests import DOUBLE, Handlers, one_by_one
from pledge.signatures.models import EMAIL_CONTEXT, PENDING, SETTLED, Signature, SignatureState
from pledge.signatures.queries import MAIL_TAKEN_OUT, OF_PERSON, OTHER

#: Submissions of one person that may wait in a campaign.
MAX_PENDING = 3

_OTHER = Signature.__table__.alias("o")

#: The first mail with a code and no link has its own slot: it is requested from the mailbox right after another mail.
CODE_SLOT = "code"


@dataclass(frozen=True)
class SignatureMail:
    """A mail about a signature, for now or for the next free slot."""

    kind: MailKind
    signature_id: int
    lang: str
    slot_kind: str = ""  #: whose slots it takes; "": those of its own kind

    @property
    def asks(self) -> bool:
        """Whether it asks to confirm. A mailbox that has never confirmed anything gets few of these."""
        return self.kind in TO_CONFIRM

    @property
    def takes_over(self) -> bool:
        """Whether it may take the place of mails about older forms."""
        return self.kind is MailKind.CONFIRM and not self.slot_kind


def enqueue_all(session: Session, wanted: Sequence[SignatureMail], *, may_wait: bool) -> int:
    """Enqueue these mails for now, or for the next free slots if they may wait; returns how many are enqueued.

    A signature may have one confirm mail among them. Mails about deleted signatures are left out. A confirm mail replaces
    the waiting ones for older forms of the same address and campaign.
    """
    query = _FACTS.where(Signature.id.in_({mail.signature_id for mail in wanted}))
    facts = {row[0]: _Facts(*row) for row in session.execute(query)}
    wanted = _newest([mail for mail in wanted if mail.signature_id in facts], facts)
    if not wanted:
        return 0
    granted = _granted(session, wanted, facts, may_wait=may_wait)
    numbers = _numbers(session, [(mail, due_at) for mail, due_at in granted if mail.kind is MailKind.CONFIRM])
    mails = [
        NewMail(
            *(mail.kind, mail.signature_id, mail.lang),
            seq=numbers[mail.signature_id] if mail.kind is MailKind.CONFIRM else 1,
            due_at=due_at,
            known=not mail.asks or facts[mail.signature_id].has_confirmed,
            proved=mail.asks and is_among(Signal.PROVED, facts[mail.signature_id].signals),
            domain_hash=outbox.domain_group(facts[mail.signature_id].address),
            network_hash=facts[mail.signature_id].network_group,
            suspicious=signals.is_suspicious(facts[mail.signature_id].signals),
        )
        for mail, due_at in granted
        if mail.kind is not MailKind.CONFIRM or mail.signature_id in numbers
    ]
    outbox.enqueue(session, *mails)
    return len(mails)


def enqueue(
    session: Session,
    kind: MailKind,
    signature_id: int,
    lang: str,
    *,
    may_wait: bool = False,
) -> bool:
    """Enqueue a mail for now, or for the next free slot if `may_wait`; returns whether it is enqueued."""
    return enqueue_all(session, [SignatureMail(kind, signature_id, lang)], may_wait=may_wait) == 1


def mail_taken_out(session: Session, signature_ids: Sequence[int]) -> None:
    """Enqueue the mails to those whom the fold takes out of the count, above the caps: a stranger could use them up.

    Whoever is erased cannot be told, and whoever is counted again need not be.
    """
    is_out = Signature.id.in_(signature_ids), Signature.state != SignatureState.CONFIRMED
    rows = session.execute(select(MAIL_TAKEN_OUT, Signature.id, Signature.lang).where(*is_out))
    outbox.enqueue(session, *(NewMail(MailKind(row[0]), row.id, row.lang, known=True) for row in rows))


@dataclass(frozen=True)
class _Facts:
    """What is known of the signature that a mail is about."""

    id: int
    campaign_id: int
    submitted_at: datetime
    address_hash: bytes
    sealed_email: bytes
    signals: str | None
    wide_network_hash: bytes | None
    has_confirmed: bool

    @cached_property
    def address(self) -> str:
        """An address that no key opens must not block the others: nothing can be sent, and it gets its own slots."""
        try:
            return vault().unseal(bytes(self.sealed_email), EMAIL_CONTEXT)
        except Unreadable:
            return f"{self.address_hash.hex()}@"

    @property
    def network_group(self) -> bytes | None:
        """The value of OutboxMail.network_hash."""
        return self.wide_network_hash and self.wide_network_hash[:GROUP_BYTES]

    def is_newer(self, other: "_Facts") -> bool:
        """Whether this is a newer form with the very address of the other, in any campaign."""
        is_same = exact(self.address) == exact(other.address)
        return is_same and self.id != other.id and self.submitted_at >= other.submitted_at


_FACTS = select(
    Signature.id,
    Signature.campaign_id,
    Signature.submitted_at,
    Signature.address_hash,
    type_coerce(Signature.email, LargeBinary),
    Signature.signals,
    Signature.wide_network_hash,
    allowance.confirmed_once(_OTHER, Signature.address_hash),
)


def _newest(wanted: Sequence[SignatureMail], facts: Mapping[int, _Facts]) -> list[SignatureMail]:
    """Drop confirm mails superseded by a newer form of the same address and campaign."""
    about = [(facts[mail.signature_id], mail) for mail in wanted if mail.takes_over]
    newest = {(exact(mine.address), mine.campaign_id): mail for mine, mail in about}
    return [mail for mail in wanted if not mail.takes_over or mail in newest.values()]


def _granted(
    session: Session, wanted: Sequence[SignatureMail], facts: Mapping[int, _Facts], *, may_wait: bool
) -> list[tuple[SignatureMail, datetime]]:
    """When each of these mails goes out. A confirm mail replaces older ones waiting in its campaign; without a free slot it takes
    that of the first one waiting in another campaign.
    """
    waiting = _waiting(session, [facts[mail.signature_id] for mail in wanted if mail.takes_over])
    due: dict[SignatureMail, datetime | None] = {}
    for mail in wanted:
        mine = facts[mail.signature_id]
        older = [
            mail_id
            for mail_id, other in waiting
            if mine.is_newer(other) and mine.campaign_id == other.campaign_id
        ]
        due[mail] = outbox.take_over(session, older) if mail.takes_over else None
    rest = [mail for mail in wanted if due[mail] is None]
    slots = allowance.take_slots(
        session, [_slot(mail, facts[mail.signature_id]) for mail in rest], may_wait=may_wait
    )
    for mail, slot in zip(rest, slots, strict=True):
        first = [mail_id for mail_id, other in waiting if facts[mail.signature_id].is_newer(other)][:1]
        due[mail] = slot or (outbox.take_over(session, first) if mail.takes_over else None)
    return [(mail, at) for mail, at in due.items() if at is not None]


def _waiting(session: Session, about: Sequence[_Facts]) -> list[tuple[int, _Facts]]:
    """The mails to confirm that wait for these people, in the order in which they are due."""
    query = (
        _FACTS.add_columns(OutboxMail.id)
        .join(Signature, Signature.id == OutboxMail.subject_id)
        .where(
            Signature.address_hash.in_({signer.address_hash for signer in about}),
            OutboxMail.kind == MailKind.CONFIRM,
            outbox.waits(),
        )
        .order_by(OutboxMail.due_at, OutboxMail.id)
    )
    return [(row[-1], _Facts(*row[:-1])) for row in session.execute(query)] if about else []


def _slot(mail: SignatureMail, facts: _Facts) -> allowance.SlotRequest:
    return allowance.SlotRequest(
        facts.address,
        mail.slot_kind or (MailKind.CONFIRM if mail.asks else mail.kind),
        unconfirmed=mail.asks and not facts.has_confirmed,
    )


def _numbers(session: Session, granted: Sequence[tuple[SignatureMail, datetime]]) -> dict[int, int]:
    """The number of each confirm mail, from which its code is made, by signature id; deleted signatures are left out."""
    by_due: dict[datetime, list[int]] = defaultdict(list)
    for mail, due_at in granted:
        by_due[due_at].append(mail.signature_id)
    numbers: dict[int, int] = {}
    for due_at, ids in by_due.items():
        statement = (
            update(Signature)
            .where(Signature.id.in_(ids))
            .values(mails=Signature.mails + 1, code_since=due_at)
            .returning(Signature.id, Signature.mails)
            .execution_options(synchronize_session=False)
        )
        numbers.update((number, mails) for number, mails in session.execute(statement))
    return numbers


#: Without the sealed columns: nothing needs to be opened here.
_SUBMISSIONS = (
    select(
        Signature.id,
        Signature.state,
        Signature.signals,
        # Somebody asked for a code without a link, and no mail with one is enqueued yet.
        Signature.mails == Signature.code_only_after,
        select(OTHER.id).where(OF_PERSON, text(f"o.{SETTLED}")).scalar_subquery(),
    )
    .order_by(Signature.id)
    .with_for_update()
)


def handlers() -> Handlers:
    """The handler of each kind of request."""
    return {RequestKind.CONFIRM: handle_confirm, RequestKind.LINK: one_by_one(handle_link)}


def handle_confirm(session: Session, requests: Sequence[MailRequest]) -> None:
    """Enqueue the mails to confirm these submissions; for a person who is settled already, one that says so; none for a
    submission that is gone.

    For a submission of somebody who has withdrawn since it is the link to their own page, where they may sign again.
    """
    langs: dict[int, str] = {}
    for request in requests:
        if request.subject_id is not None:
            langs.setdefault(request.subject_id, request.lang)  # sent twice, a form is answered once
    ids = list(langs)
    mails, proved = {}, []
    for number, state, signals_seen, wants_code, settled in session.execute(
        _SUBMISSIONS.where(Signature.id.in_(ids))
    ):
        mails[number] = _mail_about(number, state, langs[number], wants_code=wants_code, settled=settled)
        if is_among(Signal.PROVED, signals_seen):
            proved.append(number)
    _lift(session, proved)
    _enqueue_once(session, [mails[number] for number in ids if number in mails])
    _trim(session, ids)


def handle_link(session: Session, request: MailRequest) -> None:
    """Enqueue the link to one's own page; if nothing was ever confirmed, the mail to confirm; for a stranger nothing."""
    campaign_id, hashed = request.campaign_id, bytes(request.address_hash or b"")
    of_person = (Signature.address_hash == hashed, Signature.campaign_id == campaign_id)
    # The settled row; else the one that was withdrawn last; else the last pending one, which a stranger may have sent.
    order = (
        text(f"NOT ({SETTLED})"),
        Signature.state == SignatureState.PENDING,
        Signature.submitted_at.desc(),
    )
    query = select(Signature.id, Signature.state).where(*of_person).order_by(*order).limit(1)
    row = session.execute(query).first()
    if row is not None:
        kind = MailKind.CONFIRM if row.state == SignatureState.PENDING else MailKind.MANAGE
        _enqueue_once(session, [SignatureMail(kind, row.id, request.lang)])


def _mail_about(
    signature_id: int, state: str, lang: str, *, wants_code: bool, settled: int | None
) -> SignatureMail:
    """`settled`: the id of the person's settled row, if there is one."""
    if settled is not None:
        return SignatureMail(MailKind.ALREADY, settled, lang)
    if state == SignatureState.WITHDRAWN:
        return SignatureMail(MailKind.MANAGE, signature_id, lang)
    # The mail with the link may have gone out a moment ago: the one with a code is another mail, and has slots of its own.
    return SignatureMail(MailKind.CONFIRM, signature_id, lang, CODE_SLOT if wants_code else "")


def _lift(session: Session, ids: Sequence[int]) -> None:
    """Let the mails that wait to confirm these go first, as their forms were sent again with proof of work."""
    waiting = (OutboxMail.kind == MailKind.CONFIRM, OutboxMail.state == MailState.QUEUED)
    if ids:
        session.execute(
            update(OutboxMail).where(OutboxMail.subject_id.in_(ids), *waiting).values(proved=True)
        )


def _enqueue_once(session: Session, wanted: Sequence[SignatureMail]) -> None:
    """Enqueue these mails, except those that are waiting already or were enqueued within DOUBLE."""
    is_enqueued = or_(OutboxMail.state == MailState.QUEUED, OutboxMail.created_at > clock.now() - DOUBLE)
    query = select(OutboxMail.kind, OutboxMail.subject_id).where(
        OutboxMail.subject_id.in_([wanted_mail.signature_id for wanted_mail in wanted]), is_enqueued
    )
    enqueued = {(kind, number) for kind, number in session.execute(query)}
    fresh: dict[tuple[str, int], SignatureMail] = {}
    for wanted_mail in wanted:
        mail = (wanted_mail.kind.value, wanted_mail.signature_id)
        if wanted_mail.slot_kind == CODE_SLOT or mail not in enqueued:
            fresh.setdefault(mail, wanted_mail)
    enqueue_all(session, list(fresh.values()), may_wait=True)


def _trim(session: Session, ids: Sequence[int]) -> None:
    """Keep MAX_PENDING pending rows per person and campaign: first those with a mail sent or waiting, so that its link goes on
    working, then the newest.
    """
    has_mail = exists().where(
        OutboxMail.subject_id == Signature.id,
        OutboxMail.kind == MailKind.CONFIRM,
        OutboxMail.state.in_([MailState.QUEUED, MailState.SENT]),
    )
    of_person = tuple_(Signature.address_hash, Signature.campaign_id)
    order = (has_mail.desc(), Signature.submitted_at.desc(), Signature.id)
    ranked = (
        select(
            Signature.id, func.row_number().over(partition_by=of_person.clauses, order_by=order).label("rank")
        )
        .where(
            text(PENDING),
            of_person.in_(select(OTHER.address_hash, OTHER.campaign_id).where(OTHER.id.in_(ids))),
        )
        .subquery()
    )
    session.execute(
        delete(Signature)
        .where(Signature.id.in_(select(ranked.c.id).where(ranked.c.rank > MAX_PENDING)), text(PENDING))
        .execution_options(synchronize_session=False)
    )
