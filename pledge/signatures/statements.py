"""The SQL of the two hot paths, signing and confirming: one round trip each on PostgreSQL.

PostgreSQL runs each as one statement of chained CTEs; SQLite has no data-modifying CTE, so there the same fragments run
one after the other inside BEGIN IMMEDIATE. The fragments are shared, so both databases follow the same rules.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, Connection, String, TextClause, bindparam, text
from sqlalchemy.exc import IntegrityError

from pledge.abuse.models import HoldReason
from pledge.campaigns.opening import CONFIRM_GRACE, OPEN, TAKES_CONFIRMATIONS
from pledge.core import clock
from pledge.core.db import is_postgresql, write_autocommit
from pledge.core.db.types import UTCDateTime
from pledge.ledger.services import hour_of
from pledge.signatures.models import PENDING, SETTLED, SETTLED_INDEX, Signature, SignatureState

#: Why the form itself puts a signature on hold. Sent again from elsewhere without a reason, it sets the signature free, so the
#: watch looks at these too.
HELD_BY_FORM = (HoldReason.SIGNALS.value, HoldReason.BLOCKED.value)
#: How long after confirming the mail with thanks goes out; until then it can be declined. Pages name this time.
THANKS_AFTER = timedelta(minutes=10)
#: Likewise the mail that says that the signature is held: what staff release before is thanked for only.
HELD_AFTER = timedelta(minutes=5)

#: The open campaign, and the pledge text and the consent that were shown (the current ones when the form named none).
_CHOSEN = f"""
    SELECT campaigns.id AS campaign_id, p.id AS pledge_text_id, c.version AS consent_version
      FROM campaigns JOIN pledge_texts p ON p.campaign_id = campaigns.id
           JOIN campaign_consents c ON c.campaign_id = campaigns.id
     WHERE campaigns.slug = :slug AND {OPEN}
       AND p.version = COALESCE(CAST(:pledge_version AS INTEGER),
                                (SELECT max(version) FROM pledge_texts WHERE campaign_id = campaigns.id))
       AND c.version = COALESCE(CAST(:consent_version AS INTEGER),
                                (SELECT max(version) FROM campaign_consents WHERE campaign_id = campaigns.id))"""  # noqa: S608  # only constants are put into the text; values are bound

#: The same form sent again may lift a hold that a form caused, and never makes the row worse: it may be a stranger's.
_SETS_FREE = f"(signatures.hold_reason IN {HELD_BY_FORM} AND excluded.hold_reason IS NULL)"
#: The next mail has a link; without this form it would have had only a code.
_HAS_LINK_NOW = (
    "(signatures.signals LIKE '%unproved%' AND COALESCE(excluded.signals, '') NOT LIKE '%unproved%')"
)
#: With the proof of work that it now has, the mail goes before those without.
_HAS_PROOF_NOW = """
    (' ' || excluded.signals || ' ' LIKE '% proved %'
     AND ' ' || COALESCE(signatures.signals, '') || ' ' NOT LIKE '% proved %')"""

#: The columns that signing fills with the values of the new row, apart from what belongs to the campaign.
_GIVEN = tuple(
    "id address_hash content_hash state email name country region public_name updates "
    "lang privacy_version submitted_at code_since network_hash wide_network_hash "
    "domain_hash mail_provider salt commitment via hold_reason cleared signals".split()
)

#: A pending row, whatever is known of the person: nothing here depends on it. The same form sent twice is one row.
_STORE = f"""
    INSERT INTO signatures (campaign_id, pledge_text_id, consent_version, {", ".join(_GIVEN)})
    SELECT chosen.campaign_id, chosen.pledge_text_id, chosen.consent_version, {", ".join(f":{column}" for column in _GIVEN)}
      FROM ({_CHOSEN}) AS chosen WHERE true
    ON CONFLICT (content_hash) WHERE {PENDING} DO UPDATE
       SET lang = excluded.lang,
           signals = CASE WHEN {_SETS_FREE} OR {_HAS_LINK_NOW} THEN excluded.signals
                          WHEN {_HAS_PROOF_NOW} THEN COALESCE(signatures.signals || ' ', '') || 'proved'
                          ELSE signatures.signals END,
           hold_reason = CASE WHEN {_SETS_FREE} THEN NULL ELSE signatures.hold_reason END
    RETURNING id, campaign_id"""  # noqa: S608  # built from constants of this module

_REQUEST = "INSERT INTO mail_requests (kind, campaign_id, subject_id, lang, created_at, due_at)"

#: Columns whose values the driver cannot convert by itself; strings need no type.
_TYPES = (
    *(
        bindparam(column.name, type_=column.type)
        for column in Signature.__table__.c
        if not isinstance(column.type, String)
    ),
    *(bindparam(moment, type_=UTCDateTime) for moment in ("now", "grace", "thanks_at", "held_at")),
    bindparam("proved", type_=Boolean),
)


def _typed(sql: str) -> TextClause:
    # psycopg does not cache the parsing of texts of more than 4,096 characters; a third of this one is indentation.
    sql = " ".join(sql.split())
    used = [parameter for parameter in _TYPES if f":{parameter.key}" in sql]
    return text(sql).bindparams(*used)


_SIGN_POSTGRESQL = _typed(
    f"""
    WITH stored AS ({_STORE}),
    asked AS ({_REQUEST} SELECT 'confirm', campaign_id, id, :lang, :now, :now FROM stored)
    SELECT id FROM stored"""  # noqa: S608  # only constants are put into the text; values are bound
)

_STORE_TYPED = _typed(_STORE)
_ASK = _typed(f"{_REQUEST} VALUES ('confirm', :campaign_id, :id, :lang, :now, :now)")

#: Other rows of the person that `s` is about, in the same campaign.
_OTHERS = "FROM signatures o WHERE o.address_hash = s.address_hash AND o.campaign_id = s.campaign_id"

#: A name that staff have hidden stays hidden, in whichever row of the person.
_HIDDEN = f"EXISTS (SELECT 1 {_OTHERS} AND o.name_hidden)"  # our own constants

_MOVE = f"""
    UPDATE signatures AS s
       SET state = CASE WHEN hold_reason IS NULL THEN 'confirmed' ELSE 'held' END, confirmed_at = :now,
           confirm_signals = :signals, name_hidden = {_HIDDEN}, public_name = public_name AND NOT {_HIDDEN}
     WHERE id = :id AND {PENDING}
       AND NOT EXISTS (SELECT 1 {_OTHERS} AND o.{SETTLED})
       AND (:proved OR NOT EXISTS (SELECT 1 FROM mail_hosts m WHERE m.domain_hash = s.domain_hash AND m.scans))
       AND EXISTS (SELECT 1 FROM campaigns WHERE campaigns.id = s.campaign_id AND {TAKES_CONFIRMATIONS})
    RETURNING campaign_id, id, state, country, region, pledge_text_id, commitment, lang,
              (SELECT slug FROM campaigns WHERE campaigns.id = campaign_id) AS slug"""  # noqa: S608  # only constants are put into the text; values are bound

_APPEND = """
    INSERT INTO ledger_entries
           (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at, pledge_text_id, commitment)"""

#: The mail that says that it is counted, or held. Nobody gets more of these than mails to confirm, which are capped, so it
#: takes no slot (mail/allowance.py).
_TELL = "INSERT INTO outbox_mails (kind, subject_id, seq, lang, known, created_at, due_at)"

_CONFIRM_POSTGRESQL = _typed(
    f"""
    WITH moved AS ({_MOVE}),
    counted AS (SELECT * FROM moved WHERE state = 'confirmed'),
    thanked AS ({_TELL} SELECT 'thanks', id, 1, lang, true, :now, :thanks_at FROM counted),
    warned AS ({_TELL} SELECT 'held', id, 1, lang, true, :now, :held_at FROM moved WHERE state = 'held'),
    appended AS ({_APPEND}
        SELECT campaign_id, 'person', 1, 'confirmed', id, country, region, :hour, :now, pledge_text_id, commitment
          FROM counted)
    SELECT slug FROM moved"""  # noqa: S608  # only constants are put into the text; values are bound
)
_CONFIRM_MOVE = _typed(_MOVE)
_CONFIRM_APPEND = _typed(f"""{_APPEND}
    VALUES (:campaign_id, 'person', 1, 'confirmed', :id, :country, :region, :hour, :now, :pledge_text_id, :commitment)""")

_CONFIRM_THANK = _typed(f"{_TELL} VALUES ('thanks', :id, 1, :lang, true, :now, :thanks_at)")
_CONFIRM_WARN = _typed(f"{_TELL} VALUES ('held', :id, 1, :lang, true, :now, :held_at)")


def sign(row: Signature, slug: str, *, pledge_version: int | None, consent_version: int | None) -> int | None:
    """Store a new row and ask for its mail; its id. None when the campaign is not open or a text is unknown.

    The versions are those that the form showed; None: the current ones.
    """
    values = {column: getattr(row, column) for column in _GIVEN}
    values |= {"slug": slug, "now": row.submitted_at}
    values |= {"pledge_version": pledge_version, "consent_version": consent_version}
    if is_postgresql():
        return write_autocommit(lambda connection: connection.execute(_SIGN_POSTGRESQL, values).scalar())
    return write_autocommit(lambda connection: _sign_in_steps(connection, values))


def _sign_in_steps(connection: Connection, values: Mapping[str, Any]) -> int | None:
    stored = connection.execute(_STORE_TYPED, values).mappings().first()
    if stored is None:
        return None
    connection.execute(_ASK, {**values, **stored})
    return int(stored["id"])


def confirm(signature_id: int, press_signals: str | None, *, is_proved: bool) -> str | None:
    """As services.confirm(); what was done before may be on this machine only."""
    now = clock.now()
    values = {
        "id": signature_id,
        "signals": press_signals,
        "now": now,
        "grace": now - CONFIRM_GRACE,
        "hour": hour_of(now),
        "thanks_at": now + THANKS_AFTER,
        "held_at": now + HELD_AFTER,
        "proved": is_proved,
    }
    if not is_postgresql():
        return write_autocommit(lambda connection: _confirm_in_steps(connection, values))
    try:
        return write_autocommit(lambda connection: connection.execute(_CONFIRM_POSTGRESQL, values).scalar())
    except IntegrityError as error:
        if SETTLED_INDEX not in str(error.orig):
            raise
        return None  # another row of the person was confirmed at the same moment


def _confirm_in_steps(connection: Connection, values: Mapping[str, Any]) -> str | None:
    moved = connection.execute(_CONFIRM_MOVE, values).mappings().first()
    if moved is None:
        return None
    row = {**values, **moved}
    if row["state"] == SignatureState.CONFIRMED:
        connection.execute(_CONFIRM_APPEND, row)
        connection.execute(_CONFIRM_THANK, row)
    else:
        connection.execute(_CONFIRM_WARN, row)
    return str(row["slug"])
