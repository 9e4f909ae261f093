"""The box itself: what it is, what it cannot do to this machine, and that nothing stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from tests.box import rootfs
from tests.box.box import ROOT, USER, Box, Missing
from tests.box.desktop import Desktop

pytestmark = pytest.mark.box

TIMER = """[Timer]
OnCalendar={when}
AccuracySec=1s
Persistent=true
"""
SERVICE = """[Service]
Type=oneshot
ExecStart=sh -c 'date "+fired %%s" >> %h/{name}.txt'
"""
UNITS = f"/home/{USER}/.config/systemd/user"


@pytest.fixture(scope="module", autouse=True)
def _with_a_line_for_cron(box: Box) -> None:
    """cron knows minutes: the first one goes by while the other tests run."""
    line = "* * * * * env > $HOME/cron.new && mv $HOME/cron.new $HOME/cron.txt\n"
    box.run(["crontab", "-"], user=USER, typed=line)


def add_timer(box: Box, name: str, when: str) -> Callable[[], int]:
    """Write a timer and its service, not started yet; the function counts how often it fired."""
    box.put(f"{UNITS}/{name}.timer", TIMER.format(when=when), user=USER)
    box.put(f"{UNITS}/{name}.service", SERVICE.format(name=name), user=USER)
    box.systemctl("daemon-reload", user=USER)
    return lambda: box.read(f"/home/{USER}/{name}.txt").count("fired")


def test_its_first_process_is_systemd_and_the_learner_has_a_session(box: Box) -> None:
    assert box.read("/proc/1/comm") == "systemd\n"
    assert box.systemctl("is-system-running") == "running"
    assert box.systemctl("is-system-running", user=USER) == "running"
    assert box.run(["id", "-un"], user=USER).stdout == f"{USER}\n"
    assert box.systemctl("is-active", "cron") == "active"


def test_it_has_no_network_and_cannot_change_the_machine_around_it(box: Box) -> None:
    links = box.run(["ip", "-brief", "link"]).stdout.split("\n")
    assert [line.split()[0] for line in links if line] == ["lo"]
    assert "not permitted" in box.run(["date", "-s", "@5"], check=False).stderr
    setting = "/proc/sys/kernel/core_pattern"
    assert "Read-only" in box.run(["sh", "-c", f"echo x > {setting}"], check=False).stderr
    assert "Read-only" in box.run(["touch", str(ROOT / "README.md")], check=False).stderr


def test_files_are_put_and_read_as_who_they_belong_to(box: Box) -> None:
    box.put(f"/home/{USER}/deep/er/note.txt", "sand\n", user=USER, mode="600")
    said = box.run(["stat", "-c", "%U %a", f"/home/{USER}/deep/er/note.txt"]).stdout
    assert said == f"{USER} 600\n"
    assert box.read(f"/home/{USER}/deep/er/note.txt") == "sand\n"
    assert box.read("/nowhere") == ""


def test_a_timer_fires_by_the_clock(box: Box) -> None:
    soon = box.run(["date", "-d", "6 seconds", "+%F %T %Z"]).stdout.strip()
    fired = add_timer(box, "soon", soon)
    box.systemctl("start", "soon.timer", user=USER)
    box.until(fired, seconds=30, what="the timer fires")
    assert fired() == 1
    moment = float(box.run(["date", "-d", soon, "+%s"]).stdout)
    assert float(box.read(f"/home/{USER}/soon.txt").split()[1]) >= moment


def test_a_persistent_timer_catches_up_once_for_three_missed_days(box: Box) -> None:
    fired = add_timer(box, "daily", "*-*-* 04:00")
    stamp = f"/home/{USER}/.local/share/systemd/timers/stamp-daily.timer"
    box.run(["mkdir", "-p", str(Path(stamp).parent)], user=USER)
    box.run(["touch", "-d", "3 days ago", stamp], user=USER)
    box.systemctl("start", "daily.timer", user=USER)
    box.until(fired, seconds=30, what="the timer catches up")
    box.systemctl("restart", "daily.timer", user=USER)
    assert "Trigger: n/a" not in box.systemctl("status", "daily.timer", user=USER, check=False)
    assert fired() == 1


def test_a_slot_missed_while_the_machine_was_off_is_caught_up_at_boot(box: Box) -> None:
    soon = box.run(["date", "-d", "15 seconds", "+%F %T %Z"]).stdout.strip()
    fired = add_timer(box, "off", soon)
    box.put(
        f"{UNITS}/off.timer",
        TIMER.format(when=soon) + "[Install]\nWantedBy=timers.target\n",
        user=USER,
    )
    box.systemctl("enable", "--now", "off.timer", user=USER)
    moment = float(box.run(["date", "-d", soon, "+%s"]).stdout)
    box.power_off()
    assert not box.alive
    assert time.time() < moment, "the machine went off too late: the test says nothing"
    while time.time() < moment + 1:
        time.sleep(0.1)
    box.boot()
    box.until(fired, seconds=30, what="the timer catches up after the boot")
    assert fired() == 1


def test_a_notification_arrives_on_the_desktop_and_none_without_it(
    box: Box, desktop: Desktop
) -> None:
    before = desktop.count()
    box.run(["notify-send", "--app-name", "a test", "Time to study", "30 minutes"], user=USER)
    assert desktop.count() == before + 1
    newest = desktop.read()[0]
    assert (newest.program, newest.summary, newest.body) == ("a test", "Time to study", "30 minutes")  # fmt: skip
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    assert box.run(["notify-send", "Nobody"], user=USER, env=nowhere, check=False).returncode != 0
    assert desktop.count() == before + 1


HOLD = """
import sys
from tests.box import rootfs
from tests.box.box import Box
with Box("desk") as box:
    box.run(["systemd-run", "--unit=sleeper", "sleep", "1000"])
    print(box.pid, box.script, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_whichever_way_its_owner_ends(box: Box, way: signal.Signals) -> None:
    mounts = mounted()
    env = {**os.environ, "FASTCOMPANION_TEST_BOXES": str(rootfs.FOLDER.parent)}
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True, env=env,
    )  # fmt: skip
    assert owner.stdout is not None
    pid, script = owner.stdout.readline().split()
    group = f"fastcompanion-box-{script}"
    assert (group in left_groups(), Path(f"/proc/{pid}").exists()) == (True, True)
    os.kill(owner.pid, way)
    owner.communicate()
    box.until(lambda: not Path(f"/proc/{pid}").exists(), seconds=20, what="the box is gone")
    box.until(lambda: group not in left_groups(), seconds=20, what="its control group is gone")
    assert mounted() == mounts


def test_a_box_whose_script_is_killed_ends_and_the_next_one_tidies_up(box: Box) -> None:
    with Box("desk") as short:
        assert short.script is not None
        group = f"fastcompanion-box-{short.script}"
        assert group in left_groups()
        with filelock.FileLock(rootfs.FOLDER / ".boot"):  # nobody else's boot tidies up in between
            os.kill(short.script, signal.SIGKILL)
            box.until(lambda: not short.alive, seconds=20, what="the box is gone")
            assert group in left_groups()
    with Box("desk"):
        assert group not in left_groups()


def mounted() -> list[str]:
    """What is mounted on this machine where boxes are made; others may mount elsewhere meanwhile."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    return [line for line in mounts if line.split()[1].startswith("/boot")]


def left_groups() -> set[str]:
    """The control groups of boxes on this machine, also those that nobody is in."""
    look = "mount -t cgroup2 box /boot && find /boot -name 'fastcompanion-box-*'"
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", look]
    found = subprocess.run(inside, capture_output=True, text=True, check=True)
    return {Path(line).name for line in found.stdout.splitlines()}


def test_a_kind_of_box_that_was_never_made_says_how_to_make_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.box.rootfs.FOLDER", tmp_path)
    with pytest.raises(Missing, match="make test-box"):
        Box("desk")


def test_cron_fires_and_knows_nothing_of_the_session(box: Box) -> None:
    """The last one here, as its line was written before the first."""
    seen = box.until(lambda: box.read(f"/home/{USER}/cron.txt"), seconds=75, what="cron fires")
    assert "PATH=/usr/bin:/bin\n" in seen
    assert "DBUS" not in seen
    assert "XDG_RUNTIME_DIR" not in seen
