"""What holds from a day or a month on, until something else does."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

At = TypeVar("At", str, date)
V = TypeVar("V")


def holding_at(timeline: Mapping[At, V], at: At, *, before_all: V) -> V:
    """Return what began last, at or before a point; `before_all` where nothing had begun."""
    begun = [start for start in timeline if start <= at]
    return timeline[max(begun)] if begun else before_all
