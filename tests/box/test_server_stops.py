"""What stops a rented machine, what keeps it on, and that a box in the house is left alone: with real power-offs."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time

import pytest

from tests.box.box import USER, Failed
from tests.box.server import ENVIRONMENT, HOME_USER, ONLY_RENTED, TARGET, Machine, states

pytestmark = pytest.mark.box

# Starts a kernel through Jupyter and lets it run a cell until ENOUGH is there, as a browser that was closed since would
# have left it.
ENOUGH = f"/home/{USER}/enough"
BUSY = """
import json, sys, time, urllib.request
from pathlib import Path
from jupyter_client import BlockingKernelClient
env = dict(line.split("=", 1) for line in open("/etc/fastcompanion/jupyter.env").read().split())
def ask(**words):
    request = urllib.request.Request(f"http://127.0.0.1:{env['JUPYTER_PORT']}/api/kernels", **words,
                                     headers={"Authorization": "token " + env["JUPYTER_TOKEN"]})
    return json.load(urllib.request.urlopen(request))
found = ask(data=b"{}", method="POST")
file = Path.home() / f".local/share/jupyter/runtime/kernel-{found['id']}.json"
client = BlockingKernelClient(connection_file=str(file))
client.load_connection_file()
client.start_channels(hb=False)  # a machine with much to do is no dead kernel
client.wait_for_ready(timeout=60)
client.execute(f"import os, time\\nwhile not os.path.exists({sys.argv[1]!r}): time.sleep(0.1)")
while ask()[0]["execution_state"] != "busy":
    time.sleep(0.1)
"""


def short(machine: Machine) -> None:
    """Let the idle time be three seconds; the timer looks every five minutes, so tests start the look themselves."""
    text = machine.box.read("/etc/fastcompanion/server.env")
    assert "IDLE_MINUTES=60" in text
    machine.box.put(
        "/etc/fastcompanion/server.env", text.replace("IDLE_MINUTES=60", "IDLE_MINUTES=0.05")
    )


def look(machine: Machine) -> None:
    words = ["systemctl", "start", "fastcompanion-idle.service"]
    machine.box.run(words, check=False, seconds=20)


def seen(machine: Machine) -> dict[str, object]:
    told = machine.box.run(["fastcompanion-idle", "status"], user=USER).stdout
    found = json.loads(told)
    assert isinstance(found, dict)
    return found


def goes_off(machine: Machine) -> None:
    def off() -> bool:
        if machine.box.alive:
            with contextlib.suppress(Failed):  # it may go off during the look
                look(machine)
        return not machine.box.alive

    machine.box.until(off, seconds=60, what="the machine is off")


def stays_on(machine: Machine, reason: str) -> None:
    """It is looked at until it would have stopped twice over."""
    for _ in range(4):
        look(machine)
        machine.box.run(["sleep", "1.6"])
    assert machine.box.alive
    assert any(reason in one for one in seen(machine)["reasons"])  # type: ignore[attr-defined]


def test_nobody_there_and_it_is_off(machine: Machine) -> None:
    assert machine.script(machine.options(only=("limit", "idle"))).done
    short(machine)
    goes_off(machine)


def test_it_says_so_before(machine: Machine) -> None:
    assert machine.script(machine.options(only=("idle",))).done
    short(machine)
    look(machine)
    machine.box.run(["sleep", "2"])
    look(machine)
    assert machine.box.alive
    assert (
        "unless you use it"
        in machine.box.run(["journalctl", "-u", "fastcompanion-idle", "-o", "cat"]).stdout
    )


def test_keep_keeps_it_on_and_off_lets_it_go(machine: Machine) -> None:
    """The learner needs no sudo for it."""
    assert machine.script(machine.options(only=("idle",))).done
    short(machine)
    said = machine.box.run(["fastcompanion-idle", "keep", "2h"], user=USER).stdout
    assert "Kept running until" in said
    stays_on(machine, "asked to keep running")
    machine.box.run(["fastcompanion-idle", "keep", "off"], user=USER)
    goes_off(machine)


def test_a_running_cell_keeps_it_on_with_the_browser_closed(machine: Machine) -> None:
    options = machine.options(only=("idle", "jupyter"), environment=ENVIRONMENT)
    assert machine.script(options).done
    short(machine)
    machine.box.run([sys.executable, "-c", BUSY, ENOUGH], user=USER, seconds=90)
    stays_on(machine, "kernel")
    machine.box.put(ENOUGH, "")
    goes_off(machine)


def test_jupyter_that_is_down_does_not_hold_it(machine: Machine) -> None:
    assert machine.script(machine.options(only=("idle", "jupyter"))).done
    short(machine)
    machine.box.systemctl("stop", "fastcompanion-jupyter")
    goes_off(machine)


def test_what_cannot_be_told_holds_it_until_the_hard_limit(machine: Machine) -> None:
    machine.box.put("/usr/local/bin/nvidia-smi", "#!/bin/sh\nexit 18\n", mode="755")
    assert machine.script(machine.options(only=("idle",))).done
    short(machine)
    stays_on(machine, "cannot tell about gpu")
    assert machine.script(machine.options(only=("limit",), max_hours=0.003)).done
    machine.box.until(lambda: not machine.box.alive, seconds=60, what="the hard limit has come")


def test_a_program_that_computes_in_tmux_keeps_it_on(machine: Machine) -> None:
    assert machine.script(machine.options(only=("idle",))).done
    short(machine)
    machine.box.run(
        ["tmux", "new-session", "-d", "timeout 120 sh -c 'while :; do :; done'"], user=USER
    )
    # tmux's own terminal is not looked at by anybody: after half a minute only the computing speaks for it.
    stays_on(machine, "programs compute")


def test_a_tunnel_alone_does_not_hold_it(machine: Machine) -> None:
    assert machine.script(machine.options(only=("idle",))).done
    short(machine)
    tunnel = ["ssh", "-f", "-N", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-L", "127.0.0.1:9999:127.0.0.1:8888", TARGET]  # fmt: skip
    machine.box.run(["sh", "-c", 'exec "$@" >/dev/null 2>&1', "-", *tunnel], user=HOME_USER)
    assert machine.box.run(["ss", "-Htln", "sport = :9999"]).stdout
    goes_off(machine)


def test_the_hard_limit_comes_whatever_happens(machine: Machine) -> None:
    """Kept, with a broken watcher and without Python's help."""
    assert machine.script(machine.options(only=("limit", "idle"), max_hours=0.005)).done
    machine.box.run(["fastcompanion-idle", "keep", "2h"], user=USER, check=False)
    machine.box.put("/usr/local/bin/fastcompanion-idle", "broken(", mode="755")
    machine.box.until(lambda: not machine.box.alive, seconds=60, what="the hard limit has come")


def limit_of(machine: Machine) -> str:
    """The moment of the hard limit, in systemd's own count."""
    words = ("show", "fastcompanion-limit.timer", "-p", "NextElapseUSecMonotonic", "--value")
    moment = machine.box.systemctl(*words)
    assert "min " in moment
    return moment


def test_a_later_setup_does_not_move_the_hard_limit(machine: Machine) -> None:
    """Not even one that changes something else; another number of hours does."""
    machine.script(machine.options(only=("limit",)))
    first = limit_of(machine)
    machine.script(machine.options(only=("limit", "idle")))
    assert limit_of(machine) == first
    machine.script(machine.options(only=("limit",), max_hours=2))
    assert limit_of(machine) != first


def test_the_hard_limit_is_still_where_it_was_after_a_reload(machine: Machine) -> None:
    """systemd counts OnActiveSec anew with each daemon-reload, which every installed package brings."""
    machine.script(machine.options(only=("limit",)))
    first = limit_of(machine)
    machine.box.systemctl("daemon-reload")
    assert limit_of(machine) == first


def test_a_limit_can_be_taken_off(machine: Machine) -> None:
    machine.script(machine.options(only=("limit",)))
    assert (
        states(machine.script(machine.options(only=("limit",), max_hours=0)))["limit"] == "changed"
    )
    assert "fastcompanion-limit" not in machine.box.systemctl("list-timers", "--all")
    assert machine.script(machine.options(only=("limit",), max_hours=0)).changes == 0


def test_a_machine_that_has_run_for_long_is_not_stopped_at_once(machine: Machine) -> None:
    """The hours count from the setup, or the boot after it."""

    def up() -> float:
        begun = machine.box.systemctl("show", "-p", "UserspaceTimestampMonotonic", "--value")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(begun) / 1_000_000

    machine.box.until(lambda: up() > 30, seconds=60, what="it has run for a while")
    assert machine.script(machine.options(only=("limit",), max_hours=25 / 3600)).done
    left = machine.box.systemctl("list-timers", "--no-legend", "fastcompanion-limit.timer")
    assert re.search(r" [12]?\ds left", left)
    assert machine.box.alive


def test_a_box_in_the_house_is_left_on_and_open(machine: Machine) -> None:
    """No timer, no power-off, no firewall, no change of ssh; an existing driver and CUDA stay."""
    machine.box.put("/usr/local/bin/nvidia-smi", "#!/bin/sh\nexit 0\n", mode="755")
    machine.box.put("/usr/local/cuda/version.txt", "CUDA 11\n")
    found = machine.script(machine.options(kind="home", skip=()))
    assert found.done
    skipped = {name for name, state in states(found).items() if state == "skipped"}
    assert skipped == ONLY_RENTED | {"user"}
    assert "fastcompanion" not in machine.box.systemctl("list-timers", "--all")
    grep = "grep -rlE 'poweroff|shutdown|reboot' /etc/systemd/system /usr/local /etc/cron* 2>/dev/null | grep -v '/units-are-masked'"  # fmt: skip
    assert "fastcompanion" not in machine.box.run(["sh", "-c", grep], check=False).stdout
    assert "inactive" in machine.box.run(["ufw", "status"]).stdout
    assert machine.effective()["passwordauthentication"] == "yes"
    assert machine.box.read("/usr/local/cuda/version.txt") == "CUDA 11\n"
    assert machine.script(machine.options(kind="home", skip=())).changes == 0


def test_a_box_in_the_house_gets_what_is_asked_for_by_name(machine: Machine) -> None:
    found = machine.script(
        machine.options(kind="home", only=(), skip=("jupyter",), also=("sshd", "firewall"))
    )
    assert found.done
    assert machine.effective()["passwordauthentication"] == "no"
    assert "Status: active" in machine.box.run(["ufw", "status"]).stdout
    assert machine.login()
