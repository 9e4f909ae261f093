"""What checks in a notebook found, as a small file that a study can take in later.

A notebook may run where no study is (Colab, Kaggle). Each new result of `%check` gets an id there;
a study that has seen the id takes it only once. A result says that a section passed on the values
of a running kernel, which is less than a fresh run: it never finishes the step `reproduce`.
The seal finds damage and edits by hand; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from fastcompanion import __version__
from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again, progress
from fastcompanion.course.checks.prepared import ASSESSED, CHECKED, HINTED
from fastcompanion.course.checks.verdict import FINE, GOOD, Verdict
from fastcompanion.course.library import courses
from fastcompanion.course.model import Course, Lesson, NotebookRef

VERSION = 1
FOLDER = "fastcompanion-results"
MOST_RESULTS = 5_000
MANY_RESULTS = 500
MOST_BYTES = 2_000_000
_SOLUTION = 4
_AGAIN = "%check in the notebook writes a new one"
_ID = re.compile(r"[a-z2-7]{6,32}")


@frozen
class Result:
    """One result: what was found of a section, when, and the digest of the code that was run.

    `hint` is the level of a hint that was shown (`verdict` is "" then), `note` the learner's own
    judgement.
    """

    id: str
    at: str
    section: str
    verdict: str = ""
    key: str = ""
    note: str = ""
    hint: int = 0


@frozen
class Results:
    """All results of one notebook; `total` counts its sections with work, `versions` what ran it."""

    lesson: str
    notebook: str
    total: int
    versions: Mapping[str, str]
    results: tuple[Result, ...] = ()

    def newest(self, section: str) -> Result | None:
        """Give the newest verdict of a section."""
        found = [one for one in self.results if one.section == section and one.verdict]
        return found[-1] if found else None

    def with_one(self, one: Result) -> Results:
        """Add a result; when there are many, drop what later checks of a section have replaced."""
        rows = (*self.results, one)
        if len(rows) > MANY_RESULTS:
            newest = {row.section: row.id for row in rows if row.verdict}
            passed = {row.section: row.id for row in rows if row.verdict in GOOD}
            keep = {*newest.values(), *passed.values()}
            rows = tuple(row for row in rows if row.id in keep or row.hint or row.note)
        return replace(self, results=rows)

    @property
    def hinted(self) -> dict[str, int]:
        """The highest hint that was shown of each section."""
        levels: dict[str, int] = {}
        for one in self.results:
            if one.hint:
                levels[one.section] = max(one.hint, levels.get(one.section, 0))
        return levels

    @property
    def solved(self) -> tuple[str, ...]:
        """The sections whose solution was shown."""
        return tuple(name for name, level in self.hinted.items() if level == _SOLUTION)

    @property
    def assessed(self) -> dict[str, str]:
        """The key of the code that the learner judged, by section."""
        return {one.section: one.key for one in self.results if one.note}


@frozen
class Taken:
    """What a study took from a file of results; `already` counts those that it had."""

    lesson: str
    notebook: str
    file: Path
    sections: Mapping[str, str]
    already: int


def place(folder: Path, lesson: str, notebook: str) -> Path:
    """Give the file of a notebook's results, in a folder beside it."""
    return folder / FOLDER / f"{lesson.replace('/', '-')}-{notebook}.json"


def new(section: str, verdict: str = "", *, key: str = "", note: str = "", hint: int = 0) -> Result:
    """Make a result of now."""
    return Result(clock.new_id(), clock.stamp(), section, verdict, key, note, hint)


def write(path: Path, found: Results) -> None:
    """Write a file of results; git does not see its folder, as failures are in it too."""
    ignore = path.with_name(".gitignore")
    if not ignore.exists():
        store.write_text(ignore, "*\n")
    store.write_json(path, to_json(found))


def to_json(found: Results) -> dict[str, Any]:
    """Give results as plain data, sealed."""
    data: dict[str, Any] = {
        "version": VERSION,
        "program": __version__,
        "lesson": found.lesson,
        "notebook": found.notebook,
        "total": found.total,
        "versions": dict(sorted(found.versions.items())),
        "results": [_line(one) for one in found.results],
    }
    return {**data, "seal": _seal(data)}


def _line(one: Result) -> dict[str, Any]:
    whole = {"id": one.id, "at": one.at, "section": one.section, "verdict": one.verdict,
             "key": one.key, "note": one.note, "hint": one.hint}  # fmt: skip
    return {name: value for name, value in whole.items() if value}


def _seal(data: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in data.items() if name != "seal"}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read(path: Path) -> Results:
    """Read a file of results; damage, edits and newer versions are clear errors."""
    try:
        too_big = path.stat().st_size > MOST_BYTES
    except OSError:
        too_big = False  # read_json says what is wrong
    if too_big:
        raise CompanionError("is too big for results of a notebook", file=path)
    try:
        raw = store.read_json(path)
    except RecursionError:
        raise _damaged(path) from None
    return parse(raw, path)


def parse(raw: Any, path: Path) -> Results:
    """Take results from plain data; `path` is named where they can't be."""
    data = store.check_version(raw, path, current=VERSION)
    if data.get("seal") != _seal(data):
        raise CompanionError(
            "was changed after the notebook wrote it", hint=_AGAIN, file=path, code=Exit.FAILED
        )
    try:
        return _from_json(data)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def _damaged(path: Path) -> CompanionError:
    return CompanionError("is no file of results from a notebook", hint=_AGAIN, file=path)


def _from_json(data: Mapping[str, Any]) -> Results:
    rows = data["results"]
    versions = {str(name): str(text) for name, text in data["versions"].items()}
    if not isinstance(rows, list) or len(rows) > MOST_RESULTS:
        raise TypeError
    results = tuple(_result(row) for row in rows)
    if type(data["total"]) is not int or not isinstance(data["notebook"], str):
        raise TypeError
    return Results(str(data["lesson"]), data["notebook"], data["total"], versions, results)


def _result(row: Mapping[str, Any]) -> Result:
    words: dict[str, str] = {}
    for name in ("id", "at", "section", "verdict", "key", "note"):
        value = row.get(name, "")
        if not isinstance(value, str) or len(value) > 2_000:
            raise TypeError
        words[name] = value
    level = row.get("hint", 0)
    known = words["verdict"] in ("", *get_args(Verdict))
    if not _ID.fullmatch(words["id"]) or not words["section"] or not known:
        raise ValueError
    if type(level) is not int or not 0 <= level <= _SOLUTION:
        raise ValueError
    datetime.fromisoformat(words["at"])
    return Result(**words, hint=level)


def lesson_of(study: Workspace, found: Results, path: Path) -> tuple[Course, Lesson, NotebookRef]:
    """Find the lesson and the notebook in a study that results speak of."""
    course_id = found.lesson.partition("/")[0]
    if course_id not in courses.ids(study):
        raise CompanionError(
            f"speaks of {found.lesson}, and the study has no course {course_id!r}",
            hint=f"fastcompanion course add {course_id}",
            file=path,
            code=Exit.USAGE,
        )
    course = courses.load(study, course_id)
    for lesson in course.lessons:
        for ref in lesson.notebooks:
            if lesson.id == found.lesson and ref.id == found.notebook:
                return course, lesson, ref
    what = f"speaks of {found.lesson}, notebook {found.notebook!r}, which the study does not have"
    raise CompanionError(what, hint="fastcompanion lesson list", file=path, code=Exit.USAGE)


def take_file(study: Workspace, path: Path, *, record: bool = True) -> Taken:
    """Take a file of results into a study, each result once."""
    found = read(path)
    _, lesson, _ = lesson_of(study, found, path)
    known = {spec.id for spec in lesson.sections}
    strange = sorted({one.section for one in found.results} - known) if known else []
    if strange:
        raise CompanionError(
            f"speaks of sections that {found.lesson} does not have: {', '.join(strange[:4])}",
            hint="Was it written by another version of the program?",
            file=path,
        )
    fresh = unseen(study, found)
    if record:
        take(study, found, fresh)
    sections = {one.section: one.verdict for one in fresh if one.verdict}
    return Taken(found.lesson, found.notebook, path, sections, len(found.results) - len(fresh))


def unseen(study: Workspace, found: Results) -> tuple[Result, ...]:
    """Give the results that a study has not taken yet."""
    past = [*events.read(study, private=True), *events.read(study)]
    have = {name for event in past for name in _ids(event)}
    return tuple(one for one in found.results if one.id not in have)


def _ids(event: Event) -> Sequence[str]:
    ids = event.data.get("results")
    return [str(one) for one in ids] if isinstance(ids, list) else []


def take(study: Workspace, found: Results, fresh: Sequence[Result], *, door: str = "") -> None:
    """Record results as a check does: all of it in private, what passed in public.

    `door` is the notebook server where they were found, "" for a notebook on this machine.
    """
    for one in fresh:
        if one.hint:
            data = {"notebook": found.notebook, "section": one.section, "level": one.hint}
            own: dict[str, Any] = {**data, "results": [one.id]}
            if one.hint == _SOLUTION:
                own["again"] = (datetime.fromisoformat(one.at).date() + again.AFTER).isoformat()
            events.record(study, HINTED, found.lesson, own, private=True)
        if one.note:
            judged = {"notebook": found.notebook, "section": one.section}
            judged |= {"note": one.note, "key": one.key}
            events.record(study, ASSESSED, found.lesson, judged)
    rows = [one for one in fresh if one.verdict]
    if not rows:
        return
    ids = [one.id for one in rows]
    whole = {one.section: one.verdict for one in rows}
    common = {"notebook": found.notebook, "where": progress.LIVE, "results": ids}
    common |= {"door": door} if door else {}
    events.record(study, CHECKED, found.lesson, {**common, "sections": whole}, private=True)
    fine = {one.section: one.verdict for one in rows if one.verdict in FINE}
    if any(word in GOOD for word in fine.values()):
        solved = [name for name in found.solved if name in fine]
        counts = {"total": found.total, "complete": False}
        data = {**common, "sections": fine, "with_solution": solved, **counts}
        events.record(study, CHECKED, found.lesson, data)
