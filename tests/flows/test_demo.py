"""The demo plays the real loop; what it leaves behind is a study like any other."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Played:
    """A demo that has ended."""

    folder: Path
    shown: str
    data: dict[str, Any]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the demo once, in an empty HOME, without a git identity."""
    place = tmp_path_factory.mktemp("demo place")
    dropped = ("FASTCOMPANION_", "GIT_", "XDG_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    env |= {
        "HOME": str(place),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
    }
    argv = [sys.executable, "-m", "fastcompanion", "demo", "study", "--json"]
    done = subprocess.run(
        argv, cwd=place, env=env, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(done.stdout)["data"]
    return Played(Path(data["folder"]), done.stderr, data)


def test_the_demo_types_the_whole_loop(played: Played) -> None:
    words = [(one["command"].split()[1], one["code"]) for one in played.data["typed_commands"]]
    assert words == [
        ("init", 0), ("start", 0), ("lesson", 0), ("check", 4), ("hint", 0), ("check", 0), ("stop", 0), ("status", 0),
    ]  # fmt: skip


def test_commands_are_shown_with_their_real_output(played: Played) -> None:
    for one in played.data["typed_commands"]:
        assert f"$ {one['command']}" in played.shown
    section = re.search(r"in section (\S+) slips", played.shown)
    assert section is not None
    failing, passing = played.shown.split("$ fastcompanion check")[1:3]
    assert "wrong value" in failing
    assert section[1] in failing.replace(" ", "-").lower()
    assert "wrong value" not in passing


def test_the_study_says_what_was_done(played: Played, git: Callable[..., str]) -> None:
    events = [
        json.loads(line) for line in (played.folder / "progress.jsonl").read_text().splitlines()
    ]
    checked = [event for event in events if event["kind"] == "lesson.checked"]
    assert set(checked[-1]["data"]["sections"].values()) == {"passed"}
    log = git(played.folder, "log", "--format=%an %s")
    assert "Demo Learner" in log
    assert git(played.folder, "status", "--porcelain") == ""
    assert "Reproduced the first lesson" in "".join(
        path.read_text() for path in played.folder.glob("log/*/*.md")
    )


def test_every_file_of_the_study_is_documented(played: Played) -> None:
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    patterns = [
        re.sub(r"<[^>]+>", "*", name)
        for name in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    ]
    patterns = [
        f"{name}*" if name.endswith("/") and name != ".fastcompanion/" else name
        for name in patterns
    ]
    files = [
        path.relative_to(played.folder).as_posix()
        for path in played.folder.rglob("*")
        if path.is_file()
    ]
    own = [name for name in files if not name.startswith(".git/")]
    unknown = [
        name for name in own if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]
    assert unknown == []


def test_a_second_demo_leaves_the_first_alone(played: Played, run: Callable[..., Any]) -> None:
    outcome = run("demo", played.folder, "--dry-run", "--json")
    assert outcome.code == 0
    assert outcome.data["folder"] == f"{played.folder}-2"
    assert not Path(outcome.data["folder"]).exists()
    assert outcome.data["commands"][0].startswith("fastcompanion init")
