"""The server of a practice competition: on 127.0.0.1 alone, with a new key at each start."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from typing import Protocol as Interface

from fastcompanion.base import clock, process, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.answering import (
    STOP,
    TEXT,
    Answering,
    Fault,
    Reply,
    Request,
)
from fastcompanion.competition.practice.calls import Refused
from fastcompanion.competition.practice.journal import Journal
from fastcompanion.competition.practice.place import Place
from fastcompanion.competition.practice.protocol import Protocol
from fastcompanion.competition.practice.scoring import Worker

HOST = "127.0.0.1"
VERSION = 1
_BLOCK = 1 << 16
_SECONDS = 60
_PATIENCE = 30.0
_LOOKED = 2.0
_DRAINED = 1 << 20


class _File(Interface):
    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int = -1, /) -> bytes: ...


@frozen
class Listening:
    """Where the server of a competition listens, and the key of this start."""

    pid: int
    port: int
    key: str

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://{HOST}:{self.port}"


class Live:
    """A server that runs."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.competition = places.read(place)
        self.journal = Journal(place.journal)
        self.protocol = Protocol(place, self.competition, self.journal)
        self.answering = Answering(self.protocol)
        self.worker = Worker(place, self.competition, self.journal)
        self.protocol.submitted = self.worker.add
        self.port = 0
        self.folder = _identity(place)
        self._stopped = threading.Event()
        self.answering.stop = self._stopped.set

    @property
    def url(self) -> str:
        """The address of the competition's page."""
        return self.protocol.page

    @property
    def listening(self) -> Listening:
        """Where it listens."""
        return Listening(os.getpid(), self.port, self.protocol.key)

    def wait(self, every: float = _LOOKED) -> bool:
        """Serve until `stop` asks for the end, or until the competition is deleted; Ctrl-C is raised.

        `every` so many seconds it is looked for; tell whether it was still there.
        """
        # Scoring is one long computation: with the usual 5 ms a page waits for its turn some ten times.
        sys.setswitchinterval(0.0005)
        # With a limit, as Ctrl-C does not end a wait without one on Windows.
        while not self._stopped.wait(every):
            if _identity(self.place) != self.folder:
                return False
        return True


def _identity(place: Place) -> tuple[int, int] | None:
    """Tell a folder from another one that got its name; None where there is none any more."""
    try:
        told = place.folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return told.st_dev, told.st_ino


@contextmanager
def serving(place: Place, *, port: int = 0, scoring: bool = True) -> Iterator[Live]:
    """Serve a competition while the block runs, without a port on a free one.

    Without `scoring` submissions wait until the worker is started.
    """
    with store.lock(place.lock, wait=1.0, busy="this practice competition is served already"):
        live = Live(place)
        live.protocol.uploads.clear()
        live.protocol.blobs.clear()
        httpd = _bound(live, port)
        live.port = int(httpd.server_address[1])
        live.answering.host = f"{HOST}:{live.port}"
        live.protocol.listens(f"http://{HOST}:{live.port}")
        thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
        try:
            if scoring:
                live.worker.start()
            thread.start()
            _tell(place, live.listening)
            yield live
        finally:
            if _identity(place) == live.folder:
                store.remove(place.running)
            httpd.shutdown()
            httpd.server_close()
            thread.join()
            live.worker.stop()


def _tell(place: Place, listening: Listening) -> None:
    about = {name: getattr(listening, name) for name in Listening.__dataclass_fields__}
    text = {"version": VERSION, "started": clock.stamp(), **about}
    store.write_text(place.running, json.dumps(text) + "\n", mode=places.PRIVATE_MODE)


def found(place: Place) -> Listening | None:
    """Find the server of a competition; None where none answers, whatever a file says."""
    if not place.running.exists():
        return None
    about = store.check_version(store.read_json(place.running), place.running, current=VERSION)
    try:
        told = Listening(int(about["pid"]), int(about["port"]), str(about["key"]))
    except (KeyError, TypeError, ValueError):
        return None
    return told if _answers(told.port, place.folder.name) else None


def leave_running(place: Place, *, port: int, accept: bool) -> Listening:
    """Start a server that stays when we end, and wait until it answers."""
    if found(place) is not None:
        raise CompanionError(
            "this practice competition is served already",
            hint=f"fastcompanion kaggle practice status {place.folder.name}",
        )
    more = ["--accept-rules"] if accept else []
    words = ["kaggle", "practice", "start", place.folder.name, "--port", str(port), *more]
    process.leave_running([sys.executable, "-P", "-m", "fastcompanion", *words])
    told = _awaited(place)
    if told is None:
        raise CompanionError(
            "the server did not start",
            hint=f"Look at what it says: fastcompanion kaggle practice start {place.folder.name}",
        )
    return told


def stop(place: Place, *, starting: float = 0.0) -> bool:
    """Ask the server of a competition to end, and wait for it; tell whether there was one.

    `starting`: wait so many seconds for one that was started a moment ago and does not answer yet.
    """
    from http.client import HTTPConnection, HTTPException

    told = _awaited(place, patience=starting)
    if told is None:
        return False
    line = HTTPConnection(HOST, told.port, timeout=5)
    try:
        line.request("POST", STOP, b"", {"Authorization": f"Bearer {told.key}"})
        line.getresponse().read(100)
    except (OSError, HTTPException):
        pass  # it may have ended before its answer was sent
    finally:
        line.close()
    # Its lock is the last that it gives back: then its port is closed, too.
    with store.lock(
        place.lock, wait=_PATIENCE, busy=f"the server (process {told.pid}) did not end"
    ):
        return True


def _awaited(place: Place, *, patience: float = _PATIENCE) -> Listening | None:
    """Wait until a server answers."""
    end = clock.monotonic() + patience
    while (told := found(place)) is None and clock.monotonic() < end:
        clock.pause(0.05)
    return told


def _answers(port: int, slug: str) -> bool:
    from http.client import HTTPConnection, HTTPException

    line = HTTPConnection(HOST, port, timeout=5)
    try:
        line.request("GET", "/-/alive")
        return line.getresponse().read(100) == slug.encode()
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def _bound(live: Live, port: int) -> Any:
    try:
        return _server(live.answering, port)
    except (OSError, OverflowError):
        raise CompanionError(
            f"port {port} is taken or not allowed",
            hint="Leave --port out: a free one is found.",
            code=Exit.MISSING,
        ) from None


def _server(answering: Answering, port: int) -> Any:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        """Hands requests on, and says nothing to the terminal."""

        protocol_version = "HTTP/1.1"
        server_version, sys_version = "practice", ""
        timeout = _SECONDS

        def _handle(self) -> None:
            _exchange(self, answering)

        do_GET = do_HEAD = do_POST = do_PUT = _handle  # noqa: N815
        do_CONNECT = do_DELETE = do_PATCH = do_OPTIONS = _handle  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64
        # On Windows the same option lets two programs take one port.
        allow_reuse_address = os.name == "posix"

        def handle_error(self, request: Any, client_address: Any) -> None:
            del request, client_address  # a client that went away is no news

    return Server((HOST, port), Handler)


def _exchange(line: Any, answering: Answering) -> None:
    """Answer the request that came in on a line."""
    body = _Body(line.headers, line.rfile)
    names = {name.lower() for name in line.headers}
    headers = {name: ", ".join(line.headers.get_all(name)) for name in names}
    try:
        request = Request(line.command, line.path, headers, body.length, body.blocks)
        reply = body.refusal or answering.answer(request)
        if not body.drained():
            line.close_connection = True
        _send(line, reply)
    except (ConnectionError, TimeoutError):
        line.close_connection = True


def _send(line: Any, reply: Reply) -> None:
    fault = reply.fault or Fault()
    fault.waits(0)
    if fault.cut is not None:
        line.close_connection = True
        if fault.cut < 0:
            return
    line.send_response(reply.status)
    line.send_header("Content-Type", reply.kind)
    size = reply.size if fault.announced is None else fault.announced
    line.send_header("Content-Length", str(size))
    line.send_header("X-Content-Type-Options", "nosniff")
    for name, value in reply.headers:
        line.send_header(name, value)
    if line.close_connection or fault.announced is not None:
        line.close_connection = True
        line.send_header("Connection", "close")
    line.end_headers()
    if line.command != "HEAD":
        _send_body(line, reply, fault)


def _send_body(line: Any, reply: Reply, fault: Fault) -> None:
    sent, most = 0, reply.size if fault.cut is None else fault.cut
    for block in _blocks(reply, fault.block):
        if sent:
            fault.waits(sent)
        line.wfile.write(block[: most - sent])
        sent += len(block)
        if sent >= most:
            return


def _blocks(reply: Reply, size: int) -> Iterator[bytes]:
    if reply.file is None:
        for start in range(0, len(reply.body), size):
            yield reply.body[start : start + size]
        return
    with reply.file.open("rb") as file:
        file.seek(reply.first)
        left = reply.count
        while left > 0 and (block := file.read(min(size, left))):
            left -= len(block)
            yield block


class _Body:
    """The body of a request, read in blocks and never further than is allowed."""

    def __init__(self, headers: Any, file: _File) -> None:
        self._file = file
        lengths = headers.get_all("Content-Length", [])
        coding = headers.get_all("Transfer-Encoding", [])
        self.refusal: Reply | None = None
        self.length: int | None = 0
        self._left = 0
        if coding:
            self.length = None
            if lengths or [one.strip().lower() for one in coding] != ["chunked"]:
                self.refusal = Reply(400, TEXT, b"The length of the body can't be told")
        elif lengths:
            if len(set(lengths)) > 1 or not _is_length(lengths[0]):
                self.refusal = Reply(400, TEXT, b"The length of the body can't be told")
            else:
                self.length = self._left = int(lengths[0])
        self._open = bool(self.refusal) or self.length != 0

    def blocks(self, most: int) -> Iterator[bytes]:
        """Read the body; more than `most` bytes are refused, announced ones before they are read."""
        if self.length is not None and self.length > most:
            raise Refused(413, f"At most {most} bytes are taken here")
        size = 0
        for block in self._chunks(most) if self.length is None else self._plain():
            size += len(block)
            if size > most:
                raise Refused(413, f"At most {most} bytes are taken here")
            yield block
        self._open = False

    def drained(self) -> bool:
        """Leave the line clean for the next request, where little is left; tell whether it is."""
        if self._open and self.length is not None and 0 < self._left <= _DRAINED:
            for _ in self._plain():
                pass
            self._open = False
        return not self._open

    def _plain(self) -> Iterator[bytes]:
        while self._left:
            block = self._file.read(min(_BLOCK, self._left))
            if not block:
                raise ConnectionError("the body ended early")
            self._left -= len(block)
            yield block

    def _chunks(self, most: int) -> Iterator[bytes]:
        while size := self._chunk_size():
            if size > most:
                raise Refused(413, f"At most {most} bytes are taken here")
            block = self._file.read(size)
            if len(block) < size or self._file.readline(3) not in (b"\r\n", b"\n"):
                raise ConnectionError("the body ended early")
            yield block
        for _ in range(16):
            if self._file.readline(1024) in (b"\r\n", b"\n", b""):
                return
        raise Refused(400, "The end of the body can't be told")

    def _chunk_size(self) -> int:
        text = self._file.readline(256).partition(b";")[0].strip()
        if not text or len(text) > 12 or text.strip(b"0123456789abcdefABCDEF"):
            raise Refused(400, "The length of the body can't be told")
        return int(text, 16)


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16
