"""What a new project will be: the data looked at, and every answer that its files are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.data import (
    columns,
    files,
    first,
    folds,
    inputs,
    look,
    problems,
    splits,
    tabular,
)
from fastcompanion.data.dataset import Metric, Problem, Question, SplitRule
from fastcompanion.data.folds import Split
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View
from fastcompanion.project import choices, families, media, plain, series
from fastcompanion.project.choices import Asked
from fastcompanion.project.media import Files
from fastcompanion.project.plain import Plain


@frozen
class Plan:
    """A new project before anything is written."""

    answers: Mapping[str, Any]
    tables: tuple[Plain, ...]
    samples: Mapping[str, str]
    split: Split
    problems: tuple[Problem, ...]
    questions: tuple[Question, ...]
    files: Files | None = None


def make(asked: Asked, name: str) -> Plan:
    """Look at the data and decide on all that the files of the project say."""
    if asked.kind and families.of_kind(asked.kind) is None:
        raise choices.no_kind(asked.kind)
    found = look.look(asked.data, target=asked.target, kind=asked.kind)
    if found.kind.value == "unknown":
        problems.refuse(found.problems, asked.data)
        raise choices.unknown(found.kind.why, asked.data)
    if families.of_kind(found.kind.value) is None:
        raise choices.no_kind(found.kind.value, found.about)
    problems.refuse(found.problems, asked.data)
    told = {
        "name": name,
        "about": found.about,
        "source": "" if asked.made_up else choices.from_home(asked.data),
    }
    if found.media:
        made = media.make(asked)
        answers = {**made.answers, **told}
        return Plan(answers, made.tables, made.samples, made.split, found.problems, found.questions, made.files)  # fmt: skip
    view = look.view_at(asked.data, whole=True)
    known = tabular.recognise(view, asked.target, asked.kind)
    aim = view.values[known.target.value]
    metric = choices.metric(known.kind.value, aim, view, asked.metric)
    rule = splits.propose(view, known)
    assert rule is not None
    view, rows = first.judged_rows(view, known, rule)
    if known.kind.value == "time-series":
        rule = series.rule_for(rule, len(rows.ids))
        rows = series.in_time(rows, series.moments(view, known))
    split = folds.make(rule, rows, seed=choices.SEED, final=choices.final(rule, rows))
    tables = tuple(_tables(asked.data, view))
    answers = _answers(view, known, metric, split) | told | plain.told(tables)
    target = [view.values[known.target.value].cells, ()]
    samples = {t.name: plain.sample(t, target[t.name != "train.csv"]) for t in tables}
    if known.kind.value == "time-series":
        last = series.sample(
            view.values.get(known.time), view.rows, answers["season"], answers["lags"]
        )
        samples["train.csv"] = plain.rows(tables[0], last)
    return Plan(answers, tables, samples, split, found.problems, found.questions)


def _tables(data: Path, view: View) -> Iterable[Plain]:
    folder = files.walk(data)
    yield plain.plain(folder, view.train, view.values, "train.csv")
    if view.test is not None and view.test_values is not None:
        yield plain.plain(folder, view.test, view.test_values, "test.csv")
    if view.sample is not None:
        values = columns.read(view.sample)
        yield plain.plain(folder, view.sample, values, "sample_submission.csv")


def _answers(view: View, known: Recognised, metric: Metric, split: Split) -> dict[str, Any]:
    uses, left_out = _uses(view, known, split.rule)
    if known.kind.value.startswith("text"):
        uses, left_out = _texts_alone(uses, left_out, known.texts)
    elif known.kind.value == "time-series":
        uses, left_out = series.beforehand(uses, left_out, known.time, view.test is not None)
    told = choices.answers(known.kind.value, known.target.value, metric, split, split.rule.column)
    return told | {
        "id": first.id_column(view, known),
        **uses,
        "left_out": [[name, why] for name, why in left_out.items()],
        **_of_kind(view, known, split),
    }


def _texts_alone(
    uses: dict[str, list[str]], left_out: dict[str, str], texts: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Leave out all that is no text, where texts are what is read."""
    others = {name: "it is no text" for names in uses.values() for name in names}
    left = {name: why for name, why in left_out.items() if name not in texts}
    return {use: [] for use in uses}, left | others


def _of_kind(view: View, known: Recognised, split: Split) -> dict[str, Any]:
    """Give what only projects of this kind have to know of the table."""
    kind = known.kind.value
    numbers = [value for value in view.values[known.target.value].numbers if value is not None]
    if kind.startswith("text"):
        return {"texts": list(known.texts)}
    if kind == "ratings":
        pair = [name for name, role in known.roles.items() if role == "group"]
        others = [one for one in known.roles if one not in (*pair, known.target.value)]
        none: dict[str, Any] = {"numbers": [], "words": [], "dates": []}
        left = [
            [one, "only who rated what is looked at"]
            for one in others
            if one != first.id_column(view, known)
        ]
        told = {"user": pair[0], "item": pair[1], "low": min(numbers), "high": max(numbers)}
        return none | told | {"left_out": left}
    if kind == "time-series":
        return series.answers(view, known, split)
    return {}


def _uses(
    view: View, known: Recognised, rule: SplitRule
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Sort the columns: numbers, words and dates to learn from, and those left out with the reason."""
    uses: dict[str, list[str]] = {"numbers": [], "words": [], "dates": []}
    left_out: dict[str, str] = {}
    for name, role in known.roles.items():
        if role == "target":
            continue
        why = inputs.why_left_out(view, name, role, rule)
        if why:
            left_out[name] = why
        else:
            uses[f"{inputs.use(view.values[name])}s"].append(name)
    return uses, left_out
