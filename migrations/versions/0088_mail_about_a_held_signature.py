"""Whoever is held gets a mail that says so, and the pace of first mails follows those who confirm.

Before the kind goes, its mails do: the version before cannot write them.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0088"
down_revision = "0086"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('confirm', 'already', 'manage', 'reminder', 'thanks', {new}'withdrawn_self', 'news', 'news_test',"
    " 'news_announced', 'invalidated', 'withdrawn', 'erasure', 'unsubscribed', 'endorse_confirm', 'endorse_already',"
    " 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover',"
    " 'contact', 'staff_invitation', 'staff_notice', 'staff_alert')"
)


def upgrade() -> None:
    migrations.add_column("mail_valves", sa.Column("pace", sa.Integer(), nullable=True))
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new="'held', "))


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'held'")
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new=""))
    op.drop_column("mail_valves", "pace")
