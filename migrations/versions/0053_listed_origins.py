"""Networks and domains are held or allowed until they are taken off a list; domains that share a mail server are known.

A block that had not ended yet holds until somebody lifts it.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0053"
down_revision = "0058"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'delivery_fell', 'step_reached', 'count_differs')"
_NOW = _BEFORE.replace("'delivery_fell'", "'domain_held', 'delivery_fell'")
_COLUMNS = "id, campaign_id, kind, hash, note, placed_name, placed_at, lifted_name"
_KINDS = "kind IN ('network', 'wide_network', 'domain')"


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)
    migrations.create_index(
        "ix_signatures_small_confirmed",
        "signatures",
        ["confirmed_at"],
        where="confirmed_at IS NOT NULL AND mail_provider = 'other'",
    )
    migrations.create_index(
        "ix_signatures_small_pending",
        "signatures",
        ["domain_hash"],
        where="state = 'pending' AND mail_provider = 'other'",
    )
    migrations.add_column("mail_servers", sa.Column("server_hash", sa.LargeBinary(length=32), nullable=True))
    migrations.create_index("ix_mail_servers_server", "mail_servers", ["server_hash"])
    op.create_table(
        "listed_origins",
        *_origin_columns(),
        sa.Column("effect", sa.String(length=5), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_KINDS, name=op.f("ck_listed_origins_kind")),
        sa.CheckConstraint("effect IN ('hold', 'allow')", name=op.f("ck_listed_origins_effect")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_origins")),
    )
    op.execute(
        f"INSERT INTO listed_origins ({_COLUMNS}, effect, lifted_at) SELECT {_COLUMNS}, 'hold', until FROM blocks"  # noqa: S608  # our own constants
    )
    _continue_ids("listed_origins")
    op.execute(
        "UPDATE listed_origins SET lifted_at = NULL WHERE id IN"
        " (SELECT max(id) FROM blocks WHERE until > CURRENT_TIMESTAMP GROUP BY hash)"
    )
    open_ones = sa.text("lifted_at IS NULL")
    op.create_index(
        "uq_listed_origins_hash",
        "listed_origins",
        ["hash"],
        unique=True,
        postgresql_where=open_ones,
        sqlite_where=open_ones,
    )
    op.drop_table("blocks")


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'domain_held'")
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
    migrations.drop_index("ix_signatures_small_pending", "signatures")
    migrations.drop_index("ix_signatures_small_confirmed", "signatures")
    migrations.drop_index("ix_mail_servers_server", "mail_servers")
    op.drop_column("mail_servers", "server_hash")
    op.create_table(
        "blocks",
        *_origin_columns(),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_blocks_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    op.create_index("ix_blocks_until", "blocks", ["until"])
    op.execute(
        f"INSERT INTO blocks ({_COLUMNS}, until) SELECT {_COLUMNS}, COALESCE(lifted_at, CURRENT_TIMESTAMP)"  # noqa: S608  # our own constants
        " FROM listed_origins WHERE effect = 'hold'"
    )
    _continue_ids("blocks")
    op.drop_table("listed_origins")


def _continue_ids(table: str) -> None:
    """PostgreSQL counts on from the ids that were copied, which the audit log names."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608  # our own constants


def _origin_columns() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("placed_name", sa.String(length=254), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_name", sa.String(length=254), nullable=True),
    ]
