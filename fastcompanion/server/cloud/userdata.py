"""What a new machine is told at its first boot: cloud-init's text, which only carries the setup script.

Every program on the machine and everybody who may describe it can read this text, so nothing in it is
secret. EC2 takes 16 KB of it, so there the script goes without its comments, packed. The idle stop and
the hard limit are in it: a client that dies right after the launch leaves a machine that stops itself.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import re
import textwrap
from dataclasses import replace

from fastcompanion.base.errors import CompanionError
from fastcompanion.server.setup import script
from fastcompanion.server.setup.script import Options

#: what EC2 takes, before base64
LARGEST = 16 * 1024
SCRIPT_PATH = "/usr/local/sbin/fastcompanion-setup"
_UNPACK = f"import bz2; open('{SCRIPT_PATH}', 'wb').write(bz2.decompress(open('{SCRIPT_PATH}.bz2', 'rb').read()))"
_CHECKSUM = re.compile(r"(?ms)^if \[ \"\$\([a-z ]*sha256sum.*?^fi\n")
#: of an RSA key; those of other kinds are a fifth of it
_LARGE_KEY = 300
FIRST_LIMIT = "fastcompanion-first-limit"
USER = "ubuntu"
HEADER = "#cloud-config\n"


def cloud_config(options: Options) -> str:
    """Give the text in the form that a person can read and paste into any cloud's console."""
    script_text = textwrap.indent(script.render(options), " " * 6).rstrip("\n")
    file = ["    owner: root:root", '    permissions: "0755"', "    content: |", script_text]
    return _text(options, SCRIPT_PATH, file, [["bash", SCRIPT_PATH]])


def packed(options: Options, *, keeps_key: bool = False) -> bytes:
    """Give the bytes for EC2: the script without comments, as small as Python and cloud-init can unpack.

    The key stands in cloud-init's own list alone, without the remark behind it; keys do not get smaller.
    With `keeps_key`, EC2 has it too and gives it to cloud-init: a large one then stays out of here.
    """
    blob = " ".join(options.key.split()[:2])
    large = keeps_key and len(blob) > _LARGE_KEY
    options = replace(options, key="" if large else blob)
    content = base64.b64encode(bz2.compress(shortest(options).encode(), 9)).decode()
    file = ["    encoding: b64", f"    content: {content}"]
    steps = [["python3", "-c", _UNPACK], ["bash", SCRIPT_PATH]]
    text = _text(options, f"{SCRIPT_PATH}.bz2", file, steps)
    data = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    if len(data) > LARGEST:
        raise CompanionError(
            f"the setup script has grown to {len(data)} bytes; EC2 takes {LARGEST}",
            hint="This is a fault of fastcompanion: please report it.",
        )
    return data


def shortest(options: Options) -> str:
    """Give the script as it lies on a machine of EC2.

    Its own look at whether it came over whole is left out: what is unpacked has a sum of its own.
    """
    return _CHECKSUM.sub("", script.render(replace(options, key=""), terse=True))


def _text(options: Options, path: str, file: list[str], steps: list[list[str]]) -> str:
    key = options.key.strip()
    parts = [
        f"{HEADER}# Made by fastcompanion. Nothing in here is secret.",
        "ssh_pwauth: false",
        "disable_root: true",
        *([f"ssh_authorized_keys: [{json.dumps(key)}]"] if key else []),
        "write_files:",
        f"  - path: {path}",
        *file,
        "runcmd:",
        *(f"  - {json.dumps(one)}" for one in [*_first_limit(options), *steps]),
    ]
    return "\n".join(parts) + "\n"


def _first_limit(options: Options) -> list[list[str]]:
    """Let the machine stop at its hard limit even where the script itself fails at its first step.

    Counted from the boot: a timer that counts from now begins anew whenever systemd reads its files again.
    The script ends it once the limit of its own stands, which `setup --max` can move.
    """
    if options.kind != "cloud" or not options.max_hours:
        return []
    seconds = round(options.max_hours * 3600)
    return [
        [
            *("systemd-run", f"--unit={FIRST_LIMIT}", f"--on-boot={seconds}"),
            # `systemctl poweroff` asks, and a program that holds a shutdown back, as apt does, says no.
            *("systemctl", "--no-block", "--job-mode=replace-irreversibly"),
            *("start", "poweroff.target"),
        ]
    ]
