"""Which competition is meant, and on which site: the one rule for all commands.

`practice/NAME` is a competition of this machine and can't become anything else; a bare name that
both sites could mean is refused. Inside of `kaggle practice run` every name is one of practice.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.calls import ENDPOINT

PRACTICE, SITE = "practice", "kaggle"
WEB = "https://www.kaggle.com"
#: without a dot at its end, which Windows takes off a folder's name
_SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
_HOSTS = ("kaggle.com", "www.kaggle.com")
_HERE = ("127.0.0.1", "localhost")
_FORMS = "SLUG, its address on kaggle.com, practice/SLUG or kaggle/SLUG"


@frozen
class Target:
    """A competition of kaggle.com, or of the practice server of this machine."""

    slug: str
    practice: bool

    @property
    def text(self) -> str:
        """Name it so that `find` gives it again, whatever else lies on this machine."""
        return f"{PRACTICE if self.practice else SITE}/{self.slug}"


def find(text: str) -> Target:
    """Tell which competition a text means: a name, an address, `practice/NAME` or `kaggle/NAME`."""
    asked = text.strip()
    if not asked:
        raise CompanionError("which competition?", hint=f"Name it: {_FORMS}", code=Exit.USAGE)
    where, slug = _parted(asked)
    if not _SLUG.fullmatch(slug):
        raise _unclear(asked)
    if is_inside():
        return Target(slug, practice=True)
    if where == PRACTICE:
        return Target(places.chosen(slug).folder.name, practice=True)
    if where == SITE:
        return Target(slug, practice=False)
    return _bare(slug)


def is_inside() -> bool:
    """Tell whether `kaggle practice run` started us."""
    return bool(os.environ.get(ENDPOINT))


def _bare(slug: str) -> Target:
    # Sites and some disks take capitals for small letters.
    if (here := slug.lower()) in places.slugs():
        raise CompanionError(
            f"{slug} may be the practice competition of this machine or the one on kaggle.com",
            hint=f"Say {PRACTICE}/{here} or {SITE}/{slug}",
            code=Exit.USAGE,
        )
    return Target(slug, practice=False)


def _parted(text: str) -> tuple[str, str]:
    """Give the site ("" where it is not said) and the name."""
    address = text if "://" in text else f"https://{text}"
    try:
        host = (urlsplit(address).hostname or "").lower() if "/" in text else ""
    except ValueError:
        raise _unclear(text) from None
    if host in _HOSTS:
        return SITE, _named(address)
    if host in _HERE:
        return PRACTICE, _named(address)
    if "://" in text:
        raise _unclear(text)
    where, slash, slug = text.partition("/")
    if not slash:
        return "", text
    if where not in (PRACTICE, SITE):
        raise _unclear(text)
    return where, slug.removesuffix("/")


def _named(address: str) -> str:
    words = urlsplit(address).path.split("/")
    if len(words) > 2 and words[1] in ("competitions", "c"):
        return words[2]
    raise CompanionError(
        f"{address} is not the page of a competition",
        hint=f"Its address has the form {WEB}/competitions/NAME",
        code=Exit.USAGE,
    )


def _unclear(text: str) -> CompanionError:
    return CompanionError(
        f"{text!r} names no competition", hint=f"It can be {_FORMS}", code=Exit.USAGE
    )
