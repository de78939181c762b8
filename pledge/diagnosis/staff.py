"""Who hears of changes to accounts, roles and pledge texts: the worker mails administrators what the audit log says of them.

On PostgreSQL the web server's role can make no such change without an entry (migration 0119).
"""

import secrets
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.abuse.models import AlertKind
from pledge.accounts.queries import unlike_audit_log
from pledge.accounts.staff_alerts import alert
from pledge.audit import queries as audit
from pledge.audit.labels import ACTIONS
from pledge.audit.models import AuditEntry, AuditWatched
from pledge.campaigns.moderation import audit_name
from pledge.campaigns.queries import published_slugs
from pledge.core import clock, languages
from pledge.core.db import fetch, transaction
from pledge.core.i18n import SEOUL, Phrase
from pledge.diagnosis import Finding, ok, problem

#: What makes an account, opens it or gives it another role.
_STAFF_ACTIONS = ("staff.invite", "staff.invite_again", "staff.set_roles")
#: What changes a pledge text; of a draft nobody has to hear.
_PLEDGE_ACTIONS = ("campaign.create", "campaign.pledge")
_UNLIKE = Phrase("alert", "staff account %(number)s is not what the audit log says")


def alert_changes() -> None:
    """Mail administrators the entries since the last look. The first look only notes where the log ends."""
    newest = audit.newest()
    if fetch(select(AuditWatched.entry_id)).scalar() == newest:
        return
    with transaction() as session:
        watched = session.get(AuditWatched, 1, with_for_update=True) or AuditWatched(id=1, entry_id=newest)
        published = {audit_name(slug) for slug in published_slugs(session.connection()).values()}
        query = select(AuditEntry).where(
            *(AuditEntry.id > watched.entry_id, AuditEntry.id <= newest),
            AuditEntry.action.in_(_STAFF_ACTIONS)
            | (AuditEntry.action.in_(_PLEDGE_ACTIONS) & AuditEntry.subject.in_(published)),
        )
        for entry in session.scalars(query.order_by(AuditEntry.id)).all():
            # Under a name that nobody can guess: an alert that exists is not sent again.
            _alert(session, secrets.token_hex(8), ACTIONS[entry.action])
        watched.entry_id = newest
        session.add(watched)


def alert_differences() -> None:
    """Mail administrators which accounts are not what the audit log says, each once a day."""
    # Looked at twice, as an account may be changed between reading the log and the accounts.
    if unlike := unlike_audit_log() and unlike_audit_log():
        today = f"{clock.now().astimezone(SEOUL):%Y-%m-%d}"
        with transaction() as session:
            for number in sorted(unlike):
                _alert(session, f"{number} {today}", _UNLIKE, number=str(number))


def staff_findings() -> Iterator[Finding]:
    """Check that open accounts and their roles are those of the audit log."""
    for number in sorted(unlike := unlike_audit_log()):
        yield problem(
            "staff", f"account {number} is not what the audit log says: somebody wrote to the database"
        )
    if not unlike:
        yield ok("staff", "open accounts and their roles are those of the audit log")


def _alert(session: Session, about: str, what: Phrase, **values: str) -> None:
    texts = {lang: what.in_language(lang, **values) for lang in languages.codes()}
    alert(session, AlertKind.STAFF_CHANGED, about, what=texts)
