"""Columns: what their values are, told from the distinct ones."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from fastcompanion.base.records import frozen
from fastcompanion.data.dataset import Column, ColumnType
from fastcompanion.data.tables import Table, is_missing

_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:[. ]\d{3})+|\d+),\d+|[-+]?\d{1,3}(?:\.\d{3}){2,}")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNIT = re.compile(r"([-+]?)\s*([$€£¥]?)\s*([-+]?[\d.,]*\d)\s*([%$€£¥]?)")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ]\d{1,2}:\d{2}.*)?")
_DAYS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?: \d{1,2}:\d{2}.*)?")
_MONTH_WORD = re.compile(
    r"(?i)(?:\w{3,9},? )?(?:(\d{1,2})[ -])?([a-z]{3})[a-z]*[ ./,-]*(?:(\d{1,2}),? )?(\d{4}|\d{2})(?: \d{1,2}:\d{2}.*)?"
)
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_TRUTH = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"}, {"0", "1"}, {"-1", "1"})
_TEXT_WORDS, _TEXT_LENGTH = 6, 40
_MOSTLY = 0.95
# Beyond it, sums of squares overflow.
_LARGEST = 1e100


@frozen
class Values:
    """A column's values read as what they are.

    `numbers` and `days` stand beside the rows, None where a row has none; `odd` are the values that
    are not like the others; `form` says how numbers or dates are written.
    """

    name: str
    type: ColumnType
    cells: tuple[str, ...]
    counts: Mapping[str, int]
    missing: int
    numbers: tuple[float | None, ...] = ()
    days: tuple[float | None, ...] = ()
    form: str = ""
    odd: tuple[str, ...] = ()

    @property
    def filled(self) -> int:
        """How many rows have a value."""
        return len(self.cells) - self.missing

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.counts)

    @property
    def is_numeric(self) -> bool:
        """Are its values numbers?"""
        return self.type in ("integer", "number") or (self.type == "boolean" and bool(self.numbers))


def read(table: Table) -> dict[str, Values]:
    """Read every column of a table."""
    cells: Iterable[tuple[str, ...]] = (
        zip(*table.rows, strict=True) if table.rows else ((),) * len(table.names)
    )
    pairs = zip(table.names, cells, strict=True)
    return {name: values(name, column, table.dialect.delimiter) for name, column in pairs}


def values(name: str, cells: Sequence[str], delimiter: str = ",") -> Values:
    """Find out what a column's values are."""
    counts = Counter(cells)
    nothing = [cell for cell in counts if is_missing(cell)]
    missing = sum(counts.pop(cell) for cell in nothing)
    told = Values(name, "empty", tuple(cells), counts, missing)
    if not counts:
        return told
    return _as_numbers(told, delimiter) or _as_dates(told) or _as_words(told)


def _with(told: Values, kind: ColumnType, **more: object) -> Values:
    fields = {"numbers": (), "days": (), "form": "", "odd": ()} | more
    return Values(told.name, kind, told.cells, told.counts, told.missing, **fields)  # type: ignore[arg-type]


def _as_numbers(told: Values, delimiter: str) -> Values | None:
    form = _form(told.counts, delimiter)
    known = {cell: number(cell, form) for cell in told.counts}
    odd = tuple(cell for cell, value in known.items() if value is None)
    rows = sum(told.counts[cell] for cell in odd)
    if rows and not _few_odd(odd, rows, told):
        return None
    if _looks_like_days(told, known):
        return None
    found = {value for value in known.values() if value is not None}
    kind: ColumnType = "integer" if all(value.is_integer() for value in found) else "number"
    if odd:
        kind = "mixed"
    elif {cell.strip() for cell in told.counts} in _TRUTH and len(told.counts) == 2:
        kind = "boolean"
    numbers = tuple(known.get(cell) for cell in told.cells)
    return _with(told, kind, numbers=numbers, form=form, odd=odd)


def _few_odd(odd: Sequence[str], rows: int, told: Values) -> bool:
    """Are the values that are no numbers a few slips among numbers, not codes that hold digits?"""
    share = 1 - rows / max(told.filled, 1)
    return share >= _MOSTLY or (share >= 0.5 and len(odd) <= min(3, told.distinct // 3))


def _form(counts: Mapping[str, int], delimiter: str) -> str:
    """Say how numbers are written: "", "decimal comma", "thousands" or "unit"."""
    texts = [cell.strip() for cell in counts]
    plain = sum(bool(_PLAIN.fullmatch(text)) for text in texts)
    if plain == len(texts):
        return ""
    comma = sum(bool(_DECIMAL_COMMA.fullmatch(text)) for text in texts)
    thousands = sum(bool(_THOUSANDS.fullmatch(text)) for text in texts)
    if (
        thousands
        and thousands == comma + sum("." in t and "," in t for t in texts)
        and delimiter == ","
    ):
        return "thousands"
    if comma + plain >= len(texts) * _MOSTLY and comma > len(texts) * 0.2:
        return "decimal comma"
    if thousands + plain >= len(texts) * _MOSTLY and thousands > len(texts) * 0.2:
        return "thousands"
    unit = sum(bool(_UNIT.fullmatch(text)) for text in texts)
    return "unit" if unit >= len(texts) * _MOSTLY and unit > plain + comma + thousands else ""


def number(cell: str, form: str = "") -> float | None:
    """Read one number as it is written in its column; None for what is none, as NaN, infinity and what is too large to add."""
    text = cell.strip()
    if form == "unit" and (found := _UNIT.fullmatch(text)):
        text = found[1] + found[3].replace(",", "")
    elif form == "decimal comma":
        text = text.replace(".", "").replace(" ", "").replace(",", ".") if "," in text else text
    elif form == "thousands":
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        return None
    value = float(text)
    return value if abs(value) < _LARGEST else None


def _looks_like_days(told: Values, known: Mapping[str, float | None]) -> bool:
    """Are the whole numbers days written without anything between, as 20240131?"""
    named = re.search(r"(?i)date|day|datum|time", told.name)
    return bool(named) and all(
        len(cell.strip()) == 8 and _compact_day(cell.strip()) is not None for cell in known
    )


def _as_dates(told: Values) -> Values | None:
    forms: Counter[str] = Counter()
    month_first = _month_first(told.counts)
    known: dict[str, float | None] = {}
    for cell in told.counts:
        value, form = day(cell, month_first)
        known[cell] = value
        forms[form] += 1
    good = len(known) - forms.pop("", 0)
    if good < len(known) * 0.9:
        return None
    odd = tuple(cell for cell, value in known.items() if value is None)
    days = tuple(known.get(cell) for cell in told.cells)
    return _with(told, "date", days=days, form=" and ".join(sorted(forms)), odd=odd)


def _month_first(counts: Mapping[str, int]) -> bool | None:
    """Tell which of two numbers is the month; None where both could be."""
    found = [match for cell in counts if (match := _DAYS.fullmatch(cell.strip()))]
    first = any(int(match[1]) > 12 for match in found)
    second = any(int(match[3]) > 12 for match in found)
    return None if first == second else second


def day(cell: str, month_first: bool | None = None) -> tuple[float | None, str]:
    """Read a date as a day number with a fraction, and say how it is written; ("" for no date)."""
    text = cell.strip()
    if not 6 <= len(text) <= 40 or not any(map(str.isdigit, text)):
        return None, ""
    if found := _ISO.fullmatch(text):
        made = _day(int(found[1]), int(found[2]), int(found[3] or 1))
        return _with_time(made, text), "year-month-day"
    if found := _QUARTER.fullmatch(text):
        return _day(int(found[1]), int(found[2]) * 3 - 2, 1), "year and quarter"
    if found := _DAYS.fullmatch(text):
        one, two, year = int(found[1]), int(found[3]), int(found[4])
        month, of_month = (one, two) if month_first else (two, one)
        form = {True: "month/day/year", False: "day/month/year", None: "day or month first"}
        return _with_time(_day(_full_year(year), month, of_month), text), form[month_first]
    if found := _MONTH_WORD.fullmatch(text):
        return _with_time(_word_day(found), text), "month by name"
    compact = _compact_day(text)
    return compact, "yyyymmdd" if compact is not None else ""


def _word_day(found: re.Match[str]) -> float | None:
    word = found[2].lower()
    if word not in _MONTHS:
        return None
    return _day(_full_year(int(found[4])), _MONTHS.index(word) + 1, int(found[1] or found[3] or 1))


def _compact_day(text: str) -> float | None:
    if len(text) != 8 or not text.isdigit() or not "1900" <= text[:4] <= "2100":
        return None
    return _day(int(text[:4]), int(text[4:6]), int(text[6:]))


def _full_year(year: int) -> int:
    return year if year > 99 else year + (2000 if year < 70 else 1900)


def _day(year: int, month: int, of_month: int) -> float | None:
    try:
        return float(date(year, month, of_month).toordinal())
    except ValueError:
        return None


def _with_time(made: float | None, text: str) -> float | None:
    found = re.search(r"[T ](\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    if made is None or found is None:
        return made
    return made + (int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)) / 86400


def _as_words(told: Values) -> Values:
    lowered = {cell.strip().lower() for cell in told.counts}
    if len(lowered) == 2 and lowered in _TRUTH:
        return _with(told, "boolean")
    if _is_text(told):
        return _with(told, "text")
    numbers = sum(n for cell, n in told.counts.items() if _PLAIN.fullmatch(cell.strip()))
    odd = tuple(cell for cell in told.counts if not _PLAIN.fullmatch(cell.strip()))
    if numbers >= told.filled * 0.5 and len(odd) <= max(3, told.distinct * 0.02):
        return _with(told, "mixed", odd=odd)
    return _with(told, "category")


def _is_text(told: Values) -> bool:
    """Are they sentences: many words, hardly any of them twice?"""
    some = list(told.counts)[:2000]
    words = sum(cell.count(" ") + 1 for cell in some) / len(some)
    length = sum(map(len, some)) / len(some)
    if (
        sum(sum(map(str.isalpha, cell[:200])) for cell in some[:50])
        < sum(len(cell[:200]) for cell in some[:50]) * 0.4
    ):
        # Pixels and other lists of numbers are no sentences.
        return False
    if words < 2 and length >= _TEXT_LENGTH / 3 and not any(map(str.isascii, some)):
        # Chinese, Japanese and Thai have no spaces between words.
        return told.distinct > told.filled * 0.3
    return words >= _TEXT_WORDS and length >= _TEXT_LENGTH and told.distinct > told.filled * 0.3


def profile(told: Values, role: str, count: int) -> Column:
    """Describe a column in numbers."""
    numbers = [value for value in told.numbers if value is not None]
    shown = numbers or [value for value in told.days if value is not None]
    top = Counter(told.counts).most_common(5) if told.distinct < told.filled else []
    return Column(
        name=told.name,
        type=told.type,
        role=role,  # type: ignore[arg-type]
        count=count,
        missing=told.missing,
        distinct=told.distinct,
        low=min(shown) if shown else None,
        high=max(shown) if shown else None,
        mean=math.fsum(numbers) / len(numbers) if numbers else None,
        top=tuple((cell[:60], n) for cell, n in top),
        form=told.form,
    )


def day_text(number: float) -> str:
    """Write a day number as a date, with the time where there is one."""
    whole = date.fromordinal(int(number))
    seconds = round((number - int(number)) * 86400)
    if not seconds:
        return whole.isoformat()
    return f"{datetime.combine(whole, datetime.min.time()):%Y-%m-%d} {seconds // 3600:02}:{seconds % 3600 // 60:02}"
