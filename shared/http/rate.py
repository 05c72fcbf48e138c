"""How often an organisation may ask one process of a service."""

import time
from collections import Counter

from shared.http.refusals import TooManyRequests


class Rate:
    """Counts within each second of the clock; what is over is refused for the rest of it.

    The `limits` library took about 25 µs for each request when it was tried, many times this.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._spent: Counter[str] = Counter()

    def spend(self, organisation_id: str) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._spent.clear()
        self._spent[organisation_id] += 1
        if self._spent[organisation_id] > self._per_second:
            raise TooManyRequests
