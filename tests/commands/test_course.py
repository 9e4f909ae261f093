"""`course` and `lesson list|show|open|done|skip` through main(argv)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.git_server import GitServer, notebook
from tests.waiting import until

Runner = Callable[..., Any]
Git = Callable[..., str]

FILES = {
    "01-a.ipynb": notebook("# First", "## Setting up", "x = 1"),
    "02-b.ipynb": notebook("# Second", "y = 2"),
    "clean/01-a.ipynb": notebook("x = 1"),
    "clean/02-b.ipynb": notebook("y = 2"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "Course of mine"
    for name, text in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def events(study: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (study / "progress.jsonl").read_text().splitlines()]


class TestAdd:
    def test_folder(self, study: Path, run: Runner, git: Git, folder: Path) -> None:
        added = run("course", "add", folder)
        assert added.code == 0, added.err
        assert "Added course-of-mine: Course of mine, 2 lessons" in added.out
        assert "clean/ (2): clean/01-a.ipynb has the name of 01-a.ipynb, ..." in added.out
        assert "Next: fastcompanion start course-of-mine/01" in added.out
        assert git(study, "log", "-1", "--format=%s").strip() == "Add course course-of-mine"
        assert git(study, "status", "--porcelain") == ""
        again = run("course", "add", folder)
        assert again.code == 0
        assert "already" in again.out

    def test_json_keys(self, study: Path, run: Runner, folder: Path) -> None:
        added = run("course", "add", folder, "--json")
        assert added.json["command"] == "course add"
        assert sorted(added.data) == [
            "about", "commit", "committed", "folder", "here", "id", "kernel", "kind", "left_out",
            "lessons", "licence", "new", "notes", "pages", "people", "portfolios", "ref", "source", "title",
        ]  # fmt: skip
        assert added.data["lessons"][0] == {
            "id": "course-of-mine/01",
            "title": "First",
            "notebooks": ["01-a.ipynb"],
        }
        assert added.data["left_out"][0].keys() == {"path", "reason"}
        shown = run("course", "show", "course-of-mine", "--json")
        assert sorted(shown.data) == sorted(added.data)

    def test_a_broken_network_is_exit_5_and_changes_nothing(
        self, study: Path, run: Runner, git: Git, server: GitServer
    ) -> None:
        url = server.url("course")
        server.down()
        head = git(study, "rev-parse", "HEAD")
        failed = run("course", "add", url)
        assert failed.code == 5
        assert "can't be reached" in failed.err
        assert git(study, "rev-parse", "HEAD") == head
        assert git(study, "status", "--porcelain") == ""

    def test_progress_is_said_on_stderr_only(
        self, study: Path, run: Runner, server: GitServer
    ) -> None:
        server.repo("course").commit(FILES)
        added = run("course", "add", server.url("course"))
        assert added.code == 0
        assert "Fetching the history" in added.err
        assert "Fetching" not in added.out
        assert run("course", "update", "--json").err == ""
        assert (
            run("course", "add", server.url("course"), "--as", "b", "--quiet", "--json").err == ""
        )

    def test_dry_run_of_an_address_touches_no_network(
        self, study: Path, run: Runner, server: GitServer
    ) -> None:
        planned = run("course", "add", server.url("course"), "--dry-run")
        assert planned.code == 0
        assert "Would clone" in planned.out
        assert server.requests == []

    def test_outside_a_study_is_exit_3(self, tmp_path: Path, run: Runner, folder: Path) -> None:
        assert run("course", "add", folder, cwd=tmp_path).code == 3

    def test_escapes_of_a_hostile_course_do_not_reach_the_terminal(
        self, study: Path, run: Runner, tmp_path: Path
    ) -> None:
        place = tmp_path / "evil"
        place.mkdir()
        (place / "01.ipynb").write_text(
            notebook("# Good \x1b]0;owned\x07\x1b[31m red [bold]x[/bold]", "x = 1")
        )
        for words in (("course", "add", place), ("lesson", "list"), ("lesson", "show", "evil/01")):
            shown = run(*words)
            assert shown.code == 0, shown.err
            assert "\x1b" not in shown.out
            assert "\x07" not in shown.out
            assert "[bold]x[/bold]" in shown.out or words[1] == "add"

    @pytest.mark.skipif(os.name != "posix", reason="signals to a group are not run here")
    def test_ctrl_c_in_the_transfer_leaves_nothing_behind(
        self, study: Path, server: GitServer, isolated: Path
    ) -> None:
        server.repo("course").commit(FILES)
        server.stall = True
        argv = [sys.executable, "-m", "fastcompanion", "course", "add", server.url("course")]
        with subprocess.Popen(argv, cwd=study, stderr=subprocess.PIPE, text=True) as child:
            assert server.stalled.wait(120)
            started = psutil.Process(child.pid).children(recursive=True)
            assert any("git" in process.name() for process in started)
            child.send_signal(signal.SIGINT)
            error = child.communicate(timeout=120)[1]
        assert child.returncode == 130, error
        assert "Traceback" not in error
        assert not [
            p
            for p in psutil.wait_procs(started, timeout=60)[1]
            if p.status() != psutil.STATUS_ZOMBIE
        ]
        assert not list((isolated / "cache").rglob(".partial-*"))
        assert (
            not list((study / "courses").glob("*.yaml")) if (study / "courses").exists() else True
        )

    def test_two_at_once(
        self, study: Path, server: GitServer, tmp_path: Path, run: Runner, isolated: Path
    ) -> None:
        server.repo("course").commit(FILES)
        other = tmp_path / "other study"
        assert run("init", other, "--yes", "--course", "none").code == 0
        argv = [sys.executable, "-m", "fastcompanion", "course", "add", server.url("course")]
        children = [
            subprocess.Popen(
                argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for folder in (study, study, other)
        ]
        said = [child.communicate(timeout=120) for child in children]
        assert [child.returncode for child in children] == [0, 0, 0], said
        assert sum("Added course" in out for out, _ in said[:2]) == 1
        assert sum("already" in out for out, _ in said[:2]) == 1
        clones = [
            p for p in (isolated / "cache" / "courses").rglob("course@*") if (p / ".git").exists()
        ]
        assert len(clones) == 1
        assert [e["kind"] for e in events(study)] == ["course.added"]


class TestReadOnly:
    def test_a_study_that_may_not_be_written_is_read_and_refused_for_the_rest(
        self,
        open_tmp: Path,
        run: Runner,
        unprivileged: Callable[[Callable[[], int]], int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        place, course = open_tmp / "study", open_tmp / "course"
        for name, text in FILES.items():
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            (course / name).write_text(text)
        for name in ("FASTCOMPANION_HOME", "FASTCOMPANION_CACHE", "HOME"):
            monkeypatch.setenv(name, str(open_tmp / "home"))
        commands = (["lesson", "list"], ["course", "show"], ["course", "add", str(course)])

        def act() -> int:
            codes = [run(*words, "--study", place).code for words in commands]
            return sum(10**n * code for n, code in enumerate(reversed(codes)))

        # Python itself may lie where only root can read: this loads all that the child needs.
        (place / "courses").mkdir(parents=True)
        (place / "fastcompanion.toml").write_text("version = 1\n")
        assert run("course", "add", "foundations", "--study", place).code == 0
        assert act() == 0
        shutil.rmtree(place / ".fastcompanion")
        (place / "courses" / "course.yaml").unlink()
        for folder in (place, place / "courses"):
            folder.chmod(0o555)
        try:
            assert unprivileged(act) == 1, "two are read, the third is refused"
        finally:
            for folder in (place, place / "courses"):
                folder.chmod(0o755)


class TestListUpdateRemove:
    def test_catalogue_needs_no_study(self, tmp_path: Path, run: Runner) -> None:
        listed = run("course", "list", "--catalogue", "--json", cwd=tmp_path)
        assert listed.code == 0
        ids = [one["id"] for one in listed.data["courses"]]
        assert {"fastai-p1", "fastai-p2", "fastbook", "foundations"} <= set(ids)

    def test_list(self, study: Path, run: Runner, folder: Path) -> None:
        assert "no course yet" in run("course", "list").out
        run("course", "add", folder)
        listed = run("course", "list", "--json").data["courses"]
        assert [one["id"] for one in listed] == ["course-of-mine"]
        assert run("course", "show", "--json").data["id"] == "course-of-mine"
        run("course", "add", "foundations")
        unclear = run("course", "show")
        assert unclear.code == 2
        assert "course-of-mine, foundations" in unclear.err

    def test_update_names_the_sections_in_work(
        self, study: Path, run: Runner, server: GitServer
    ) -> None:
        served = server.repo("course")
        served.commit(FILES)
        run("course", "add", server.url("course"))
        mine = study / "lessons" / "course" / "01" / "a.scratch.ipynb"
        mine.parent.mkdir(parents=True)
        mine.write_text(notebook("mine = 1"))
        assert "up to date" in run("course", "update", "course").out
        served.commit({"01-a.ipynb": notebook("# First", "## Setting up", "x = 11")})
        updated = run("course", "update", "course")
        assert updated.code == 0, updated.err
        assert "it was kept" in updated.out
        assert "section 'Setting up' changed: 1 cell" in updated.out
        assert mine.read_text() == notebook("mine = 1")

    def test_remove_asks_and_keeps_the_work(
        self, study: Path, run: Runner, folder: Path, git: Git
    ) -> None:
        run("course", "add", folder)
        mine = study / "lessons" / "course-of-mine" / "01" / "notes.md"
        mine.parent.mkdir(parents=True)
        mine.write_text("notes")
        refused = run("course", "remove", "course-of-mine")
        assert refused.code == 2
        assert "--yes" in refused.err
        removed = run("course", "remove", "course-of-mine", "--yes")
        assert removed.code == 0
        assert "Your work is kept" in removed.out
        assert mine.read_text() == "notes"
        assert git(study, "log", "-1", "--format=%s").strip() == "Remove course course-of-mine"
        assert git(study, "status", "--porcelain").split() == ["??", "lessons/"]
        assert run("course", "remove", "course-of-mine", "--yes").code == 2

    def test_a_broken_course_can_still_be_seen_to_be_broken(
        self, study: Path, run: Runner, folder: Path
    ) -> None:
        run("course", "add", folder)
        path = study / "courses" / "course-of-mine.yaml"
        path.write_text(path.read_text().replace("kind: folder", "kind: [", 1))
        shown = run("course", "show", "course-of-mine", "--json")
        assert shown.code == 1
        assert shown.errors[0]["file"] == str(path)
        assert shown.errors[0]["line"]


class TestLesson:
    def test_show_names_goals_questions_and_what_comes_next(
        self, built_in_study: Path, run: Runner
    ) -> None:
        shown = run("lesson", "show", "foundations/01")
        assert shown.code == 0, shown.err
        assert "Questions answered: 0 of" in shown.out
        assert "Next: fastcompanion start foundations/01" in shown.out
        data = run("lesson", "show", "1", "--json").data
        assert sorted(data) == [
            "about", "goals", "id", "links", "minutes", "next", "notebooks", "page", "people",
            "portfolios", "progress", "questions", "reading", "title", "video",
        ]  # fmt: skip
        assert data["questions"][0].keys() == {"id", "question", "answered"}

    def test_done_with_a_word_for_the_step(
        self, built_in_study: Path, run: Runner, git: Git
    ) -> None:
        questions = run("lesson", "show", "--json").data["questions"]
        missing = run("lesson", "done", "watch", "--note", "Weights that are altered.")
        assert missing.code == 2
        assert questions[0]["question"] in missing.err
        words = [word for one in questions for word in ("--answer", f"{one['id']}=because = so")]
        done = run("lesson", "done", "01", "watch", "--note", "Weights that are altered.", *words)
        assert done.code == 0, done.err
        assert (
            git(built_in_study, "log", "-1", "--format=%s").strip()
            == "Finish watch of foundations/01"
        )
        answers = [e["data"] for e in events(built_in_study) if e["kind"] == "card.answered"]
        assert answers[0] == {"card": questions[0]["id"], "answer": "because = so"}
        again = run("lesson", "done", "01", "--step", "watch")
        assert again.code == 0
        assert "already" in again.out

    def test_done_takes_no_word_for_a_check(self, built_in_study: Path, run: Runner) -> None:
        refused = run(
            "lesson", "done", "01", "--step", "reproduce", "--note", "I did it, honestly."
        )
        assert refused.code == 4
        assert "fastcompanion check foundations/01" in refused.err

    def test_bad_answers_and_steps_are_usage(self, built_in_study: Path, run: Runner) -> None:
        assert run("lesson", "done", "01", "--answer", "no-equals").code == 2
        assert run("lesson", "done", "01", "dance").code == 2
        assert run("lesson", "skip", "01", "--step", "dance").code == 2

    def test_skip_is_logged_and_undone(self, study: Path, run: Runner, folder: Path) -> None:
        run("course", "add", folder)
        skipped = run("lesson", "skip", "2")
        assert skipped.code == 0
        assert "--undo" in skipped.out
        listed = run("lesson", "list").out
        assert "course-of-mine/02  -      -    -          -" in listed
        assert run("lesson", "skip", "2", "--undo").code == 0
        assert "course-of-mine/02  .      .    .          ." in run("lesson", "list").out
        assert [e["kind"] for e in events(study)][-2:] == ["lesson.skipped", "event.undone"]

    def test_ambiguous_is_exit_2_with_the_candidates(
        self, built_in_study: Path, run: Runner, folder: Path
    ) -> None:
        run("course", "add", folder)
        shown = run("lesson", "show", "01")
        assert shown.code == 2
        assert "course-of-mine/01 (First)" in shown.err
        assert "foundations/01" in shown.err

    @pytest.fixture
    def recorder(self, tmp_path: Path) -> tuple[Path, Path]:
        """A program that writes down what it was asked to open."""
        program, told = tmp_path / "an editor", tmp_path / "opened.txt"
        program.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{told}.part' && mv '{told}.part' '{told}'\n"
        )
        program.chmod(0o755)
        return program, told

    @pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for the editor")
    def test_open_hands_the_notebook_to_the_editor_that_was_set(
        self, study: Path, run: Runner, folder: Path, recorder: tuple[Path, Path]
    ) -> None:
        program, told = recorder
        run("course", "add", folder)
        run("config", "set", "editor.command", f"'{program}' --flag")
        opened = run("lesson", "open", "1")
        assert opened.code == 0, opened.err
        place = study / "lessons" / "course-of-mine" / "01" / "a.run.ipynb"
        until(told.exists)
        assert told.read_text().splitlines() == ["--flag", str(place)]
        assert place.is_file()

    @pytest.mark.skipif(
        os.name != "posix" or sys.prefix == sys.base_prefix, reason="needs a venv to make a twin of"
    )
    def test_open_takes_the_jupyter_of_the_courses_environment(
        self, study: Path, run: Runner, folder: Path, recorder: tuple[Path, Path], tmp_path: Path
    ) -> None:
        program, told = recorder
        twin = tmp_path / "an environment"
        (twin / "bin").mkdir(parents=True)
        (twin / "bin" / "python").symlink_to(Path(sys.executable).resolve())
        (twin / "lib").symlink_to(Path(sys.prefix) / "lib")
        (twin / "pyvenv.cfg").write_bytes((Path(sys.prefix) / "pyvenv.cfg").read_bytes())
        program.rename(twin / "bin" / "jupyter-lab")
        run("course", "add", folder)
        path = study / "courses" / "course-of-mine.yaml"
        path.write_text(path.read_text().replace("lessons:", f"kernel: {twin}\nlessons:", 1))
        opened = run("lesson", "open", "1")
        assert opened.code == 0, opened.err
        until(told.exists)
        assert told.read_text().strip().endswith("a.run.ipynb")

    @pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for the browser")
    def test_video_and_page_only_when_asked_for(
        self, study: Path, run: Runner, folder: Path, recorder: tuple[Path, Path]
    ) -> None:
        program, told = recorder
        run("course", "add", folder)
        assert run("lesson", "open", "1", "--video").code == 5
        path = study / "courses" / "course-of-mine.yaml"
        path.write_text(
            path.read_text()
            .replace("kind: folder", "kind: folder\n  catalogue: fastai-p1")
            .replace("  - id: a\n", "  - id: a\n")
        )
        link = program.with_name("editor")
        link.symlink_to(program)
        opened = run("lesson", "open", "1", "--video", env={"BROWSER": f"{link} %s"})
        assert opened.code == 0, opened.err
        until(told.exists)
        assert told.read_text().strip() == "https://www.youtube.com/watch?v=8SF_h3xF3cE"

    def test_without_an_editor_the_place_is_said(
        self,
        study: Path,
        run: Runner,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        run("course", "add", folder)
        run("config", "set", "editor.open", "false")
        opened = run("lesson", "open", "1")
        assert opened.code == 0
        assert "lessons/course-of-mine/01/a.run.ipynb" in opened.out
