"""Is a data set the lesson's own? Told by the content of its files, hinted at by their names and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace, home
from fastcompanion.course.library import material
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.data import files, task
from fastcompanion.data.files import Folder

_MOST = 20_000
_HALF = 0.5
_COLUMNS, _MOSTLY, _LONG = 5, 0.7, 4
_URLS = re.compile(r"\bURLs\.([A-Z0-9_]+)")


def refuse(
    ws: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    original: Mapping[str, Any] | None,
    folder: Folder,
    digests: Mapping[str, str],
    columns: Sequence[str],
) -> list[str]:
    """Refuse the lesson's own data; give what hints that they may be the same all the same."""
    if found := same(ws, course, lesson, ref, original, folder, digests):
        raise CompanionError(
            f"this is the lesson's own data: {found} is there with the same content",
            hint="Take other data: that is what the step is for.",
            file=folder.root,
            code=Exit.CHECK_SAYS_NO,
        )
    return _hints(original, folder, columns) if original is not None else []


def same(
    ws: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    original: Mapping[str, Any] | None,
    folder: Folder,
    digests: Mapping[str, str],
) -> str:
    """Name a file of the lesson with the content of one of the data's; empty where the data are other ones.

    A table is enough; of images and recordings it takes half of those that were looked at.
    """
    sizes = {name: files.size(folder, name) for name in digests}
    known = {digest for digest in digests.values() if digest}
    wanted = {size for size in sizes.values() if size > 0}
    mine = {digest: name for name, digest in digests.items()}
    media = [name for name in digests if files.suffix(name) in files.IMAGES | files.SOUNDS]
    hits: dict[str, str] = {}
    for path in _of_lesson(ws, course, lesson, ref, original):
        # A file that has gone meanwhile has no size that is wanted.
        if files.size(folder, str(path)) not in wanted:
            continue
        digest = task.of_file(files.walk(path), path.name)
        if digest in known:
            hits[mine[digest]] = path.name
    tables = [name for name in hits if name not in media]
    if tables or (media and len(hits) >= len(media) * _HALF):
        return hits[(tables or list(hits))[0]]
    return ""


def _of_lesson(
    ws: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    original: Mapping[str, Any] | None,
) -> Iterator[Path]:
    """Give the files that the lesson reads: its own, those its notebook names, fastai's downloads."""
    beside = (course.root / (ref.path or "")).parent
    names = list(material.named(original)) if original is not None else []
    places = [course.root / name for name in lesson.files]
    places += [base / name for name in names for base in (beside, ws.lesson_folder(lesson.id))]
    places += [home() / ".fastai" / "data" / name for name in _downloads(original)]
    count = 0
    for place in dict.fromkeys(places):
        for path in _files(place):
            count += 1
            if count > _MOST:
                return
            yield path


def _files(place: Path) -> Iterator[Path]:
    try:
        if place.is_file():
            yield place
        elif place.is_dir():
            folder = files.walk(place)
            for name in (*folder.tables, *folder.images, *folder.sounds, *folder.texts):
                yield place / name
    except (OSError, CompanionError):
        return


def _downloads(original: Mapping[str, Any] | None) -> list[str]:
    """Name the folders that `untar_data(URLs.X)` of the notebook unpacks, as fastai names most of them."""
    if original is None:
        return []
    found = {name for cell in original["cells"] for name in _URLS.findall(cell["source"])}
    return [
        form for name in sorted(found) for form in (name.lower(), name.lower().replace("_", "-"))
    ]


def _hints(original: Mapping[str, Any], folder: Folder, columns: Sequence[str]) -> list[str]:
    """Look for the folder's name and the table's columns in the code of the lesson's notebook."""
    code = "\n".join(cell["source"] for cell in original["cells"] if cell["cell_type"] == "code")
    words = set(re.findall(r"\w+", code))
    named = [name for name in columns if name in words]
    if len(columns) >= _COLUMNS and len(named) >= len(columns) * _MOSTLY:
        shown = ", ".join(named[:4])
        return [
            f"the lesson's notebook names the same columns ({shown}, ...): are these its own data?"
        ]
    name = folder.root.name
    if len(name) >= _LONG and re.search(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", code):
        return [f"the lesson's notebook speaks of {name}: is this other data than the lesson's?"]
    return []
