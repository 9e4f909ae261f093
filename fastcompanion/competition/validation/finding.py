"""What lies beside a submission: the sample, train and test of its competition, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.validation import source
from fastcompanion.competition.validation.findings import Findings
from fastcompanion.competition.validation.table import Rows
from fastcompanion.data.parts import WORDS

_SAMPLE = re.compile(r"(?i).*sample.*|.*(?:gender|example|benchmark|baseline)[_ -]?submission.*")
_DATA = ("", "data", "input", "raw")
_SUFFIXES = (".csv", ".csv.gz", ".csv.zip")
#: how many folders above the file are looked at, and files of each
_UP, _MOST = 2, 2000


@frozen
class Beside:
    """Files that belong to a submission; `project` is the folder of the generated project it lies in."""

    sample: Path
    test: Path | None
    train: Path | None
    project: Path | None


def beside(submission: Path, sample: Path | None, test: Path | None, train: Path | None) -> Beside:
    """Find what was not named; without a sample there is nothing to compare with."""
    for name, path in (("--sample", sample), ("--test", test), ("--train", train)):
        if path is not None and not path.exists():
            raise CompanionError("no such file", hint=f"Give {name} with a file that is there.", file=path, code=Exit.USAGE)  # fmt: skip
    place = submission.absolute().parent
    chosen = sample or _sample(submission, place)
    if chosen is None:
        raise CompanionError(
            f"no sample submission was found beside {submission.name}",
            hint="Give it with --sample; it is among the files of the competition.",
            code=Exit.MISSING,
        )
    home = chosen.absolute().parent
    parts = _parts(home, (submission, chosen))
    return Beside(chosen, test or parts.get("test"), train or parts.get("train"), _project(place))


def _sample(submission: Path, place: Path) -> Path | None:
    """Take the sample whose header fits; where several do, the first by name in the nearest folder.

    A file that is a sample by its name, and like no other one, is compared with itself.
    """
    found = [
        path
        for folder in _near(place)
        for path in _tables(folder)
        if _SAMPLE.fullmatch(_stem(path)) and not _same(path, submission)
    ]
    header = _header(submission)
    fitting = [path for path in found if header and _header(path) == header]
    if not fitting and header and _SAMPLE.fullmatch(_stem(submission)):
        return submission
    return next(iter(fitting or found), None)


def _same(path: Path, other: Path) -> bool:
    return path.absolute() == other.absolute()


def _near(place: Path) -> Iterator[Path]:
    for folder in (place, *list(place.parents)[:_UP]):
        for name in _DATA:
            if (inner := folder / name).is_dir():
                yield inner


def _tables(folder: Path) -> list[Path]:
    try:
        names = [path for _, path in zip(range(_MOST), folder.iterdir(), strict=False)]
        return sorted(path for path in names if path.name.lower().endswith(_SUFFIXES) and path.is_file())  # fmt: skip
    except OSError:
        return []


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _header(path: Path) -> tuple[str, ...]:
    header: tuple[str, ...] = ()
    if not path.is_file():
        return header
    found = Findings()
    with source.opened(path, source.kind_of(path), found) as stream:
        if stream is not None:
            header = Rows(stream, found).header
    return header


def _parts(folder: Path, others: tuple[Path, ...]) -> dict[str, Path]:
    """Find train and test in the folder of the sample, the shortest name of each part first."""
    found: dict[str, Path] = {}
    tables = [path for path in _tables(folder) if not any(_same(path, one) for one in others)]
    for path in sorted(tables, key=lambda one: (len(one.name), one.name)):
        stem = _stem(path)
        if _SAMPLE.fullmatch(stem) or "submission" in stem.lower():
            continue
        words = [WORDS.get(word, "") for word in re.split(r"[^a-z]+", stem.lower())]
        if part := next(filter(None, words), ""):
            found.setdefault(part, path)
    if (whole := folder / "files.csv").is_file():
        found.setdefault("train", whole)
    for name in ("test", "test_images"):
        if "test" not in found and (folder / name).is_dir():
            found["test"] = folder / name
    return found


def _project(place: Path) -> Path | None:
    """Find the generated project that a folder is, or is the data folder of."""
    for folder in (place, *list(place.parents)[:_UP]):
        if (folder / "project.yml").is_file() and (folder / "splits.csv").is_file():
            return folder
    return None
