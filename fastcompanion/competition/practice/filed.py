"""Practice competitions of images and recordings: files get new names, and the labels of some are hidden.

A name, a folder and the order of files may each tell the label, so none of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.competition.practice import cutting
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.cutting import Cut
from fastcompanion.competition.practice.place import Competition, Place, table
from fastcompanion.data import files, labels, look, naive, pictures, task
from fastcompanion.data.dataset import DataSet, Metric
from fastcompanion.data.files import Folder
from fastcompanion.data.first import First
from fastcompanion.data.folds import Split

KINDS = {"images-class": "images", "images-number": "images", "audio-class": "recordings"}
ID, TARGET, NUMBER = "file", "label", "number"
_MOST_BYTES = 4 << 30


@frozen
class _Files:
    """The folder of the data, and which of its files become which."""

    folder: Folder
    learned: tuple[str, ...]
    asked: tuple[str, ...]
    truths: Mapping[str, str]
    called: Mapping[str, str]


def cut(source: Path, seen: DataSet, wanted: str, reporter: Reporter) -> Cut:
    """Hide the labels of some files of a folder."""
    kind = seen.kind.value
    found = look.files_at(source, target=seen.target.value, kind=kind)
    if found is None:
        raise CompanionError("holds no files of this kind", file=source, code=Exit.USAGE)
    folder = files.walk(source)
    truths = dict(labels.of_files(folder, found).truths)
    _refuse_large(folder, truths, source)
    metric = task.chosen(wanted, seen, seen.metric)
    rule = cutting.one_part(labels.rule_of(found, len(truths)), kind, "", len(truths))
    rows = labels.rows(found, rule, truths)
    split, asked = cutting.halves(source, rule, rows)
    asked = cutting.mixed(asked)
    learned = cutting.mixed(split.trained_on(split.folds[0]))
    groups = dict(zip(rows.ids, rows.groups, strict=True)) if rows.groups else {}
    called = _called((*learned, *asked))
    return Cut(
        kind=kind,
        target=TARGET if naive.says(kind) == "class" else NUMBER,
        id_column=ID,
        metric=metric,
        why=split.rule.why,
        truths=truths,
        learned=learned,
        asked=asked,
        public=cutting.public_part(asked, truths, kind),
        called=called,
        firsts=_firsts(kind, folder, metric, truths, split, groups, reporter),
        write=partial(_write, _Files(folder, learned, asked, truths, called)),
    )


def _refuse_large(folder: Folder, names: Mapping[str, str], source: Path) -> None:
    size = sum(files.size(folder, name) for name in names)
    if size > _MOST_BYTES:
        raise CompanionError(
            f"its files have {size / 1e9:.1f} GB, and a competition keeps them twice",
            hint=f"Take a part of them: at most {_MOST_BYTES / 1e9:.1f} GB.",
            file=source,
            code=Exit.USAGE,
        )


def _firsts(
    kind: str,
    folder: Folder,
    metric: Metric,
    truths: Mapping[str, str],
    split: Split,
    groups: Mapping[str, str],
    reporter: Reporter,
) -> tuple[First, ...]:
    made = naive.constants(kind, metric, truths, split, groups)
    few = len(truths) <= pictures.MOST
    if kind == "images-class" and metric.name not in naive.SHARES and few:
        said = pictures.nearest_mean(folder, truths, split, reporter)
        words = "the class whose mean image, small and grey, differs least"
        made += [naive.told("nearest mean image", words, said, metric, truths, groups)]
    return naive.best_first(made)


def _called(names: Sequence[str]) -> dict[str, str]:
    digits = max(4, len(str(len(names))))
    return {
        name: f"{number:0{digits}}{PurePosixPath(name).suffix.lower()}"
        for number, name in enumerate(names, start=1)
    }


def folders(kind: str) -> tuple[str, str]:
    """Name the folders of what is learned from and of what is asked."""
    what = KINDS[kind]
    return f"train_{what}", f"test_{what}"


def _write(found: _Files, place: Place, competition: Competition) -> None:
    train, test = folders(competition.kind)
    for below, names in ((train, found.learned), (test, found.asked)):
        for name in names:
            path = place.public / below / found.called[name]
            store.write_bytes(path, files.whole(found.folder, name), durable=False)
    rows = ((found.called[one], found.truths[one]) for one in found.learned)
    table(place.public / places.TRAIN, (competition.id_column, competition.target), rows)
    asked = ((found.called[one],) for one in found.asked)
    table(place.public / places.TEST, (competition.id_column,), asked)
