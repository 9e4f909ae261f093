"""The hidden labels are out of reach of any request: everything the server knows is asked for, and thousands of things it does not."""

from __future__ import annotations

import json
import random
import socket
import zipfile
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import quote

import pytest

from fastcompanion.competition.practice import (
    datasets,
    notebooks,
    pages,
    protocol,
    server,
    signing_in,
    standing,
)
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.server import Live
from tests.competition.practice import served

METHODS = sorted({*protocol._METHODS, *datasets.METHODS, *notebooks.METHODS, *signing_in.METHODS})
#: names under which somebody may look for what is none of theirs
WANTED = (
    "solution.csv", "../solution.csv", "..\\solution.csv", "/etc/passwd", "journal.jsonl", "../journal.jsonl",
    "competition.json", "server.json", "../public/../solution.csv", "-/datasets/../../solution.csv/1/x",
    "public/train.csv", "", "\x00", "people", "learner/people", "-",
)  # fmt: skip
#: fields of every request of the protocol that can hold a name
FIELDS = (
    "competitionName", "fileName", "ownerSlug", "datasetSlug", "slug", "userName", "kernelSlug", "name", "token",
    "blobFileTokens", "search", "title", "kernelOwner", "group", "code", "refreshToken", "body", "files",
)  # fmt: skip


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTCOMPANION_HOME", str(tmp_path_factory.mktemp("home")))
        place = served.competition(tmp_path_factory.mktemp("data"), daily=0)
        with server.serving(place) as running:
            running.protocol.accept()
            data = served.submission(place, tmp_path_factory.mktemp("mine")).read_bytes()
            assert served.send(running.port, running.protocol.key, data).status == 200
            assert running.worker.idle(60)
            yield running


class Secrets:
    """What no answer may hold before the end."""

    def __init__(self, live: Live) -> None:
        self.rows = [line.encode() for line in live.place.solution.read_text().splitlines()[1:]]
        told = places.read(live.place)
        scores = [one.private for one in told.opponents]
        scores += [
            one.private for one in live.journal.state().submissions if one.private is not None
        ]
        public = {f"{one.public:.5f}" for one in told.opponents}
        public |= {f"{one.public or 0:.5f}" for one in live.journal.state().submissions}
        self.scores = [f"{one:.5f}".encode() for one in scores if f"{one:.5f}" not in public]
        assert len(self.rows) == served.HIDDEN
        assert self.scores

    def are_in(self, data: bytes) -> bool:
        told = b"Private" in data or b"Usage" in data
        return told or any(one in data for one in (*self.rows, *self.scores))


def test_every_method_with_every_name_in_every_field(live: Live) -> None:
    secrets = Secrets(live)
    head = {"Authorization": f"Bearer {live.protocol.key}", "Content-Type": "application/json"}
    answers = set()
    for method in METHODS:
        for wanted in WANTED:
            for own in (
                {},
                {"competitionName": served.SLUG},
                {"ownerSlug": "learner", "userName": "learner"},
            ):
                asked = {**dict.fromkeys(FIELDS, wanted), "files": [{"token": wanted}], **own}
                if "SaveKernel" in method or "Create" in method:
                    asked |= {"slug": f"learner/{wanted}"}
                body = json.dumps(asked).encode()
                got = served.ask(live.port, "POST", f"/api/v1/{method}", body, head)
                answers.add(got.status)
                assert got.status in (200, 302, 400, 403, 404, 401), (method, asked, got)
                assert not secrets.are_in(got.body), (method, asked)
                if got.status == 302:
                    follow(live, got.headers["Location"], secrets)
    assert {200, 400, 403, 404} <= answers


def follow(live: Live, address: str, secrets: Secrets) -> None:
    got = served.ask(live.port, "GET", address.partition(f":{live.port}")[2])
    data = got.body
    if data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            assert sorted(archive.namelist()) == sorted(places.FILES)
            data = b"".join(archive.read(name) for name in archive.namelist())
    assert not secrets.are_in(data), address


def test_every_file_and_page_that_is_served(live: Live) -> None:
    secrets = Secrets(live)
    for name in (*live.protocol.files, protocol.ARCHIVE):
        follow(live, live.protocol._link(name), secrets)
    for page in pages.PAGES:
        got = served.ask(live.port, "GET", f"/competitions/{served.SLUG}{page}")
        assert got.status == 200
        assert not secrets.are_in(got.body), page
        assert live.protocol.key.encode() not in got.body
    kept = {path.relative_to(live.place.folder).as_posix() for path in live.place.folder.rglob("*")}
    for name in kept - {protocol.ARCHIVE}:
        for path in (
            f"/{name}",
            f"/files/{served.SLUG}/{name}",
            f"/files/{name}",
            f"/competitions/{name}",
        ):
            sig = live.protocol.signed(name)
            for address in (path, f"{path}?sig={sig}", f"{quote(path, safe='')}?sig={sig}"):
                got = served.ask(live.port, "GET", address)
                assert got.status in (302, 403, 404), (address, got.status)
                assert not secrets.are_in(got.body)


def test_thousands_of_made_up_requests(live: Live) -> None:
    """Pieces that mean something, put together by chance, as raw bytes on one line after the other."""
    secrets, chance = Secrets(live), random.Random(11)
    good = live.protocol.signed("train.csv")
    pieces = [
        "/", "/files/", "people", "-", "datasets", "notebooks", "..", "%2e%2e", "%2f", "\\", "solution.csv", "?sig=",
        good, live.protocol.signed("solution.csv"), "&", "#", "train.csv", ";", "%00", "archive.zip", "/upload/", "/blob/",
        "/api/v1/", "competitions.CompetitionApiService", "/DownloadDataFile", "*", "~", "public", "journal.jsonl", "@",
        "/-/alive", "/competitions/", "rules", "leaderboard", "http://127.0.0.1", "//", "\u00e9", "%c0%ae", "1", "people/",
    ]  # fmt: skip
    statuses = set()
    for _ in range(1500):
        path = "/" + "".join(chance.choices(pieces, k=chance.randint(1, 7)))
        method = chance.choice(("GET", "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"))
        got = raw(live.port, method, path.encode("utf-8"))
        statuses.add(int(got.split(b" ", 2)[1]))
        assert not secrets.are_in(got), (method, path)
        assert live.protocol.key.encode() not in got
    assert statuses <= {200, 302, 303, 400, 401, 403, 404, 405, 414, 501}, statuses
    assert 200 in statuses


def raw(port: int, method: str, path: bytes) -> bytes:
    head = (
        f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(method.encode() + b" " + path + head.encode())
        got = b""
        while block := line.recv(65536):
            got += block
    return got


def test_no_data_set_and_no_notebook_can_be_made_of_the_servers_own_files(live: Live) -> None:
    """A name that is stored with a file is never where it is stored."""
    head = {"Authorization": f"Bearer {live.protocol.key}"}

    def rpc(method: str, /, **asked: object) -> served.Got:
        return served.ask(live.port, "POST", f"/api/v1/{method}", json.dumps(asked).encode(), head)

    begun = rpc("blobs.BlobApiService/StartBlobUpload", name="solution.csv", contentLength=4)
    path = begun.json["createUrl"].partition(f":{live.port}")[2]
    assert served.ask(live.port, "PUT", path, b"mine").status == 200
    service = "datasets.DatasetApiService"
    rpc(
        f"{service}/CreateDataset",
        ownerSlug="learner",
        slug="mine",
        files=[{"token": begun.json["token"]}],
    )
    link = rpc(
        f"{service}/DownloadDataset",
        ownerSlug="learner",
        datasetSlug="mine",
        fileName="solution.csv",
    )
    got = served.ask(live.port, "GET", link.headers["Location"].partition(f":{live.port}")[2])
    assert got.body == b"mine"
    assert live.place.solution.read_bytes() != b"mine"


def test_hostile_submissions_are_errors_and_the_next_one_is_scored(live: Live) -> None:
    sample = (live.place.public / places.SAMPLE).read_bytes()
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../solution.csv", b"0" * (64 << 20))
    before = len(live.journal.state().submissions)
    solution = live.place.solution.read_bytes()
    for data in (
        bomb.getvalue(), b"7" * (1 << 20), b"\x00" * 1000, b"person_id,survived\r\nSet-Cookie: a=b\r\n",
        b'"' * 1000, b"=cmd|' /C calc'!A0,1\n" * 200, sample.replace(b"\n", b"\r", 3), b"\xff\xfe" + sample,
    ):  # fmt: skip
        assert served.send(live.port, live.protocol.key, data).status == 200
    assert served.send(live.port, live.protocol.key, sample).status == 200
    assert live.worker.idle(60)
    *odd, last = live.journal.state().submissions[before:]
    assert {one.status for one in odd} == {"ERROR"}
    assert all(0 < len(one.error) <= 500 and one.error.isprintable() for one in odd), odd
    assert last.status == "COMPLETE"
    assert live.place.solution.read_bytes() == solution
    assert not (live.place.folder.parent / "solution.csv").exists()


def test_a_perfect_score_is_doubted(live: Live) -> None:
    rows = [line.split(",")[:2] for line in live.place.solution.read_text().splitlines()[1:]]
    text = "\n".join(["person_id,survived", *map(",".join, rows)]) + "\n"
    assert not [one for one in standing.standing(live.place).submissions if one.note]
    assert served.send(live.port, live.protocol.key, text.encode()).status == 200
    assert live.worker.idle(60)
    assert live.journal.state().submissions[-1].public == 1.0
    page = served.ask(live.port, "GET", f"/competitions/{served.SLUG}/leaderboard").body
    assert b"A perfect score is seldom one" in page
    noted = [one.ref for one in standing.standing(live.place).submissions if one.note]
    assert noted == [live.journal.state().submissions[-1].ref]
