"""A file of plain data, read key by key; whoever wrote it, an error names the file and the place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base.errors import CompanionError

AGAIN = "Make it again: fastcompanion lesson record"


class Fields:
    """One mapping of the file, read key by key; an error names the file and the place in it."""

    def __init__(self, data: Any, path: Path, where: str) -> None:
        self.path, self.where = path, where
        if not isinstance(data, dict):
            raise self.wrong("should be a mapping of keys")
        self.data = data

    def wrong(self, problem: str) -> CompanionError:
        """Make the error for this place."""
        where = f"{self.where}: " if self.where else ""
        return CompanionError(f"{where}{problem}", hint=AGAIN, file=self.path)

    def inside(self, key: str) -> Fields:
        """Give the same mapping under the name of one of its keys, to speak of."""
        return Fields(self.data, self.path, key)

    def get(self, key: str) -> Any:
        """Give what stands there, None for nothing."""
        return self.data.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Give a text; without a default it has to be there."""
        value = self.data.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(f"{key} should be a text")
        return value

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """Give one of the known words."""
        value = self.text(key, default)
        if value not in known:
            raise self.wrong(f"{key} should be one of {', '.join(filter(None, known))}")
        return value

    def count(self, key: str) -> int:
        """Give a whole number from 0 on; 0 when it is missing."""
        value = self.data.get(key, 0)
        if type(value) is not int or value < 0:
            raise self.wrong(f"{key} should be a whole number")
        return value

    def truth(self, key: str, *, default: bool = True) -> bool:
        """Give true or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} should be true or false")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        """Give a mapping; an empty one when it is missing."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key} should be a mapping of keys")
        return value

    def each(self, key: str, kind: Any, *, optional: bool = False) -> list[Any]:
        """Give a list whose items are of one kind."""
        value = self.data.get(key, [] if optional else None)
        if not isinstance(value, list) or not all(
            isinstance(item, kind) and not (kind is int and isinstance(item, bool))
            for item in value
        ):
            raise self.wrong(f"{key} should be a list")
        return value

    def children(self, key: str) -> list[Fields]:
        """Give the mappings of a list; none when it is missing."""
        found = self.each(key, dict, optional=True)
        base = f"{self.where}." if self.where else ""
        return [Fields(one, self.path, f"{base}{key}[{n}]") for n, one in enumerate(found)]
