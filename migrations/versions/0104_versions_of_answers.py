"""An answer is a row of its own for each version, which a second person publishes.

The former columns stay until the previous version, which reads them, is restarted.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None

_ANSWERS = sa.table(
    "delivery_answers",
    sa.column("delivery_id"),
    sa.column("state"),
    sa.column("answered_at", sa.DateTime(timezone=True)),
    sa.column("original"),
    sa.column("answer", sa.JSON()),
    sa.column("proposed_name"),
    sa.column("decided_name"),
    sa.column("decided_at", sa.DateTime(timezone=True)),
)
_DELIVERIES = sa.table(
    "deliveries",
    sa.column("id"),
    sa.column("state"),
    sa.column("answered_at", sa.DateTime(timezone=True)),
    sa.column("answer", sa.JSON()),
)
_CHECK = "ck_deliveries_answered_has_time"


def upgrade() -> None:
    op.create_table(
        "delivery_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("original", sa.String(length=2), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("document", sa.String(length=40), server_default="", nullable=False),
        sa.Column("document_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_name", sa.String(length=254), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_name", sa.String(length=254), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'returned', 'published')", name=op.f("ck_delivery_answers_state")
        ),
        sa.CheckConstraint("CAST(answer AS TEXT) <> '{}'", name=op.f("ck_delivery_answers_answer")),
        sa.CheckConstraint(
            "(document = '') = (document_sha256 IS NULL)", name=op.f("ck_delivery_answers_document")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_delivery_answers_two_people")
        ),
        sa.CheckConstraint(
            "(state = 'returned') = (returned_why IS NOT NULL)", name=op.f("ck_delivery_answers_returned")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_answers_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_answers")),
    )
    op.create_index("ix_delivery_answers_delivery", "delivery_answers", ["delivery_id", "id"])
    is_open = sa.text("state <> 'published'")
    op.create_index(
        "ix_delivery_answers_open",
        "delivery_answers",
        ["delivery_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    with op.batch_alter_table("deliveries") as table:
        table.drop_constraint(op.f(_CHECK), type_="check")
    answered = op.get_bind().execute(sa.select(_DELIVERIES).where(_DELIVERIES.c.state == "answered")).all()
    for row in answered:
        version = {
            "delivery_id": row.id,
            "state": "published",
            "answered_at": row.answered_at,
            "original": next(iter(row.answer), "ko"),
            "answer": row.answer,
            "proposed_name": "",
            "decided_name": "",
            "decided_at": row.answered_at,
        }
        op.execute(_ANSWERS.insert().values(version))


def downgrade() -> None:
    """The newest published version becomes the answer again."""
    published = sa.select(_ANSWERS).where(_ANSWERS.c.state == "published").order_by(sa.column("id"))
    for row in op.get_bind().execute(published).all():
        answer = {"answered_at": row.answered_at, "answer": row.answer}
        op.execute(_DELIVERIES.update().where(_DELIVERIES.c.id == row.delivery_id).values(answer))
    migrations.replace_check("deliveries", _CHECK, "state <> 'answered' OR answered_at IS NOT NULL")
    op.drop_table("delivery_answers")
