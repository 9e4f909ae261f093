"""What a project's own data.py gives to its models, read in a process of its own and looked at as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from fastcompanion.base import process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen
from fastcompanion.data import columns, problems, tabular
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Problem
from fastcompanion.data.tables import Dialect, Table
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View
from fastcompanion.project.place import Project

WHERE = "data.py"
_SECONDS = 300.0
_MARK = "fastcompanion-features "
# Runs in the project with its own Python, without us.
_PROBE = """
import json, os, sys
import data

def cell(value):
    if isinstance(value, (tuple, list)):
        return " ".join(map(str, value))
    return "" if value is None or value != value else str(value)

def columns(inputs):
    if hasattr(inputs, "to_dict"):
        inputs = inputs.to_dict("records")
    inputs = [{"input": row} if isinstance(row, (str, os.PathLike)) else row for row in inputs]
    inputs = [dict(enumerate(row)) if isinstance(row, (tuple, list)) else dict(row) for row in inputs]
    names = list(dict.fromkeys(name for row in inputs for name in row))
    return {str(name): [cell(row.get(name)) for row in inputs] for name in names}

ids, inputs, targets = data.load()
test_ids, test_inputs = data.test()
told = {"ids": [str(one) for one in ids], "inputs": columns(inputs), "targets": [cell(one) for one in targets],
        "test_ids": [str(one) for one in test_ids], "test_inputs": columns(test_inputs)}
print("MARK" + json.dumps(told))
""".replace("MARK", _MARK)
_FEW, _SHOWN = 12, 3


@frozen
class Features:
    """The rows as the models see them: columns of texts, missing ones empty."""

    ids: tuple[str, ...]
    inputs: Mapping[str, Sequence[str]]
    targets: tuple[str, ...]
    test_inputs: Mapping[str, Sequence[str]]


def read(project: Project, python: Sequence[str]) -> Features:
    """Run load() and test() of the project's data.py and take what they give."""
    # No bytecode is left: two edits of one second and one length would be taken for the same file.
    done = process.run(
        [*python, "-c", _PROBE], cwd=project.root, check=False, timeout=_SECONDS,
        env={"PYTHONPATH": str(project.root), "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    said = [line for line in done.out.splitlines() if line.startswith(_MARK)]
    if done.code != 0 or not said:
        raise _failed(project, done)
    told: dict[str, Any] = json.loads(said[-1].removeprefix(_MARK))
    return Features(tuple(told["ids"]), told["inputs"], tuple(told["targets"]), told["test_inputs"])


def _failed(project: Project, done: Completed) -> CompanionError:
    lines = [line.strip() for line in (done.err or done.out).splitlines() if line.strip()]
    last = lines[-1] if lines else f"exit {done.code}"
    own = [line for line in lines if line.startswith("File") and str(project.root) in line]
    number = own[-1].partition(", line ")[2].partition(",")[0] if own else ""
    return CompanionError(
        f"load() and test() of {WHERE} don't give rows: {last}",
        hint="Mend data.py, or take it from git again.",
        file=project.root / WHERE,
        line=int(number) if number.isdigit() else None,
        code=Exit.CHECK_SAYS_NO,
    )


def find(told: Features, kind: str, target: str) -> Iterator[Problem]:
    """Look for what is wrong with the features; none of the models would say it."""
    if target in told.inputs:
        cure = "Take it out of features(): nobody knows it when there is something to predict."
        yield Problem("target-in-inputs", "stop", target, "The target is among the inputs.", cure)
        return
    if uneven := rows_differ(told):
        yield uneven
        return
    if not told.inputs:
        text = "It gives no inputs: a model has nothing to look at."
        yield Problem("no-inputs", "stop", WHERE, text, "Name columns in NUMBERS or WORDS.")
        return
    view = view_of(told, target)
    known = tabular.recognise(view, target, kind)
    # Equal inputs of two rows are no copy of a row: those are looked for in the raw data.
    yield from problems.of_columns(view, known)
    yield from problems.of_leaks(view, known)
    yield from problems.of_parts(view, known)
    yield from _only_inside(view, known)


def rows_differ(told: Features) -> Problem | None:
    """Compare the numbers of ids, inputs and targets, which have to be the same."""
    uneven = {len(told.ids), len(told.targets), *(len(cells) for cells in told.inputs.values())}
    if len(uneven) == 1 and told.ids:
        return None
    text = f"It gives {len(told.ids)} ids, {len(told.targets)} targets and other numbers of rows of inputs."
    return Problem("rows-differ", "stop", WHERE, text, "Give one of each for every row.")


def of_rows(told: Features, kind: str) -> Iterator[Problem]:
    """Look at inputs that are no table: files, texts, pairs of user and item."""
    if uneven := rows_differ(told):
        yield uneven
        return
    for name, cells in told.inputs.items():
        empty = [one for one, cell in zip(told.ids, cells, strict=True) if not cell.strip()]
        if empty:
            text = f"{len(empty)} rows have nothing to look at, such as {problems.some(empty, _SHOWN)}."
            where = WHERE if name == "input" else f"input {name}"
            yield Problem(
                "empty-input", "warn", where, text, "Leave them out, or say what they hold."
            )
    if kind == "images-labels":
        return  # none of the labels is an answer too
    gone = [one for one, cell in zip(told.ids, told.targets, strict=True) if not cell]
    if gone:
        text = f"{len(gone)} rows have no target, such as {problems.some(gone, _SHOWN)}."
        yield Problem("no-target", "stop", WHERE, text, "load() gives only rows that have one.")


def view_of(told: Features, target: str) -> View:
    """Make tables of the features, as if they had been read from files."""
    train = _table("the training rows", {**told.inputs, target: told.targets})
    test = _table("the test rows", told.test_inputs) if told.test_inputs else None
    return View(train, columns.read(train), test, columns.read(test) if test else None)


def _table(name: str, inputs: Mapping[str, Sequence[str]]) -> Table:
    rows = tuple(zip(*inputs.values(), strict=True))
    return Table(name, tuple(inputs), rows, len(rows), Dialect("utf-8", ",", header=True), True)


def _only_inside(view: View, known: Recognised) -> Iterator[Problem]:
    """Find a yes or no that is made from a number and is yes for a value in the middle only.

    `alone = family == 1` where family counts the others is true for those who are two: what is meant
    is mostly at an end. Sums of two counts are tried as well, as they need not be a feature themselves.
    """
    inputs = [view.values[name] for name, role in known.roles.items() if role != "target"]
    flags = [one for one in inputs if one.distinct == 2 and not one.missing]
    for flag in flags:
        for name, numbers in _counts(inputs, flag):
            found = _inside(flag, numbers)
            if found is not None:
                value, yes, rows, most = found
                text = f"It is {yes!r} just where {name} is {value:g} ({rows} rows), which lies inside 0 to {most:g}."
                cure = "Is that what its name says? Off by one is a common slip."
                yield Problem("only-inside", "warn", flag.name, text, cure)
                break


def _counts(inputs: Sequence[Values], flag: Values) -> Iterable[tuple[str, list[float]]]:
    """Give whole numbers of a few values, and sums of two of them."""
    counts = {
        one.name: [value or 0.0 for value in one.numbers]
        for one in inputs
        if one is not flag and one.numbers and one.type == "integer" and 2 < one.distinct <= _FEW
        and not one.missing and min(value or 0.0 for value in one.numbers) == 0
    }  # fmt: skip
    yield from counts.items()
    for one, other in combinations(list(counts)[:_FEW], 2):
        yield (
            f"{one} + {other}",
            [a + b for a, b in zip(counts[one], counts[other], strict=True)],
        )


def _inside(flag: Values, numbers: Sequence[float]) -> tuple[float, str, int, float] | None:
    """Give the one inner value at which the flag is the rarer word and nowhere else."""
    rarer = min(flag.counts, key=lambda cell: (flag.counts[cell], cell))
    for yes in (rarer, *(cell for cell in flag.counts if cell != rarer)):
        at = {n for n, cell in zip(numbers, flag.cells, strict=True) if cell == yes}
        elsewhere = {n for n, cell in zip(numbers, flag.cells, strict=True) if cell != yes}
        if len(at) == 1 and not at & elsewhere and min(numbers) < min(at) < max(numbers):
            return min(at), yes, flag.counts[yes], max(numbers)
    return None
