-- migrate:up

-- What organisations are called: kept here alone, published nowhere, and may be erased.
CREATE TABLE name (organisation_id text PRIMARY KEY, name text NOT NULL);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON name TO %I', current_schema());
END $$;
