-- migrate:up

-- Expand. Somebody who works or helps here: the one table that may hold personal data, and the one
-- that its own role alone may touch, for the organisation that registered whoever it is.
SET LOCAL lock_timeout = '2s';
CREATE TABLE person (
    person_id text PRIMARY KEY,
    organisation_id text NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint bytea NOT NULL,
    name text NOT NULL,
    kana text,
    born_on date,
    address text,
    email text,
    phone text,
    note text,
    retained_until date NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (organisation_id, idempotency_key)
);
CREATE INDEX person_retained_until ON person (retained_until);

-- Who has registered, read or erased somebody, and when; of whoever it was, only the id.
CREATE TABLE person_access (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id text NOT NULL,
    organisation_id text NOT NULL,
    action text NOT NULL CHECK (action IN ('registered', 'read', 'erased', 'retention_ended')),
    correlation text NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX person_access_person ON person_access (person_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON person_access
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE person FORCE ROW LEVEL SECURITY;
ALTER TABLE person_access ENABLE ROW LEVEL SECURITY;
ALTER TABLE person_access FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON person
    USING (organisation_id = (SELECT current_setting('yui.organisation_id', true)));
CREATE POLICY own ON person_access
    USING (organisation_id = (SELECT current_setting('yui.organisation_id', true)));
-- Whoever erases what is due says before which day, and may do nothing else with it.
CREATE POLICY due ON person
    USING (retained_until < (SELECT NULLIF(current_setting('yui.due_before', true), '')::date));
CREATE POLICY due ON person_access FOR INSERT WITH CHECK (
    action = 'retention_ended' AND (SELECT current_setting('yui.due_before', true)) <> ''
);
CREATE POLICY audited ON person_access FOR SELECT TO auditor USING (true);

DO $$
DECLARE
    people text := current_schema() || '_people';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON person TO %I', people);
    EXECUTE format('GRANT SELECT, INSERT ON person_access TO %I', people);
END $$;
