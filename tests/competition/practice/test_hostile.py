"""Requests that mean harm: nothing but the three files, the archive and the pages is ever given."""

from __future__ import annotations

import base64
import json
import socket
import urllib.parse
from pathlib import Path

import pytest

from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.server import Live
from tests.competition.practice import served

SERVICE = "/api/v1/competitions.CompetitionApiService"


@pytest.fixture(scope="module")
def live(lasting: Live) -> Live:
    return lasting


def raw(port: int, data: bytes, *, then_close: bool = True) -> bytes:
    """Send bytes as they are and read all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            line.sendall(data)
            if then_close:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all was sent
        got = b""
        try:
            while block := line.recv(65536):
                got += block
        except OSError:
            pass
        return got


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def labels(live: Live) -> list[str]:
    """The lines of the solution, of which no answer may hold one."""
    return live.place.solution.read_text().splitlines()[1:]


NAMES = (
    "solution.csv",
    "../solution.csv",
    "..%2fsolution.csv",
    "%2e%2e/solution.csv",
    "..%5csolution.csv",
    "%252e%252e%252fsolution.csv",
    "....//solution.csv",
    "./../solution.csv",
    "public/../../solution.csv",
    "train.csv/../../solution.csv",
    "train.csv%00/../../solution.csv",
    "SOLUTION.CSV",
    "solution.csv%20",
    "server.json",
    "../server.json",
    "journal.jsonl",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:%5cWindows%5cwin.ini",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_has_no_address(live: Live, name: str) -> None:
    good = live.protocol.signed("train.csv")
    for path in (
        f"/files/{served.SLUG}/{name}?sig={good}",
        f"/files/{name}?sig={good}",
        f"/files/{served.SLUG}/{name}?sig={live.protocol.signed(urllib.parse.unquote(name))}",
        f"/competitions/{served.SLUG}/{name}",
        f"/{name}",
        f"/upload/{name}",
    ):
        for method in ("GET", "PUT"):
            got = served.ask(live.port, method, path, b"x" if method == "PUT" else None)
            assert got.status in (302, 403, 404), (path, got)
            assert not any(line.encode() in got.body for line in labels(live)[:20])
            assert live.protocol.key.encode() not in got.body
    asked = served.call(
        live.port, live.protocol.key, "DownloadDataFile",
        competitionName=served.SLUG, fileName=urllib.parse.unquote(name),
    )  # fmt: skip
    assert asked.status == 404
    assert "Location" not in asked.headers


def test_no_answer_holds_a_label_or_the_key(live: Live) -> None:
    """Everything that can be asked for is asked for; the ids of public files say no label."""
    hidden = {line.rsplit(",", 1)[0] for line in labels(live)}
    seen = b""
    for method in (
        "GetCompetition",
        "ListDataFiles",
        "ListSubmissions",
        "GetLeaderboard",
        "GetSubmissionLimits",
    ):
        seen += served.call(live.port, live.protocol.key, method, competitionName=served.SLUG).body
    for page in ("", "/rules", "/leaderboard", "/nothing"):
        seen += served.ask(live.port, "GET", f"/competitions/{served.SLUG}{page}").body
    assert live.protocol.key.encode() not in seen
    test = (live.place.public / "test.csv").read_text().splitlines()
    assert not hidden & set(test)
    assert not hidden & {",".join(line.split(",")[::3]) for line in test}
    trained = {row["person_id"] for row in served.rows_of(live.place.public / "train.csv")}
    assert not trained & {line.split(",")[0] for line in hidden}
    assert "survived" not in test[0]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost",
        "",
        "127.0.0.1.evil.example:{port}",
        "[::1]:{port}",
    ],
)
def test_only_this_machines_name_and_port_is_a_host(live: Live, host: str) -> None:
    named = host.format(port=live.port)
    got = raw(
        live.port,
        f"GET /competitions/{served.SLUG} HTTP/1.1\r\nHost: {named}\r\nConnection: close\r\n\r\n".encode(),
    )
    assert status(got) == 403
    assert b"Survived" not in got


def test_two_hosts_and_no_host_and_the_addresses_of_others_are_refused(live: Live) -> None:
    own = f"127.0.0.1:{live.port}"
    for head in (
        f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n",
        "GET / HTTP/1.1\r\n",
        f"GET http://evil.example/ HTTP/1.1\r\nHost: {own}\r\n",
        "GET //evil.example/ HTTP/1.1\r\nHost: evil.example\r\n",
        f"CONNECT api.kaggle.com:443 HTTP/1.1\r\nHost: {own}\r\n",
        f"POST https://api.kaggle.com{SERVICE}/ListCompetitions HTTP/1.1\r\nHost: {own}\r\nContent-Length: 2\r\n",
    ):
        assert status(raw(live.port, f"{head}Connection: close\r\n\r\n{{}}".encode())) == 403, head


def test_bodies_that_are_too_large_are_refused_before_they_are_read(live: Live) -> None:
    own = f"Host: 127.0.0.1:{live.port}\r\n"
    huge = f"POST {SERVICE}/ListCompetitions HTTP/1.1\r\n{own}Content-Length: 99999999999\r\n\r\n"
    assert status(raw(live.port, huge.encode(), then_close=False)) == 413
    chunk = f"POST {SERVICE}/ListCompetitions HTTP/1.1\r\n{own}Transfer-Encoding: chunked\r\n\r\nffffffff\r\nx"
    assert status(raw(live.port, chunk.encode(), then_close=False)) == 413
    announced = served.call(
        live.port, live.protocol.key, "StartSubmissionUpload",
        competitionName=served.SLUG, contentLength=10**12, fileName="x.csv",
    )  # fmt: skip
    assert announced.status == 413
    small = served.call(
        live.port, live.protocol.key, "StartSubmissionUpload",
        competitionName=served.SLUG, contentLength=10, fileName="x.csv",
    )  # fmt: skip
    path = small.json["createUrl"].partition(f":{live.port}")[2]
    put = f"PUT {path} HTTP/1.1\r\n{own}Content-Length: 2000000\r\n\r\n".encode()
    assert status(raw(live.port, put + b"y" * 1000, then_close=False)) == 413
    broken = put.replace(b"2000000", b"10") + b"y" * 3
    assert raw(live.port, broken) == b""
    assert served.ask(live.port, "PUT", path, b"y" * 9).status == 400
    token = small.json["token"]
    counted = served.call(
        live.port,
        live.protocol.key,
        "CreateSubmission",
        competitionName=served.SLUG,
        blobFileTokens=token,
    )
    assert counted.status == 400
    assert not live.journal.state().submissions
    assert not list(live.place.uploads.glob("*"))


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: -1", "Content-Length: 0x10", "Content-Length: 1e3", "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
    ],
)  # fmt: skip
def test_lengths_that_can_be_read_in_two_ways_are_refused(live: Live, head: str) -> None:
    text = f"POST {SERVICE}/ListCompetitions HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n{head}\r\n\r\n{{}}"
    got = raw(live.port, text.encode())
    assert status(got) == 400
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in got


def test_what_is_no_call_is_an_answer_too(live: Live) -> None:
    auth = {"Authorization": f"Bearer {live.protocol.key}"}
    for body in (b"[]", b"{", b"\xff", b"[" * 200_000, b"null", b'"x"'):
        assert (
            served.ask(live.port, "POST", f"{SERVICE}/ListDataFiles", body, auth).status == 400
        ), body[:9]
    for wrong in (
        {"competitionName": ["people"]},
        {"competitionName": served.SLUG, "pageToken": "-1"},
    ):
        assert served.call(live.port, live.protocol.key, "ListDataFiles", **wrong).status == 400
    odd = served.call(live.port, live.protocol.key, "ListDataFiles", competitionName="\ud800")
    assert odd.status == 403
    for name in ("__class__", "nothing", "Accept"):
        assert (
            served.call(live.port, live.protocol.key, name, competitionName=served.SLUG).status
            == 404
        )
    assert served.ask(live.port, "GET", "/" + "a" * 5000).status == 414
    assert served.ask(live.port, "DELETE", "/files").status == 404
    token = json.dumps({"token": "\udfff"}).encode()
    introspected = served.ask(
        live.port, "POST", "/api/v1/security.OAuthService/IntrospectToken", token
    )
    assert introspected.json == {"active": False}


def test_who_has_not_the_key_gets_nothing(live: Live) -> None:
    basic = base64.b64encode(b"learner:wrong").decode()
    other = base64.b64encode(f"admin:{live.protocol.key}".encode()).decode()
    for given in (
        "",
        "Bearer x",
        f"Basic {basic}",
        f"Basic {other}",
        "Basic !!!",
        f"bearer {live.protocol.key}",
        "Basic /w==",
    ):
        got = served.ask(
            live.port, "POST", f"{SERVICE}/ListCompetitions", b"{}", {"Authorization": given}
        )
        assert (got.status, got.json["code"]) == (401, 401), given
    right = base64.b64encode(f"learner:{live.protocol.key}".encode()).decode()
    got = served.ask(
        live.port, "POST", f"{SERVICE}/ListCompetitions", b"{}", {"Authorization": f"Basic {right}"}
    )
    assert got.status == 200


def test_names_and_words_of_a_submission_reach_no_header_and_no_page_as_html(
    live: Live, tmp_path: Path
) -> None:
    name = "../../x\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>.csv"
    data = served.submission(live.place, tmp_path).read_bytes()
    sent = served.send(live.port, live.protocol.key, data, name)
    assert sent.status == 200
    assert "Set-Cookie" not in sent.headers
    page = served.ask(live.port, "GET", f"/competitions/{served.SLUG}/leaderboard")
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    kept = live.journal.state().submissions[-1]
    assert "\r" not in kept.file
    assert live.place.submission(kept.ref).read_bytes() == data
    assert {path.name for path in live.place.folder.parent.iterdir()} == {served.SLUG}


def test_a_link_is_for_one_file_of_one_start(live: Live) -> None:
    got = served.ask(
        live.port, "GET", f"/files/{served.SLUG}/test.csv?sig={live.protocol.signed('train.csv')}"
    )
    assert got.status == 403
    assert served.ask(live.port, "GET", f"/files/{served.SLUG}/train.csv").status == 403


def test_no_other_page_can_accept_the_rules(tmp_path: Path) -> None:
    with server.serving(served.competition(tmp_path), scoring=False) as fresh:
        page = f"/competitions/{served.SLUG}/rules"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        own = f"token={fresh.protocol.signed('rules')}".encode()
        assert served.ask(fresh.port, "POST", page, b"token=0", kind).status == 403
        elsewhere = {**kind, "Origin": "http://evil.example"}
        assert served.ask(fresh.port, "POST", page, own, elsewhere).status == 403
        assert not fresh.journal.state().accepted
        here = {**kind, "Origin": f"http://127.0.0.1:{fresh.port}"}
        assert served.ask(fresh.port, "POST", page, own, here).status == 303
        assert fresh.journal.state().accepted


def test_it_listens_on_this_machine_alone(live: Live) -> None:
    with socket.socket() as line:
        line.bind(("127.0.0.2", live.port))
    assert live.place.solution.stat().st_mode & 0o777 == 0o600
    assert live.place.running.stat().st_mode & 0o777 == 0o600
