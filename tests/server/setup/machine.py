"""A machine made of a folder: the script's functions, with every path of theirs in it and programs that answer as told."""

from __future__ import annotations

import getpass
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fastcompanion.base import templates
from fastcompanion.server.setup import steps

#: Every place that the script names, so that none of it is of the real machine
PLACES = re.compile(r"(?<![\w.~}])/(?=(etc|var|run|root|sys|proc|usr|home|swapfile)\b)")
#: what `prepare` finds out
KNOWN = """
exec 3>/dev/null
OS_ID=debian OS_VERSION=12 SYSTEMD=yes LEARNER=ada LEARNER_HOME=$PLACE/home VENV=$PLACE/home/.venvs/fast LIMIT=28800 NOTICE=600
mkdir -p "$KNOWN" "$WORK"
"""
LOOK = """
look_around
if looks_right %s; then echo yes; else echo no; fi
printf '%%s' "$NOTE"
"""
#: asked to do something for another user, it does it
RUNUSER = 'while [ "$1" != -i ]; do shift; done; shift\nexec env "$@"'
SYSTEMCTL = """echo "$*" >>{0}/asked
if [ "$1" = list-units ]; then cat {0}/units; fi"""


@dataclass(frozen=True)
class Folder:
    """The machine; nothing of it is that of the real one."""

    place: Path

    def begin(self) -> None:
        """Let it be as a cloud hands it over, as far as the script's functions look."""
        self.file("units", "")
        self.file("var/lib/dpkg/status", "")
        self.program("runuser", RUNUSER)
        self.program("systemctl", SYSTEMCTL.format(self.place))

    def file(self, path: str, text: str) -> Path:
        """Write a file, path from the machine's root."""
        there = self.place / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)
        return there

    def program(self, name: str, text: str) -> None:
        """Give the machine a program."""
        self.file(f"bin/{name}", f"#!/bin/sh\n{text}\n").chmod(0o755)

    @property
    def asked(self) -> str:
        """What systemctl was asked for."""
        path = self.place / "asked"
        return path.read_text() if path.exists() else ""

    def switch_on(self, *units: str) -> None:
        """Let systemd run these units, and start them at each boot."""
        self.file("units", "".join(f"{unit} loaded active running x\n" for unit in units))
        for unit in units:
            for target in ("timers", "multi-user"):
                link = self.place / f"etc/systemd/system/{target}.target.wants/{unit}"
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(self.place)

    def bash(self, text: str, **settings: str) -> str:
        """Run a text behind the script's functions; what it says."""
        body = templates.plain(steps.SCRIPT).removesuffix('main "$@"\n')
        body = PLACES.sub(f"{self.place}/", body)
        # The folder is whose test it is.
        body = body.replace('"$1 root"', f'"$1 {getpass.getuser()}"')
        body = re.sub("(?m)^export PATH=.*", f"export PATH={self.place}/bin:/usr/sbin:/usr/bin:/sbin:/bin", body)  # fmt: skip
        said = "\n".join(f"{name}={value!r}" for name, value in settings.items())
        done = subprocess.run(
            ["bash", "-c", f"{body}\nPLACE={self.place}\n{KNOWN}\n{said}\n{text}"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def looks_right(self, step: str, **settings: str) -> tuple[bool, str]:
        """What the check of a step says, and its note."""
        verdict, _, note = self.bash(LOOK % step, **settings).partition("\n")
        return verdict == "yes", note.strip()
