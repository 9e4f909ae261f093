"""The steps of the script: their names, for which kinds of machine, and why; read from the script itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, get_args

from fastcompanion.base import templates
from fastcompanion.base.records import frozen

Kind = Literal["cloud", "home", "wsl", "container"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SCRIPT = "server/setup.sh"

# A line `step NAME "cloud, home on request" "Title"`, then lines "#: text" that say why.
_HEAD = re.compile(r'step ([a-z]+) "([a-z, ]+)" "(.+)"')


@frozen
class Step:
    """One step: on which kinds of machine it is done, on which only when it is asked for, and why."""

    name: str
    title: str
    why: str
    kinds: tuple[str, ...]
    on_request: tuple[str, ...]

    def applies(self, kind: str) -> bool:
        """Is it done on this kind of machine without being named?"""
        return kind in self.kinds


@cache
def all_steps() -> tuple[Step, ...]:
    """Every step of the script, in its order."""
    return tuple(_read(templates.plain(SCRIPT)))


def find(name: str) -> Step:
    """The step of this name; KeyError where there is none."""
    return {step.name: step for step in all_steps()}[name]


def name_of(part: str) -> str:
    """The name of the step that a part of the script begins with."""
    head = _HEAD.match(part)
    assert head is not None, part[:80]
    return head[1]


def _read(script: str) -> Iterator[Step]:
    lines = iter(script.splitlines())
    for line in lines:
        if (head := _HEAD.fullmatch(line)) is None:
            continue
        why = []
        for text in lines:
            if not text.startswith("#:"):
                break
            why.append(text.removeprefix("#:").strip())
        kinds = [kind.strip() for kind in head[2].split(",")]
        asked = [kind.removesuffix(" on request") for kind in kinds if kind.endswith(" on request")]
        plain = [kind for kind in kinds if not kind.endswith(" on request")]
        yield Step(head[1], head[3], " ".join(why), tuple(plain), tuple(asked))
