"""The routes that every partner's commitments have, under the nouns of its sector."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, GetPydanticSchema

from shared.commitments.answers import (
    AgreedAnswer,
    ChangedAnswer,
    CommitmentListed,
    CommitmentTold,
    DeliveryAnswer,
    DeliveryTold,
    OverdueTold,
)
from shared.commitments.batch import (
    BatchAnswer,
    BatchBody,
    BatchRefused,
    Line,
    act_on_all,
    batch_of,
)
from shared.commitments.bodies import (
    AgreementBody,
    AnswerBody,
    CorrectionBody,
    DeliveryBody,
    NoticeBody,
    PromiseBody,
)
from shared.commitments.commands import (
    CommitmentWithdrawn,
    CorrectionBelowConfirmed,
    DeliveryBeyondPromise,
    EvidenceWithoutHash,
    HomeClosed,
    HomeUnknown,
    ImpossibleQuantity,
    OpeningHasFailed,
    PromiseBelowDelivered,
    PromiseBeyondCap,
    PromiseBeyondNeed,
    PromiseOfNothing,
    ResourceNotProvided,
)
from shared.commitments.desk import Desk
from shared.commitments.importing import ImportAnswer, import_lines, read_lines, sheet_of
from shared.commitments.making import delivering, promising
from shared.contracts.event import Id
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.callers import Reader, Writer
from shared.http.languages import AskedLanguage
from shared.http.months import AskedMonth
from shared.http.pages import LIMIT_MAX, Cursor, Limit, decode_cursor, next_cursor, page
from shared.http.refusals import SheetUnreadable
from shared.http.sorting import place_in
from shared.http.versions import AskedVersion, versioned
from shared.ids import new_opaque_id
from shared.refusal import NotFound

CommitmentsSort: TypeAlias = Literal["commitment_id", "-commitment_id", "home_id", "-home_id"]
AGREEING: Final = (NotFound, HomeUnknown, HomeClosed, OpeningHasFailed, ResourceNotProvided)
PROMISING: Final = (
    PromiseBeyondCap,
    HomeUnknown,
    HomeClosed,
    OpeningHasFailed,
    CommitmentWithdrawn,
    PromiseBelowDelivered,
    PromiseBeyondNeed,
    PromiseOfNothing,
)
DELIVERING: Final = (DeliveryBeyondPromise, ImpossibleQuantity, EvidenceWithoutHash)
CORRECTING: Final = (CorrectionBelowConfirmed, ImpossibleQuantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nouns:
    """What a sector calls its commitments and deliveries, in paths and in requests."""

    commitments: str
    """`rent-agreements`"""
    commitment: str
    """`agreement`"""
    deliveries: str
    """`payments`"""
    delivery: str
    """`payment`"""
    promise: type[PromiseBody]
    report: type[DeliveryBody]
    correction: type[CorrectionBody]


def create_router(desk: Desk, nouns: Nouns) -> APIRouter:
    router = APIRouter(
        prefix=f"/v1/{nouns.commitments}", tags=[nouns.commitments.replace("-", " ")]
    )
    # The path says `{agreement_id}`, `{payment_id}`: what the functions call it is ours alone.
    commitment_name, delivery_name = f"{nouns.commitment}_id", f"{nouns.delivery}_id"
    one = f"/{{{commitment_name}}}"
    deliveries_path = f"{one}/{nouns.deliveries}"
    one_delivery = f"{deliveries_path}/{{{delivery_name}}}"
    CommitmentId = Annotated[Id, Path(alias=commitment_name)]  # noqa: N806  a type, of these nouns
    DeliveryId = Annotated[Id, Path(alias=delivery_name)]  # noqa: N806  a type, of these nouns

    @router.post(
        "",
        summary=f"Agree on a new {nouns.commitment}",
        **answers(AgreedAnswer, *AGREEING, status=201),
    )
    async def agree(body: AgreementBody, caller: Writer) -> Response:
        """Agree for the caller's organisation; nothing is promised yet."""
        return answered(await desk.agree(caller, new_opaque_id(), body))

    @router.post(
        f"{one}/promises",
        summary=f"Promise under the {nouns.commitment}",
        **answers(ChangedAnswer, *PROMISING),
    )
    async def promise(
        commitment_id: CommitmentId,
        body: Annotated[PromiseBody, _in_words(nouns.promise)],
        caller: Writer,
        asked: AskedVersion,
    ) -> Response:
        """Promise for months ahead, or change a promise from a month on."""
        return answered(await desk.promise(caller, commitment_id, body, asked))

    @router.post(
        deliveries_path,
        summary=f"Report a {nouns.delivery}",
        **answers(DeliveryAnswer, *DELIVERING, status=201),
    )
    async def deliver(
        commitment_id: CommitmentId,
        body: Annotated[DeliveryBody, _in_words(nouns.report)],
        caller: Writer,
    ) -> Response:
        """Report what came: from the promise, beyond it (said to be), or as a gift."""
        return answered(await desk.deliver(caller, commitment_id, new_opaque_id(), body))

    @router.post(
        "/promises:batch",
        summary=f"Promise under many {nouns.commitments.replace('-', ' ')}",
        **answers(BatchAnswer, BatchRefused),
    )
    async def promise_many(
        body: Annotated[BatchBody, _in_words(batch_of(nouns.promise, nouns.commitment))],
        caller: Writer,
        language: AskedLanguage,
    ) -> Response:
        """Promise line by line, each with its own outcome; or all lines or none."""
        lines = [Line(line.commitment_id, promising(line)) for line in body.lines]
        return answered(await act_on_all(desk, caller, lines, language, body.all_or_nothing))

    @router.post(
        f"/{nouns.deliveries}:batch",
        summary=f"Report many {nouns.deliveries.replace('-', ' ')}",
        **answers(BatchAnswer, BatchRefused),
    )
    async def deliver_many(
        body: Annotated[BatchBody, _in_words(batch_of(nouns.report, nouns.commitment))],
        caller: Writer,
        language: AskedLanguage,
    ) -> Response:
        """Report line by line, each with its own outcome; or all lines or none."""
        ids = [new_opaque_id() for _ in body.lines]
        lines = [
            Line(line.commitment_id, delivering(new, line), new)
            for line, new in zip(body.lines, ids, strict=True)
        ]
        return answered(await act_on_all(desk, caller, lines, language, body.all_or_nothing))

    @router.post(
        "/promises:import",
        summary="Import promises from a sheet",
        openapi_extra=sheet_of(nouns.promise, nouns.commitment),
        **answers(ImportAnswer, SheetUnreadable),
    )
    async def import_promises(
        request: Request,
        caller: Writer,
        language: AskedLanguage,
        dry_run: bool = True,  # noqa: FBT001, FBT002  a flag in the address
    ) -> Response:
        """Import a CSV of promises: all of its lines, or none, and each bad one is named."""
        found = read_lines(await request.body(), nouns.promise, nouns.commitment, language)
        return answered(await import_lines(desk, caller, found, language, dry_run))

    @router.post(
        f"/{nouns.deliveries}:import",
        summary=f"Import {nouns.deliveries.replace('-', ' ')} from a sheet",
        openapi_extra=sheet_of(nouns.report, nouns.commitment),
        **answers(ImportAnswer, SheetUnreadable),
    )
    async def import_deliveries(
        request: Request,
        caller: Writer,
        language: AskedLanguage,
        dry_run: bool = True,  # noqa: FBT001, FBT002  a flag in the address
    ) -> Response:
        """Import a CSV as offices send it: all of its lines, or none, and each bad one is named.

        Shift_JIS or UTF-8, full-width digits, dates of an era; blank rows and totals are passed
        over. Nothing is done unless `dry_run` is `false`.
        """
        found = read_lines(await request.body(), nouns.report, nouns.commitment, language)
        return answered(await import_lines(desk, caller, found, language, dry_run))

    @router.post(
        f"{one_delivery}/correction",
        summary=f"Correct a {nouns.delivery}",
        **answers(DeliveryAnswer, *CORRECTING),
    )
    async def correct(
        commitment_id: CommitmentId,
        delivery_id: DeliveryId,
        body: Annotated[CorrectionBody, _in_words(nouns.correction)],
        caller: Writer,
        asked: AskedVersion,
    ) -> Response:
        """Correct it to its right total, also of a month long past."""
        return answered(await desk.correct(caller, commitment_id, delivery_id, body, asked))

    @router.post(
        f"{one_delivery}/disputes/{{dispute_id}}/answer",
        summary="Answer a home's dispute",
        **answers(DeliveryAnswer),
    )
    async def answer_dispute(
        commitment_id: CommitmentId,
        delivery_id: DeliveryId,
        dispute_id: Id,
        body: AnswerBody,
        caller: Writer,
    ) -> Response:
        """Stand by what the home disputes, and say why."""
        answer = await desk.answer_dispute(
            caller, commitment_id, delivery_id, dispute_id, body.reason_code
        )
        return answered(answer)

    @router.post(
        f"{one}/withdrawal",
        summary=f"Withdraw from the {nouns.commitment}",
        **answers(ChangedAnswer, CommitmentWithdrawn),
    )
    async def withdraw(
        commitment_id: CommitmentId, body: NoticeBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Give notice: promises fall away after the notice period that was agreed."""
        return answered(await desk.withdraw(caller, commitment_id, body.notice_on, asked))

    @router.get(
        "",
        summary=f"List {nouns.commitments.replace('-', ' ')}",
        **answers(Page[CommitmentListed]),
    )
    async def commitments(
        request: Request,
        caller: Reader,
        home_id: Id | None = None,
        own: bool = False,  # noqa: FBT001, FBT002  a flag in the address
        sort: CommitmentsSort = "commitment_id",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List those of the homes that the caller is party to; ids grow with time."""
        after = place_in(sort, cursor)
        items = await desk.page(caller, home_id, after, limit, own=own)
        return page(request, items, after.next_cursor(items, limit, "commitment_id"))

    @router.get("/overdue", summary="List what is overdue", **answers(Page[OverdueTold]))
    async def overdue(
        request: Request, caller: Reader, limit: Limit = LIMIT_MAX, cursor: Cursor = None
    ) -> Response:
        """List the caller's own promises of months that have ended, not kept in full."""
        commitment_id, month = decode_cursor(cursor, ["", ""])
        items = await desk.overdue(caller, (commitment_id, month), limit)
        return page(request, items, next_cursor(items, limit, "commitment_id", "month"))

    @router.get(one, summary=f"Show one {nouns.commitment}", **answers(CommitmentTold))
    async def commitment(commitment_id: CommitmentId, caller: Reader) -> Response:
        """Show it with what is promised and delivered, month by month."""
        return versioned(await desk.one(caller, commitment_id))

    @router.get(
        deliveries_path,
        summary=f"List {nouns.deliveries.replace('-', ' ')}",
        **answers(Page[DeliveryTold]),
    )
    async def deliveries(
        commitment_id: CommitmentId,
        request: Request,
        caller: Reader,
        month: AskedMonth | None = None,
        sort: Literal["month", "-month"] = "month",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List them by month, with what the home has confirmed or disputes."""
        after = place_in(sort, cursor)
        items = await desk.deliveries(caller, commitment_id, month, after, limit)
        return page(request, items, after.next_cursor(items, limit, "delivery_id"))

    return router


def _in_words(words: type[BaseModel]) -> GetPydanticSchema:
    """Read a request's body in a sector's own words, where its kernel's type is annotated."""
    return GetPydanticSchema(lambda _kernel, handler: handler(words))
