"""An upload that fails is never a success: pitfall 3 of the official client, which ends with code 0."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT
from fastcompanion.competition.practice import notebooks as practised
from fastcompanion.competition.practice.answering import Reply, Request
from fastcompanion.competition.site import notebooks
from fastcompanion.competition.site.submitting import Beside
from fastcompanion.flows import submitting
from tests.competition import faults
from tests.competition.faults import ALWAYS, Make
from tests.competition.site import sites, submitted
from tests.competition.site.submitted import Place

Runner = Callable[..., Any]


@pytest.fixture
def site(tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with submitted.site(tmp_path, run, monkeypatch) as place:
        yield place


def is_noted() -> bool:
    return (workspace.competitions_folder() / "practice-people.jsonl").exists()


FAILING: dict[str, Make] = {
    "plain 503": faults.refused(503),
    "500": faults.refused(500),
    "403": faults.refused(403),
    "HTML": faults.html(502),
    "cut before the answer": faults.dropped(),
    "cut in the middle": faults.upload_cut(100, 0),
    "503 in the middle": faults.upload_cut(100, 503),
    "an expired address": faults.expired(),
}


@pytest.mark.parametrize("fault", FAILING)
def test_an_upload_that_keeps_failing_is_a_failure_pitfall_3(site: Place, fault: str) -> None:
    site.faults.add("PUT /upload", FAILING[fault], times=ALWAYS)
    outcome = site.submit()
    assert outcome.code not in (0, 4, 130), outcome
    assert outcome.err.startswith(("sending", "Error", "file", "message")), outcome.err
    assert "Error:" in outcome.err
    assert "scored" not in outcome.out
    assert site.sent == 0
    assert not is_noted()


@pytest.mark.parametrize("fault", ["plain 503", "cut before the answer", "503 in the middle"])
def test_an_upload_that_fails_once_is_sent_again_pitfall_3(site: Place, fault: str) -> None:
    site.faults.add("PUT /upload", FAILING[fault], times=2)
    assert site.submit().code == 0
    assert site.sent == 1
    there = site.live.journal.state().submissions[0]
    assert there.bytes == (site.folder / "good.csv").stat().st_size
    assert there.status == "COMPLETE"


def test_a_file_of_any_size_arrives_whole_pitfall_3(site: Place) -> None:
    """The size of the upload: an empty message, a file ending without a line end."""
    path = site.folder / "good.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert site.submit().code == 0
    assert site.live.journal.state().submissions[0].bytes == path.stat().st_size


LOST: dict[str, Make] = {
    "the line was cut after it": faults.dropped(done=True),
    "a 502 came after it": faults.done_but(faults.refused(502)),
    "a page came after it": faults.done_but(faults.html()),
}


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_is_no_second_submission(site: Place, fault: str) -> None:
    site.faults.add("/CreateSubmission", LOST[fault])
    outcome = site.submit("--json")
    assert outcome.code == 0, outcome.out
    assert site.sent == 1
    assert outcome.data["ref"] == site.live.journal.state().submissions[0].ref
    assert is_noted()


def test_two_that_send_the_same_at_once_get_numbers_of_their_own(site: Place) -> None:
    both = threading.Barrier(2)

    def lost(request: Request, true: Callable[[Request], Reply]) -> Reply:
        true(request)
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        return faults.dropped()(request, true)

    site.faults.add("/CreateSubmission", lost, times=2)
    file = site.folder / "good.csv"
    refs: list[int] = []

    def send() -> None:
        client = sites.practice()
        refs.append(client.submit("people", file, "the same", advance=lambda size: None).ref)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert sorted(refs) == [one.ref for one in site.live.journal.state().submissions]


def test_where_nothing_can_be_locked_it_is_sent_all_the_same(site: Place) -> None:
    (workspace.competitions_folder() / "sending.lock").mkdir(parents=True)
    assert site.submit().code == 0
    assert site.sent == 1


def test_the_last_of_the_day_that_somebody_else_took_is_missing(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch, daily=1) as site:
        file, sample = site.folder / "good.csv", site.folder / "sample_submission.csv"
        first, second = (
            submitting.prepare(
                file, submitted.NAME, "", beside=Beside(sample), score=None, force=False, reporter=SILENT
            )
            for _ in range(2)
        )  # fmt: skip
        submitting.send(first, wait=0, reporter=SILENT)
        with pytest.raises(CompanionError, match="no submission to people is left today") as caught:
            submitting.send(second, wait=0, reporter=SILENT)
        assert caught.value.code is Exit.MISSING


def test_ctrl_c_while_it_is_sent_says_that_it_may_have_been_taken(site: Place) -> None:
    main = threading.main_thread().ident

    def interrupts(request: Request, true: Callable[[Request], Reply]) -> Reply:
        assert main is not None
        reply = true(request)
        signal.pthread_kill(main, signal.SIGINT)
        site.faults.over.wait(20)
        return reply

    site.faults.add("/CreateSubmission", interrupts)
    outcome = site.submit()
    assert outcome.code == 130
    assert "may have been taken all the same" in outcome.err
    assert "kaggle history practice/people" in outcome.err
    assert site.sent == 1


NOT_TAKEN: dict[str, Make] = {
    "an error": faults.refused(500),
    "a refusal": faults.refused(400, "Submission not allowed: too late"),
    "a refusal with status 200": faults.error_inside(400, "Submission not allowed: too late"),
    "a cut line": faults.dropped(),
    "a page": faults.html(),
}


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_what_was_not_taken_is_a_failure(site: Place, fault: str) -> None:
    site.faults.add("/CreateSubmission", NOT_TAKEN[fault], times=ALWAYS)
    outcome = site.submit()
    assert outcome.code in (1, 5)
    assert "Error:" in outcome.err
    assert site.sent == 0
    assert not is_noted()
    if "refusal" in fault:
        assert "too late" in outcome.err


def test_what_the_site_does_not_list_was_not_submitted(site: Place) -> None:
    empty = faults.changed(lambda told: {**told, "submissions": []})
    site.faults.add("/ListSubmissions", empty, times=ALWAYS)
    outcome = site.submit()
    assert outcome.code == 1
    assert "does not list submission" in outcome.err
    assert "kaggle history practice/people" in outcome.err


@pytest.mark.parametrize(
    ("where", "status", "after"),
    [("/ListSubmissions", 503, 1), ("/ListSubmissions", 403, 1), ("/GetSubmission", 403, 1)],
)
def test_what_fails_after_it_was_taken_does_not_ask_for_a_second_one(
    tmp_path: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    status: int,
    after: int,
) -> None:
    with submitted.site(tmp_path, run, monkeypatch, scoring=False) as site:
        site.faults.add(f"{where}", faults.refused(status), times=ALWAYS, after=after)
        site.faults.add("/ListSubmissions", faults.refused(status), times=ALWAYS, after=2)
        outcome = site.submit()
        assert outcome.code in (1, 5)
        ref = site.live.journal.state().submissions[0].ref
        assert f"submission {ref} was taken" in outcome.err
        assert "Do not send it again: fastcompanion kaggle history practice/people" in outcome.err
        assert is_noted()


def test_what_can_t_be_noted_was_sent_all_the_same(site: Place) -> None:
    folder = workspace.competitions_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "locks").write_text("in the way")
    outcome = site.submit()
    assert outcome.code == 1
    ref = site.live.journal.state().submissions[0].ref
    assert f"submission {ref} was taken, but it could not be noted here" in outcome.err
    assert "Do not send it again" in outcome.err


def test_a_message_that_no_file_can_hold_is_refused_before_it_is_sent(site: Place) -> None:
    outcome = site.submit("-m", "caf\udce9")
    assert outcome.code == 2
    assert "Write it anew" in outcome.err
    assert site.sent == 0


@pytest.mark.parametrize("score", ["nan", "inf"])
def test_a_score_that_is_no_number_is_refused(site: Place, score: str) -> None:
    """It would stand in the log for good, and in JSON that nobody can read."""
    assert site.submit("--score", score).code == 2
    assert site.sent == 0


def test_a_notebook_whose_newest_version_nobody_tells_is_not_submitted(site: Place) -> None:
    name = notebooks.Name("learner", "by-the-sex")
    asked = {"slug": name.text, "newTitle": "by the sex", "text": "{}", "kernelType": "notebook"}
    client = sites.practice()
    client.rpc(notebooks.SERVICE, "SaveKernel", **asked, language="python")
    file = site.write("submission.csv")
    place = site.live.place.notebooks
    practised.choose(place, name.slug, state="", failure="", outputs=[file])
    site.faults.add("/GetKernel", faults.fields(metadata={}), times=ALWAYS)
    with pytest.raises(CompanionError, match="which version"):
        notebooks.submit(client, "people", name, file=file.name, message="there")
    assert site.faults.count("/CreateCodeSubmission") == 0


def test_a_file_that_changed_after_its_check_is_not_sent(site: Place) -> None:
    file = site.folder / "good.csv"
    sample = site.folder / "sample_submission.csv"
    ready = submitting.prepare(
        file, submitted.NAME, "", beside=Beside(sample), score=None, force=False, reporter=SILENT
    )
    site.write(flipped=3)
    with pytest.raises(CompanionError, match="has changed since it was checked"):
        submitting.send(ready, wait=0, reporter=SILENT)
    assert site.sent == 0


def test_too_many_requests_are_waited_for(site: Place) -> None:
    for method in ("/GetCompetition", "/GetSubmissionLimits", "/StartSubmissionUpload", "/CreateSubmission"):  # fmt: skip
        site.faults.add(method, faults.refused(429, retry_after=0))
    assert site.submit().code == 0
    assert site.sent == 1


def test_a_key_that_is_not_accepted_is_missing(site: Place) -> None:
    site.faults.add("/GetCompetition", faults.unauthenticated(), times=ALWAYS)
    outcome = site.submit()
    assert outcome.code == 5
    assert site.sent == 0
