"""What a notebook needs beside itself: data of built-in lessons, pictures, small files it names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks.cells import parse_cell

_MOST_BYTES = 50_000_000
_MOST_FILES = 2_000
_PICTURE = re.compile(
    r"!\[[^\]]*\]\(\s*<?([^)\s>]+)|<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE
)
_GLOB = re.compile(r"[\\*?\[\] #!]")
_CODE = (".ipynb", ".py")
_NEVER = (".git", ".ipynb_checkpoints", "__pycache__")


@frozen
class Placed:
    """What was put beside a notebook (relative to it), and what was too large to be."""

    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


def place(
    course: Course, lesson: Lesson, ref: NotebookRef, nb: Mapping[str, Any], folder: Path
) -> Placed:
    """Copy what the original finds beside itself into the learner's folder; nothing is replaced.

    The lesson's own files always; of what the notebook's text and code name, what exists in the
    course, lies beside or below the notebook, and is small.
    """
    base = _base(course, ref)
    wanted = [*_own(lesson, ref), *(name for name in named(nb) if (base / name).exists())]
    placed, notes = [], []
    for name in dict.fromkeys(wanted):
        source, target = base / name, folder / name
        if target.exists() or not _inside(source, course.root) or source.suffix == ".ipynb":
            continue
        if _is_small(source):
            store.copy(source, target)
            placed.append(name.as_posix())
        elif source.is_file():
            notes.append(f"{name} is large and was not copied: lesson run --data '{source}'")
    keep_out_of_git(folder, placed)
    return Placed(tuple(placed), tuple(notes))


def keep_out_of_git(folder: Path, placed: Sequence[str]) -> None:
    """List a course's files in an ignore file beside them: they are not the learner's to publish.

    The ignore file lists itself, so that git shows nothing of all this.
    """
    path = folder / ".gitignore"
    old = store.read_text(path) if path.exists() else ""
    there = old.split("\n")
    lines = ["/" + _GLOB.sub(r"\\\g<0>", name) for name in placed]
    new = [line for line in ("/.gitignore", *lines) if line not in there]
    if placed and new:
        head = "" if old else "# Files of the course, put here by fastcompanion\n"
        store.append_text(path, head + "".join(f"{line}\n" for line in new))


def add_data(source: Path, folder: Path) -> str:
    """Show a file or folder of the learner's under its own name beside the notebook."""
    if not source.exists():
        raise CompanionError("no such file or folder", file=source)
    target = folder / source.resolve().name
    if target.exists() or target.is_symlink():
        if target.exists() and target.resolve() == source.resolve():
            return target.name
        raise CompanionError(
            "exists already; nothing was put over it",
            hint="Move it away, or give the data another name.",
            file=target,
        )
    store.link(source, target)
    keep_out_of_git(folder, [target.name])
    return target.name


def module_folders(course: Course, ref: NotebookRef, modules: tuple[str, ...]) -> tuple[Path, ...]:
    """Name the folders of the course that hold modules which the notebook imports."""
    places = dict.fromkeys((_base(course, ref), course.root))
    return tuple(place for place in places if any(_is_module(place, name) for name in modules))


def _is_module(place: Path, name: str) -> bool:
    return (place / f"{name}.py").is_file() or (place / name / "__init__.py").is_file()


def _base(course: Course, ref: NotebookRef) -> Path:
    return (course.root / (ref.path or "")).parent


def _own(lesson: Lesson, ref: NotebookRef) -> Iterator[PurePosixPath]:
    beside = PurePosixPath(ref.path or "").parent
    for name in map(PurePosixPath, lesson.files):
        yield name.relative_to(beside) if name.is_relative_to(beside) else name


def named(nb: Mapping[str, Any]) -> Iterator[PurePosixPath]:
    """Give the relative paths that pictures and texts in code may mean; nothing is looked up."""
    for cell in nb["cells"]:
        texts = _in_code(cell) if cell["cell_type"] == "code" else _in_text(cell["source"])
        for text in texts:
            name = PurePosixPath(text.removeprefix("./"))
            if _is_plain(text, name):
                yield name


def _in_text(source: str) -> Iterator[str]:
    for match in _PICTURE.finditer(source):
        yield (match[1] or match[2]).replace("%20", " ")


def _in_code(cell: Mapping[str, Any]) -> Iterator[str]:
    tree = parse_cell(cell["source"])
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _is_plain(text: str, name: PurePosixPath) -> bool:
    parts = name.parts
    return (
        0 < len(text) < 200
        and bool(parts)
        and "\n" not in text
        and "\0" not in text
        and ":" not in text
        and not name.is_absolute()
        and ".." not in parts
        and not any(part in _NEVER or part.startswith("~") for part in parts)
    )


def _inside(source: Path, root: Path) -> bool:
    return source.resolve().is_relative_to(root.resolve())


def _is_small(source: Path) -> bool:
    """Whether a file, or all of a folder, is small; a folder with code or links is not data."""
    if source.is_file():
        return source.stat().st_size <= _MOST_BYTES
    size = 0
    for count, path in enumerate(source.rglob("*")):
        if path.is_symlink() or path.suffix in _CODE:
            return False
        size += path.stat().st_size if path.is_file() else 0
        if size > _MOST_BYTES or count > _MOST_FILES:
            return False
    return True
