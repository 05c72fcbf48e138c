"""Where a partner's service shows what homes ask for, and takes in what organisations answer."""

from collections.abc import Sequence
from typing import Any, Final

from shared.commitments import asks, projections
from shared.commitments.bodies import AskDecliningBody, OfferBody
from shared.commitments.desk import Desk
from shared.commitments.offers import (
    Ask,
    AskUnknown,
    DeclineAsk,
    KeepOffer,
    MakeOffer,
    OfferOfNothing,
    OfferUnknown,
    OfferWords,
    TakeOfferBack,
)
from shared.commitments.quantities import month_list
from shared.consuming.applying import Reaction
from shared.contracts.commitment import OfferKept
from shared.contracts.event import Event
from shared.contracts.homes import OfferAccepted, OpeningFailed
from shared.contracts.organisations import Sector
from shared.contracts.resources import CATALOGUE
from shared.envelope import Envelope
from shared.handling import Answer, handle
from shared.http.callers import Reading, Writing
from shared.ids import new_opaque_id
from shared.service import Plumbing
from shared.work import Work

TOLD_OF_ESCALATIONS: Final = "government"


class AskDesk:
    """The asks that one service's commitments can answer."""

    def __init__(self, plumbing: Plumbing, words: OfferWords, *desks: Desk) -> None:
        self._plumbing = plumbing
        self._offers = words.offers()
        self._declines = words.declines()
        self._desks = desks
        self._desk_of = {resource: desk for desk in desks for resource in desk.resources}
        self._sectors = frozenset[str]().union(*(desk.sectors for desk in desks))

    def reactions(self) -> dict[type[Event], Reaction]:
        """What every partner's service takes in of the homes' asks, and of openings that fail."""

        async def keep(work: Work, event: Any, _envelope: Envelope) -> None:  # noqa: ANN401  any of them
            await asks.keep_ask(work.connection, event)

        return {
            **dict.fromkeys(asks.ASK_EVENTS, keep),
            OfferAccepted: self._accepted,
            OpeningFailed: self._opening_failed,
        }

    async def _opening_failed(self, work: Work, event: OpeningFailed, _envelope: Envelope) -> None:
        """First let nobody promise any more, then release what was."""
        await projections.keep_home(work.connection, event)
        for desk in self._desks:
            await desk.release(work, event.home_id, event.failed_on)

    async def _accepted(self, work: Work, event: OfferAccepted, _envelope: Envelope) -> None:
        """Promise what was accepted, together with saying so; of others' offers know nothing."""
        status = await projections.home_status(work.connection, event.home_id)
        said = await work.decide(self._offers, event.offer_id, KeepOffer(status))
        offer, _ = await work.load(self._offers, event.offer_id)
        if offer.made is not None and any(isinstance(one, OfferKept) for one in said):
            months = {one.month: one.quantity for one in event.months}
            await self._desk_of[offer.made.resource].take_on(work, offer.made, months)

    # --- Writing

    async def offer(self, caller: Writing, ask_id: str, body: OfferBody) -> Answer:
        offer_id, own = new_opaque_id(), caller.principal.organisation_id
        named = {one.month: one.quantity for one in body.months or ()}
        if len(named) < len(body.months or ()):
            raise OfferOfNothing

        async def act(work: Work) -> Answer:
            ask = await self._asked(caller, work, ask_id)
            command = MakeOffer(
                offer_id=offer_id,
                organisation_id=own,
                ask=ask,
                sector=self._sector(caller, ask),
                months=named or None,
                notice_months=body.notice_months,
                lapse_days=body.lapse_days,
                offered_on=await self._plumbing.business_date.today(work.connection),
                home_status=await projections.home_status(work.connection, ask.home_id),
            )
            await work.decide(self._offers, offer_id, command)
            return Answer(201, {"offer_id": offer_id, "ask_id": ask_id})

        return await handle(self._plumbing.transactions, caller.request, act)

    async def take_back(self, caller: Writing, ask_id: str, offer_id: str) -> Answer:
        async def act(work: Work) -> Answer:
            offer, _ = await work.load(self._offers, offer_id)
            own = caller.principal.organisation_id
            made = offer.made
            if made is None or (made.ask_id, made.organisation_id) != (ask_id, own):
                raise OfferUnknown
            await self._may_answer(caller, work)
            await work.decide(self._offers, offer_id, TakeOfferBack())
            return Answer(200, {"offer_id": offer_id, "ask_id": ask_id})

        return await handle(self._plumbing.transactions, caller.request, act)

    async def decline(self, caller: Writing, ask_id: str, body: AskDecliningBody) -> Answer:
        decline_id = new_opaque_id()

        async def act(work: Work) -> Answer:
            command = DeclineAsk(
                decline_id=decline_id,
                organisation_id=caller.principal.organisation_id,
                ask=await self._asked(caller, work, ask_id),
                reason_code=body.reason_code,
            )
            await work.decide(self._declines, decline_id, command)
            return Answer(201, {"decline_id": decline_id, "ask_id": ask_id})

        return await handle(self._plumbing.transactions, caller.request, act)

    async def _asked(self, caller: Writing, work: Work, ask_id: str) -> Ask:
        """The ask, where the caller's sectors are asked; else there is none."""
        await self._may_answer(caller, work)
        ask = await asks.read_ask(work.connection, ask_id)
        if ask is None or not self._sectors_of(caller, ask):
            raise AskUnknown
        return ask

    async def _may_answer(self, caller: Writing, work: Work) -> None:
        await caller.must(
            "answer_asks",
            organisation_id=caller.principal.organisation_id,
            sectors=self._sectors,
            connection=work.connection,
        )

    def _sectors_of(self, caller: Reading, ask: Ask) -> Sequence[Sector]:
        """The sectors in which the caller may answer an ask here."""
        desk = self._desk_of.get(ask.resource)
        found = frozenset() if desk is None else desk.sectors & ask.asked
        return sorted(found & caller.principal.sectors)  # type: ignore[arg-type]  # names of sectors

    def _sector(self, caller: Reading, ask: Ask) -> Sector:
        return self._sectors_of(caller, ask)[0]

    # --- Reading

    async def page(
        self,
        caller: Reading,
        *,
        ask_id: str | None = None,
        resource: str | None = None,
        prefecture_code: str | None = None,
        home_id: str | None = None,
        standing: bool | None = None,
        after: Sequence[str] = ("", ""),
        limit: int = 1,
    ) -> list[dict[str, Any]]:
        """Return asks that reach the caller's sectors, the most urgent first."""
        await caller.must("read_asks", sectors=self._sectors)
        principal = caller.principal
        sectors = None if principal.reads_everything else sorted(self._sectors & principal.sectors)
        is_told = TOLD_OF_ESCALATIONS in self._sectors
        which = ask_id, resource, prefecture_code, home_id, standing, *after, limit
        async with self._plumbing.transactions.read(caller.principal) as work:
            found = await asks.asks_page(
                work.connection,
                list(self._desk_of),
                sectors,
                is_told,
                principal.organisation_id,
                *which,
            )
        return [_describe(row) for row in found]

    async def one(self, caller: Reading, ask_id: str) -> dict[str, Any]:
        """One ask; where it does not reach the caller's sectors, there is none."""
        found = await self.page(caller, ask_id=ask_id)
        if not found:
            raise AskUnknown
        return found[0]

    async def own_offers(self, caller: Reading, ask_id: str) -> list[dict[str, Any]]:
        """Return the caller's own offers to an ask, and what has become of each."""
        own = caller.principal.organisation_id
        await caller.must("answer_asks", organisation_id=own, sectors=self._sectors)
        async with self._plumbing.transactions.read(caller.principal) as work:
            return await asks.own_offers(work.connection, own, ask_id)


def _describe(row: dict[str, Any]) -> dict[str, Any]:
    resource = CATALOGUE.get(row["resource"])
    closed_on, escalated_on = row["closed_on"], row["escalated_on"]
    answer_by = row["answer_by"]
    return {
        **row,
        "unit": None if resource is None else resource.unit,
        "opened_on": row["opened_on"].isoformat(),
        "answer_by": answer_by and answer_by.isoformat(),
        "escalated_on": escalated_on and escalated_on.isoformat(),
        "closed_on": closed_on and closed_on.isoformat(),
        "months": month_list(row["months"]),
    }
