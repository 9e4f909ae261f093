"""What the tests of servers share: a real ssh server on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

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
def there(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A machine to log in to, with the key that it accepts; needs the system's ssh."""
    server = SshServer(machines, tmp_path_factory.mktemp("machine"))
    yield server
    server.stop()
