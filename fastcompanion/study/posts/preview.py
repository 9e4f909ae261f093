"""The blog as it will look, on this machine alone, made again at each save.

The pages are those of `blog build`, with drafts and a small script that loads a page again when
something changed. A post that is broken shows what is wrong and where, and the others stay.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fastcompanion.base import browser, store, templates, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import blog as blogs
from fastcompanion.study.posts import site
from fastcompanion.study.posts.site import Site

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 8008, 20
_SECONDS = 0.4
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".xml": "application/atom+xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".pdf": "application/pdf",
}


@frozen
class Reply:
    """What the server answers."""

    status: int
    kind: str
    body: bytes


@frozen
class Shown:
    """What one build of the preview came to, with the warnings that the one before did not have.

    `error` kept it from being built at all.
    """

    url: str
    version: int
    site: Site | None
    warnings: tuple[str, ...] = ()
    error: str = ""


class Preview:
    """The site in a folder of its own, and what the server says about it."""

    def __init__(self, ws: Workspace) -> None:
        self.site: Site | None = None
        self.error: CompanionError | None = None
        self.port = 0
        self._ws = ws
        self._folder = ws.cache / "blog" / "preview"
        self._base = "/"
        self._version = 0
        self._seen: dict[str, tuple[int, int]] = {}
        self._told: frozenset[str] = frozenset()

    @property
    def url(self) -> str:
        """The address of the preview."""
        return f"http://{HOST}:{self.port}/"

    def look(self) -> bool:
        """Build again when a post or the settings changed since the last look; tell whether it did."""
        now = _seen(self._ws)
        if now == self._seen and self._version:
            return False
        self._seen = now
        try:
            self.site = site.build(self._ws, self._folder, drafts=True, tolerant=True)
            self._base = blogs.read(self._ws).base
            self.error = None
        except CompanionError as error:
            self.error = error
        self._version += 1
        return True

    def changes(self) -> Generator[Site | CompanionError, None, None]:
        """Give each build's site, or the error that kept it from being built; Ctrl-C is raised."""
        pause = threading.Event()
        while True:
            if self.look():
                told = self.error or self.site
                if told is not None:
                    yield told
            pause.wait(_SECONDS)

    def told(self, built: Site | CompanionError) -> Shown:
        """Put a build into words for the terminal."""
        if isinstance(built, CompanionError):
            return Shown(self.url, self._version, None, error=str(built))
        new = tuple(one for one in built.warnings if one not in self._told)
        self._told = frozenset(built.warnings)
        return Shown(self.url, self._version, built, new)

    def open(self) -> None:
        """Open the preview in the browser."""
        browser.open_page(self.url)

    def reply(self, path: str, host: str) -> Reply:
        """Answer a request; other names than this machine's are refused, so that no page elsewhere can ask."""
        if host not in (f"{HOST}:{self.port}", f"localhost:{self.port}"):
            return Reply(403, "text/plain; charset=utf-8", b"only from this machine")
        path = unquote(urlsplit(path).path)
        if path == "/-/version":
            return Reply(200, "text/plain; charset=utf-8", str(self._version).encode())
        if path == "/-/reload.js":
            return Reply(200, _TYPES[".js"], templates.plain("blog/reload.js").encode())
        if self.error is not None:
            return self._html(500, _error_page(self.error))
        return self._file(path)

    def _file(self, path: str) -> Reply:
        if self._base != "/" and path.startswith(self._base):
            path = path.removeprefix(self._base.rstrip("/"))
        place = Path(os.path.normpath(self._folder / path.lstrip("/")))
        if path.endswith("/"):
            place /= "index.html"
        try:
            if not place.is_relative_to(self._folder) or not place.is_file():
                return self._html(404, store.read_text(self._folder / "404.html"))
            if place.suffix == ".html":
                return self._html(200, store.read_text(place))
            kind = _TYPES.get(place.suffix.lower(), "application/octet-stream")
            return Reply(200, kind, store.read_bytes(place))
        except (CompanionError, ValueError, OSError):  # also a name longer than any file's
            return self._html(404, "<p>There is no such page.</p></body>")

    def _html(self, status: int, text: str) -> Reply:
        script = f'<script src="/-/reload.js" data-version="{self._version}"></script>\n</body>'
        before, _, after = text.rpartition("</body>")
        return Reply(status, _TYPES[".html"], f"{before}{script}{after}".encode("utf-8", "replace"))


def would_build(ws: Workspace, *, drafts: bool) -> Site:
    """Build the site where nobody sees it, to tell what would come of it."""
    place = workspace.runtime_folder()
    try:
        return site.build(ws, place / "site", drafts=drafts)
    finally:
        store.remove(place)


@contextmanager
def running(ws: Workspace, *, port: int | None = None) -> Iterator[Preview]:
    """Serve the preview while the block runs; without a port the first free one is taken."""
    live = Preview(ws)
    server = _bound(live, port)
    live.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield live
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bound(live: Preview, port: int | None) -> Any:
    """Bind the wanted port, else the first free one."""
    wanted = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else (port,)
    for one in (*wanted, *(() if port is not None else (0,))):
        try:
            return _server(live, one)
        except (OSError, OverflowError):
            continue
    raise CompanionError(
        f"port {port} is taken or not allowed",
        hint="fastcompanion blog preview, which finds a free one",
        code=Exit.MISSING,
    )


def _server(live: Preview, port: int) -> Any:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        """Hands requests on, and says nothing to the terminal."""

        def do_GET(self) -> None:
            self._send(body=True)

        def do_HEAD(self) -> None:
            self._send(body=False)

        def _send(self, *, body: bool) -> None:
            reply = live.reply(self.path, self.headers.get("Host", ""))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            try:
                self.wfile.write(reply.body if body else b"")
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        # On Windows the same option lets two programs take one port.
        allow_reuse_address = os.name == "posix"

        def handle_error(self, request: Any, client_address: Any) -> None:
            del request, client_address  # a browser that went away is no news

    return Server((HOST, port), Handler)


def _seen(ws: Workspace) -> dict[str, tuple[int, int]]:
    """Give size and time of everything that the site is made from."""
    found: dict[str, tuple[int, int]] = {}
    for path in (ws.settings, *ws.posts.rglob("*")):
        try:
            about = path.stat()
        except OSError:
            continue
        found[str(path)] = (about.st_size, about.st_mtime_ns)
    return found


def _error_page(error: CompanionError) -> str:
    values = {"place": error.place, "message": error.message, "hint": error.hint}
    return templates.html("blog/stopped.html", {"problem": values})
