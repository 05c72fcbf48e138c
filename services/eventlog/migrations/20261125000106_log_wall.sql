-- migrate:up

-- Expand. What concerns no home is for whoever runs Yui.
SET LOCAL lock_timeout = '2s';
CALL wall('logged_event', 'home_id IN (SELECT homes_read())');
