"""entries that the fold sets aside, and entries that begin without a number (docs/adr/0070)"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0020"
branch_labels = None
depends_on = None

_SET_ASIDE = "set_aside IS NULL OR (set_aside IN ('no_cause', 'no_move', 'dismissed') AND number IS NULL)"

_FIXED_ON_SQLITE = """
    NEW.id IS NOT OLD.id OR NEW.campaign_id IS NOT OLD.campaign_id OR NEW.kind IS NOT OLD.kind
          OR NEW.delta IS NOT OLD.delta OR NEW.reason IS NOT OLD.reason OR NEW.subject_id IS NOT OLD.subject_id
          OR NEW.country IS NOT OLD.country OR NEW.region IS NOT OLD.region OR NEW.hour IS NOT OLD.hour
          OR NEW.occurred_at IS NOT OLD.occurred_at OR NEW.pledge_text_id IS NOT OLD.pledge_text_id
          OR NEW.commitment IS NOT OLD.commitment
          OR (OLD.number IS NOT NULL AND NEW.number IS NOT OLD.number)
          OR (OLD.takes_back IS NOT NULL AND NEW.takes_back IS NOT OLD.takes_back)
          OR (OLD.count_after IS NOT NULL AND NEW.count_after IS NULL)
          OR (OLD.number IS NULL AND EXISTS (
                SELECT 1 FROM ledger_entries WHERE campaign_id = NEW.campaign_id AND number = NEW.number))"""

_REPLACED_ON_SQLITE = """
    EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
          OR EXISTS (SELECT 1 FROM ledger_entries WHERE campaign_id = NEW.campaign_id AND number = NEW.number)"""

# What the fold fills is empty in a new entry: only the fold says that an entry is counted. What is set aside may only be
# dismissed, once.
_FILLED = "NEW.number IS NOT NULL OR NEW.count_after IS NOT NULL OR NEW.takes_back IS NOT NULL OR NEW.set_aside IS NOT NULL"

_SET_ASIDE_ON_SQLITE = """
          OR (OLD.set_aside IS NOT NULL AND NEW.set_aside IS NOT OLD.set_aside
              AND (OLD.set_aside = 'dismissed' OR NEW.set_aside IS NOT 'dismissed'))"""

_ONCE_ON_POSTGRESQL = """
        WHEN ((OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number)
           OR (OLD.takes_back IS NOT NULL AND NEW.takes_back IS DISTINCT FROM OLD.takes_back)
           OR (OLD.count_after IS NOT NULL AND NEW.count_after IS NULL){more})"""

_SET_ASIDE_ON_POSTGRESQL = """
           OR (OLD.set_aside IS NOT NULL AND NEW.set_aside IS DISTINCT FROM OLD.set_aside
               AND (OLD.set_aside = 'dismissed' OR NEW.set_aside IS DISTINCT FROM 'dismissed'))"""


def upgrade() -> None:
    _drop_guards()
    if _is_sqlite():
        # Not by a table made anew, which would take the other guards with it.
        op.execute(
            "ALTER TABLE ledger_entries ADD COLUMN set_aside VARCHAR(10)"
            f" CONSTRAINT ck_ledger_entries_set_aside CHECK ({_SET_ASIDE})"
        )
    else:
        op.add_column("ledger_entries", sa.Column("set_aside", sa.String(10), nullable=True))
        op.create_check_constraint(op.f("ck_ledger_entries_set_aside"), "ledger_entries", _SET_ASIDE)
    op.drop_index("ix_ledger_entries_unnumbered", "ledger_entries")
    _partial_index("ix_ledger_entries_waiting", "id", "number IS NULL AND set_aside IS NULL")
    _partial_index("ix_ledger_entries_set_aside", "campaign_id", "set_aside IS NOT NULL")
    _make_guards(f" OR {_FILLED}", _SET_ASIDE_ON_SQLITE, _SET_ASIDE_ON_POSTGRESQL)
    if not _is_sqlite():
        op.execute(
            f"CREATE TRIGGER ledger_entries_begin BEFORE INSERT ON ledger_entries FOR EACH ROW WHEN ({_FILLED})"
            " EXECUTE FUNCTION refuse_log_change()"
        )


def downgrade() -> None:
    _drop_guards()
    if not _is_sqlite():
        op.execute("DROP TRIGGER ledger_entries_begin ON ledger_entries")
    op.drop_index("ix_ledger_entries_set_aside", "ledger_entries")
    op.drop_index("ix_ledger_entries_waiting", "ledger_entries")
    if not _is_sqlite():
        op.drop_constraint(op.f("ck_ledger_entries_set_aside"), "ledger_entries", type_="check")
    op.execute("ALTER TABLE ledger_entries DROP COLUMN set_aside")
    _partial_index("ix_ledger_entries_unnumbered", "id", "number IS NULL")
    _make_guards("", "", "")


def _drop_guards() -> None:
    """Those that have to say something else."""
    if _is_sqlite():
        op.execute("DROP TRIGGER ledger_entries_no_replace")
        op.execute("DROP TRIGGER ledger_entries_no_change")
    else:
        op.execute("DROP TRIGGER ledger_entries_once ON ledger_entries")


def _make_guards(new_on_sqlite: str, changed_on_sqlite: str, changed_on_postgresql: str) -> None:
    if _is_sqlite():
        refuse = "BEGIN SELECT RAISE(ABORT, 'ledger_entries is append-only'); END"
        op.execute(
            "CREATE TRIGGER ledger_entries_no_replace BEFORE INSERT ON ledger_entries"
            f" WHEN {_REPLACED_ON_SQLITE}{new_on_sqlite} {refuse}"
        )
        op.execute(
            "CREATE TRIGGER ledger_entries_no_change BEFORE UPDATE ON ledger_entries"
            f" WHEN {_FIXED_ON_SQLITE}{changed_on_sqlite} {refuse}"
        )
        return
    op.execute(
        "CREATE TRIGGER ledger_entries_once AFTER UPDATE ON ledger_entries FOR EACH ROW"
        f" {_ONCE_ON_POSTGRESQL.format(more=changed_on_postgresql)} EXECUTE FUNCTION refuse_log_change()"
    )


def _partial_index(name: str, column: str, where: str) -> None:
    op.create_index(
        name, "ledger_entries", [column], postgresql_where=sa.text(where), sqlite_where=sa.text(where)
    )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
