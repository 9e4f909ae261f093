"""Comparing a prediction with what a cell showed. Pure."""

from __future__ import annotations

import ast
import math
import re

_TOLERANCE = 5e-3
_BRACKETS = str.maketrans("[]{}", "()()")
# Of `tensor([1., 2.])` only the inner brackets are left.
_WRAPPED = re.compile(r"\b(?:tensor|array|torch\.size|l)\((\([^a-z]*\)|[-+.\de]+)\)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")


def same(said: str, shown: str) -> bool:
    """Tell whether a prediction is what came out.

    Spaces, quotes, the last digits, and what only says the type (`tensor(...)`) do not count.
    """
    if _plain(said) == _plain(shown):
        return True
    ours, theirs = _value(said), _value(shown)
    if ours is not None and theirs is not None and ours == theirs:
        return True
    return _skeleton(said) == _skeleton(shown) and _close(said, shown)


def _plain(text: str) -> str:
    """Write a text without what does not count; brackets of all kinds are the same."""
    short = re.sub(r"\s+", "", text).replace('"', "'").strip("'").casefold()
    short = _WRAPPED.sub(r"\1", short.translate(_BRACKETS))
    return _bare(short.replace(",)", ")").removesuffix("."))


def _bare(text: str) -> str:
    """Take brackets off that go around all of a text."""
    depth = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            whole = place == len(text) - 1 and letter == ")"
            return text[1:-1] if whole else text
    return text


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
