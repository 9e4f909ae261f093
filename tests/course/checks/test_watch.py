"""The warm worker and `--watch`, with real processes and no waiting for the clock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastcompanion.base import store
from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, warm
from fastcompanion.course.checks.plan import Plan, PlannedCell, PlannedSection
from fastcompanion.course.checks.warm import Warm, WorkerLostError
from fastcompanion.course.checks.watch import Watch
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Checkpoint
from tests.course.tiny import SOLUTION, course, write_scratch

pytestmark = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")

CHECKS = """
@checkpoint("c", "values")
def _(value, known):
    if list(value) != [1, 2, 3]:
        raise Wrong(f"found {value}")
"""
IN_PLACE = {"a": "values = [2, 4, 6]", "b": "for i in range(3):\n    values[i] /= 2", "c": "values"}


def section(name: str, source: str, **more: Any) -> PlannedSection:
    return PlannedSection(name, name.upper(), (PlannedCell(0, source),), **more)


def planned(sources: dict[str, str]) -> Plan:
    point = Checkpoint("values", "value")
    made = (section(n, s, checkpoints=(point,) if n == "c" else ()) for n, s in sources.items())
    return Plan("x/01", "x", tuple(made), CHECKS)


@contextmanager
def worker(plan: Plan, tmp_path: Path, limits: Limits | None = None) -> Iterator[Warm]:
    with Warm(OWN, tmp_path, limits or Limits(), plan) as running:
        group = os.getpgid(running.pid)
        yield running
        left = [p for p in psutil.process_iter() if _group(p.pid) == group]
    # A signal takes its time to arrive.
    _, alive = psutil.wait_procs(left, timeout=60)
    assert not [process for process in alive if process.status() != "zombie"]


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1


def test_code_that_changes_values_in_place_is_right_again_and_again(tmp_path: Path) -> None:
    plan = planned(IN_PLACE)
    with worker(plan, tmp_path) as running:
        for _ in range(3):
            outcomes = running.run(plan.sections)
            assert [o.failure for o in outcomes] == [None] * 3
            assert outcomes[-1].judged is not None
            assert outcomes[-1].judged[0]["state"] == "passed"
            # The same code with another comment: b runs again on what a has left.
            changed = replace(plan, sections=tuple(
                section("b", one.cells[0].source + "\n# again") if one.id == "b" else one for one in plan.sections))  # fmt: skip
            outcomes = running.run(changed.sections)
            assert running.reused == 1
            assert outcomes[-1].judged is not None
            assert outcomes[-1].judged[0]["state"] == "passed"


def test_only_what_has_changed_and_what_follows_runs_again(tmp_path: Path) -> None:
    (tmp_path / "ran").touch()
    mark = "open('ran', 'a').write({!r})"
    plan = planned({name: mark.format(name) for name in "abc"})
    with worker(plan, tmp_path) as running:
        running.run(plan.sections)
        running.run(plan.sections)
        assert (tmp_path / "ran").read_text() == "abc"
        running.run((*plan.sections[:2], section("c", mark.format("C"))))
        assert (tmp_path / "ran").read_text() == "abcC"
        running.run((plan.sections[0], section("b", mark.format("B")), plan.sections[2]))
        assert (tmp_path / "ran").read_text() == "abcCBc"


def test_an_error_stops_the_run_and_names_the_line(tmp_path: Path) -> None:
    plan = planned({"a": "x = 1", "b": "y = 1\ny / 0", "c": "values = 3"})
    with worker(plan, tmp_path) as running:
        failure = running.run(plan.sections)[-1].failure
        assert failure is not None
        assert (failure.status, failure.error_name, failure.line, failure.text) == (
            "error",
            "ZeroDivisionError",
            2,
            "y / 0",
        )
        outcomes = running.run((plan.sections[0], section("b", "y = x"), plan.sections[2]))
        assert running.reused == 1
        assert len(outcomes) == 3


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(1)", "died"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "died"),
        ("input('?')", "asked-for-input"),
        ("import sys; sys.exit()", "exited"),
        ("while True: print('x' * 9999)", "too-much-output"),
        ("x = = 1", "error"),
    ],
)
def test_every_bad_end_is_survived(tmp_path: Path, source: str, status: str) -> None:
    plan = planned({"a": "x = 1", "b": source})
    with worker(
        plan, tmp_path, Limits(cell_seconds=3 if status == "timeout" else 60, output_mb=1)
    ) as running:
        failure = running.run(plan.sections)[-1].failure
        assert failure is not None
        assert failure.status == status
        outcomes = running.run((plan.sections[0], section("b", "y = x + 1")))
        assert outcomes[-1].failure is None
        assert running.reused == 1


def test_what_a_cell_has_started_ends_with_the_worker(tmp_path: Path) -> None:
    plan = planned({"a": "import subprocess; child = subprocess.Popen(['sleep', '1000'])"})
    with worker(plan, tmp_path) as running:
        assert running.run(plan.sections)[-1].failure is None


def test_a_worker_that_is_killed_is_told_as_lost(tmp_path: Path) -> None:
    plan = planned({"a": "x = 1", "b": "y = 2"})
    with worker(plan, tmp_path) as running:
        running.run(plan.sections)
        os.killpg(running.pid, signal.SIGKILL)
        with pytest.raises(WorkerLostError):
            running.run((section("a", "x = 2"),))


def test_no_limit_is_so_short_that_the_worker_itself_is_ended(tmp_path: Path) -> None:
    """A busy machine takes longer to begin than a short limit: what has no number yet is no number 0."""
    plan = planned({"a": "x = 1", "b": "import time\ntime.sleep(60)"})
    with worker(plan, tmp_path) as running:
        for _ in range(3):
            failure = running.run(plan.sections, cell_seconds=1e-6)[-1].failure
            assert failure is not None
            assert failure.status == "timeout"
        assert running.run(plan.sections[:1])[-1].failure is None


def test_an_interpreter_without_ipython_is_told_as_lost(tmp_path: Path) -> None:
    bare = replace(OWN, argv=(*OWN.argv, "-S"))
    with (
        pytest.raises(WorkerLostError, match="IPython"),
        Warm(bare, tmp_path, Limits(), planned({"a": "1"})),
    ):
        pass


def test_output_magics_and_displays_work_without_a_kernel(tmp_path: Path) -> None:
    sources = {
        "a": "%gui\n%time x = 1\n!echo hello\nfrom IPython.display import display\ndisplay(x)\nx",
        "b": "assert _ == 1\nassert Out",
    }
    plan = planned(sources)
    with worker(plan, tmp_path) as running:
        assert [o.failure for o in running.run(plan.sections)] == [None, None]


def test_imports_look_where_a_kernels_do(tmp_path: Path) -> None:
    (tmp_path / "plan.py").write_text("mine = 1")
    plan = planned({"a": "import plan\nassert plan.mine == 1", "b": "import verdict"})
    with worker(plan, tmp_path) as running:
        failure = running.run(plan.sections)[-1].failure
        assert failure is not None
        assert failure.error_name == "ModuleNotFoundError"


def test_an_activated_environment_is_not_taken_for_the_learners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = tmp_path / "venv" / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (packages / "only_there.py").touch()
    (tmp_path / "venv" / "bin").mkdir()
    (tmp_path / "venv" / "bin" / "python").symlink_to("/bin/true")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    plan = planned({"a": "import only_there"})
    with worker(plan, tmp_path) as running:
        failure = running.run(plan.sections)[-1].failure
        assert failure is not None
        assert failure.error_name == "ModuleNotFoundError"


@pytest.fixture
def tiny(study: Path, tmp_path: Path) -> tuple[Workspace, Path]:
    """A foreign course of one tiny notebook, scaffolded and solved."""
    ws = Workspace(study)
    course(tmp_path / "tiny", checks=None)
    courses.add(ws, str(tmp_path / "tiny"))
    return ws, write_scratch(ws, lessons.find(ws, None), SOLUTION)


@contextmanager
def watching(study: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [
        sys.executable,
        "-m",
        "fastcompanion",
        "check",
        "--watch",
        "--json",
        "--study",
        str(study),
    ]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


def line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert isinstance(found, dict)
    return found


def test_watch_gives_one_line_a_save_and_a_fresh_final_word(tiny: tuple[Workspace, Path]) -> None:
    ws, path = tiny
    with watching(ws.root) as process:
        first = line(process)["data"]
        assert [one["verdict"] for one in first["sections"]] == ["to-assess"] * 3
        assert first["fresh"] is False
        assert line(process)["data"]["fresh"] is True
        right = path.read_text()
        store.write_text(path, right.replace("return x * 2", "return nothing * 2"))
        wrong = line(process)["data"]
        assert (wrong["verdict"], wrong["first"], wrong["fresh"]) == (
            "not reached",
            "the-answer",
            False,
        )
        assert wrong["sections"][2]["source_line"] == "answer = double(total)"
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        store.write_text(path, right.replace("x * 2", "2 * x"))
        assert line(process)["data"]["first"] is None
        assert line(process)["data"]["fresh"] is True
        process.send_signal(signal.SIGINT)
        last = line(process)
        assert last["errors"][0]["code"] == 130
        assert process.wait(timeout=120) == 130
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_the_final_word_says_nothing_of_an_earlier_check(tiny: tuple[Workspace, Path]) -> None:
    ws, _ = tiny
    found = lessons.find(ws, None)
    check.check(ws, *found, OWN)
    reports = Watch(ws, *found, OWN, poll=0.01).reports()
    warmed, fresh = next(reports), next(reports)
    reports.close()  # type: ignore[attr-defined]
    assert (warmed.fresh, fresh.fresh) == (False, True)
    assert not [one for one in fresh.notices if "nothing has changed" in one]
    again = check.check(ws, *found, OWN)
    assert [one for one in again.notices if "nothing has changed" in one]


def test_a_half_written_notebook_is_left_for_the_next_save(tiny: tuple[Workspace, Path]) -> None:
    ws, path = tiny
    right = path.read_text()
    watch = Watch(ws, *lessons.find(ws, None), OWN, poll=0.01)
    path.write_text(right[: len(right) // 2])
    assert watch._prepared() is None
    path.write_text(right)
    reports = watch.reports()
    assert next(reports).first is None
    reports.close()  # type: ignore[attr-defined]


def test_where_nothing_can_fork_a_fresh_kernel_does_it(
    tiny: tuple[Workspace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, _ = tiny
    monkeypatch.delattr(os, "fork")
    reports = Watch(ws, *lessons.find(ws, None), OWN, poll=0.01).reports()
    assert next(reports).fresh
    reports.close()  # type: ignore[attr-defined]


def test_the_running_section_is_told(tiny: tuple[Workspace, Path]) -> None:
    ws, _ = tiny
    told: list[str] = []

    class Talk:
        task = SILENT.task

        def note(self, text: str) -> None:
            told.append(text)

    reports = Watch(ws, *lessons.find(ws, None), OWN, reporter=Talk(), poll=0.01).reports()
    next(reports)
    running = [text for text in told if text.startswith("Running")]
    assert running == ["Running: The sum", "Running: Doubling", "Running: The answer"]
    reports.close()  # type: ignore[attr-defined]


def test_the_warm_verdict_is_that_of_a_fresh_kernel(study: Path, tmp_path: Path) -> None:
    ws, made = Workspace(study), course(tmp_path / "tiny")
    for answers in (
        SOLUTION,
        {**SOLUTION, "the-sum": "total = 3"},
        {**SOLUTION, "doubling": "double = 1 / 0"},
    ):
        write_scratch(ws, made, answers)
        fresh = check.check(ws, *made, OWN, record=False)
        reports = Watch(ws, *made, OWN, poll=0.01).reports()
        warmed = next(reports)
        reports.close()  # type: ignore[attr-defined]
        for one, other in zip(fresh.sections, warmed.sections, strict=True):
            assert replace(one, seconds=0) == replace(other, seconds=0)
