"""`yui keys`, `events`, `parked` and `seals`: what an operator asks of the running services."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy import runtime
from deploy.operator import Api, Json
from deploy.problem import Problem
from deploy.refilling import refill
from deploy.seals import save
from deploy.services import BY_NAME, present

console = Console() if sys.stdout.isatty() else Console(width=200)
keys = typer.Typer(name="keys", no_args_is_help=True, help="API keys of organisations.")
events = typer.Typer(name="events", no_args_is_help=True, help="Every event ever published.")
parked = typer.Typer(
    name="parked", no_args_is_help=True, help="Records that could not be applied."
)
seals = typer.Typer(name="seals", no_args_is_help=True, help="One hash per home and ended month.")

PARKED_COLUMNS = ("service", "parked_id", "is_head", "reason", "detail", "topic", "key")

Organisation = Annotated[str, typer.Argument(help="The organisation's id.")]
ServiceName = Annotated[str, typer.Argument(help="The service that parked it.")]
RecordId = Annotated[str, typer.Argument(help="The parked record's id.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept for ever.", prompt=True)]
KeyId = Annotated[str, typer.Argument(help="The key's id.")]
Expires = Annotated[
    str | None, typer.Option(help="Until when, with zone; none: until it is revoked.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", help="At most this many.", min=1)]


def api(name: str) -> Api:
    if name not in BY_NAME:
        raise Problem(f"there is no service {name}", f"Services are {', '.join(BY_NAME)}")
    found = runtime.configured()
    return Api(name, found.addresses()[name], found.operator_key())


def show(rows: Iterable[Json], columns: Sequence[str] = ()) -> None:
    """Print a table; its columns are those given, or those of the first row."""
    listed = list(rows)
    if not listed:
        console.print("none")
        return
    table = Table(box=None, pad_edge=False)
    for column in columns or list(listed[0]):
        table.add_column(column, overflow="fold")
    for row in listed:
        table.add_row(*(str(row.get(column, "")) for column in columns or list(listed[0])))
    console.print(table)


@keys.command("issue")
def issue_key(
    organisation: Organisation,
    role: Annotated[str | None, typer.Option(help="None: all that it may do.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Of that, this alone; may be repeated.")
    ] = None,
    home: Annotated[str | None, typer.Option(help="A caregiver's home.")] = None,
    expires: Expires = None,
) -> None:
    """Make a key; its secret is shown this once. docs/access.md says what roles and scopes are.

    Examples: `yui keys issue org-rent`, `yui keys issue org-rent --role reader`,
    `yui keys issue org-rent --role service --scope contribute --scope read_home`
    """
    limits = {"role": role, "scopes": scope or None, "home_id": home, "expires_at": expires}
    console.print_json(data=api("organisations").post(keys_of(organisation), limits))


@keys.command("list")
def list_keys(organisation: Organisation) -> None:
    """List an organisation's keys, without secrets; when each was used last, and where.

    Example: `yui keys list org-rent`
    """
    uses = last_uses(organisation)
    listed = api("organisations").items(keys_of(organisation), limit=500)
    never = {"used_at": "never", "used_in": ""}
    show({**key, **uses.get(key["key_id"], never)} for key in listed)


@keys.command("rotate")
def rotate_key(
    organisation: Organisation,
    key: KeyId,
    overlap_hours: Annotated[int, typer.Option(help="For how long both open.", min=0)] = 24,
    expires: Expires = None,
) -> None:
    """Make a key that takes another's place; both open for a while.

    Example: `yui keys rotate org-rent 0123456789abcdef`
    """
    body = {"overlap_hours": overlap_hours, "expires_at": expires}
    path = f"{keys_of(organisation)}/{key}/rotate"
    console.print_json(data=api("organisations").post(path, body))


@keys.command("revoke")
def revoke_key(organisation: Organisation, key: KeyId) -> None:
    """End a key at once. Example: `yui keys revoke org-rent 0123456789abcdef`."""
    console.print_json(data=api("organisations").delete(f"{keys_of(organisation)}/{key}"))


def keys_of(organisation: str) -> str:
    return f"/v1/organisations/{organisation}/keys"


def last_uses(organisation: str) -> dict[str, Json]:
    """By key: when, and at which service, as far as the services answer."""
    found: dict[str, Json] = {}
    for service in present():
        with suppress(Problem):
            for use in api(service.name).items("/v1/key-uses", 500, organisation_id=organisation):
                if use["used_at"] > found.get(use["key_id"], {}).get("used_at", ""):
                    found[use["key_id"]] = {"used_at": use["used_at"], "used_in": service.name}
    return found


@events.command("list")
def list_events(
    home: Annotated[str | None, typer.Option(help="Only of this home.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    correlation: Annotated[str | None, typer.Option(help="Only of this request.")] = None,
    since: Annotated[str | None, typer.Option(help="Recorded at or after, with zone.")] = None,
    until: Annotated[str | None, typer.Option(help="Recorded before, with zone.")] = None,
    limit: Limit = 50,
) -> None:
    """List events. Example: `yui events list --home home-1 --type ShortfallOpened.v1 -n 20`."""
    found = api("eventlog").items(
        "/v1/events",
        limit,
        home_id=home,
        type=event_type,
        correlation=correlation,
        recorded_from=since,
        recorded_until=until,
    )
    show(found)


@events.command("chain")
def chain(event: Annotated[str, typer.Argument(help="The event's id.")]) -> None:
    """Show an event with its causes and effects. Example: `yui events chain 0199...`."""
    console.print_json(data=api("eventlog").get(f"/v1/events/{event}/chain"))


@events.command("republish")
def republish(
    service: Annotated[str, typer.Argument(help="The service whose events they are.")],
    reason: Reason,
) -> None:
    """Make a service's topic and its event table hold the same again; nothing has a second effect.

    For a topic that was emptied or made anew, and for a database that was put back to an earlier
    moment: `yui status` says so. Example: `yui events republish homes --reason "disk lost"`.
    """
    if service not in BY_NAME:
        raise Problem(f"there is no service {service}", f"Services are {', '.join(BY_NAME)}")
    found = runtime.configured()
    bootstrap = found.bootstrap
    done = asyncio.run(refill(found.database, bootstrap, BY_NAME[service], present(), reason))
    console.print(
        f"{done.recalled:,} events recalled from Kafka, {done.waiting:,} wait to be sent; "
        f"read again by {', '.join(done.again) or 'none'}"
    )


@parked.command("list")
def list_parked(
    service: Annotated[str | None, typer.Argument(help="Only of this service.")] = None,
    limit: Limit = 100,
) -> None:
    """List parked records. Examples: `yui parked list`, `yui parked list ledger`."""
    rows: list[Json] = []
    away = 0
    for name in [service] if service else [one.name for one in present()]:
        try:
            rows += ({"service": name, **row} for row in api(name).items("/v1/parked", limit))
        except Problem as problem:
            if service:
                raise
            console.print(f"{problem}", style="red", highlight=False)
            away += 1
    if rows or not away:
        show(rows, PARKED_COLUMNS)


@parked.command("show")
def show_parked(service: ServiceName, record: RecordId) -> None:
    """Show one with its reason, bytes and headers. Example: `yui parked show ledger 12`."""
    console.print_json(data=api(service).get(f"/v1/parked/{record}"))


@parked.command("retry")
def retry_parked(service: ServiceName, record: RecordId, reason: Reason) -> None:
    """Try again to apply the first of its key. Example: `yui parked retry ledger 12`."""
    path = f"/v1/parked/{record}/retry"
    console.print_json(data=api(service).post(path, {"reason": reason}))


@parked.command("discard")
def discard_parked(
    service: ServiceName,
    record: RecordId,
    reason: Reason,
) -> None:
    """Leave it out for good. Example: `yui parked discard ledger 12 --reason "sent by a test"`."""
    path = f"/v1/parked/{record}/discard"
    console.print_json(data=api(service).post(path, {"reason": reason}))


@seals.command("list")
def list_seals(
    home: Annotated[str, typer.Argument(help="The home's id.")], limit: Limit = 100
) -> None:
    """List a home's seals, the oldest first. Example: `yui seals list home-1`."""
    show(api("ledger").items(f"/v1/homes/{home}/seals", limit))


@seals.command("save")
def save_seals(
    file: Annotated[
        Path, typer.Argument(help="Where to write; keep it where no one can alter it.")
    ],
) -> None:
    """Save every home's seals, a line of JSON each. Example: `yui seals save seals.jsonl`.

    They show later that nothing before them was altered, added or taken away.
    """
    console.print(f"{save(api('ledger'), file):,} seals saved", highlight=False)
