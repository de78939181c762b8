-- Two roles: pledge_owner owns the tables and migrates, pledge_app serves and may only append to what must only grow.
-- Run as pledge_owner after every `flask db upgrade`; running it twice changes nothing. docs/production.md tells how.

BEGIN;

GRANT USAGE ON SCHEMA public TO pledge_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pledge_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pledge_app;

-- The audit log grows and never changes.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM pledge_app;

-- Entries of the ledger get their number once (the fold) and are never changed or removed.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entries FROM pledge_app;
GRANT UPDATE (number, count_after) ON ledger_entries TO pledge_app;

-- Which migrations ran is the owner's to say.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON alembic_version FROM pledge_app;

COMMIT;
