"""No part of a credential gets out: into what is shown, logged, written, or sent to the wrong place."""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.site import credentials
from fastcompanion.competition.site.faults import SiteError
from tests.competition import faults as make
from tests.competition.faults import ALWAYS, Faults
from tests.competition.practice import served
from tests.competition.site import sites
from tests.competition.site.recorder import Recorder, error
from tests.conftest import Runner

SECRETS = {
    "env token": "KGAT_5ecre7-of-the-environment",
    "file token": "KGAT_5ecre7-of-a-file",
    "env key": "5ecre7-key-of-the-environment",
    "file key": "5ecre7-key-of-a-file",
    "access": "5ecre7-access",
    "refresh": "5ecre7-refresh",
    "proxy": "5ecre7-password",
}
MARK = "5ecre7"
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("doctor", "kaggle"),
    ("doctor", "kaggle", "--json"),
    ("doctor", "--json", "--offline"),
    ("kaggle", "list", "--json"),
    ("kaggle", "history", "titanic"),
    ("kaggle", "leaderboard", "titanic", "--json"),
    ("kaggle", "download", "titanic"),
    ("kaggle", "submit", "good.csv", "-c", "titanic", "-m", "x", "--force", "--json"),
    ("kaggle", "join", "titanic", "--json"),
    ("kaggle", "notebook", "status", "owner/notebook"),
)


def is_told(text: str) -> list[str]:
    """Name the secrets that a text holds, as they are or as they are sent."""
    pairs = [f"{user}:{key}" for user in ("ada", "bob") for key in SECRETS.values()]
    coded = {base64.b64encode(pair.encode()).decode(): pair for pair in pairs}
    found = [pair for code, pair in coded.items() if code in text]
    return found + ([MARK] if MARK in text else [])


def plant(home: Path, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Lay a secret in every place; give the files."""
    folder = home / ".kaggle"
    folder.mkdir()
    login = {"refresh_token": SECRETS["refresh"], "access_token": SECRETS["access"]}
    texts = {
        "access_token": SECRETS["file token"],
        "kaggle.json": json.dumps({"username": "bob", "key": SECRETS["file key"]}),
        "credentials.json": json.dumps(login),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("KAGGLE_API_TOKEN", SECRETS["env token"])
    monkeypatch.setenv("KAGGLE_USERNAME", "ada")
    monkeypatch.setenv("KAGGLE_KEY", SECRETS["env key"])
    return {folder / name for name in texts}


def written(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def test_nothing_of_a_credential_is_shown_logged_or_written(
    isolated: Path,
    tmp_path: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every command that asks kaggle.com, with a proxy that refuses and writes down what it gets."""
    planted = plant(isolated, monkeypatch)
    caplog.set_level(logging.DEBUG)
    (tmp_path / "good.csv").write_text("id,y\n1,0\n")
    (tmp_path / "sample_submission.csv").write_text("id,y\n1,1\n")
    with Recorder() as site:
        monkeypatch.setenv("HTTPS_PROXY", site.url.replace("//", f"//ada:{SECRETS['proxy']}@"))
        for name in list(os.environ):
            if name.lower() in ("no_proxy", "https_proxy", "all_proxy") and name != "HTTPS_PROXY":
                monkeypatch.delenv(name)
        site.answers["CONNECT /api.kaggle.com:443"] = error(403)
        for argv in COMMANDS:
            told = run(*argv, cwd=tmp_path)
            assert is_told(told.out + told.err) == [], argv
        places = {(one.method, one.path) for one in site.seen}
        assert places == {("CONNECT", "api.kaggle.com:443")}
        assert all(not is_told(str(one.body) + one.path) for one in site.seen)
    assert is_told(caplog.text) == []
    left = [path for path in written(isolated, tmp_path) if path not in planted]
    assert [path for path in left if MARK.encode() in path.read_bytes()] == []


def test_a_site_that_sends_the_credential_back_does_not_get_it_shown(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(isolated, monkeypatch)
    planted = [one.credential for one in credentials.sources() if one.credential is not None]
    assert [one.sort for one in planted] == ["token", "token", "key", "key", "login"]
    for credential in planted:
        with Recorder() as site:
            for status in (400, 401, 403, 404, 429, 500):
                site.answers["GetSubmissionLimits"] = lambda noted, status=status: error(
                    status, f"You sent {dict(noted.headers)} {SECRETS}"
                )
                site.answers["GenerateAccessToken"] = {"token": f"{MARK}-new"}
                with pytest.raises(SiteError) as caught:
                    sites.real(site.url, credential).limits("x")
                said = str(caught.value) + repr(caught.value)
                own = [
                    credential.secret.reveal(),
                    credential.header.partition(" ")[2],
                    f"{MARK}-new",
                ]
                assert not [one for one in own if one in said]


def test_no_secret_gets_into_what_practice_keeps(
    isolated: Path, tmp_path: Path, live: Live, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor the practice server's key, which is a new one at each start."""
    plant(isolated, monkeypatch)
    served.submission(live.place, tmp_path)
    with Faults(live) as faults:
        faults.add("/GetSubmissionLimits", make.unauthenticated(), times=ALWAYS)
        told = run("kaggle", "submit", "good.csv", "-c", "practice/people", "--json", cwd=tmp_path)
        assert is_told(told.out + told.err) == []
        assert live.protocol.key not in told.out + told.err
        assert is_told(str([dict(one.headers) for one in faults.seen])) == []
    kept = [path for path in written(isolated / "fastcompanion") if path != live.place.running]
    assert [path for path in kept if live.protocol.key.encode() in path.read_bytes()] == []
    assert [path for path in kept if MARK.encode() in path.read_bytes()] == []
