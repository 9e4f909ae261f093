"""What the tests of servers share: a real ssh server on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.server.ssh_server import Machines, SshServer


@pytest.fixture(scope="session")
def machines() -> Iterator[Machines]:
    """The process that plays all machines."""
    if shutil.which("ssh") is None:
        pytest.skip("there is no ssh program here")
    if sys.platform != "linux":
        pytest.skip("this machine plays the server as well, which has to be a Linux")
    with Machines() as running:
        yield running


@pytest.fixture
def ssh_settings(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Give ssh these settings: it reads ~/.ssh/config of the account and not of $HOME, so a program is in front."""

    def give(text: str) -> None:
        folder = tmp_path_factory.mktemp("ssh")
        (folder / "config").write_text(text)
        (folder / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')  # fmt: skip
        (folder / "ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return give


@pytest.fixture
def there(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A machine to log in to, with the key that it accepts; needs the system's ssh."""
    server = SshServer(machines, tmp_path_factory.mktemp("machine"))
    yield server
    server.stop()
