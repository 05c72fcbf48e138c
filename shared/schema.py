"""Which migrations a service's schema is made of, in order."""

from pathlib import Path
from typing import Final

from shared.contracts.registry import PARTNERS

KEEP_PEOPLE: Final = ("nonprofit_staffing", "volunteers")
"""Who register people: whoever works, whoever helps."""

ROOT: Final = Path(__file__).resolve().parent.parent


def migrations_of(service: str) -> tuple[Path, ...]:
    """The folders whose migrations a service needs, in order."""
    partner = (ROOT / "shared/commitments/migrations",) if service in PARTNERS else ()
    people = (ROOT / "shared/people/migrations",) if service in KEEP_PEOPLE else ()
    own = ROOT / f"services/{service}/migrations"
    return (ROOT / "shared/migrations", *partner, *people, own)
