"""`kaggle list`, `join` and `submit` against the served practice competition."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import workspace
from fastcompanion.competition.practice import notebooks as practised
from fastcompanion.competition.practice.answering import Reply, Request
from tests.competition import faults
from tests.competition.site import submitted
from tests.competition.site.submitted import NAME, Place

Runner = Callable[..., Any]


@pytest.fixture
def site(tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with submitted.site(tmp_path, run, monkeypatch) as place:
        yield place


def noted() -> list[dict[str, Any]]:
    """The log of submissions that were sent from outside of projects."""
    path = workspace.competitions_folder() / "practice-people.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_submission_is_proven_scored_and_noted(site: Place) -> None:
    outcome = site.submit("-m", "by sex", "--json")
    assert outcome.code == 0, outcome.out
    told = outcome.data
    there = site.live.journal.state().submissions[0]
    assert told["ref"] == there.ref
    assert told["status"] == "complete"
    assert told["public"] == pytest.approx(there.public, abs=1e-5)
    assert told["private"] is None
    assert told["left"] == 4
    assert site.faults.count("/ListSubmissions") >= 1
    line = noted()[0]
    assert (line["ref"], line["message"], line["sha256"]) == (there.ref, "by sex", there.sha256)
    assert line["rows"] == 100
    assert "public" not in line


def test_it_is_shown_to_people(site: Place) -> None:
    outcome = site.submit("-m", "by sex")
    assert "scored 0." in outcome.out
    assert "accuracy" in outcome.out
    assert "left today  4" in outcome.out


def test_what_validation_refuses_is_not_sent(site: Place) -> None:
    text = (site.folder / "good.csv").read_text()
    (site.folder / "bad.csv").write_text(text.replace(",1\n", ",\n", 1))
    outcome = site.submit(file="bad.csv")
    assert outcome.code == 4
    assert "not sent" in outcome.out
    assert site.faults.count("/StartSubmissionUpload") == 0
    assert site.sent == 0


def test_the_error_of_the_site_is_shown_pitfall_10(site: Place) -> None:
    """Status and reason, which the official client hides; forced past our own checks."""
    text = (site.folder / "good.csv").read_text()
    (site.folder / "bad.csv").write_text(text.replace(",1\n", ",\n", 1))
    outcome = site.submit("--force", file="bad.csv")
    assert outcome.code == 4
    reason = site.live.journal.state().submissions[0].error
    assert reason
    assert reason in outcome.out
    history = site.run("kaggle", "history", NAME, "--json").data["submissions"][0]
    assert (history["status"], history["error"]) == ("error", reason)


def test_a_status_that_nobody_knows_ends_nothing_pitfall_10(site: Place) -> None:
    site.submit()
    site.faults.add("/ListSubmissions", faults.wrong_enum(), times=faults.ALWAYS)
    outcome = site.run("kaggle", "history", NAME, "--json")
    assert outcome.code == 0
    assert outcome.data["submissions"][0]["status"] == "unknown"


def test_a_day_that_is_used_up_is_told_in_the_time_of_here(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-22T23:30:00+05:30")
    with submitted.site(tmp_path, run, monkeypatch, daily=1) as site:
        assert site.submit().code == 0
        site.write("other.csv", flipped=3)
        outcome = site.submit(file="other.csv")
        assert outcome.code == 5
        assert "no submission to people is left today: 1 were sent" in outcome.err
        assert "2026-11-23 05:30" in outcome.err
        assert site.faults.count("/StartSubmissionUpload") == 1


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"deadline": "2020-01-01T00:00:00Z"}, 4, "2020-01-01 00:00"),
        ({"submissionsDisabled": True}, 4, "takes no submissions"),
        ({"isKernelsSubmissionsOnly": True}, 4, "kaggle notebook push"),
        ({"userHasEntered": False}, 3, "kaggle join practice/people"),
        ({"numAllowedNow": 0, "limitedByTotal": True}, 5, "all submissions"),
    ],
)
def test_what_the_site_does_not_take_is_not_sent(
    site: Place, change: dict[str, object], code: int, words: str
) -> None:
    site.faults.add("/Get", faults.fields(**change), times=faults.ALWAYS)
    outcome = site.submit()
    assert outcome.code == code
    assert words in outcome.err
    assert site.faults.count("/StartSubmissionUpload") == 0


def test_a_late_submission_is_sent_by_force_and_called_late(site: Place) -> None:
    site.faults.add("/GetCompetition", faults.fields(deadline="2020-01-01T00:00:00Z"), times=faults.ALWAYS)  # fmt: skip
    outcome = site.submit("--force")
    assert outcome.code == 0
    assert "no rank" in outcome.out


def test_the_same_bytes_are_not_sent_twice(site: Place) -> None:
    assert site.submit().code == 0
    outcome = site.submit()
    assert outcome.code == 4
    assert "sent as submission" in outcome.out
    assert site.sent == 1
    assert site.submit("--force").code == 0
    assert site.sent == 2


def test_nothing_is_sent_without_consent(site: Place) -> None:
    outcome = site.run("kaggle", "submit", site.folder / "good.csv", "-c", NAME)
    assert outcome.code == 2
    assert "consent" in outcome.err
    assert site.sent == 0


def test_a_look_sends_nothing(site: Place) -> None:
    outcome = site.submit("--dry-run", "--json")
    assert outcome.code == 0
    assert outcome.data["limits"]["left"] == 5
    assert outcome.data["passed"]
    assert site.sent == 0
    assert noted() == []


def test_a_broken_competition_does_not_hide_the_others(site: Place) -> None:
    broken = site.live.place.folder.parent / "broken"
    broken.mkdir()
    (broken / "competition.json").write_text("{bad")
    outcome = site.run("kaggle", "list", "--practice")
    assert outcome.code == 0
    assert NAME in outcome.out
    assert "practice/broken is left out" in outcome.err


def test_what_a_look_says_next_keeps_the_message(site: Place) -> None:
    assert "-m 'two words'" in site.submit("--dry-run", "-m", "two words").out
    file = str(site.folder / "good.csv")
    assert " -m " not in site.run("kaggle", "submit", file, "-c", NAME, "--dry-run").out


def test_a_folder_is_no_file_of_predictions(site: Place) -> None:
    outcome = site.run("kaggle", "submit", site.folder, "-c", NAME, "--yes")
    assert outcome.code == 2
    assert "is a folder" in outcome.err


def test_the_files_of_a_practice_competition_are_known(site: Place, tmp_path: Path) -> None:
    """Wherever the file lies, and whatever sample of another competition lies beside it."""
    alone = tmp_path / "elsewhere" / "deep" / "down"
    alone.mkdir(parents=True)
    (site.folder / "good.csv").rename(alone / "good.csv")
    (alone / "sample_submission.csv").write_text("person_id,survived\n1,0\n2,0\n")
    done = site.run("kaggle", "submit", alone / "good.csv", "-c", NAME, "--yes")
    assert done.code == 0, done


def test_a_score_that_does_not_come_in_time_is_missing_and_comes_later(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch, scoring=False) as site:
        late = site.submit("--minutes", "0.002")
        assert late.code == 5
        assert "not there yet" in late.out
        assert "kaggle history practice/people" in late.out
        site.write("other.csv", flipped=2)
        at_once = site.submit("--no-wait", file="other.csv")
        assert at_once.code == 0
        assert [one["status"] for one in history(site)] == ["pending", "pending"]
        site.live.worker.start()
        site.write("third.csv", flipped=4)
        assert site.submit(file="third.csv").code == 0
        assert [one["status"] for one in history(site)] == ["complete"] * 3


def history(site: Place) -> list[dict[str, Any]]:
    told = site.run("kaggle", "history", NAME, "--json").data["submissions"]
    assert isinstance(told, list)
    return told


@pytest.mark.skipif(os.name != "posix", reason="a signal to a thread: not run here")
def test_ctrl_c_while_waiting_loses_nothing(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = threading.main_thread().ident

    def interrupts(request: Request, true: Callable[[Request], Reply]) -> Reply:
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        return true(request)

    with submitted.site(tmp_path, run, monkeypatch, scoring=False) as site:
        site.faults.add("/GetSubmission", interrupts, after=1)
        outcome = site.submit()
        assert outcome.code == 130
        assert "kaggle history practice/people" in outcome.err
        assert site.sent == 1
        assert len(noted()) == 1


def test_a_site_that_stumbles_while_we_wait_is_asked_again(site: Place) -> None:
    site.faults.add("/GetSubmission", faults.refused(503), after=1, times=4)
    site.faults.add("/ListSubmissions", faults.fields(status="PENDING", publicScore=""), times=9)
    assert site.submit().code == 0


def test_a_message_that_was_not_written_names_the_file(site: Place) -> None:
    site.submit()
    assert noted()[0]["message"] == "good.csv"


def test_the_list_shows_what_is_here_and_says_what_is_missing(site: Place) -> None:
    outcome = site.run("kaggle", "list", "--json")
    assert outcome.code == 5
    assert [one["name"] for one in outcome.data["competitions"]] == [NAME]
    assert "credential" in outcome.data["problem"]
    here = site.run("kaggle", "list", "peo", "--practice")
    assert here.code == 0
    assert NAME in here.out
    assert NAME not in site.run("kaggle", "list", "houses", "--practice").out


def test_what_a_notebook_has_written_is_submitted_to_a_competition_of_notebooks(
    site: Place,
) -> None:
    site.faults.add(
        "/GetCompetition", faults.fields(isKernelsSubmissionsOnly=True), times=faults.ALWAYS
    )
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": "1",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = site.folder / "by the sex.ipynb"
    path.write_text(json.dumps(notebook))
    assert site.run("kaggle", "notebook", "push", path, "-c", NAME).code == 0
    asked = ("kaggle", "submit", "--notebook", "by-the-sex", "-c", NAME, "-m", "there", "--json")
    early = site.run(*asked, "--yes")
    assert early.code == 1
    assert "left no file" in early.errors[0]["message"]
    site.write("submission.csv")
    folder = site.live.place.notebooks
    practised.choose(
        folder, "by-the-sex", state="", failure="", outputs=[site.folder / "submission.csv"]
    )
    look = site.run(*asked, "--dry-run")
    assert look.data["notebook"] == "learner/by-the-sex"
    assert site.sent == 0
    assert site.run(*asked).code == 2, "without consent"
    done = site.run(*asked, "--yes")
    assert done.code == 0, done
    assert done.data["status"] == "complete"
    assert (noted()[0]["notebook"], noted()[0]["ref"]) == ("learner/by-the-sex", done.data["ref"])


@pytest.fixture
def inside(site: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """What `practice run` sets: every name is one of practice."""
    monkeypatch.setenv("FASTCOMPANION_PRACTICE", f"http://127.0.0.1:{site.live.port}")
    monkeypatch.setenv("KAGGLE_KEY", site.live.protocol.key)
    return site


def test_the_list_of_a_site_puts_what_runs_first(
    inside: Place, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-22T12:00:00+01:00")
    base = {
        "ref": "x/over",
        "title": "Over",
        "deadline": "2026-11-01T00:00:00Z",
        "evaluationMetric": "AUC",
    }
    more = [base, {**base, "ref": "x/runs", "title": "Runs", "deadline": "2026-11-30T23:30:00Z"}]
    add = faults.changed(lambda told: {**told, "competitions": [*more, *told["competitions"]]})
    inside.faults.add("/ListCompetitions", add, times=faults.ALWAYS)
    outcome = inside.run("kaggle", "list", "--json")
    assert outcome.code == 0
    rows = outcome.data["competitions"]
    assert [row["name"] for row in rows] == ["practice/people", "practice/runs", "practice/over"]
    assert rows[1]["deadline"] == "2026-12-01T00:30:00+01:00"
    assert rows[2]["over"]
    assert "ended" in inside.run("kaggle", "list").out


def test_without_a_sample_nothing_is_sent_blindly(inside: Place, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "deep" / "down"
    alone.mkdir(parents=True)
    (inside.folder / "good.csv").rename(alone / "good.csv")
    outcome = inside.run("kaggle", "submit", alone / "good.csv", "-c", "people", "--yes")
    assert outcome.code == 5
    assert "kaggle download practice/people" in outcome.err


def test_a_wrong_name_is_told_as_such_with_the_nearest_pitfall_9(inside: Place) -> None:
    for words in (("submit", inside.folder / "good.csv", "-c", "poeple"), ("history", "poeple")):
        outcome = inside.run("kaggle", *words, "--yes")
        assert outcome.code == 2, outcome
        assert "did you mean people?" in outcome.err
        assert "Not Found" not in outcome.err
    inside.faults.add("/GetCompetition", faults.refused(404, "Not Found"), times=faults.ALWAYS)
    outcome = inside.run("kaggle", "submit", inside.folder / "good.csv", "-c", "peoples")
    assert outcome.code == 2
    assert "did you mean people?" in outcome.err


def test_join_waits_until_the_rules_are_accepted(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch, accepted=False) as site:

        def accepts(request: Request, true: Callable[[Request], Reply]) -> Reply:
            site.live.protocol.accept()
            return true(request)

        at_once = site.run("kaggle", "join", NAME, "--no-open", "--no-wait")
        assert at_once.code == 3
        assert f"{site.live.url}/rules" in at_once.err
        assert site.run("kaggle", "join", NAME, "--no-open", "--minutes", "0").code == 3
        site.faults.add("/GetCompetition", faults.refused(503), after=2, times=2)
        site.faults.add("/GetCompetition", accepts, after=3)
        joined = site.run("kaggle", "join", NAME, "--no-open", "--json")
        assert joined.code == 0
        assert joined.data["entered"]
        assert site.run("kaggle", "join", NAME).code == 0, "who is in is not sent to a browser"


def test_join_knows_the_page_of_the_rules_though_the_site_does_not_tell_it(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch, accepted=False) as site:
        site.faults.add("/GetCompetition", faults.fields(url="file:///etc"), times=faults.ALWAYS)
        outcome = site.run("kaggle", "join", NAME, "--no-open", "--no-wait")
        assert outcome.code == 3
        assert f"{site.live.url}/rules" in outcome.err
        assert "file://" not in outcome.err


def test_join_opens_the_page_of_the_rules(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser of our own, as BROWSER names it: it writes down what it was asked for."""
    seen = tmp_path / "seen"
    program = tmp_path / "browser.py"
    program.write_text(f"import sys; open({str(seen)!r}, 'w').write(sys.argv[1])")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {program} %s")
    with submitted.site(tmp_path, run, monkeypatch, accepted=False) as site:

        def accepts(request: Request, true: Callable[[Request], Reply]) -> Reply:
            if seen.exists() and seen.read_text():
                site.live.protocol.accept()
            return true(request)

        site.faults.add("/GetCompetition", accepts, times=faults.ALWAYS)
        assert site.run("kaggle", "join", NAME).code == 0
        assert seen.read_text() == f"{site.live.url}/rules"


def test_where_nothing_is_served_it_says_how_to_serve_it(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch) as site:
        pass
    outcome = site.submit()
    assert outcome.code == 3
    assert "kaggle practice start people" in outcome.err


def test_without_a_credential_it_says_what_is_missing(site: Place) -> None:
    for words in (("submit", site.folder / "good.csv", "-c"), ("history",), ("leaderboard",), ("join",), ("progress",)):  # fmt: skip
        outcome = site.run("kaggle", *words, "kaggle/titanic")
        assert outcome.code == 5, words
        assert "credential" in outcome.err


def test_which_file_and_which_competition(site: Place, tmp_path: Path) -> None:
    assert site.run("kaggle", "submit", "-c", NAME, cwd=tmp_path).code == 2
    gone = site.run("kaggle", "submit", "gone.csv", "-c", NAME, cwd=tmp_path)
    assert gone.code == 2
    assert "no such file" in gone.err
    nameless = site.run("kaggle", "submit", site.folder / "good.csv", cwd=tmp_path)
    assert nameless.code == 2
    assert "which competition" in nameless.err
