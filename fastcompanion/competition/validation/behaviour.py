"""What is allowed and hardly ever meant: one value for all, the sample itself, rows that were mixed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from fastcompanion.competition.validation.findings import Findings, shown
from fastcompanion.competition.validation.signals import Verdict, against, mixed_up
from fastcompanion.competition.validation.tally import Tally

#: how far shares of classes may lie from training's; rows from which on it is looked at
_FAR, _ENOUGH = 0.3, 30
_MOST_CLASSES = 60


def constant(told: Tally, found: Findings) -> None:
    """Notice a column with one value in all rows."""
    if told.constant:
        found.warn("constant", f"All {told.rows:,} predictions are {shown(told.examples[0])}.", "Did the model learn, and was it the model that predicted? A model that always says the same is the first one to beat.", column=told.name)  # fmt: skip


def same(told: Mapping[str, Tally], sample: Mapping[str, Tally]) -> bool:
    """Do the columns hold the same values as those of the sample, as often?"""
    return all(_same(one, sample[name]) for name, one in told.items())


def _same(one: Tally, other: Tally) -> bool:
    if one.counts is not None or other.counts is not None:
        return one.counts == other.counts
    return (one.rows, one.total, one.low, one.high) == (
        other.rows,
        other.total,
        other.low,
        other.high,
    )


def shares(told: Tally, train: Tally, found: Findings) -> None:
    """Compare how often each class is predicted with how often training has it."""
    if told.rows < _ENOUGH or train.counts is None or len(train.counts) > _MOST_CLASSES:
        return
    if told.counts is not None and set(told.counts) <= set(train.counts):
        _classes(told, train, found)
    elif train.numeric and set(train.counts) <= {"0", "1"} and 0 <= told.low <= told.high <= 1:
        _probabilities(told, train, found)


def _classes(told: Tally, train: Tally, found: Findings) -> None:
    assert told.counts is not None
    assert train.counts is not None
    if told.constant or (train.numeric and not train.whole):
        return
    here = {name: count / told.rows for name, count in told.counts.items()}
    there = {name: count / train.rows for name, count in train.counts.items()}
    apart = {name: here.get(name, 0.0) - there[name] for name in there}
    if sum(map(abs, apart.values())) / 2 < _FAR:
        return
    worst = max(apart, key=lambda name: abs(apart[name]))
    found.warn("class-shares", f"{shown(worst)} is predicted for {here.get(worst, 0):.0%} of the rows, and {there[worst]:.0%} of training have it.", "Look at the order of the classes (dls.vocab) and at the threshold.", column=told.name)  # fmt: skip


def _probabilities(told: Tally, train: Tally, found: Findings) -> None:
    if abs(told.mean - train.mean) >= _FAR:
        found.warn("class-shares", f"The mean prediction is {told.mean:.2f}, and {train.mean:.2f} of training are 1.", "Is it the probability of the other class? See dls.vocab: preds[:, 1] is that of its second.", column=told.name)  # fmt: skip


def in_file_order(name: str, cells: Sequence[str], train: Sequence[str], found: Findings) -> None:
    """Notice predictions that are sorted, where training is not: their rows were sorted without their ids."""
    if len(cells) < _ENOUGH or not _sorted(cells) or _sorted(train):
        return
    found.warn("sorted", "The predictions are sorted from the first row to the last, and the ids are as in the sample.", "Sort the whole table and not one column; a loader that sorts by length (text) gives predictions in its own order: use get_preds, which puts them back, with dls.test_dl.", column=name)  # fmt: skip


def _sorted(cells: Sequence[str]) -> bool:
    """Are there more changes than classes have blocks: rising or falling numbers, or words in blocks?"""
    if len(set(cells)) < 2:
        return False
    try:
        numbers = list(map(float, cells))
    except ValueError:
        return (
            len(set(cells)) > 1 and sum(a != b for a, b in pairwise(cells)) == len(set(cells)) - 1
        )
    return all(a <= b for a, b in pairwise(numbers)) or all(a >= b for a, b in pairwise(numbers))


def order(told: Verdict, name: str, found: Findings) -> None:
    """Say that predictions have nothing to do with the rows that they stand at."""
    best = told.columns[0]
    if mixed_up(told):
        why = f"In training {best} tells {name}; the predictions follow neither it nor any other column that does ({told.followed:.1f} standard deviations, {told.asked:.0f} were to be expected)."
        if told.in_file_order is not None and told.in_file_order > told.asked / 2:
            found.warn("mixed-up", f"{why} In the order of the test table they do: ids and predictions stand in two orders.", "Take ids from the table that was predicted, not from the sample.", column=name)  # fmt: skip
            return
        found.warn("mixed-up", f"{why} Their rows were probably mixed up.", "Predict with dls.test_dl(items), which does not shuffle, never with a training loader, and take the ids from the same items.", column=name)  # fmt: skip
    elif against(told):
        found.warn("against-training", f"In training {best} tells {name}; the predictions say the opposite ({told.followed:.1f} standard deviations).", "Were two classes taken for one another? See dls.vocab: preds[:, 1] is the second.", column=name)  # fmt: skip
