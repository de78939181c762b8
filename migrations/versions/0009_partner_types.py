"""Organisations behind a campaign are of a kind, as those that endorse it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TYPES = (
    "business",
    "city",
    "government",
    "embassy",
    "international",
    "civil",
    "academia",
    "faith",
    "youth",
    "media",
    "other",
)


def upgrade() -> None:
    with op.batch_alter_table("partners") as table:
        table.add_column(sa.Column("type", sa.String(length=13), server_default="", nullable=False))
        table.create_check_constraint(op.f("ck_partners_type"), f"type = '' OR type IN {_TYPES}")


def downgrade() -> None:
    with op.batch_alter_table("partners") as table:
        table.drop_constraint(op.f("ck_partners_type"), type_="check")
        table.drop_column("type")
