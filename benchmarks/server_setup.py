"""A second `server setup`, which has nothing to do, beside a bare `ssh HOST true`, pyinfra and Ansible.

    python -m benchmarks.run_all server_setup

In a box, over its real sshd, by the learner's own user; all in turn. Of each program what it does is timed, less
its own start: ours in one process, of the others the time of `--version` is taken off. The others get the nearest
list that they have words for (benchmarks/server_setup_peers): the same files with their modes and owners, the same
packages, user, folder and units, and as plain commands what sshd and the firewall say and whether Jupyter answers.
They do not look for a GPU, free space, the key, the rights of sudo or the environment of Python. Ansible keeps its
connection open from run to run and pipelines; ours makes a new one each time, as `ssh HOST true` does.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, Missing, Row, run_alone, seconds
from fastcompanion.base.reporter import SILENT
from fastcompanion.server.connection import connect
from fastcompanion.server.registry import Server
from fastcompanion.server.setup import running
from tests.box.box import USER, Box, program_folders
from tests.box.box import Missing as NoBox
from tests.box.server import ENVIRONMENT, HOME_USER, Machine

ROUNDS, RUNS_IN_ROUND = 3, 7
BUDGETS = {"ssh HOST true": 1.5, "pyinfra": 0.5, "ansible-playbook": 0.1}
PEERS = os.environ.get("FASTCOMPANION_PEERS", "")
MAKE_PEERS = "uv venv peers && uv pip install --python peers pyinfra ansible-core"
STEPS = Path(__file__).with_name("server_setup_peers")
PLACE = f"/home/{HOME_USER}/peers"
KEEP = "/var/lib/fastcompanion/keep"
UNITS = ("limit.timer", "limit-notice.timer", "idle.timer", "restart.timer", "jupyter.service")
#: On both sides of the box's door.
OPTIONS = Machine.options(environment=ENVIRONMENT)
#: What is asked, what is in a good answer, and what would help.
QUESTIONS = (
    (f"sshd -T -C user={USER},host=localhost,addr=127.0.0.1", "passwordauthentication no", "false"),
    ("ufw status verbose", "deny (incoming)", "ufw --force enable"),
    ("curl -fsS http://127.0.0.1:8888/api", "version", "systemctl restart fastcompanion-jupyter"),
)


def measure() -> list[Row]:
    """Give a row for each peer; needs what `make test-box` needs, and FASTCOMPANION_PEERS for the others."""
    shown = {*program_folders(), Path(ENVIRONMENT), *([Path(PEERS).resolve()] if PEERS else [])}
    try:
        box = Box("server", shown=sorted(shown))
    except NoBox as why:
        raise Missing(f"a box: {why}") from None
    with box:
        machine = Machine(box)
        machine.rent()
        for _ in range(2):
            done = machine.script(OPTIONS)
            assert done.done, done
        if PEERS:
            _hand_over(box)
        else:
            print(f"pyinfra and Ansible are not measured: {MAKE_PEERS}; then FASTCOMPANION_PEERS=peers", file=sys.stderr)  # fmt: skip
        inside = [sys.executable, "-m", "benchmarks.server_setup", "inside"]
        peers = {"FASTCOMPANION_PEERS": str(Path(PEERS).resolve())} if PEERS else {}
        said = box.run(inside, user=HOME_USER, cwd=str(ROOT), env=peers, seconds=1800).stdout
    took: dict[str, list[float]] = json.loads(said.splitlines()[-1])
    return [_row(took, peer) for peer in BUDGETS if peer in took]


def _row(took: dict[str, list[float]], peer: str) -> Row:
    """The peer's runs, less its start, and ours of the same rounds."""
    start = statistics.median(took.get(f"{peer} --version", [0.0]))
    theirs = [one - start for one in took[peer]]
    mine = took["ours"]
    per_round = len(mine) // len(theirs)
    pairs = sorted(
        statistics.median(mine[at * per_round : (at + 1) * per_round]) / other
        for at, other in enumerate(theirs)
    )
    ratio = statistics.median(mine) / statistics.median(theirs)
    spread = f"{pairs[len(pairs) // 4]:.2f} to {pairs[-1 - len(pairs) // 4]:.2f}"
    name = peer if peer.startswith("ssh") else f"{peer}, the same steps"
    return Row("server setup, nothing to do", name, BUDGETS[peer], ratio, spread, len(theirs))


def _hand_over(box: Box) -> None:
    """Give the learner at home the peers' steps, and copies of the files that setup made."""
    known = box.read("/var/lib/fastcompanion/files").split()
    paths = [one for one in known if not one.endswith("/")]
    told = box.run(["stat", "-c", "%a %U %n", *paths]).stdout.splitlines()
    files = []
    for number, line in enumerate(told):
        mode, owner, path = line.split(" ", 2)
        copy = f"{PLACE}/{number}"
        box.put(copy, box.read(path), user=HOME_USER)
        files.append({"path": path, "mode": mode, "owner": owner, "source": copy})
    things = {
        "packages": box.read("/var/lib/fastcompanion/installed").split(),
        "user": USER,
        "files": files,
        "keep": KEEP,
        "units": [f"fastcompanion-{one}" for one in UNITS],
        "questions": QUESTIONS,
    }
    box.put(f"{PLACE}/things.json", json.dumps(things), user=HOME_USER)
    for step in ("deploy.py", "playbook.yml"):
        box.put(f"{PLACE}/{step}", (STEPS / step).read_text(encoding="utf-8"), user=HOME_USER)


# --- at home, in the box ---


def inside() -> dict[str, list[float]]:
    """Time all of them in turn, each once before it counts."""
    acts = _acts()
    for act in acts.values():
        act()
    took: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for _ in range(RUNS_IN_ROUND):
            for name in ("ssh HOST true", "ours"):
                took[name].append(seconds(acts[name]))
        for name in acts.keys() - {"ssh HOST true", "ours"}:
            took[name].append(seconds(acts[name]))
    return took


def _acts() -> dict[str, Callable[[], object]]:
    ssh = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", f"{USER}@127.0.0.1"]  # fmt: skip
    acts: dict[str, Callable[[], object]] = {
        "ssh HOST true": lambda: _run([*ssh, "true"]),
        "ours": _ours,
    }
    if PEERS:
        pyinfra = [f"{PEERS}/bin/pyinfra"]
        ansible = [f"{PEERS}/bin/ansible-playbook"]
        steps = ["127.0.0.1", "--user", USER, "--sudo", "-y", "deploy.py"]
        acts["pyinfra"] = lambda: _run([*pyinfra, *steps])
        acts["pyinfra --version"] = lambda: _run([*pyinfra, "--version"])
        tasks = ["-i", "127.0.0.1,", "-u", USER, "playbook.yml"]
        acts["ansible-playbook"] = lambda: _run([*ansible, *tasks])
        acts["ansible-playbook --version"] = lambda: _run([*ansible, "--version"])
    return acts


def _ours() -> None:
    server = Server("gpu", kind="cloud", host="127.0.0.1", user=USER)
    found = running.setup(connect(server), OPTIONS, SILENT)
    assert found.done, found
    assert found.changes == 0, found


def _run(argv: Sequence[str]) -> None:
    env = {**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1"}
    there = PLACE if Path(PLACE).is_dir() else None
    done: Any = subprocess.run(argv, capture_output=True, text=True, check=False, env=env, cwd=there)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    changed = [line for line in done.stdout.splitlines() if "changed=" in line]
    assert all("changed=0" in line for line in changed), done.stdout


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        print(json.dumps(inside()))
    else:
        sys.exit(run_alone(measure))
