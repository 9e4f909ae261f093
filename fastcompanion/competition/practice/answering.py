"""Requests and what they are answered, before any socket: who may ask, for what, and how much.

Only names of a fixed list become files, only this machine's own name is a host, and whatever a
request holds goes into no header. Another host in a request is refused, which is also what becomes
of a client that tries to reach the real site through us.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import blobs, pages
from fastcompanion.competition.practice.calls import APART, USER, Archive, Redirect, Refused
from fastcompanion.competition.practice.protocol import Protocol

MOST_JSON = 1 << 20
MOST_TARGET = 2048
STOP = "/-/stop"
_CALL = re.compile(r"(?:/api)?/v1/([A-Za-z.]{1,80})/([A-Za-z]{1,80})")
_LOG = re.compile(r"(?:/api)?/v1/kernels/logs/stream/([^/]{1,80})/([^/]{1,80})")
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
JSON, TEXT, HTML, BYTES, STREAM = (
    "application/json; charset=utf-8",
    "text/plain; charset=utf-8",
    "text/html; charset=utf-8",
    "application/octet-stream",
    "text/event-stream",
)
#: pages load nothing, and are shown in no frame
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@frozen
class Request:
    """A request, its headers by their names in small letters; `length` is None where the body comes in chunks, and `blocks` reads at most so many bytes of it."""

    method: str
    target: str
    headers: Mapping[str, str]
    length: int | None
    blocks: Callable[[int], Iterator[bytes]]


@frozen
class Fault:
    """How the line of an answer fails, for tests and for practice of the worst.

    `cut`: the line is closed after so many bytes of the body, before the first line where it is below 0.
    `announced`: a Content-Length that is not true. `waits`: called with the number of bytes that were
    sent before each next block of `block` bytes; may take its time.
    """

    cut: int | None = None
    announced: int | None = None
    waits: Callable[[int], None] = lambda sent: None
    block: int = 1 << 16


@frozen
class Reply:
    """An answer: bytes, or a part of a file."""

    status: int
    kind: str = TEXT
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    file: Path | None = None
    first: int = 0
    count: int = 0
    fault: Fault | None = None

    @property
    def size(self) -> int:
        """How many bytes the body has."""
        return len(self.body) if self.file is None else self.count


class Answering:
    """Answers every request of one server; `intercept` may answer first, as tests do with faults."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.host = ""
        self.stop: Callable[[], None] = lambda: None
        self.intercept: Callable[[Request], Reply | None] = lambda request: None

    def answer(self, request: Request) -> Reply:
        """Answer a request; whatever goes wrong is an answer too."""
        try:
            found = self.intercept(request)
            return self.plain(request) if found is None else found
        except Refused as refusal:
            return error(refusal.status, refusal.message)
        except CompanionError as failure:
            return error(500, failure.message)

    def plain(self, request: Request) -> Reply:
        """Answer a request as if nothing intercepted it; what is refused is raised."""
        self._is_here(request)
        path = unquote(urlsplit(request.target).path)
        call = _CALL.fullmatch(path)
        if request.method == "POST" and path == STOP:
            return self._stop(request)
        if request.method == "POST":
            return self._call(request, *call.groups()) if call else self._accept(request, path)
        if request.method == "PUT":
            return self._upload(request, path)
        if path.startswith("/files/"):
            return self._file(request, path)
        log = _LOG.fullmatch(path)
        if log:
            return self._log(request, *log.groups())
        return self._page(path)

    def _is_here(self, request: Request) -> None:
        if len(request.target) > MOST_TARGET:
            raise Refused(414, "The address is too long")
        host = request.headers.get("host", "")
        foreign = not request.target.startswith("/") or request.method == "CONNECT"
        if host != self.host or foreign:
            raise Refused(
                403,
                "This is a practice run: nothing but the practice competition can be reached, "
                "and your request was for another place",
            )

    def _who(self, request: Request) -> str:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind == "Bearer":
            return USER if self.protocol.signed_in.is_token(given.strip()) else ""
        if kind != "Basic":
            return ""
        try:
            name, _, key = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return USER if name == USER and self.protocol.is_key(key) else ""

    def _stop(self, request: Request) -> Reply:
        if not self._who(request):
            raise Refused(401, "Unauthenticated")
        self.stop()
        return _json(200, {})

    def _call(self, request: Request, service: str, method: str) -> Reply:
        body = b"".join(request.blocks(MOST_JSON))
        try:
            asked = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            raise Refused(400, "The body is no JSON") from None
        if not isinstance(asked, dict):
            raise Refused(400, "The body is no JSON object")
        told = self.protocol.call(service, method, asked, self._who(request))
        if isinstance(told, Redirect):
            return Reply(302, headers=(("Location", told.target),))
        if isinstance(told, Archive):
            return Reply(200, "application/zip", told.data)
        return _json(200, told)

    def _log(self, request: Request, owner: str, slug: str) -> Reply:
        if not self._who(request):
            raise Refused(401, "Unauthenticated")
        is_stream, text = self.protocol.notebooks.log(owner, slug)
        return Reply(200, STREAM if is_stream else JSON, text.encode())

    def _blob(self, request: Request, token: str) -> Reply:
        """Take bytes of a file in parts; 308 tells how many are there."""
        asked = request.headers.get("content-range", "")
        got = self.protocol.blobs.receive(token, asked, request.blocks(blobs.MOST))
        if got.whole:
            return _json(200, {})
        there = (("Range", f"bytes=0-{got.there - 1}"),) if got.there else ()
        return Reply(308, headers=there)

    def _upload(self, request: Request, path: str) -> Reply:
        if path.startswith("/blob/"):
            return self._blob(request, path.removeprefix("/blob/"))
        upload = self.protocol.uploads.announced(path.removeprefix("/upload/"))
        if upload is None or not path.startswith("/upload/"):
            raise Refused(404, "Not Found")
        if "content-range" in request.headers:
            raise Refused(400, "A submission is sent whole")
        if not self.protocol.uploads.receive(upload, request.blocks(upload.size)):
            raise Refused(400, f"The file has not the {upload.size} bytes that were announced")
        return _json(200, {})

    def _accept(self, request: Request, path: str) -> Reply:
        """Accept the rules, from our own page alone: its form carries what no other page can know."""
        slug = self.protocol.competition.slug
        if path != f"/competitions/{slug}/rules":
            raise Refused(404, "Not Found")
        origin = request.headers.get("origin", "")
        form = parse_qs(b"".join(request.blocks(4096)).decode("ascii", "replace"))
        token = form.get("token", [""])[0]
        known = hmac.compare_digest(token.encode(), self.protocol.signed("rules").encode())
        if not known or origin not in ("", "null", f"http://{self.host}"):
            raise Refused(403, "The rules are accepted on their own page")
        self.protocol.accept()
        return Reply(303, headers=(("Location", f"/competitions/{slug}/rules"),))

    def _file(self, request: Request, path: str) -> Reply:
        asked = parse_qs(urlsplit(request.target).query)
        is_apart = path.startswith(f"/files/{APART}/")
        start = "/files/" if is_apart else f"/files/{self.protocol.competition.slug}/"
        name = path.removeprefix(start)
        file = self.protocol.served(name) if path.startswith(start) else None
        if file is None:
            raise Refused(404, "Not Found")
        given = asked.get("sig", [""])[0]
        if not hmac.compare_digest(given.encode(), self.protocol.signed(name).encode()):
            raise Refused(403, "The link has expired: ask for the file again")
        return _part(file, request.headers)

    def _page(self, path: str) -> Reply:
        if path == "/-/alive":
            return Reply(200, TEXT, self.protocol.competition.slug.encode())
        start = f"/competitions/{self.protocol.competition.slug}"
        if path in ("/", "/competitions"):
            return Reply(302, headers=(("Location", start),))
        made = pages.PAGES.get(path.removeprefix(start)) if path.startswith(start) else None
        if made is None:
            return _html(404, pages.missing(self.protocol))
        return _html(200, made(self.protocol))


def _html(status: int, text: str) -> Reply:
    return Reply(status, HTML, text.encode(), tuple(_PAGE_HEADERS.items()))


def _json(status: int, told: Mapping[str, Any]) -> Reply:
    return Reply(status, JSON, json.dumps(told).encode())


def error(status: int, message: str) -> Reply:
    """Answer with an error as the protocol has it."""
    return _json(status, {"code": status, "message": message})


def _part(file: Path, headers: Mapping[str, str]) -> Reply:
    """Give a file, or the part that was asked for if it is still the same file."""
    about = file.stat()
    tag = f'"{about.st_size:x}-{about.st_mtime_ns:x}"'
    day = _http_day(about.st_mtime)
    told = (("ETag", tag), ("Last-Modified", day), ("Accept-Ranges", "bytes"))
    asked = _RANGE.fullmatch(headers.get("range", ""))
    if asked is None or headers.get("if-range", tag) not in (tag, day):
        return Reply(200, BYTES, headers=told, file=file, count=about.st_size)
    first = int(asked[1])
    last = min(int(asked[2] or about.st_size - 1), about.st_size - 1)
    if first > last:
        return Reply(416, headers=(*told, ("Content-Range", f"bytes */{about.st_size}")))
    there = ("Content-Range", f"bytes {first}-{last}/{about.st_size}")
    return Reply(206, BYTES, headers=(*told, there), file=file, first=first, count=last - first + 1)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _http_day(seconds: float) -> str:
    """Write a time as HTTP does, in English whatever the machine speaks."""
    at = datetime.fromtimestamp(int(seconds), UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"
