"""The program itself on the machine: asked for by the script, sent over the real line, and put there by a real bash."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fastcompanion.base import own_wheel
from fastcompanion.server import registry
from fastcompanion.server.setup import program, script
from fastcompanion.server.setup.script import Options
from tests.conftest import Runner
from tests.server.ssh_server import SshServer

CHANGED = '{"step":"program","state":"changed","note":"","rollback":""}'
DONE = '{"step":"all","state":"done","note":"1 changed, 0 failed","rollback":""}'


@pytest.fixture
def box(there: SshServer) -> SshServer:
    """A known server whose bash keeps each text it gets, and asks for the program with the first."""
    registry.add(there.server("box", kind="home"))
    there.program("sudo", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    asks = f'{{"step":"program","state":"doing","note":"send {own_wheel.version()}","rollback":""}}'
    first = f"echo '{asks}'; while [ ! -e {there.home}/second ]; do sleep 0.05; done; echo '{CHANGED}'; echo '{DONE}'"
    there.program(
        "bash",
        f'#!/bin/sh\nname={there.home}/first; if [ -e "$name" ]; then name={there.home}/taken; fi\n'
        f'cat >"$name"\nif [ "$name" = {there.home}/first ]; then {first}; else : >{there.home}/second; fi\n',
    )
    return there


def test_it_is_sent_when_the_script_asks(box: SshServer, run: Runner) -> None:
    assert run("server", "setup", "box", "--kind", "home").code == 0
    assert f"\nPROGRAM={own_wheel.version()}\n" in (box.home / "first").read_text()
    assert (box.home / "taken").read_text() == program.taking(own_wheel.make())


def test_what_arrives_is_the_wheel_and_nothing_older(tmp_path: Path) -> None:
    wheel = own_wheel.make()
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "fastcompanion-0.0.1-py3-none-any.whl").write_bytes(b"of last week")
    subprocess.run(["bash", "-s"], input=program.taking(wheel, str(folder)), text=True, check=True)
    assert [one.name for one in folder.iterdir()] == [wheel.file]
    assert (folder / wheel.file).read_bytes() == wheel.content
    assert (folder / wheel.file).stat().st_mode & 0o777 == 0o644


def test_half_of_it_puts_nothing_there(tmp_path: Path) -> None:
    text = program.taking(own_wheel.make(), str(tmp_path))
    subprocess.run(["bash", "-s"], input=text[: len(text) // 2], text=True, capture_output=True, check=False)  # fmt: skip
    assert not list(tmp_path.glob("*.whl"))


def test_without_a_line_only_an_index_can_give_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert program.by_hand(Options()).program == ""
    about = tmp_path / "fastcompanion-7.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: fastcompanion\nVersion: 7.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    told = program.by_hand(Options())
    assert told.program == "7.0"
    assert "\nstep program" in script.render(told, terse=True)
    assert "\nstep program" not in script.render(Options(), terse=True)
