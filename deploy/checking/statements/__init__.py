"""The checker's statements. Each yields differences alone: kind, where, expected, found.

`{told}` is what a topic's owner has told: its event table, or, where no table speaks for it, what
was read from Kafka. `{place}` is where each of these events stands in Kafka first, `{repeat}`
where it stands again. Whole tables are compared: PostgreSQL keeps to its memory, and spills.
"""
