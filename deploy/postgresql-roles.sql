-- Two roles: pledge_owner owns the tables and migrates; pledge serves, and may only append to the logs.
-- Run as pledge_owner after every `flask db upgrade`; running it twice changes nothing. See docs/production.md.

BEGIN;

GRANT USAGE ON SCHEMA public TO pledge;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pledge;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pledge;

-- The audit log grows and never changes.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM pledge;

-- Entries of the ledger get their number once or are set aside (the fold), and are never changed or removed.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entries FROM pledge;
GRANT UPDATE (number, count_after, takes_back, set_aside) ON ledger_entries TO pledge;

-- A place that was put right is taken up by the fold once.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_places FROM pledge;
GRANT UPDATE (size) ON ledger_places TO pledge;

-- What was published of the log, and the keys it was signed with, stay as they are; its tiles grow (docs/log.md).
REVOKE UPDATE, DELETE, TRUNCATE ON checkpoints, log_keys FROM pledge;
REVOKE UPDATE, DELETE, TRUNCATE ON log_tiles FROM pledge;
GRANT UPDATE (hashes) ON log_tiles TO pledge;

-- Only the owner migrates.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON alembic_version FROM pledge;

COMMIT;
