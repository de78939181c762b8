"""A person who was withdrawn and one who was invalidated are of one kind in new entries of the public log: removed.

The version before reads these entries too, as it adds up changes; only its list of what a log is made of lacks them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from alembic import op

from pledge.core.db import migrations

revision = "0115"
down_revision = "0112"
branch_labels = None
depends_on = None

_TABLE, _CHECK = "ledger_entries", "ck_ledger_entries_reason"
_RULE = (
    "(reason IN ('confirmed', 'withdrawn', 'invalidated', {new}'reinstated') AND kind <> 'statement') "
    "OR (reason IN ('promise', 'answer', 'letter') AND kind = 'statement')"
)


def upgrade() -> None:
    with _with_guards():
        migrations.replace_check(_TABLE, _CHECK, _RULE.format(new="'removed', "))


def downgrade() -> None:
    """For development: it fails where a log has such entries, as those are signed."""
    with _with_guards():
        migrations.replace_check(_TABLE, _CHECK, _RULE.format(new=""))


@contextmanager
def _with_guards() -> Iterator[None]:
    """SQLite makes the table anew, and its triggers go with it: they are made again."""
    connection = op.get_bind()
    guards: Sequence[str] = ()
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_entries'"
        guards = connection.exec_driver_sql(query).scalars().all()
    yield
    for guard in guards:
        connection.exec_driver_sql(guard)
