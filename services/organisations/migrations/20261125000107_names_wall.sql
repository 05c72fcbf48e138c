-- migrate:up

-- Expand. An organisation sees its own name.
SET LOCAL lock_timeout = '2s';
CALL wall('name', 'organisation_id = (SELECT current_setting(''yui.organisation_id'', true))');
