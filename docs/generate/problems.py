"""One table of all that may be refused."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Final

import services
import shared
from shared.http.problems import TYPE_PREFIX
from shared.refusal import Invalid, Refusal

OPENING: Final = f"""\
# Problems

Generated from the refusals in the code by `make golden`; a test holds the two together.

Whatever is refused is answered as a problem (RFC 9457, `application/problem+json`): `type` names
the rule and stays the same for ever, `title` says it in Japanese, or in English where
`Accept-Language` prefers that, `detail` names ids, months and resources, and `errors` the fields
of a request that cannot be read. Match `type`, never the words. The OpenAPI document of each
service (`/openapi.json`, as a page: `/docs`) says which operation may refuse what. A 503 and a 429
say in `Retry-After` when to come again; nothing was done then, and the same idempotency key may be
used.

`type` is `{TYPE_PREFIX}` and the rule.
"""
COLUMNS: Final = "| rule | status | 日本語 | English |\n|---|---|---|---|"
ABSTRACT: Final = frozenset({Refusal, Invalid})


def page() -> str:
    rows = sorted({_row(refusal) for refusal in refusals()})
    return "\n".join([OPENING, COLUMNS, *rows, ""])


def refusals() -> list[type[Refusal]]:
    """Every rule that any service may refuse by; what only groups others is none."""
    for package in (services, shared):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    told = (one for one in _below(Refusal) if not one.__name__.startswith("_"))
    found = [one for one in told if one not in ABSTRACT]
    return [one for one in found if one.__module__.split(".")[0] in ("services", "shared")]


def _below(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in refusal.__subclasses__():
        yield one
        yield from _below(one)


def _row(refusal: type[Refusal]) -> str:
    return (
        f"| `{refusal.rule()}` | {refusal.status} | {refusal.japanese} | {refusal.statement()} |"
    )
