-- migrate:up

-- Expand. Nothing is booked any more before this instant, nor on a business date before this one:
-- somebody was told what had been, and is told the same for ever, also if a clock is set back.
SET LOCAL lock_timeout = '2s';
ALTER TABLE head ADD COLUMN settled_at timestamptz, ADD COLUMN settled_on date;
