"""Keys, the address, the words of refusals."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server.cloud import (
    address,
    ending,
    keys,
    launching,
    refusals,
)
from tests.server.cloud.conftest import PUBLIC_KEY, QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws

Runner = Callable[..., Any]


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
