"""What every partner's service answers about commitments, whatever its sector calls them."""

from datetime import date

from shared.contracts.commitment import Publicity
from shared.contracts.event import Id, Month, Total
from shared.contracts.organisations import Sector
from shared.http.answers import Done, Told


class AgreedAnswer(Done):
    commitment_id: Id


class ChangedAnswer(AgreedAnswer):
    """What was changed; the version counts the events of the commitment."""

    version: int


class DeliveryAnswer(ChangedAnswer):
    delivery_id: Id


class MonthTold(Told):
    """A month of a commitment, in the resource's own unit."""

    month: Month
    promised: Total
    delivered: Total
    outstanding: Total


class CommitmentListed(Told):
    """A commitment; another organisation is told by its sector where it has not agreed to more."""

    commitment_id: Id
    home_id: Id
    organisation_id: str
    resource: Id
    agreed_on: date
    notice_months: int
    lapse_days: int | None
    cap: Total | None
    """At most so much is promised a month; none: the whole."""
    fallback_sector: Sector | None
    publicity: Publicity | None
    withdrawn_from: Month | None
    months: list[MonthTold]


class CommitmentTold(CommitmentListed):
    version: int
    """How many events it has; its `ETag` as well."""


class DeliveryTold(Told):
    """A delivery, in the resource's own unit, with what the home says of it."""

    delivery_id: Id
    month: Month
    quantity: Total
    beyond_promise: Total
    gift: bool
    evidence_sha256: str | None
    evidence_id: Id | None
    confirmed: Total
    dispute_id: Id | None
    """The home's dispute that stands open."""


class OverdueTold(Told):
    """What was promised for a month that has ended, and has not come."""

    commitment_id: Id
    home_id: Id
    organisation_id: str
    month: Month
    outstanding: Total
