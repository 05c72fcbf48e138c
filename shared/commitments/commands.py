"""What an organisation may do with a commitment of its own, and what the rules refuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from shared.contracts.commitment import Publicity, ReasonCode
from shared.contracts.event import Month
from shared.contracts.organisations import Sector
from shared.refusal import Invalid, NotFound, Refusal

HomeStatus: TypeAlias = Literal["unknown", "open", "closed", "opening_failed"]

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Agree:
    commitment_id: str
    home_id: str
    organisation_id: str
    resource: str
    agreed_on: date
    notice_months: int
    lapse_days: int | None
    cap: int | None = None
    fallback_sector: Sector | None = None
    publicity: Publicity | None = None
    home_status: HomeStatus
    """As far as the homes' events have told: whether anything can be promised to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    from_month: Month
    through_month: Month | None
    """None changes every month promised so far, from `from_month` on."""
    quantity: int
    """Per month."""
    beyond_need: bool
    home_status: HomeStatus
    required: Mapping[Month, int] = field(default_factory=dict)
    """What the home has said it requires, as far as its events have told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    delivery_id: str
    month: Month
    quantity: int
    beyond_promise: int = 0
    gift: bool = False
    delivered_on: date | None = None
    evidence_sha256: str | None = None
    evidence_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    delivery_id: str
    quantity: int
    """The right total; what is less or more is split here, not by the caller."""
    confirmed: int = 0
    """What the home has confirmed of it, as far as its events have told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    notice_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The home does not open: what was promised to it, and has not been delivered, is nobody's."""

    released_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDispute:
    delivery_id: str
    dispute_id: str
    reason_code: ReasonCode
    disputed: bool
    """Whether the home's dispute has reached us and stands open."""


Command: TypeAlias = (
    Agree | Promise | Deliver | Correct | Withdraw | Release | Lapse | AnswerDispute
)

# --- Refusals


class HomeUnknown(Refusal):
    """Promises are made to homes that the register has announced; this one is not known (yet)."""

    japanese = "このIDのホームは登録されていないか、まだ知らされていません。"


class HomeClosed(Refusal):
    """Nothing can be promised to a home that has closed."""

    japanese = "閉じたホームには、何も約束できません。"


class OpeningHasFailed(Refusal):
    """The opening of this home has failed: nothing is promised to it any more."""

    japanese = "このホームの開設は成立しませんでした。このホームには、もう何も約束できません。"


class ResourceNotProvided(Invalid):
    """An agreement is about a resource that its kind of commitment provides."""

    japanese = "協定は、その種類の約束が提供する資源区分についてのものです。"


class CommitmentUnknown(NotFound):
    """Nothing has been agreed under this id."""


class CommitmentKnown(Refusal):
    """An agreement with other terms bears this id."""

    japanese = "このIDは、条件の異なる別の協定のものです。"


class CommitmentWithdrawn(Refusal):
    """Nothing can be promised from the month of withdrawal on."""

    japanese = "撤退の月からは、何も約束できません。"


class PromiseBelowDelivered(Refusal):
    """A promise cannot be lowered below what has been delivered on it."""

    japanese = "約束を、提供済の量より下げることはできません。"


class PromiseBeyondNeed(Refusal):
    """A promise exceeds what the home has said it needs only where it says `beyond_need`."""

    japanese = "ホームの必要量を超える約束には、`beyond_need` と明示してください。"


class PromiseBeyondCap(Refusal):
    """No more is promised for a month than the cap that was agreed on."""

    japanese = "約束は、協定で定めた月ごとの上限を超えません。"


class PromiseOfNothing(Invalid):
    """A change names months that are promised already, or a last month, at most 120 months on."""

    japanese = "変更には、約束済の月か、120か月以内の最後の月を示してください。"


class DeliveryBeyondPromise(Refusal):
    """What exceeds the outstanding promise is declared as beyond it, or as a gift."""

    japanese = "約束の未提供分を超える分は、約束超過分か寄付と明示してください。"


class ImpossibleQuantity(Invalid):
    """A quantity is not below zero, and not more is beyond the promise than was delivered."""

    japanese = "量は零を下回らず、約束超過分は提供の量を超えません。"


class EvidenceWithoutHash(Invalid):
    """Evidence that is pointed to is named with its hash, too."""

    japanese = "証憑の所在を示すときは、そのハッシュも示してください。"


class DeliveryUnknown(NotFound):
    """There is no delivery under this id."""


class DeliveryKnown(Refusal):
    """Another delivery bears this id."""

    japanese = "このIDは別の提供のものです。"


class CorrectionBelowConfirmed(Refusal):
    """A delivery is not corrected below what the home has confirmed.

    The home's answer may still be on its way: try again after it has taken back or closed.
    """

    japanese = "提供を、ホームが確認した量より下に訂正することはできません。"


class DisputeUnknown(NotFound):
    """The home has no open dispute under this id on this delivery."""


def refuse_unless_open(home_status: HomeStatus) -> None:
    """Refuse what would come to be promised to a home that nothing can be promised to."""
    match home_status:
        case "unknown":
            raise HomeUnknown
        case "closed":
            raise HomeClosed
        case "opening_failed":
            raise OpeningHasFailed
        case "open":
            pass
