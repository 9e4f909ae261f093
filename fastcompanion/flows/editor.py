"""The learner's text editor: the one that other programs of the terminal open, too."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from fastcompanion.base import process, repo
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace

_USUAL = ("nano", "vim", "vi", "notepad")
# These go to a line that is named with a plus sign.
_GO_TO_LINE = ("nano", "vim", "vi", "nvim", "view", "emacs", "micro", "joe")


def open_and_wait(ws: Workspace, path: Path, line: int = 1) -> None:
    """Open a file and wait until the editor is closed."""
    words = command(ws)
    name = Path(words[0]).stem.lower()
    at = [f"+{line}"] if line > 1 and name in _GO_TO_LINE else []
    code = process.on_terminal([*words, *at, str(path)], cwd=ws.root)
    if code != 0:
        raise CompanionError(
            f"the editor {words[0]} ended with code {code}; what it wrote is kept",
            hint="fastcompanion log check",
            file=path,
        )


def command(ws: Workspace) -> list[str]:
    """Give the editor's command line: VISUAL, EDITOR, git's core.editor, else a usual one."""
    told = os.environ.get("VISUAL") or os.environ.get("EDITOR") or repo.editor(ws.root)
    if told.strip():
        return _words(told)
    found = next((name for name in _USUAL if process.which(name) is not None), None)
    if found is None:
        raise CompanionError(
            "no text editor was found",
            hint="Let EDITOR name yours, e.g. EDITOR=nano.",
            code=Exit.MISSING,
        )
    return [found]


def _words(told: str) -> list[str]:
    try:
        words = shlex.split(told, posix=os.name == "posix")
    except ValueError:
        words = []
    if not words:
        raise CompanionError(
            f"the editor is no command line: {told!r}", hint="EDITOR=nano", code=Exit.USAGE
        )
    whole = process.which(words[0])
    return [str(whole) if whole else words[0], *words[1:]]
