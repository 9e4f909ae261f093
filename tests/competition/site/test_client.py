"""Our client against the practice server, and against a server that answers as kaggle.com might."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.target import Target
from tests.competition.faults import Faults
from tests.competition.practice import served
from tests.competition.site import sites
from tests.competition.site.recorder import Answer, Noted, Recorder, error
from tests.waiting import nobody

SLUG = served.SLUG
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential, no proxy and no certificate of the developer's own environment."""
    for name in list(os.environ):
        if name.startswith("KAGGLE") or name.lower() in _PROXIES or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with server.serving(served.competition(tmp_path / "data")) as running:
        running.protocol.accept()
        yield running


@pytest.fixture
def site() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


def test_everything_that_a_competition_needs(
    live: Live, tmp_path: Path, isolated: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sites.nothing_in(isolated)
    client = sites.practice()
    told = client.competition(SLUG)
    assert client.competitions("people") == (told,)
    assert client.competitions("nothing like it") == ()
    assert (told.slug, told.daily, told.metric, told.entered) == (SLUG, 5, "accuracy", True)
    assert told.deadline == datetime(2099, 12, 31, 23, 59, tzinfo=UTC)
    assert told.url == client.page(SLUG)
    files = client.files(SLUG)
    assert {one.name: one.size for one in files} == {
        path.name: path.stat().st_size for path in live.place.public.iterdir()
    }
    file, counted = served.submission(live.place, tmp_path), list[int]()
    sent = client.submit(SLUG, file, "by sex", advance=counted.append)
    assert sum(counted) == file.stat().st_size
    one = client.submission(SLUG, sent.ref)
    assert (one.ref, one.file, one.description) == (sent.ref, "good.csv", "by sex")
    assert one.status in ("pending", "complete")
    assert one.date is not None
    assert one.date.tzinfo is UTC
    assert [row.ref for row in client.submissions(SLUG)] == [sent.ref]
    limits = client.limits(SLUG)
    assert (limits.today, limits.left) == (1, 4)
    assert [row.rank for row in client.leaderboard(SLUG)][:2] == [1, 2]
    assert client.user == "learner"
    assert client.practice
    assert capfd.readouterr() == ("", "")
    assert [one for one in sites.nothing_in(isolated) if not one.startswith("fastcompanion/")] == [
        one for one in before if not one.startswith("fastcompanion/")
    ]


def test_a_file_comes_whole_in_parts_and_anew_where_it_changed(live: Live) -> None:
    client = sites.practice()
    data = (live.place.public / "train.csv").read_bytes()
    with client.opened(SLUG, "train.csv") as body:
        assert (body.name, body.size, body.first) == ("train.csv", len(data), 0)
        assert b"".join(body.chunks) == data
    with client.opened(SLUG, "train.csv", first=100, validator=body.validator) as rest:
        assert (rest.first, rest.size, b"".join(rest.chunks)) == (100, len(data), data[100:])
    with client.opened(SLUG, "train.csv", first=100, validator='"of another file"') as anew:
        assert (anew.first, b"".join(anew.chunks)) == (0, data)
    with client.opened(SLUG, "train.csv", first=len(data), validator=body.validator) as beyond:
        assert (beyond.first, b"".join(beyond.chunks)) == (0, data)
    with client.opened(SLUG, None) as archive:
        assert archive.name == "archive.zip"
        assert b"".join(archive.chunks) == live.place.archive.read_bytes()


def test_practice_reaches_its_server_or_nothing(
    tmp_path: Path, site: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a missing server nor a proxy, a credential or a variable leads to the real site."""
    place = served.competition(tmp_path / "data")
    monkeypatch.setenv("HTTPS_PROXY", site.url)
    monkeypatch.setenv("HTTP_PROXY", site.url)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_planted")
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "PROD")
    with nobody() as port:
        for stale in ("", f'{{"version": 1, "pid": 1, "port": {port}, "key": "k"}}'):
            if stale:
                place.running.write_text(stale)
            with pytest.raises(CompanionError, match="not being served") as missing:
                sites.practice()
            assert missing.value.code == Exit.NOT_SET_UP
            assert "practice start people" in missing.value.hint
    with server.serving(place) as live, Faults(live) as faults:
        sites.practice().competition(SLUG)
        assert "planted" not in str([dict(one.headers) for one in faults.seen])
        client = sites.practice()
    with pytest.raises(SiteError) as gone:
        client.competition(SLUG)
    assert gone.value.kind == "unreachable"
    assert site.seen == []


@pytest.mark.parametrize(
    "endpoint",
    ["https://api.kaggle.com", "http://127.0.0.1.evil.example:80", "http://127.0.0.1:1@evil.example", "x"],
)  # fmt: skip
def test_inside_of_a_practice_run_only_this_machine_is_asked(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTCOMPANION_PRACTICE", endpoint)
    monkeypatch.setenv("KAGGLE_KEY", "k")
    for target in (None, Target(SLUG, practice=True), Target(SLUG, practice=False)):
        with pytest.raises(CompanionError, match="no server of this machine"):
            clients.connect(target)


def test_inside_of_a_practice_run_the_server_is_found(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTCOMPANION_PRACTICE", live.listening.url)
    monkeypatch.setenv("KAGGLE_KEY", live.protocol.key)
    monkeypatch.setenv("FASTCOMPANION_HOME", "/nowhere")
    assert clients.connect(None).competitions()[0].slug == SLUG


def test_the_real_site_needs_a_credential_and_is_not_asked_without(
    site: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", site.url)
    for target in (None, Target("titanic", practice=False)):
        with pytest.raises(CompanionError) as missing:
            clients.connect(target)
        assert missing.value.code == Exit.MISSING
    assert site.seen == []


def test_the_real_site_is_asked_over_tls_at_its_own_address(
    site: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", site.url.replace("//", "//ada:planted-password@"))
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_planted")
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    site.answers["CONNECT /api.kaggle.com:443"] = error(403)
    client = clients.connect(Target("titanic", practice=False), patience=sites.QUICK)
    with pytest.raises(SiteError) as refused:
        client.competition("titanic")
    assert refused.value.kind == "proxy"
    assert {(one.method, one.path) for one in site.seen} == {("CONNECT", "api.kaggle.com:443")}
    assert "KGAT_planted" not in site.text
    assert "planted" not in refused.value.message + refused.value.hint


def test_all_pages_are_asked_for_and_a_circle_of_them_ends(site: Recorder) -> None:
    pages = [
        {"submissions": [{"ref": 3}, {"ref": 2}, "no object"], "nextPageToken": "second"},
        {"submissions": [{"ref": 1}], "nextPageToken": ""},
    ]
    site.answers["ListSubmissions"] = pages
    client = sites.real(site.url)
    assert [one.ref for one in client.submissions("x")] == [3, 2, 1]
    assert [one.json["pageToken"] for one in site.seen] == ["", "second"]
    site.answers["GetLeaderboard"] = {"submissions": [{"teamName": "a"}], "nextPageToken": "again"}
    assert len(client.leaderboard("x")) == 2
    site.answers["ListDataFiles"] = {"files": None, "nextPageToken": 7}
    assert client.files("x") == ()
    site.answers["ListCompetitions"] = {"competitions": [{"ref": "a/b"}] * 50, "nextPageToken": "n"}
    assert len(client.competitions(most=10)) == 10


def test_answers_without_sense_become_records_without_a_traceback(site: Recorder) -> None:
    wild = {
        "ref": 7, "status": "TELEPORTED", "date": "yesterday", "publicScore": "NaN",
        "privateScore": "1e999", "fileName": ["x"], "totalBytes": "12", "description": None,
    }  # fmt: skip
    site.answers["ListSubmissions"] = {"submissions": [wild, {"ref": True}, {}]}
    odd, *_ = sites.real(site.url).submissions("x")
    assert (odd.status, odd.date, odd.public, odd.private) == ("unknown", None, None, None)
    assert (odd.file, odd.size) == ("", 12)
    site.answers["GetCompetition"] = {"deadline": "2030-01-01T00:00:00.1234567Z", "userRank": 0}
    told = sites.real(site.url).competition("titanic")
    assert (told.slug, told.rank) == ("titanic", None)
    assert told.deadline == datetime(2030, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("PENDING", "pending"), ("complete", "complete"), ("SUBMISSION_STATUS_COMPLETE", "complete"),
        ("ERROR", "error"), (None, "pending"), ("", "unknown"), (3, "unknown"),
    ],
)  # fmt: skip
def test_a_status_may_be_spelled_in_many_ways(text: Any, status: str, site: Recorder) -> None:
    site.answers["GetSubmission"] = {"ref": 1} | ({} if text is None else {"status": text})
    assert sites.real(site.url).submission("x", 1).status == status


def linked(address: str) -> Answer:
    return Answer(b"", 302, (("Location", address),))


def test_a_credential_goes_to_no_address_of_a_file(
    site: Recorder, isolated: Path, tmp_path: Path
) -> None:
    (isolated / ".netrc").write_text("machine 127.0.0.1 login ada password planted-netrc\n")
    (isolated / ".netrc").chmod(0o600)
    site.answers |= {
        "DownloadDataFile": linked(f"{site.url}/files/train.csv?sig=s"),
        "GET /files": Answer(b"abc", kind="text/csv"),
        "StartSubmissionUpload": {"token": "T", "createUrl": f"{site.url}/upload"},
        "CreateSubmission": {"ref": 1},
    }
    client = sites.real(site.url)
    with client.opened("x", "train.csv") as body:
        assert b"".join(body.chunks) == b"abc"
    (tmp_path / "a.csv").write_text("id,y\n")
    client.submit("x", tmp_path / "a.csv", "", advance=lambda count: None)
    for one in site.seen:
        assert ("authorization" in one.headers) == (one.method == "POST")
    assert "planted-netrc" not in site.text


@pytest.mark.parametrize(
    "address", ["http://storage.example/train.csv", "ftp://x/y", "//evil.example/x", "/files/x", "https://[", ""]
)  # fmt: skip
def test_an_address_that_others_could_read_along_is_refused(address: str, site: Recorder) -> None:
    site.answers["DownloadDataFile"] = linked(address)
    with pytest.raises(SiteError) as refused, sites.real(site.url).opened("x", "train.csv"):
        pass
    assert refused.value.kind == "answer"
    assert site.names() == ["DownloadDataFile"]


def test_a_file_is_followed_to_where_it_lies_and_no_further(site: Recorder) -> None:
    site.answers |= {
        "DownloadDataFile": linked(f"{site.url}/first"),
        "GET /first": linked("/second/train.csv"),
        "GET /second": Answer(b"abc", kind="text/csv"),
        "GET /round": linked("/round"),
        "GET /plain": linked("http://storage.example/train.csv"),
    }
    client = sites.real(site.url)
    with client.opened("x", "train.csv") as body:
        assert (body.name, b"".join(body.chunks)) == ("train.csv", b"abc")
    for place, words in (("round", "place to place"), ("plain", "not to be trusted")):
        site.answers["DownloadDataFile"] = linked(f"{site.url}/{place}")
        with pytest.raises(SiteError, match=words), client.opened("x", "train.csv"):
            pass
    assert site.names().count("GET /round") == 5


def test_without_the_library_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "kagglesdk", None)
    with pytest.raises(CompanionError, match="not installed here") as missing:
        sites.real("http://127.0.0.1:1").limits("x")
    assert missing.value.code == Exit.MISSING


def test_a_library_that_would_ask_another_place_asks_none(
    live: Live, site: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a release would whose parts are called otherwise: practice must not become the real site."""
    from kagglesdk.kaggle_http_client import KaggleHttpClient as Library

    with monkeypatch.context() as patch:
        patch.setattr(Library, "_get_request_url", lambda *asked: f"{site.url}/v1/x/y")
        for client in (sites.practice(), sites.real("http://127.0.0.1:1")):
            with pytest.raises(SiteError, match="another place"):
                client.limits(SLUG)
    monkeypatch.delattr(Library, "_init_session")
    with pytest.raises(CompanionError, match="not one that we know"):
        sites.real("http://127.0.0.1:1").limits(SLUG)
    assert site.seen == []


def test_practice_is_led_nowhere_else(live: Live, site: Recorder, tmp_path: Path) -> None:
    """Should the practice server ever name another place, we do not follow, even over TLS."""
    live.protocol.base = site.url
    client = sites.practice()
    with pytest.raises(SiteError, match="not to be trusted"), client.opened(SLUG, "train.csv"):
        pass
    with pytest.raises(SiteError, match="not to be trusted"):
        file = served.submission(live.place, tmp_path)
        client.submit(SLUG, file, "x", advance=lambda count: None)
    assert site.seen == []


@pytest.mark.parametrize(
    ("last", "name"),
    [
        ("train.csv", "train.csv"), ("..%2F..%2Fetc%2Fpasswd", "passwd"), ("a%5Cb%5Cc.csv", "c.csv"),
        ("C%3Ax.csv", "C_x.csv"), ("..", "file"), ("%0d%0aX.csv", "X.csv"), ("a" * 300, "a" * 200),
    ],
)  # fmt: skip
def test_the_name_of_a_file_is_no_path(last: str, name: str, site: Recorder) -> None:
    site.answers["DownloadDataFiles"] = linked(f"{site.url}/files/{last}")
    site.answers["GET /files"] = Answer(b"abc", kind="application/zip")
    with sites.real(site.url).opened("x", None) as body:
        assert body.name == name


def test_the_user_of_a_token_is_asked_for_once(site: Recorder) -> None:
    site.answers["IntrospectToken"] = {"active": True, "username": "eve"}
    client = sites.real(site.url, sites.TOKEN)
    assert (client.user, client.user) == ("eve", "eve")
    assert site.names() == ["IntrospectToken"]
    assert site.seen[0].headers["authorization"] == "Bearer KGAT_planted-token"


def login(expiration: str) -> Any:
    from datetime import datetime as time

    from fastcompanion.competition.site.credentials import Credential, Secret

    until = time.fromisoformat(expiration)
    return Credential("login", "a login", "eve", Secret("old"), Secret("refresh"), until)


def test_a_login_that_is_over_gets_a_new_token_in_memory_alone(
    site: Recorder, isolated: Path, frozen: Any
) -> None:
    frozen("2026-11-22T12:00:00+00:00")
    site.answers["GenerateAccessToken"] = {"token": "new", "expiresIn": 43200}
    client = sites.real(site.url, login("2026-11-22T11:50:00+00:00"))
    client.limits("x")
    client.limits("x")
    assert site.names() == ["GenerateAccessToken", "GetSubmissionLimits", "GetSubmissionLimits"]
    assert "authorization" not in site.seen[0].headers
    assert site.seen[1].headers["authorization"] == "Bearer new"
    assert sites.nothing_in(isolated / ".kaggle") == []


def test_a_login_that_was_ended_elsewhere_is_renewed_once(site: Recorder, frozen: Any) -> None:
    frozen("2026-11-22T12:00:00+00:00")
    site.answers["GetSubmissionLimits"] = error(401, "Unauthenticated")
    site.answers["GenerateAccessToken"] = {"token": "new"}
    client = sites.real(site.url, login("2026-11-23T12:00:00+00:00"))
    with pytest.raises(SiteError) as refused:
        client.limits("x")
    assert refused.value.kind == "credential"
    assert site.names() == ["GetSubmissionLimits", "GenerateAccessToken", "GetSubmissionLimits"]


def test_an_upload_goes_on_where_it_was_cut(site: Recorder, tmp_path: Path) -> None:
    """The resumable way of data sets: what arrived is asked for, and the rest is sent."""
    file = tmp_path / "big.bin"
    file.write_bytes(bytes(range(256)) * 400)
    size, got = file.stat().st_size, list[tuple[str, int]]()

    def put(noted: Noted) -> Answer:
        asked = noted.headers.get("content-range", "")
        got.append((asked, len(noted.body)))
        if not asked:
            return Answer(b"busy", 503, kind="text/plain")
        if asked.startswith("bytes *"):
            return Answer(b"", 308, (("Range", "bytes=0-69999"),), "")
        return Answer(b"", 201, kind="")

    site.answers["PUT /upload"] = put
    counted: list[int] = []
    client = sites.real(site.url)
    client.upload(f"{site.url}/upload/x", file, advance=counted.append)
    assert got == [
        ("", size), (f"bytes */{size}", 0), (f"bytes 70000-{size - 1}/{size}", size - 70000),
    ]  # fmt: skip
    assert sum(counted) == size
    assert min(counted) == 70000 - size


def test_an_upload_that_arrived_although_the_answer_was_lost_is_done(
    site: Recorder, tmp_path: Path
) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x" * 100)
    site.answers["PUT /upload"] = [None, Answer(b"", 200, kind="")]
    counted: list[int] = []
    sites.real(site.url).upload(f"{site.url}/upload/x", file, advance=counted.append)
    assert sum(counted) == 100
    assert [one.headers.get("content-range") for one in site.seen] == [None, "bytes */100"]


def test_an_empty_file_is_sent_with_its_length(site: Recorder, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    site.answers["StartSubmissionUpload"] = {"token": "T", "createUrl": f"{site.url}/upload/T"}
    site.answers["CreateSubmission"] = {"ref": 5}
    sent = sites.real(site.url).submit("x", tmp_path / "empty.csv", "", advance=lambda count: None)
    put = next(one for one in site.seen if one.method == "PUT")
    assert (sent.ref, put.headers.get("content-length"), put.body) == (5, "0", b"")


def test_a_group_that_is_none_is_refused_before_anything_is_sent(site: Recorder) -> None:
    with pytest.raises(CompanionError, match="no group"):
        sites.real(site.url).competitions(group="mine")
    assert site.seen == []
