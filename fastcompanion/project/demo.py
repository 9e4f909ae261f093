"""Made-up tables, for a project without data: the same each time, nothing fetched."""

from __future__ import annotations

import math

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.project.plain import to_text

#: what can be asked for -> the file and its target
KINDS = {"class": "late", "number": "minutes"}
_ROWS, _TEST = 600, 150
_WEATHER = {"sun": 0.0, "cloud": 1.0, "rain": 6.0, "snow": 12.0}
_WAYS = {"bicycle": 14.0, "bus": 24.0, "car": 18.0}


def tables(kind: str) -> dict[str, str]:
    """Make trips to work, whose minutes or lateness are to be predicted: train.csv, test.csv, a sample submission."""
    if kind not in KINDS:
        raise CompanionError(
            f"there is no demo {kind!r}", hint=f"--demo {' or --demo '.join(KINDS)}", code=Exit.USAGE
        )  # fmt: skip
    target = KINDS[kind]
    names = ["trip", "way", "weather", "kilometres", "lights", "hour", target]
    rows = [_trip(number, kind) for number in range(1, _ROWS + _TEST + 1)]
    train, test = rows[:_ROWS], rows[_ROWS:]
    guess = "no" if kind == "class" else "25.0"
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
    asked = f"{minutes:.1f}" if kind == "number" else ("yes" if minutes > 26 else "no")
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
