"""Somebody may write to the site by a form: a mail whose words are in the outbox, encrypted, until it is sent."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0076"
down_revision = "0073"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('confirm', 'already', 'manage', 'reminder', 'thanks', 'withdrawn_self', 'news', 'news_test',"
    " 'news_announced', 'invalidated', 'withdrawn', 'erasure', 'unsubscribed', 'endorse_confirm', 'endorse_already',"
    " 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover',"
    " {new}'staff_invitation', 'staff_notice', 'staff_alert')"
)


def upgrade() -> None:
    migrations.add_column("outbox_mails", sa.Column("payload", sa.LargeBinary(), nullable=True))
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new="'contact', "))


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'contact'")
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new=""))
    op.drop_column("outbox_mails", "payload")
