"""All of `server` without boto3: only what asks AWS says so, with the line that installs it, and exit 5."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock, own_wheel
from fastcompanion.commands import WORDS
from fastcompanion.server import ledger, registry
from fastcompanion.server.cloud.journal import Journal

Runner = Callable[..., Any]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9uh325ir3OV336n38yKn4pa5iCPw8X9RF1s5yz5TpM ada@laptop"
_LIBRARIES = ("boto3", "botocore", "s3transfer", "jmespath")

# What is typed after `server`, and the exit code; 5 with the install line is a command that asks AWS.
ASKS_AWS = (
    ("plan", "--ask-aws"),
    ("launch", "gpu2", "--yes", "--budget", "20", "--from", "81.2.69.142"),
    ("stop", "gpu1"),
    ("start", "gpu1"),
    ("resize", "gpu1", "--type", "g5.xlarge"),
    ("terminate", "gpu1", "--confirm", "gpu1"),
    ("terminate", "gpu1", "--region", "us-east-1", "--confirm", "gpu1"),
    ("status", "--all-regions"),
)
ASKS_NOBODY = (
    ("plan",),
    ("list",),
    ("iam-policy",),
    ("export", "--to", "cloud-init"),
    ("export", "--to", "sh"),
    ("export", "--to", "skypilot"),
    ("setup", "--print"),
    ("setup", "--explain"),
    ("stop", "gpu1", "--dry-run"),
    ("start", "gpu1", "--dry-run"),
    ("keep", "gpu1", "2h", "--dry-run"),
    ("ssh", "gpu1", "--dry-run"),
    ("jupyter", "gpu1", "--dry-run"),
    ("forget", "gpu1", "--dry-run"),
)
# These reach for a machine, which is nowhere: they end as they do with boto3.
REACHES_OUT = (("status", "box"), ("logs", "box"), ("keep", "box", "2h"), ("setup", "box"))
ELSEWHERE = {"notebook", "sync"}


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch, isolated: Path) -> None:
    """An installation without the extra `server`, with a key and a machine of each kind."""
    for name in [one for one in sys.modules if one.partition(".")[0] in _LIBRARIES]:
        monkeypatch.delitem(sys.modules, name)
    for name in _LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)
    (isolated / ".ssh").mkdir(mode=0o700)
    (isolated / ".ssh" / "id_ed25519.pub").write_text(f"{KEY}\n")
    registry.add(
        registry.Server(
            "gpu1",
            kind="cloud",
            provider="ec2",
            host="192.0.2.1",
            user="ubuntu",
            instance="i-1",
            region="us-east-1",
            type="g4dn.xlarge",
            price=0.526,
            disk=100,
            created=clock.stamp(),
        )
    )
    registry.add(registry.Server("box", host="127.0.0.1", port=1, user="ada"))


@pytest.mark.parametrize("words", ASKS_AWS, ids=" ".join)
def test_what_asks_aws_says_what_to_install(run: Runner, words: tuple[str, ...]) -> None:
    told = run("server", *words, "--json")
    assert told.code == 5, told.out + told.err
    error = told.errors[0]
    assert "boto3, which is not installed" in error["message"]
    own = "'fastcompanion[server]'" if own_wheel.published() else "'.[server]', in the folder"
    assert f"uv tool install --reinstall {own}" in error["hint"]
    assert not Journal("gpu2").path.exists(), "nothing was begun"


@pytest.mark.parametrize("words", ASKS_NOBODY, ids=" ".join)
def test_what_asks_nobody_works(run: Runner, words: tuple[str, ...]) -> None:
    told = run("server", *words, "--json")
    assert told.code == 0, told.out + told.err


@pytest.mark.parametrize("words", REACHES_OUT, ids=" ".join)
def test_what_reaches_a_machine_speaks_of_the_machine(run: Runner, words: tuple[str, ...]) -> None:
    told = run("server", *words, "--json")
    assert told.code == 5
    assert "boto" not in told.out + told.err
    assert "127.0.0.1" in told.out


def test_doctor_goes_through(run: Runner) -> None:
    ledger.append("gpu1", "stopped")  # else it would be asked, at an address of the outside
    told = run("doctor", "server", "--json")
    assert told.code == 5
    texts = [one["text"] for one in told.data["findings"]]
    assert [one for one in texts if "gpu1: stopped since" in one]
    assert [one for one in texts if "box: 127.0.0.1 answers, but no ssh server" in one]
    assert not [one for one in texts if "boto" in one]


def test_no_command_was_forgotten() -> None:
    seen = {words[0] for words in (*ASKS_AWS, *ASKS_NOBODY, *REACHES_OUT)} | ELSEWHERE
    assert seen == _commands()


def _commands() -> set[str]:
    from fastcompanion.cli import build, program

    tree = program(build(terminal=False, words=["server"]))
    assert "server" in WORDS
    return set(tree.commands["server"].commands)


@pytest.mark.parametrize("word", sorted(_commands()))
def test_the_help_of_each_command(run: Runner, word: str) -> None:
    told = run("server", word, "--help")
    assert told.code == 0
    assert "Usage" in told.out
