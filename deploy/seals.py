"""Seals kept outside the database: whoever has them can show what was on the books before."""

import sys
from pathlib import Path

from deploy.operator import Api
from shared.contracts.ledger import MonthSealed


def save(ledger: Api, path: Path) -> int:
    """Write every seal of every home, a line of JSON each: what its event says, and no more."""
    seals = [MonthSealed.model_validate(one) for one in ledger.items("/v1/seals", sys.maxsize)]
    new = path.with_name(f"{path.name}.new")
    new.write_text("".join(f"{one.model_dump_json(exclude={'movements'})}\n" for one in seals))
    new.replace(path)
    return len(seals)
