"""What the tests of machines at EC2 share: an account that is none, a key, and a way in by ssh."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.server.cloud import boto, keys, ordering, plan
from fastcompanion.server.cloud.arriving import Patience
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.journal import Order
from fastcompanion.server.cloud.plan import Wanted
from tests.server.cloud.fake_aws import FakeAws
from tests.server.cloud.fake_aws import aws as standing_in

PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9uh325ir3OV336n38yKn4pa5iCPw8X9RF1s5yz5TpM ada@laptop"
)
#: an address of the internet; nothing is ever sent there
HOME_ADDRESS = "81.2.69.142/32"

# Plays ssh: what is asked of the machine is in the last argument, what the script would be on stdin.
_SSH = r"""#!/bin/sh
for last; do :; done
echo "$last" >> "$SSH_LOG"
[ -e "$SSH_LOG.broken" ] && { echo "ssh: connect to host x port 22: Connection refused" >&2; exit 255; }
case "$last" in
  *"cloud-init status"*) [ -e "$SSH_LOG.boots" ] && rm "$SSH_LOG.boots" && printf '124\nUnpacking libssl\n' ;;
  *bash*) cat > "$SSH_LOG.stdin"
    if grep -q END_OF_SETUP "$SSH_LOG.stdin"; then cat "$SSH_LOG.events"
    elif [ -e "$SSH_LOG.look" ]; then cat "$SSH_LOG.look"
    else echo looked; fi ;;
esac
exit 0
"""


QUICK = Patience(looks=3, seconds=0.0, console_looks=2)


def ordered(name: str = "gpu1", **wanted: Any) -> tuple[Aws, Order]:
    """Give an order that a learner agreed to, and the way to AWS."""
    made = Wanted(**{"budget": 20.0, **wanted})
    aws = boto.connect("us-east-1")
    return aws, ordering.prepare(aws, name, plan.make(made), keys.find(), HOME_ADDRESS).order


class Box:
    """The machine behind ssh, as the tests want it to be."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "ssh.log"
        self.log.touch()
        self.events([{"step": "packages", "state": "ok", "note": ""}])

    def events(self, steps: list[dict[str, str]], *, done: bool = True) -> None:
        """Let the setup script say this."""
        end = {"step": "all", "state": "done" if done else "failed", "note": ""}
        lines = [json.dumps(one, separators=(",", ":")) + "\n" for one in [*steps, end]]
        self.log.with_name("ssh.log.events").write_text("".join(lines))

    def still_boots(self) -> None:
        """Let the first look find it at work on its first boot."""
        self.log.with_name("ssh.log.boots").touch()

    def found(self, *lines: str) -> None:
        """Let the look for unsaved work find this."""
        text = "".join(f"{line}\n" for line in (*lines, "looked"))
        self.log.with_name("ssh.log.look").write_text(text)

    def breaks(self, *, off: bool = False) -> None:
        """Let nobody in, or somebody again."""
        broken = self.log.with_name("ssh.log.broken")
        broken.unlink(missing_ok=True) if off else broken.touch()

    @property
    def commands(self) -> list[str]:
        """What was asked of it."""
        return self.log.read_text().splitlines()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, isolated: Path) -> Iterator[FakeAws]:
    """An account at AWS that costs nothing; the developer's own credentials are out of reach."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(isolated / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(isolated / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "true")
    with standing_in(monkeypatch) as account:
        yield account


@pytest.fixture
def key(isolated: Path) -> Path:
    """The learner's key in ~/.ssh; its private half is no key at all, as nobody reads it."""
    folder = isolated / ".ssh"
    folder.mkdir(mode=0o700)
    (folder / "id_ed25519").write_text("not read by anybody\n")
    (folder / "id_ed25519.pub").write_text(f"{PUBLIC_KEY}\n")
    return folder / "id_ed25519.pub"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A program `ssh` on PATH that plays the machine, in no time."""
    if os.name != "posix":
        pytest.skip("plays ssh by a shell script")
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(_SSH)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made = Box(tmp_path)
    monkeypatch.setenv("SSH_LOG", str(made.log))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return made
