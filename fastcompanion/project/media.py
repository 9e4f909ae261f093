"""Projects of files: images, masks, recordings and texts, brought into one plain form whatever their layout was.

`data/files.csv` says what each file is, the files themselves lie in `data/files/` under the names they had.
Many or large ones stay where they are, and `data/where.txt` holds their folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import absolute
from fastcompanion.data import (
    columns,
    files,
    folds,
    images,
    labels,
    layouts,
    look,
    naive,
    splits,
    targets,
)
from fastcompanion.data.files import Folder
from fastcompanion.data.folds import Split
from fastcompanion.data.labels import Labelled
from fastcompanion.data.media import Found
from fastcompanion.data.parts import Parts
from fastcompanion.data.predictions import LABELS_APART
from fastcompanion.data.tables import encoding_of
from fastcompanion.project import choices, contents, plain
from fastcompanion.project.choices import Asked
from fastcompanion.project.plain import Plain

TABLE, TEST, WHERE, FOLDER = "files.csv", "test_files.csv", "where.txt", "files"
_LARGEST = 1_000_000_000
_SAMPLE, _SAMPLE_BYTES, _SAMPLE_LEAST, _SAMPLE_TEST = 20, 1_000_000, 4, 2
_OPENED, _LEAST = 20_000, 4
_NO_PARTS = Parts({}, frozenset())
_NAMES = frozenset(("id", "file", "part", "group"))


@frozen
class Files:
    """The files of a new project: those to copy, those of the sample, and the folder of those that stay.

    What was made up is held in memory, as its folder does not last.
    """

    root: Path
    copied: tuple[str, ...]
    sample: tuple[str, ...]
    where: str = ""
    held: Mapping[str, bytes] = field(default_factory=dict)


@frozen
class Made:
    """What a project of files is made from."""

    answers: Mapping[str, Any]
    tables: tuple[Plain, ...]
    samples: Mapping[str, str]
    split: Split
    files: Files | None


@frozen
class _Set:
    """The files to learn from and to predict, with their truths, as far as they can be used."""

    folder: Folder
    found: Found
    labelled: Labelled
    target: str
    groups: Mapping[str, str]
    test: Mapping[str, str]

    @property
    def truths(self) -> Mapping[str, str]:
        return self.labelled.truths


def make(asked: Asked) -> Made:
    """Decide on all that is said of the files, by the folder as it is now."""
    folder = files.walk(asked.data)
    found = look.files_at(asked.data, target=asked.target, kind=asked.kind)
    assert found is not None
    _refuse(found, asked)
    labelled = _fitting(
        folder, found, _named(labels.of_files(folder, replace(found, parts=_NO_PARTS)))
    )
    _enough(found, labelled, asked)
    more: Mapping[str, Any] = {}
    if found.kind.value in contents.LOOK:
        labelled, more = contents.LOOK[found.kind.value](folder, found, labelled)
        _enough(found, labelled, asked)
    split, labelled, groups = _split(found, labelled)
    test = _test(found, labelled.truths)
    all_ = _Set(folder, found, labelled, _target(found), groups, test)
    kind, target = found.kind.value, columns.values(all_.target, list(labelled.truths.values()))
    metric = choices.metric(kind, target, None, asked.metric)
    answers = choices.answers(kind, all_.target, metric, split, "group")
    answers |= {"id": "id", "classes": _classes(kind, labelled), "left_out": [], **more}
    if found.what == "texts":
        return _texts(all_, answers, split)
    return _files(all_, answers, split, asked)


def _split(found: Found, labelled: Labelled) -> tuple[Split, Labelled, Mapping[str, str]]:
    """Make the split; the labelled files of a test are the final ones. Gives what ties files together, too."""
    truths = labelled.truths
    final = [name for name in truths if found.parts.of(name) == "test"]
    final = final if len(final) < len(truths) - _LEAST else []
    learned = {name: truth for name, truth in truths.items() if name not in set(final)}
    if found.kind.value.endswith("class") and {truths[n] for n in final} - set(learned.values()):
        # Folders such as test/unknown/ are no label.
        final, labelled = [], replace(labelled, truths=learned)
        truths = learned
    rule = labels.rule_of(found, len(learned))
    rows = labels.rows(found, rule, learned)
    groups = len(set(rows.groups))
    if rule.rule == "group" and groups < max(rule.folds, round(1 / rule.share)):
        few = splits.plain(found.kind.value, "", len(learned))
        rule = replace(rule, folds=groups) if groups > 1 else few
        rows = labels.rows(found, rule, learned)
    share = 0.0 if final else choices.final(rule, rows)
    split = folds.make(rule, rows, seed=choices.SEED, final=share)
    tied = dict(zip(rows.ids, rows.groups, strict=True)) if rows.groups else {}
    if not final:
        return split, labelled, tied
    parts = {**split.parts, **dict.fromkeys(final, folds.FINAL)}
    split = replace(split, parts=parts, final=round(len(final) / len(parts), 4))
    note = f"The {len(final)} {found.what} of the test have labels: they are the final rows"
    tied = {name: tied.get(name, name) for name in truths} if tied else {}
    return split, replace(labelled, notes=(*labelled.notes, note)), tied


def _refuse(found: Found, asked: Asked) -> None:
    """Say what the files are where nothing can be made of that yet."""
    masks = found.masks
    if found.kind.value == "segmentation" and masks is None:
        raise CompanionError(
            f"{found.target.value} holds masks as runs of pixels, and a project needs each as an image",
            hint="Write them as PNG files beside the images.",
            code=Exit.USAGE,
        )
    if masks is not None and "one mask for each object" in masks.why:
        raise CompanionError(
            f"{masks.why}, and a project needs one mask for each image",
            hint="Join the masks of each image into one PNG file.",
            code=Exit.USAGE,
        )
    if unlike := _unlike(found):
        raise CompanionError(
            f"{len(unlike)} files stand in several rows that say different things, such as {unlike[0]}",
            hint="Decide on one row for each, or join several labels in one cell: "
            + shown(["fastcompanion", "data", "show", str(asked.data)]),
            code=Exit.CHECK_SAYS_NO,
        )


def _unlike(found: Found) -> list[str]:
    """Name the files of which rows of the table say different things; a row that is there twice is no harm."""
    if found.listed is None or found.view is None:
        return []
    counts = Counter(found.listed.rows)
    told: dict[str, set[tuple[str, ...]]] = {}
    inputs = [one.cells for name, one in found.view.values.items() if not targets.named_id(name)]
    for name, *cells in zip(found.listed.rows, *inputs, strict=True):
        if name and counts[name] > 1:
            told.setdefault(name, set()).add(tuple(cells))
    return [name for name, rows in told.items() if len(rows) > 1]


def _named(labelled: Labelled) -> Labelled:
    """Leave out files whose names are no text: no table could name them."""
    bad = [name for name in labelled.truths if not _is_text(name)]
    if not bad:
        return labelled
    truths = {name: truth for name, truth in labelled.truths.items() if name not in set(bad)}
    note = f"files whose names are not in UTF-8 are left out ({len(bad)})"
    return replace(labelled, truths=truths, notes=(*labelled.notes, note))


def _fitting(folder: Folder, found: Found, labelled: Labelled) -> Labelled:
    """Leave out images whose mask can't be opened or has another size, as far as their heads say it."""
    if found.masks is None or len(labelled.truths) > _OPENED:
        return labelled
    bad = []
    for name, mask in labelled.truths.items():
        one, other = images.picture(folder, name), images.picture(folder, mask)
        unlike = one.width and other.width and one.size != other.size
        if other.problem or unlike:
            bad.append(name)
    if not bad:
        return labelled
    truths = {name: mask for name, mask in labelled.truths.items() if name not in set(bad)}
    note = f"images whose mask can't be opened or has another size are left out ({len(bad)}): {', '.join(bad[:3])}"
    return replace(labelled, truths=truths, notes=(*labelled.notes, note))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _enough(found: Found, labelled: Labelled, asked: Asked) -> None:
    truths = list(labelled.truths.values())
    several = found.kind.value != "segmentation"
    if len(truths) < _LEAST or (several and len(set(truths)) < 2):
        told = f" ({'; '.join(labelled.notes)})" if labelled.notes else ""
        raise CompanionError(
            f"{len(truths)} {found.what} with {len(set(truths))} different labels are too few to learn from{told}",
            hint=shown(["fastcompanion", "data", "show", str(asked.data)]),
            code=Exit.CHECK_SAYS_NO,
        )


def _target(found: Found) -> str:
    """Name what is predicted as the column of a table."""
    named = {"mask": "mask", "points": "points", "labels": "labels", "number": "number"}
    value, column = found.target.value, found.view is not None and found.listed is not None
    if column and found.view is not None and value in found.view.values and value not in _NAMES:
        return value
    return named.get(naive.says(found.kind.value), "label")


def _classes(kind: str, labelled: Labelled) -> list[str]:
    said = naive.says(kind)
    if said == "class":
        return sorted(set(labelled.truths.values()))
    if said == "labels":
        return sorted({one for cell in labelled.truths.values() for one in cell.split(LABELS_APART) if one})  # fmt: skip
    return []


def _test(found: Found, truths: Mapping[str, str]) -> Mapping[str, str]:
    """Give the files to predict by their ids: those of a test folder, named as a submission asks for them."""
    masks = found.masks.pairs.values() if found.masks is not None else ()
    used = {*truths, *masks}
    names = [
        name
        for name in found.names
        if found.parts.of(name) == "test" and name not in used and _is_text(name)
    ]
    sample = found.view.sample if found.view is not None else None
    if sample is not None and names:
        listed = layouts.listed(names, sample.names[0], sample.column(sample.names[0]), found.parts)
        cells = sample.column(sample.names[0])
        if listed is not None and len(set(cells)) == len(cells) and "" not in listed.rows:
            return dict(zip(cells, listed.rows, strict=True))
    return {name: name for name in names}


def _files(all_: _Set, answers: dict[str, Any], split: Split, asked: Asked) -> Made:
    """Make the tables of a project whose files are images or recordings."""
    masks = list(all_.truths.values()) if all_.found.masks is not None else []
    names = sorted({*all_.truths, *masks, *all_.test.values()})
    sizes = {name: files.size(all_.folder, name) for name in names}
    whole = sum(sizes.values())
    stay = not asked.made_up and (asked.link or whole > _LARGEST)
    tables = [_table(all_, list(all_.truths)), *_test_tables(all_, list(all_.test))]
    chosen = _smallest(all_, sizes)
    test = sorted(all_.test, key=lambda one: (sizes[all_.test[one]], one))[:_SAMPLE_TEST]
    test = [one for one in all_.test if one in test]
    few = [_table(all_, chosen), *_test_tables(all_, test)]
    shown_ = {*chosen, *(all_.truths[one] for one in chosen if masks), *(all_.test[one] for one in test)}  # fmt: skip
    answers |= plain.told(tables)
    answers["notes"] = [f"{note[0].upper()}{note[1:]}." for note in all_.labelled.notes]
    answers |= {"file_count": len(names), "file_bytes": whole, "linked": stay}
    where = str(absolute(all_.folder.root)) if stay else ""
    root = all_.folder.root
    held = {name: store.read_bytes(root / name) for name in names} if asked.made_up else {}
    kept = Files(root, () if stay else tuple(names), tuple(sorted(shown_)), where, held)
    return Made(answers, tuple(tables), {one.name: one.text.decode() for one in few}, split, kept)


def _table(all_: _Set, names: Sequence[str]) -> Plain:
    group = ["group"] if all_.groups else []
    rows = [[name, name, *(all_.groups[name] for _ in group), all_.truths[name]] for name in names]
    text = plain.to_text(["id", "file", *group, all_.target], rows)
    return Plain(TABLE, text.encode(), len(rows))


def _test_tables(all_: _Set, ids: Sequence[str]) -> Iterable[Plain]:
    if not all_.test:
        return
    text = plain.to_text(["id", "file"], ([one, all_.test[one]] for one in ids))
    yield Plain(TEST, text.encode(), len(ids))
    sample = all_.found.view.sample if all_.found.view is not None else None
    if sample is not None:
        asked = set(ids)
        rows = [row for row in sample.rows if row[0] in asked]
        if len(rows) == len(ids):
            text = plain.to_text(sample.names, rows)
            yield Plain("sample_submission.csv", text.encode(), len(rows))


def _smallest(all_: _Set, sizes: Mapping[str, int]) -> list[str]:
    """Choose some rows for the tests: the smallest files of each class in turn, as long as they are small together."""

    def weight(name: str) -> int:
        mask = all_.truths[name] if all_.found.masks is not None else ""
        return sizes[name] + sizes.get(mask, 0)

    by_class: dict[str, list[str]] = {}
    is_class = all_.found.kind.value.endswith(("class", "labels"))
    for name in sorted(all_.truths, key=lambda one: (weight(one), one)):
        by_class.setdefault(all_.truths[name] if is_class else "", []).append(name)
    most = sorted(by_class.values(), key=lambda names: -len(names))[: _SAMPLE // 2]
    chosen: dict[str, None] = {}
    whole = 0
    for turn in range(_SAMPLE):
        for names in most:
            small = turn < len(names) and whole + weight(names[turn]) <= _SAMPLE_BYTES
            if (
                turn < len(names)
                and len(chosen) < _SAMPLE
                and (small or len(chosen) < _SAMPLE_LEAST)
            ):
                chosen[names[turn]] = None
                whole += weight(names[turn])
    return [name for name in all_.truths if name in chosen]


def _texts(all_: _Set, answers: dict[str, Any], split: Split) -> Made:
    """Join text files into tables, one row for each."""
    rows = [
        [name, *([all_.groups[name]] if all_.groups else []), _text(all_.folder, name), truth]
        for name, truth in all_.truths.items()
    ]
    group = ["group"] if all_.groups else []
    names = ["id", *group, "text", all_.target]
    tables = [Plain("train.csv", plain.to_text(names, rows).encode(), len(rows))]
    if all_.test:
        test = [[one, _text(all_.folder, name)] for one, name in all_.test.items()]
        tables.append(Plain("test.csv", plain.to_text(["id", "text"], test).encode(), len(test)))
    answers |= plain.told(tables)
    notes = [f"{note[0].upper()}{note[1:]}." for note in all_.labelled.notes]
    answers |= {"texts": ["text"], "notes": [*notes, "Each text was a file of its own."]}
    is_class = all_.found.kind.value.endswith("class")
    classes = {"train.csv": list(all_.truths.values()) if is_class else []}
    samples = {one.name: plain.sample(one, classes.get(one.name, [])) for one in tables}
    return Made(answers, tuple(tables), samples, split, None)


def _text(folder: Folder, name: str) -> str:
    raw = files.whole(folder, name)
    return raw.decode(encoding_of(raw[:4096]) or "utf-8", "replace").replace("\0", "")


def write(made: Files, project: Path, reporter: Reporter) -> None:
    """Copy the files into a new project, or say where they stay; those for the tests are always copied."""
    with reporter.task("Copying files", total=len(made.copied)) as task:
        for name in made.copied:
            _copy(made, name, project / "data" / FOLDER / name)
            task.advance()
    if made.where:
        store.write_text(project / "data" / WHERE, made.where + "\n", durable=False)
    for name in made.sample:
        _copy(made, name, project / "sample" / FOLDER / name)


def _copy(made: Files, name: str, target: Path) -> None:
    held = made.held.get(name)
    raw = store.read_bytes(made.root / name) if held is None else held
    store.write_bytes(target, raw, durable=False)
