"""The texts of a campaign are columns of it, by language, as all its other words are; they had a table of their own.

The version before this one reads that table until it is restarted, so it stays, and a later migration drops it.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0085"
down_revision = "0081"
branch_labels = None
depends_on = None

#: With the most characters that each may have; None: any number.
_TEXTS = {
    "title": 200,
    "tagline": 300,
    "summary": None,
    "body": None,
    "recipient": 200,
    "letter": 40,
    "who_may_sign": 300,
    "followup_title": 200,
    "followup_sentence": 300,
    "followup_link": 300,
    "followup_from": 10,
    "followup_until": 10,
}
_CHECKS = {
    "followup_is_whole": "(followup_title = '') = (followup_link = '')",
    "followup_is_https": "followup_link = '' OR substr(followup_link, 1, 8) = 'https://'",
    "followup_order": "followup_until = '' OR followup_until >= followup_from",
}
_BY_CAMPAIGN = sa.table("campaigns", sa.column("id"), *(sa.column(name, sa.JSON()) for name in _TEXTS))
_BY_LANGUAGE = sa.table(
    "campaign_texts", sa.column("campaign_id"), sa.column("lang"), *map(sa.column, _TEXTS)
)


def upgrade() -> None:
    for name in _TEXTS:
        migrations.add_column("campaigns", sa.Column(name, sa.JSON(), nullable=False, server_default="{}"))
    texts: dict[int, dict[str, dict[str, str]]] = {}
    for row in op.get_bind().execute(sa.select(_BY_LANGUAGE).order_by(_BY_LANGUAGE.c.lang)):
        by_name = texts.setdefault(row.campaign_id, {name: {} for name in _TEXTS})
        for name in _TEXTS:
            if text := getattr(row, name):
                by_name[name][row.lang] = text
    for number, by_name in texts.items():
        op.execute(_BY_CAMPAIGN.update().where(_BY_CAMPAIGN.c.id == number).values(by_name))
    # Nobody adds to it any more, and a campaign may be deleted without it.
    with op.batch_alter_table("campaign_texts") as batch:
        batch.drop_constraint(op.f("fk_campaign_texts_campaign_id"), type_="foreignkey")


def downgrade() -> None:
    op.drop_table("campaign_texts")
    op.create_table(
        "campaign_texts",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("lang", sa.String(2), nullable=False),
        *(
            sa.Column(name, sa.String(length) if length else sa.Text(), server_default="", nullable=False)
            for name, length in _TEXTS.items()
        ),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_campaign_texts_{name}")) for name, rule in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_texts_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "lang", name=op.f("pk_campaign_texts")),
    )
    for row in op.get_bind().execute(sa.select(_BY_CAMPAIGN)).all():
        for lang in sorted({lang for name in _TEXTS for lang in getattr(row, name)}):
            texts = {name: getattr(row, name).get(lang, "") for name in _TEXTS}
            op.execute(_BY_LANGUAGE.insert().values(campaign_id=row.id, lang=lang, **texts))
    with op.batch_alter_table("campaigns") as batch:
        for name in _TEXTS:
            batch.drop_column(name)
