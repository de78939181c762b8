"""SQLite never gives the number of a removed partner to another, as PostgreSQL: it is in links and beside signatures."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_anew(sqlite_autoincrement=True)


def downgrade() -> None:
    _make_anew(sqlite_autoincrement=False)


def _make_anew(*, sqlite_autoincrement: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        kwargs = {"sqlite_autoincrement": sqlite_autoincrement}
        with op.batch_alter_table("partners", recreate="always", table_kwargs=kwargs):
            pass
