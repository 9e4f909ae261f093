"""What every method of the protocol works with: the fields of what was asked, and the kinds of answers.

Every call is a POST of a JSON object to `/api/v1/SERVICE/METHOD`. Fields that have their default are
left out by the client, and fields it does not know are ignored by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fastcompanion.base.records import frozen

USER = "learner"
#: the variable that names the server to what `practice run` starts
ENDPOINT = "FASTCOMPANION_PRACTICE"
_MOST_TEXT = 500
_MOST_A_PAGE = 200
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?")
#: parts of an address below which no competition's files lie, as no competition is called so
APART = "-"


class Refused(Exception):
    """A request that is answered with an error of the protocol."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@frozen
class Redirect:
    """The answer lies elsewhere."""

    target: str


@frozen
class Archive:
    """The answer is an archive."""

    data: bytes


Answered = dict[str, Any] | Redirect | Archive
Asked = Mapping[str, Any]
#: makes the address under which a name may be fetched for as long as the server runs
Link = Callable[[str], str]


def moment(at: datetime) -> str:
    """Write a moment as the client reads it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def text_of(asked: Asked, name: str) -> str:
    """Read a field that is a text."""
    found = asked.get(name, "")
    if not isinstance(found, str):
        raise Refused(400, f"{name} is no text")
    return found


def number_of(asked: Asked, name: str) -> int:
    """Read a field that is a whole number from 0 on."""
    found = asked.get(name, 0)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Refused(400, f"{name} is no size")
    return found


def slug_of(asked: Asked, name: str) -> str:
    """Read a field that becomes the name of a folder: small letters, digits and hyphens."""
    found = text_of(asked, name)
    if not _NAME.fullmatch(found):
        raise Refused(400, f"{name} is no name: small letters, digits and hyphens are one")
    return found


def shown(text: str) -> str:
    """Cut what people wrote to a length, without control characters."""
    return "".join(one if one.isprintable() else " " for one in text[:_MOST_TEXT]).strip()


def file_name(text: str) -> str:
    """Accept the name of a file as it may stand in archives and addresses: relative, without `..`."""
    parts = text.split("/")
    is_plain = text.isprintable() and "\\" not in text and ":" not in text and len(text) <= 255
    if not is_plain or any(part in ("", ".", "..") for part in parts):
        raise Refused(400, "a file's name is no relative path")
    return text


def in_address(name: str) -> str:
    """Write a name as a part of an address; nothing in it can end a header."""
    return quote(name, safe="/", errors="replace")


def paged(name: str, rows: Sequence[Asked], asked: Asked) -> dict[str, Any]:
    """Give one page of rows, and the token of the next where there is one."""
    start, size = start_of(asked), _size(asked)
    after = str(start + size) if start + size < len(rows) else ""
    return {name: list(rows[start : start + size]), "nextPageToken": after}


def start_of(asked: Asked) -> int:
    """Find the row with which a page begins."""
    token, page = text_of(asked, "pageToken"), asked.get("page", 1)
    if token:
        if not (token.isascii() and token.isdigit() and len(token) < 9):
            raise Refused(400, "pageToken is none of ours")
        return int(token)
    return (page - 1) * _size(asked) if isinstance(page, int) and page > 1 else 0


def _size(asked: Asked) -> int:
    size = asked.get("pageSize") or 20
    return min(size, _MOST_A_PAGE) if isinstance(size, int) and size > 0 else 20
