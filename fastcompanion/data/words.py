"""One word: how much does it tell of a text whether a single word is in it?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.data import baselines
from fastcompanion.data.baselines import Naive
from fastcompanion.data.folds import Split

_WORD = re.compile(r"[^\W\d_]{2,}")
_CHOICE, _ROWS = 100, 20_000
_RARE, _USUAL = 0.02, 0.9


@frozen
class Said:
    """What the rule said of every row that was judged, and what it learned in the first fold."""

    name: str
    learned: str
    predictions: Mapping[str, str]


def judge(
    texts: Mapping[str, str], truths: Mapping[str, str], split: Split, *, number: bool
) -> Said | None:
    """Choose the word by the rows of each fold that are learned from; None where there is too much or nothing to choose.

    Candidates are the hundred most frequent words that a few rows have and most have not.
    """
    if len(texts) > _ROWS:
        return None
    inside = {one: frozenset(_WORD.findall(text.lower())) for one, text in texts.items()}
    said: dict[str, str] = {}
    first: Naive | None = None
    for fold in split.folds:
        learned, asked = split.trained_on(fold), split.of(fold)
        chosen = _candidates([inside[one] for one in learned])
        if not chosen:
            return None
        made = _fit({word: [word in inside[one] for one in learned] for word in chosen}, [truths[one] for one in learned], number=number)  # fmt: skip
        word = made.name.removeprefix("one rule: ")
        said.update(zip(asked, made.predict([word in inside[one] for one in asked]), strict=True))
        first = first or made
    assert first is not None
    word = first.name.removeprefix("one rule: ")
    return Said(f"one word: {word}", f"whether {word!r} is in the text says most", said)


def _candidates(rows: Sequence[frozenset[str]]) -> list[str]:
    counts = Counter(word for row in rows for word in row)
    fitting = [
        (count, word)
        for word, count in counts.items()
        if len(rows) * _RARE <= count <= len(rows) * _USUAL and count >= 2
    ]
    return [word for _, word in sorted(fitting, key=lambda one: (-one[0], one[1]))[:_CHOICE]]


def _fit(columns: Mapping[str, Sequence[bool]], truths: Sequence[str], *, number: bool) -> Naive:
    if number:
        return baselines.one_rule_numbers(columns, [float(truth) for truth in truths])
    return baselines.one_rule(columns, truths)
