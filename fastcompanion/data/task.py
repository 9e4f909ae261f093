"""A data set made ready to learn from: what is predicted, by which rows it is judged, and the number to beat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.data import (
    baselines,
    files,
    first,
    folds,
    labels,
    look,
    measures,
    naive,
    pictures,
    pixels,
    problems,
    splits,
    tabular,
    words,
)
from fastcompanion.data.dataset import KINDS, DataSet, Metric
from fastcompanion.data.files import Folder
from fastcompanion.data.first import First
from fastcompanion.data.folds import Split
from fastcompanion.data.media import Found
from fastcompanion.data.pixels import Counted
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

SEED = 42
_DIGESTED = 200
_TEXT = 1 << 16


@frozen
class Wanted:
    """What the learner said of the data; empty where nothing was said."""

    path: Path
    target: str = ""
    kind: str = ""
    metric: str = ""


@frozen
class Task:
    """A data set ready to learn from. `truths` are by id; `firsts` are the naive baselines, the best first.

    Of tables there is `view` and `known`, of files `found` and the truths as they stand there (`raw`).
    """

    seen: DataSet
    folder: Folder
    metric: Metric
    split: Split
    truths: Mapping[str, str]
    firsts: tuple[First, ...]
    scale: float = 1.0
    notes: tuple[str, ...] = ()
    view: View | None = None
    known: Recognised | None = None
    found: Found | None = None
    raw: Mapping[str, str] = field(default_factory=dict)
    masks: Counted | None = None

    @property
    def kind(self) -> str:
        """The kind of the data set."""
        return self.seen.kind.value

    @property
    def ordered(self) -> bool:
        """Are rows a series in time?"""
        return self.kind == "time-series"

    @property
    def is_perfect(self) -> bool:
        """Does the baseline leave nothing to beat?"""
        found = self.best.score
        return found.value >= 1 if found.direction == "higher" else found.value <= 0

    @property
    def best(self) -> First:
        """The baseline to beat."""
        return self.firsts[0]


def make(wanted: Wanted, seen: DataSet, *, reporter: Reporter = SILENT) -> Task:
    """Split a data set that was looked at and judge its naive baselines."""
    refuse(seen)
    found = look.files_at(wanted.path, target=wanted.target, kind=wanted.kind)
    if found is not None and found.kind.value == seen.kind.value:
        return _of_files(wanted, seen, found, reporter)
    return _of_tables(wanted, seen)


def refuse(seen: DataSet) -> None:
    """Nothing can be learned from a data set that nobody can tell, or that has what stops everything."""
    show = shown(["fastcompanion", "data", "show", seen.path])
    if seen.kind.value == "unknown":
        why = "; ".join(seen.kind.why) or seen.problems[0].text
        known = ", ".join(name for name in KINDS if name != "unknown")
        raise CompanionError(
            f"nothing tells what kind of data set this is: {why}",
            hint=f"--kind with one of: {known}   ({show})",
            file=seen.path,
            code=Exit.USAGE,
        )
    problems.refuse(seen.problems, Path(seen.path))


def _of_tables(wanted: Wanted, seen: DataSet) -> Task:
    view = look.view_at(wanted.path, whole=True)
    known = tabular.recognise(view, wanted.target, wanted.kind)
    if not known.target.value:
        raise CompanionError(
            "nothing tells which column is to be predicted",
            hint=f"--target with one of: {', '.join(view.train.names[:12])}",
            code=Exit.USAGE,
        )
    metric = chosen(
        wanted.metric,
        seen,
        measures.propose(known.kind.value, view.values[known.target.value], view),
        min(
            (one for one in view.values[known.target.value].numbers if one is not None),
            default=None,
        ),
    )
    rule = splits.propose(view, known)
    assert rule is not None
    # One block: the loader cell learns from all rows that are not validated on.
    rule = replace(rule, folds=1) if rule.rule == "time" else rule
    view, rows = first.judged_rows(view, known, rule)
    split = folds.make(rule, rows, seed=SEED)
    made = first.judge(view, known, split, metric)
    truths = {one: truth for m in made for one, truth in _truths_of(m)}
    truths |= _learned(view, known, split, truths)
    groups = dict(zip(rows.ids, rows.groups, strict=True)) if rows.groups else {}
    scale = _scale(split, truths, known, view) if metric.name == "mase" else 1.0
    firsts = naive.of_rows(
        made, metric, split, truths, groups, ordered=known.kind.value == "time-series", scale=scale
    )
    if known.texts and metric.name not in naive.SHARES:
        texts = _texts(view, known, split)
        firsts += _words(texts, known.kind.value, metric, truths, split, groups)
    return Task(
        seen,
        files.walk(wanted.path),
        metric,
        split,
        truths,
        naive.best_first(firsts),
        scale,
        view=view,
        known=known,
    )


def _looking(
    folder: Folder,
    found: Found,
    metric: Metric,
    truths: Mapping[str, str],
    split: Split,
    groups: Mapping[str, str],
    reporter: Reporter,
) -> list[First]:
    """Judge the nearest mean image, where there are images of classes and not too many of them."""
    if found.kind.value != "images-class" or len(truths) > pictures.MOST:
        return []
    try:
        said = pictures.nearest_mean(folder, truths, split, reporter)
    except CompanionError as error:
        if error.code is Exit.MISSING:
            return []
        raise
    words = "the class whose mean image, small and grey, differs least"
    return [naive.told("nearest mean image", words, said, metric, truths, groups)]


def _words(
    texts: Mapping[str, str],
    kind: str,
    metric: Metric,
    truths: Mapping[str, str],
    split: Split,
    groups: Mapping[str, str],
) -> list[First]:
    said = words.judge(texts, truths, split, number=naive.says(kind) == "number")
    if said is None:
        return []
    return [naive.told(said.name, said.learned, said.predictions, metric, truths, groups)]


def _texts(view: View, known: Recognised, split: Split) -> dict[str, str]:
    """Give the texts of each row of the split, all its columns in one."""
    cells = zip(*(view.values[name].cells for name in known.texts), strict=True)
    told = zip(first.ids(view, known), cells, strict=True)
    return {one: " ".join(row) for one, row in told if one in split.parts}


def _read(folder: Folder, names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = files.head(folder, name, _TEXT).decode("utf-8", "replace")
        except OSError:
            found[name] = ""
    return found


def _truths_of(one: First) -> zip[tuple[str, str]]:
    return zip(one.predictions.ids, one.predictions.truths, strict=True)


def _learned(
    view: View, known: Recognised, split: Split, judged_: Mapping[str, str]
) -> dict[str, str]:
    """Give the truths of rows that are only learned from, in the same words as those that are judged."""
    target = view.values[known.target.value]
    names = first.ids(view, known)
    rows = {names[row]: row for row in first.usable(target)}
    return {one: first.truth(target, rows[one]) for one in split.parts if one not in judged_}


def _scale(split: Split, truths: Mapping[str, str], known: Recognised, view: View) -> float:
    """Give what MASE divides by: the mean step of the part that is learned from, in order of time."""
    moments = tabular.moments(view.values[known.time]) if known.time else ()
    names = first.ids(view, known)
    order = sorted(range(len(names)), key=lambda row: (moments[row] if moments else row) or 0.0)
    learned = set(split.trained_on(split.folds[0]))
    return baselines.mase_scale(
        [float(truths[names[row]]) for row in order if names[row] in learned]
    )


def _of_files(wanted: Wanted, seen: DataSet, found: Found, reporter: Reporter) -> Task:
    folder = files.walk(wanted.path)
    told = labels.of_files(folder, found)
    notes, truths, raw = list(told.notes), dict(told.truths), dict(told.raw)
    counted = None
    if found.kind.value == "segmentation":
        if found.masks is None or "one mask for each object" in found.masks.why:
            raise _masks_not_read(found, folder)
        counted = pixels.count(folder, truths, reporter)
        notes += [f"{len(counted.left_out)} images are left out: {why}" for why in list(counted.left_out.values())[:1]]  # fmt: skip
        truths = {name: truths[name] for name in counted.by_image}
        raw = {name: raw[name] for name in truths}
    if len(truths) < 2:
        raise CompanionError(
            f"{len(truths)} of the {found.what} have a label that can be read",
            hint=shown(["fastcompanion", "data", "show", seen.path]),
            code=Exit.CHECK_SAYS_NO,
        )
    metric = chosen(wanted.metric, seen, seen.metric)
    rule = labels.rule_of(found, len(truths))
    rows = labels.rows(found, rule, truths)
    split = folds.make(rule, rows, seed=SEED)
    groups = dict(zip(rows.ids, rows.groups, strict=True)) if rows.groups else {}
    if counted is not None:
        made = naive.masks(metric, counted.by_image, split, groups)
        placed = pictures.position(folder, raw, counted, split)
        made += [naive.painted(metric, placed, made[0], groups)] if placed else []
    else:
        made = naive.constants(found.kind.value, metric, truths, split, groups)
        if metric.name not in naive.SHARES:
            made += _looking(folder, found, metric, truths, split, groups, reporter)
        if found.what == "texts" and metric.name not in naive.SHARES:
            made += _words(_read(folder, truths), found.kind.value, metric, truths, split, groups)
    firsts = naive.best_first(made)
    return Task(
        seen, folder, metric, split, truths, firsts, notes=tuple(notes), found=found, raw=raw, masks=counted
    )  # fmt: skip


def _masks_not_read(found: Found, folder: Folder) -> CompanionError:
    told = found.masks.why if found.masks is not None else "; ".join(found.kind.why)
    return CompanionError(
        f"masks of this form are not read yet: {told}",
        hint="Write one mask for each image, as PNG with a value for each class.",
        file=folder.root,
        code=Exit.USAGE,
    )


def chosen(
    wanted: str, seen: DataSet, proposed: Metric | None, lowest: float | None = None
) -> Metric:
    """Choose the metric: the one that was asked for, else the proposed one where it can judge a baseline."""
    fitting = naive.metrics_of(seen.kind.value)
    if wanted:
        return measures.chosen(wanted, fitting, len(seen.classes), lowest)
    if proposed is not None and proposed.name in fitting:
        return proposed
    # A constant has no correlation with anything.
    return measures.metric(fitting[0], "a constant baseline can be scored with it")


def digest(folder: Folder, task: Task) -> dict[str, str]:
    """Name the files that a task was made of by their SHA-256: its tables, and some of its files."""
    names = [table.path for table in task.seen.tables]
    if task.found is not None:
        names += files.spread(sorted(task.truths), _DIGESTED)
    return {name: of_file(folder, name) for name in dict.fromkeys(names)}


def of_file(folder: Folder, name: str) -> str:
    """Give the SHA-256 of a file, empty where it can't be read."""
    made = hashlib.sha256()
    try:
        with files.opened(folder, name) as file:
            while block := file.read(1 << 18):
                made.update(block)
    except OSError:
        return ""
    return made.hexdigest()
