"""Signatures that are held until staff decide, the wider network around a sign-up, and signals.

On PostgreSQL nothing here holds a lock while rows are read: indexes are made concurrently, and constraints are added as not
valid and checked afterwards. Interrupted, it can be run again.
"""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from pledge.core.db.migrations import waiting_for_readers

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = {
    "wide_network_hash": sa.LargeBinary(length=32),
    "signals": sa.String(length=80),
    "confirm_signals": sa.String(length=80),
    "hold_reason": sa.String(length=16),
}
_OLD = {
    "state": "state IN ('pending', 'confirmed', 'withdrawn', 'invalidated')",
    "confirmed_has_time": "state <> 'confirmed' OR confirmed_at IS NOT NULL",
}
_NEW = {
    "state": "state IN ('pending', 'confirmed', 'held', 'withdrawn', 'invalidated')",
    "confirmed_has_time": "state NOT IN ('confirmed', 'held') OR confirmed_at IS NOT NULL",
    "confirmed_is_released": "state <> 'confirmed' OR hold_reason IS NULL",
    "held_has_reason": "state <> 'held' OR hold_reason IS NOT NULL",
}
_OLD_SETTLED = "state IN ('confirmed', 'invalidated')"
_NEW_SETTLED = "state IN ('confirmed', 'held', 'invalidated')"
_HELD = sa.text("state = 'held'")


def upgrade() -> None:
    if _is_postgresql():
        _upgrade_postgresql()
        return
    with op.batch_alter_table("signatures", recreate="always") as table:
        for name, kind in _COLUMNS.items():
            table.add_column(sa.Column(name, kind, nullable=True))
        _replace_checks_in(table, gone=_OLD, new=_NEW)
    _remake_settled(_NEW_SETTLED)
    op.create_index("ix_signatures_submitted", "signatures", ["submitted_at"])
    op.create_index("ix_signatures_held", "signatures", ["campaign_id", "confirmed_at"], sqlite_where=_HELD)


def downgrade() -> None:
    # Their confirmations were not counted; they wait again.
    op.execute("UPDATE signatures SET state = 'pending', confirmed_at = NULL WHERE state = 'held'")
    if _is_postgresql():
        _downgrade_postgresql()
        return
    op.drop_index("ix_signatures_held", "signatures")
    op.drop_index("ix_signatures_submitted", "signatures")
    with op.batch_alter_table("signatures", recreate="always") as table:
        _replace_checks_in(table, gone=_NEW, new=_OLD)
        for name in _COLUMNS:
            table.drop_column(name)
    _remake_settled(_OLD_SETTLED)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _replace_checks_in(table: BatchOperations, *, gone: dict[str, str], new: dict[str, str]) -> None:
    for name in gone:
        table.drop_constraint(op.f(f"ck_signatures_{name}"), type_="check")
    for name, condition in new.items():
        table.create_check_constraint(op.f(f"ck_signatures_{name}"), condition)


def _remake_settled(where: str) -> None:
    op.drop_index("uq_signatures_settled", "signatures")
    op.create_index(
        "uq_signatures_settled",
        "signatures",
        ["address_hash", "campaign_id"],
        unique=True,
        sqlite_where=sa.text(where),
    )


def _upgrade_postgresql() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("signatures", sa.Column(name, kind, nullable=True), if_not_exists=True)
    _replace_checks(gone=_NEW, new=_NEW)
    with op.get_context().autocommit_block(), waiting_for_readers():
        _validate(_NEW)
        _create_settled(_NEW_SETTLED)
        _create("ix_signatures_submitted", ["submitted_at"])
        _create("ix_signatures_held", ["campaign_id", "confirmed_at"], postgresql_where=_HELD)
    _swap_settled()


def _downgrade_postgresql() -> None:
    _replace_checks(gone=_NEW, new=_OLD)
    with op.get_context().autocommit_block(), waiting_for_readers():
        _validate(_OLD)
        _create_settled(_OLD_SETTLED)
        for name in ("ix_signatures_submitted", "ix_signatures_held"):
            _drop(name)
    _swap_settled()
    for name in _COLUMNS:
        op.drop_column("signatures", name)


def _replace_checks(*, gone: dict[str, str], new: dict[str, str]) -> None:
    for name in gone:
        op.drop_constraint(op.f(f"ck_signatures_{name}"), "signatures", if_exists=True)
    for name, condition in new.items():
        op.create_check_constraint(
            op.f(f"ck_signatures_{name}"), "signatures", condition, postgresql_not_valid=True
        )


def _validate(conditions: dict[str, str]) -> None:
    for name in conditions:
        op.execute(f"ALTER TABLE signatures VALIDATE CONSTRAINT ck_signatures_{name}")


def _create_settled(where: str) -> None:
    columns = ["address_hash", "campaign_id"]
    _create("uq_signatures_settled_new", columns, unique=True, postgresql_where=sa.text(where))


def _swap_settled() -> None:
    """In one transaction, so that there is always one of them: of a person, one row in a campaign is counted."""
    op.drop_index("uq_signatures_settled", "signatures")
    op.execute("ALTER INDEX uq_signatures_settled_new RENAME TO uq_signatures_settled")


def _create(name: str, columns: list[str], **options: object) -> None:
    _drop(name)  # one that was interrupted is there, and not valid
    op.create_index(name, "signatures", columns, postgresql_concurrently=True, **options)


def _drop(name: str) -> None:
    op.drop_index(name, "signatures", postgresql_concurrently=True, if_exists=True)
