"""The heat map in the study's README: two pictures beside the log, and one block that shows them."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import events, repo, store
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.logbook import heatmap, marked
from fastcompanion.study.logbook.heatmap import HeatMap

_PART = "heatmap"
# Never changed once it stands there: two machines can't get in each other's way.
_BLOCK = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="log/heatmap-dark.svg">
  <img alt="Minutes of study on each day, from my study log" src="log/heatmap.svg">
</picture>"""


@frozen
class Written:
    """The files that were written, and what became of their commit."""

    files: tuple[str, ...]
    commit: CommitResult | None
    left_to_you: str = ""


def shows_it(ws: Workspace) -> bool:
    """Say whether the README has the block: then the pictures are kept up to date."""
    return ws.readme.is_file() and marked.has(store.read_text(ws.readme), _PART)


def write(ws: Workspace, found: HeatMap, *, dry_run: bool = False) -> Written:
    """Write the pictures, and the block into the README where it is missing; commit what is ours."""
    wanted = {
        ws.heatmap: heatmap.svg(found),
        ws.heatmap_dark: heatmap.svg(found, dark=True),
    }
    old = store.read_text(ws.readme) if ws.readme.is_file() else ""
    text = _with_block(old, ws.readme)
    files = [path for path, drawn in wanted.items() if not _says(path, drawn)]
    new_block = [ws.readme] if text != old else []
    names = tuple(ws.relative(path) for path in [*files, *new_block])
    if dry_run:
        return Written(names, None)
    for path in files:
        store.write_text(path, wanted[path])
    left = ""
    if new_block:
        ours = not ws.readme.exists() or ws.readme in repo.unchanged(ws.root, [ws.readme])
        store.write_text(ws.readme, text)
        left = "" if ours else "README.md holds changes of yours, so it is yours to commit"
        new_block = new_block if ours else []
    commit = events.commit_paths(ws, [*wanted, *new_block], "Draw the heat map")
    return Written(names, commit, left)


def _with_block(text: str, path: Path) -> str:
    if marked.has(text, _PART):
        return marked.put(text, _PART, _BLOCK, path)
    return f"{text.rstrip()}\n\n{marked.block(_PART, _BLOCK)}\n".lstrip("\n")


def _says(path: Path, text: str) -> bool:
    return path.is_file() and store.read_text(path) == text
