"""Courses: from folders, from repositories over real HTTP, from the catalogue; what breaks and what stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fastcompanion.base import events, remote, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import course_file, courses, lessons, sources, updates
from tests.git_server import GitServer, notebook

NOTEBOOKS = {
    "01-first-steps.ipynb": notebook("# First steps", "a = 1"),
    "02_second.ipynb": notebook("## Not a title", "b = 2"),
    "clean/01-first-steps.ipynb": notebook("a = 1"),
    "slides/talk.ipynb": notebook("# Talk"),
}


def fill(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def partials() -> list[Path]:
    folder = workspace.clones_folder()
    return list(folder.rglob(f"{remote.PARTIAL_PREFIX}*")) if folder.exists() else []


class TestFolder:
    def test_each_notebook_is_a_lesson_and_copies_are_left_out(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        folder = fill(tmp_path / "My Course", NOTEBOOKS)
        before = snapshot(folder)
        added = courses.add(ws, str(folder))
        assert added.new
        assert added.course.id == "my-course"
        assert [(one.id, one.title) for one in added.course.lessons] == [
            ("my-course/01", "First steps"),
            ("my-course/02", "Second"),
        ]
        assert [one.path for one in added.left_out] == [
            "clean/01-first-steps.ipynb",
            "slides/talk.ipynb",
        ]
        assert snapshot(folder) == before

    def test_the_file_freezes_numbers_and_hashes(self, ws: Workspace, tmp_path: Path) -> None:
        courses.add(ws, str(fill(tmp_path / "course", NOTEBOOKS)))
        data = yaml.safe_load(ws.course_file("course").read_text())
        assert data["version"] == 1
        assert data["source"] == {"kind": "folder", "path": str(tmp_path / "course")}
        assert [one["id"] for one in data["lessons"]] == ["01", "02"]
        assert data["lessons"][0]["notebooks"][0].keys() == {"id", "path", "sha256"}

    def test_twice_changes_nothing(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "course", NOTEBOOKS)
        courses.add(ws, str(folder))
        before = snapshot(ws.root)
        again = courses.add(ws, f"{folder}/")
        assert not again.new
        assert "already" in again.notes[0]
        assert snapshot(ws.root) == before

    def test_two_folders_of_one_name(self, ws: Workspace, tmp_path: Path) -> None:
        first, second = (
            fill(tmp_path / "a" / "nbs", NOTEBOOKS),
            fill(tmp_path / "b" / "nbs", NOTEBOOKS),
        )
        ids = [courses.add(ws, str(one)).course.id for one in (first, second)]
        assert ids == ["nbs", "nbs-2"]

    def test_own_id(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "course", NOTEBOOKS)
        assert courses.add(ws, str(folder), as_id="mine").course.id == "mine"
        with pytest.raises(CompanionError, match="no id") as wrong:
            courses.add(ws, str(folder), as_id="My Course")
        assert wrong.value.code is Exit.USAGE
        assert wrong.value.hint == "--as my-course"
        with pytest.raises(CompanionError, match="has a course mine"):
            courses.add(ws, str(fill(tmp_path / "other", NOTEBOOKS)), as_id="mine")

    def test_include_takes_what_is_left_out(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "course", NOTEBOOKS)
        added = courses.add(ws, str(folder), include=["slides/*"])
        assert [one.number for one in added.course.lessons] == ["01", "02", "03"]
        assert course_file.read(ws, "course").include == ("slides/*",)

    def test_spaces_and_other_scripts(self, ws: Workspace, tmp_path: Path) -> None:
        names = {
            "урок 3 градиент.ipynb": notebook("x = 1"),
            "05 线性 模型.ipynb": notebook("x = 2"),
            "week 1/७ पाठ.ipynb": notebook("x = 3"),
        }
        added = courses.add(ws, str(fill(tmp_path / "курс 深度", names)))
        assert added.course.id == "курс-深度"
        assert {one.number for one in added.course.lessons} == {"05", "07", "03"}
        for lesson in added.course.lessons:
            assert lessons.original(added.course, lesson.notebooks[0]).is_file()

    def test_one_notebook(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "course", NOTEBOOKS)
        added = courses.add(ws, str(folder / "02_second.ipynb"))
        assert [one.id for one in added.course.lessons] == ["02-second/02"]
        course, lesson = lessons.find(ws, None)
        assert lessons.original(course, lesson.notebooks[0]) == folder / "02_second.ipynb"

    def test_no_notebooks_is_said(self, ws: Workspace, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(CompanionError, match="no notebooks"):
            courses.add(ws, str(tmp_path / "empty"))
        assert courses.ids(ws) == []
        assert not ws.progress.exists()

    def test_only_drafts_is_said_with_the_cure(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "drafts", {"_draft.ipynb": notebook("x = 1")})
        with pytest.raises(CompanionError, match="left out") as error:
            courses.add(ws, str(folder))
        assert "--include" in error.value.hint
        assert len(courses.add(ws, str(folder), include=["*"]).course.lessons) == 1

    def test_broken_notebook_is_listed_with_a_warning(self, ws: Workspace, tmp_path: Path) -> None:
        files = {
            "01-good.ipynb": notebook("x = 1"),
            "02-bad.ipynb": "{ not json",
            "03-odd.ipynb": "[1, 2]",
        }
        added = courses.add(ws, str(fill(tmp_path / "course", files)))
        assert [one.number for one in added.course.lessons] == ["01", "02", "03"]
        assert any("02-bad.ipynb" in note and "broken JSON" in note for note in added.notes)
        assert any("03-odd.ipynb" in note for note in added.notes)

    @pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
    def test_link_loops_and_links_that_lead_out(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "course", {"01-a.ipynb": notebook("x = 1")})
        secret = fill(tmp_path / "elsewhere", {"secret.ipynb": notebook("key = 1")})
        (folder / "again").symlink_to(folder, target_is_directory=True)
        (folder / "02-out.ipynb").symlink_to(secret / "secret.ipynb")
        added = courses.add(ws, str(folder))
        assert [one.number for one in added.course.lessons] == ["01"]

    def test_later_changes_of_the_folder_do_not_reach_the_lesson(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        folder = fill(tmp_path / "course", NOTEBOOKS)
        course = courses.add(ws, str(folder)).course
        frozen = (folder / "02_second.ipynb").read_text()
        (folder / "02_second.ipynb").write_text(notebook("something = 'else'"))
        kept = lessons.original(course, course.lessons[1].notebooks[0])
        assert kept.read_text() == frozen

    def test_a_study_and_an_environment_inside_are_no_lessons(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        folder = fill(tmp_path / "course", {"01-a.ipynb": notebook("x = 1")})
        fill(folder / "venv" / "lib", {"example.ipynb": notebook("x = 1")})
        (folder / "venv" / "pyvenv.cfg").write_text("home = /usr\n")
        fill(
            folder / "study", {"fastcompanion.toml": "version = 1\n", "01.ipynb": notebook("y = 1")}
        )
        fill(folder / ".ipynb_checkpoints", {"01-a-checkpoint.ipynb": notebook("x = 0")})
        assert len(courses.add(ws, str(folder)).course.lessons) == 1

    def test_a_path_below_home_or_the_study_is_kept_without_the_account(
        self, ws: Workspace, isolated: Path
    ) -> None:
        fill(isolated / "nbs", NOTEBOOKS)
        fill(ws.root / "own", NOTEBOOKS)
        courses.add(ws, str(isolated / "nbs"))
        courses.add(ws, str(ws.root / "own"))
        assert course_file.read(ws, "nbs").source.path == isolated / "nbs"
        assert "path: ~/nbs" in ws.course_file("nbs").read_text()
        assert "path: own\n" in ws.course_file("own").read_text()
        assert courses.load(ws, "own").root == ws.root / "own"

    def test_nothing_of_that_name(self, ws: Workspace) -> None:
        with pytest.raises(CompanionError, match="no course of the catalogue") as error:
            courses.add(ws, "no-such-thing")
        assert error.value.code is Exit.USAGE

    def test_dry_run_writes_nothing(self, ws: Workspace, tmp_path: Path) -> None:
        before = snapshot(ws.root)
        added = courses.add(ws, str(fill(tmp_path / "course", NOTEBOOKS)), dry_run=True)
        assert len(added.course.lessons) == 2
        assert {n: b for n, b in snapshot(ws.root).items() if ".lock" not in n} == before


class TestBuiltIn:
    def test_is_there_without_a_network(self, ws: Workspace) -> None:
        added = courses.add(ws, "foundations")
        assert added.course.kind == "builtin"
        lesson = added.course.lessons[0]
        assert lesson.goals
        assert lessons.original(added.course, lesson.notebooks[0]).is_file()

    def test_goals_and_links_are_not_written_into_the_study(self, ws: Workspace) -> None:
        course = courses.add(ws, "foundations").course
        assert course.lessons[0].goals[0] not in ws.course_file("foundations").read_text()


class TestRepository:
    def test_is_a_blobless_clone_pinned_to_a_commit(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook("old = 1")}, date="2021-05-06T07:08:09+00:00")
        commit = served.commit({"02-b.ipynb": notebook("b = 1")})
        served.commit({"01-a.ipynb": notebook("newer = 2")})
        commit = served.commit({"README.md": "# Course"})
        added = courses.add(ws, server.url("course"))
        assert added.course.commit == commit
        root = added.course.root
        assert root.parent.parent == workspace.clones_folder()
        assert root.name == f"course@{commit[:12]}"
        missing = subprocess.run(
            ["git", "rev-list", "--objects", "--missing=print", "HEAD"],
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert "\n?" in f"\n{missing}", "the old content of 01-a should not have been fetched"
        assert partials() == []

    def test_history_needs_no_network(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook("a = 1")}, date="2020-03-04T05:06:07+00:00")
        served.commit({"02-b.ipynb": notebook("b = 1")}, date="2022-03-04T05:06:07+00:00")
        course = courses.add(ws, server.url("course")).course
        server.down()
        changed = lessons.last_change(course, course.lessons[0].notebooks[0])
        assert changed is not None
        assert changed.isoformat() == "2020-03-04T05:06:07+00:00"
        assert lessons.original(course, course.lessons[1].notebooks[0]).is_file()

    def test_another_study_uses_the_clone_when_the_network_is_down(
        self, ws: Workspace, server: GitServer, tmp_path: Path
    ) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        first = courses.add(ws, server.url("course"))
        url = server.url("course")
        server.down()
        other = Workspace(tmp_path / "other")
        other.root.mkdir()
        other.settings.write_text("version = 1\n")
        added = courses.add(other, url)
        assert added.new
        assert added.course.root == first.course.root
        assert "can't be reached" in added.notes[0]
        assert "clone on this machine is used" in added.notes[0]

    def test_the_clone_is_shared_when_the_commit_is_the_same(
        self, ws: Workspace, server: GitServer, tmp_path: Path
    ) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        courses.add(ws, server.url("course"))
        packs = [line for line in server.requests if line.startswith("POST")]
        other = Workspace(tmp_path / "other")
        other.root.mkdir()
        other.settings.write_text("version = 1\n")
        courses.add(other, server.url("course"))
        again = [line for line in server.requests if line.startswith("POST")][len(packs) :]
        assert len(again) <= 1, "only the question for the newest commit may be asked"

    def test_refused_connection_changes_nothing(self, ws: Workspace, server: GitServer) -> None:
        url = server.url("course")
        server.down()
        before = snapshot(ws.root)
        with pytest.raises(CompanionError, match="can't be reached") as error:
            courses.add(ws, url)
        assert error.value.code is Exit.MISSING
        assert {n: b for n, b in snapshot(ws.root).items() if ".lock" not in n} == before
        assert partials() == []

    def test_cut_in_mid_transfer_changes_nothing_and_can_be_tried_again(
        self, ws: Workspace, server: GitServer
    ) -> None:
        noise = os.urandom(300_000).hex()
        server.repo("course").commit({"01-a.ipynb": notebook(f"a = '{noise}'")})
        server.cut_after = 20_000
        with pytest.raises(CompanionError) as error:
            courses.add(ws, server.url("course"))
        assert error.value.code is Exit.MISSING, error.value
        assert courses.ids(ws) == []
        assert not ws.progress.exists()
        assert partials() == []
        server.cut_after = None
        assert courses.add(ws, server.url("course")).new

    def test_a_server_that_stops_answering(
        self, ws: Workspace, server: GitServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_HTTP_LOW_SPEED_TIME", "1")
        monkeypatch.setenv("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        server.stall = True
        with pytest.raises(CompanionError) as error:
            courses.add(ws, server.url("course"))
        assert error.value.code is Exit.MISSING
        assert courses.ids(ws) == []

    def test_no_such_repository(self, ws: Workspace, server: GitServer) -> None:
        with pytest.raises(CompanionError, match="can't be read") as error:
            courses.add(ws, server.url("nothing"))
        assert error.value.code is Exit.MISSING

    def test_branch_tag_and_commit(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        first = served.commit({"01-a.ipynb": notebook("a = 1")})
        tagged = served.commit({"02-b.ipynb": notebook("b = 1")}, tag="v1")
        served.branch("extra")
        branched = served.commit({"03-c.ipynb": notebook("c = 1")})
        for ref, commit, name in (
            ("v1", tagged, "t"),
            ("extra", branched, "b"),
            (first[:9], first, "c"),
        ):
            course = courses.add(ws, server.url("course"), ref=ref, as_id=name).course
            assert course.commit == commit
            assert course.ref == ref
            assert course.root.is_dir()

    def test_unknown_ref(self, ws: Workspace, server: GitServer) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        for ref in ("nope", "abcdef0", "--upload-pack=x"):
            with pytest.raises(CompanionError) as error:
                courses.add(ws, server.url("course"), ref=ref)
            assert error.value.code is Exit.USAGE
        assert courses.ids(ws) == []

    def test_a_password_in_the_address_is_refused(self, ws: Workspace) -> None:
        with pytest.raises(CompanionError, match="password") as error:
            courses.add(ws, "https://ada:secret@example.org/course.git")
        assert error.value.code is Exit.USAGE
        assert "secret" not in str(error.value)

    def test_a_repository_on_disk_pins_its_commit(
        self, ws: Workspace, tmp_path: Path, server: GitServer
    ) -> None:
        served = server.repo("course")
        commit = served.commit(
            {"nbs/01-a.ipynb": notebook("a = 1")}, date="2019-01-01T00:00:00+00:00"
        )
        course = courses.add(ws, str(served.work / "nbs")).course
        assert course.kind == "folder"
        assert course.commit == commit
        changed = lessons.last_change(course, course.lessons[0].notebooks[0])
        assert changed is not None
        assert changed.year == 2019

    def test_a_bare_repository_on_disk_is_cloned(self, ws: Workspace, server: GitServer) -> None:
        served = server.repo("course")
        commit = served.commit({"01-a.ipynb": notebook("a = 1")})
        course = courses.add(ws, str(served.bare)).course
        assert (course.kind, course.commit) == ("git", commit)

    def test_links_of_a_repository_that_lead_out_are_not_followed(
        self, ws: Workspace, server: GitServer, tmp_path: Path
    ) -> None:
        secret = fill(tmp_path / "home", {"secret.ipynb": notebook("key = 1")})
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook("a = 1")})
        (served.work / "02-b.ipynb").symlink_to(secret / "secret.ipynb")
        served.commit({"README.md": "now with a link"})
        assert len(courses.add(ws, server.url("course")).course.lessons) == 1

    def test_a_clone_edited_by_hand_is_put_back(self, ws: Workspace, server: GitServer) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        course = courses.add(ws, server.url("course")).course
        server.down()
        (course.root / "01-a.ipynb").write_text("scribble")
        original = lessons.original(course, course.lessons[0].notebooks[0])
        assert original.read_text() == notebook("a = 1")

    def test_a_clone_that_is_missing_is_fetched_again_at_the_same_commit(
        self, ws: Workspace, server: GitServer
    ) -> None:
        served = server.repo("course")
        pinned = served.commit({"01-a.ipynb": notebook("a = 1")})
        course = courses.add(ws, server.url("course")).course
        served.commit({"01-a.ipynb": notebook("a = 2")})
        subprocess.run(["rm", "-rf", str(course.root)], check=True)
        with pytest.raises(CompanionError, match="not on this machine") as error:
            lessons.original(course, course.lessons[0].notebooks[0])
        assert error.value.code is Exit.MISSING
        before = ws.course_file("course").read_bytes()
        again = courses.add(ws, server.url("course"))
        assert not again.new
        assert again.course.commit == pinned
        assert lessons.original(
            again.course, again.course.lessons[0].notebooks[0]
        ).read_text() == notebook("a = 1")
        assert ws.course_file("course").read_bytes() == before

    def test_a_full_clone_where_the_server_knows_no_filters(
        self, ws: Workspace, server: GitServer
    ) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook("a = 1")})
        subprocess.run(
            ["git", "config", "uploadpack.allowFilter", "false"], cwd=served.bare, check=True
        )
        course = courses.add(ws, server.url("course")).course
        assert (course.root / "01-a.ipynb").is_file()

    def test_a_mirror_without_its_largest_files_still_gives_the_notebooks(
        self, ws: Workspace, server: GitServer
    ) -> None:
        served = server.repo("course")
        served.commit({"01-a.ipynb": notebook("a = 1"), "slides/big.pptx": "large"})
        found = subprocess.run(
            ["git", "rev-parse", "HEAD:slides/big.pptx"],
            cwd=served.bare,
            check=True,
            capture_output=True,
            text=True,
        )
        blob = found.stdout.strip()
        (served.bare / "objects" / blob[:2] / blob[2:]).unlink()
        course = courses.add(ws, server.url("course")).course
        assert lessons.original(course, course.lessons[0].notebooks[0]).read_text() == notebook(
            "a = 1"
        )
        assert not (course.root / "slides").exists()


class TestCatalogue:
    @pytest.fixture
    def course22(self, server: GitServer, isolated: Path) -> GitServer:
        """A stand-in of the catalogue's repository, reached by git's own rewriting of addresses."""
        files = {
            "00-is-it-a-bird-creating-a-model-from-your-own-data.ipynb": notebook("bird = 1"),
            "05-linear-model-and-neural-net-from-scratch.ipynb": notebook("linear = 1"),
            "06-why-you-should-use-a-framework.ipynb": notebook("framework = 1"),
        }
        served = server.repo("fastai/course22")
        served.commit(dict(files))
        served.branch("master")
        served.commit({"README.md": "x"})
        base = server.url("").removesuffix("/.git")
        with (isolated / ".gitconfig").open("a") as settings:
            settings.write(f'[url "{base}/"]\n\tinsteadOf = https://github.com/\n')
        return server

    def test_by_name(self, ws: Workspace, course22: GitServer) -> None:
        added = courses.add(ws, "fastai-p1")
        course = added.course
        assert [one.number for one in course.lessons][-1] == "08a"
        five = next(one for one in course.lessons if one.number == "05")
        assert five.video.startswith("https://www.youtube.com/watch?v=")
        assert len(five.notebooks) == 2
        assert lessons.original(course, five.notebooks[0]).read_text() == notebook("linear = 1")
        assert any("07-how-random-forests" in note for note in added.notes)
        assert "youtube" not in ws.course_file("fastai-p1").read_text()

    def test_only_on_kaggle_is_exit_5_with_the_address(
        self, ws: Workspace, course22: GitServer
    ) -> None:
        course = courses.add(ws, "fastai-p1").course
        four = next(one for one in course.lessons if one.number == "04")
        with pytest.raises(CompanionError, match=r"kaggle\.com") as error:
            lessons.original(course, four.notebooks[0])
        assert error.value.code is Exit.MISSING

    def test_by_short_address_it_is_one_lesson_a_notebook_with_a_word_on_the_catalogue(
        self, ws: Workspace, course22: GitServer
    ) -> None:
        added = courses.add(ws, "fastai/course22")
        assert added.course.id == "course22"
        assert [one.number for one in added.course.lessons] == ["00", "05", "06"]
        assert any("course add fastai-p1" in note for note in added.notes)

    def test_a_page_of_the_repository_names_repository_and_branch(self) -> None:
        source = sources.understand("https://github.com/fastai/course22/tree/master/clean")
        assert (source.url, source.ref) == ("https://github.com/fastai/course22", "master")


class TestRemoveAndList:
    def test_the_work_and_the_clone_stay(self, ws: Workspace, server: GitServer) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        course = courses.add(ws, server.url("course")).course
        fill(ws.lesson_folder("course/01"), {"a.scratch.ipynb": notebook("mine = 1")})
        removed = courses.remove(ws, "course")
        assert removed.work == ws.lesson_folder("course")
        assert courses.ids(ws) == []
        assert course.root.is_dir()
        assert (ws.lesson_folder("course/01") / "a.scratch.ipynb").is_file()
        assert [event.kind for event in events.read(ws)] == ["course.added", "course.removed"]

    def test_purge_spares_what_another_study_uses(
        self, ws: Workspace, server: GitServer, tmp_path: Path
    ) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        other = Workspace(tmp_path / "other")
        other.root.mkdir()
        other.settings.write_text("version = 1\n")
        for study in (ws, other):
            root = courses.add(study, server.url("course")).course.root
        assert courses.remove(ws, "course", purge=True).kept == (root,)
        assert root.is_dir()
        assert courses.remove(other, "course", purge=True).purged == (root,)
        assert not root.exists()

    def test_list(self, ws: Workspace, tmp_path: Path) -> None:
        courses.add(ws, str(fill(tmp_path / "course", NOTEBOOKS)))
        courses.add(ws, "foundations")
        found = courses.list_courses(ws)
        assert [(one.id, one.here) for one in found] == [("course", True), ("foundations", True)]
        entries = courses.list_catalogue(ws)
        assert [one.id for one in entries if one.added] == ["foundations"]


class TestFile:
    def test_hand_edited_title_is_used(self, ws: Workspace, tmp_path: Path) -> None:
        courses.add(ws, str(fill(tmp_path / "course", NOTEBOOKS)))
        path = ws.course_file("course")
        path.write_text(path.read_text().replace("title: Second", "title: My own title"))
        assert courses.load(ws, "course").lessons[1].title == "My own title"

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ("version: 1", "version: 2", "newer fastcompanion"),
            ("version: 1", "verzion: 1", "no `version`"),
            ("- id: '01'", "- id: 1", r"lessons\[0\]\.id"),
            ("id: course", "id: another", "should be 'course'"),
            ("kind: folder", "kind: magic", r"source\.kind"),
            ("lessons:", "<<<<<<< HEAD\nlessons:", "merge conflict"),
            ("- id: '02'", "- id: '01'", "comes twice"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, ws: Workspace, tmp_path: Path, old: str, new: str, problem: str
    ) -> None:
        courses.add(ws, str(fill(tmp_path / "course", NOTEBOOKS)))
        path = ws.course_file("course")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        broken = path.read_bytes()
        with pytest.raises(CompanionError, match=problem) as error:
            courses.load(ws, "course")
        assert error.value.file == str(path)
        assert path.read_bytes() == broken

    def test_reading_again_reads_no_yaml(self, ws: Workspace, tmp_path: Path) -> None:
        courses.add(ws, "foundations")
        code = (
            "import sys; from pathlib import Path; from fastcompanion.base.workspace import Workspace;"
            "from fastcompanion.course.library import courses;"
            f"outline = courses.outline(Workspace(Path({str(ws.root)!r})), 'foundations');"
            "assert outline.lessons, outline;"
            "bad = {'yaml', 'git', 'rich', 'nbformat', 'numpy'} & set(sys.modules); assert not bad, bad"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_the_index_can_be_deleted(self, ws: Workspace, tmp_path: Path) -> None:
        course = courses.add(ws, "foundations").course
        for path in ws.cache.rglob("*.json"):
            path.write_text("{ torn")
        assert courses.load(ws, "foundations") == course
        assert courses.load(ws, "foundations") == course

    def test_kernel_is_remembered(self, ws: Workspace, tmp_path: Path) -> None:
        courses.add(ws, str(fill(tmp_path / "course", NOTEBOOKS)))
        courses.set_kernel(ws, "course", "fastai-2023")
        assert courses.load(ws, "course").kernel == "fastai-2023"


class TestAddresses:
    @pytest.mark.parametrize(
        ("typed", "url"),
        [
            ("fastai/course22", "https://github.com/fastai/course22"),
            ("fastai/course22/", "https://github.com/fastai/course22"),
            ("github.com/fastai/course22", "https://github.com/fastai/course22"),
            ("https://github.com/fastai/course22.git", "https://github.com/fastai/course22.git"),
            (
                "https://github.com/fastai/course22/blob/master/01-x.ipynb",
                "https://github.com/fastai/course22",
            ),
            ("git@github.com:fastai/course22.git", "git@github.com:fastai/course22.git"),
            ("ssh://git@example.org/course.git", "ssh://git@example.org/course.git"),
            ("file:///srv/course", "file:///srv/course"),
        ],
    )
    def test_what_people_type(self, typed: str, url: str) -> None:
        source = sources.understand(typed)
        assert (source.kind, source.url) == ("git", url)

    def test_the_same_repository_under_other_addresses(self) -> None:
        same = [
            "https://github.com/fastai/course22",
            "git@github.com:fastai/course22.git",
            "ssh://git@GitHub.com/x",
        ]
        assert sources.same(same[0], same[1])
        assert not sources.same(same[0], same[2])
        folders = {sources.clone_folder(url, "a" * 40) for url in same[:2]}
        assert folders == {
            workspace.clones_folder() / "github.com" / "fastai" / "course22@aaaaaaaaaaaa"
        }

    def test_a_study_is_no_course(self, ws: Workspace) -> None:
        with pytest.raises(CompanionError, match="is a study"):
            courses.add(ws, str(ws.root))

    def test_a_folder_that_is_gone(self, ws: Workspace, tmp_path: Path) -> None:
        folder = fill(tmp_path / "course", NOTEBOOKS)
        course = courses.add(ws, str(folder)).course
        folder.rename(tmp_path / "elsewhere")
        assert lessons.original(course, course.lessons[0].notebooks[0]).is_file()
        with pytest.raises(CompanionError, match="not there") as error:
            updates.update(ws, "course")
        assert error.value.code is Exit.MISSING

    def test_old_leftovers_are_swept_and_young_ones_are_not(
        self, ws: Workspace, server: GitServer
    ) -> None:
        server.repo("course").commit({"01-a.ipynb": notebook("a = 1")})
        host = sources.clone_folder(server.url("course"), "0").parent
        old, young = host / f"{remote.PARTIAL_PREFIX}old", host / f"{remote.PARTIAL_PREFIX}young"
        for folder in (old, young):
            folder.mkdir(parents=True)
        os.utime(old, (1_000_000_000, 1_000_000_000))
        courses.add(ws, server.url("course"))
        assert not old.exists()
        assert young.exists()
