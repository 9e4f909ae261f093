"""The pitfalls of the official client, by their numbers: here what is ours to prevent stays prevented.

 1  no time-outs                              here
 2  no other tries                            here
 3  an upload that fails is no error          test_submit_pitfalls.py
 4  an upload of a data set is lost silently  test_libraries.py
 5  a download loses what came                test_downloads.py
 6  leftovers in the folder for passing files test_libraries.py
 7  two folders for the configuration         here
 8  a proxy in the configuration has no effect            here
 9  a submission to an unknown competition says "Not Found"   here
10  statuses and reasons of errors are not shown          test_submit_pitfalls.py
11  messages among the data on stdout         here
12  Windows: encodings, names of programs     here, as far as it can be tried on another system
13  variables that silently set defaults      here

Two more that have no number: a stale token that shadows a good key (test_examining.py), and
`import kaggle`, which logs in, prints and writes (here).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base.errors import Exit
from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.site import credentials, examining
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.line import PATIENT
from tests.competition import faults as make
from tests.competition.faults import ALWAYS, Faults, Make
from tests.competition.practice import served
from tests.competition.site import sites
from tests.competition.site.recorder import Recorder
from tests.conftest import Runner

SLUG = served.SLUG


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("KAGGLE") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def every_way(client: Client, file: Path) -> dict[str, Callable[[], object]]:
    """Give each kind of request that the client makes, by what it asks for."""

    def opened() -> bytes:
        with client.opened(SLUG, "train.csv") as body:
            return b"".join(body.chunks)

    return {
        "/ListCompetitions": client.competitions,
        "/GetCompetition": lambda: client.competition(SLUG),
        "/ListDataFiles": lambda: client.files(SLUG),
        "/DownloadDataFile": opened,
        "GET /files/": opened,
        "/GetSubmissionLimits": lambda: client.limits(SLUG),
        "/ListSubmissions": lambda: client.submissions(SLUG),
        "/GetLeaderboard": lambda: client.leaderboard(SLUG),
        "/StartSubmissionUpload": lambda: client.submit(SLUG, file, "x", advance=lambda n: None),
        "PUT /upload": lambda: client.submit(SLUG, file, "x", advance=lambda n: None),
        "/CreateSubmission": lambda: client.submit(SLUG, file, "x", advance=lambda n: None),
    }


WAYS = [
    "/ListCompetitions", "/GetCompetition", "/ListDataFiles", "/DownloadDataFile", "GET /files/",
    "/GetSubmissionLimits", "/ListSubmissions", "/GetLeaderboard", "/StartSubmissionUpload",
    "PUT /upload", "/CreateSubmission",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_pitfall_01_every_request_ends_in_time(way: str, faults: Faults, tmp_path: Path) -> None:
    faults.add(way, make.silent(faults.over), times=ALWAYS)
    client = sites.practice(replace(sites.QUICK, read=0.3))
    act = every_way(client, served.submission(faults.live.place, tmp_path))[way]
    begun = time.monotonic()
    with pytest.raises(SiteError) as late:
        act()
    assert late.value.kind == "silent"
    assert time.monotonic() - begun < 20


def test_pitfall_01_the_times_are_those_that_were_promised() -> None:
    assert (PATIENT.connect, PATIENT.read) == (5.0, 30.0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [429, 503])
def test_pitfall_02_what_passes_is_tried_again(
    way: str, status: int, faults: Faults, tmp_path: Path
) -> None:
    if (way, status) == ("/CreateSubmission", 503):
        # It may have been taken: the list is looked into, and it is not sent twice (test_faults.py).
        return
    faults.add(way, make.refused(status, retry_after=0), times=2)
    every_way(sites.practice(), served.submission(faults.live.place, tmp_path))[way]()
    assert faults.count(way) == 3


def test_pitfall_07_a_key_that_is_no_longer_found_is_told_and_the_cure_works(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kaggle auth login` makes ~/.kaggle, and from then on ~/.config/kaggle is not looked at."""
    new = isolated / ".config" / "kaggle" / "kaggle.json"
    new.parent.mkdir(parents=True)
    new.write_text('{"username": "ada", "key": "planted"}')
    new.chmod(0o600)
    if sys.platform.startswith("linux"):
        assert credentials.needed().source == str(new)
    (isolated / ".kaggle").mkdir()
    assert sites.sent() is None
    told = next(one for one in examining.local() if one.file == str(new))
    assert "no client finds it" in told.text
    if os.name == "posix":
        subprocess.run(["sh", "-c", told.cure], check=True)
        assert credentials.needed().source == str(isolated / ".kaggle" / "kaggle.json")
        assert all(one.severity == "ok" for one in examining.local())


FOLDERS = """
import contextlib, importlib, io, json, os, sys
with contextlib.redirect_stdout(io.StringIO()) as said:
    from kaggle.api import kaggle_api_extended as client
found = {}
for case, changes in json.loads(sys.argv[1]).items():
    os.environ.update(changes)
    found[case] = importlib.reload(client).KaggleApi.config_dir
print(json.dumps([said.getvalue()[:23], found]))
"""


def test_pitfall_07_the_folder_is_the_one_of_the_official_client(
    isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of the four cases, where the client itself looks; it still prints when imported."""
    cases: dict[str, dict[str, str]] = {}
    for case in ("neither", "xdg", "old", "told"):
        (tmp_path / case).mkdir()
        cases[case] = {"HOME": str(tmp_path / case)}
    cases["xdg"]["XDG_CONFIG_HOME"] = str(tmp_path / "elsewhere")
    cases["told"]["KAGGLE_CONFIG_DIR"] = str(tmp_path / "told" / "x")
    (tmp_path / "old" / ".kaggle").mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", FOLDERS, json.dumps(cases)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    said, theirs = json.loads(done.stdout)
    ours = {}
    for case, changes in cases.items():
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        for folder in (tmp_path / case / ".config").glob("*"):
            folder.rmdir()
        ours[case] = str(credentials.config_folder())
    assert ours == theirs
    assert said == "Authentication required"


def test_pitfall_08_a_proxy_in_the_configuration_is_told_to_have_no_effect(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = "http://ada:planted@127.0.0.1:9"
    folder = isolated / ".kaggle"
    folder.mkdir()
    told = {"username": "ada", "key": "planted", "proxy": dead, "ssl_ca_cert": "/planted.pem"}
    (folder / "kaggle.json").write_text(json.dumps(told))
    (folder / "kaggle.json").chmod(0o600)
    said = [one for one in examining.local() if "no effect" in one.text]
    assert ["HTTPS_PROXY" in said[0].cure, "REQUESTS_CA_BUNDLE" in said[1].cure] == [True, True]
    assert "planted" not in repr(said)
    with Recorder() as site:
        monkeypatch.setenv("HTTP_PROXY", site.url)
        sites.real("http://kaggle.example", credentials.needed()).limits("x")
        assert site.seen[0].path.startswith("http://kaggle.example/"), "the variable has an effect"


def test_pitfall_09_an_unknown_competition_is_named(faults: Faults, tmp_path: Path) -> None:
    file = served.submission(faults.live.place, tmp_path)
    faults.add("/StartSubmissionUpload", make.refused(404, "Not Found"))
    with pytest.raises(SiteError) as unknown:
        sites.practice().submit("tittanic", file, "x", advance=lambda n: None)
    assert (unknown.value.kind, unknown.value.code) == ("missing", Exit.USAGE)
    assert "tittanic" in unknown.value.message
    assert "kaggle list" in unknown.value.hint


@pytest.mark.parametrize(
    "fault",
    [make.headers(X_Kaggle_ApiVersion="99.0"), make.fields(nextPageToken="2"), make.wrong_enum()],
)
def test_pitfall_11_nothing_is_printed_by_any_call(
    fault: Make, faults: Faults, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for where in ("/List", "/Get", "/CreateSubmission"):
        faults.add(where, fault, times=ALWAYS)
    file = served.submission(faults.live.place, tmp_path)
    for way, act in every_way(sites.practice(), file).items():
        if not way.startswith(("PUT", "GET", "/Start")):
            act()
    assert capfd.readouterr() == ("", "")


def test_pitfall_11_with_json_there_is_json_and_nothing_else(live: Live, run: Runner) -> None:
    for argv in (["doctor", "kaggle", "--offline"], ["kaggle", "practice", "status"]):
        assert run(*argv, "--json").json["version"] == 1


def test_pitfall_12_files_and_texts_are_utf_8_whatever_the_machine_speaks(
    faults: Faults, tmp_path: Path, isolated: Path
) -> None:
    """Editors of Windows put a mark before the JSON; names and messages may be of any language."""
    (isolated / ".kaggle").mkdir()
    path = isolated / ".kaggle" / "kaggle.json"
    path.write_bytes(b'\xef\xbb\xbf{"username": "ada", "key": "planted"}\r\n')
    assert credentials.needed().user == "ada"
    path.write_text('{"username": "ada", "key": "planted"}', encoding="utf-16")
    assert "kaggle.json" in str(credentials.sources()[-2].file)
    assert credentials.sources()[-2].wrong
    token = isolated / ".kaggle" / "access_token.txt"
    token.write_bytes(b"\xef\xbb\xbfKGAT_planted\r\n")
    assert credentials.needed().secret.reveal() == "KGAT_planted"
    file = served.submission(faults.live.place, tmp_path).rename(tmp_path / "жёлтый ö.csv")
    sent = sites.practice().submit(SLUG, file, "größer — 大", advance=lambda n: None)
    one = sites.practice().submission(SLUG, sent.ref)
    assert (one.file, one.description) == ("жёлтый ö.csv", "größer — 大")


NAMES = (
    "KAGGLE_PATH", "KAGGLE_COMPETITION", "KAGGLE_PROXY", "KAGGLE_SSL_CA_CERT", "KAGGLE_TOKEN",
    "KAGGLE_AUTH_METHOD",
)  # fmt: skip


def test_pitfall_13_variables_set_no_defaults_and_are_told(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (isolated / ".kaggle").mkdir()
    monkeypatch.setenv("KAGGLE_USERNAME", "ada")
    monkeypatch.setenv("KAGGLE_KEY", "planted-key")
    for name in (*NAMES, "KAGGLE_USER_SECRETS_TOKEN"):  # the last one is that of their notebooks
        monkeypatch.setenv(name, "planted")
    told = [one for one in examining.local() if one.severity == "warn"]
    assert {one.text.split()[0] for one in told} == set(NAMES)
    assert all(one.cure.startswith(f"unset {one.text.split()[0]}") for one in told)
    assert "planted" not in repr(told)
    with Recorder() as site:
        sites.real(site.url, credentials.needed()).limits("x")
        assert site.seen[0].headers["authorization"].startswith("Basic ")
        assert site.seen[0].json == {"competitionName": "x"}


def test_the_rude_import_never_happens(live: Live, isolated: Path, tmp_path: Path) -> None:
    """`import kaggle` prints, logs in and makes folders: our calls leave it alone."""
    code = """
import sys
from pathlib import Path
from fastcompanion.competition.site import client, examining
from fastcompanion.competition.site.target import Target
site = client.connect(Target("people", practice=True))
site.competitions(); site.files("people"); site.submissions("people")
site.submit("people", Path("good.csv"), "x", advance=lambda n: None)
list(examining.local())
assert "kagglesdk" in sys.modules
assert "kaggle" not in sys.modules
"""
    served.submission(live.place, tmp_path)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    left = {path.name for path in isolated.iterdir()}
    assert left <= {".gitconfig", "fastcompanion", "cache"}
