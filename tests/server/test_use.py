"""`server list|ssh|keep|status|logs|forget` through main(argv), with a real ssh server."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock, workspace
from fastcompanion.commands import candidates
from fastcompanion.server import host_keys, ledger, registry, states, syncing
from fastcompanion.server.registry import Server
from tests.server.ssh_server import SshServer

Runner = Callable[..., Any]
WATCHER = Path(__file__).resolve().parents[2] / "templates" / "server" / "idle.py"
GPU = """#!/bin/sh
case $1 in --query-gpu=name,*) echo 'Tesla T4, 37, 1024, 15360, 535.183.01';; *) echo 37;; esac
"""


def told(**values: Any) -> str:
    """A watcher that says so."""
    usual = {"in_use": False, "reasons": [], "quiet_seconds": 1200, "idle_seconds": 3600, "on_idle": "poweroff",
             "stops_in_seconds": 2400, "limit_in_seconds": 25200}  # fmt: skip
    said = json.dumps({**usual, **values})
    return f'#!/bin/sh\n[ "$1" = status ] && echo \'{said}\' || echo "$@" >$HOME/kept\n'


@pytest.fixture
def box(there: SshServer) -> SshServer:
    """The machine, in the list of servers; nothing on it asks sudo."""
    registry.add(there.server(kind="cloud", price=0.5))
    there.program("sudo", "#!/bin/sh\nexit 1\n")
    return there


def test_an_empty_list_says_how_to_begin(run: Runner) -> None:
    outcome = run("server", "list")
    assert outcome.code == 0
    assert "server setup user@host" in outcome.out
    assert run("server", "list", "--json").data == {"servers": []}


def test_the_list(run: Runner, box: SshServer) -> None:
    registry.add(Server("desk", host="desk.local"))
    outcome = run("server", "list")
    assert f"ada@127.0.0.1:{box.port}" in outcome.out
    assert "$0.500" in outcome.out
    assert [one["name"] for one in run("server", "list", "--json").data["servers"]] == ["box", "desk"]  # fmt: skip


def test_status_with_all_there_is_to_know(run: Runner, box: SshServer) -> None:
    box.program("fastcompanion-idle", told())
    box.program("nvidia-smi", GPU)
    box.program("cut", "#!/bin/sh\necho 7260.5\n")
    found = run("server", "status", "--json")
    assert found.code == 0
    [one] = found.data["servers"]
    assert one["state"] == "running"
    assert one["uptime_minutes"] == 121
    assert (one["in_use"], one["idle_minutes"], one["stops_in_minutes"], one["limit_in_minutes"]) == (False, 20, 40, 420)  # fmt: skip
    assert one["gpus"] == [{"name": "Tesla T4", "percent": 37, "memory_used": 1024, "memory_total": 15360, "driver": "535.183.01"}]  # fmt: skip
    assert one["money"]["hours_since_start"] == pytest.approx(2.02, abs=0.05)
    assert one["money"]["cost_since_start"] == pytest.approx(1.01, abs=0.05)
    text = run("server", "status").out
    for words in ("box is running", "2 h 1 min", "no, for 20 min", "in 40 min", "in 7 h, ", "37 %", "$1.01", "GB free"):  # fmt: skip
        assert words in text, text


def test_status_says_what_keeps_it_awake(run: Runner, box: SshServer) -> None:
    box.program("fastcompanion-idle", told(in_use=True, reasons=["kernel 1234 runs"]))
    text = run("server", "status", "box").out
    assert "kernel 1234 runs" in text
    assert "40 min after the last use" in text


def test_status_of_the_real_watcher(run: Runner, box: SshServer) -> None:
    """What it prints is what we read: the two files are written by two people."""
    shutil.copy(WATCHER, box.home / "watcher.py")
    box.program("fastcompanion-idle", f'#!/bin/sh\nexec {sys.executable} "$HOME/watcher.py" "$@"\n')
    [one] = run("server", "status", "--json").data["servers"]
    assert one["in_use"] is not None
    assert one["on_idle"] == "poweroff"
    assert one["stops_in_minutes"] is not None


def test_status_of_a_machine_without_anything_of_ours(run: Runner, box: SshServer) -> None:
    text = run("server", "status").out
    assert "not known: it has no idle watcher" in text
    assert "not by itself" in text


def test_a_home_box_only_tells(run: Runner, box: SshServer) -> None:
    box.program("fastcompanion-idle", told(on_idle="warn"))
    assert "never by itself" in run("server", "status").out


def test_a_driver_that_does_not_fit_is_said(run: Runner, box: SshServer) -> None:
    box.program("nvidia-smi", "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'; exit 18\n")  # fmt: skip
    assert "Driver/library version mismatch" in run("server", "status").out


def test_what_cannot_be_reached_is_said_with_exit_5(run: Runner, box: SshServer) -> None:
    ledger.append("box", "started", price=0.5, at=clock.parse("2026-11-01T00:00:00+00:00"))
    box.stop()
    outcome = run("server", "status", env={"FASTCOMPANION_NOW": "2026-11-01T10:00:00+00:00"})
    assert outcome.code == 5
    assert "box is unreachable" in outcome.out
    assert "no ssh server listens" in outcome.out
    assert "10.0 h, $5.00" in outcome.out


def test_a_stopped_cloud_machine_is_not_asked_and_nags_after_a_week(run: Runner) -> None:
    registry.add(Server("gpu", "cloud", "ec2", "192.0.2.7", "ubuntu", price=0.5))
    start, stop = "2026-11-01T00:00:00+00:00", "2026-11-01T02:00:00+00:00"
    ledger.append("gpu", "started", price=0.5, idle_price=0.01, at=clock.parse(start))
    ledger.append("gpu", "stopped", at=clock.parse(stop))
    outcome = run("server", "status", env={"FASTCOMPANION_NOW": "2026-11-09T02:00:00+00:00"})
    assert outcome.code == 0
    for words in ("gpu is stopped", "8.0 days, $1.92", "$2.92", "server start gpu", "terminate gpu"):  # fmt: skip
        assert words in outcome.out
    before = run("server", "status", env={"FASTCOMPANION_NOW": "2026-11-05T02:00:00+00:00"}).out
    assert "terminate" not in before


@pytest.mark.parametrize(
    "words", ["ssh gpu -- true", "jupyter gpu", "keep gpu 2h", "logs gpu", "sync gpu push"]
)
def test_a_stopped_cloud_machine_is_not_used(run: Runner, study: Path, words: str) -> None:
    """Its old address may belong to somebody else by now."""
    registry.add(Server("gpu", "cloud", "ec2", "192.0.2.7", "ubuntu"))
    ledger.append("gpu", "stopped")
    outcome = run("server", *words.split())
    assert outcome.code == 3
    assert "fastcompanion server start gpu" in outcome.err


def test_the_shell_offers_the_names_of_servers(box: SshServer) -> None:
    assert candidates.of("servers", None) == ["box"]
    workspace.servers_file().write_text("broken: [")
    assert candidates.of("servers", None) == []


def test_a_stop_that_nobody_told_the_ledger_of(run: Runner, box: SshServer) -> None:
    """It ran in the morning and was last seen at 10:00; it stopped itself and came back at 15:00."""
    ledger.append("box", "started", price=0.5, at=clock.parse("2026-11-01T08:00:00+00:00"))
    ledger.append("box", "noted", at=clock.parse("2026-11-01T10:00:00+00:00"))
    box.program("cut", "#!/bin/sh\necho 3600\n")
    now = {"FASTCOMPANION_NOW": "2026-11-01T16:00:00+00:00"}
    [one] = run("server", "status", "--json", env=now).data["servers"]
    assert one["money"]["hours_since_start"] == pytest.approx(1)
    assert one["money"]["hours_this_month"] == pytest.approx(3)
    for _ in range(3):
        run("server", "status", env=now)
    assert [one.event for one in ledger.read("box")] == ["started", "noted", "stopped", "started", "noted"]  # fmt: skip


def test_a_start_at_ec2_that_was_only_seen_keeps_the_price_with_its_disk() -> None:
    """What a machine costs alone is less than what was noted at its launch."""
    server = Server("gpu", "cloud", "ec2", "192.0.2.7", "ubuntu", price=0.5, max_hours=1)
    first, second = (clock.parse(f"2026-11-0{day}T08:00:00+00:00") for day in (1, 2))
    states.observe(server, first)
    assert ledger.read("gpu")[-1].price == 0.5, "better than none"
    ledger.append("gpu", "resized", price=0.6, at=first)
    states.observe(server, second)
    spent = ledger.cost("gpu", second, clock.parse("2026-11-02T10:00:00+00:00"))
    assert spent.running_cost == pytest.approx(1.2)


def test_keep(run: Runner, box: SshServer) -> None:
    box.program("fastcompanion-idle", told())
    assert run("server", "keep", "box", "2h", "--dry-run").code == 0
    assert not (box.home / "kept").exists()
    assert run("server", "keep", "box", "2h").code == 0
    assert (box.home / "kept").read_text() == "keep 2h\n"
    wrong = run("server", "keep", "box", "2 hours; reboot")
    assert wrong.code == 2
    assert "90m, 2h or 1d" in wrong.err


def test_keep_where_nothing_would_stop_it(run: Runner, box: SshServer) -> None:
    outcome = run("server", "keep", "box", "2h")
    assert outcome.code == 3
    assert "nothing on box would stop it" in outcome.err


def test_ssh_runs_a_command_with_its_own_words_and_exit_code(
    run: Runner, box: SshServer, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = run("server", "ssh", "box", "--", "sh", "-c", "echo 'two  words'; exit 7")
    assert outcome.code == 7
    assert capfd.readouterr().out == "two  words\n"


def test_a_single_text_is_a_line_for_the_shell_there(
    run: Runner, box: SshServer, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("server", "ssh", "box", "--", "cd / && pwd; exit 3").code == 3
    assert capfd.readouterr().out == "/\n"
    assert "'cd / && pwd'" in run("server", "ssh", "box", "--dry-run", "--", "cd / && pwd").out


def test_ssh_without_a_program_ssh_says_what_to_install(
    run: Runner, box: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("server", "status")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("server", "ssh", "box")
    assert done.code == 5
    assert "openssh-client" in done.err


def test_ssh_runs_a_command_on_the_only_server(
    run: Runner, box: SshServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for words in (("ssh",), ("ssh", "-q"), ("ssh", "--study", ".")):
        assert run("server", *words, "--", "sh", "-c", "echo there; exit 7").code == 7
        assert capfd.readouterr().out == "there\n"
    registry.add(Server("desk", host="desk.local"))
    several = run("server", "ssh", "--", "true")
    assert several.code == 2
    assert "which server? There are box, desk" in several.err


@pytest.mark.parametrize("words", ["status box", "logs box", "ssh box -- true"])
def test_the_first_contact_is_told_of(run: Runner, box: SshServer, words: str) -> None:
    assert box.fingerprint in run("server", *words.split()).err
    assert box.fingerprint not in run("server", *words.split()).err


def test_ssh_only_shows_the_line_with_dry_run(run: Runner, box: SshServer) -> None:
    outcome = run("server", "ssh", "box", "--dry-run")
    assert "ssh -o BatchMode=no" in outcome.out
    assert box.connections == 0


JOURNAL = """#!/bin/sh
case "$*" in
  *fastcompanion-jupyter*) echo "http://127.0.0.1:8888/lab?token=0123456789abcdef0123 [LabApp] Token: 0123456789abcdef0123";;
  *fastcompanion-setup*) echo "key AKIAIOSFODNN7PLANTED"; echo "-----BEGIN OPENSSH PRIVATE KEY-----AAAA";;
  *) echo "Nobody uses this machine";;
esac
"""


def test_logs_without_secrets(run: Runner, box: SshServer) -> None:
    box.program("journalctl", JOURNAL)
    outcome = run("server", "logs", "box")
    assert outcome.code == 0
    assert "Nobody uses this machine" in outcome.out
    assert "[LabApp]" in outcome.out
    for secret in ("0123456789abcdef", "AKIA", "AAAA"):
        assert secret not in outcome.out


def test_forget_asks_and_touches_nothing_there(run: Runner, box: SshServer) -> None:
    run("server", "status")
    commands = len(box.commands)
    assert run("server", "forget", "box").code == 2
    assert run("server", "forget", "box", "--host-key", "--yes").code == 0
    assert host_keys.of("fc-box") == ()
    assert registry.find("box").name == "box"
    assert run("server", "forget", "box", "--yes").code == 0
    assert registry.read() == ()
    assert len(box.commands) == commands


def test_what_was_synced_is_forgotten_too(run: Runner, box: SshServer, tmp_path: Path) -> None:
    """Else `pull --delete` of a new machine of that name would take away here what it never had."""
    kept = syncing.base_file("box", tmp_path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"version": 1, "root": str(tmp_path), "files": {"a": [1, 1.0]}}))
    assert run("server", "forget", "box", "--host-key", "--yes").code == 0
    assert syncing.read_base("box", tmp_path)
    assert run("server", "forget", "box", "--yes").code == 0
    assert not syncing.read_base("box", tmp_path)


def test_forgetting_a_machine_of_the_cloud_says_that_it_costs_on(run: Runner) -> None:
    registry.add(Server("gpu", "cloud", "ec2", "192.0.2.7", "ubuntu", price=0.5))
    outcome = run("server", "forget", "gpu")
    assert outcome.code == 2
    assert "server terminate gpu" in outcome.err
    assert "server terminate gpu" in run("server", "forget", "gpu", "--dry-run").out
    gone = run("server", "forget", "gpu", "--yes").out
    assert "may go on costing money" in gone
    assert "server status --all-regions" in gone


@pytest.mark.parametrize("text", ["servers: []\n", "version: [\n", "version: 9\nservers: []\n"])
def test_a_list_that_can_not_be_read_is_said_once_and_with_its_own_cure(run: Runner, text: str) -> None:  # fmt: skip
    path = workspace.servers_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    found = run("doctor", "server", "--json").data["findings"]
    bad = [one for one in found if one["severity"] == "bad"]
    assert len(bad) == 1
    assert "git" not in bad[0]["cure"]


def test_a_name_that_is_none(run: Runner, box: SshServer) -> None:
    outcome = run("server", "status", "bx")
    assert outcome.code == 2
    assert "did you mean box" in outcome.err


def test_a_registry_of_a_newer_program_is_said(run: Runner) -> None:
    path = workspace.servers_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version: 9\nservers: []\n")
    outcome = run("server", "list")
    assert outcome.code == 1
    assert "newer fastcompanion" in outcome.err
