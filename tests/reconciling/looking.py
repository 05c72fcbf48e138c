"""Reconciling the small world of the checker's tests, as it is or with damage in a copy."""

from deploy import database as databases
from deploy.checking.findings import Kind
from deploy.database import connected
from deploy.reconciling.reconcile import reconcile
from deploy.reconciling.result import Reconciliation
from deploy.services import BY_NAME
from tests.checking.world import SERVICES, World


async def look(world: World) -> Reconciliation:
    return await reconcile(world.database.url("auditor"), world.stack.auditors_bootstrap, 0)


async def look_after(world: World, *statements: str) -> Reconciliation:
    """Run statements as the database's own administrator on a copy, and reconcile that."""
    world.stack.copies += 1
    services = [BY_NAME[name] for name in SERVICES]
    copy = await databases.copy(world.database, f"test_{world.stack.copies}", services)
    try:
        async with connected(copy.administrator()) as connection:
            for statement in statements:
                changed = await connection.execute(statement)
                assert not changed.endswith(" 0"), f"changed nothing: {statement}"
        return await reconcile(copy.url("auditor"), world.stack.auditors_bootstrap, 0)
    finally:
        await world.stack.drop(copy)


def named(found: Reconciliation, kind: Kind, *words: str) -> bool:
    assert kind in found.findings.first, found.findings.first
    first = found.findings.first[kind]
    text = f"{first.owner} {first.where} {first.expected} {first.found}"
    assert all(word in text for word in words), text
    return True
