"""The list of reasons that staff choose from when they decline, ask for changes or remove; and editing it.

The built-in ones are here, and in the catalogues, so that reviews work from the first day. A row of the same code
replaces a built-in one; staff add codes of their own. A reason is never deleted, only no longer offered.
"""

import re
from collections.abc import Mapping

from sqlalchemy import select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core.db import load, transaction
from pledge.core.i18n import Phrase
from pledge.core.languages import texts
from pledge.endorsements.models import ReasonKind, ReviewReason

#: Characters of a wording in each language, and of what is added to it.
MAX_WORDING = 500
CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")


class BadReason(ValueError):
    """Not a reason of the list: unknown, no longer offered, for another decision, or without a language."""


#: What the desk begins with, by kind and code.
BUILT_IN: dict[ReasonKind, dict[str, Phrase]] = {
    ReasonKind.CHANGES: {
        "official-name": Phrase(
            "reason", "The name is not the organisation’s official one. Please give the official name."
        ),
        "logo-unclear": Phrase("reason", "The logo is blurred or cut off. Please upload a clearer file."),
        "statement-off-topic": Phrase(
            "reason", "The statement is not about this campaign’s pledge. Please write about the pledge."
        ),
        "website-not-reached": Phrase("reason", "We could not open the website. Please check its address."),
        "work-email": Phrase("reason", "Please apply with an e-mail address of your organisation."),
    },
    ReasonKind.DECLINE: {
        "authority-unclear": Phrase(
            "reason", "We could not confirm that you may speak for the organisation."
        ),
        "not-an-organisation": Phrase(
            "reason", "This is not an organisation that we could confirm. Please sign as a person instead."
        ),
        "already-listed": Phrase("reason", "The organisation is already listed through another application."),
        "against-pledge": Phrase(
            "reason", "What the organisation does in public does not agree with the pledge."
        ),
    },
    ReasonKind.REMOVE: {
        "not-authorised": Phrase(
            "reason", "The organisation told us that it had not authorised this endorsement."
        ),
        "closed-down": Phrase("reason", "The organisation no longer exists."),
        "broke-pledge": Phrase("reason", "The organisation no longer acts in line with the pledge."),
        "listed-by-mistake": Phrase("reason", "It was listed by mistake."),
    },
}


def all_reasons() -> list[ReviewReason]:
    """Every reason, offered or not, by kind: built-in ones in their order, then those that staff added."""
    stored = {row.code: row for row in load(select(ReviewReason).order_by(ReviewReason.code))}
    built_in = [
        stored.pop(code)
        if code in stored
        else ReviewReason(code=code, kind=kind, wording=phrase.in_each(), active=True)
        for kind, phrases in BUILT_IN.items()
        for code, phrase in phrases.items()
    ]
    return sorted(
        [*built_in, *stored.values()], key=lambda reason: list(ReasonKind).index(ReasonKind(reason.kind))
    )


def offered(kind: ReasonKind) -> list[ReviewReason]:
    """The reasons that can be chosen for a decision."""
    return [reason for reason in all_reasons() if reason.kind == kind and reason.active]


def chosen(kind: ReasonKind, code: str) -> ReviewReason:
    """The reason of that code. Raises BadReason when it is not offered for this decision."""
    for reason in offered(kind):
        if reason.code == code:
            return reason
    raise BadReason(code)


def save(actor: Actor, *, code: str, kind: ReasonKind, wording: Mapping[str, str], active: bool) -> None:
    """Add a reason or change its wording, in every language; recorded in the audit log. A code never changes its kind.

    Raises BadReason.
    """
    kept = texts({lang: " ".join(text.split()) for lang, text in wording.items()})
    if not CODE.fullmatch(code) or not kept.is_complete or max(map(len, kept.values())) > MAX_WORDING:
        raise BadReason(code)
    if any(code in reasons and kind is not other for other, reasons in BUILT_IN.items()):
        raise BadReason(code)
    with transaction() as session:
        row = session.get(ReviewReason, code, with_for_update=True)
        if row is None:
            row = ReviewReason(code=code, kind=kind)
            session.add(row)
        elif row.kind != kind:
            raise BadReason(code)
        row.wording, row.active = kept, active
        record(session, actor, "reason.save", f"reason:{code}", kind=kind, active=active, **kept)
