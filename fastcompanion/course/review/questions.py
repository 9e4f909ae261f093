"""The questions of a notebook as proposed cards: questionnaires, headings, questions in the prose. Pure.

A questionnaire (fastbook ends each chapter with one) is a heading such as "Questionnaire" with a
list below it: numbered or bulleted items, with nested bullets, code blocks and lines that go on.
Each item becomes one card; one that says what to do and does not ask is a task. "Further Research"
stands apart, as its answers are not in the notebook. Questions in the prose of other lessons are
often rhetorical: they are proposed for the learner to choose from. Nothing of this is stored
before the learner accepts it, and answers are the learner's own: none are taken from anywhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks import prose
from fastcompanion.course.review.cards import Card, Kind, card_id

Group = Literal["author", "questionnaire", "task", "further", "inline", "predict"]
GROUPS: tuple[Group, ...] = ("author", "questionnaire", "task", "further", "inline", "predict")

_QUESTIONS = re.compile(
    r"(?i)^\W*(questionnaire|(review |study )?questions|quiz|exercises?|self[- ]?test|"
    r"check your (understanding|knowledge)|test yourself|problems)\W*$"
)
_SIDEBAR = re.compile(r"(?i)^(end\s+)?side\s?-?bar\b")
_FURTHER = re.compile(r"(?i)^\W*(further (research|questions|exercises)|going further)\W*$")
_ITEM = re.compile(r"^( *)(?:\d{1,3}[.)]|[-*+])(?: +|$)")
_FENCE = re.compile(r"^ *(`{3,}|~{3,})")
_PICTURE = re.compile(r"!\[([^\]]{0,300})\]\([^)\s]{0,2000}[^)]{0,300}\)|<img\b[^>]{0,2000}>")
_CROSS_REFERENCE = re.compile(r"<<([\w-]{1,80})>>")
# What is asked for in words, though without a question mark.
_ANSWERED = frozenset(
    "compare define describe discuss enumerate explain give identify justify list mention name "
    "outline provide quote recall say state summarise summarize tell "
    "are can could did do does how if is should was were what when where which who whom whose why "
    "would true".split()
)
_SHORTEST, _LONGEST = 20, 240
_FEWEST_WORDS = 5
_RULE = re.compile(r"^ {0,3}([-*_])(?: *\1){2,} *$")


@frozen
class Proposal:
    """A card that could be made, where it was found, and the section that may hold its answer."""

    card: Card
    group: Group
    place: str
    see: str = ""


@frozen
class Chunk:
    """The text under one heading, or a code cell; `group` is set where questions stand."""

    title: str
    text: str
    group: Group | None
    is_code: bool = False


def proposals(nb: Mapping[str, Any], lesson: str, notebook: str) -> list[Proposal]:
    """Find every question of a notebook, in order, each once."""
    chunks = list(_chunks(nb))
    listed = list(_listed(chunks, lesson, notebook))
    inline = _inline(chunks, lesson, notebook)
    found: dict[str, Proposal] = {}
    for one in (*listed, *inline):
        found.setdefault(one.card.id, one)
    return _with_places(list(found.values()), chunks)


def _chunks(nb: Mapping[str, Any]) -> Iterator[Chunk]:
    title, level, around = "", 0, ""
    open_: tuple[Group, int] | None = None
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            yield Chunk(title, cell["source"], open_[0] if open_ else None, is_code=True)
        elif cell["cell_type"] == "markdown":
            for heading, body in _cut(_plain(cell["source"])):
                if heading is not None and (aside := _SIDEBAR.match(heading.title)):
                    title, around = (around, "") if aside[1] else (heading.title, title)
                elif heading is not None:
                    title, level = heading.title, heading.level
                    open_ = _opened(title, level, open_)
                yield Chunk(title, body, open_[0] if open_ else None)


def _plain(source: str) -> str:
    return _CROSS_REFERENCE.sub(r"[\1]", prose.clean_text(source))


def _opened(title: str, level: int, before: tuple[Group, int] | None) -> tuple[Group, int] | None:
    """Say which kind of questions stand under a heading: its own, else those around it."""
    if _FURTHER.match(title):
        return "further", level
    if _QUESTIONS.match(title):
        return "questionnaire", level
    return before if before and level > before[1] else None


def _cut(source: str) -> list[tuple[prose.Heading | None, str]]:
    """Cut a markdown cell at its headings."""
    lines = source.split("\n")
    marks = prose.headings(source)
    starts = [0, *(heading.line for heading in marks)]
    ends = [*starts[1:], len(lines)]
    pieces: list[tuple[prose.Heading | None, str]] = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        heading = marks[number - 1] if number else None
        body = "\n".join(lines[start + (heading is not None) : end])
        if heading is not None or body.strip():
            pieces.append((heading, body))
    return pieces


def _listed(chunks: Sequence[Chunk], lesson: str, notebook: str) -> Iterator[Proposal]:
    """Make proposals of the lists of questions; an item that ends with `:` takes the code below."""
    number: Counter[str] = Counter()
    with_lists = {chunk.title for chunk in chunks if chunk.group and items(chunk.text)}
    waiting: list[tuple[str, Chunk]] = []
    for chunk in chunks:
        if chunk.is_code and waiting and waiting[-1][0].endswith(":") and chunk.text.strip():
            text, origin = waiting.pop()
            waiting.append((f"{text}\n\n```\n{chunk.text.strip()}\n```", origin))
        elif chunk.group is not None and not chunk.is_code:
            found = items(chunk.text) if chunk.title in with_lists else _asked_in(chunk)
            waiting += [(text, chunk) for text in found]
    for text, chunk in waiting:
        number[chunk.title] += 1
        assert chunk.group is not None
        place = f"{notebook}, {chunk.title} {number[chunk.title]}"
        yield _proposal(text, lesson, chunk.group, place)


def _asked_in(chunk: Chunk) -> list[str]:
    """Give the questions that stand in plain prose, where no list does."""
    if chunk.group == "further":
        return []
    return [text for text in _sentences(chunk.text) if text.endswith("?")]


def _proposal(text: str, lesson: str, group: Group, place: str) -> Proposal:
    task = is_task(text) or group == "further"
    kind: Kind = "task" if task else "question"
    found: Group = "task" if group == "questionnaire" and task else group
    source = f"{lesson} {place}"
    # The id leaves the kind out: what counts as a task may change, the question does not.
    card = Card(card_id(lesson, text), lesson, kind, text, source=source, state="proposed")
    return Proposal(card, found, place)


def is_task(text: str) -> bool:
    """Tell whether an item says what to do, and asks nothing that words could answer."""
    first = re.search(r"[A-Za-z]+", text)
    return "?" not in text and (first is None or first[0].lower() not in _ANSWERED)


def items(source: str) -> list[str]:
    """Cut a markdown list into its outermost items, each with all that belongs to it."""
    found: list[list[str]] = []
    open_, base, blank, fence = False, 0, False, ""
    for line in source.expandtabs(4).split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            # A block behind an empty line that is not indented ends the list.
            open_ = open_ and (not blank or line.startswith(" "))
        if fence or mark:
            if open_:
                found[-1].append(line)
            ends = fence and mark and line.strip().startswith(fence)
            fence = "" if ends else fence or (mark[1] if mark else "")
            blank = False
            continue
        rule = _RULE.match(line)
        item = None if rule else _ITEM.match(line)
        indent = len(line) - len(line.lstrip())
        if item and not (open_ and indent >= base + 2) and (open_ or indent < 4):
            found.append([line[item.end() :]])
            open_, base = True, indent
        elif open_ and not rule and (not line.strip() or not blank or indent > base):
            found[-1].append(line)
        else:
            open_ = False
        blank = not line.strip()
    return [text for lines in found if (text := _tidied(lines))]


def _tidied(lines: Sequence[str]) -> str:
    """Join lines that go on; nested bullets and code keep lines of their own."""
    out: list[str] = []
    fence, after_blank = False, False
    for line in lines:
        stripped = line.strip()
        if _FENCE.match(line):
            fence = not fence
            out.append(stripped)
        elif fence:
            out.append(line.rstrip())
        elif not stripped:
            after_blank = True
            continue
        elif not out or _ITEM.match(line) or after_blank:
            out.append(
                f"- {_ITEM.sub('', line).strip()}" if out and _ITEM.match(line) else stripped
            )
        elif out[-1].startswith(("```", "~~~")):
            out.append(stripped)
        else:
            out[-1] += f" {stripped}"
        after_blank = False
    return _PICTURE.sub(_picture, "\n".join(out)).strip()


def _picture(match: re.Match[str]) -> str:
    return f"(picture: {match[1]})" if match[1] else "(picture)"


def _sentences(source: str) -> Iterator[str]:
    for paragraph in prose.paragraphs(source):
        if prose.CUT not in paragraph:
            yield from prose.sentences(paragraph)


def _inline(chunks: Iterable[Chunk], lesson: str, notebook: str) -> Iterator[Proposal]:
    """Find questions among the prose, and headings that ask."""
    title = None
    for chunk in chunks:
        if chunk.group is not None or chunk.is_code:
            continue
        texts = [chunk.title] if chunk.title != title and chunk.title.endswith("?") else []
        title = chunk.title
        for text in (*texts, *_sentences(chunk.text)):
            plain = re.sub(r"^[-*+\d.)\s]+", "", text).strip("*_ ")
            if plain.endswith("?") and _asks_something(plain):
                place = f"{notebook}, {chunk.title}" if chunk.title else notebook
                yield _proposal(plain, lesson, "inline", place)


def _asks_something(text: str) -> bool:
    return _SHORTEST <= len(text) <= _LONGEST and len(text.split()) >= _FEWEST_WORDS


def _with_places(found: Sequence[Proposal], chunks: Sequence[Chunk]) -> list[Proposal]:
    """Name for each listed question the section that shares its rarest words: a place to look."""
    texts: dict[str, Counter[str]] = {}
    for chunk in chunks:
        if chunk.group is None and chunk.title:
            texts.setdefault(chunk.title, Counter()).update(_words(f"{chunk.title} {chunk.text}"))
    rarity = _rarity(list(texts.values()))
    return [
        Proposal(one.card, one.group, one.place, _nearest(one.card.front, texts, rarity))
        if one.group in ("questionnaire", "task")
        else one
        for one in found
    ]


def _rarity(texts: Sequence[Counter[str]]) -> dict[str, float]:
    in_how_many = Counter(word for words in texts for word in words)
    return {word: math.log(len(texts) / count) for word, count in in_how_many.items()}


def _nearest(question: str, texts: Mapping[str, Counter[str]], rarity: Mapping[str, float]) -> str:
    asked = set(_words(question))
    best, most = "", 1.0
    for title, words in texts.items():
        shared = asked & words.keys()
        score = sum(rarity[word] * (1 + math.log(words[word])) for word in shared)
        if len(shared) > 1 and score > most:
            best, most = title, score
    return best


def _words(text: str) -> list[str]:
    return [word.rstrip("s") for word in re.findall(r"[a-z_][a-z_0-9]{2,}", text.lower())]
