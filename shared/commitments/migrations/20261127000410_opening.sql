-- migrate:up

-- Expand. Whether the opening of a home has failed, so that nothing can be promised to it.
SET LOCAL lock_timeout = '2s';
ALTER TABLE home ADD COLUMN opening_failed boolean NOT NULL DEFAULT false;
