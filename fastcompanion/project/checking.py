"""Checking a project: its raw data, the features that its models see, and the split that scores rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fastcompanion.base.records import frozen
from fastcompanion.data import folds, look, problems
from fastcompanion.data.dataset import Problem
from fastcompanion.data.folds import Split
from fastcompanion.project import checking_files, families, features
from fastcompanion.project.features import Features
from fastcompanion.project.place import SPLITS, Project

_SHOWN = 3


@frozen
class Checked:
    """What is wrong, by where it lies; `passed` is false where a score or a model can't be trusted."""

    root: str
    rows: int
    inputs: tuple[str, ...]
    raw: tuple[Problem, ...]
    features: tuple[Problem, ...]
    split: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing needs to be mended: the raw data may have flaws that data.py takes care of."""
        bad = [one for one in (*self.features, *self.split) if one.severity != "note"]
        return not bad and not any(one.severity == "stop" for one in self.raw)


def check(project: Project, *, python: Sequence[str]) -> Checked:
    """Look at everything; raw data that are not here are said to be missing."""
    settings = project.settings()
    kind, target = str(settings["kind"]), str(settings["target"])
    told = features.read(project, python)
    family, split = families.of_kind(kind), folds.read(project.root)
    if family is not None and family.media:
        raw: Sequence[Problem] = checking_files.find(project, kind, target, split)
    else:
        raw = look.look(project.data, target=target, kind=kind).problems
    made = problems.in_order(_of_inputs(told, kind, target))
    known = {(one.name, one.where) for one in made}
    left = problems.in_order(one for one in raw if (one.name, one.where) not in known)
    return Checked(
        root=str(project.root),
        rows=len(told.ids),
        inputs=tuple(told.inputs),
        raw=tuple(left),
        features=tuple(made),
        split=tuple(problems.in_order(_of_split(split, told, kind))),
    )


def _of_inputs(told: Features, kind: str, target: str) -> Iterable[Problem]:
    """Look at what the models see; a step in time counts up and tells nothing by that."""
    if kind.startswith("table"):
        return features.find(told, kind, target)
    if kind == "time-series":
        inputs = {name: cells for name, cells in told.inputs.items() if name != "step"}
        seen = replace(told, inputs=inputs, test_inputs={})
        return features.find(seen, "table-number", target) if inputs else ()
    return features.of_rows(told, kind)


def _of_split(split: Split, told: Features, kind: str) -> Iterator[Problem]:
    """Compare the split with the rows of today: new and gone ones, classes that a part lacks, copies."""
    new, gone = folds.changed(split, told.ids)
    for rows, text in ((new, "are not in it"), (gone, "are in it and no longer in the data")):
        if rows:
            cure = (
                "Get the same data again, or move splits.csv and splits.json away and begin anew."
            )
            shown = problems.some(list(rows), _SHOWN)
            yield Problem(
                "rows-changed", "stop", SPLITS, f"{len(rows)} rows {text}: {shown}.", cure
            )
    if len(set(told.ids)) < len(told.ids):
        yield Problem("ids-repeat", "stop", SPLITS, "Some ids stand there twice.", "Give each row an id of its own.")  # fmt: skip
    if kind.endswith("class"):
        lacking = folds.lacking(split, dict(zip(told.ids, told.targets, strict=False)))
        for part, classes in lacking.items():
            text = f"Part {part} has no row of {problems.some(list(classes), _SHOWN)}."
            yield Problem("class-lacking", "note", SPLITS, text, "A score says nothing of it.")
    yield from _copies(split, told, kind)


def _copies(split: Split, told: Features, kind: str) -> Iterator[Problem]:
    """Find rows with equal features and targets in several parts, where they are too many for chance."""
    if kind.startswith(("images", "segmentation", "audio", "time")):
        return
    if len(told.inputs) < _SHOWN and not kind.startswith("text"):
        return
    if features.rows_differ(told):
        return
    parts: Mapping[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one, *row in zip(told.ids, *told.inputs.values(), told.targets, strict=True):
        if one in split.parts:
            parts[tuple(row)][split.parts[one]] += 1
    rows = sum(sum(found.values()) for found in parts.values() if len(found) > 1)
    share = rows / max(len(told.ids), 1)
    if rows:
        text = f"{rows} rows ({share:.1%}) look the same as one in another part, target included."
        cure = "Copies of one row belong in one part; alike rows are no copies."
        yield Problem("copies-across", "note", SPLITS, text, cure)
