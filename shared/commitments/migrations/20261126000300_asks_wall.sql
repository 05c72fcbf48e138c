-- migrate:up

-- Expand. An ask is told to whoever acts in a sector that is asked, party to the home or not, and
-- one that was escalated to governments; offers and refusals are their organisation's own.
SET LOCAL lock_timeout = '2s';
LOCK TABLE ask, offer, decline IN ACCESS EXCLUSIVE MODE;
CALL wall('ask', 'EXISTS (
    SELECT FROM organisation
    WHERE organisation_id = (SELECT current_setting(''yui.organisation_id'', true))
    AND (sectors && asked OR (escalated_on IS NOT NULL AND ''government'' = ANY (sectors))))');
CALL wall('offer', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
CALL wall('decline', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
