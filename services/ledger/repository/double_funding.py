"""The statements about cells that public support and a sponsor have both delivered to."""

from typing import Final

FUNDING_OF: Final = """
-- What stands delivered or confirmed in these cells, by who delivered and where it was told.
SELECT home_id, resource, month, topic, organisation_id, sum(
           CASE WHEN moved_to IN ('delivered', 'confirmed') THEN quantity ELSE -quantity END
       )::bigint AS quantity
FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (home_id, resource, month)
JOIN entry USING (home_id, resource, month) JOIN link USING (home_id, number)
WHERE (moved_to IN ('delivered', 'confirmed')) <> (moved_from IN ('delivered', 'confirmed'))
GROUP BY home_id, resource, month, topic, organisation_id
"""

DOUBLE_FUNDING_OF: Final = """
-- Which of these cells are, or were, funded twice.
SELECT home_id, resource, month, episode, excess
FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (home_id, resource, month)
JOIN double_funding USING (home_id, resource, month)
"""

STAND_FUNDED_TWICE: Final = """
-- How a cell stands now that is, or was, funded twice; its home's head is locked.
INSERT INTO double_funding (home_id, resource, month, episode, excess, organisations)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (home_id, resource, month) DO UPDATE
SET episode = excluded.episode, excess = excluded.excess, organisations = excluded.organisations
"""

DOUBLE_FUNDINGS: Final = """
-- What stands funded twice: of one organisation, in some homes; null is all.
SELECT home_id, resource, month, excess, organisations, episode FROM double_funding
WHERE excess > 0 AND ($1::text IS NULL OR $1 = ANY (organisations))
AND ($2::text[] IS NULL OR home_id = ANY ($2))
"""
