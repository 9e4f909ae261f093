"""Updates with real git: clean merges, clashes, untouched, deleted and renamed files, dirty trees."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.project import growing, render, scoring, updating
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made

Git = Callable[..., str]
Template = Callable[[str, str, str], None]
NEWER = render.version() + 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("competition", made.passengers, tmp_path, tmp_path / "trial")


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Template:
    """A newer version of the template: `newer(file, old, new)` changes a line of it."""
    content = tmp_path / "content"
    shutil.copytree(workspace.content("templates"), content / "templates")
    monkeypatch.setattr(workspace, "content", lambda kind: content / kind)
    folder = content / "templates" / render.TEMPLATES
    (folder / "VERSION").write_text(f"{NEWER}\n")

    def change(name: str, old: str, new: str) -> None:
        own, common = folder / "table" / name, folder / render.COMMON / name
        made.change(own if own.exists() else common, old, new)

    return change


def learner(project: Project, git: Git, name: str, old: str, new: str) -> None:
    """The learner changes a line and commits it."""
    made.change(project.root / name, old, new)
    git(project.root, "commit", "-q", "-am", f"Change {name}")


def updated(project: Project) -> updating.Update:
    return updating.take(project, updating.look(project))


def whats(update: updating.Update) -> dict[str, str]:
    return {one.name: one.what for one in update.changes}


def test_the_same_template_changes_nothing(project: Project) -> None:
    assert updating.look(project).changes == ()


def test_untouched_files_are_replaced(project: Project, newer: Template, git: Git) -> None:
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    update = updated(project)
    assert whats(update) == {"score.py": "replaced"}
    assert "TIMES = 4000" in (project.root / "score.py").read_text()
    assert git(project.root, "branch", "--show-current").strip() == "fastcompanion-update"
    assert update.commit is not None
    assert update.commit.made
    assert git(project.root, "status", "--porcelain") == ""
    git(project.root, "switch", "-q", "main")
    assert "TIMES = 2000" in (project.root / "score.py").read_text(), "main is as it was"
    git(project.root, "merge", "-q", "fastcompanion-update")
    assert project.record().template_version == NEWER
    assert updating.look(project).changes == ()


def test_a_project_of_the_first_version_gets_what_is_new(project: Project, git: Git) -> None:
    """Its answers say nothing of what only other kinds need, and its tests of scores stood elsewhere."""
    record = project.record()
    files = {name: digest for name, digest in record.files.items() if name != "tests/test_score.py"}
    project.keep(replace(record, template_version=1, files=files))
    git(project.root, "rm", "-q", "tests/test_score.py")
    git(project.root, "commit", "-q", "-am", "As it was")
    update = updated(project)
    assert whats(update) == {"tests/test_score.py": "added"}
    assert (update.old, update.new) == (1, render.version())
    assert "passed" in made.own_tests(project)


def test_changes_in_other_lines_are_merged(project: Project, newer: Template, git: Git) -> None:
    learner(project, git, "score.py", "import yaml\n", "import yaml\n\nMINE = 1\n")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    assert whats(updated(project)) == {"score.py": "merged"}
    text = (project.root / "score.py").read_text()
    assert "MINE = 1" in text
    assert "TIMES = 4000" in text
    assert "<<<<" not in text
    assert git(project.root, "status", "--porcelain") == ""


def test_changes_in_the_same_line_clash_and_nothing_is_committed(
    project: Project, newer: Template, git: Git
) -> None:
    learner(project, git, "score.py", "TIMES = 2000", "TIMES = 500")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    update = updated(project)
    assert update.clashes == ("score.py",)
    assert update.commit is None
    text = (project.root / "score.py").read_text()
    assert "<<<<<<< yours\nTIMES = 500" in text
    assert "TIMES = 4000" in text
    assert "fastcompanion-update" not in git(project.root, "log", "--format=%s")
    git(project.root, "switch", "-q", "-f", "main")
    assert "TIMES = 500" in (project.root / "score.py").read_text()
    assert git(project.root, "status", "--porcelain") == ""


def test_new_files_go_and_come_with_a_clash(
    project: Project, newer: Template, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner(project, git, "score.py", "TIMES = 2000", "TIMES = 500")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    monkeypatch.setattr(render, "FILES", {**render.FILES, "errors.py": "errors.py"})
    updated(project)
    git(project.root, "switch", "-q", "-f", "main")
    assert not (project.root / "errors.py").exists()
    updated(project)
    git(project.root, "commit", "-q", "-am", "Settle it")
    assert "errors.py" in git(project.root, "ls-files")


def test_the_way_back_from_a_clash_is_open_and_it_can_be_tried_again(
    project: Project, newer: Template, git: Git
) -> None:
    learner(project, git, "score.py", "TIMES = 2000", "TIMES = 500")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    updated(project)
    git(project.root, "switch", "-q", "-f", "main")
    assert updated(project).clashes == ("score.py",), (
        "an empty branch of the last try is no obstacle"
    )
    made.change(project.root / "score.py", "<<<<<<< yours\n", "")
    git(project.root, "commit", "-q", "-am", "Settle it")
    git(project.root, "switch", "-q", "main")
    with pytest.raises(CompanionError, match="has not been merged"):
        updated(project)


def test_a_new_file_is_added_and_a_dropped_one_goes(
    project: Project, newer: Template, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer("majority.py", '"""', '"""')
    monkeypatch.setattr(render, "FILES", {**render.FILES, "errors.py": "errors.py"})
    monkeypatch.delitem(render.FILES, "workflow.yml")
    update = updated(project)
    assert whats(update) == {".github/workflows/test.yml": "removed", "errors.py": "added"}
    assert (project.root / "errors.py").is_file()
    assert not (project.root / ".github").exists() or not any((project.root / ".github").rglob("*.yml"))  # fmt: skip
    assert git(project.root, "status", "--porcelain") == ""
    assert "errors.py" in project.record().files


def test_a_dropped_file_that_was_changed_stays(
    project: Project, newer: Template, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner(project, git, ".github/workflows/test.yml", "timeout-minutes: 5", "timeout-minutes: 9")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    monkeypatch.setattr(render, "FILES", {k: v for k, v in render.FILES.items() if k != "workflow.yml"})  # fmt: skip
    assert whats(updated(project)) == {".github/workflows/test.yml": "yours", "score.py": "replaced"}  # fmt: skip
    assert "timeout-minutes: 9" in (project.root / ".github/workflows/test.yml").read_text()


def test_a_deleted_file_stays_deleted(project: Project, newer: Template, git: Git) -> None:
    git(project.root, "rm", "-q", "score.py")
    git(project.root, "commit", "-q", "-m", "I have my own")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    newer("train.py", "import yaml", "import yaml  # newer")
    assert whats(updated(project)) == {"score.py": "absent", "train.py": "replaced"}
    assert not (project.root / "score.py").exists()


@pytest.mark.parametrize("touched", [False, True])
def test_a_renamed_file_is_updated_where_it_is(
    touched: bool, project: Project, newer: Template, git: Git
) -> None:
    git(project.root, "mv", "score.py", "points.py")
    git(project.root, "commit", "-q", "-m", "Rename")
    git(project.root, "mv", "points.py", "marks.py")
    git(project.root, "commit", "-q", "-m", "Rename again")
    if touched:
        learner(project, git, "marks.py", "import yaml\n", "import yaml\n\nMINE = 1\n")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    update = updated(project)
    assert whats(update) == {"marks.py": "merged" if touched else "replaced"}
    assert update.changes[0].was == "score.py"
    text = (project.root / "marks.py").read_text()
    assert "TIMES = 4000" in text
    assert ("MINE = 1" in text) == touched
    assert not (project.root / "score.py").exists()


def test_a_dirty_tree_is_left_alone(project: Project, newer: Template, git: Git) -> None:
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    made.change(project.root / "data.py", "import csv", "import csv  # mine")
    with pytest.raises(CompanionError, match="changes that are not committed"):
        updated(project)
    git(project.root, "add", "data.py")
    with pytest.raises(CompanionError, match="changes that are not committed"):
        updated(project)
    assert git(project.root, "branch", "--show-current").strip() == "main"
    assert "TIMES = 2000" in (project.root / "score.py").read_text()


def test_files_that_git_does_not_know_are_no_obstacle(
    project: Project, newer: Template, git: Git
) -> None:
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    (project.root / "notes.txt").write_text("mine")
    assert whats(updated(project)) == {"score.py": "replaced"}
    assert (project.root / "notes.txt").read_text() == "mine"
    assert "notes.txt" not in git(project.root, "ls-files")


def test_the_table_of_scores_is_no_change_of_the_learner(
    project: Project, newer: Template, git: Git
) -> None:
    newer("README.md", "## Commands", "## What to type")
    assert whats(updated(project)) == {"README.md": "replaced"}
    text = (project.root / "README.md").read_text()
    assert "## What to type" in text
    assert "| baseline | 0." in text
    assert scoring.board(project).commit is None


def test_a_readme_of_ones_own_words_keeps_them_and_its_scores(
    project: Project, newer: Template, git: Git
) -> None:
    learner(project, git, "README.md", "# trial\n", "# Who was saved?\n")
    newer("README.md", "## Commands", "## What to type")
    assert whats(updated(project)) == {"README.md": "merged"}
    text = (project.root / "README.md").read_text()
    assert "# Who was saved?" in text
    assert "## What to type" in text
    assert "| baseline | 0." in text


def test_steps_are_updated_as_well(project: Project, newer: Template) -> None:
    growing.take(project, growing.where(project, "linear"))
    (project.root / "errors.py").write_text("mine = 1\n")
    growing.take(project, growing.where(project, "errors"))
    newer("linear.py", "SHRINK = 1.0", "SHRINK = 2.0")
    newer("errors.py", "WORST, LEAST = 9, 10", "WORST, LEAST = 9, 20")
    assert whats(updated(project)) == {"linear.py": "replaced"}
    assert (project.root / "errors.py").read_text() == "mine = 1\n"
    assert "errors.py" not in project.record().files


def test_a_project_in_a_clone_updates_as_well(
    project: Project, newer: Template, git: Git, tmp_path: Path
) -> None:
    """The text as it was made is found in the history, which every clone has."""
    learner(project, git, "score.py", "import yaml\n", "import yaml\n\nMINE = 1\n")
    git(tmp_path, "clone", "-q", str(project.root), "clone")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    assert whats(updated(Project(tmp_path / "clone"))) == {"score.py": "merged"}


def test_no_history_is_said(
    tmp_path: Path, newer: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    project = made.project(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    with pytest.raises(CompanionError, match="no commit yet"):
        updated(project)


def test_a_disk_that_fails_in_the_middle_leaves_main_as_it_was(
    project: Project, newer: Template, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    newer("train.py", "import yaml", "import yaml  # newer")
    files = {"errors.py": "errors.py", **render.FILES}
    monkeypatch.setattr(render, "FILES", files)
    planned = updating.look(project)
    assert set(whats(planned)) == {"score.py", "train.py", "errors.py"}
    write = store.write_text

    def failing(path: Path, text: str, **more: Any) -> None:
        if path.name == "train.py":
            raise CompanionError("can't be written: No space left on device", file=path)
        write(path, text, **more)

    monkeypatch.setattr(store, "write_text", failing)
    with pytest.raises(CompanionError, match="No space left"):
        updating.take(project, planned)
    assert git(project.root, "branch", "--format=%(refname:short)").split() == ["main"]
    assert git(project.root, "status", "--porcelain") == ""
    assert "TIMES = 2000" in (project.root / "score.py").read_text()
    assert not (project.root / "errors.py").exists()


def test_a_way_back_that_git_refuses_is_told_with_its_cure(
    project: Project, newer: Template, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer("score.py", "TIMES = 2000", "TIMES = 4000")
    planned = updating.look(project)
    write, lock = store.write_text, project.root / ".git" / "index.lock"

    def failing(path: Path, text: str, **more: Any) -> None:
        if path.name == "score.py":
            lock.touch()
            raise CompanionError("can't be written: No space left on device", file=path)
        write(path, text, **more)

    monkeypatch.setattr(store, "write_text", failing)
    with pytest.raises(CompanionError, match=r"No space left.*could not go back.*to main") as told:
        updating.take(project, planned)
    lock.unlink()
    for step in told.value.hint.split(" && "):
        git(project.root, *step.split()[1:])
    assert git(project.root, "branch", "--format=%(refname:short)").split() == ["main"]
    assert git(project.root, "status", "--porcelain") == ""
