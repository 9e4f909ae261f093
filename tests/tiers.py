"""Run one of the tiers that `make test` leaves out: `python -m tests.tiers train|course|box [pytest arguments]`.

A tier without a test says so and is no failure (pytest's own exit code 5 would be one).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = {"train": "train"}
GROUPS = {"train": "browser"}


def tests_of(tier: str) -> int:
    """Count the tests with the tier's marker, without running any."""
    asked = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-m",
        tier,
        "--collect-only",
        "--no-header",
    ]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode not in (0, 5):
        sys.exit(found.stdout + found.stderr)
    return sum("::" in line for line in found.stdout.splitlines())


def install(extra: str, group: str) -> None:
    """Install what the tier needs beside the development tools."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-user",
        "--editable",
        f".[{extra}]",
        "--group",
        group,
    ]
    subprocess.run(pip, cwd=ROOT, check=True)


def main(tier: str, *arguments: str) -> int:
    """Run the tier's tests; 0 when there are none."""
    count = tests_of(tier)
    if not count:
        print(f"No test is marked {tier!r} yet: nothing to run.")
        return 0
    if tier in EXTRAS:
        install(EXTRAS[tier], GROUPS[tier])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", tier, *arguments], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
