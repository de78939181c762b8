"""the public log: what an entry tells, its tiles, checkpoints and keys; deliveries, exports and lists of names"""

import hashlib
import secrets
from base64 import b64encode
from typing import Any

import sqlalchemy as sa
from alembic import op

from pledge.crypto import Unreadable, vault

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MAIL_KINDS = (
    *("confirm", "already", "manage", "invalidated"),
    *("endorse_confirm", "endorse_already", "endorse_manage"),
    *("endorse_published", "endorse_changes", "endorse_declined", "endorse_contact", "endorse_handover"),
    *("staff_invitation", "staff_notice"),
)

_BATCH = 2000


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # A million rows take longer than the application gives a statement.
        op.execute("SET LOCAL statement_timeout = 0")
    _add_columns()
    _fill_signatures()
    _fill_endorsements()
    _fill_entries()
    _close_columns()
    _create_log()
    _create_deliveries()
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_outbox_mails_kind"), _among("kind", (*_MAIL_KINDS, "delivered"))
        )
        _partial_index(
            batch_op, "uq_outbox_mails_delivered", ["seq", "subject_id"], "kind = 'delivered'", unique=True
        )
        batch_op.drop_index("ix_outbox_mails_due")
        for name, which in (("due", "<>"), ("news", "=")):
            _partial_index(
                batch_op,
                f"ix_outbox_mails_{name}",
                ["due_at"],
                f"state = 'queued' AND kind {which} 'delivered'",
            )


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'delivered'")
    with op.batch_alter_table("outbox_mails") as batch_op:
        for name in ("uq_outbox_mails_delivered", "ix_outbox_mails_due", "ix_outbox_mails_news"):
            batch_op.drop_index(name)
        _partial_index(batch_op, "ix_outbox_mails_due", ["due_at"], "state = 'queued'")
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among("kind", _MAIL_KINDS))
    for table in ("named_lists", "exports", "delivery_jobs", "deliveries"):
        op.drop_table(table)
    for table in ("log_keys", "checkpoints", "log_tiles", "list_terms"):
        op.drop_table(table)
    with op.batch_alter_table("campaigns") as batch_op:
        batch_op.drop_column("forgotten_at")
    with op.batch_alter_table("ledger_heads") as batch_op:
        batch_op.drop_column("log_size")
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.drop_constraint(op.f("ck_ledger_entries_plus_has_commitment"), type_="check")
        for column in ("takes_back", "commitment", "pledge_text_id"):
            batch_op.drop_column(column)
    with op.batch_alter_table("endorsements") as batch_op:
        batch_op.drop_column("salt")
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.drop_index("ix_signatures_news")
        batch_op.drop_index("ix_signatures_listed")
        for column in ("list_terms_id", "commitment", "salt"):
            batch_op.drop_column(column)


def _add_columns() -> None:
    with op.batch_alter_table("campaigns") as batch_op:
        batch_op.add_column(sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.add_column(sa.Column("salt", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("commitment", sa.LargeBinary(32), nullable=True))
        batch_op.add_column(sa.Column("list_terms_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("endorsements") as batch_op:
        batch_op.add_column(sa.Column("salt", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.add_column(sa.Column("pledge_text_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("commitment", sa.LargeBinary(32), nullable=True))
        batch_op.add_column(sa.Column("takes_back", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("ledger_heads") as batch_op:
        batch_op.add_column(sa.Column("log_size", sa.BigInteger(), server_default="0", nullable=False))


def _close_columns() -> None:
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.alter_column("salt", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.alter_column("commitment", existing_type=sa.LargeBinary(32), nullable=False)
        _partial_index(batch_op, "ix_signatures_listed", ["campaign_id", "id"], "list_terms_id IS NOT NULL")
        _partial_index(
            batch_op, "ix_signatures_news", ["campaign_id", "id"], "updates AND state = 'confirmed'"
        )
    with op.batch_alter_table("endorsements") as batch_op:
        batch_op.alter_column("salt", existing_type=sa.LargeBinary(), nullable=False)
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.alter_column("pledge_text_id", existing_type=sa.Integer(), nullable=False)
        batch_op.create_check_constraint(
            op.f("ck_ledger_entries_plus_has_commitment"), "(delta = 1) = (commitment IS NOT NULL)"
        )


def _create_log() -> None:
    op.create_table(
        "log_tiles",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tile", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        _of_campaign("log_tiles"),
        sa.PrimaryKeyConstraint("campaign_id", "level", "tile", name=op.f("pk_log_tiles")),
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
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("organizations", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        _of_campaign("checkpoints"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
    )
    op.create_index("ix_checkpoints_size", "checkpoints", ["campaign_id", "size"])
    op.create_table(
        "log_keys",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("verifier", sa.String(400), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        _of_campaign("log_keys"),
        sa.PrimaryKeyConstraint("campaign_id", "verifier", name=op.f("pk_log_keys")),
    )


def _create_deliveries() -> None:
    op.create_table(
        "list_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(sa.Column(f"law_{lang}", sa.Text(), nullable=False) for lang in ("ko", "en")),
        *(sa.Column(f"recipient_{lang}", sa.String(200), nullable=False) for lang in ("ko", "en")),
        *(sa.Column(f"purpose_{lang}", sa.Text(), nullable=False) for lang in ("ko", "en")),
        *(sa.Column(f"keeping_{lang}", sa.Text(), nullable=False) for lang in ("ko", "en")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _of_campaign("list_terms"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_terms")),
        sa.UniqueConstraint("campaign_id", "version", name=op.f("uq_list_terms_campaign_id_version")),
    )
    with op.batch_alter_table("list_terms") as batch_op:
        _partial_index(batch_op, "ix_list_terms_asked", ["campaign_id"], "ended_at IS NULL", unique=True)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("checkpoint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        *(sa.Column(f"recipient_{lang}", sa.String(200), nullable=False) for lang in ("ko", "en")),
        *(sa.Column(f"occasion_{lang}", sa.String(300), nullable=False) for lang in ("ko", "en")),
        *(sa.Column(f"letter_{lang}", sa.Text(), nullable=False) for lang in ("ko", "en")),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("frozen_by", sa.Integer(), nullable=True),
        sa.Column("frozen_name", sa.String(254), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(9), nullable=True),
        sa.Column("receipt_number", sa.String(100), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(f"answer_{lang}", sa.Text(), server_default="", nullable=False) for lang in ("ko", "en")),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("announced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("announcing_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            _among("state", ("frozen", "handed_over", "answered", "discarded")),
            name=op.f("ck_deliveries_state"),
        ),
        sa.CheckConstraint(
            _among("channel", ("in_person", "post", "email", "portal", "other")),
            name=op.f("ck_deliveries_channel"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('handed_over', 'answered') OR handed_over_at IS NOT NULL",
            name=op.f("ck_deliveries_handed_over_has_time"),
        ),
        sa.CheckConstraint(
            "state <> 'answered' OR answered_at IS NOT NULL", name=op.f("ck_deliveries_answered_has_time")
        ),
        sa.CheckConstraint(
            " AND ".join(
                f"length({field}_{lang}) BETWEEN 1 AND {longest}"
                for field, longest in (("recipient", 200), ("occasion", 300), ("letter", 20000))
                for lang in ("ko", "en")
            ),
            name=op.f("ck_deliveries_texts"),
        ),
        _of_campaign("deliveries"),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_deliveries_checkpoint_id_checkpoints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_campaign", "deliveries", ["campaign_id", "id"])
    op.create_table(
        "delivery_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file", sa.String(80), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(120), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_among("kind", ("pack", "export", "list")), name=op.f("ck_delivery_jobs_kind")),
        sa.CheckConstraint(
            _among("state", ("waiting", "running", "done", "failed", "gone")),
            name=op.f("ck_delivery_jobs_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_jobs")),
    )
    op.create_index("ix_delivery_jobs_subject", "delivery_jobs", ["kind", "subject_id"])
    with op.batch_alter_table("delivery_jobs") as batch_op:
        _partial_index(batch_op, "ix_delivery_jobs_open", ["id"], "state IN ('waiting', 'running')")
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_name", sa.String(254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_among("format", ("csv", "xlsx")), name=op.f("ck_exports_format")),
        _of_campaign("exports"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_table(
        "named_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("list_terms_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recipient_key", sa.String(120), nullable=False),
        sa.Column("watermark", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_name", sa.String(254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_name", sa.String(254), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_why", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("unreadable", sa.BigInteger(), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            _among("state", ("requested", "approved", "refused", "retracted")),
            name=op.f("ck_named_lists_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'refused') OR (asked_by IS NOT NULL AND decided_by IS NOT NULL)",
            name=op.f("ck_named_lists_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_named_lists_two_people")
        ),
        _of_campaign("named_lists"),
        sa.ForeignKeyConstraint(
            ["list_terms_id"], ["list_terms.id"], name=op.f("fk_named_lists_list_terms_id_list_terms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_lists")),
        sa.UniqueConstraint("watermark", name=op.f("uq_named_lists_watermark")),
    )


# --- What stood there before gets what the log tells of it ---


def _fill_signatures() -> None:
    connection = op.get_bind()
    last = 0
    while True:
        rows = connection.execute(
            sa.text("SELECT id, email FROM signatures WHERE id > :last ORDER BY id LIMIT :batch"),
            {"last": last, "batch": _BATCH},
        ).all()
        if not rows:
            return
        filled = []
        for row in rows:
            salt = _new_salt()
            try:
                subject = vault().unseal(bytes(row.email), "signatures.email")
                commitment = _commitment(salt, subject)
            except Unreadable:  # a key was lost: nobody can prove anything about this row any more
                commitment = secrets.token_bytes(32)
            filled.append(
                {"id": row.id, "salt": vault().seal(salt, "signatures.salt"), "commitment": commitment}
            )
        connection.execute(
            sa.text("UPDATE signatures SET salt = :salt, commitment = :commitment WHERE id = :id"), filled
        )
        last = rows[-1].id


def _fill_endorsements() -> None:
    connection = op.get_bind()
    ids = connection.execute(sa.text("SELECT id FROM endorsements")).scalars().all()
    for endorsement_id in ids:
        salt = _new_salt()
        connection.execute(
            sa.text("UPDATE endorsements SET salt = :salt WHERE id = :id"),
            {"id": endorsement_id, "salt": vault().seal(salt, "endorsements.salt")},
        )
        connection.execute(
            sa.text("""UPDATE ledger_entries SET commitment = :commitment
                        WHERE subject_id = :id AND kind = 'organization' AND delta = 1"""),
            {"id": endorsement_id, "commitment": _commitment(salt, f"organization:{endorsement_id}")},
        )


def _fill_entries() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text("""
            UPDATE ledger_entries
               SET pledge_text_id = COALESCE(
                   (SELECT s.pledge_text_id FROM signatures AS s WHERE s.id = subject_id),
                   (SELECT e.pledge_text_id FROM endorsements AS e WHERE e.id = subject_id),
                   (SELECT MAX(p.id) FROM pledge_texts AS p WHERE p.campaign_id = ledger_entries.campaign_id), 0)""")
    )
    connection.execute(
        sa.text("""
            UPDATE ledger_entries
               SET commitment = (SELECT s.commitment FROM signatures AS s WHERE s.id = subject_id)
             WHERE delta = 1 AND kind = 'person'""")
    )
    # Of erased rows nothing is left that one could commit to.
    while True:
        rows = connection.execute(
            sa.text("SELECT id FROM ledger_entries WHERE delta = 1 AND commitment IS NULL LIMIT :batch"),
            {"batch": _BATCH},
        ).all()
        if not rows:
            return
        filled: list[dict[str, Any]] = [{"id": row.id, "commitment": secrets.token_bytes(32)} for row in rows]
        connection.execute(
            sa.text("UPDATE ledger_entries SET commitment = :commitment WHERE id = :id"), filled
        )


def _new_salt() -> str:
    return b64encode(secrets.token_bytes(16)).decode()


def _commitment(salt: str, subject: str) -> bytes:
    return hashlib.sha256(f"pledge-commitment/v1\n{salt}\n{subject}".encode()).digest()


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["campaign_id"], ["campaigns.id"], name=op.f(f"fk_{table}_campaign_id_campaigns")
    )


def _partial_index(batch_op: Any, name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    batch_op.create_index(
        name, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where)
    )


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"
