"""The SQL of the two hot paths, signing and confirming: one round trip each on PostgreSQL.

PostgreSQL runs each as one statement of chained CTEs; SQLite has no data-modifying CTE, so there the same fragments run
one after the other inside BEGIN IMMEDIATE. The fragments are shared, so both databases follow the same rules.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, LargeBinary, TextClause, bindparam, text

from pledge.db import UTCDateTime, is_postgresql, write_once
from pledge.mail.allowance import take_slot
from pledge.signatures.models import Signature

#: The open campaign and the pledge text that was shown (the current one when the form named none).
_CHOSEN = """
    SELECT c.id AS campaign_id, p.id AS pledge_text_id
      FROM campaigns c JOIN pledge_texts p ON p.campaign_id = c.id
     WHERE c.slug = :slug AND c.state = 'open'
       AND (c.opens_at IS NULL OR c.opens_at <= :now) AND (c.closes_at IS NULL OR c.closes_at > :now)
       AND p.version = COALESCE(CAST(:pledge_version AS INTEGER),
                                (SELECT max(version) FROM pledge_texts WHERE campaign_id = c.id))"""

_KNOWN = """
    SELECT s.id, s.seq, s.state FROM signatures s
     WHERE s.campaign_id = {campaign} AND s.address_hash = :address_hash"""

_NOT_BLOCKED = "NOT EXISTS (SELECT 1 FROM mail_blocks WHERE address_hash = :address_hash AND until > :now)"

_CONTENT = (
    *("email", "name", "country", "region", "public_name", "updates", "lang"),
    *("pledge_text_id", "privacy_version", "submitted_at", "code_since"),
    *("network_hash", "domain_hash", "mail_provider"),
    *("salt", "commitment", "list_terms_id"),
)

#: What signing leaves alone, but for a mail that says so: the counted, and those that staff took out of the count.
_SETTLED = "('confirmed', 'invalidated')"

#: Consent is for terms that the campaign still offers; for any others it is none.
_TERMS = """(SELECT t.id FROM list_terms t
                      WHERE t.version = CAST(:list_terms AS INTEGER) AND t.campaign_id = {campaign}
                        AND t.ended_at IS NULL)"""

#: A new row, or a new version of a pending or withdrawn one. A settled row is left alone, and so is any row whose
#: mail could not be sent at once: what a link confirms changes only together with a new mail.
_UPSERT = f"""
    INSERT INTO signatures AS s (id, campaign_id, address_hash, seq, state, {", ".join(_CONTENT)})
    SELECT :id, {{campaign}}, :address_hash, 1, 'pending', :email, :name, :country, :region, :public_name, :updates,
           :lang, {{pledge_text}}, :privacy_version, :now, :now, :network_hash, :domain_hash, :mail_provider,
           :salt, :commitment, {_TERMS} {{source}}
    ON CONFLICT (campaign_id, address_hash) DO UPDATE
       SET seq = s.seq + 1, state = 'pending', code_tries = 0, confirmed_at = NULL, withdrawn_at = NULL,
           {", ".join(f"{column} = excluded.{column}" for column in _CONTENT if column != "public_name")},
           public_name = excluded.public_name AND NOT s.name_hidden
     WHERE s.state NOT IN {_SETTLED} AND {{slot}} <= :now_s
    RETURNING id, seq"""  # noqa: S608  # built from constants of this module

_OUTBOX = "INSERT INTO outbox_mails (kind, subject_id, seq, lang, created_at, due_at)"

_TYPES = (
    bindparam("id", type_=BigInteger),
    bindparam("address_hash", type_=LargeBinary),
    bindparam("email", type_=LargeBinary),
    bindparam("name", type_=LargeBinary),
    bindparam("network_hash", type_=LargeBinary),
    bindparam("salt", type_=LargeBinary),
    bindparam("commitment", type_=LargeBinary),
    bindparam("domain_hash", type_=LargeBinary),
    bindparam("public_name", type_=Boolean),
    bindparam("updates", type_=Boolean),
    bindparam("now", type_=UTCDateTime),
    bindparam("grace", type_=UTCDateTime),
)


def _typed(sql: str) -> TextClause:
    # psycopg parses texts of more than 4,096 characters anew for each request; a third of this one is indentation.
    sql = " ".join(sql.split())
    used = [parameter for parameter in _TYPES if f":{parameter.key}" in sql]
    return text(sql).bindparams(*used)


_SIGN_POSTGRESQL = _typed(
    f"""
    WITH chosen AS ({_CHOSEN}),
    known AS ({_KNOWN.format(campaign="(SELECT campaign_id FROM chosen)")}),
    slot AS ({
        take_slot(
            kind=f"CASE WHEN (SELECT state FROM known) IN {_SETTLED} THEN 'already' ELSE 'confirm' END",
            campaign="chosen.campaign_id",
            source=f"FROM chosen WHERE {_NOT_BLOCKED}",
            may_wait="NOT EXISTS (SELECT 1 FROM known)",
        )
    }),
    signed AS ({
        _UPSERT.format(
            campaign="chosen.campaign_id",
            pledge_text="chosen.pledge_text_id",
            source="FROM chosen, slot",
            slot="(SELECT slot FROM slot)",
        )
    }),
    mailed AS ({_OUTBOX}
        SELECT 'confirm', signed.id, signed.seq, :lang, :now, to_timestamp(slot.slot) FROM signed, slot
        UNION ALL
        SELECT 'already', known.id, known.seq, :lang, :now, to_timestamp(slot.slot) FROM known, slot
         WHERE known.state IN {_SETTLED})
    SELECT campaign_id FROM chosen"""  # noqa: S608  # built from constants of this project
)

_CHOOSE = _typed(_CHOSEN)
_FIND = text(_KNOWN.format(campaign=":campaign_id")).bindparams(bindparam("address_hash", type_=LargeBinary))
_SLOT = _typed(take_slot(":kind", ":campaign_id", f"WHERE {_NOT_BLOCKED}", may_wait=":is_new"))
_STORE = _typed(
    _UPSERT.format(campaign=":campaign_id", pledge_text=":pledge_text_id", source="WHERE 1 = 1", slot=":slot")
)
_QUEUE = text(f"{_OUTBOX} VALUES (:kind, :subject_id, :seq, :lang, :now, :due_at)").bindparams(
    bindparam("now", type_=UTCDateTime), bindparam("due_at", type_=UTCDateTime)
)

_MOVE = """
    UPDATE signatures SET state = 'confirmed', confirmed_at = :now
     WHERE id = :id AND seq = :seq AND state = 'pending'
       AND EXISTS (SELECT 1 FROM campaigns c WHERE c.id = signatures.campaign_id AND c.state <> 'draft'
                      AND (c.closes_at > :grace OR (c.closes_at IS NULL AND c.state = 'open')))
    RETURNING campaign_id, id, country, region, pledge_text_id, commitment"""

_APPEND = """
    INSERT INTO ledger_entries
           (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at, pledge_text_id, commitment)"""

_CONFIRM_POSTGRESQL = _typed(
    f"""
    WITH moved AS ({_MOVE})
    {_APPEND}
    SELECT campaign_id, 'person', 1, 'confirmed', id, country, region, :hour, :now, pledge_text_id, commitment FROM moved
    RETURNING campaign_id"""  # noqa: S608  # built from constants of this project
)
_CONFIRM_MOVE = _typed(_MOVE)
_CONFIRM_APPEND = _typed(f"""{_APPEND}
    VALUES (:campaign_id, 'person', 1, 'confirmed', :id, :country, :region, :hour, :now, :pledge_text_id, :commitment)""")


def sign(values: Mapping[str, Any]) -> bool:
    """Record a submission and owe its mail. False when the campaign is not open or the pledge text is unknown."""
    if is_postgresql():
        return write_once(lambda connection: connection.execute(_SIGN_POSTGRESQL, values).first() is not None)
    return write_once(lambda connection: _sign_in_steps(connection, values))


def _sign_in_steps(connection: Connection, values: Mapping[str, Any]) -> bool:
    chosen = connection.execute(_CHOOSE, values).mappings().first()
    if chosen is None:
        return False
    values = {**values, **chosen}
    known = connection.execute(_FIND, values).first()
    kind = "already" if known is not None and known.state in ("confirmed", "invalidated") else "confirm"
    slot = connection.execute(_SLOT, {**values, "kind": kind, "is_new": known is None}).scalar()
    if slot is None:
        return True
    stored = connection.execute(_STORE, {**values, "slot": slot}).first()
    about = known if kind == "already" else stored
    if about is not None:
        due_at = datetime.fromtimestamp(slot, UTC)
        mail = {"kind": kind, "subject_id": about.id, "seq": about.seq, "due_at": due_at}
        connection.execute(_QUEUE, {**values, **mail})
    return True


def mail_again(connection: Connection, row: Signature, kind: str, lang: str, now: datetime) -> bool:
    """Owe one more mail about a stored signature, if its address may be written to now; whether it is owed."""
    values = {
        "kind": kind,
        "campaign_id": row.campaign_id,
        "address_hash": row.address_hash,
        "now": now,
        "now_s": int(now.timestamp()),
        "is_new": False,
    }
    if connection.execute(_SLOT, values).first() is None:
        return False
    mail = {"kind": kind, "subject_id": row.id, "seq": row.seq, "lang": lang, "now": now, "due_at": now}
    connection.execute(_QUEUE, mail)
    return True


def confirm(values: Mapping[str, Any]) -> bool:
    """Move pending to confirmed and append +1, once. False when the row was not in that state or the time is over.

    `values`: id, seq, now, grace (campaigns that closed before it take no more) and hour (of now, as tallies name it).
    """
    if is_postgresql():
        return write_once(
            lambda connection: connection.execute(_CONFIRM_POSTGRESQL, values).first() is not None
        )
    return write_once(lambda connection: _confirm_in_steps(connection, values))


def _confirm_in_steps(connection: Connection, values: Mapping[str, Any]) -> bool:
    moved = connection.execute(_CONFIRM_MOVE, values).mappings().first()
    if moved is None:
        return False
    connection.execute(_CONFIRM_APPEND, {**values, **moved})
    return True
