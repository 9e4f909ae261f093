"""`weights` as it is typed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fastcompanion.project import weights
from fastcompanion.project.weights import Weights
from tests.conftest import Runner
from tests.file_server import FileServer

CONTENT = bytes(range(256)) * 8192
FILE = f"resnet18-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Weights of two megabytes, as real ones are too large for tests."""
    known = (Weights("resnet18", FILE, f"http://127.0.0.1:9/{FILE}", 2.0), weights.KNOWN[-1])
    monkeypatch.setattr(weights, "KNOWN", known)
    for name in ("TORCH_HOME", "HF_HOME", "FASTAI_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_fetched_here_added_there(run: Runner, tmp_path: Path, isolated: Path) -> None:
    with FileServer({FILE: CONTENT}) as server:
        away = {"FASTCOMPANION_WEIGHTS__URL": server.address + "/"}
        usb = str(tmp_path / "usb")
        done = run("weights", "fetch", "resnet18", "--to", usb, "--json", env=away)
        assert done.code == 0
        assert done.data["was_there"] is False
        again = run("weights", "fetch", "resnet18", "--to", usb, env=away)
        assert "It was there already" in again.out
        assert len(server.asked) == 1
    told = run("weights", "list", "--json").data["weights"]
    assert [one["path"] for one in told] == [None, None], "a stick is no place to look at"
    path = isolated / ".cache" / "torch" / "hub" / "checkpoints" / FILE
    would = run("weights", "add", done.data["path"], "--dry-run")
    assert f"It would go to: {path}" in would.out.replace("\n", "")
    assert not path.exists()
    added = run("weights", "add", done.data["path"])
    assert added.code == 0
    assert path.read_bytes() == CONTENT
    listed = run("weights", "list")
    assert "resnet18" in listed.out
    assert "Next: fastcompanion weights fetch awd_lstm" in listed.out
    assert run("weights", "check").out.strip() == "1 file verified."


def test_where_there_are_none_check_says_so(run: Runner) -> None:
    checked = run("weights", "check")
    assert checked.code == 0
    assert checked.out.startswith("No pretrained weights are on this machine")


def test_check_says_no_to_a_broken_file(run: Runner, isolated: Path) -> None:
    assert run("weights", "check").code == 0
    path = isolated / ".cache" / "torch" / "hub" / "checkpoints" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[::-1])
    done = run("weights", "check")
    assert done.code == 4
    assert "another file under this name" in done.out.replace("\n", " ")
    assert path.exists()


def test_without_a_network_it_says_so(run: Runner, tmp_path: Path) -> None:
    done = run("weights", "fetch", "resnet18", "--to", str(tmp_path), "--json")
    assert done.code == 5
    assert "can't be reached" in done.errors[0]["message"]
    assert "a machine with a network" in done.errors[0]["hint"]


def test_what_came_is_verified(run: Runner, tmp_path: Path) -> None:
    with FileServer({FILE: b"<html>sign in here"}) as server:
        away = {"FASTCOMPANION_WEIGHTS__URL": server.address}
        done = run("weights", "fetch", "resnet18", "--to", str(tmp_path), env=away)
    assert done.code == 1
    assert "thrown away" in done.err
    assert list(tmp_path.iterdir()) == []


def test_into_a_project(run: Runner, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / ".fastcompanion.yml").write_text("version: 1\n")
    with FileServer({FILE: CONTENT}) as server:
        away = {"FASTCOMPANION_WEIGHTS__URL": server.address}
        told = run("weights", "fetch", "resnet18", "--dry-run", env=away, cwd=project)
        assert server.asked == []
        assert str(project / "weights" / FILE) in told.out.replace("\n", "")
        done = run("weights", "fetch", "resnet18", "--json", env=away, cwd=project)
    assert Path(done.data["path"]) == project / "weights" / FILE
    assert run("weights", "list", "--project", str(tmp_path)).code == 3


def test_a_dry_run_verifies_too(run: Runner, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(CONTENT[:-1])
    assert run("weights", "add", tmp_path / FILE, "--dry-run").code == 4
    assert run("weights", "add", tmp_path / "nowhere" / FILE, "--dry-run").code == 5


def test_a_wrong_name(run: Runner) -> None:
    done = run("weights", "fetch", "resnet")
    assert done.code == 2
    assert "did you mean resnet18" in done.err
