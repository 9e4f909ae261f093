"""What of a post is not for others: secrets, folders of this machine, the name of a home. Pure but for `private`."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from typing import Literal

from fastcompanion.base import scrub, workspace
from fastcompanion.base.records import frozen
from fastcompanion.base.scrub import Known
from fastcompanion.base.workspace import Workspace

#: a line that says this is meant for everybody as it is
PUBLIC = re.compile(r"(?i)\bfc:\s*public\b")
Kind = Literal["secret", "perhaps-secret", "mail", "home-folder", "local-path", "machine-name"]
_KINDS: dict[str, Kind] = {
    "secret": "secret",
    "perhaps": "perhaps-secret",
    "mail": "mail",
    "home": "home-folder",
    "machine": "machine-name",
}
# Folders where people put their own things; those of the system and of Colab and Kaggle tell nothing.
_PATHS = re.compile(
    r"(?i)(?<![\w.~:/\\-])(?:[a-z]:(?:\\\\|\\|/)(?![/\\])|file:///?)[^\s\"'<>|*?`)\]]+"
    r"|(?<![\w.~:/-])/(?:mnt|media|Volumes|workspace|storage)/[^\s\"'<>:`)\]]+"
)
# Names that stand for anybody's home in texts that explain something.
_ANYBODY = re.compile(
    r"(?i)(?:/home/|/users/|\\users\\|\\\\users\\\\)"
    r"(?:you|me|user|username|name|yourname|your-name|ubuntu|jovyan|runner|learner|\.\.\.|…|<)$"
)
# Pictures and arrays as text, in which any pattern turns up by chance.
_DATA = re.compile(r"(;base64,|\"bdata\":\s*\")[A-Za-z0-9+/=\\\s]{40,}")
_LONGEST_LINE = 20_000


@frozen
class Leak:
    """A place that tells too much: its line in the text, from 1, and what it begins with."""

    kind: Kind
    line: int
    shown: str


def private(ws: Workspace) -> Known:
    """Gather what this machine knows to be private."""
    return scrub.known(
        home=workspace.home(),
        root=ws.root,
        user=os.environ.get("USER") or os.environ.get("USERNAME") or "",
        host=platform.node(),
        environment=os.environ,
    )


def leaks(text: str, known: Known) -> Iterator[Leak]:
    """Find what should not be published; lines with `fc: public` are taken at their word.

    A line counts once for each kind; keys of several lines are found as a whole.
    """
    text = _DATA.sub(lambda found: found[1] + "…" + "\n" * found[0].count("\n"), text)
    lines = text.split("\n")
    seen: set[tuple[int, str]] = set()
    for number, kind, shown in sorted(_all(text, lines, known)):
        if (number, kind) not in seen and not PUBLIC.search(lines[number - 1]):
            seen.add((number, kind))
            yield Leak(kind, number, shown)


def _all(text: str, lines: list[str], known: Known) -> Iterator[tuple[int, Kind, str]]:
    for number, line in enumerate(lines, start=1):
        part = line[:_LONGEST_LINE]
        for mark in scrub.marks(part, known):
            found = part[mark.start : mark.end]
            if mark.kind != "home" or not _ANYBODY.search(found):
                yield number, _KINDS[mark.kind], _shown(_KINDS[mark.kind], found)
        for path in _PATHS.finditer(part):
            yield number, "local-path", path[0]
    begin = text.find("-----BEGIN ")
    if begin >= 0:
        number = text.count("\n", 0, begin) + 1
        for mark in scrub.marks(text[begin:], known)[:1]:
            if mark.kind == "secret":
                yield number, "secret", "-----BEGIN … KEY-----"


def _shown(kind: Kind, found: str) -> str:
    """Show enough to find the place, and of a secret not the secret."""
    if kind in ("secret", "perhaps-secret"):
        name = re.match(r"[\w.\"'\[\]-]{0,30}?\s*[=:]\s*", found)
        return (name[0].strip() if name else found[:4]) + "…"
    return found
