"""The keys by which we know servers again: a file of our own, never ~/.ssh/known_hosts.

Each key stands under the server's alias and not under its address: a cloud machine comes back with
another address and the same key, and another machine that got the old address is noticed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from contextlib import AbstractContextManager

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

_KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-", "sk-ssh-ed25519", "sk-ecdsa-sha2-")


@frozen
class HostKey:
    """A server's public key, and the fingerprint that its own console shows."""

    kind: str
    blob: str

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` writes it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def of(alias: str) -> tuple[HostKey, ...]:
    """Give the keys kept for an alias."""
    found = (_parsed(line) for line in _lines())
    return tuple(key for name, key in filter(None, found) if name == alias)


def pin(alias: str, text: str) -> tuple[HostKey, ...]:
    """Keep the public keys in a text, such as a cloud console's, as the only ones of an alias.

    Lines are `kind blob comment`; a text without one is an error, as trust must not be guessed.
    """
    keys = [HostKey(*line.split()[:2]) for line in text.splitlines() if _is_key(line.split())]
    if not keys:
        raise CompanionError("that holds no public host key", code=Exit.USAGE)
    with _locked():
        kept = [line for line in _lines() if _alias(line) != alias]
        _write([*kept, *(f"{alias} {key.kind} {key.blob}" for key in keys)])
    return tuple(keys)


def forget(alias: str) -> int:
    """Take an alias's keys away, and give how many there were; the next contact trusts anew."""
    with _locked():
        lines = _lines()
        kept = [line for line in lines if _alias(line) != alias]
        if len(kept) != len(lines):
            _write(kept)
    return len(lines) - len(kept)


def _locked() -> AbstractContextManager[None]:
    path = workspace.known_hosts()
    return store.lock(path.with_name("known_hosts.lock"), busy="another fastcompanion keeps a key")


def _lines() -> list[str]:
    path = workspace.known_hosts()
    return store.read_text(path).splitlines() if path.exists() else []


def _write(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    store.write_text(workspace.known_hosts(), text, mode=0o600)


def _alias(line: str) -> str:
    return line.split(" ", 1)[0]


def _parsed(line: str) -> tuple[str, HostKey] | None:
    words = line.split()
    return (words[0], HostKey(words[1], words[2])) if _is_key(words[1:]) else None


def _is_key(words: list[str]) -> bool:
    if len(words) < 2 or not words[0].startswith(_KINDS):
        return False
    try:
        return len(base64.b64decode(words[1], validate=True)) > 32
    except binascii.Error:
        return False
