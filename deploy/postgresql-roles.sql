-- Makes the three roles of docs/production.md and gives each what it may do (migrations/grants.sql). As a superuser, in the site's
-- database: before its first migration, or later while the site runs. All or nothing; twice changes nothing.
\set ON_ERROR_STOP on
BEGIN;
-- Where people sign meanwhile, this gives way at once and they do not notice: run it again.
SET LOCAL deadlock_timeout = '50ms';
SET LOCAL lock_timeout = '1s';

SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['pledge_owner', 'pledge', 'pledge_worker']) AS name
 WHERE to_regrole(name) IS NULL \gexec
GRANT pledge TO pledge_worker;

-- The owner first: with a table its former owner would hand over what was granted to it.
SELECT format('ALTER DATABASE %I OWNER TO pledge_owner', current_database()) \gexec
ALTER SCHEMA public OWNER TO pledge_owner;
SELECT format('ALTER %s %s OWNER TO pledge_owner', kind, name) FROM (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, oid::regclass::text AS name
      FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'S') AND relnamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i'))
    UNION ALL
    SELECT 'FUNCTION', oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS ours \gexec
\ir ../migrations/grants.sql
COMMIT;
