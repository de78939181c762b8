"""What is said in somebody's name is kept for good, and its hash is an entry of the public log."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0099"
down_revision = "0096"
branch_labels = None
depends_on = None

_ENTRIES = "ledger_entries"
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PAPER = "kind = 'paper' AND delta <> 0 AND delta BETWEEN -1000000 AND 1000000"
_REASONS = "reason IN ('confirmed', 'withdrawn', 'invalidated', 'reinstated')"
_ON_PAPER = "(record IS NULL OR kind = 'paper') AND (kind <> 'paper' OR reason IN ('confirmed', 'withdrawn'))"
_BEFORE = {
    "delta": f"delta IN (-1, 1) OR ({_PAPER})",
    "kind": "kind IN ('person', 'organization', 'paper')",
    "reason": _REASONS,
    "plus_has_commitment": "(delta > 0) = (commitment IS NOT NULL)",
    "paper": f"(kind = 'paper') = (pledge_text_id IS NULL) AND {_ON_PAPER}",
}
_AFTER = {
    "delta": f"(delta IN (-1, 1) AND kind <> 'statement') OR (delta = 0 AND kind = 'statement') OR ({_PAPER})",
    "kind": "kind IN ('person', 'organization', 'paper', 'statement')",
    "reason": (
        f"({_REASONS} AND kind <> 'statement') "
        "OR (reason IN ('promise', 'answer', 'letter') AND kind = 'statement')"
    ),
    "plus_has_commitment": "(delta >= 0) = (commitment IS NOT NULL)",
    "paper": f"(kind IN ('paper', 'statement')) = (pledge_text_id IS NULL) AND {_ON_PAPER}",
}

# As those of checkpoints (0001): a statement that was made stays as it is.
_SQLITE = {
    "no_delete": "BEFORE DELETE ON statements BEGIN {refuse} END",
    "no_change": "BEFORE UPDATE ON statements BEGIN {refuse} END",
    "no_replace": """
        BEFORE INSERT ON statements WHEN EXISTS (SELECT 1 FROM statements WHERE id = NEW.id)
        BEGIN {refuse} END""",
}
_POSTGRESQL = "BEFORE UPDATE OR DELETE OR TRUNCATE ON statements FOR EACH STATEMENT"


def upgrade() -> None:
    _replace_checks(_AFTER)
    migrations.create_index(
        "ix_ledger_entries_statement", _ENTRIES, ["campaign_id"], where="kind = 'statement'"
    )
    op.create_table(
        "statements",
        sa.Column("id", _KEY, sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('promise', 'answer', 'letter')", name=op.f("ck_statements_kind")),
        sa.CheckConstraint("CAST(words AS TEXT) <> '{}'", name=op.f("ck_statements_words")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_statements_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
    )
    op.create_index("ix_statements_about", "statements", ["campaign_id", "kind", "about"])
    if not _is_sqlite():
        op.execute(f"CREATE TRIGGER statements_no_change {_POSTGRESQL} EXECUTE FUNCTION refuse_log_change()")
        return
    refuse = "SELECT RAISE(ABORT, 'statements is append-only');"
    for guard, trigger in _SQLITE.items():
        op.execute(f"CREATE TRIGGER statements_{guard} {trigger.format(refuse=refuse)}")


def downgrade() -> None:
    """For development: a log that has statements is no longer in order."""
    op.drop_table("statements")
    migrations.drop_index("ix_ledger_entries_statement", _ENTRIES)
    with _without_guards():
        op.execute("DELETE FROM ledger_entries WHERE kind = 'statement'")
    _replace_checks(_BEFORE)


def _replace_checks(rules: dict[str, str]) -> None:
    """SQLite makes the table anew, for all of them at once, and its triggers go with it."""
    if not _is_sqlite():
        for name, rule in rules.items():
            migrations.replace_check(_ENTRIES, f"ck_ledger_entries_{name}", rule)
        return
    with _without_guards(), op.batch_alter_table(_ENTRIES) as table:
        for name, rule in rules.items():
            table.create_check_constraint(op.f(f"ck_ledger_entries_{name}"), rule)


@contextmanager
def _without_guards() -> Iterator[None]:
    """Without the triggers of the entries, which are there again afterwards."""
    connection = op.get_bind()
    guards = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_entries'"
        if _is_sqlite()
        else "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgrelid = 'ledger_entries'::regclass AND NOT tgisinternal"
    ).all()
    for name, _ in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {name}" + ("" if _is_sqlite() else f" ON {_ENTRIES}"))
    yield
    for _, guard in guards:
        connection.exec_driver_sql(guard)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
