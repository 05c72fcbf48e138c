"""A figure: what was measured, how far it spreads, and what was asked of it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.table import Table

RATIO: Final = "ratio"

Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The median of some runs. Only a ratio of one run tells the same on every machine."""

    name: str
    unit: str
    samples: Sequence[float]
    goal: float | None = None
    floor: float | None = None
    better: Better = "more"

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def meets_goal(self) -> bool:
        return self._reaches(self.goal, self.median)

    @property
    def holds_floor(self) -> bool:
        return self._reaches(self.floor, self.median)

    @property
    def breaks(self) -> bool:
        """Whether a build must fail: where no run held a ratio's floor.

        An absolute figure tells of the machine too; and what else runs there only takes away.
        """
        best = max(self.samples) if self.better == "more" else min(self.samples)
        return self.unit == RATIO and not self._reaches(self.floor, best)

    def _reaches(self, limit: float | None, value: float) -> bool:
        if limit is None:
            return True
        return value >= limit if self.better == "more" else value <= limit

    @property
    def verdict(self) -> str:
        if self.goal is None and self.floor is None:
            return ""
        if self.meets_goal:
            return "met"
        return "missed" if self.holds_floor else "BELOW THE FLOOR"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "samples": list(self.samples),
            "goal": self.goal,
            "floor": self.floor,
            "verdict": self.verdict,
        }


def table(figures: Sequence[Figure], title: str) -> Table:
    made = Table(title=title, title_justify="left")
    for name in ("figure", "median", "min – max", "unit", "goal", "floor", ""):
        made.add_column(name, justify="right" if name in {"median", "min – max"} else "left")
    for figure in figures:
        spread = f"{_text(min(figure.samples))} – {_text(max(figure.samples))}"
        made.add_row(
            figure.name,
            _text(figure.median),
            spread,
            figure.unit,
            _limit(figure, figure.goal),
            _limit(figure, figure.floor),
            figure.verdict,
        )
    return made


def _limit(figure: Figure, limit: float | None) -> str:
    if limit is None:
        return ""
    return f"{'≥' if figure.better == 'more' else '≤'} {_text(limit)}"


def _text(value: float) -> str:
    if abs(value) >= 100:  # noqa: PLR2004  three digits tell enough
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004  as above


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Each divided by what was measured next to it."""
    return [this / that for this, that in zip(these, those, strict=True)]


def percentile(samples: Sequence[float], percent: int) -> float:
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]
