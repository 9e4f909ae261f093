"""What systemd says of a calendar line; `python -m tests.study.plan.systemd_calendar` writes the golden table."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

GOLDEN = Path(__file__).with_suffix(".json")
ZONES = ("Europe/Warsaw", "America/New_York", "Pacific/Auckland")
# Wall times around the hour of the change in all three zones, and an evening.
TIMES = ("00:45", "01:00", "01:30", "02:00", "02:30", "03:00", "03:15", "04:00", "19:30")
DAYS = ("Sun", "Tue,Thu,Sat")
# Some days before each change of 2026, and a base in the middle of a change.
BASES = (
    "2026-03-06 12:00:00",
    "2026-03-26 12:00:00",
    "2026-04-03 12:00:00",
    "2026-09-25 12:00:00",
    "2026-10-23 12:00:00",
    "2026-10-30 12:00:00",
    "2026-10-25 00:30:00",
)
COUNT = 3
_ANSWER = re.compile(r"(?:Next elapse|Iter\. #\d+): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


def available() -> bool:
    """Whether this machine has a systemd that takes a base time."""
    if shutil.which("systemd-analyze") is None:
        return False
    try:
        return bool(ask("Sun 19:30 Europe/Warsaw", BASES[0], 1))
    except (OSError, subprocess.CalledProcessError):
        return False


def ask(line: str, base: str, count: int) -> list[str]:
    """Give the next elapses after a base (UTC), as text in UTC."""
    argv = ["systemd-analyze", "calendar", f"--base-time={base} UTC", f"--iterations={count}", line]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    )  # fmt: skip
    return _ANSWER.findall(done.stdout)


def moment(text: str) -> datetime:
    """Read a time of the table."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table() -> list[dict[str, object]]:
    """Ask systemd for every line of the golden table."""
    rows: list[dict[str, object]] = []
    for zone in ZONES:
        for days in DAYS:
            for at in TIMES:
                for base in BASES:
                    line = f"{days} {at} {zone}"
                    rows.append({"line": line, "base": base, "next": ask(line, base, COUNT)})
    return rows


if __name__ == "__main__":
    GOLDEN.write_text("[\n" + ",\n".join(json.dumps(row) for row in table()) + "\n]\n")
