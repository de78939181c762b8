"""The first release: every table, index and guard."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: A text by language.
_TEXTS = sa.JSON()

_TABLES = (
    "audit_entries",
    "campaigns",
    "delivery_jobs",
    "erasure_notices",
    "invalidations",
    "ledger_entries",
    "mail_allowances",
    "mail_blocks",
    "mail_requests",
    "mail_valves",
    "outbox_mails",
    "review_reasons",
    "signatures",
    "staff",
    "staff_attempts",
    "stored_files",
    "switches",
    "campaign_events",
    "campaign_texts",
    "checkpoints",
    "exports",
    "invalidation_targets",
    "ledger_heads",
    "list_terms",
    "log_keys",
    "log_tiles",
    "partners",
    "pledge_texts",
    "staff_passkeys",
    "staff_roles",
    "staff_sessions",
    "tallies",
    "deliveries",
    "endorsements",
    "named_lists",
    "staff_saved_requests",
    "endorsement_contact_changes",
    "endorsement_versions",
    "review_visits",
)

# The audit log, the ledger and what is published of it only grow, for everybody who has not the right to drop a trigger
# (docs/security.md, docs/adr/0070). Each trigger refuses by name: "ledger_entries is append-only: …". What
# an entry may still get, once, is what the fold gives it; a new one has none of that, as only the fold says that an entry
# is counted. What is set aside may only be dismissed, once. `count_after` may be put right again, as it is a sum that
# `flask ledger recount` computes anew.
_FILLED = "NEW.number IS NOT NULL OR NEW.count_after IS NOT NULL OR NEW.takes_back IS NOT NULL OR NEW.set_aside IS NOT NULL"

# SQLite: RAISE(ABORT) for each row. INSERT OR REPLACE and UPDATE OR REPLACE remove the row in their way without asking a
# DELETE trigger, so they are looked for. No list of columns, as `SET rowid = …` would slip past it.
_SQLITE = {
    "audit_entries": {
        "no_update": "BEFORE UPDATE ON audit_entries BEGIN {refuse} END",
        "no_delete": "BEFORE DELETE ON audit_entries BEGIN {refuse} END",
        "no_replace": """
            BEFORE INSERT ON audit_entries
            WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id OR previous_hash = NEW.previous_hash)
            BEGIN {refuse} END""",
    },
    "ledger_entries": {
        "no_delete": "BEFORE DELETE ON ledger_entries BEGIN {refuse} END",
        "no_change": """
            BEFORE UPDATE ON ledger_entries
            WHEN NEW.id IS NOT OLD.id OR NEW.campaign_id IS NOT OLD.campaign_id OR NEW.kind IS NOT OLD.kind
              OR NEW.delta IS NOT OLD.delta OR NEW.reason IS NOT OLD.reason OR NEW.subject_id IS NOT OLD.subject_id
              OR NEW.country IS NOT OLD.country OR NEW.region IS NOT OLD.region OR NEW.hour IS NOT OLD.hour
              OR NEW.occurred_at IS NOT OLD.occurred_at OR NEW.pledge_text_id IS NOT OLD.pledge_text_id
              OR NEW.commitment IS NOT OLD.commitment
              OR (OLD.number IS NOT NULL AND NEW.number IS NOT OLD.number)
              OR (OLD.takes_back IS NOT NULL AND NEW.takes_back IS NOT OLD.takes_back)
              OR (OLD.count_after IS NOT NULL AND NEW.count_after IS NULL)
              OR (OLD.number IS NULL AND EXISTS (
                    SELECT 1 FROM ledger_entries WHERE campaign_id = NEW.campaign_id AND number = NEW.number))
              OR (OLD.set_aside IS NOT NULL AND NEW.set_aside IS NOT OLD.set_aside
                  AND (OLD.set_aside = 'dismissed' OR NEW.set_aside IS NOT 'dismissed'))
            BEGIN {refuse} END""",
        "no_replace": f"""
            BEFORE INSERT ON ledger_entries
            WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
              OR EXISTS (SELECT 1 FROM ledger_entries WHERE campaign_id = NEW.campaign_id AND number = NEW.number)
              OR {_FILLED}
            BEGIN {{refuse}} END""",  # noqa: S608  # a constant of this module
    },
    "checkpoints": {
        "no_delete": "BEFORE DELETE ON checkpoints BEGIN {refuse} END",
        "no_change": "BEFORE UPDATE ON checkpoints BEGIN {refuse} END",
        "no_replace": """
            BEFORE INSERT ON checkpoints WHEN EXISTS (SELECT 1 FROM checkpoints WHERE id = NEW.id)
            BEGIN {refuse} END""",
    },
    "log_keys": {
        "no_delete": "BEFORE DELETE ON log_keys BEGIN {refuse} END",
        "no_change": "BEFORE UPDATE ON log_keys BEGIN {refuse} END",
        # A key that is there already stays as it is, which is what the fold's ON CONFLICT DO NOTHING asks for.
        "no_replace": """
            BEFORE INSERT ON log_keys
            WHEN EXISTS (SELECT 1 FROM log_keys WHERE campaign_id = NEW.campaign_id AND verifier = NEW.verifier)
            BEGIN SELECT RAISE(IGNORE); END""",
    },
    "log_tiles": {
        "no_delete": "BEFORE DELETE ON log_tiles BEGIN {refuse} END",
        "no_change": """
            BEFORE UPDATE ON log_tiles
            WHEN NEW.campaign_id IS NOT OLD.campaign_id OR NEW.level IS NOT OLD.level OR NEW.tile IS NOT OLD.tile
              OR substr(NEW.hashes, 1, length(OLD.hashes)) IS NOT OLD.hashes
            BEGIN {refuse} END""",
        "no_replace": """
            BEFORE INSERT ON log_tiles
            WHEN EXISTS (SELECT 1 FROM log_tiles
                          WHERE campaign_id = NEW.campaign_id AND level = NEW.level AND tile = NEW.tile
                            AND substr(NEW.hashes, 1, length(hashes)) IS NOT hashes)
            BEGIN {refuse} END""",
    },
}

_POSTGRESQL_FUNCTIONS = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP; END $$"""

# The fold numbers thousands of entries in one statement, so nothing is run for a row that it may change: a statement
# that names a fixed column is refused before its first row, and what is left to see in a row is seen by WHEN. AFTER, as a
# BEFORE trigger would lock each row once more.
_POSTGRESQL = {
    "audit_entries": {
        "append_only": "BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries FOR EACH STATEMENT",
    },
    "ledger_entries": {
        "begin": f"BEFORE INSERT ON ledger_entries FOR EACH ROW WHEN ({_FILLED})",
        "no_delete": "BEFORE DELETE OR TRUNCATE ON ledger_entries FOR EACH STATEMENT",
        "no_change": """
            BEFORE UPDATE OF id, campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                             pledge_text_id, commitment
            ON ledger_entries FOR EACH STATEMENT""",
        "once": """
            AFTER UPDATE ON ledger_entries FOR EACH ROW
            WHEN ((OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number)
               OR (OLD.takes_back IS NOT NULL AND NEW.takes_back IS DISTINCT FROM OLD.takes_back)
               OR (OLD.count_after IS NOT NULL AND NEW.count_after IS NULL)
               OR (OLD.set_aside IS NOT NULL AND NEW.set_aside IS DISTINCT FROM OLD.set_aside
                   AND (OLD.set_aside = 'dismissed' OR NEW.set_aside IS DISTINCT FROM 'dismissed')))""",
    },
    "checkpoints": {
        "no_change": "BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints FOR EACH STATEMENT",
    },
    "log_keys": {
        "no_change": "BEFORE UPDATE OR DELETE OR TRUNCATE ON log_keys FOR EACH STATEMENT",
    },
    "log_tiles": {
        "no_delete": "BEFORE DELETE OR TRUNCATE ON log_tiles FOR EACH STATEMENT",
        "no_change": "BEFORE UPDATE OF campaign_id, level, tile ON log_tiles FOR EACH STATEMENT",
        "grow": """
            AFTER UPDATE ON log_tiles FOR EACH ROW
            WHEN (substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) IS DISTINCT FROM OLD.hashes)""",
    },
}


def _create_guards() -> None:
    if _is_sqlite():
        for table, guards in _SQLITE.items():
            name = "the audit log" if table == "audit_entries" else table
            refuse = f"SELECT RAISE(ABORT, '{name} is append-only');"
            for guard, trigger in guards.items():
                op.execute(f"CREATE TRIGGER {table}_{guard} {trigger.format(refuse=refuse)}")
        return
    op.execute(_POSTGRESQL_FUNCTIONS)
    for table, guards in _POSTGRESQL.items():
        function = "refuse_audit_change" if table == "audit_entries" else "refuse_log_change"
        for guard, trigger in guards.items():
            op.execute(f"CREATE TRIGGER {table}_{guard} {trigger} EXECUTE FUNCTION {function}()")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    _create_tables()
    _create_guards()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    if not _is_sqlite():
        op.execute("DROP FUNCTION refuse_log_change()")
        op.execute("DROP FUNCTION refuse_audit_change()")


def _create_tables() -> None:
    op.create_table(
        "audit_entries",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("network", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_entries_previous_hash")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False)
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject"], unique=False)
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("goal", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("video_provider", sa.String(length=8), server_default="", nullable=False),
        sa.Column("video_id", sa.String(length=20), server_default="", nullable=False),
        sa.Column("video_still", sa.String(length=40), server_default="", nullable=False),
        sa.CheckConstraint(
            "(video_provider = '') = (video_id = '')", name=op.f("ck_campaigns_video_is_whole")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'closed', 'archived')", name=op.f("ck_campaigns_state")
        ),
        sa.CheckConstraint(
            "video_provider IN ('', 'youtube', 'vimeo')", name=op.f("ck_campaigns_video_provider")
        ),
        sa.CheckConstraint("goal > 0", name=op.f("ck_campaigns_goal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaigns_slug")),
    )
    op.create_table(
        "delivery_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file", sa.String(length=80), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=120), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('pack', 'export', 'list')", name=op.f("ck_delivery_jobs_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'gone')", name=op.f("ck_delivery_jobs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_jobs")),
    )
    op.create_index(
        "ix_delivery_jobs_open",
        "delivery_jobs",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_index("ix_delivery_jobs_subject", "delivery_jobs", ["kind", "subject_id"], unique=False)
    op.create_table(
        "erasure_notices",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_notices")),
    )
    op.create_table(
        "invalidations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("network_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("domain_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("domain", sa.LargeBinary(), nullable=True),
        sa.Column("signed_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faster_than", sa.Integer(), nullable=True),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reinstated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_name", sa.String(length=254), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_name", sa.String(length=254), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_name", sa.String(length=254), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('automated', 'disposable', 'duplicate', 'false_identity', 'other')",
            name=op.f("ck_invalidations_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'applying', 'applied', 'discarded', 'undoing', 'undone')",
            name=op.f("ck_invalidations_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invalidations")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("hour", sa.String(length=13), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pledge_text_id", sa.Integer(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=True),
        sa.Column("takes_back", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("count_after", sa.BigInteger(), nullable=True),
        sa.Column("set_aside", sa.String(length=10), nullable=True),
        sa.CheckConstraint("kind IN ('person', 'organization')", name=op.f("ck_ledger_entries_kind")),
        sa.CheckConstraint(
            "reason IN ('confirmed', 'withdrawn', 'invalidated', 'reinstated')",
            name=op.f("ck_ledger_entries_reason"),
        ),
        sa.CheckConstraint(
            "set_aside IS NULL OR (set_aside IN ('no_cause', 'no_move', 'dismissed') AND number IS NULL)",
            name=op.f("ck_ledger_entries_set_aside"),
        ),
        sa.CheckConstraint(
            "(delta = 1) = (commitment IS NOT NULL)", name=op.f("ck_ledger_entries_plus_has_commitment")
        ),
        sa.CheckConstraint("delta IN (-1, 1)", name=op.f("ck_ledger_entries_delta")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_ledger_entries_campaign_id_number")),
    )
    op.create_index(
        "ix_ledger_entries_rare",
        "ledger_entries",
        ["occurred_at"],
        unique=False,
        postgresql_where=sa.text("reason <> 'confirmed'"),
        sqlite_where=sa.text("reason <> 'confirmed'"),
    )
    op.create_index(
        "ix_ledger_entries_set_aside",
        "ledger_entries",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("set_aside IS NOT NULL"),
        sqlite_where=sa.text("set_aside IS NOT NULL"),
    )
    op.create_index("ix_ledger_entries_subject", "ledger_entries", ["subject_id"], unique=False)
    op.create_index(
        "ix_ledger_entries_waiting",
        "ledger_entries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("number IS NULL AND set_aside IS NULL"),
        sqlite_where=sa.text("number IS NULL AND set_aside IS NULL"),
    )
    op.create_table(
        "mail_allowances",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=True),
        sa.Column("third", sa.BigInteger(), nullable=True),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", "kind", name=op.f("pk_mail_allowances")),
    )
    op.create_table(
        "mail_blocks",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_mail_blocks")),
    )
    op.create_table(
        "mail_requests",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('confirm', 'link', 'endorse', 'endorse_resend', 'endorse_link')",
            name=op.f("ck_mail_requests_kind"),
        ),
        sa.CheckConstraint(
            "subject_id IS NOT NULL OR address_hash IS NOT NULL", name=op.f("ck_mail_requests_about_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_requests")),
    )
    op.create_table(
        "mail_valves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("used_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_valves_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_valves")),
    )
    op.create_table(
        "outbox_mails",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("known", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=120), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('confirm', 'already', 'manage', 'delivered', 'invalidated', 'withdrawn', 'erased', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover', 'staff_invitation', 'staff_notice', 'staff_valve')",
            name=op.f("ck_outbox_mails_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'dropped', 'dead')", name=op.f("ck_outbox_mails_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mails")),
    )
    op.create_index(
        "ix_outbox_mails_dead",
        "outbox_mails",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
        sqlite_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_outbox_mails_due",
        "outbox_mails",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text(
            "state = 'queued' AND kind <> 'delivered' AND (known OR kind NOT IN ('confirm', 'endorse_confirm', 'endorse_contact'))"
        ),
        sqlite_where=sa.text(
            "state = 'queued' AND kind <> 'delivered' AND (known OR kind NOT IN ('confirm', 'endorse_confirm', 'endorse_contact'))"
        ),
    )
    op.create_index(
        "ix_outbox_mails_first",
        "outbox_mails",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text(
            "state = 'queued' AND NOT known AND kind IN ('confirm', 'endorse_confirm', 'endorse_contact')"
        ),
        sqlite_where=sa.text(
            "state = 'queued' AND NOT known AND kind IN ('confirm', 'endorse_confirm', 'endorse_contact')"
        ),
    )
    op.create_index(
        "ix_outbox_mails_news",
        "outbox_mails",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND kind = 'delivered'"),
        sqlite_where=sa.text("state = 'queued' AND kind = 'delivered'"),
    )
    op.create_index("ix_outbox_mails_subject", "outbox_mails", ["subject_id"], unique=False)
    op.create_index(
        "uq_outbox_mails_delivered",
        "outbox_mails",
        ["seq", "subject_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'delivered'"),
        sqlite_where=sa.text("kind = 'delivered'"),
    )
    op.create_table(
        "review_reasons",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("wording", _TEXTS, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("CAST(wording AS TEXT) <> '{}'", name=op.f("ck_review_reasons_has_wording")),
        sa.CheckConstraint("kind IN ('decline', 'changes', 'remove')", name=op.f("ck_review_reasons_kind")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_review_reasons")),
    )
    op.create_table(
        "signatures",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("public_name", sa.Boolean(), nullable=False),
        sa.Column("updates", sa.Boolean(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("pledge_text_id", sa.Integer(), nullable=False),
        sa.Column("privacy_version", sa.String(length=10), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("list_terms_id", sa.Integer(), nullable=True),
        sa.Column("mails", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_mail", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("all_code_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invalidation_id", sa.Integer(), nullable=True),
        sa.Column("network_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("domain_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("mail_provider", sa.String(length=8), server_default="other", nullable=False),
        sa.Column("name_hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "(state = 'invalidated') = (invalidation_id IS NOT NULL)",
            name=op.f("ck_signatures_invalidated_has_cause"),
        ),
        sa.CheckConstraint("region IS NULL OR country = 'KR'", name=op.f("ck_signatures_region_is_korean")),
        sa.CheckConstraint(
            "state <> 'confirmed' OR confirmed_at IS NOT NULL", name=op.f("ck_signatures_confirmed_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'confirmed', 'withdrawn', 'invalidated')", name=op.f("ck_signatures_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
    )
    op.create_index(
        "ix_signatures_invalidation",
        "signatures",
        ["invalidation_id"],
        unique=False,
        postgresql_where=sa.text("invalidation_id IS NOT NULL"),
        sqlite_where=sa.text("invalidation_id IS NOT NULL"),
    )
    op.create_index(
        "ix_signatures_listed",
        "signatures",
        ["campaign_id", "id"],
        unique=False,
        postgresql_where=sa.text("list_terms_id IS NOT NULL"),
        sqlite_where=sa.text("list_terms_id IS NOT NULL"),
    )
    op.create_index(
        "ix_signatures_news",
        "signatures",
        ["campaign_id", "id"],
        unique=False,
        postgresql_where=sa.text("updates AND state = 'confirmed'"),
        sqlite_where=sa.text("updates AND state = 'confirmed'"),
    )
    op.create_index("ix_signatures_person", "signatures", ["address_hash", "campaign_id"], unique=False)
    op.create_index(
        "ix_signatures_public",
        "signatures",
        ["campaign_id", "confirmed_at"],
        unique=False,
        postgresql_where=sa.text("public_name AND state = 'confirmed'"),
        sqlite_where=sa.text("public_name AND state = 'confirmed'"),
    )
    op.create_index(
        "uq_signatures_pending_content",
        "signatures",
        ["content_hash"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "uq_signatures_settled",
        "signatures",
        ["address_hash", "campaign_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('confirmed', 'invalidated')"),
        sqlite_where=sa.text("state IN ('confirmed', 'invalidated')"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("auth_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("passkey_handle", sa.String(length=64), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery_codes", sa.LargeBinary(), nullable=True),
        sa.Column("invitation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("active = (closed_at IS NULL)", name=op.f("ck_staff_closed")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_email_in_lower_case")),
        sa.CheckConstraint("length(lang) = 2", name=op.f("ck_staff_lang")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
        sa.UniqueConstraint("passkey_handle", name=op.f("uq_staff_passkey_handle")),
    )
    op.create_table(
        "staff_attempts",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wait_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_staff_attempts")),
    )
    op.create_table(
        "stored_files",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delete_after", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('picture', 'document')", name=op.f("ck_stored_files_kind")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stored_files")),
    )
    op.create_index(
        "ix_stored_files_delete_after",
        "stored_files",
        ["delete_after"],
        unique=False,
        postgresql_where=sa.text("delete_after IS NOT NULL"),
        sqlite_where=sa.text("delete_after IS NOT NULL"),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.create_table(
        "campaign_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("title", _TEXTS, nullable=False),
        sa.Column("place", _TEXTS, nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("CAST(title AS TEXT) <> '{}'", name=op.f("ck_campaign_events_has_title")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_campaign_events_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_events_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_events")),
        sa.UniqueConstraint("uid", name=op.f("uq_campaign_events_uid")),
    )
    op.create_index("ix_campaign_events_time", "campaign_events", ["campaign_id", "starts_at"], unique=False)
    op.create_table(
        "campaign_texts",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("tagline", sa.String(length=300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recipient", sa.String(length=200), server_default="", nullable=False),
        sa.Column("letter", sa.String(length=40), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_texts_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "lang", name=op.f("pk_campaign_texts")),
    )
    op.create_table(
        "checkpoints",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("organizations", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_checkpoints_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
    )
    op.create_index("ix_checkpoints_signed_at", "checkpoints", ["campaign_id", "signed_at"], unique=False)
    op.create_index("ix_checkpoints_size", "checkpoints", ["campaign_id", "size"], unique=False)
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=4), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_name", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f("ck_exports_format")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_exports_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_table(
        "invalidation_targets",
        sa.Column("invalidation_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invalidation_id"], ["invalidations.id"], name=op.f("fk_invalidation_targets_invalidation_id")
        ),
        sa.PrimaryKeyConstraint("invalidation_id", "signature_id", name=op.f("pk_invalidation_targets")),
    )
    op.create_table(
        "ledger_heads",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("organizations", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_size", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_ledger_heads_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "list_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("law", _TEXTS, nullable=False),
        sa.Column("recipient", _TEXTS, nullable=False),
        sa.Column("purpose", _TEXTS, nullable=False),
        sa.Column("keeping", _TEXTS, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CAST(law AS TEXT) <> '{}' AND CAST(recipient AS TEXT) <> '{}' AND CAST(purpose AS TEXT) <> '{}' AND CAST(keeping AS TEXT) <> '{}'",
            name=op.f("ck_list_terms_has_texts"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_list_terms_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_terms")),
        sa.UniqueConstraint("campaign_id", "version", name=op.f("uq_list_terms_campaign_id_version")),
    )
    op.create_index(
        "ix_list_terms_asked",
        "list_terms",
        ["campaign_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "log_keys",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("verifier", sa.String(length=400), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_log_keys_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "verifier", name=op.f("pk_log_keys")),
    )
    op.create_table(
        "log_tiles",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tile", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_log_tiles_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "level", "tile", name=op.f("pk_log_tiles")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("name", _TEXTS, nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("logo", sa.String(length=40), server_default="", nullable=False),
        sa.CheckConstraint("CAST(name AS TEXT) <> '{}'", name=op.f("ck_partners_has_name")),
        sa.CheckConstraint("role IN ('secretariat', 'partner')", name=op.f("ck_partners_role")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_partners_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("campaign_id", "position", name=op.f("uq_partners_campaign_id_position")),
    )
    op.create_table(
        "pledge_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wording", _TEXTS, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_pledge_texts_version")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_pledge_texts_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_texts")),
        sa.UniqueConstraint("campaign_id", "version", name=op.f("uq_pledge_texts_campaign_id_version")),
    )
    op.create_table(
        "staff_passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1024), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=1024), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_passkeys_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_staff_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_staff_passkeys_staff_id"), "staff_passkeys", ["staff_id"], unique=False)
    op.create_table(
        "staff_roles",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'moderator', 'editor', 'exporter', 'admin')", name=op.f("ck_staff_roles_role")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_roles_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "role", name=op.f("pk_staff_roles")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("auth_version", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.String(length=60), nullable=False),
        sa.Column("browser", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index("ix_staff_sessions_seen_at", "staff_sessions", ["seen_at"], unique=False)
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False)
    op.create_table(
        "tallies",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("dimension", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=13), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "dimension IN ('total', 'country', 'region', 'hour')", name=op.f("ck_tallies_dimension")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_tallies_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "kind", "dimension", "key", name=op.f("pk_tallies")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("checkpoint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("recipient", _TEXTS, nullable=False),
        sa.Column("occasion", _TEXTS, nullable=False),
        sa.Column("letter", _TEXTS, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("frozen_by", sa.Integer(), nullable=True),
        sa.Column("frozen_name", sa.String(length=254), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(length=9), nullable=True),
        sa.Column("receipt_number", sa.String(length=100), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", _TEXTS, server_default="{}", nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("announced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("announcing_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CAST(recipient AS TEXT) <> '{}' AND CAST(occasion AS TEXT) <> '{}' AND CAST(letter AS TEXT) <> '{}'",
            name=op.f("ck_deliveries_texts"),
        ),
        sa.CheckConstraint(
            "channel IN ('in_person', 'post', 'email', 'portal', 'other')", name=op.f("ck_deliveries_channel")
        ),
        sa.CheckConstraint(
            "state <> 'answered' OR answered_at IS NOT NULL", name=op.f("ck_deliveries_answered_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('frozen', 'handed_over', 'answered', 'discarded')", name=op.f("ck_deliveries_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('handed_over', 'answered') OR handed_over_at IS NOT NULL",
            name=op.f("ck_deliveries_handed_over_has_time"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_deliveries_campaign_id")),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_deliveries_checkpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_campaign", "deliveries", ["campaign_id", "id"], unique=False)
    op.create_table(
        "endorsements",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("contact_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("contact_name", sa.LargeBinary(), nullable=False),
        sa.Column("contact_title", sa.LargeBinary(), nullable=False),
        sa.Column("contact_email", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mail_domain", sa.String(length=253), nullable=False),
        sa.Column("show_contact", sa.Boolean(), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("registration_number", sa.LargeBinary(), nullable=True),
        sa.Column("registration_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.String(length=6), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("pledge_text_id", sa.Integer(), nullable=False),
        sa.Column("privacy_version", sa.String(length=10), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_reason", _TEXTS, server_default="{}", nullable=False),
        sa.Column("decision_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'merged') = (merged_into_id IS NOT NULL)",
            name=op.f("ck_endorsements_merged_has_target"),
        ),
        sa.CheckConstraint(
            "level IN ('mail', 'domain', 'site', 'staff')", name=op.f("ck_endorsements_level")
        ),
        sa.CheckConstraint(
            "state <> 'published' OR published_at IS NOT NULL",
            name=op.f("ck_endorsements_published_has_time"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'review', 'changes', 'published', 'declined', 'withdrawn', 'removed', 'merged')",
            name=op.f("ck_endorsements_state"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_endorsements_campaign_id")),
        sa.ForeignKeyConstraint(
            ["pledge_text_id"], ["pledge_texts.id"], name=op.f("fk_endorsements_pledge_text_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endorsements")),
        sa.UniqueConstraint(
            "campaign_id",
            "address_hash",
            "name_key",
            name=op.f("uq_endorsements_campaign_id_address_hash_name_key"),
        ),
    )
    op.create_index(
        "ix_endorsements_mail_domain", "endorsements", ["campaign_id", "mail_domain"], unique=False
    )
    op.create_index("ix_endorsements_name_key", "endorsements", ["campaign_id", "name_key"], unique=False)
    op.create_index(
        "ix_endorsements_registration", "endorsements", ["campaign_id", "registration_hash"], unique=False
    )
    op.create_index("ix_endorsements_state", "endorsements", ["campaign_id", "state"], unique=False)
    op.create_table(
        "named_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("list_terms_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recipient_key", sa.String(length=120), nullable=False),
        sa.Column("watermark", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_name", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_name", sa.String(length=254), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_why", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("unreadable", sa.BigInteger(), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'refused', 'retracted')", name=op.f("ck_named_lists_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'refused') OR (asked_by IS NOT NULL AND decided_by IS NOT NULL)",
            name=op.f("ck_named_lists_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_named_lists_two_people")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_named_lists_campaign_id")),
        sa.ForeignKeyConstraint(
            ["list_terms_id"], ["list_terms.id"], name=op.f("fk_named_lists_list_terms_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_lists")),
        sa.UniqueConstraint("watermark", name=op.f("uq_named_lists_watermark")),
    )
    op.create_table(
        "staff_saved_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["staff_sessions.id"],
            name=op.f("fk_staff_saved_requests_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_saved_requests_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_saved_requests")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_saved_requests_token_hash")),
    )
    op.create_index(
        op.f("ix_staff_saved_requests_expires_at"), "staff_saved_requests", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_staff_saved_requests_session_id"), "staff_saved_requests", ["session_id"], unique=False
    )
    op.create_index(
        op.f("ix_staff_saved_requests_staff_id"), "staff_saved_requests", ["staff_id"], unique=False
    )
    op.create_table(
        "endorsement_contact_changes",
        sa.Column("endorsement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_number", sa.Integer(), nullable=False),
        sa.Column("contact_name", sa.LargeBinary(), nullable=False),
        sa.Column("contact_title", sa.LargeBinary(), nullable=False),
        sa.Column("contact_email", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mail_domain", sa.String(length=253), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endorsement_id"],
            ["endorsements.id"],
            name=op.f("fk_endorsement_contact_changes_endorsement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endorsement_id", name=op.f("pk_endorsement_contact_changes")),
    )
    op.create_table(
        "endorsement_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endorsement_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("type", sa.String(length=13), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("website", sa.String(length=300), nullable=False),
        sa.Column("target_year", sa.Integer(), nullable=True),
        sa.Column("interim_year", sa.Integer(), nullable=True),
        sa.Column("interim_percent", sa.Integer(), nullable=True),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("spokesperson", sa.String(length=170), server_default="", nullable=False),
        sa.Column("logo", sa.String(length=40), server_default="", nullable=False),
        sa.Column("applicant", sa.LargeBinary(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("CAST(name AS TEXT) <> '{}'", name=op.f("ck_endorsement_versions_has_name")),
        sa.CheckConstraint(
            "region IS NULL OR country = 'KR'", name=op.f("ck_endorsement_versions_region_is_korean")
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'published', 'declined', 'superseded')",
            name=op.f("ck_endorsement_versions_state"),
        ),
        sa.CheckConstraint(
            "type IN ('business', 'city', 'government', 'embassy', 'international', 'civil', 'academia', 'faith', 'youth', 'media', 'other')",
            name=op.f("ck_endorsement_versions_type"),
        ),
        sa.CheckConstraint(
            "interim_percent IS NULL OR interim_percent BETWEEN 1 AND 100",
            name=op.f("ck_endorsement_versions_percent"),
        ),
        sa.ForeignKeyConstraint(
            ["endorsement_id"],
            ["endorsements.id"],
            name=op.f("fk_endorsement_versions_endorsement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endorsement_versions")),
        sa.UniqueConstraint("endorsement_id", "seq", name=op.f("uq_endorsement_versions_endorsement_id_seq")),
    )
    op.create_index(
        "uq_endorsement_versions_published",
        "endorsement_versions",
        ["endorsement_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
        sqlite_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "review_visits",
        sa.Column("endorsement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["endorsement_id"],
            ["endorsements.id"],
            name=op.f("fk_review_visits_endorsement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endorsement_id", "staff_id", name=op.f("pk_review_visits")),
    )
