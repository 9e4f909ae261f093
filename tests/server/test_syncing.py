"""Syncing a study with a server over a real ssh, by rsync and by tar."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import registry, syncing
from fastcompanion.server.connection import connect
from fastcompanion.server.syncing import Synced
from tests.server.ssh_server import SshServer

Runner = Callable[..., Any]
WAYS = [
    pytest.param("rsync", marks=pytest.mark.skipif(not shutil.which("rsync"), reason="no rsync here")),
    "tar",
]  # fmt: skip


def write(path: Path, text: str, at: float = 1_700_000_000.25) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with what a study has, in a place with awkward letters."""
    root = tmp_path / "my study's é"
    write(root / "lessons" / "05" / "a b.ipynb", "notebook")
    write(root / "notes.md", "notes")
    write(root / "data" / "large.csv", "x" * 2000)
    write(root / "projects" / "cats" / "train.py", "pass")
    write(root / ".git" / "config", "git")
    write(root / "deep" / "kaggle.json", "planted-secret")
    write(root / ".env", "planted-secret")
    (root / "out").symlink_to(tmp_path)
    write(tmp_path / "outside.txt", "outside")
    return root


class Both:
    """Both sides of a sync, in one way of carrying."""

    def __init__(self, there: SshServer, root: Path, by: str) -> None:
        self.link = connect(there.server())
        self.root = root
        self.other = there.home / "fastcompanion" / root.name
        self.by = by

    def __call__(self, direction: Any, **options: Any) -> Synced:
        return syncing.sync(self.link, self.root, direction, by=self.by, **options)


@pytest.fixture(params=WAYS)
def both(there: SshServer, root: Path, request: pytest.FixtureRequest) -> Both:
    """Each test once by rsync and once by tar."""
    return Both(there, root, request.param)


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_push_takes_the_study_and_neither_secrets_nor_large_folders(both: Both) -> None:
    done = both("push")
    assert files(both.other) == {"lessons/05/a b.ipynb": "notebook", "notes.md": "notes"}
    assert done.sent == ("lessons/05/a b.ipynb", "notes.md")
    assert {one.path: one.bytes for one in done.left_out} == {"data": 2000, "projects": 4}
    assert done.links == ()
    assert both("push").sent == ()
    assert both("push").same == 2


def test_everything_and_a_part(both: Both) -> None:
    both("push", part="data")
    assert files(both.other) == {"data/large.csv": "x" * 2000}
    both("push", everything=True)
    assert set(files(both.other)) == {"data/large.csv", "lessons/05/a b.ipynb", "notes.md", "projects/cats/train.py"}  # fmt: skip


@pytest.mark.parametrize(("part", "words"), [(".env", "never synced"), ("deep/kaggle.json", "never synced"), (".git", "never synced"), ("typo", "nothing to sync")])  # fmt: skip
def test_a_part_that_is_secret_or_not_there(there: SshServer, root: Path, part: str, words: str) -> None:  # fmt: skip
    with pytest.raises(CompanionError, match=words) as caught:
        Both(there, root, "tar")("push", part=part)
    assert caught.value.code is Exit.USAGE
    assert not (there.home / "fastcompanion").exists()


def test_a_dry_run_changes_nothing(both: Both) -> None:
    done = both("push", dry_run=True)
    assert len(done.sent) == 2
    assert not both.other.exists()
    assert not syncing.base_file("box", both.root).exists()


def test_what_changed_there_comes_back_with_its_time(both: Both) -> None:
    both("push")
    write(both.other / "notes.md", "notes of the server", 1_700_000_100.5)
    write(both.other / "runs" / "1" / "scores.json", "{}", 1_700_000_101.5)
    done = both("pull")
    assert done.sent == ("notes.md", "runs/1/scores.json")
    assert (both.root / "notes.md").read_text() == "notes of the server"
    assert (both.root / "notes.md").stat().st_mtime == pytest.approx(1_700_000_100.5, abs=0.01)
    assert both("push").sent == both("pull").sent == ()


def test_what_was_changed_on_both_sides_is_named_and_left(both: Both) -> None:
    both("push")
    write(both.root / "notes.md", "mine", 1_700_000_200.5)
    write(both.other / "notes.md", "of the server", 1_700_000_100.5)
    for direction in ("push", "pull"):
        [conflict] = both(direction).conflicts
        assert (conflict.path, conflict.both) == ("notes.md", True)
    assert (both.root / "notes.md").read_text() == "mine"
    assert (both.other / "notes.md").read_text() == "of the server"


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_force_keeps_what_it_replaces(both: Both, there: SshServer, direction: Any) -> None:
    both("push")
    write(both.root / "notes.md", "mine", 1_700_000_200.5)
    write(both.other / "notes.md", "of the server", 1_700_000_100.5)
    done = both(direction, force=True)
    kept = there.home / done.kept if direction == "push" else Path(done.kept)
    won, lost = ("mine", "of the server") if direction == "push" else ("of the server", "mine")
    assert (both.root / "notes.md").read_text() == (both.other / "notes.md").read_text() == won
    assert files(kept) == {"notes.md": lost}
    assert both("push").conflicts == ()


def test_what_was_removed_is_taken_away_only_when_agreed_and_is_kept(
    both: Both, there: SshServer
) -> None:
    both("push")
    (both.root / "notes.md").unlink()
    write(both.other / "only there.txt", "x")
    asked: list[tuple[str, ...]] = []

    def no(gone: tuple[str, ...]) -> bool:
        asked.append(gone)
        return False

    assert both("push").removable == ("notes.md",)
    both("push", delete=no)
    assert asked == [("notes.md",)]
    assert (both.other / "notes.md").exists()
    done = both("push", delete=lambda gone: True)
    assert done.removed == ("notes.md",)
    assert set(files(both.other)) == {"lessons/05/a b.ipynb", "only there.txt"}
    assert files(there.home / done.kept) == {"notes.md": "notes"}


def test_what_was_removed_there_is_taken_away_here_when_agreed(both: Both) -> None:
    both("push")
    (both.other / "notes.md").unlink()
    done = both("pull", delete=lambda gone: True)
    assert done.removed == ("notes.md",)
    assert not (both.root / "notes.md").exists()
    assert files(Path(done.kept)) == {"notes.md": "notes"}


def test_what_was_changed_there_is_not_taken_away(both: Both) -> None:
    both("push")
    (both.root / "notes.md").unlink()
    write(both.other / "notes.md", "changed there", 1_700_000_100.5)
    done = both("push", delete=lambda gone: True)
    assert done.removed == ()
    assert (both.other / "notes.md").read_text() == "changed there"


def test_nothing_goes_through_a_link_on_either_side(both: Both, there: SshServer) -> None:
    outside = there.home / "elsewhere"
    outside.mkdir()
    both.other.mkdir(parents=True)
    (both.other / "lessons").symlink_to(outside)
    done = both("push")
    assert files(outside) == {}
    assert done.links == ("lessons/05/a b.ipynb",)
    assert "outside.txt" not in str(files(both.other))


def test_pull_without_a_copy_there(both: Both) -> None:
    with pytest.raises(CompanionError, match="has no fastcompanion/") as caught:
        both("pull")
    assert caught.value.code is Exit.NOT_SET_UP


def test_a_push_that_is_cut_leaves_all_or_nothing_and_goes_on(there: SshServer, root: Path) -> None:
    """By tar: the first large file comes, then the cable is pulled out."""
    both = Both(there, root, "tar")
    for number in range(4):
        write(root / f"{number}.bin", str(number) * 3_000_000)

    class Pulls:
        def note(self, text: str) -> None: ...
        def task(self, label: str, total: int | None = None) -> Any:
            return self

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...
        def advance(self, amount: int = 1, text: str = "") -> None:
            if text == "1.bin":
                there.cut()

    with pytest.raises(CompanionError) as caught:
        both("push", reporter=Pulls())
    assert caught.value.code is Exit.MISSING
    assert [one for one in files(both.other) if one.endswith(".bin") and "receiving" not in one] == []  # fmt: skip
    assert len(both("push").sent) == 6
    assert len((both.other / "3.bin").read_text()) == 3_000_000
    assert [one for one in both.other.iterdir() if "receiving" in one.name] == []


def test_a_name_that_would_lead_out_is_not_taken(there: SshServer, root: Path) -> None:
    """A server that lies: its find and its tar speak of a file above the folder."""
    both = Both(there, root, "tar")
    both("push")
    there.program("find", "#!/bin/sh\nprintf 'f 3 1700000000.5 ./../../evil\\0f 3 1700000000.5 /tmp/evil\\0'\n")  # fmt: skip
    assert both("pull").sent == ()


def test_the_command(run: Runner, there: SshServer, study: Path) -> None:
    registry.add(there.server())
    outcome = run("server", "sync", "box", "push")
    assert outcome.code == 0, outcome.err
    copy = there.home / "fastcompanion" / study.name
    assert (copy / "fastcompanion.toml").exists()
    assert not (copy / ".git").exists()
    (copy / "lessons").mkdir(exist_ok=True)
    write(copy / "lessons" / "new.md", "from there")
    assert run("server", "sync", "box", "pull", "lessons").code == 0
    assert (study / "lessons" / "new.md").read_text() == "from there"
    write(study / "README.md", "mine", 1_900_000_000.5)
    write(copy / "README.md", "theirs", 1_900_000_001.5)
    outcome = run("server", "sync", "box", "push")
    assert outcome.code == 4
    assert "README.md: newer on box, and both were changed" in outcome.out
    assert run("server", "sync", "box", "push", "--json").data["conflicts"][0]["path"] == "README.md"  # fmt: skip


def test_a_project_in_a_study_is_synced_by_itself(
    run: Runner, there: SshServer, study: Path
) -> None:
    registry.add(there.server())
    project = study / "projects" / "cats"
    write(project / ".fastcompanion.yml", "version: 1\n")
    write(project / "train.py", "pass")
    done = run("server", "sync", "box", "push", "--json", cwd=project).data
    assert done["there"] == "fastcompanion/cats"
    assert "train.py" in done["sent"]


def test_outside_of_a_study_nothing_is_synced(
    run: Runner, there: SshServer, tmp_path: Path
) -> None:
    registry.add(there.server())
    outcome = run("server", "sync", "box", "push", cwd=tmp_path)
    assert outcome.code == 3
    assert "nothing else is synced" in outcome.err
    assert there.connections == 0
