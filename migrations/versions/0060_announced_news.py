"""News for which there is no second person may go out after a day in which all of the staff can stop it."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0060"
down_revision = "0069"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('confirm', 'already', 'manage', 'reminder', 'thanks', 'withdrawn_self', 'news', 'news_test', {new}"
    "'invalidated', 'withdrawn', 'erasure', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage',"
    " 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover',"
    " 'staff_invitation', 'staff_notice', 'staff_alert')"
)
_APPROVED = "state IN ('draft', 'proposed') OR (proposed_by IS NOT NULL AND {decided})"
_CHECKS = {
    "ck_news_approved_by_somebody": _APPROVED.format(
        decided="(decided_by IS NOT NULL OR due_at IS NOT NULL)"
    ),
    "ck_news_draft_not_due": "state <> 'draft' OR due_at IS NULL",
    "ck_news_begun_when_due": (
        "decided_by IS NOT NULL OR due_at IS NULL OR begun_at IS NULL OR begun_at >= due_at"
    ),
}


def upgrade() -> None:
    migrations.add_column("news", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    for name, rule in _CHECKS.items():
        migrations.replace_check("news", name, rule)
    new = _KINDS.format(new="'news_announced', ")
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", new)


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'news_announced'")
    migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(new=""))
    op.execute(
        "UPDATE news SET state = 'draft', proposed_by = NULL, due_at = NULL"
        " WHERE due_at IS NOT NULL AND begun_at IS NULL"
    )
    op.execute("UPDATE news SET decided_by = 0 WHERE due_at IS NOT NULL AND decided_by IS NULL")
    name = "ck_news_approved_by_somebody"
    migrations.replace_check("news", name, _APPROVED.format(decided="decided_by IS NOT NULL"))
    with op.batch_alter_table("news") as batch:
        for check in ("draft_not_due", "begun_when_due"):
            batch.drop_constraint(op.f(f"ck_news_{check}"), type_="check")
        batch.drop_column("due_at")
