"""What is typed behind a magic, read: words and options, with clear errors."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.notebook.desk import Asked

_PLACE = {"--lesson": True, "--notebook": True}
_OPTIONS: Mapping[str, Mapping[str, bool]] = {
    "check": {**_PLACE, "--note": True},
    "checkpoint": {**_PLACE, "--files": False},
    "hint": {**_PLACE, "--yes": False},
}
_USAGE = {
    "check": '%check [SECTION] [--note "how you compared"] [--lesson COURSE/NN] [--notebook NAME]',
    "checkpoint": "%checkpoint [SECTION] [--files] [--lesson COURSE/NN] [--notebook NAME]",
    "hint": "%hint [1|2|3|4] [SECTION] [--yes] [--lesson COURSE/NN] [--notebook NAME]",
}
_LEVELS = ("1", "2", "3", "4")


def check(line: str) -> Asked:
    """Read what stands behind %check."""
    words, given = _split("check", line)
    return _asked("check", words, given)


def checkpoint(line: str) -> Asked:
    """Read what stands behind %checkpoint."""
    words, given = _split("checkpoint", line)
    return _asked("checkpoint", words, given)


def hint(line: str) -> Asked:
    """Read what stands behind %hint: a level, a section, or both in any order."""
    words, given = _split("hint", line)
    levels = [word for word in words if word in _LEVELS]
    others = [word for word in words if word not in _LEVELS]
    if len(levels) > 1:
        raise _wrong("hint", "one level at a time")
    return _asked("hint", others, given, int(levels[0]) if levels else None)


def _asked(
    magic: str, words: list[str], given: Mapping[str, str], level: int | None = None
) -> Asked:
    if len(words) > 1:
        raise _wrong(magic, f"one section at a time, not {' and '.join(words)}")
    return Asked(
        words[0] if words else None,
        level,
        given.get("--lesson"),
        given.get("--notebook"),
        given.get("--note", "").strip(),
        "--yes" in given,
        "--files" in given,
        magic != "check",
    )


def _wrong(magic: str, problem: str) -> CompanionError:
    return CompanionError(problem, hint=_USAGE[magic], code=Exit.USAGE)


def _split(magic: str, line: str) -> tuple[list[str], dict[str, str]]:
    """Tell words from options; `--note` may stand as `--note=...` too."""
    try:
        parts = shlex.split(line, comments=True)
    except ValueError as error:
        raise _wrong(magic, f"a quotation mark is missing ({error})") from None
    known = _OPTIONS[magic]
    words: list[str] = []
    given: dict[str, str] = {}
    while parts:
        part = parts.pop(0)
        name, equals, value = part.partition("=")
        if not name.startswith("--"):
            words.append(part)
            continue
        if name not in known:
            raise _wrong(magic, f"%{magic} has no option {name}{did_you_mean(name, known)}")
        if known[name] and not equals:
            if not parts:
                raise _wrong(magic, f"{name} needs a value")
            value = parts.pop(0)
        given[name] = value
    return words, given
