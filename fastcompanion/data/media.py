"""Which kind of data set files of images, recordings or texts are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.data import files, images, layouts, listing, parts, splits, targets
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Finding, Kind, SplitRule
from fastcompanion.data.files import Folder
from fastcompanion.data.layouts import Labels, Listed, Masks
from fastcompanion.data.parts import Parts
from fastcompanion.data.tables import Table, encoding_of
from fastcompanion.data.targets import View

What = Literal["images", "recordings", "texts"]
_ENOUGH = 10
_RLE = re.compile(r"(?i).*(?:rle|encoded_?pixels).*")
POINT = re.compile(r"(?i)(.*?)[_ .-]?([xy])[_ .-]?(\d*)")
_SIDE_BYTES = 4096
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@frozen
class Found:
    """A data set of files: its kind, what is to be predicted, and the label of each file.

    `sign` separates several labels of one file. `listed` is the table's column that names the files.
    """

    what: What
    names: tuple[str, ...]
    kind: Finding
    target: Finding
    by_file: Mapping[str, str]
    parts: Parts
    sign: str = ""
    masks: Masks | None = None
    listed: Listed | None = None
    view: View | None = None


@frozen
class _Files:
    """The files that a data set is about, in their folder."""

    folder: Folder
    what: What
    names: tuple[str, ...]
    parts: Parts


def chosen(
    folder: Folder, tables: Sequence[Table], parts: Parts
) -> tuple[What, tuple[str, ...]] | None:
    """Tell whether the files are what the folder is about, and not pictures beside a table."""
    kinds: tuple[tuple[What, tuple[str, ...]], ...] = (
        ("recordings", folder.sounds),
        ("images", folder.images),
        ("texts", folder.texts or _bare_texts(folder)),
    )
    for what, names in kinds:
        if len(names) < 2 or (what == "texts" and layouts.in_folders(names, parts) is None):
            continue
        if not tables or len(names) >= _ENOUGH or _named_in(names, tables, parts):
            return what, names
    return None


def _bare_texts(folder: Folder) -> tuple[str, ...]:
    """Give the files without a suffix, or with a number for one, where they hold text."""
    names = tuple(
        name for name in folder.others if not files.suffix(name) or files.suffix(name).isdigit()
    )
    some = files.spread(names, 5)
    try:
        plain = all(encoding_of(files.head(folder, name, _SIDE_BYTES)) for name in some)
    except OSError:
        return ()
    return names if len(names) >= _ENOUGH and plain else ()


def _named_in(names: Sequence[str], tables: Sequence[Table], parts: Parts) -> bool:
    return any(
        layouts.listed(names, column, table.column(column), parts)
        for table in tables
        for column in table.names
    )


def recognise(
    folder: Folder, tables: Sequence[Table], view: View | None, wanted: tuple[str, str]
) -> Found | None:
    """Tell the kind of a data set of files; `wanted` is the target and the kind that the learner said."""
    told = parts.read((*folder.images, *folder.sounds, *folder.texts, *folder.others))
    what_and_names = chosen(folder, tables, told)
    if what_and_names is None:
        return None
    what, names = what_and_names
    if wanted[1].startswith(("table", "ratings", "time")) and view is not None:
        return None
    for found in _tries(_Files(folder, what, names, told), view, wanted[0]):
        if not wanted[1] or found.kind.value == wanted[1]:
            return _said(found, wanted[1])
    why = (f"there are {len(names)} {what}, and nothing says what they show",)
    return Found(what, names, Finding("unknown", False, why), Finding("", False), {}, told)


def _said(found: Found, kind: str) -> Found:
    if not kind:
        return found
    told = Finding(kind, True, ("you said so", *found.kind.why))
    return replace(found, kind=told)


def _tries(of: _Files, view: View | None, target: str) -> Iterator[Found]:
    masked = _segmentation(of) if of.what == "images" else None
    if masked is not None and masked.kind.sure:
        yield masked
    if (
        view is not None
        and targets.labelled(view.train)
        and (found := from_table(of, view, target))
    ):
        yield found
    if of.what == "images":
        yield from _beside(of)
    if (labels := layouts.in_folders(of.names, of.parts)) is not None:
        yield of_labels(of, labels)
    if masked is not None and not masked.kind.sure:
        yield masked
    if (labels := layouts.in_names(of.names, of.parts)) is not None:
        yield of_labels(of, labels)


def _segmentation(of: _Files) -> Found | None:
    masks = layouts.masks(of.names, of.parts)
    if masks is None:
        return None
    used = {*masks.pairs.values(), *masks.masks_alone}
    several = "one mask for each object" in masks.why
    inside = {name.rpartition("/")[0] for name in masks.pairs.values()} if several else set()
    names = tuple(n for n in of.names if n not in used and n.rpartition("/")[0] not in inside)
    kind = Finding("segmentation", _look_like_masks(of.folder, masks), (masks.why,))
    target = Finding("mask", True, ("each image has one",))
    return Found("images", names, kind, target, {}, of.parts, masks=masks)


def _look_like_masks(folder: Folder, masks: Masks) -> bool:
    """Are masks files of few colours, unlike photographs in JPEG that only have the names of others?"""
    some = files.spread(list(masks.pairs.values()), 5)
    heads = [images.picture(folder, name) for name in some]
    return not all(head.form == "jpeg" and head.colours == "rgb" for head in heads)


def of_labels(of: _Files, labels: Labels) -> Found:
    """Make one class for each label of the files."""
    kinds: dict[What, Kind] = {
        "images": "images-class",
        "recordings": "audio-class",
        "texts": "text-class",
    }
    by_file = {
        name: label
        for name, label in labels.by_file.items()
        if label.lower() not in layouts.UNLABELLED
    }
    target = Finding("folder" if labels.how == "folders" else "file name", labels.sure, labels.why)
    kind, counts = Finding(kinds[of.what], labels.sure, labels.why), labels.counts
    if of.what == "images" and len(counts) > 20 and all(map(_NUMBER.fullmatch, counts)):
        why = (*labels.why, "all of them are numbers, so they may be amounts")
        kind = Finding("images-number", False, why)
    return Found(of.what, of.names, kind, target, by_file, of.parts)


def _beside(of: _Files) -> Iterator[Found]:
    """Look at text files that lie beside images of the same name: numbers, points or boxes."""
    pairs = layouts.beside(of.names, of.folder.texts)
    if len(pairs) < 2 or len(pairs) < len(of.names) * 0.5:
        return
    sample = files.spread(list(pairs.items()), 500)
    by_file = {name: _side_text(of.folder, text) for name, text in sample}
    numbers = [_numbers(text) for text in by_file.values()]
    known = [found for found in numbers if found]
    if len(known) < len(numbers) * 0.8:
        return
    why = f"{len(pairs)} images have a text file of the same name with numbers"
    if any(_is_boxes(found) for found in known):
        boxes = (
            why,
            "each line is a class and four shares: boxes around objects, which are not read yet",
        )
        yield Found(
            "images", of.names, Finding("unknown", False, boxes), Finding("", False), {}, of.parts
        )
        return
    kind: Kind = "images-number" if max(map(_amount, known)) == 1 else "images-points"
    target = Finding("text file", False, (why,))
    yield Found("images", of.names, Finding(kind, False, (why,)), target, by_file, of.parts)


def _side_text(folder: Folder, name: str) -> str:
    try:
        return files.head(folder, name, _SIDE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _numbers(text: str) -> list[list[float]]:
    """Read lines of numbers; nothing for a text that holds words."""
    found = []
    for line in text.splitlines():
        words = re.split(r"[\s,;]+", line.strip())
        try:
            row = [float(word) for word in words if word]
        except ValueError:
            return []
        if row:
            found.append(row)
    return found


def _amount(rows: list[list[float]]) -> int:
    return sum(map(len, rows))


def _is_boxes(rows: list[list[float]]) -> bool:
    return all(
        len(row) == 5 and row[0].is_integer() and all(0 <= value <= 1 for value in row[1:])
        for row in rows
    )


def from_table(of: _Files, view: View, wanted: str) -> Found | None:
    """Read labels from a table with a column that names the files."""
    columns = [
        found
        for name, values in view.values.items()
        if values.type in ("category", "integer", "text", "mixed", "boolean") or not values.filled
        if (found := layouts.listed(of.names, name, values.cells, of.parts))
    ]
    if not columns:
        return None
    best = max(columns, key=lambda one: (len(set(one.rows)), one.column != wanted))
    others = [
        one for one in columns if one is not best and set(one.rows) - {""} and one.rows != best.rows
    ]
    why = f"the column {best.column} of {view.train.name} names the {of.what}"
    for label in _label_tries(view, best, others, wanted, of.what):
        kind, target, cells, sign = label
        told = Finding(kind.value, kind.sure, (why, *kind.why))
        by_file = {name: cell for name, cell in zip(best.rows, cells, strict=True) if name}
        masks = _masks_of(kind, best, others)
        return Found(of.what, of.names, told, target, by_file, of.parts, sign, masks, best, view)
    return None


def _masks_of(kind: Finding, best: Listed, others: Sequence[Listed]) -> Masks | None:
    if kind.value != "segmentation" or not others:
        return None
    pairs = {
        one: other for one, other in zip(best.rows, others[0].rows, strict=True) if one and other
    }
    return Masks(pairs, (), (), f"{others[0].column} names the mask of each image")


_Label = tuple[Finding, Finding, Sequence[str], str]


def _label_tries(
    view: View, best: Listed, others: Sequence[Listed], wanted: str, what: What
) -> Iterator[_Label]:
    cells = next(iter(view.values.values())).cells
    if others and not wanted:
        kind = Finding("segmentation", True, (f"{others[0].column} names a mask for each image",))
        yield kind, Finding(others[0].column, True, ("it names the masks",)), cells, ""
    for name, values in view.values.items():
        if _RLE.fullmatch(name) and not wanted:
            kind = Finding("segmentation", True, (f"{name} holds masks as runs of pixels",))
            yield kind, Finding(name, True, ("it holds the masks",)), values.cells, ""
    usable = _usable(view, best)
    target = targets.target(view, wanted)
    if what == "images" and not wanted and not listing.one_for_all(target, usable):
        yield from _many_columns(view, usable)
    yield from _one_column(view, best, usable, wanted, what)


def _usable(view: View, best: Listed) -> dict[str, Values]:
    left_out = {best.column, targets.given_split(view)}
    return {
        name: values
        for name, values in view.values.items()
        if name not in left_out
        and values.distinct > 0
        and not (targets.is_id(values) and targets.named_id(name))
    }


def _many_columns(view: View, usable: Mapping[str, Values]) -> Iterator[_Label]:
    """Read a target of several columns: a 0 or 1 for each label, or pairs of x and y."""
    numeric = [name for name, values in usable.items() if values.is_numeric]
    marks = [
        name
        for name in numeric
        if set(map(str.strip, usable[name].counts)) <= {"0", "1", "0.0", "1.0"}
    ]
    if len(marks) >= 3 and len(marks) >= len(usable) * 0.8:
        cells = [
            _marked(row, marks)
            for row in zip(*(usable[name].numbers for name in marks), strict=True)
        ]
        single = all(" " not in cell and cell for cell in (c.replace("\x1f", " ") for c in cells))
        why = f"{len(marks)} columns hold 0 or 1, one for each label" + (
            ", exactly one of them 1" if single else ""
        )
        sure = not single and len(marks) == len(usable)
        kind = Finding("images-class" if single else "images-labels", sure, (why,))
        yield (
            kind,
            Finding(", ".join(marks[:3]) + ", ...", True, (why,)),
            cells,
            "" if single else "\x1f",
        )
    found = [match for name in numeric if (match := POINT.fullmatch(name))]
    if len(numeric) >= 2 and len(found) >= len(usable) * 0.8 and _paired(found):
        why = f"{len(found)} columns are the x and y of {len(found) // 2} points"
        yield _points(usable, numeric, why, True)
    elif numbered := listing.numbered_points(usable):
        why = f"{len(numbered)} columns with numbers for names may be the x and y of {len(numbered) // 2} points"
        yield _points(usable, numbered, why, False)


def _points(usable: Mapping[str, Values], numeric: Sequence[str], why: str, sure: bool) -> _Label:
    cells = [" ".join(row) for row in zip(*(usable[name].cells for name in numeric), strict=True)]
    target = Finding(", ".join(numeric[:4]), True, (why,))
    return Finding("images-points", sure, (why,)), target, cells, ""


def _marked(row: Sequence[float | None], names: Sequence[str]) -> str:
    return "\x1f".join(name for name, value in zip(names, row, strict=True) if value == 1)


def _paired(found: Sequence[re.Match[str]]) -> bool:
    sides: dict[tuple[str, str], set[str]] = {}
    for match in found:
        sides.setdefault((match[1].lower(), match[3]), set()).add(match[2].lower())
    return len(sides) * 2 == len(found) and all(side == {"x", "y"} for side in sides.values())


def _one_column(
    view: View, best: Listed, usable: Mapping[str, Values], wanted: str, what: What
) -> Iterator[_Label]:
    target = targets.target(view, wanted)
    if not target.sure or target.value not in usable:
        target = listing.label(usable)
    if not target.value:
        return
    values = usable[target.value]
    if what == "images" and listing.points_in_cells(values):
        kind = Finding(
            "images-points", True, (f"{target.value} holds as many numbers in each cell",)
        )
        yield kind, target, [listing.numbers_of(cell) for cell in values.cells], ""
    sign = layouts.several(values.counts) if not values.is_numeric and what == "images" else ""
    if sign:
        why = f"{target.value} holds several labels in a cell, separated by {sign!r}"
        yield (
            Finding("images-labels", sign != " " or len(values.counts) > 10, (why,)),
            target,
            values.cells,
            sign,
        )
    task = targets.is_number_target(values)
    words = f"{target.value}: {'; '.join(task.why)}"
    kinds: dict[What, str] = {"images": "images", "recordings": "audio", "texts": "text"}
    if task.value == "class" or what == "recordings":
        yield Finding(f"{kinds[what]}-class", task.sure, (words,)), target, values.cells, ""
    else:
        yield Finding(f"{kinds[what]}-number", task.sure, (words,)), target, values.cells, ""


def parts_of(found: Found) -> dict[str, list[str]]:
    """Give the files of each part that folders name; "" for those of none."""
    made: dict[str, list[str]] = {}
    for name in found.names:
        made.setdefault(found.parts.of(name), []).append(name)
    return made


def split(found: Found) -> SplitRule | None:
    """Choose the rule by which files are set aside: as given, else by what belongs together, else at random."""
    if found.kind.value == "unknown":
        return None
    given = _given(found)
    if given is not None:
        return given
    names = list(found.by_file) or [n for n in found.names if found.parts.of(n) != "test"]
    folds = splits.folds_for(len(names))
    if found.view is not None and (column := _group_column(found.view, found)):
        why = f"{found.what} with the same {column} belong together"
        return SplitRule("group", column, folds, splits.SHARE, False, why)
    words, groups = layouts.groups(names)
    if groups and not _is_label(groups, found.by_file):
        why = f"{words} ties {found.what} together ({len(set(groups.values()))} groups): neighbours are almost copies"
        return SplitRule("group", "", folds, splits.SHARE, False, why)
    return splits.plain(found.kind.value, "", len(names))


def _given(found: Found) -> SplitRule | None:
    if found.view is not None and (rule := splits.given(found.view)):
        return rule
    named = parts_of(found)
    if "valid" in named and "train" in named:
        share = len(named["valid"]) / (len(named["valid"]) + len(named["train"]))
        why = "a folder of its own holds what is for validating"
        return SplitRule("given", "", 1, round(share, 4), True, why)
    return None


def _group_column(view: View, found: Found) -> str:
    for name, values in view.values.items():
        repeated = 2 <= values.distinct <= values.filled * 0.9
        if targets.group_named(name) and repeated and name != found.target.value:
            return name
    return ""


def _is_label(groups: Mapping[str, str], by_file: Mapping[str, str]) -> bool:
    """Is each group one whole class? Then it is the class that ties, as in cat.0.jpg."""
    labels: dict[str, set[str]] = {}
    for name, group in groups.items():
        labels.setdefault(group, set()).add(by_file.get(name, ""))
    counts = [len(found) for found in labels.values()]
    return bool(by_file) and max(counts) == 1 and len(labels) <= len(set(by_file.values()))


def words(cells: Iterable[str], sign: str) -> Iterator[str]:
    """Give every label of cells that hold several."""
    for cell in cells:
        yield from (word.strip() for word in (cell.split(sign) if sign else [cell]) if word.strip())
