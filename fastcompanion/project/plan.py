"""What a new project will be: the data looked at, and every answer that its files are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.process import shown
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import absolute, home
from fastcompanion.data import (
    columns,
    files,
    first,
    folds,
    look,
    measures,
    splits,
    tabular,
)
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Metric, Problem, Question, SplitRule
from fastcompanion.data.folds import Rows, Split
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View
from fastcompanion.project import families, plain
from fastcompanion.project.families import METRICS
from fastcompanion.project.plain import Plain

SEED = 42
_FINAL, _FINAL_FROM, _FINAL_GROUPS = 0.15, 200, 20
_FEW_NUMBERS = 4
_MANY_WORDS = 0.5


@frozen
class Asked:
    """What the learner said of a new project; empty where nothing was said."""

    data: Path
    target: str = ""
    kind: str = ""
    metric: str = ""
    made_up: bool = False


@frozen
class Plan:
    """A new project before anything is written."""

    answers: Mapping[str, Any]
    tables: tuple[Plain, ...]
    samples: Mapping[str, str]
    split: Split
    problems: tuple[Problem, ...]
    questions: tuple[Question, ...]


def make(asked: Asked, name: str) -> Plan:
    """Look at the data and decide on all that the files of the project say."""
    if asked.kind and families.of_kind(asked.kind) is None:
        raise _no_kind(asked.kind)
    found = look.look(asked.data, target=asked.target, kind=asked.kind)
    if families.of_kind(found.kind.value) is None:
        raise _no_kind(found.kind.value, found.about)
    _refuse(found.problems, asked.data)
    view = look.view_at(asked.data, whole=True)
    known = tabular.recognise(view, asked.target, asked.kind)
    metric = _metric(asked.metric, view, known)
    rule = splits.propose(view, known)
    assert rule is not None
    view, rule, rows = _judged(view, known, rule)
    split = folds.make(rule, rows, seed=SEED, final=_final(rule, rows))
    tables = tuple(_tables(asked.data, view))
    answers = _answers(view, known, metric, split) | {
        "name": name,
        "about": found.about,
        "source": "" if asked.made_up else _from_home(asked.data),
        "files": [{"name": t.name, "rows": t.rows, "sha256": t.sha256} for t in tables],
        "notes": [f"`{t.name}` was rewritten: {t.changed}." for t in tables if t.changed],
    }
    target = [view.values[known.target.value].cells, ()]
    samples = {t.name: plain.sample(t, target[t.name != "train.csv"]) for t in tables}
    return Plan(answers, tables, samples, split, found.problems, found.questions)


def _from_home(path: Path) -> str:
    """Write a path without the name of its user, as it goes into git."""
    place = absolute(path)
    inside = place.is_relative_to(home())
    return f"~/{place.relative_to(home()).as_posix()}" if inside else str(place)


def _no_kind(kind: str, about: str = "") -> CompanionError:
    told = f"this is {about}: " if about else ""
    return CompanionError(
        f"{told}projects can be made of tables so far, not of {kind}",
        hint=f"Say --kind {' or --kind '.join(METRICS)} if it is a table all the same.",
        code=Exit.USAGE,
    )


def _refuse(found: Iterable[Problem], data: Path) -> None:
    """Nothing can be learned from data that have what stops everything."""
    stops = [problem for problem in found if problem.severity == "stop"]
    if stops:
        first_, more = stops[0], len(stops) - 1
        told = f" (and {more} more)" if more else ""
        raise CompanionError(
            f"{first_.where}: {first_.text} {first_.cure}{told}",
            hint=shown(["fastcompanion", "data", "show", str(data)]),
            code=Exit.CHECK_SAYS_NO,
        )


def _metric(wanted: str, view: View, known: Recognised) -> Metric:
    target = view.values[known.target.value]
    proposed = measures.propose(known.kind.value, target, view)
    assert proposed is not None
    fitting = METRICS[known.kind.value]
    if not wanted:
        return proposed if proposed.name != "auc" or target.distinct == 2 else _chosen("log loss")
    if wanted not in fitting:
        raise CompanionError(
            f"there is no metric {wanted!r} for this kind{did_you_mean(wanted, fitting)}",
            hint=f"--metric with one of: {', '.join(fitting)}",
            code=Exit.USAGE,
        )
    if wanted == "auc" and target.distinct != 2:
        raise CompanionError(
            f"the area under the ROC curve is for two classes, and there are {target.distinct}",
            hint="--metric 'log loss'",
            code=Exit.USAGE,
        )
    if wanted == "rmsle" and min(one for one in target.numbers if one is not None) < 0:
        raise CompanionError(
            "rmsle is for numbers from 0 on, and some are below", hint="--metric rmse",
            code=Exit.USAGE,
        )  # fmt: skip
    return _chosen(wanted)


def _chosen(name: str) -> Metric:
    return Metric(name, measures.DIRECTIONS[name], True, "chosen")


def _judged(view: View, known: Recognised, rule: SplitRule) -> tuple[View, SplitRule, Rows]:
    """Give the rows to the split; a table for validating is joined to the one for training."""
    if rule.rule != "given" or rule.column:
        return view, rule, first.rows_of(view, known, rule)
    assert view.valid is not None
    count = len(view.train.rows)
    both = replace(
        view.train,
        rows=view.train.rows + view.valid.rows,
        count=view.train.count + view.valid.count,
    )
    view = replace(view, train=both, values=columns.read(both))
    kept = first.usable(view.values[known.target.value])
    rows = first.rows_of(
        view, known, splits.plain(known.kind.value, known.target.value, both.count)
    )
    return (
        view,
        rule,
        replace(rows, given=tuple("valid" if row >= count else "train" for row in kept)),
    )


def _final(rule: SplitRule, rows: Rows) -> float:
    """Lock a share of the rows away, where enough are left and the rule can say which."""
    groups = len(set(rows.groups or rows.moments))
    few = len(rows.ids) < _FINAL_FROM or (rule.rule in ("group", "time") and groups < _FINAL_GROUPS)
    return 0.0 if few or rule.rule == "given" else _FINAL


def _tables(data: Path, view: View) -> Iterable[Plain]:
    folder = files.walk(data)
    yield plain.plain(folder, view.train, view.values, "train.csv")
    if view.test is not None and view.test_values is not None:
        yield plain.plain(folder, view.test, view.test_values, "test.csv")
    if view.sample is not None:
        values = columns.read(view.sample)
        yield plain.plain(folder, view.sample, values, "sample_submission.csv")


def _answers(view: View, known: Recognised, metric: Metric, split: Split) -> dict[str, Any]:
    target, rule = known.target.value, split.rule
    uses, left_out = _uses(view, known, rule)
    how = f"{rule.folds} folds" if rule.folds > 1 else f"{rule.share:.0%} to validate on"
    by = f" by {rule.column}" if rule.column and rule.rule != "stratified" else ""
    final = len(split.of(folds.FINAL))
    return {
        "kind": known.kind.value,
        "is_class": known.kind.value.endswith("class"),
        "target": target,
        "id": _id(view, known),
        "group": rule.column if rule.rule == "group" else "",
        **uses,
        "left_out": [[name, why] for name, why in left_out.items()],
        "metric": metric.name,
        "direction": metric.direction,
        "metric_why": metric.why,
        "split": f"{rule.rule}{by}, {how}",
        "split_why": rule.why,
        "final_rows": final,
        "rows": len(split.parts),
        "seed": split.seed,
        "middle": _MIDDLES.get(metric.name, "mean"),
    }  # fmt: skip


_MIDDLES = {"mae": "median", "rmsle": "mean, on the log scale,"}


def _id(view: View, known: Recognised) -> str:
    """Name the column that `first.ids` names rows by, empty where it numbers them."""
    given = tuple(first.ids(view, known))
    named = (name for name, role in known.roles.items() if role == "id")
    return next((name for name in named if view.values[name].cells == given), "")


def _uses(
    view: View, known: Recognised, rule: SplitRule
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Sort the columns: numbers, words and dates to learn from, and those left out with the reason."""
    uses: dict[str, list[str]] = {"numbers": [], "words": [], "dates": []}
    left_out: dict[str, str] = {}
    for name, role in known.roles.items():
        if role == "target":
            continue
        values = view.values[name]
        why = _why_not(view, values, role, rule)
        if why:
            left_out[name] = why
        else:
            uses[_use(values)].append(name)
    return uses, left_out


def _why_not(view: View, values: Values, role: str, rule: SplitRule) -> str:
    told = {
        "id": "it names rows",
        "name": "it names rows",
        "useless": "it is always the same" if values.distinct else "it is empty",
        "split": "it says which rows are for validating",
        "text": "sentences need a model of their own",
    }
    if role in told:
        return told[role]
    if rule.column == values.name and rule.rule in ("group", "time", "given"):
        return "the split is made by it"
    if view.test is not None and values.name not in view.test.names:
        return f"{view.test.name} lacks it"
    if values.type == "text":
        return told["text"]
    if values.type in ("category", "mixed") and not values.numbers:
        many = values.distinct > values.filled * _MANY_WORDS
        return f"{values.distinct} different values in {values.filled} rows" if many else ""
    return ""


def _use(values: Values) -> str:
    if values.type == "date":
        return "dates"
    whole = values.type == "integer" and values.distinct <= _FEW_NUMBERS
    return "numbers" if values.numbers and values.type != "boolean" and not whole else "words"
