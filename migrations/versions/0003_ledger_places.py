"""The place of somebody who is counted may be put right: one more append-only list of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# As those of ledger_entries: a row gets its `size` once, from the fold, and nothing else in it ever changes.
_SQLITE = {
    "no_delete": "BEFORE DELETE ON ledger_places BEGIN {refuse} END",
    "no_change": """
        BEFORE UPDATE ON ledger_places
        WHEN NEW.id IS NOT OLD.id OR NEW.campaign_id IS NOT OLD.campaign_id OR NEW.subject_id IS NOT OLD.subject_id
          OR NEW.delta IS NOT OLD.delta OR NEW.country IS NOT OLD.country OR NEW.region IS NOT OLD.region
          OR NEW.occurred_at IS NOT OLD.occurred_at OR OLD.size IS NOT NULL
        BEGIN {refuse} END""",
    "no_replace": """
        BEFORE INSERT ON ledger_places
        WHEN NEW.size IS NOT NULL OR EXISTS (SELECT 1 FROM ledger_places WHERE id = NEW.id)
        BEGIN {refuse} END""",
}
_POSTGRESQL = {
    "begin": "BEFORE INSERT ON ledger_places FOR EACH ROW WHEN (NEW.size IS NOT NULL)",
    "no_delete": "BEFORE DELETE OR TRUNCATE ON ledger_places FOR EACH STATEMENT",
    "no_change": """
        BEFORE UPDATE OF id, campaign_id, subject_id, delta, country, region, occurred_at
        ON ledger_places FOR EACH STATEMENT""",
    "once": "AFTER UPDATE ON ledger_places FOR EACH ROW WHEN (OLD.size IS NOT NULL)",
}


def upgrade() -> None:
    op.add_column("signatures", sa.Column("entry_country", sa.String(length=2), nullable=True))
    op.add_column("signatures", sa.Column("entry_region", sa.String(length=6), nullable=True))
    op.create_table(
        "ledger_places",
        sa.Column("id", _KEY, sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("delta IN (-1, 1)", name=op.f("ck_ledger_places_delta")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_places")),
    )
    waits = sa.text("size IS NULL")
    op.create_index(
        "ix_ledger_places_waiting", "ledger_places", ["id"], postgresql_where=waits, sqlite_where=waits
    )
    op.create_index("ix_ledger_places_size", "ledger_places", ["campaign_id", "size"])
    if op.get_bind().dialect.name == "sqlite":
        refuse = "SELECT RAISE(ABORT, 'ledger_places is append-only');"
        for guard, trigger in _SQLITE.items():
            op.execute(f"CREATE TRIGGER ledger_places_{guard} {trigger.format(refuse=refuse)}")
    else:
        for guard, trigger in _POSTGRESQL.items():
            op.execute(f"CREATE TRIGGER ledger_places_{guard} {trigger} EXECUTE FUNCTION refuse_log_change()")


def downgrade() -> None:
    op.drop_table("ledger_places")
    op.drop_column("signatures", "entry_region")
    op.drop_column("signatures", "entry_country")
