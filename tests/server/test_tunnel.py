"""Tunnels and the door to JupyterLab: cut and back again, taken ports, and the token that stays unseen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import jupyter, registry, tunnel
from fastcompanion.server.connection import connect
from tests.server.ssh_server import SshServer
from tests.waiting import until

TOKEN = "planted0token0of0the0tests"


@pytest.fixture
def lab(there: SshServer) -> Iterator[int]:
    """A Jupyter of the machine, with the settings that the setup leaves; gives its port."""
    process = subprocess.Popen([sys.executable, JUPYTER, there.home, TOKEN])
    until((there.home / "port").exists)
    port = int((there.home / "port").read_text())
    (there.home / "jupyter.env").write_text(f"JUPYTER_PORT={port}\nJUPYTER_TOKEN={TOKEN}\n")
    there.program("cat", CAT)
    yield port
    process.kill()
    process.wait()


JUPYTER = str(Path(__file__).with_name("jupyter_server.py"))
CAT = """#!/bin/sh
case $1 in /etc/fastcompanion/jupyter.env) exec /bin/cat "$HOME/jupyter.env";; esac
exec /bin/cat "$@"
"""


def test_the_tunnel_leads_there_and_ends(there: SshServer, lab: int) -> None:
    with tunnel.standing(connect(there.server()), lab) as standing:
        assert standing.alive
        assert urlopen(f"http://127.0.0.1:{standing.local_port}/?{TOKEN}").status == 200
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", standing.local_port), 1):
        pass


def test_a_local_port_that_is_taken(there: SshServer, lab: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CompanionError, match="local port is taken"):
            tunnel.start(connect(there.server()), lab, local_port=taken.getsockname()[1])


@pytest.mark.parametrize("place", ["", "127.0.0.1:"])
def test_ports_of_the_learners_own_settings_are_no_matter(
    there: SshServer, lab: int, ssh_settings: Callable[[str], None], place: str
) -> None:
    """As in fastai's notes: `LocalForward 8888 localhost:8888`, and a shell that is open has the port already."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ssh_settings(
            f"Host *\n LocalForward {place}{port} localhost:1\n ExitOnForwardFailure yes\n"
        )
        with tunnel.standing(connect(there.server()), lab) as standing:
            assert urlopen(f"http://127.0.0.1:{standing.local_port}/?{TOKEN}").status == 200
            there.cut()
            assert standing.wait(10)
            assert "local port" not in standing.failure().message
        with pytest.raises(CompanionError, match="local port is taken") as caught:
            tunnel.start(connect(there.server()), lab, local_port=port)
    assert "LocalForward" in caught.value.hint


def test_a_tunnel_that_was_cut_comes_back_at_the_same_port(there: SshServer, lab: int) -> None:
    first = tunnel.start(connect(there.server()), lab)
    back: list[tunnel.Tunnel] = []
    ended: list[CompanionError] = []

    def hold() -> None:
        try:
            tunnel.hold(first, again=back.append, waits=(0, 0.05, 0.1))
        except CompanionError as error:
            ended.append(error)

    holding = threading.Thread(target=hold)
    holding.start()
    there.cut()
    until(lambda: back)
    assert back[0].local_port == first.local_port
    assert urlopen(f"http://127.0.0.1:{first.local_port}/?{TOKEN}").status == 200
    there.stop()
    holding.join(30)
    assert ended[0].code is Exit.MISSING
    assert not back[0].alive


def test_a_key_that_is_refused_meanwhile_ends_the_tries(there: SshServer, lab: int) -> None:
    first = tunnel.start(connect(there.server()), lab)
    there.accept("")
    there.cut()
    with pytest.raises(CompanionError, match="none of your keys"):
        tunnel.hold(first, waits=(0, 60, 60))


def test_the_token_is_fetched_and_shown_nowhere(there: SshServer, lab: int) -> None:
    found = jupyter.find(connect(there.server()))
    assert (found.port, found.token) == (lab, TOKEN)
    assert TOKEN not in repr(found)
    assert TOKEN not in "".join(there.commands)


@pytest.mark.parametrize(
    ("settings", "words"),
    [("JUPYTER_PORT=8888\n", "holds no token"), ("JUPYTER_TOKEN=$(reboot)\n", "holds no token")],
)
def test_settings_that_hold_no_token(there: SshServer, lab: int, settings: str, words: str) -> None:
    (there.home / "jupyter.env").write_text(settings)
    with pytest.raises(CompanionError, match=words) as caught:
        jupyter.find(connect(there.server()))
    assert caught.value.code is Exit.NOT_SET_UP


def test_no_jupyter_there(there: SshServer) -> None:
    with pytest.raises(CompanionError, match="no JupyterLab of ours on box") as caught:
        jupyter.find(connect(there.server(created="2026-11-22")))
    assert "server setup box" in caught.value.hint


def test_a_jupyter_that_never_answers_and_one_with_another_token(
    there: SshServer, lab: int
) -> None:
    closed = tunnel.free_port()
    found = jupyter.Jupyter(closed, TOKEN)
    with tunnel.standing(connect(there.server()), closed) as standing, pytest.raises(CompanionError, match="does not answer"):  # fmt: skip
        jupyter.until_it_answers(found, standing.local_port, "box", seconds=0.5)
    with tunnel.standing(connect(there.server()), lab) as standing, pytest.raises(CompanionError, match="does not accept the token"):  # fmt: skip
        jupyter.until_it_answers(jupyter.Jupyter(lab, "another0token0here"), standing.local_port, "box")  # fmt: skip


def test_the_door_leads_on_and_is_the_users_alone() -> None:
    with jupyter.door(8123, TOKEN) as uri:
        path = Path(uri.removeprefix("file://"))
        assert TOKEN not in uri
        assert f"http://127.0.0.1:8123/lab?token={TOKEN}" in path.read_text()
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


PROGRAM = [sys.executable, "-P", "-m", "fastcompanion", "server", "jupyter", "box"]


@pytest.fixture
def opened(
    there: SshServer, lab: int, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `server jupyter` as a program, with a browser that keeps its command line."""
    registry.add(there.server())
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/opened\n')
    browser.chmod(0o755)
    # The learner's own, in the folder where they type the command: nothing of ours may take it for Python's.
    (tmp_path / "shlex.py").write_text("raise SystemExit\n")
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [*PROGRAM, *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env={**os.environ, "BROWSER": str(browser)},
            )
        )
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.communicate()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def processes() -> str:
    return subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout  # fmt: skip


def test_ctrl_c_ends_the_tunnel_and_nothing_else(opened: Any, lab: int, tmp_path: Path) -> None:
    running = opened()
    line = read_line(running)
    assert "JupyterLab of box: http://127.0.0.1:" in line
    port = int(line.strip().rpartition(":")[2].partition("/")[0])
    place = tmp_path / "opened"
    uri = until(lambda: place.read_text().strip() if place.exists() else "")
    assert uri.startswith("file://")
    assert TOKEN in Path(uri.removeprefix("file://")).read_text()
    seen = [row for row in processes().splitlines() if TOKEN in row]
    assert [row for row in seen if "jupyter_server.py" not in row] == []
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    assert "what runs on the server goes on" in err
    assert TOKEN not in line + out + err
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), 1):
        pass
    assert urlopen(f"http://127.0.0.1:{lab}/?{TOKEN}").status == 200
    assert list(workspace.servers_folder().glob("open-*")) == []


def test_a_tunnel_ends_with_a_program_that_is_killed(opened: Any) -> None:
    running = opened("--no-browser", "--json")
    line = read_line(running)
    assert TOKEN not in line
    port = int(line.partition('"port": ')[2].partition(",")[0])
    running.send_signal(signal.SIGKILL)

    def gone() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return True
        return False

    until(gone)


def test_the_token_is_shown_where_it_was_asked_for(opened: Any) -> None:
    assert f"/lab?token={TOKEN}" in read_line(opened("--no-browser", "--show-url"))
