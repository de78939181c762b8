"""Checks of the append-only tables: the triggers of audit log and ledger exist, and the database role cannot bypass them."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from config import Config
from pledge.core.db import reading
from pledge.diagnosis.findings import Finding, ok, problem, warning

SUBJECT = "audit log"

#: Created by migrations 0001 and 0003; a role that owns the tables, or a superuser, can drop them.
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT tgname FROM pg_trigger
         WHERE tgrelid IN ('audit_entries'::regclass, 'ledger_entries'::regclass, 'ledger_places'::regclass,
                           'checkpoints'::regclass, 'log_keys'::regclass, 'log_tiles'::regclass)
           AND NOT tgisinternal AND tgenabled IN ('O', 'A')""",
}
_AUDIT = {
    "sqlite": {"audit_entries_no_update", "audit_entries_no_delete", "audit_entries_no_replace"},
    "postgresql": {"audit_entries_append_only"},
}
_LEDGER = {
    "sqlite": {
        f"{table}_no_{verb}"
        for table in ("ledger_entries", "ledger_places", "checkpoints", "log_keys", "log_tiles")
        for verb in ("delete", "change", "replace")
    },
    "postgresql": {
        *(
            "ledger_entries_no_delete",
            "ledger_entries_no_change",
            "ledger_entries_once",
            "ledger_entries_begin",
        ),
        *(
            "ledger_places_begin",
            "ledger_places_no_delete",
            "ledger_places_no_change",
            "ledger_places_once",
        ),
        *("checkpoints_no_change", "log_keys_no_change"),
        *("log_tiles_no_delete", "log_tiles_no_change", "log_tiles_grow"),
    },
}

_MAY_CHANGE = text("""
    SELECT pg_has_role(current_user, c.relowner, 'USAGE') AS owns,
           has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
               OR has_table_privilege(c.oid, 'TRUNCATE') AS may_change
      FROM pg_class c WHERE c.oid = 'audit_entries'::regclass""")

_MAY_CHANGE_LEDGER = text("""
    SELECT has_column_privilege('ledger_entries', 'delta', 'UPDATE')
        OR has_table_privilege('ledger_entries', 'DELETE, TRUNCATE')
        OR has_column_privilege('ledger_places', 'delta', 'UPDATE')
        OR has_table_privilege('ledger_places', 'DELETE, TRUNCATE')
        OR has_table_privilege('checkpoints', 'UPDATE, DELETE, TRUNCATE')
        OR has_table_privilege('log_keys', 'UPDATE, DELETE, TRUNCATE')
        OR has_table_privilege('log_tiles', 'DELETE, TRUNCATE')""")

# Of the web server's role, whoever asks: that of this name, where there is one.
_WEB_MAY_SIGN = text("""
    SELECT bool_or(has_any_column_privilege(web, grown, 'UPDATE'))
        OR bool_or(has_any_column_privilege(web, made, 'INSERT, UPDATE') OR has_table_privilege(web, made, 'DELETE'))
      FROM (SELECT COALESCE(to_regrole('pledge')::oid, current_user::regrole::oid) AS web) AS role,
           unnest(ARRAY['ledger_entries', 'ledger_places']) AS grown,
           unnest(ARRAY['ledger_heads', 'tallies', 'ledger_differences', 'log_tiles', 'checkpoints', 'log_keys']) AS made""")


def guard_findings(config: Config) -> Iterator[Finding]:
    with reading() as connection:
        dialect = connection.dialect.name
        guards = set(connection.execute(text(_TRIGGERS[dialect])).scalars())
        if not _AUDIT[dialect] <= guards:
            yield problem(
                SUBJECT,
                "its guards are gone or off, entries could be changed: find out who did that, run "
                "`flask audit verify`, then make its triggers of migration 0001 anew",
            )
        elif dialect == "sqlite":
            yield ok(SUBJECT, "append-only by triggers (whoever can write the file can remove them)")
        if gone := _LEDGER[dialect] - guards:
            yield problem(
                "ledger",
                f"guards are gone or off ({', '.join(sorted(gone))}), what was counted could be changed: find out who "
                "did that, run `flask ledger verify` and `flask ledger recount`, then make its triggers of "
                "migrations 0001 and 0003 anew",
            )
        if dialect == "postgresql":
            yield from _roles(connection, config)


def _roles(connection: Connection, config: Config) -> Iterator[Finding]:
    owns, may_change = connection.execute(_MAY_CHANGE).one()
    may_change_ledger = connection.execute(_MAY_CHANGE_LEDGER).scalar_one()
    if owns or may_change or may_change_ledger:
        tables = (
            "audit_entries and ledger_entries"
            if owns or may_change
            else "ledger_entries or what is published"
        )
        found = f"this role {'owns' if owns else 'may change'} {tables}"
    elif connection.execute(_WEB_MAY_SIGN).scalar_one():
        found = "the role of the web server may write what the worker signs"
    else:
        yield ok(
            SUBJECT, "this role can only append to it and to the ledger, and the web server's signs nothing"
        )
        return
    yield (
        warning(SUBJECT, f"{found}: use three roles (docs/production.md#three-roles)")
        if config.is_production
        else ok(SUBJECT, f"{found} (in production use three roles, docs/production.md#three-roles)")
    )
