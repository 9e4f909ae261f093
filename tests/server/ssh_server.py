"""Real ssh servers on 127.0.0.1, without root: asyncssh in a process of its own, programs of this machine behind it.

Run as a program it reads one JSON command a line and answers each with one line; the tests hold `Machines`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import asyncssh


class Machines:
    """The process behind all machines of a run of tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def ask(self, **command: Any) -> Any:
        """Send one command and give its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer["ok"]


class SshServer:
    """A machine to log in to: its home folder is `home`, its own programs lie in `home/bin`.

    `cut()` drops every connection at once; `stop()` and `start()` are a reboot at the same port.
    """

    def __init__(self, machines: Machines, folder: Path) -> None:
        self._machines = machines
        self.folder = folder
        self.home = folder / "there"
        (self.home / "bin").mkdir(parents=True)
        self.env: dict[str, str] = {}
        self.identity = folder / "id_ed25519"
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(self.identity))
        self.identity.chmod(0o600)
        key.write_public_key(f"{self.identity}.pub")
        self.accept(Path(f"{self.identity}.pub").read_text())
        self.port = 0
        self.new_host_key()
        self.start()

    def accept(self, keys: str) -> None:
        """Let these public keys in, and no others."""
        (self.folder / "authorized_keys").write_text(keys)

    def new_host_key(self) -> None:
        """Make another host key, as a machine has that was installed anew; `start` puts it into use."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(self.folder / "host_key"))
        self.public_host_key = key.export_public_key().decode()
        self.fingerprint = key.get_fingerprint()

    def start(self) -> None:
        """Listen, at the port that was used before."""
        self.port = self._machines.ask(do="start", folder=str(self.folder), port=self.port)

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        self._machines.ask(do="stop", folder=str(self.folder))

    def cut(self) -> None:
        """Drop every connection, as a cable that is pulled out."""
        self._machines.ask(do="cut", folder=str(self.folder))

    def set_env(self, **values: str) -> None:
        """Set variables of the programs that run there."""
        (self.folder / "env.json").write_text(json.dumps(values))

    @property
    def commands(self) -> list[str]:
        """Every command line that was sent, in order."""
        path = self.folder / "commands.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def connections(self) -> int:
        """How often somebody has logged in."""
        path = self.folder / "logins"
        return len(path.read_text()) if path.exists() else 0

    def server(self, name: str = "box", **values: Any) -> Any:
        """Give what the registry knows of this machine."""
        from fastcompanion.server.registry import Server

        known: dict[str, Any] = {
            "host": "127.0.0.1",
            "user": "ada",
            "port": self.port,
            "identity": str(self.identity),
            "alias": f"fc-{name}",
        }
        return Server(name, **{**known, **values})

    def program(self, name: str, text: str) -> None:
        """Put a program onto the PATH of the machine."""
        path = self.home / "bin" / name
        path.write_text(text)
        path.chmod(0o755)


class _Machine:
    """The other side of `SshServer`, in the process of the servers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "there"
        self.open: set[asyncssh.SSHServerConnection] = set()
        self.listener: asyncssh.SSHAcceptor | None = None

    async def start(self, port: int) -> int:
        self.listener = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_host_keys=[str(self.folder / "host_key")],
            server_factory=lambda: _Door(self),
            process_factory=self.serve,
            encoding=None,
            reuse_address=True,
        )
        return self.listener.get_port()

    async def stop(self) -> None:
        if self.listener is not None:
            self.listener.close()
            await self.listener.wait_closed()
        await self.cut()

    async def cut(self) -> None:
        for one in list(self.open):
            one.abort()
        while self.open:  # noqa: ASYNC110 - the other side tells in a callback
            await asyncio.sleep(0.01)

    async def serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        with (self.folder / "commands.jsonl").open("a") as file:
            file.write(json.dumps(process.command or "") + "\n")
        words = ("-c", process.command) if process.command else ()
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            "/bin/sh", *words, stdin=pipe, stdout=pipe, stderr=pipe,
            cwd=self.home, env=self.environment(), start_new_session=True,
        )  # fmt: skip
        assert child.stdin is not None
        sending = asyncio.create_task(_copy(process.stdin, child.stdin))
        try:
            await asyncio.gather(
                _copy(child.stdout, process.stdout), _copy(child.stderr, process.stderr)
            )
            process.exit(await child.wait())
        finally:
            sending.cancel()
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

    def environment(self) -> Mapping[str, str]:
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        own = {"HOME": str(self.home), "USER": "ada", "LANG": "C.UTF-8", "PATH": path}
        more = self.folder / "env.json"
        return own | (json.loads(more.read_text()) if more.exists() else {})


class _Door(asyncssh.SSHServer):
    def __init__(self, machine: _Machine) -> None:
        self._machine = machine

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._machine.open.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._machine.open.discard(self._conn)

    def begin_auth(self, username: str) -> bool:
        accepted = self._machine.folder / "authorized_keys"
        if accepted.read_text().strip():
            self._conn.set_authorized_keys(str(accepted))
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def auth_completed(self) -> None:
        with (self._machine.folder / "logins").open("a") as file:
            file.write(".")

    def connection_requested(self, *_: object) -> bool:
        return True


async def _copy(source: Any, target: Any) -> None:
    """Hand bytes on until the end, and then the end."""
    with suppress(OSError, asyncssh.Error):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
    if isinstance(target, asyncio.StreamWriter):
        target.close()


async def _answer(machines: dict[str, _Machine], command: dict[str, Any]) -> Any:
    folder = command["folder"]
    machine = machines.setdefault(folder, _Machine(Path(folder)))
    if command["do"] == "start":
        return await machine.start(command["port"])
    return await (machine.stop() if command["do"] == "stop" else machine.cut())


async def _main() -> None:
    machines: dict[str, _Machine] = {}
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            answer = {"ok": await _answer(machines, json.loads(line))}
        except Exception as error:  # noqa: BLE001 - the test is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    for machine in machines.values():
        await machine.stop()


if __name__ == "__main__":
    asyncio.run(_main())
