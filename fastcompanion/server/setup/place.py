"""Which machine is meant, of what kind it is, and how it is kept for the next time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import registry
from fastcompanion.server.registry import Server
from fastcompanion.server.setup import remembered
from fastcompanion.server.setup.script import Options
from fastcompanion.server.setup.steps import Kind

#: the name of this very machine among the servers
HERE = "here"
_VERSION = Path("/proc/version")


def find(target: str, *, local: bool) -> Server:
    """Give the server that a text means, or this machine."""
    if not local:
        return registry.find(target)
    if target:
        message = "a server and --local are two machines"
        raise CompanionError(message, hint="Leave one of them out.", code=Exit.USAGE)
    known = [one for one in registry.read() if one.provider == "local"]
    return known[0] if known else Server(HERE, kind=here(), provider="local", host="localhost")


def named(server: Server, name: str) -> Server:
    """Give a machine that is not among the servers yet the name that the learner wants for it."""
    if name in ("", server.name):
        return server
    if (known := _known(server)) is not None:
        message = f"this machine is called {known.name} already"
        hint = f"Leave --name out, or first: fastcompanion server forget {known.name}"
        raise CompanionError(message, hint=hint, code=Exit.USAGE)
    return registry.free(replace(server, name=name))


def here() -> Kind:
    """Say what kind of machine this is: WSL, or a box in the house."""
    try:
        return "wsl" if "microsoft" in _VERSION.read_text(encoding="utf-8").lower() else "home"
    except OSError:
        return "home"


def kind(server: Server | None) -> Kind:
    """Give the known kind; a stranger is a box in the house, which is never switched off."""
    return server.kind if server is not None else "home"


def keep(server: Server, options: Options) -> Server:
    """Keep a machine that was set up among the servers, with what stops it."""
    wanted: dict[str, Any] = {
        "kind": options.kind,
        "idle_minutes": options.idle_minutes,
        "max_hours": int(options.max_hours),
    }
    if not options.only:  # a single step says nothing of the others
        wanted["setup"] = remembered.of(server, options)
    if (known := _known(server)) is None:
        try:
            return registry.add(replace(server, name=_free(server.name), **wanted))
        except CompanionError:
            # Two setups of one machine may end at the same time.
            if (known := _known(server)) is None:
                raise
    if any(getattr(known, name) != value for name, value in wanted.items()):
        return registry.change(known.name, **wanted)
    return known


def _known(server: Server) -> Server | None:
    """The server that is reached in the same way, if it is kept."""
    place = (server.provider, server.host, server.user, server.port)
    return next((one for one in registry.read() if (one.provider, one.host, one.user, one.port) == place), None)  # fmt: skip


def _free(name: str) -> str:
    taken = {one.name for one in registry.read()}
    names = [name, *(f"{name[:36]}-{number}" for number in range(2, 1000))]
    return next(one for one in names if one not in taken)
