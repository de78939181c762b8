"""A video of our own with captions, and a quotation with a portrait."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXTS = ("video_captions", "quotation", "quotation_name", "quotation_role", "quotation_alt")
_NAMES = {"video_file": 40, "video_format": 4, "quotation_portrait": 40}
_CHECKS = {
    "video_format": "video_format IN ('', 'mp4', 'webm')",
    "video_file_is_whole": "(video_file = '') = (video_format = '')",
    "one_video": "video_file = '' OR video_provider = ''",
}


def upgrade() -> None:
    for name, length in _NAMES.items():
        op.add_column(
            "campaigns", sa.Column(name, sa.String(length=length), server_default="", nullable=False)
        )
    for name in _TEXTS:
        op.add_column("campaigns", sa.Column(name, sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("campaigns") as table:
        for name, rule in _CHECKS.items():
            table.create_check_constraint(op.f(f"ck_campaigns_{name}"), rule)
    _kinds("'picture', 'document', 'video'")


def downgrade() -> None:
    op.execute("DELETE FROM stored_files WHERE kind = 'video'")
    _kinds("'picture', 'document'")
    with op.batch_alter_table("campaigns") as table:
        for name in _CHECKS:
            table.drop_constraint(op.f(f"ck_campaigns_{name}"), type_="check")
        for name in (*_TEXTS, *_NAMES):
            table.drop_column(name)


def _kinds(kinds: str) -> None:
    with op.batch_alter_table("stored_files") as table:
        table.drop_constraint(op.f("ck_stored_files_kind"), type_="check")
        table.create_check_constraint(op.f("ck_stored_files_kind"), f"kind IN ({kinds})")
