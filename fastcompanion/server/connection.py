"""Reaching a server: the system's own ssh, so that agents, hardware keys and ~/.ssh/config just work.

Nothing is ever asked for on the way (BatchMode), nothing of the user's ssh is changed: host keys lie in
a file of our own under the server's alias, and the agent is not forwarded. What ssh says when it fails
becomes an error that names the cause and the cure.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.process import Completed
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.server import failures, host_keys
from fastcompanion.server.registry import Server

_POSIX = os.name == "posix"
_BEGIN = "fastcompanion-begins-here"
# Reads on until the marker: sudo may or may not have taken the password that stands before it.
_AFTER_MARK = f'while IFS= read -r line; do [ "$line" = {_BEGIN} ] && exec "$@"; done; exit 1'
# bash itself would read a script from a pipe letter by letter.
_ALL_OF_STDIN = 'eval "$(cat)"'
_BECOME_ROOT = 'if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n -- "$@"; fi'
_INSTALL_SSH = "On Windows: Settings, Optional features, OpenSSH Client. Else: sudo apt install openssh-client"  # fmt: skip


class Connection:
    """A way to run programs on one server.

    `connect_timeout` and `alive_interval` are seconds: how long a first answer may take, and how often
    a silent line is tried (three missed answers end it).
    """

    def __init__(
        self,
        server: Server,
        *,
        reporter: Reporter = SILENT,
        connect_timeout: int = 15,
        alive_interval: int = 15,
    ) -> None:
        self.server = server
        self._reporter = reporter
        self._connect_timeout = connect_timeout
        self._alive_interval = alive_interval
        self._socket: Path | None = None
        self._was_known = bool(host_keys.of(self.alias))

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | Callable[[IO[bytes]], None] | None = None,
        timeout: float | None = 60,
        check: bool = True,
        on_line: Callable[[str], None] | None = None,
        on_error_line: Callable[[str], None] | None = None,
        drain: Callable[[IO[bytes]], None] | None = None,
    ) -> Completed:
        """Run a program there and give its output as text; each line also as it comes.

        Failures of the way there are errors (exit 5) even without `check`; with it, so is another
        code than 0. `drain` reads the output as bytes instead.
        """
        done = process.converse(
            self._command(shlex.join(argv)),
            feed=stdin or b"",
            on_line=on_line,
            on_error_line=on_error_line,
            drain=drain,
            timeout=timeout,
            missing_hint=_INSTALL_SSH,
        )
        self._explain(done)
        if check and done.code != 0:
            raise failures.remote(argv, done)
        return done

    def script(
        self,
        text: str,
        *,
        args: Sequence[str] = (),
        root: bool = True,
        sudo: str | None = None,
        on_line: Callable[[str], None] | None = None,
        on_error_line: Callable[[str], None] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> Completed:
        """Run a bash script there, as root unless told otherwise; its text travels on stdin.

        `sudo` is the password for sudo: it stands on stdin before the script and nowhere else.
        Without one, sudo has to let us in by itself.
        """
        bash = ["bash", "-c", _ALL_OF_STDIN, "bash", *args]
        feed = text.encode()
        if root and sudo is not None:
            self.verify_sudo(sudo)
            bash = ["sudo", "-S", "-p", "", "--", "sh", "-c", _AFTER_MARK, "sh", *bash]
            feed = f"{sudo}\n{_BEGIN}\n".encode() + feed
        elif root and self.server.user in ("", "root"):
            bash = ["sh", "-c", _BECOME_ROOT, "sh", *bash]
        elif root:
            bash = ["sudo", "-n", "--", *bash]
        done = self.run(
            bash,
            stdin=feed,
            timeout=timeout,
            check=False,
            on_line=on_line,
            on_error_line=on_error_line,
        )
        if root and (error := failures.of_sudo(done, self.server)):
            raise error
        if check and done.code != 0:
            raise failures.remote(bash[:1], done)
        return done

    def verify_sudo(self, password: str) -> None:
        """Try a password for sudo once; a wrong one is an error, and nothing else is tried with it."""
        done = self.run(["sudo", "-S", "-p", "", "-v"], stdin=f"{password}\n".encode(), check=False)
        if error := failures.of_sudo(done, self.server):
            raise error

    def interactive(self, argv: Sequence[str] = (), *, terminal: bool = True) -> int:
        """Give our terminal to a shell there, or to a program; give its exit code.

        Here ssh may ask, and its words are its own. Without `terminal` the program gets pipes, so
        that its output stays as it is.
        """
        self._meet()
        words = self.argv(batch=False, terminal=terminal)
        return process.on_terminal([*words, *typed(argv)], missing_hint=_INSTALL_SSH)

    def _meet(self) -> None:
        """Show the fingerprint of a machine before the first word to it, also where it lets nobody in yet."""
        if self._was_known:
            return
        try:
            self.run(["true"])
        except CompanionError:
            self._tell_of_new_key()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Let all runs of a block use one connection, where this system's ssh can (not on Windows)."""
        if not _POSIX or self._socket is not None:
            yield
            return
        folder = workspace.runtime_folder()
        self._socket = folder / "s"
        try:
            yield
        finally:
            if self._socket.exists():
                process.run(self.argv(extra=("-O", "exit")), timeout=10, check=False)
            self._socket = None
            store.remove(folder)

    def argv(
        self,
        *,
        batch: bool = True,
        terminal: bool = False,
        alone: bool = False,
        extra: Sequence[str] = (),
    ) -> list[str]:
        """Give ssh's argument list up to and with the host; a remote command may follow.

        What runs `alone` has a connection of its own in a `shared` block, too.
        """
        server = self.server
        options = [word for one in self._options(batch, alone) for word in ("-o", one)]
        if batch and "-L" not in extra:
            # Those of ~/.ssh/config are for shells; one that another program holds would end each run.
            options += ["-o", "ClearAllForwardings=yes"]
        options += ["-p", str(server.port)] if server.port else []
        options += ["-l", server.user] if server.user else []
        if server.identity:
            options += ["-i", str(workspace.absolute(Path(server.identity)))]
        options += ["-t" if terminal else "-T", *extra]
        return ["ssh", *options, "--", server.host]

    def _options(self, batch: bool, alone: bool) -> Iterator[str]:
        yield f"BatchMode={'yes' if batch else 'no'}"
        yield f"ConnectTimeout={self._connect_timeout}"
        yield f"ServerAliveInterval={self._alive_interval}"
        yield from ("ServerAliveCountMax=3", "TCPKeepAlive=yes", "LogLevel=ERROR")
        yield from ("ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no")
        yield from ("RemoteCommand=none", "UpdateHostKeys=no", "CheckHostIP=no")
        yield "HashKnownHosts=no"  # Debian hashes by default, and then nobody finds an alias again
        yield f"HostKeyAlias={self.alias}"
        yield f"UserKnownHostsFile={_quoted(workspace.known_hosts())}"
        yield f"StrictHostKeyChecking={'yes' if host_keys.of(self.alias) else 'accept-new'}"
        if self.server.identity:
            yield "IdentitiesOnly=yes"
        if self._socket is not None and not alone:
            yield from ("ControlMaster=auto", f"ControlPath={self._socket}", "ControlPersist=60")
        else:
            yield from ("ControlMaster=no", "ControlPath=none")

    @property
    def alias(self) -> str:
        """The name under which this server's host key is kept."""
        return self.server.alias or self.server.host

    def _command(self, line: str) -> list[str]:
        store.make_folder(workspace.known_hosts().parent)
        return [*self.argv(), line]

    def _explain(self, done: Completed) -> None:
        """Raise what ssh itself failed with; a first contact is told of."""
        # First of all: ssh keeps a new key also where it then gets no further.
        self._tell_of_new_key()
        if done.code == failures.SSH and (error := failures.of_ssh(done.err, self.server)):
            raise error

    def _tell_of_new_key(self) -> None:
        known = host_keys.of(self.alias)
        if known and not self._was_known:
            self._was_known = True
            self._reporter.note(
                f"First contact with {self.server.host}: its host key is {known[0].fingerprint}. "
                "Compare it with what the machine's console or owner says."
            )


class Local(Connection):
    """This machine itself, behind the same methods."""

    def _command(self, line: str) -> list[str]:
        return ["sh", "-c", line]

    def _explain(self, done: Completed) -> None:
        return None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Nothing has to be shared on the machine itself."""
        yield


def typed(argv: Sequence[str]) -> list[str]:
    """Give what a learner typed as ssh gets it: a single text is a line for the shell there, as with ssh itself."""
    return list(argv) if len(argv) < 2 else [shlex.join(argv)]


def connect(
    server: Server, *, reporter: Reporter = SILENT, connect_timeout: int = 15
) -> Connection:
    """Give the way to a server, which may be this very machine."""
    kind = Local if server.provider == "local" else Connection
    return kind(server, reporter=reporter, connect_timeout=connect_timeout)


def _quoted(path: Path) -> str:
    """Write a path as ssh's settings want it: quoted, with its own signs for `%`."""
    return '"' + path.as_posix().replace("%", "%%") + '"'
