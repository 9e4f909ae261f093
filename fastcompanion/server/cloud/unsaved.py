"""What would be lost with a machine: commits that were not pushed, changes without one, files never fetched."""

from __future__ import annotations

from collections.abc import Mapping

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.server import syncing
from fastcompanion.server.comparing import Entry, alike
from fastcompanion.server.connection import Connection
from fastcompanion.server.syncing import THERE

_LISTED = 20
_SECONDS = 120
_THERE = "there"
# One line for each finding: kind, count, bytes, path, divided by tabs. Files older than the moment `$1`
# came with the machine. Those in the folder `$2`, where syncs go, are told one by one: bytes, time, path.
_LOOK = r"""
set -u
cd "$HOME" || exit 3
skip="-name .cache -o -name .local -o -name .venvs -o -name venv -o -name .venv -o -name .conda -o -name node_modules"
find . -maxdepth 6 \( $skip \) -prune -o -name .git -print 2>/dev/null | while IFS= read -r git; do
  at=${git%/.git}
  changed=$(git -C "$at" status --porcelain 2>/dev/null | wc -l)
  ahead=$(git -C "$at" log --branches --not --remotes --oneline 2>/dev/null | wc -l)
  stashed=$(git -C "$at" stash list 2>/dev/null | wc -l)
  [ "$changed" -gt 0 ] && printf 'uncommitted\t%s\t0\t%s\n' "$changed" "$at"
  [ "$ahead" -gt 0 ] && printf 'unpushed\t%s\t0\t%s\n' "$ahead" "$at"
  [ "$stashed" -gt 0 ] && printf 'stashed\t%s\t0\t%s\n' "$stashed" "$at"
done
for at in *; do
  [ -e "$at" ] || continue
  [ -e "$at/.git" ] && continue
  if [ "$at" = "$2" ]; then
    find "$at" \( $skip -o -name .git -o -name __pycache__ -o -name .ipynb_checkpoints \) -prune -o -type f -newermt "@$1" -printf 'there\t%s\t%T@\t%p\n' 2>/dev/null
    continue
  fi
  find "./$at" \( $skip -o -name .git -o -name __pycache__ -o -name .ipynb_checkpoints \) -prune -o -type f -newermt "@$1" -printf '%s\n' 2>/dev/null |
    awk -v at="$at" '{n += 1; b += $1} END {if (n) printf "files\t%d\t%.0f\t%s\n", n, b, at}'
done
echo looked
"""


@frozen
class Unsaved:
    """One finding: "uncommitted", "unpushed", "stashed" or "files", how many, how large, where."""

    kind: str
    count: int
    bytes: int
    path: str


@frozen
class Look:
    """What was found, or why nobody could look."""

    found: tuple[Unsaved, ...]
    looked: bool
    why_not: str = ""

    @property
    def clean(self) -> bool:
        """Whether it is certain that nothing is lost."""
        return self.looked and not self.found


def look(way: Connection, since: float) -> Look:
    """Look over ssh; `since` is when the machine was made, in seconds since 1970."""
    moments = [f"{since:.0f}", THERE]
    try:
        done = way.script(_LOOK, args=moments, root=False, timeout=_SECONDS)
    except CompanionError as error:
        return Look((), False, error.message)
    lines = done.out.splitlines()
    if "looked" not in lines:
        return Look((), False, "the look came to no end")
    rows = [line.split("\t", 3) for line in lines if line.count("\t") >= 3]
    found = [
        Unsaved(kind, int(count), int(size), path)
        for kind, count, size, path in rows
        if kind != _THERE
    ]
    here = {path: Entry(int(size), float(at)) for kind, size, at, path in rows if kind == _THERE}
    return Look((*found[:_LISTED], *_not_synced(way.server.name, here)), True)


def _not_synced(name: str, files: Mapping[str, Entry]) -> tuple[Unsaved, ...]:
    """Add up what is not as the last sync left it; what was never synced is not, whenever it was made."""
    known = {
        f"{folder}/{path}": entry
        for folder, base in syncing.bases(name)
        for path, entry in base.items()
    }
    sizes = [one.size for path, one in files.items() if not _same(one, known.get(path))]
    return (Unsaved("files", len(sizes), sum(sizes), THERE),) if sizes else ()


def _same(one: Entry, known: Entry | None) -> bool:
    return known is not None and alike(one, known)
