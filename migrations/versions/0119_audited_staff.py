"""Accounts, roles and pledge texts change only together with an entry of the audit log, and administrators hear of it.

SQLite has one role, which owns the tables: there nothing is asked of it.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None

_BEFORE = (
    "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'domain_held', 'delivery_fell', 'step_reached',"
    " 'approval_waits', 'paper_agreed', 'act_proposed', 'organization_waits', 'returned', 'answer_due', 'inbox_daily', 'count_differs')"
)
_NOW = _BEFORE.replace("'count_differs'", "'count_differs', 'staff_changed'")

# Deferred, as an entry is the last step of a use case. `xmin` is this transaction's only in rows that it wrote, and no row of
# the audit log can be updated. Whoever owns the table is not asked: migrations, a restore, and a site with one role.
_FUNCTION = """
CREATE OR REPLACE FUNCTION require_audit_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
    about text := CASE TG_TABLE_NAME WHEN 'staff' THEN 'staff:' || (changed ->> 'id')
                                     ELSE 'staff:' || (changed ->> 'staff_id') END;
BEGIN
    IF pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'pledge_texts' THEN
        SELECT 'campaign:' || slug INTO about FROM campaigns WHERE id = (changed ->> 'campaign_id')::integer;
    END IF;
    IF NOT EXISTS (SELECT FROM audit_entries AS entry
                    WHERE entry.subject = about AND entry.action = ANY (TG_ARGV::text[])
                      AND entry.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION '% of % has no entry in the audit log', TG_OP, TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$"""

#: By table: which of its changes are asked, and the actions that explain one.
_GUARDED = {
    "staff": (
        "INSERT OR DELETE OR UPDATE OF id, email, active, password, alerts, invitation",
        *("staff.invite", "staff.invite_again", "staff.accept_invitation", "staff.change_password"),
        *("staff.close", "staff.choose_alerts"),
    ),
    "staff_roles": ("INSERT OR DELETE OR UPDATE", "staff.invite", "staff.set_roles"),
    # A passkey signs in alone.
    "staff_passkeys": ("INSERT OR UPDATE OF staff_id, credential_id, public_key", "staff.add_passkey"),
    "pledge_texts": (
        "INSERT OR DELETE OR UPDATE OF id, campaign_id, version, wording, sha256",
        *("campaign.create", "campaign.pledge"),
    ),
}


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)
    op.create_table(
        "audit_watched",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_watched")),
        if_not_exists=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(_FUNCTION)
    for table, (changes, *actions) in _GUARDED.items():
        arguments = ", ".join(f"'{action}'" for action in actions)
        op.execute(f"DROP TRIGGER IF EXISTS {table}_audited ON {table}")
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_audited AFTER {changes} ON {table} DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW EXECUTE FUNCTION require_audit_entry({arguments})"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION require_audit_entry() CASCADE")
    op.drop_table("audit_watched")
    op.execute("DELETE FROM alerts WHERE kind = 'staff_changed'")
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
