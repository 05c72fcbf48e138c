"""The statements that seal homes' chains, and read their seals."""

from typing import Final

TODAY: Final = """
-- What business dates follow from: the database's clock, and the day that is played.
SELECT clock_timestamp() AS now, (SELECT day FROM business_date) AS played
"""

DUE: Final = """
-- Homes, after one, that were booked for by a month's end and have no seal of that month.
SELECT home_id FROM head
WHERE home_id > $1 AND links > 0
AND NOT EXISTS (SELECT FROM seal WHERE seal.home_id = head.home_id AND month = $2)
AND EXISTS (
    SELECT FROM link WHERE link.home_id = head.home_id AND number = 1 AND business_date <= $3
)
ORDER BY home_id LIMIT $4
"""

SEALED: Final = """
-- When homes were first booked for, and what is their last seal.
SELECT home_id, business_date AS began_on, month, last.hash
FROM link LEFT JOIN LATERAL (
    SELECT month, hash FROM seal WHERE seal.home_id = link.home_id ORDER BY month DESC LIMIT 1
) AS last ON true
WHERE home_id = ANY($1::text[]) AND number = 1
"""

SEAL: Final = """
-- Months are sealed.
INSERT INTO seal (home_id, month, links, link_hash, hash)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[])
"""

SETTLE: Final = """
-- The seals are published, and nothing more is booked for these homes before a day.
UPDATE head SET stream_version = said.version, settled_on = GREATEST(settled_on, $3)
FROM unnest($1::text[], $2::bigint[]) AS said (home_id, version)
WHERE head.home_id = said.home_id
"""

SEALS_PAGE: Final = """
-- The seals of some homes (null: all), after a place.
SELECT home_id, month, links, encode(link_hash, 'hex') AS link_hash,
       encode(hash, 'hex') AS seal_hash, sealed_at
FROM seal WHERE ($1::text[] IS NULL OR home_id = ANY($1)) AND (home_id, month) > ($2, $3)
ORDER BY home_id, month LIMIT $4
"""
