"""Keys, the policy, what would be lost, the words of refusals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import syncing
from fastcompanion.server.cloud import (
    address,
    asking,
    ending,
    keys,
    launching,
    orphans,
    policy,
    refusals,
    stopping,
    unsaved,
)
from fastcompanion.server.cloud.plan import Wanted
from fastcompanion.server.connection import Local
from fastcompanion.server.registry import Server
from tests.server.cloud.conftest import PUBLIC_KEY, QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws
from tests.server.ssh_server import SshServer

Runner = Callable[..., Any]
Git = Callable[..., str]
_SERVICES = {"GetParameter": "ssm", "GetServiceQuota": "servicequotas", "GetProducts": "pricing"}
_ALARMS = ("PutMetricAlarm", "DeleteAlarms", "DescribeAlarms")
# What an action needs beside its own leave.
_ALSO = {
    "RunInstances": "ec2:CreateTags",
    "PutMetricAlarm": "cloudwatch:TagResource",
}


def test_the_policy_allows_what_is_asked_and_nothing_more(
    fake: FakeAws, key: Path, box: Box
) -> None:
    for spot in (False, True):
        aws, order = ordered(spot=spot)
        asking.asked(aws, Wanted(spot=spot))
        launching.launch(aws, order, SILENT, patience=QUICK)
        stopping.stop("gpu1", patience=QUICK)
        if not spot:
            stopping.resize("gpu1", "g5.xlarge")
        stopping.start("gpu1", SILENT, cidr="91.198.174.192/32", patience=QUICK)
        orphans.everything()
        ending.end("gpu1", SILENT, patience=QUICK)
    asked = {_leave(action) for action in fake.calls}
    asked |= {_ALSO[action] for action in fake.calls if action in _ALSO}
    allowed = {
        action
        for statement in policy.document()["Statement"]
        for action in statement["Action"]
        if not action.startswith("iam:")
    }
    # Of the fall-back ways, which this launch did not need.
    fallbacks = {"ec2:DeleteVolume"}
    assert asked <= allowed, asked - allowed
    assert allowed - asked <= fallbacks, allowed - asked


def _leave(action: str) -> str:
    service = _SERVICES.get(action, "cloudwatch" if action in _ALARMS else "ec2")
    return f"{service}:{action}"


def test_the_policy_ends_only_what_is_ours() -> None:
    document = json.loads(policy.text())
    for statement in document["Statement"]:
        ends = [one for one in statement["Action"] if "Delete" in one or "Terminate" in one]
        if ends:
            assert "fastcompanion" in json.dumps(statement.get("Condition", statement["Resource"]))
        assert "*" not in statement["Action"]


def test_iam_policy_prints_what_can_be_pasted(run: Runner) -> None:
    told = run("server", "iam-policy")
    assert told.code == 0
    assert json.loads(told.out) == policy.document()


def test_a_key_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "work.pub").write_text(f"{PUBLIC_KEY}\n")
    found = keys.find(tmp_path / "work")
    assert (found.line, found.identity) == (PUBLIC_KEY, None)
    (tmp_path / "work").write_text("private")
    assert keys.find(tmp_path / "work.pub").identity == str(tmp_path / "work")


def test_keys_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "id.pub").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n")
    with pytest.raises(CompanionError) as failed:
        keys.find(tmp_path / "id.pub")
    assert "is no public key" in failed.value.message
    with pytest.raises(CompanionError) as failed:
        keys.find(tmp_path / "none")
    assert failed.value.code == 2


def test_a_kind_of_key_that_ec2_does_not_keep(
    fake: FakeAws, key: Path, box: Box, isolated: Path
) -> None:
    line = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIA== token"
    (isolated / ".ssh" / "id_ed25519.pub").write_text(line + "\n")
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    assert "ImportKeyPair" not in fake.calls
    asked = [fields for action, fields in fake.asked if action == "RunInstances"][-1]
    assert "KeyName" not in asked
    ending.end("gpu1", SILENT, patience=QUICK)
    assert fake.left() == {}


def test_the_key_of_an_agent(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ssh-agent") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-agent here")
    socket = isolated / "agent"
    agent = subprocess.run(
        ["ssh-agent", "-a", str(socket)], capture_output=True, text=True, check=True
    )
    pid = int(agent.stdout.split("SSH_AGENT_PID=")[1].split(";")[0])
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        with pytest.raises(CompanionError) as failed:
            keys.find()
        assert failed.value.code == 3
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(isolated / "k")]
        subprocess.run(words, check=True)
        subprocess.run(["ssh-add", "-q", str(isolated / "k")], check=True, capture_output=True)
        found = keys.find()
        assert found.origin == "your ssh agent"
        assert found.line.split()[:2] == (isolated / "k.pub").read_text().split()[:2]
    finally:
        os.kill(pid, 15)


def test_the_page_that_tells_the_address(tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Teller(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"81.2.69.142\n")

        def log_message(self, *_: object) -> None:
            """Be silent."""

    server = HTTPServer(("127.0.0.1", 0), Teller)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        told = address.told_by_aws(f"http://127.0.0.1:{server.server_port}/")
        assert address.network(told) == "81.2.69.142/32"
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(CompanionError) as failed:
        address.told_by_aws(f"http://127.0.0.1:{server.server_port}/")
    assert failed.value.code == 5


def test_secrets_in_the_words_of_aws_are_taken_out() -> None:
    words = (
        "bad key AKIAABCDEFGHIJKLMNOP token=abc123 Encoded authorization failure message: xYz-_9"
    )
    assert refusals.clean(words) == "bad key *** ***"
    assert len(refusals.clean("x" * 5000)) < 500


def _home(folder: Path, git: Git) -> Path:
    """A home folder with a project, some of it pushed, and results."""
    home = folder / "home"
    (home / "work").mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "far.git")
    git(home / "work", "init", "-q", "-b", "main")
    (home / "work" / "a.py").write_text("1\n")
    git(home / "work", "add", "a.py")
    git(home / "work", "commit", "-q", "-m", "one")
    git(home / "work", "remote", "add", "origin", str(folder / "far.git"))
    git(home / "work", "push", "-q", "origin", "main")
    return home


def _look(home: Path, since: float, monkeypatch: pytest.MonkeyPatch) -> unsaved.Look:
    monkeypatch.setenv("HOME", str(home))
    return unsaved.look(Local(Server("here", provider="local")), since)


def test_nothing_would_be_lost(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _home(tmp_path, git)
    (home / ".cache").mkdir()
    (home / ".cache" / "model").write_text("x")
    found = _look(home, 0, monkeypatch)
    assert found.clean, found


def test_what_would_be_lost(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _home(tmp_path, git)
    (home / "work" / "a.py").write_text("2\n")
    git(home / "work", "commit", "-q", "-am", "two")
    (home / "work" / "b.py").write_text("new\n")
    (home / "my results").mkdir()
    (home / "my results" / "model.pth").write_bytes(b"0" * 1000)
    old = home / "old.csv"
    old.write_text("x")
    os.utime(old, (1_000_000, 1_000_000))
    found = _look(home, 2_000_000, monkeypatch)
    seen = {(one.kind, one.path): (one.count, one.bytes) for one in found.found}
    assert seen == {
        ("uncommitted", "./work"): (1, 0),
        ("unpushed", "./work"): (1, 0),
        ("files", "my results"): (1, 1000),
    }


def test_what_was_synced_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: Path
) -> None:
    """A push of one file says nothing of results that were made there before it."""
    home, here = tmp_path / "home", tmp_path / "here" / "my study"
    (home / "fastcompanion" / "my study" / "runs").mkdir(parents=True)
    here.mkdir(parents=True)
    (home / "b.txt").write_text("x")
    (home / "fastcompanion" / "my study" / "runs" / "model.pth").write_bytes(b"0" * 1000)
    (here / "a.ipynb").write_text("{}")
    monkeypatch.setenv("HOME", str(home))
    way = Local(Server("gpu1", provider="local"))
    syncing.sync(way, here, "push")
    found = unsaved.look(way, 0)
    assert [(one.path, one.count, one.bytes) for one in found.found] == [
        ("b.txt", 1, 1),
        ("fastcompanion", 1, 1000),
    ]
    syncing.sync(way, here, "pull")
    assert [one.path for one in unsaved.look(way, 0).found] == ["b.txt"]
    (home / "fastcompanion" / "my study" / "a.ipynb").write_text("worked on there")
    assert [one.path for one in unsaved.look(way, 0).found] == ["b.txt", "fastcompanion"]
    syncing.forget("gpu")
    assert syncing.read_base("gpu1", here), "another name's is another's"
    syncing.forget("gpu1")
    assert not syncing.read_base("gpu1", here)


def test_a_look_over_ssh(
    there: SshServer, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastcompanion.server.connection import connect

    (there.home / "notes.txt").write_text("kept nowhere else")
    found = unsaved.look(connect(there.server()), 0)
    assert [(one.kind, one.path) for one in found.found] == [("files", "notes.txt")]
    there.stop()
    lost = unsaved.look(connect(there.server()), 0)
    assert (lost.looked, lost.clean) == (False, False)
    assert lost.why_not
