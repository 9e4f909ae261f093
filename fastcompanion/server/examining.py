"""What is in the way of using servers: of this machine first, then of each server that answers."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import clock, process, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.server import host_keys, ledger, registry, states
from fastcompanion.server.cloud import orphans
from fastcompanion.server.connection import Connection, connect
from fastcompanion.server.jupyter import SETTINGS
from fastcompanion.server.registry import Server
from fastcompanion.server.setup import remembered, running
from fastcompanion.server.setup.script import Options

Severity = Literal["ok", "warn", "bad"]
_LONG_STOPPED = 7
_LEAST_DISK = 5.0  # GB
_INSTALL = (
    "Settings, Optional features, OpenSSH Client"
    if os.name == "nt"
    else "sudo apt install openssh-client"
)
_KEYS = ("id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa")
# Where the setup runs Jupyter from, if that is not the environment that it makes.
_SET_UP_AS = f"""
cat /etc/fastcompanion/server.env 2>/dev/null
sed -n 's|^exec \\(/.*\\)/bin/python -m jupyterlab.*|ENVIRONMENT=\\1|p' /usr/local/bin/fastcompanion-jupyter 2>/dev/null
echo "MODE=$(stat -c %a {SETTINGS} 2>/dev/null)"
"""


@frozen
class Noted:
    """One thing that was looked at; `cure` is what to type or to do."""

    severity: Severity
    text: str
    cure: str = ""
    file: str | None = None


def local() -> Iterator[Noted]:
    """Look at this machine and at what it knows of servers, without asking anybody."""
    servers = registry.read()
    yield from _ssh(bool(servers))
    if process.which("ssh") is not None:
        yield _keys(servers)
    yield from _files()
    names = ", ".join(one.name for one in servers)
    yield Noted(
        "ok",
        f"{len(servers)} server{'s' if len(servers) > 1 else ''}: {names}"
        if servers
        else "no servers yet",
    )
    for one in servers:
        yield from _identity(one)
        yield from _stopped(one)


def _ssh(needed: bool) -> Iterator[Noted]:
    if process.which("ssh") is None:
        yield Noted("bad" if needed else "warn", "there is no ssh program", _INSTALL)
        return
    done = process.run(["ssh", "-V"], timeout=10, check=False)
    yield Noted("ok", (done.err or done.out).strip().split(",")[0] or "ssh is there")


def _keys(servers: tuple[Server, ...]) -> Noted:
    """Whether there is any key to log in with."""
    held = 0
    if process.which("ssh-add") is not None:
        listed = process.run(["ssh-add", "-l"], timeout=10, check=False)
        held = len(listed.out.splitlines()) if listed.code == 0 else 0
    folder = workspace.home() / ".ssh"
    lying = [name for name in _KEYS if (folder / name).is_file()]
    if held or lying:
        agent = f"{held} in the agent" if held else "no agent, or none in it"
        return Noted("ok", f"keys: {agent}; {', '.join(lying) or 'none in ~/.ssh'}")
    if any(one.identity for one in servers):
        return Noted("ok", "no keys of your own; the servers have one each")
    return Noted("warn", "you have no ssh key", "ssh-keygen -t ed25519")


def _files() -> Iterator[Noted]:
    for path in (workspace.servers_file(), workspace.server_ledger(), workspace.known_hosts()):
        if path.exists() and os.name == "posix" and path.stat().st_mode & 0o022:
            yield Noted("warn", "others may write to it", f"chmod go-w {path}", str(path))
    ledger.read()


def _identity(server: Server) -> Iterator[Noted]:
    if not server.identity:
        return
    path = workspace.absolute(Path(server.identity))
    if not path.is_file():
        text = f"the key of {server.name} is gone"
        yield Noted("bad", text, f"fastcompanion server forget {server.name}", str(path))
    elif os.name == "posix" and path.stat().st_mode & 0o077:
        text = f"the key of {server.name} can be read by others, so ssh does not use it"
        yield Noted("bad", text, f"chmod 600 {path}", str(path))


def _stopped(server: Server) -> Iterator[Noted]:
    since = ledger.stopped_since(server.name)
    days = (clock.now() - since).days if since else 0
    if days < _LONG_STOPPED:
        return
    found = ledger.cost(server.name, since or clock.now())
    spent = "" if not found.stopped_cost else f", ${found.stopped_cost:.2f} by now"
    text = (
        f"{server.name} has been stopped for {days} days and still costs: disk and address{spent}"
    )
    yield Noted("warn", text, f"fastcompanion server terminate {server.name}")


def asking(timezone: str = "", reporter: Reporter = SILENT) -> Iterator[Noted]:
    """Ask each server, and the cloud where this machine can.

    `timezone` is the learner's, in whose night a server may restart.
    """
    for server in registry.read():
        yield from _asked(server, timezone, reporter)
    yield from _orphans()


def _asked(server: Server, timezone: str, reporter: Reporter) -> Iterator[Noted]:
    found = states.of(server)
    name = server.name
    if found.state != "running":
        severity: Severity = "ok" if found.state == "stopped" else "bad"
        yield Noted(severity, f"{name}: {found.why}", found.hint)
        return
    link = connect(server)
    prints = ", ".join(key.fingerprint for key in host_keys.of(link.alias))
    yield Noted("ok", f"{name} answers; its host key is {prints or 'not needed'}")
    yield from _of_standing(found)
    with link.shared():
        told = _set_up_as(link)
        yield from _token(name, told.get("MODE", ""))
        yield from _set_up(link, server, {**told, "ZONE": timezone}, reporter)


def _of_standing(found: states.Standing) -> Iterator[Noted]:
    name = found.name
    if found.gpu_problem:
        cure = f"fastcompanion server ssh {name} -- sudo reboot"
        yield Noted("bad", f"{name}: the GPU's driver: {found.gpu_problem}", cure)
    elif found.gpus:
        cards = ", ".join(f"{one.name} (driver {one.driver})" for one in found.gpus)
        yield Noted("ok", f"{name}: {cards}")
    else:
        yield Noted("ok", f"{name}: driver not applicable: no GPU")
    if found.disk_free_gb is not None and found.disk_free_gb < _LEAST_DISK:
        cure = f"fastcompanion server ssh {name} -- du -xh --max-depth 2"
        yield Noted("warn", f"{name} has only {found.disk_free_gb:g} GB left", cure)
    elif found.disk_free_gb is not None:
        yield Noted("ok", f"{name}: {found.disk_free_gb:g} GB free")
    if found.reboot_due:
        cure = f"fastcompanion server ssh {name} -- sudo reboot"
        yield Noted("warn", f"{name}: updates wait for a restart", cure)


def _set_up_as(link: Connection) -> dict[str, str]:
    """Ask a machine what it was set up as."""
    done = link.script(_SET_UP_AS, root=False, timeout=30)
    rows = (line.split("=", 1) for line in done.out.splitlines() if re.match(r"[A-Z_]+=", line))
    return {key: value for key, value in rows if value}


def _token(name: str, mode: str) -> Iterator[Noted]:
    if not mode:
        return
    if mode == "600":
        yield Noted("ok", f"{name}: its user alone can read the token of JupyterLab")
    else:
        text = f"{name}: others can read the token of JupyterLab (mode {mode})"
        yield Noted("bad", text, f"fastcompanion server ssh {name} -- sudo chmod 600 {SETTINGS}")


def _set_up(
    link: Connection, server: Server, told: dict[str, str], reporter: Reporter
) -> Iterator[Noted]:
    """Let the setup look at every step again."""
    cure = f"fastcompanion server setup {server.name}"
    if not told.keys() - {"MODE", "ZONE"}:
        yield Noted("ok", f"{server.name} was not set up by fastcompanion", cure)
        return
    try:
        options = _options(server, told)
        report = running.setup(link, options, reporter)
    except CompanionError as error:
        yield Noted("warn", f"{server.name}: its setup can't be looked at: {error.message}", f"{cure} --check")  # fmt: skip
        return
    for step in report.steps:
        if step.state == "failed":
            yield Noted("bad", f"{server.name}: {step.step}: {step.note}", cure)
        elif step.state == "would-change":
            without = " ".join(f"--skip {one}" for one in (*options.skip, step.step))
            either = f"{cure}, or {cure} {without} to do without"
            yield Noted("warn", f"{server.name}: {step.step} is not as the setup makes it", either)
        else:
            note = f" ({step.note})" if step.note else ""
            yield Noted("ok", f"{server.name}: {step.step} {step.state}{note}")


def _options(server: Server, told: dict[str, str]) -> Options:
    """Give what a machine was set up with, as it says itself."""
    usual = Options(
        kind=server.kind,
        user=server.user,
        idle_minutes=server.idle_minutes,
        max_hours=server.max_hours,
        timezone=told["ZONE"],
        mode="check",
    )
    usual = remembered.again(server, usual)
    known: dict[str, Any] = {}
    if told.get("KIND") in registry.KINDS:
        known["kind"] = told["KIND"]
    if told.get("LEARNER"):  # who may be another one than whom we log in as
        known["user"] = told["LEARNER"]
    if told.get("ON_IDLE") in ("poweroff", "warn"):
        known["on_idle"] = told["ON_IDLE"]
    if not told.get("ENVIRONMENT", "/.venvs/fast").endswith("/.venvs/fast"):
        known["environment"] = told["ENVIRONMENT"]
    return replace(usual, **known)


def _orphans() -> Iterator[Noted]:
    """What is left at EC2 and belongs to nothing; asked only where there are credentials."""
    if importlib.util.find_spec("boto3") is None or not _credentials():
        return
    try:
        found = orphans.orphans()
    except CompanionError as error:
        if any(one.provider == "ec2" for one in registry.read()):
            yield Noted("warn", f"EC2 could not be asked: {error.message}", error.hint)
        return
    for one in found:
        if one.kind == "region":
            yield Noted("warn", f"EC2 in {one.region} was not looked at")
            continue
        month = "unknown" if one.month is None else f"${one.month:.2f} a month"
        what = f"an {one.kind}" if one.kind == "alarm" else f"a {one.kind}"
        text = f"at EC2 in {one.region} lies {what} of ours that belongs to nothing: {one.id} ({month})"
        cure = orphans.way_out(one) if one.launch_id else "Look at it in the console of EC2."
        yield Noted("warn", text, cure)
    if not found:
        yield Noted("ok", "nothing of ours is left over at EC2")


def _credentials() -> bool:
    """Is there anything that credentials for AWS could come from? Asking boto3 would search the network."""
    folder = workspace.home() / ".aws"
    files = (
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or folder / "credentials",
        os.environ.get("AWS_CONFIG_FILE") or folder / "config",
    )
    named = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
    return any(map(os.environ.get, named)) or any(Path(one).is_file() for one in files)
