"""Other programs: the only user of subprocess. Argument lists only, never a shell string."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

_POSIX = os.name == "posix"


@frozen
class Completed:
    """A program that has ended: what it was, its exit code, its output, its seconds."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float


def which(name: str) -> Path | None:
    """Find a program on PATH."""
    found = shutil.which(name)
    return Path(found) if found else None


def shown(argv: Sequence[str]) -> str:
    """Write an argument list as a line that a person could type."""
    return shlex.join(argv)


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    check: bool = True,
    stdin: str | None = None,
    dry_run: bool = False,
    missing_hint: str = "",
    same_session: bool = False,
    errors: str = "replace",
) -> Completed:
    """Run a program to its end and give its output as text.

    `env` is added to ours. A missing program is exit 5 with `missing_hint`; with `check` a code
    other than 0 is an error that carries the program's last words. With `same_session` it can ask
    on our terminal and gets its Ctrl-C; give it no `timeout`, as there is no group to end.
    """
    command = tuple(str(part) for part in argv)
    if dry_run:
        return Completed(command, 0, "", "", 0.0)
    begun = clock.monotonic()
    child = spawn(
        command,
        cwd=cwd,
        env=env,
        missing_hint=missing_hint,
        stdin=stdin is not None,
        pipes=True,
        same_session=same_session,
        errors=errors,
    )
    try:
        out, err = child.process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill_tree()
        raise CompanionError(f"{command[0]} took longer than {timeout:g} s and was ended") from None
    except BaseException:
        child.kill_tree()
        raise
    finally:
        child.close()
    done = Completed(command, child.process.returncode, out, err, clock.monotonic() - begun)
    return _checked(done) if check else done


def run_bytes(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> tuple[int, bytes, str]:
    """Run a program whose data must stay as they are; give its exit code, output and last words."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            input=b"" if stdin is None else stdin,
            capture_output=True,
            env={**os.environ, **env} if env else None,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CompanionError(f"{argv[0]} took longer than {timeout:g} s and was ended") from None
    except OSError as error:
        message = f"{argv[0]} can't be started: {error.strerror}"
        raise CompanionError(message, code=Exit.MISSING) from None
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()


def converse(
    argv: Sequence[str],
    *,
    feed: bytes | Callable[[IO[bytes]], None] = b"",
    drain: Callable[[IO[bytes]], None] | None = None,
    on_line: Callable[[str], None] | None = None,
    on_error_line: Callable[[str], None] | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    missing_hint: str = "",
) -> Completed:
    """Run a program with data that flow both ways while it runs; no check of its exit code.

    `feed` is what stands on its stdin, or writes there; `drain` reads its stdout, else that comes
    back as text, and line by line through `on_line` as it is written. After `timeout` seconds the
    program is ended, and that is an error.
    """
    command = tuple(str(part) for part in argv)
    begun = clock.monotonic()
    child = _spawn_bytes(command, env, missing_hint)
    late = threading.Event()

    def end() -> None:
        late.set()
        terminate_tree(child.pid)

    watch = threading.Timer(timeout or 0, end)
    watch.daemon = True
    err: list[str] = []
    out: list[str] = []
    workers = [
        threading.Thread(target=_feed, args=(child.stdin, feed), daemon=True),
        threading.Thread(target=_read, args=(child.stderr, err, on_error_line), daemon=True),
    ]
    try:
        for worker in workers:
            worker.start()
        if timeout is not None:
            watch.start()
        assert child.stdout is not None
        if drain is not None:
            drain(child.stdout)
        else:
            _read(child.stdout, out, on_line)
        code = child.wait()
        workers[1].join(5)
    except BaseException:
        terminate_tree(child.pid)
        child.wait()
        raise
    finally:
        watch.cancel()
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
    if late.is_set():
        raise CompanionError(f"{command[0]} took longer than {timeout:g} s and was ended")
    return Completed(command, code, "".join(out), "".join(err), clock.monotonic() - begun)


def _spawn_bytes(
    command: tuple[str, ...], env: Mapping[str, str] | None, missing_hint: str
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=_POSIX,
        )
    except FileNotFoundError:
        raise CompanionError(
            f"the program {command[0]} is not installed", hint=missing_hint, code=Exit.MISSING
        ) from None
    except OSError as error:
        raise CompanionError(f"{command[0]} can't be started: {error.strerror}") from None


def _feed(pipe: IO[bytes] | None, feed: bytes | Callable[[IO[bytes]], None]) -> None:
    """Write to a program's stdin; one that ends without reading it all is no fault of ours."""
    if pipe is None:
        return
    try:
        if callable(feed):
            feed(pipe)
        else:
            pipe.write(feed)
    except (OSError, ValueError):
        pass
    finally:
        try:
            pipe.close()
        except OSError:
            pass


def _read(pipe: IO[bytes] | None, into: list[str], on_line: Callable[[str], None] | None) -> None:
    for row in pipe or ():
        text = row.decode("utf-8", "replace").replace("\r\n", "\n")
        into.append(text)
        if on_line is not None:
            on_line(text.rstrip("\n"))


def windows_line(argv: Sequence[str]) -> str:
    """Write an argument list as Windows programs take their command lines apart."""
    return subprocess.list2cmdline(argv)


def _checked(done: Completed) -> Completed:
    if done.code != 0:
        words = (done.err.strip() or done.out.strip()).splitlines()
        last = words[-1] if words else "no output"
        raise CompanionError(f"{shown(done.argv[:3])} … failed (exit {done.code}): {last}")
    return done


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    missing_hint: str = "",
) -> Completed:
    """Run a program and hand each line of its output (both streams) on as it comes; no check."""
    command = tuple(str(part) for part in argv)
    begun = clock.monotonic()
    child = spawn(command, cwd=cwd, env=env, missing_hint=missing_hint, pipes=True, merged=True)
    lines: list[str] = []
    try:
        for line in _lines(child.process.stdout):
            lines.append(line)
            on_line(line)
        code = child.wait()
    except BaseException:
        child.kill_tree()
        raise
    finally:
        child.close()
    return Completed(command, code, "\n".join(lines), "", clock.monotonic() - begun)


def _lines(file: IO[str] | None) -> list[str] | IO[str]:
    return (line.rstrip("\r\n") for line in file) if file is not None else []  # type: ignore[return-value]


class Child:
    """A program that is running in a process group of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        """The process id, which is its group's as well."""
        return self.process.pid

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and give the exit code."""
        return self.process.wait(timeout)

    def close(self) -> None:
        """Close our ends of its pipes."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def kill_tree(self) -> None:
        """End the program and everything it started."""
        terminate_tree(self.process.pid)
        self.process.wait()


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bool = False,
    pipes: bool = False,
    merged: bool = False,
    missing_hint: str = "",
    same_session: bool = False,
    errors: str = "replace",
) -> Child:
    """Start a program in a group of its own; without `pipes` it shares our terminal's output."""
    pipe = subprocess.PIPE if pipes else None
    try:
        process = subprocess.Popen(
            [str(part) for part in argv],
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.STDOUT if merged else pipe,
            text=True,
            encoding="utf-8",
            errors=errors,
            start_new_session=_POSIX and not same_session,
        )
    except FileNotFoundError:
        raise CompanionError(
            f"the program {argv[0]} is not installed", hint=missing_hint, code=Exit.MISSING
        ) from None
    except OSError as error:
        raise CompanionError(f"{argv[0]} can't be started: {error.strerror}") from None
    return Child(process)


def on_terminal(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    whole_env: Mapping[str, str] | None = None,
    missing_hint: str = "",
) -> int:
    """Run a program that has our terminal until it ends, such as an editor; give its exit code.

    `whole_env` is all of its environment: nothing of ours is added.
    """
    try:
        return subprocess.run(
            [str(part) for part in argv], cwd=cwd, env=whole_env, check=False
        ).returncode
    except OSError as error:
        message = f"{argv[0]} can't be started: {error.strerror}"
        raise CompanionError(message, hint=missing_hint, code=Exit.MISSING) from None


def lines_until(child: Child, wanted: Callable[[str], bool], seconds: float) -> list[str]:
    """Read the output of a child until a wanted line, its end, or until so many seconds have passed."""
    lines: list[str] = []
    news = threading.Event()
    ended = threading.Event()

    def read() -> None:
        try:
            for line in _lines(child.process.stdout):
                lines.append(line)
                news.set()
        except ValueError:  # the pipe was closed under us
            pass
        ended.set()
        news.set()

    threading.Thread(target=read, daemon=True).start()
    deadline = clock.monotonic() + seconds
    while (left := deadline - clock.monotonic()) > 0:
        finished = ended.is_set()
        if finished or any(map(wanted, list(lines))):
            break
        news.wait(left)
        news.clear()
    return list(lines)


def leave_running(argv: Sequence[str], *, cwd: Path | None = None) -> int:
    """Start a program that outlives us (an editor), silent and on its own; give its process id."""
    try:
        process = subprocess.Popen(
            [str(part) for part in argv],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=_POSIX,
        )
    except OSError as error:
        raise CompanionError(
            f"{argv[0]} can't be started: {error.strerror}", code=Exit.MISSING
        ) from None
    # Nobody will wait for it: without a code Python warns that it is still running.
    process.returncode = 0
    return process.pid


def terminate_tree(pid: int, *, grace: float = 2.0) -> None:
    """End a process group that `spawn` began: politely, then for good after `grace` seconds."""
    if not _POSIX:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
        return
    _signal_group(pid, signal.SIGTERM)
    killer = threading.Timer(grace, _signal_group, (pid, signal.SIGKILL))
    killer.daemon = True
    killer.start()
    deadline = clock.monotonic() + grace
    while clock.monotonic() < deadline and _group_alive(pid):
        clock.pause(0.02)
    killer.cancel()
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _group_alive(pid: int) -> bool:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
