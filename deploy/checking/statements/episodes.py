"""Whether what the ledger has said of shortfalls and what does not fit is what stands."""

from typing import Final

# A discrepancy, or double funding, is found and mended: what it comes to in between is nobody's
# message.
EPISODES: Final = """
-- Episodes are numbered from 1, each is opened, changed and closed, and the last word stands.
WITH word AS (
    SELECT position, event_id, type, word, kind, home_id, subject,
           (body ->> 'episode')::int AS episode,
           CASE WHEN word ~ '(Closed|Mended)$' THEN 0
                ELSE COALESCE(body ->> 'quantity', body ->> 'excess')::bigint END AS stands
    FROM (
        SELECT position, event_id, type, split_part(type, '.', 2) AS word,
               convert_from(body, 'UTF8')::jsonb AS body
        FROM {told} AS told
        WHERE type ~ '^ledger[.](Shortfall|Discrepancy|DoubleFunding)'
    ) AS event CROSS JOIN LATERAL (
        SELECT CASE WHEN word LIKE 'Shortfall%' THEN 'shortfall'
                    WHEN word LIKE 'Discrepancy%' THEN 'discrepancy'
                    ELSE 'double funding' END AS kind, body ->> 'home_id' AS home_id,
               COALESCE(body ->> 'delivery_id',
                        concat_ws('/', body ->> 'resource', body ->> 'month'))
                   AS subject
    ) AS named
), told AS MATERIALIZED (
    SELECT *, lag(episode, 1, 0) OVER by_subject AS episode_before,
           lag(stands, 1, 0::bigint) OVER by_subject AS stood,
           lead(position) OVER by_subject IS NULL AS is_last
    FROM word WINDOW by_subject AS (PARTITION BY kind, home_id, subject ORDER BY position)
), standing AS (
    SELECT 'shortfall' AS kind, home_id, concat_ws('/', resource, month) AS subject, episode,
           announced AS stands FROM ledger.cell WHERE episode <> 0 OR announced <> 0
    UNION ALL
    SELECT 'discrepancy', home_id, delivery_id, episode, excess FROM ledger.delivery
    WHERE episode <> 0 OR excess <> 0
    UNION ALL
    SELECT 'double funding', home_id, concat_ws('/', resource, month), episode, excess
    FROM ledger.double_funding
)
SELECT 'unbalanced' AS kind, "where", expected, found FROM (
    SELECT position, format('%s of %s/%s, event %s', word, home_id, subject, event_id) AS "where",
           format('what follows episode %s with %s standing', episode_before, stood) AS expected,
           format('episode %s', episode) AS found
    FROM told
    WHERE NOT CASE
        WHEN word ~ '(Opened|Found)$' THEN stood = 0 AND episode = episode_before + 1
        WHEN word ~ 'Changed$' THEN stood <> 0 AND stands <> stood AND episode = episode_before
        ELSE stood <> 0 AND episode = episode_before
    END
    UNION ALL
    SELECT position, concat_ws('/', kind, home_id, subject),
           format('episode %s, %s announced', COALESCE(said.episode, 0), COALESCE(said.stands, 0)),
           COALESCE(format('episode %s, %s announced', standing.episode, standing.stands), 'none')
    FROM (SELECT * FROM told WHERE is_last) AS said
    FULL JOIN standing USING (kind, home_id, subject)
    WHERE COALESCE(said.episode, 0) IS DISTINCT FROM standing.episode
    OR CASE WHEN kind = 'shortfall' THEN COALESCE(said.stands, 0) <> standing.stands
            ELSE (COALESCE(said.stands, 0) = 0) <> (standing.stands = 0) END
) AS difference ORDER BY position, "where"
"""
