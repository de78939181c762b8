"""An organisation need not have a website; what stands there otherwise is a web address."""

from alembic import op

from pledge.core.db.migrations import BATCH, in_batches, replace_check

revision = "0075"
down_revision = "0072"
branch_labels = None
depends_on = None

_RULE = "website = '' OR substr(website, 1, 7) = 'http://' OR substr(website, 1, 8) = 'https://'"


def upgrade() -> None:
    others = f"SELECT id FROM endorsement_versions WHERE NOT ({_RULE}) LIMIT {BATCH}"  # noqa: S608  # only constants of this file are put into the text
    in_batches(f"UPDATE endorsement_versions SET website = '' WHERE id IN ({others})")  # noqa: S608  # only constants of this file are put into the text
    replace_check("endorsement_versions", "ck_endorsement_versions_website", _RULE)


def downgrade() -> None:
    with op.batch_alter_table("endorsement_versions") as table:
        table.drop_constraint(op.f("ck_endorsement_versions_website"), type_="check")
