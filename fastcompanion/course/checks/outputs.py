"""`lesson compare --outputs`: the results that the original shows, without its code.

For sections without a hard check, comparing results is the only way to judge one's own. They come
from what the original has saved, else from the learner's copy of it after `lesson run --execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.outputs import condense, plain
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks.check import Asked
from fastcompanion.course.checks.hints import all_events, choose, states
from fastcompanion.course.checks.prepared import ASSESSED, Prepared, is_mine, prepare
from fastcompanion.course.checks.verdict import FINE, GOOD
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds import scaffold
from fastcompanion.course.scaffolds.scaffold import ScaffoldSection

_MOST = 2000  # characters of one output


@frozen
class SectionOutputs:
    """What the original's cells of one section put out, as text; pictures are named only."""

    section: str
    title: str
    texts: tuple[str, ...]


@frozen
class OriginalOutputs:
    """The original's results; `source` says which file they were saved in."""

    lesson: str
    notebook: str
    sections: tuple[SectionOutputs, ...]
    source: Path


def outputs(study: Workspace, asked: Asked, *, agree: Callable[[str], bool]) -> OriginalOutputs:
    """Give the original's results for sections that ran without error in the newest check.

    `agree` is asked unless all of them are finished: results give away what should come out.
    Raises exit 4 before a section ran, exit 5 when no results are saved anywhere.
    """
    course, lesson = lessons.find(study, asked.lesson)
    ready = prepare(study, course, lesson, asked.notebook)
    own = [event for event in all_events(study) if is_mine(event, ready)]
    original = lessons.original(course, ready.ref)
    book = notebook.read(original)
    made = scaffold.scaffold(book, lesson, ready.ref)
    state = states(own)
    for event in own:
        if event.kind == ASSESSED:
            state[str(event.data.get("section"))] = "self-assessed"
    chosen = [s for s in made.sections if s.work_cells and state.get(s.id) in FINE]
    if asked.section is not None:
        wanted = choose(made.sections, asked.section, own, ready)
        chosen = [section for section in chosen if section.id == wanted.id]
    if not chosen:
        raise CompanionError(
            "the original's results are shown once a section has run without error",
            hint=f"fastcompanion lesson check {lesson.id}",
            code=Exit.CHECK_SAYS_NO,
        )
    found, source = _saved(study, ready, chosen, book, original)
    finished = all(state.get(section.id) in GOOD for section in chosen)
    if not finished and not agree("Show what the original puts out (no code)?"):
        raise CompanionError("nothing was shown", hint=f"fastcompanion hint {lesson.id}")
    return OriginalOutputs(lesson.id, ready.ref.id, found, source)


def _saved(
    study: Workspace,
    ready: Prepared,
    chosen: Sequence[ScaffoldSection],
    book: Mapping[str, Any],
    original: Path,
) -> tuple[tuple[SectionOutputs, ...], Path]:
    """Look in the original, then in the learner's copy of it."""
    found = tuple(_of_section(section, book["cells"]) for section in chosen)
    if any(one.texts for one in found):
        return found, original
    copied = study.notebook(ready.lesson.id, ready.ref.id, "run")
    if copied.is_file():
        by_source = {str(c["source"]): c for c in notebook.read(copied)["cells"]}
        # A cell that the learner has changed shows their results, not the original's.
        cells = [by_source.get(str(cell["source"]), {}) for cell in book["cells"]]
        found = tuple(_of_section(section, cells) for section in chosen)
        if any(one.texts for one in found):
            return found, copied
    raise CompanionError(
        "the original has no saved results to compare with",
        hint=f"fastcompanion lesson run {ready.lesson.id} --execute   (runs it here, then try again)",
        code=Exit.MISSING,
    )


def _of_section(section: ScaffoldSection, cells: Sequence[Mapping[str, Any]]) -> SectionOutputs:
    outs = [out for index in section.work_cells for out in cells[index].get("outputs") or ()]
    texts = tuple(text for out in outs if (text := _text(out)))
    return SectionOutputs(section.id, section.title, texts)


def _text(output: Mapping[str, Any]) -> str:
    """Write one output as text, in a terminal's terms."""
    data = output.get("data") or {}
    said = output.get("text") or data.get("text/plain") or ""
    text = condense(said if isinstance(said, str) else "".join(said)).strip()
    if output.get("output_type") == "error":
        text = f"{output.get('ename', 'an error')}: {output.get('evalue', '')}"
    if any(str(kind).startswith("image/") for kind in data):
        text = "(a picture: it stands in the original)"
    lines = [plain(line) for line in text[:_MOST].split("\n")]
    return "\n".join([*lines, "…"] if len(text) > _MOST else lines)
