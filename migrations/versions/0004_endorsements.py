"""endorsements"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KINDS_BEFORE = (
    *("confirm", "already", "manage"),
    *("endorse_confirm", "endorse_already", "endorse_manage"),
    *("endorse_published", "endorse_changes", "endorse_declined"),
    *("staff_invitation", "staff_notice"),
)
_NEW_KINDS = ("endorse_contact", "endorse_handover")


def upgrade() -> None:
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
        sa.Column("level", sa.String(length=6), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("pledge_text_id", sa.Integer(), nullable=False),
        sa.Column("privacy_version", sa.String(length=10), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_reason_ko", sa.Text(), server_default="", nullable=False),
        sa.Column("public_reason_en", sa.Text(), server_default="", nullable=False),
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
    with op.batch_alter_table("endorsements", schema=None) as batch_op:
        batch_op.create_index("ix_endorsements_mail_domain", ["campaign_id", "mail_domain"], unique=False)
        batch_op.create_index("ix_endorsements_name_key", ["campaign_id", "name_key"], unique=False)
        batch_op.create_index(
            "ix_endorsements_registration", ["campaign_id", "registration_hash"], unique=False
        )
        batch_op.create_index("ix_endorsements_state", ["campaign_id", "state"], unique=False)

    op.create_table(
        "endorsement_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endorsement_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("type", sa.String(length=13), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("website", sa.String(length=300), nullable=False),
        sa.Column("target_year", sa.Integer(), nullable=True),
        sa.Column("interim_year", sa.Integer(), nullable=True),
        sa.Column("interim_percent", sa.Integer(), nullable=True),
        sa.Column("statement_ko", sa.Text(), nullable=False),
        sa.Column("statement_en", sa.Text(), nullable=False),
        sa.Column("search", sa.String(length=500), nullable=False),
        sa.Column("spokesperson", sa.String(length=170), server_default="", nullable=False),
        sa.Column("logo", sa.String(length=40), server_default="", nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("name_ko <> '' OR name_en <> ''", name=op.f("ck_endorsement_versions_has_name")),
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
    with op.batch_alter_table("endorsement_versions", schema=None) as batch_op:
        batch_op.create_index(
            "uq_endorsement_versions_published",
            ["endorsement_id"],
            unique=True,
            postgresql_where=sa.text("state = 'published'"),
            sqlite_where=sa.text("state = 'published'"),
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
    with op.batch_alter_table("outbox_mails", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among((*_KINDS_BEFORE, *_NEW_KINDS)))


def downgrade() -> None:
    op.execute(f"DELETE FROM outbox_mails WHERE {_among(_NEW_KINDS)}")  # noqa: S608  # our own constants
    with op.batch_alter_table("outbox_mails", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among(_KINDS_BEFORE))
    op.drop_table("endorsement_contact_changes")
    op.drop_table("endorsement_versions")
    op.drop_table("endorsements")


def _among(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(map(repr, kinds))})"
