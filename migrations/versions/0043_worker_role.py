"""A place that fits no signature is set aside; what the worker's hourly comparison finds is kept, and staff are told of it."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import online_ddl

revision = "0043"
down_revision = "0037"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'delivery_fell', 'step_reached')"
_NOW = _BEFORE.replace(")", ", 'count_differs')")
_ASIDE = "set_aside IS NULL OR (set_aside IN ('no_cause', 'dismissed') AND size IS NULL)"
_CALL_STATE = {"ck_alerts_call_state": "call_state IN ('none', 'queued', 'sent', 'dead')"}

# In place of those of 0003: a row may also be set aside, once, and what is set aside may be dismissed, once.
_CHANGED = """
    NEW.id IS NOT OLD.id OR NEW.campaign_id IS NOT OLD.campaign_id OR NEW.subject_id IS NOT OLD.subject_id
    OR NEW.delta IS NOT OLD.delta OR NEW.country IS NOT OLD.country OR NEW.region IS NOT OLD.region
    OR NEW.occurred_at IS NOT OLD.occurred_at OR OLD.size IS NOT NULL"""
_ASIDE_CHANGED = """(OLD.set_aside IS NOT NULL
    AND (OLD.set_aside = 'dismissed' OR NEW.set_aside IS NULL OR NEW.set_aside <> 'dismissed'))"""
_EXISTS = "EXISTS (SELECT 1 FROM ledger_places WHERE id = NEW.id)"


def upgrade() -> None:
    online_ddl.replace_check("alerts", "ck_alerts_kind", _NOW, others=_CALL_STATE)
    op.create_table(
        "ledger_differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_differences")),
        if_not_exists=True,
    )
    if _is_sqlite():
        # Not by a copy of the table, which would lose its triggers.
        constraint = f"CONSTRAINT ck_ledger_places_set_aside CHECK ({_ASIDE})"
        op.execute(f"ALTER TABLE ledger_places ADD COLUMN set_aside VARCHAR(10) {constraint}")
        _guards_on_sqlite(f"{_CHANGED} OR {_ASIDE_CHANGED}", f"NEW.set_aside IS NOT NULL OR {_EXISTS}")
    else:
        online_ddl.add_column("ledger_places", sa.Column("set_aside", sa.String(length=10), nullable=True))
        online_ddl.replace_check("ledger_places", "ck_ledger_places_set_aside", _ASIDE)
        _guards_on_postgresql("NEW.size IS NOT NULL OR NEW.set_aside IS NOT NULL", f"OR {_ASIDE_CHANGED}")
    online_ddl.create_index(
        "ix_ledger_places_waiting", "ledger_places", ["id"], where="size IS NULL AND set_aside IS NULL"
    )
    online_ddl.create_index("ix_ledger_places_subject", "ledger_places", ["subject_id"])
    online_ddl.create_index(
        "ix_ledger_places_set_aside", "ledger_places", ["campaign_id"], where="set_aside IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'count_differs'")
    online_ddl.replace_check("alerts", "ck_alerts_kind", _BEFORE, others=_CALL_STATE)
    op.drop_table("ledger_differences")
    for index in ("ix_ledger_places_set_aside", "ix_ledger_places_subject", "ix_ledger_places_waiting"):
        online_ddl.drop_index(index, "ledger_places")
    if _is_sqlite():
        _guards_on_sqlite(_CHANGED, _EXISTS)
    else:
        _guards_on_postgresql("NEW.size IS NOT NULL", "")
    op.drop_column("ledger_places", "set_aside")
    online_ddl.create_index("ix_ledger_places_waiting", "ledger_places", ["id"], where="size IS NULL")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guards_on_sqlite(changed: str, filled: str) -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'ledger_places is append-only'); END"
    for guard in ("no_change", "no_replace"):
        op.execute(f"DROP TRIGGER ledger_places_{guard}")
    op.execute(
        f"CREATE TRIGGER ledger_places_no_change BEFORE UPDATE ON ledger_places WHEN {changed} {refuse}"
    )
    op.execute(
        "CREATE TRIGGER ledger_places_no_replace BEFORE INSERT ON ledger_places "
        f"WHEN NEW.size IS NOT NULL OR {filled} {refuse}"
    )


def _guards_on_postgresql(filled: str, or_aside: str) -> None:
    """In one transaction, so that no row comes between."""
    refuse = "EXECUTE FUNCTION refuse_log_change()"
    for guard, trigger in {
        "begin": f"BEFORE INSERT ON ledger_places FOR EACH ROW WHEN ({filled})",
        "once": f"AFTER UPDATE ON ledger_places FOR EACH ROW WHEN (OLD.size IS NOT NULL {or_aside})",
    }.items():
        op.execute(f"DROP TRIGGER ledger_places_{guard} ON ledger_places")
        op.execute(f"CREATE TRIGGER ledger_places_{guard} {trigger} {refuse}")
