"""What travels in the first cell is what is imported, found by Python's own parser as well."""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import lzma
import zipfile
from pathlib import Path

from fastcompanion.base import workspace
from fastcompanion.server.notebooks import program

ROOT = Path(program.__file__).resolve().parents[3]
#: the largest notebook that Kaggle takes
LARGEST = 1_000_000


def imported(source: str) -> set[str]:
    """Every module of ours that a source names in an import, or in a text of its own."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return {one for one in found if one.split(".")[0] == "fastcompanion"}


def file_of(module: str) -> str:
    place = ROOT.joinpath(*module.split("."))
    for one in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if one.is_file():
            return one.relative_to(ROOT).as_posix()
    return ""


def test_it_is_closed_under_imports() -> None:
    found = program.modules()
    assert "fastcompanion/course/checks/hints.py" in found
    for name, content in found.items():
        needed = {file_of(one) for one in imported(content.decode())} - {""}
        assert needed <= found.keys(), name
        folders = [parent.as_posix() for parent in Path(name).parents if parent.as_posix() != "."]
        assert {f"{folder}/__init__.py" for folder in folders} <= found.keys()


def test_it_leaves_out_what_no_notebook_needs() -> None:
    wings = {name.split("/")[1] for name in program.modules()}
    assert not wings & {"commands", "flows", "study", "project", "competition"}


def test_a_pack_is_whole_the_same_each_time_and_small_enough_for_kaggle() -> None:
    for course in ("foundations", "fastai-p1", "none"):
        packed = program.pack(course)
        assert packed == program.pack(course)
        assert len(packed.text) < LARGEST / 2
        raw = base64.b64decode(packed.text)
        assert hashlib.sha256(raw).hexdigest().startswith(packed.digest)
        archive = zipfile.ZipFile(io.BytesIO(lzma.decompress(raw)))
        names = set(archive.namelist())
        assert names >= program.modules().keys()
        lessons = {name for name in names if "/content/" in name}
        assert bool(lessons) == (course != "none")
        for name in lessons:
            own = workspace.content("lessons") / name.partition("/lessons/")[2]
            assert archive.read(name) == own.read_bytes()
