"""the ledger and its public log are append-only by triggers (docs/adr/0058)"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Each trigger refuses by name: "ledger_entries is append-only: …". What an entry may still get, once, is what the fold
# gives it. `count_after` may be put right again, as it is a sum that `flask ledger recount` computes anew.
#
# SQLite: RAISE(ABORT) for each row. INSERT OR REPLACE and UPDATE OR REPLACE remove the row in their way without asking a
# DELETE trigger, so they are looked for. No list of columns, as `SET rowid = …` would slip past it.
_SQLITE = {
    "ledger_entries_no_delete": "BEFORE DELETE ON ledger_entries BEGIN {refuse} END",
    "ledger_entries_no_change": """
        BEFORE UPDATE ON ledger_entries
        WHEN NEW.id IS NOT OLD.id OR NEW.campaign_id IS NOT OLD.campaign_id OR NEW.kind IS NOT OLD.kind
          OR NEW.delta IS NOT OLD.delta OR NEW.reason IS NOT OLD.reason OR NEW.subject_id IS NOT OLD.subject_id
          OR NEW.country IS NOT OLD.country OR NEW.region IS NOT OLD.region OR NEW.hour IS NOT OLD.hour
          OR NEW.occurred_at IS NOT OLD.occurred_at OR NEW.pledge_text_id IS NOT OLD.pledge_text_id
          OR NEW.commitment IS NOT OLD.commitment
          OR (OLD.number IS NOT NULL AND NEW.number IS NOT OLD.number)
          OR (OLD.takes_back IS NOT NULL AND NEW.takes_back IS NOT OLD.takes_back)
          OR (OLD.count_after IS NOT NULL AND NEW.count_after IS NULL)
          OR (OLD.number IS NULL AND EXISTS (
                SELECT 1 FROM ledger_entries WHERE campaign_id = NEW.campaign_id AND number = NEW.number))
        BEGIN {refuse} END""",
    "ledger_entries_no_replace": """
        BEFORE INSERT ON ledger_entries
        WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
          OR EXISTS (SELECT 1 FROM ledger_entries WHERE campaign_id = NEW.campaign_id AND number = NEW.number)
        BEGIN {refuse} END""",
    "checkpoints_no_delete": "BEFORE DELETE ON checkpoints BEGIN {refuse} END",
    "checkpoints_no_change": "BEFORE UPDATE ON checkpoints BEGIN {refuse} END",
    "checkpoints_no_replace": """
        BEFORE INSERT ON checkpoints WHEN EXISTS (SELECT 1 FROM checkpoints WHERE id = NEW.id)
        BEGIN {refuse} END""",
    "log_keys_no_delete": "BEFORE DELETE ON log_keys BEGIN {refuse} END",
    "log_keys_no_change": "BEFORE UPDATE ON log_keys BEGIN {refuse} END",
    # A key that is there already stays as it is, which is what the fold's ON CONFLICT DO NOTHING asks for.
    "log_keys_no_replace": """
        BEFORE INSERT ON log_keys
        WHEN EXISTS (SELECT 1 FROM log_keys WHERE campaign_id = NEW.campaign_id AND verifier = NEW.verifier)
        BEGIN SELECT RAISE(IGNORE); END""",
    "log_tiles_no_delete": "BEFORE DELETE ON log_tiles BEGIN {refuse} END",
    "log_tiles_no_change": """
        BEFORE UPDATE ON log_tiles
        WHEN NEW.campaign_id IS NOT OLD.campaign_id OR NEW.level IS NOT OLD.level OR NEW.tile IS NOT OLD.tile
          OR substr(NEW.hashes, 1, length(OLD.hashes)) IS NOT OLD.hashes
        BEGIN {refuse} END""",
    "log_tiles_no_replace": """
        BEFORE INSERT ON log_tiles
        WHEN EXISTS (SELECT 1 FROM log_tiles
                      WHERE campaign_id = NEW.campaign_id AND level = NEW.level AND tile = NEW.tile
                        AND substr(NEW.hashes, 1, length(hashes)) IS NOT hashes)
        BEGIN {refuse} END""",
}

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP; END $$"""

# The fold numbers thousands of entries in one statement, so nothing is run for a row that it may change: a statement
# that names a fixed column is refused before its first row, and what is left to see in a row is seen by WHEN. AFTER, as a
# BEFORE trigger would lock each row once more.
_POSTGRESQL = {
    "ledger_entries_no_delete": "BEFORE DELETE OR TRUNCATE ON ledger_entries FOR EACH STATEMENT",
    "ledger_entries_no_change": """
        BEFORE UPDATE OF id, campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                         pledge_text_id, commitment
        ON ledger_entries FOR EACH STATEMENT""",
    "ledger_entries_once": """
        AFTER UPDATE ON ledger_entries FOR EACH ROW
        WHEN ((OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number)
           OR (OLD.takes_back IS NOT NULL AND NEW.takes_back IS DISTINCT FROM OLD.takes_back)
           OR (OLD.count_after IS NOT NULL AND NEW.count_after IS NULL))""",
    "checkpoints_no_change": "BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints FOR EACH STATEMENT",
    "log_keys_no_change": "BEFORE UPDATE OR DELETE OR TRUNCATE ON log_keys FOR EACH STATEMENT",
    "log_tiles_no_delete": "BEFORE DELETE OR TRUNCATE ON log_tiles FOR EACH STATEMENT",
    "log_tiles_no_change": "BEFORE UPDATE OF campaign_id, level, tile ON log_tiles FOR EACH STATEMENT",
    "log_tiles_grow": """
        AFTER UPDATE ON log_tiles FOR EACH ROW
        WHEN (substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) IS DISTINCT FROM OLD.hashes)""",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, trigger in _SQLITE.items():
            refuse = f"SELECT RAISE(ABORT, '{_table(name)} is append-only');"
            op.execute(f"CREATE TRIGGER {name} {trigger.format(refuse=refuse)}")
        return
    op.execute(_POSTGRESQL_FUNCTION)
    for name, trigger in _POSTGRESQL.items():
        op.execute(f"CREATE TRIGGER {name} {trigger} EXECUTE FUNCTION refuse_log_change()")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in _SQLITE:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name in _POSTGRESQL:
        op.execute(f"DROP TRIGGER {name} ON {_table(name)}")
    op.execute("DROP FUNCTION refuse_log_change()")


def _table(trigger: str) -> str:
    """The table that a trigger stands at: its name begins with it."""
    return next(
        table
        for table in ("ledger_entries", "checkpoints", "log_keys", "log_tiles")
        if trigger.startswith(table)
    )
