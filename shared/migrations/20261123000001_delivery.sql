-- migrate:up

-- Append-only tables refuse every change, whoever asks (the owner included).
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;

-- What this service has published: its log, byte for byte as sent.
CREATE TABLE event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    stream text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    key text NOT NULL,
    type text NOT NULL,
    body bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation text NOT NULL,
    causation uuid,
    traceparent text,
    UNIQUE (stream, version)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What Kafka has not acknowledged yet; the relay deletes it.
CREATE TABLE outbox (position bigint PRIMARY KEY REFERENCES event);

-- What an organisation has asked for under a key of its own, and what it was answered.
CREATE TABLE request (
    organisation_id text NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    answer jsonb NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, idempotency_key)
);

-- How far each partition has been applied: the fence, and what was applied last.
CREATE TABLE consumer_offset (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    last_event_id uuid,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- The last version applied of each stream heard.
CREATE TABLE consumer_stream (
    topic text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    PRIMARY KEY (topic, stream)
) WITH (fillfactor = 50);

-- What became of each event heard: the last guard against applying one twice.
CREATE TABLE outcome (
    event_id uuid PRIMARY KEY,
    outcome text NOT NULL CHECK (outcome IN ('booked', 'no_movement', 'applied', 'ignored', 'discarded')),
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outcome
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Events whose predecessor in the stream has not come yet.
CREATE TABLE held (
    topic text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    headers jsonb NOT NULL,
    body bytea,
    held_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, stream, version)
);
CREATE INDEX held_event ON held (event_id);

-- Records that cannot be applied, and all later ones of their key.
CREATE TABLE parked (
    parked_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    event_id uuid,
    reason text NOT NULL,
    detail text NOT NULL,
    headers jsonb NOT NULL,
    body bytea,
    parked_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX parked_key ON parked (topic, partition, key);
CREATE INDEX parked_event ON parked (event_id);

-- What operators did about parked records, for ever.
CREATE TABLE parked_action (
    action_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    event_id uuid,
    action text NOT NULL CHECK (action IN ('retried', 'discarded', 'failed_again')),
    reason text NOT NULL,
    acted_by text NOT NULL,
    acted_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON parked_action
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The business date, where it is played and not lived.
CREATE TABLE business_date (calendar text PRIMARY KEY, day date NOT NULL);

-- The organisations that take part, as the register has published them.
CREATE TABLE organisation (
    organisation_id text PRIMARY KEY,
    sectors text[] NOT NULL,
    operates_yui boolean NOT NULL
);

-- Their keys: hashes alone.
CREATE TABLE api_key (
    key_id text PRIMARY KEY,
    organisation_id text NOT NULL,
    secret_sha256 bytea NOT NULL,
    expires_at timestamptz,
    revoked boolean NOT NULL DEFAULT false
);

-- Which organisation is party to which home, in which sector.
CREATE TABLE party (
    home_id text NOT NULL,
    organisation_id text NOT NULL,
    sector text NOT NULL,
    PRIMARY KEY (home_id, organisation_id, sector)
);

DO $$
DECLARE
    service text := current_schema();
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON event, outcome, parked_action, request TO %I', service);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, consumer_offset, consumer_stream,
                    held, parked, business_date, organisation, api_key, party TO %I', service);
END $$;
