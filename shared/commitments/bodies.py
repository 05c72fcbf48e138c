"""What partners' requests say, in the kernel's words; a sector's own words are aliases of these.

class PaymentBody(DeliveryBody):
    quantity: Quantity = Field(alias="amount_yen")
"""

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from shared.contracts.commitment import DeclineCode, MonthQuantity, Publicity, ReasonCode
from shared.contracts.event import Id, Quantity, Total
from shared.contracts.organisations import Sector
from shared.http.bodies import AskedDay, Body
from shared.http.months import AskedMonth

AskStatus: TypeAlias = Literal["open", "closed", "any"]
"""Which asks are listed."""
STANDING: Final = {"open": True, "closed": False, "any": None}


class AgreementBody(Body):
    """What is agreed once, before anything is promised."""

    home_id: Id
    agreed_on: date | None = None
    """None: today's business date."""
    notice_months: Annotated[int, Field(ge=0, le=24)] = 2
    lapse_days: Annotated[int, Field(ge=0, le=366)] | None = None
    """Days after a month's end when what was not delivered lapses; none: never."""
    resource: Id | None = None
    """What is to be provided; none: what this kind of commitment is mostly about."""
    cap: Quantity | None = None
    """At most so much is promised a month, in the resource's own unit; none: the whole."""
    fallback_sector: Sector | None = None
    """Whom the two have in mind for what would fall away, should the organisation withdraw."""
    publicity: Publicity | None = None
    """How the organisation wishes to be spoken of in public; nothing is published by it."""


class PromiseBody(Body):
    """What is promised for each of these months, in all."""

    from_month: AskedMonth
    through_month: AskedMonth | None = None
    """None changes every month promised so far, from `from_month` on."""
    quantity: Total
    beyond_need: bool = False
    """Whether it may be more than the home has said it needs."""


class DeliveryBody(Body):
    """A delivery for a month; what nobody promised is said to be beyond, or a gift."""

    month: AskedMonth
    quantity: Quantity
    beyond_promise: Total = 0
    gift: bool = False
    delivered_on: date | None = None
    evidence_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Of the receipt or attendance sheet, which is never sent here."""
    evidence_id: Id | None = None
    """Under which it is found in your own files."""


class CorrectionBody(Body):
    """The right total of a delivery that was recorded wrongly."""

    quantity: Total


class NoticeBody(Body):
    """A notice of withdrawal."""

    notice_on: AskedDay | None = None
    """None: today's business date."""


class AnswerBody(Body):
    """Why whoever delivered stands by a delivery."""

    reason_code: ReasonCode


class MonthQuantityBody(MonthQuantity):
    """How much for a month, in the resource's own unit."""

    model_config = ConfigDict(extra="forbid")

    month: AskedMonth


class OfferBody(Body):
    """What would be promised, on which terms."""

    months: (
        Annotated[tuple[MonthQuantityBody, ...], Field(min_length=1, max_length=120)] | None
    ) = None
    """None: all that stands open."""
    notice_months: Annotated[int, Field(ge=0, le=24)] = 2
    lapse_days: Annotated[int, Field(ge=0, le=366)] | None = None
    """Days after a month's end when what was not delivered lapses; none: never."""


class AskDecliningBody(Body):
    """Why no offer will come."""

    reason_code: DeclineCode
