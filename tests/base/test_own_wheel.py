"""The wheel of the running program, read and installed by the real tools."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from importlib import util
from pathlib import Path

import pytest

from fastcompanion.base import own_wheel, workspace

METADATA = "Metadata-Version: 2.4\nName: fastcompanion\nVersion: 7.0\n"


@pytest.fixture(scope="module")
def wheel() -> own_wheel.Wheel:
    return own_wheel.make()


def installed_as(monkeypatch: pytest.MonkeyPatch, folder: Path, version: str, **files: str) -> None:
    """Let an installation stand before the real one on the path."""
    about = folder / f"fastcompanion-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(METADATA.replace("7.0", version))
    for name, text in files.items():
        (about / name.replace("_json", ".json")).write_text(text)
    monkeypatch.syspath_prepend(folder)


def test_it_holds_the_program_its_lessons_and_templates(wheel: own_wheel.Wheel) -> None:
    names = set(zipfile.ZipFile(io.BytesIO(wheel.content)).namelist())
    package = Path(own_wheel.__file__).parents[1]
    code = {f"fastcompanion/{one.relative_to(package).as_posix()}" for one in package.rglob("*.py")}
    assert code <= names
    for kind in ("lessons", "templates"):
        folder = workspace.content(kind)
        files = {
            one for one in folder.rglob("*") if one.is_file() and "__pycache__" not in one.parts
        }
        held = {
            f"fastcompanion/content/{kind}/{one.relative_to(folder).as_posix()}" for one in files
        }
        assert held <= names
    assert not [name for name in names if "__pycache__" in name]


def test_the_record_is_right(wheel: own_wheel.Wheel) -> None:
    archive = zipfile.ZipFile(io.BytesIO(wheel.content))
    record = archive.read(f"fastcompanion-{wheel.version}.dist-info/RECORD").decode().splitlines()
    assert len(record) == len(archive.namelist())
    for line in record[:-1]:
        name, told, size = line.rsplit(",", 2)
        content = archive.read(name)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (told, int(size)) == (f"sha256={digest}", len(content))


def test_the_same_files_give_the_same_bytes(wheel: own_wheel.Wheel) -> None:
    assert own_wheel.make.__wrapped__() == wheel
    assert own_wheel.version() == wheel.version


def test_an_installer_takes_it_and_it_runs(wheel: own_wheel.Wheel, tmp_path: Path) -> None:
    file = tmp_path / wheel.file
    file.write_bytes(wheel.content)
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip"] if util.find_spec("pip") else ["uv", "pip"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", "--target", str(site), str(file)],
        check=True,
    )
    told = "from fastcompanion.base import own_wheel as own, workspace; print(own.version(), own.published(), workspace.content('lessons'))"
    env = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(
        [sys.executable, "-c", told], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )  # fmt: skip
    # What was installed from such a wheel is no program of an index either, and makes the same wheel again.
    assert said.stdout.split() == [
        wheel.version,
        "False",
        str(site / "fastcompanion/content/lessons"),
    ]


def test_what_came_from_an_index_has_no_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed_as(monkeypatch, tmp_path / "index", "7.0")
    assert own_wheel.published()
    assert own_wheel.version() == "7.0"
    installed_as(monkeypatch, tmp_path / "file", "8.0", direct_url_json='{"url": "file:///there"}')
    assert not own_wheel.published()
    assert own_wheel.version().startswith("8.0+own.")
    installed_as(monkeypatch, tmp_path / "own", "9.0+own.123")
    assert not own_wheel.published()
    assert own_wheel.version().startswith("9.0+own.")
