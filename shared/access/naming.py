"""How others are told to whoever reads a home's books: by name where they agreed, else by sector.

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

WHOSE: Final = frozenset(
    {
        *("organisation_id", "organisations"),
        *("confirmed_by", "taken_back_by", "disputed_by", "closed_by"),
    }
)
"""Fields that name an organisation, also one that is not in the register here yet."""
OPEN: Final = frozenset({"home_operator_id"})
"""Who runs a home is no secret from those who are party to it."""
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Naming:
    """What one reader is told; its own organisation is among those that are named."""

    named: frozenset[str]
    sectors: Mapping[str, str]
    """Of every organisation that is known."""

    def told(self, value: Any, field: str = "") -> Any:  # noqa: ANN401  any JSON
        """The value, with its sector in place of every organisation that is not to be named.

        An id is known by itself, wherever it stands: a field that is added later hides it, too.
        """
        match value:
            case str():
                if value in self.named or field in OPEN:
                    return value
                return self.sectors.get(value, UNKNOWN if field in WHOSE else value)
            case Mapping():
                return {name: self.told(one, name) for name, one in value.items()}
            case list() | tuple():
                return [self.told(one, field) for one in value]
            case _:
                return value
