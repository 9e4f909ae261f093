"""Whatever goes wrong on the way: an error with its cause and a next command, and no harm done."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import Exit
from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError
from tests.competition import faults as make
from tests.competition.faults import ALWAYS, Faults, Make
from tests.competition.practice import served
from tests.competition.site import sites
from tests.competition.site.recorder import Answer, Recorder, error
from tests.waiting import nobody

SLUG = served.SLUG


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def site() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


def failed(act: Callable[[], object]) -> SiteError:
    with pytest.raises(SiteError) as caught:
        act()
    said = caught.value
    assert said.message
    assert said.hint
    assert "Traceback" not in said.message
    return said


TABLE: dict[str, tuple[Make, str, Exit, str, int]] = {
    "401": (make.unauthenticated(), "credential", Exit.MISSING, "the practice server", 1),
    "rules": (make.rules_not_accepted(), "rules", Exit.NOT_SET_UP, "rules", 1),
    "slug": (make.no_such_competition(), "denied", Exit.USAGE, "no such competition", 1),
    "403": (make.refused(403, "no"), "denied", Exit.FAILED, "does not allow", 1),
    "404": (make.refused(404, "Not Found"), "missing", Exit.USAGE, "does not know", 1),
    "400": (make.refused(400, "Submission not allowed"), "refused", Exit.FAILED, "not allowed", 1),
    "429": (make.refused(429, retry_after=0), "limit", Exit.MISSING, "too many requests", 3),
    "429 of google": (make.refused(429, "Too many", as_google=True), "limit", Exit.MISSING, "Too many", 3),
    "429 for long": (make.refused(429, retry_after=3600), "limit", Exit.MISSING, "3600 s", 1),
    "500": (make.refused(500), "server", Exit.MISSING, "fault of its own", 3),
    "503": (make.refused(503, retry_after=0), "server", Exit.MISSING, "503", 3),
    "inside": (make.error_inside(403, "You must accept this competition's rules"), "rules", Exit.NOT_SET_UP, "rules", 1),
    "captive portal": (make.html(), "answer", Exit.MISSING, "a web page", 1),
    "page of a proxy": (make.html(403), "answer", Exit.MISSING, "a web page with status 403", 1),
    "page of a server": (make.html(502), "server", Exit.MISSING, "502", 3),
    "dropped": (make.dropped(), "cut", Exit.MISSING, "was cut", 3),
    "cut": (make.cut(5), "cut", Exit.MISSING, "was cut", 3),
    "short": (make.lengthened(10), "cut", Exit.MISSING, "was cut", 3),
}  # fmt: skip


@pytest.mark.parametrize("which", list(TABLE))
def test_each_fault_has_its_words_its_code_and_its_tries(which: str, faults: Faults) -> None:
    fault, kind, code, words, tries = TABLE[which]
    faults.add("/GetSubmissionLimits", fault, times=ALWAYS)
    client = sites.practice()
    said = failed(lambda: client.limits(SLUG))
    assert (said.kind, said.code) == (kind, code)
    assert words in said.message
    assert faults.count("/GetSubmissionLimits") == tries


@pytest.mark.parametrize(
    "fault",
    [
        make.refused(429, retry_after=0), make.refused(500), make.refused(502), make.dropped(),
        make.cut(3), make.html(503), make.refused(503, retry_after="Sat, 21 Nov 2026 06:30:43 GMT"),
    ],
)  # fmt: skip
def test_what_passes_is_tried_again(fault: Make, faults: Faults) -> None:
    faults.add("/GetSubmissionLimits", fault, times=2)
    assert sites.practice().limits(SLUG).left == 5
    assert faults.count("/GetSubmissionLimits") == 3


@pytest.mark.parametrize(
    "after", ["\xb2", "-1", "soon", "9" * 30, "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"]
)
def test_a_retry_after_that_is_none_is_left_out(after: str, faults: Faults) -> None:
    faults.add("/GetSubmissionLimits", make.refused(503, retry_after=after), times=2)
    assert sites.practice().limits(SLUG).left == 5


def test_retry_after_is_waited_for_and_told(faults: Faults) -> None:
    from contextlib import AbstractContextManager

    from fastcompanion.base.reporter import SILENT, Task
    from fastcompanion.competition.site import client as clients

    class Notes:
        def __init__(self) -> None:
            self.texts: list[str] = []

        def note(self, text: str) -> None:
            self.texts.append(text)

        def task(self, label: str, total: int | None = None) -> AbstractContextManager[Task]:
            return SILENT.task(label, total)

    notes = Notes()
    faults.add("/GetSubmissionLimits", make.refused(429, retry_after=1))
    begun = time.monotonic()
    clients.connect(sites.TARGET, patience=sites.QUICK, reporter=notes).limits(SLUG)
    assert time.monotonic() - begun >= 1
    assert notes.texts == [
        "the practice server asks us to wait for 1 s: too many requests were sent: made to fail with 429; another try in 1 s"
    ]


def test_silence_ends_and_is_tried_once_more(faults: Faults) -> None:
    faults.add("/GetSubmissionLimits", make.silent(faults.over), times=ALWAYS)
    begun = time.monotonic()
    said = failed(lambda: sites.practice(sites.IMPATIENT).limits(SLUG))
    assert (said.kind, faults.count("/GetSubmissionLimits")) == ("silent", 2)
    assert "0.5 s" in said.message
    assert time.monotonic() - begun < 20


def test_a_drop_at_a_time_ends_too(faults: Faults) -> None:
    """Each byte comes within the time-out; the whole answer does not."""
    from dataclasses import replace

    faults.add("/ListDataFiles", make.slow(0.1, faults.over, block=1), times=ALWAYS)
    patience = replace(sites.QUICK, whole=0.5, tries=1)
    begun = time.monotonic()
    said = failed(lambda: sites.practice(patience).files(SLUG))
    assert said.kind in ("silent", "cut")
    assert time.monotonic() - begun < 20


def test_an_endless_answer_is_not_taken_into_memory(site: Recorder) -> None:
    site.answers["ListDataFiles"] = Answer(b" " * (65 << 20), kind="application/json")
    said = failed(lambda: sites.real(site.url).files("x"))
    assert "longer than 64 MiB" in said.message


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", kind="application/json"), Answer(b"{", kind="application/json"),
        Answer([1]), Answer(b"\xff\xfe", kind="application/json"), Answer(b"null"),
        Answer(b"[" * 100_000, kind="application/json"), Answer(b"<html>", kind="application/json"),
        Answer(b"", 302, (("Location", "https://login.example/"),), kind=""),
        Answer(b"", 204, kind=""), Answer({"code": "x"}, 418),
        Answer(b"x", headers=(("Content-Encoding", "gzip"),)),
    ],
)  # fmt: skip
def test_answers_that_are_none_are_errors_of_ours(answer: Answer, site: Recorder) -> None:
    site.answers["GetSubmissionLimits"] = answer
    said = failed(lambda: sites.real(site.url).limits("x"))
    assert said.kind in ("answer", "refused")


def test_a_word_that_no_client_knows_is_unknown(faults: Faults, live: Live, tmp_path: Path) -> None:
    client = sites.practice()
    file = served.submission(live.place, tmp_path)
    client.submit(SLUG, file, "x", advance=lambda count: None)
    faults.add("Submission", make.wrong_enum(), times=ALWAYS)
    assert [one.status for one in client.submissions(SLUG)] == ["unknown"]
    assert client.submission(SLUG, 50_000_001).status == "unknown"


def test_the_refusal_of_a_credential_says_which_was_sent(site: Recorder) -> None:
    echo = lambda noted: error(401, f"bad {noted.headers['authorization']} planted-key-of-ada")  # noqa: E731
    site.answers["GetSubmissionLimits"] = echo
    said = failed(lambda: sites.real(site.url).limits("x"))
    assert said.kind == "credential"
    assert "the key of a test" in said.message
    assert said.hint == "fastcompanion doctor kaggle"
    assert "planted" not in said.message
    assert "cGxhbnRlZC1rZX" not in said.message


def test_what_a_server_writes_is_one_short_line(site: Recorder) -> None:
    site.answers["GetSubmissionLimits"] = error(400, "a\x1b[31m\n\tb\u202e" + "x" * 5000)
    said = failed(lambda: sites.real(site.url).limits("x"))
    assert said.message.isprintable()
    assert len(said.message) < 600


def sending(client: Client, live: Live, tmp_path: Path) -> Callable[[], Any]:
    file = served.submission(live.place, tmp_path)
    return lambda: client.submit(SLUG, file, "by  sex ", advance=lambda count: None)


@pytest.mark.parametrize(
    "fault",
    [
        make.dropped(done=True), make.done_but(make.refused(500)), make.done_but(make.html()),
        make.done_but(make.refused(504)), make.changed(lambda told: {"message": "maybe"}),
    ],
)  # fmt: skip
def test_a_submission_whose_answer_is_lost_is_found_and_not_sent_twice(
    fault: Make, faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("/CreateSubmission", fault, times=ALWAYS)
    sent = sending(sites.practice(), live, tmp_path)()
    assert sent.ref == 50_000_001
    assert faults.count("/CreateSubmission") == 1
    assert len(live.journal.state().submissions) == 1


def test_a_submission_whose_answer_never_comes_is_found(
    faults: Faults, live: Live, tmp_path: Path
) -> None:
    def silent_after(request: Any, true: Any) -> Any:
        true(request)
        return make.silent(faults.over)(request, true)

    faults.add("/CreateSubmission", silent_after)
    assert sending(sites.practice(sites.IMPATIENT), live, tmp_path)().ref == 50_000_001
    assert len(live.journal.state().submissions) == 1


def test_a_submission_that_was_lost_is_not_sent_again_by_itself(
    faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("/CreateSubmission", make.dropped())
    said = failed(sending(sites.practice(), live, tmp_path))
    assert "not in the list" in said.message
    assert "history practice/people" in said.hint
    assert faults.count("/CreateSubmission") == 1


def test_where_the_list_can_not_be_read_either_nothing_is_claimed(
    faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("/CreateSubmission", make.dropped(done=True))
    faults.add("/ListSubmissions", make.refused(500), times=ALWAYS, after=1)
    said = failed(sending(sites.practice(), live, tmp_path))
    assert "not known whether" in said.message
    assert "count twice" in said.hint


def test_a_submission_that_was_certainly_not_taken_is_sent_again(
    faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("/CreateSubmission", make.refused(429, retry_after=0), times=2)
    assert sending(sites.practice(), live, tmp_path)().ref == 50_000_001
    assert faults.count("/CreateSubmission") == 3


def test_a_full_day_is_told_in_the_words_of_the_site(
    faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("/CreateSubmission", make.refused(400, "Submission not allowed: 5 a day"))
    said = failed(sending(sites.practice(), live, tmp_path))
    assert (said.kind, said.code) == ("refused", Exit.FAILED)
    assert "5 a day" in said.message


@pytest.mark.parametrize(
    "fault", [make.refused(503), make.upload_cut(100), make.upload_cut(100, 0), make.refused(404)]
)
def test_an_upload_is_begun_anew_at_a_fresh_address(
    fault: Make, faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("PUT /upload", fault, times=2)
    file, counted = served.submission(live.place, tmp_path), list[int]()
    sites.practice().submit(SLUG, file, "x", advance=counted.append)
    assert faults.count("/StartSubmissionUpload") == 3
    assert faults.count("/CreateSubmission") == 1
    assert sum(counted) == file.stat().st_size


def test_an_upload_that_fails_for_good_submits_nothing(
    faults: Faults, live: Live, tmp_path: Path
) -> None:
    faults.add("PUT /upload", make.refused(500), times=ALWAYS)
    said = failed(sending(sites.practice(), live, tmp_path))
    assert said.kind == "server"
    assert faults.count("/CreateSubmission") == 0


@pytest.mark.parametrize("fault", [make.expired(), make.refused(403, "expired"), make.dropped()])
def test_a_link_that_is_over_is_asked_for_again(fault: Make, faults: Faults, live: Live) -> None:
    faults.add("GET /files/", fault)
    with sites.practice().opened(SLUG, "train.csv") as body:
        assert b"".join(body.chunks) == (live.place.public / "train.csv").read_bytes()
    assert faults.count("/DownloadDataFile") == 2


@pytest.mark.parametrize(("fault", "kind"), [("cut", "cut"), ("stalled", "silent"), ("short", "cut")])  # fmt: skip
def test_a_file_that_breaks_off_gives_what_came_and_then_the_error(
    fault: str, kind: str, faults: Faults, live: Live
) -> None:
    ways = {
        "cut": make.cut(1000),
        "stalled": make.stalled(1000, faults.over),
        "short": make.lengthened(500),
    }
    faults.add("GET /files/", ways[fault])
    whole = (live.place.public / "train.csv").read_bytes()
    got = b""
    patience = sites.IMPATIENT if fault == "stalled" else sites.QUICK
    with (
        sites.practice(patience).opened(SLUG, "train.csv") as body,
        pytest.raises(SiteError) as caught,
    ):
        for chunk in body.chunks:
            got += chunk
    assert caught.value.kind == kind
    assert got == (whole if fault == "short" else whole[:1000])


def test_a_web_page_is_no_file(faults: Faults) -> None:
    faults.add("GET /files/", make.html(), times=ALWAYS)
    said = failed(lambda: sites.practice().opened(SLUG, "train.csv").__enter__())
    assert "web page" in said.message


def test_nobody_there_and_no_such_name(site: Recorder) -> None:
    with nobody() as port:
        said = failed(lambda: sites.real(f"http://127.0.0.1:{port}").limits("x"))
    assert (said.kind, said.code) == ("unreachable", Exit.MISSING)
    said = failed(lambda: sites.real("http://no-such-host.invalid").limits("x"))
    assert said.kind == "unreachable"
    assert "no-such-host.invalid" in said.message


def test_a_server_that_does_not_take_the_connection(site: Recorder) -> None:
    from dataclasses import replace

    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        line.listen(0)
        full = [socket.socket() for _ in range(4)]
        for one in full:
            one.setblocking(False)
            one.connect_ex(line.getsockname())
        patience = replace(sites.QUICK, connect=0.2, read=0.2, tries=1)
        url = f"http://127.0.0.1:{line.getsockname()[1]}"
        said = failed(lambda: sites.real(url, patience=patience).limits("x"))
        for one in full:
            one.close()
    assert said.kind in ("unreachable", "silent")


def test_a_certificate_that_nobody_trusts(tmp_path: Path, live: Live) -> None:
    """A TLS client that gets plain HTTP, and certificates that are not there."""
    said = failed(lambda: sites.real(f"https://127.0.0.1:{live.port}").limits("x"))
    assert said.kind == "tls"
    assert "REQUESTS_CA_BUNDLE" in said.hint


def test_certificates_that_are_not_there(
    site: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    said = failed(lambda: sites.real(site.url.replace("http:", "https:")).limits("x"))
    assert said.kind == "tls"


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://ada:planted@127.0.0.1:{port}")
        said = failed(lambda: sites.real("http://kaggle.example").limits("x"))
    assert said.kind == "proxy"
    assert "planted" not in said.message + said.hint


def test_a_reader_that_goes_away_leaves_no_connection(live: Live) -> None:
    before = threading.active_count()
    client = sites.practice()
    for _ in range(3):
        with client.opened(SLUG, "train.csv") as body:
            next(body.chunks)
    assert threading.active_count() <= before + 3
