"""Once a year an organisation is asked whether its promise is still true, and the last answer is kept.

Before the kind of mail goes, its mails do: the version before cannot write them.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0109"
down_revision = "0108"
branch_labels = None
depends_on = None

_TABLE, _INDEX = "endorsements", "ix_endorsements_asked"
_COLUMNS = ("affirmed_at", "asked_at")
_KINDS = (
    "kind IN ('confirm', 'already', 'manage', 'reminder', 'thanks', 'held', 'withdrawn_self', 'news', 'news_test',"
    " 'news_announced', 'invalidated', 'withdrawn', 'erasure', 'unsubscribed', 'endorse_confirm', 'endorse_already',"
    " 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', {new}'endorse_contact',"
    " 'endorse_handover', 'contact', 'staff_invitation', 'staff_notice', 'staff_alert')"
)


def upgrade() -> None:
    for name in _COLUMNS:
        migrations.add_column(_TABLE, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    where = "state = 'published' AND contact_number <> 0"
    migrations.create_index(_INDEX, _TABLE, ["asked_at"], where=where)
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new="'endorse_promise', "))


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'endorse_promise'")
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new=""))
    migrations.drop_index(_INDEX, _TABLE)
    for name in _COLUMNS:
        op.drop_column(_TABLE, name)
