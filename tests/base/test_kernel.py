"""Kernels: what a cell may do to us, and that nothing of it outlives its use. Real processes all."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import venv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN, Interpreter, Kernel, Limits, kernelspec, kernelspecs
from tests.waiting import is_gone, until

posix_only = pytest.mark.skipif(os.name != "posix", reason="not run here: needs POSIX processes")
linux_only = pytest.mark.skipif(not Path("/proc/self").exists(), reason="not run here: needs /proc")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(OWN, tmp_path_factory.mktemp("cwd")) as kernel:
        yield kernel


@pytest.fixture
def shared(one: Kernel) -> Kernel:
    """One kernel for all tests that leave it alive."""
    one.limits = Limits(cell_seconds=30, total_seconds=600, output_mb=1)
    if not one.alive:
        one.restart()
    return one


def texts(outputs: tuple[dict[str, Any], ...]) -> list[str]:
    return [o.get("text") or o.get("data", {}).get("text/plain") or o["ename"] for o in outputs]


# --- outputs


def test_outputs_are_put_together_as_a_notebook_stores_them(shared: Kernel) -> None:
    result = shared.run(
        "import sys\nfor i in range(3): print(i)\nprint('!', file=sys.stderr)\n40 + 2", 7
    )
    assert (result.index, result.status, result.error_name) == (7, "ok", "")
    kinds = {(o["output_type"], o.get("name", "")) for o in result.outputs}
    assert kinds == {("stream", "stdout"), ("stream", "stderr"), ("execute_result", "")}
    assert sorted(texts(result.outputs)) == ["!\n", "0\n1\n2\n", "42"]
    assert result.execution_count


def test_displays_are_updated_in_place_also_by_a_later_cell(shared: Kernel) -> None:
    first = shared.run("from IPython.display import display\nh = display('old', display_id=True)")
    shared.run("h.update('new')")
    assert texts(first.outputs) == ["'new'"]


def test_cleared_outputs_are_gone(shared: Kernel) -> None:
    result = shared.run(
        "from IPython.display import clear_output, display\n"
        "display(1); clear_output(wait=True); display(2); clear_output(); display(3)"
    )
    assert texts(result.outputs) == ["3"]


def test_progress_bars_are_condensed_to_their_last_state(shared: Kernel) -> None:
    result = shared.run(
        "import sys\nfor i in range(300_000): sys.stdout.write(f'\\r{i} of many' + ' ' * 20)\n"
        "print('\\rdone\\nab\\b\\bcd')"
    )
    assert result.status == "ok"
    assert texts(result.outputs) == ["done\ncd\n"]


def test_errors_are_plain_text_without_escapes(shared: Kernel) -> None:
    result = shared.run("raise ValueError('\\x1b]0;owned\\x07\\x1b[31mred\\u202e')", 3)
    assert (result.status, result.error_name, result.error_value) == ("error", "ValueError", "red")
    assert "raise ValueError" in "".join(result.traceback)
    assert "\x1b" not in "".join(result.traceback)
    assert result.outputs[-1]["output_type"] == "error"


def test_a_value_that_can_not_be_displayed_is_told_by_its_own_error(shared: Kernel) -> None:
    result = shared.run(
        "class Tree:\n    def _repr_mimebundle_(self, **more):\n"
        "        raise OSError('failed to execute dot')\nTree()"
    )
    assert (result.status, result.error_name) == ("error", "OSError")
    assert result.error_value == "failed to execute dot"
    assert "_repr_mimebundle_" in "".join(result.traceback)


def test_each_output_is_told_as_it_comes(shared: Kernel) -> None:
    heard: list[dict[str, Any]] = []
    shared.run("print('a', flush=True)\n1", on_output=heard.append)
    assert texts(tuple(heard)) == ["a\n", "1"]


def test_a_widget_is_kept_as_text(shared: Kernel) -> None:
    result = shared.run(
        "from IPython.display import display\n"
        "display({'application/vnd.jupyter.widget-view+json': {'model_id': 'x'},"
        " 'text/plain': 'Slider()'}, raw=True)"
    )
    assert result.outputs[0]["data"] == {"text/plain": "Slider()"}


# --- what a cell may do


def test_input_is_refused_in_clear_words(shared: Kernel) -> None:
    result = shared.run("name = input('Who? ')")
    assert result.status == "asked-for-input"
    assert "input()" in result.error_value
    assert shared.alive


def test_sys_exit_ends_the_cell(shared: Kernel) -> None:
    result = shared.run("import sys; sys.exit(3)")
    assert (result.status, result.error_value) == ("exited", "the cell called sys.exit(3)")


def test_an_endless_loop_is_interrupted_and_the_names_stay(shared: Kernel) -> None:
    shared.run("kept = 1")
    shared.limits = Limits(cell_seconds=1)
    result = shared.run("while True: pass")
    shared.limits = Limits(cell_seconds=60)
    assert (result.status, result.error_value) == ("timeout", "the cell took longer than 1 s")
    assert shared.run("kept").status == "ok"


@linux_only
@pytest.mark.parametrize(
    "cell",
    [
        "while True: print('x' * 1000)",
        "print('y' * 400_000_000)",
        "'z' * 100_000_000",
        "raise ValueError('e' * 100_000_000)",
        "from IPython.display import HTML, display\nwhile True: display(HTML('h' * 100_000))",
    ],
)
def test_gigabytes_of_output_are_cut_and_we_stay_small(shared: Kernel, cell: str) -> None:
    before = _resident_mb()
    result = shared.run(cell)
    assert result.status == "too-much-output", result
    assert "1 MB" in result.error_value
    assert "cut" in result.outputs[-1]["text"]
    assert len(json.dumps(result.outputs)) < 2_000_000
    assert _resident_mb() - before < 150
    assert texts(shared.run("1 + 1").outputs) == ["2"]


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.parametrize(
    ("cell", "status", "words"),
    [
        ("import os; os._exit(3)", "died", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "died", "SIGSEGV"),
        ("import os, signal; print('last', flush=True); os.kill(os.getpid(), 9)", "died", "memory"),
        ("exit()", "exited", "exit()"),
    ],
)
@posix_only
def test_a_kernel_that_ends_is_told_and_can_be_started_again(
    tmp_path: Path, cell: str, status: str, words: str
) -> None:
    with Kernel(OWN, tmp_path, Limits(60, 300, 1)) as kernel:
        result = kernel.run(cell, 4)
        assert (result.index, result.status) == (4, status)
        assert words in result.error_value
        assert not kernel.alive
        assert kernel.run("1").status == "not-run"
        kernel.restart()
        assert kernel.run("1").status == "ok"


@posix_only
def test_a_loop_that_swallows_interrupts_is_killed(tmp_path: Path) -> None:
    cell = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    for seconds in (
        1,
        8,
        64,
    ):  # a busy machine may not have begun to swallow when it is interrupted
        with Kernel(OWN, tmp_path, Limits(seconds, 600, 1)) as kernel:
            pid = kernel.ask("import os\nos.getpid()")
            assert kernel.run(cell).status == "timeout"
            killed = not kernel.alive and is_gone(pid)
        if killed:
            break
    assert killed


def test_the_budget_of_the_run_counts_over_cells(tmp_path: Path) -> None:
    with Kernel(OWN, tmp_path, Limits(cell_seconds=60, total_seconds=60)) as kernel:
        assert kernel.run("import time; time.sleep(1)").status == "ok"
        budget = round(kernel.spent + 1, 1)
        kernel.limits = Limits(cell_seconds=60, total_seconds=budget)
        late = kernel.run("time.sleep(300)")
        assert (late.status, late.error_value) == ("timeout", f"the run used up its {budget:g} s")
        assert kernel.run("1").status == "not-run"
        kernel.limits = Limits(cell_seconds=60, total_seconds=60)
        kernel.restart()
        assert kernel.run("1").status == "ok"


def test_another_thread_may_interrupt(shared: Kernel) -> None:
    begun = threading.Event()

    def interrupt() -> None:
        begun.wait()
        shared.interrupt()

    helper = threading.Thread(target=interrupt)
    helper.start()
    result = shared.run(
        "import time\nprint('go', flush=True)\ntime.sleep(25)", on_output=lambda _: begun.set()
    )
    helper.join()
    assert (result.status, result.error_name) == ("error", "KeyboardInterrupt")


# --- asking


def test_asking_leaves_no_trace(shared: Kernel) -> None:
    shared.run("import random, numpy\nrandom.seed(1); numpy.random.seed(1)\n11")
    state = "[_, len(Out), len(In), sorted(globals()), random.getstate()[1][:3], "
    state += "numpy.random.get_state()[1][:3].tolist()]"
    before = shared.ask(state)
    assert before[0] == 11
    shared.ask("new = random.random() + numpy.random.rand()\nprint(new)\nnew")
    assert shared.ask(state) == before
    assert texts(shared.run("_").outputs) == ["11"]


def test_asking_answers_with_json(shared: Kernel) -> None:
    shared.run("x = 20")
    assert shared.ask("def f(a):\n    return a + x\n[f(1), {'a': None}, 'ü\\n\"']") == [
        21,
        {"a": None},
        'ü\n"',
    ]
    assert shared.ask("y = 1") is None


def test_a_question_that_fails_is_an_error_here(shared: Kernel) -> None:
    with pytest.raises(CompanionError, match="NameError: name 'nowhere'"):
        shared.ask("nowhere")
    with pytest.raises(CompanionError, match="no answer"):
        shared.ask("while True: pass", seconds=0.5)
    assert shared.alive


# --- starting


def bare_python(folder: Path) -> Path:
    """Make a virtual environment with nothing in it."""
    venv.create(folder, with_pip=False, symlinks=os.name == "posix")
    return folder / ("bin/python" if os.name == "posix" else "Scripts/python.exe")


def test_a_missing_ipykernel_is_exit_5_with_the_cure(tmp_path: Path) -> None:
    python = bare_python(tmp_path / "empty env")
    with (
        pytest.raises(CompanionError, match="No module named") as caught,
        Kernel(Interpreter((str(python),), "empty"), tmp_path),
    ):
        pass
    assert caught.value.code is Exit.MISSING
    assert "fastcompanion env create" in caught.value.hint


@pytest.mark.parametrize("program", ["/no/such/python", "/etc/passwd", "/bin/true"])
@posix_only
def test_what_is_no_kernel_is_exit_5(tmp_path: Path, program: str, capfd: Any) -> None:
    with (
        pytest.raises(CompanionError, match="can't be started") as caught,
        Kernel(Interpreter((program,)), tmp_path),
    ):
        pass
    assert caught.value.code is Exit.MISSING
    assert capfd.readouterr() == ("", "")


@posix_only
def test_paths_with_spaces_and_other_scripts_and_no_kernelspec(tmp_path: Path) -> None:
    python = bare_python(tmp_path / "окружение ü")
    folder = tmp_path / "мои уроки 学习 {x}"
    folder.mkdir()
    paths = os.pathsep.join(path for path in sys.path if path)
    with Kernel(Interpreter((str(python),), env={"PYTHONPATH": paths}), folder) as kernel:
        seen = kernel.ask(
            "import os, sys, shutil\n[os.getcwd(), sys.prefix, shutil.which('python')]"
        )
    assert seen == [str(folder), str(python.parent.parent), str(python)]


def test_an_installed_kernelspec_is_started_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Ours",
        "language": "python",
        "env": {"FROM_SPEC": "${HOME}/x"},
    }
    folder = tmp_path / "kernels" / "ours"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec))
    assert kernelspec("nobody-has-this") is None
    assert "ours" in kernelspecs()
    found = kernelspec("ours")
    assert found is not None
    assert found.label == "Ours"
    with Kernel(found, tmp_path) as kernel:
        assert kernel.ask("import os\nos.environ['FROM_SPEC']") == os.environ["HOME"] + "/x"


def test_tcp_is_used_where_there_are_no_sockets_in_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    bind = socket.socket.bind

    def refuse_folders(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            raise OSError("no sockets on this disk")
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", refuse_folders)
    with Kernel(OWN, tmp_path) as kernel:
        assert texts(kernel.run("6 * 7").outputs) == ["42"]
    assert capfd.readouterr() == ("", "")


# jupyter_core keeps an event loop for each thread that starts a kernel, and never closes it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_kernel_works_off_the_main_thread(tmp_path: Path) -> None:
    seen: list[str] = []

    def act() -> None:
        with Kernel(OWN, tmp_path) as kernel:
            seen.extend(texts(kernel.run("1 + 1").outputs))

    thread = threading.Thread(target=act)
    thread.start()
    thread.join(60)
    gc.collect()
    assert seen == ["2"]


# --- ending

_OUTSIDE = """
import os, signal, sys
from pathlib import Path
from fastcompanion.base.kernel import OWN, Kernel, Limits
CELL = '''
import os, subprocess, sys
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
near = subprocess.Popen(sleeper)
far = subprocess.Popen(sleeper, start_new_session=True)
print(os.getpid(), near.pid, far.pid, flush=True)
'''
with Kernel(OWN, Path.cwd(), Limits(60, 60, 1)) as kernel:
    pids = kernel.run(CELL).outputs[0]["text"].split()
    folder = str(kernel._live._folder)
    print(*pids, folder, flush=True)
    how = sys.argv[1]
    if how == "error":
        raise RuntimeError("on purpose")
    if how != "normal":
        kernel.run("import time; time.sleep(600)")
"""


@linux_only
@pytest.mark.parametrize("how", ["normal", "error", "SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_is_left_alive_whichever_way_we_end(tmp_path: Path, how: str) -> None:
    script = tmp_path / "outside.py"
    script.write_text(_OUTSIDE)
    ours = subprocess.Popen(
        [sys.executable, str(script), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert ours.stdout is not None
    *pids, folder = ours.stdout.readline().split()
    if how.startswith("SIG"):
        assert not any(is_gone(int(pid)) for pid in pids)
        ours.send_signal(getattr(signal, how))
    _, said = ours.communicate(timeout=120)
    for pid in map(int, pids):
        until(partial(is_gone, pid), what=f"the end of {pid} by {how}")
    until(lambda: not Path(folder).exists())
    assert (ours.returncode == 0) == (how == "normal")
    if how in ("SIGINT", "SIGTERM", "SIGHUP"):
        assert "KeyboardInterrupt" in said


@posix_only
def test_an_impatient_second_ctrl_c_leaves_nothing_either(tmp_path: Path) -> None:
    script = tmp_path / "outside.py"
    script.write_text(_OUTSIDE)
    ours = subprocess.Popen(
        [sys.executable, str(script), "SIGINT"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with ours:
        assert ours.stdout is not None
        *pids, _ = ours.stdout.readline().split()
        while ours.poll() is None:
            ours.send_signal(signal.SIGINT)
            time.sleep(0.01)
    for pid in map(int, pids):
        until(partial(is_gone, pid))


@posix_only
def test_ctrl_c_while_a_kernel_starts_leaves_nothing(tmp_path: Path) -> None:
    script = tmp_path / "starting.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys
            from pathlib import Path
            from fastcompanion.base.kernel import Interpreter, Kernel
            slow = "import os, time; print(os.getpid(), file=open('pid', 'w')); time.sleep(600)"
            argv = (sys.executable, "-c", slow, "{connection_file}")
            with Kernel(Interpreter(argv), Path.cwd()):
                pass
            """
        )
    )
    ours = subprocess.Popen([sys.executable, str(script)], cwd=tmp_path, stderr=subprocess.DEVNULL)
    note = tmp_path / "pid"
    until(lambda: note.exists() and note.read_text().endswith("\n"))
    ours.send_signal(signal.SIGINT)
    assert ours.wait(60) != 0
    until(partial(is_gone, int(note.read_text())))


def test_signals_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Kernel(OWN, tmp_path):
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
