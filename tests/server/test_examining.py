"""`doctor server`: each finding with its cure, on real machines that lack something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock, workspace
from fastcompanion.server import ledger, registry
from fastcompanion.server.registry import Server
from tests.server.ssh_server import SshServer

Runner = Callable[..., Any]
Found = list[dict[str, str]]


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials for EC2, and no search for those of a machine there."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def findings(run: Runner) -> Callable[[], tuple[int, Found]]:
    def examine() -> tuple[int, Found]:
        outcome = run("doctor", "server", "--json")
        return outcome.code, outcome.data["findings"]

    return examine


def one(found: Found, words: str) -> dict[str, str]:
    [match] = [row for row in found if words in row["text"]]
    return match


def test_a_machine_without_servers_and_without_a_key(findings: Any, isolated: Path) -> None:
    code, found = findings()
    assert code == 0
    assert one(found, "no ssh key")["cure"] == "ssh-keygen -t ed25519"
    assert one(found, "no servers yet")["severity"] == "ok"
    (isolated / ".ssh").mkdir()
    (isolated / ".ssh" / "id_ed25519").touch()
    assert one(findings()[1], "keys:")["severity"] == "ok"


def test_without_ssh_nothing_works(
    findings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert findings()[0] == 0
    registry.add(Server("box", host="192.0.2.7", provider="ec2"))
    ledger.append("box", "stopped")
    code, found = findings()
    assert code == 5
    assert one(found, "no ssh program")["severity"] == "bad"


def test_a_key_that_is_gone_and_one_that_others_can_read(
    findings: Any, there: SshServer, tmp_path: Path
) -> None:
    registry.add(there.server())
    registry.add(there.server("gone", identity=str(tmp_path / "key")))
    there.identity.chmod(0o644)
    code, found = findings()
    assert code == 5
    assert f"chmod 600 {there.identity}" in [row["cure"] for row in found]
    assert one(found, "the key of gone is gone")["severity"] == "bad"


def test_a_damaged_list_of_servers_is_a_finding(findings: Any) -> None:
    workspace.servers_file().parent.mkdir(parents=True, exist_ok=True)
    workspace.servers_file().write_text("version: 1\nservers: 7\n")
    code, found = findings()
    assert code == 5
    assert any("no list `servers`" in row["text"] and row["file"] for row in found)


def test_a_machine_that_was_stopped_long_ago_still_costs(findings: Any, run: Runner) -> None:
    registry.add(Server("gpu", "cloud", "ec2", "192.0.2.7", "ubuntu", price=0.5))
    ledger.append("gpu", "started", price=0.5, idle_price=0.01, at=clock.parse("2026-11-01T00:00:00+00:00"))  # fmt: skip
    ledger.append("gpu", "stopped", at=clock.parse("2026-11-01T02:00:00+00:00"))
    outcome = run("doctor", "server", env={"FASTCOMPANION_NOW": "2026-11-11T02:00:00+00:00"})
    assert "stopped for 10 days and still costs: disk and address, $2.40 by now" in outcome.out
    assert "fastcompanion server terminate gpu" in outcome.out
    outcome = run("doctor", "server", env={"FASTCOMPANION_NOW": "2026-11-05T02:00:00+00:00"})
    assert "still costs" not in outcome.out


def test_a_server_that_does_not_answer(findings: Any, there: SshServer) -> None:
    registry.add(there.server())
    there.stop()
    code, found = findings()
    assert code == 5
    assert "no ssh server listens" in one(found, "box: ")["text"]


def test_a_server_line_by_line(findings: Any, there: SshServer) -> None:
    registry.add(there.server())
    there.program("df", "#!/bin/sh\necho head; echo 'disk 100000000 97000000 3000000 97% /'\n")
    there.program("stat", "#!/bin/sh\necho 644\n")
    there.program("sed", "#!/bin/sh\n")  # where the developer's own machine was set up, it says so
    code, found = findings()
    assert one(found, "box answers")["severity"] == "ok"
    assert "not applicable: no GPU" in one(found, "driver")["text"]
    assert "only 2.9 GB left" in one(found, "GB left")["text"]
    assert one(found, "others can read the token")["severity"] == "bad"
    assert one(found, "was not set up by fastcompanion")["cure"] == "fastcompanion server setup box"
    assert code == 5


def test_a_machine_is_looked_at_as_it_was_set_up(findings: Any, there: SshServer) -> None:
    """With `--user grace` another one works there than the one who logs in; `--skip journal` was not forgotten."""
    registry.add(there.server(kind="cloud", setup={"skip": ["journal"]}))
    there.program(
        "cat",
        "#!/bin/sh\ncase $1 in */server.env) printf 'KIND=cloud\\nLEARNER=grace\\nON_IDLE=warn\\n';; *) exec /bin/cat \"$@\";; esac\n",
    )
    done = (
        '{"step":"journal","state":"skipped","note":"left out, as asked"}\n'
        '{"step":"swap","state":"would-change","note":""}\n{"step":"all","state":"done","note":""}'
    )
    there.program(
        "bash",
        f"#!/bin/sh\n/bin/cat >~/got\ngrep -q '^MODE=check' ~/got || exec /bin/bash ~/got\ncp ~/got ~/setup\necho '{done}'\n",
    )
    there.program("sudo", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    found = findings()[1]
    told = (there.home / "setup").read_text()
    assert one(found, "journal")["severity"] == "ok"
    assert "left out, as asked" in one(found, "journal")["text"]
    assert "--skip journal --skip swap to do without" in one(found, "swap")["cure"]
    assert "\nSKIP=journal\n" in told
    assert "\nLEARNER=grace\n" in told
    assert "\nON_IDLE=warn\n" in told


def test_a_driver_that_does_not_fit(findings: Any, there: SshServer) -> None:
    registry.add(there.server())
    there.program("nvidia-smi", "#!/bin/sh\necho 'Driver/library version mismatch'; exit 18\n")
    code, found = findings()
    assert code == 5
    assert "reboot" in one(found, "Driver/library version mismatch")["cure"]


def test_all_areas_together_ask_no_server(run: Runner, there: SshServer) -> None:
    registry.add(there.server())
    run("doctor", "--json")
    assert there.connections == 0
