"""Updating a course in mid-lesson: what changed is said, ids and the learner's work stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import course_file, courses, lessons, updates
from tests.git_server import GitServer, notebook

FIRST = (
    "# Lesson one",
    "## Setting up",
    "import math",
    "x = 1",
    "## Going on",
    "y = x + 1",
    "z = y * 2",
)
CHANGED = (
    "# Lesson one",
    "## Setting up",
    "import math",
    "x = 100",
    "x2 = x",
    "## Going on",
    "y = x + 1",
    "z = y * 2",
)
SECOND = ("# Lesson two", "a = 1", "b = 2", "c = 3")


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def states(updated: updates.Updated) -> dict[str, str]:
    return {change.lesson: change.state for change in updated.notebooks}


def work(ws: Workspace, lesson_id: str, name: str) -> Path:
    path = ws.notebook(lesson_id, name, "scratch")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook("my = 'own work'"))
    return path


class TestRepository:
    def test_nothing_new(self, ws: Workspace, server: GitServer) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook(*FIRST)})
        courses.add(ws, server.url("course"))
        before = snapshot(ws.root)
        updated = updates.update(ws, "course")
        assert not updated.changed
        assert states(updated) == {"course/01": "same"}
        assert snapshot(ws.root) == before

    def test_in_mid_lesson_the_work_is_kept_and_the_sections_are_named(
        self, ws: Workspace, server: GitServer
    ) -> None:
        served = server.repo("course")
        old = served.commit({"01-a.ipynb": notebook(*FIRST), "02-b.ipynb": notebook(*SECOND)})
        before = courses.add(ws, server.url("course")).course
        mine = work(ws, "course/01", "a")
        text = mine.read_text()
        new = served.commit({"01-a.ipynb": notebook(*CHANGED)})
        updated = updates.update(ws, "course")
        assert (updated.from_commit, updated.to_commit) == (old, new)
        assert states(updated) == {"course/01": "changed", "course/02": "same"}
        change = updated.notebooks[0]
        assert change.working
        assert change.cells == 2
        assert [(one.title, one.state, one.cells) for one in change.sections] == [
            ("Setting up", "changed", 2)
        ]
        assert mine.read_text() == text
        after = courses.load(ws, "course")
        assert [one.id for one in after.lessons] == [one.id for one in before.lessons]
        assert lessons.original(after, after.lessons[0].notebooks[0]).read_text() == notebook(
            *CHANGED
        )
        assert lessons.original(before, before.lessons[0].notebooks[0]).read_text() == notebook(
            *FIRST
        )
        assert events.read(ws)[-1].kind == "course.updated"

    def test_only_what_is_new_is_fetched_and_the_old_clone_stays(
        self, ws: Workspace, server: GitServer
    ) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST), "big.bin": bytes(range(256)) * 4000})
        old = courses.add(ws, server.url("course")).course
        served.commit({"02-b.ipynb": notebook(*SECOND)}, date="2024-05-06T00:00:00+00:00")
        updates.update(ws, "course")
        new = courses.load(ws, "course")
        assert old.root.is_dir()
        assert old.root != new.root
        assert (new.root / "big.bin").read_bytes() == (old.root / "big.bin").read_bytes()
        server.down()
        changed = lessons.last_change(new, new.lessons[1].notebooks[0])
        assert changed is not None
        assert changed.year == 2024

    def test_moved_renamed_new_and_gone(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit(
            {
                "01-a.ipynb": notebook(*FIRST),
                "02-b.ipynb": notebook(*SECOND),
                "03-c.ipynb": notebook("only = 'here'", "and_there = 1"),
                "04-d.ipynb": notebook("p = 1", "q = 2", "r = 3", "s = 4"),
            }
        )
        courses.add(ws, server.url("course"))
        served.commit(
            {
                "01-a.ipynb": None,
                "nbs/01-a.ipynb": notebook(*FIRST),
                "03-c.ipynb": None,
                "04-d.ipynb": None,
                "05-renamed.ipynb": notebook("p = 1", "q = 2", "r = 3", "s = 44"),
                "01-brand-new.ipynb": notebook("fresh = True", "very = fresh"),
            }
        )
        updated = updates.update(ws, "course")
        assert states(updated) == {
            "course/01": "moved",
            "course/02": "same",
            "course/03": "gone",
            "course/04": "moved and changed",
            "course/01-2": "new",
        }
        after = courses.load(ws, "course")
        for lesson in after.lessons:
            assert lessons.original(after, lesson.notebooks[0]).is_file(), lesson.id

    def test_two_notebooks_that_change_places(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST), "02-b.ipynb": notebook(*SECOND)})
        courses.add(ws, server.url("course"))
        served.commit({"01-a.ipynb": notebook(*SECOND), "02-b.ipynb": notebook(*FIRST)})
        assert states(updates.update(ws, "course")) == {"course/01": "moved", "course/02": "moved"}
        after = courses.load(ws, "course")
        titles = {one.id: one.notebooks[0].path for one in after.lessons}
        assert titles == {"course/01": "02-b.ipynb", "course/02": "01-a.ipynb"}

    def test_a_new_notebook_never_takes_the_number_of_one_that_is_gone(
        self, ws: Workspace, server: GitServer
    ) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST), "02-b.ipynb": notebook(*SECOND)})
        courses.add(ws, server.url("course"))
        served.commit({"02-b.ipynb": None, "02-other.ipynb": notebook("nothing = 'alike'")})
        assert states(updates.update(ws, "course")) == {
            "course/01": "same",
            "course/02": "gone",
            "course/02-2": "new",
        }

    def test_without_the_network_nothing_changes(self, ws: Workspace, server: GitServer) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook(*FIRST)})
        courses.add(ws, server.url("course"))
        server.down()
        before = snapshot(ws.root)
        with pytest.raises(CompanionError) as error:
            updates.update(ws, "course")
        assert error.value.code is Exit.MISSING
        assert snapshot(ws.root) == before

    def test_cut_in_mid_transfer_changes_nothing(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST)})
        course = courses.add(ws, server.url("course")).course
        served.commit({"02-b.ipynb": notebook(f"noise = '{os.urandom(200_000).hex()}'")})
        before = snapshot(ws.root)
        server.cut_after = 20_000
        with pytest.raises(CompanionError) as error:
            updates.update(ws, "course")
        assert error.value.code is Exit.MISSING
        assert snapshot(ws.root) == before
        assert [path for path in course.root.parent.iterdir() if path != course.root] == []
        server.cut_after = None
        assert states(updates.update(ws, "course")) == {"course/01": "same", "course/02": "new"}

    def test_another_branch(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST)})
        served.branch("next")
        new = served.commit({"02-b.ipynb": notebook(*SECOND)})
        courses.add(ws, server.url("course"))
        assert updates.update(ws, "course", ref="next").to_commit == new
        data = yaml.safe_load(ws.course_file("course").read_text())
        assert data["source"]["ref"] == "next"

    def test_dry_run_only_tells(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST)})
        courses.add(ws, server.url("course"))
        served.commit({"01-a.ipynb": notebook(*CHANGED)})
        before = snapshot(ws.root)
        assert states(updates.update(ws, "course", dry_run=True)) == {"course/01": "changed"}
        assert snapshot(ws.root) == before

    def test_rewritten_history(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook(*FIRST)})
        courses.add(ws, server.url("course"))
        served.start_over()
        new = served.commit({"01-a.ipynb": notebook(*CHANGED)})
        updated = updates.update(ws, "course")
        assert updated.to_commit == new
        assert states(updated) == {"course/01": "changed"}


class TestFolder:
    def test_changed_cells_are_counted_against_the_copy_that_was_kept(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        folder = tmp_path / "course"
        folder.mkdir()
        (folder / "01-a.ipynb").write_text(notebook(*FIRST))
        courses.add(ws, str(folder))
        (folder / "01-a.ipynb").write_text(notebook(*CHANGED))
        updated = updates.update(ws, "course")
        assert (updated.notebooks[0].state, updated.notebooks[0].cells) == ("changed", 2)
        assert not updated.notebooks[0].working

    def test_what_was_included_stays_included(self, ws: Workspace, tmp_path: Path) -> None:
        folder = tmp_path / "course"
        (folder / "slides").mkdir(parents=True)
        (folder / "01-a.ipynb").write_text(notebook(*FIRST))
        (folder / "slides" / "02-talk.ipynb").write_text(notebook(*SECOND))
        courses.add(ws, str(folder), include=["slides"])
        assert not updates.update(ws, "course").changed

    def test_a_notebook_that_broke_is_told(self, ws: Workspace, tmp_path: Path) -> None:
        folder = tmp_path / "course"
        folder.mkdir()
        (folder / "01-a.ipynb").write_text(notebook(*FIRST))
        course = courses.add(ws, str(folder)).course
        (folder / "01-a.ipynb").write_text("{ torn")
        updated = updates.update(ws, "course")
        assert states(updated) == {"course/01": "changed"}
        assert any("broken JSON" in note for note in updated.notes)
        assert lessons.original(course, course.lessons[0].notebooks[0]).read_text() == notebook(
            *FIRST
        )

    def test_an_emptied_folder_changes_nothing(self, ws: Workspace, tmp_path: Path) -> None:
        folder = tmp_path / "course"
        folder.mkdir()
        (folder / "01-a.ipynb").write_text(notebook(*FIRST))
        courses.add(ws, str(folder))
        (folder / "01-a.ipynb").unlink()
        before = ws.course_file("course").read_bytes()
        with pytest.raises(CompanionError, match="no notebooks"):
            updates.update(ws, "course")
        assert ws.course_file("course").read_bytes() == before

    def test_hand_written_kernel_and_titles_survive(self, ws: Workspace, tmp_path: Path) -> None:
        folder = tmp_path / "course"
        folder.mkdir()
        (folder / "01-a.ipynb").write_text(notebook(*FIRST))
        courses.add(ws, str(folder))
        courses.set_kernel(ws, "course", "old-fastai")
        path = ws.course_file("course")
        path.write_text(path.read_text().replace("title: Lesson one", "title: My title"))
        (folder / "02-b.ipynb").write_text(notebook(*SECOND))
        updates.update(ws, "course")
        file = course_file.read(ws, "course")
        assert file.kernel == "old-fastai"
        assert [one.title for one in file.lessons] == ["My title", "Lesson two"]


class TestBuiltInAndCatalogue:
    def test_the_built_in_course_is_up_to_date(self, ws: Workspace) -> None:
        courses.add(ws, "foundations")
        assert not updates.update(ws, "foundations").changed

    def test_a_lesson_that_the_catalogue_has_gained_is_added(self, ws: Workspace) -> None:
        courses.add(ws, "foundations")
        path = ws.course_file("foundations")
        data = yaml.safe_load(path.read_text())
        assert len(data["lessons"]) > 1
        data["lessons"] = data["lessons"][:1]
        path.write_text(yaml.safe_dump(data))
        updated = updates.update(ws, "foundations")
        assert states(updated)["foundations/02"] == "new"
        assert [one.number for one in courses.load(ws, "foundations").lessons] == ["01", "02"]
