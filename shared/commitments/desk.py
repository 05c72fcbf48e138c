"""Where a partner's service takes in what organisations ask of their commitments, and answers."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import astuple
from datetime import date
from typing import Any, Final

from shared.calendar import month_of, months_through
from shared.commitments import projections
from shared.commitments.bodies import AgreementBody, CorrectionBody, DeliveryBody, PromiseBody
from shared.commitments.commands import (
    Agree,
    AnswerDispute,
    Command,
    CommitmentUnknown,
    Correct,
    Lapse,
    Promise,
    Release,
    ResourceNotProvided,
    Withdraw,
)
from shared.commitments.decider import Vocabulary
from shared.commitments.describing import describe, describe_delivery, names
from shared.commitments.making import MakeCommand, delivering, promising
from shared.commitments.offers import runs
from shared.commitments.state import Commitment
from shared.contracts.commitment import Agreed, CommitmentFact, Offered, ReasonCode
from shared.contracts.event import Month
from shared.contracts.organisations import PartyLeft
from shared.decider import Aggregate
from shared.handling import Act, Answer, handle
from shared.http.callers import Reading, Writing
from shared.http.sorting import Place
from shared.http.versions import must_be
from shared.service import Plumbing
from shared.work import Work

LOADED_AT_ONCE: Final = 500


class Desk:
    """One kind of commitment: who may do what with it, and what is known when it is decided."""

    def __init__(
        self,
        plumbing: Plumbing,
        words: Vocabulary,
        resource: str,
        sectors: frozenset[str],
        *,
        also: Sequence[str] = (),
    ) -> None:
        """`also` are the further resources that an agreement of this kind may name."""
        self._plumbing = plumbing
        self._aggregate: Aggregate[Command, Commitment, CommitmentFact] = Aggregate(
            words.category, words.decider()
        )
        self.resources = (resource, *also)
        self.sectors = sectors

    # --- Writing

    async def agree(self, caller: Writing, commitment_id: str, body: AgreementBody) -> Answer:
        organisation_id = caller.principal.organisation_id
        await self._may_contribute(caller, body.home_id, organisation_id)

        async def act(work: Work) -> Answer:
            command = Agree(
                commitment_id=commitment_id,
                home_id=body.home_id,
                organisation_id=organisation_id,
                resource=self._named(body.resource),
                agreed_on=body.agreed_on or await self._today(work),
                notice_months=body.notice_months,
                lapse_days=body.lapse_days,
                cap=body.cap,
                fallback_sector=body.fallback_sector,
                publicity=body.publicity,
                home_status=await projections.home_status(work.connection, body.home_id),
            )
            await work.decide(self._aggregate, commitment_id, command)
            return Answer(201, {"commitment_id": commitment_id})

        return await self._handle(caller, commitment_id, act)

    async def promise(
        self, caller: Writing, commitment_id: str, body: PromiseBody, asked: int | None = None
    ) -> Answer:
        """`asked` is the version that must stand still, here and below; none: any."""
        return await self._act(caller, commitment_id, promising(body), asked=asked)

    async def deliver(
        self, caller: Writing, commitment_id: str, delivery_id: str, body: DeliveryBody
    ) -> Answer:
        command = delivering(delivery_id, body)
        return await self._act(caller, commitment_id, command, status=201, delivery_id=delivery_id)

    async def act_on_many(
        self, caller: Writing, commitment_ids: Iterable[str], act: Act
    ) -> Answer:
        """Do what is decided from these commitments, in one transaction."""
        reads = [
            (self._aggregate, commitment_id) for commitment_id in dict.fromkeys(commitment_ids)
        ]
        return await handle(self._plumbing.transactions, caller.request, act, reads=reads)

    async def correct(
        self,
        caller: Writing,
        commitment_id: str,
        delivery_id: str,
        body: CorrectionBody,
        asked: int | None = None,
    ) -> Answer:
        async def command(work: Work, _terms: Agreed) -> Command:
            confirmed = await projections.confirmed(work.connection, delivery_id)
            return Correct(delivery_id=delivery_id, quantity=body.quantity, confirmed=confirmed)

        return await self._act(
            caller, commitment_id, command, asked=asked, delivery_id=delivery_id
        )

    async def withdraw(
        self,
        caller: Writing,
        commitment_id: str,
        notice_on: date | None,
        asked: int | None = None,
    ) -> Answer:
        async def command(work: Work, _terms: Agreed) -> Command:
            return Withdraw(notice_on=notice_on or await self._today(work))

        return await self._act(caller, commitment_id, command, asked=asked)

    async def answer_dispute(
        self,
        caller: Writing,
        commitment_id: str,
        delivery_id: str,
        dispute_id: str,
        reason_code: ReasonCode,
    ) -> Answer:
        async def command(work: Work, _terms: Agreed) -> Command:
            return AnswerDispute(
                delivery_id=delivery_id,
                dispute_id=dispute_id,
                reason_code=reason_code,
                disputed=await projections.is_disputed(work.connection, dispute_id, delivery_id),
            )

        return await self._act(caller, commitment_id, command, delivery_id=delivery_id)

    async def take_on(self, work: Work, offer: Offered, accepted: Mapping[Month, int]) -> None:
        """Agree on what was offered, and promise what the home has accepted of it."""
        commitment_id, connection = offer.offer_id, work.connection
        status = await projections.home_status(connection, offer.home_id)
        required = await projections.required(connection, offer.home_id, offer.resource)
        agree = Agree(
            commitment_id=commitment_id,
            home_id=offer.home_id,
            organisation_id=offer.organisation_id,
            resource=offer.resource,
            agreed_on=offer.offered_on,
            notice_months=offer.notice_months,
            lapse_days=offer.lapse_days,
            home_status=status,
        )
        await work.decide(self._aggregate, commitment_id, agree)
        for first, last, quantity in runs(accepted):
            promise = Promise(
                from_month=first,
                through_month=last,
                quantity=quantity,
                # The home has asked for it, whatever it has said of its needs since.
                beyond_need=any(
                    quantity > required.get(month, 0) for month in months_through(first, last)
                ),
                home_status=status,
                required=required,
            )
            await work.decide(self._aggregate, commitment_id, promise)

    async def release(self, work: Work, home_id: str, released_on: date) -> None:
        """Release all that was promised to a home that does not open."""
        found = await work.connection.fetch(
            projections.COMMITMENTS_WITH, self._aggregate.category, home_id
        )
        for row in found:
            command = Release(released_on=released_on)
            await work.decide(self._aggregate, row["commitment_id"], command)

    async def day_passed(self, work: Work, day: date) -> None:
        """Let lapse what by its terms may be expected no longer."""
        for row in await work.connection.fetch(projections.MAY_LAPSE, self._aggregate.category):
            await work.decide(self._aggregate, row["commitment_id"], Lapse(today=day))

    async def party_left(self, work: Work, left: PartyLeft) -> None:
        """Give notice for whoever is party to a home in none of this kind's sectors any more."""
        stays = await work.connection.fetchval(
            projections.IS_PARTY_IN, left.home_id, left.organisation_id, list(self.sectors)
        )
        if stays or left.sector not in self.sectors:
            return
        notice = Withdraw(notice_on=await self._today(work))
        which = self._aggregate.category, left.organisation_id, [left.home_id], "", None
        for row in await work.connection.fetch(projections.COMMITMENT_IDS, *which):
            await work.decide(self._aggregate, row["commitment_id"], notice)

    async def _act(
        self,
        caller: Writing,
        commitment_id: str,
        command: MakeCommand,
        *,
        status: int = 200,
        asked: int | None = None,
        **names: str,
    ) -> Answer:
        async def act(work: Work) -> Answer:
            version = await self.decide(caller, work, commitment_id, command, asked)
            said = {"commitment_id": commitment_id, "version": version, **names}
            return Answer(status, said)

        return await self._handle(caller, commitment_id, act)

    async def decide(
        self,
        caller: Writing,
        work: Work,
        commitment_id: str,
        command: MakeCommand,
        asked: int | None = None,
    ) -> int:
        """Let the caller's own commitment decide; return its version then."""
        terms = await self._terms(work, commitment_id)
        await self._may_contribute(caller, terms.home_id, terms.organisation_id, work)
        _, version = await work.load(self._aggregate, commitment_id)
        must_be(asked, version)
        await work.decide(self._aggregate, commitment_id, await command(work, terms))
        _, version = await work.load(self._aggregate, commitment_id)
        return version

    async def _handle(self, caller: Writing, commitment_id: str, act: Act) -> Answer:
        reads = [(self._aggregate, commitment_id)]
        return await handle(self._plumbing.transactions, caller.request, act, reads=reads)

    async def _may_contribute(
        self, caller: Reading, home_id: str, organisation_id: str, work: Work | None = None
    ) -> None:
        await caller.must(
            "contribute",
            home_id=home_id,
            organisation_id=organisation_id,
            sectors=self.sectors,
            connection=None if work is None else work.connection,
        )

    def _named(self, resource: str | None) -> str:
        if resource is None:
            return self.resources[0]
        if resource not in self.resources:
            raise ResourceNotProvided(resource)
        return resource

    async def _terms(self, work: Work, commitment_id: str) -> Agreed:
        commitment, _ = await work.load(self._aggregate, commitment_id)
        if commitment.terms is None:
            raise CommitmentUnknown
        return commitment.terms

    async def _today(self, work: Work) -> date:
        return await self._plumbing.business_date.today(work.connection)

    # --- Reading

    async def one(self, caller: Reading, commitment_id: str) -> dict[str, Any]:
        """One commitment with its months; a stranger to the home finds nothing."""
        async with self._reading(caller) as work:
            commitment, version = await work.load(self._aggregate, commitment_id)
            await self._may_read(caller, commitment, work)
        told: dict[str, Any] = await caller.told({**describe(commitment), "version": version})
        return told

    async def page(
        self,
        caller: Reading,
        home_id: str | None,
        after: Place,
        limit: int,
        *,
        own: bool = False,
    ) -> list[dict[str, Any]]:
        """Return commitments in the homes that the caller is party to, or its own alone."""
        whose = caller.principal.organisation_id if own else None
        homes = await caller.homes()
        if home_id is not None:
            homes = [home_id] if homes is None or home_id in homes else []
        async with self._reading(caller) as work:
            ids = await work.connection.fetch(
                projections.COMMITMENTS_PAGE,
                *astuple(after),
                self._aggregate.category,
                whose,
                homes,
                limit,
            )
            loaded = [await work.load(self._aggregate, row["commitment_id"]) for row in ids]
        told: list[dict[str, Any]] = await caller.told([describe(one) for one, _ in loaded])
        return told

    async def deliveries(
        self, caller: Reading, commitment_id: str, month: Month | None, after: Place, limit: int
    ) -> list[dict[str, Any]]:
        """Return deliveries by month, with what the home has confirmed and what it disputes."""
        async with self._reading(caller) as work:
            commitment, _ = await work.load(self._aggregate, commitment_id)
            await self._may_read(caller, commitment, work)
            found = after.of(
                (
                    (delivery.month, delivery_id)
                    for delivery_id, delivery in commitment.deliveries.items()
                    if month in {None, delivery.month}
                ),
                limit,
            )
            ids = [delivery_id for _, delivery_id in found]
            receipts = await projections.receipts_of(work.connection, ids)
            disputes = await projections.disputes_of(work.connection, ids)
        return [
            describe_delivery(
                delivery_id,
                commitment.deliveries[delivery_id],
                confirmed=receipts.get(delivery_id, 0),
                dispute_id=disputes.get(delivery_id),
            )
            for _, delivery_id in found
        ]

    async def overdue(
        self, caller: Reading, after: tuple[str, Month], limit: int
    ) -> list[dict[str, Any]]:
        """Months that have ended with something promised that never came, of the caller's own."""
        own = caller.principal.organisation_id
        await caller.must("read_statement", organisation_id=own)
        found: list[dict[str, Any]] = []
        async with self._reading(caller) as work:
            this_month = month_of(await self._today(work))
            async for commitment in self._from(work, own, after[0]):
                found += [
                    {**names(commitment), "month": month, "outstanding": left}
                    for month in sorted(commitment.promised)
                    if month < this_month and (left := commitment.outstanding(month)) > 0
                    if (names(commitment)["commitment_id"], month) > after
                ]
                if len(found) >= limit:
                    break
        return found[:limit]

    async def _from(self, work: Work, own: str, first: str) -> AsyncIterator[Commitment]:
        """An organisation's commitments from one on, a few at a time."""
        commitment, _ = await work.load(self._aggregate, first)
        if commitment.terms is not None and commitment.terms.organisation_id == own:
            yield commitment
        while True:
            of_category = self._aggregate.category, own, None, first, LOADED_AT_ONCE
            ids = await work.connection.fetch(projections.COMMITMENT_IDS, *of_category)
            for row in ids:
                commitment, _ = await work.load(self._aggregate, row["commitment_id"])
                yield commitment
            if len(ids) < LOADED_AT_ONCE:
                return
            first = ids[-1]["commitment_id"]

    def _reading(self, caller: Reading) -> AbstractAsyncContextManager[Work]:
        return self._plumbing.transactions.read(caller.principal)

    async def _may_read(self, caller: Reading, commitment: Commitment, work: Work) -> None:
        if commitment.terms is None:
            raise CommitmentUnknown
        await caller.must(
            "read_home", home_id=commitment.terms.home_id, connection=work.connection
        )
