-- migrate:up

-- How many events of each partition have been logged. Its row lock is held to the commit: whoever
-- reads a place here can read every event up to it.
CREATE TABLE head (
    topic text NOT NULL,
    partition integer NOT NULL,
    place bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- Every event of every topic, once. `place` counts the events of a partition as they were logged:
-- not the offset, for what was held or parked is logged later than what stands behind it.
CREATE TABLE logged_event (
    event_id uuid PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    place bigint NOT NULL CHECK (place > 0),
    "offset" bigint NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    key text,
    home_id text,
    type text NOT NULL,
    source text NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation text NOT NULL,
    causation uuid,
    traceparent text,
    body bytea NOT NULL,
    logged_at timestamptz NOT NULL,
    UNIQUE (topic, partition, place),
    UNIQUE (stream, topic, version)
);
CREATE INDEX logged_event_recorded_at ON logged_event (recorded_at, event_id);
CREATE INDEX logged_event_home ON logged_event (home_id, recorded_at, event_id)
    WHERE home_id IS NOT NULL;
CREATE INDEX logged_event_type ON logged_event (type, recorded_at, event_id);
CREATE INDEX logged_event_correlation ON logged_event (correlation, recorded_at, event_id);
CREATE INDEX logged_event_causation ON logged_event (causation) WHERE causation IS NOT NULL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON logged_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON logged_event TO %I', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON head TO %I', current_schema());
END $$;
