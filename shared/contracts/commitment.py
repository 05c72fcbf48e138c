"""The shapes every partner's events share; each owner gives them names of its own."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from shared.contracts.event import Day, Event, Fact, Id, Month, Quantity, Total
from shared.contracts.organisations import Sector

ReasonCode: TypeAlias = Literal[
    "not_received", "quantity_differs", "quality", "wrong_month", "recorded_twice", "as_agreed"
]

WithdrawalCode: TypeAlias = Literal["notice", "opening_failed"]

DeclineCode: TypeAlias = Literal["no_capacity", "no_funds", "too_far", "too_late", "not_ours"]


Publicity: TypeAlias = Literal["named", "anonymous"]
"""How an organisation wishes to be spoken of in public. A wish: nothing is published by it."""


class MonthTotal(Fact):
    """What is promised for one month in all; a total, never a difference."""

    month: Month
    quantity: Total


class MonthQuantity(Fact):
    """Units of one month, more than none."""

    month: Month
    quantity: Quantity


class CommitmentEvent(Event):
    """One stream per commitment, ordered with everything else of its home on the topic."""

    identity_field: ClassVar[str] = "commitment_id"
    key_field: ClassVar[str] = "home_id"

    commitment_id: Id
    home_id: Id
    organisation_id: Id


class Agreed(CommitmentEvent):
    """An organisation and a home have agreed on terms; nothing is promised yet."""

    resource: Id
    agreed_on: Day
    notice_months: Annotated[int, Field(ge=0, le=24)]
    """Promises fall away from the first month that begins after notice date + these months."""
    lapse_days: Annotated[int, Field(ge=0, le=366)] | None = None
    """Days after a month's end when what was not delivered lapses; none: never, it is overdue."""
    cap: Quantity | None = None
    """At most so much is promised a month: a part. None: the whole, whatever is needed."""
    fallback_sector: Sector | None = None
    """Whom the two had in mind for what falls away, should the organisation withdraw."""
    publicity: Publicity | None = None


class Promised(CommitmentEvent):
    """What is promised for these months from now on."""

    moves: ClassVar[str] = "open → promised (back)"
    change: ClassVar[str] = "promise"

    promised: tuple[MonthTotal, ...]
    beyond_need: bool = False
    """The organisation knows that this is more than the home has said it needs."""


class Delivered(CommitmentEvent):
    """Something arrived, or was done, for a month."""

    moves: ClassVar[str] = "promised → delivered; beyond the promise or a gift: open → delivered"
    change: ClassVar[str] = "delivery"

    delivery_id: Id
    month: Month
    quantity: Quantity
    beyond_promise: Total = 0
    """The part of `quantity` that nobody had promised; all of it where it is a gift."""
    gift: bool = False
    delivered_on: Day | None = None
    evidence_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Hash of the receipt or attendance sheet, which stays with its owner."""
    evidence_id: Id | None = None
    """Under which its owner finds it in its own files: a pointer, never the thing."""


class Corrected(CommitmentEvent):
    """A delivery was recorded wrongly; these are its right totals."""

    moves: ClassVar[str] = "delivered → open, promised (back)"
    change: ClassVar[str] = "correction"

    delivery_id: Id
    month: Month
    quantity: Total
    beyond_promise: Total


class Withdrawn(CommitmentEvent):
    """Nothing is promised from this month on. What has been delivered stays delivered."""

    moves: ClassVar[str] = "promised → open"
    change: ClassVar[str] = "withdrawal"

    notice_on: Day
    from_month: Month
    reason_code: WithdrawalCode = "notice"
    """By the organisation's own notice; or the home to which it was promised does not open."""


class Lapsed(CommitmentEvent):
    """What was promised for a month and never came is nobody's promise any more."""

    moves: ClassVar[str] = "promised → open"
    change: ClassVar[str] = "lapse"

    month: Month


class DisputeAnswered(CommitmentEvent):
    """Whoever delivered stands by the delivery, and says why."""

    delivery_id: Id
    dispute_id: Id
    reason_code: ReasonCode


CommitmentFact: TypeAlias = (
    Agreed | Promised | Delivered | Corrected | Withdrawn | Lapsed | DisputeAnswered
)


# --- Answers to an ask, in the partner's own topic


class AskAnswer(Event):
    """What an organisation answers to an ask of a home, whether it is party to it or not yet."""

    key_field: ClassVar[str] = "home_id"

    home_id: Id
    ask_id: Id
    organisation_id: Id


class OfferEvent(AskAnswer):
    """One stream per offer. A commitment that comes of it bears the offer's id."""

    category: ClassVar[str] = "offer"
    identity_field: ClassVar[str] = "offer_id"

    offer_id: Id


class Offered(OfferEvent):
    """An organisation would promise this; nothing is promised, and nothing moves yet."""

    sector: Sector
    """In which it would do so, and become party to the home."""
    resource: Id
    months: tuple[MonthQuantity, ...]
    """What is offered of what was asked; other months too, or more: a counter-offer."""
    notice_months: Annotated[int, Field(ge=0, le=24)]
    lapse_days: Annotated[int, Field(ge=0, le=366)] | None = None
    offered_on: Day


class OfferTakenBack(OfferEvent):
    """The offer stands no more. What the home may have accepted meanwhile is not promised."""


class OfferKept(OfferEvent):
    """The home has accepted, and what it accepted of the offer is promised with this."""


class AskDeclined(AskAnswer):
    """An organisation will not answer the ask with an offer, and says why."""

    category: ClassVar[str] = "decline"
    identity_field: ClassVar[str] = "decline_id"

    decline_id: Id
    reason_code: DeclineCode


AnswerFact: TypeAlias = Offered | OfferTakenBack | OfferKept | AskDeclined
