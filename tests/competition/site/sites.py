"""What the tests of the client share: quick patience, credentials that look like none, a served competition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import credentials
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.credentials import Credential, Secret
from fastcompanion.competition.site.line import Patience
from fastcompanion.competition.site.target import Target
from tests.competition.practice import served

QUICK = Patience(connect=10.0, read=20.0, tries=3, first=0.001, most=2.0, whole=30.0)
#: for those that meet silence: a busy machine needs its time for everything else
IMPATIENT = replace(QUICK, read=0.5)
TARGET = Target(served.SLUG, practice=True)
KEY = Credential("key", "the key of a test", "ada", Secret("planted-key-of-ada"))
TOKEN = Credential("token", "the token of a test", "", Secret("KGAT_planted-token"))


def practice(patience: Patience = QUICK) -> Client:
    """Give a client of the practice competition that is served."""
    return clients.connect(TARGET, patience=patience)


def real(url: str, credential: Credential = KEY, patience: Patience = QUICK) -> Client:
    """Give a client that takes an address of this machine for kaggle.com."""
    return clients.at(url, credential, patience=patience)


def nothing_in(folder: Path) -> list[str]:
    """Name the files below a folder, to see that none was left behind."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def sent() -> Credential | None:
    """Give the credential that would be sent to kaggle.com, None where there is none."""
    found = [one.credential for one in credentials.sources() if one.credential is not None]
    return credentials.needed() if found else None
