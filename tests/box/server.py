"""A box that plays a rented machine, and the learner's own computer beside it: another user of the same box.

The machine is as clouds give them: one user, locked password, sudo without one, their key, and a file of
cloud-init that lets passwords in. `Machine.script` runs the rendered script as root; `Machine.type` types a
command as the learner does at home, which reaches the machine over its real sshd.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

from fastcompanion.server.setup import report, script
from fastcompanion.server.setup.report import Report
from fastcompanion.server.setup.script import Options
from tests.box.box import USER, Box

HOME_USER = "ada"
PROGRAM = [sys.executable, "-m", "fastcompanion"]
SCRIPT = "/root/setup.sh"
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
        box.systemctl("restart", "ssh")

    @property
    def key(self) -> str:
        """The learner's public key."""
        return self.box.read(f"/home/{HOME_USER}/.ssh/id_ed25519.pub").strip()

    def authorize(self, key: str) -> None:
        """Let a key in as the machine's user."""
        self.box.put(f"/home/{USER}/.ssh/authorized_keys", f"{key}\n", user=USER, mode="600")
        self.box.run(["chmod", "700", f"/home/{USER}/.ssh"])

    def options(self, **changes: Any) -> Options:
        """What tests set up, unless they say otherwise: a rented machine with the environment that is shown here."""
        usual: dict[str, Any] = {
            "kind": "cloud",
            "user": USER,
            "skip": LEFT_OUT,
            "environment": sys.prefix,
        }
        return Options(**{**usual, **changes})

    def script(self, options: Options, *args: str, seconds: float = 120) -> Report:
        """Run the script of these options as root, as cloud-init does."""
        self.box.put(SCRIPT, script.render(options), mode="700")
        done = self.box.run(["bash", SCRIPT, *args], seconds=seconds, check=False)
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
                 "-p", str(port), *options, f"{USER}@127.0.0.1", "sudo", "-n", "true"]  # fmt: skip
        return self.box.run(words, user=HOME_USER, check=False).returncode == 0

    def effective(self) -> dict[str, str]:
        """What sshd itself says for the machine's user."""
        said = self.box.run(
            ["sshd", "-T", "-C", f"user={USER},host=localhost,addr=127.0.0.1"]
        ).stdout
        return dict(line.split(" ", 1) for line in said.splitlines() if " " in line)


def states(found: Report) -> dict[str, str]:
    """How each step ended."""
    return {step.step: step.state for step in found.steps}


def notes(found: Report) -> dict[str, str]:
    """What each step said."""
    return {step.step: step.note for step in found.steps}
