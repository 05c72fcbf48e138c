-- migrate:up

-- Expand: what the previous release does not know is empty where it writes. Heads first, as every
-- batch takes them: who waits for them holds nothing that is waited for here.
SET LOCAL lock_timeout = '2s';
LOCK TABLE head, entry, link IN ACCESS EXCLUSIVE MODE;

-- The exact bytes and the hash that ties a link to the one before: docs/chain.md.
ALTER TABLE link ADD COLUMN digest bytea, ADD COLUMN hash bytea;

-- The last link's hash and business date; neither day nor clock goes back within a chain.
ALTER TABLE head ADD COLUMN hash bytea, ADD COLUMN business_date date;

-- Running totals: what the entry's cell came to with it. The last entry of a cell that was booked
-- by a moment is what was known of the cell at that moment.
ALTER TABLE entry
    ADD COLUMN required bigint,
    ADD COLUMN open bigint,
    ADD COLUMN promised bigint,
    ADD COLUMN delivered bigint,
    ADD COLUMN confirmed bigint,
    ADD CONSTRAINT every_unit_was_somewhere
        CHECK (required = open + promised + delivered + confirmed) NOT VALID;

-- What moved nothing and may be why something else did.
CREATE TABLE unmoved (
    event_id uuid PRIMARY KEY,
    type text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON unmoved
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- In which homes' books an organisation stands: where its statements are read from.
CREATE TABLE contributor (
    organisation_id text NOT NULL,
    home_id text NOT NULL,
    PRIMARY KEY (organisation_id, home_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contributor
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A home's links up to the end of a month of the business date, under one hash.
CREATE TABLE seal (
    home_id text NOT NULL,
    month text NOT NULL,
    links bigint NOT NULL CHECK (links > 0),
    link_hash bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (home_id, month)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON unmoved, contributor, seal TO %I', current_schema());
END $$;
