"""Opening a page in the learner's browser."""

from __future__ import annotations

import sys

from fastcompanion.base import process
from fastcompanion.base.errors import CompanionError


def open_page(url: str) -> None:
    """Open a web address; anything else is refused.

    It is done by a process of its own, as some browsers write to the terminal or wait to be closed; it
    looks for nothing in the working folder (-P), where a learner's random.py would be taken for Python's own.
    """
    refuse_other(url)
    process.leave_running([sys.executable, "-P", "-m", "webbrowser", "-t", url])


def refuse_other(url: str) -> None:
    """Refuse what is no web address: a browser would open files and run what is in them."""
    if not url.startswith(("https://", "http://")):
        raise CompanionError(f"{url!r} is no web address and is not opened")
