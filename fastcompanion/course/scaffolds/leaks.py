"""What must not be said: the lines of code that a learner is to write, and runs of their tokens.

A scaffold redacts its own texts with `Answers`; the maintainers' checker asks `Answers.found_in`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RUN = 8  # tokens in a row that count as copied
SHORT = 12  # characters below which a line of code gives nothing away
LONG_TAIL = 20  # the same for what stands right of `=`
CODE = "(code)"  # stands where a code span was taken out of a sentence
LONG_SPAN = 60  # characters beyond which a literal or a code span is left out of prose
_TOKEN = re.compile(r"\w+|[^\w\s]")
_STRINGS = re.compile(
    r"(\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|#[^\n]*"
)
_TAILS = re.compile(r"(?:\breturn |(?<![=!<>])=(?!=)) *(.+)$")
_HEADER = re.compile(r"(?m)^\s*(?:async\s+)?(?:def|class)\s+\w+")
_SPAN = re.compile(r"(?<!`)(`{1,4})(?!`)([^`]{1,2000}?)\1(?!`)")
_NUMBERS = re.compile(
    r"(?:-?\d{1,40}(?:\.\d{0,40})?(?:e-?\d{1,4})?\s{0,9},\s{0,9}){6,}-?\d{1,40}(?:\.\d{0,40})?"
)
_QUOTED = re.compile(r"(?<!\w)(['\"])[^\s'\"]{40,}\1(?!\w)")


def without_comments(code: str) -> str:
    """Take the comments out of Python text, not looking into strings."""
    return _STRINGS.sub(lambda match: match[1] or "", code)


def tokens(text: str) -> list[str]:
    """Cut code or prose into words and single marks."""
    return _TOKEN.findall(text)


class Answers:
    """The code of the work of one notebook, as token tuples of whole lines and of runs of 8."""

    def __init__(self) -> None:
        self._lines: set[tuple[str, ...]] = set()
        self._runs: set[tuple[str, ...]] = set()
        self._lengths: tuple[int, ...] = ()

    def add(self, code: str) -> None:
        """Add the source of work: one or more statements."""
        bare = without_comments(code)
        self._runs.update(_runs(tokens(bare)))
        for line in bare.split("\n"):
            stripped = " ".join(line.split())
            self._add_line(stripped, SHORT)
            for tail in _TAILS.findall(stripped):
                self._add_line(tail, SHORT if "return" in stripped else LONG_TAIL)
        self._lengths = tuple({len(words) for words in self._lines})

    def _add_line(self, text: str, least: int) -> None:
        # A name, also with empty brackets, says which function to call and not how.
        if len(text) >= least and not re.fullmatch(r"[\w ]+|[\w.]+(?:\(\))?", text):
            words = tuple(tokens(text))
            if len(words) < RUN:
                self._lines.add(words)

    def allow(self, texts: Iterable[str]) -> None:
        """Take out what is given anyway: data cells, literals, signatures, imports."""
        for text in texts:
            bare = without_comments(text)
            self._runs.difference_update(_runs(tokens(bare)))
            self._lines.difference_update(tuple(tokens(line)) for line in bare.split("\n"))
        self._lengths = tuple({len(words) for words in self._lines})

    def found_in(self, text: str) -> list[str]:
        """Give what of the work this text contains; nothing is the good answer."""
        words = tokens(text)
        found: set[tuple[str, ...]] = set()
        if len(words) >= RUN:
            found |= self._runs.intersection(_runs(words))
        for length in self._lengths:
            if len(words) >= length:
                found |= self._lines.intersection(_runs(words, length))
        return sorted(" ".join(run) for run in found)

    def redact(self, sentence: str) -> str:
        """Give the sentence with what leaks or is long as "(code)" or "…"; empty when that is no cure."""
        text = _QUOTED.sub("…", _NUMBERS.sub("…", sentence))
        if not self.found_in(text):
            return _SPAN.sub(_short_span, text)
        text = _SPAN.sub(self._span, text)
        return "" if self.found_in(text) else text

    def _span(self, match: re.Match[str]) -> str:
        return CODE if len(match[2]) > LONG_SPAN or self.found_in(match[2]) else match[0]


def _short_span(match: re.Match[str]) -> str:
    return CODE if len(match[2]) > LONG_SPAN else match[0]


def _runs(words: list[str], length: int = RUN) -> Iterable[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)


def signature_texts(code: str) -> list[str]:
    """Cut the headers `def name(arguments)` out of code, so that they may be named."""
    bare = without_comments(code)
    found = []
    for match in _HEADER.finditer(bare):
        depth, end = 0, match.end()
        while end < len(bare) and not (bare[end] in ":\n" and depth == 0):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(bare[end], 0)
            end += 1
        found.append(bare[match.start() : end + 1].strip())
    return found
