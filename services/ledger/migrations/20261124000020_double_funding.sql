-- migrate:up

-- Expand: who may have delivered to a cell: 1 public support, 2 anyone else, 3 both. Never too few:
-- what stood before, and what the previous release adds, counts as both and is looked into.
SET LOCAL lock_timeout = '2s';
ALTER TABLE cell ADD COLUMN funders smallint NOT NULL DEFAULT 3;

-- Cells that public support and a sponsor have both delivered to, beyond what is required.
CREATE TABLE double_funding (
    home_id text NOT NULL,
    resource text NOT NULL,
    month text NOT NULL,
    excess bigint NOT NULL CHECK (excess >= 0),
    organisations text[] NOT NULL,
    episode integer NOT NULL CHECK (episode > 0),
    PRIMARY KEY (home_id, resource, month)
) WITH (fillfactor = 50);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON double_funding TO %I', current_schema());
END $$;
