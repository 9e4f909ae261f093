"""Is a lesson repeated? Other data, a loader cell that runs, and a model that beats the naive baseline.

The learner's notebook writes what its model says of the rows of a part; here that is compared with what the
baseline says of the same rows. The truths are the data's, not those that the notebook wrote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import config, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import CellResult, Kernel, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.checks.check import Asked
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.progress import NextStep
from fastcompanion.data import files, folds, naive, predictions, scores, task
from fastcompanion.data.folds import Split
from fastcompanion.data.predictions import LABELS_APART, Predictions, Run
from fastcompanion.data.scores import Compared, Score
from fastcompanion.flows import lesson_data
from fastcompanion.flows.repeat import ABOUT, NAIVE, PROMPT, VERSION

State = Literal["done", "open", "wrong", "could not check"]
_SHORTEST_NOTE = 10
_CLOSE = 1e-3
_MINE = re.compile(r"mine-(.+)\.csv")
_DLS = re.compile(r"(?m)^\s*dls\s*=")
_PROBE = """
dls.one_batch()
size = lambda one: len(one) if hasattr(one, "__len__") else 0
sizes = [size(getattr(dls, name, ())) for name in ("train_ds", "valid_ds")]
[str(FOLD), [str(one) for one in valid_ids], *sizes]
"""


@frozen
class Item:
    """One thing that has to hold, how far it is, and what to do about it."""

    name: Literal["data", "loaders", "baseline", "model", "note"]
    state: State
    text: str
    hint: str = ""


@frozen
class RepeatReport:
    """What the check of a repeat notebook found; `complete` says that all of it holds."""

    lesson: str
    title: str
    notebook: str
    items: tuple[Item, ...]
    baseline: str
    to_beat: Score | None
    score: Score | None
    compared: Compared | None
    complete: bool
    finished_step: bool
    commit: CommitResult | None
    next: NextStep | None

    @property
    def exit_code(self) -> Exit:
        """0 all holds, 4 something is open or wrong, 5 all else holds and something could not be checked."""
        states = {item.state for item in self.items}
        if states & {"open", "wrong"}:
            return Exit.CHECK_SAYS_NO
        return Exit.MISSING if "could not check" in states else Exit.DONE


@frozen
class _Work:
    """One repeat notebook with what lies beside it."""

    ws: Workspace
    course: Course
    lesson: Lesson
    ref: NotebookRef
    book: Mapping[str, Any]
    about: Mapping[str, Any]
    split: Split
    run: Run
    naive: Predictions

    @property
    def path(self) -> Path:
        return self.ws.notebook(self.lesson.id, self.ref.id, "repeat")

    @property
    def folder(self) -> Path:
        return self.ws.repeat_folder(self.lesson.id, self.ref.id)


def _begun(ws: Workspace, lesson: Lesson) -> list[NotebookRef]:
    return [ref for ref in lesson.notebooks if ws.notebook(lesson.id, ref.id, "repeat").exists()]


def check(
    ws: Workspace, asked: Asked, *, note: str = "", reporter: Reporter, record: bool = True
) -> RepeatReport:
    """Check a repeat notebook, and finish the step when all holds."""
    work = _work(ws, asked)
    compared, beaten = _model(work)
    sentence = note.strip() or _note(work.book)
    items = (
        _data(work),
        _loaders(work, asked, reporter),
        _baseline(work),
        beaten,
        _noted(work, sentence),
    )
    complete = all(item.state == "done" for item in items)
    before = _is_done(work)
    commit = None
    if complete and record and not before and compared is not None:
        commit = _finish(work, sentence, compared[0])
    return RepeatReport(
        lesson=work.lesson.id,
        title=work.lesson.title,
        notebook=ws.relative(work.path),
        items=items,
        baseline=work.run.name,
        to_beat=compared[1] if compared else None,
        score=compared[2] if compared else None,
        compared=compared[0] if compared else None,
        complete=complete,
        finished_step=complete and record and not before,
        commit=commit,
        next=lessons.next_of(ws, work.course, work.lesson) if complete else None,
    )


def _work(ws: Workspace, asked: Asked) -> _Work:
    course, lesson = lessons.find(ws, asked.lesson)
    begun = _begun(ws, lesson)
    ref = lessons.notebook_of(lesson, asked.notebook) if asked.notebook else next(iter(begun), None)
    if ref is None or ref not in begun:
        raise CompanionError(
            f"{lesson.id} has no notebook with data of your own yet",
            hint=f"fastcompanion lesson repeat {lesson.id} PATH",
            code=Exit.NOT_SET_UP,
        )
    folder = ws.repeat_folder(lesson.id, ref.id)
    if not folder.is_dir():
        raise CompanionError(
            "the split and the baseline that belong to the notebook are not there",
            hint="Take the folder from git, or move the notebook away and: "
            f"fastcompanion lesson repeat {lesson.id} PATH",
            file=folder,
            code=Exit.NOT_SET_UP,
        )
    about = store.check_version(store.read_json(folder / ABOUT), folder / ABOUT, current=VERSION)
    book = notebook.read(ws.notebook(lesson.id, ref.id, "repeat"))
    run, rows = predictions.read(folder / NAIVE)
    return _Work(ws, course, lesson, ref, book, about, folds.read(folder), run, rows)


def _is_done(work: _Work) -> bool:
    found = progress.progress(work.course, work.lesson, events.read(work.ws))
    return any(one.step == "repeat" and one.state == "done" for one in found.steps)


def _data(work: _Work) -> Item:
    """Other data than the lesson's, and the same as when the baseline was computed."""
    shown = str(work.about["data"])
    root = work.ws.root / Path(shown).expanduser()
    known: Mapping[str, str] = work.about["files"]
    if not root.is_dir():
        hint = f"Put them back, or change the path in the notebook and in {ABOUT}."
        return Item("data", "open", f"the data are not at {shown} any more", hint)
    folder = files.walk(root)
    now = {name: task.of_file(folder, name) for name in known}
    gone = [name for name, digest in now.items() if digest != known[name]]
    if gone:
        hint = "The baseline and the split are those of the data as they were: put these back, or begin anew."
        return Item("data", "wrong", f"{gone[0]} is not what it was ({len(gone)} in all)", hint)
    original = _original(work)
    same = lesson_data.same(work.ws, work.course, work.lesson, work.ref, original, folder, now)
    if same:
        return Item("data", "wrong", f"this is the lesson's own data ({same})", "Take other data.")
    doubts = "".join(f"; but {one}" for one in work.about.get("doubts", ()))
    return Item("data", "done", f"{shown}: none of the lesson's files is among them{doubts}")


def _original(work: _Work) -> Mapping[str, Any] | None:
    try:
        return notebook.read(lessons.original(work.course, work.ref))
    except CompanionError:
        return None


def _loaders(work: _Work, asked: Asked, reporter: Reporter) -> Item:
    """Run the notebook up to the cell that makes `dls`, in a fresh kernel, and ask for a batch."""
    cells = _until_loaders(work.book)
    if not cells:
        return Item("loaders", "wrong", "no cell makes `dls`", "Name your DataLoaders dls.")
    settings = config.load(work.ws)
    cell = asked.cell_timeout or settings.get("check.cell_seconds")
    total = asked.budget or settings.get("check.total_seconds")
    limits = Limits(float(cell), float(total), float(settings.get("check.output_mb")))
    try:
        interpreter = find_interpreter(asked.kernel, work.course, work.ws, reporter)
    except CompanionError as error:
        return Item("loaders", "could not check", error.message, error.hint)
    with (
        reporter.task("Loading the data", total=len(cells)) as told,
        Kernel(interpreter, work.path.parent, limits) as kernel,
    ):
        for number, source in enumerate(cells):
            result = kernel.run(source, number)
            told.advance()
            if result.status != "ok":
                return _failed(work, result)
        try:
            fold, ids, *sizes = kernel.ask(_PROBE)
        except CompanionError as error:
            hint = "The cell makes dls, FOLD and valid_ids (the ids of the rows to validate on)."
            return Item("loaders", "wrong", error.message, hint)
    return _loaded(work, str(fold), list(ids), sizes)


def _until_loaders(book: Mapping[str, Any]) -> list[str]:
    """Give the code up to the marked cell; up to the first that makes `dls` where the mark has gone."""
    code = [
        cell for cell in book["cells"] if cell["cell_type"] == "code" and cell["source"].strip()
    ]
    marked = [number for number, cell in enumerate(code) if _role(cell) == "loader"]
    named = [number for number, cell in enumerate(code) if _DLS.search(cell["source"])]
    last = next(iter(marked or named), -1)
    if marked and named and last not in named:
        last = named[0]
    return [cell["source"] for cell in code[: last + 1]]


def _role(cell: Mapping[str, Any]) -> str:
    ours = cell.get("metadata", {}).get("fastcompanion")
    return str(ours.get("role", "")) if isinstance(ours, dict) else ""


def _failed(work: _Work, result: CellResult) -> Item:
    told = f"{result.error_name}: {result.error_value}".strip(": ") or result.status
    if result.status != "error":
        return Item("loaders", "could not check", f"the loader cell did not end: {told}", "--cell-timeout SECONDS")  # fmt: skip
    if result.error_name in ("ModuleNotFoundError", "ImportError"):
        hint = f"fastcompanion check {work.lesson.id} --step repeat --kernel NAME   (fastcompanion env list)"
        return Item("loaders", "could not check", told, hint)
    return Item("loaders", "wrong", f"the loader cell stops: {told}", "Run the cell in your notebook and mend it.")  # fmt: skip


def _loaded(work: _Work, fold: str, ids: Sequence[str], sizes: Sequence[int]) -> Item:
    wanted = set(work.split.of(fold))
    if fold not in work.split.folds:
        hint = f"FOLD is one of {', '.join(work.split.folds)}."
        return Item("loaders", "wrong", f"the split has no part {fold!r}", hint)
    if set(ids) != wanted or len(ids) != len(wanted):
        apart = len(wanted ^ set(ids))
        hint = "Validate on the rows that splits.csv gives to FOLD, and on no others."
        text = f"{apart} of the rows to validate on are not those of part {fold!r} of the split"
        return Item("loaders", "wrong", text, hint)
    if sizes[1] and sizes[1] != len(wanted):
        text = f"dls.valid_ds has {sizes[1]} rows, part {fold!r} of the split {len(wanted)}"
        return Item("loaders", "wrong", text, "Give valid_ids in the order of dls.valid_ds.")
    many = f"{sizes[0]} rows to learn from, " if sizes[0] else ""
    return Item("loaders", "done", f"{many}{len(ids)} to validate on (part {fold}), a batch came")


def _baseline(work: _Work) -> Item:
    if work.run.split != work.split.digest:
        hint = f"Move the notebook and its folder away, and: fastcompanion lesson repeat {work.lesson.id} PATH"
        return Item("baseline", "wrong", "the baseline was judged on another split", hint)
    told: Mapping[str, Any] = work.about["baseline"]
    text = f"{work.run.name}: {told['metric']} {told['value']:.4g} ({told['low']:.4g} to {told['high']:.4g})"
    return Item("baseline", "done", f"{text} on {told['n']} rows")


_Scored = tuple[Compared, Score, Score]


def _model(work: _Work) -> tuple[_Scored | None, Item]:
    """Compare what the model says with the baseline, on the rows that the model was asked about."""
    try:
        mine = _mine(work)
        if mine is None:
            hint = "Train a model, and run the cell below `What your model says`."
            return None, Item("model", "open", "your model has said nothing yet", hint)
        beside = work.naive.taken(mine.ids)
        more = {"ordered": bool(work.about["ordered"]), "scale": float(work.about["scale"])}
        metric = work.run.metric
        compared = scores.compare(metric, beside, mine, **more)  # type: ignore[arg-type]
        both = (scores.score(metric, rows, **more) for rows in (beside, mine))  # type: ignore[arg-type]
        to_beat, own = both
    except CompanionError as error:
        return None, Item("model", "wrong", error.message, error.hint)
    return (compared, to_beat, own), _verdict(work, compared, to_beat, own, mine)


def _verdict(
    work: _Work, compared: Compared, to_beat: Score, own: Score, mine: Predictions
) -> Item:
    text = (
        f"{own.metric} {own.value:.4g} ({own.low:.4g} to {own.high:.4g}), the baseline {to_beat.value:.4g}; "
        f"difference {compared.difference:+.4g} ({compared.low:+.4g} to {compared.high:+.4g}), n = {compared.n}: "
        f"{compared.verdict}"
    )
    if compared.verdict == "better":
        return Item("model", "done", text)
    left = [fold for fold in work.split.folds if not set(work.split.of(fold)) <= set(mine.ids)]
    hints = []
    if compared.verdict == "cannot tell":
        if compared.rows_needed is not None:
            hints.append(f"about {compared.rows_needed} rows would show a difference of this size")
        if left:
            hints.append(f"run the notebook with FOLD = {left[0]!r} as well, for more rows")
    return Item("model", "wrong", text, "; ".join(hints) or "Look at what it gets wrong.")


def _mine(work: _Work) -> Predictions | None:
    """Read what the notebook wrote, part by part, with the truths of the data."""
    found: list[Predictions] = []
    for path in sorted(work.folder.glob("mine-*.csv")):
        match = _MINE.fullmatch(path.name)
        fold = match[1] if match else ""
        rows = predictions.from_text(store.read_text(path), path)
        wanted = set(work.split.of(fold))
        if fold not in work.split.folds or set(rows.ids) != wanted:
            raise CompanionError(
                f"{path.name} is not about the rows of part {fold!r} of the split",
                hint="Run the cell below `What your model says` again, or remove the file.",
            )
        found.append(_with_truths(work, rows, path))
    return _joined(found) if found else None


def _with_truths(work: _Work, rows: Predictions, path: Path) -> Predictions:
    """Put the data's truths in place of those that were written, which must be the same."""
    known = work.naive.taken(rows.ids)
    wrong = list(_apart(work.run.kind, known, rows))
    if wrong:
        raise CompanionError(
            f"{len(wrong)} of {len(rows)} truths in {path.name} are not those of the data, such as that of "
            f"{wrong[0]}: the loaders give rows another row's label",
            hint="valid_ids has to stand in the order of dls.valid_ds.",
        )
    names = {truth: truth for truth in work.naive.truths}
    said = tuple(_canonical(one, names) for one in rows.predictions)
    if naive.says(work.run.kind) != "class":
        said = rows.predictions
    return replace(rows, truths=known.truths, predictions=said, groups=known.groups)


def _apart(kind: str, known: Predictions, rows: Predictions) -> Iterator[str]:
    """Name the rows whose truths differ."""
    says = naive.says(kind)
    if says == "mask":
        if sorted(_areas(known)) != sorted(_areas(rows)):
            yield rows.ids[0]
        return
    for one, truth, told in zip(rows.ids, known.truths, rows.truths, strict=True):
        if not _same(says, truth, told):
            yield one


def _areas(rows: Predictions) -> list[tuple[float, ...]]:
    """Give how many pixels each class has in every image, whatever the classes are called."""
    hit, lost = rows.pixels("hit"), rows.pixels("lost")
    found = [tuple(h + e for h, e in zip(column, lost[name], strict=True)) for name, column in hit.items()]  # fmt: skip
    return [area for area in found if any(area)]


def _same(says: str, truth: str, told: str) -> bool:
    if truth == told:
        return True
    if says == "labels":
        return set(truth.split(LABELS_APART)) == set(told.split(LABELS_APART))
    try:
        pairs = list(zip(map(float, truth.split()), map(float, told.split()), strict=True))
    except ValueError:
        return False
    exact = 1e-9 if says == "class" else _CLOSE
    return bool(pairs) and all(math.isclose(a, b, rel_tol=exact, abs_tol=exact) for a, b in pairs)


def _canonical(cell: str, names: Mapping[str, str]) -> str:
    """Write a class as the data do: 1.0 is the class 1."""
    if cell in names:
        return cell
    return next((name for name in names if _same("class", name, cell)), cell)


def _joined(found: Sequence[Predictions]) -> Predictions:
    names = list(found[0].numbers)
    if any(set(one.numbers) != set(names) for one in found):
        raise CompanionError(
            "the files of your model do not have the same columns",
            hint="Run the notebook again for each part.",
        )
    return Predictions(
        tuple(one for rows in found for one in rows.ids),
        tuple(one for rows in found for one in rows.truths),
        tuple(one for rows in found for one in rows.predictions),
        tuple(one for rows in found for one in rows.groups),
        {name: tuple(value for rows in found for value in rows.numbers[name]) for name in names},
    )


def _note(book: Mapping[str, Any]) -> str:
    """Give what the learner wrote under `What came of it`, in one cell or several."""
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "markdown"]
    first = next((n for n, cell in enumerate(cells) if _role(cell) == "note"), len(cells))
    text = "\n".join(cell["source"] for cell in cells[first:]).replace(PROMPT, "")
    return " ".join(line.strip() for line in text.split("\n") if line.strip() and not line.startswith("#"))  # fmt: skip


def _noted(work: _Work, sentence: str) -> Item:
    if len(sentence) < _SHORTEST_NOTE:
        hint = "Write it into the last cell, or: "
        hint += f'fastcompanion check {work.lesson.id} --step repeat --note "..."'
        return Item("note", "open", "a sentence of yours is missing: what came of it?", hint)
    return Item("note", "done", sentence if len(sentence) <= 100 else f"{sentence[:99]}…")


def _finish(work: _Work, sentence: str, compared: Compared) -> CommitResult | None:
    data = {
        "step": "repeat",
        "note": sentence,
        "notebook": work.ref.id,
        "metric": compared.metric,
        "baseline": compared.first,
        "score": compared.second,
        "n": compared.n,
    }
    paths = [work.path, *(work.folder / name for name in (ABOUT, folds.TABLE, folds.ABOUT))]
    message = f"Finish repeat of {work.lesson.id}"
    return events.record(work.ws, "lesson.step_done", work.lesson.id, data, commit=message, paths=paths).commit  # fmt: skip
