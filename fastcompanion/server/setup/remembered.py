"""What a machine was set up with, kept in the list of servers: its name alone then means the same setup again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from fastcompanion.base import process, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.server.registry import Server
from fastcompanion.server.setup.script import Options

#: what is kept, by the option that says it
_WORDS = {
    "user": "--user", "skip": "--skip", "also": "--also", "driver": "--driver", "on_idle": "--on-idle",
    "jupyter": "--no-jupyter", "packages": "--packages", "modules": "--modules", "environment": "--env",
    "dotfiles": "--dotfiles",
}  # fmt: skip
#: what the way back has to know; which steps go back is said each time
_FOR_UNDO = ("user", "environment", "dotfiles")


def of(server: Server, options: Options) -> dict[str, Any]:
    """Give what differs from the usual, as the list of servers keeps it."""
    usual = _usual(server)
    kept = {name: getattr(options, name) for name in _WORDS}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in kept.items()
        if value != getattr(usual, name)
    }


def again(server: Server, options: Options, said: Collection[str] = ()) -> Options:
    """Fill in what was asked for before and is not said now; `said` are options that were given their usual value."""
    usual = _usual(server)
    names = _FOR_UNDO if options.mode == "undo" else tuple(_WORDS)
    before = {name: value for name, value in server.setup.items() if name in names}
    alike = {name for name in before if getattr(options, name) == getattr(usual, name)}
    silent = alike.difference(said)
    return replace(options, **{name: _value(server, name, before[name]) for name in silent})


def told(server: Server, before: Options, after: Options) -> str:
    """Say what was filled in, as it would be typed; "" where nothing was."""
    words: list[str] = []
    for name, option in _WORDS.items():
        value = getattr(after, name)
        if value == getattr(before, name):
            continue
        if name in ("skip", "also"):
            words += [word for one in value for word in (option, one)]
        elif isinstance(value, bool):
            words.append(option)
        else:
            words += [option, " ".join(value) if isinstance(value, tuple) else value]
    if not words:
        return ""
    return f"As {server.name} was set up before: {process.shown(words)} (--anew leaves that out)."


def _usual(server: Server) -> Options:
    return Options(user=server.user)


def _value(server: Server, name: str, value: Any) -> Any:
    """Take a value out of the file, which people may have edited."""
    usual = getattr(Options(), name)
    if isinstance(usual, tuple):
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif type(value) is type(usual):
        return value
    raise CompanionError(
        f"the server {server.name}: {name} of its setup is not what it should be",
        hint=f"Mend the file, or: fastcompanion server setup {server.name} --anew",
        file=workspace.servers_file(),
    )
