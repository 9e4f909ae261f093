"""What is wrong with a table: target, columns, duplicates, leaks, and train unlike test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown
from fastcompanion.data import onerule, panels, targets
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Problem, Severity
from fastcompanion.data.tables import Table, is_missing, key
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

#: rows that a rule is tried on at most
_ROWS = 20_000
_COLUMNS = 200
_TINY = 5
_LEAK = 0.97
_APART = 0.65
_FEW_ROWS = 30
#: a difference of means that is hardly chance (standard errors), and one that matters (deviations)
_SURELY, _CLEARLY = 4.5, 0.25


def find(view: View, found: Recognised) -> list[Problem]:
    """Find what is wrong, the worst first."""
    made = [
        *view.train.problems,
        *(problem for table in (view.test, view.valid) if table for problem in table.problems),
        *of_target(view, found),
        *of_columns(view, found),
        *of_rows(view, found),
        *of_leaks(view, found),
        *of_parts(view, found),
        *panels.find(view, found),
    ]
    return in_order(made)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Put what stops everything first, then warnings, then notes."""
    order: list[Severity] = ["stop", "warn", "note"]
    return sorted(dict.fromkeys(problems), key=lambda one: order.index(one.severity))


def refuse(found: Iterable[Problem], data: Path) -> None:
    """Nothing can be learned from data that have what stops everything."""
    stops = [problem for problem in found if problem.severity == "stop"]
    if stops:
        first, more = stops[0], len(stops) - 1
        told = f" (and {more} more)" if more else ""
        raise CompanionError(
            f"{data if first.where == '.' else first.where}: {first.text} {first.cure}{told}",
            hint=shown(["fastcompanion", "data", "show", str(data)]),
            code=Exit.CHECK_SAYS_NO,
        )


def labels_apart(view: View, found: Sequence[Table]) -> Iterator[Problem]:
    """Find a table that has just an id and one more column for the same rows: labels kept apart."""
    parts = (view.train, view.test, view.valid, view.sample)
    for table in found:
        shared = [name for name in table.names if name in view.train.names]
        others = [name for name in table.names if name not in view.train.names]
        if any(table is part for part in parts) or len(shared) != 1 or len(others) != 1:
            continue
        here, there = set(view.train.column(shared[0])), set(table.column(shared[0]))
        if len(there) == len(table.rows) and len(here & there) >= 0.9 * len(here):
            text = f"It holds {others[0]} for the rows of {view.train.name}, by {shared[0]}."
            cure = f"Join the two tables if {others[0]} is to be predicted."
            yield Problem("labels-apart", "warn", table.name, text, cure)


def of_target(view: View, found: Recognised) -> Iterator[Problem]:
    """Look at the target: nothing in it, one value, gaps, classes too small to learn or to judge."""
    if not view.train.count:
        yield Problem(
            "no-rows", "stop", view.train.name, "It names columns and has no rows.", "Get it again."
        )
    if not found.target.value:
        return
    values = view.values[found.target.value]
    where = values.name
    if values.missing:
        rows = f"{values.missing} of {len(values.cells)} rows have no {where}."
        level: Severity = "warn" if values.filled else "stop"
        cure = "Leave them out of training and scoring." if values.filled else "Say --target."
        yield Problem("target-missing", level, where, rows, cure)
    if values.distinct == 1:
        only = next(iter(values.counts))
        yield Problem(
            "one-value",
            "stop",
            where,
            f"Every row has the same {where}: {only!r}.",
            "Get rows with other values.",
        )
    if found.kind.value.endswith("class"):
        yield from of_classes(Counter(values.counts), where)


def of_classes(counts: Counter[str], where: str) -> Iterator[Problem]:
    """Look at the sizes of classes."""
    rows = counts.total()
    if len(counts) > 1 and rows < 2 * len(counts):
        text = f"There are {len(counts)} classes and {rows} rows: most classes have a single one."
        yield Problem(
            "rows-fewer-than-classes", "stop", where, text, "Is it the right target? Say --target."
        )
    elif tiny := [name for name, count in counts.items() if count < _TINY]:
        shown = some(
            [f"{name!r} ({counts[name]})" for name in sorted(tiny, key=lambda n: counts[n])]
        )
        text = f"{len(tiny)} of {len(counts)} classes have fewer than {_TINY} rows: {shown}."
        yield Problem(
            "tiny-classes", "warn", where, text, "Join them with others, or get more rows."
        )
    spelled = spellings(counts)
    if spelled:
        text = f"The same class is written in several ways: {some(spelled)}."
        yield Problem("spellings", "warn", where, text, "Write each class in one way.")


def some(texts: Sequence[str], most: int = 3) -> str:
    """Join the first few, and say how many more there are."""
    rest = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {rest} more" if rest > 0 else "")


def spellings(counts: Iterable[str]) -> list[str]:
    """Find words that differ in case and spaces only."""
    same: dict[str, list[str]] = defaultdict(list)
    for cell in counts:
        same[" ".join(cell.split()).casefold()].append(cell)
    return [" / ".join(map(repr, sorted(cells))) for cells in same.values() if len(cells) > 1]


def of_columns(view: View, found: Recognised) -> Iterator[Problem]:
    """Look at single columns: empty, constant, like ids, mixed, written in a way that readers get wrong."""
    for name, values in view.values.items():
        if not values.cells or (name == found.target.value and not values.distinct):
            continue
        if not values.distinct:
            yield Problem(
                "empty-column", "warn", name, "It has no value in any row.", "Leave it out."
            )
        elif values.distinct == 1 and name != found.target.value and len(values.cells) > 1:
            yield _constant(values)
        elif found.roles.get(name) in ("id", "name"):
            yield _naming(values)
        yield from _written(values)
        yield from _spelled(values, found)
    yield from _twins(view, found)


def _naming(values: Values) -> Problem:
    """Say that a column names rows; in words there may be parts that come again."""
    share = values.distinct / max(values.filled, 1)
    many = "No two rows have the same value" if share == 1 else f"{share:.0%} of its values differ"
    text = f"{many}: it names rows, and what is learnt of one tells nothing of another."
    cure = "Leave it out of the inputs."
    if not values.is_numeric and any(" " in cell.strip() for cell in values.counts):
        cure = "Leave it out of the inputs, or take a part that comes again (a title, a place)."
    return Problem("id-like", "note", values.name, text, cure)


def _constant(values: Values) -> Problem:
    only = next(iter(values.counts))
    also = f" or nothing ({values.missing} rows)" if values.missing else ""
    return Problem(
        "constant-column",
        "warn",
        values.name,
        f"Every row has {only[:40]!r}{also}.",
        "Leave it out.",
    )


def _written(values: Values) -> Iterator[Problem]:
    name = values.name
    if values.form == "decimal comma":
        yield Problem(
            "decimal-comma",
            "warn",
            name,
            "Its numbers have a decimal comma.",
            "Read it with decimal=','.",
        )
    elif values.form == "thousands":
        yield Problem(
            "thousands",
            "warn",
            name,
            "Its numbers have commas between thousands.",
            "Read it with thousands=','.",
        )
    elif values.form == "unit":
        example = next(iter(values.counts))
        yield Problem(
            "unit",
            "warn",
            name,
            f"Its numbers are written with a sign: {example!r}.",
            "Take the sign away before use.",
        )
    if values.odd and values.type == "mixed":
        rows = sum(values.counts[cell] for cell in values.odd)
        shown = some([repr(cell[:30]) for cell in values.odd])
        text = f"{rows} of {values.filled} values are no numbers among numbers: {shown}."
        yield Problem(
            "mixed-types",
            "warn",
            name,
            text,
            "Decide what they mean: missing, or a class of their own.",
        )
    if values.type == "date":
        yield from _dates(values)


def _spelled(values: Values, found: Recognised) -> Iterator[Problem]:
    if values.type != "category" or values.distinct > 1000 or values.name == found.target.value:
        return
    if several := spellings(values.counts):
        text = f"The same word is written in several ways: {some(several)}."
        yield Problem("spellings", "note", values.name, text, "Write each in one way.")


def _dates(values: Values) -> Iterator[Problem]:
    if " and " in values.form:
        text = f"Its dates are written in several ways: {values.form}."
        yield Problem("date-forms", "warn", values.name, text, "Write them all as 2026-11-21.")
    if "day or month first" in values.form:
        text = "Nothing tells whether the day or the month comes first."
        yield Problem("date-order", "warn", values.name, text, "Look it up where the data is from.")
    if values.odd:
        rows = sum(values.counts[cell] for cell in values.odd)
        shown = some([repr(cell) for cell in values.odd])
        yield Problem(
            "odd-dates",
            "warn",
            values.name,
            f"{rows} values are no dates: {shown}.",
            "Mend or empty them.",
        )


def _twins(view: View, found: Recognised) -> Iterator[Problem]:
    """Find columns that say the same thing twice."""
    same: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, values in view.values.items():
        if values.distinct > 1:
            same[values.cells].append(name)
    for names in same.values():
        others = [name for name in names if name != found.target.value]
        if len(others) > 1:
            yield Problem(
                "same-columns",
                "note",
                others[1],
                f"It is the same as {others[0]}.",
                "Leave one out.",
            )


def of_rows(view: View, found: Recognised) -> Iterator[Problem]:
    """Look for rows that stand there twice, also in two parts, and for the same row with another answer."""
    ids = {name for name, role in found.roles.items() if role in ("id", "split")}
    target = found.target.value
    inputs = [
        n for n in view.train.names if n not in ids and n != target and view.values[n].distinct > 1
    ]
    if len(inputs) < 1 or found.kind.value == "unknown":
        return
    marks = _marks(view.train, inputs)
    answers = view.values[target].cells if target else ("",) * len(marks)
    by_mark: dict[int, list[str]] = defaultdict(list)
    for mark, answer in zip(marks, answers, strict=True):
        by_mark[mark].append(answer)
    yield from _repeated(view, by_mark, len(inputs))
    for part in (view.test, view.valid):
        if part is not None and (shared := [n for n in inputs if n in part.names]):
            yield from _across(view.train, part, shared)


def _marks(table: Table, names: Sequence[str]) -> list[int]:
    place_of = {name: place for place, name in enumerate(table.names)}
    places = [place_of[name] for name in names]
    return [key([row[place].strip() for place in places]) for row in table.rows]


def _repeated(view: View, by_mark: dict[int, list[str]], inputs: int) -> Iterator[Problem]:
    again = sum(len(found) - len(set(found)) for found in by_mark.values())
    torn = sum(len(found) for found in by_mark.values() if len(set(found)) > 1)
    share = again / max(view.rows, 1)
    if again and (inputs > 2 or share < 0.2):
        level: Severity = "warn" if share >= 0.005 else "note"
        text = f"{again} rows stand there again with the same target ({share:.1%})."
        cure = (
            "Drop them, or keep copies in the same part: in two parts they make a score too good."
        )
        yield Problem("duplicate-rows", level, view.train.name, text, cure)
    if torn and inputs > 2:
        text = f"{torn} rows have the same inputs as another row and another target."
        yield Problem(
            "contradictions", "note", view.train.name, text, "No model can be right on all of them."
        )


def _across(train: Table, part: Table, names: Sequence[str]) -> Iterator[Problem]:
    if len(names) < 2:
        return
    known = set(_marks(train, names))
    shared = sum(mark in known for mark in _marks(part, names))
    if shared:
        share = shared / max(len(part.rows), 1)
        level: Severity = "warn" if share >= 0.005 else "note"
        text = f"{shared} rows ({share:.1%}) stand in {train.name} too."
        yield Problem(
            "rows-in-both", level, part.name, text, "A score on them says little of unseen rows."
        )


def of_leaks(view: View, found: Recognised) -> Iterator[Problem]:
    """Look for columns that give the target away, judged on rows that the rule has not seen."""
    target = found.target.value
    if not target or found.kind.value in ("ratings", "time-series") or view.rows < _FEW_ROWS:
        return
    rows = _rows_to_try(view.values[target])
    if len(rows) < _FEW_ROWS:
        return
    inputs = [n for n, role in found.roles.items() if role in ("input", "group", "time", "text")][
        :_COLUMNS
    ]
    judge = _class_leak if found.kind.value.endswith("class") else _number_leak
    for name in inputs:
        if text := judge(_taken(view.values[name], rows), _taken(view.values[target], rows)):
            cure = "Would you know it when you have to predict? If not, leave it out."
            yield Problem("leak", "warn", name, text, cure)
    if found.kind.value.endswith("number"):
        yield from _sums(view, [n for n in inputs if view.values[n].is_numeric], target)


def _rows_to_try(target: Values) -> list[int]:
    filled = [n for n, cell in enumerate(target.cells) if cell in target.counts]
    step = max(1, len(filled) // _ROWS)
    return filled[::step]


def _taken(values: Values, rows: Sequence[int]) -> Values:
    cells = tuple(values.cells[n] for n in rows)
    numbers = tuple(values.numbers[n] for n in rows) if values.numbers else ()
    days = tuple(values.days[n] for n in rows) if values.days else ()
    return Values(values.name, values.type, cells, values.counts, values.missing, numbers, days)


def _class_leak(column: Values, target: Values) -> str:
    told = onerule.classes(onerule.keys(column)[0], target.cells)
    if told.gain < _LEAK or told.score < _LEAK:
        return ""
    return f"It alone tells {target.name} right in {told.score:.1%} of the rows: possibly a leak."


def _number_leak(column: Values, target: Values) -> str:
    pairs = [
        (x, y)
        for x, y in zip(column.numbers, target.numbers, strict=False)
        if x is not None and y is not None
    ]
    if len(pairs) < _FEW_ROWS or len(pairs) < len(target.cells) / 2:
        return ""
    r = correlation([x for x, _ in pairs], [y for _, y in pairs])
    if r * r < 0.999:
        return ""
    return f"It follows {target.name} almost exactly (correlation {r:.4f}): possibly a leak."


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Give Pearson's correlation, 0 where one side is constant."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    xx = sum((x - mean_x) ** 2 for x in xs)
    yy = sum((y - mean_y) ** 2 for y in ys)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return float(xy / (xx * yy) ** 0.5) if xx > 0 and yy > 0 else 0.0


def _sums(view: View, inputs: Sequence[str], target: str) -> Iterator[Problem]:
    """Find two columns whose sum is the target, such as guests and members of all rides."""
    wanted = view.values[target].numbers
    for one, other in combinations(inputs[:40], 2):
        sides = zip(view.values[one].numbers, view.values[other].numbers, wanted, strict=False)
        if _adds_up(sides):
            text = f"{one} and {other} add up to {target}."
            yield Problem("leak", "warn", one, text, "Leave both out, or predict them instead.")


def _adds_up(sides: Iterable[tuple[float | None, float | None, float | None]]) -> bool:
    seen = 0
    for x, y, total in sides:
        if x is None or y is None or total is None:
            continue
        if abs(x + y - total) > 1e-6 * max(1.0, abs(total)):
            return False
        seen += x != 0 and y != 0
    return seen >= _FEW_ROWS


def of_parts(view: View, found: Recognised) -> Iterator[Problem]:
    """Compare training rows with those of the test: columns, words, gaps, and which column tells them apart."""
    yield from _classes_of_parts(view, found)
    if view.test is None or view.test_values is None:
        return
    lacking = [n for n in view.train.names if n not in view.test.names and n != found.target.value]
    if lacking:
        text = f"It lacks columns of {view.train.name}: {some(lacking)}."
        yield Problem(
            "columns-only-in-train", "warn", view.test.name, text, "Leave them out of the inputs."
        )
    if added := [n for n in view.test.names if n not in view.train.names]:
        text = f"It has columns that {view.train.name} lacks: {some(added)}."
        yield Problem("columns-only-in-test", "warn", view.test.name, text, "Leave them out.")
    for name, role in found.roles.items():
        if role in ("input", "group", "useless", "text") and name in view.test_values:
            yield from _skew(view.values[name], view.test_values[name])


def _classes_of_parts(view: View, found: Recognised) -> Iterator[Problem]:
    target = found.target.value
    if not target or not found.kind.value.endswith("class"):
        return
    known = set(view.values[target].counts)
    for part in (view.test, view.valid):
        if part is None or target not in part.names:
            continue
        there = {cell for cell in part.column(target) if not is_missing(cell)}
        if new := sorted(there - known):
            text = f"It has classes that training lacks: {some(list(map(repr, new)))}."
            yield Problem("classes-differ", "warn", part.name, text, "No model can know them.")
        if there and (gone := sorted(known - there)):
            text = f"It lacks classes of training: {some(list(map(repr, gone)))}."
            yield Problem(
                "classes-differ", "warn", part.name, text, "A score says nothing of them."
            )


def _skew(train: Values, test: Values) -> Iterator[Problem]:
    if train.is_numeric != test.is_numeric and train.filled and test.filled:
        text = f"Its values are {train.type} in training and {test.type} in the test."
        yield Problem("type-differs", "warn", train.name, text, "Look at how both were made.")
        return
    if bool(train.filled) != bool(test.filled):
        yield Problem(
            "empty-in-one", "warn", train.name, "It is empty in one part only.", "Leave it out."
        )
        return
    yield from _gaps(train, test)
    yield from _means(train, test)
    yield from _unseen(train, test)
    if (
        min(len(train.cells), len(test.cells)) >= _FEW_ROWS
        and train.distinct > 1
        and not _names_rows(train)
    ):
        area = onerule.apart(train, test)
        if area >= _APART:
            text = f"It tells training rows from test rows (area under the ROC curve {area:.2f})."
            cure = "Rows to validate on should be chosen as the test was."
            yield Problem("train-test-skew", "warn", train.name, text, cure)


def _means(train: Values, test: Values) -> Iterator[Problem]:
    """Compare the means of numbers: a count or a code that was made in each part by itself shows here."""
    one = [value for value in train.numbers if value is not None]
    other = [value for value in test.numbers if value is not None]
    if min(len(one), len(other)) < _FEW_ROWS or targets.is_id(train) or targets.is_id(test):
        return
    (first, spread), (second, other_spread) = _mean_and_spread(one), _mean_and_spread(other)
    error = (spread / len(one) + other_spread / len(other)) ** 0.5
    usual = ((spread + other_spread) / 2) ** 0.5
    if abs(first - second) > max(_SURELY * error, _CLEARLY * usual):
        text = f"Its mean is {first:.4g} in training and {second:.4g} in the test."
        yield Problem("means-differ", "warn", train.name, text, "Look at how both were made.")


def _mean_and_spread(numbers: Sequence[float]) -> tuple[float, float]:
    mean = sum(numbers) / len(numbers)
    return mean, sum((value - mean) ** 2 for value in numbers) / len(numbers)


def _names_rows(values: Values) -> bool:
    return values.type in ("category", "text") and values.distinct > values.filled * 0.5


def _gaps(train: Values, test: Values) -> Iterator[Problem]:
    one, other = train.missing / max(len(train.cells), 1), test.missing / max(len(test.cells), 1)
    if bool(train.missing) != bool(test.missing):
        with_gaps, part = (train, "training") if train.missing else (test, "the test")
        text = f"It has gaps in {part} only ({with_gaps.missing} of {len(with_gaps.cells)} rows)."
        yield Problem(
            "missing-in-one", "note", train.name, text, "Fill gaps in both parts in the same way."
        )
    elif abs(one - other) > 0.1:
        text = f"It is missing in {one:.0%} of the training rows and in {other:.0%} of the test."
        yield Problem("missing-differs", "warn", train.name, text, "Look at how both were made.")


def _unseen(train: Values, test: Values) -> Iterator[Problem]:
    if train.type not in ("category", "boolean") or _names_rows(train):
        return
    new = [cell for cell in test.counts if cell not in train.counts]
    rows = sum(test.counts[cell] for cell in new)
    if rows:
        shown = some([repr(cell[:30]) for cell in new])
        text = f"{rows} test rows have values that training lacks: {shown}."
        yield Problem(
            "unseen-values", "note", train.name, text, "Give what is unknown a class of its own."
        )
