-- migrate:up

-- Expand: topics that this service was told to read again from their beginning, and why.
SET LOCAL lock_timeout = '2s';
CREATE TABLE reread (
    reread_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    reason text NOT NULL,
    told_by text NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reread
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON reread TO %I', current_schema());
END $$;
