"""Wheels made of what is installed here: a folder of them is the package index of a box, which has no network.

`python -m tests.box.wheels ENVIRONMENT FOLDER` packs a whole environment, with what `server setup` needs beside it.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def main(environment: Path, folder: Path) -> None:
    """Pack everything that is installed in an environment, uv, and what fastcompanion needs."""
    site = next(environment.glob("lib/python3*/site-packages"))
    folder.mkdir(parents=True, exist_ok=True)
    for dist in metadata.distributions(path=[str(site)]):
        pack(dist, folder)
    # These may want others than the environment has.
    make("uv", folder)
    make_needed("fastcompanion", folder)


def make(name: str, folder: Path) -> Path:
    """Pack a distribution that is installed here."""
    return pack(metadata.distribution(name), folder)


def make_needed(name: str, folder: Path) -> None:
    """Pack what a distribution that is installed here needs, without itself."""
    seen, waiting = {canonicalize_name(name)}, [name]
    while waiting:
        for text in metadata.distribution(waiting.pop()).requires or ():
            wanted = Requirement(text)
            one = canonicalize_name(wanted.name)
            if one not in seen and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
                seen.add(one)
                make(wanted.name, folder)
                waiting.append(wanted.name)


def make_empty(name: str, version: str, folder: Path) -> Path:
    """Make a wheel of that name with nothing in it."""
    info = f"{name}-{version}.dist-info"
    texts = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{place},,\n" for place in (*texts, f"{info}/RECORD"))
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for place, text in {**texts, f"{info}/RECORD": record}.items():
            packed.writestr(place, text)
    return wheel


def pack(dist: metadata.Distribution, folder: Path) -> Path:
    """Pack it as the wheel that it once was; scripts of entry points are made anew by installers."""
    told = (dist.read_text("WHEEL") or "").splitlines()
    tags = [line.split()[1].split("-") for line in told if line.startswith("Tag:")]
    tag = "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True))
    plain = dist.metadata["Name"].replace("-", "_")
    stem = f"{plain}-{dist.version}"
    info = next(PurePosixPath(str(one)).parts[0] for one in dist.files or () if ".dist-info" in str(one))  # fmt: skip
    wheel = folder / f"{stem}-{tag}.whl"
    record = []
    with zipfile.ZipFile(wheel, "w") as packed:
        for file in dist.files or ():
            place = _place(PurePosixPath(str(file)), stem)
            source = Path(str(file.locate()))
            if place and source.is_file():
                data = source.read_bytes()
                entry = zipfile.ZipInfo(place)
                entry.external_attr = 0o100755 << 16  # a plain file that may be run
                packed.writestr(entry, data)
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                record.append(f"{place},sha256={digest.decode()},{len(data)}")
        packed.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,\n"]))
    return wheel


def _place(path: PurePosixPath, stem: str) -> str:
    """Where a file lies in the wheel; empty for what the installer makes itself."""
    if path.name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json") or "__pycache__" in path.parts:  # fmt: skip
        return ""
    if ".." not in path.parts:
        return str(path)
    # Beside the packages: programs, and what JupyterLab and others look for in share and etc.
    inner = [part for part in path.parts if part != ".."]
    place = ["scripts", *inner[1:]] if inner[0] == "bin" else ["data", *inner]
    return "/".join((f"{stem}.data", *place))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
