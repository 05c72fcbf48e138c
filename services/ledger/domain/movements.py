"""What the ledger reads of an event: its movements, and nothing else."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec

from shared.contracts.event import QUANTITY_MAX

WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
MONTH: Final = re.compile(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])\Z")
KNOWN_MAX: Final = 20_000

Place = Literal["need", "open", "promised", "delivered", "confirmed"]


class Moved(msgspec.Struct, frozen=True, gc=False):
    """`shared.contracts.event.Movement`, read fast; a test holds the two to the same contract."""

    resource: str
    month: str
    moved_from: Place
    moved_to: Place
    quantity: Annotated[int, msgspec.Meta(gt=0, le=QUANTITY_MAX)]
    organisation_id: str | None = None
    commitment_id: str | None = None
    delivery_id: str | None = None
    delivery_version: Annotated[int, msgspec.Meta(gt=0, le=2**62)] | None = None


class Moving(msgspec.Struct, frozen=True):
    """Any event of any service, known or not."""

    movements: list[Moved] = []


DECODER: Final = msgspec.json.Decoder(Moving)


def read_movements(body: bytes) -> Sequence[Moved]:
    """Raise `msgspec.DecodeError` or `UnicodeDecodeError` where a body breaks the contract.

    The words are looked at here, not by the decoder: most are asked for again and again, and a
    pattern in the decoder costs five times what all the rest of it does.
    """
    movements = DECODER.decode(body).movements
    for moved in movements:
        if not (
            _is_known_word(moved.resource)
            and _is_known_month(moved.month)
            and (moved.organisation_id is None or _is_known_word(moved.organisation_id))
            and (moved.commitment_id is None or _is_known_word(moved.commitment_id))
            and (moved.delivery_id is None or WORD.match(moved.delivery_id))
        ):
            raise msgspec.ValidationError(f"a word of a movement is none: {moved}")
    return movements


@lru_cache(KNOWN_MAX)
def _is_known_word(text: str) -> bool:
    return WORD.match(text) is not None


@lru_cache(KNOWN_MAX)
def _is_known_month(text: str) -> bool:
    return MONTH.match(text) is not None
