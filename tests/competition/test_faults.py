"""The faults that other tests rely on are what they say, seen from the socket."""

from __future__ import annotations

import http.client
import json

import pytest

from fastcompanion.competition.practice.server import Live
from tests.competition import faults as bad
from tests.competition.faults import Faults
from tests.competition.practice import served


@pytest.fixture(scope="module")
def live(lasting: Live) -> Live:
    return lasting


def listed(live: Live) -> served.Got:
    return served.call(live.port, live.protocol.key, "ListDataFiles", competitionName=served.SLUG)


def link(live: Live) -> str:
    got = served.call(
        live.port, live.protocol.key, "DownloadDataFile",
        competitionName=served.SLUG, fileName="train.csv",
    )  # fmt: skip
    return got.headers["Location"].removeprefix(f"http://127.0.0.1:{live.port}")


def test_statuses_come_so_many_times_after_so_many_and_then_all_is_well(
    live: Live, faults: Faults
) -> None:
    faults.add("/ListDataFiles", bad.refused(429, retry_after=1), times=2, after=1)
    got = [listed(live) for _ in range(4)]
    assert [one.status for one in got] == [200, 429, 429, 200]
    assert got[1].headers["Retry-After"] == "1"
    assert got[1].json["code"] == 429
    assert faults.names() == ["ListDataFiles"] * 4
    assert faults.count("/ListDataFiles") == 4


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (bad.unauthenticated(), 401), (bad.rules_not_accepted(), 403), (bad.no_such_competition(), 403),
        (bad.refused(404), 404), (bad.refused(503), 503), (bad.refused(429, as_google=True), 429),
        (bad.error_inside(403, "no"), 200), (bad.html(), 200), (bad.html(502), 502), (bad.expired(), 400),
        (bad.wrong_enum("name"), 200), (bad.headers(X_Kaggle_ApiVersion="9.9.9"), 200),
    ],
)  # fmt: skip
def test_answers_that_are_other_ones(
    live: Live, faults: Faults, fault: bad.Make, status: int
) -> None:
    true = listed(live)
    faults.add("/ListDataFiles", fault)
    got = listed(live)
    assert got.status == status
    assert (got.body, got.headers.get("X-Kaggle-ApiVersion")) != (true.body, None)
    assert listed(live).body == true.body


def test_lines_that_are_cut(live: Live, faults: Faults) -> None:
    path = link(live)
    whole = served.ask(live.port, "GET", path)
    faults.add("GET /files/", bad.cut(1000))
    with pytest.raises(http.client.IncompleteRead) as short:
        served.ask(live.port, "GET", path)
    assert short.value.partial == whole.body[:1000]
    faults.add("GET /files/", bad.dropped())
    with pytest.raises(http.client.RemoteDisconnected):
        served.ask(live.port, "GET", path)
    faults.add("GET /files/", bad.lengthened(7))
    with pytest.raises(http.client.IncompleteRead) as short:
        served.ask(live.port, "GET", path)
    assert short.value.partial == whole.body
    faults.add("GET /files/", bad.lengthened(-7))
    assert served.ask(live.port, "GET", path).body == whole.body[:-7]
    faults.add("GET /files/", bad.without_headers("ETag", "last-modified"))
    bare = served.ask(live.port, "GET", path)
    assert bare.body == whole.body
    assert {"ETag", "Last-Modified"} <= set(whole.headers) - set(bare.headers)


def test_a_server_that_is_silent_stalls_or_is_slow(live: Live, faults: Faults) -> None:
    path = link(live)
    whole = served.ask(live.port, "GET", path).body
    faults.add("GET /files/", bad.silent(faults.over))
    faults.add("GET /files/", bad.stalled(500, faults.over))
    for part in (b"", whole[:500]):
        line = http.client.HTTPConnection("127.0.0.1", live.port, timeout=0.3)
        line.request("GET", path)
        with pytest.raises(TimeoutError):
            reply = line.getresponse()
            assert reply.read(len(part)) == part
            reply.read()
        line.close()
    faults.add("GET /files/", bad.slow(0.001, faults.over, block=256))
    assert served.ask(live.port, "GET", path).body == whole


def test_what_was_done_though_the_answer_was_lost(live: Live, faults: Faults) -> None:
    data = b"person_id,survived\n"
    before = len(live.journal.state().submissions)
    faults.add("/CreateSubmission", bad.dropped(done=True))
    with pytest.raises(http.client.RemoteDisconnected):
        served.send(live.port, live.protocol.key, data)
    assert len(live.journal.state().submissions) == before + 1
    faults.add("/CreateSubmission", bad.dropped())
    with pytest.raises(http.client.RemoteDisconnected):
        served.send(live.port, live.protocol.key, data)
    assert len(live.journal.state().submissions) == before + 1
    faults.add("PUT /upload/", bad.upload_cut(5))
    assert served.send(live.port, live.protocol.key, data).status == 503
    assert served.send(live.port, live.protocol.key, data).status == 200


def test_fields_are_changed_wherever_they_stand(live: Live, faults: Faults) -> None:
    faults.add("/ListDataFiles", bad.fields(totalBytes=-1))
    assert {one["totalBytes"] for one in json.loads(listed(live).body)["files"]} == {-1}
