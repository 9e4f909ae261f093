"""Where a credential for kaggle.com may lie, which one is sent, and what is wrong with the others.

The order is that of the official client: access token, user name with key, login by the browser. The
first that is there is sent and no other, so that it can always be told which account did what.
Nothing here asks the network or changes a file.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

Sort = Literal["token", "key", "login"]
TOKEN_MARK = "KGAT_"  # noqa: S105 - what every token begins with
SETTINGS = "https://www.kaggle.com/settings/api"
_TOKEN, _USER, _KEY = "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"
_MARK = "\ufeff"  # editors of Windows put it first
_NOTEBOOK = ("KAGGLE_KERNEL_RUN_TYPE", "KAGGLE_DATA_PROXY_URL", "KAGGLE_API_V1_TOKEN")


class Secret:
    """A text that shows itself nowhere unless asked to."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text, to be sent and for nothing else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(...)"

    def __bool__(self) -> bool:
        return bool(self._text)


@frozen
class Credential:
    """What proves who we are: `sort` says how it is sent, `source` where it was found.

    Of a login by the browser `secret` is the token for a while, which ends at `until`, and `refresh`
    gets the next one.
    """

    sort: Sort
    source: str
    user: str
    secret: Secret
    refresh: Secret | None = None
    until: datetime | None = None

    @property
    def header(self) -> str:
        """What stands in the header Authorization."""
        if self.sort != "key":
            return f"Bearer {self.secret.reveal()}"
        pair = f"{self.user}:{self.secret.reveal()}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What may stand in no text of ours."""
        sent = Secret(self.header.partition(" ")[2])
        more = (self.refresh,) if self.refresh else ()
        return tuple(one for one in (self.secret, sent, *more) if one)


@frozen
class Source:
    """A place where a credential may lie: what is there, and what is wrong with it.

    `credential` is None where there is nothing that could be sent, and `wrong` says why, with the
    `line` of the file; it is empty where nothing was put there.
    """

    name: str
    sort: Sort
    file: Path | None
    credential: Credential | None
    wrong: str = ""
    line: int | None = None

    @property
    def is_there(self) -> bool:
        """Was something put there?"""
        return self.credential is not None or bool(self.wrong)


def sources() -> tuple[Source, ...]:
    """Look at every place, in the order in which they count."""
    return tuple(_every())


def needed(tell: Callable[[str], None] = lambda text: None) -> Credential:
    """Give the credential that is sent; an error that says where to get one where there is none.

    `tell` hears of those that come before it and can't be sent.
    """
    found = sources()
    for one in found:
        if one.credential is not None:
            return one.credential
        if one.wrong and any(other.credential for other in found):
            tell(f"{one.name} is left out: {one.wrong}")
    broken = next((one for one in found if one.wrong), None)
    if broken is not None:
        raise CompanionError(
            f"no credential for kaggle.com can be used; {broken.name}: {broken.wrong}",
            hint="fastcompanion doctor kaggle", code=Exit.MISSING,
            file=broken.file, line=broken.line,
        )  # fmt: skip
    raise CompanionError(
        "there is no credential for kaggle.com on this machine",
        hint=f"Make a token on {SETTINGS} and put it into {token_files()[0]}, or practise without "
        "an account: fastcompanion kaggle practice new --from DATA",
        code=Exit.MISSING,
    )


def token_files() -> tuple[Path, Path]:
    """Where the official client looks for an access token; the second is what Notepad makes of it."""
    folder = workspace.home() / ".kaggle"
    return folder / "access_token", folder / "access_token.txt"


def login_file() -> Path:
    """Where `kaggle auth login` keeps its tokens."""
    return workspace.home() / ".kaggle" / "credentials.json"


def config_folder() -> Path:
    """Where the official client looks for kaggle.json; ~/.kaggle wins as soon as it is there."""
    told = os.environ.get("KAGGLE_CONFIG_DIR")
    old = workspace.home() / ".kaggle"
    if told:
        return Path(told)
    if sys.platform.startswith("linux") and not old.exists():
        return new_config_folder()
    return old


def new_config_folder() -> Path:
    """Where kaggle.json lies on Linux while there is no ~/.kaggle."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or workspace.home() / ".config") / "kaggle"


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; of what can't be looked at, there is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _hidden(path: Path) -> str:
    """Say why a place can't be looked at, as in a folder that `sudo kaggle` has made."""
    try:
        path.stat()
    except PermissionError:
        return "it can't be looked at: its folder belongs to somebody else"
    except (OSError, ValueError):
        return ""
    return ""


def _every() -> Iterator[Source]:
    if all(os.environ.get(name) for name in _NOTEBOOK):
        yield _token_file("the token of this Kaggle notebook", Path(os.environ[_NOTEBOOK[2]]))
    yield _token_variable()
    for path in token_files():
        yield _token_file(str(path), path)
    yield from _keys()
    yield _login(login_file())


def _token_variable() -> Source:
    text = os.environ.get(_TOKEN, "").strip()
    name = f"{_TOKEN} of the environment"
    if text and is_file(Path(text)):
        return _token_file(f"{name}, which names {text}", Path(text))
    return _token(name, None, text)


def _token_file(name: str, path: Path) -> Source:
    if not is_file(path):
        return Source(name, "token", path, None, _hidden(path))
    try:
        text = store.read_text(path).removeprefix(_MARK).strip()
    except CompanionError as error:
        return Source(name, "token", path, None, error.message)
    if not text:
        return Source(name, "token", path, None, "the file is empty", 1)
    return _token(name, path, text)


def _token(name: str, path: Path | None, text: str) -> Source:
    if not text:
        return Source(name, "token", path, None)
    if wrong := _unsendable(text):
        return Source(name, "token", path, None, wrong, 1 if path else None)
    return Source(name, "token", path, Credential("token", name, "", Secret(text)))


def _unsendable(text: str) -> str:
    """Say why a text can't be a token, without showing it."""
    if text.startswith("{"):
        return "it is JSON and no token: what kaggle.json holds belongs into kaggle.json"
    if text[0] in "'\"" or text[-1] in "'\"":
        return "the token stands in quotes, which belong to no token"
    if "/" in text or "\\" in text or text.startswith("~"):
        return "it looks like the path of a file, and there is no such file"
    if not text.isascii() or not text.isprintable() or " " in text:
        return "it holds blanks, several lines or characters that no token has"
    return ""


def _keys() -> Iterator[Source]:
    """The user name and the key: those of the environment take the place of those in kaggle.json."""
    path = config_folder() / "kaggle.json"
    told, wrong, line = _read_object(path)
    user, key = os.environ.get(_USER, ""), os.environ.get(_KEY, "")
    if user or key:
        name = f"{_USER} and {_KEY} of the environment"
        if not (user and key):
            lacking = _KEY if user else _USER
            name = f"{_USER if user else _KEY} of the environment and {path}"
            missing = f"{lacking} is not set, and {path} does not have it"
            yield _key(
                name, None, user or _text(told, "username"), key or _text(told, "key"), missing
            )
        else:
            yield _key(name, None, user, key, "")
    if wrong or not is_file(path):
        yield Source(str(path), "key", path, None, wrong, line)
        return
    lacking = " and ".join(one for one in ("username", "key") if not _text(told, one))
    missing = f"it has no {lacking}" if lacking else ""
    yield _key(str(path), path, _text(told, "username"), _text(told, "key"), missing)


def _key(name: str, path: Path | None, user: str, key: str, missing: str) -> Source:
    if not (user and key):
        return Source(name, "key", path, None, missing, 1 if path else None)
    if not (user + key).isascii() or not (user + key).isprintable():
        return Source(name, "key", path, None, "it holds characters that no key has", None)
    if key.startswith(TOKEN_MARK):
        return Source(name, "key", path, Credential("token", name, user, Secret(key)))
    return Source(name, "key", path, Credential("key", name, user, Secret(key)))


def _login(path: Path) -> Source:
    name = str(path)
    told, wrong, line = _read_object(path)
    if wrong or not is_file(path):
        return Source(name, "login", path, None, wrong, line)
    refresh, access = _text(told, "refresh_token"), _text(told, "access_token")
    if not refresh:
        return Source(name, "login", path, None, "it has no refresh_token: log in again", 1)
    made = Credential(
        "login", name, _text(told, "username"), Secret(access), Secret(refresh), _until(told)
    )
    return Source(name, "login", path, made)


def _until(told: dict[str, Any]) -> datetime | None:
    try:
        until = datetime.fromisoformat(_text(told, "access_token_expiration"))
    except ValueError:
        return None
    return until.replace(tzinfo=UTC) if until.tzinfo is None else until


def _text(told: dict[str, Any], name: str) -> str:
    found = told.get(name)
    return found.strip() if isinstance(found, str) else ""


def _read_object(path: Path) -> tuple[dict[str, Any], str, int | None]:
    """Read an object of JSON; what is wrong, and in which line, never what stands there."""
    if not is_file(path):
        return {}, _hidden(path), None
    try:
        found = json.loads(store.read_text(path).removeprefix(_MARK))
    except json.JSONDecodeError as error:
        return (
            {},
            f"it is no JSON ({error.msg.removesuffix(' at')}), so the official client takes it for nothing",
            error.lineno,
        )
    except CompanionError as error:
        return {}, error.message, error.line
    except RecursionError:
        return {}, "it is no JSON of a credential", 1
    if not isinstance(found, dict):
        return {}, "it is JSON, but no object with a username and a key", 1
    return found, "", None
