"""In which of the languages that Yui speaks a reader wants to be told something."""

from typing import Annotated, Final, Literal, TypeAlias

from fastapi import Depends, Request

Language: TypeAlias = Literal["ja", "en"]

SPOKEN: Final[tuple[Language, ...]] = ("ja", "en")


def language_of(accept_language: str) -> Language:
    """The one preferred by `Accept-Language`; Japanese where neither is named."""
    weighed = [_weighed(part) for part in accept_language.split(",")]
    best: dict[Language, float] = {
        spoken: max((weight for name, weight in weighed if name == spoken), default=0)
        for spoken in SPOKEN
    }
    return max(SPOKEN, key=lambda spoken: best[spoken])


def _weighed(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    try:
        weight = float(parameters.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0
    return name.strip().lower().partition("-")[0], weight


def _asked(request: Request) -> Language:
    return language_of(request.headers.get("accept-language", ""))


AskedLanguage: TypeAlias = Annotated[Language, Depends(_asked)]
