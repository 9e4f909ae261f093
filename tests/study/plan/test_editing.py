"""Changing the plan in its file: only what was asked for, and the comments stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.plan import editing
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan.plan import DAYS, Pause, Plan, Slot

COMMENTED = """\
version = 1 # the format

# my plan
[plan]
timezone = "Europe/Warsaw" # at home
# the day of the exam
deadline = 2027-03-01

# after work
[[plan.slots]]
days = ["tue", "thu"] # not on Wednesday
at = "19:30" # after supper
minutes = 90

# the long one
[[plan.slots]]
days = [
  "sat", # free
]
at = 09:00:00
minutes = 180

# the holidays
[[plan.pauses]]
from = 2026-12-20
to = 2027-01-03

# how long a cell may take
[check]
cell_seconds = 5
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = Workspace(tmp_path).settings
    file.write_text(COMMENTED)
    return file


def read(path: Path) -> Plan:
    return plans.needed(Workspace(path.parent))


def comments(text: str) -> list[str]:
    return [line[line.index("#") :] for line in text.split("\n") if "#" in line]


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("tue,thu 19:30 90", Slot(("tue", "thu"), time(19, 30), 90)),
        ("Thu, Tue 7:05 45 min", Slot(("tue", "thu"), time(7, 5), 45)),
        ("daily 6:00 25m", Slot(DAYS, time(6, 0), 25)),
        ("weekdays 20:00", Slot(DAYS[:5], time(20, 0), 60)),
        ("weekend and friday 10:00 120 minutes", Slot(DAYS[4:], time(10, 0), 120)),
    ],
)
def test_slots_as_people_type_them(text: str, slot: Slot) -> None:
    assert editing.slot(text) == slot


@pytest.mark.parametrize(
    "text", ["", "tue", "19:30", "tue 25:00 60", "tue 19:30 0", "tue 19:30 an hour", "foo 19:30", "tue 19:30 20:30"]
)  # fmt: skip
def test_what_is_no_slot_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CompanionError) as caught:
        editing.slot(text)
    assert "tue,thu 19:30 90" in caught.value.hint


def test_a_time_that_no_clock_shows_is_named() -> None:
    with pytest.raises(CompanionError, match="'25:00' is no time of the day"):
        editing.slot("tue 25:00 60")
    with pytest.raises(CompanionError, match="a slot is days, a time and minutes"):
        editing.slot("tue 00:00 20:30")


def test_nothing_changed_leaves_the_file_byte_for_byte(path: Path) -> None:
    editing.write(path, read(path))
    assert path.read_text() == COMMENTED


def test_a_value_changes_on_its_own_line(path: Path) -> None:
    old = read(path)
    editing.write(path, replace(old, timezone="Asia/Tokyo", deadline=date(2027, 4, 1)))
    expected = COMMENTED.replace("Europe/Warsaw", "Asia/Tokyo").replace("2027-03-01", "2027-04-01")
    assert path.read_text() == expected


def test_a_slot_more_stands_behind_the_others(path: Path) -> None:
    editing.write(path, editing.with_slot(read(path), editing.slot("sun 8:00 30")))
    block = '\n[[plan.slots]]\ndays = ["sun"]\nat = 08:00:00\nminutes = 30\n'
    assert path.read_text() == COMMENTED.replace("minutes = 180\n", "minutes = 180\n" + block)


def test_a_slot_less_takes_no_comment_of_its_neighbours_along(path: Path) -> None:
    """tomlkit takes a comment for the end of the table above it."""
    editing.write(path, editing.without_slot(read(path), "sat"))
    text = path.read_text()
    assert "sat" not in text
    assert "# the holidays" in text
    assert "# the long one" in text
    assert comments(text) == [one for one in comments(COMMENTED) if one != "# free"]


def test_one_day_less_leaves_the_rest_of_the_slot(path: Path) -> None:
    new = editing.write(path, editing.without_slot(read(path), "thu 19:30"))
    assert new.slots[0] == Slot(("tue",), time(19, 30), 90)
    assert 'at = "19:30" # after supper' in path.read_text()


def test_a_pause_comes_and_goes(path: Path) -> None:
    old = read(path)
    one = Pause(date(2027, 2, 1), date(2027, 2, 7), 'a "week"\noff')
    new = editing.write(path, replace(old, pauses=(*old.pauses, one)))
    assert new.pauses[1].why == 'a "week" off'
    gone = replace(new, pauses=(new.pauses[0], replace(new.pauses[1], last=date(2027, 1, 31))))
    editing.write(path, gone)
    assert path.read_text() == COMMENTED


def test_every_slot_less_is_a_plan_without_slots(path: Path) -> None:
    new = editing.without_slot(editing.without_slot(read(path), "19:30"), "sat")
    assert editing.write(path, new).slots == ()
    assert [one for one in comments(COMMENTED) if one.startswith("# the")] == [
        one for one in comments(path.read_text()) if one.startswith("# the")
    ]


_TIMES = st.sampled_from(["mon 7:00", "tue 19:30", "sat 9:00", "weekend 21:15", "fri 6:05"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), _TIMES, st.integers(1, 200)), max_size=8))
def test_any_row_of_edits_gives_that_plan_and_keeps_every_comment(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[bool, str, int]]
) -> None:
    path = Workspace(tmp_path_factory.mktemp("study")).settings
    path.write_text(COMMENTED)
    for add, text, minutes in edits:
        old = read(path)
        try:
            if add:
                new = editing.with_slot(old, editing.slot(f"{text} {minutes}"))
            else:
                new = editing.without_slot(old, text)
        except CompanionError:
            continue
        assert editing.write(path, new) == read(path)
        assert _times(read(path)) == _times(new)
    own = {"# free", "# not on Wednesday", "# after supper"}
    assert [one for one in comments(path.read_text()) if one not in own] == [
        one for one in comments(COMMENTED) if one not in own
    ]


def _times(plan: Plan) -> set[tuple[str, time, int]]:
    return {(day, one.at, one.minutes) for one in plan.slots for day in one.days}


@pytest.mark.parametrize(
    "text",
    [
        'version = 1\nplan = {timezone = "UTC", slots = [{days = ["mon"], at = 10:00:00, minutes = 5}]}\n',
        'version = 1\nplan = {timezone = "UTC"}\n',
        'version = 1\nplan.timezone = "UTC"\n[[plan.slots]]\ndays = "Monday"\nat = "10:00"\nminutes = 5\n',
        'version = 1\n[plan]\ntimezone = "UTC"\nslots = []\n',
        'version = 1\n[[plan.slots]]\ndays = ["mon"]\nat = 10:00:00\nminutes = 5\n[plan]\ntimezone = "UTC"\n[study]\nname = "x"\n',
        '\ufeffversion = 1\r\n[plan]\r\ntimezone = "UTC"\r\n',
    ],
)
def test_a_plan_written_in_another_way_is_changed_as_well(path: Path, text: str) -> None:
    path.write_text(text, newline="")
    old = read(path)
    new = editing.write(path, editing.with_slot(old, editing.slot("sun 7:00 30")))
    assert read(path) == new
    assert new.slots == (*old.slots, Slot(("sun",), time(7, 0), 30))
    assert editing.write(path, editing.without_slot(new, "sun")).slots == old.slots


def test_a_first_plan_stands_at_the_end(path: Path) -> None:
    path.write_text("version = 1\n\n[check]\ncell_seconds = 5\n")
    made = Plan("Europe/Warsaw", (editing.slot("tue 19:30 90"),), deadline=date(2027, 3, 1))
    assert editing.write(path, made) == made
    assert path.read_text().startswith("version = 1\n\n[check]\ncell_seconds = 5\n\n# ")


def test_what_is_in_the_plan_already_is_not_added_again(path: Path) -> None:
    with pytest.raises(CompanionError, match="thu 19:30 is in the plan already"):
        editing.with_slot(read(path), editing.slot("thu 19:30 60"))


def test_what_is_not_in_the_plan_is_not_taken_out(path: Path) -> None:
    with pytest.raises(CompanionError, match=r"no slot 'fri'; it has tue thu 19:30"):
        editing.without_slot(read(path), "fri")


def test_a_change_that_can_not_be_read_again_is_not_written(path: Path) -> None:
    with pytest.raises(CompanionError, match="knows no time zone"):
        editing.write(path, replace(read(path), timezone="Nowhere"))
    assert path.read_text() == COMMENTED
