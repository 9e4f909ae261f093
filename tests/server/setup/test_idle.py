"""The watcher on the machine: what counts as use, the warning before the stop, and the learner's keep."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).resolve().parents[3] / "templates/server/idle.py"
MINUTE = 60.0


class Jupyter(ThreadingHTTPServer):
    """A server that answers for Jupyter: `kernels` is what it lists, `status` its code."""

    daemon_threads = True
    kernels: list[dict[str, str]]
    status = 200
    asked: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Jupyter

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        right = self.headers["Authorization"] == "token planted"
        self.send_response(self.server.status if right else 403)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.kernels).encode())

    def log_message(self, *words: object) -> None:
        return None


class Desk:
    """The watcher with files of its own, a clock to turn, and programs that note their calls."""

    def __init__(self, watcher: ModuleType, folder: Path, jupyter: Jupyter) -> None:
        self.watcher, self.folder, self.jupyter = watcher, folder, jupyter
        self.now, self.slept = 1000.0, 0.0
        self.settings = {"IDLE_MINUTES": "60"}

    def later(self, minutes: float) -> None:
        self.now += minutes * MINUTE

    def sleep(self, minutes: float) -> None:
        """As a laptop does that is closed, or a machine that hibernates."""
        self.later(minutes)
        self.slept += minutes * MINUTE

    def travelled(self, came: int, went: int, loopback: int = 0) -> None:
        """What the kernel has counted of each network since the boot."""
        head = "Inter-|   Receive                            |  Transmit\n face |bytes    packets |bytes    packets\n"
        rows = (("lo", loopback, loopback), ("ens5", came, went))
        text = "".join(f"{name:>6}: {one} 1 0 0 0 0 0 0 {two} 1 0 0 0 0 0 0\n" for name, one, two in rows)  # fmt: skip
        (self.folder / "proc/net/dev").write_text(head + text)

    def watch(self) -> None:
        self.watcher.watch(self.settings)

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    @property
    def stopped(self) -> bool:
        return "poweroff" in self.calls("systemctl")

    def reasons(self) -> list[str]:
        found = self.watcher.look(self.settings, {})
        assert isinstance(found, list)
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    spec = importlib.util.spec_from_file_location("watcher", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    watcher = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(watcher)
    jupyter = Jupyter(("127.0.0.1", 0), Handler)
    jupyter.kernels, jupyter.asked = [], []
    threading.Thread(target=jupyter.serve_forever, args=(0.01,), daemon=True).start()
    (tmp_path / "jupyter.env").write_text(
        f"JUPYTER_TOKEN=planted\nJUPYTER_PORT={jupyter.server_port}\n"
    )
    for name in ("run", "keep", "pts", "proc/net", "bin"):
        (tmp_path / name).mkdir(parents=True)
    places = {"JUPYTER": "jupyter.env", "RUN": "run", "STATE": "run/idle.json", "KEEP": "keep/until", "TERMINALS": "pts", "PROCESSES": "proc"}  # fmt: skip
    for name, place in places.items():
        monkeypatch.setattr(watcher, name, tmp_path / place)
    made = Desk(watcher, tmp_path, jupyter)
    made.travelled(0, 0)
    monkeypatch.setattr(watcher, "since_boot", lambda: made.now)
    monkeypatch.setattr(watcher, "awake", lambda: made.now - made.slept)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("systemctl", "wall"):
        made.program(name, f'echo "$@" >>{tmp_path / name}')
    yield made
    jupyter.shutdown()
    jupyter.server_close()


def test_it_warns_ten_minutes_before_and_then_stops(desk: Desk) -> None:
    desk.watch()
    desk.later(49)
    desk.watch()
    assert desk.calls("wall") == []
    desk.later(2)
    desk.watch()
    assert "stops in 10 minutes" in desk.calls("wall")[0]
    desk.later(8)
    desk.watch()
    assert not desk.stopped
    desk.later(3)
    desk.watch()
    assert desk.stopped


def test_it_tells_of_the_look_at_which_it_stops(desk: Desk) -> None:
    """There is one every five minutes: with two idle minutes, the stop comes at the next but one."""
    desk.settings["IDLE_MINUTES"] = "2"
    desk.watch()
    desk.later(5)
    desk.watch()
    assert "stops in 5 minutes" in desk.calls("wall")[0]


def test_a_warning_always_comes_ten_minutes_before_even_after_a_gap(desk: Desk) -> None:
    """A watcher that did not run for hours warns first."""
    desk.watch()
    desk.later(300)
    desk.watch()
    assert not desk.stopped
    assert "stops in 10 minutes" in desk.calls("wall")[0]
    desk.later(5)
    desk.watch()
    assert not desk.stopped
    desk.later(5)
    desk.watch()
    assert desk.stopped


def test_use_after_the_warning_starts_the_time_anew(desk: Desk) -> None:
    desk.watch()
    desk.later(52)
    desk.watch()
    desk.jupyter.kernels = [{"id": "0123456789", "execution_state": "busy"}]
    desk.later(5)
    desk.watch()
    desk.jupyter.kernels = []
    desk.later(49)
    desk.watch()
    assert not desk.stopped
    assert len(desk.calls("wall")) == 1
    desk.later(13)
    desk.watch()
    assert not desk.stopped, "it warns anew"
    assert len(desk.calls("wall")) == 2


def test_a_kernel_that_runs_is_use_and_an_idle_one_is_not(desk: Desk) -> None:
    for state in ("idle", "starting", "dead", "unknown"):
        desk.jupyter.kernels = [{"id": "0123456789", "execution_state": state}]
        assert desk.reasons() == []
    desk.jupyter.kernels = [{"id": "0123456789", "execution_state": "busy"}]
    assert desk.reasons() == ["kernel 01234567 runs"]


def test_asking_is_no_activity_for_jupyter(desk: Desk) -> None:
    desk.watch()
    assert desk.jupyter.asked == ["/api/kernels?no_track_activity=1"]


def test_jupyter_down_is_no_use(desk: Desk) -> None:
    desk.jupyter.shutdown()
    desk.jupyter.server_close()
    assert desk.reasons() == []


def test_an_answer_that_says_nothing_counts_as_use(desk: Desk) -> None:
    desk.jupyter.status = 500
    (reason,) = desk.reasons()
    assert reason.startswith("cannot tell about kernels")


def test_a_gpu_at_work_is_use(desk: Desk) -> None:
    desk.program("nvidia-smi", "printf '0\\n97\\n'")
    assert desk.reasons() == ["a GPU is at 97 %"]
    desk.program("nvidia-smi", "echo 6")
    assert desk.reasons() == ["a GPU is at 6 %"]
    desk.program("nvidia-smi", "echo 5")
    assert desk.reasons() == []


def test_a_driver_that_says_nothing_counts_as_use_and_one_that_is_not_loaded_does_not(
    desk: Desk,
) -> None:
    desk.program("nvidia-smi", "echo 'Failed to initialize NVML' >&2; exit 18")
    assert desk.reasons() == ["cannot tell about gpu (ValueError)"]
    desk.program("nvidia-smi", "echo '[N/A]'")
    assert desk.reasons() == ["cannot tell about gpu (ValueError)"]
    desk.program("nvidia-smi", "exit 9")
    assert desk.reasons() == []


def test_a_driver_that_hangs_counts_as_use(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.program("nvidia-smi", "exec sleep 60")
    monkeypatch.setattr(desk.watcher, "PATIENCE", 0.2)
    assert desk.reasons() == ["cannot tell about gpu (TimeoutExpired)"]


def test_keys_typed_are_use(desk: Desk) -> None:
    terminal = desk.folder / "pts/0"
    terminal.touch()
    assert desk.reasons() == ["somebody types in terminal 0"]
    since_the_last_look = time.time() - 5 * MINUTE
    os.utime(terminal, (since_the_last_look, time.time()))
    assert desk.reasons() == ["somebody types in terminal 0"]
    old = time.time() - 6 * MINUTE
    os.utime(terminal, (old, time.time()))
    assert desk.reasons() == []


only_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away"
)


def process(
    desk: Desk, ticks: int, ended: int = 0, owner: int = 1000, began: str = "user.slice/a.scope"
) -> None:
    """A program that has computed for so many ticks, and its children that have ended for `ended`."""
    folder = desk.folder / "proc/4242"
    folder.mkdir(exist_ok=True)
    fields = ["S", *["0"] * 10, str(ticks), "0", str(ended), "0", *["0"] * 4, "777"]
    (folder / "stat").write_text(f"4242 (python) train.py) {' '.join(fields)}\n")
    (folder / "cgroup").write_text(f"0::/{began}\n")
    os.chown(folder, owner, owner)


@only_root
def test_programs_that_compute_are_use(desk: Desk) -> None:
    """A training in tmux, seen by its time on the processor; the name may hold brackets."""
    ticks = os.sysconf("SC_CLK_TCK")
    process(desk, 100)
    desk.watch()
    desk.later(5)
    process(desk, 100 + int(0.9 * 300 * ticks))
    desk.watch()
    assert json.loads(desk.watcher.STATE.read_text())["reasons"] == [
        "programs compute at 90 % of a core"
    ]
    desk.later(5)
    process(desk, 100 + int(0.9 * 300 * ticks) + int(0.02 * 300 * ticks))
    desk.watch()
    assert json.loads(desk.watcher.STATE.read_text())["reasons"] == []


@only_root
def test_many_short_programs_are_use(desk: Desk) -> None:
    """Pictures made smaller one by one: no single program lives from one look to the next."""
    ticks = os.sysconf("SC_CLK_TCK")
    process(desk, 0)
    desk.watch()
    desk.later(5)
    process(desk, 1, ended=280 * ticks)
    desk.watch()
    assert json.loads(desk.watcher.STATE.read_text())["reasons"] == [
        "programs compute at 93 % of a core"
    ]
    desk.later(5)
    process(desk, 1, ended=280 * ticks)
    desk.watch()
    assert json.loads(desk.watcher.STATE.read_text())["reasons"] == []


@only_root
@pytest.mark.parametrize(
    ("began", "counts"),
    [
        ("user.slice/user-1000.slice/session-3.scope", True),
        ("system.slice/fastcompanion-jupyter.service", True),
        ("system.slice/docker-0123abcd.scope", True),
        ("docker/0123abcd", True),
        ("system.slice/docker.service", False),
        ("system.slice/apt-daily-upgrade.service", False),
    ],
)
def test_what_runs_as_root_for_a_person_is_seen_and_the_system_itself_is_not(
    desk: Desk, began: str, counts: bool
) -> None:
    """At some clouds root is the only user; others train with sudo, or in a container."""
    ticks = os.sysconf("SC_CLK_TCK")
    process(desk, 0, owner=0, began=began)
    desk.watch()
    desk.later(5)
    process(desk, 300 * ticks, owner=0, began=began)
    desk.watch()
    assert bool(json.loads(desk.watcher.STATE.read_text())["reasons"]) is counts


@only_root
@pytest.mark.parametrize(("owner", "counts"), [(1000, True), (999, False), (65534, False)])
def test_only_programs_of_people_count(desk: Desk, owner: int, counts: bool) -> None:
    process(desk, 0, owner=owner)
    desk.watch()
    desk.later(5)
    process(desk, 300 * os.sysconf("SC_CLK_TCK"), owner=owner)
    desk.watch()
    assert bool(json.loads(desk.watcher.STATE.read_text())["reasons"]) is counts


@pytest.mark.parametrize(
    ("came", "went", "loopback", "counts"),
    [(130, 0, 0, True), (0, 130, 0, True), (60, 60, 0, True), (60, 30, 0, False), (0, 0, 999, False)],
)  # fmt: skip
def test_files_that_travel_are_use(
    desk: Desk, came: int, went: int, loopback: int, counts: bool
) -> None:
    """A download, or a `server sync` over a slow line: neither takes a fifth of a core. In kB a second."""
    desk.travelled(10**9, 10**9)
    desk.watch()
    desk.later(5)
    desk.travelled(10**9 + came * 300_000, 10**9 + went * 300_000, loopback * 300_000)
    desk.watch()
    reasons = json.loads(desk.watcher.STATE.read_text())["reasons"]
    assert reasons == ([f"files travel, {came + went} kB a second"] if counts else [])
    desk.later(5)
    desk.watch()
    assert json.loads(desk.watcher.STATE.read_text())["reasons"] == []


def test_a_machine_that_was_woken_does_not_stop_at_once(desk: Desk) -> None:
    """It was warned of before it slept; whoever wakes it comes to use it."""
    desk.watch()
    desk.later(52)
    desk.watch()
    assert len(desk.calls("wall")) == 1
    desk.sleep(600)
    desk.later(3)
    desk.watch()
    assert not desk.stopped
    assert json.loads(desk.watcher.STATE.read_text())["reasons"] == ["it has just been woken"]
    desk.later(49)
    desk.watch()
    assert not desk.stopped
    assert len(desk.calls("wall")) == 1
    for _ in range(4):
        desk.later(5)
        desk.watch()
    assert desk.stopped


def test_where_nobody_can_be_told_it_stops_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wall` is a package of its own at some systems."""
    (desk.folder / "bin/wall").unlink()
    (desk.folder / "bin/sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(desk.folder / "bin"))
    desk.watch()
    for _ in range(13):
        desk.later(5)
        desk.watch()
    assert desk.stopped


def test_a_clock_that_was_set_back_is_nobody_who_types(desk: Desk) -> None:
    terminal = desk.folder / "pts/0"
    terminal.touch()
    later = time.time() + 365 * 24 * 60 * MINUTE
    os.utime(terminal, (later, later))
    assert desk.reasons() == []


def test_keep_holds_it_until_its_time(desk: Desk) -> None:
    desk.watcher.keep_running(["2h"])
    assert 7190 < float(desk.watcher.KEEP.read_text()) - time.time() < 7210
    (reason,) = desk.reasons()
    assert reason.startswith("asked to keep running until")
    assert reason.endswith(time.strftime(" %Z")), "the machine's zone may not be the learner's"
    desk.watcher.KEEP.write_text(f"{time.time() - 1}")
    assert desk.reasons() == []
    desk.watcher.keep_running(["off"])
    assert not desk.watcher.KEEP.exists()


def test_keep_says_what_the_hard_limit_makes_of_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.program("systemctl", f"echo {time.monotonic() / 3600 + 7.5:.4f}h")
    desk.watcher.keep_running(["2h"])
    assert "the hard limit stays" in capsys.readouterr().out
    desk.watcher.keep_running(["30d"])
    assert "stops it before that, in 7 h 30 min." in capsys.readouterr().out
    assert [desk.watcher.spelled(one) for one in (28799, 28740, 95, 20)] == ["8 h", "7 h 59 min", "2 min", "0 min"]  # fmt: skip


@pytest.mark.parametrize("text", ["", "soon", "nan\n", "9" * 5000, "\x00\xff"])
def test_a_keep_file_of_nonsense_neither_holds_nor_breaks(desk: Desk, text: str) -> None:
    desk.watcher.KEEP.write_text(text)
    reasons = desk.reasons()
    assert reasons == [] or reasons[0].startswith("asked to keep running")


def test_a_setup_that_runs_is_use(desk: Desk) -> None:
    folder = os.open(desk.watcher.RUN, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert desk.reasons() == ["a setup is running"]
    finally:
        os.close(folder)
    assert desk.reasons() == []


def test_where_stopping_ends_no_bill_it_warns_again_and_again(desk: Desk) -> None:
    desk.settings["ON_IDLE"] = "warn"
    for _ in range(30):
        desk.watch()
        desk.later(5)
    assert not desk.stopped
    assert len(desk.calls("wall")) == 2
    assert "goes on costing money" in desk.calls("wall")[0]


def test_zero_minutes_never_stop(desk: Desk) -> None:
    desk.settings["IDLE_MINUTES"] = "0"
    for _ in range(5):
        desk.watch()
        desk.later(600)
    assert not desk.stopped
    assert desk.calls("wall") == []


def test_a_broken_memory_is_no_reason_to_stop_at_once(desk: Desk) -> None:
    desk.watcher.STATE.write_text("{broken")
    desk.watch()
    assert not desk.stopped
    desk.later(30)
    desk.watch()
    assert not desk.stopped


def test_a_restart_comes_only_if_it_is_due_and_nobody_is_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = desk.folder / "reboot-required"
    monkeypatch.setattr(desk.watcher, "RESTART_DUE", due)
    desk.watcher.restart(desk.settings)
    due.touch()
    desk.jupyter.kernels = [{"id": "0123456789", "execution_state": "busy"}]
    desk.watcher.restart(desk.settings)
    desk.jupyter.kernels = []
    terminal = desk.folder / "pts/0"
    terminal.touch()
    desk.watcher.restart(desk.settings)
    assert desk.calls("systemctl") == []
    terminal.unlink()
    desk.watcher.restart(desk.settings)
    assert desk.calls("systemctl") == ["reboot"]


def test_status_changes_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.watch()
    before = desk.watcher.STATE.read_bytes()
    desk.later(20)
    desk.watcher.status(desk.settings)
    told = json.loads(capsys.readouterr().out)
    assert (told["in_use"], told["quiet_seconds"], told["stops_in_seconds"]) == (False, 1200, 2400)
    assert desk.watcher.STATE.read_bytes() == before


def test_a_word_that_it_does_not_know_gets_help() -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, "dance"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "keep 2h" in done.stderr
