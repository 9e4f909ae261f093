"""`practice new`: a labelled table becomes a competition whose labels of the test rows are hidden."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice import zipped
from fastcompanion.competition.practice.place import Competition, Opponent, Place
from fastcompanion.data import (
    baselines,
    first,
    folds,
    look,
    measures,
    metrics,
    naive,
    splits,
    tabular,
    task,
)
from fastcompanion.data.dataset import DataSet, Metric, SplitRule
from fastcompanion.data.first import First
from fastcompanion.data.folds import Split
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

_TABLES = ("table-class", "table-number", "text-class", "text-number", "ratings", "time-series")
_PUBLIC_SHARE = 0.4
_LEAST_TEST = 20
_SMALL_SHARE = 1 / 3
_ENOUGH = splits.FOLDS * splits.ENOUGH


@frozen
class Made:
    """A competition that was made, or would be; `folder` is its place.

    Of its opponents only names are told here: how they do on the hidden rows is for the end.
    """

    folder: str
    competition: Competition
    opponents: tuple[str, ...]
    dry_run: bool = False


@frozen
class _Cut:
    """A table cut in two: ids by row of what is learned from and of what is asked, in their order."""

    view: View
    known: Recognised
    metric: Metric
    split: Split
    truths: Mapping[str, str]
    groups: Mapping[str, str]
    learned: tuple[str, ...]
    asked: tuple[str, ...]
    public: frozenset[str]


def new(
    source: Path,
    seen: DataSet,
    *,
    name: str = "",
    metric: str = "",
    daily: int,
    dry_run: bool,
    origin: str = "",
) -> Made:
    """Make a practice competition of a data set that was looked at; one that is there is not touched.

    `origin` says where the data are from, when it is not the source itself.
    """
    slug = name or places.slug_of(source.resolve().stem)
    place = places.at(slug)
    if place.folder.exists():
        raise CompanionError(
            "is there already; nothing was changed",
            hint=f"--name {slug[:40]}-2, or fastcompanion kaggle practice start {slug}",
            file=place.folder,
            code=Exit.USAGE,
        )
    cut = _cut(source, seen, metric)
    told = origin or str(source.absolute())
    competition = _competition(slug, told, seen, cut, daily)
    if not dry_run:
        _write(place, competition, cut)
    names = tuple(one.name for one in competition.opponents)
    return Made(str(place.folder), replace(competition, opponents=()), names, dry_run)


def _cut(source: Path, seen: DataSet, wanted: str) -> _Cut:
    task.refuse(seen)
    view, known, metric = _read(source, seen, wanted)
    rule = _rule(view, known)
    view, rows = first.judged_rows(view, known, rule)
    split = folds.make(rule, rows, seed=task.SEED)
    if not split.folds:
        raise CompanionError("the split sets no rows aside", file=source, code=Exit.CHECK_SAYS_NO)
    asked = split.of(split.folds[0])
    if len(asked) < _LEAST_TEST:
        raise CompanionError(
            f"only {len(asked)} rows could be hidden, and a leaderboard of so few is chance alone",
            hint=f"Take data with more rows: at least {_LEAST_TEST} are hidden.",
            file=source,
            code=Exit.CHECK_SAYS_NO,
        )
    target = view.values[known.target.value]
    names = first.ids(view, known)
    truths = {names[row]: first.truth(target, row) for row in first.usable(target)}
    asked = _order(asked, known, view)
    trained = set(split.trained_on(split.folds[0]))
    return _Cut(
        view=view,
        known=known,
        metric=metric,
        split=split,
        truths=truths,
        groups=dict(zip(rows.ids, rows.groups, strict=True)) if rows.groups else {},
        learned=tuple(one for one in rows.ids if one in trained),
        asked=asked,
        public=_public(asked, truths, known.kind.value),
    )


def _read(source: Path, seen: DataSet, wanted: str) -> tuple[View, Recognised, Metric]:
    kind = seen.kind.value
    if kind not in _TABLES or look.files_at(source) is not None:
        raise CompanionError(
            f"this is {seen.about}, and practice competitions are made of tables",
            hint="fastcompanion data show, which tells what is there",
            file=source,
            code=Exit.USAGE,
        )
    if wanted == "mase":
        raise CompanionError(
            "mase is no metric of practice competitions", hint="--metric mae", code=Exit.USAGE
        )
    view = look.view_at(source, whole=True)
    known = tabular.recognise(view, seen.target.value, kind)
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


def _rule(view: View, known: Recognised) -> SplitRule:
    """Take the rule that is proposed; of few rows a third is hidden, of many a fifth."""
    rule = splits.propose(view, known)
    assert rule is not None
    if rule.rule == "given":
        return rule
    target = known.target.value
    if rule == splits.plain(known.kind.value, target, view.train.count):
        # Without its words about folds, as one part is hidden however few rows there are.
        rule = splits.plain(known.kind.value, target, max(view.train.count, _ENOUGH))
    share = splits.SHARE if splits.folds_for(view.train.count) == 1 else _SMALL_SHARE
    return replace(rule, folds=1, share=share)


def _order(asked: Sequence[str], known: Recognised, view: View) -> tuple[str, ...]:
    """Mix the rows that are asked, as their order may tell their labels; a series stays in order."""
    if known.kind.value == "time-series":
        moments = tabular.moments(view.values[known.time])
        row = {one: number for number, one in enumerate(first.ids(view, known))}
        return tuple(sorted(asked, key=lambda one: moments[row[one]] or 0.0))
    mixed = sorted(asked)
    clock.rng(task.SEED).shuffle(mixed)
    return tuple(mixed)


def _public(asked: Sequence[str], truths: Mapping[str, str], kind: str) -> frozenset[str]:
    """Choose the rows that the leaderboard shows: of a series the earlier ones, else some of each class."""
    if kind == "time-series":
        return frozenset(asked[: round(len(asked) * _PUBLIC_SHARE)])
    by_class: dict[str, list[str]] = defaultdict(list)
    for one in asked:
        by_class[truths[one] if naive.says(kind) == "class" else ""].append(one)
    chance = clock.rng(task.SEED + 1)
    taken: list[str] = []
    for members in by_class.values():
        chance.shuffle(members)
        taken += members[: max(1, round(len(members) * _PUBLIC_SHARE))]
    return frozenset(taken)


def _competition(slug: str, source: str, seen: DataSet, cut: _Cut, daily: int) -> Competition:
    is_class = naive.says(cut.known.kind.value) == "class"
    classes = tuple(sorted(set(cut.truths.values()))) if is_class else ()
    told = Competition(
        slug=slug,
        title=f"Practice: {slug.replace('-', ' ')}",
        about=seen.about,
        kind=cut.known.kind.value,
        target=cut.known.target.value,
        id_column=_id_column(cut),
        answers=(cut.known.target.value,),
        classes=classes,
        metric=cut.metric.name,
        direction=cut.metric.direction,
        split=cut.split.rule.why,
        daily=daily,
        train_rows=len(cut.learned),
        test_rows=len(cut.asked),
        public_rows=len(cut.public),
        created=clock.stamp(),
        source=source,
        opponents=_opponents(cut),
    )
    return replace(told, answers=classes) if told.is_shares and len(classes) > 2 else told


def _id_column(cut: _Cut) -> str:
    """Name the id column: the data's own, else a new one."""
    found = first.id_column(cut.view, cut.known)
    free = (name for name in ("id", "row_id", "practice_id") if name not in cut.view.train.names)
    return found or next(free, "row_number")


def _opponents(cut: _Cut) -> tuple[Opponent, ...]:
    """Score the naive baselines, who know what a competitor knows, on the hidden rows."""
    made = first.judge(cut.view, cut.known, cut.split, cut.metric)
    ordered = cut.known.kind.value == "time-series"
    scored = naive.of_rows(
        made, cut.metric, cut.split, cut.truths, cut.groups, ordered=ordered, scale=1.0
    )
    return tuple(
        Opponent(
            one.name, one.learned, _score(cut, one, public=True), _score(cut, one, public=False)
        )
        for one in naive.best_first(scored)
    )


def _score(cut: _Cut, one: First, *, public: bool) -> float:
    ids = [name for name in cut.asked if (name in cut.public) == public]
    return metrics.measure(cut.metric.name, one.predictions.taken(ids)).value


def _write(place: Place, competition: Competition, cut: _Cut) -> None:
    """Write all files; what the competition is comes last, so that a half-made one is none."""
    try:
        called = _called(cut)
        solution = ((called[one], cut.truths[one], _usage(cut, one)) for one in cut.asked)
        _table(place.solution, ("id", "label", "Usage"), solution, mode=places.PRIVATE_MODE)
        _write_rows(place, competition, cut, called)
        sample = _sample(competition, [cut.truths[one] for one in cut.learned])
        rows = ((called[one], *sample) for one in cut.asked)
        head = (competition.id_column, *competition.answers)
        _table(place.public / places.SAMPLE, head, rows)
        zipped.write(place.archive, [place.public / name for name in places.FILES])
        places.write(place, competition)
    except BaseException:
        store.remove(place.folder)
        raise


def _usage(cut: _Cut, one: str) -> str:
    return "Public" if one in cut.public else "Private"


def _called(cut: _Cut) -> dict[str, str]:
    """Give each row its id: the data's own, else a number by its place in the files we write."""
    every = (*cut.learned, *cut.asked)
    if first.id_column(cut.view, cut.known):
        return {one: one for one in every}
    return {one: str(number) for number, one in enumerate(every, start=1)}


def _write_rows(
    place: Place, competition: Competition, cut: _Cut, called: Mapping[str, str]
) -> None:
    view, target = cut.view, competition.target
    row = {one: number for number, one in enumerate(first.ids(view, cut.known))}
    left_out = {competition.id_column, target}
    left_out |= {name for name, role in cut.known.roles.items() if role == "split"}
    kept = [at for at, name in enumerate(view.train.names) if name not in left_out]
    inputs = [view.train.names[at] for at in kept]

    def cells(one: str) -> list[str]:
        return [view.train.rows[row[one]][at] for at in kept]

    learned = ((called[one], *cells(one), cut.truths[one]) for one in cut.learned)
    _table(place.public / places.TRAIN, (competition.id_column, *inputs, target), learned)
    asked = ((called[one], *cells(one)) for one in cut.asked)
    _table(place.public / places.TEST, (competition.id_column, *inputs), asked)


def _sample(competition: Competition, learned: Sequence[str]) -> tuple[str, ...]:
    """Give what the sample says of every row: that a competitor who looks at nothing could say."""
    if competition.is_shares:
        count = len(competition.answers)
        return (f"{1 / max(count, 2):.4f}",) * count
    if competition.classes:
        return (baselines.majority(learned).predict([None])[0],)
    return ("0.0",)


def _table(
    path: Path, head: Sequence[str], rows: Iterable[Sequence[str]], *, mode: int | None = None
) -> None:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    store.write_text(path, made.getvalue(), mode=mode)
