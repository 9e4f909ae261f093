"""`check --on` and `project train --on`: a real ssh server, the real program behind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.flows import remote
from fastcompanion.server import ledger, parcels, registry
from fastcompanion.server.connection import connect
from tests.conftest import Runner
from tests.project import made
from tests.server.notebooks.far import answer
from tests.server.ssh_server import SshServer
from tests.waiting import is_gone, until

MISSING = '"""Mine."""\n\n\ndef fit(rows, truths, seed):\n    import fastai_that_is_not_there\n\n\ndef predict(learned, rows):\n    return []\n'
ROOT = Path(__file__).resolve().parents[2]
LOOK = "look-at-the-data"
NAME = "lessons/foundations/01/samuel.scratch.ipynb"


@pytest.fixture
def box(there: SshServer) -> SshServer:
    """A machine that `server setup` has been through: its environment is that of the tests."""
    place = there.home / ".venvs" / "fast" / "bin"
    place.mkdir(parents=True)
    (place / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (place / "python").chmod(0o755)
    there.set_env(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    registry.add(there.server("box"))
    return there


def write(study: Path, run: Runner, source: str) -> None:
    """Write the first section's work as the learner would, and nothing else."""
    from fastcompanion.course.notebooks import notebook

    assert run("lesson", "scratch", "foundations/01", cwd=study).code == 0
    book = notebook.read(study / NAME)
    for cell in book["cells"]:
        ours = cell["metadata"].get("fastcompanion", {})
        if ours.get("section") == LOOK and ours.get("role") == "work":
            cell["source"] = source
            break
    notebook.write(study / NAME, book)


def checked(study: Path, *, private: bool = True) -> list[dict[str, str]]:
    past = events.read(Workspace(study), private=private)
    return [dict(one.data["sections"]) for one in past if one.kind == "lesson.checked"]


def test_a_check_there_is_recorded_here(box: SshServer, built_in_study: Path, run: Runner) -> None:
    write(built_in_study, run, answer(LOOK))
    done = run("check", "foundations/01", "--on", "box", "--json", cwd=built_in_study)
    assert done.code == 4, done.err
    assert done.data["sections"][0]["verdict"] == "passed"
    assert done.data["path"] == str(built_in_study / NAME)
    assert "checked on box" in done.data["notices"]
    assert checked(built_in_study)[-1][LOOK] == "passed"
    assert checked(built_in_study, private=False) == [{LOOK: "passed"}]
    assert "checking on box" in done.err
    assert any(" -P -m fastcompanion check " in one for one in box.commands)
    local = run("check", "foundations/01", "--json", cwd=built_in_study)
    assert [one["verdict"] for one in local.data["sections"]] == [
        one["verdict"] for one in done.data["sections"]
    ]
    sent = parcels.contents(connect(registry.find("box")), next_folder(box))
    assert not [name for name in sent if "travel" in name or name.endswith(".run.ipynb")]


@pytest.mark.parametrize("what", ["check", "train"])
def test_files_that_are_secrets_by_their_name_stay_here(
    box: SshServer, built_in_study: Path, run: Runner, tmp_path: Path, what: str
) -> None:
    if what == "check":
        write(built_in_study, run, answer(LOOK))
        at = built_in_study / "lessons/foundations/01"
        words = ["check", "foundations/01"]
        cwd = built_in_study
    else:
        at = cwd = made.copy("competition", made.passengers, tmp_path, tmp_path / "ship").root
        words = ["project", "train", "baseline"]
    for name in ("kaggle.json", ".env", "id_ed25519"):
        (at / name).write_text("planted")
    (at / "notes.txt").write_text("goes along")
    run(*words, "--on", "box", cwd=cwd)
    names = {
        Path(one).name for one in parcels.contents(connect(registry.find("box")), next_folder(box))
    }
    assert "notes.txt" in names
    assert not names & {"kaggle.json", ".env", "id_ed25519"}


def next_folder(box: SshServer) -> str:
    (folder,) = (box.home / parcels.FOLDER).iterdir()
    return folder.name


def test_without_the_program_there_it_says_how_to_bring_it(
    there: SshServer, built_in_study: Path, run: Runner
) -> None:
    registry.add(there.server("bare"))
    there.program("python3", "#!/bin/sh\nexit 1\n")
    write(built_in_study, run, answer(LOOK))
    done = run("check", "foundations/01", "--on", "bare", cwd=built_in_study)
    assert done.code == 5
    assert "bare has no Python with fastcompanion" in done.err
    assert "fastcompanion server setup bare" in done.err
    assert checked(built_in_study) == []


def test_the_copies_of_a_sync_are_not_taken_for_the_program(there: SshServer) -> None:
    """They lie in ~/fastcompanion, which Python imports where it is started beside it."""
    (there.home / "fastcompanion" / "study").mkdir(parents=True)
    there.program("python3", f'#!/bin/sh\nexec "{sys.executable}" -S -E "$@"\n')
    link = connect(there.server())
    assert parcels.find_python(link, "json", "JSON").home == str(there.home)
    with pytest.raises(CompanionError, match="no Python with fastcompanion"):
        parcels.find_python(link, "fastcompanion", "fastcompanion")


def test_what_can_not_be_done_there_is_refused(built_in_study: Path, run: Runner) -> None:
    for words in (("--watch",), ("--step", "repeat"), ("--assess", LOOK)):
        done = run("check", "foundations/01", "--on", "box", *words, cwd=built_in_study)
        assert done.code == 2
        assert "--on is for checks of the reproduction" in done.err


def waits(study: Path, run: Runner) -> None:
    """A notebook whose first cell of the learner says where it is, and then does not end."""
    source = (
        "import os, pathlib, time\n"
        "pathlib.Path(os.environ['HOME'], 'running').write_text(str(os.getpid()))\n"
        "time.sleep(600)"
    )
    write(study, run, source)


def started(study: Path) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "fastcompanion", "check", "foundations/01", "--on", "box"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, cwd=study, env=env, text=True, stdout=pipe, stderr=pipe)


def test_ctrl_c_here_ends_the_run_there(box: SshServer, built_in_study: Path, run: Runner) -> None:
    waits(built_in_study, run)
    mark = box.home / "running"
    with started(built_in_study) as program:
        until(lambda: mark.exists() and mark.read_text())
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    assert program.returncode == 130, said
    pid = int(mark.read_text())
    until(lambda: is_gone(pid), 30)
    assert checked(built_in_study) == []


def test_a_cut_connection_says_what_happened_and_ends_the_run_there(
    box: SshServer, built_in_study: Path, run: Runner
) -> None:
    waits(built_in_study, run)
    mark = box.home / "running"
    with started(built_in_study) as program:
        until(lambda: mark.exists() and mark.read_text())
        box.cut()
        _, said = program.communicate(timeout=60)
    assert program.returncode == 5, said
    assert "was cut" in said
    assert "nothing of it was recorded" in said
    until(lambda: is_gone(int(mark.read_text())), 30)
    assert checked(built_in_study) == []


def test_a_project_trains_there_and_is_scored_here(
    box: SshServer, tmp_path: Path, run: Runner
) -> None:
    project = made.copy("competition", made.passengers, tmp_path, tmp_path / "ship").root
    before = {path.name for path in (project / "runs").iterdir()}
    done = run("project", "train", "baseline", "--seed", "7", "--on", "box", "--json", cwd=project)
    assert done.code == 0, done.err
    assert {path.name for path in (project / "runs").iterdir()} - before == {"baseline-seed7"}
    assert "baseline-seed7" in {one["name"] for one in done.data["board"]["runs"]}
    assert "training on box" in done.err
    assert sorted(path.name for path in (project / "runs" / "baseline-seed7").iterdir())


def test_a_dry_run_of_training_asks_no_server(box: SshServer, tmp_path: Path, run: Runner) -> None:
    project = made.copy("competition", made.passengers, tmp_path, tmp_path / "ship").root
    words = ["project", "train", "baseline", "--seed", "7", "--dry-run"]
    told = run(*words, "--on", "box", cwd=project)
    assert told.code == 0, told.err
    assert "baseline would be trained on box" in told.out
    assert not (project / "runs" / "baseline-seed7").exists()
    assert box.connections == 0
    assert run(*words, "--on", "nobody", cwd=project).code == 2


BREAKS = """#!/bin/sh
case "$1" in -c)
  echo . >>"$HOME/tries"
  [ $(wc -l <"$HOME/tries") -gt {most} ] || exec head -c 100 /dev/zero;;
esac
PATH=${{PATH#*:}} exec tar "$@"
"""


@pytest.mark.parametrize("most", [1, 9])
def test_a_line_that_drops_while_a_run_comes_home_costs_no_training(
    box: SshServer, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(remote, "_PAUSE", 0.01)
    project = made.copy("competition", made.passengers, tmp_path, tmp_path / "ship").root
    box.program("tar", BREAKS.format(most=most))
    done = run("project", "train", "baseline", "--seed", "7", "--on", "box", cwd=project)
    came = (project / "runs" / "baseline-seed7").is_dir()
    if most == 1:
        assert (done.code, came) == (0, True), done.err
    else:
        assert (done.code, came) == (5, False)
        assert "trained on box, but what it wrote did not come" in done.err
        assert (box.home / parcels.FOLDER / next_folder(box) / "runs" / "baseline-seed7").is_dir()
    assert not (project / ".fastcompanion-partial").exists()


def test_a_machine_that_was_stopped_is_not_asked(
    box: SshServer, built_in_study: Path, run: Runner
) -> None:
    registry.add(box.server("gpu", provider="ec2"))
    ledger.append("gpu", "stopped")
    write(built_in_study, run, answer(LOOK))
    done = run("check", "foundations/01", "--on", "gpu", cwd=built_in_study)
    assert done.code == 3
    assert "fastcompanion server start gpu" in done.err
    assert box.connections == 0


def test_a_model_that_fails_there_says_why(box: SshServer, tmp_path: Path, run: Runner) -> None:
    project = made.copy("competition", made.passengers, tmp_path, tmp_path / "ship").root
    (project / "mine.py").write_text(MISSING)
    done = run("project", "train", "mine", "--on", "box", cwd=project)
    assert done.code == 5
    assert "fastai_that_is_not_there" in done.err
    assert "fastcompanion server setup box" in done.err


def test_only_what_differs_goes_there_and_what_is_gone_here_goes_there(
    there: SshServer, tmp_path: Path
) -> None:
    connection = connect(there.server())
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "sub" / "two\nlines 'and' \"more\".txt").write_text("")
    (tmp_path / "sub" / "with space.bin").write_bytes(bytes(range(256)) * 5000)
    files: dict[str, Path | bytes] = {
        path.relative_to(tmp_path).as_posix(): path
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    sent = parcels.send(connection, "box", files)
    assert (sent.files, sent.size) == (3, 3 + 256 * 5000)
    place = there.home / parcels.FOLDER / "box"
    assert (place / "sub" / "with space.bin").read_bytes() == bytes(range(256)) * 5000
    assert parcels.send(connection, "box", files) == parcels.Sent(0, 0)
    (place / "runs").mkdir()
    (place / "runs" / "new.json").write_text("{}")
    (place / "stray.txt").write_text("x")
    assert parcels.send(connection, "box", {"a.txt": files["a.txt"]}, keep=("runs",)).files == 0
    assert set(parcels.contents(connection, "box")) == {"a.txt", "runs/new.json"}
    made_ = parcels.fetch(connection, "box", ["runs/new.json"], tmp_path / "back")
    assert [path.read_text() for path in made_] == ["{}"]


def test_names_that_lead_elsewhere_do_not_come_back(there: SshServer, tmp_path: Path) -> None:
    connection = connect(there.server())
    parcels.contents(connection, "box")
    (there.home / "secret").write_text("x")
    assert parcels.fetch(connection, "box", ["../../../../secret"], tmp_path / "back") == ()
    assert not (tmp_path / "secret").exists()
