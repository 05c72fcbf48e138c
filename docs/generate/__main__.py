"""`python -m docs.generate` writes every generated page anew."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docs.generate import asyncapi, events, problems

PAGES: Final[Mapping[Path, Callable[[], str]]] = {
    Path("docs/asyncapi.json"): asyncapi.page,
    Path("docs/events.md"): events.page,
    Path("docs/problems.md"): problems.page,
}
ROOT: Final = Path(__file__).resolve().parent.parent.parent


def write_pages() -> None:
    for path, page in PAGES.items():
        (ROOT / path).write_text(page())


if __name__ == "__main__":
    write_pages()
