"""Which language a reader is spoken to in."""

import pytest

from shared.http.languages import language_of


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "ja"),
        ("*", "ja"),
        ("fr, de;q=0.9", "ja"),
        ("en", "en"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("ja-JP, en;q=0.5", "ja"),
        ("en;q=0.2, JA;q=0.3", "ja"),
        ("en;q=high, ja;q=0.1", "ja"),
    ],
)
def test_the_preferred_language_is_spoken_and_japanese_where_none_is_named(
    accepted: str, language: str
) -> None:
    assert language_of(accepted) == language
