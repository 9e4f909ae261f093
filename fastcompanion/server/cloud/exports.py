"""The same setup for other clouds: cloud-init's text, the plain script, a task file of SkyPilot."""

from __future__ import annotations

import json
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
    "sh": "Copy it to the machine and run it there: sudo bash setup.sh",
    "skypilot": "With SkyPilot installed and `sky check` happy: sky launch fastcompanion.yaml -i 60 --down",
}


@frozen
class Exported:
    """A text, the form that it is in, and what to do with it."""

    to: To
    text: str
    hint: str
    bytes: int


def export(to: To, options: Options, machine: Machine, disk: int) -> Exported:
    """Give the text; nothing in it is secret."""
    options = program.by_hand(options)
    if to == "cloud-init":
        text = userdata.cloud_config(options)
    elif to == "sh":
        text = script.render(options)
    else:
        text = _skypilot(options, machine, disk)
    return Exported(to, text, _HINTS[to], len(text.encode()))


def _skypilot(options: Options, machine: Machine, disk: int) -> str:
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
        "#   sky launch --dryrun fastcompanion.yaml",
        f"# Then, ended by itself after idle minutes: sky launch -c gpu -i {options.idle_minutes} --down fastcompanion.yaml",
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
