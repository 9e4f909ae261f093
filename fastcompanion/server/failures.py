"""What ssh and sudo say when they fail, as errors that name the cause and the cure. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed, shown
from fastcompanion.server.registry import Server

#: ssh's own exit code when the way there failed
SSH = 255
_LONGEST = 500
# What a program there may print in its last words.
_SECRET = re.compile(
    r"(?is)(?<=token=)[^\s&\"']+|(?<=token: )\S+|\b(?:AKIA|ASIA)[0-9A-Z]{12,}|-----BEGIN [A-Z ]*PRIVATE KEY.*"
)
_START = "fastcompanion server start {name} --from checkip starts it, or lets your new address in"
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed",
        "{target} has another host key than before: it was installed anew, or another machine answers",
        "Ask its owner or look at its console; if you know why: fastcompanion server forget {name} --host-key",
    ),
    (
        r"No \S+ host key is known|Host key verification failed",
        "the host key of {target} is not the one that is kept for it",
        "If you know why: fastcompanion server forget {name} --host-key, then try again",
    ),
    (
        r"bind \[.*Permission denied|Privileged ports can only",
        "a local port below 1024 is for root alone",
        "Leave out --port, and a free one is chosen.",
    ),
    (
        r"Permission denied|Too many authentication failures|No supported authentication methods",
        "{target} does not let us in: it accepts none of your keys",
        "ssh-add -l shows the keys of your agent, ssh-keygen -t ed25519 makes one; {copy} brings it there while passwords still work",
    ),
    (
        r"UNPROTECTED PRIVATE KEY FILE|bad permissions",
        "ssh does not use your key, as others can read its file",
        "chmod 600 {identity}",
    ),
    (
        r"Could not resolve hostname|Name or service not known|nodename nor servname",
        "there is no machine named {host}, or no network",
        "Look at how the name is written (fastcompanion server list has yours), and at your network.",
    ),
    (
        r"Connection refused",
        "{host} answers, but no ssh server listens at port {port} there",
        "It may still be starting: try again in a minute. Else give the port: user@host:port",
    ),
    (
        r"Connection timed out|Operation timed out|timed out during banner|Timeout, server",
        "{host} does not answer",
        "Is it running? fastcompanion server status {name}. A firewall may know only your old address.",
    ),
    (
        r"No route to host|Network is unreachable",
        "there is no way to {host} from here",
        "Look at your own network first.",
    ),
    (
        r"Could not request local forwarding|cannot listen to port|Address already in use",
        "the local port is taken by another program",
        "Leave out --port, and a free one is chosen. A LocalForward of your ~/.ssh/config takes its port as well.",
    ),
    (
        r"[Bb]ad configuration option|keyword \S+ extra arguments|terminating, \d+ bad configuration",
        "ssh can't read its settings",
        "Look at ~/.ssh/config; ssh -G {host} names the line.",
    ),
    (
        r"\A\s*\Z|Connection reset|Broken pipe|closed by remote host|Connection closed|banner exchange|kex_exchange|Connection to .* closed",
        "the connection to {host} was cut",
        "Try again; the machine may have stopped: fastcompanion server status {name}",
    ),
)  # fmt: skip


def of_ssh(err: str, server: Server) -> CompanionError | None:
    """Name what ssh failed with; None where the words are no failure of ssh that we know.

    Without a word it ends when the line drops.
    """
    facts = {
        "name": server.called,
        "host": server.host,
        "target": f"{server.user}@{server.host}" if server.user else server.host,
        "port": str(server.port or 22),
        "identity": server.identity or "YOUR-KEY",
        "copy": _copying(server),
    }
    for pattern, message, hint in _PATTERNS:
        if re.search(pattern, err):
            silent = server.provider == "ec2" and "does not answer" in message
            cure = _START if silent else hint
            return CompanionError(
                message.format(**facts), hint=cure.format(**facts), code=Exit.MISSING
            )
    return None


def _copying(server: Server) -> str:
    """Give the line that brings a key there."""
    words = ["ssh-copy-id"]
    words += ["-i", server.identity] if server.identity else []
    words += ["-p", str(server.port)] if server.port else []
    return shown([*words, f"{server.user}@{server.host}" if server.user else server.host])


def may_pass(error: CompanionError) -> bool:
    """Say whether trying again may help: not where a key is refused or the settings are wrong."""
    return not re.search(r"host key|none of your keys|settings|no machine named", error.message)


def of_sudo(done: Completed, server: Server) -> CompanionError | None:
    """Name what sudo failed with; None where it let us in."""
    if done.code == 0:
        return None
    who = server.user or "you"
    if re.search(r"incorrect password|no password was provided|Sorry, try again", done.err):
        message = "sudo there does not accept that password"
        return CompanionError(message, hint="Type the same again.", code=Exit.MISSING)
    if re.search(r"a password is required|a terminal is required|askpass", done.err):
        message = f"sudo on {server.name} wants a password"
        return CompanionError(message, hint="Add -K to be asked for it.", code=Exit.MISSING)
    if re.search(
        r"is not in the sudoers file|is not allowed to (execute|run)|may not run", done.err
    ):
        message = f"{who} may not use sudo on {server.name}"
        return CompanionError(message, hint="Log in there as an administrator.", code=Exit.MISSING)
    if re.search(r"sudo: (command )?not found|sudo: No such file", done.err):
        message = f"there is no sudo on {server.name}"
        root = shown(["fastcompanion", "server", "setup", replace(server, user="root").target])
        return CompanionError(message, hint=f"{root}, or install sudo there", code=Exit.MISSING)
    return None


def remote(argv: Sequence[str], done: Completed) -> CompanionError:
    """Tell of a program that failed over there, with its last words."""
    words = (done.err.strip() or done.out.strip()).splitlines()
    last = redacted(words[-1])[:_LONGEST] if words else "no output"
    return CompanionError(f"{shown(argv[:3])} … failed there (exit {done.code}): {last}")


def redacted(text: str) -> str:
    """Give a text without the tokens and keys that programs print."""
    return _SECRET.sub("[removed]", text)
