"""`server setup` typed at home, over the machine's real sshd: the whole way, lines that drop, passwords, secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.server.setup import script
from tests.box import wheels
from tests.box.box import PROGRAM, USER
from tests.box.server import (
    ENVIRONMENT,
    HOME_USER,
    LIGHT,
    SCRIPT,
    TARGET,
    Machine,
    Rental,
    holding,
)

pytestmark = [pytest.mark.box, pytest.mark.usefixtures("at_home")]

SETUP = ("server", "setup", TARGET, "--kind", "cloud", "--skip", "swap", "--env", LIGHT)
#: with JupyterLab itself
FULL = (*SETUP[:-1], ENVIRONMENT)


@pytest.fixture
def settled(rental: Rental) -> tuple[Machine, str]:
    """A machine that was set up from home, and everything that was shown then; tests leave it as it is."""

    def settle(machine: Machine) -> str:
        shown = machine.type(*FULL)
        return shown.stdout + shown.stderr

    return rental.settled("from home", settle)


def test_the_whole_way_from_home(settled: tuple[Machine, str]) -> None:
    machine, shown = settled
    assert "fastcompanion server jupyter" in shown
    second = machine.ask(*FULL)
    assert (second["done"], second["changes"]) == (True, 0)
    assert machine.effective()["passwordauthentication"] == "no"
    assert machine.login()
    assert not machine.box.run(
        ["curl", "-fsS", "http://127.0.0.1:8888/api"], check=False
    ).returncode


def test_the_fresh_logins_called_the_ways_back_off(settled: tuple[Machine, str]) -> None:
    machine, _ = settled
    assert sorted(machine.box.run(["ls", "/run/fastcompanion/proof"]).stdout.split()) == [
        "firewall",
        "sshd",
    ]
    for name in ("sshd", "firewall"):
        machine.box.systemctl(
            "start", "--wait", f"fastcompanion-rollback-{name}.service", check=False
        )
    assert machine.effective()["passwordauthentication"] == "no"
    assert "Status: active" in machine.box.run(["ufw", "status"]).stdout


def test_the_machine_is_kept_among_the_servers(settled: tuple[Machine, str]) -> None:
    machine, _ = settled
    (known,) = machine.ask("server", "list")["servers"]
    assert (known["kind"], known["host"], known["user"]) == ("cloud", "127.0.0.1", USER)
    assert machine.ask("server", "setup", known["name"], "--check", "--skip", "swap", "--env", ENVIRONMENT)["changes"] == 0  # fmt: skip


def test_the_token_is_for_the_learner_there_alone(settled: tuple[Machine, str]) -> None:
    """That it stands nowhere else is seen in test_server_use.py."""
    machine, shown = settled
    file = "/etc/fastcompanion/jupyter.env"
    text = machine.box.read(file)
    token = dict(line.split("=", 1) for line in text.split())["JUPYTER_TOKEN"]
    assert len(token) == 48
    assert token not in shown
    assert machine.box.run(["stat", "-c", "%a %U", file]).stdout == f"600 {USER}\n"
    assert machine.box.run(["cat", file], user=HOME_USER, check=False).returncode != 0


def test_jupyter_is_for_this_machine_alone_and_asks_for_the_token(
    settled: tuple[Machine, str],
) -> None:
    machine, _ = settled
    listening = machine.box.run(["ss", "-Htln"]).stdout
    assert "127.0.0.1:8888" in listening
    assert "0.0.0.0:8888" not in listening
    code = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert machine.box.run([*code, "http://127.0.0.1:8888/api/kernels"]).stdout == "403"
    assert (
        machine.box.run([*code, "-H", "Host: evil.example", "http://127.0.0.1:8888/api"]).stdout
        == "403"
    )


def test_the_firewall_lets_ssh_in_and_nothing_else(settled: tuple[Machine, str]) -> None:
    """Seen from another machine, as a machine's own calls to itself pass every firewall."""
    machine, _ = settled
    other = subprocess.Popen(["unshare", "--net", "sleep", "300"])
    try:
        _wire(machine.box.pid, other.pid)
        machine.box.run(["systemd-run", "--unit=open-port", sys.executable, "-m", "http.server", "8999", "--bind", "0.0.0.0"])  # fmt: skip
        machine.box.until(lambda: machine.box.run(["ss", "-Htln", "sport = :8999"]).stdout, seconds=30, what="it listens")  # fmt: skip
        assert _reaches(other.pid, 22)
        assert not _reaches(other.pid, 8999)
        machine.box.run(["ufw", "allow", "8999/tcp"])
        assert _reaches(other.pid, 8999)
    finally:
        other.kill()
        other.wait()


def _wire(box: int, other: int) -> None:
    def inside(pid: int, *words: str) -> None:
        subprocess.run(["nsenter", "--target", str(pid), "--net", "ip", *words], check=True)

    inside(box, "link", "add", "fc0", "type", "veth", "peer", "name", "fc1", "netns", str(other))
    for pid, name, address in ((box, "fc0", "10.99.0.1/24"), (other, "fc1", "10.99.0.2/24")):
        inside(pid, "addr", "add", address, "dev", name)
        inside(pid, "link", "set", name, "up")


def _reaches(other: int, port: int) -> bool:
    tried = f"import socket; socket.create_connection(('10.99.0.1', {port}), 3)"
    words = ["nsenter", "--target", str(other), "--net", sys.executable, "-c", tried]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_check_says_no_only_where_something_would_change(machine: Machine) -> None:
    before = machine.type(*SETUP, "--check", "--json", check=False)
    assert before.returncode == 4
    assert json.loads(before.stdout)["data"]["changes"] == 8
    machine.type(*SETUP)
    assert machine.type(*SETUP, "--check").returncode == 0


def test_a_line_that_drops_does_not_end_the_setup(machine: Machine) -> None:
    """The client is killed in the middle; the machine goes on, and the next setup finds it done."""
    argv = machine.box._enter([*PROGRAM, *SETUP], HOME_USER, {}, "", 120)
    client = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        machine.box.until(lambda: '"updates"' in machine.box.read("/run/fastcompanion/events"), seconds=60, what="it is under way")  # fmt: skip
        machine.box.run(["pkill", "-KILL", "-u", HOME_USER])
    finally:
        client.kill()
        client.wait()
    machine.box.until(lambda: '"step":"all"' in machine.box.read("/run/fastcompanion/events"), seconds=90, what="the setup has ended by itself")  # fmt: skip
    assert machine.ask(*SETUP)["changes"] == 0


def test_who_comes_back_sees_how_it_goes_on(machine: Machine) -> None:
    """A second client joins the setup that runs."""
    argv = machine.box._enter([*PROGRAM, *SETUP, "--json"], HOME_USER, {}, "", 120)
    first = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    machine.box.until(lambda: '"updates"' in machine.box.read("/run/fastcompanion/events"), seconds=60, what="it is under way")  # fmt: skip
    second = machine.ask(*SETUP)
    out, err = first.communicate(timeout=120)
    assert json.loads(out)["data"]["steps"] == second["steps"], err
    assert second["done"]


def test_a_password_for_sudo_is_asked_for_and_used_once(machine: Machine) -> None:
    """As at a company's machine: a person with a password, and sudo that asks for it."""
    box = machine.box
    box.run(["rm", "/etc/sudoers.d/90-cloud-init-users"])
    box.run(["chpasswd"], typed=f"{USER}:planted-password\n")
    box.run(["usermod", "-aG", "sudo", USER])
    words = (
        "server",
        "setup",
        TARGET,
        "--kind",
        "cloud",
        "--only",
        "sshd",
        "--only",
        "journal",
        "--env",
        LIGHT,
    )
    without = machine.type(*words, "--json", check=False)
    assert without.returncode == 5
    assert "-K" in json.loads(without.stdout)["errors"][0]["hint"]
    wrong = machine.type(*words, "-K", "--json", check=False, typed="not-it\n")
    assert wrong.returncode == 5
    right = machine.type(*words, "-K", "--json", typed="planted-password\n")
    assert json.loads(right.stdout)["data"]["done"], right.stdout
    assert machine.effective()["passwordauthentication"] == "no"
    assert holding(machine, "planted-password") == set()
    assert "planted-password" not in box.run(["journalctl", "--no-pager"]).stdout


def test_a_login_that_no_longer_works_is_told_and_goes_back(machine: Machine) -> None:
    """The key that proves is gone when it counts: sshd's change is reported as failed."""
    machine.box.put("/etc/ssh/sshd_config.d/20-who.conf", f"DenyUsers {USER}\n")
    found = machine.ask(*SETUP, "--only", "sshd", check=False)
    states = {one["step"]: one["state"] for one in found["steps"]}
    assert states["sshd"] == "failed"
    assert not found["done"]
    machine.box.systemctl("start", "--wait", "fastcompanion-rollback-sshd.service")
    assert machine.effective()["passwordauthentication"] == "yes"


def test_the_printed_script_is_the_same_one(machine: Machine) -> None:
    printed = machine.type("server", "setup", "--print", "--kind", "cloud", "--skip", "swap", "--env", LIGHT, "--user", USER).stdout  # fmt: skip
    machine.box.put(SCRIPT, printed)
    done = machine.box.run(["sh", SCRIPT, "--only", "journal"], check=False)
    assert done.returncode == 0
    assert '"step":"journal","state":"changed"' in done.stdout
    zone = next(line for line in printed.splitlines() if line.startswith("NIGHT_ZONE="))
    mine = script.render(machine.options(timezone=zone.partition("=")[2].strip("'")))
    assert printed == mine


#: As `server setup` does it, without what takes an index of the whole world.
SMALL = """
import json, sys
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import registry
from fastcompanion.server.connection import connect
from fastcompanion.server.setup.running import setup
from fastcompanion.server.setup.script import Options
options = Options(kind="cloud", modules=("six",), only=("python", "program"), mode=sys.argv[2])
found = setup(connect(registry.parse(sys.argv[1])), options, SILENT)
print(json.dumps([found.done, found.changes, [(one.step, one.state, one.note) for one in found.steps]]))
"""


@pytest.mark.timeout(600)
def test_the_program_itself_is_sent_where_no_index_has_it(machine: Machine, index: Path) -> None:
    wheels.make_needed("fastcompanion", index)
    machine.box.put("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {index}\n")
    there = [f"/home/{USER}/.venvs/fast/bin/python", "-m", "fastcompanion", "--version"]

    def typed(mode: str) -> Any:
        words = [sys.executable, "-c", SMALL, TARGET, mode]
        return json.loads(machine.box.run(words, user=HOME_USER, seconds=280).stdout)

    done, changes, steps = typed("apply")
    assert (done, changes) == (True, 2), steps
    said = machine.box.run(there, user=USER).stdout
    assert said.startswith("fastcompanion"), said
    assert typed("check")[:2] == [True, 0]
    assert typed("apply")[:2] == [True, 0]
    assert typed("undo")[0]
    assert machine.box.run(there, user=USER, check=False).returncode
    assert machine.box.run(["find", "/var/lib/fastcompanion", "-name", "*.whl"], check=False).stdout == ""  # fmt: skip


def test_undo_from_home(machine: Machine) -> None:
    machine.type(*SETUP)
    asked = machine.type("server", "setup", TARGET, "--undo", check=False)
    assert asked.returncode == 2
    undone = machine.ask("server", "setup", TARGET, "--undo", "--yes")
    assert undone["done"]
    assert machine.effective()["passwordauthentication"] == "yes"
    assert machine.login()
