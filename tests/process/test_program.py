"""The installed program as a process: what only a real process shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion import __version__

PROGRAM = Path(sys.executable).with_name(
    "fastcompanion.exe" if os.name == "nt" else "fastcompanion"
)
Program = Callable[..., subprocess.CompletedProcess[str]]
posix = pytest.mark.skipif(
    os.name != "posix", reason="signals and pipes of POSIX; not run on Windows"
)
from tests.waiting import until


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run the console script to its end, in the test's folder."""

    def runner(
        *words: str, cwd: Path = tmp_path, typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        argv = [str(PROGRAM), *words]
        return subprocess.run(
            argv, cwd=cwd, input=typed, capture_output=True, text=True, timeout=120, check=False
        )

    return runner


def snapshot(folder: Path) -> dict[str, bytes]:
    """Give every file of a study outside git and the private folder, with its content."""
    kept = (
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0][:1] != "."
    )
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(kept)}


def test_version(program: Program) -> None:
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"fastcompanion {__version__}\n", "")


def test_module_is_the_same_program(program: Program, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "fastcompanion", "--help"]
    as_module = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert as_module.stdout == program("--help").stdout


def test_unknown_command_is_usage(program: Program) -> None:
    done = program("teach-me")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "teach-me" in done.stderr


def test_outside_a_study_is_not_set_up(program: Program) -> None:
    done = program("status", "--json")
    assert done.returncode == 3
    (error,) = json.loads(done.stdout)["errors"]
    assert "init" in error["hint"]


def test_init_twice_loses_and_doubles_nothing(program: Program, tmp_path: Path) -> None:
    study = tmp_path / "my study"
    assert program("init", str(study), "--yes", "--course", "foundations").returncode == 0
    (study / "fastcompanion.toml").write_text(
        (study / "fastcompanion.toml").read_text() + "\n# my own line\n"
    )
    (study / "own notes.md").write_text("mine\n")
    before = snapshot(study)
    again = program("init", str(study), "--yes", "--course", "foundations")
    assert again.returncode == 0, again.stderr
    assert snapshot(study) == before
    assert "next" in (again.stdout + again.stderr).lower()


def test_two_inits_at_once(tmp_path: Path) -> None:
    study = tmp_path / "study"
    argv = [str(PROGRAM), "init", str(study), "--yes", "--course", "foundations"]
    both = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(child.communicate(timeout=120), child.returncode) for child in both]
    assert 0 in [code for _, code in ended], ended
    lines = [json.loads(line) for line in (study / "progress.jsonl").read_text().splitlines()]
    assert len({line["id"] for line in lines}) == len(lines)
    assert [line["kind"] for line in lines].count("course.added") == 1
    status = subprocess.run(
        [str(PROGRAM), "status"], cwd=study, capture_output=True, text=True, check=False
    )
    assert status.returncode == 0, status.stderr


@posix
def test_a_closed_pipe_is_no_error(program: Program, tmp_path: Path) -> None:
    study = tmp_path / "study"
    assert program("init", str(study), "--yes", "--course", "foundations").returncode == 0
    for words in ("--help", "status", "status --json", "lesson list"):
        line = f"'{PROGRAM}' {words} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", line], cwd=study, capture_output=True, text=True, check=False
        )
        assert done.stderr == "", words
        assert done.returncode in (0, -signal.SIGPIPE, 128 + signal.SIGPIPE), words


@posix
def test_writes_of_a_killed_program_are_whole_or_absent(program: Program, tmp_path: Path) -> None:
    """Kill `init` at many moments: whatever is there afterwards can be read, and `init` mends the rest."""
    for number in range(6):
        study = tmp_path / f"study-{number}"
        argv = [str(PROGRAM), "init", str(study), "--yes", "--course", "foundations"]
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(timeout=0.15 + 0.12 * number)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for path in snapshot(study) if study.exists() else ():
            if path.endswith((".jsonl", ".json")):
                for line in (study / path).read_text().splitlines():
                    json.loads(line)
        again = program("init", str(study), "--yes", "--course", "foundations")
        assert again.returncode == 0, again.stderr
        assert program("status", cwd=study).returncode == 0


@posix
def test_ctrl_c_while_asking_is_interrupted(tmp_path: Path) -> None:
    import pexpect

    child = pexpect.spawn(
        str(PROGRAM), ["init", str(tmp_path / "study")], timeout=120, encoding="utf-8"
    )
    child.expect(r"\S+.*[?:\]] ?")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130, child.before


@posix
def test_no_color_and_pipes_carry_no_escapes(program: Program, tmp_path: Path) -> None:
    study = tmp_path / "study"
    program("init", str(study), "--yes", "--course", "foundations")
    for words in (["--help"], ["status"], ["lesson", "list"]):
        done = program(*words, cwd=study)
        assert "\x1b" not in done.stdout + done.stderr, words


@posix
@pytest.mark.parametrize("columns", [0, 1, 30, 400])
def test_terminals_of_any_width(columns: int, program: Program, tmp_path: Path) -> None:
    """Some terminals say that they have no columns at all."""
    import pexpect

    study = tmp_path / "study"
    assert program("init", str(study), "--yes", "--course", "foundations").returncode == 0
    for words in (["status"], ["lesson", "list"], ["--help"]):
        child = pexpect.spawn(
            str(PROGRAM),
            words,
            cwd=str(study),
            timeout=120,
            encoding="utf-8",
            dimensions=(24, columns),
        )
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before


def test_many_at_once_lose_and_double_nothing(
    program: Program, tmp_path: Path, frozen: Callable[[str], None]
) -> None:
    """Eight commands write to the same history at the same time; 09:00 has to be over by then."""
    frozen("2026-11-21T19:30:00+00:00")
    study = tmp_path / "study"
    assert program("init", str(study), "--yes", "--course", "foundations").returncode == 0
    before = len((study / "progress.jsonl").read_text().splitlines())
    notes = [f"note number {number}" for number in range(8)]
    argv = [
        str(PROGRAM),
        "log",
        "add",
        "--at",
        "09:00",
        "--minutes",
        "5",
        "--lesson",
        "foundations/01",
    ]
    running = [
        subprocess.Popen([*argv, note], cwd=study, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for note in notes
    ]
    ended = [(child.communicate(timeout=120), child.returncode) for child in running]
    assert [code for _, code in ended] == [0] * len(notes), ended
    written = "".join(path.read_text() for path in study.glob("log/*/*.md"))
    assert [written.count(note) for note in notes] == [1] * len(notes)
    lines = [json.loads(line) for line in (study / "progress.jsonl").read_text().splitlines()]
    assert len({line["id"] for line in lines}) == len(lines) == before + len(notes)
    shown = json.loads(program("log", "show", "--json", cwd=study).stdout)["data"]
    assert len(shown["sessions"]) == len(notes)


@posix
def test_ctrl_c_in_a_check_ends_it_and_its_kernel(program: Program, tmp_path: Path) -> None:
    """An endless loop in the learner's notebook; Ctrl-C goes to the program alone."""
    import psutil

    study = tmp_path / "study"
    assert program("init", str(study), "--yes", "--course", "foundations").returncode == 0
    assert program("lesson", "scratch", "foundations/01", cwd=study).returncode == 0
    (notebook,) = (study / "lessons" / "foundations" / "01").glob("*.scratch.ipynb")
    content = json.loads(notebook.read_text())
    first = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    first["source"] = "open('it-runs', 'w').close()\nwhile True: pass"
    notebook.write_text(json.dumps(content))
    argv = [str(PROGRAM), "check", "foundations/01"]
    with subprocess.Popen(
        argv, cwd=study, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        until((study / "lessons" / "foundations" / "01" / "it-runs").exists, 120)
        below = psutil.Process(child.pid).children(recursive=True)
        assert below, "no kernel is running"
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    gone, alive = psutil.wait_procs(below, timeout=60)
    assert alive == []
    assert len(gone) == len(below)
