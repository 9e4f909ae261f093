"""Run one of the tiers that `make test` leaves out: `python -m tests.tiers train|course|box [pytest arguments]`.

A tier without a test says so and is no failure (pytest's own exit code 5 would be one).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: what a tier needs of the program beside its base, and of the tools; both open JupyterLab in a browser
EXTRAS = {"train": ".[train]", "box": "."}
GROUPS = {"train": "browser", "box": "browser"}
#: two at a time, as a training of small data leaves one core idle, and a box often waits; each then takes longer
ARGUMENTS = {
    "train": ("-n", "2", "--timeout", "1200"),
    "box": ("-n", "2", "--dist", "loadfile", "--durations", "15"),
}
#: two trainings with two threads each would wait for one another
SETTINGS = {"train": {"OMP_NUM_THREADS": "1"}}


def files_of(tier: str) -> list[str]:
    """Name the files that hold a test with the tier's marker: no other one needs to be imported."""
    every = sorted((ROOT / "tests").rglob("test_*.py"))
    marker = f"mark.{tier}"
    return [
        str(one.relative_to(ROOT)) for one in every if marker in one.read_text(encoding="utf-8")
    ]


def install(extra: str, group: str) -> bool:
    """Install what the tier needs beside the development tools; uv first, as pip may pick torch and
    torchvision that don't fit each other. False where neither can: the tests say what is missing.
    """
    wanted = ["--quiet", "--editable", extra, "--group", group]
    python = [sys.executable, "-m"]
    ways = (
        [*python, "uv", "pip", "install", "--python", sys.executable, *wanted],
        [*python, "pip", "install", "--no-user", *wanted],
    )
    return any(subprocess.run(way, cwd=ROOT, check=False).returncode == 0 for way in ways)


def main(tier: str, *arguments: str) -> int:
    """Run the tier's tests; 0 when there are none."""
    files = files_of(tier)
    if not files:
        print(f"No test is marked {tier!r} yet: nothing to run.")
        return 0
    if tier in EXTRAS and not install(EXTRAS[tier], GROUPS[tier]):
        print(
            f"NOT INSTALLED: {EXTRAS[tier]}, {GROUPS[tier]}. Tests that need them are skipped below."
        )
    if tier == "box":
        # A process of its own, so that the other tiers do not need what it imports.
        subprocess.run([sys.executable, "-m", "tests.box.rootfs"], cwd=ROOT, check=False)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", tier, *ARGUMENTS.get(tier, ()), *arguments, *files],
        cwd=ROOT,
        env={**SETTINGS.get(tier, {}), **os.environ},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
