-- migrate:up

-- Expand. What asks need; no table of the previous release is touched.
SET LOCAL lock_timeout = '2s';

-- What stands open of a home, resource and month, as the ledger has told last.
CREATE TABLE shortfall (
    home_id text NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    quantity bigint NOT NULL,
    ledger_version bigint NOT NULL,
    PRIMARY KEY (home_id, resource, month)
);

-- Which asks there are; all else is told by the stream of their home's asks.
CREATE TABLE ask (
    ask_id text PRIMARY KEY,
    home_id text NOT NULL,
    resource text NOT NULL,
    opened_on date NOT NULL,
    closed_on date
);
CREATE INDEX ask_home ON ask (home_id, ask_id);

-- What partners offer, as they say, and what has become of it.
CREATE TABLE offer (
    offer_id text PRIMARY KEY,
    ask_id text NOT NULL,
    home_id text NOT NULL,
    organisation_id text NOT NULL,
    sector text NOT NULL,
    months jsonb NOT NULL,
    notice_months integer NOT NULL,
    lapse_days integer,
    offered_on date NOT NULL,
    status text NOT NULL DEFAULT 'standing',
    accepted jsonb
);
CREATE INDEX offer_ask ON offer (ask_id, offer_id);

-- Who will not answer an ask with an offer.
CREATE TABLE decline (
    ask_id text NOT NULL,
    organisation_id text NOT NULL,
    home_id text NOT NULL,
    reason_code text NOT NULL,
    PRIMARY KEY (ask_id, organisation_id)
);
CREATE INDEX decline_home ON decline (home_id);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON shortfall, ask, offer, decline TO %I',
                   current_schema());
END $$;
