"""Time with an offset, everywhere; chance with a seed."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_now_is_aware_and_can_be_set(frozen: Callable[[str], None]) -> None:
    assert clock.now().tzinfo is not None
    frozen("2026-11-21T19:30:00+01:00")
    assert clock.stamp() == "2026-11-21T19:30:00+01:00"
    assert clock.today().isoformat() == "2026-11-21"
    frozen("yesterday")
    with pytest.raises(CompanionError, match="FASTCOMPANION_NOW"):
        clock.now()


@pytest.mark.parametrize("text", ["2026-11-21T19:30:00", "2026-11-21", "19:30", "", "x"])
def test_a_time_without_an_offset_is_refused(text: str) -> None:
    with pytest.raises(CompanionError):
        clock.parse(text)
    with pytest.raises(ValueError, match="zone"):
        clock.stamp(datetime(2026, 11, 21))  # noqa: DTZ001


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="time zones of a process: not run here")
def test_a_wall_clock_time_has_the_offset_of_its_own_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Warsaw")
    time.tzset()
    try:
        summer, winter = (clock.local(datetime(2026, month, 1, 20)) for month in (7, 12))  # noqa: DTZ001
        assert summer.utcoffset() == timedelta(hours=2)
        assert winter.utcoffset() == timedelta(hours=1)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_ids_are_ten_base32_characters_and_in_order() -> None:
    ids = []
    for _ in range(20):
        ids.append(clock.new_id())
        clock.pause(0.002)
    assert all(re.fullmatch("[a-z2-7]{10}", one) for one in ids)
    assert len(set(ids)) == 20
    assert ids == sorted(ids) or ids[-1] < ids[0], "they begin anew every 99 days"


def test_ids_of_one_millisecond_are_in_order_too() -> None:
    ids = [clock.new_id() for _ in range(20_000)]
    assert len(set(ids)) == 20_000
    assert ids == sorted(ids) or ids[-1] < ids[0], "they begin anew every 99 days"


def test_ids_made_in_threads_at_once_are_all_different() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: clock.new_id(), range(20_000)))
    assert len(set(ids)) == 20_000


def test_the_same_seed_gives_the_same_choices() -> None:
    assert [clock.rng(3).random() for _ in range(2)] == [clock.rng(3).random() for _ in range(2)]
