-- migrate:up

-- Expand. What asks need; no table of the previous release is touched.
SET LOCAL lock_timeout = '2s';

-- What homes ask for, whom, and how much of it stands open.
CREATE TABLE ask (
    ask_id text PRIMARY KEY,
    home_id text NOT NULL,
    prefecture_code text NOT NULL,
    resource text NOT NULL,
    gap integer NOT NULL,
    asked text[] NOT NULL,
    months jsonb NOT NULL,
    first_month text NOT NULL,
    opened_on date NOT NULL,
    escalated_on date,
    closed_on date
);
CREATE INDEX ask_urgency ON ask (first_month, ask_id);

-- The offers that organisations have made here, and what has become of them.
CREATE TABLE offer (
    offer_id text PRIMARY KEY,
    ask_id text NOT NULL,
    organisation_id text NOT NULL,
    resource text NOT NULL,
    months jsonb NOT NULL,
    notice_months integer NOT NULL,
    lapse_days integer,
    offered_on date NOT NULL,
    status text NOT NULL DEFAULT 'standing'
);
CREATE INDEX offer_organisation ON offer (organisation_id, ask_id, offer_id);

-- Which asks organisations have declined here.
CREATE TABLE decline (
    ask_id text NOT NULL,
    organisation_id text NOT NULL,
    reason_code text NOT NULL,
    PRIMARY KEY (ask_id, organisation_id)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ask, offer, decline TO %I',
                   current_schema());
END $$;
