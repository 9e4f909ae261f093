"""What is to be said of each file: labels, numbers and points as a run of predictions writes them.

Files of a test are left for later, those without a label, and those that can't be opened, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fastcompanion.base.records import frozen
from fastcompanion.data import columns, files, images, layouts, media, splits
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import SplitRule
from fastcompanion.data.files import Folder
from fastcompanion.data.folds import Rows
from fastcompanion.data.media import Found
from fastcompanion.data.predictions import LABELS_APART
from fastcompanion.data.tables import is_missing

_OPENED = 20_000
_SIDE_BYTES = 1 << 16


@frozen
class Labelled:
    """The files to learn from with the truth of each, `raw` as it stands in the data; `notes` tell what is left out."""

    truths: Mapping[str, str]
    raw: Mapping[str, str]
    notes: tuple[str, ...]


def of_files(folder: Folder, found: Found) -> Labelled:
    """Give every file that can be learned from its truth."""
    raw = dict(_RAW.get(found.kind.value, _cells)(folder, found))
    truths = {name: _truth(found, cell) for name, cell in raw.items()}
    known = {name: truth for name, truth in truths.items() if truth is not None}
    kept, notes = _kept(folder, found, known)
    left = len(raw) - len(known)
    if left:
        notes = [f"{left} {found.what} without a label are left out", *notes]
    return Labelled(kept, {name: raw[name] for name in kept}, tuple(notes))


def _cells(folder: Folder, found: Found) -> Iterable[tuple[str, str]]:
    del folder
    return found.by_file.items()


def _beside(folder: Folder, found: Found) -> Iterable[tuple[str, str]]:
    """Read every text file beside an image; the look read some of them."""
    if found.target.value != "text file":
        yield from _numbers_of(found)
        return
    for name, text in layouts.beside(found.names, folder.texts).items():
        try:
            yield name, files.head(folder, text, _SIDE_BYTES).decode("utf-8", "replace")
        except OSError:
            continue


def _numbers_of(found: Found) -> Iterator[tuple[str, str]]:
    wanted = point_columns(found) if found.kind.value == "images-points" else []
    if not wanted or found.listed is None or found.view is None:
        yield from found.by_file.items()
        return
    cells = zip(*(found.view.values[name].cells for name in wanted), strict=True)
    for name, row in zip(found.listed.rows, cells, strict=True):
        if name:
            yield name, " ".join(cell.strip() or "-" for cell in row)


def point_columns(found: Found) -> list[str]:
    """Name the columns of x and y, each x before its y."""
    if found.view is None:
        return []
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for name, values in found.view.values.items():
        match = media.POINT.fullmatch(name)
        if match and values.is_numeric:
            pairs.setdefault((match[1].lower(), match[3]), {})[match[2].lower()] = name
    whole = [pair for pair in pairs.values() if len(pair) == 2]
    return [pair[side] for pair in whole for side in ("x", "y")]


def _masks(folder: Folder, found: Found) -> Iterable[tuple[str, str]]:
    del folder
    return found.masks.pairs.items() if found.masks is not None else ()


_RAW = {"images-points": _beside, "images-number": _beside, "segmentation": _masks}


def _truth(found: Found, cell: str) -> str | None:
    """Write a cell as a run does; None for what is no label."""
    kind = found.kind.value
    if kind == "images-points":
        return _numbers(cell)
    if kind.endswith("number"):
        return _number(cell, target_values(found))
    if kind == "images-labels":
        return LABELS_APART.join(dict.fromkeys(media.words([cell], found.sign)))
    listed = found.listed is not None
    return None if not cell.strip() or (listed and is_missing(cell)) else cell


def target_values(found: Found) -> Values | None:
    """Give the table's column that holds the target, where there is one."""
    return found.view.values.get(found.target.value) if found.view is not None else None


def _numbers(text: str) -> str | None:
    words = text.replace(",", " ").replace(";", " ").split()
    values = [columns.number(word) for word in words]
    return " ".join(words) if values and None not in values and len(values) % 2 == 0 else None


def _number(cell: str, values: Values | None) -> str | None:
    found = columns.number(cell, values.form if values is not None else "")
    return None if found is None else repr(found)


def _kept(
    folder: Folder, found: Found, known: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    notes = []
    kept = {name: truth for name, truth in known.items() if found.parts.of(name) != "test"}
    if kept and len(kept) < len(known):
        notes.append(f"{len(known) - len(kept)} {found.what} of the test are left for the very end")
    kept = kept or dict(known)
    broken = _broken(folder, found, kept)
    if broken:
        shown = ", ".join(sorted(broken)[:3])
        what = f"{found.what} that can't be opened are"
        what = (
            f"{found.what.removesuffix('s')} that can't be opened is" if len(broken) == 1 else what
        )
        notes.append(f"{len(broken)} {what} left out: {shown}")
    whole = {name: truth for name, truth in kept.items() if name not in broken}
    widths = {len(truth.split()) for truth in whole.values()}
    if found.kind.value == "images-points" and len(widths) > 1:
        usual = max(widths, key=lambda width: sum(len(t.split()) == width for t in whole.values()))
        odd = [name for name, truth in whole.items() if len(truth.split()) != usual]
        notes.append(f"{len(odd)} images with another number of points are left out")
        whole = {name: truth for name, truth in whole.items() if name not in set(odd)}
    return whole, notes


def _broken(folder: Folder, found: Found, kept: Mapping[str, str]) -> set[str]:
    if found.what == "texts" or len(kept) > _OPENED:
        return set()
    look = images.picture if found.what == "images" else images.sound
    return {name for name in kept if look(folder, name).problem}


def rows(found: Found, rule: SplitRule, truths: Mapping[str, str]) -> Rows:
    """Give the files to the split, with what its rule needs to know of them."""
    kind = found.kind.value
    names = tuple(truths)
    classes: tuple[str, ...] = ()
    if kind.endswith("class"):
        classes = tuple(truths.values())
    elif kind == "images-labels":
        classes = _rarest(truths)
    numbers = tuple(map(float, truths.values())) if kind.endswith("number") else ()
    column = _column(found, rule.column) if rule.column else {}
    groups = column if rule.column else layouts.groups(list(found.by_file) or list(names))[1]
    given = column if rule.column else {name: found.parts.of(name) or "train" for name in names}
    return Rows(
        names,
        classes,
        numbers,
        groups=tuple(groups.get(name, name) for name in names) if rule.rule == "group" else (),
        given=tuple(given.get(name, "train") for name in names) if rule.rule == "given" else (),
    )


def rule_of(found: Found, count: int) -> SplitRule:
    """Choose the rule; a table of its own for validating that names no files is no split."""
    rule = media.split(found)
    parts = {found.parts.of(name) for name in found.names}
    if rule is None or (rule.rule == "given" and not rule.column and "valid" not in parts):
        return splits.plain(found.kind.value, "", count)
    return rule


def _column(found: Found, name: str) -> dict[str, str]:
    if found.listed is None or found.view is None or name not in found.view.values:
        return {}
    cells = found.view.values[name].cells
    return {file: cell for file, cell in zip(found.listed.rows, cells, strict=True) if file}


def _rarest(truths: Mapping[str, str]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for truth in truths.values():
        for label in truth.split(LABELS_APART):
            counts[label] = counts.get(label, 0) + 1
    return tuple(
        min(truth.split(LABELS_APART), key=lambda one: counts[one]) for truth in truths.values()
    )
