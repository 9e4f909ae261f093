"""`lesson hint` and `lesson compare`: help in four steps, and the original beside one's own work.

1 the goal and what should come out, 2 the names of what the original uses, 3 the order of its
steps in words, 4 the original's cells. What the author wrote for 1 to 3 comes first. Step 4 marks
the section "with solution" and schedules it again.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from textwrap import shorten
from typing import Any

from fastcompanion.base import clock, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again
from fastcompanion.course.again import Begun
from fastcompanion.course.checks import recall
from fastcompanion.course.checks.check import Asked
from fastcompanion.course.checks.prepared import (
    ASSESSED,
    CHECKED,
    HINTED,
    Prepared,
    is_mine,
    prepare,
)
from fastcompanion.course.checks.verdict import GOOD, expected
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import dotted, parameters
from fastcompanion.course.scaffolds import scaffold
from fastcompanion.course.scaffolds.scaffold import ScaffoldSection

SOLUTION = 4
_WORDS = ("", "the goal", "what to use", "the order of the steps", "the original")
_NUMBERED = re.compile(r"^\s*(?:\d+\.|[-*])\s+")
_GOAL_LINES, _GOAL_LINE = 3, 160
_BUILTIN_NOISE = frozenset({"print", "display"})


@frozen
class Hint:
    """One hint; `code` holds the original's cells at level 4, `again` the day to do it again."""

    lesson: str
    notebook: str
    section: str
    title: str
    level: int
    about: str
    texts: tuple[str, ...]
    code: tuple[str, ...] = ()
    again: date | None = None


@frozen
class Comparison:
    """The original beside the learner's version, section by section, as text."""

    lesson: str
    notebook: str
    sections: tuple[str, ...]
    text: str
    made_by: str


def hint(
    study: Workspace,
    asked: Asked,
    *,
    level: int | None = None,
    agree: Callable[[str], bool],
    record: bool = True,
) -> Hint:
    """Give a hint: by default the next one for the first section that is not finished.

    `agree` is asked before the solution of a section is shown for the first time. A section that
    is being written again begins with its first hint anew.
    """
    known = all_events(study)
    begun = _again(study, asked, known)
    if begun is not None:
        asked = replace(asked, lesson=begun.lesson, notebook=begun.notebook, section=begun.section)
    course, lesson = lessons.find(study, asked.lesson)
    ready = prepare(study, course, lesson, asked.notebook)
    own = [e for e in known if is_mine(e, ready) and (begun is None or e.at >= begun.at)]
    made, cells = _original(course, lesson, ready.ref)
    chosen = choose(made.sections, asked.section, own, ready)
    wanted = _level(lesson, chosen, level, _shown(own, chosen.id), agree)
    given = _hint(ready.ref, lesson, chosen, wanted, cells)
    if record:
        data: dict[str, Any] = {"notebook": ready.ref.id, "section": chosen.id, "level": wanted}
        if given.again is not None:
            data["again"] = given.again.isoformat()
        events.record(study, HINTED, lesson.id, data, private=True)
    return given


def _again(study: Workspace, asked: Asked, known: Sequence[Event]) -> Begun | None:
    """Give the section that is being written again, where it is what the learner has in hand."""
    begun = recall.under_way(study, known)
    if begun is None:
        return None
    _, lesson = lessons.find(study, asked.lesson)
    if asked.section is not None:
        named = (lesson.id, asked.section) == (begun.lesson, begun.section)
        return begun if named else None
    if asked.lesson is not None and lesson.id != begun.lesson:
        return None
    return recall.in_hand(study, known, lesson.id)


def hint_for(
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    section: str,
    *,
    level: int | None,
    shown: int,
    agree: Callable[[str], bool],
) -> Hint:
    """Give a hint for one section, wherever it is that the learner works; nothing is recorded.

    `shown` is the highest level that was shown for it. Raises exit 5 without the original.
    """
    made, cells = _original(course, lesson, ref)
    chosen = next((one for one in made.sections if one.id == section), None)
    if chosen is None or not chosen.work_cells:
        raise CompanionError(f"there is nothing to reproduce in {section}", code=Exit.USAGE)
    wanted = _level(lesson, chosen, level, shown, agree)
    return _hint(ref, lesson, chosen, wanted, cells)


def _level(
    lesson: Lesson,
    chosen: ScaffoldSection,
    level: int | None,
    shown: int,
    agree: Callable[[str], bool],
) -> int:
    """Choose the level, the next one by default; the solution needs the learner's consent."""
    wanted = min(shown + 1, SOLUTION) if level is None else level
    if not 1 <= wanted <= SOLUTION:
        raise CompanionError("hints have the levels 1 to 4", code=Exit.USAGE)
    question = f"Show the original of {chosen.title!r}? The section then counts as with solution"
    if wanted == SOLUTION and shown < SOLUTION and not agree(question):
        raise CompanionError("nothing was shown", hint=f"fastcompanion hint {lesson.id} 3")
    return wanted


def all_events(study: Workspace) -> list[Event]:
    """Give public and private events in the order of their moments."""
    found = [*events.read(study), *events.read(study, private=True)]
    return sorted(found, key=lambda event: (event.at, event.id))


def _shown(own: Sequence[Event], section: str) -> int:
    """Give the highest level that was shown for a section."""
    hinted = [e for e in own if e.kind == HINTED and e.data.get("section") == section]
    return max((int(e.data.get("level", 0)) for e in hinted), default=0)


def _original(
    course: Course, lesson: Lesson, ref: NotebookRef
) -> tuple[scaffold.Scaffold, dict[int, str]]:
    original = notebook.read(lessons.original(course, ref))
    codes = enumerate(original["cells"])
    sources = {i: str(c["source"]) for i, c in codes if c["cell_type"] == "code"}
    return scaffold.scaffold(original, lesson, ref), sources


def choose(
    sections: Sequence[ScaffoldSection],
    wanted: str | None,
    own: Sequence[Event],
    ready: Prepared,
) -> ScaffoldSection:
    """Choose the named section, else the first that is not finished."""
    with_work = [section for section in sections if section.work_cells]
    if wanted is not None:
        found = [s for s in with_work if s.id == wanted]
        found = found or [s for s in with_work if s.id.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        listed = ", ".join(s.id for s in found or with_work)
        raise CompanionError(f"which section? {wanted!r} could be: {listed}", code=Exit.USAGE)
    state = states(own)
    for section in with_work:
        if state.get(section.id) not in GOOD:
            return section
    if not with_work:
        raise CompanionError(f"{ready.ref.id} has no section to reproduce", code=Exit.USAGE)
    return with_work[-1]


def states(own: Sequence[Event]) -> dict[str, str]:
    """Give the newest verdict of each section."""
    state: dict[str, str] = {}
    for event in own:
        if event.kind == CHECKED and isinstance(event.data.get("sections"), dict):
            state.update(event.data["sections"])
    return state


def _hint(
    ref: NotebookRef,
    lesson: Lesson,
    section: ScaffoldSection,
    level: int,
    cells: Mapping[int, str],
) -> Hint:
    sources = [cells[index] for index in section.work_cells if index in cells]
    spec = next((one for one in lesson.sections if one.id == section.id), None)
    authored = spec.hints if spec is not None else ()
    day = None
    if level == SOLUTION:
        texts: tuple[str, ...] = ("Close it again before you go on, and write it in your own way.",)
        day = clock.today() + again.AFTER
    elif level <= len(authored):
        texts = (authored[level - 1],)
    else:
        texts = {1: _goal, 2: _names, 3: _outline}[level](section, sources)
    code = tuple(sources) if level == SOLUTION else ()
    about = _WORDS[level]
    key = (lesson.id, ref.id, section.id, section.title, level, about)
    return Hint(*key, texts, code, day)


def _goal(section: ScaffoldSection, sources: Sequence[str]) -> tuple[str, ...]:
    del sources
    lines = [_NUMBERED.sub("", line) for line in section.goal.splitlines() if line.strip()]
    goal = [shorten(line, _GOAL_LINE, placeholder=" …") for line in lines[:_GOAL_LINES]]
    if len(lines) > _GOAL_LINES:
        goal[-1] = f"{goal[-1].removesuffix(' …')} … (the rest stands in your notebook)"
    goal = goal or [f"Reproduce the section {section.title!r}."]
    return (*goal, *(f"there should be: {expected(point)}" for point in section.checkpoints))


def _names(section: ScaffoldSection, sources: Sequence[str]) -> tuple[str, ...]:
    """Name the functions, methods and operators that the original uses, without arguments."""
    del section
    trees = [tree for source in sources if (tree := parse_cell(source)) is not None]
    own = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, _DEFINED)}
    found = dict.fromkeys(name for tree in trees for name in _used_in(tree))
    names = [name for name in found if name not in own and name not in _BUILTIN_NOISE]
    if not names:
        return ("Plain Python is enough here: no library function is called.",)
    return ("The original uses " + ", ".join(names) + ".",)


def _used_in(tree: ast.Module) -> Iterator[str]:
    """Name what a cell calls, in the order in which it stands there."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.BinOp)]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node, ast.Call) and (name := _called(node.func)):
            yield name
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield "@ (the matrix product)"


_DEFINED = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)


def _called(function: ast.expr) -> str:
    """Write what is called: `np.stack`, or `.mean` for a method of some value."""
    name = dotted(function)
    return f".{name.rsplit('.', 1)[-1]}" if name.startswith("?.") else name.strip("?")


def _outline(section: ScaffoldSection, sources: Sequence[str]) -> tuple[str, ...]:
    """Tell the order of the steps in words."""
    steps = [
        step
        for source in sources
        if (tree := parse_cell(source)) is not None
        for node in tree.body
        for step in _steps(node)
    ]
    return tuple(steps) or (f"There is only one step in {section.title!r}.",)


def _steps(node: ast.stmt) -> Iterator[str]:
    """Put one statement into words, those inside it after it."""
    used = _using(node)
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            takes = ", ".join(parameters(node.args)) or "nothing"
            yield f"define a function {node.name} that takes {takes}:"
            yield from _inside(node.body)
        case ast.ClassDef():
            yield f"define a class {node.name}:"
            yield from _inside(node.body)
        case ast.For() | ast.AsyncFor() | ast.While():
            header = node.iter if not isinstance(node, ast.While) else node.test
            yield f"repeat{_using(header)}:"
            yield from _inside([*node.body, *node.orelse])
        case ast.If():
            yield f"decide{_using(node.test)}:"
            yield from _inside([*node.body, *node.orelse])
        case ast.With() | ast.AsyncWith():
            yield f"within a block{_using(*(item.context_expr for item in node.items))}:"
            yield from _inside(node.body)
        case ast.Assign() | ast.AnnAssign():
            yield f"make {_targets(node)}{used}"
        case ast.AugAssign():
            yield f"change {_targets(node)}{used}"
        case ast.Return():
            yield f"return the result{used}"
        case ast.Expr() if not isinstance(node.value, ast.Constant):
            yield f"look at a result{used}" if not used else f"call{used.removeprefix(' with')}"
        case _:
            return


def _inside(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        for step in _steps(node):
            yield f"· {step}"


def _using(*nodes: ast.AST) -> str:
    calls = [
        name
        for node in nodes
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and (name := _called(inner.func))
    ]
    listed = ", ".join(dict.fromkeys(calls))
    return f" with {listed}" if listed else ""


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> str:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [
        inner.id
        for target in targets
        for inner in ast.walk(target)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    ]
    if names:
        return ", ".join(dict.fromkeys(names))
    return f"a part of {dotted(targets[0].value)}" if hasattr(targets[0], "value") else "a value"


def compare(study: Workspace, asked: Asked) -> Comparison:
    """Put the original beside the learner's version of finished sections.

    Refused (exit 4) before a section is passed or self-assessed: hints are the way until then.
    """
    course, lesson = lessons.find(study, asked.lesson)
    ready = prepare(study, course, lesson, asked.notebook)
    own = [e for e in all_events(study) if is_mine(e, ready)]
    made, cells = _original(course, lesson, ready.ref)
    state = states(own)
    assessed = {str(e.data.get("section")) for e in own if e.kind == ASSESSED}
    done = [s for s in made.sections if state.get(s.id) in GOOD or s.id in assessed]
    if asked.section is not None:
        wanted = choose(made.sections, asked.section, own, ready)
        done = [s for s in done if s.id == wanted.id]
    done = [s for s in done if s.work_cells]
    if not done:
        ran = "to-assess" in state.values()
        results = (
            f"fastcompanion lesson compare {lesson.id} --outputs   (its results, without code)"
        )
        raise CompanionError(
            "the original is shown beside yours once a section has passed",
            hint=results if ran else f"fastcompanion lesson check {lesson.id}",
            code=Exit.CHECK_SAYS_NO,
        )
    pairs = [(s, *_both(ready, s, cells)) for s in done]
    text = _by_nbdime(pairs)
    made_by = "nbdime" if text is not None else "difflib"
    if text is None:
        text = _by_difflib(pairs)
    return Comparison(lesson.id, ready.ref.id, tuple(s.id for s in done), text, made_by)


_Pair = tuple[ScaffoldSection, list[str], list[str]]


def _both(
    ready: Prepared, section: ScaffoldSection, cells: Mapping[int, str]
) -> tuple[list[str], list[str]]:
    planned = next(one for one in ready.plan.sections if one.id == section.id)
    own = [cell.source for cell in planned.cells if not cell.is_given and cell.source.strip()]
    return [cells[i] for i in section.work_cells], own


def _by_nbdime(pairs: Sequence[_Pair]) -> str | None:
    """Compare with nbdime, which knows cells; None where it is not installed."""
    try:
        from nbdime.diffing.notebooks import diff_notebooks
        from nbdime.prettyprint import PrettyPrintConfig, pretty_print_notebook_diff
    except ImportError:
        return None
    whole = []
    for section, original, own in pairs:
        left, right = _book(original), _book(own)
        out = io.StringIO()
        config = PrettyPrintConfig(
            out=out, include={"sources"}, use_git=False, use_diff=False, use_color=False
        )
        pretty_print_notebook_diff("original", "yours", left, diff_notebooks(left, right), config)
        whole.append(f"== {section.title}\n{out.getvalue()}")
    return "\n".join(whole)


def _book(sources: Sequence[str]) -> dict[str, Any]:
    empty: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    cells = [
        {"cell_type": "code", "id": f"c{number}", "source": source, **empty}
        for number, source in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _by_difflib(pairs: Sequence[_Pair]) -> str:
    whole: list[str] = []
    for section, original, own in pairs:
        left, right = "\n\n".join(original).split("\n"), "\n\n".join(own).split("\n")
        lines = difflib.unified_diff(left, right, "original", "yours", lineterm="", n=10_000)
        whole += [f"== {section.title}", *(list(lines) or ["(the same)"]), ""]
    return "\n".join(whole)
