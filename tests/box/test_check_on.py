"""`check --on` on a whole machine: its real sshd, the environment that `server setup` uses, a line that ends."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.box.box import PROGRAM, USER
from tests.box.server import ENVIRONMENT, HOME_USER, TARGET, Machine

pytestmark = pytest.mark.box

STUDY = f"/home/{HOME_USER}/study"
NOTEBOOK = f"{STUDY}/lessons/foundations/01/samuel.scratch.ipynb"
WAITS = "import pathlib, time; pathlib.Path.home().joinpath('waits').touch(); time.sleep(900)"


@pytest.fixture
def studying(at_home: None, machine: Machine) -> Machine:
    """A machine that was set up, and a learner at home with a study."""
    only = ("preflight", "packages", "python", "jupyter")
    told = machine.script(machine.options(only=only, environment=ENVIRONMENT))
    assert told.done, told
    git = ["git", "config", "--global"]
    machine.box.run([*git, "user.name", "Ada"], user=HOME_USER)
    machine.box.run([*git, "user.email", "ada@example.org"], user=HOME_USER)
    machine.type("init", STUDY, "--course", "foundations", "--yes")
    machine.type("lesson", "scratch", "foundations/01", "--study", STUDY)
    return machine


def test_the_check_and_its_end(studying: Machine) -> None:
    machine, box = studying, studying.box
    words = ("check", "foundations/01", "--on", TARGET, "--study", STUDY, "--json")
    done = machine.type(*words, check=False)
    assert done.returncode == 4, done.stderr
    data = json.loads(done.stdout)["data"]
    assert {one["verdict"] for one in data["sections"]} == {"not attempted"}
    assert data["notices"][0].startswith("checked on ")

    book = json.loads(box.read(NOTEBOOK))
    ours = [one for one in book["cells"] if one["metadata"].get("fastcompanion", {}).get("role") == "work"]  # fmt: skip
    ours[0]["source"] = [WAITS]
    box.put(NOTEBOOK, json.dumps(book), user=HOME_USER)
    argv = box._enter([*PROGRAM, *words], HOME_USER, {}, "", 600)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        there = ["test", "-e", f"/home/{USER}/waits"]
        box.until(
            lambda: box.run(there, check=False).returncode == 0,
            seconds=90,
            what="the cell runs there",
        )
        assert kernels(machine)
        box.run(["pkill", "-INT", "-u", HOME_USER, "-f", "check foundations/01 --on"], check=False)
        process.communicate(timeout=60)
    finally:
        process.kill()
    box.until(lambda: not kernels(machine), seconds=30, what="nothing of it is left there")


def kernels(machine: Machine) -> str:
    """List what runs a notebook as the machine's user."""
    found = machine.box.run(
        ["pgrep", "-u", USER, "-f", "ipykernel|fastcompanion check"], check=False
    )
    return str(found.stdout).strip()
