-- Who may do what in a PostgreSQL with three roles (docs/adr/0046): pledge_owner owns the tables and migrates, pledge serves
-- the web, pledge_worker folds and signs. migrations/env.py runs this after every migration, deploy/postgresql-roles.sql when the
-- roles are made; twice changes nothing. No percent sign: the driver would take it for a parameter.
DO $$
DECLARE
    -- Without a third role the worker is pledge too, as on a site that had two.
    worker text := CASE WHEN to_regrole('pledge_worker') IS NULL THEN 'pledge' ELSE 'pledge_worker' END;
BEGIN
    -- Nothing is taken from a role that owns and does everything, and all tables have to be there.
    IF to_regrole('pledge') IS NULL OR NOT EXISTS (
        SELECT FROM pg_class WHERE oid = to_regclass('public.log_losses')
           AND relowner NOT IN (to_regrole('pledge')::oid, to_regrole(worker)::oid)) THEN
        RETURN;
    END IF;

    GRANT USAGE ON SCHEMA public TO pledge;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pledge;
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pledge;

    -- These grow and do not change.
    REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries, ledger_entries, ledger_places, statements, campaign_consents FROM pledge;
    -- An entry of the audit log gets its number from the database, so that none comes before what was looked at.
    REVOKE INSERT ON audit_entries FROM pledge;
    GRANT INSERT (at, staff_id, actor, network, action, subject, reason, details, previous_hash, hash) ON audit_entries TO pledge;
    -- These are what the worker makes of them, and what only the owner changes.
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE
        ON ledger_heads, tallies, ledger_differences, ledger_comparisons, published_places, regions_today, integrity_reports,
           log_tiles, checkpoints, log_keys, log_losses, cosignatures, witnessed_checkpoints, paper_notices, audit_watched, alembic_version FROM pledge;

    -- The worker is a member of pledge and so may do what the web may. An entry gets its number, or is set aside, once.
    EXECUTE 'GRANT UPDATE (number, count_after, takes_back, set_aside) ON ledger_entries TO ' || worker;
    EXECUTE 'GRANT UPDATE (size, set_aside) ON ledger_places TO ' || worker;
    EXECUTE 'GRANT INSERT, UPDATE, DELETE ON ledger_heads, tallies, ledger_differences, ledger_comparisons, '
        'published_places, regions_today, integrity_reports, audit_watched TO ' || worker;
    EXECUTE 'GRANT INSERT, UPDATE (hashes) ON log_tiles TO ' || worker;
    EXECUTE 'GRANT INSERT ON checkpoints, log_keys, log_losses, paper_notices TO ' || worker;
    EXECUTE 'GRANT UPDATE (entry_id) ON paper_notices TO ' || worker;
    EXECUTE 'GRANT INSERT, UPDATE ON cosignatures, witnessed_checkpoints TO ' || worker;
END $$;
