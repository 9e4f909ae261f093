"""The same setup for other clouds: cloud-init's text, the plain script, a task file of SkyPilot."""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path
from typing import Literal, get_args

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.server.cloud import userdata
from fastcompanion.server.cloud.prices import Machine
from fastcompanion.server.setup import program, script, steps
from fastcompanion.server.setup.script import Options

To = Literal["cloud-init", "sh", "skypilot"]
FORMS: tuple[To, ...] = get_args(To)
#: what SkyPilot does itself: users, doors, the end
_SKYPILOTS = ("limit", "idle", "user", "key", "sudo", "sshd", "firewall", "motd")
_HINTS: dict[str, str] = {
    "cloud-init": "Paste it as user data when you make a machine of Ubuntu 22.04 or 24.04 in any cloud's console.",
    "sh": "Copy it to the machine and run it there: sudo bash {file}",
    "skypilot": "With SkyPilot installed and `sky check` happy: sky launch {file} -i {idle} --down",
}
_FILES: dict[str, str] = {"cloud-init": "", "sh": "setup.sh", "skypilot": "fastcompanion.yaml"}


@frozen
class Exported:
    """A text, the form that it is in, and what to do with it."""

    to: To
    text: str
    hint: str
    bytes: int


def export(to: To, options: Options, machine: Machine, disk: int, *, file: str = "") -> Exported:
    """Give the text, which is about to lie in `file`; nothing in it is secret."""
    file = shlex.quote(file or _FILES[to])
    options = program.by_hand(options)
    if to == "cloud-init":
        text = userdata.cloud_config(options)
    elif to == "sh":
        text = script.render(options)
    else:
        text = _skypilot(options, machine, disk, file)
    hint = _HINTS[to].format(file=file, idle=options.idle_minutes)
    return Exported(to, text, hint, len(text.encode()))


def _skypilot(options: Options, machine: Machine, disk: int, file: str) -> str:
    """Write a task: SkyPilot finds the cheapest cloud that has such a GPU and sets the machine up.

    It keeps the machine's users, its firewall and its end (`-i 60 --down`) itself.
    """
    own = [one.name for one in steps.all_steps() if one.name in _SKYPILOTS]
    plain = script.render(
        Options(kind=options.kind, skip=tuple(own), jupyter=False, driver="skip", user="")
    )
    accelerators = (
        [f"  accelerators: {machine.gpu}:{machine.gpus}"] if machine.has_gpu else ["  cpus: 2+"]
    )
    lines = [
        "# Made by fastcompanion for SkyPilot. Look first at what it would cost:",
        f"#   sky launch --dryrun {file}",
        f"# Then, ended by itself after idle minutes: sky launch -c gpu -i {options.idle_minutes} --down {file}",
        "resources:",
        *accelerators,
        f"  disk_size: {disk}",
        "setup: |",
        "  cat > ~/fastcompanion-setup.sh <<'END_OF_FASTCOMPANION'",
        textwrap.indent(plain, "  ").rstrip("\n"),
        "  END_OF_FASTCOMPANION",
        "  sudo bash ~/fastcompanion-setup.sh",
        "run: |",
        f"  echo {json.dumps('Connect: ssh gpu; in it: ~/.venvs/fast/bin/jupyter lab --no-browser')}",
    ]
    return "\n".join(lines) + "\n"


@frozen
class Saved:
    """A text that was written into a file."""

    to: To
    file: str
    hint: str
    bytes: int


def save(made: Exported, path: Path) -> Saved:
    """Write the text into a file."""
    if path.is_dir():
        raise CompanionError("this is a folder", hint="--out FILE", file=path, code=Exit.USAGE)
    store.write_text(path, made.text)
    return Saved(made.to, str(path), made.hint, made.bytes)
