-- migrate:up

-- Expand. What openings need; no table of the previous release is touched.
SET LOCAL lock_timeout = '2s';

-- Which homes are, or were, to open; all else is told by the stream of their openings.
CREATE TABLE opening (
    home_id text PRIMARY KEY,
    deadline date NOT NULL,
    ended_on date
);
CREATE INDEX opening_under_way ON opening (deadline) WHERE ended_on IS NULL;

-- What partners' events have told to be taken from what stands open, of homes that are to open.
CREATE TABLE provided (
    home_id text NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    quantity bigint NOT NULL,
    PRIMARY KEY (home_id, resource, month)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON opening, provided TO %I',
                   current_schema());
END $$;

CALL wall('opening', 'home_id IN (SELECT homes_read())');
CALL wall('provided', 'home_id IN (SELECT homes_read())');
