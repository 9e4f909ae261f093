"""A real server on this machine that notes every request and gives the answers that it was told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Noted:
    """A request as it came; header names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """The method of the protocol, or the HTTP method with the first part of the path."""
        if "/v1/" in self.path:
            return self.path.rpartition("/")[2]
        return f"{self.method} /{self.path.lstrip('/').partition('/')[0].partition('?')[0]}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """An answer; `body` is sent as JSON unless it is bytes, None closes the line without a word."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "application/json; charset=utf-8"


Make = Callable[[Noted], Answer | None]


class Recorder:
    """The server: `answers` has, by the name of a request, what it is answered; all else gets `{}`.

    A list is used up from the front, its last answer stays.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self.answers: dict[str, Any] = dict(answers or {})
        self.seen: list[Noted] = []
        self._lock = threading.Lock()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                recorder._exchange(self)

            do_GET = do_POST = do_PUT = do_CONNECT = do_HEAD = _handle  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                del format, args

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                del request, client_address

        self._httpd = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._httpd.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join()

    def names(self) -> list[str]:
        """Name the requests in the order in which they came."""
        return [one.name for one in self.seen]

    @property
    def text(self) -> str:
        """Everything that came, to look for what should not have."""
        return "\n".join(
            f"{one.method} {one.path} {dict(one.headers)} {one.body!r}" for one in self.seen
        )

    def _exchange(self, line: BaseHTTPRequestHandler) -> None:
        size = int(line.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in line.headers.items()}
        noted = Noted(line.command, line.path, headers, line.rfile.read(size))
        with self._lock:
            self.seen.append(noted)
            planned = self.answers.get(noted.name, {})
            if isinstance(planned, list):
                planned = planned.pop(0) if len(planned) > 1 else planned[0]
        answer = planned(noted) if callable(planned) else planned
        if answer is None:
            line.close_connection = True
            return
        _send(line, answer if isinstance(answer, Answer) else Answer(answer))


def _send(line: BaseHTTPRequestHandler, answer: Answer) -> None:
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    line.send_response(answer.status)
    if answer.kind:
        line.send_header("Content-Type", answer.kind)
    line.send_header("Content-Length", str(len(body)))
    for name, value in answer.headers:
        line.send_header(name, value)
    line.end_headers()
    if line.command != "HEAD":
        line.wfile.write(body)


def error(status: int, message: str = "", **headers: str) -> Answer:
    """Make the answer that says no in the way of the protocol."""
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer({"code": status, "message": message}, status, more)
