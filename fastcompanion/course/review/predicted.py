"""Predict-the-output cards: what a cell shows, guessed before it is seen, and compared. Pure."""

from __future__ import annotations

import ast
import math
import re

_TOLERANCE = 5e-3
_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")


def same(said: str, shown: str) -> bool:
    """Tell whether a prediction is what came out: spaces, quotes and the last digits do not count."""
    if _plain(said) == _plain(shown):
        return True
    ours, theirs = _value(said), _value(shown)
    if ours is not None and theirs is not None and ours == theirs:
        return True
    return _skeleton(said) == _skeleton(shown) and _close(said, shown)


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).replace('"', "'").strip("'").casefold()


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _skeleton(text: str) -> str:
    return _NUMBER.sub("0", _plain(text))


def _close(said: str, shown: str) -> bool:
    pairs = zip(_NUMBER.findall(_plain(said)), _NUMBER.findall(_plain(shown)), strict=False)
    return all(math.isclose(float(a), float(b), rel_tol=_TOLERANCE) for a, b in pairs)
