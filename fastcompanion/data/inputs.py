"""What a model can learn from a column of a table: as a number, a word or a date, or not at all, and why."""

from __future__ import annotations

from typing import Literal

from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import SplitRule
from fastcompanion.data.targets import View

Use = Literal["number", "word", "date"]
#: whole numbers of so few values are names of groups more often than amounts
_FEW_NUMBERS = 4
#: words that are different in more than this share of the rows say nothing of new rows
_MANY_WORDS = 0.5
_NOT_BY_ROLE = {
    "id": "it names rows",
    "name": "it names rows",
    "split": "it says which rows are for validating",
    "text": "sentences need a model of their own",
}


def use(values: Values) -> Use:
    """Say as what a model takes a column."""
    if values.type == "date":
        return "date"
    few = values.type == "integer" and values.distinct <= _FEW_NUMBERS
    return "number" if values.numbers and values.type != "boolean" and not few else "word"


def why_left_out(view: View, name: str, role: str, rule: SplitRule) -> str:
    """Say why a column is not learned from, empty where it is."""
    values = view.values[name]
    if role in _NOT_BY_ROLE:
        return _NOT_BY_ROLE[role]
    if role == "useless":
        return "it is always the same" if values.distinct else "it is empty"
    if rule.column == name and rule.rule in ("group", "time", "given"):
        return "the split is made by it"
    if view.test is not None and name not in view.test.names:
        return f"{view.test.name} lacks it"
    if values.type == "text":
        return _NOT_BY_ROLE["text"]
    many = values.distinct > values.filled * _MANY_WORDS
    if use(values) == "word" and many and values.type in ("category", "mixed"):
        return f"it has {values.distinct} different values in {values.filled} rows"
    return ""
