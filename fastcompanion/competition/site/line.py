"""One line to a site: the only module that touches kagglesdk, its session and its private parts.

It is built on the session of the official library, which knows the addresses and the protocol, and
does what that library leaves out: time-outs, limits on what an answer may be, and errors with a cause
and a cure. `import kaggle` is avoided: it logs in, prints and writes while it is imported; kagglesdk
does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit

from fastcompanion import __version__
from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.site import faults, reading
from fastcompanion.competition.site.credentials import Credential, Secret
from fastcompanion.competition.site.faults import Asked, SiteError
from fastcompanion.competition.site.model import Body

AGENT = f"fastcompanion/{__version__}"
REAL = "https://api.kaggle.com"
ACCOUNT = "users.AccountService"
_LENGTH = re.compile(r"[0-9]{1,18}")
_PART = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_MOST_JSON = 64 << 20
# Small, as a line that drops loses the block that was not complete.
_BLOCK = 1 << 16
_MOST_LEAPS = 5
_PARTS = ("call", "_endpoint", "_init_session", "_session", "_signed_in")
_EARLY = timedelta(minutes=5)


@frozen
class Patience:
    """How long a connection and an answer may take, in seconds, and how often a request is tried.

    `first` is the pause before the second try, which doubles; `most` is the longest pause that a
    server may ask for with Retry-After, `whole` the longest time that one JSON answer may take.
    """

    connect: float = 5.0
    read: float = 30.0
    tries: int = 4
    first: float = 0.5
    most: float = 120.0
    whole: float = 300.0


PATIENT = Patience()


class _Fields:
    """The body of a request, in the shape in which the library takes it."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = {name: value for name, value in fields.items() if value is not None}

    @staticmethod
    def to_dict(request: _Fields) -> dict[str, Any]:
        """Give what is sent."""
        return request.fields


class _Plain:
    """An answer as it came, in the shape in which the library gives it."""

    @staticmethod
    def prepare_from(response: Any) -> Any:
        """Give the answer."""
        return response


class Line:
    """The session of the official library, and one without a credential for addresses it gave."""

    def __init__(
        self, endpoint: str, credential: Credential, about: Asked, patience: Patience
    ) -> None:
        self._endpoint, self._credential = endpoint, credential
        self._about, self._patience = about, patience
        self._asked = about
        self._library: Any = None
        self._plain: Any = None
        self._signs = True
        self._refreshed = False

    @property
    def is_key(self) -> bool:
        """Is a name with a key sent, and no token?"""
        return self._credential.sort == "key"

    def token(self) -> str:
        """Give the token that is sent."""
        self._refresh_if_over(self._about)
        return self._credential.secret.reveal()

    def told(
        self, service: str, method: str, fields: Mapping[str, Any], asked: Asked
    ) -> dict[str, Any]:
        """Call a method and give the object that it answers with."""
        response = self._call(service, method, fields, asked)
        if 300 <= response.status_code < 400:
            raise faults.strange(asked, "it leads to another place", response.status_code)
        return _object(response) or {}

    def address(self, service: str, method: str, fields: Mapping[str, Any], asked: Asked) -> str:
        """Call a method that answers with the address of a file."""
        response = self._call(service, method, fields, asked)
        address = str(response.headers.get("Location", ""))
        if not address:
            raise faults.strange(asked, "it names no address of a file", response.status_code)
        return address

    def coming(self, address: str, asked: Asked, name: str, first: int, validator: str) -> Coming:
        """Ask for a file from a byte on."""
        headers = {"Accept-Encoding": "identity"}
        if first > 0 and validator:
            headers |= {"Range": f"bytes={first}-", "If-Range": validator}
        response = self._ask("GET", address, asked, headers=headers)
        if response.status_code == 416:
            response.close()
            response = self._ask("GET", address, asked, headers={"Accept-Encoding": "identity"})
        if response.status_code in (200, 206):
            return Coming(response, asked, name or _last(address), self._patience)
        response.close()
        raise self._not_given(response, asked)

    def put(self, address: str, upload: Upload, asked: Asked, *, first: int = 0) -> None:
        """Send a file, or what follows its first bytes."""
        headers = {}
        if first:
            headers["Content-Range"] = f"bytes {first}-{upload.size - 1}/{upload.size}"
        with upload.body(first) as body:
            response = self._ask("PUT", address, asked, data=body, headers=headers, sending=True)
        with response:
            status = response.status_code
            if status in (200, 201):
                return
            if status in (400, 401, 403, 404, 410):
                raise faults.expired(asked, status)
            if status < 400:
                raise faults.strange(asked, "the file was not taken as a whole", status)
            raise self._not_given(response, asked)

    def have(self, address: str, size: int, asked: Asked) -> int:
        """Ask how much of a file came before the upload was cut."""
        headers = {"Content-Range": f"bytes */{size}"}
        with self._ask("PUT", address, asked, data=b"", headers=headers) as response:
            if response.status_code in (200, 201):
                return size
            found = re.fullmatch(r"bytes=0-(\d{1,18})", response.headers.get("Range", ""))
            if response.status_code == 308 and found:
                return min(int(found[1]) + 1, size)
            return 0

    def _not_given(self, response: Any, asked: Asked) -> SiteError:
        status = response.status_code
        if status in (400, 401, 403, 404, 410):
            return faults.expired(asked, status)
        return faults.refusal(max(status, 400), "", asked, _retry_after(response.headers))

    def _call(self, service: str, method: str, fields: Mapping[str, Any], asked: Asked) -> Any:
        """Send one request through the library."""
        if method != "GenerateAccessToken":
            self._refresh_if_over(asked)
        try:
            return self._send(service, method, fields, asked)
        except SiteError as error:
            if error.status != 401 or not self._refresh(asked):
                raise
        return self._send(service, method, fields, asked)

    def _send(self, service: str, method: str, fields: Mapping[str, Any], asked: Asked) -> Any:
        library = self._opened_library()
        self._asked = asked
        with _failing(asked, self._endpoint, self._patience):
            try:
                return library.call(service, method, _Fields(fields), _Plain)
            finally:
                library._session.close()  # as the official client, which opens one for each call

    def _opened_library(self) -> Any:
        if self._library is None:
            made, kinds = _library()
            env = kinds.PROD if self._endpoint == REAL else kinds.LOCAL
            library = made(env=env, user_agent=AGENT).http_client()
            _is_known(library)
            library._endpoint = self._endpoint
            library._signed_in = True  # else it looks for a credential by its own rules
            library._init_session()
            session = library._session
            session.auth = self._sign
            session.trust_env = not self._about.practice
            session.send = partial(self._received, session.send)
            self._library = library
        return self._library

    def _sign(self, request: Any) -> Any:
        if self._signs:
            request.headers["Authorization"] = self._credential.header
        return request

    def _received(self, send: Callable[..., Any], request: Any, **settings: Any) -> Any:
        """Send what the library has made, with limits; look at the answer before the library does."""
        if _origin(str(request.url)) != _origin(self._endpoint):
            raise faults.strange(self._asked, "the library would ask another place")
        times = (self._patience.connect, self._patience.read)
        more = {"timeout": times, "allow_redirects": False, "stream": True}
        response = send(request, **{**settings, **more})
        with response:
            response._content = self._whole(response)
        _judge(response, self._asked)
        if 300 <= response.status_code < 400:
            # The library reads what calls itself JSON, and the body of a redirect is empty.
            response.headers.pop("Content-Type", None)
        elif _object(response) is None:
            raise faults.strange(self._asked, _kind_of(response), response.status_code)
        return response

    def _whole(self, response: Any) -> bytes:
        """Read an answer that fits into memory, in a time that has an end."""
        end = clock.monotonic() + self._patience.whole
        blocks, size = [], 0
        for block in _blocks(response):
            blocks.append(block)
            size += len(block)
            if size > _MOST_JSON:
                raise faults.strange(self._asked, f"it is longer than {_MOST_JSON >> 20} MiB")
            if clock.monotonic() > end:
                raise faults.silent(self._asked, self._patience.whole)
        return b"".join(blocks)

    def _ask(
        self, how: str, address: str, asked: Asked, *, sending: bool = False, **more: Any
    ) -> Any:
        """Ask an address that the site gave, without our credential."""
        if self._plain is None:
            from requests import Session

            self._plain = Session()
            self._plain.headers["User-Agent"] = AGENT
            self._plain.auth = _unsigned  # else ~/.netrc is looked into
            self._plain.trust_env = not self._about.practice
        read = self._patience.read
        times = (read if sending else self._patience.connect, read)
        for _ in range(_MOST_LEAPS):
            self._is_allowed(address, asked)
            with _failing(asked, address, self._patience):
                response = self._plain.request(
                    how, address, timeout=times, stream=True, allow_redirects=False, **more
                )
                leads = response.headers.get("Location", "")
                if how != "GET" or not 300 <= response.status_code < 400 or not leads:
                    return response
                response.close()
                address = urljoin(address, leads)
        raise faults.strange(asked, "it leads from place to place")

    def _is_allowed(self, address: str, asked: Asked) -> None:
        """Refuse an address that leads from practice elsewhere, or where others could read along."""
        if _origin(address) == _origin(self._endpoint):
            return
        if self._about.practice or not address.lower().startswith("https://"):
            raise faults.strange(asked, "it leads to an address that is not to be trusted")

    def _refresh_if_over(self, asked: Asked) -> None:
        until = self._credential.until
        if self._credential.sort != "login" or self._refreshed:
            return
        if not self._credential.secret or until is None or until - _EARLY <= clock.now():
            self._refresh(asked)

    def _refresh(self, asked: Asked) -> bool:
        """Get the next token of a login by the browser; it is kept in memory alone."""
        refresh = self._credential.refresh
        if refresh is None or self._refreshed:
            return False
        fields = {
            "refreshToken": refresh.reveal(),
            "apiVersion": "API_VERSION_V1",
            "expirationDuration": "43200s",
        }
        self._signs, self._refreshed = False, True
        try:
            told = self._send(ACCOUNT, "GenerateAccessToken", fields, asked)
        finally:
            self._signs = True
        token = reading.text(_object(told) or {}, "token")
        if not token:
            raise faults.strange(asked, "it gives no token for the login")
        self._credential = replace(self._credential, secret=Secret(token), until=None)
        self._about.secrets.append(self._credential.secret)
        return True


def _library() -> tuple[Any, Any]:
    """Import the official library; it is slow, and it may be missing."""
    try:
        from kagglesdk import KaggleClient, KaggleEnv
    except ImportError as error:
        raise CompanionError(
            f"the kaggle client is not installed here as a whole: {error}",
            hint="Install fastcompanion again; it brings it along.",
            code=Exit.MISSING,
        ) from None
    return KaggleClient, KaggleEnv


def _is_known(library: Any) -> None:
    """Refuse a release of the library whose parts are called otherwise: what we set would have no effect."""
    lacking = [name for name in _PARTS if not hasattr(library, name)]
    if lacking:
        raise CompanionError(
            f"this release of kagglesdk is not one that we know: it has no {', '.join(lacking)}",
            hint="Install fastcompanion again; it brings one that it knows.",
            code=Exit.MISSING,
        )


class Upload:
    """A file that is sent, perhaps more than once; `advance` hears of every byte, and of those taken back."""

    def __init__(self, file: Path, advance: Callable[[int], None]) -> None:
        self.size = file.stat().st_size
        self._path, self._advance, self._sent = file, advance, 0

    @contextmanager
    def body(self, first: int) -> Iterator[Any]:
        """Give what is sent from a byte on."""
        self._move(first)
        if first >= self.size:
            yield b""
            return
        with self._path.open("rb") as file:
            file.seek(first)
            yield _Reading(file, self.size - first, self._count)

    def arrived(self) -> None:
        """Count the whole file as sent."""
        self._move(self.size)

    def _move(self, to: int) -> None:
        if to != self._sent:
            self._advance(to - self._sent)
        self._sent = to

    def _count(self, size: int) -> None:
        self._sent += size
        self._advance(size)


class _Reading:
    """A file as a request sends it: of a known length, and no byte more."""

    def __init__(self, file: IO[bytes], left: int, count: Callable[[int], None]) -> None:
        self._file, self._left, self._count = file, left, count

    def __len__(self) -> int:
        return self._left

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes."""
        block = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        self._count(len(block))
        return block


class Coming:
    """A file that is being received."""

    def __init__(self, response: Any, asked: Asked, name: str, patience: Patience) -> None:
        self._response, self._asked, self._patience = response, asked, patience
        headers = response.headers
        part = _PART.fullmatch(headers.get("Content-Range", ""))
        if response.status_code == 206 and part is None:
            response.close()
            raise faults.strange(asked, "it does not say which part of the file it is", 206)
        if "html" in headers.get("Content-Type", "") and not name.endswith((".html", ".htm")):
            response.close()
            raise faults.strange(asked, "a web page, where a file was asked for")
        length = _LENGTH.fullmatch(headers.get("Content-Length", ""))
        whole = int(length[0]) if length and "Content-Encoding" not in headers else None
        if part is not None:
            whole = int(part[2]) if part[2].isdigit() else None
        tag, day = headers.get("ETag", ""), headers.get("Last-Modified", "")
        self.body = Body(
            name=_safe(_last(response.url) or name),
            size=whole,
            first=int(part[1]) if part is not None else 0,
            validator=tag if tag and not tag.startswith("W/") else day,
            chunks=self._chunks(),
        )

    def _chunks(self) -> Iterator[bytes]:
        with _failing(self._asked, self._response.url, self._patience):
            yield from _blocks(self._response)

    def close(self) -> None:
        """Give the connection back."""
        self._response.close()


def _blocks(response: Any) -> Iterator[bytes]:
    """Give what comes as it comes: waiting for a whole block would lose its beginning in a cut."""
    raw = response.raw
    if not hasattr(raw, "read1"):  # urllib3 before 2.1
        yield from response.iter_content(_BLOCK)
        return
    while block := raw.read1(_BLOCK, decode_content=True):
        yield block


def _judge(response: Any, asked: Asked) -> None:
    """Raise what an answer says went wrong; some say it with status 200 and a code in the object."""
    told, status = _object(response) or {}, response.status_code
    code = told.get("code")
    if status < 400 and isinstance(code, int) and 400 <= code < 600:
        status = code
    if status < 400:
        return
    if status == 407:
        raise faults.proxy(asked, asked.site)
    if not told and "html" in response.headers.get("Content-Type", "") and status < 500 and status != 429:  # fmt: skip
        raise faults.strange(asked, f"a web page with status {status}", status)
    inner = told.get("error")
    said = reading.text(told, "message") or reading.text(
        inner if isinstance(inner, dict) else {}, "message"
    )
    raise faults.refusal(status, said, asked, _retry_after(response.headers))


def _object(response: Any) -> dict[str, Any] | None:
    """Read an answer as an object of JSON."""
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _kind_of(response: Any) -> str:
    kind = str(response.headers.get("Content-Type", "")).partition(";")[0]
    return "a web page" if "html" in kind else "no object of JSON"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long a server asks us to wait: seconds, or a time of day."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(0.0, (until - clock.now()).total_seconds())


def _origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        return parts.scheme.lower(), parts.netloc.lower()
    except ValueError:
        return "", ""


def _last(address: str) -> str:
    try:
        return unquote(urlsplit(address).path.rpartition("/")[2])
    except ValueError:
        return ""


def _safe(name: str) -> str:
    """Make a name of a file that is no path and no trick."""
    name = "".join(one for one in name if one.isprintable()).replace("\\", "/").rpartition("/")[2]
    return name.replace(":", "_").strip(" ")[:200] if name.strip(". ") else "file"


def _unsigned(request: Any) -> Any:
    return request


@contextmanager
def _failing(asked: Asked, address: str, patience: Patience) -> Iterator[None]:
    """Turn what the libraries raise into errors of ours."""
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except SiteError:
        raise
    except (RequestException, HTTPError, OSError, ValueError) as error:
        raise _named(error, asked, address, patience) from None


def _named(error: Exception, asked: Asked, address: str, patience: Patience) -> SiteError:
    from requests import exceptions as outer
    from urllib3 import exceptions as inner

    host = _origin(address)[1].rpartition("@")[2] or asked.site
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    if isinstance(error, outer.ProxyError):
        return faults.proxy(asked, host)
    # A file of certificates that is not there is an error of the system.
    is_ours = isinstance(error, OSError) and not isinstance(error, outer.RequestException)
    if isinstance(error, outer.SSLError | inner.SSLError) or is_ours:
        return faults.tls(asked, host)
    late = (outer.ReadTimeout, inner.ReadTimeoutError)
    if isinstance(error, late) or isinstance(reason, late):
        return faults.silent(asked, patience.read)
    near = (inner.NewConnectionError, inner.ConnectTimeoutError)
    if isinstance(error, outer.ConnectTimeout) or isinstance(reason, near):
        return faults.unreachable(asked, host)
    cut = (outer.ConnectionError, outer.ChunkedEncodingError, inner.ProtocolError)
    if isinstance(error, cut):
        return faults.cut(asked, host)
    return faults.strange(asked, f"it can't be read ({type(error).__name__})")
