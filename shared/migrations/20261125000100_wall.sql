-- migrate:up

-- Expand. The role that answers requests sees rows of its caller's organisation and homes alone,
-- whatever the code above allows: docs/walls.md. Whoever decides and applies bypasses this.
SET LOCAL lock_timeout = '2s';
LOCK TABLE request, event, held, parked, parked_action, organisation, api_key, party
    IN ACCESS EXCLUSIVE MODE;

-- The homes that the caller is party to, or the one home whose it is: asked once a statement, by the owner, for `party` itself
-- stands behind the wall.
CREATE FUNCTION homes_read() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
BEGIN ATOMIC
    SELECT home_id FROM party
    WHERE organisation_id = current_setting('yui.organisation_id', true)
    AND home_id = COALESCE(NULLIF(current_setting('yui.home_id', true), ''), home_id);
END;

-- Puts a table behind the wall: who reads all and the auditor see all of it, others what `seen`
-- says.
CREATE PROCEDURE wall(walled regclass, seen text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', walled);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format(
        'CREATE POLICY seen ON %s FOR SELECT
         USING ((SELECT current_setting(''yui.reads_all'', true)) = ''on'' OR (%s))', walled, seen
    );
    EXECUTE format('CREATE POLICY audited ON %s FOR SELECT TO auditor USING (true)', walled);
    EXECUTE format('GRANT SELECT ON %s TO %I', walled, current_schema() || '_reader');
END $$;

CALL wall('event', 'key = (SELECT current_setting(''yui.organisation_id'', true))
                    OR key IN (SELECT homes_read())');
CALL wall('organisation', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
CALL wall('api_key', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
CALL wall('party', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))
                    OR home_id IN (SELECT homes_read())');
CALL wall('held', 'encode(key, ''escape'') IN (SELECT homes_read())');
CALL wall('parked', 'encode(key, ''escape'') IN (SELECT homes_read())');
CALL wall('parked_action', 'false');

-- Answers to repeated requests: no reader's business at all.
ALTER TABLE request ENABLE ROW LEVEL SECURITY;
ALTER TABLE request FORCE ROW LEVEL SECURITY;
CREATE POLICY audited ON request FOR SELECT TO auditor USING (true);

DO $$
BEGIN
    EXECUTE format(
        'GRANT SELECT ON business_date, key_use TO %I', current_schema() || '_reader'
    );
END $$;
