"""A server that is killed loses no submission that it said it had, and the next one scores them all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.journal import Journal
from fastcompanion.competition.practice.place import Place
from tests.competition.practice import served
from tests.conftest import Runner
from tests.waiting import until

CLIENTS = 8


@contextmanager
def program(place: Place) -> Iterator[subprocess.Popen[str]]:
    """Start the server as the learner does, and wait for its first line."""
    argv = [
        sys.executable,
        "-m",
        "fastcompanion",
        "kaggle",
        "practice",
        "start",
        "--accept-rules",
        "--json",
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert json.loads(line)["data"]["slug"] == place.folder.name
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX systems")
def test_kill_9_under_eight_clients_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data", daily=0)
    data = served.submission(place, tmp_path).read_bytes()
    acknowledged: list[int] = []
    enough = threading.Event()

    with program(place) as process:
        found = server.found(place)
        assert found is not None

        def submit_on_and_on() -> None:
            while not enough.is_set():
                try:
                    got = served.send(found.port, found.key, data)
                except (OSError, HTTPException):
                    return
                assert got.status == 200, got
                acknowledged.append(got.json["ref"])

        with ThreadPoolExecutor(CLIENTS) as clients:
            for _ in range(CLIENTS):
                clients.submit(submit_on_and_on)
            try:
                until(lambda: len(acknowledged) >= 40)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait(20)
                enough.set()

    assert len(acknowledged) >= 40
    assert len(set(acknowledged)) == len(acknowledged)
    assert server.found(place) is None
    kept = Journal(place.journal).state()
    refs = {one.ref for one in kept.submissions}
    assert set(acknowledged) <= refs
    assert len(refs) == len(kept.submissions)
    assert all(place.submission(ref).read_bytes() == data for ref in refs)
    with server.serving(place) as live:
        until(lambda: not live.journal.state().waiting)
        state = live.journal.state()
    assert {one.status for one in state.submissions} == {"COMPLETE"}
    assert len({one.public for one in state.submissions}) == 1


def test_the_daily_limit_holds_against_eight_at_once(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data", daily=3)
    data = served.submission(place, tmp_path).read_bytes()
    with server.serving(place) as live, ThreadPoolExecutor(CLIENTS) as clients:
        live.protocol.accept()
        sent = [
            clients.submit(served.send, live.port, live.protocol.key, data) for _ in range(CLIENTS)
        ]
        answers = sorted(one.result().status for one in sent)
    assert answers == [200] * 3 + [400] * 5


def test_the_day_ends_at_midnight_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T23:59:00+00:00")
    place = served.competition(tmp_path / "data", daily=1)
    data = served.submission(place, tmp_path).read_bytes()
    with server.serving(place) as live:
        live.protocol.accept()
        assert served.send(live.port, live.protocol.key, data).status == 200
        assert served.send(live.port, live.protocol.key, data).status == 400
        # The same moment of the day by the clocks of New York, and not yet another day there.
        monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T19:01:00-05:00")
        assert served.send(live.port, live.protocol.key, data).status == 200


def test_pages_stay_readable_while_submissions_are_scored(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data", daily=0)
    data = served.submission(place, tmp_path).read_bytes()
    with server.serving(place) as live, ThreadPoolExecutor(CLIENTS) as clients:
        live.protocol.accept()
        sent = [clients.submit(served.send, live.port, live.protocol.key, data) for _ in range(30)]
        pages = [
            served.ask(live.port, "GET", f"/competitions/{served.SLUG}/leaderboard")
            for _ in range(10)
        ]
        assert {one.result().status for one in sent} == {200}
    assert {page.status for page in pages} == {200}


def test_a_server_in_the_background_starts_and_stops(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a file of the learner has the name of one of Python's."""
    (tmp_path / "shlex.py").write_text("raise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    place = served.competition(tmp_path / "data")
    assert not run("kaggle", "practice", "stop", "--json").data["ended"]
    started = run("kaggle", "practice", "start", "--background", "--accept-rules", "--json")
    try:
        assert started.code == 0, started
        assert (started.data["accepted"], started.data["background"]) == (True, True)
        found = server.found(place)
        assert found is not None
        for more in ((), ("--background",), ("--port", str(found.port))):
            again = run("kaggle", "practice", "start", *more, "--json")
            assert (again.code, again.data["already"]) == (0, True), again
            assert str(found.port) in again.data["url"]
        assert "is served already at http" in run("kaggle", "practice", "start").out
        assert run("kaggle", "practice", "start", "--port", "1").code == 1
        assert served.ask(found.port, "POST", "/-/stop", b"").status == 401
        assert server.found(place) is not None
    finally:
        stopped = run("kaggle", "practice", "stop", "--json")
    assert stopped.data["ended"]
    assert server.found(place) is None


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C of another program is POSIX's")
def test_ctrl_c_while_the_first_line_is_shown_ends_it_quietly(tmp_path: Path) -> None:
    """The pipe is full, so the program is still busy with its first line."""
    place = served.competition(tmp_path / "data")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    argv = [sys.executable, "-m", "fastcompanion", "kaggle", "practice", "start"]
    with subprocess.Popen(argv, stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        os.close(writer)
        until(lambda: server.found(place))
        process.send_signal(signal.SIGINT)
        with os.fdopen(reader, "rb") as full:
            full.read()
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert server.found(place) is None


def test_one_server_for_each_competition(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data")
    with (
        server.serving(place, scoring=False),
        pytest.raises(CompanionError, match="served already"),
        server.serving(place),
    ):
        raise AssertionError
    assert not place.running.exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a folder whose files are open")
def test_a_server_whose_competition_was_deleted_ends_by_itself(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data")

    with program(place) as process:
        assert process.poll() is None
        shutil.rmtree(place.folder)

        assert process.wait(30) == 1
    assert not place.folder.exists()


def test_a_server_leaves_what_took_the_place_of_its_competition(tmp_path: Path) -> None:
    place = served.competition(tmp_path / "data")

    with server.serving(place, scoring=False) as live:
        place.folder.rename(tmp_path / "moved")
        place.folder.mkdir()
        place.running.write_text("of another server")

        assert not live.wait(0.01)
    assert place.running.read_text() == "of another server"
