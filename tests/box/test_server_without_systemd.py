"""Machines without systemd as their first process: a rented container, and WSL as it comes; in a chroot of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.server.setup import report, script
from fastcompanion.server.setup.report import Report
from fastcompanion.server.setup.script import Options
from tests.box import rootfs
from tests.box.box import USER, Missing
from tests.box.server import (
    KEY,
    LIGHT,
    LIGHT_JUPYTER,
    LIGHT_PYTHON,
    ONLY_RENTED,
    notes,
    states,
)

pytestmark = pytest.mark.box

#: In namespaces of its own: FOLDER (what is put into the system first) TREE PLACE
ENTER = """set -eu
mount -t tmpfs machine "$3"; mkdir "$3/up" "$3/work" "$3/root"
cp -r "$1/." "$3/up"; chown -R root:root "$3/up"; root=$3/root
mount -t overlay overlay -o "lowerdir=$2,upperdir=$3/up,workdir=$3/work" "$root"
mount -t proc proc "$root/proc"; mount --bind /dev "$root/dev"; mount -t tmpfs run "$root/run"
if [ -e "$root/version" ]; then mount --bind "$root/version" "$root/proc/version"; fi
ip link set lo up
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" bash /steps.sh"""
ALIVE = "curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8888/api"
WSL_KERNEL = "Linux version 6.6.87.2-microsoft-standard-WSL2 (root@439a258ad544) #1 SMP\n"


def live(tmp_path: Path, runs: Sequence[Options], *, kernel: str = "") -> tuple[list[Report], str]:
    """Run the script with these options, one after the other, in one life of a machine; what each said, and all of it."""
    try:
        tree = rootfs.find("server")
    except Missing as why:
        pytest.skip(str(why))
    put(tmp_path, f"{LIGHT}/bin/python", LIGHT_PYTHON)
    put(tmp_path, f"{LIGHT}/lib/jupyterlab/__main__.py", LIGHT_JUPYTER)
    put(tmp_path, "/before", "")
    if kernel:
        put(tmp_path, "/version", kernel)
    steps = []
    for number, options in enumerate(runs):
        put(tmp_path, f"/root/{number}.sh", script.render(options))
        steps += [f"bash /root/{number}.sh || true", ALIVE]
    steps.append("find /etc /usr/local /opt /var/lib/fastcompanion -newer /before -type f 2>/dev/null; stat -c 'key %a %U' /home/*/.ssh/authorized_keys")  # fmt: skip
    put(tmp_path, "/steps.sh", "\n".join(steps))
    with tempfile.TemporaryDirectory() as place:
        unshared = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net"]  # fmt: skip
        words = [*unshared, "sh", "-c", ENTER, "sh", str(tmp_path), str(tree), place]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode in (0, 1), done.stderr
    events = [event for line in done.stdout.splitlines() if (event := report.read(line))]
    ends = [number for number, event in enumerate(events) if event.step == report.ALL]
    parts = zip([0, *(end + 1 for end in ends)], ends, strict=False)
    return [report.collect(events[begin : end + 1]) for begin, end in parts], done.stdout


def put(folder: Path, path: str, text: str) -> None:
    file = folder / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def test_a_container_from_its_first_run_to_undo(tmp_path: Path) -> None:
    options = Options(kind="container", user="grace", key=KEY, environment=LIGHT)
    runs = [replace(options, mode="check"), options, options, replace(options, mode="undo")]
    (checked, first, second, undone), said = live(tmp_path, runs)
    wanted = {"user", "key", "jupyter"}
    assert {name for name, state in states(checked).items() if state == "would-change"} == wanted
    assert first.done, notes(first)
    assert {name for name, state in states(first).items() if state == "changed"} == wanted
    assert "does not stop the bill" in notes(first)["preflight"]
    assert "without systemd it is gone after a restart" in notes(first)["jupyter"]
    assert (second.done, second.changes) == (True, 0), states(second)
    assert undone.done, notes(undone)
    codes = [line for line in said.splitlines() if len(line) == 3]
    assert codes == ["000", "200", "200", "000"]
    assert "key 600 grace" in said
    assert "fastcompanion" not in said.rpartition('"step":"all"')[2]


def test_wsl_as_it_comes_has_no_systemd_and_is_told_so(tmp_path: Path) -> None:
    options = Options(kind="wsl", user=USER, environment=LIGHT)
    runs = [options, options, replace(options, mode="undo"), replace(options, kind="cloud")]
    (first, second, undone, mistaken), said = live(tmp_path, runs, kernel=WSL_KERNEL)
    assert first.done, notes(first)
    assert {name for name, state in states(first).items() if state == "skipped"} >= ONLY_RENTED
    assert states(first)["jupyter"] == "changed"
    assert "systemd=true into /etc/wsl.conf" in notes(first)["preflight"]
    assert (second.done, second.changes) == (True, 0), states(second)
    assert undone.done, notes(undone)
    assert states(mistaken)["preflight"] == "failed"
    assert [line for line in said.splitlines() if len(line) == 3] == ["200", "200", "000", "000"]


def test_a_rented_machine_without_systemd_is_taken_for_a_container(tmp_path: Path) -> None:
    (found,), _ = live(tmp_path, [Options(kind="cloud", user=USER, environment=LIGHT)])
    assert "say --kind container" in json.dumps(notes(found))
