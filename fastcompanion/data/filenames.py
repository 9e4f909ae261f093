"""Rules that tell a file's label from its name, a cell's file, an image's mask: each proved on every file.

A rule is a line of Python for the learner's notebook. One that does not give what was found for each
single file is not used; where none does, labels are written beside the notebook as a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from fastcompanion.base.records import frozen

_Rule = Callable[[str], str]


@frozen
class Spelled:
    """A rule as code that says it of `name`."""

    code: str
    words: str


def _found(pattern: str) -> _Rule:
    made = re.compile(pattern)

    def rule(name: str) -> str:
        match = made.fullmatch(PurePosixPath(name).stem)
        return match[1] if match else ""

    return rule


def _part(place: int) -> _Rule:
    def rule(name: str) -> str:
        folders = PurePosixPath(name).parts[:-1]
        return folders[place] if -len(folders) <= place < len(folders) else ""

    return rule


_PATTERNS = (
    (r"(.+?)[_ .-]*\(?\d+\)?", "what stands before the number in its name"),
    (r"\d+[_ .-]+(\D+)", "what stands behind the number in its name"),
    (r"([^_ .-]+)[_ .-].*", "the first word of its name"),
)


def _rules() -> Iterator[tuple[_Rule, Spelled]]:
    yield (
        lambda name: PurePosixPath(name).parent.name,
        Spelled("Path(name).parent.name", "the folder it lies in"),
    )
    for place in (0, 1, 2, 3):
        yield _part(place), Spelled(f"Path(name).parts[{place}]", "a folder above it")
    for place in (-2, -3):
        yield _part(place), Spelled(f"Path(name).parts[{place - 1}]", "a folder above it")
    for pattern, words in _PATTERNS:
        yield (
            _found(pattern),
            Spelled(f"re.fullmatch(r'{pattern}', Path(name).stem)[1]", words),
        )


def label(by_file: Mapping[str, str]) -> Spelled | None:
    """Find the rule that gives each file its label; None where none does."""
    for rule, spelled in _rules():
        if all(rule(name) == told for name, told in by_file.items()):
            return spelled
    return None


def file(pairs: Sequence[tuple[str, str]], column: str, frame: str) -> str | None:
    """Write how the names of files follow from the cells of a column, as (cell, file); None where no rule does."""
    known = [(cell, name) for cell, name in pairs if name]
    if not known:
        return None
    cell, name = known[0]
    place = name.rfind(cell)
    if place < 0 or not cell:
        return None
    before, after = name[:place], name[place + len(cell) :]
    if not all(before + cell + after == name for cell, name in known):
        return None
    words = [repr(before)] if before else []
    words += [f"{frame}[{column!r}]"]
    words += [repr(after)] if after else []
    return " + ".join(words)


def other(pairs: Mapping[str, str]) -> str | None:
    """Write how a file beside follows from a file's name, as a mask from its image; None where no rule does."""
    first, second = next(iter(pairs.items()))
    for folder in _folders(first, second):
        ending = PurePosixPath(second).name.removeprefix(PurePosixPath(first).stem)
        if all(_beside(name, folder, ending) == told for name, told in pairs.items()):
            return _code(folder, ending)
    return None


_Folder = tuple[str, str] | None


def _folders(first: str, second: str) -> Iterator[_Folder]:
    """Give the ways in which the one folder may follow from the other: the same, or one part replaced."""
    one, two = PurePosixPath(first).parent, PurePosixPath(second).parent
    if one == two:
        yield None
    if len(one.parts) == len(two.parts):
        apart = [pair for pair in zip(one.parts, two.parts, strict=True) if pair[0] != pair[1]]
        if len(apart) == 1:
            yield f"{apart[0][0]}/", f"{apart[0][1]}/"


def _beside(name: str, folder: _Folder, ending: str) -> str:
    moved = name.replace(*folder, 1) if folder else name
    path = PurePosixPath(moved)
    return (path.parent / (path.stem + ending)).as_posix()


def _code(folder: _Folder, ending: str) -> str:
    name = f"name.replace({folder[0]!r}, {folder[1]!r}, 1)" if folder else "name"
    if ending.startswith(".") and ending.count(".") == 1:
        return f"str(Path({name}).with_suffix({ending!r}))"
    return f"str(Path({name}).with_suffix('')) + {ending!r}"
