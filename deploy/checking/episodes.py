"""Whether what the ledger has said of shortfalls and discrepancies is what stands."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from deploy.checking.books import LEDGER
from deploy.checking.findings import Findings

Subject: TypeAlias = tuple[str, ...]

OPENING: Final = {
    "ShortfallOpened": "quantity",
    "DiscrepancyFound": "excess",
    "DoubleFundingFound": "excess",
}
CHANGING: Final = {"ShortfallChanged": "quantity"}
CLOSING: Final = {"ShortfallClosed", "DiscrepancyMended", "DoubleFundingMended"}
WORDS: Final = {*OPENING, *CHANGING, *CLOSING}
"""What belongs to an episode; whatever else the ledger says does not."""
CHANGING_IN_SILENCE: Final = {"discrepancy", "double funding"}
"""They are found and mended; what they come to in between is nobody's message."""


@dataclass(slots=True)
class Episodes:
    """The last word on each cell and delivery, and which episode it belongs to."""

    findings: Findings
    standing: dict[Subject, tuple[int, int]] = field(default_factory=dict)
    """Episode, and the quantity that stands; zero where the episode is over."""

    def hear(self, row: Mapping[str, Any]) -> None:
        word = row["type"].split(".")[1]
        if word not in WORDS:
            return
        fact = json.loads(row["body"])
        subject = _subject(word, fact)
        episode, stands = self.standing.get(subject, (0, 0))
        if word in OPENING:
            right = stands == 0 and fact["episode"] == episode + 1
            now = fact[OPENING[word]]
        elif word in CHANGING:
            now = fact[CHANGING[word]]
            right = stands not in {0, now} and fact["episode"] == episode
        else:
            right = stands != 0 and fact["episode"] == episode
            now = 0
        if not right:
            where = f"{word} of {'/'.join(subject)}, event {row['event_id']}"
            expected = f"what follows episode {episode} with {stands} standing"
            self.findings.add("unbalanced", LEDGER, where, expected, f"episode {fact['episode']}")
        self.standing[subject] = fact["episode"], now

    async def compare(
        self, kind: str, names: tuple[str, ...], stands: str, rows: AsyncIterator[Any]
    ) -> None:
        missing = {subject for subject in self.standing if subject[0] == kind}
        async for row in rows:
            subject = (kind, *(row[name] for name in names))
            missing.discard(subject)
            said = self.standing.get(subject, (0, 0))
            found = row["episode"], row[stands]
            silent = kind in CHANGING_IN_SILENCE and bool(said[1]) and bool(found[1])
            if said != found and not (silent and said[0] == found[0]):
                where = "/".join(subject)
                self.findings.add("unbalanced", LEDGER, where, _words(said), _words(found))
        for subject in sorted(missing):
            self.findings.add("unbalanced", LEDGER, "/".join(subject), "a row", "none")


def _subject(word: str, fact: Mapping[str, Any]) -> Subject:
    if word.startswith("Discrepancy"):
        return "discrepancy", fact["home_id"], fact["delivery_id"]
    kind = "double funding" if word.startswith("DoubleFunding") else "shortfall"
    return kind, fact["home_id"], fact["resource"], fact["month"]


def _words(episode: tuple[int, int]) -> str:
    return f"episode {episode[0]}, {episode[1]:,} announced"
