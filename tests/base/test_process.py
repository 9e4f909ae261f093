"""Other programs: output, exit codes, time limits, whole trees ended, nothing left behind."""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from fastcompanion.base import process
from fastcompanion.base.errors import CompanionError, Exit
from tests.waiting import is_gone, until

PYTHON = sys.executable


def test_output_code_and_environment(tmp_path: Path) -> None:
    program = "import os, sys; print(os.environ['FC'], os.getcwd(), sys.stdin.read()); print('e', file=sys.stderr)"
    done = process.run([PYTHON, "-c", program], cwd=tmp_path, env={"FC": "ü"}, stdin="in")
    assert done.out.strip() == f"ü {tmp_path} in"
    assert done.err.strip() == "e"
    assert done.code == 0
    assert done.seconds > 0


def test_a_failure_carries_the_last_words_and_check_can_be_off() -> None:
    argv = [PYTHON, "-c", "import sys; print('first'); sys.exit('the last words')"]
    with pytest.raises(CompanionError, match=r"exit 1.*the last words"):
        process.run(argv)
    assert process.run(argv, check=False).code == 1


def test_a_missing_program_is_exit_5_with_the_way_to_get_it() -> None:
    with pytest.raises(CompanionError) as caught:
        process.run(["fc-no-such-program"], missing_hint="apt install it")
    assert caught.value.code is Exit.MISSING
    assert caught.value.hint == "apt install it"


def test_arguments_are_never_a_shell_line(tmp_path: Path) -> None:
    word = f"$(touch {tmp_path / 'made'}); `id` & \" ' *"
    done = process.run([PYTHON, "-c", "import sys; print(sys.argv[1])", word])
    assert done.out.strip() == word
    assert not (tmp_path / "made").exists()


def test_a_dry_run_starts_nothing(tmp_path: Path) -> None:
    done = process.run(["fc-no-such-program", "x"], dry_run=True)
    assert (done.argv, done.code) == (("fc-no-such-program", "x"), 0)


TREE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_time_limit_ends_the_whole_tree(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = TREE.replace(
        "print(child.pid, flush=True)", f"open({str(pids)!r}, 'w').write(str(child.pid))"
    )
    for seconds in (1, 4, 16, 64):  # a busy machine may need long to start the two
        with pytest.raises(CompanionError, match="took longer"):
            process.run([PYTHON, "-c", program], timeout=seconds)
        if pids.exists() and pids.read_text():
            break
    until(partial(is_gone, int(pids.read_text())))


@pytest.mark.skipif(os.name != "posix", reason="signals: not run here")
def test_a_tree_that_ignores_a_polite_end_is_ended_all_the_same() -> None:
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + TREE
    child = process.spawn([PYTHON, "-c", program], pipes=True)
    assert child.process.stdout is not None
    grandchild = int(child.process.stdout.readline())
    child.kill_tree()
    until(partial(is_gone, grandchild))
    until(partial(is_gone, child.pid))
    child.process.stdout.close()
    assert child.process.stderr is not None
    child.process.stderr.close()


def test_lines_come_as_they_are_written() -> None:
    seen: list[str] = []
    program = "import sys\nfor n in range(3): print(n, flush=True)\nprint('e', file=sys.stderr)\nsys.exit(3)"
    done = process.stream([PYTHON, "-c", program], seen.append)
    assert seen == ["0", "1", "2", "e"]
    assert done.code == 3


def test_a_wanted_line_is_waited_for_and_no_longer() -> None:
    script = "print('a'); print('at 127.0.0.1', flush=True); import time; time.sleep(600)"
    child = process.spawn([PYTHON, "-u", "-c", script], pipes=True)
    try:
        lines = process.lines_until(child, lambda line: line.startswith("at"), 60)
    finally:
        child.kill_tree()
        child.close()
    assert lines[:2] == ["a", "at 127.0.0.1"]


def test_a_child_that_ends_or_stays_silent_is_not_waited_for() -> None:
    child = process.spawn([PYTHON, "-c", "print('only this')"], pipes=True)
    assert process.lines_until(child, lambda line: False, 60) == ["only this"]
    child.wait()
    child.close()
    silent = process.spawn([PYTHON, "-c", "import time; time.sleep(600)"], pipes=True)
    try:
        assert process.lines_until(silent, bool, 0.1) == []
    finally:
        silent.kill_tree()
        silent.close()


def test_an_interrupted_stream_leaves_nothing_running() -> None:
    pids: list[int] = []

    def stop(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.stream([PYTHON, "-c", TREE], stop)
    until(partial(is_gone, pids[0]))


def test_an_editor_outlives_us_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "mark"
    program = f"print('noise', flush=True); import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(600)"
    pid = process.leave_running([PYTHON, "-c", program])
    try:
        until(mark.exists)
        if os.name == "posix":
            assert os.getpgid(pid) == pid, "a Ctrl-C in our terminal must not reach it"
        assert capfd.readouterr().out == ""
    finally:
        process.terminate_tree(pid)
    with pytest.raises(CompanionError) as caught:
        process.leave_running(["fc-no-such-program"])
    assert caught.value.code is Exit.MISSING


TALKER = """
import sys
for row in sys.stdin.buffer:
    print("got", row, flush=True)
print("bye", file=sys.stderr)
sys.exit(3)
"""


def test_a_conversation_hands_lines_on_while_more_is_fed() -> None:
    """The second line is fed only when the answer to the first has come."""
    answered = threading.Event()
    heard: list[str] = []

    def feed(pipe: IO[bytes]) -> None:
        pipe.write(b"one\n")
        pipe.flush()
        assert answered.wait(60)
        pipe.write(b"\xff two\n")

    def hear(line: str) -> None:
        heard.append(line)
        answered.set()

    said: list[str] = []
    done = process.converse(
        [PYTHON, "-c", TALKER], feed=feed, on_line=hear, on_error_line=said.append, timeout=60
    )
    assert heard == ["got b'one\\n'", "got b'\\xff two\\n'"]
    assert (done.code, done.out.splitlines(), said) == (3, heard, ["bye"])


def test_a_conversation_can_be_bytes() -> None:
    taken: list[bytes] = []
    copy = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    data = bytes(range(256)) * 4096
    done = process.converse(
        [PYTHON, "-c", copy], feed=data, drain=lambda pipe: taken.append(pipe.read())
    )
    assert taken == [data]
    assert (done.code, done.out) == (0, "")


def test_a_program_that_does_not_listen_is_no_fault_and_one_that_stays_is_ended() -> None:
    assert process.converse([PYTHON, "-c", "pass"], feed=b"x" * 1_000_000).code == 0
    sleeper = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    pids: list[str] = []
    for seconds in (1, 4, 16, 64):  # as above
        with pytest.raises(CompanionError, match=f"longer than {seconds} s"):
            process.converse([PYTHON, "-c", sleeper], on_line=pids.append, timeout=seconds)
        if pids:
            break
    until(partial(is_gone, int(pids[0])))
    with pytest.raises(CompanionError) as caught:
        process.converse(["no-such-program-here"], missing_hint="install it")
    assert (caught.value.code, caught.value.hint) == (Exit.MISSING, "install it")


def test_an_error_in_the_middle_ends_the_program() -> None:
    pids: list[int] = []

    def fail(line: str) -> None:
        pids.append(int(line))
        raise ValueError("no more")

    sleeper = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(ValueError, match="no more"):
        process.converse([PYTHON, "-c", sleeper], on_line=fail)
    until(partial(is_gone, pids[0]))
