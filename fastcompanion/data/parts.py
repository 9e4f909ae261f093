"""Which folders are parts of a data set: train, valid, test. Told from all folders together.

A folder named `train` beside `car` and `bus` is a class; `20news-bydate-train` is a part because there is
a `20news-bydate-test`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fastcompanion.base.records import frozen

WORDS = {
    "train": "train", "training": "train", "trn": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "dev": "valid",
    "test": "test", "testing": "test", "tst": "test", "eval": "test", "holdout": "test",
}  # fmt: skip
#: folders that hold everything and say nothing
GENERIC = frozenset(
    "images image imgs img pics pictures photos jpegimages data dataset raw original originals all files frames audio "
    "audios sounds wav wavs recordings clips texts text documents docs txt png jpg jpeg input inputs set full".split()
)
_WORD = re.compile(rf"(.*?)(?<![a-z])({'|'.join(WORDS)})(?![a-z])(.*)")
_REST = re.compile(rf"[\W_\d]*(?:(?:{'|'.join(GENERIC)})[\W_\d]*)*")


@frozen
class Parts:
    """The part of each folder by its path; `own` are the folders that name a part themselves."""

    by_folder: Mapping[str, str]
    own: frozenset[str]

    def of(self, name: str) -> str:
        """Give the part that a file lies in: train, valid, test, or nothing."""
        return self.by_folder.get(name.rpartition("/")[0], "")


def read(names: Iterable[str]) -> Parts:
    """Find the parts among the folders of some files."""
    direct = {name.rpartition("/")[0] for name in names}
    folders = sorted({folder for one in direct for folder in _upward(one)})
    inside: dict[str, set[str]] = {}
    for folder in folders:
        inside.setdefault(folder.rpartition("/")[0], set()).add(folder.rpartition("/")[2].lower())
    words = set().union(*inside.values()) if inside else set()
    by_folder: dict[str, str] = {"": ""}
    own = set()
    for folder in folders:
        above, _, last = folder.rpartition("/")
        part = word(last, words)
        if part and folder not in inside and _is_class(last.lower(), inside[above], words):
            part = ""
        if part:
            own.add(folder)
        by_folder[folder] = part or by_folder[above]
    return Parts(by_folder, frozenset(own))


def _upward(folder: str) -> Iterable[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def word(name: str, others: Iterable[str] = ()) -> str:
    """Give the part that a name says: alone, with numbers and words that say nothing, or with a counterpart."""
    lowered = name.lower()
    if lowered in WORDS:
        return WORDS[lowered]
    found = _WORD.fullmatch(lowered)
    if found is None:
        return ""
    before, said, after = found.groups()
    if _REST.fullmatch(before) and _REST.fullmatch(after):
        return WORDS[said]
    known = set(others)
    pairs = (before + other + after for other, part in WORDS.items() if part != WORDS[said])
    return WORDS[said] if any(pair in known for pair in pairs) else ""


def _is_class(name: str, siblings: set[str], words: set[str]) -> bool:
    """Is it the only part among other names, without folders in it, as a train is among vehicles?"""
    others = siblings - {name}
    parts = [one for one in others if word(one, words)]
    telling = [one for one in others if one not in GENERIC]
    return not parts and len(telling) >= 2
