"""A tunnel: a port of this machine that leads to a port of the server's own 127.0.0.1.

The tunnel hangs on a pipe of ours: however we end, `kill -9` included, it ends with us.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from fastcompanion.base import clock, process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.server import failures
from fastcompanion.server.connection import Connection

HOST = "127.0.0.1"
_UP = "fastcompanion-tunnel-is-up"
_TRIES = 3
# What ssh says of a port of this machine at which it can't listen.
_OF_A_PORT = re.compile(r"bind \[127\.0\.0\.1\]:(\d+): |cannot listen to port: (\d+)|bind \[|Could not request local")  # fmt: skip
#: seconds between the tries to get a tunnel back that was cut
WAITS: tuple[float, ...] = (0.5, 1, 2, 5, 10, 20, 30, 30, 30, 30)


class Tunnel:
    """One tunnel that stands, until it is cut or closed."""

    def __init__(self, connection: Connection, remote_port: int, local_port: int) -> None:
        self.connection = connection
        self.remote_port = remote_port
        self.local_port = local_port
        #: another program has our local port, or we may not have it
        self.refused = False
        self._words: deque[str] = deque(maxlen=20)
        self._news = threading.Event()
        self._closed = False
        self._up = False
        self._child = process.spawn(self._argv(), stdin=True, pipes=True, merged=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _argv(self) -> list[str]:
        forward = f"{HOST}:{self.local_port}:{HOST}:{self.remote_port}"
        # A shared connection would outlive us, and the tunnel with it. A port of ~/.ssh/config that cannot be
        # had, as a shell of the learner's has it, is no failure; whether ours can is seen in ssh's words.
        words = self.connection.argv(
            alone=True, extra=("-o", "ExitOnForwardFailure=no", "-L", forward)
        )
        return [*words, f"echo {_UP}; exec cat >/dev/null"]

    def _read(self) -> None:
        try:
            for line in self._child.process.stdout or ():
                if line.strip() == _UP:
                    self._up = not self.refused
                    self._news.set()
                else:
                    self._hear(line.rstrip())
        except ValueError:  # closed under us
            pass
        self._news.set()

    def _hear(self, line: str) -> None:
        if (said := _OF_A_PORT.search(line)) is None:
            self._words.append(line)
        elif str(self.local_port) in said.groups():
            self._words.append(line)
            self.refused = True

    def ready(self, seconds: float) -> None:
        """Wait until it stands; a failure is an error that names the cause."""
        self._news.wait(seconds)
        if self._up:
            return
        self._reader.join(5 if self._news.is_set() and not self.refused else 0)
        if self._reader.is_alive() and not self.refused:
            self.close()
            message = f"{self.connection.server.host} did not answer within {seconds:g} s"
            raise CompanionError(message, hint="Try again.", code=Exit.MISSING)
        self.close()
        raise self.failure()

    def failure(self) -> CompanionError:
        """Say why it ended."""
        said = "\n".join(self._words)
        lost = CompanionError("the tunnel has ended", hint="Try again.", code=Exit.MISSING)
        return failures.of_ssh(said, self.connection.server) or lost

    @property
    def alive(self) -> bool:
        """Does it still stand?"""
        return self._up and self._reader.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, for so many seconds at most; True when it has ended."""
        self._reader.join(seconds)
        return not self._reader.is_alive()

    def close(self) -> None:
        """End it; what runs on the server goes on."""
        if self._closed:
            return
        self._closed = True
        self._child.kill_tree()
        self._reader.join(5)
        self._child.close()


def start(
    connection: Connection, remote_port: int, *, local_port: int = 0, seconds: float = 40
) -> Tunnel:
    """Make a tunnel from a local port (0: a free one) and wait until it stands."""
    for left in reversed(range(_TRIES)):
        port = local_port or free_port()
        made = Tunnel(connection, remote_port, port)
        try:
            made.ready(seconds)
        except CompanionError:
            # Between our look and ssh's own another program may take a free port.
            if local_port or not made.refused or not left:
                raise
            continue
        except BaseException:
            made.close()
            raise
        return made
    raise CompanionError("no local port is free")


def free_port() -> int:
    """Find a local port that nobody listens at."""
    import socket  # noqa: PLC0415 - only tunnels need it

    with socket.socket() as looking:
        looking.bind((HOST, 0))
        return int(looking.getsockname()[1])


@contextmanager
def standing(
    connection: Connection, remote_port: int, *, local_port: int = 0, seconds: float = 40
) -> Iterator[Tunnel]:
    """Hold a tunnel for a block."""
    made = start(connection, remote_port, local_port=local_port, seconds=seconds)
    try:
        yield made
    finally:
        made.close()


def hold(
    first: Tunnel,
    *,
    reporter: Reporter = SILENT,
    again: Callable[[Tunnel], None] = lambda _: None,
    waits: Sequence[float] = WAITS,
    seconds: float = 40,
) -> None:
    """Keep a tunnel until Ctrl-C, and make it anew each time it is cut, at the same port.

    `again` is called with each new one. When all tries of one cut have failed, that is an error; what
    trying again can't cure (a key that is refused) is one at once.
    """
    tunnel = first
    try:
        while True:
            # With a limit, as Ctrl-C does not end a wait without one on Windows.
            while not tunnel.wait(3600):
                pass
            tunnel.close()
            reporter.note(
                f"The tunnel was cut ({tunnel.failure().message}). Trying to get it back."
            )
            tunnel = _anew(tunnel, waits, seconds)
            reporter.note("The tunnel stands again.")
            again(tunnel)
    finally:
        tunnel.close()


def _anew(old: Tunnel, waits: Sequence[float], seconds: float) -> Tunnel:
    last = old.failure()
    for pause in waits:
        clock.pause(pause)
        try:
            return start(
                old.connection, old.remote_port, local_port=old.local_port, seconds=seconds
            )
        except CompanionError as error:
            last = error
            if not failures.may_pass(error):
                break
    raise last
