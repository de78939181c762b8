"""What signers agree to has versions, and each signature names its own."""

import sqlalchemy as sa
from alembic import op

from pledge.core import clock
from pledge.core.db import migrations

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Everybody who has signed so far agreed to version 1: the words of now.
    migrations.add_column(
        "signatures", sa.Column("consent_version", sa.Integer(), server_default="1", nullable=False)
    )
    consents = op.create_table(
        "campaign_consents",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_campaign_consents_version")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_consents_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_campaign_consents")),
    )
    texts = sa.text(
        "SELECT c.id, t.lang, t.recipient FROM campaigns c LEFT JOIN campaign_texts t ON t.campaign_id = c.id"
        " WHERE c.state <> 'draft' ORDER BY c.id, t.lang"
    )
    words: dict[int, dict[str, str]] = {}
    for campaign_id, lang, recipient in op.get_bind().execute(texts):
        words.setdefault(campaign_id, {}).update({lang: recipient} if recipient else {})
    common = {"version": 1, "created_at": clock.now()}
    op.bulk_insert(consents, [{"campaign_id": of, "recipient": said, **common} for of, said in words.items()])


def downgrade() -> None:
    op.drop_table("campaign_consents")
    op.drop_column("signatures", "consent_version")
