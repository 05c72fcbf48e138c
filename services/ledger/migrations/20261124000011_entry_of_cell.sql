-- migrate:up transaction:false

-- A cell's entries in booking order: the last before a link is what was known of it then.
CREATE INDEX CONCURRENTLY entry_of_cell ON entry (home_id, resource, month, number, position);
