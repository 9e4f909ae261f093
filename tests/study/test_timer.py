"""The running session: kept through crashes, ended in every way, refused when it makes no sense."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import timer

Freeze = Callable[[str], None]


@pytest.fixture
def ws(tmp_path: Path, frozen: Freeze) -> Workspace:
    (tmp_path / "fastcompanion.toml").write_text("version = 1\n")
    frozen("2026-11-21T19:30:20+01:00")
    return Workspace(tmp_path)


def test_a_session_is_kept_in_a_file_with_a_version(ws: Workspace) -> None:
    assert timer.running(ws) is None
    begun = timer.start(ws, lesson="foundations/01", step="run", notebook="weights")
    assert timer.running(ws) == begun
    assert '"version": 1' in ws.timer.read_text()
    with pytest.raises(CompanionError, match="running since 19:30"):
        timer.start(ws, lesson=None, step=None)
    timer.clear(ws)
    assert timer.running(ws) is None


@pytest.mark.parametrize(
    ("at", "ago", "minutes", "length"),
    [(None, None, None, 95), ("20:30", None, None, 60), ("2026-11-21T20:00:20+01:00", None, None, 30),
     (None, 30, None, 65), (None, None, 45, 45), ("19:30", None, None, 1), (None, 95, None, 1)],
)  # fmt: skip
def test_how_a_session_ends(
    ws: Workspace, frozen: Freeze, at: str | None, ago: int | None, minutes: int | None, length: int
) -> None:
    begun = timer.start(ws, lesson=None, step=None)
    frozen("2026-11-21T21:05:20+01:00")
    end = timer.end_of(begun, at=at, ago=ago, minutes=minutes)
    assert timer.minutes_between(begun.started, end) == length


@pytest.mark.parametrize(
    ("at", "ago"),
    [("22:00", None), ("25:00", None), ("soon", None), ("2026-11-21T19:00:00+01:00", None), (None, 500), ("20:00", 3)],
)  # fmt: skip
def test_an_end_that_can_not_be_is_refused(
    ws: Workspace, frozen: Freeze, at: str | None, ago: int | None
) -> None:
    begun = timer.start(ws, lesson=None, step=None)
    frozen("2026-11-21T21:05:20+01:00")
    with pytest.raises(CompanionError):
        timer.end_of(begun, at=at, ago=ago)


def test_a_forgotten_timer_is_known_and_its_end_can_be_given(ws: Workspace, frozen: Freeze) -> None:
    begun = timer.start(ws, lesson=None, step=None)
    frozen("2026-11-22T18:00:00+01:00")
    assert timer.forgotten(begun, None)
    assert timer.forgotten(begun, 90)
    assert not timer.forgotten(begun, 22 * 60)
    assert timer.minutes_between(begun.started, timer.end_of(begun, at="21:00")) == 90
    assert timer.minutes_between(begun.started, timer.end_of(begun, at="00:30")) == 300
    assert timer.minutes_between(begun.started, timer.end_of(begun, minutes=40)) == 40


def test_a_clock_that_went_back_or_a_journey_loses_nothing(ws: Workspace, frozen: Freeze) -> None:
    begun = timer.start(ws, lesson=None, step=None)
    frozen("2026-11-21T18:00:00+01:00")
    with pytest.raises(CompanionError) as caught:
        timer.end_of(begun)
    assert "--minutes" in caught.value.hint
    assert timer.minutes_between(begun.started, timer.end_of(begun, minutes=20)) == 20
    frozen("2026-11-21T13:30:20-06:00")
    assert timer.minutes_between(begun.started, timer.end_of(begun)) == 60


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 1}', '{"version": 1, "id": "../../x", "started": "2026-11-21T19:30:20+01:00"}',
     '{"version": 1, "id": "abcdefgh", "started": "2026-11-21T19:30:20"}',
     '{"version": 2, "id": "abcdefgh", "started": "2026-11-21T19:30:20+01:00"}'],
)  # fmt: skip
def test_a_damaged_or_newer_file_is_refused_and_kept(ws: Workspace, text: str) -> None:
    ws.timer.parent.mkdir()
    ws.timer.write_text(text)
    acts: list[Callable[[], object]] = [
        lambda: timer.running(ws),
        lambda: timer.start(ws, lesson=None, step=None),
    ]
    for act in acts:
        with pytest.raises(CompanionError) as caught:
            act()
        assert caught.value.file == str(ws.timer)
    assert ws.timer.read_text() == text


def test_across_the_end_of_summer_time_an_hour_is_an_hour(tmp_path: Path, frozen: Freeze) -> None:
    (tmp_path / "fastcompanion.toml").write_text("version = 1\n")
    frozen("2026-10-25T01:30:00+02:00")
    begun = timer.start(Workspace(tmp_path), lesson=None, step=None)
    frozen("2026-10-25T03:30:00+01:00")
    assert timer.minutes_between(begun.started, timer.end_of(begun)) == 180
    assert clock.stamp(begun.started) == "2026-10-25T01:30:00+02:00"
