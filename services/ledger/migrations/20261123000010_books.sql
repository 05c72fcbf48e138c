-- migrate:up

-- The head of each home's chain: every batch that touches the home locks it.
CREATE TABLE head (
    home_id text PRIMARY KEY,
    number bigint NOT NULL DEFAULT 0,
    booked_at timestamptz NOT NULL DEFAULT 'epoch',
    stream_version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- What was booked for a home, in booking order: one link per event.
CREATE TABLE link (
    home_id text NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    event_id uuid NOT NULL,
    type text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    correlation text NOT NULL,
    causation uuid,
    recorded_at timestamptz NOT NULL,
    booked_at timestamptz NOT NULL,
    business_date date NOT NULL,
    PRIMARY KEY (home_id, number)
);
CREATE INDEX link_booked_at ON link USING brin (booked_at);
CREATE INDEX link_event ON link (event_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Each movement, a balanced transfer: one row has both its sides.
CREATE TABLE entry (
    home_id text NOT NULL,
    number bigint NOT NULL,
    position smallint NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    moved_from text NOT NULL,
    moved_to text NOT NULL CHECK (moved_to <> moved_from),
    quantity bigint NOT NULL CHECK (quantity > 0),
    organisation_id text,
    commitment_id text,
    delivery_id text,
    delivery_version bigint,
    PRIMARY KEY (home_id, number, position)
);
CREATE INDEX entry_cell ON entry (home_id, resource, month);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Where the units of a home, resource and month are; the identity holds at every instant.
CREATE TABLE cell (
    home_id text NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    required bigint NOT NULL,
    open bigint NOT NULL,
    promised bigint NOT NULL,
    delivered bigint NOT NULL,
    confirmed bigint NOT NULL,
    announced bigint NOT NULL CHECK (announced = GREATEST(open, 0)),
    episode integer NOT NULL,
    PRIMARY KEY (home_id, resource, month),
    CONSTRAINT every_unit_is_somewhere
        CHECK (required = open + promised + delivered + confirmed)
) WITH (fillfactor = 50);
CREATE INDEX cell_short ON cell (home_id, month) WHERE announced > 0;

-- How each delivery stands between who delivered and who confirmed.
CREATE TABLE delivery (
    home_id text NOT NULL,
    delivery_id text NOT NULL,
    delivered bigint NOT NULL,
    confirmed bigint NOT NULL,
    owner_version bigint NOT NULL,
    seen_version bigint NOT NULL,
    excess bigint NOT NULL,
    episode integer NOT NULL,
    PRIMARY KEY (home_id, delivery_id)
) WITH (fillfactor = 50);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON link, entry TO %I', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON head, cell, delivery TO %I', current_schema());
END $$;
