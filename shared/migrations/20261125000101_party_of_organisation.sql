-- migrate:up transaction:false

-- Asked by every statement of whoever reads.
CREATE INDEX CONCURRENTLY party_of_organisation ON party (organisation_id, home_id);
