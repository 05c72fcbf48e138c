"""What follows from the entries alone: running totals, cells, deliveries, who contributed."""

from typing import Final


def _moved(place: str) -> str:
    return f"quantity * ((moved_to = '{place}')::int - (moved_from = '{place}')::int)"


PLACES: Final = ("open", "promised", "delivered", "confirmed")
FIGURES: Final = "'required %s, open %s, promised %s, delivered %s, confirmed %s'"

TOTALS: Final = f"""
-- Each entry carries what its cell came to with it: what it came to before, and what it moves. What
-- is required is what all places come to.
SELECT 'unbalanced' AS kind, format('totals of entry %s/%s/%s', home_id, number, position) AS "where",
       format({FIGURES}, {" + ".join(f"before_{place} + to_{place}" for place in PLACES)},
              before_open + to_open, before_promised + to_promised,
              before_delivered + to_delivered, before_confirmed + to_confirmed) AS expected,
       format({FIGURES}, required, open, promised, delivered, confirmed) AS found
FROM (
    SELECT home_id, resource, month, number, position, required, open, promised, delivered,
           confirmed,
           {", ".join(f"{_moved(place)} AS to_{place}" for place in PLACES)},
           {", ".join(f"lag({place}, 1, 0::bigint) OVER by_cell AS before_{place}" for place in PLACES)}
    FROM ledger.entry
    WINDOW by_cell AS (PARTITION BY home_id, resource, month ORDER BY number, position)
) AS entry
WHERE {" OR ".join(f"{place} <> before_{place} + to_{place}" for place in PLACES)}
OR required IS NULL OR required <> open + promised + delivered + confirmed
ORDER BY home_id, number, position
"""  # noqa: E501  ours

CELLS: Final = f"""
-- Each cell is what its last entry says, and says of what stands open what is so.
SELECT 'unbalanced' AS kind, format('cell %s/%s/%s', home_id, resource, month) AS "where",
       CASE WHEN entry.required IS NULL THEN 'no cell' ELSE format({FIGURES}, entry.required,
           entry.open, entry.promised, entry.delivered, entry.confirmed) END AS expected,
       concat(format({FIGURES}, cell.required, cell.open, cell.promised, cell.delivered,
                     cell.confirmed), format(', announced %s', announced)) AS found
FROM ledger.cell AS cell LEFT JOIN LATERAL (
    SELECT required, open, promised, delivered, confirmed FROM ledger.entry
    WHERE (entry.home_id, entry.resource, entry.month) = (cell.home_id, cell.resource, cell.month)
    ORDER BY number DESC, position DESC LIMIT 1
) AS entry ON true
WHERE (cell.required, cell.open, cell.promised, cell.delivered, cell.confirmed, announced)
IS DISTINCT FROM (entry.required, entry.open, entry.promised, entry.delivered, entry.confirmed,
                  GREATEST(entry.open, 0))
ORDER BY home_id, resource, month
"""

REPEATED: Final = f"""
-- A cell is the fold of its owners' events, each counted once, however often it was booked.
WITH again AS (
    SELECT home_id, number FROM (
        SELECT home_id, number, row_number() OVER (PARTITION BY event_id ORDER BY number) AS time
        FROM ledger.link
        WHERE event_id IN (SELECT event_id FROM ledger.link GROUP BY 1 HAVING count(*) > 1)
    ) AS booked WHERE time > 1
), beyond AS (
    SELECT home_id, resource, month, -sum({_moved("need")}) AS need,
           {", ".join(f"sum({_moved(place)}) AS to_{place}" for place in PLACES)}
    FROM again JOIN ledger.entry USING (home_id, number) GROUP BY home_id, resource, month
)
SELECT 'unbalanced' AS kind, format('cell %s/%s/%s', home_id, resource, month) AS "where",
       format({FIGURES}, required - need, {", ".join(f"{place} - to_{place}" for place in PLACES)})
           AS expected,
       format({FIGURES}, required, {", ".join(PLACES)}) AS found
FROM beyond JOIN ledger.cell USING (home_id, resource, month)
WHERE need <> 0 OR {" OR ".join(f"to_{place} <> 0" for place in PLACES)}
ORDER BY home_id, resource, month
"""

CELLS_MISSING: Final = """
-- Whatever was entered has its cell.
SELECT 'unbalanced' AS kind, format('cell %s/%s/%s', home_id, resource, month) AS "where",
       'a cell' AS expected, 'no cell' AS found
FROM (SELECT DISTINCT home_id, resource, month FROM ledger.entry) AS entered
WHERE NOT EXISTS (
    SELECT FROM ledger.cell WHERE (cell.home_id, cell.resource, cell.month)
        = (entered.home_id, entered.resource, entered.month)
) ORDER BY home_id, resource, month
"""

DELIVERIES: Final = f"""
-- Each delivery is what its entries come to.
WITH folded AS (
    SELECT entry.home_id, delivery_id, sum({_moved("delivered")})::bigint AS delivered,
           sum({_moved("confirmed")})::bigint AS confirmed,
           COALESCE(max(version) FILTER (WHERE delivery_version IS NULL), 0) AS owner_version,
           COALESCE(max(delivery_version), 0) AS seen_version
    FROM ledger.entry LEFT JOIN ledger.link USING (home_id, number)
    WHERE delivery_id IS NOT NULL GROUP BY entry.home_id, delivery_id
), expected AS (
    SELECT *, CASE WHEN owner_version >= seen_version THEN GREATEST(-delivered, 0) ELSE 0 END
              AS excess FROM folded
)
SELECT 'unbalanced' AS kind, format('delivery %s/%s', home_id, delivery_id) AS "where",
       CASE WHEN expected.delivered IS NULL THEN 'none' ELSE format(
           'delivered %s, confirmed %s, owner_version %s, seen_version %s, excess %s',
           expected.delivered, expected.confirmed, expected.owner_version, expected.seen_version,
           expected.excess) END AS expected,
       CASE WHEN delivery.delivered IS NULL THEN 'none' ELSE format(
           'delivered %s, confirmed %s, owner_version %s, seen_version %s, excess %s',
           delivery.delivered, delivery.confirmed, delivery.owner_version, delivery.seen_version,
           delivery.excess) END AS found
FROM expected FULL JOIN ledger.delivery AS delivery USING (home_id, delivery_id)
WHERE (expected.delivered, expected.confirmed, expected.owner_version, expected.seen_version,
       expected.excess)
IS DISTINCT FROM (delivery.delivered, delivery.confirmed, delivery.owner_version,
                  delivery.seen_version, delivery.excess)
ORDER BY home_id, delivery_id
"""

CONTRIBUTORS: Final = """
-- Whoever stands in a home's entries is known to stand there, and nobody else is.
SELECT CASE WHEN known.home_id IS NULL THEN 'lost' ELSE 'phantom' END AS kind,
       format('contributor %s to %s', organisation_id, home_id) AS "where",
       CASE WHEN known.home_id IS NULL THEN 'a row' ELSE 'no row' END AS expected,
       CASE WHEN known.home_id IS NULL THEN 'none' ELSE 'one' END AS found
FROM (
    SELECT DISTINCT organisation_id, home_id FROM ledger.entry WHERE organisation_id IS NOT NULL
) AS entered
FULL JOIN ledger.contributor AS known USING (organisation_id, home_id)
WHERE entered.home_id IS NULL OR known.home_id IS NULL ORDER BY organisation_id, home_id
"""

_ARRIVED: Final = "('delivered', 'confirmed')"
_PUBLIC: Final = "topic = 'yui.government_sponsorship.v1'"

FUNDERS: Final = f"""
-- A cell names at least those who have ever delivered to it: public support 1, anyone else 2.
WITH delivered AS (
    SELECT entry.home_id, resource, month, 1 AS funder FROM ledger.link
    JOIN ledger.entry USING (home_id, number)
    WHERE {_PUBLIC} AND moved_to IN {_ARRIVED} AND moved_from NOT IN {_ARRIVED}
    UNION
    SELECT cell.home_id, cell.resource, cell.month, 2 FROM ledger.cell
    JOIN ledger.entry USING (home_id, resource, month)
    JOIN ledger.link USING (home_id, number)
    WHERE cell.funders & 2 = 0 AND NOT {_PUBLIC}
    AND moved_to IN {_ARRIVED} AND moved_from NOT IN {_ARRIVED}
)
SELECT 'altered' AS kind, format('funders of cell %s/%s/%s', home_id, resource, month) AS "where",
       format('%s among them', funder) AS expected, funders::text AS found
FROM ledger.cell JOIN delivered USING (home_id, resource, month)
WHERE funders & funder = 0 ORDER BY home_id, resource, month
"""

DOUBLE_FUNDINGS: Final = f"""
-- What stands delivered beyond what is required, by public support and by anyone else.
WITH standing AS (
    SELECT cell.home_id, cell.resource, cell.month, {_PUBLIC} AS is_public,
           entry.organisation_id, -(cell.open + cell.promised) AS beyond
    FROM ledger.cell JOIN ledger.entry USING (home_id, resource, month)
    JOIN ledger.link USING (home_id, number)
    WHERE cell.open + cell.promised < 0
    AND (moved_to IN {_ARRIVED}) <> (moved_from IN {_ARRIVED})
    GROUP BY cell.home_id, cell.resource, cell.month, topic, entry.organisation_id, beyond
    HAVING sum(CASE WHEN moved_to IN {_ARRIVED} THEN quantity ELSE -quantity END) > 0
), expected AS (
    SELECT home_id, resource, month, beyond AS excess, COALESCE(array_agg(
               DISTINCT organisation_id ORDER BY organisation_id
           ) FILTER (WHERE organisation_id IS NOT NULL), '{{}}') AS organisations
    FROM standing GROUP BY home_id, resource, month, beyond
    HAVING bool_or(is_public) AND NOT bool_and(is_public)
)
SELECT 'unbalanced' AS kind, format('double funding %s/%s/%s', home_id, resource, month) AS "where",
       format('%s beyond, of %s', to_char(COALESCE(expected.excess, 0), 'FM999,999,999,999,999'),
              COALESCE(NULLIF(array_to_string(expected.organisations, ', '), ''), 'nobody'))
           AS expected,
       CASE WHEN found.excess IS NULL THEN 'none' ELSE format('%s beyond, of %s',
           to_char(found.excess, 'FM999,999,999,999,999'),
           COALESCE(NULLIF(array_to_string(found.organisations, ', '), ''), 'nobody')) END AS found
FROM expected FULL JOIN ledger.double_funding AS found USING (home_id, resource, month)
WHERE COALESCE(expected.excess, 0) IS DISTINCT FROM found.excess
OR COALESCE(expected.organisations, '{{}}') IS DISTINCT FROM found.organisations
ORDER BY home_id, month, resource
"""  # noqa: E501  ours
