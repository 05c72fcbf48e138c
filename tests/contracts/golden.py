"""The contracts as committed files, and what is new in them.

`python -m tests.contracts.golden` writes the present contracts to tests/golden/, and the pages
that are generated from them. `python -m tests.contracts.golden release` also makes them what every
later change is held against, and adds a sample of each new type, as it goes over the bus.
"""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from docs.generate.__main__ import write_pages
from shared.contracts.registry import EVENTS_BY_TYPE, OWNERS
from tests.contracts.samples import sample

Json = dict[str, Any]

GOLDEN: Final = Path(__file__).resolve().parent.parent / "golden"
RELEASED: Final = GOLDEN / "released"
SAMPLES: Final = RELEASED / "samples.json"
REFERENCE: Final = "#/$defs/{model}"
NOTHING: Final[Json] = {"events": {}, "$defs": {}}


def contract(owner: ModuleType) -> Json:
    """Everything of a topic on which its readers build."""
    places, schemas = models_json_schema(
        [(event, "validation") for event in owner.EVENTS], ref_template=REFERENCE
    )
    return {
        "topic": owner.TOPIC,
        "events": {
            event.type_name(): {
                "stream": f"{event.category}/{{{event.identity_field}}}",
                "key": f"{{{event.key_field}}}",
                "schema": places[event, "validation"],
            }
            for event in owner.EVENTS
        },
        "$defs": schemas["$defs"],
    }


def file_of(owner: ModuleType) -> str:
    return f"{owner.OWNER}.json"


def text_of(content: Json) -> str:
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def released(owner: ModuleType) -> Json:
    file = RELEASED / file_of(owner)
    # A service that is newer than the last release has broken nothing yet; samples.json would
    # miss one whose file is gone.
    found: Json = json.loads(file.read_text()) if file.exists() else {**contract(owner), **NOTHING}
    return found


def samples() -> Json:
    found: Json = json.loads(SAMPLES.read_text()) if SAMPLES.exists() else {}
    return found


def write(*, release: bool) -> None:
    for folder in (GOLDEN, RELEASED) if release else (GOLDEN,):
        folder.mkdir(exist_ok=True)
        for owner in OWNERS:
            (folder / file_of(owner)).write_text(text_of(contract(owner)))
    if release:
        # A sample that was released is never written anew: it is what may lie in a log.
        new = {name: sample(event) for name, event in EVENTS_BY_TYPE.items()}
        SAMPLES.write_text(text_of({**new, **samples()}))
    write_pages()


if __name__ == "__main__":
    write(release="release" in sys.argv[1:])
