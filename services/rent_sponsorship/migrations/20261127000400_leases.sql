-- migrate:up

-- Expand. Leases; no table of the previous release is touched.
SET LOCAL lock_timeout = '2s';

-- Which leases there are, and when each ends; all else is told by their streams.
CREATE TABLE lease (
    lease_id text PRIMARY KEY,
    home_id text NOT NULL,
    ends_on date NOT NULL
);
CREATE INDEX lease_end ON lease (ends_on, lease_id);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON lease TO %I', current_schema());
END $$;

CALL wall('lease', 'home_id IN (SELECT homes_read())');
