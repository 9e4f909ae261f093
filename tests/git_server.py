"""Git over real HTTP on 127.0.0.1: `git http-backend` behind a small server that can be cut or stalled."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self


def notebook(*cells: str) -> str:
    """Write a notebook: a text that begins with # is a markdown cell, any other a code cell."""
    made = []
    for number, text in enumerate(cells):
        kind = "markdown" if text.startswith("#") else "code"
        cell: dict[str, object] = {
            "cell_type": kind,
            "id": f"c{number}",
            "metadata": {},
            "source": text,
        }
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append(cell)
    whole = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1)


class GitServer:
    """A server for repositories under `root`.

    After `cut_after` bytes of an answer it drops the connection; with `stall` it takes requests (and
    sets `stalled`) but never answers.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cut_after: int | None = None
        self.stall = False
        self.stalled, self._release = threading.Event(), threading.Event()
        self.requests: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    def down(self) -> None:
        """Stop listening: connections are refused from now on."""
        self._release.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def url(self, name: str) -> str:
        """Give the address of a repository."""
        return f"http://127.0.0.1:{self._http.server_port}/{name}.git"

    def repo(self, name: str) -> Served:
        """Make an empty repository that is served as `url(name)`."""
        return Served(self.root / f"{name}.git", self.root / f"{name}.work")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                server.requests.append(f"{self.command} {self.path}")

            def _answer(self) -> None:
                if server.stall:
                    server.stalled.set()
                    server._release.wait(60)
                    return
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                env = {
                    **os.environ,
                    "GIT_PROJECT_ROOT": str(server.root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "REMOTE_ADDR": "127.0.0.1",
                }
                done = subprocess.run(
                    ["git", "http-backend"], input=body, env=env, capture_output=True, check=False
                )
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                lines = [
                    line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line
                ]
                fields = dict(lines)
                self.send_response(int(fields.pop("Status", "200").split()[0]))
                for key, value in fields.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if server.cut_after is not None and len(content) > server.cut_after:
                    self.wfile.write(content[: server.cut_after])
                    self.close_connection = True
                    return
                self.wfile.write(content)

        return Handler


class Served:
    """One repository: files are committed in `work` and pushed to the bare one that is served."""

    def __init__(self, bare: Path, work: Path) -> None:
        self.bare, self.work = bare, work
        _git(None, "init", "-q", "--bare", "-b", "main", str(bare))
        _git(bare, "config", "uploadpack.allowFilter", "true")
        _git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        _git(None, "init", "-q", "-b", "main", str(work))
        _git(work, "remote", "add", "origin", str(bare))

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        message: str = "Change",
        date: str = "2023-01-02T03:04:05+00:00",
        tag: str = "",
    ) -> str:
        """Write files (None removes one), commit them at a date, push; give the commit's id."""
        for name, content in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        _git(self.work, "add", "-A")
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        _git(self.work, "commit", "-q", "-m", message, env=dates)
        if tag:
            _git(self.work, "tag", "-a", "-m", tag, tag, env=dates)
        _git(self.work, "push", "-q", "--tags", "origin", "HEAD")
        return _git(self.work, "rev-parse", "HEAD").strip()

    def start_over(self) -> None:
        """Throw the history away, here and on the server."""
        _git(self.work, "update-ref", "-d", "HEAD")
        _git(self.bare, "update-ref", "-d", "refs/heads/main")

    def branch(self, name: str) -> None:
        """Go on on a new branch."""
        _git(self.work, "switch", "-q", "-c", name)


def _git(folder: Path | None, *words: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout
