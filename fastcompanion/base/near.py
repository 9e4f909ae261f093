"""What a misspelt word may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 3
_ALIKE = 0.6


def near(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Give the known words that are most like `word`, the most alike first."""
    return tuple(get_close_matches(word.lower(), list(known), _SHOWN, _ALIKE))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `; did you mean this or that?` to put behind a message, empty when nothing is near."""
    found = near(word, known)
    return f"; did you mean {' or '.join(found)}?" if found else ""
