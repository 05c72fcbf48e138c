"""Where two ledgers differ in what does not depend on booking order: one statement a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deploy.database import SHADOW

if TYPE_CHECKING:
    from deploy.rebuilding.second import Connection

NONE: Final = "none"
SIDES: Final = ("first", "second")
FIRST: Final = "ledger"


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one kind: how many there are, and the first by name."""

    kind: str
    number: int
    name: str
    first: str
    second: str


LINKS: Final = """
SELECT link.* FROM ledger.link JOIN first_head USING (home_id)
WHERE link.number <= first_head.links
"""
ENTRIES: Final = """
SELECT link.event_id, entry.* FROM ({links}) AS link JOIN {schema}.entry USING (home_id, number)
"""
LAST_TOTALS: Final = """
SELECT cell.home_id, cell.resource, cell.month, total.*
FROM {cells} AS cell LEFT JOIN LATERAL (
    SELECT entry.required, entry.open, entry.promised, entry.delivered, entry.confirmed
    FROM {schema}.entry WHERE entry.home_id = cell.home_id AND entry.resource = cell.resource
    AND entry.month = cell.month AND entry.number <= (
        SELECT links FROM {heads} AS head WHERE head.home_id = cell.home_id
    )
    ORDER BY entry.number DESC, entry.position DESC LIMIT 1
) AS total ON true
"""
TOTALS: Final = ("required", "open", "promised", "delivered", "confirmed")
CELL: Final = ("home_id", "resource", "month")
DELIVERY: Final = ("home_id", "delivery_id")


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of both ledgers that bear the same name and must say the same."""

    name: str
    first: str
    second: str
    key: Sequence[str]
    values: Sequence[str] = ()

    def statement(self) -> str:
        key = ", ".join(self.key)
        ours, others = (", ".join(f"{side}.{v}" for v in self.values) for side in SIDES)
        differ = f" OR ({ours}) IS DISTINCT FROM ({others})" if self.values else ""
        return f"""
        SELECT count(*) OVER () AS number, concat_ws('/', {key}) AS name,
               {self._said("first")} AS first, {self._said("second")} AS second
        FROM (SELECT *, true AS is_there FROM ({self.first})) AS first
        FULL JOIN (SELECT *, true AS is_there FROM ({self.second})) AS second USING ({key})
        WHERE first.is_there IS NULL OR second.is_there IS NULL{differ}
        ORDER BY {key} LIMIT 1
        """  # noqa: S608 - names of our own

    def _said(self, side: str) -> str:
        said = (
            ", ".join(f"'{value} ' || {side}.{value}::text" for value in self.values) or "'there'"
        )
        return f"CASE WHEN {side}.is_there THEN concat_ws(', ', {said}) ELSE '{NONE}' END"


def _table(name: str, table: str, key: Sequence[str], *values: str, where: str = "true") -> Kind:
    first, second = (
        f"SELECT * FROM {one} WHERE {where}"  # noqa: S608 - names of our own
        for one in (f"first_{table}", table)
    )
    return Kind(name, first, second, key, values)


# What the first ledger has never looked into, since a release that did not, is no difference.
FUNDED_TWICE: Final = """
SELECT * FROM double_funding WHERE excess > 0 AND EXISTS (
    SELECT FROM first_double_funding AS looked_into
    WHERE (looked_into.home_id, looked_into.resource, looked_into.month)
        = (double_funding.home_id, double_funding.resource, double_funding.month)
)
"""
SECOND_LINKS: Final = "SELECT * FROM link"

KINDS: Final = (
    _table("offset", "consumer_offset", ("topic", "partition"), "next_offset", "last_event_id"),
    _table("parked", "parked", ("topic", "partition", '"offset"'), "event_id"),
    _table("held", "held", ("topic", "stream", "version"), "event_id"),
    _table("stream", "consumer_stream", ("topic", "stream"), "version", "event_id"),
    Kind(
        "link",
        LINKS,
        SECOND_LINKS,
        ("event_id",),
        (
            *("home_id", "type", "stream", "version", "topic", "partition", "correlation"),
            *("causation", "recorded_at", "digest"),
        ),
    ),
    Kind(
        "entry",
        ENTRIES.format(links=LINKS, schema=FIRST),
        ENTRIES.format(links=SECOND_LINKS, schema=SHADOW),
        ("event_id", "position"),
        (
            *("home_id", "resource", "month", "moved_from", "moved_to", "quantity"),
            *("organisation_id", "commitment_id", "delivery_id", "delivery_version"),
        ),
    ),
    _table("cell", "cell", CELL, *TOTALS),
    Kind(
        "running total",
        LAST_TOTALS.format(schema=FIRST, cells="first_cell", heads="first_head"),
        LAST_TOTALS.format(schema=SHADOW, cells="cell", heads="head"),
        CELL,
        TOTALS,
    ),
    _table("shortfall", "cell", CELL, "announced", where="announced > 0"),
    _table(
        *("delivery", "delivery", DELIVERY),
        *("delivered", "confirmed", "owner_version", "seen_version"),
    ),
    _table("discrepancy", "delivery", DELIVERY, "excess", where="excess > 0"),
    Kind(
        "double funding",
        "SELECT * FROM first_double_funding WHERE excess > 0",
        FUNDED_TWICE,
        CELL,
        ("excess", "organisations"),
    ),
    _table("contributor", "contributor", ("organisation_id", "home_id")),
)


async def difference(connection: "Connection", kind: Kind) -> Difference | None:
    row = await connection.fetchrow(kind.statement())
    if row is None:
        return None
    return Difference(kind.name, row["number"], row["name"], row["first"], row["second"])
