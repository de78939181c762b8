"""What became of each demand, with a source, as a second person has published it."""

import sqlalchemy as sa
from alembic import op

revision = "0107"
down_revision = "0106"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demand_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("demand_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("kind", sa.String(length=11), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_name", sa.String(length=254), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_name", sa.String(length=254), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'returned', 'published')", name=op.f("ck_demand_events_state")
        ),
        sa.CheckConstraint(
            "kind IN ('asked_again', 'answered', 'promised', 'done', 'refused')",
            name=op.f("ck_demand_events_kind"),
        ),
        sa.CheckConstraint("(kind = 'promised') = (until IS NOT NULL)", name=op.f("ck_demand_events_until")),
        sa.CheckConstraint(
            "kind IN ('asked_again', 'done') OR CAST(words AS TEXT) <> '{}'",
            name=op.f("ck_demand_events_words"),
        ),
        sa.CheckConstraint("source <> ''", name=op.f("ck_demand_events_source")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_demand_events_two_people")
        ),
        sa.CheckConstraint(
            "state <> 'published' OR decided_by IS NOT NULL", name=op.f("ck_demand_events_published")
        ),
        sa.CheckConstraint(
            "(state = 'returned') = (returned_why IS NOT NULL)", name=op.f("ck_demand_events_returned")
        ),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["demands.id"], name=op.f("fk_demand_events_demand_id_demands")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand_events")),
    )
    op.create_index("ix_demand_events_demand", "demand_events", ["demand_id", "id"])
    is_open = sa.text("state <> 'published'")
    op.create_index(
        "ix_demand_events_open",
        "demand_events",
        ["demand_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    op.drop_table("demand_events")
