"""Look at a folder and say what data set it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown as spelled
from fastcompanion.data import (
    columns,
    files,
    measures,
    media,
    media_problems,
    problems,
    splits,
    tables,
    tabular,
    targets,
)
from fastcompanion.data.dataset import (
    KINDS,
    ClassCount,
    Column,
    DataSet,
    Finding,
    MediaFiles,
    Problem,
    Question,
    Role,
    TableFile,
)
from fastcompanion.data.files import Folder
from fastcompanion.data.media import Found
from fastcompanion.data.tables import Table
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

_CLASSES = 1000
_FEW_TEXTS = 10


def look(path: Path, *, target: str = "", kind: str = "", closely: bool = True) -> DataSet:
    """Say what data set lies at a path; `target` and `kind` are what the learner said.

    Not `closely`, images, recordings and texts are told from their names and tables, and of what is wrong with
    them only that is said which stops everything: a first number needs no more.
    """
    if kind and (kind not in KINDS or kind == "unknown"):
        known = ", ".join(name for name in KINDS if name != "unknown")
        raise CompanionError(
            f"there is no kind {kind!r}", hint=f"--kind with one of: {known}", code=Exit.USAGE
        )
    folder = files.walk(path)
    found, bad = _read(folder)
    general = [*of_folder(folder), *bad]
    view = view_of(found) if found else None
    shown = media.recognise(folder, found, view, (target, kind))
    if shown is not None and kind and shown.kind.value == "unknown":
        raise CompanionError(
            f"its {shown.what} can't be told as {KINDS[kind]}",
            hint=f"{spelled(['fastcompanion', 'data', 'show', str(path)])}   (without --kind)",
            file=path,
            code=Exit.USAGE,
        )
    if shown is not None:
        return of_files(path, folder, shown, found, general, closely=closely)
    if kind.startswith(("images", "audio", "segmentation")):
        raise CompanionError(
            f"there are no files here that could be {KINDS[kind]}", file=path, code=Exit.USAGE
        )
    if view is not None:
        return of_tables(path, view, found, general, target, kind)
    return nothing(path, general)


def _read(folder: Folder, *, whole: bool = False) -> tuple[list[Table], list[Problem]]:
    read = [tables.read(folder, name, whole=whole) for name in table_names(folder)]
    found = [table for table in read if isinstance(table, Table) and _is_table(table)]
    return found, [problem for problem in read if isinstance(problem, Problem)]


def view_at(path: Path, *, whole: bool = False) -> View:
    """Read the tables at a path, long ones in part unless `whole`; a folder without any is an error."""
    found, bad = _read(files.walk(path), whole=whole)
    if not found:
        told = f": {bad[0].text}" if bad else ""
        raise CompanionError(f"holds no table{told}", file=path)
    return view_of(found)


def files_at(path: Path, *, target: str = "", kind: str = "") -> Found | None:
    """Tell what the files of a folder are and what belongs to each; None for a data set of tables."""
    folder = files.walk(path)
    found, _ = _read(folder, whole=True)
    return media.recognise(folder, found, view_of(found) if found else None, (target, kind))


def table_names(folder: Folder) -> list[str]:
    """Name the files that may be tables, at most a few hundred; a few texts may be tables too."""
    maybe = folder.texts
    if not (folder.tables or maybe or folder.images or folder.sounds):
        # Some tables have no suffix, or one of their own.
        maybe = folder.others
    return files.spread((*folder.tables, *(maybe if len(maybe) <= _FEW_TEXTS else ())), 200)


def _is_table(table: Table) -> bool:
    """Is it a table, and not prose with commas in it?"""
    sure = files.suffix(table.name) in files.TABLES
    return sure or (len(table.names) > 1 and table.count >= 5)


def view_of(found: Sequence[Table]) -> View:
    """Give the tables their parts and read the columns."""
    parts = targets.roles(found)
    test = parts.get("test")
    return View(
        train=parts["train"],
        values=columns.read(parts["train"]),
        test=test,
        test_values=columns.read(test) if test is not None else None,
        valid=parts.get("valid"),
        sample=parts.get("sample-submission"),
    )


def of_tables(
    path: Path,
    view: View,
    found: Sequence[Table],
    general: Sequence[Problem],
    target: str,
    kind: str,
) -> DataSet:
    """Describe a data set that consists of tables."""
    known = tabular.recognise(view, target, kind)
    aim = view.values.get(known.target.value)
    note = splits.note_on_groups(view, known)
    return DataSet(
        path=str(path),
        kind=targets.resting(known.kind, known.target),
        about=KINDS[known.kind.value],
        target=known.target,
        ids=tuple(name for name, role in known.roles.items() if role == "id"),
        metric=measures.propose(known.kind.value, aim, view),
        split=splits.propose(view, known),
        rows=view.train.count,
        classes=_classes(view, known),
        tables=tuple(_shown(table, view) for table in found),
        columns=tuple(
            columns.profile(view.values[name], known.roles[name], view.rows)
            for name in view.train.names
        ),
        media=(),
        problems=tuple(
            problems.in_order(
                [*general, *problems.find(view, known), *problems.labels_apart(view, found)]
            )
        ),
        notes=(*_notes(view, found), *((note,) if note else ())),
        questions=tuple(questions(known.kind, known.target)),
    )


def _classes(view: View, known: Recognised) -> tuple[ClassCount, ...]:
    if not known.kind.value.endswith("class") or not known.target.value:
        return ()
    counts = view.values[known.target.value].counts
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ClassCount(name, count) for name, count in ordered[:_CLASSES])


def _shown(table: Table, view: View) -> TableFile:
    parts = {
        "train": view.train,
        "test": view.test,
        "valid": view.valid,
        "sample-submission": view.sample,
    }
    role = next((name for name, one in parts.items() if one is table), "other")
    decimal = any(v.form == "decimal comma" for v in view.values.values()) and table is view.train
    return TableFile(
        path=table.name,
        role=role,  # type: ignore[arg-type]
        rows=table.count,
        read=len(table.rows),
        columns=len(table.names),
        encoding=table.dialect.encoding,
        delimiter=table.dialect.delimiter,
        decimal="," if decimal else ".",
        header=table.dialect.header,
    )


def _notes(view: View, found: Sequence[Table]) -> Iterable[str]:
    for table in (view.train, view.test):
        if table is not None and not table.whole:
            more = " or more" if table.cut_off else ""
            rows = f"Of {table.count}{more} rows of {table.name}"
            yield f"{rows}, {len(table.rows)}, chosen evenly, were looked at"
    alike = [one for one in found if one.names == view.train.names and one is not view.train]
    alike = [one for one in alike if one not in (view.test, view.valid)]
    if alike:
        shown = problems.some([one.name for one in alike])
        yield f"{len(alike)} more tables have the columns of {view.train.name} and were not read together with it: {shown}"


def questions(kind: Finding, target: Finding) -> Iterable[Question]:
    """Ask for what is a guess: the target first, as the kind may follow from it."""
    if not target.sure and kind.value not in ("images-class", "segmentation", "audio-class"):
        yield Question("Which column is to be predicted?", target.value, "--target")
    if not kind.sure:
        yield Question(
            "What kind of data set is it?", "" if kind.value == "unknown" else kind.value, "--kind"
        )


def of_folder(folder: Folder) -> Iterable[Problem]:
    """Say what of a folder could not be looked at, and why."""
    told = (
        (
            "links-out",
            folder.links_out,
            "lead out of the folder and were not followed",
            "Copy what they show into the folder.",
        ),
        ("unreadable-folder", folder.unreadable, "can't be read", "Check the permissions."),
        ("special-file", folder.special, "are no ordinary files", ""),
    )
    for name, found, text, cure in told:
        if found:
            shown = problems.some(list(found))
            yield Problem(
                name, "warn", found[0], f"{len(found)} of its entries {text}: {shown}.", cure
            )
    for name in folder.closed[:5]:
        cure = files.CLOSED[files.suffix(name)]
        yield Problem("other-format", "warn", name, "Its format is not read here.", cure)
    if folder.cut_off:
        yield Problem(
            "too-many-files",
            "warn",
            ".",
            "Only a part of the files was listed.",
            "Look at a part of it.",
        )


def nothing(path: Path, general: Sequence[Problem]) -> DataSet:
    """Describe a folder that holds no data that could be told."""
    empty = Problem(
        "no-data",
        "stop",
        ".",
        "No table, image, text or recording was found.",
        "Is it the right folder?",
    )
    kind = Finding("unknown", False, ("it holds no data that is read here",))
    return DataSet(
        path=str(path), kind=kind, about=KINDS["unknown"], target=Finding("", False), ids=(), metric=None, split=None,
        rows=0, classes=(), tables=(), columns=(), media=(), problems=tuple(problems.in_order([empty, *general])),
        notes=(), questions=(),
    )  # fmt: skip


def of_files(
    path: Path,
    folder: Folder,
    found: Found,
    read: Sequence[Table],
    general: Sequence[Problem],
    *,
    closely: bool = True,
) -> DataSet:
    """Describe a data set that consists of images, recordings or texts."""
    if closely:
        media_files, made = media_problems.look_into(folder, found)
    else:
        media_files, made = (), media_problems.stops(folder, found)
    counts = Counter(media.words(found.by_file.values(), found.sign))
    named = found.kind.value.endswith(("class", "labels"))
    view = found.view
    aim = view.values.get(found.target.value) if view is not None else None
    if named or aim is None:
        aim = columns.values(found.target.value, list(found.by_file.values()))
    bad = [*general, *made, *(view.train.problems if view is not None else ())]
    known = tabular.Recognised(found.kind, found.target, {})
    return DataSet(
        path=str(path),
        kind=targets.resting(found.kind, found.target) if found.view else found.kind,
        about=KINDS[found.kind.value],
        target=found.target,
        ids=(found.listed.column,) if found.listed is not None else (),
        metric=measures.propose(found.kind.value, aim),
        split=media.split(found),
        rows=len(found.masks.pairs) if found.masks else len(found.by_file) or len(found.names),
        classes=tuple(ClassCount(*pair) for pair in counts.most_common(_CLASSES)) if named else (),
        tables=tuple(_shown(table, view) for table in read) if view is not None else (),
        columns=_columns_of(view, known, found),
        media=media_files,
        problems=tuple(problems.in_order(bad)),
        notes=tuple(_notes_on(found, media_files)),
        questions=tuple(_questions_on(found)),
    )


def _columns_of(view: View | None, known: Recognised, found: Found) -> tuple[Column, ...]:
    if view is None or found.listed is None:
        return ()
    roles: dict[str, Role] = {found.listed.column: "path", found.target.value: "target"}
    if given := targets.given_split(view):
        roles[given] = "split"
    return tuple(
        columns.profile(view.values[name], roles.get(name, "input"), view.rows)
        for name in view.train.names
    )


def _notes_on(found: Found, described: Sequence[MediaFiles]) -> Iterable[str]:
    for one in described:
        if one.read < one.count and one.what != "masks":
            yield f"Of {one.count} {one.what}, {one.read}, chosen evenly, were looked into"
    test = [
        name for name in found.names if found.parts.of(name) == "test" and name not in found.by_file
    ]
    if test and found.by_file:
        yield f"{len(test)} {found.what} of the test have no label"


def _questions_on(found: Found) -> Iterable[Question]:
    if found.view is not None and not found.target.sure:
        yield Question("Which column is to be predicted?", found.target.value, "--target")
    if not found.kind.sure:
        guess = "" if found.kind.value == "unknown" else found.kind.value
        yield Question("What kind of data set is it?", guess, "--kind")
