"""Batches on paper become entries of the public log; those of their earlier record are taken over with the hash of their line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ENTRIES = "ledger_entries"
_BEFORE = {
    "ck_ledger_entries_delta": "delta IN (-1, 1)",
    "ck_ledger_entries_kind": "kind IN ('person', 'organization')",
    "ck_ledger_entries_plus_has_commitment": "(delta = 1) = (commitment IS NOT NULL)",
}
_AFTER = {
    "ck_ledger_entries_delta": (
        "delta IN (-1, 1) OR (kind = 'paper' AND delta <> 0 AND delta BETWEEN -1000000 AND 1000000)"
    ),
    "ck_ledger_entries_kind": "kind IN ('person', 'organization', 'paper')",
    "ck_ledger_entries_plus_has_commitment": "(delta > 0) = (commitment IS NOT NULL)",
    "ck_ledger_entries_paper": (
        "(kind = 'paper') = (pledge_text_id IS NULL) AND (record IS NULL OR kind = 'paper') "
        "AND (kind <> 'paper' OR reason IN ('confirmed', 'withdrawn'))"
    ),
}
#: Of the trigger that refuses changes: the last column that it looks at, on SQLite and on PostgreSQL.
_WIDER = (
    ("NEW.commitment IS NOT OLD.commitment", " commitment ON "),
    ("NEW.commitment IS NOT OLD.commitment OR NEW.record IS NOT OLD.record", " commitment, record ON "),
)
_TWINS = sa.text("""
    SELECT MIN(id), MAX(id) FROM paper_batches WHERE state <> 'withdrawn'
     GROUP BY campaign_id, scan_sha256 HAVING COUNT(*) > 1""")
_LINES = sa.text("""
    SELECT line.campaign_id, line.batch_id, line.change, line.line, batch.scan_sha256
      FROM paper_entries AS line JOIN paper_batches AS batch ON batch.id = line.batch_id
     ORDER BY line.campaign_id, line.number""")


def upgrade() -> None:
    if twins := op.get_bind().execute(_TWINS).first():
        raise SystemExit(
            "Nothing is migrated: two batches of paper signatures have the same scan, which the public log counts once "
            f"({twins[0]}, {twins[1]}). Take one of them back, or remove it, in the earlier version."
        )
    migrations.add_column(_ENTRIES, sa.Column("record", sa.LargeBinary(32), nullable=True))
    if not _is_sqlite():
        for name, rule in _AFTER.items():
            migrations.replace_check(_ENTRIES, name, rule)
        op.alter_column(_ENTRIES, "pledge_text_id", nullable=True)
    with _other_guards(*_WIDER):
        if _is_sqlite():
            _make_anew(_BEFORE, _AFTER, nullable=True)
    migrations.create_index("ix_ledger_entries_paper", _ENTRIES, ["campaign_id"], where="kind = 'paper'")
    where = "state <> 'withdrawn'"
    columns = ["campaign_id", "scan_sha256"]
    migrations.create_index("ix_paper_batches_scan", "paper_batches", columns, where=where, unique=True)
    _take_over()
    op.drop_table("paper_notes")
    op.drop_table("paper_entries")


def _take_over() -> None:
    """Each line as an entry that waits for the fold. Its place in the earlier record is in the hash: the line named the one
    before."""
    now = datetime.now(UTC)
    entries = sa.table(
        _ENTRIES,
        *map(sa.column, ("campaign_id", "kind", "delta", "reason", "subject_id", "country", "hour")),
        sa.column("occurred_at", _MOMENT),
        sa.column("commitment", sa.LargeBinary),
        sa.column("record", sa.LargeBinary),
    )
    rows = [
        {
            "campaign_id": row.campaign_id,
            "kind": "paper",
            "delta": row.change,
            "reason": "confirmed" if row.change > 0 else "withdrawn",
            "subject_id": row.batch_id,
            "country": "",
            "hour": f"{json.loads(row.line)['decided']}T00",
            "occurred_at": now,
            "commitment": bytes(row.scan_sha256) if row.change > 0 else None,
            "record": sha256(row.line.encode()).digest(),
        }
        for row in op.get_bind().execute(_LINES).all()
    ]
    if rows:
        op.get_bind().execute(sa.insert(entries), rows)


def downgrade() -> None:
    """For development: the earlier record begins anew, and a log that has counted paper is no longer in order."""
    op.create_table(
        "paper_entries",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.CheckConstraint("change <> 0", name=op.f("ck_paper_entries_change")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["paper_batches.id"], name=op.f("fk_paper_entries_batch_id_paper_batches")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_paper_entries_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_paper_entries")),
        sa.UniqueConstraint("batch_id", "change", name=op.f("uq_paper_entries_batch_id_change")),
    )
    op.create_table(
        "paper_notes",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_paper_notes_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_paper_notes")),
    )
    op.drop_index("ix_paper_batches_scan", table_name="paper_batches")
    op.drop_index("ix_ledger_entries_paper", table_name=_ENTRIES)
    with _other_guards(*_WIDER[::-1]):
        op.execute("DELETE FROM ledger_entries WHERE kind = 'paper'")
        op.execute("DELETE FROM tallies WHERE kind = 'paper'")
        if _is_sqlite():
            _make_anew(_AFTER, _BEFORE, nullable=False)
        else:
            op.drop_constraint(op.f("ck_ledger_entries_paper"), _ENTRIES)
            op.alter_column(_ENTRIES, "pledge_text_id", nullable=False)
    if not _is_sqlite():
        for name, rule in _BEFORE.items():
            migrations.replace_check(_ENTRIES, name, rule)
    op.drop_column(_ENTRIES, "record")


def _make_anew(before: dict[str, str], after: dict[str, str], *, nullable: bool) -> None:
    with op.batch_alter_table(_ENTRIES) as table:
        for name in before:
            table.drop_constraint(op.f(name), type_="check")
        for name, rule in after.items():
            table.create_check_constraint(op.f(name), rule)
        table.alter_column("pledge_text_id", existing_type=sa.Integer(), nullable=nullable)


@contextmanager
def _other_guards(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[None]:
    """Without the triggers of the entries, which are there again afterwards, with other words in them."""
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
        connection.exec_driver_sql(guard.replace(before[0], after[0]).replace(before[1], after[1]))


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
