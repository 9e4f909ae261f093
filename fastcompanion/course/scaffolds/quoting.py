"""Choosing from an original's prose the sentences that tell what to do, without its code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import Cell
from fastcompanion.course.notebooks.prose import CUT, paragraphs, sentences
from fastcompanion.course.scaffolds.leaks import Answers

BUDGET = 240  # characters of quoted prose for one piece of work
OPENING_BUDGET = 420  # the same where a section has no work yet to tell of
CODE_BUDGET = 360  # the same where functions are to be written
LOOK_BUDGET = 130  # the same where there is only something to look at
_SHORT = 60  # characters of a sentence that may say nothing
_READ = 4000  # characters of a sentence that is looked at
_LONGEST = 420  # characters of a sentence that is still quoted

_INTENT = re.compile(  # on lower case, which is faster than to ignore the case
    r"\b(?:let'?s|let us|we(?:'ll| will| need| can| want| should|'re going| could| now)|"
    r"you(?:'ll| need| can| should)|need to|going to|use|using|creat\w+|writ\w+|calculat\w+|"
    r"comput\w+|defin\w+|mak\w+|add\w*|try\w*|replac\w+|first|now|next|finally|then|train\w*|"
    r"split\w*|here'?s|convert\w*|turn|normali[sz]\w+|initiali[sz]\w+|subtract\w*|multipl\w+|"
    r"divid\w+|called|means?|because|so that)\b"
)
_CHATTER = re.compile(
    r"(?i)^(?:btw|by the way|as (?:you|we)(?: can)? see|as we'?d expect|that'?s (?:it|not|im)|"
    r"it does|it worked|of course|btw|yup|yes[,!]|great|ok(?:ay)?\b|not bad|this is (?:nearly|quite|a bit)|"
    r"uh oh|cool|wow|nice|well\b|hopefully|i (?:got|found|think|hope)|it(?:'s| is) looking|"
    r"it looks like this|interesting|wait|hmm|thanks|\W*reminder|\W*important|e\.g\b|"
    r"be sure to|\W*note:?\W* *(?:if|this) )"
)
_ADVERT = re.compile(
    r"upvote|copy ?& ?edit|save version|open in colab|subscribe|top[ -]right|contact me|"
    r"notebook editor|copyright|all rights reserved|licen[cs]ed under|feel free to|"
    r"(?:reader|edit)\W* mode|interactive (?:features|sliders)|click (?:on|the)\b"
)
_BACKWARDS = re.compile(
    r"(?i)^\W*(?:that|this|these|those|it|they|therefore|thus|hence|otherwise|furthermore|"
    r"in that case|by doing so|(?:as )?in the (?:previous|last|next) (?:step|cell)|we (?:have to |need to |can )?do (?:that|this|it|so)|(?:the|both) (?:former|latter))\b"
)
_EMPTY = re.compile(
    r"(?i)\W*(?:so |and |now )?(?:let'?s (?:try|see|have a look|take a look|check)|here(?:'s| is| are) "
    r"(?:what|how) (?:it|that|this) (?:looks|works)|(?:let'?s )?see how (?:it|this|that) works)\b"
    r".{0,12}"
)
_STUB = re.compile(r"\W*\w+(?: \w+)?\W*:\W*")
_ADVERT_WORDS = ("upvote", "copy", "version", "colab", "subscribe", "right", "contact me",
                 "notebook editor", "licen", "feel free", "mode", "interactive", "click")  # fmt: skip
_MARKER = re.compile(r"^(?:[-*+]|\d{1,3}[.)])\s+")
_WORD = re.compile(r"\w+")
_FORMULA = re.compile(r"^\s*(?:\$\$|\\begin\{)")


@frozen
class _Candidate:
    """A sentence that may be quoted; `leads` announces the one behind it."""

    text: str
    score: float
    leads: bool


class Quoter:
    """Quotes a notebook's prose and comments, leaving the answers out."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def chosen(
        self,
        prose: Sequence[str],
        made: set[str],
        read: set[str],
        budget: int,
        most: int = 2,
        longest: int = _LONGEST,
    ) -> list[str]:
        """Pick the sentences that tell what to do, in their order, within a budget of characters.

        `made` and `read` are the names of the work that the prose stands before: a sentence that
        speaks of them counts more. At most `most` are picked; one that points back to a sentence
        which is not there is left out.
        """
        texts = list(self._tellable(prose))
        found = [
            _Candidate(text, _score(text, made, read, place, len(texts)), text.endswith(":"))
            for place, text in enumerate(texts)
        ]
        kept: dict[int, str] = {}
        room = budget
        for place in sorted(range(len(found)), key=lambda n: (-found[n].score, n)):
            best = found[place]
            fits = best.score > 0.4 and len(best.text) <= room
            if place in kept or not (fits or (not kept and best.score > -5)):
                continue
            if len(kept) >= most:
                break
            if len(best.text) > longest < _LONGEST:
                continue
            if text := self._quotable(best.text):
                kept[place] = text
                room -= len(text) + self._with_announced(found, place, kept, room)
        texts = [kept[place] for place in _standing(kept)]
        return [_ended(text, after) for text, after in zip(texts, [*texts, ""][1:], strict=True)]

    def _with_announced(
        self, found: Sequence[_Candidate], place: int, kept: dict[int, str], room: int
    ) -> int:
        """Keep the formula or list item that a kept sentence announces; give its length."""
        following = place + 1
        if not found[place].leads or following >= len(found) or following in kept:
            return 0
        text = self._quotable(found[following].text)
        if not text or len(text) > max(room, 240) or found[following].score < -2:
            return 0
        kept[following] = text
        return len(text)

    def _quotable(self, sentence: str) -> str:
        """Give a sentence without what would tell the answer; "" when nothing is left to quote."""
        text = self._answers.redact(sentence)
        return text if len(text) <= _LONGEST and re.search(r"\w{2}", text) else ""

    def _tellable(self, prose: Sequence[str]) -> Iterable[str]:
        for number, paragraph in enumerate(prose):
            cut_next = number + 1 < len(prose) and prose[number + 1].startswith(CUT)
            parts = sentences(_MARKER.sub("", paragraph))
            for place, sentence in enumerate(parts):
                last = place == len(parts) - 1
                follows = parts[place + 1] if not last else (CUT if cut_next else "")
                if sentence.endswith(":") and follows.startswith(CUT):
                    continue  # what it announces has been taken out
                text = sentence.replace(CUT, "").strip()
                if text and len(text) <= _READ and not _says_nothing(text):
                    yield text

    def commented(self, cells: Iterable[Cell]) -> list[str]:
        """Quote comments that stand on lines of their own, as one sentence."""
        found: list[str] = []
        room = 2 * BUDGET
        for cell in cells:
            for comment in cell.comments:
                text = self.safe(comment)
                if text and text not in found and len(text) <= room:
                    found.append(text)
                    room -= len(text)
        joined = "; ".join(text.rstrip(".;: ") for text in found[:8])
        return [_ended(f"{joined[:1].upper()}{joined[1:]}", "")] if joined else []

    def safe(self, text: str) -> str:
        """Give one line of a comment or docstring, "" when it would tell an answer."""
        return self._answers.redact(safe_comment(text))

    def guard(self, text: str) -> str:
        """Leave out what gives the work away all the same: a result, a sentence, at last a line."""
        lines = (self._guard_line(line) for line in text.split("\n"))
        return "\n".join(line for line in lines if line is not None)

    def _guard_line(self, line: str) -> str | None:
        if not self._answers.found_in(line):
            return line
        shorter = RESULT.sub("", line).rstrip()
        if not self._answers.found_in(shorter):
            return shorter
        rest = " ".join(s for s in sentences(shorter) if not self._answers.found_in(s))
        return rest if rest and not self._answers.found_in(rest) else None


RESULT = re.compile(r"\(The original (?:got|raises)[^\n]*\)$")


def _score(text: str, made: set[str], read: set[str], place: int, count: int) -> float:
    words = set(_WORD.findall(text)) if made or read else set()
    low = text.lower()
    advert = any(word in low for word in _ADVERT_WORDS) and _ADVERT.search(low)
    score = 3.0 * min(2, len(words & made)) + 1.0 * min(2, len(words & read))
    score += 1.5 * bool(_INTENT.search(low)) + 1.0 * (place == count - 1) + 0.25 * (place == 0)
    score += 1.0 * place / count + 0.75 * (place == count - 1 and text.endswith(":"))
    score -= 3.0 * bool(_CHATTER.match(text)) + 9.0 * bool(advert)
    score += 2.5 * bool(_FORMULA.match(text)) - 1.5 * bool(_BACKWARDS.match(text))
    return score - 0.5 * text.count("](http") - (1.0 if len(text) > 320 else 0.0)


def _says_nothing(text: str) -> bool:
    return len(text) < _SHORT and bool(_STUB.fullmatch(text) or _EMPTY.fullmatch(text))


def _standing(kept: dict[int, str]) -> list[int]:
    """Leave out sentences that point back to one that is not kept, unless nothing else is left."""
    found = [n for n in sorted(kept) if n - 1 in kept or not _BACKWARDS.match(kept[n])]
    return found or sorted(kept)


def _ended(text: str, after: str) -> str:
    """Close a list item, so that it does not run into the next sentence; formulas go on."""
    if _FORMULA.match(text) or _FORMULA.match(after):
        return text
    if not after:  # what it announced is said before it
        text = re.sub(r"(?: ?--?|[,;:\u2013\u2014 ])+$", "", text)
    return text if re.search(r"[.!?:;,…][\"')*_”]*$", text) else f"{text}."


def safe_comment(text: str) -> str:
    """Make a comment or docstring safe to stand in markdown, on one line."""
    return " ".join(" ".join(paragraphs(text.replace("#", ""))).replace(CUT, "").split())
