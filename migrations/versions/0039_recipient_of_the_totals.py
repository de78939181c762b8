"""to whom a campaign hands its totals"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0011"
branch_labels = None
depends_on = None

#: What the consents of every campaign said until now.
_SAID = {"ko": "대한민국 정부", "en": "the Government of the Republic of Korea"}


def upgrade() -> None:
    with op.batch_alter_table("campaign_texts") as batch_op:
        batch_op.add_column(sa.Column("recipient", sa.String(200), server_default="", nullable=False))
    texts = sa.table("campaign_texts", sa.column("lang"), sa.column("recipient"))
    for lang, recipient in _SAID.items():
        op.execute(texts.update().where(texts.c.lang == lang).values(recipient=recipient))


def downgrade() -> None:
    with op.batch_alter_table("campaign_texts") as batch_op:
        batch_op.drop_column("recipient")
