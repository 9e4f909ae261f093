"""A machine for tests: a real systemd as PID 1 in namespaces of its own, with a user session.

    with Box("desk", shown=program_folders()) as box:
        box.run(["systemctl", "--user", "list-timers"], user=USER)

It has no network but its own loopback, no right to set the clock or load modules, and its files vanish with
it. boot.sh does the mounting, and tidies up however this process ends.
"""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import filelock

from tests.box import rootfs
from tests.box.rootfs import UID, USER, Missing

__all__ = ["PROGRAM", "UID", "USER", "Box", "Failed", "Missing", "program_folders"]

ROOT = Path(__file__).resolve().parents[2]
BOOT = Path(__file__).with_name("boot.sh")
#: As in boot.sh: a program that enters the box from outside has no more rights than one that started there.
FORBIDDEN = "-sys_time,-sys_module,-sys_rawio,-syslog,-mac_admin,-mac_override"
#: How fastcompanion is started in a box: by this interpreter, from this checkout.
PROGRAM = [sys.executable, "-m", "fastcompanion"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Failed(AssertionError):
    """A program in the box failed, or something did not happen in time."""


def program_folders() -> tuple[Path, ...]:
    """The folders fastcompanion runs from: this interpreter, what is installed in it, and the checkout.

    A system's own interpreter in /usr is left out: the box, being of the same release, has the same.
    """
    wanted = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1], ROOT}  # fmt: skip
    wanted -= {Path("/usr"), Path("/")}
    return tuple(sorted(wanted))


class Box:
    """One machine; `boot` and `power_off` may be called again, its files stay until `close`."""

    def __init__(self, kind: str, *, shown: Sequence[Path] = ()) -> None:
        self.pid = 0
        self._tree = rootfs.find(kind)
        # What lies in a folder that is shown is shown with it.
        self._shown = [
            str(one)
            for one in shown
            if not any(one.is_relative_to(other) for other in shown if other != one)
        ]
        self._script: subprocess.Popen[str] | None = None
        self._console = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close()

    def __enter__(self) -> Self:
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def boot(self, *, seconds: float = 90) -> None:
        """Start the system and wait until it and the learner's session are up; one box of this machine at a time."""
        # Two that start in the same instant take so long that some unit of theirs fails.
        with filelock.FileLock(rootfs.FOLDER / ".boot"):
            self._boot(seconds)

    def _boot(self, seconds: float) -> None:
        if self._script is None:
            # A session of its own: Ctrl-C reaches it through the end of its stdin, once.
            self._script = subprocess.Popen(
                [str(BOOT), str(self._tree), *self._shown],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._console,
                text=True,
                start_new_session=True,
            )
        assert self._script.stdin is not None
        assert self._script.stdout is not None
        self._script.stdin.write("boot\n")
        self._script.stdin.flush()
        if not select.select([self._script.stdout], [], [], seconds)[0]:
            raise Failed(f"the box does not start:\n{self.console()}")
        word, _, pid = self._script.stdout.readline().strip().partition(" ")
        if word != "PID":
            raise Failed(f"the box did not start:\n{self.console()}")
        self.pid = int(pid)
        self.until(self._running, seconds=seconds, what="the system is up")
        self.until(self._session, seconds=seconds, what="the learner's session is up")

    def power_off(self, *, seconds: float = 60) -> None:
        """Shut the system down as `systemctl poweroff` does; its files stay."""
        self.run(["systemctl", "poweroff"], check=False)
        self.until(lambda: not self.alive, seconds=seconds, what="the system is off")

    def close(self) -> None:
        """End everything in the box, and the box."""
        script, self._script = self._script, None
        if script is None:
            return
        for stream in (script.stdin, script.stdout):
            if stream is not None:
                stream.close()
        try:
            script.wait(20)
        except subprocess.TimeoutExpired:
            script.send_signal(signal.SIGTERM)
            script.wait(20)
        self._console.close()

    @property
    def script(self) -> int | None:
        """The process that holds the box, by its number on this machine."""
        return self._script.pid if self._script else None

    @property
    def alive(self) -> bool:
        """Is the system's first process there?"""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in ("Z", "X")

    def console(self) -> str:
        """What the system said on its console, the last lines."""
        self._console.seek(0)
        return "\n".join(self._console.read().splitlines()[-40:])

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        cwd: str = "",
        typed: str = "",
        seconds: float = 60,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the box as `user`, with that user's environment and nothing else."""
        words = self._enter(argv, user, env or {}, cwd, seconds)
        try:
            done = subprocess.run(
                words,
                input=typed,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds + 20,
            )
        except subprocess.TimeoutExpired:
            # The box ended while this was on its way into it.
            raise Failed(f"{' '.join(map(str, argv))}: no end within {seconds:g} s") from None
        if check and done.returncode:
            said = done.stdout + done.stderr
            raise Failed(f"{' '.join(map(str, argv))}: exit code {done.returncode}\n{said}")
        return done

    def _enter(
        self,
        argv: Sequence[str | Path],
        user: str,
        env: Mapping[str, str],
        cwd: str,
        seconds: float,
    ) -> list[str]:
        own = {**self.environment(user), **env}
        become = ["--reuid", user, "--regid", user, "--init-groups"] if user != "root" else []
        return [
            "nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root", "--wd",
            "timeout", "--signal=KILL", str(seconds),
            "setpriv", f"--bounding-set={FORBIDDEN}", *become,
            "env", "-i", f"--chdir={cwd or own['HOME']}", *(f"{name}={value}" for name, value in own.items()),
            *map(str, argv),
        ]  # fmt: skip

    def environment(self, user: str) -> dict[str, str]:
        """What a login of the user would set."""
        own = {"PATH": PATH, "LANG": "C.UTF-8", "TERM": "dumb", "USER": user, "LOGNAME": user}
        if user == "root":
            return own | {"HOME": "/root"}
        own |= {"HOME": f"/home/{user}", "SHELL": "/bin/bash"}
        if user != USER:
            return own
        runtime = f"/run/user/{UID}"
        bus = f"unix:path={runtime}/bus"
        return own | {"XDG_RUNTIME_DIR": runtime, "DBUS_SESSION_BUS_ADDRESS": bus}

    def put(self, path: str, text: str, *, user: str = "root", mode: str = "644") -> None:
        """Write a file in the box, and the folders above it, as `user`."""
        write = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"'
        self.run(["sh", "-c", write, "put", path, mode], user=user, typed=text)

    def read(self, path: str) -> str:
        """Read a file of the box; empty where there is none."""
        return self.run(["cat", path], check=False).stdout

    def systemctl(self, *words: str, user: str = "root", check: bool = True) -> str:
        """Ask the system's manager, or that of a user's session."""
        whose = ["--user"] if user != "root" else []
        return self.run(["systemctl", *whose, *words], user=user, check=check).stdout.strip()

    def until(self, met: Callable[[], Any], *, seconds: float, what: str) -> Any:
        """Wait for a condition; its first true value."""
        end = time.monotonic() + seconds
        while not (value := met()):
            if time.monotonic() > end:
                raise Failed(f"not within {seconds:g} s: {what}\n{self._explain()}")
            if self._script is not None and self._script.poll() is not None:
                raise Failed(f"the box is gone\n{self.console()}")
            time.sleep(0.1)
        return value

    def _running(self) -> bool:
        state = self.systemctl("is-system-running", check=False)
        if state == "degraded":
            raise Failed(f"the box came up without {self.systemctl('--failed', '--plain')}")
        return state == "running"

    def _session(self) -> bool:
        # Not "is-system-running": a timer that catches up keeps a session starting for as long.
        return self.systemctl("is-active", "default.target", user=USER, check=False) == "active"

    def _explain(self) -> str:
        if not self.alive:
            return self.console()
        journal = self.run(["journalctl", "--no-pager", "-n", "30"], check=False).stdout
        return f"{self.console()}\n{journal}"
