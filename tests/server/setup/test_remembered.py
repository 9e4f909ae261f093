"""A machine's name alone means the setup that it had: typed through the command, against a real ssh server."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base import workspace
from fastcompanion.server import registry
from tests.conftest import Runner
from tests.server.setup.test_running import CHANGED, DONE, OK, box, plays, script
from tests.server.ssh_server import SshServer

__all__ = ["box"]


@pytest.fixture
def home(box: SshServer, run: Runner) -> SshServer:
    """A machine that was set up with options of its own."""
    plays(box, OK, DONE)
    words = ("--env", "/opt/venv", "--no-firewall", "--skip", "journal", "--no-jupyter")
    done = run("server", "setup", "box", *words)
    assert done.code == 0, done.err
    return box


def settings(box: SshServer) -> dict[str, str]:
    lines = script(box).partition("SELF=")[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_the_name_alone_is_enough_the_second_time(home: SshServer, run: Runner) -> None:
    first = settings(home)
    done = run("server", "setup", "box")
    assert settings(home) == first
    assert (first["ENVIRONMENT"], first["SKIP"], first["JUPYTER"]) == ("/opt/venv", "'journal firewall'", "no")  # fmt: skip
    assert (
        "As box was set up before: --skip journal --skip firewall --no-jupyter --env /opt/venv"
        in " ".join(done.err.split())
    )


def test_what_is_said_now_goes_before(home: SshServer, run: Runner) -> None:
    run("server", "setup", "box", "--skip", "updates")
    assert (settings(home)["SKIP"], settings(home)["ENVIRONMENT"]) == ("updates", "/opt/venv")
    run("server", "setup", "box", "--check")
    assert settings(home)["SKIP"] == "updates"


def test_the_usual_is_said_like_anything_else(box: SshServer, run: Runner) -> None:
    plays(box, OK, DONE)
    run("server", "setup", "box", "--on-idle", "warn", "--driver", "skip", "--no-jupyter")
    run("server", "setup", "box", "--on-idle", "poweroff", "--jupyter")
    now = settings(box)
    assert (now["ON_IDLE"], now["JUPYTER"], now["DRIVER"]) == ("poweroff", "yes", "skip")
    assert registry.find("box").setup == {"driver": "skip"}


def test_anew_forgets_it(home: SshServer, run: Runner) -> None:
    run("server", "setup", "box", "--anew")
    assert (settings(home)["SKIP"], settings(home)["ENVIRONMENT"], settings(home)["JUPYTER"]) == ("''", "''", "yes")  # fmt: skip
    assert registry.find("box").setup == {}
    assert "setup:" not in workspace.servers_file().read_text()


def test_one_step_alone_changes_nothing_of_it(home: SshServer, run: Runner) -> None:
    before = registry.find("box").setup
    run("server", "setup", "box", "--only", "motd", "--on-idle", "warn")
    assert registry.find("box").setup == before


def test_a_setup_that_could_do_nothing_is_not_remembered(box: SshServer, run: Runner) -> None:
    plays(box, '{"step":"preflight","state":"failed","note":"no room","rollback":""}', DONE)
    run("server", "setup", "box", "--env", "/opt/venv")
    assert registry.find("box").setup == {}


def test_the_way_back_takes_every_step(home: SshServer, run: Runner) -> None:
    plays(home, CHANGED.replace("fastcompanion-rollback-sshd", ""), DONE)
    run("server", "setup", "box", "--undo", "--yes")
    assert (settings(home)["SKIP"], settings(home)["ENVIRONMENT"]) == ("''", "/opt/venv")


@pytest.mark.parametrize("value", ["journal", "[1]", "{a: b}"])
def test_a_file_that_was_edited_badly(home: SshServer, run: Runner, value: str) -> None:
    file = Path(workspace.servers_file())
    text = file.read_text()
    start = text.index("    skip:")
    file.write_text(text[:start] + f"    skip: {value}\n")
    done = run("server", "setup", "box")
    assert done.code == 1
    assert "skip of its setup is not what it should be" in done.err
    assert "--anew" in done.err
    assert run("server", "setup", "box", "--anew").code == 0
