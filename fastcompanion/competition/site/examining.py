"""`doctor kaggle`: what stands between the learner and kaggle.com, each with its cure.

`local` looks at this machine alone. `online` sends each credential that is there to kaggle.com once,
with short time-outs. Neither changes anything, and no text holds a part of a credential.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import credentials, installed
from fastcompanion.competition.site.credentials import SETTINGS, TOKEN_MARK, Credential, Source
from fastcompanion.competition.site.faults import DOCTOR, SiteError
from fastcompanion.competition.site.line import REAL, Patience
from fastcompanion.competition.site.target import is_inside

Severity = Literal["ok", "warn", "bad"]
BOUNDED = Patience(connect=5.0, read=10.0, tries=1, whole=15.0)
#: versions of the client whose requests the contract test has seen; older ones know no tokens
TESTED, FIRST_WITH_TOKENS = (2, 2), (1, 8)
_TAKEN = "the official client takes it for its setting `{}`; we do not"
_SETTINGS = {
    "path": _TAKEN,
    "competition": _TAKEN,
    "auth_method": _TAKEN,
    "token": "the official client sends it in the place of a key; we do not",
    "proxy": "it has no effect, in no client; HTTPS_PROXY has",
    "ssl_ca_cert": "it has no effect, in no client; REQUESTS_CA_BUNDLE has",
}
_WITHOUT_EFFECT = ("proxy", "ssl_ca_cert")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OLD_KEY = re.compile(r"[0-9a-f]{32}")
_BELIEVED = timedelta(minutes=30)


@frozen
class Noted:
    """One thing that was looked at; `cure` is what to type or to do."""

    severity: Severity
    text: str
    cure: str = ""
    file: str | None = None
    line: int | None = None


def local(folders: Sequence[Path] = ()) -> Iterator[Noted]:
    """Look at this machine; `folders` are those where a kaggle.json may have been left by mistake."""
    if is_inside():
        yield Noted("ok", "inside of practice run: the practice server is reached and nothing else")
        return
    found = credentials.sources()
    yield from _sent(found)
    for source in found:
        yield from _source(source)
    yield from _roots()
    yield from _left_behind(folders)
    yield from _defaults()
    yield from _ways()
    yield from _programs()


def _sent(found: Sequence[Source]) -> Iterator[Noted]:
    """Say which credential is sent, and which lie behind it."""
    usable = [one for one in found if one.credential is not None]
    if not usable:
        tokens = credentials.token_files()[0]
        text = (
            "no credential can be used: kaggle.com is out of reach, practice on this machine is not"
        )
        cure = f"Make a token on {SETTINGS} and put it into {tokens}"
        there = any(one.wrong for one in found)
        yield Noted("bad" if there else "warn", text, cure)
        return
    first, *others = usable
    assert first.credential is not None
    user = f", of the account {first.credential.user}" if first.credential.user else ""
    yield Noted("ok", f"sent to kaggle.com: {_what(first.credential)} of {first.name}{user}")
    for one in others:
        assert one.credential is not None
        text = f"not sent, as the other comes first: {_what(one.credential)} of {one.name}"
        yield Noted("ok", text)


def _what(credential: Credential) -> str:
    return {"token": "the token", "key": "the key", "login": "the login"}[credential.sort]


def _source(source: Source) -> Iterator[Noted]:
    """What is wrong with one place, whether it is the one that counts or not."""
    place = str(source.file) if source.file else None
    if source.wrong and source.file is not None and not credentials.is_file(source.file):
        cure = f'sudo chown -R "$USER" {_quoted(source.file.parent)}'
        yield Noted("warn", source.wrong, cure, place)
    elif source.wrong:
        cure = f"Make a new one on {SETTINGS}, or take it away: {_away(source)}"
        text = source.wrong if place else f"{source.name}: {source.wrong}"
        yield Noted("warn", text, cure, place, source.line)
    if source.is_there and source.file is not None and credentials.is_file(source.file):
        yield from _readable(source.file)
    credential = source.credential
    if credential is None:
        return
    named = "" if place else f"{source.name}: "
    if source.sort == "key" and credential.sort == "token":
        text = (
            f"{named}a token ({TOKEN_MARK}...) stands in the place of the key; the official "
            "client sends it as a key, which is refused, we send it as what it is"
        )
        yield Noted("warn", text, f"Put it into {credentials.token_files()[0]}, and take it away here: {_away(source)}", place)  # fmt: skip
    if source.sort == "token" and _OLD_KEY.fullmatch(credential.secret.reveal()):
        text = f"{named}it looks like the key of kaggle.json and not like a token"
        yield Noted("warn", text, f"Make a token on {SETTINGS}", place)
    if source.sort == "login":
        yield from _login(source, credential)


def _away(source: Source) -> str:
    """Give the command that takes a credential away."""
    if source.file is not None:
        return f"{'del' if os.name == 'nt' else 'rm'} {_quoted(source.file)}"
    names = re.findall(r"KAGGLE_\w+", source.name)
    return " && ".join(f"set {name}=" for name in names) if os.name == "nt" else f"unset {' '.join(names)}"  # fmt: skip


def _readable(path: Path) -> Iterator[Noted]:
    if os.name != "posix":
        return
    mode = path.stat().st_mode
    if mode & 0o077:
        text = f"others on this machine may read it ({mode & 0o777:o})"
        yield Noted("warn", text, f"chmod 600 {_quoted(path)}", str(path))


def _login(source: Source, credential: Credential) -> Iterator[Noted]:
    until = credential.until
    if until is None or until > clock.now():
        return
    text = f"its token ended at {clock.here(until):%Y-%m-%d %H:%M}; we ask for a new one each time"
    if until > clock.now() - _BELIEVED:
        text += ", the official client believes the old one for half an hour and is refused"
    yield Noted("ok", text, "kaggle auth login --force", str(source.file))


def _roots() -> Iterator[Noted]:
    """A kaggle.json that lies in a folder where the client no longer looks."""
    looked = credentials.config_folder() / "kaggle.json"
    places = (workspace.home() / ".kaggle", credentials.new_config_folder())
    for folder in places:
        other = folder / "kaggle.json"
        if other == looked or not credentials.is_file(other):
            continue
        if credentials.is_file(looked):
            yield Noted("ok", f"not looked at, as {looked} counts", "", str(other))
            continue
        why = "KAGGLE_CONFIG_DIR" if os.environ.get("KAGGLE_CONFIG_DIR") else str(looked.parent)
        text = f"no client finds it: they look into {looked.parent} since {why} is there"
        yield Noted("warn", text, _move(other, looked), str(other))


def _move(source: Path, target: Path) -> str:
    word = "mkdir" if os.name == "nt" else "mkdir -p"
    made = "" if target.parent.is_dir() else f"{word} {_quoted(target.parent)} && "
    return f"{made}{'move' if os.name == 'nt' else 'mv'} {_quoted(source)} {_quoted(target)}"


def _quoted(path: Path) -> str:
    return f'"{path}"' if os.name == "nt" else shlex.quote(str(path))


def _left_behind(folders: Sequence[Path]) -> Iterator[Noted]:
    """A kaggle.json where it was saved, in the working folder or a study: it may be committed."""
    looked = credentials.config_folder() / "kaggle.json"
    ours = {looked, credentials.new_config_folder() / "kaggle.json"}
    ours.add(workspace.home() / ".kaggle" / "kaggle.json")
    places = dict.fromkeys([*folders, workspace.home() / "Downloads", workspace.home()])
    for folder in places:
        path = folder / "kaggle.json"
        if path in ours or not credentials.is_file(path):
            continue
        text = (
            "a credential lies here, where no client looks and where it may be committed or copied"
        )
        cure = _move(path, looked) if not credentials.is_file(looked) else f"Delete it: {_away(Source('', 'key', path, None))}"  # fmt: skip
        yield Noted("warn", text, cure, str(path))


def _defaults() -> Iterator[Noted]:
    """Variables and entries that the official client takes for settings without a word."""
    for name in sorted(os.environ):
        what = name.upper().removeprefix("KAGGLE_").lower()
        if name.upper().startswith("KAGGLE_") and what in _SETTINGS and os.environ[name]:
            text = f"{name} is set: {_SETTINGS[what].format(what)}"
            yield Noted("warn", text, f"unset {name}, unless you mean it")
    if os.environ.get("KAGGLE_API_ENVIRONMENT"):
        text = "KAGGLE_API_ENVIRONMENT is set: the official client may ask another place than kaggle.com; we do not"
        yield Noted("warn", text, "unset KAGGLE_API_ENVIRONMENT")
    for name in ("VERBOSE", "VERBOSE_OUTPUT"):
        if os.environ.get(name, "").lower() in ("1", "true", "yes"):
            text = f"{name} is set: the official client shows your credential on the terminal with every request"
            yield Noted("warn", text, f"unset {name}")
    yield from _entries(credentials.config_folder() / "kaggle.json")


def _entries(path: Path) -> Iterator[Noted]:
    """Entries of kaggle.json, made by `kaggle config set`."""
    try:
        told = json.loads(store.read_text(path)) if credentials.is_file(path) else {}
    except (ValueError, RecursionError, CompanionError):
        return  # said already, as a credential that can't be read
    for name in sorted(told) if isinstance(told, dict) else ():
        if name in _WITHOUT_EFFECT:
            variable = "HTTPS_PROXY" if name == "proxy" else "REQUESTS_CA_BUNDLE"
            text = f"its entry `{name}` has no effect, in no client"
            yield Noted("warn", text, f"export {variable}=... with the same value", str(path))
        elif name in ("competition", "path"):
            text = f"its entry `{name}` is a default of the official client; we do not use it"
            yield Noted("ok", text, f"kaggle config unset -n {name}", str(path))


def _ways() -> Iterator[Noted]:
    """Proxies and certificates that stand in the way to kaggle.com."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        value = os.environ.get(name, "")
        if not value:
            continue
        scheme, host = _host(value)
        if not host:
            yield Noted(
                "bad", f"{name} is no address of a proxy", f"export {name}=http://HOST:PORT"
            )
        elif scheme.startswith("socks") and find_spec("socks") is None:
            yield Noted("bad", f"{name} names a SOCKS proxy, for which PySocks is missing", "pip install pysocks, or a proxy of HTTP")  # fmt: skip
        else:
            yield Noted("ok", f"kaggle.com is asked through the proxy {host} ({name})")
        break
    for name in _CERTIFICATES:
        value = os.environ.get(name, "")
        if value and not Path(value).exists():
            yield Noted("bad", f"{name} names certificates that are not there", f"unset {name}", value)  # fmt: skip


def _host(address: str) -> tuple[str, str]:
    """Give the scheme and the place of a proxy, without the name and password in it."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "", ""
    return parts.scheme.lower(), f"{parts.hostname}{port}" if parts.hostname else ""


def _programs() -> Iterator[Noted]:
    """The client that we use, and the kaggle programs on PATH."""
    lacking = [name for name in ("kaggle", "kagglesdk", "six") if find_spec(name) is None]
    if lacking:
        text = f"the official client is not whole: {', '.join(lacking)} can't be found"
        yield Noted("bad", text, "Install fastcompanion again; it brings them along.")
    else:
        yield _own(metadata.version("kaggle"))
    found = installed.programs()
    for number, one in enumerate(found):
        which = "the command kaggle is" if number == 0 else "behind it on PATH:"
        text = f"{which} version {one.version or 'unknown'}"
        old = bool(one.numbers) and one.numbers < FIRST_WITH_TOKENS
        if old:
            text += ", which knows no tokens and asks for what kaggle.com may have given up"
        cure = (
            "pip install --upgrade kaggle, in the Python that it belongs to (3.11 or newer)"
            if old
            else ""
        )
        yield Noted("warn" if old and number == 0 else "ok", text, cure, str(one.path))


def _own(version: str) -> Noted:
    if installed.numbers(version)[:2] == TESTED:
        return Noted("ok", f"we use the official client's library of version {version}")
    text = (
        f"the official client {version} is installed; we were tested with {TESTED[0]}.{TESTED[1]}"
    )
    return Noted("warn", text, "If something fails that is not told here: fastcompanion installed anew brings another one.")  # fmt: skip


def online(endpoint: str = REAL, patience: Patience = BOUNDED) -> Iterator[Noted]:
    """Ask kaggle.com whether it accepts the credentials that are there."""
    if is_inside():
        return
    usable = [one for one in credentials.sources() if one.credential is not None]
    states: list[str] = []
    refused: Source | None = None
    for source in usable:
        assert source.credential is not None
        try:
            user = clients.at(endpoint, source.credential, patience=patience).proven()
        except SiteError as error:
            if error.kind != "credential":
                yield _unproven(error)
                return
            refused = refused or (source if not states else None)
            states.append("refused")
            if source is not refused:
                yield Noted("warn", f"kaggle.com does not accept {source.name}", _away(source))
            continue
        states.append("accepted")
        yield Noted("ok", f"kaggle.com accepts {_what(source.credential)} of {source.name}{f', as {user}' if user else ''}")  # fmt: skip
    if refused is not None:
        yield _stale(refused, [one for one, state in zip(usable, states, strict=True) if state == "accepted"])  # fmt: skip


def _unproven(error: SiteError) -> Noted:
    text = f"whether kaggle.com accepts it can't be told: {error.message}"
    if error.kind in ("tls", "proxy", "answer"):
        return Noted("bad", text, error.hint.removesuffix(DOCTOR).strip())
    return Noted("warn", text, "Look at the network, and ask again; practice and validate need none.")  # fmt: skip


def _stale(refused: Source, good: Sequence[Source]) -> Noted:
    """The credential that is sent is not accepted; another one may be."""
    text = f"kaggle.com does not accept what is sent: {refused.name}"
    if not good:
        return Noted("bad", text, f"Make a new one on {SETTINGS}, in the place of the old one.")
    text += (
        f"; it stands before {good[0].name}, which is good, in our client and in the official one"
    )
    return Noted("bad", text, _away(refused))
