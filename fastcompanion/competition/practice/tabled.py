"""Practice competitions of tables: some rows of one labelled table are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import cutting
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.cutting import Cut
from fastcompanion.competition.practice.place import Competition, Place, table
from fastcompanion.data import baselines, first, look, measures, naive, splits, tabular, task
from fastcompanion.data.dataset import DataSet, Metric
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

KINDS = ("table-class", "table-number", "text-class", "text-number", "ratings", "time-series")


@frozen
class _Rows:
    """The table, and where in it each row stands that is learned from or asked."""

    view: View
    known: Recognised
    learned: tuple[str, ...]
    asked: tuple[str, ...]
    truths: Mapping[str, str]
    called: Mapping[str, str]


def cut(source: Path, seen: DataSet, wanted: str) -> Cut:
    """Hide rows of a table by the rule that `data show` proposes."""
    view, known, metric = _read(source, seen, wanted)
    rule = splits.propose(view, known)
    assert rule is not None
    kind, target = known.kind.value, known.target.value
    rule = cutting.one_part(rule, kind, target, view.train.count)
    view, rows = first.judged_rows(view, known, rule)
    split, asked = cutting.halves(source, rule, rows)
    names = first.ids(view, known)
    values = view.values[target]
    truths = {names[row]: first.truth(values, row) for row in first.usable(values)}
    trained = set(split.trained_on(split.folds[0]))
    learned = tuple(one for one in rows.ids if one in trained)
    is_series = kind == "time-series"
    asked = _in_time(asked, view, known) if is_series else cutting.mixed(asked)
    scale = 1.0
    if metric.name == "mase":
        earlier = _in_time(learned, view, known) if is_series else learned
        scale = baselines.mase_scale([float(truths[one]) for one in earlier])
    groups = dict(zip(rows.ids, rows.groups, strict=True)) if rows.groups else {}
    made = naive.of_rows(
        first.judge(view, known, split, metric), metric, split, truths, groups,
        ordered=is_series, scale=scale,
    )  # fmt: skip
    called = _called(view, known, (*learned, *asked))
    return Cut(
        kind=kind,
        target=target,
        id_column=_id_column(view, known),
        metric=metric,
        why=split.rule.why,
        truths=truths,
        learned=learned,
        asked=asked,
        public=cutting.public_part(asked, truths, kind),
        called=called,
        firsts=naive.best_first(made),
        write=partial(_write, _Rows(view, known, learned, asked, truths, called)),
        scale=scale,
    )


def _read(source: Path, seen: DataSet, wanted: str) -> tuple[View, Recognised, Metric]:
    view = look.view_at(source, whole=True)
    known = tabular.recognise(view, seen.target.value, seen.kind.value)
    if not known.target.value:
        raise CompanionError(
            "nothing tells which column is to be predicted",
            hint=f"--target with one of: {', '.join(view.train.names[:12])}",
            code=Exit.USAGE,
        )
    target = view.values[known.target.value]
    lowest = min((one for one in target.numbers if one is not None), default=None)
    proposed = measures.propose(known.kind.value, target, view)
    return view, known, task.chosen(wanted, seen, proposed, lowest)


def _in_time(rows: Sequence[str], view: View, known: Recognised) -> tuple[str, ...]:
    moments = tabular.moments(view.values[known.time])
    row = {one: number for number, one in enumerate(first.ids(view, known))}
    return tuple(sorted(rows, key=lambda one: moments[row[one]] or 0.0))


def _id_column(view: View, known: Recognised) -> str:
    """Name the id column: the data's own, else a new one."""
    found = first.id_column(view, known)
    free = (name for name in ("id", "row_id", "practice_id") if name not in view.train.names)
    return found or next(free, "row_number")


def _called(view: View, known: Recognised, every: Sequence[str]) -> dict[str, str]:
    """Give each row its id: the data's own, else a number by its place in the files we write."""
    if first.id_column(view, known):
        return {one: one for one in every}
    return {one: str(number) for number, one in enumerate(every, start=1)}


def _write(rows: _Rows, place: Place, competition: Competition) -> None:
    view, target, called = rows.view, competition.target, rows.called
    row = {one: number for number, one in enumerate(first.ids(view, rows.known))}
    left_out = {competition.id_column, target}
    left_out |= {name for name, role in rows.known.roles.items() if role == "split"}
    kept = [at for at, name in enumerate(view.train.names) if name not in left_out]
    inputs = [view.train.names[at] for at in kept]

    def cells(one: str) -> list[str]:
        return [view.train.rows[row[one]][at] for at in kept]

    learned = ((called[one], *cells(one), rows.truths[one]) for one in rows.learned)
    table(place.public / places.TRAIN, (competition.id_column, *inputs, target), learned)
    asked = ((called[one], *cells(one)) for one in rows.asked)
    table(place.public / places.TEST, (competition.id_column, *inputs), asked)
