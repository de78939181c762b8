"""A campaign asks those who have signed for one thing more: a card beside the thanks."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0071"
down_revision = "0075"
branch_labels = None
depends_on = None

_LENGTHS = {
    "followup_title": 200,
    "followup_sentence": 300,
    "followup_link": 300,
    "followup_from": 10,
    "followup_until": 10,
}
_CHECKS = {
    "ck_campaign_texts_followup_is_whole": "(followup_title = '') = (followup_link = '')",
    "ck_campaign_texts_followup_is_https": "followup_link = '' OR substr(followup_link, 1, 8) = 'https://'",
    "ck_campaign_texts_followup_order": "followup_until = '' OR followup_until >= followup_from",
}


def upgrade() -> None:
    for name, length in _LENGTHS.items():
        column = sa.Column(name, sa.String(length), nullable=False, server_default="")
        migrations.add_column("campaign_texts", column)
    for name, rule in _CHECKS.items():
        migrations.replace_check("campaign_texts", name, rule)


def downgrade() -> None:
    with op.batch_alter_table("campaign_texts") as batch:
        for name in _CHECKS:
            batch.drop_constraint(op.f(name), type_="check")
        for name in _LENGTHS:
            batch.drop_column(name)
