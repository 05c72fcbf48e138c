"""What a request's body asks for, as a command: once what it rests on is known."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from shared.commitments import projections
from shared.commitments.bodies import DeliveryBody, PromiseBody
from shared.commitments.commands import Command, Deliver, Promise
from shared.contracts.commitment import Agreed
from shared.work import Work

MakeCommand: TypeAlias = Callable[[Work, Agreed], Awaitable[Command]]
"""What is to be done, once the terms and what else it rests on are known."""


def promising(body: PromiseBody) -> MakeCommand:
    async def command(work: Work, terms: Agreed) -> Command:
        return Promise(
            from_month=body.from_month,
            through_month=body.through_month,
            quantity=body.quantity,
            beyond_need=body.beyond_need,
            home_status=await projections.home_status(work.connection, terms.home_id),
            required=await projections.required(work.connection, terms.home_id, terms.resource),
        )

    return command


def delivering(delivery_id: str, body: DeliveryBody) -> MakeCommand:
    async def command(_work: Work, _terms: Agreed) -> Command:
        return Deliver(
            delivery_id=delivery_id,
            month=body.month,
            quantity=body.quantity,
            beyond_promise=body.beyond_promise,
            gift=body.gift,
            delivered_on=body.delivered_on,
            evidence_sha256=body.evidence_sha256,
            evidence_id=body.evidence_id,
        )

    return command
