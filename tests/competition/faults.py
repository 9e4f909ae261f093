"""Faults of a live practice server, for tests of clients: ours and the real one.

    faults = Faults(live)
    faults.add("/CreateSubmission", refused(429, retry_after=0), times=2)     # then all is well
    faults.add("GET /files/", cut(1000))                                        # once
    faults.add("/ListCompetitions", silent(faults.over), times=ALWAYS)

A fault belongs to requests whose `METHOD /target` holds its text; of several the one that was added
first and is not used up comes first, one for each request. `faults.seen` are all requests. End with
`faults.release()`, or use it as a context manager: what is silent or slow gives up then.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from fastcompanion.competition.practice.answering import HTML, JSON, TEXT, Fault, Reply, Request
from fastcompanion.competition.practice.calls import Refused
from fastcompanion.competition.practice.server import Live

ALWAYS = 1 << 30
#: gets what makes the true answer, and gives another one; what it does not ask for does not happen
Make = Callable[[Request, Callable[[Request], Reply]], Reply]


class _Planned:
    def __init__(self, where: str, make: Make, times: int, after: int) -> None:
        self.where, self.make, self.times, self.after = where, make, times, after

    def takes(self, named: str) -> bool:
        """Is it the turn of this fault? It counts what it was asked."""
        if self.where not in named:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


class Faults:
    """What goes wrong in a live server, and what it was asked."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.seen: list[Request] = []
        self.over = threading.Event()
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        live.answering.intercept = self._intercept

    def add(self, where: str, make: Make, *, times: int = 1, after: int = 0) -> None:
        """Let so many requests go wrong, after so many that do not."""
        with self._lock:
            self._planned.append(_Planned(where, make, times, after))

    def clear(self) -> None:
        """Let all be well, and forget what was seen."""
        with self._lock:
            self._planned.clear()
            self.seen.clear()

    def release(self) -> None:
        """Wake what is silent or slow."""
        self.over.set()

    def names(self) -> list[str]:
        """Name what was asked for, in order: methods of calls, else `METHOD /first part`."""
        return [_short(request) for request in self.seen]

    def count(self, where: str) -> int:
        """Count the requests whose `METHOD /target` holds a text."""
        return sum(where in _named(request) for request in self.seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.release()

    def _intercept(self, request: Request) -> Reply | None:
        with self._lock:
            self.seen.append(request)
            named = _named(request)
            planned = next((one for one in self._planned if one.takes(named)), None)
        return planned.make(request, self._true) if planned else None

    def _true(self, request: Request) -> Reply:
        try:
            return self.live.answering.plain(request)
        except Refused as refusal:
            return _error(refusal.status, refusal.message)


def _named(request: Request) -> str:
    return f"{request.method} {request.target}"


def _short(request: Request) -> str:
    path = request.target.partition("?")[0]
    if "/v1/" in path:
        return path.rpartition("/")[2]
    return f"{request.method} /{path.split('/')[1]}"


def _json(status: int, told: Any) -> Reply:
    return Reply(status, JSON, json.dumps(told).encode())


def _error(status: int, message: str) -> Reply:
    return _json(status, {"code": status, "message": message})


def refused(
    status: int, message: str = "", *, retry_after: int | str | None = None, as_google: bool = False
) -> Make:
    """Answer with an error: 401, 403, 404, 429, 5xx; nothing is done, the body is not read.

    `as_google` gives the other body that was seen of the real site, in which the client finds no message.
    """
    more = () if retry_after is None else (("Retry-After", str(retry_after)),)
    text = message or f"made to fail with {status}"
    about: dict[str, object] = {"code": status, "message": text}
    told = {"error": {**about, "status": "RESOURCE_EXHAUSTED"}} if as_google else about
    return lambda request, true: replace(_json(status, told), headers=more)


def unauthenticated() -> Make:
    """401 as the real site words it."""
    return refused(401, "Unauthenticated")


def rules_not_accepted() -> Make:
    """403 where the rules were not accepted, in the words of the real site."""
    text = "You must accept this competition's rules before you'll be able to download files."
    return refused(403, text)


def no_such_competition() -> Make:
    """403 of a name that is none, in the words of the real site."""
    return refused(403, "Permission 'competitions.participate' was denied")


def error_inside(status: int, message: str) -> Make:
    """200 with an error in its body, which the real client takes for one too."""
    return lambda request, true: _json(200, {"code": status, "message": message})


def html(status: int = 200, text: str = "<!DOCTYPE html><title>Sign in</title>") -> Make:
    """HTML where JSON or a file is due: a hotel's sign-in page, a proxy's error."""
    return lambda request, true: Reply(status, HTML, text.encode())


def expired() -> Make:
    """What storage answers to a signed link whose time is over."""
    text = "<?xml version='1.0'?><Error><Code>ExpiredToken</Code></Error>"
    return lambda request, true: Reply(400, "application/xml", text.encode())


def done_but(make: Make) -> Make:
    """Do what was asked, and answer as if not: the answer is lost, the deed is not."""

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        true(request)
        return make(request, true)

    return made


def dropped(*, done: bool = False) -> Make:
    """Close the line before the first byte of the answer; `done`: after what was asked was done."""

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        if done:
            true(request)
        return Reply(200, TEXT, fault=Fault(cut=-1))

    return made


def cut(after: int) -> Make:
    """Give the true head and so many bytes of the body, then close the line."""
    return lambda request, true: replace(true(request), fault=Fault(cut=after))


def upload_cut(kept: int, status: int = 503) -> Make:
    """Take so many bytes of an upload, then answer with an error, or close the line where it is 0."""

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        def blocks(most: int) -> Iterator[bytes]:
            left = kept
            for block in request.blocks(most):
                yield block[:left]
                left -= len(block)
                if left <= 0:
                    raise ConnectionError("cut on purpose")

        try:
            true(replace(request, blocks=blocks))
        except ConnectionError:
            pass
        return refused(status)(request, true) if status else dropped()(request, true)

    return made


def silent(until: threading.Event) -> Make:
    """Say nothing until the event is set, then close the line; nothing is done."""

    def waits(sent: int) -> None:
        until.wait(300)

    return lambda request, true: Reply(200, TEXT, fault=Fault(cut=-1, waits=waits))


def stalled(after: int, until: threading.Event) -> Make:
    """Give so many bytes of the true answer, then nothing until the event is set, then close the line."""

    def waits(sent: int) -> None:
        if sent:
            until.wait(300)

    fault = Fault(cut=after + 1, waits=waits, block=after)
    return lambda request, true: replace(true(request), fault=fault)


def slow(seconds: float, until: threading.Event, *, block: int = 1 << 10) -> Make:
    """Give the true answer in small blocks with a pause before each."""

    def waits(sent: int) -> None:
        until.wait(seconds)

    return lambda request, true: replace(true(request), fault=Fault(waits=waits, block=block))


def lengthened(more: int) -> Make:
    """Announce another length than the body has: above 0 the body ends early, below it goes on."""

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        reply = true(request)
        return replace(reply, fault=Fault(announced=reply.size + more))

    return made


def changed(change: Callable[[Any], Any]) -> Make:
    """Give the true JSON with a change, such as `lambda told: {**told, "isKernelsSubmissionsOnly": True}`."""

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        reply = true(request)
        return replace(reply, body=json.dumps(change(json.loads(reply.body))).encode())

    return made


def fields(**values: object) -> Make:
    """Give the true JSON with other values of these fields, wherever in it they stand."""

    def put(told: Any) -> Any:
        if isinstance(told, list):
            return [put(one) for one in told]
        if not isinstance(told, dict):
            return told
        return {name: values.get(name, put(value)) for name, value in told.items()}

    return changed(put)


def wrong_enum(field: str = "status", value: str = "TELEPORTED") -> Make:
    """Give the true JSON with a word that no client of today knows."""
    return fields(**{field: value})


def headers(**more: str) -> Make:
    """Give the true answer with more headers; `X_Kaggle_ApiVersion` stands for X-Kaggle-ApiVersion."""
    named = tuple((name.replace("_", "-"), value) for name, value in more.items())

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        reply = true(request)
        return replace(reply, headers=(*reply.headers, *named))

    return made


def without_headers(*names: str) -> Make:
    """Give the true answer without some headers, such as ETag and Last-Modified."""
    left_out = {name.lower() for name in names}

    def made(request: Request, true: Callable[[Request], Reply]) -> Reply:
        reply = true(request)
        kept = tuple(one for one in reply.headers if one[0].lower() not in left_out)
        return replace(reply, headers=kept)

    return made
