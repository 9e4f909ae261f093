"""What else our commands need of the real site, with the unmodified client: data sets, notebooks, signing in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fastcompanion.competition.practice import server, standing
from fastcompanion.competition.practice.server import Live
from tests.competition.faults import (
    Faults,
    dropped,
    error_inside,
    expired,
    html,
    lengthened,
    refused,
    upload_cut,
    wrong_enum,
)
from tests.competition.practice import served
from tests.conftest import Runner

#: every step prints a line of JSON: its name, what came back, what the client said
STEPS = """
import io, json, os, sys
from contextlib import redirect_stdout, redirect_stderr
hidden = io.StringIO()
with redirect_stdout(hidden), redirect_stderr(hidden):
    from kaggle.api.kaggle_api_extended import KaggleApi
    api = KaggleApi(); api.authenticate()

def step(name, act):
    with redirect_stdout(hidden), redirect_stderr(hidden):
        try:
            told = act()
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
    print(json.dumps([name, told]), flush=True)
"""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    place = served.competition(tmp_path / "data", daily=0)
    with server.serving(place) as running:
        running.protocol.accept()
        yield running


def told(said: served.Said) -> dict[str, object]:
    assert said.code == 0, said
    return dict(json.loads(line) for line in said.out.splitlines())


def test_the_client_is_the_one_that_was_measured() -> None:
    assert metadata.version("kaggle").startswith("2.2.")


def test_a_data_set_is_made_given_a_version_and_fetched_again(
    live: Live, faults: Faults, tmp_path: Path
) -> None:
    """Two files, one of them cut twice while it goes up: it is resumed, and nothing is lost."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    big = os.urandom(2_000_000)
    (folder / "big.bin").write_bytes(big)
    (folder / "read me.txt").write_text("first")
    (folder / "dataset-metadata.json").write_text(
        json.dumps({"title": "My libraries", "id": "learner/my-libraries", "licenses": [{"name": "CC0-1.0"}]})
    )  # fmt: skip
    # The status of a data set is asked first, and has to fail: then the name is free.
    faults.add("PUT /blob/", upload_cut(700_000), after=1)
    code = (
        STEPS
        + """
step("create", lambda: [(r := api.dataset_create_new("libraries", public=False, quiet=True)).status, r.error, r.url])
step("again", lambda: api.dataset_create_new("libraries", quiet=True).status)
step("status", lambda: api.dataset_status("learner/my-libraries"))
step("files", lambda: [[one.name, one.total_bytes] for one in api.dataset_list_files("learner/my-libraries").files])
os.makedirs("libraries/sub"); open("libraries/sub/x.txt", "w").write("below")
open("libraries/read me.txt", "w").write("second")
step("version", lambda: api.dataset_create_version("libraries", "more", quiet=True, dir_mode="zip").status)
step("files then", lambda: sorted(one.name for one in api.dataset_list_files("learner/my-libraries").files))
step("mine", lambda: [[one.ref, one.is_private, one.current_version_number] for one in api.dataset_list(mine=True)])
step("one", lambda: api.dataset_download_file("learner/my-libraries", "big.bin", path="down"))
step("all", lambda: api.dataset_download_files("learner/my-libraries", path="down", unzip=True))
step("none", lambda: api.dataset_status("learner/nothing-here"))
"""
    )
    found = told(served.client(live, tmp_path, code=code))
    page = f"http://127.0.0.1:{live.port}/datasets/learner/my-libraries"
    assert found["create"] == ["ok", "", page]
    assert found["status"] == "ready"
    assert found["files"] == [["read me.txt", 5], ["big.bin", len(big)]]
    assert found["version"] == "ok"
    assert found["files then"] == ["big.bin", "read me.txt", "sub.zip"]
    assert found["mine"] == [["learner/my-libraries", True, 2]]
    assert found["again"] != "ok"
    assert "HTTPError" in str(found["none"])
    assert (tmp_path / "down" / "big.bin").read_bytes() == big
    assert (tmp_path / "down" / "read me.txt").read_text() == "second"
    sent = [one for one in faults.seen if one.target.startswith("/blob/")]
    ranges = [one.headers.get("content-range", "") for one in sent]
    assert f"bytes */{len(big)}" in ranges, ranges
    part = next(one for one in ranges if one.endswith(f"{len(big) - 1}/{len(big)}"))
    assert int(part.split()[1].partition("-")[0]) == 700_000, "it began again"


def test_a_file_of_a_data_set_comes_in_any_parts(live: Live) -> None:
    begun = rpc(live, "blobs.BlobApiService/StartBlobUpload", name="a/b.txt", contentLength=10)
    path = begun.json["createUrl"].partition(f":{live.port}")[2]

    def put(data: bytes, of: str) -> tuple[int, str]:
        got = served.ask(live.port, "PUT", path, data, {"Content-Range": of})
        return got.status, got.headers.get("Range", "")

    assert put(b"", "bytes */10") == (308, "")
    assert put(b"0123", "bytes 0-3/10") == (308, "bytes=0-3")
    assert put(b"89", "bytes 8-9/10") == (308, "bytes=0-3")
    assert put(b"", "bytes */11")[0] == 400
    assert put(b"4567890", "bytes 4-10/10")[0] == 400
    made = {"ownerSlug": "learner", "slug": "parts", "title": "Parts"}
    token = begun.json["token"]
    early = rpc(live, "datasets.DatasetApiService/CreateDataset", **made, files=[{"token": token}])
    assert early.status == 400
    assert put(b"456789", "bytes 4-9/10") == (200, "")
    assert put(b"", "bytes */10") == (200, "")
    for files, status in (([{"token": token}] * 2, 400), ([{"token": token}], 200)):
        got = rpc(live, "datasets.DatasetApiService/CreateDataset", **made, files=files)
        assert got.status == status, got
    assert put(b"", "bytes */10")[0] == 404
    link = rpc(
        live, "datasets.DatasetApiService/DownloadDataset",
        ownerSlug="learner", datasetSlug="parts", fileName="a/b.txt",
    )  # fmt: skip
    got = served.ask(live.port, "GET", link.headers["Location"].partition(f":{live.port}")[2])
    assert got.body == b"0123456789"


def rpc(live: Live, method: str, /, **asked: object) -> served.Got:
    headers = {"Authorization": f"Bearer {live.protocol.key}", "Content-Type": "application/json"}
    return served.ask(live.port, "POST", f"/api/v1/{method}", json.dumps(asked).encode(), headers)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "a\\b", "C:x", "a\r\nb", "", "."])
def test_no_name_of_a_file_leads_out_of_its_data_set(live: Live, name: str) -> None:
    got = rpc(live, "blobs.BlobApiService/StartBlobUpload", name=name, contentLength=1)
    assert got.status == 400
    for slug in (name, "../people", "-", "A"):
        made = rpc(live, "datasets.DatasetApiService/CreateDataset", ownerSlug="learner", slug=slug)
        assert made.status == 400
        pushed = rpc(live, "kernels.KernelsApiService/SaveKernel", slug=f"learner/{slug}", text="x")
        assert pushed.status == 400
    assert not live.place.datasets.exists()
    assert not live.place.notebooks.exists()


def test_a_notebook_is_pushed_asked_about_and_submitted(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "notebook"
    folder.mkdir()
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": [],
        "source": ["print(1)"],
    }
    nb = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "work.ipynb").write_text(json.dumps(nb))
    about = {
        "id": "learner/my-first-model", "title": "My first model", "code_file": "work.ipynb",
        "language": "python", "kernel_type": "notebook", "is_private": True, "enable_gpu": True,
        "enable_internet": False, "competition_sources": ["people"], "dataset_sources": [], "kernel_sources": [],
    }  # fmt: skip
    (folder / "kernel-metadata.json").write_text(json.dumps(about))
    served.submission(live.place, tmp_path, "submission.csv")
    code = (
        STEPS
        + """
name = "learner/my-first-model"
step("push", lambda: [(r := api.kernels_push("notebook", None)).version_number, r.error or "", r.url])
step("status", lambda: [(r := api.kernels_status(name)).status.name, r.failure_message or ""])
step("too early", lambda: api.competition_submit_code("submission.csv", "m", "people", name, 1).ref)
step("other", lambda: api.kernels_status("learner/nothing-here"))
step("output", lambda: [os.path.basename(one) for one in api.kernels_output(name, "out")[0]])
step("pull", lambda: (api.kernels_pull(name, "pulled"), os.listdir("pulled"))[1])
step("quota", lambda: str(api.quota_view().gpu_quota.total_time_allowed))
"""
    )
    found = told(served.client(live, tmp_path, code=code))
    assert found["push"] == [1, "", f"http://127.0.0.1:{live.port}/code/learner/my-first-model"]
    assert found["status"] == ["COMPLETE", ""]
    assert "left no 'submission.csv'" in str(found["too early"])
    assert "kernels.get" in str(found["other"]) or "403" in str(found["other"])
    assert found["output"] == ["my-first-model.log"]
    assert "not run" in (tmp_path / "out" / "my-first-model.log").read_text()
    assert found["pull"] == ["my-first-model.ipynb"]
    assert found["quota"] == "1 day, 6:00:00"
    pushed = live.protocol.notebooks
    pushed.choose("my-first-model", state="running")
    follow = served.client(live, tmp_path, "kernels", "logs", "-f", "learner/my-first-model")
    assert (follow.code, "not run" in follow.out) == (0, True), follow
    pushed.choose("my-first-model", state="error", failure="out of memory")
    about = {"userName": "learner", "kernelSlug": "my-first-model"}
    asked = rpc(live, "kernels.KernelsApiService/GetKernelSessionStatus", **about).json
    assert asked == {"status": "ERROR", "failureMessage": "out of memory"}
    pushed.choose("my-first-model", state="complete", outputs=[tmp_path / "submission.csv"])
    code = (
        STEPS
        + """
name = "learner/my-first-model"
step("output", lambda: [os.path.basename(one) for one in api.kernels_output(name, "out")[0]])
step("submit", lambda: api.competition_submit_code("submission.csv", "of a notebook", "people", name, 1).ref)
"""
    )
    after = told(served.client(live, tmp_path, code=code))
    assert after == {"output": ["submission.csv", "my-first-model.log"], "submit": 50_000_001}
    same = (tmp_path / "out" / "submission.csv").read_bytes()
    assert same == (tmp_path / "submission.csv").read_bytes()
    scored = settled(live)
    assert [(one.status, one.description) for one in scored] == [("COMPLETE", "of a notebook")]


def test_how_a_notebook_did_is_chosen_at_the_terminal(
    live: Live, tmp_path: Path, run: Runner
) -> None:
    words = ("kaggle", "practice", "notebook")
    assert "No notebook" in run(*words).out
    rpc(live, "kernels.KernelsApiService/SaveKernel", slug="learner/my-model", text="{}")
    (tmp_path / "submission.csv").write_text("person_id,survived\n")
    chosen = run(*words, "my-model", "--output", tmp_path / "submission.csv", "--json")
    assert chosen.data["notebooks"] == [
        {"name": "learner/my-model", "title": "my-model", "versions": 1, "state": "complete", "outputs": ["submission.csv"]}
    ]  # fmt: skip
    assert run(*words, "learner/my-model", "--state", "running", "--dry-run").code == 0
    assert run(*words, "--json").data["notebooks"][0]["state"] == "complete"
    for wrong in (
        ["my-modle", "--state", "error"],
        ["my-model", "--state", "done"],
        ["--state", "error"],
        ["my-model", "--output", "none.csv"],
    ):
        outcome = run(*words, *wrong)
        assert outcome.code == 2, outcome
        assert "Next:" in outcome.err or "no file" in outcome.err


def settled(live: Live, count: int = 1) -> tuple[standing.Sent, ...]:
    """Wait until so many submissions are scored."""
    live.worker.idle(60)
    found = standing.standing(live.place).submissions
    assert len(found) == count
    assert all(one.status != "PENDING" for one in found)
    return found


def test_signing_in_refreshing_and_revoking(live: Live, tmp_path: Path) -> None:
    """The real client's own steps; the page on which people sign in is none of ours."""
    no_key = {"KAGGLE_USERNAME": None, "KAGGLE_KEY": None}
    signed_in = live.protocol.signed_in
    login = ("auth", "login", "--no-launch-browser")
    with served.started(live, tmp_path, *login, changes=no_key) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        page = next(line for line in program.stdout if "/oauth2/authorize?" in line).strip()
        asked = parse_qs(urlsplit(page).query)
        assert page.startswith(f"http://127.0.0.1:{live.port}/")
        print(signed_in.code(asked["code_challenge"][0]), file=program.stdin, flush=True)
        assert "logged in as [learner]" in program.stdout.read()
    assert program.returncode == 0
    kept = tmp_path / "thrown-away" / "home" / ".kaggle" / "credentials.json"
    about = json.loads(kept.read_text())
    assert kept.stat().st_mode & 0o777 == 0o600

    def listed() -> served.Said:
        return served.client(live, tmp_path, "competitions", "list", changes=no_key)

    assert "people" in listed().out
    kept.write_text(json.dumps({**about, "access_token_expiration": "2020-01-01T00:00:00+00:00"}))
    assert "people" in listed().out
    fresh = json.loads(kept.read_text())["access_token"]
    assert fresh != about["access_token"]
    assert signed_in.is_token(fresh)
    revoked = served.client(live, tmp_path, "auth", "revoke", changes=no_key)
    assert revoked.code == 0, revoked
    assert not signed_in.is_token(fresh)
    assert not kept.exists()
    assert listed().code == 1


def test_a_code_is_good_once_for_whoever_asked_for_it(live: Live) -> None:
    name = "security.OAuthService/ExchangeOAuthToken"
    good = {"codeVerifier": "v" * 50, "grantType": "authorization_code"}
    # the challenge of fifty v: what the client sends when it begins
    challenge = served.challenge_of("v" * 50)
    signed_in = live.protocol.signed_in
    for change in ({"codeVerifier": "w" * 50}, {"grantType": "password"}, {"code": "x"}):
        asked = {**good, "code": signed_in.code(challenge), **change}
        assert rpc(live, name, **asked).status == 400
    code = signed_in.code(challenge)
    got = rpc(live, name, **good, code=code)
    assert got.status == 200
    assert rpc(live, name, **good, code=code).status == 400
    short = rpc(
        live, "users.AccountService/GenerateAccessToken",
        refreshToken=got.json["refreshToken"], expirationDuration="0s",
    )  # fmt: skip
    assert not signed_in.is_token(short.json["token"])
    stolen = rpc(live, "users.AccountService/GenerateAccessToken", refreshToken="guess")
    assert stolen.status == 401


def test_eight_clients_submit_at_once_and_all_are_scored(live: Live, tmp_path: Path) -> None:
    served.submission(live.place, tmp_path)

    def submit(number: int) -> served.Said:
        home = tmp_path / f"client {number}"
        home.mkdir()
        return served.client(
            live, home, "competitions", "submit", "people", "-q", "-f", str(tmp_path / "good.csv"),
            "-m", f"of {number}",
        )  # fmt: skip

    with ThreadPoolExecutor(8) as clients:
        said = list(clients.map(submit, range(8)))
    assert [one.code for one in said] == [0] * 8, said
    scored = settled(live, 8)
    assert {one.description for one in scored} == {f"of {number}" for number in range(8)}
    assert {(one.status, one.public) for one in scored} == {("COMPLETE", scored[0].public)}


FASTKAGGLE = """
import fastkaggle
from fastkaggle import core
step("fetched", lambda: sorted(os.listdir(fastkaggle.setup_comp("people"))))
step("submitted", lambda: core.competition_submit("good.csv", "by fastkaggle", "people").ref)
step("pushed", lambda: core.push_notebook("learner", "my-first-model", "My first model", "work.ipynb", path="nb", competition="people").version_number)
step("made", lambda: core.mk_dataset("library-x", "library-x"))
open("library-x/x-1.0-py3-none-any.whl", "w").write("a wheel")
step("new version", lambda: core.push_dataset("library-x", "1.0"))
step("got", lambda: (core.get_dataset("again", "learner/library-x"), sorted(os.listdir("again")))[1])
step("there", lambda: [core.check_ds_exists(f"learner/{name}") for name in ("library-x", "library-y")])
"""


def test_fastkaggle_fetches_submits_and_makes_data_sets(live: Live, tmp_path: Path) -> None:
    pytest.importorskip("fastkaggle", reason="fastkaggle is not installed: pip install fastkaggle")
    served.submission(live.place, tmp_path)
    (tmp_path / "nb").mkdir()
    nb = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "nb" / "work.ipynb").write_text(json.dumps(nb))
    found = told(served.client(live, tmp_path, code=STEPS + FASTKAGGLE))
    assert found["fetched"] == ["sample_submission.csv", "test.csv", "train.csv"]
    assert found["submitted"] == 50_000_001
    assert found["pushed"] == 1
    assert found["made"] is None
    assert found["new version"] is None
    assert {"x-1.0-py3-none-any.whl", "empty.txt"} <= set(found["got"])  # type: ignore[call-overload]
    assert found["there"] == [True, False]
    assert settled(live)[0].status == "COMPLETE"


def test_a_limit_that_is_reached_is_told_before_and_at_the_last_step(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data", daily=1)
    with server.serving(place) as live:
        live.protocol.accept()
        served.submission(place, tmp_path)
        words = ("competitions", "submit", "people", "-f", "good.csv", "-m", "x")
        first, second = (served.client(live, tmp_path, *words) for _ in range(2))
        assert "0 submissions remaining today" in first.out
        assert second.code == 1
        assert "used your 1 submissions" in second.out + second.err


@pytest.mark.parametrize("source", ["kaggle.json", "access_token"])
def test_credentials_in_files(live: Live, faults: Faults, tmp_path: Path, source: str) -> None:
    """Written after the environment was made, which leaves none of the learner's there."""
    no_key = {"KAGGLE_USERNAME": None, "KAGGLE_KEY": None}
    folder = tmp_path / "thrown-away" / "home" / ".kaggle"
    folder.mkdir(parents=True)
    key = live.protocol.key
    text = json.dumps({"username": "learner", "key": key}) if source == "kaggle.json" else key
    (folder / source).write_text(text)
    (folder / source).chmod(0o600)
    said = served.client(live, tmp_path, "competitions", "list", "--csv", changes=no_key)
    assert (said.code, "people" in said.out) == (0, True), said
    asked = (
        ["ListCompetitions"] if source == "kaggle.json" else ["IntrospectToken", "ListCompetitions"]
    )
    assert faults.names() == asked


def test_what_the_client_makes_of_each_fault(live: Live, faults: Faults, tmp_path: Path) -> None:
    """Our own client is held to better ones; this is what it has to be better than, and that faults reach a client."""
    submit = served.submission(live.place, tmp_path).name
    for fault in (
        refused(404), refused(500), refused(503), refused(429, retry_after=1), refused(429, as_google=True),
        error_inside(403, "no"), html(), html(502), dropped(), lengthened(20),
    ):  # fmt: skip
        faults.add("/ListCompetitions", fault)
    faults.add("/ListSubmissions", wrong_enum())
    faults.add("PUT /upload/", refused(500))
    faults.add("PUT /upload/", dropped())
    faults.add("GET /files/", expired())
    code = (
        STEPS
        + f"""
for number in range(11):
    step(number, lambda: [one.title for one in api.competitions_list().competitions])
step("sent", lambda: api.competition_submit("{submit}", "m", "people", quiet=True).ref)
step("sent again", lambda: api.competition_submit("{submit}", "m", "people", quiet=True).ref)
step("submissions", lambda: len(api.competition_submissions("people")))
step("file", lambda: api.competition_download_file("people", "train.csv", path="got", quiet=True))
"""
    )
    found = told(served.client(live, tmp_path, code=code))
    kinds = [str(found[number]).partition(":")[0] for number in range(10)]  # type: ignore[index]
    http, cut = "HTTPError", "ConnectionError"
    assert kinds == [
        http,
        http,
        http,
        http,
        http,
        http,
        "JSONDecodeError",
        http,
        cut,
        "ChunkedEncodingError",
    ]
    assert found[10] == ["Practice: people"]  # type: ignore[index]
    # A lost upload is a submission with the number 0, a dropped line is survived.
    assert (found["sent"], found["sent again"]) == (0, 50_000_001)
    assert str(found["submissions"]).startswith("KeyError")
    assert str(found["file"]).startswith("HTTPError")
