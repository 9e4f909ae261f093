"""Addresses that open a notebook of a GitHub repository on other people's servers."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

_GITHUB = re.compile(
    r"(?:https?://(?:[^@/\s]*@)?(?:www\.)?github\.com/|(?:ssh://)?git@(?:ssh\.)?github\.com(?::\d+/|[:/]))"
    r"([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


@frozen
class Repository:
    """A repository on GitHub."""

    owner: str
    name: str


def github(url: str) -> Repository | None:
    """Read the address of a remote, as git writes it; None where it is not on GitHub."""
    found = _GITHUB.fullmatch(url.strip())
    return Repository(found[1], found[2]) if found else None


def open_at(door: str, repository: Repository, branch: str, path: str) -> str:
    """Give the address that opens a pushed notebook; "" where a server has no such address."""
    where = f"{repository.owner}/{repository.name}/blob/{quote(branch)}/{quote(path)}"
    if door == "colab":
        return f"https://colab.research.google.com/github/{where}"
    if door == "kaggle":
        return f"https://www.kaggle.com/kernels/welcome?src=https://github.com/{where}"
    if door == "paperspace":
        return f"https://console.paperspace.com/github/{where}?machine=Free-GPU"
    return ""


def jupyter(address: str) -> str:
    """Tidy the address of a Jupyter server: its token is no part of what we show."""
    if not _WEB.match(address):
        raise CompanionError(
            f"{address!r} is no address of a Jupyter server",
            hint="--url http://127.0.0.1:8888/",
            code=Exit.USAGE,
        )
    plain = re.split(r"[?#]", address, maxsplit=1)[0].rstrip("/")
    return f"{plain.removesuffix('/lab').removesuffix('/tree')}/lab"
