"""What every partner's requests have in common, whatever the sector calls the rest."""

from datetime import date
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from shared.contracts.commitment import ReasonCode

NoticeMonths: TypeAlias = Annotated[int, Field(ge=0, le=24)]
LapseDays: TypeAlias = Annotated[int, Field(ge=0, le=366)] | None
EvidenceSha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None


class NoticeBody(BaseModel):
    """A notice of withdrawal."""

    notice_on: date | None = None
    """None: today's business date."""


class AnswerBody(BaseModel):
    """Why whoever delivered stands by a delivery."""

    reason_code: ReasonCode
