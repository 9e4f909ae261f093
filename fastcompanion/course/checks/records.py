"""Finding the recorded checks of a notebook: the study's own first, else those that ship with us."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.kernel import Interpreter
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.recorded import record
from fastcompanion.course.recorded.record import NewerRecordError, Record

Versions = Callable[[Collection[str]], Mapping[str, str]]
_ASK_SECONDS = 30.0
_ASK = """
import json, sys
from importlib import metadata
found = {"python": "%d.%d" % sys.version_info[:2]}
for name in json.loads(sys.argv[1]):
    try:
        found.setdefault(name, metadata.version(name))
    except Exception:
        pass
print("\\n" + json.dumps(found))
"""


@frozen
class Found:
    """The record that fits a notebook, if there is one; `notice` says why there is none."""

    record: Record | None = None
    path: Path | None = None
    notice: str = ""


def find(
    study: Workspace | None,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    original: Mapping[str, Any],
    versions: Versions | None = None,
) -> Found:
    """Find the record of an original: the study's, the one that ships with its course, any shipped.

    `versions` says which packages the learner's interpreter has; without it they aren't compared.
    A file that can't be read is an error, one that does not fit is left with a reason.
    """
    command = f"fastcompanion lesson record {lesson.id}"
    if ref.id != lesson.notebooks[0].id:
        command += f" --notebook {ref.id}"
    refused = ""
    for path in _places(study, course, lesson, ref, original):
        try:
            found = record.read(path)
        except NewerRecordError as error:
            refused = refused or f"{path.name} {error.message}; {error.hint}"
            continue
        except CompanionError as error:
            if study is None or path != study.checks_file(lesson.id, ref.id):
                raise
            raise CompanionError(
                error.message, hint=command, code=error.code, file=path, line=error.line
            ) from None
        here = versions(tuple(found.versions)) if versions is not None else {}
        reason = record.fits(found, original, here)
        if not reason:
            return Found(found, path)
        refused = refused or f"the recorded checks are not used: {reason}; anew: {command}"
    return Found(notice=refused or f"no recorded checks: {command}")


def _places(
    study: Workspace | None,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    original: Mapping[str, Any],
) -> Iterator[Path]:
    if study is not None and study.checks_file(lesson.id, ref.id).is_file():
        yield study.checks_file(lesson.id, ref.id)
    shipped = shipped_file(course.id, lesson.number, ref.id)
    if shipped.is_file():
        yield shipped
    if course.kind != "builtin":
        yield from _same_cells(original)


def shipped_file(course_id: str, number: str, notebook_id: str) -> Path:
    """Give the place of the recorded checks that ship for a notebook of the catalogue."""
    folder = workspace.content("lessons") / course_id / "checks"
    return folder / f"{number}-{notebook_id}.json"


def _same_cells(original: Mapping[str, Any]) -> Iterator[Path]:
    """Find shipped records by the hashes of their cells, under whatever name a course was added."""
    hashes = record.cell_hashes(original)
    if not hashes:
        return
    # As record.to_text writes them; reading the bytes is a tenth of parsing the file.
    wanted = json.dumps(list(hashes), separators=(",", ":")).encode()
    for path in sorted(workspace.content("lessons").glob("*/checks/*.json")):
        if wanted in store.read_bytes(path):
            yield path


def installed(interpreter: Interpreter) -> Versions:
    """Give what tells the versions of packages in an interpreter; asked once for each."""

    def versions(names: Collection[str]) -> Mapping[str, str]:
        environment = tuple(sorted(interpreter.env.items()))
        return _installed(tuple(interpreter.argv), environment, tuple(sorted(names)))

    return versions


@lru_cache(maxsize=32)
def _installed(
    argv: tuple[str, ...], environment: tuple[tuple[str, str], ...], names: tuple[str, ...]
) -> Mapping[str, str]:
    """Ask an interpreter; one that gives no answer will say why when it runs the notebook."""
    try:
        done = process.run(
            [*argv, "-c", _ASK, json.dumps(names)],
            env=dict(environment) or None,
            timeout=_ASK_SECONDS,
        )
        found: dict[str, str] = json.loads(done.out.strip().rpartition("\n")[2])
    except (CompanionError, ValueError):
        return {}
    return found
