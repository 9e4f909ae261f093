"""A desktop in a box: a virtual display, and on it dunst, the program that shows notifications."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.box.box import USER, Box

DISPLAY = ":7"
#: Two notifications of the same words are two.
SETTINGS = "[global]\nstack_duplicates = false\nhistory_length = 200\n"


@dataclass(frozen=True)
class Notification:
    """What somebody at the desk would have read."""

    program: str
    summary: str
    body: str


class Desktop:
    """The learner's desk; `begin` and `end` may be called again and again."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def begin(self) -> None:
        """Start display and daemon as parts of the learner's session, which learns of the display."""
        self._start("display", "Xvfb", DISPLAY, "-screen", "0", "640x480x24", "-nolisten", "tcp")
        socket = f"/tmp/.X11-unix/X{DISPLAY[1:]}"
        self.box.until(lambda: self._there(socket), seconds=20, what="the display is up")
        self.box.systemctl("set-environment", f"DISPLAY={DISPLAY}", user=USER)
        self.box.put(f"/home/{USER}/.config/dunst/dunstrc", SETTINGS, user=USER)
        self._start("notifications", "dunst")
        self.box.until(self._listening, seconds=20, what="the notification daemon is up")

    def end(self) -> None:
        """Take display and daemon away: nobody is at the desk."""
        self.box.systemctl("stop", "notifications", "display", user=USER)
        self.box.systemctl("reset-failed", user=USER)
        self.box.systemctl("unset-environment", "DISPLAY", user=USER)

    def count(self) -> int:
        """How many notifications the daemon ever received."""
        counted = [self._dunst("count", which) for which in ("waiting", "displayed", "history")]
        return sum(int(number) for number in counted)

    def read(self) -> tuple[Notification, ...]:
        """All notifications it received, the newest first."""
        self._dunst("close-all")
        rows = json.loads(self._dunst("history"))["data"][0]
        return tuple(
            Notification(row["appname"]["data"], row["summary"]["data"], row["body"]["data"])
            for row in rows
        )

    def _start(self, unit: str, *argv: str) -> None:
        start = ["systemd-run", "--user", "--quiet", f"--unit={unit}", "--property=Restart=no"]
        self.box.run([*start, *argv], user=USER)

    def _there(self, path: str) -> bool:
        return self.box.run(["test", "-e", path], check=False).returncode == 0

    def _listening(self) -> bool:
        return self.box.run(["dunstctl", "count"], user=USER, check=False).returncode == 0

    def _dunst(self, *words: str) -> str:
        return self.box.run(["dunstctl", *words], user=USER).stdout
