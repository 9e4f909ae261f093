"""Where a published blog can be read, by the address of the repository. Pure."""

from __future__ import annotations

import re

_GITHUB = re.compile(
    r"(?i)(?:https?://(?:[^/@]+@)?|ssh://git@|git://|git@)(?:www\.)?github\.com[:/]"
    r"(?P<user>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


def public_url(remote: str, own_domain: str = "") -> str:
    """Give the address of GitHub Pages of a repository; empty where we don't know the host.

    `own_domain` is what the file CNAME says.
    """
    if own_domain.strip():
        return f"https://{own_domain.split(maxsplit=1)[0]}/"
    found = _GITHUB.fullmatch(remote.strip())
    if found is None:
        return ""
    host = f"{found['user'].lower()}.github.io"
    return (
        f"https://{host}/" if found["name"].lower() == host else f"https://{host}/{found['name']}/"
    )
