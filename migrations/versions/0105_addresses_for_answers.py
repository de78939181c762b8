"""The addresses of signers who asked for news outlast their signatures until the answer was recorded."""

from pledge.core.db import migrations

revision = "0105"
down_revision = "0104"
branch_labels = None
depends_on = None

_CHECK = "ck_signatures_state"
_BEFORE = "state IN ('pending', 'confirmed', 'held', 'withdrawn', 'invalidated')"
_NOW = "state IN ('pending', 'confirmed', 'held', 'withdrawn', 'invalidated', 'address_only')"
_NEWS = "ix_signatures_news"
_WHOLE = "ix_signatures_whole"


def upgrade() -> None:
    migrations.replace_check("signatures", _CHECK, _NOW)
    wanted = "updates AND state IN ('confirmed', 'address_only')"
    migrations.create_index(_NEWS, "signatures", ["campaign_id", "id"], where=wanted)
    migrations.create_index(_WHOLE, "signatures", ["campaign_id"], where="state <> 'address_only'")


def downgrade() -> None:
    some = f"SELECT id FROM signatures WHERE state = 'address_only' LIMIT {migrations.BATCH}"  # noqa: S608  # only a constant is put into the text
    migrations.in_batches(f"DELETE FROM signatures WHERE id IN ({some})")  # noqa: S608  # only a constant is put into the text
    migrations.drop_index(_WHOLE, "signatures")
    wanted = "updates AND state = 'confirmed'"
    migrations.create_index(_NEWS, "signatures", ["campaign_id", "id"], where=wanted)
    migrations.replace_check("signatures", _CHECK, _BEFORE)
