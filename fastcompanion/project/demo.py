"""Made-up data, for a project without any: the same each time, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.project import demo_files, families
from fastcompanion.project.plain import to_text

_TARGETS = {"table-class": "late", "table-number": "minutes"}
_SHORT = {"class": "table-class", "number": "table-number"}
_ROWS, _TEST = 600, 150
_WEATHER = {"sun": 0.0, "cloud": 1.0, "rain": 6.0, "snow": 12.0}
_WAYS = {"bicycle": 14.0, "bus": 24.0, "car": 18.0}
_USERS, _ITEMS, _RATED = 60, 40, 0.5
_DAYS = 730
_GOOD = "warm funny clever moving bright tender gripping lovely".split()
_BAD = "slow flat loud tired clumsy dull cold endless".split()
_PARTS = "plot cast music ending dialogue camera story pace".split()


def made(wanted: str) -> tuple[str, Mapping[str, bytes]]:
    """Give the kind that is asked for and its files; `class` and `number` are tables."""
    kind = _SHORT.get(wanted, wanted)
    if kind not in families.kinds() or kind not in _MAKERS:
        known = [*_SHORT, *(one for one in _MAKERS if one in families.kinds())]
        raise CompanionError(
            f"there is no demo {wanted!r}{did_you_mean(wanted, known)}",
            hint=f"--demo with one of: {', '.join(known)}",
            code=Exit.USAGE,
        )
    return kind, {name: _bytes(one) for name, one in _MAKERS[kind](kind).items()}


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _trips(kind: str) -> dict[str, str]:
    """Make trips to work, whose minutes or lateness are to be predicted: train.csv, test.csv, a sample submission."""
    target = _TARGETS[kind]
    names = ["trip", "way", "weather", "kilometres", "lights", "hour", target]
    rows = [_trip(number, kind) for number in range(1, _ROWS + _TEST + 1)]
    train, test = rows[:_ROWS], rows[_ROWS:]
    guess = "no" if kind == "table-class" else "25.0"
    return {
        "train.csv": to_text(names, train),
        "test.csv": to_text(names[:-1], [row[:-1] for row in test]),
        "sample_submission.csv": to_text(["trip", target], [[row[0], guess] for row in test]),
    }


def _trip(number: int, kind: str) -> list[str]:
    chance = clock.rng(number)
    way, weather = chance.choice(list(_WAYS)), chance.choice(list(_WEATHER))
    kilometres = round(math.exp(chance.gauss(1.2, 0.4)), 2)
    lights, hour = chance.randrange(12), chance.choice([7, 8, 9, 10])
    rush = 1.4 if hour == 8 and way != "bicycle" else 1.0
    minutes = _WAYS[way] * kilometres / 4 * rush + _WEATHER[weather] + 0.7 * lights
    minutes += chance.gauss(0, 3)
    asked = f"{minutes:.1f}" if kind == "table-number" else ("yes" if minutes > 26 else "no")
    gap = chance.random() < 0.05
    return [
        str(number),
        way,
        "" if gap else weather,
        str(kilometres),
        str(lights),
        str(hour),
        asked,
    ]


def _stars(kind: str) -> dict[str, str]:
    """Make ratings of films: some are better, some people kinder, and everybody likes one of two sorts."""
    del kind
    chance = clock.rng(1)
    kindness = [chance.gauss(0, 0.5) for _ in range(_USERS)]
    worth = [chance.gauss(0, 0.6) for _ in range(_ITEMS)]
    rows = []
    for user in range(_USERS):
        for item in range(_ITEMS):
            if chance.random() < _RATED:
                taste = 0.8 if user % 2 == item % 2 else -0.8
                value = 3.2 + kindness[user] + worth[item] + taste + chance.gauss(0, 0.4)
                stars = min(max(round(2 * value) / 2, 0.5), 5.0)
                rows.append([f"p{user}", f"film {item}", str(stars)])
    chance.shuffle(rows)
    return {"ratings.csv": to_text(["user", "movie", "rating"], rows)}


def _reviews(kind: str) -> dict[str, str]:
    """Make short reviews; a good word stands now and then in a bad one."""
    chance = clock.rng(2)
    rows = []
    for number in range(1, 401):
        share = chance.random()
        words = [chance.choice(_GOOD if chance.random() < share else _BAD) for _ in range(6)]
        parts = [f"the {chance.choice(_PARTS)} was {word}" for word in words]
        told = str(round(1 + 9 * share, 1)) if kind == "text-number" else ("pos" if share > 0.5 else "neg")  # fmt: skip
        rows.append([str(number), ", ".join(parts).capitalize() + ".", told])
    return {"reviews.csv": to_text(["id", "review", "grade" if kind == "text-number" else "mood"], rows)}  # fmt: skip


def _sales(kind: str) -> dict[str, str]:
    """Make two years of daily sales: weekends, summers, a slow rise, and chance."""
    del kind
    chance, begin = clock.rng(3), date(2023, 1, 2)
    rows = []
    for number in range(_DAYS):
        day = begin + timedelta(days=number)
        week = 40 if day.weekday() >= 5 else 0
        season = 25 * math.sin(2 * math.pi * number / 365)
        rows.append([day.isoformat(), f"{200 + week + season + number / 20 + chance.gauss(0, 8):.1f}"])  # fmt: skip
    return {"sales.csv": to_text(["date", "sales"], rows)}


_Maker = Callable[[str], Mapping[str, str | bytes]]
_MAKERS: dict[str, _Maker] = {
    "table-class": _trips,
    "table-number": _trips,
    "ratings": _stars,
    "text-class": _reviews,
    "text-number": _reviews,
    "time-series": _sales,
    **demo_files.MAKERS,
}
