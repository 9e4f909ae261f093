"""A server as a learner has it: set up, used and left alone, on a real system with a real sshd.

The learner's own computer is another user of the same box, and everything is typed there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.box.box import PROGRAM, USER, Box
from tests.box.server import (
    ENVIRONMENT,
    HOME_USER,
    LIGHT,
    TARGET,
    WHEELS,
    Machine,
    Rental,
    holding,
)

pytestmark = [pytest.mark.box, pytest.mark.usefixtures("at_home")]

NAME = "127-0-0-1"
HOME = f"/home/{HOME_USER}"
RENTED = ("server", "setup", "--kind", "cloud", "--skip", "swap")
SETUP = (*RENTED, "--env", LIGHT)
# A folder of wheels with everything that `server setup` installs: then it makes the environment itself, as for a learner.
OWN = () if WHEELS else ("--env", ENVIRONMENT)
# Tests start without variables of this name: it is looked at before they do.
PICTURES = os.environ.get("FASTCOMPANION_TEST_PICTURES", "")
PAGE = Path(__file__).with_name("lab_page.py")
CODE = (
    "import importlib.util as u; fastai = u.find_spec('fastai'); fastai and exec('from fastai.vision.all import *');"
    " print('answer', 6 * 7, 'fastai', __import__('fastai').__version__ if fastai else 'not here', globals().get('Learner'))"
)


@contextmanager
def running(machine: Machine, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on, typed at home; Ctrl-C ends it."""
    argv = machine.box._enter([*PROGRAM, *words], HOME_USER, {}, "", 600)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        machine.box.run(["pkill", "-INT", "-u", HOME_USER, "-f", " ".join(words)], check=False)
        process.communicate(timeout=60)


def browse(machine: Machine, url: str, picture: Path) -> dict[str, str]:
    """Open a page in Chromium, in the network of the box."""
    argv = ["nsenter", "--target", str(machine.box.pid), "--net", sys.executable, str(PAGE), CODE, str(picture)]  # fmt: skip
    done = subprocess.run(argv, input=url + "\n", capture_output=True, text=True, check=False, timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found


def browser_missing() -> str:
    if shutil.which("chromium") is None and shutil.which("google-chrome") is None:
        return "needs Chromium"
    return "" if find_spec("playwright") and find_spec("jupyterlab") else "needs the group `browser`"  # fmt: skip


@pytest.mark.timeout(2400 if WHEELS else 600)
def test_from_a_fresh_system_to_a_notebook_and_to_a_machine_that_stops_itself(
    rental: Rental, machine: Machine, tmp_path: Path
) -> None:
    """What docs/server.md tells, in its order."""
    box = machine.box
    if WHEELS:
        box.put("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {WHEELS}\n")
    first = machine.ask(*RENTED, *OWN, TARGET, seconds=1800)
    assert first["done"], first
    assert {"limit", "idle", "sshd", "firewall", "jupyter"} <= changed(first)
    assert ("python" in changed(first)) == bool(WHEELS)
    second = machine.ask(*RENTED, *OWN, NAME)
    assert (second["done"], second["changes"]) == (True, 0), second
    examined(machine)
    [seen] = machine.ask("server", "status")["servers"]
    assert seen["state"] == "running"
    assert (seen["in_use"], seen["on_idle"]) == (False, "poweroff")
    assert 400 < seen["limit_in_minutes"] <= 480
    assert dict(seen["units"])["fastcompanion-jupyter.service"] == "active"
    if not browser_missing():
        opened(machine, Path(PICTURES or tmp_path) / "lab.png")

    # A notebook was opened: its kernel is there and does nothing, which is no use.
    kept = machine.type("server", "keep", NAME, "2h").stdout
    assert "Kept running until" in kept
    idle_for_long(box)
    box.systemctl("start", "fastcompanion-idle.service")
    assert box.alive
    assert "asked to keep running" in machine.type("server", "status", NAME).stdout
    machine.type("server", "keep", NAME, "off")
    idle_for_long(box)
    box.systemctl("start", "fastcompanion-idle.service", check=False)
    box.until(lambda: not box.alive, seconds=60, what="the machine has stopped itself")
    a_box_in_the_house(rental.fresh())


def changed(told: dict[str, Any]) -> set[str]:
    return {one["step"] for one in told["steps"] if one["state"] == "changed"}


def examined(machine: Machine) -> None:
    """`doctor server`, line by line: in order, or not applicable."""
    found = machine.ask("doctor", "server")["findings"]
    assert {row["severity"] for row in found} == {"ok"}, found
    assert any("not applicable: no GPU" in row["text"] for row in found)


def opened(machine: Machine, picture: Path) -> None:
    """The notebook in Chromium, through the tunnel; fastai is imported there if it is there."""
    words = ("server", "jupyter", NAME, "--no-browser", "--show-url", "--json")
    with running(machine, *words) as tunnel:
        assert tunnel.stdout is not None
        url = json.loads(tunnel.stdout.readline())["data"]["url"]
        page = browse(machine, url, picture)
    assert "JupyterLab" in page["title"]
    assert page["output"].startswith("answer 42"), page["output"]
    here = bool(WHEELS) or sys.prefix != ENVIRONMENT or find_spec("fastai") is not None
    assert ("fastai.learner.Learner" in page["output"]) == here, page["output"]
    assert picture.stat().st_size > 10_000


def a_box_in_the_house(machine: Machine) -> None:
    """The same from a fresh system without --kind: nobody asked for a stop, and nothing can stop it."""
    told = machine.ask("server", "setup", TARGET, "--env", LIGHT)
    assert told["done"], told
    assert not {"limit", "idle", "sshd", "firewall"} & changed(told)
    assert machine.ask("server", "setup", NAME, "--env", LIGHT)["changes"] == 0
    examined(machine)
    assert "fastcompanion" not in machine.box.systemctl("list-timers", "--all")
    assert machine.box.run(["systemctl", "start", "fastcompanion-idle.service"], check=False).returncode  # fmt: skip
    assert machine.box.alive


def idle_for_long(box: Box) -> None:
    """Put the last use an hour and more back, and the warning half an hour."""
    change = (
        "import json, pathlib, time; p = pathlib.Path('/run/fastcompanion/idle.json');"
        " k = json.loads(p.read_text()) if p.exists() else {}; now = time.clock_gettime(time.CLOCK_BOOTTIME);"
        " k |= {'last_use': now - 4000, 'warned': now - 1900}; k.pop('ticks', None); p.write_text(json.dumps(k))"
    )
    box.run(["python3", "-c", change])


def test_a_study_goes_there_and_comes_back(machine: Machine) -> None:
    """Over the real sshd, by rsync: what changed on both sides is named, and nothing is lost."""
    box = machine.box
    machine.ask("server", "setup", TARGET, "--only", "packages")
    machine.type("init", f"{HOME}/study", "--yes", "--course", "none")
    notes, there = f"{HOME}/study/notes.md", f"/home/{USER}/fastcompanion/study/notes.md"
    box.put(notes, "first\n", user=HOME_USER)
    words = ["server", "sync", NAME, "push", "--study", f"{HOME}/study"]
    sent = machine.ask(*words)
    assert sent["by"] == "rsync"
    assert "notes.md" in sent["sent"]
    assert box.read(there) == "first\n"
    assert box.run(["stat", "-c", "%U", there]).stdout.strip() == USER
    box.put(there, "of the server, longer\n", user=USER)
    box.put(notes, "mine\n", user=HOME_USER)
    done = machine.type(*words, check=False)
    assert done.returncode == 4
    assert "both were changed" in done.stdout
    assert (box.read(notes), box.read(there)) == ("mine\n", "of the server, longer\n")
    pulled = machine.ask("server", "sync", NAME, "pull", "--force", "--study", f"{HOME}/study")
    assert box.read(notes) == "of the server, longer\n"
    assert box.read(f"{pulled['kept']}/notes.md") == "mine\n"


def test_a_tunnel_outlives_a_restart_of_the_machine(machine: Machine) -> None:
    """Not of the box, in which the learner's own computer is, too: of its sshd, with all its sessions."""
    box = machine.box
    machine.ask(*SETUP, TARGET)
    with running(machine, "server", "jupyter", NAME, "--no-browser", "--json") as tunnel:
        assert tunnel.stdout is not None
        line = json.loads(tunnel.stdout.readline())["data"]
        assert "token" not in line["url"]
        ask = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{line['port']}/api/status"]  # fmt: skip
        assert box.run(ask).stdout == "403"
        box.run(["pkill", "-KILL", "-u", USER, "sshd"], check=False)
        box.until(lambda: box.run(ask, check=False).stdout == "403", seconds=60, what="the tunnel is back")  # fmt: skip
    assert box.run(ask, check=False).returncode != 0


def test_a_login_has_a_terminal(machine: Machine) -> None:
    machine.ask("server", "setup", TARGET, "--only", "packages")
    line = " ".join([*PROGRAM, "server", "ssh", NAME])
    argv = ["script", "-qec", line, "/dev/null"]
    done = machine.box.run(argv, user=HOME_USER, typed="tty\nexit 5\n", check=False)
    assert "/dev/pts/" in done.stdout
    assert done.returncode == 5


SUDO, CLOUD, KAGGLE = "planted-sudo-password-7", "planted/cloud+secret/9", "0planted0kaggle0key0"


@contextmanager
def watched(machine: Machine) -> Iterator[list[str]]:
    """Every command line and environment that was seen in the box during a block."""
    look = "while [ ! -e /run/enough ]; do ps -eww -o args; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; sleep 0.05; done"
    argv = machine.box._enter(["sh", "-c", f"({look}) >/run/seen"], "root", {}, "", 600)
    seen: list[str] = []
    looking = subprocess.Popen(argv)
    try:
        yield seen
    finally:
        machine.box.run(["touch", "/run/enough"])
        looking.wait(30)
        seen += machine.box.read("/run/seen").splitlines()
        machine.box.run(["rm", "/run/seen"])


def test_no_secret_is_left_anywhere(machine: Machine) -> None:
    """A password for sudo, credentials of a cloud, a key of Kaggle in the study, Jupyter's token."""
    box = machine.box
    box.run(["chpasswd"], typed=f"{USER}:{SUDO}\n")
    box.put("/etc/sudoers.d/90-cloud-init-users", f"{USER} ALL=(ALL) ALL\n", mode="440")
    study = f"{HOME}/study"
    machine.type("init", study, "--yes", "--course", "none")
    box.put(f"{study}/kaggle.json", f'{{"key": "{KAGGLE}"}}', user=HOME_USER, mode="600")
    credentials = (
        f"[default]\naws_access_key_id = AKIAPLANTED0PLANTED0\naws_secret_access_key = {CLOUD}\n"
    )
    box.put(f"{HOME}/.aws/credentials", credentials, user=HOME_USER, mode="600")

    def type_(*words: str, typed: str = "", check: bool = True) -> str:
        done = box.run([*PROGRAM, *words], user=HOME_USER, typed=typed, check=check, seconds=240)  # fmt: skip
        return done.stdout + done.stderr

    with watched(machine) as seen:
        said = type_(*RENTED, "--env", ENVIRONMENT, TARGET, "-K", typed=f"{SUDO}\n")
        said += type_("server", "status")
        said += type_("server", "sync", NAME, "push", "--study", study)
        with running(machine, "server", "jupyter", NAME, "--no-browser") as tunnel:
            assert tunnel.stdout is not None
            said += tunnel.stdout.readline()
        said += type_("server", "keep", NAME, "1h") + type_("server", "logs", check=False)
        said += type_("server", "list", "--json") + type_("doctor", "server", check=False)
        for form in (
            "cloud-init",
            "sh",
            "skypilot",
        ):  # the first is what a machine of EC2 gets as its data
            said += type_("server", "export", "--to", form)
    token = box.read("/etc/fastcompanion/jupyter.env").partition("JUPYTER_TOKEN=")[2].split()[0]
    assert len(token) >= 32
    commits = box.run(["git", "-C", study, "log", "-p", "--all"], user=HOME_USER).stdout
    journal = box.run(["journalctl", "--no-pager", "-o", "cat"], seconds=120).stdout
    for secret in (SUDO, KAGGLE, CLOUD, token):
        for place, text in (("said", said), ("commits", commits), ("journal", journal)):
            assert secret not in text, f"{secret} in {place}"
    assert any("fastcompanion server jupyter" in line for line in seen)
    held = [line for line in seen if any(secret in line for secret in (SUDO, KAGGLE, CLOUD, token))]
    # JupyterLab itself is started with its token in its environment, which its user and root can read.
    assert {line.partition("=")[0] for line in held} <= {"JUPYTER_TOKEN"}
    assert "127.0.0.1" in box.read(f"{HOME}/.config/fastcompanion/servers.yaml"), (
        "the registry is elsewhere"
    )
    assert holding(machine, SUDO) == set()
    assert holding(machine, CLOUD) == {f"{HOME}/.aws/credentials"}
    assert holding(machine, KAGGLE) == {f"{study}/kaggle.json"}
    theirs = {path for path in holding(machine, token) if "/share/jupyter/runtime/" not in path}
    assert theirs == {"/etc/fastcompanion/jupyter.env"}
