-- migrate:up

-- How far a service knows its own topic: it reached so far, and all before is in `event`.
CREATE TABLE published (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- What was found when the topic was last held against `event`, and in which run of the server.
CREATE TABLE published_look (
    topic text PRIMARY KEY,
    server text NOT NULL,
    lacking bigint NOT NULL,
    lost bigint NOT NULL
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON published, published_look TO %I', current_schema());
END $$;
