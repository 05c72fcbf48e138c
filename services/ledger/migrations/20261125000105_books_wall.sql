-- migrate:up

-- Expand. Whoever has left a home sees of its books what is its own: its statements stand on that.
-- Heads first, as every batch takes them.
SET LOCAL lock_timeout = '2s';
LOCK TABLE head, entry, link, cell, delivery, double_funding, contributor, seal
    IN ACCESS EXCLUSIVE MODE;
CALL wall('head', 'home_id IN (SELECT homes_read())');
CALL wall('cell', 'home_id IN (SELECT homes_read())');
CALL wall('delivery', 'home_id IN (SELECT homes_read())');
CALL wall('seal', 'home_id IN (SELECT homes_read())');
CALL wall('entry', 'home_id IN (SELECT homes_read())
                    OR organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
CALL wall('link', 'home_id IN (SELECT homes_read()) OR EXISTS (
    SELECT FROM entry
    WHERE (entry.home_id, entry.number) = (link.home_id, link.number)
    AND entry.organisation_id = (SELECT current_setting(''yui.organisation_id'', true)))');
CALL wall('contributor', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
CALL wall('double_funding',
          '(SELECT current_setting(''yui.organisation_id'', true)) = ANY (organisations)');

-- Ids of events and what became of them, without whose they were.
DO $$
BEGIN
    EXECUTE format('GRANT SELECT ON outcome, unmoved TO %I', current_schema() || '_reader');
END $$;
