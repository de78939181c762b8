"""Clearing is a release and a refusal is an invalidation: a cluster is decided once, whatever the state of its signatures."""

from alembic import op

from pledge.core.db import migrations

revision = "0054"
down_revision = "0055"
branch_labels = None
depends_on = None

_ACTS = "act IN ('invalidate', 'hold', 'release')"
_ACTS_BEFORE = "act IN ('invalidate', 'hold', 'clear', 'release', 'refuse')"
_TAKES_OUT = "(act = 'invalidate') = (reason IS NOT NULL)"
_TAKES_OUT_BEFORE = "(act IN ('invalidate', 'refuse')) = (reason IS NOT NULL)"


def upgrade() -> None:
    # First the looser rule: a row in between would break the narrower one.
    _replace("reason_to_take_out", f"{_TAKES_OUT} OR {_TAKES_OUT_BEFORE}")
    op.execute("UPDATE invalidations SET act = 'release' WHERE act = 'clear'")
    op.execute("UPDATE invalidations SET act = 'invalidate' WHERE act = 'refuse'")
    _replace("reason_to_take_out", _TAKES_OUT)
    _replace("act", _ACTS)


def downgrade() -> None:
    _replace("act", _ACTS_BEFORE)
    _replace("reason_to_take_out", _TAKES_OUT_BEFORE)


def _replace(name: str, rule: str) -> None:
    migrations.replace_check("invalidations", f"ck_invalidations_{name}", rule)
