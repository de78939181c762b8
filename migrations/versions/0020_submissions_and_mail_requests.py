"""a row for each submission, requests for mails, caps for who never confirmed; network and domain hashes for each campaign"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0037"
branch_labels = None
depends_on = None

_PENDING = "state = 'pending'"
_SETTLED = "state IN ('confirmed', 'invalidated')"
_BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mail_requests",
        sa.Column("id", _BIG_KEY, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("address_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("lang", sa.String(2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('confirm', 'link')", name=op.f("ck_mail_requests_kind")),
        sa.CheckConstraint(
            "subject_id IS NOT NULL OR address_hash IS NOT NULL", name=op.f("ck_mail_requests_about_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_requests")),
    )

    with op.batch_alter_table("mail_allowances") as batch_op:
        batch_op.drop_column("last_campaign_id")
        batch_op.add_column(sa.Column("first", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("mails", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE mail_allowances SET first = last, mails = 1"
        " + CASE WHEN second IS NULL THEN 0 ELSE 1 END + CASE WHEN third IS NULL THEN 0 ELSE 1 END"
    )
    with op.batch_alter_table("mail_allowances") as batch_op:
        batch_op.alter_column("first", existing_type=sa.BigInteger(), nullable=False)
        batch_op.alter_column("mails", existing_type=sa.Integer(), nullable=False)

    with op.batch_alter_table("signatures") as batch_op:
        batch_op.drop_constraint(op.f("uq_signatures_campaign_id_address_hash"), type_="unique")
        # The number of a version was the number that its codes were made from, as that of the mail is now.
        batch_op.alter_column(
            "seq", new_column_name="mails", existing_type=sa.Integer(), server_default="0", nullable=False
        )
        batch_op.add_column(sa.Column("content_hash", sa.LargeBinary(32), nullable=True))
        batch_op.add_column(sa.Column("code_mail", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("all_code_tries", sa.Integer(), server_default="0", nullable=False))
    # What was stored until now keeps a value of its own. Hashes without the campaign in them are dropped: they tell who
    # shares a network or a mail domain over several campaigns.
    op.execute("UPDATE signatures SET content_hash = commitment, network_hash = NULL, domain_hash = NULL")
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.alter_column("content_hash", existing_type=sa.LargeBinary(32), nullable=False)
        batch_op.create_index("ix_signatures_person", ["address_hash", "campaign_id"], unique=False)
        batch_op.create_index(
            "uq_signatures_settled",
            ["address_hash", "campaign_id"],
            unique=True,
            postgresql_where=sa.text(_SETTLED),
            sqlite_where=sa.text(_SETTLED),
        )
        batch_op.create_index(
            "uq_signatures_pending_content",
            ["content_hash"],
            unique=True,
            postgresql_where=sa.text(_PENDING),
            sqlite_where=sa.text(_PENDING),
        )
    with op.batch_alter_table("invalidation_targets") as batch_op:
        batch_op.drop_column("seq")


def downgrade() -> None:
    with op.batch_alter_table("invalidation_targets") as batch_op:
        batch_op.add_column(sa.Column("seq", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("invalidation_targets") as batch_op:
        batch_op.alter_column("seq", existing_type=sa.Integer(), server_default=None)
    # One row for a person again: the settled one, else the newest of what was withdrawn or waits.
    op.execute(
        f"""
        DELETE FROM signatures WHERE id IN (
            SELECT id FROM (
                SELECT id, row_number() OVER (
                    PARTITION BY campaign_id, address_hash
                    ORDER BY CASE WHEN {_SETTLED} THEN 0 WHEN {_PENDING} THEN 2 ELSE 1 END, submitted_at DESC
                ) AS place FROM signatures
            ) AS placed WHERE place > 1)"""  # noqa: S608  # our own constants
    )
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.drop_index("uq_signatures_pending_content")
        batch_op.drop_index("uq_signatures_settled")
        batch_op.drop_index("ix_signatures_person")
        batch_op.drop_column("all_code_tries")
        batch_op.drop_column("code_mail")
        batch_op.drop_column("content_hash")
        batch_op.alter_column(
            "mails", new_column_name="seq", existing_type=sa.Integer(), server_default=None, nullable=False
        )
        batch_op.create_unique_constraint(
            op.f("uq_signatures_campaign_id_address_hash"), ["campaign_id", "address_hash"]
        )
    with op.batch_alter_table("mail_allowances") as batch_op:
        batch_op.drop_column("mails")
        batch_op.drop_column("first")
        batch_op.add_column(sa.Column("last_campaign_id", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("mail_allowances") as batch_op:
        batch_op.alter_column("last_campaign_id", existing_type=sa.Integer(), server_default=None)
    op.drop_table("mail_requests")
