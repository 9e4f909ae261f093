"""Which kind of data set a table is: classes, a number, texts, ratings, a series in time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.data import targets
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Finding, Kind, Role
from fastcompanion.data.targets import View

_USER = re.compile(
    r"(?i)(?:.*[_ .-])?(user|member|reader|customer|visitor|reviewer|u|profile|account|person)s?[_ .-]?(?:id|name|no)?"
)
_ITEM = re.compile(
    r"(?i)(?:.*[_ .-])?(item|movie|film|book|product|song|track|artist|anime|game|recipe|restaurant|business|joke|article|"
    r"isbn|asin|beer|i|m|title)s?[_ .-]?(?:id|name|no)?"
)
_RATING = re.compile(r"(?i)(?:.*[_ .-])?(rating|ratings|rate|score|stars?|vote|value|preference)s?")
_TEXTS = re.compile(
    r"(?i)(?:.*[_ .-])?(text|texts|review|reviews|comment|comments|tweet|message|sms|sentence|question|headline|body|content|"
    r"abstract|description|document|post|utterance|phrase|email|summary|story|transcript|statement|essay|full_text|review_text)"
)
_TIMES = re.compile(
    r"(?i)(?:.*[_ .-])?(date|time|timestamp|datetime|day|week|month|year|period|hour|ds|dt|quarter|t)"
)
_FEW_OTHERS = 2


@frozen
class Recognised:
    """A table's kind with its target and the role of every column."""

    kind: Finding
    target: Finding
    roles: Mapping[str, Role]
    texts: tuple[str, ...] = ()
    time: str = ""


def recognise(view: View, wanted_target: str, wanted_kind: str) -> Recognised:
    """Tell the kind of a table, its target and what each column is for."""
    target = targets.target(view, wanted_target)
    time = time_column(view, target.value)
    for found in _specials(view, target, time, wanted_kind):
        if not wanted_kind or found.kind.value == wanted_kind:
            return _complete(view, found, time)
    return _complete(view, Recognised(_plain(view, target), target, {}), time)


def _specials(view: View, target: Finding, time: str, wanted: str) -> Iterable[Recognised]:
    for found in (_ratings(view, target), _series(view, target, time), _text(view, target)):
        if found is not None:
            yield found
    if wanted == "ratings":
        yield _ratings_as_said(view, target)
    if wanted:
        kind = Finding(wanted, True, ("you said so",))
        yield Recognised(kind, target, {}, _longest(view, target) if "text" in wanted else (), time)


def _plain(view: View, target: Finding) -> Finding:
    if not target.value:
        return Finding(
            "unknown", False, ("it is a table, and no column looks like one to predict",)
        )
    task = targets.is_number_target(view.values[target.value])
    kind: Kind = "table-number" if task.value == "number" else "table-class"
    rows = f"{view.train.name} is a table of {view.train.count} rows"
    return Finding(kind, task.sure, (rows, f"{target.value}: {'; '.join(task.why)}"))


def _complete(view: View, found: Recognised, time: str) -> Recognised:
    """Give each column its role."""
    roles: dict[str, Role] = dict.fromkeys(view.train.names, "input")
    for name, values in view.values.items():
        if values.distinct < 2:
            roles[name] = "useless"
    roles.update(targets.naming(view, found.target.value))
    if time or found.time:
        roles[found.time or time] = "time"
    roles.update(dict.fromkeys(found.texts, "text"))
    if given := targets.given_split(view):
        roles[given] = "split"
    roles.update(found.roles)
    if found.target.value:
        roles[found.target.value] = "target"
    return replace(found, roles=roles, time=found.time or time)


def time_column(view: View, target: str) -> str:
    """Find the column that says when: dates, or a year that counts up."""
    dates = [
        name for name, values in view.values.items() if values.type == "date" and name != target
    ]
    if dates:
        return max(
            dates, key=lambda name: (bool(_TIMES.fullmatch(name)), view.values[name].distinct)
        )
    for name, values in view.values.items():
        if name != target and values.type == "integer" and _is_clock(values):
            return name
    return ""


def _is_clock(values: Values) -> bool:
    """Is it a year, or seconds since 1970?"""
    numbers = [value for value in values.numbers if value is not None]
    name = values.name.strip().lower()
    if name in ("year", "yr", "jahr"):
        return all(1500 <= value <= 2200 for value in numbers)
    epoch = all(3e8 <= value <= 4e9 or 3e11 <= value <= 4e12 for value in numbers)
    return epoch and bool(_TIMES.fullmatch(name))


def moments(values: Values) -> tuple[float | None, ...]:
    """Give a time column's values as numbers that grow with time."""
    return values.days or values.numbers


def usual_step(found: list[float]) -> float:
    """Give the usual step of moments, in days where they are dates."""
    steps = Counter(round(b - a, 4) for a, b in pairwise(sorted(found)))
    return steps.most_common(1)[0][0] if steps else 0.0


def season(time: Values) -> int:
    """Give how many steps a day, a week or a year has; 0 where the calendar says nothing."""
    if time.type != "date":
        return 0
    step = usual_step([value for value in time.days if value is not None])
    seasons = ((0.04, 0.05, 24), (0.9, 1.1, 7), (6.9, 7.1, 52), (27, 32, 12), (89, 93, 4))
    return next((count for least, most, count in seasons if least <= step <= most), 0)


def _ratings(view: View, target: Finding) -> Recognised | None:
    names = [name for name in view.train.names if view.values[name].distinct > 1]
    users = [name for name in names if _USER.fullmatch(name) and _repeats(view, name)]
    items = [
        name
        for name in names
        if _ITEM.fullmatch(name) and name not in users and _repeats(view, name)
    ]
    rates = [n for n in names if view.values[n].is_numeric and n not in (*users, *items)]
    rates = [n for n in rates if n == target.value and target.sure] or [
        n for n in rates if _RATING.fullmatch(n)
    ]
    named = bool(users and items and rates)
    if not named:
        users, items, rates = _ratings_by_shape(view, names)
    if not (users and items and rates) or not _pairs_differ(view, users[0], items[0]):
        return None
    why = (
        f"each row is a number ({rates[0]}) for a pair of {users[0]} and {items[0]}",
        f"{view.values[users[0]].distinct} of one, {view.values[items[0]].distinct} of the other",
    )
    rating = (
        target
        if target.sure
        else Finding(rates[0], named, ("it belongs to a pair of the two others",))
    )
    roles: dict[str, Role] = {users[0]: "group", items[0]: "group"}
    return Recognised(Finding("ratings", named, why), rating, roles)


def _ratings_as_said(view: View, target: Finding) -> Recognised:
    """Take the first two columns that repeat for users and items, as the learner says there are some."""
    given = (
        target if target.value else Finding(view.train.names[-1], False, ("it is the last column",))
    )
    pair = [name for name in view.train.names if name != given.value and _repeats(view, name)][:2]
    if len(pair) < 2:
        raise CompanionError(
            "ratings need a column of users and one of items, and values in both that repeat"
        )
    roles: dict[str, Role] = dict.fromkeys(pair, "group")
    return Recognised(Finding("ratings", True, ("you said so",)), given, roles)


def _ratings_by_shape(view: View, names: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Look for user, item, rating in tables of three or four columns that nobody named."""
    if not 3 <= len(names) <= 4:
        return [], [], []
    said = all(name.lower().endswith("id") for name in names[:2])
    if view.train.dialect.header and not said:
        return [], [], []
    wanted = [view.values[name] for name in names[:3]]
    ids = all(
        one.type in ("integer", "category") and _repeats(view, one.name) for one in wanted[:2]
    )
    small = wanted[2].is_numeric and wanted[2].distinct <= 30
    return ([names[0]], [names[1]], [names[2]]) if ids and small else ([], [], [])


def _repeats(view: View, name: str) -> bool:
    values = view.values[name]
    return (
        values.type in ("integer", "category", "mixed", "text")
        and values.distinct <= values.filled * 0.8
    )


def _pairs_differ(view: View, user: str, item: str) -> bool:
    cells = zip(view.values[user].cells, view.values[item].cells, strict=True)
    return len(set(cells)) >= view.rows * 0.95


def _series(view: View, target: Finding, time: str) -> Recognised | None:
    if not time or not (numeric := _measured(view, time)):
        return None
    when = [value for value in moments(view.values[time]) if value is not None]
    regular = regularity(when)
    if len(when) < 8 or regular < 0.6 or len(numeric) > 12:
        return None
    value = target if target.sure else _value_of(target, numeric)
    if value.value not in numeric:
        return None
    others = (
        len(view.train.names) - 2 - sum(targets.is_id(view.values[n]) for n in view.train.names)
    )
    why = (
        f"{time} has one row for each step of time, {regular:.0%} of them of the same length",
        f"{value.value} is a number" + (f", beside {others} other columns" if others > 0 else ""),
    )
    sure = others <= 1 and view.values[time].type == "date"
    return Recognised(Finding("time-series", sure, why), value, {}, time=time)


def _measured(view: View, time: str) -> list[str]:
    return [
        name
        for name, values in view.values.items()
        if values.is_numeric and name != time and values.distinct > 2 and not targets.is_id(values)
    ]


def _value_of(target: Finding, numeric: list[str]) -> Finding:
    if target.value in numeric and len(numeric) > 1:
        return target
    return Finding(numeric[-1], len(numeric) == 1, ("it is the number that changes with time",))


def regularity(when: list[float]) -> float:
    """Give the share of steps that are as long as the usual one; months and years may differ by days."""
    ordered = sorted(when)
    if len(set(ordered)) < len(ordered) * 0.98:
        return 0.0
    steps = [round(b - a, 6) for a, b in pairwise(ordered)]
    if not steps:
        return 0.0
    usual, count = Counter(steps).most_common(1)[0]
    if usual >= 28:
        count = sum(abs(step - usual) <= usual * 0.11 for step in steps)
    return count / len(steps)


def _text(view: View, target: Finding) -> Recognised | None:
    found = _longest(view, target)
    if not found or not target.value:
        return None
    ids = targets.ids(view, target.value)
    left_out = {*found, *ids, target.value, targets.given_split(view)}
    others = [
        name
        for name, values in view.values.items()
        if name not in left_out and values.distinct > 1 and values.type not in ("date", "text")
    ]
    phrases = all(view.values[name].type == "category" for name in others)
    named = [name for name in found if _TEXTS.fullmatch(name)]
    if len(others) > _FEW_OTHERS and not (named and len(others) <= 4) and not phrases:
        return None
    task = targets.is_number_target(view.values[target.value])
    kind: Kind = "text-number" if task.value == "number" else "text-class"
    words = _words(view.values[found[0]])
    why = (
        f"{found[0]} holds texts, {words:.0f} words on average",
        f"{target.value}: {'; '.join(task.why)}",
    )
    sure = bool(task.sure and (named or words >= 8) and len(others) <= _FEW_OTHERS)
    return Recognised(Finding(kind, sure, why), target, {}, tuple(found))


def _longest(view: View, target: Finding) -> tuple[str, ...]:
    """Name the columns of texts: sentences, or phrases where the name says so or nothing else is there."""
    inputs = [n for n in view.train.names if n != target.value and view.values[n].distinct > 1]
    texts = [n for n in inputs if view.values[n].type == "text"]
    named = [n for n in inputs if _TEXTS.fullmatch(n) and _words(view.values[n]) >= 2.5]
    found = texts or [n for n in named if view.values[n].type in ("category", "mixed")]
    if not found and not any(
        view.values[n].is_numeric and not targets.is_id(view.values[n]) for n in inputs
    ):
        found = [n for n in inputs if _is_phrases(view.values[n])]
    return tuple(sorted(found, key=lambda name: -_words(view.values[name])))


def _is_phrases(values: Values) -> bool:
    many = values.distinct > max(20, values.filled * 0.05)
    return values.type == "category" and many and _words(values) >= 1.8


def _words(values: Values) -> float:
    some = list(values.counts)[:2000]
    return sum(len(cell.split()) for cell in some) / max(len(some), 1)
