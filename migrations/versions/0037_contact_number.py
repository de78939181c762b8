"""The number that is asked for where a machine may take over for somebody: how often one was typed."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("match_tries", sa.Integer(), server_default="0", nullable=False)
    op.add_column("endorsement_contact_changes", column)


def downgrade() -> None:
    op.drop_column("endorsement_contact_changes", "match_tries")
