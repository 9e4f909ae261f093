"""The learner's servers: one YAML file of the user, without a secret in it.

A name stands for how a machine is reached and what it costs. Where a command takes a name, it takes
`user@host:port` and the aliases of ~/.ssh/config as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import clock, near, process, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

VERSION = 1
Kind = Literal["cloud", "home", "wsl", "container"]
KINDS: tuple[str, ...] = ("cloud", "home", "wsl", "container")
Provider = Literal["ec2", "ssh", "local"]
PROVIDERS: tuple[str, ...] = ("ec2", "ssh", "local")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.:%-]*[A-Za-z0-9_])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")
_ALIAS = re.compile(r"[\w.:%\[\]-]{1,200}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@$\\-]*")


@frozen
class Server:
    """One machine: how it is reached, what it is and what it may cost.

    An empty `user`, a `port` of 0 and no `identity` leave the choice to ssh and its settings.
    `alias` is the name under which the machine's host key is kept; addresses change, it does not.
    `price` is US dollars for an hour of running.
    """

    name: str
    kind: Kind = "home"
    provider: Provider = "ssh"
    host: str = ""
    user: str = ""
    port: int = 0
    identity: str | None = None
    alias: str = ""
    instance: str = ""
    region: str = ""
    type: str = ""
    price: float | None = None
    disk: int = 0
    idle_minutes: int = 60
    max_hours: int = 8
    budget: float | None = None
    created: str = ""
    #: what it was set up with, where that is not the usual
    setup: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """`user@host:port`, as far as it is known."""
        host = f"[{self.host}]" if ":" in self.host and self.port else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host}{f':{self.port}' if self.port else ''}"

    @property
    def called(self) -> str:
        """What a command calls it by: its name, or where it is as long as it is not kept."""
        return self.target if self.provider == "ssh" and not self.created else self.name


def read() -> tuple[Server, ...]:
    """Give all servers in the order in which they were added; no file is none."""
    path = workspace.servers_file()
    if not path.exists():
        return ()
    rows = _document(path).get("servers")
    if not isinstance(rows, list):
        raise _damaged(path, "has no list `servers`")
    found = tuple(_server(row, path) for row in rows)
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _damaged(path, f"holds the server {twice} twice")
    return found


def _document(path: Path) -> dict[str, Any]:
    """Read the file; the cures of a study's files are none for it, as it is in no git."""
    try:
        data = store.read_yaml(path)
    except CompanionError as error:
        raise _damaged(path, error.message, error.line) from None
    if not isinstance(data, dict) or not isinstance(data.get("version"), int):
        raise _damaged(path, "has no `version` number, so it can't be trusted")
    return store.check_version(data, path, current=VERSION)


def _server(row: Any, path: Path) -> Server:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise _damaged(path, "holds a server without a name")
    known = {one.name for one in fields(Server)}
    try:
        made = Server(**{key: value for key, value in row.items() if key in known})
        _verify(made)
    except (TypeError, CompanionError) as error:
        raise _damaged(path, f"the server {row['name']}: {error}") from None
    return made


def _damaged(path: Path, problem: str, line: int | None = None) -> CompanionError:
    hint = "Mend the file by hand, or move it away and add the servers again; nothing was changed."
    return CompanionError(problem, hint=hint, file=path, line=line)


def _verify(server: Server) -> None:
    """Refuse what would be an option, or worse, on ssh's command line."""
    problem = next((problem for right, problem in _rules(server) if not right), "")
    if problem:
        raise CompanionError(problem, code=Exit.USAGE)


def _rules(one: Server) -> Iterator[tuple[bool, str]]:
    """Give what has to be true of a server, each with the words for when it is not."""
    texts = (one.host, one.user, one.alias, one.instance, one.region, one.type, one.identity or "")
    numbers = (one.port, one.disk, one.idle_minutes, one.max_hours)
    amounts = (one.price, one.budget)
    name = f"{one.name!r} is no name: small letters, digits and hyphens"
    yield bool(_NAME.fullmatch(one.name)), name
    known = one.kind in KINDS and one.provider in PROVIDERS
    yield known, f"{one.kind} of {one.provider} is unknown here"
    whole = all(type(value) is int and value >= 0 for value in numbers) and one.port <= 65535
    yield whole, "its port, disk, idle minutes and hours are whole numbers"
    yield all(type(value) is str for value in texts), "its texts are no texts"
    money = all(value is None or type(value) in (int, float) for value in amounts)
    yield money, "its price and its budget are numbers"
    reachable = one.provider == "local" or is_host(one.host)
    yield reachable, f"{one.host!r} is no name or address of a machine"
    yield not one.user or bool(_USER.fullmatch(one.user)), f"{one.user!r} is no user's name"
    yield isinstance(one.setup, dict), "its setup is no list of names and values"
    alias = not one.alias or bool(_ALIAS.fullmatch(one.alias))
    yield alias, f"{one.alias!r} is no name for a host key"


def is_host(text: str) -> bool:
    """Say whether a text can be the name or the address of a machine."""
    return bool(_HOST.fullmatch(text)) and len(text) < 254


def find(text: str) -> Server:
    """Give the server of that name, or one made of `user@host:port` or an alias of ~/.ssh/config.

    Nothing at all means the only server there is.
    """
    servers = read()
    if not text:
        return _only(servers)
    if known := next((one for one in servers if one.name == text), None):
        return known
    made = parse(text)
    if made is not None and (set("@:.") & set(text) or text == "localhost" or _is_alias(text)):
        same = (one for one in servers if (one.host, one.user, one.port) == _place(made))
        return next(same, made)
    raise CompanionError(
        f"there is no server {text!r}{near.did_you_mean(text, [one.name for one in servers])}",
        hint="fastcompanion server list, or fastcompanion server setup user@host to add one",
        code=Exit.USAGE,
    )


def _place(server: Server) -> tuple[str, str, int]:
    return server.host, server.user, server.port


def _only(servers: tuple[Server, ...]) -> Server:
    if len(servers) == 1:
        return servers[0]
    if not servers:
        raise CompanionError(
            "there are no servers yet",
            hint="fastcompanion server setup user@host, or fastcompanion server plan",
            code=Exit.NOT_SET_UP,
        )
    names = ", ".join(one.name for one in servers)
    raise CompanionError(f"which server? There are {names}", hint="Name one.", code=Exit.USAGE)


def parse(text: str) -> Server | None:
    """Make a server of `user@host:port`, `user@[address]:port` or `host`; None for anything else."""
    user, at, place = text.rpartition("@")
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.%\w]+)\](?::(\d+))?", place)
    simple = re.fullmatch(r"([^:\s\[\]]+)(?::(\d+))?", place)
    found = bracketed or simple
    if found is None and is_host(place) and place.count(":") > 1:
        host, port = place, 0
    elif found is not None:
        host, port = found[1], int(found[2] or 0)
    else:
        return None
    made = Server(_name_of(host), host=host, user=user, port=port, alias=alias_of(host, port))
    try:
        _verify(made)
    except CompanionError:
        return None
    return None if at and not user else made


def _name_of(host: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")
    return slug[:40].strip("-") or "server"


def alias_of(host: str, port: int) -> str:
    """Give the name under which a machine's host key is kept, as known_hosts files write it."""
    return host if port in (0, 22) else f"[{host}]:{port}"


def _is_alias(text: str) -> bool:
    """Ask ssh whether its settings know a short name; those of `Host *` do not count."""
    if process.which("ssh") is None:
        return False
    done = process.run(["ssh", "-G", text], timeout=10, check=False)
    settings = dict(line.split(" ", 1) for line in done.out.splitlines() if " " in line)
    return done.code == 0 and settings.get("hostname", text) != text


def add(server: Server) -> Server:
    """Add a server under its name; a name that is taken is refused. Gives it as it was kept."""
    _verify(server)
    kept = replace(
        server,
        alias=server.alias or alias_of(server.host, server.port),
        created=server.created or clock.stamp(),
    )
    with _changing() as servers:
        if any(one.name == kept.name for one in servers):
            raise _taken(kept.name)
        servers.append(kept)
    return kept


def free(server: Server) -> Server:
    """Give a server back if its name is one, and no other has it."""
    _verify(server)
    if any(one.name == server.name for one in read()):
        raise _taken(server.name)
    return server


def _taken(name: str) -> CompanionError:
    return CompanionError(
        f"there is a server {name} already",
        hint=f"Another name, or fastcompanion server forget {name}",
        code=Exit.USAGE,
    )


def change(name: str, **values: Any) -> Server:
    """Change some values of a server, such as an address that has moved."""
    return _replace(name, lambda one: replace(one, **values))


def remove(name: str) -> Server:
    """Take a server out of the file; the machine itself is not touched."""
    gone: list[Server] = []
    with _changing() as servers:
        gone += [servers.pop(_index(servers, name))]
    return gone[0]


def _replace(name: str, new: Callable[[Server], Server]) -> Server:
    with _changing() as servers:
        place = _index(servers, name)
        servers[place] = new(servers[place])
        _verify(servers[place])
        return servers[place]


def _index(servers: list[Server], name: str) -> int:
    names = [one.name for one in servers]
    if name not in names:
        raise CompanionError(
            f"there is no server {name!r}{near.did_you_mean(name, names)}",
            hint="fastcompanion server list",
            code=Exit.USAGE,
        )
    return names.index(name)


@contextmanager
def _changing() -> Iterator[list[Server]]:
    """Hand out the servers to be changed under a lock, and write them where nothing failed."""
    path = workspace.servers_file()
    lock = path.with_name(f"{path.name}.lock")
    with store.lock(lock, busy="another fastcompanion is changing your servers"):
        servers = list(read())
        yield servers
        rows = [_row(one) for one in servers]
        store.write_yaml(path, {"version": VERSION, "servers": rows}, mode=0o600)


def _row(server: Server) -> dict[str, Any]:
    """Give what differs from the defaults, so that the file stays readable."""
    plain = {one.name: getattr(server, one.name) for one in fields(Server)}
    default = Server("")
    always = ("name", "kind", "provider")
    return {
        key: value
        for key, value in plain.items()
        if key in always or value != getattr(default, key)
    }
