"""An organisation need not have a website; what stands there otherwise is a web address."""

from alembic import op

from pledge.core.db.migrations import BATCH, in_batches, replace_check

revision = "0075"
down_revision = "0072"
branch_labels = None
depends_on = None

_RULE = "website = '' OR substr(website, 1, 7) = 'http://' OR substr(website, 1, 8) = 'https://'"
_OTHERS = {
    "ck_endorsement_versions_has_name": "CAST(name AS TEXT) <> '{}'",
    "ck_endorsement_versions_region_is_korean": "region IS NULL OR country = 'KR'",
    "ck_endorsement_versions_state": "state IN ('proposed', 'published', 'declined', 'superseded')",
    "ck_endorsement_versions_type": "type IN ('business', 'city', 'government', 'embassy', 'international', "
    "'civil', 'academia', 'faith', 'youth', 'media', 'other')",
    "ck_endorsement_versions_percent": "interim_percent IS NULL OR interim_percent BETWEEN 1 AND 100",
}


def upgrade() -> None:
    others = f"SELECT id FROM endorsement_versions WHERE NOT ({_RULE}) LIMIT {BATCH}"  # noqa: S608  # only constants of this file are put into the text
    in_batches(f"UPDATE endorsement_versions SET website = '' WHERE id IN ({others})")  # noqa: S608  # only constants of this file are put into the text
    replace_check("endorsement_versions", "ck_endorsement_versions_website", _RULE, others=_OTHERS)


def downgrade() -> None:
    with op.batch_alter_table("endorsement_versions") as table:
        table.drop_constraint(op.f("ck_endorsement_versions_website"), type_="check")
