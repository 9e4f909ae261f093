"""A notebook goes to a server that knows nothing of the study, is worked on there, and comes home."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import courses
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recorded import record
from fastcompanion.server.notebooks import travel
from fastcompanion.study import journal
from tests.conftest import Runner
from tests.course.checks.test_recorded import SOLUTION, original, recorded
from tests.data import folders
from tests.notebook.kernels import BareKernel
from tests.server.notebooks.far import Far, answer

LOOK, BACK = "look-at-the-data", "hold-some-back"
NAME = "lessons/foundations/01/samuel.scratch.ipynb"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[BareKernel]:
    """A kernel as Colab has it: its working folder is empty, its HOME is thrown away."""
    home, content = tmp_path / "there", tmp_path / "content"
    home.mkdir()
    content.mkdir()
    kernel = BareKernel(content, home)
    del kernel.env["FASTCOMPANION_HOME"]
    with kernel as started:
        yield started


def set_out(run: Runner, study: Path, *words: str) -> Path:
    done = run("server", "notebook", "colab", "foundations/01", "--step", "reproduce",
               "--json", *words, cwd=study)  # fmt: skip
    assert done.code == 0, done.err
    return study / str(done.data["file"])


def at(there: BareKernel, moment: str) -> None:
    """Let the clock over there stand at a time."""
    there.run(f"import os; os.environ['FASTCOMPANION_NOW'] = '2026-11-21T{moment}+00:00'")


def test_the_whole_way(
    there: BareKernel, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    study, ws = built_in_study, Workspace(built_in_study)
    far = Far(there, set_out(run, study))
    at(there, "18:00:00")
    said = far.run(0)
    assert "foundations/01, Arthur Samuel" in said
    assert "%checkpoint, %check, %hint" in said
    assert (there.cwd / "data" / "digits.csv").is_file()
    at(there, "18:05:00")
    for place in far.of(LOOK, "given"):
        far.run(place)
    (work, *_) = far.of(LOOK)
    far.cells[work]["source"] = answer(LOOK).replace("/ 16", "/ 8")
    far.run(work)
    check = far.add(work + 1, "%check")
    at(there, "18:15:00")
    assert f"{LOOK}: wrong value" in far.run(check)
    hint = far.add(check + 1, "%hint")
    assert "it comes home" not in far.run(hint)
    far.cells[work]["source"] = answer(LOOK)
    far.run(work)
    at(there, "18:24:00")
    said = far.run(check)
    assert f"{LOOK}: passed" in said
    assert "sections passed, 24 min. Save and download it" in far.text(0)
    file = far.save(tmp_path / "Copy of samuel (1).ipynb")

    done = run("server", "notebook", "home", f"'{file}'", "--json", cwd=study)
    assert done.code == 0, done.err
    assert done.data["checked"] == "colab"
    assert done.data["sections"] == {LOOK: "passed"}
    assert done.data["hints"] == 1
    assert done.data["minutes"] == 24
    assert done.data["state"] == "taken"
    book = notebook.read(study / NAME)
    sources = [cell["source"] for cell in book["cells"]]
    assert answer(LOOK) in sources
    assert "%check" in sources
    assert not any("fastcompanion-travel" in source for source in sources)
    assert "fastcompanion-record" not in (study / NAME).read_text()
    assert book["metadata"]["fastcompanion"]["lesson"] == "foundations/01"
    (entry,) = journal.read(ws).entries
    assert (entry.minutes, entry.lesson, entry.step) == (24, "foundations/01", "reproduce")
    course = courses.load(ws, "foundations")
    found = progress.progress(course, course.lessons[0], events.read(ws))
    assert found.sections_passed == 1
    assert "in the notebook only" in next(s.about for s in found.steps if s.step == "reproduce")

    before = [events.read(ws), events.read(ws, private=True), journal.read(ws)]
    done = run("server", "notebook", "home", str(file), "--json", cwd=study)
    assert done.code == 0, done.err
    assert (done.data["state"], done.data["sections"], done.data["minutes"]) == ("same", {}, 0)
    assert [events.read(ws), events.read(ws, private=True), journal.read(ws)] == before


COLAB = """
import json, os
def blocking_request(what, request="", timeout_sec=5):
    assert what == "get_ipynb"
    return {"ipynb": json.load(open(os.environ["NOTEBOOK_IN_THE_BROWSER"]))}
"""


def colab(folder: Path, browser: Path, home: Path) -> BareKernel:
    """Make a kernel as Colab's: it can be asked for the notebook that the browser shows."""
    (home / "google" / "colab").mkdir(parents=True)
    (home / "google" / "colab" / "_message.py").write_text(COLAB)
    folder.mkdir()
    kernel = BareKernel(folder, home, PYTHONPATH=str(home), NOTEBOOK_IN_THE_BROWSER=str(browser))
    del kernel.env["FASTCOMPANION_HOME"]
    return kernel


def test_a_machine_that_was_lost_takes_nothing_along(
    built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    study, browser = built_in_study, tmp_path / "browser.ipynb"
    file = set_out(run, study)
    browser.write_text(file.read_text())
    with colab(tmp_path / "c1", browser, tmp_path / "h1") as kernel:
        far = Far(kernel, browser)
        at(kernel, "18:00:00")
        far.run(0)
        far.save(browser)
        (work, *_) = far.of(LOOK)
        for place in far.of(LOOK, "given"):
            far.run(place)
        far.cells[work]["source"] = answer(LOOK)
        check = far.add(work + 1, "%check")
        far.save(browser)
        at(kernel, "18:10:00")
        far.run(work)
        assert f"{LOOK}: passed" in far.run(check)
        far.save(browser)
    # All is gone but the notebook; everything is run again on another machine.
    with colab(tmp_path / "c2", browser, tmp_path / "h2") as kernel:
        again = Far(kernel, browser)
        at(kernel, "20:00:00")
        again.run(0)
        at(kernel, "20:05:00")
        for place, cell in enumerate(again.cells):
            if cell["cell_type"] == "code" and cell["source"] == "%hint":
                raise AssertionError("no hint was asked for")
            if cell["cell_type"] == "code" and place:
                again.run(place)
        assert "1 of" in again.text(0)
        back = again.save(tmp_path / "back.ipynb")
    done = run("server", "notebook", "home", str(back), "--json", cwd=study)
    assert done.code == 0, done.err
    assert [one["minutes"] for one in done.data["sessions"]] == [10, 5]
    ids = [e.data["results"] for e in events.read(Workspace(study)) if e.kind == "lesson.checked"]
    assert len(ids) == 1


def test_with_drive_what_is_found_is_kept_there(
    built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    browser, drive = tmp_path / "browser.ipynb", tmp_path / "drive"
    browser.write_text(set_out(run, built_in_study, "--drive").read_text())
    kernel = colab(tmp_path / "c", browser, tmp_path / "h")
    mount = (
        "import pathlib\ndef mount(where): (pathlib.Path(where) / 'MyDrive').mkdir(parents=True)\n"
    )
    (tmp_path / "h" / "google" / "colab" / "drive.py").write_text(mount)
    with kernel:
        far = Far(kernel, browser)
        far.cells[0]["source"] = far.cells[0]["source"].replace("/content/drive", str(drive))
        assert "foundations/01" in far.run(0)
    kept = drive / "MyDrive" / "fastcompanion-travel"
    assert list(kept.glob("*/sessions.json"))
    assert list(kept.glob("*/study/courses/foundations.yaml"))


def test_a_course_of_others_travels_with_its_original_and_its_records(
    there: BareKernel, study: Path, run: Runner, tmp_path: Path
) -> None:
    book = json.dumps(original())
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "foreign.ipynb").write_text(book)
    (tmp_path / "foreign" / "numbers.csv").write_text("1,2,3\n")
    assert run("course", "add", tmp_path / "foreign").code == 0
    assert run("lesson", "scratch").code == 0
    ws = Workspace(study)
    record.write(ws.checks_file("foreign/01", "foreign"), recorded())
    done = run("server", "notebook", "jupyter", "--step", "reproduce",
               "--json", cwd=study)  # fmt: skip
    assert done.code == 0, done.err
    # The course itself is not there.
    (tmp_path / "foreign").rename(tmp_path / "gone")
    far = Far(there, study / str(done.data["file"]))
    assert "foreign/01" in far.run(0)
    for place in far.of("the-mean", "given"):
        far.run(place)
    (work, *_) = far.of("the-mean")
    far.cells[work]["source"] = SOLUTION["the-mean"]
    far.run(work)
    assert "the-mean: passed" in far.run(far.add(work + 1, "%check"))
    assert "scaling" in far.run(far.add(work + 2, "%hint 2 scaling"))
    file = far.save(tmp_path / "back.ipynb")
    done = run("server", "notebook", "home", str(file), "--json", cwd=study)
    assert done.code == 0, done.err
    assert (done.data["sections"], done.data["hints"]) == ({"the-mean": "passed"}, 1)


def test_what_a_first_cell_says(
    there: BareKernel, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    far = Far(there, set_out(run, built_in_study))
    whole = far.cells[0]["source"]
    place = whole.index("fc1.") + 600
    far.cells[0]["source"] = whole[:place] + whole[place + 3 :]
    assert "the first cell, which fastcompanion put there, is damaged" in far.run(0)
    far.cells[0]["source"] = whole
    far.run(0)
    said = far.run(0)
    assert said.count("Arthur Samuel") == 1
    assert "travels for foundations/01" in far.run(far.add(1, "%check --lesson foundations/02"))
    assert there.run("'fastcompanion_first_cell' in globals()").shown == "False"
    inside = whole.index('b64decode("""') + 600
    other = "B" if whole[inside] == "A" else "A"
    far.cells[0]["source"] = whole[:inside] + other + whole[inside + 1 :]
    assert "This cell is damaged" in far.run(0)
    far.cells[0]["source"] = whole.replace("('yaml', 'pyyaml')", "('no_such_module', './no.whl')")
    said = far.run(0)
    assert "./no.whl could not be installed. Is there a network?" in said


def test_a_copy_to_run_counts_minutes_and_checks_nothing(
    there: BareKernel, built_in_study: Path, run: Runner
) -> None:
    done = run("server", "notebook", "kaggle", "foundations/01", "--step", "run",
               "--json", cwd=built_in_study)  # fmt: skip
    far = Far(there, built_in_study / str(done.data["file"]))
    assert "your minutes are counted" in far.run(0)
    assert (there.cwd / "data" / "digits.csv").is_file()
    assert "are for the reproduction" in far.run(far.add(1, "%check"))
    assert "server notebook kaggle foundations/01 --step reproduce" in far.text(1)


def test_what_a_model_predicts_of_own_data_comes_home(
    there: BareKernel, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    data = folders.passengers(tmp_path / "data")
    assert run("lesson", "repeat", "1", data, "--yes", cwd=built_in_study).code == 0
    done = run("server", "notebook", "colab", "1", "--step", "repeat", "--json",
               cwd=built_in_study)  # fmt: skip
    assert done.code == 0, done.err
    far = Far(there, built_in_study / str(done.data["file"]))
    far.run(0)
    assert (there.cwd / "samuel.repeat" / "splits.csv").is_file(), "the same split"
    write = "open('samuel.repeat/mine-0.csv', 'w').write('id,truth,prediction\\n1,0,0\\n')"
    far.run(far.add(1, write))
    file = far.save(tmp_path / "back.ipynb")
    mine = built_in_study / "lessons/foundations/01/samuel.repeat/mine-0.csv"
    mine.write_text("older\n")
    done = run("server", "notebook", "home", str(file), "--json", cwd=built_in_study)
    assert done.code == 0, done.err
    assert done.data["predictions"] == [mine.relative_to(built_in_study).as_posix()]
    assert mine.read_text() == "id,truth,prediction\n1,0,0\n"
    (aside,) = (built_in_study / "lessons/foundations/01/travel").glob("mine-0.before-*.csv")
    assert aside.read_text() == "older\n"


def test_what_lies_beside_travels_as_far_as_it_is_small(
    study: Path, run: Runner, tmp_path: Path
) -> None:
    book = original()
    code = next(one for one in book["cells"] if one["cell_type"] == "code")
    code["source"] = "open('small.csv'); open('large.csv'); 'pictures'"
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "foreign.ipynb").write_text(json.dumps(book))
    assert run("course", "add", tmp_path / "foreign").code == 0
    assert run("server", "notebook", "colab", "--step", "run", "--json", cwd=study).code == 0
    folder = study / "lessons" / "foreign" / "01"
    (folder / "small.csv").write_text("1,2\n")
    (folder / "large.csv").write_bytes(b"1,2\n" * 200_000)
    (folder / "pictures").mkdir()
    (folder / "pictures" / "one.png").write_bytes(b"\x89PNG")
    done = run("server", "notebook", "colab", "--step", "run", "--json", cwd=study)
    assert done.code == 0, done.err
    pack = travel.find(notebook.read(study / str(done.data["file"])))
    assert pack is not None
    assert set(pack.beside) == {"small.csv", "pictures/one.png"}
    assert done.data["notes"] == ["large.csv (0.8 MB) does not travel: take it there yourself"]


def test_the_program_travels_along(there: BareKernel, built_in_study: Path, run: Runner) -> None:
    """Nothing is fetched, and nothing but what travelled is loaded; a kernel that has another one is told so."""
    far = Far(there, set_out(run, built_in_study))
    there.run("import sys; sys.modules['fastcompanion'] = type(sys)('fastcompanion')")
    there.run("sys.modules['fastcompanion'].__file__ = '/elsewhere/fastcompanion/__init__.py'")
    assert "restart the kernel" in far.run(0)
    there.run("del sys.modules['fastcompanion']")
    assert "foundations/01, Arthur Samuel" in far.run(0)
    far.run(far.add(1, "%check"))
    far.run(far.add(2, f"%hint 4 {LOOK}"))
    loaded = "{getattr(one, '__file__', '') for name, one in sys.modules.items() if name.split('.')[0] == 'fastcompanion'}"
    files = re.findall(r"'([^']+)'", there.run(f"import sys; sorted({loaded})").shown)
    assert len(files) > 30
    assert all(".fastcompanion-travel" in one for one in files), files


FAKE_SSH = """#!/bin/sh
for last; do :; done
cd "$GIT_HUB" && exec sh -c "$last"
"""


@pytest.fixture
def github(
    built_in_study: Path, tmp_path: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Let the study be on GitHub: git's own programs at the other end of what is called ssh."""
    hub = tmp_path / "hub"
    (hub / "ada").mkdir(parents=True)
    git(hub, "init", "-q", "--bare", "ada/study.git")
    ssh = tmp_path / "ssh"
    ssh.write_text(FAKE_SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("GIT_HUB", str(hub))
    git(built_in_study, "remote", "add", "origin", "git@github.com:ada/study.git")
    git(built_in_study, "push", "-q", "-u", "origin", "main")
    return hub / "ada" / "study.git"


def test_a_link_only_where_it_is_pushed_as_it_is(
    github: Path, built_in_study: Path, run: Runner, git: Callable[..., str]
) -> None:
    study = built_in_study
    words = ("server", "notebook", "colab", "foundations/01", "--step", "reproduce", "--json")
    assert run(*words, cwd=study).data["pushed"] == "", "the notebook is not there yet"
    git(study, "add", NAME)
    git(study, "commit", "-q", "-m", "Mine", "--", NAME)
    assert run(*words, cwd=study).data["pushed"] == ""
    git(study, "push", "-q")
    link = f"https://colab.research.google.com/github/ada/study/blob/main/{NAME}"
    assert run(*words, cwd=study).data["pushed"] == link
    (study / NAME).write_text((study / NAME).read_text() + "\n")
    assert run(*words, cwd=study).data["pushed"] == "", "there it is another one"
    assert git(github, "branch", "--format=%(refname:short)").split() == ["main"]


def test_a_push_is_asked_for_and_holds_nothing_private(
    github: Path, built_in_study: Path, run: Runner, git: Callable[..., str]
) -> None:
    study, branch = built_in_study, "fastcompanion-notebooks"
    assert run("lesson", "scratch", "foundations/01", cwd=study).code == 0
    assert run("hint", "foundations/01", cwd=study).code == 0
    words = ("server", "notebook", "kaggle", "foundations/01", "--step", "reproduce", "--push")
    refused = run(*words, cwd=study)
    assert refused.code == 2
    assert "needs your consent" in refused.err
    assert branch not in git(github, "branch")
    done = run(*words, "--json", "--yes", cwd=study)
    assert done.code == 0, done.err
    assert done.data["link"].endswith(f"ada/study/blob/{branch}/{NAME}")
    pushed = travel.find(json.loads(_joined(git(github, "show", f"{branch}:{NAME}"))))
    assert pushed is not None
    assert (dict(pushed.originals), dict(pushed.beside)) == ({}, {})
    assert not [name for name in pushed.files if "private" in name]
    assert git(study, "symbolic-ref", "--short", "HEAD").strip() == "main"
    assert run(*words, "--json", "--yes", cwd=study).code == 0, "again"
    run_copy = run("server", "notebook", "kaggle", "--step", "run", "--push", "--yes", cwd=study)
    assert run_copy.code == 2
    assert "not yours to publish" in run_copy.err


def _joined(text: str) -> str:
    book = json.loads(text)
    for cell in book["cells"]:
        cell["source"] = "".join(cell["source"])
    return json.dumps(book)
