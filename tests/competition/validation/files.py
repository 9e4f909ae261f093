"""Submissions made for the tests: a sample and a file of predictions that passes, and ways to spoil it."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcompanion.competition.validation.issue import Checked
from fastcompanion.competition.validation.submission import validate


def text(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerows([header, *rows])
    return made.getvalue()


def rows_of(content: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content)))


@dataclass
class Place:
    """A folder with a sample, and the way to check a submission in it."""

    folder: Path
    sample: str

    def check(self, content: str | bytes, name: str = "submission.csv", **more: Any) -> Checked:
        sample, path = self.folder / "sample_submission.csv", self.folder / name
        sample.write_text(self.sample, encoding="utf-8")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return validate(path, sample, **more)


def passengers(seed: int = 0, rows: int = 400) -> tuple[str, str, str]:
    """Make train, test and sample of the form of a well-known competition: survival follows sex and class."""
    draw = random.Random(seed)

    def person(number: int) -> list[object]:
        sex, level = draw.choice(["male", "female", "male"]), draw.choice([1, 2, 3, 3])
        age = "" if draw.random() < 0.2 else round(draw.uniform(1, 70), 1)
        lived = draw.random() < {"female": 0.95, "male": 0.3}[sex] - 0.13 * (level - 1)
        fare = round(draw.expovariate(level / 60), 4)
        return [number, int(lived), level, sex, age, draw.choice("SSCQ"), fare]

    names = ["PassengerId", "Survived", "Pclass", "Sex", "Age", "Embarked", "Fare"]
    train = [person(number) for number in range(1, 892)]
    test = [person(number) for number in range(892, 892 + rows)]
    told = text([names[0], *names[2:]], [[row[0], *row[2:]] for row in test])
    sample = text(names[:2], [[row[0], int(row[3] == "female")] for row in test])
    return text(names, train), told, sample
