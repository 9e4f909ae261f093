"""A package index of our own: a real HTTP server on the loopback interface, with upload times.

Its small packages are made here; ipykernel and what it needs are wheels packed again from the
distributions of the Python that runs the tests, so that environments can run notebooks offline.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import json
import re
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

LONG_AGO = "2015-01-01T00:00:00Z"
_SIMPLE = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Wheel:
    """A wheel in memory with its METADATA text and its upload time."""

    name: str
    filename: str
    data: bytes
    metadata: str
    uploaded: str


@dataclass
class Index:
    """A running index. `requests` are the paths asked for; `gate` holds wheel downloads back."""

    url: str
    wheels: dict[str, list[Wheel]]
    requests: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)


def wheel(
    name: str,
    version: str,
    code: str,
    uploaded: str,
    *,
    requires: tuple[str, ...] = (),
    tag: str = "py3-none-any",
) -> Wheel:
    """Make a wheel of one module."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    described = "\n".join(lines) + "\n"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code.encode(),
        f"{info}/METADATA": described.encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    filename = f"{name}-{version}-{tag}.whl"
    return Wheel(name, filename, _packed(files, info), described, uploaded)


def _packed(files: Mapping[str, bytes], info: str) -> bytes:
    record = "".join(f"{path},{_digest(data)},{len(data)}\n" for path, data in files.items())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, data in {
            **files,
            f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode(),
        }.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={found}"


def kernel_wheels() -> list[Wheel]:
    """Pack ipykernel and all it needs again from what is installed here."""
    waiting, done = ["ipykernel"], dict[str, Wheel]()
    while waiting:
        name = _normalised(waiting.pop())
        if name in done:
            continue
        distribution = metadata.distribution(name)
        done[name] = _repacked(distribution, name)
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return list(done.values())


def _repacked(distribution: metadata.Distribution, name: str) -> Wheel:
    files: dict[str, bytes] = {}
    left_out = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", ".pyc")
    for path in distribution.files or ():
        text = path.as_posix()
        if (
            not text.startswith("..")
            and not text.endswith(left_out)
            and Path(path.locate()).is_file()
        ):
            files[text] = path.read_binary()
            files.update(_bytecode(path))
    info = next(path.rpartition("/")[0] for path in files if path.endswith(".dist-info/METADATA"))
    tags = re.findall(r"^Tag: (\S+)", files[f"{info}/WHEEL"].decode(), re.MULTILINE)
    parts = zip(*(tag.split("-") for tag in tags), strict=True)
    tag = "-".join(".".join(dict.fromkeys(part)) for part in parts)
    filename = f"{name.replace('-', '_')}-{distribution.version}-{tag}.whl"
    described = files[f"{info}/METADATA"].decode()
    return Wheel(name, filename, _packed(files, info), described, LONG_AGO)


def _bytecode(path: metadata.PackagePath) -> dict[str, bytes]:
    """Carry compiled files along, marked as never out of date: kernels start in half the time."""
    cached = Path(importlib.util.cache_from_source(str(path.locate())))
    if path.suffix != ".py" or not cached.is_file():
        return {}
    code = cached.read_bytes()
    unchecked = code[:4] + (1).to_bytes(4, "little") + bytes(8) + code[16:]
    return {f"{path.parent.as_posix()}/__pycache__/{cached.name}": unchecked}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@contextmanager
def served(wheels: list[Wheel]) -> Iterator[Index]:
    """Serve wheels until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    by_name: dict[str, list[Wheel]] = {}
    for one in wheels:
        by_name.setdefault(_normalised(one.name), []).append(one)
    index = Index(f"http://127.0.0.1:{server.server_port}/simple", by_name)
    index.gate.set()
    server.index = index  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield index
    finally:
        index.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *args: object) -> None:
        return

    def _answer(self, *, body: bool) -> None:
        index: Index = self.server.index  # type: ignore[attr-defined]
        index.requests.append(self.path)
        found = _page(index, self.path)
        if self.path.endswith(".whl") and body:
            index.reached.set()
            index.gate.wait(60)
        kind, data = found or ("text/plain", b"not found")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            try:
                self.wfile.write(data)
            except ConnectionError:
                self.close_connection = True


def _page(index: Index, path: str) -> tuple[str, bytes] | None:
    if path.startswith("/simple/"):
        name = path.removeprefix("/simple/").strip("/")
        listed = index.wheels.get(name)
        return (_SIMPLE, json.dumps(_listing(name, listed)).encode()) if listed else None
    wanted = path.removeprefix("/files/").removesuffix(".metadata")
    every = (one for wheels in index.wheels.values() for one in wheels)
    found = next((one for one in every if one.filename == wanted), None)
    if found is None:
        return None
    if path.endswith(".metadata"):
        return "text/plain", found.metadata.encode()
    return "application/zip", found.data


def _listing(name: str, wheels: list[Wheel]) -> dict[str, object]:
    files = [
        {
            "filename": one.filename,
            "url": f"/files/{one.filename}",
            "hashes": {"sha256": hashlib.sha256(one.data).hexdigest()},
            "upload-time": one.uploaded,
            "core-metadata": True,
        }
        for one in wheels
    ]
    return {"meta": {"api-version": "1.1"}, "name": name, "files": files}


def settings(index: Index, cache: str) -> dict[str, str]:
    """Give the variables that make uv and pip use this index and nothing of the machine's."""
    return {
        "UV_DEFAULT_INDEX": index.url,
        "UV_CACHE_DIR": cache,
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_HTTP_RETRIES": "0",
        "UV_HTTP_TIMEOUT": "20",
        "PIP_INDEX_URL": index.url,
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_RETRIES": "0",
        "PIP_CACHE_DIR": f"{cache}/pip",
    }


OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
