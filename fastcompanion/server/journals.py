"""What our units wrote on a server, without the secrets that programs print."""

from __future__ import annotations

import re

from fastcompanion.base import scrub
from fastcompanion.base.records import frozen
from fastcompanion.server.connection import Connection

#: the units of the setup, and what it calls its own log
UNITS = (
    "fastcompanion-setup",
    "fastcompanion-jupyter",
    "fastcompanion-idle",
    "fastcompanion-limit",
)
_MARK = "==fastcompanion=="
_READ = f"""
for unit in {" ".join(UNITS)}; do
  echo "{_MARK} $unit"
  said=$(sudo -n journalctl --no-pager -q -o short-iso -n "$1" -u "$unit.service" 2>/dev/null) ||
    said=$(journalctl --no-pager -q -o short-iso -n "$1" -u "$unit.service" 2>/dev/null)
  [ -n "$said" ] && printf '%s\\n' "$said"
done
log=/var/log/fastcompanion-setup.log
echo "{_MARK} $log"
tail -n "$1" $log 2>/dev/null || sudo -n tail -n "$1" $log 2>/dev/null
exit 0
"""
_NOBODY = scrub.Known()
_TOKEN = re.compile(r"(?i)(token[=: ]+)[^\s&\"']{6,}")


@frozen
class Journal:
    """The last lines of one unit."""

    unit: str
    lines: tuple[str, ...]


@frozen
class Journals:
    """The last lines of all our units on a server."""

    name: str
    units: tuple[Journal, ...]


def read(connection: Connection, *, lines: int = 40) -> Journals:
    """Fetch the last lines of each unit."""
    done = connection.script(_READ, args=(str(lines),), root=False, timeout=60)
    found: dict[str, list[str]] = {unit: [] for unit in UNITS}
    unit = UNITS[0]
    for line in done.out.splitlines():
        if line.startswith(_MARK):
            unit = line.removeprefix(_MARK).strip()
        else:
            found.setdefault(unit, []).append(redacted(line))
    rows = tuple(Journal(name, tuple(kept)) for name, kept in found.items())
    return Journals(connection.server.name, rows)


def redacted(text: str) -> str:
    """Give a text of a server without tokens, keys and passwords."""
    return _TOKEN.sub(rf"\1{scrub.GONE}", scrub.scrub(text, _NOBODY))
