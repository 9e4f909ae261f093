"""What the installed kaggle client sends, pinned: a release that asks otherwise is noticed here first.

The client runs unmodified in a process of its own, led to a server of ours that notes what comes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock
from fastcompanion.competition.practice import running
from fastcompanion.competition.practice.server import Listening
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import notebooks, reading
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.credentials import Credential, Secret
from tests.competition.site.recorder import Answer, Noted, Recorder, error

#: never imported here: `import kaggle` logs in with whatever lies on this machine
OFFICIAL = Path(__file__).with_name("official.py")
C, K = "competitions.CompetitionApiService", "kernels.KernelsApiService"
D, B = "datasets.DatasetApiService", "blobs.BlobApiService"
ABOUT = {"competitionName": "people"}
LISTED = {
    "category": "HOST_SEGMENT_UNSPECIFIED", "sortBy": "COMPETITION_SORT_BY_BEST",
    "page": 1, "pageToken": "", "pageSize": 20,
}  # fmt: skip
PAGED = {"pageSize": 20, "pageToken": ""}
NOTEBOOK = (
    '{"cells": [{"cell_type": "code", "source": "1 + 1", "outputs": [], "metadata": {}, '
    '"execution_count": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
)
BLOB = {"type": "DATASET", "name": "one.txt", "contentLength": 4, "lastModifiedEpochSeconds": 0}
LIBRARIES = {"ownerSlug": "learner", "datasetSlug": "libraries"}
#: what comes, in its order: the call or the address, and the body
PINNED: tuple[tuple[str, Any], ...] = (
    (f"{C}/ListCompetitions", {"group": "COMPETITION_LIST_TAB_EVERYTHING", "search": "people", **LISTED}),
    (f"{C}/ListCompetitions", {"group": "COMPETITION_LIST_TAB_ENTERED", "search": "", **LISTED}),
    (f"{C}/ListDataFiles", {**ABOUT, **PAGED}),
    (f"{C}/DownloadDataFile", {**ABOUT, "fileName": "train.csv"}),
    ("GET /files/people/train.csv?sig=1", b""),
    (f"{C}/DownloadDataFiles", ABOUT),
    ("GET /files/people/archive.zip?sig=1", b""),
    (f"{C}/StartSubmissionUpload", {**ABOUT, "contentLength": 9, "lastModifiedEpochSeconds": 0, "fileName": "good.csv"}),
    ("PUT /upload/T", b"id,y\n1,0\n"),
    (f"{C}/CreateSubmission", {**ABOUT, "blobFileTokens": "T", "submissionDescription": "by sex"}),
    (f"{C}/CreateCodeSubmission", {**ABOUT, "kernelOwner": "learner", "kernelSlug": "first-model", "kernelVersion": 3, "fileName": "submission.csv", "submissionDescription": "by sex"}),
    (f"{C}/ListSubmissions", {**ABOUT, "page": 1, **PAGED}),
    (f"{C}/GetSubmissionLimits", ABOUT),
    (f"{C}/GetLeaderboard", {**ABOUT, **PAGED}),
    (f"{C}/GetCompetition", ABOUT),
    (f"{C}/GetSubmission", {"ref": 50_000_001}),
    (f"{K}/SaveKernel", {"slug": "learner/first-model", "newTitle": "First model", "text": NOTEBOOK, "language": "python", "kernelType": "notebook", "competitionDataSources": ["people"], "isPrivate": True, "enableGpu": True, "enableInternet": False, "enableTpu": False}),
    (f"{K}/GetKernelSessionStatus", {"userName": "learner", "kernelSlug": "first-model"}),
    (f"{K}/ListKernelSessionOutput", {"userName": "learner", "kernelSlug": "first-model", **PAGED}),
    (f"{D}/GetDatasetStatus", LIBRARIES),
    (f"{B}/StartBlobUpload", BLOB),
    ("PUT /upload/B", b"one\n"),
    (f"{D}/CreateDataset", {"ownerSlug": "learner", "slug": "libraries", "title": "Libraries", "licenseName": "CC0-1.0", "isPrivate": True, "files": [{"token": "B"}]}),
    (f"{D}/GetDatasetStatus", LIBRARIES),
    (f"{B}/StartBlobUpload", BLOB),
    ("PUT /upload/B", b"one\n"),
    (f"{D}/CreateDatasetVersion", {**LIBRARIES, "body": {"versionNotes": "second", "files": [{"token": "B"}]}}),
)  # fmt: skip


def answers(recorder: Recorder) -> dict[str, Any]:
    """Give what a site would answer."""

    def link(asked: Noted) -> Answer:
        name = asked.json.get("fileName", "archive.zip")
        return Answer(b"", 302, (("Location", f"{recorder.url}/files/people/{name}?sig=1"),))

    known = (("Last-Modified", "Sat, 21 Nov 2026 06:30:43 GMT"), ("ETag", '"x"'))
    return {
        "DownloadDataFile": link,
        "DownloadDataFiles": link,
        "GET /files": Answer(b"abc", 200, known, "application/octet-stream"),
        "StartSubmissionUpload": {"token": "T", "createUrl": f"{recorder.url}/upload/T"},
        "CreateSubmission": {"message": "ok", "ref": 50_000_001},
        "CreateCodeSubmission": {"message": "ok", "ref": 50_000_002},
        "StartBlobUpload": {"token": "B", "createUrl": f"{recorder.url}/upload/B"},
        "GetDatasetStatus": [error(404, "Not Found"), {"status": "READY"}],
        "CreateDataset": {"status": "ok", "url": "u"},
        "CreateDatasetVersion": {"status": "ok", "url": "u"},
        "SaveKernel": {"ref": "learner/first-model", "url": "u", "versionNumber": 1},
        "GetKernelSessionStatus": {"status": "RUNNING"},
        "ListKernelSessionOutput": {"files": [], "log": "[]"},
    }


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as running_server:
        running_server.answers |= answers(running_server)
        yield running_server


def run_official(
    recorder: Recorder, folder: Path, code: str, changes: Mapping[str, str | None]
) -> subprocess.CompletedProcess[str]:
    """Run Python code with the installed client, led to the recorder."""
    env = running.environment(os.environ, Listening(1, recorder.port, "k" * 32), folder / "home")
    for name, value in changes.items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def shaped(noted: Noted) -> tuple[str, Any]:
    """Give a request in the form of PINNED."""
    call = noted.path.partition("/api/v1/")[2]
    if not call:
        return f"{noted.method} {noted.path}", noted.body
    body = noted.json
    if "lastModifiedEpochSeconds" in body:
        body["lastModifiedEpochSeconds"] = 0
    return call, body


def test_the_installed_client_asks_as_it_did_when_this_was_written(
    recorder: Recorder, tmp_path: Path
) -> None:
    done = run_official(recorder, tmp_path, OFFICIAL.read_text(), {})
    assert done.returncode == 0, done.stderr
    assert tuple(map(shaped, recorder.seen)) == PINNED
    for noted in recorder.seen:
        signed = noted.headers.get("authorization", "").partition(" ")[0]
        if noted.method == "POST":
            assert noted.headers["content-type"] == "application/json"
            assert signed == "Basic"
        if noted.method == "PUT":
            assert (signed, noted.headers.get("content-type")) == ("", None)


def ours(client: Client, folder: Path) -> None:
    """Make the same calls with our client."""
    (folder / "good.csv").write_text("id,y\n1,0\n")
    client.competitions("people")
    client.competitions(group="entered")
    client.files("people")
    for name in ("train.csv", None):
        with client.opened("people", name) as body:
            assert b"".join(body.chunks) == b"abc"
    client.submit("people", folder / "good.csv", "by sex", advance=lambda count: None)
    client.submit_notebook("people", "learner", "first-model", 3, "submission.csv", "by sex")
    client.submissions("people")
    client.limits("people")
    client.leaderboard("people")
    client.competition("people")
    client.submission("people", 50_000_001)


def test_our_client_asks_for_the_same_in_its_own_name(recorder: Recorder, tmp_path: Path) -> None:
    credential = Credential("key", "a test", "learner", Secret("k" * 32))
    ours(clients.at(recorder.url, credential), tmp_path)
    asked = [shaped(one) for one in recorder.seen]
    for _, body in asked:
        if isinstance(body, dict) and "pageSize" in body:
            body["pageSize"] = 20
    before = (f"{C}/ListSubmissions", {**ABOUT, "page": 1, **PAGED})
    assert asked.count(before) == 3  # one of them, and a look before each submission
    once = [one for one in asked if one != before]
    assert once == [one for one in PINNED[:16] if one != before]
    for noted in recorder.seen:
        assert noted.headers["user-agent"].startswith("fastcompanion/")
        is_call = noted.method == "POST"
        assert noted.headers.get("authorization", "").startswith("Basic ") is is_call
        assert noted.headers.get("content-type") == ("application/json" if is_call else None)


def test_our_notebooks_go_as_those_of_the_client_do(recorder: Recorder, tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["1 + 1"], "outputs": [1], "metadata": {}, "execution_count": 7}  # fmt: skip
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "first.ipynb").write_text(json.dumps(whole))
    client = clients.at(recorder.url, Credential("key", "a test", "learner", Secret("k" * 32)))
    wish = notebooks.Wish(title="First model", competitions=("people",), gpu=True)
    pushed = notebooks.push(client, tmp_path / "first.ipynb", wish)
    notebooks.status(client, notebooks.named(pushed.notebook, client))
    pinned = {call: body for call, body in PINNED if call.startswith(K)}
    assert [shaped(one) for one in recorder.seen] == [
        (call, pinned[call]) for call in (f"{K}/SaveKernel", f"{K}/GetKernelSessionStatus")
    ]


def test_long_tokens_and_addresses_stay_whole(recorder: Recorder, tmp_path: Path) -> None:
    long = "t" * 5000
    recorder.answers["StartSubmissionUpload"] = {
        "token": long, "createUrl": f"{recorder.url}/upload/{long}",
    }  # fmt: skip
    (tmp_path / "a.csv").write_text("id,y\n")
    client = clients.at(recorder.url, Credential("key", "a test", "learner", Secret("k" * 32)))
    client.submit("people", tmp_path / "a.csv", "x", advance=lambda count: None)
    assert recorder.seen[1].path == f"/upload/{long}"
    assert recorder.seen[-1].json["blobFileTokens"] == long


def oauth(minutes_left: float) -> str:
    """Write what `kaggle auth login` keeps."""
    until = clock.now() + timedelta(minutes=minutes_left)
    about = {"refresh_token": "a-refresh", "access_token": "an-access", "username": "learner"}
    return json.dumps({**about, "access_token_expiration": until.isoformat(), "scopes": []})


LIST = """
from kaggle.api.kaggle_api_extended import KaggleApi
api = KaggleApi(); api.authenticate(); api.competition_list_files("people")
"""
NO_KEY = {"KAGGLE_USERNAME": None, "KAGGLE_KEY": None}


@pytest.mark.parametrize(
    ("minutes", "bearers"),
    [
        (-40.0, ["a-new-one"]),
        # Its error: a token is believed for half an hour after its end. Ours asks for a new one.
        (-10.0, ["an-access"]),
    ],
)
def test_logins_and_tokens_are_asked_about_as_pinned(
    recorder: Recorder, tmp_path: Path, minutes: float, bearers: list[str]
) -> None:
    recorder.answers["GenerateAccessToken"] = {"token": "a-new-one", "expiresIn": 43200}
    written = f"import pathlib; (pathlib.Path.home() / '.kaggle' / 'credentials.json').write_text({oauth(minutes)!r})\n"
    done = run_official(recorder, tmp_path, written + LIST, NO_KEY)
    assert done.returncode == 0, done.stderr
    *_, listed = (one for one in recorder.seen if one.name == "ListDataFiles")
    assert [listed.headers["authorization"]] == [f"Bearer {one}" for one in bearers]
    refreshed = [one for one in recorder.seen if one.name == "GenerateAccessToken"]
    assert len(refreshed) == (minutes < -30)
    for one in refreshed:
        assert one.json == {
            "refreshToken": "a-refresh", "apiVersion": "API_VERSION_V1", "expirationDuration": "43200s",
        }  # fmt: skip


def test_a_token_is_introspected_first(recorder: Recorder, tmp_path: Path) -> None:
    recorder.answers["IntrospectToken"] = {"active": True, "username": "learner"}
    token = "KGAT_planted"
    done = run_official(recorder, tmp_path, LIST, {**NO_KEY, "KAGGLE_API_TOKEN": token})
    assert done.returncode == 0, done.stderr
    first = recorder.seen[0]
    assert first.path.endswith("/security.OAuthService/IntrospectToken")
    assert first.json == {"token": token}
    assert recorder.seen[-1].headers["authorization"] == f"Bearer {token}"


def test_what_doctor_says_of_the_client_is_true(recorder: Recorder, tmp_path: Path) -> None:
    """KAGGLE_TOKEN goes in the place of the key, and VERBOSE shows it on the terminal."""
    told = {"KAGGLE_TOKEN": "planted-token", "VERBOSE": "1"}
    done = run_official(recorder, tmp_path, LIST, told)
    assert done.returncode == 0, done.stderr
    assert recorder.seen[-1].headers["authorization"] == "Bearer planted-token"
    assert "Authorization: Bearer planted-token" in done.stdout


def test_a_stale_token_before_a_good_key_is_sent_all_the_same(
    recorder: Recorder, tmp_path: Path
) -> None:
    """Its error, of which doctor warns: it gives the token up, takes the key, and sends the token."""
    recorder.answers["IntrospectToken"] = {"active": False}
    done = run_official(recorder, tmp_path, LIST, {"KAGGLE_API_TOKEN": "KGAT_stale"})
    assert done.returncode == 0, done.stderr
    # Once while it is imported, and once because it is asked to.
    assert recorder.names() == ["IntrospectToken", "IntrospectToken", "ListDataFiles"]
    assert recorder.seen[-1].headers["authorization"] == "Bearer KGAT_stale"


def test_the_parts_of_the_library_that_we_touch_are_as_they_were() -> None:
    from kagglesdk import KaggleClient, KaggleEnv
    from kagglesdk.kaggle_env import get_endpoint
    from kagglesdk.kaggle_http_client import KaggleHttpClient
    from requests import Response, Session

    made = KaggleClient(env=KaggleEnv.PROD, user_agent="x").http_client()
    assert isinstance(made, KaggleHttpClient)
    assert (made._session, made._signed_in) == (None, None)
    assert made._endpoint == get_endpoint(KaggleEnv.PROD) == "https://api.kaggle.com"
    assert made._get_request_url("a.B", "C") == "https://api.kaggle.com/v1/a.B/C"
    made._signed_in = True
    made._init_session()
    assert isinstance(made._session, Session)
    assert made._session.auth is None
    assert made._session.headers["User-Agent"] == "x"
    asked = list(inspect.signature(KaggleHttpClient.call).parameters)
    assert asked == ["self", "service_name", "request_name", "request", "response_type"]
    lines = inspect.getsource(KaggleHttpClient.call)
    assert "self._session.send(http_request, **settings)" in lines
    here = KaggleClient(env=KaggleEnv.LOCAL, user_agent="x").http_client()
    assert here._get_request_url("a.B", "C") == "http://localhost/api/v1/a.B/C"
    response = Response()
    response._content = b"{}"
    assert response.json() == {}


FIELDS: dict[str, tuple[str, ...]] = {
    "competitions.types.competition_api_service:ApiListCompetitionsRequest": (
        "group", "category", "sortBy", "search", "page", "pageToken", "pageSize",
    ),
    "competitions.types.competition_api_service:ApiListSubmissionsRequest": (
        "competitionName", "page", "pageToken", "pageSize",
    ),
    "kernels.types.kernels_api_service:ApiGetKernelRequest": ("userName", "kernelSlug"),
    "kernels.types.kernels_api_service:ApiSaveKernelRequest": (
        "slug", "newTitle", "text", "language", "kernelType", "competitionDataSources",
        "datasetDataSources", "isPrivate", "enableGpu", "enableInternet", "enableTpu",
    ),
    "datasets.types.dataset_api_service:ApiListDatasetFilesRequest": (
        "ownerSlug", "datasetSlug", "pageSize", "pageToken",
    ),
    "security.types.oauth_service:IntrospectTokenRequest": ("token",),
    "users.types.account_service:GenerateAccessTokenRequest": (
        "refreshToken", "apiVersion", "expirationDuration",
    ),
    "competitions.types.competition_api_service:ApiCompetition": (
        "ref", "url", "title", "deadline", "category", "reward", "teamCount", "userHasEntered", "userRank",
        "maxDailySubmissions", "evaluationMetric", "isKernelsSubmissionsOnly", "submissionsDisabled",
    ),
    "competitions.types.competition_api_service:ApiSubmission": (
        "ref", "fileName", "description", "date", "status", "publicScore", "privateScore",
        "errorDescription", "teamName", "totalBytes",
    ),
    "competitions.types.competition_api_service:ApiSubmissionLimits": (
        "numToday", "numTotal", "numAllowedNow", "limitedByTotal",
    ),
    "competitions.types.competition_api_service:ApiLeaderboardSubmission": (
        "teamName", "submissionDate", "score",
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", list(FIELDS))
def test_the_fields_that_we_send_and_read_are_those_of_the_library(where: str) -> None:
    """What the other tests do not record: a field that was renamed would be sent, or read, in vain."""
    module, _, name = where.partition(":")
    kind = getattr(importlib.import_module(f"kagglesdk.{module}"), name)
    assert set(FIELDS[where]) <= {one.json_name for one in kind._fields}


def test_the_words_for_the_state_of_a_submission_are_all_known() -> None:
    from kagglesdk.competitions.types.submission_status import SubmissionStatus

    assert {reading.status(one.name) for one in SubmissionStatus} == {"pending", "complete", "error"}  # fmt: skip
