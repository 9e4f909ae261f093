"""Every command, in a study that has been lived in: with --dry-run it leaves each file as it was."""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import docs
from tests.conftest import Runner, isolate, run_main

EVENING = {"FASTCOMPANION_NOW": "2026-11-21T19:00:00+00:00"}
#: what each command gets besides, and its exit code where that is not 0
WORDS: Mapping[str, tuple[str, int]] = {
    "init": ("../other --yes --course foundations", 0),
    "check": ("--section look-at-the-data", 4),
    "hint": ("01 4 --yes", 0),
    "log add": ("more --minutes 10", 0),
    "log edit": ("--note other", 0),
    "log heatmap": ("--write", 0),
    "log export": ("--csv --output ../log.csv", 0),
    "course add": ("foundations", 0),
    "course remove": ("foundations --yes", 0),
    "lesson open": ("--yes", 0),
    "lesson done": ("01 repeat --note tried", 0),
    "lesson run": ("01 --execute", 0),
    "lesson compare": ("01", 4),
    "lesson experiment add": ("01 --change x --prediction y --result z", 0),
    "lesson repeat": ("01 ../trips/data/train.csv", 0),
    "review add": ("01 --all", 0),
    "review edit": ("Why --front What", 0),
    "review export": ("--anki --out ../cards.txt", 0),
    "plan init": ("", 1),
    "plan edit": ("--add 'thu 20:00'", 0),
    "plan pause": ("2027-01-01 2027-01-08", 0),
    "env use": (shlex.quote(sys.executable), 0),
    "env show": ("other", 5),
    "env remove": ("other", 5),
    "data show": ("../trips/data", 0),
    "data baseline": ("../trips/data", 0),
    "project new": ("b --demo number", 0),
    "project train": ("majority --seed 3", 0),
    "project next": ("--yes", 0),
    "project submit": ("", 3),
    "kaggle practice new": ("--demo number", 0),
    "kaggle practice remove": ("shop --yes", 0),
    "kaggle practice run": ("-- python -c pass", 0),
    "weights add": ("resnet18-f37072fd.pth", 5),
    "weights fetch": ("resnet18", 0),
    "blog check": ("", 4),
    "blog new": ("Other", 0),
    "blog publish": ("--yes", 0),
    "blog unpublish": ("--yes", 1),
    "blog export": ("../out --to quarto", 0),
    "config set": ("check.cell_seconds 5", 0),
    "demo": ("../demo", 0),
}
#: what asks other machines or the system is tried where these are played
ELSEWHERE: Mapping[str, str] = {
    "lesson check": "the same as check",
    "lesson hint": "the same as hint",
    "env create": "course/environments/test_shelf.py",
    "kaggle": "competition/site",
    "remind install": "commands/test_remind.py",
    "remind test": "commands/test_remind.py",
    "server": "server",
}


@dataclass(frozen=True)
class Lived:
    """A study with a bit of everything, beside a project, and the variables that make it known."""

    base: Path
    env: Mapping[str, str]

    def folder(self, name: str) -> Path:
        """Say where a command is run."""
        return self.base / ("trips" if name.startswith("project") else "study")

    def files(self) -> dict[str, tuple[str, int]]:
        """Give everything there is but caches and locks: what it holds and when it was written."""
        found = {}
        for path in sorted(self.base.rglob("*")):
            name = path.relative_to(self.base).as_posix()
            # git notes in its index when it has looked at which file.
            if not re.search(r"\.fastcompanion/(cache|locks)|\.git/index$", name):
                held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                found[name] = held, path.stat().st_mtime_ns if held else 0
        return found


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    base = tmp_path_factory.mktemp("lived")
    env = {
        "FASTCOMPANION_HOME": str(base / "own"),
        "FASTCOMPANION_CACHE": str(base / "cache"),
        **EVENING,
    }
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, base)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(base)
        _does("init study --yes --course foundations")
        _does("project new trips --demo class")
        patch.chdir(base / "study")
        for words in (
            "plan init --when 'tue 19:30' --minutes 60 --timezone UTC --yes",
            "lesson run 01",
            "lesson scratch 01",
            "lesson experiment add 01 --change x --prediction y --result z",
            "review add 01 --front Why --back Because",
            "log add 'looked at it' --minutes 30 --lesson 01",
            "blog new 'A net'",
            "kaggle practice new --demo class --name shop",
            "start 01",
        ):
            _does(words)
        (post,) = (base / "study" / "posts").glob("*/index.md")
        post.write_text(post.read_text().replace("draft: true", "draft: false") + "\nText.\n")
        subprocess.run(["git", "init", "-q", "--bare", base / "far.git"], check=True)
        subprocess.run(["git", "remote", "add", "origin", base / "far.git"], check=True)
        subprocess.run(["git", "push", "-q", "-u", "origin", "main"], check=True)
    return Lived(base, env)


def _does(words: str) -> None:
    done = run_main(shlex.split(words))
    assert done.code == 0, done


def _commands() -> list[str]:
    leaves = [words for words, command in docs.walk(docs.root()) if not docs.is_group(command)]
    return [words.removeprefix("fastcompanion ") for words in leaves]


def _is_elsewhere(name: str) -> bool:
    return any(name == one or name.startswith(f"{one} ") for one in ELSEWHERE)


HERE = [one for one in _commands() if one in WORDS or not _is_elsewhere(one)]


@pytest.mark.parametrize("name", HERE)
def test_a_dry_run_changes_nothing(name: str, lived: Lived, run: Runner) -> None:
    words, code = WORDS.get(name, ("", 0))
    before = lived.files()
    done = run(
        *name.split(), "--dry-run", *shlex.split(words), cwd=lived.folder(name), env=lived.env
    )
    assert done.code == code, done
    assert lived.files() == before


def test_every_command_is_among_them() -> None:
    """Words for a command that is no more, and places that hold nothing, would go unseen."""
    assert set(WORDS) <= set(_commands())
    tests = Path(__file__).parents[1]
    for name, place in ELSEWHERE.items():
        assert any(one == name or one.startswith(f"{name} ") for one in _commands())
        assert place.startswith("the same as") or (tests / place).exists()
