-- migrate:up

-- Expand. Until when a home that is to open waits for answers, and whether its opening has failed,
-- so that nothing can be promised to it.
SET LOCAL lock_timeout = '2s';
ALTER TABLE home ADD COLUMN answer_by date, ADD COLUMN opening_failed boolean NOT NULL DEFAULT false;
ALTER TABLE ask ADD COLUMN answer_by date;
