"""What a new machine is told at its first boot: cloud-init's text, which only carries the setup script.

Every program on the machine and everybody who may describe it can read this text, so nothing in it is
secret. EC2 takes 16 KB of it, so there the script goes without its comments, packed. The idle stop and
the hard limit are in it: a client that dies right after the launch leaves a machine that stops itself.
"""

from __future__ import annotations

import gzip
import json
import textwrap

from fastcompanion.base.errors import CompanionError
from fastcompanion.server.setup import script
from fastcompanion.server.setup.script import Options

#: what EC2 takes, before base64
LARGEST = 16 * 1024
SCRIPT_PATH = "/usr/local/sbin/fastcompanion-setup"
FIRST_LIMIT = "fastcompanion-first-limit"
USER = "ubuntu"
HEADER = "#cloud-config\n"


def cloud_config(options: Options, *, terse: bool = False) -> str:
    """Give the text in the form that a person can read and paste into any cloud's console."""
    key = options.key.strip()
    parts = [
        f"{HEADER}# Made by fastcompanion. Nothing in here is secret.",
        "ssh_pwauth: false",
        "disable_root: true",
        *([f"ssh_authorized_keys: [{json.dumps(key)}]"] if key else []),
        "write_files:",
        f"  - path: {SCRIPT_PATH}",
        "    owner: root:root",
        '    permissions: "0755"',
        "    content: |",
        textwrap.indent(script.render(options, terse=terse), " " * 6).rstrip("\n"),
        "runcmd:",
        *_first_limit(options),
        f"  - [{SCRIPT_PATH}]",
    ]
    return "\n".join(parts) + "\n"


def _first_limit(options: Options) -> list[str]:
    """Let the machine stop at its hard limit even where the script itself fails at its first step."""
    if options.kind != "cloud" or not options.max_hours:
        return []
    seconds = round(options.max_hours * 3600)
    words = [
        "systemd-run",
        f"--unit={FIRST_LIMIT}",
        f"--on-active={seconds}",
        "systemctl",
        "poweroff",
    ]
    return [f"  - {json.dumps(words)}"]


def packed(options: Options) -> bytes:
    """Give the bytes for EC2: the text packed by gzip, which cloud-init unpacks."""
    text = cloud_config(options, terse=True)
    data = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    if len(data) > LARGEST:
        raise CompanionError(
            f"the setup script has grown to {len(data)} bytes; EC2 takes {LARGEST}",
            hint="This is a fault of fastcompanion: please report it.",
        )
    return data
