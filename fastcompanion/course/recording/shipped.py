"""Are the recorded checks that ship fit to ship: of this catalogue, numbers and hashes, small.

Everything that is a text in such a file has a place where it may stand and a form that it has to
have there; a sentence or a line of code of a course fits none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.course.model import Course
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import Record
from fastcompanion.course.recording import measure, trial

MOST_BYTES = 250_000
MOST_TOGETHER = 3_000_000
SHARED_WORDS = 5  # in a row: so many of an original in a record were copied
_RAN_INTO = re.compile(r"(lesson broken here: cell \d+(?:: [A-Za-z_.]{1,60})?)\b.*", re.DOTALL)
_STOPS = re.compile(r"(the original stops before it).*", re.DOTALL)
_SLUG, _NAME = r"[\w][\w.+-]{0,79}", r"[^\W\d]\w{0,59}"
_HEX = r"[0-9a-f]{8,12}"
_REASONS = (
    measure.GAP,
    measure.RESTS,
    measure.NOTHING,
    measure.CHANCE,
    trial.NOT_MEASURED,
    trial.REJECTS,
    trial.UNSTEADY,
    "the original stops before it",
)
_FILLED = (trial.TOO_LITTLE, trial.WEAK, trial.LAX)
_WORDS = r"[\w' ,()-]{1,100}"
# What fetches or shows, and computes nothing that is compared: no version of it is another check.
_APART = frozenset(
    "duckduckgo-search fastkaggle graphviz ipython ipywidgets kaggle matplotlib nbdev plotly seaborn"
    " duckduckgo_search fastdownload".split()
)
"""Where a text may stand, by the last keys on the way to it, and what it has to look like."""
_FORMS: Mapping[str, str] = {
    "notebook": _SLUG,
    "cells": r"[0-9a-f]{12}",
    "id": _SLUG,
    "status": "hard|self-assessed",
    "name": _NAME,
    "where": "name|shown|printed",
    "kind": _NAME,
    "class": "exact|seeded|noisy|shape",
    "better": "up|down",
    "words": _WORDS,
    "k": "[a-z]{1,12}",
    "t": "[a-z]{1,12}",
    "d": r"[a-zA-Z0-9_]{1,20}",
    "h": _HEX,
    "m": _HEX,
    "cols": _HEX,
    "names": _HEX,
    "shared": _HEX,
    "keys": r".{1,20}",
    "cls": _NAME,
    "v": r".{1,20}",
    "error": _NAME,
    "skipped": r"[\w ']{1,60}",
    "answers": _NAME,
    "values": rf"{_NAME}|(shown|printed):\d+",
    "globals": _NAME,
    "versions": r"[\w.-]{1,40}",
    "of versions": r"[\w.+!-]{1,40}",
    "seen_with": r"[\w.-]{1,40}",
    "of seen_with": r"[\w.+!-]{1,40}",
}
_NAMED = ("answers", "values", "globals", "versions", "seen_with")  # their keys are names


def files(course_id: str) -> list[Path]:
    """List the recorded checks that ship for a course of the catalogue."""
    return sorted((workspace.content("lessons") / course_id / "checks").glob("*"))


def problems(course: Course) -> list[CompanionError]:
    """Say what is wrong with the recorded checks that ship for a course."""
    known = {
        f"{lesson.number}-{ref.id}.json": ref.id
        for lesson in course.lessons
        for ref in lesson.notebooks
    }
    found: list[CompanionError] = []
    sizes = 0
    for path in files(course.id):
        if path.name not in known:
            found.append(CompanionError("belongs to no notebook of the catalogue", file=path))
            continue
        sizes += path.stat().st_size
        found += [CompanionError(one, file=path) for one in _of_file(path, known[path.name])]
    if sizes > MOST_TOGETHER:
        found.append(CompanionError(f"{course.id}: all recorded checks together are too big"))
    return found


def _of_file(path: Path, notebook_id: str) -> Iterator[str]:
    try:
        made = recorded.read(path)
    except CompanionError as error:
        yield error.message
        return
    if made.notebook != notebook_id:
        yield f"is of the notebook {made.notebook}"
    text = store.read_text(path)
    if recorded.to_text(made) != text:
        yield "is not as the recorder writes it (python -m fastcompanion.course record … --write)"
    yield from unfit(made)


def unfit(made: Record) -> Iterator[str]:
    """Say what keeps a record from being shipped."""
    size = len(recorded.to_text(made).encode())
    if size > MOST_BYTES:
        yield f"has {size} bytes, more than {MOST_BYTES}"
    if not made.cells or not made.versions:
        yield "does not say what it was recorded of"
    if not any(one.status == "hard" for one in made.sections):
        yield "checks no section"
    if recorded.lean(made) != made:
        yield "holds values of sections that it does not check"
    for one in made.sections:
        if one.status == "hard" and one.reason:
            yield f"{one.id}: is checked and has a reason why not"
        elif one.status != "hard" and not is_known_reason(one.reason):
            yield f"{one.id}: unknown reason {one.reason!r}"
    for place, text in dict.fromkeys(texts(recorded.to_json(made))):
        if text and not re.fullmatch(_FORMS.get(place, "$^"), text):
            yield f"{place}: the text {text[:60]!r} does not belong there"


def texts(data: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a record but its reasons, after the last key on the way to it."""
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, list):
        for one in data:
            yield from texts(one, place)
    elif isinstance(data, dict) and place in _NAMED:
        for name, value in data.items():
            yield place, name
            yield from texts(value, f"of {place}")
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from texts(value, key) if key != "reason" else ()


def is_known_reason(reason: str) -> bool:
    """Tell whether a reason is one of ours, without a word of the course in it."""
    broken = _RAN_INTO.match(reason)
    if reason in _REASONS or (broken and broken[1] == reason):
        return True
    return any(re.fullmatch(_pattern(one), reason) for one in _FILLED)


def _pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", r"[\\w ]{1,40}", re.escape(template))


def stripped(made: Record) -> Record:
    """Take out of a record what need not ship: words of the course, values that nobody checks."""
    sections = tuple(
        replace(one, reason=_STOPS.sub(r"\1", _RAN_INTO.sub(r"\1", one.reason)))
        for one in made.sections
    )
    return recorded.lean(replace(made, sections=sections, versions=telling(made.versions)))


def telling(versions: Mapping[str, str]) -> dict[str, str]:
    """Leave out the packages that no result depends on."""
    return {name: version for name, version in versions.items() if name.lower() not in _APART}


def copied(made: Record, original: Mapping[str, Any]) -> list[str]:
    """Find texts of a record that hold several words of an original in a row."""
    source = " ".join(str(cell["source"]) for cell in original["cells"])
    words = re.findall(r"\w+", source.lower())
    known = {tuple(words[i : i + SHARED_WORDS]) for i in range(len(words) - SHARED_WORDS + 1)}
    found = []
    for place, text in dict.fromkeys(texts(recorded.to_json(made))):
        if place in ("id", "notebook"):
            continue  # a heading's slug names the section
        own = re.findall(r"[^\W_]+", text.lower())
        rows = (tuple(own[i : i + SHARED_WORDS]) for i in range(len(own) - SHARED_WORDS + 1))
        if any(row in known for row in rows):
            found.append(f"{place}: {text[:60]!r} is of the original")
    return found
