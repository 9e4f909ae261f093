"""Whether a split keeps what belongs together in one part, seen from outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from fastcompanion.data.folds import Split


def leaking(split: Split, groups: Mapping[str, str]) -> tuple[str, ...]:
    """Name the groups whose rows lie in several parts; `groups` by the ids of rows."""
    parts: dict[str, set[str]] = defaultdict(set)
    for one, group in groups.items():
        if one in split.parts:
            parts[group].add(split.parts[one])
    return tuple(sorted(group for group, found in parts.items() if len(found) > 1))
