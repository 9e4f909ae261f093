"""The running program as a wheel of its own, for a machine that can't get it from a package index.

Whoever installed fastcompanion from a checkout has a program that no index knows under its version; a server or a
notebook elsewhere gets these very files instead. A wheel is a zip file with three texts about itself (PyPA's
"Binary distribution format" and "Recording installed projects"), so it takes no build tool to make one.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

NAME = "fastcompanion"
#: in the version of a wheel made here: a version that no index can have (PEP 440, local versions)
_OWN = "own"
_LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")
# The oldest moment that a zip file can tell.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_TAG = "py3-none-any"


@frozen
class Wheel:
    """A wheel that was made here."""

    #: as an installer wants it: name-version-py3-none-any.whl
    file: str
    version: str
    content: bytes


def published() -> bool:
    """Say whether this program came from a package index, which others can ask for the same version.

    An installer notes where something else came from in direct_url.json (PEP 610): a checkout, a file.
    """
    found = _distribution()
    if found is None or f"+{_OWN}" in found.version:
        return False
    return found.read_text("direct_url.json") is None


def version() -> str:
    """Give the version that others need to have the same program: the index's, or one that names the content.

    "" where the program runs from a folder without having been installed.
    """
    if (found := _distribution()) is None:
        return ""
    return found.version if published() else _own_version(found)


@cache
def make() -> Wheel:
    """Make the wheel of the running program: its code, lessons and templates, and what it needs.

    Its version names its content, so that an installer sees when another one is there. Exit 5 where the program
    runs without having been installed, as nothing says then what it needs.
    """
    found = _distribution()
    if found is None:
        raise CompanionError(
            "this program runs from a folder and was never installed, so it can't be sent elsewhere",
            hint="Install it from its checkout: uv tool install .",
            code=Exit.MISSING,
        )
    made = _own_version(found)
    about = f"{NAME}-{made}.dist-info"
    files = {**_files(), **_about(found, made, about)}
    files[f"{about}/RECORD"] = _record(files, f"{about}/RECORD")
    return Wheel(f"{NAME}-{made}-{_TAG}.whl", made, zipped(files, zipfile.ZIP_DEFLATED))


def files_below(folder: Path, name: str) -> dict[str, bytes]:
    """Give all files of a folder, by the path that they have below `name` where the program goes."""
    found = {path.relative_to(folder): path for path in folder.rglob("*")}
    return {
        f"{name}/{inner.as_posix()}": store.read_bytes(path)
        for inner, path in found.items()
        if not set(_LEFT_OUT) & set(inner.parts) and path.is_file()
    }


def zipped(files: Mapping[str, bytes], way: int) -> bytes:
    """Make a zip file; `way` is one of zipfile's. The same files in the same order give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, one in files.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = way
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, one, compresslevel=9)
    return made.getvalue()


def _distribution() -> metadata.Distribution | None:
    try:
        return metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        return None


def _own_version(found: metadata.Distribution) -> str:
    return f"{found.version.partition('+')[0]}+{_OWN}.{_fingerprint(_files())[:12]}"


@cache
def _files() -> dict[str, bytes]:
    package = Path(__file__).resolve().parents[1]
    found = dict(files_below(package, NAME))
    if not (package / "content").is_dir():
        for kind in ("lessons", "templates"):
            found |= files_below(workspace.content(kind), f"{NAME}/content/{kind}")
    return dict(sorted(found.items()))


def _fingerprint(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in files.items():
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _about(found: metadata.Distribution, version: str, folder: str) -> dict[str, bytes]:
    lines = (found.read_text("METADATA") or "").splitlines()
    number = next(number for number, line in enumerate(lines) if line.startswith("Version: "))
    lines[number] = f"Version: {version}"
    wheel = f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: true\nTag: {_TAG}\n"
    texts = {"METADATA": "\n".join(lines) + "\n", "WHEEL": wheel}
    if entries := found.read_text("entry_points.txt"):
        texts["entry_points.txt"] = entries
    return {f"{folder}/{name}": text.encode() for name, text in texts.items()}


def _record(files: Mapping[str, bytes], itself: str) -> bytes:
    def digest(content: bytes) -> str:
        made = hashlib.sha256(content).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    lines = [f"{name},sha256={digest(one)},{len(one)}" for name, one in files.items()]
    return ("\n".join([*map(_quoted, lines), f"{itself},,"]) + "\n").encode()


def _quoted(line: str) -> str:
    name, digest, size = line.rsplit(",", 2)
    return f'"{name}",{digest},{size}' if "," in name else line
