-- migrate:up

-- What the backfill works with; the contract takes it away again. Until then what is empty in old
-- links and entries may be filled, once, by the owner, and nothing else of them may change.
SET LOCAL lock_timeout = '2s';
LOCK TABLE head, entry, link IN ACCESS EXCLUSIVE MODE;

CREATE OR REPLACE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_filled BEFORE UPDATE ON link FOR EACH ROW
    WHEN (OLD.hash IS NOT NULL OR
          (NEW.home_id, NEW.number, NEW.event_id, NEW.type, NEW.stream, NEW.version, NEW.topic,
           NEW.partition, NEW."offset", NEW.correlation, NEW.causation, NEW.recorded_at,
           NEW.booked_at, NEW.business_date)
          IS DISTINCT FROM
          (OLD.home_id, OLD.number, OLD.event_id, OLD.type, OLD.stream, OLD.version, OLD.topic,
           OLD.partition, OLD."offset", OLD.correlation, OLD.causation, OLD.recorded_at,
           OLD.booked_at, OLD.business_date))
    EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_filled BEFORE UPDATE ON entry FOR EACH ROW
    WHEN (OLD.required IS NOT NULL OR
          (NEW.home_id, NEW.number, NEW.position, NEW.resource, NEW.month, NEW.moved_from,
           NEW.moved_to, NEW.quantity, NEW.organisation_id, NEW.commitment_id, NEW.delivery_id,
           NEW.delivery_version)
          IS DISTINCT FROM
          (OLD.home_id, OLD.number, OLD.position, OLD.resource, OLD.month, OLD.moved_from,
           OLD.moved_to, OLD.quantity, OLD.organisation_id, OLD.commitment_id, OLD.delivery_id,
           OLD.delivery_version))
    EXECUTE FUNCTION refuse_change();

-- How far each home has been filled, and its last hash.
CREATE TABLE filling (home_id text PRIMARY KEY, links bigint NOT NULL DEFAULT 0, hash bytea);

-- Every event that any service's tables hold.
DO $$
DECLARE
    tables text;
BEGIN
    SELECT string_agg(
        format('SELECT event_id, type, recorded_at, body FROM %s', oid::regclass), ' UNION ALL '
        ORDER BY relname, oid
    ) INTO tables
    FROM pg_class
    WHERE relname IN ('event', 'logged_event') AND relkind = 'r' AND relowner = current_user::regrole;
    EXECUTE 'CREATE VIEW told AS ' || tables;
END $$;

-- docs/chain.md, in SQL.
CREATE FUNCTION hash_of(before bytea, of_link link, digest bytea) RETURNS bytea
LANGUAGE sql STABLE RETURN sha256(convert_to('[' || concat_ws(',',
    to_json(COALESCE(encode(before, 'hex'), '')),
    to_json((of_link).home_id),
    (of_link).number,
    to_json((of_link).event_id),
    to_json((of_link).type),
    to_json((of_link).stream),
    (of_link).version,
    to_json((of_link).topic),
    (of_link).partition,
    (of_link)."offset",
    to_json((of_link).correlation),
    COALESCE(to_json((of_link).causation)::text, 'null'),
    to_char((of_link).recorded_at AT TIME ZONE 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\""'),
    to_char((of_link).booked_at AT TIME ZONE 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\""'),
    to_char((of_link).business_date, '"\""YYYY-MM-DD"\""'),
    to_json(encode(digest, 'hex'))
) || ']', 'UTF8'));

-- Hashes the next links of a home, in their order.
CREATE FUNCTION fill_links(INOUT home filling, links_max integer) LANGUAGE plpgsql AS $$
DECLARE
    next record;
    before bigint := home.links;
    upto bigint := COALESCE(before + links_max, 9223372036854775807);
    numbers bigint[];
    digests bytea[];
    hashes bytea[];
BEGIN
    FOR next IN
        SELECT link, sha256(body) AS digest FROM link
        LEFT JOIN LATERAL (SELECT body FROM told WHERE event_id = link.event_id LIMIT 1) ON true
        WHERE link.home_id = home.home_id AND number > before AND number <= upto ORDER BY number
    LOOP
        IF next.digest IS NULL THEN
            RAISE 'link %/% is of event %, which no table of any service holds',
                home.home_id, (next.link).number, (next.link).event_id
            USING HINT = 'restore the events of its owner, and run yui migrate again';
        END IF;
        home.links := (next.link).number;
        home.hash := hash_of(home.hash, next.link, next.digest);
        numbers := numbers || home.links;
        digests := digests || next.digest;
        hashes := hashes || home.hash;
    END LOOP;
    UPDATE link SET digest = filled.digest, hash = filled.hash
    FROM unnest(numbers, digests, hashes) AS filled (number, digest, hash)
    WHERE link.home_id = home.home_id AND link.number = filled.number
    AND link.number > before AND link.number <= home.links;
END $$;

-- Totals the entries of a home's links from one to another.
CREATE PROCEDURE fill_entries(home text, first bigint, last bigint) LANGUAGE sql AS $$
    WITH moved AS (
        SELECT number, position, resource, month,
               quantity * ((moved_from = 'need')::int - (moved_to = 'need')::int) AS required,
               quantity * ((moved_to = 'open')::int - (moved_from = 'open')::int) AS open,
               quantity * ((moved_to = 'promised')::int - (moved_from = 'promised')::int)
                   AS promised,
               quantity * ((moved_to = 'delivered')::int - (moved_from = 'delivered')::int)
                   AS delivered,
               quantity * ((moved_to = 'confirmed')::int - (moved_from = 'confirmed')::int)
                   AS confirmed
        FROM entry WHERE home_id = home AND number BETWEEN first AND last
    ), before AS MATERIALIZED (
        SELECT asked.resource, asked.month, required, open, promised, delivered, confirmed
        FROM (SELECT DISTINCT resource, month FROM moved) AS asked LEFT JOIN LATERAL (
            SELECT required, open, promised, delivered, confirmed FROM entry
            WHERE home_id = home AND resource = asked.resource AND month = asked.month
            AND number < first ORDER BY number DESC, position DESC LIMIT 1
        ) ON true
    ), total AS MATERIALIZED (
        SELECT number, position,
               COALESCE(before.required, 0) + sum(moved.required) OVER by_cell AS required,
               COALESCE(before.open, 0) + sum(moved.open) OVER by_cell AS open,
               COALESCE(before.promised, 0) + sum(moved.promised) OVER by_cell AS promised,
               COALESCE(before.delivered, 0) + sum(moved.delivered) OVER by_cell AS delivered,
               COALESCE(before.confirmed, 0) + sum(moved.confirmed) OVER by_cell AS confirmed
        FROM moved JOIN before USING (resource, month)
        WINDOW by_cell AS (PARTITION BY resource, month ORDER BY number, position)
    )
    UPDATE entry SET required = total.required, open = total.open, promised = total.promised,
                     delivered = total.delivered, confirmed = total.confirmed
    FROM total WHERE entry.home_id = home AND entry.number BETWEEN first AND last
    AND (entry.number, entry.position) = (total.number, total.position);

    INSERT INTO contributor (organisation_id, home_id)
    SELECT DISTINCT organisation_id, home_id FROM entry
    WHERE home_id = home AND number BETWEEN first AND last AND organisation_id IS NOT NULL
    ORDER BY 1 ON CONFLICT DO NOTHING;
$$;

-- Fills the next links of a home with their entries; returns how far it has come.
CREATE FUNCTION fill_home(of_home text, links_max integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    home filling;
    first bigint;
BEGIN
    INSERT INTO filling VALUES (of_home) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT home FROM filling WHERE home_id = of_home FOR UPDATE;
    first := home.links + 1;
    home := fill_links(home, links_max);
    CALL fill_entries(of_home, first, home.links);
    UPDATE filling SET links = home.links, hash = home.hash WHERE home_id = of_home;
    RETURN home.links;
END $$;

-- Notes, of the next events that were decided on, those that moved nothing; returns the last one.
CREATE FUNCTION fill_unmoved(INOUT after uuid, events_max integer) LANGUAGE sql AS $$
    WITH next AS (
        SELECT event_id, outcome, topic FROM outcome WHERE after IS NULL OR event_id > after
        ORDER BY event_id LIMIT events_max
    ), noted AS (
        INSERT INTO unmoved (event_id, type, recorded_at)
        SELECT event_id, type, recorded_at FROM next JOIN told USING (event_id)
        WHERE outcome NOT IN ('booked', 'discarded') AND topic <> 'yui.organisations.v1'
        ON CONFLICT DO NOTHING
    )
    SELECT event_id FROM next ORDER BY event_id DESC LIMIT 1;
$$;

-- Home by home, in transactions that end after some links: it may be broken off and called again.
-- Whoever books meanwhile adds to what is left, so it goes round until little is: that is the
-- contract's. It never runs after a home that is booked as fast as it is filled.
CREATE PROCEDURE fill_proof(links_max integer, rounds_max integer DEFAULT 10)
LANGUAGE plpgsql AS $$
DECLARE
    home text;
    upto bigint;
    last uuid;
BEGIN
    FOR round IN 1 .. rounds_max LOOP
        FOR home, upto IN
            SELECT home_id, number FROM head LEFT JOIN filling USING (home_id)
            WHERE number > COALESCE(links, 0) ORDER BY home_id
        LOOP
            WHILE fill_home(home, links_max) < upto LOOP
                COMMIT;
            END LOOP;
            COMMIT;
        END LOOP;
        EXIT WHEN links_max > (
            SELECT COALESCE(sum(number - COALESCE(links, 0)), 0)
            FROM head LEFT JOIN filling USING (home_id)
        );
    END LOOP;
    LOOP
        last := fill_unmoved(last, links_max);
        EXIT WHEN last IS NULL;
        COMMIT;
    END LOOP;
END $$;
