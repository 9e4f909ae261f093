"""The demo plays the real loop; what it leaves behind is a study like any other."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice import server, standing
from fastcompanion.competition.practice.place import Place

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
        "FASTCOMPANION_HOME": str(place / "home"),
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


@pytest.mark.slow
def test_the_demo_types_the_whole_loop(played: Played) -> None:
    words = [(one["command"].split()[1], one["code"]) for one in played.data["typed_commands"]]
    assert words == [
        ("init", 0), ("start", 0), ("lesson", 0), ("check", 4), ("hint", 0), ("check", 0), ("stop", 0), ("status", 0),
        *[("kaggle", 0)] * 3, *[("project", 0)] * 6, *[("kaggle", 0)] * 3,
    ]  # fmt: skip


def test_it_ends_with_the_baseline_and_the_model_on_a_leaderboard(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = practice_of(played.folder.parent, monkeypatch, played.data["competition"])
    found = standing.standing(place)
    baseline, model = found.submissions
    assert (baseline.status, model.status) == ("COMPLETE", "COMPLETE")
    assert (baseline.counts, model.counts) == (False, True)
    assert model.public is not None
    assert baseline.public is not None
    assert model.public > baseline.public
    naive = {row.team: row.public for row in found.leaderboard}
    assert naive["you"] == model.public
    assert baseline.public in [score for team, score in naive.items() if team != "you"]
    board = played.shown.rpartition("practice status")[2]
    assert "naive: one rule" in board
    assert f"{model.public:.5f}" in board
    assert found.url == "", "the server of the demo still runs"
    assert not [path for path in place.folder.parent.iterdir() if path.name != place.folder.name]


def practice_of(home: Path, patch: pytest.MonkeyPatch, slug: str) -> Place:
    """Find the competition in the user folder of the demo, which this process has not."""
    patch.setenv("FASTCOMPANION_HOME", str(home / "home"))
    return places.at(slug)


PLAY = """
import sys
from pathlib import Path
from fastcompanion.flows import demo
from fastcompanion.base.reporter import SILENT

class Told:
    task = SILENT.task
    def note(self, text):
        print(text, flush=True)

demo.compete(demo.Stage(Path(sys.argv[1]), Told()), "ended-early")
"""


@pytest.mark.parametrize("way", ["a command that fails", "Ctrl-C", "SIGTERM"])
def test_the_server_ends_however_the_demo_ends(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = practice_of(tmp_path, monkeypatch, "ended-early")
    study = tmp_path / "study"
    (study / "projects").mkdir(parents=True)
    if way == "a command that fails":
        (study / "projects" / "trips-data").write_text("in the way")
    with subprocess.Popen(
        [sys.executable, "-c", PLAY, str(study)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:  # fmt: skip
        assert program.stdout is not None
        said = next(line for line in program.stdout if "is served at" in line)
        if way != "a command that fails":
            assert server.found(place) is not None
            program.send_signal(signal.SIGINT if way == "Ctrl-C" else signal.SIGTERM)
        program.communicate(timeout=60)
    assert program.returncode != 0
    assert server.found(place) is None
    port = int(re.findall(r":(\d+)/", said)[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


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
    # A project is a repository of its own, and docs/projects.md lists its files.
    own = [name for name in files if not name.startswith((".git/", "projects/"))]
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
