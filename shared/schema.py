"""Which migrations a service's schema is made of, in order."""

from pathlib import Path
from typing import Final

from shared.contracts.registry import PARTNERS

ROOT: Final = Path(__file__).resolve().parent.parent


def migrations_of(service: str) -> tuple[Path, ...]:
    """The folders whose migrations a service needs, in order."""
    partner = (ROOT / "shared/commitments/migrations",) if service in PARTNERS else ()
    own = ROOT / f"services/{service}/migrations"
    return (ROOT / "shared/migrations", *partner, own)
