"""The unmodified kaggle client against the server of a practice competition, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastcompanion.competition.practice import server, standing
from fastcompanion.competition.practice.answering import Reply, Request
from fastcompanion.competition.practice.server import Live
from tests.competition.practice import served

# What the learner's own programs do with the client: every step prints one line of JSON.
STEPS = """
import json, os, sys, io, time
from contextlib import redirect_stdout, redirect_stderr
hidden = io.StringIO()
with redirect_stdout(hidden), redirect_stderr(hidden):
    from kaggle.api.kaggle_api_extended import KaggleApi
    api = KaggleApi(); api.authenticate()

def step(name, act):
    try:
        with redirect_stdout(hidden), redirect_stderr(hidden):
            told = act()
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    print(json.dumps([name, told]), flush=True)

def sent(name):
    answer = api.competition_submit(name, "by sex", "people", quiet=True)
    return [answer.ref, answer.message]
"""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with server.serving(served.competition(tmp_path / "data"), scoring=False) as running:
        yield running


def _begin_to_score(live: Live) -> Callable[[Request], Reply | None]:
    """Start the worker when the client asks for the list of files."""

    def seen(request: Request) -> Reply | None:
        if request.target.endswith("/ListDataFiles"):
            live.worker.start()
        return None

    return seen


def told(said: served.Said) -> dict[str, object]:
    assert said.code == 0, said
    return dict(json.loads(line) for line in said.out.splitlines())


def test_list_files_and_the_rules_before_a_download(live: Live, tmp_path: Path) -> None:
    listed = served.client(live, tmp_path, "competitions", "list", "--csv")
    assert listed.code == 0
    assert f"/competitions/{served.SLUG}" in listed.out
    refused = served.client(live, tmp_path, "competitions", "download", served.SLUG)
    assert refused.code == 1
    assert "You must accept this competition's rules" in refused.out + refused.err
    assert f"{live.url}/rules" in refused.out + refused.err
    assert served.accept_on_page(live.port).status == 303
    assert (
        "You have accepted"
        in served.ask(live.port, "GET", f"/competitions/{served.SLUG}/rules").body.decode()
    )
    taken = served.client(live, tmp_path, "competitions", "download", served.SLUG)
    assert taken.code == 0, taken
    assert (tmp_path / "people.zip").read_bytes() == live.place.archive.read_bytes()


def test_downloads_of_one_file_are_resumed_and_skipped(live: Live, tmp_path: Path) -> None:
    live.protocol.accept()
    whole = (live.place.public / "train.csv").read_bytes()
    asked: list[tuple[str, str]] = []

    def noted(request: Request) -> Reply | None:
        if request.target.startswith("/files/"):
            asked.append((request.method, request.headers.get("range", "")))
        return None

    live.answering.intercept = noted
    code = (
        STEPS
        + """
get = lambda: api.competition_download_file("people", "train.csv", path=".", quiet=True)
step("files", lambda: [one.name for one in api.competition_list_files("people").files])
step("first", get)
step("again", get)
data = open("train.csv", "rb").read()
open("train.csv", "wb").write(data[:1000])
open("train.csv.kaggle-partial", "w").write(json.dumps({"validator": os.environ["TAG"], "size": len(data)}))
step("resumed", get)
step("missing", lambda: api.competition_download_file("people", "../solution.csv", path="."))
"""
    )
    link = served.call(
        live.port, live.protocol.key, "DownloadDataFile",
        competitionName="people", fileName="train.csv",
    )  # fmt: skip
    head = served.ask(live.port, "HEAD", link.headers["Location"].partition(f":{live.port}")[2])
    found = told(served.client(live, tmp_path, code=code, changes={"TAG": head.headers["ETag"]}))
    assert found["files"] == ["sample_submission.csv", "test.csv", "train.csv"]
    assert (found["first"], found["again"], found["resumed"]) == (None, None, None)
    assert (tmp_path / "train.csv").read_bytes() == whole
    assert "bytes=1000-" in [part for _, part in asked]
    assert "Not Found" in str(found["missing"])


def test_a_part_of_a_file_is_given_while_it_is_the_same_file(live: Live) -> None:
    live.protocol.accept()
    link = served.call(
        live.port,
        live.protocol.key,
        "DownloadDataFile",
        competitionName="people",
        fileName="train.csv",
    )
    assert link.status == 302
    path = link.headers["Location"].removeprefix(f"http://127.0.0.1:{live.port}")
    whole = served.ask(live.port, "GET", path)
    data = (live.place.public / "train.csv").read_bytes()
    assert whole.body == data
    tag = whole.headers["ETag"]
    part = served.ask(live.port, "GET", path, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (part.status, part.body) == (206, data[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(data) - 1}/{len(data)}"
    few = served.ask(live.port, "GET", path, headers={"Range": "bytes=5-9"})
    assert (few.status, few.body) == (206, data[5:10])
    beyond = served.ask(live.port, "GET", path, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
    other = served.ask(live.port, "GET", path, headers={"Range": "bytes=5-9", "If-Range": '"x"'})
    assert (other.status, other.body) == (200, data)
    head = served.ask(live.port, "HEAD", path)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(data)))


def test_submissions_wait_are_scored_and_counted(live: Live, tmp_path: Path) -> None:
    live.protocol.accept()
    served.submission(live.place, tmp_path)
    (tmp_path / "bad.csv").write_text("person_id,survived\n1,0\n")
    code = (
        STEPS
        + """
shown = lambda: [[s.ref, str(s.status).split(".")[-1], s.public_score, s.private_score, s.error_description] for s in api.competition_submissions("people")]
limits = lambda: [(a.num_today, a.num_allowed_now) for a in [api.competition_get_submission_limits("people")]][0]
step("good", lambda: sent("good.csv"))
step("bad", lambda: sent("bad.csv"))
step("empty", lambda: (open("empty.csv", "w").close(), sent("empty.csv"))[1])
step("waiting", shown)
step("limits", limits)
step("begin to score", lambda: len(api.competition_list_files("people").files))
until = time.monotonic() + 60
while time.monotonic() < until and any(
    str(one.status).endswith("PENDING") for one in api.competition_submissions("people")
):
    time.sleep(0.05)
step("scored", shown)
step("board", lambda: [[r.team_name, r.score] for r in api.competition_leaderboard_view("people")])
step("table", lambda: api.competition_leaderboard_download("people", "board", quiet=True))
step("fourth", lambda: sent("good.csv"))
step("fifth", lambda: sent("good.csv"))
step("sixth", lambda: sent("good.csv"))
step("of another", lambda: api.competition_submissions("titanic"))
"""
    )
    live.answering.intercept = _begin_to_score(live)
    found = told(served.client(live, tmp_path, code=code))
    assert found["good"] == [50_000_001, "Successfully submitted to Practice: people"]
    waiting = found["waiting"]
    assert isinstance(waiting, list)
    assert [one[:2] for one in waiting] == [
        [50_000_003, "PENDING"],
        [50_000_002, "PENDING"],
        [50_000_001, "PENDING"],
    ]
    assert found["limits"] == [3, 2]
    scored = found["scored"]
    assert isinstance(scored, list)
    empty, bad, good = scored
    assert good[1] == "COMPLETE"
    assert 0.6 < float(good[2]) <= 1
    assert good[3] == ""
    assert (bad[1], bad[2]) == ("ERROR", "")
    assert "rows" in bad[4]
    assert (empty[1], bool(empty[4])) == ("ERROR", True)
    board = found["board"]
    assert isinstance(board, list)
    assert {name for name, _ in board} == {"you", "naive: majority", "naive: one rule: sex"}
    assert (tmp_path / "board" / "people.zip").exists()
    assert "used your 5 submissions" in str(found["sixth"])
    assert "competitions.participate" in str(found["of another"])
    assert len(live.journal.state().submissions) == 5
    stood = standing.standing(live.place)
    assert {one.private for one in stood.submissions} == {None}
    ended = standing.end(live.place)
    assert ended.submissions[0].private is not None
    late = served.send(live.port, live.protocol.key, b"person_id,survived\n")
    assert (late.status, late.json["code"]) == (400, 400)
    assert "has ended" in late.json["message"]


def test_a_token_is_asked_about_and_a_wrong_key_is_refused(live: Live, tmp_path: Path) -> None:
    seen: list[str] = []

    def noted(request: Request) -> Reply | None:
        seen.append(request.target.rpartition("/")[2])
        return None

    live.answering.intercept = noted
    token = {"KAGGLE_API_TOKEN": live.protocol.key, "KAGGLE_USERNAME": None, "KAGGLE_KEY": None}
    said = served.client(live, tmp_path, "competitions", "files", served.SLUG, changes=token)
    assert (said.code, "train.csv" in said.out) == (0, True), said
    assert seen == ["IntrospectToken", "ListDataFiles"]
    wrong = served.client(live, tmp_path, "competitions", "list", changes={"KAGGLE_KEY": "wrong"})
    assert (wrong.code, "train.csv" in wrong.out) == (1, False), wrong
