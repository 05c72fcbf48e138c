-- migrate:up

-- Contract: from here on a process of the previous release finds no column `number` in head and
-- waits, so that no link is added without its hash.
ALTER TABLE head RENAME COLUMN number TO links;
DROP INDEX entry_cell;
ALTER TABLE link ADD CONSTRAINT hashed CHECK (hash IS NOT NULL) NOT VALID;
ALTER TABLE entry ADD CONSTRAINT totalled CHECK (required IS NOT NULL) NOT VALID;
