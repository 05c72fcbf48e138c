-- migrate:up

-- The homes that the register has announced.
CREATE TABLE home (home_id text PRIMARY KEY, closed_on date);

-- What each home has said that it needs.
CREATE TABLE required (
    home_id text NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    quantity bigint NOT NULL,
    PRIMARY KEY (home_id, resource, month)
);

-- How much of each delivery its home has confirmed.
CREATE TABLE receipt (delivery_id text PRIMARY KEY, confirmed bigint NOT NULL);

-- Deliveries that a home disputes now.
CREATE TABLE dispute (
    dispute_id text PRIMARY KEY,
    delivery_id text NOT NULL,
    reason_code text NOT NULL
);
CREATE INDEX dispute_delivery ON dispute (delivery_id);

-- Which commitments there are; all else is told by their streams.
CREATE TABLE commitment (
    category text NOT NULL,
    commitment_id text NOT NULL,
    home_id text NOT NULL,
    organisation_id text NOT NULL,
    lapses boolean NOT NULL,
    PRIMARY KEY (category, commitment_id)
);
CREATE INDEX commitment_organisation ON commitment (category, organisation_id, commitment_id);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON home, required, receipt, dispute, commitment
                    TO %I', current_schema());
END $$;
