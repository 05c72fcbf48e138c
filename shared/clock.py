"""The real time, read in the shell alone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the one place that reads the clock


def tokyo_today() -> date:
    return now().astimezone(TOKYO).date()


def age_ms(since: datetime) -> float:
    return round((now() - since).total_seconds() * 1000, 1)
