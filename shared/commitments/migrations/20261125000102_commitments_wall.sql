-- migrate:up

-- Expand. Receipts and disputes name no home: they are found by deliveries that are seen.
SET LOCAL lock_timeout = '2s';
LOCK TABLE home, required, commitment IN ACCESS EXCLUSIVE MODE;
CALL wall('home', 'home_id IN (SELECT homes_read())');
CALL wall('required', 'home_id IN (SELECT homes_read())');
CALL wall('commitment', 'home_id IN (SELECT homes_read())');

DO $$
BEGIN
    EXECUTE format('GRANT SELECT ON receipt, dispute TO %I', current_schema() || '_reader');
END $$;
