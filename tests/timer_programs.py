"""Small real programs in the place of crontab, systemctl and notify-send, for systems without them.

They keep what they are given in files and act on it: the systemctl starts the service of a timer
whose name ends in `-test` at once, in the poor environment that a user manager has. tests/box tries the
real ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CRONTAB = """
import pathlib, sys
kept = pathlib.Path(__file__).with_name("crontab.kept")
words = sys.argv[1:]
def text(): return sys.stdin.buffer.read()
if words == ["-l"]:
    if not kept.exists(): sys.exit("no crontab for you")
    sys.stdout.buffer.write(kept.read_bytes())
elif words == ["-r"]:
    kept.unlink()
elif words == ["-h"]:
    sys.stderr.write("  -n  (dry run: checks the syntax, then bails out)")
elif words in (["-n", "-"], ["-"]):
    given = text()
    wrong = [l for l in given.split(b"\\n") if l and not l.startswith((b"#", b"@")) and b"=" not in l.split(b" ")[0]
             and len(l.split(None, 5)) < 6]
    if wrong or (given and not given.endswith(b"\\n")): sys.exit("bad minute\\nerrors in crontab file, can't install.")
    if words == ["-"]: kept.write_bytes(given)
else:
    sys.exit("usage")
"""

SYSTEMCTL = """
import os, pathlib, sys
here = pathlib.Path(__file__).parent
units = pathlib.Path(os.environ.get("XDG_CONFIG_HOME") or pathlib.Path.home() / ".config") / "systemd" / "user"
running = here / "running"
running.mkdir(exist_ok=True)
words = [w for w in sys.argv[1:] if w != "--user"]
(here / "systemctl.calls").open("a").write(" ".join(words) + "\\n")
if (here / "systemctl.broken").exists() and words[0] == (here / "systemctl.broken").read_text():
    sys.exit("Failed to connect to bus")
if words == ["--version"]: print("systemd 252 (252.39)")
elif words[0] == "is-system-running": print("running")
elif words[0] in ("enable", "restart"):
    unit = words[-1]
    if not (units / unit).exists(): sys.exit(f"Unit {unit} not found.")
    if words[0] == "enable":
        wants = units / "timers.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / unit).unlink(missing_ok=True)
        (wants / unit).symlink_to(units / unit)
    else:
        (running / unit).write_text("x")
        if unit.endswith("-test.timer") and not (here / "systemctl.asleep").exists():
            import re, shlex, subprocess
            text = (units / unit.replace(".timer", ".service")).read_text()
            line = re.search(r"^ExecStart=(.*)$", text, re.M)[1].replace("%%", "%").replace("$$", "$")
            env = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
            for one in re.findall(r'^Environment="(.*)"$', text, re.M):
                name, _, value = one.replace("%%", "%").partition("=")
                env[name] = value
            subprocess.Popen(shlex.split(line), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
elif words[0] == "disable":
    for place in (running / words[-1], units / "timers.target.wants" / words[-1]): place.unlink(missing_ok=True)
elif words[0] == "show":
    unit = words[1]
    if "--value" in words: print("success"); print("0")
    else: print("ActiveState=" + ("active" if (running / unit).exists() else "inactive"))
"""

NOTIFY_SEND = """
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
if (here / "notify.broken").exists(): sys.exit((here / "notify.broken").read_text())
if (here / "notify.old").exists() and "--print-id" in sys.argv: sys.exit("Unknown option --print-id")
lines = here / "notify.shown"
with lines.open("a") as file: file.write(json.dumps(sys.argv[1:]) + "\\n")
if not (here / "notify.old").exists(): print(len(lines.read_text().splitlines()))
"""


@contextmanager
def clocks_of(zone: str) -> Iterator[None]:
    """Let this machine's clocks show the time of a zone, whatever they show otherwise."""
    old = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if old is not None:
            os.environ["TZ"] = old
        time.tzset()


class Programs:
    """A folder on PATH with programs of our own, and what they were asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self.folder = folder
        self._children: list[subprocess.Popen[bytes]] = []
        # Nothing else that could notify or wake: the machine's own programs stay out of it.
        for name in ("git", "sh", "env", "uname"):
            found = shutil.which(name)
            if found:
                (folder / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)

    def add(self, name: str, code: str) -> None:
        """Put a program on PATH."""
        place = self.folder / f"{name}.py"
        place.write_text(code)
        start = self.folder / name
        start.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{place}" "$@"\n')
        start.chmod(0o755)

    def has(self, *names: str) -> Programs:
        """Put the named ones on PATH."""
        known = {"crontab": CRONTAB, "systemctl": SYSTEMCTL, "notify-send": NOTIFY_SEND}
        for name in names:
            self.add(name, known[name])
        return self

    def mark(self, name: str, text: str = "") -> None:
        """Tell a program to behave otherwise."""
        (self.folder / name).write_text(text)

    def unmark(self, name: str) -> None:
        """Let it behave again."""
        (self.folder / name).unlink()

    @property
    def crontab(self) -> bytes | None:
        """The crontab as it stands."""
        kept = self.folder / "crontab.kept"
        return kept.read_bytes() if kept.exists() else None

    @crontab.setter
    def crontab(self, text: bytes) -> None:
        (self.folder / "crontab.kept").write_bytes(text)

    @property
    def shown(self) -> list[str]:
        """What notify-send was given."""
        lines = self.folder / "notify.shown"
        return lines.read_text().splitlines() if lines.exists() else []

    @property
    def calls(self) -> list[str]:
        """What systemctl was asked."""
        lines = self.folder / "systemctl.calls"
        return lines.read_text().splitlines() if lines.exists() else []

    def start_cron(self) -> None:
        """Let a process run that is called cron."""
        sleep = shutil.which("sleep", path=os.defpath)
        assert sleep is not None
        shutil.copy(sleep, self.folder / "cron")
        self._children.append(subprocess.Popen([str(self.folder / "cron"), "300"]))

    def end(self) -> None:
        """End what was started."""
        for child in self._children:
            child.kill()
            child.wait()
