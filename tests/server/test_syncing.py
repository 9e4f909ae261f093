"""Syncing a study with a server over a real ssh, by rsync and by tar."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import carrying, listing, registry, syncing
from fastcompanion.server.connection import connect
from fastcompanion.server.registry import Server
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
    write(root / ".fastcompanion-half.k2v5", "half written")
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


class Watching:
    """A reporter that is told when the files go and when they have gone."""

    def __init__(
        self, before: Callable[[], Any] = lambda: None, after: Callable[[], Any] = lambda: None
    ) -> None:
        self._before, self._after = before, after

    def note(self, text: str) -> None: ...

    def task(self, label: str, total: int | None = None) -> Any:
        return self

    def __enter__(self) -> Any:
        self._before()
        return self

    def __exit__(self, *_: object) -> None:
        self._after()

    def advance(self, amount: int = 1, text: str = "") -> None: ...


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

    class Pulls(Watching):
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


ODD = ["#x", ";y", "-z", "-rf/-x", " lead", "trail ", "e\u0301", "\u00e9", "a\\b", "q'uo\"te", "star*", "new\nline", "cr\rx", "crlf\r\nx", "tab\tx", "~", "$HOME"]  # fmt: skip


def test_names_of_every_kind_go_and_come(both: Both) -> None:
    for name in ODD:
        write(both.root / "odd" / name, "here")
    assert len(both("push", part="odd").sent) == len(ODD)
    assert set(files(both.other / "odd")) == set(ODD)
    assert both("push", part="odd").same == len(ODD)
    for name in ODD:
        write(both.other / "odd" / name, "of the server", 1_700_000_100.5)
    assert len(both("pull", part="odd").sent) == len(ODD)
    assert files(both.root / "odd") == dict.fromkeys(ODD, "of the server")


@pytest.mark.skipif(sys.platform == "darwin", reason="names are text there")
def test_names_that_are_no_text_are_named_and_stay(both: Both) -> None:
    odd = os.fsdecode(b"bad\xff")
    write(both.root / odd, "x")
    assert both("push").odd == ("bad\\udcff",)
    assert odd not in files(both.other)
    write(both.other / odd, "x")
    assert both("pull").odd == ("bad\\udcff",)


def test_files_of_two_names_come_as_two(both: Both) -> None:
    both("push")
    write(both.other / "one.bin", "same")
    (both.other / "two.bin").hardlink_to(both.other / "one.bin")
    assert both("pull").sent == ("one.bin", "two.bin")
    assert (both.root / "two.bin").read_text() == "same"
    assert len(both("push").sent) == 0


@pytest.mark.parametrize("part", ["out", "out/sub", "out/sub/outside.txt"])
def test_a_part_behind_a_link_here_does_not_go(
    there: SshServer, root: Path, tmp_path: Path, part: str
) -> None:
    write(tmp_path / "sub" / "outside.txt", "outside")
    with pytest.raises(CompanionError, match="out is a link") as caught:
        Both(there, root, "tar")("push", part=part)
    assert caught.value.code is Exit.USAGE
    assert there.connections == 0


@pytest.mark.parametrize("part", ["lessons/05", "lessons/05/a b.ipynb"])
def test_a_part_behind_a_link_there_is_left_alone(both: Both, there: SshServer, part: str) -> None:
    outside = there.home / "elsewhere"
    write(outside / "05" / "private.txt", "private")
    both.other.mkdir(parents=True)
    (both.other / "lessons").symlink_to(outside)
    done = both("push", part=part)
    assert (done.sent, done.links) == ((), ("lessons/05/a b.ipynb",))
    assert both("pull", part=part).sent == ()
    assert (both.other / "lessons").is_symlink()
    assert files(outside) == {"05/private.txt": "private"}
    assert not (both.root / "lessons" / "05" / "private.txt").exists()


def test_a_file_where_the_other_side_has_a_folder_is_left_alone(both: Both) -> None:
    write(both.root / "mixed", "a file here")
    write(both.other / "mixed" / "inner.txt", "a folder there")
    write(both.root / "turned" / "inner.txt", "a folder here")
    write(both.other / "turned", "a file there")
    before = files(both.root), files(both.other)
    done = both("push", force=True)
    assert done.clashes == ("mixed", "turned/inner.txt")
    assert {"notes.md", *before[1]} < set(files(both.other))
    assert files(both.other)["turned"] == "a file there"
    done = both("pull", force=True)
    assert done.clashes == ("mixed/inner.txt", "turned")
    assert both("pull", part="turned").clashes == ("turned",)
    assert both("push", part="mixed").clashes == ("mixed",)
    assert files(both.root) == before[0]


def test_what_changes_while_it_goes_is_named_and_follows(both: Both) -> None:
    log = both.root / "train.log"
    write(log, "one\n")
    write(both.root / "gone.txt", "x")

    def before() -> None:
        log.write_text("one\ntwo\n")
        (both.root / "gone.txt").unlink()

    watching = Watching(before, lambda: log.write_text("one\ntwo\nthree\n"))
    done = both("push", reporter=watching)
    assert done.changed == ("gone.txt", "train.log")
    assert (both.other / "train.log").read_text() == "one\ntwo\n"
    assert not (both.other / "gone.txt").exists()
    done = both("push")
    assert (done.sent, done.conflicts, done.changed) == (("train.log",), (), ())
    assert (both.other / "train.log").read_text() == "one\ntwo\nthree\n"


def test_what_changes_while_it_comes_is_named_and_follows(both: Both) -> None:
    both("push")
    log = both.other / "train.log"
    write(log, "one\n")
    write(both.other / "gone.txt", "x")

    def before() -> None:
        log.write_text("one\ntwo\n")
        (both.other / "gone.txt").unlink()

    def after() -> None:
        log.write_text("one\ntwo\nthree\n")

    # That it has changed once more is only seen where the first change was.
    done = both("pull", reporter=Watching(before, after))
    assert done.changed == ("gone.txt", "train.log")
    assert (both.root / "train.log").read_text() == "one\ntwo\n"
    done = both("pull")
    assert (done.sent, done.conflicts, done.changed) == (("train.log",), (), ())


def test_what_differs_in_its_time_alone_is_no_conflict(both: Both) -> None:
    """As a clone of the same repository on another computer has it."""
    write(both.other / "notes.md", "notes", 1_700_000_300.5)
    write(both.other / "lessons" / "05" / "a b.ipynb", "NOTEBOOK", 1_700_000_300.5)
    done = both("push")
    assert [one.path for one in done.conflicts] == ["lessons/05/a b.ipynb"]
    assert done.sent == ("notes.md",)
    assert (both.other / "notes.md").stat().st_mtime == pytest.approx(1_700_000_000.25, abs=0.01)
    assert both("pull").sent == ()


def test_another_folder_of_the_same_name_is_not_mixed_into_the_first_one(
    there: SshServer, root: Path, tmp_path: Path
) -> None:
    Both(there, root, "tar")("push")
    other = tmp_path / "elsewhere" / root.name
    write(other / "mine.md", "another study")
    with pytest.raises(CompanionError, match="is the copy of") as caught:
        Both(there, other, "tar")("pull")
    assert caught.value.code is Exit.USAGE
    assert files(other) == {"mine.md": "another study"}
    root.rename(tmp_path / "moved away")
    assert Both(there, other, "tar")("push").sent == ("mine.md",)


def test_two_syncs_do_not_get_into_each_others_way(there: SshServer, root: Path) -> None:
    lock = syncing.base_file("box", root).with_suffix(".lock")
    with store.lock(lock, busy="taken"), pytest.raises(CompanionError, match="is under way"):
        Both(there, root, "tar")("push")


class Meanwhile(Watching):
    """A reporter that does something while the first file is on its way."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self._acts = [act]

    def advance(self, amount: int = 1, text: str = "") -> None:
        while self._acts:
            self._acts.pop()()


def test_two_computers_that_push_at_once_both_arrive(there: SshServer) -> None:
    link = connect(there.server())

    def other() -> None:
        carrying.push(link, "copy", {"other.txt": b"of the other"})

    mine = {"1.txt": b"1", "sub/2.txt": b"2"}
    carrying.push(link, "copy", mine, task=Meanwhile(other))
    assert files(there.home / "copy") == {"1.txt": "1", "other.txt": "of the other", "sub/2.txt": "2"}  # fmt: skip
    assert len(list((there.home / "copy").iterdir())) == 3


def test_two_servers_do_not_fill_one_folder_at_once(
    there: SshServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Both(there, root, "tar")
    both("push")
    write(both.other / "notes.md", "of the server", 1_700_000_100.5)
    monkeypatch.setattr(carrying, "_WAIT", 0.05)
    with carrying.alone(root), pytest.raises(CompanionError, match="from another server"):
        both("pull")
    assert both("pull").sent == ("notes.md",)


def test_a_tar_that_fails_there_is_not_told_as_a_cut_line(there: SshServer, root: Path) -> None:
    both = Both(there, root, "tar")
    both("push")
    write(both.other / "notes.md", "of the server", 1_700_000_100.5)
    there.program("tar", "#!/bin/sh\necho 'tar: out of memory' >&2\nexit 3\n")
    with pytest.raises(CompanionError, match=r"tar failed with box \(exit 3\): tar: out of memory"):
        both("pull")
    assert (root / "notes.md").read_text() == "notes"


def test_a_disk_that_is_full_there_is_told_and_nothing_is_left_in_between(
    there: SshServer, root: Path
) -> None:
    both = Both(there, root, "tar")
    there.program("tar", "#!/bin/sh\ncat >/dev/null\necho 'tar: ./notes.md: Cannot write: No space left on device' >&2\necho 'tar: Exiting with failure status due to previous errors' >&2\nexit 2\n")  # fmt: skip
    with pytest.raises(CompanionError, match="no room left on box") as caught:
        both("push")
    assert caught.value.code is Exit.MISSING
    assert list(both.other.iterdir()) == []
    (there.home / "bin" / "tar").unlink()
    assert len(both("push").sent) == 2


def test_a_folder_that_can_not_be_made_there_is_named(both: Both, there: SshServer) -> None:
    (there.home / "fastcompanion").write_text("a file in the way")
    with pytest.raises(CompanionError, match=r"mkdir: cannot create directory"):
        both("push")


def test_a_folder_that_is_another_ones_there_is_named(
    open_tmp: Path,
    unprivileged: Callable[[Callable[[], int]], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of another one's")
    monkeypatch.setenv("HOME", str(open_tmp))
    (open_tmp / "copy").mkdir(mode=0o755)
    link = connect(Server("me", host="localhost", provider="local"))

    def act() -> int:
        try:
            carrying.push(link, "copy", {"notes.md": b"notes"})
        except CompanionError as error:
            return int("me does not let us: mkdir: " not in error.message or "yours" not in error.hint)  # fmt: skip
        return 2

    assert unprivileged(act) == 0


def test_a_file_that_can_not_be_read_here_is_named(
    open_tmp: Path,
    unprivileged: Callable[[Callable[[], int]], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(open_tmp))
    for name in ("notes.md", "shut.md"):
        write(open_tmp / "study" / name, name)
    (open_tmp / "study" / "shut.md").chmod(0)
    link = connect(Server("me", host="localhost", provider="local"))

    def act() -> int:
        files: dict[str, Path | bytes] = {
            one.name: one for one in sorted((open_tmp / "study").iterdir())
        }
        try:
            carrying.push(link, "copy", files)
        except CompanionError as error:
            return int("shut.md can't be read: Permission denied" not in error.message)
        return 2

    assert unprivileged(act) == 0
    assert list((open_tmp / "copy").iterdir()) == []


def test_a_folder_that_can_not_be_read_here_is_no_empty_one(
    open_tmp: Path, unprivileged: Callable[[Callable[[], int]], int]
) -> None:
    """Else a push with --delete would take away there what is in it."""
    write(open_tmp / "study" / "shut" / "notes.md", "notes")
    (open_tmp / "study" / "shut").chmod(0)

    def act() -> int:
        try:
            listing.here(open_tmp / "study", "", ())
        except CompanionError as error:
            return int("can't be read" not in error.message or not str(error.file).endswith("shut"))
        return 2

    assert unprivileged(act) == 0


def test_thousands_of_files_need_no_program_each(there: SshServer, root: Path) -> None:
    for number in range(300):
        write(root / "many" / str(number % 3) / str(number), "x")
    for name in ("mv", "mkdir", "dirname"):
        there.program(name, f'#!/bin/sh\necho {name} >>"$HOME/ran"\nPATH=${{PATH#*:}} exec {name} "$@"\n')  # fmt: skip
    assert len(Both(there, root, "tar")("push").sent) == 302
    assert len((there.home / "ran").read_text().split()) < 30


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
    assert "sync box pull" not in outcome.out, "it would leave it alone as well"
    assert "README.md: newer on box, and both were changed" in outcome.out
    assert run("server", "sync", "box", "push", "--json").data["conflicts"][0]["path"] == "README.md"  # fmt: skip


def test_what_changed_on_one_side_alone_is_brought_by_the_other_direction(
    run: Runner, there: SshServer, study: Path
) -> None:
    registry.add(there.server())
    copy = there.home / "fastcompanion" / study.name
    run("server", "sync", "box", "push")
    write(study / "README.md", "newer here", 1_900_000_000.5)
    outcome = run("server", "sync", "box", "pull")
    assert outcome.code == 4
    assert "sync box push   (brings what only changed here)" in outcome.out
    assert run("server", "sync", "box", "push").code == 0
    assert (copy / "README.md").read_text() == "newer here"


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
