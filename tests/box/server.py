"""A box that plays a rented machine, and the learner's own computer beside it: another user of the same box.

The machine is as clouds give them: one user, locked password, sudo without one, their key, and a file of
cloud-init that lets passwords in. `Machine.script` runs the rendered script as root; `Machine.type` types a
command as the learner does at home, which reaches the machine over its real sshd.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from fastcompanion.server.setup import report, script
from fastcompanion.server.setup.report import Report
from fastcompanion.server.setup.script import Options
from tests.box.box import PROGRAM, USER, Box, Failed

HOME_USER = "ada"
#: The machine, as it is named at home.
TARGET = f"{USER}@127.0.0.1"
#: The public half of a key that nobody has.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9uh325ir3OV336n38yKn4pa5iCPw8X9RF1s5yz5TpM ada"
SCRIPT = "/root/setup.sh"
#: Where JupyterLab itself is looked at, it is this one; with fastai in it, if a folder that has it is named.
ENVIRONMENT = os.environ.get("FASTCOMPANION_TEST_SERVER_ENV", sys.prefix)
#: Steps that no other kind of machine gets without being asked.
ONLY_RENTED = {"limit", "idle", "sudo", "sshd", "firewall", "swap", "driver", "motd"}
#: A folder of wheels with all that `server setup` installs; with it, one test lets it make the environment itself.
WHEELS = os.environ.get("FASTCOMPANION_TEST_SERVER_WHEELS", "")
#: Where it is not, one that starts at once, as most of a setup's time in a box is the start of JupyterLab.
LIGHT = "/opt/light"
LIGHT_PYTHON = f"""#!/bin/sh
PYTHONPATH={LIGHT}/lib exec /usr/bin/python3 "$@"
"""
LIGHT_JUPYTER = '''"""Stands where JupyterLab does: it answers whoever has the token, has no kernels, and does nothing else."""
import http.server, os

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers.get("Authorization") == "token " + os.environ["JUPYTER_TOKEN"]
        self.send_response(200 if known or self.path == "/api" else 403)
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *words):
        pass

if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["JUPYTER_PORT"])), Answer).serve_forever()
'''
#: Every file that a machine keeps, without what changes by itself and what Jupyter writes for its learner.
EVERYTHING = r"""
cd / && for what in "-printf '%y %m %u %p %l\n'" "-type f -exec sha256sum {} +"; do
    eval find etc home opt root usr/local var -xdev "\\( -path var/log -o -path var/cache -o -path var/lib/systemd -o -path var/tmp \
        -o -path home/ada -o -path root/setup.sh -o -path var/lib/sudo -o -path var/lib/private -o -path home/learner/.local \
        -o -path home/learner/.jupyter -o -path home/learner/.cache -o -path home/learner/.ipython \\) -prune -o $what"
done | sort
"""
#: Makes a package archive in the box with one package, which listens nowhere.
CONTROL = "Package: fc-probe\\nVersion: 1\\nArchitecture: all\\nMaintainer: Ada <ada@example.org>\\nDescription: probe\\n"
PROBE = f"""set -e
    rm -rf /usr/share/fc-probe
    mkdir -p /srv/deb/fc-probe/DEBIAN /srv/deb/fc-probe/usr/share/fc-probe
    printf '{CONTROL}' >/srv/deb/fc-probe/DEBIAN/control
    cd /srv/deb && dpkg-deb --build fc-probe . >/dev/null
    size=$(stat -c %s fc-probe_1_all.deb); sum=$(sha256sum fc-probe_1_all.deb | cut -d ' ' -f 1)
    printf '{CONTROL}Filename: ./fc-probe_1_all.deb\\nSize: %s\\nSHA256: %s\\n' "$size" "$sum" >Packages
    echo 'deb [trusted=yes] file:/srv/deb ./' >/etc/apt/sources.list"""
PLACES = ("/etc", "/var", "/home", "/root", "/run", "/tmp", "/usr/local", "/opt")
RENTED = Path(__file__).with_name("rented.sh").read_text(encoding="utf-8")
#: Swap belongs to the whole machine, which a box shares; no package index is reached from it.
LEFT_OUT = ("swap",)


@dataclass(frozen=True)
class Machine:
    """The box as a rented machine, with the learner at home as its other user."""

    box: Box

    def rent(self) -> None:
        """Make it what a cloud hands over, and give the learner at home a key for it."""
        box = self.box
        box.run(["useradd", "--create-home", "--shell", "/bin/bash", HOME_USER])
        box.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"/home/{HOME_USER}/.ssh/id_ed25519"], user=HOME_USER)  # fmt: skip
        self.authorize(self.key)
        box.put(
            "/etc/sudoers.d/90-cloud-init-users", f"{USER} ALL=(ALL) NOPASSWD:ALL\n", mode="440"
        )
        box.put("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n")
        box.put(f"{LIGHT}/bin/python", LIGHT_PYTHON, mode="755")
        box.put(f"{LIGHT}/lib/jupyterlab/__main__.py", LIGHT_JUPYTER)
        box.systemctl("restart", "ssh")

    def keep_as_rented(self) -> None:
        """Note how it is, for `as_rented`."""
        self.box.run(["sh", "-c", RENTED, "rented", "keep"])

    def as_rented(self) -> None:
        """Put it back into the state of `keep_as_rented`."""
        self.box.run(["sh", "-c", RENTED, "rented", "restore"])

    @property
    def key(self) -> str:
        """The learner's public key."""
        return self.box.read(f"/home/{HOME_USER}/.ssh/id_ed25519.pub").strip()

    def authorize(self, key: str) -> None:
        """Let a key in as the machine's user."""
        self.box.put(f"/home/{USER}/.ssh/authorized_keys", f"{key}\n", user=USER, mode="600")
        self.box.run(["chmod", "700", f"/home/{USER}/.ssh"])

    @staticmethod
    def options(**changes: Any) -> Options:
        """What tests set up, unless they say otherwise: a rented machine with the light environment."""
        usual: dict[str, Any] = {
            "kind": "cloud",
            "user": USER,
            "skip": LEFT_OUT,
            "environment": LIGHT,
        }
        return Options(**{**usual, **changes})

    def script(
        self,
        options: Options,
        *args: str,
        seconds: float = 120,
        edit: tuple[str, str] = ("", ""),
    ) -> Report:
        """Run the script of these options as root, as cloud-init does; `edit` is a text of it, and another for it."""
        text = script.render(options)
        self.box.put(SCRIPT, text.replace(*edit) if edit[0] else text, mode="700")
        own = {"FASTCOMPANION_EDITED": "yes"} if edit[0] else {}
        done = self.box.run(["bash", SCRIPT, *args], seconds=seconds, check=False, env=own)
        events = [event for line in done.stdout.splitlines() if (event := report.read(line))]
        assert events, done.stdout + done.stderr
        return report.collect(events)

    def type(
        self, *words: str, check: bool = True, typed: str = "", seconds: float = 180
    ) -> CompletedProcess[str]:
        """Type a command at home."""
        return self.box.run(
            [*PROGRAM, *words], user=HOME_USER, check=check, typed=typed, seconds=seconds
        )

    def ask(self, *words: str, check: bool = True, seconds: float = 180) -> Any:
        """The data of a command typed at home with --json."""
        done = self.type(*words, "--json", check=check, seconds=seconds)
        return json.loads(done.stdout)["data"]

    def login(self, *options: str, port: int = 22) -> bool:
        """Does a fresh login with the learner's key work, and can it become root?"""
        words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=10",
                 "-p", str(port), *options, TARGET, "sudo", "-n", "true"]  # fmt: skip
        return self.box.run(words, user=HOME_USER, check=False).returncode == 0

    def effective(self) -> dict[str, str]:
        """What sshd itself says for the machine's user."""
        said = self.box.run(
            ["sshd", "-T", "-C", f"user={USER},host=localhost,addr=127.0.0.1"]
        ).stdout
        return dict(line.split(" ", 1) for line in said.splitlines() if " " in line)


@dataclass
class Rental:
    """One box for all tests that want a rented machine: each gets it as a cloud hands it over."""

    shown: Sequence[Path]
    _machine: Machine | None = None
    _settled: str = ""
    _told: Any = field(default=None)

    def fresh(self) -> Machine:
        """A machine that was just rented: the same one, put back, unless it has been switched off."""
        self._settled = ""
        if self._machine is not None and self._machine.box.alive:
            # One that is just going off can't be put back.
            with contextlib.suppress(Failed):
                self._machine.as_rented()
                return self._machine
        self.close()
        box = Box("server", shown=self.shown)
        box.__enter__()
        self._machine = Machine(box)
        self._machine.rent()
        self._machine.keep_as_rented()
        return self._machine

    def settled(self, name: str, settle: Callable[[Machine], Any]) -> tuple[Machine, Any]:
        """A machine after `settle`, and what that gave; it is done once as long as nobody else has the machine."""
        if self._machine is None or self._settled != name or not self._machine.box.alive:
            machine = self.fresh()
            self._told = settle(machine)
            self._settled = name
        assert self._machine is not None
        return self._machine, self._told

    def close(self) -> None:
        """Give the box up."""
        if self._machine is not None:
            self._machine.box.close()
        self._machine = None


def states(found: Report) -> dict[str, str]:
    """How each step ended."""
    return {step.step: step.state for step in found.steps}


def notes(found: Report) -> dict[str, str]:
    """What each step said."""
    return {step.step: step.note for step in found.steps}


def tree(machine: Machine) -> list[str]:
    """Every file with owner, mode and content."""
    return machine.box.run(["sh", "-c", EVERYTHING], seconds=120).stdout.splitlines()


def holding(machine: Machine, secret: str) -> set[str]:
    """Every file of the machine, and of the learner at home, that holds a text."""
    # From stdin: on a command line the search would find itself. Not in the folders that are shown in the box.
    search = 'IFS= read -r secret; find "$@" -xdev -type f -print0 | xargs -0 grep -lsF -f /dev/fd/3 3<<END\n$secret\nEND\n'
    found = machine.box.run(["sh", "-c", search, "sh", *PLACES], typed=f"{secret}\n", check=False, seconds=120)  # fmt: skip
    return set(found.stdout.split("\n")) - {""}
