-- migrate:up

-- Expand: what a key is for, who has agreed to be named to others, when keys were used last.
SET LOCAL lock_timeout = '2s';
ALTER TABLE organisation ADD COLUMN named boolean NOT NULL DEFAULT false;
ALTER TABLE api_key ADD COLUMN role text, ADD COLUMN scopes text[], ADD COLUMN home_id text;

-- When a key opened this service last, to a minute.
CREATE TABLE key_use (key_id text PRIMARY KEY, used_at timestamptz NOT NULL);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON key_use TO %I', current_schema());
END $$;
