"""Making a study: in a new folder, in a used one, in a repository, inside another one."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import listing
from fastcompanion.study import setup
from fastcompanion.study.setup import Setup

Git = Callable[..., str]


def make(folder: Path, name: str = "My study", *, agreed: bool = True, **options: bool) -> Setup:
    return setup.make(setup.look(folder), name=name, agree=lambda question: agreed, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_a_new_study_has_the_files_of_the_design_in_one_commit(tmp_path: Path, git: Git) -> None:
    made = make(tmp_path / "a" / "mein Lernen")
    assert made.commit is not None
    assert made.commit.made
    tracked = git(made.folder, "ls-files").split()
    assert tracked == [".gitattributes", ".gitignore", "README.md", "fastcompanion.toml"]
    assert git(made.folder, "status", "--porcelain") == ""
    assert git(made.folder, "log", "--format=%s").strip() == "Begin the study"
    assert (
        git(
            made.folder,
            "check-attr",
            "merge",
            "log/2026/2026-11-21.md",
            "review/cards.jsonl",
            "progress.jsonl",
        ).count(": union")
        == 3
    )
    for name in (
        "lessons/c/01/a.run.ipynb",
        "projects/x",
        ".fastcompanion/timer.json",
        "kaggle.json",
        ".env",
        "m.pth",
        "_site/x",
    ):
        assert git(made.folder, "check-ignore", name).strip() == name


@pytest.mark.parametrize(
    "name", ['Ada\'s "study" \\ #1', "日本語 ✓", "a\nb = 1", "{{ 7 * 7 }}", "\x7f\x1b[31m"]
)
def test_any_name_gives_settings_that_can_be_read(tmp_path: Path, name: str) -> None:
    made = make(tmp_path / "s", name)
    settings = tomllib.loads((made.folder / "fastcompanion.toml").read_text())
    assert settings["version"] == 1
    assert settings["study"]["name"] == (
        " ".join(name.split("\n")) if name.isprintable() or "\n" in name else "[31m"
    )


def test_twice_is_once(tmp_path: Path, git: Git) -> None:
    made = make(tmp_path / "s")
    (made.folder / "README.md").write_text("mine\n")
    (made.folder / ".gitattributes").unlink()
    before = contents(made.folder)
    again = make(made.folder, "Another name", agreed=False)
    assert again.created == (".gitattributes",)
    assert again.kept == (".gitignore", "README.md", "fastcompanion.toml")
    after = contents(made.folder)
    del after[".gitattributes"]
    assert after == before
    assert make(made.folder).created == ()
    assert git(made.folder, "rev-list", "--count", "HEAD").strip() == "1"


def test_what_is_not_whole_yet_is_nothing_for_git(tmp_path: Path, git: Git) -> None:
    """A program that is killed leaves it, and the learner's next `git add` would take it."""
    make(tmp_path)
    seen = []

    def half() -> Iterator[bytes]:
        yield b"half"
        assert any(path.name.startswith(".") for path in (tmp_path / "log").iterdir())
        seen.append(git(tmp_path, "status", "--porcelain", "--untracked-files=all"))

    store.write_chunks(tmp_path / "log" / "2026.md", half())
    with store.whole_folder(tmp_path / "exported") as aside:
        store.write_text(aside / "a.md", "half")
        store.write_text(tmp_path / "lessons" / listing.PARTIAL / "model.bin", "of a sync")
        store.write_text(tmp_path / f"{listing.RECEIVING}.1" / "model.bin", "of a sync")
        seen.append(
            git(tmp_path, "status", "--porcelain", "--untracked-files=all").replace(
                "?? log/2026.md\n", ""
            )
        )
    assert seen == ["", ""]
    assert git(tmp_path, "status", "--porcelain").split() == ["??", "exported/", "??", "log/"]


def test_in_a_used_folder_it_asks_and_nothing_is_overwritten(tmp_path: Path, git: Git) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    (tmp_path / ".gitignore").write_text("*.o\n.env\n")
    (tmp_path / "data.csv").write_text("1\n")
    before = contents(tmp_path)
    with pytest.raises(CompanionError, match="nothing was changed"):
        make(tmp_path, agreed=False)
    assert contents(tmp_path) == before
    assert not (tmp_path / ".git").exists()
    made = make(tmp_path)
    assert made.kept == ("README.md",)
    assert made.extended == (".gitignore",)
    ignored = (tmp_path / ".gitignore").read_text()
    assert ignored.startswith("*.o\n.env\n\n# fastcompanion\n*.run.ipynb\n")
    assert ignored.count(".env") == 1
    assert (tmp_path / "README.md").read_text() == "mine\n"
    assert git(tmp_path, "ls-files").split() == [".gitattributes", "fastcompanion.toml"]
    assert set(git(tmp_path, "status", "--porcelain").split("\n")) == {
        "?? .gitignore",
        "?? README.md",
        "?? data.csv",
        "",
    }


def test_in_a_repository_the_learners_state_stays(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / ".gitignore").write_text("*.o\n")
    (tmp_path / "b").write_text("1\n")
    git(tmp_path, "add", ".gitignore")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "add", "b")
    made = make(tmp_path)
    assert not made.new_repository
    assert git(tmp_path, "branch", "--show-current").strip() == "trunk"
    assert git(tmp_path, "diff", "--cached", "--name-only").strip() == "b"
    assert ".gitignore" in git(tmp_path, "show", "--name-only", "--format=")


def test_inside_another_repository_or_study_it_says_so(tmp_path: Path, git: Git) -> None:
    outer = make(tmp_path / "outer").folder
    with pytest.raises(CompanionError, match="inside the study") as caught:
        make(outer / "inner")
    assert caught.value.code is Exit.USAGE
    git(tmp_path, "init", "-q", "repo")
    with pytest.raises(CompanionError, match="inside the git repository") as caught:
        make(tmp_path / "repo" / "deep" / "inner")
    assert "--nested" in caught.value.hint
    assert not (tmp_path / "repo" / "deep").exists()
    assert make(tmp_path / "repo" / "deep" / "inner", nested=True).new_repository
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    with pytest.raises(CompanionError, match="bare"):
        make(tmp_path / "hub.git")


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    made = make(tmp_path / "s", dry_run=True)
    assert set(made.created) == {".gitignore", ".gitattributes", "README.md", "fastcompanion.toml"}
    assert made.new_repository
    assert not (tmp_path / "s").exists()


def test_a_file_in_the_way_and_a_newer_study_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CompanionError, match="not a folder"):
        make(tmp_path / "file")
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "fastcompanion.toml").write_text("version = 99\n")
    with pytest.raises(CompanionError, match="newer fastcompanion"):
        make(newer)
    assert contents(newer) == {"fastcompanion.toml": b"version = 99\n"}


def test_without_an_identity_all_is_there_but_the_commit(
    tmp_path: Path, isolated: Path, git: Git
) -> None:
    (isolated / ".gitconfig").write_text("")
    made = make(tmp_path / "s")
    assert made.commit is not None
    assert "who you are" in made.commit.reason
    assert "?? fastcompanion.toml" in git(made.folder, "status", "--porcelain")


def test_without_git_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompanionError, match="git is not installed") as caught:
        make(tmp_path / "s")
    assert caught.value.code is Exit.MISSING
    assert not (tmp_path / "s").exists()


def test_a_read_only_folder_is_a_clear_error(
    open_tmp: Path, unprivileged: Callable[[Callable[[], int]], int]
) -> None:
    closed = open_tmp / "closed"
    closed.mkdir(mode=0o555)

    def attempt() -> int:
        os.environ["HOME"] = str(open_tmp)
        try:
            make(closed / "s")
        except CompanionError as error:
            return 7 if "Permission denied" in str(error) and error.hint else 8
        return 9

    assert unprivileged(attempt) == 7
    assert list(closed.iterdir()) == []
