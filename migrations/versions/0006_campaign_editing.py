"""campaign editing"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("campaigns") as batch_op:
        batch_op.add_column(sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("video_provider", sa.String(8), server_default="", nullable=False))
        batch_op.add_column(sa.Column("video_id", sa.String(20), server_default="", nullable=False))
        batch_op.add_column(sa.Column("video_still", sa.String(40), server_default="", nullable=False))
        batch_op.drop_constraint(op.f("ck_campaigns_state"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_campaigns_state"), "state IN ('draft', 'open', 'closed', 'archived')"
        )
        batch_op.create_check_constraint(
            op.f("ck_campaigns_video_provider"), "video_provider IN ('', 'youtube', 'vimeo')"
        )
        batch_op.create_check_constraint(
            op.f("ck_campaigns_video_is_whole"), "(video_provider = '') = (video_id = '')"
        )
    with op.batch_alter_table("campaign_texts") as batch_op:
        batch_op.add_column(sa.Column("letter", sa.String(40), server_default="", nullable=False))
    with op.batch_alter_table("partners") as batch_op:
        batch_op.add_column(sa.Column("logo", sa.String(40), server_default="", nullable=False))
    op.create_table(
        "campaign_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("title_ko", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("place_ko", sa.String(length=200), nullable=False),
        sa.Column("place_en", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_campaign_events_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_events_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_events")),
        sa.UniqueConstraint("uid", name=op.f("uq_campaign_events_uid")),
    )
    with op.batch_alter_table("campaign_events") as batch_op:
        batch_op.create_index("ix_campaign_events_time", ["campaign_id", "starts_at"], unique=False)


def downgrade() -> None:
    op.drop_table("campaign_events")
    with op.batch_alter_table("partners") as batch_op:
        batch_op.drop_column("logo")
    with op.batch_alter_table("campaign_texts") as batch_op:
        batch_op.drop_column("letter")
    # An archived campaign takes no signatures, as a closed one does.
    op.execute("UPDATE campaigns SET state = 'closed' WHERE state = 'archived'")
    with op.batch_alter_table("campaigns") as batch_op:
        for name in ("video_is_whole", "video_provider", "state"):
            batch_op.drop_constraint(op.f(f"ck_campaigns_{name}"), type_="check")
        batch_op.create_check_constraint(op.f("ck_campaigns_state"), "state IN ('draft', 'open', 'closed')")
        for name in ("edited_at", "video_provider", "video_id", "video_still"):
            batch_op.drop_column(name)
