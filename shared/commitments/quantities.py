"""Quantities by month as rows keep them and as answers tell them. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.commitment import MonthQuantity
from shared.contracts.event import Month


def as_json(months: Sequence[MonthQuantity]) -> str:
    """As a column keeps them: one object, by month."""
    return json.dumps({one.month: one.quantity for one in months})


def month_list(months: Mapping[Month, int]) -> list[dict[str, Any]]:
    """As an answer tells them, in the order of the months."""
    return [{"month": month, "quantity": q} for month, q in sorted(months.items())]
