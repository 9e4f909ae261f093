"""Seeing to it that no kernel, and nothing a kernel started, outlives its use."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from fastcompanion.base import clock, process
from fastcompanion.base.errors import CompanionError

MARKER = "FASTCOMPANION_KERNEL"
_POSIX = os.name == "posix"
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_WORDS = 16_000
_REAP_SECONDS = 5.0
# Waits on a pipe that only we hold open. A line is a farewell; the end of the file without one
# means that we were killed, and then everything of the kernel has to go.
_GUARD = """
read -r farewell && exit 0
kill -s KILL -- "-$1"
for file in $(grep -ls -- "$2" /proc/[0-9]*/environ); do
  number=${file#/proc/}
  kill -s KILL "${number%/environ}"
done
rm -rf -- "$3"
"""


class Interruptions:
    """Turns SIGINT, SIGTERM and SIGHUP into KeyboardInterrupt, outside of deferred blocks.

    Without it SIGTERM and SIGHUP would end us before any cleaning up. Signals that are ignored
    (nohup) stay ignored. Off the main thread, where Python has no signals, it does nothing.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Take over the signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._arrived)

    def restore(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Hold signals back while a block starts or ends a process: they count at its end."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and not self._depth:
            self._pending = False
            raise KeyboardInterrupt

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._depth:
            self._pending = True
        else:
            raise KeyboardInterrupt


class Guard:
    """A tiny shell beside the kernel that ends it when we are killed (SIGKILL, out of memory).

    ipykernel notices a lost parent itself, but not what its cells started.
    """

    def __init__(self, group: int, mark: str, folder: Path) -> None:
        self._child: process.Child | None = None
        if _POSIX:
            argv = ["/bin/sh", "-c", _GUARD, "guard", str(group), f"{MARKER}={mark}", str(folder)]
            with suppress(CompanionError):
                self._child = process.spawn(argv, stdin=True, pipes=True)

    def dismiss(self) -> None:
        """Tell the guard that all is well."""
        if self._child is not None:
            with suppress(OSError):
                self._child.process.communicate("farewell\n", timeout=_REAP_SECONDS)


class LastWords:
    """A pipe for a process's own stdout and stderr that remembers only the end of what comes."""

    def __init__(self) -> None:
        reader, self.writer = os.pipe()
        self._chunks: deque[bytes] = deque()
        self._thread = threading.Thread(target=self._listen, args=(reader,), daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Give what was said last."""
        return b"".join(self._chunks)[-_WORDS:].decode("utf-8", "replace")

    def close(self) -> None:
        """Close our end; the listener ends with the last process that can still write."""
        os.close(self.writer)

    def _listen(self, reader: int) -> None:
        with open(reader, "rb", buffering=0) as file:
            while chunk := file.read(4096):
                self._chunks.append(chunk)
                while len(self._chunks) > _WORDS // 16:
                    self._chunks.popleft()


def kill_all(child: Any, mark: str) -> None:
    """End a process group and every process that carries `mark` in its environment.

    `child` is a subprocess.Popen. The mark finds, on Linux, what left the group (daemons).
    """
    if not _POSIX:
        process.terminate_tree(child.pid)
        child.wait()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    deadline = clock.monotonic() + _REAP_SECONDS
    while child.poll() is None and clock.monotonic() < deadline:
        clock.pause(0.005)
    while (strays := _marked(mark)) and clock.monotonic() < deadline:
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        clock.pause(0.01)


def _marked(mark: str) -> list[int]:
    wanted = f"{MARKER}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
