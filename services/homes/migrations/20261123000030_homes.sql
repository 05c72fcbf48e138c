-- migrate:up

-- The register of homes; what may change is told by their streams.
CREATE TABLE home (
    home_id text PRIMARY KEY,
    prefecture_code text NOT NULL,
    home_operator_kind text NOT NULL,
    home_operator_id text NOT NULL,
    opens_on date NOT NULL,
    needs_through text,
    closed_on date
);

-- What a child of an age band needs in a whole month, from a day on, as last announced.
CREATE TABLE unit_price (
    age_band text NOT NULL,
    from_day date NOT NULL,
    yen bigint NOT NULL,
    PRIMARY KEY (age_band, from_day)
);

-- What the partners' commitments are about.
CREATE TABLE commitment (
    commitment_id text PRIMARY KEY,
    home_id text NOT NULL,
    organisation_id text NOT NULL,
    resource text NOT NULL
);

-- What has arrived at homes, as the partners say.
CREATE TABLE arrival (
    delivery_id text PRIMARY KEY,
    home_id text NOT NULL,
    commitment_id text NOT NULL,
    organisation_id text NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    quantity bigint NOT NULL,
    delivery_version bigint NOT NULL
);
CREATE INDEX arrival_home ON arrival (home_id, month, delivery_id);

-- How much of each delivery its home has confirmed.
CREATE TABLE receipt (delivery_id text PRIMARY KEY, confirmed bigint NOT NULL);

-- What homes dispute, what the deliverers have answered, and whether it is settled.
CREATE TABLE dispute (
    dispute_id text PRIMARY KEY,
    delivery_id text NOT NULL,
    reason_code text NOT NULL,
    disputed_by text NOT NULL,
    answer_code text,
    closed_by text
);
CREATE INDEX dispute_delivery ON dispute (delivery_id, dispute_id);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON home, unit_price, commitment, arrival,
                    receipt, dispute TO %I', current_schema());
END $$;
