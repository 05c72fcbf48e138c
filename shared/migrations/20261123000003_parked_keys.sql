-- migrate:up

-- A key of any length may be parked: PostgreSQL would refuse to index a long one, and with it the
-- record. UNIQUE (topic, partition, "offset") finds a partition's parked records as well.
DROP INDEX parked_key;
