"""Waiting for what other processes do, and places where nobody is."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


def until(met: Callable[[], Value], seconds: float = 60, what: str = "it") -> Value:
    """Wait for a condition and give its first true value; where it never comes the test has failed."""
    end = time.monotonic() + seconds
    while not (value := met()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.02)
    return value


def is_gone(pid: int) -> bool:
    """Say whether a process has ended; one that nobody has asked for its end yet has."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        # It went between the two, or this system shows no processes there.
        return Path("/proc/self/stat").exists()
    return state.rpartition(")")[2].split()[0] in "ZX"


@contextmanager
def nobody() -> Iterator[int]:
    """Give a port of this machine that answers nobody, and that no other program gets meanwhile."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        yield int(line.getsockname()[1])
