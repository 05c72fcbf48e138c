"""What the ledger reads of an event: its movements, and nothing else."""

from typing import Annotated, Literal

import msgspec

from shared.contracts.event import QUANTITY_MAX

Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}\Z")]
Place = Literal["need", "open", "promised", "delivered", "confirmed"]


class Moved(msgspec.Struct, frozen=True, gc=False):
    """`shared.contracts.event.Movement`, read fast; a test holds the two to the same contract."""

    resource: Word
    month: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])\Z")]
    moved_from: Place
    moved_to: Place
    quantity: Annotated[int, msgspec.Meta(gt=0, le=QUANTITY_MAX)]
    organisation_id: Word | None = None
    commitment_id: Word | None = None
    delivery_id: Word | None = None
    delivery_version: Annotated[int, msgspec.Meta(gt=0, le=2**62)] | None = None


class Moving(msgspec.Struct, frozen=True):
    """Any event of any service, known or not."""

    movements: list[Moved] = []


READ = msgspec.json.Decoder(Moving)
