"""fastcompanion itself on the machine: the version that is used here, from a package index or sent from here."""

from __future__ import annotations

import base64
from dataclasses import replace

from fastcompanion.base import own_wheel
from fastcompanion.server.connection import Connection
from fastcompanion.server.setup.script import Options

#: how the script asks for it, in the note of the line that begins a step
_ASKS = "send "
FOLDER = "/var/lib/fastcompanion/wheels"
# One wheel alone is kept there; its name appears when all of it has arrived.
_TAKE = """set -eu
umask 022
mkdir -p {folder}
base64 -d >{folder}/coming <<'END_OF_WHEEL'
{packed}
END_OF_WHEEL
rm -f {folder}/*.whl
mv {folder}/coming '{folder}/{file}'
"""


def version(*, by_hand: bool = False) -> str:
    """Give the version for the machine; "" where there is no way for it to get there.

    `by_hand`: nobody is connected who could send a program that no index knows.
    """
    if by_hand and not own_wheel.published():
        return ""
    return own_wheel.version()


def asked_for(note: str) -> bool:
    """Say whether the script waits for the program of this computer."""
    return note.startswith(_ASKS)


def send(connection: Connection, sudo: str | None) -> None:
    """Put the wheel of the running program onto the machine, as root."""
    connection.script(taking(own_wheel.make()), sudo=sudo, timeout=280)


def taking(wheel: own_wheel.Wheel, folder: str = FOLDER) -> str:
    """Give the script that holds a wheel and puts it into a folder there."""
    packed = base64.encodebytes(wheel.content).decode().rstrip()
    return _TAKE.format(folder=folder, packed=packed, file=wheel.file)


def by_hand(options: Options) -> Options:
    """Give the options for a script that runs with nobody connected who could send something."""
    return replace(options, program=version(by_hand=True))
