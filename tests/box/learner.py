"""A learner's study in a box, and the commands typed in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from subprocess import CompletedProcess
from typing import Any
from zoneinfo import ZoneInfo

from tests.box.box import USER, Box

#: Zones that never change their clocks, one of which has daytime now.
STEADY = ("Asia/Tokyo", "Asia/Dubai", "Africa/Lagos", "America/Phoenix", "Pacific/Honolulu")


def daytime_zone() -> str:
    """A zone where it is day, so that a test means the same at any hour: no midnight, no early morning."""
    now = datetime.now(UTC)
    return next(zone for zone in STEADY if 7 <= now.astimezone(ZoneInfo(zone)).hour < 19)


def set_zone(box: Box, zone: str) -> None:
    """Let the box's clocks show the time of a zone."""
    box.run(["ln", "-sf", f"/usr/share/zoneinfo/{zone}", "/etc/localtime"])
    box.put("/etc/timezone", f"{zone}\n")
    box.systemctl("restart", "cron")


def next_minute(margin: float) -> datetime:
    """The first full minute that is at least `margin` seconds away."""
    later = datetime.now(UTC) + timedelta(seconds=margin + 60)
    return later.replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Study:
    """One study of a user of the box."""

    box: Box
    program: Sequence[str]
    folder: str
    user: str = USER

    def begin(self) -> None:
        """Make it, with a git identity for its commits."""
        for key, value in (("user.name", "Ada Learner"), ("user.email", "ada@example.org")):
            self.box.run(["git", "config", "--global", key, value], user=self.user)
        self.box.run(["mkdir", "-p", str(PurePosixPath(self.folder).parent)], user=self.user)
        words = ("init", self.folder, "--yes", "--course", "none")
        self.box.run([*self.program, *words], user=self.user)

    def plan(self, at: datetime, zone: str, minutes: int) -> None:
        """Plan a slot each day at the time of `at`."""
        when = f"daily {at.astimezone(ZoneInfo(zone)):%H:%M}"
        words = ("--when", when, "--minutes", str(minutes), "--timezone", zone, "--yes")
        self.type("plan", "init", *words)

    def type(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        seconds: float = 60,
    ) -> CompletedProcess[str]:
        """Run a command in the study, as at a prompt."""
        argv = [*self.program, *words]
        return self.box.run(
            argv, user=self.user, cwd=self.folder, env=env, check=check, seconds=seconds
        )

    def ask(self, *words: str, check: bool = True, seconds: float = 60) -> dict[str, Any]:
        """The data that a command gives with --json."""
        done = self.type(*words, "--json", check=check, seconds=seconds)
        data = json.loads(done.stdout)["data"]
        assert isinstance(data, dict), done.stdout
        return data

    def at_a_terminal(self, *words: str) -> str:
        """What a command shows at a terminal of its own."""
        line = " ".join([*self.program, *words])
        shown = self.box.run(["script", "-qec", line, "/dev/null"], user=self.user, cwd=self.folder)
        return shown.stdout

    def woken(self) -> bool:
        """Did a timer wake us since the reminders were installed?"""
        known = self.box.read(f"{self.folder}/.fastcompanion/remind.json") or "{}"
        return json.loads(known).get("woken") is not None

    def records(self) -> list[dict[str, Any]]:
        """Every attempt to remind, as it was put on record."""
        lines = self.box.read(f"{self.folder}/.fastcompanion/reminders.jsonl").splitlines()
        return [json.loads(line) for line in lines]

    def answered(self) -> list[dict[str, Any]]:
        """What came of the slots: all records but those of tests."""
        return [one for one in self.records() if one["kind"] != "test"]

    def arrived(self) -> list[dict[str, Any]]:
        """The attempts that reached somebody."""
        return [one for one in self.records() if one["outcome"] in ("shown", "accepted")]
