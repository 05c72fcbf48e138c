"""The chains of links, their heads and their seals, as docs/chain.md says."""

from typing import Final

_TIME: Final = '\'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"\''


def _hash(*parts: str) -> str:
    return "sha256(convert_to('[' || " + " || ',' || ".join(parts) + " || ']', 'UTF8'))"


def _before(column: str) -> str:
    return f"COALESCE('\"' || encode({column}, 'hex') || '\"', '\"\"')"


def _quoted(text: str) -> str:
    return f"'\"' || {text} || '\"'"


def _instant(column: str) -> str:
    return _quoted(f"to_char({column} AT TIME ZONE 'UTC', {_TIME})")


LINK_HASH: Final = _hash(
    _before("before.hash"),
    "to_json(link.home_id)::text",
    "link.number::text",
    _quoted("link.event_id::text"),
    "to_json(link.type)::text",
    "to_json(link.stream)::text",
    "link.version::text",
    "to_json(link.topic)::text",
    "link.partition::text",
    'link."offset"::text',
    "to_json(link.correlation)::text",
    f"COALESCE({_quoted('link.causation::text')}, 'null')",
    _instant("link.recorded_at"),
    _instant("link.booked_at"),
    _quoted("to_char(link.business_date, 'YYYY-MM-DD')"),
    _quoted("encode(link.digest, 'hex')"),
)

# The same, where no text holds what JSON writes otherwise: it costs half. What it would take for
# another text's, with quotes in it, is not what the link's event says.
_PLAIN_HASH: Final = f"""sha256(convert_to(concat(
    '["', encode(before.hash, 'hex'), '","', link.home_id, '",', link.number,
    ',"', link.event_id, '","', link.type, '","', link.stream, '",', link.version,
    ',"', link.topic, '",', link.partition, ',', link."offset", ',"', link.correlation, '",',
    COALESCE('"' || link.causation || '"', 'null'),
    ',"', to_char(link.recorded_at AT TIME ZONE 'UTC', {_TIME}),
    '","', to_char(link.booked_at AT TIME ZONE 'UTC', {_TIME}),
    '","', to_char(link.business_date, 'YYYY-MM-DD'), '","', encode(link.digest, 'hex'), '"]'
), 'UTF8'))"""

CHAINS: Final = f"""
-- Each link follows from the one before it: number, times, and hash.
SELECT kind, "where", expected, found
FROM ledger.link AS link LEFT JOIN ledger.link AS before
     ON before.home_id = link.home_id AND before.number = link.number - 1
CROSS JOIN LATERAL (VALUES
    ('lost', format('link %s/%s', link.home_id, link.number - 1), 'a link', 'none',
     before.number IS NULL AND link.number <> 1),
    ('reordered', format('link %s/%s', link.home_id, link.number),
     format('no time before %s, %s', before.booked_at, before.business_date),
     format('%s, %s', link.booked_at, link.business_date),
     link.booked_at < before.booked_at OR link.business_date < before.business_date),
    ('altered', format('hash of link %s/%s', link.home_id, link.number),
     encode({LINK_HASH}, 'hex'), COALESCE(encode(link.hash, 'hex'), 'none'),
     link.hash IS DISTINCT FROM {LINK_HASH} AND (before.number IS NOT NULL OR link.number = 1))
) AS named (kind, "where", expected, found, is_so)
WHERE (before.number IS NULL AND link.number <> 1 OR link.booked_at < before.booked_at
       OR link.business_date < before.business_date OR link.hash IS NULL OR link.digest IS NULL
       OR link.hash <> {_PLAIN_HASH} AND link.hash <> {LINK_HASH})
AND is_so ORDER BY link.home_id, link.number
"""

HEADS: Final = """
-- Each chain's head is its last link, and counts what the ledger has published for its home.
WITH last AS (
    SELECT home_id, max(number) AS links FROM ledger.link GROUP BY home_id
), said AS (
    SELECT substring(stream FROM 8) AS home_id, max(version) AS version
    FROM {told} WHERE stream LIKE 'ledger/%' GROUP BY stream
)
SELECT CASE WHEN head.home_id IS NULL OR link.home_id IS NULL THEN 'lost'
            ELSE 'altered' END AS kind,
       format('head of the chain of %s', home_id) AS "where",
       CASE WHEN link.home_id IS NULL THEN 'no link at all' ELSE format(
           'link %s, %s, %s, %s, after %s events', link.number, encode(link.hash, 'hex'),
           link.booked_at, link.business_date, COALESCE(said.version, 0)) END AS expected,
       CASE WHEN head.home_id IS NULL THEN 'none' ELSE format(
           'link %s, %s, %s, %s, after %s events', head.links, encode(head.hash, 'hex'),
           head.booked_at, head.business_date, head.stream_version) END AS found
FROM (
    SELECT link.* FROM last
    JOIN ledger.link ON (link.home_id, link.number) = (last.home_id, last.links)
) AS link
FULL JOIN ledger.head AS head USING (home_id) LEFT JOIN said USING (home_id)
WHERE (link.number, link.hash, link.booked_at, link.business_date, COALESCE(said.version, 0))
IS DISTINCT FROM
(head.links, head.hash, head.booked_at, head.business_date, head.stream_version)
ORDER BY home_id
"""

SEAL_HASH: Final = _hash(
    _before("seal.before"),
    "to_json(home_id)::text",
    _quoted("seal.month"),
    "seal.links::text",
    _quoted("encode(seal.link_hash, 'hex')"),
)

SEALS: Final = f"""
-- Each seal follows from the one before it and from the chain: one for each month, in order.
SELECT kind, "where", expected, found
FROM (
    SELECT seal.*, lag(hash) OVER by_month AS before, lag(month) OVER by_month AS month_before
    FROM ledger.seal WINDOW by_month AS (PARTITION BY home_id ORDER BY month)
) AS seal
LEFT JOIN ledger.link AS first ON first.home_id = seal.home_id AND first.number = 1
LEFT JOIN ledger.link AS last ON last.home_id = seal.home_id AND last.number = seal.links
LEFT JOIN ledger.link AS next ON next.home_id = seal.home_id AND next.number = seal.links + 1
CROSS JOIN LATERAL (
    SELECT format('seal of %s for %s', seal.home_id, seal.month) AS at,
           to_date(seal.month, 'YYYY-MM') + interval '1 month' AS ended
) AS that CROSS JOIN LATERAL (VALUES
    ('lost', at, format('a seal for each month after %s', COALESCE(month_before, 'the first link')),
     'a gap before it',
     seal.month <> COALESCE(to_char(to_date(month_before, 'YYYY-MM') + interval '1 month', 'YYYY-MM'),
                            to_char(first.business_date, 'YYYY-MM'))),
    ('altered', at, format('link %s: %s', seal.links, encode(last.hash, 'hex')),
     encode(seal.link_hash, 'hex'), seal.link_hash IS DISTINCT FROM last.hash),
    ('altered', at, 'the last link by the month''s end', format('link %s', seal.links),
     (last.business_date < ended AND (next.number IS NULL OR next.business_date >= ended))
     IS NOT TRUE),
    ('altered', at, encode({SEAL_HASH.replace("to_json(home_id)", "to_json(seal.home_id)")}, 'hex'),
     encode(seal.hash, 'hex'),
     seal.hash <> {SEAL_HASH.replace("to_json(home_id)", "to_json(seal.home_id)")})
) AS named (kind, "where", expected, found, is_so)
WHERE is_so IS NOT FALSE ORDER BY seal.home_id, seal.month
"""  # noqa: E501  ours

SEALS_SAID: Final = """
-- Each seal was published as it stands, and none was published that does not stand.
SELECT CASE WHEN seal.home_id IS NULL THEN 'lost' WHEN said.home_id IS NULL THEN 'phantom'
            ELSE 'altered' END AS kind,
       format('seal of %s for %s', home_id, month) AS "where",
       COALESCE(format('%s, over link %s: %s', said.hash, said.links, said.link_hash), 'none')
           AS expected,
       COALESCE(format('%s, over link %s: %s', encode(seal.hash, 'hex'), seal.links,
                       encode(seal.link_hash, 'hex')), 'none') AS found
FROM (
    SELECT body ->> 'home_id' AS home_id, body ->> 'month' AS month,
           (body ->> 'links')::bigint AS links, body ->> 'link_hash' AS link_hash,
           body ->> 'seal_hash' AS hash
    FROM (
        SELECT convert_from(body, 'UTF8')::jsonb AS body
        FROM {told} WHERE type = 'ledger.MonthSealed.v1'
    ) AS event
) AS said FULL JOIN ledger.seal AS seal USING (home_id, month)
WHERE (said.links, said.link_hash, said.hash)
IS DISTINCT FROM (seal.links, encode(seal.link_hash, 'hex'), encode(seal.hash, 'hex'))
ORDER BY home_id, month
"""

SEALS_KEPT: Final = """
-- Seals that somebody has kept are those that stand.
SELECT CASE WHEN seal.home_id IS NULL THEN 'lost' ELSE 'altered' END AS kind,
       format('seal of %s for %s, as it was kept', home_id, month) AS "where",
       format('%s, over link %s: %s', kept.hash, kept.links, kept.link_hash) AS expected,
       CASE WHEN seal.home_id IS NULL THEN 'no such seal' ELSE format(
           '%s, over link %s: %s', encode(seal.hash, 'hex'), seal.links,
           encode(seal.link_hash, 'hex')) END AS found
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
     AS kept (home_id, month, links, link_hash, hash)
LEFT JOIN ledger.seal AS seal USING (home_id, month)
WHERE seal.home_id IS NULL OR kept.hash <> encode(seal.hash, 'hex') OR kept.links <> seal.links
OR kept.link_hash <> encode(seal.link_hash, 'hex')
ORDER BY home_id, month
"""
