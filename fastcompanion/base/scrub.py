"""Take out of a text what nobody else should read: secrets, addresses, home folders, user names. Pure.

Meant for what a learner is about to publish: code, outputs, error messages. It rather takes out too
much (a long hexadecimal digest) than too little, and leaves ordinary code alone: `tokens = f(key)`,
`x@w.T` and `MAX_TOKENS = 64` stay. It can't know a password that looks like a word and stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from fastcompanion.base.records import frozen

GONE = "[removed]"
_SHORTEST = 6  # characters of a value in the environment that is looked for
_SECRET_VALUE = 8  # the same, where it is looked for without its name

# Names whose quoted value goes whatever it is, and names whose value goes when it looks like a secret.
_STRONG = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|(?:auth|access|api|refresh|id)[_-]?token|bearer|user[_-]?name|e[_-]?mail|(?:kaggle|wandb)[_-]?key"
)
_WEAK = r"key|token|auth|signature|sig|session|cookie|pat|user|login"
_STRONG_NAME = rf"\b[\w.-]{{0,40}}?(?:{_STRONG})[\w-]{{0,20}}"
_WEAK_NAME = rf"(?<![\w-])(?:[\w.-]{{0,40}}[_.-])?(?:{_WEAK})s?(?:[_-](?:id|value))?"
_BETWEEN = r"""\\?["']?\]?\s*(?::\s*\w+\s*)?(?:=>|=|:)\s*\\?[rbfu]{0,2}"""
_QUOTE = r"""(?P<q>"{3}|'{3}|["'])"""
_MIXED = r"(?=[\w-]*\d)(?=[\w-]*[A-Z])"

_PATTERNS = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", GONE),
        (r"(?s)\benviron\(\{.*?\}\)", f"environ({GONE})"),
        # Tokens that say themselves what they are.
        (r"\bhf_[A-Za-z0-9]{16,}", GONE),
        (r"\b(?:gh[pousr]_|github_pat_|gl(?:pat|ptt|dt)-)[\w-]{16,}", GONE),
        (r"\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{12,}", GONE),
        (r"\b(?:sk|rk|pk|npm|pypi|r8|nvapi|tskey|dop_v1)[-_]" + _MIXED + r"[\w-]{16,}", GONE),
        (r"\bxox[a-z]-[\w-]{10,}", GONE),
        (r"\b(?:AIza|ya29\.|KGAT_)[\w-]{12,}", GONE),
        (r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", GONE),
        (r"\bSG\.[\w-]{16,}\.[\w-]{16,}", GONE),
        (r"(?i)\b(bearer\s+)[\w.~+/-]{12,}=*", rf"\1{GONE}"),
        (r"(?i)\b(authorization[\"']?\s*:\s*[\"']?\w+\s+)[^\s\"']{6,}", rf"\1{GONE}"),
        # Addresses.
        (r"(?<=://)[^\s/@'\"<>]+@", f"{GONE}@"),
        (rf"(?i)([?&][\w.-]{{0,40}}?(?:{_STRONG}|{_WEAK})[\w.-]{{0,20}})=[^&\s'\"<>#]+", rf"\1={GONE}"),
        # Options of commands, and what lies in ~/.netrc.
        (rf"(?i)(--(?:{_STRONG}|token|key)[= ]\s*)(?!-)[^\s'\"]+", rf"\1{GONE}"),
        (r"(?<=\s)(-u\s*)[^\s:'\"]+:[^\s'\"]+", rf"\1{GONE}"),
        (r"(?m)^(\s*machine\s+\S+\s+login\s+)\S+(\s+password\s+)\S+", rf"\1{GONE}\2{GONE}"),
        # What long secrets without a name look like; digests go with them.
        (r"(?<![\w/])[0-9a-fA-F]{32,}(?!\w)", GONE),
        (r"(?<![\w/+.-])" + _MIXED + r"(?=\w*[a-z])[A-Za-z0-9]{36,}(?![\w/.])", GONE),
        (r"(?<![\w/+.-])(?=[\w+/]*\d)(?=[\w+/]*[a-z])(?=[\w+/]*[A-Z])(?:[A-Za-z0-9+/]{60,}|(?!(?:[^/\s]*/){3})[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/.]))={0,2}", GONE),
    )
)  # fmt: skip

_TYPES = r"(?:str|int|bool|float|bytes|None|Any|Path|Optional|dict|list|tuple)\b"
_CAPITALS = "KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PWD|CREDENTIALS?|USERNAME|EMAIL"
_NAMED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?i)(?P<name>{_STRONG_NAME}){_BETWEEN}{_QUOTE}(?P<value>.+?)(?P=q)",
        rf"(?i)(?P<name>{_WEAK_NAME}){_BETWEEN}{_QUOTE}(?P<value>(?=[^\"']*\d)[^\s<>\"']{{12,}})(?P=q)",
        rf"(?i)(?P<name>\b(?:setdefault|getenv|putenv|setenv|get|set_key)\(\s*[\"']\w*(?:{_STRONG}|{_WEAK})\w*[\"'])\s*,\s*{_QUOTE}(?P<value>[^\"']+)(?P=q)",
        # NAME=value of shells and .env files: in capitals, and no code.
        rf"(?P<name>\b[A-Z0-9_]*(?:{_CAPITALS})[A-Z0-9_]*)=(?P<value>(?!\d+\b)[^\s'\"()\[\]{{}},;]{{4,}})(?![\w(\[.])",
        r"(?P<name>\b(?:USER|LOGNAME|USERNAME|HOSTNAME))=(?P<value>[\w.-]+)(?![\w(\[.])",
        # "password: value", as programs print it
        rf"(?i)(?P<name>\b(?:password|passphrase|(?:api|secret)[ _-]?key|access[ _-]?token|user ?name)):[ \t]+(?P<value>(?!{_TYPES})[^\s'\"()\[\]{{}},;]{{3,}})(?![\w(\[])",
    )
)  # fmt: skip

_MAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,60}@(?:[A-Za-z0-9-]+\.)+"
    r"(?:com|org|net|edu|gov|mil|info|biz|app|dev|cloud|xyz|[a-z]{2})(?![\w(\[@]|\.\w)"
)
# A matrix product with a method or an attribute of two letters behind it.
_PRODUCT = re.compile(r"[A-Za-z_][\w.]*@[A-Za-z_]\w*\.(?:to|is|at|ge|gt|le|lt|eq|ne|ms|sd|pi|dt)")
_HOMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)\b[a-z]:(?P<s>\\\\|\\|/)(?:users|documents and settings)(?P=s)[^\\/\n\"'<>|:*?]+",
        r"(?i)\\\\[\w.-]+\\(?:users|home)\\[^\\\n\"'<>|:*?]+",
        r"(?i)/(?:mnt/|cygdrive/)?[a-z]/users/[^/\s\"'<>:]+",
        r"(?<![\w.~-])(?:/export|/var)?/(?:home|Users)/[^/\s\"'<>:]+",
        r"(?<![\w.~/-])/root(?![\w-])",
    )
)
# The last three of the patterns know a secret by its looks alone, which digests share.
_BY_LOOKS = 3
_SECRET_NAME = re.compile(rf"(?i)(?:{_STRONG}|(?:^|_)(?:key|token|auth|cookie|pat|pass)s?(?:$|_))")
_NOBODY = frozenset(
    ("root", "user", "users", "admin", "home", "ubuntu", "runner", "jovyan", "kaggle", "content")
)


@frozen
class Known:
    """What this machine knows to be private: folders with what to write in their place, and names."""

    folders: tuple[tuple[str, str], ...] = ()
    user: str = ""
    host: str = ""
    environment: tuple[tuple[str, str], ...] = ()


def known(
    *,
    home: Path,
    root: Path | None = None,
    user: str = "",
    host: str = "",
    environment: Mapping[str, str] | None = None,
) -> Known:
    """Gather what is private here; the study's `root` becomes `.`, the home folder `~`."""
    folders = [(path, ".") for path in _spellings(root)] if root is not None else []
    folders += [(path, "~") for path in _spellings(home)]
    values = sorted((environment or {}).items())
    return Known(
        tuple(sorted(folders, key=lambda one: -len(one[0]))),
        user or home.name,
        host,
        tuple((name, value) for name, value in values if len(value) >= _SHORTEST),
    )


def _spellings(folder: Path) -> Iterator[str]:
    """Write a path in every way in which a notebook may show it."""
    for path in dict.fromkeys((str(folder), str(folder.resolve()))):
        if len(path) < 4:  # `/` and `C:\` are nobody's
            continue
        forward = path.replace("\\", "/")
        escaped = (path.replace("\\", "\\\\"), path.replace(" ", "\\ "), quote(forward))
        yield from dict.fromkeys((path, forward, *escaped))


def scrub(text: str, private: Known) -> str:
    """Give the text without secrets, addresses of people, home folders and user names."""
    for name, value in private.environment:
        text = _without_value(text, name, value)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    for pattern in _NAMED:
        text = pattern.sub(_blanked, text)
    for folder, instead in private.folders:
        flags = re.IGNORECASE if folder[1:2] == ":" else 0
        text = re.sub(re.escape(folder) + r"(?![\w-])", re.escape(instead)[-1], text, flags=flags)
    for pattern in _HOMES:
        text = pattern.sub("~", text)
    text = _MAIL.sub(lambda found: found[0] if _PRODUCT.fullmatch(found[0]) else GONE, text)
    return _without_names(text, private)


def _without_value(text: str, name: str, value: str) -> str:
    """Take out the value of a variable of the environment: beside its name, a secret everywhere."""
    if value not in text:
        return text
    if _SECRET_NAME.search(name) and len(value) >= _SECRET_VALUE:
        return text.replace(value, GONE)
    beside = rf"(\b{re.escape(name)}[\"']?\]?\s*[=:]\s*[\"']?){re.escape(value)}"
    return re.sub(beside, lambda found: found[1] + GONE, text)


def _blanked(found: re.Match[str]) -> str:
    """Give what was found with its value taken out."""
    begin, end = found.span("value")
    start = found.start()
    return (
        found[0]
        if GONE in found["value"]
        else f"{found[0][: begin - start]}{GONE}{found[0][end - start :]}"
    )


def _without_names(text: str, private: Known) -> str:
    """Take out the user's name where it is part of a path or an address, and the machine's."""
    user, host = re.escape(private.user), re.escape(private.host)
    if len(private.user) >= 3 and private.user.lower() not in _NOBODY:
        text = re.sub(rf"(?i)(?<=[\\/]){user}(?=[\\/\s\"':,)]|$)", "[user]", text)
        text = re.sub(rf"(?i)(?<=-of-){user}\b", "[user]", text)
        text = re.sub(rf"(?i)\b{user}@[\w.-]+(?=[:\s])", GONE, text)
    if len(private.host) >= 4 and private.host.lower() != "localhost":
        text = re.sub(rf"(?i)(?<![\w.-]){host}(?![\w-])", "[machine]", text)
    return text


Kind = Literal["secret", "perhaps", "mail", "home", "machine"]


@frozen
class Mark:
    """A place of a text that is not for others: `perhaps` looks like a secret and may be a digest."""

    kind: Kind
    start: int
    end: int


def marks(text: str, private: Known) -> tuple[Mark, ...]:
    """Give the places that `scrub` would change, in order; the text stays as it is.

    Only values of secret names count of the environment, and of addresses of mail none that is an
    example.
    """
    found: list[Mark] = []
    for name, value in private.environment:
        if _SECRET_NAME.search(name) and len(value) >= _SECRET_VALUE:
            found += _all("secret", re.compile(re.escape(value)), text)
    for place, (pattern, _) in enumerate(_PATTERNS):
        sure = place < len(_PATTERNS) - _BY_LOOKS
        found += _all("secret" if sure else "perhaps", pattern, text)
    for pattern in _NAMED:
        found += [
            one for one in _all("secret", pattern, text) if GONE not in text[one.start : one.end]
        ]
    for folder, _ in private.folders:
        found += _all("home", re.compile(re.escape(folder) + r"(?![\w-])", re.IGNORECASE), text)
    for pattern in _HOMES:
        found += _all("home", pattern, text)
    found += [
        Mark("mail", one.start(), one.end())
        for one in _MAIL.finditer(text)
        if not _PRODUCT.fullmatch(one[0]) and not re.search(r"[@.]example\.\w+$", one[0])
    ]
    if len(private.host) >= 4 and private.host.lower() != "localhost":
        found += _all(
            "machine", re.compile(rf"(?i)(?<![\w.-]){re.escape(private.host)}(?![\w-])"), text
        )
    return tuple(sorted(found, key=lambda one: (one.start, -one.end)))


def _all(kind: Kind, pattern: re.Pattern[str], text: str) -> list[Mark]:
    return [Mark(kind, one.start(), one.end()) for one in pattern.finditer(text)]
