"""Clearing is a release and a refusal is an invalidation: a cluster is decided once, whatever the state of its signatures."""

from alembic import op

from pledge.core.db import migrations

revision = "0054"
down_revision = "0055"
branch_labels = None
depends_on = None

_STATE = "state IN ('proposed', 'applying', 'applied', 'discarded', 'undoing', 'undone')"
_REASON = "reason IN ('automated', 'disposable', 'duplicate', 'false_identity', 'other')"
_CONDITION = (
    "state <> 'proposed' OR network_hash IS NOT NULL OR wide_network_hash IS NOT NULL OR domain_hash IS NOT NULL"
    " OR signed_from IS NOT NULL OR signed_until IS NOT NULL OR faster_than IS NOT NULL"
)
_ACTS = "act IN ('invalidate', 'hold', 'release')"
_ACTS_BEFORE = "act IN ('invalidate', 'hold', 'clear', 'release', 'refuse')"
_TAKES_OUT = "(act = 'invalidate') = (reason IS NOT NULL)"
_TAKES_OUT_BEFORE = "(act IN ('invalidate', 'refuse')) = (reason IS NOT NULL)"


def upgrade() -> None:
    # First the looser rule: a row in between would break the narrower one.
    _replace("reason_to_take_out", f"{_TAKES_OUT} OR {_TAKES_OUT_BEFORE}", act=_ACTS_BEFORE)
    op.execute("UPDATE invalidations SET act = 'release' WHERE act = 'clear'")
    op.execute("UPDATE invalidations SET act = 'invalidate' WHERE act = 'refuse'")
    _replace("reason_to_take_out", _TAKES_OUT, act=_ACTS_BEFORE)
    _replace("act", _ACTS, reason_to_take_out=_TAKES_OUT)


def downgrade() -> None:
    _replace("act", _ACTS_BEFORE, reason_to_take_out=_TAKES_OUT)
    _replace("reason_to_take_out", _TAKES_OUT_BEFORE, act=_ACTS_BEFORE)


def _replace(name: str, rule: str, **others: str) -> None:
    kept = {"state": _STATE, "reason": _REASON, "has_condition": _CONDITION, **others}
    checks = {f"ck_invalidations_{other}": text for other, text in kept.items()}
    migrations.replace_check("invalidations", f"ck_invalidations_{name}", rule, others=checks)
