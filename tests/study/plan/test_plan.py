"""The [plan] table as people write it, and what is wrong in it, with its line."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan import zones
from fastcompanion.study.plan.plan import Pause, Plan, Slot

WHOLE = """\
version = 1

[plan]
timezone = "Europe/Warsaw"      # where I live
deadline = 2027-03-01
course = "fastai-p1"

[[plan.slots]]
days = ["tue", "thu"]
at = 19:30:00
minutes = 90

[[plan.slots]]
days = "Saturday"
at = "9:05"
minutes = 60

[[plan.pauses]]
from = 2026-12-20
to = 2027-01-03
why = "holidays"
"""


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def write(ws: Workspace, text: str) -> None:
    ws.settings.write_text(text)


def test_a_plan_is_read(ws: Workspace) -> None:
    write(ws, WHOLE)
    assert plans.read(ws) == Plan(
        "Europe/Warsaw",
        (Slot(("tue", "thu"), time(19, 30), 90), Slot(("sat",), time(9, 5), 60)),
        (Pause(date(2026, 12, 20), date(2027, 1, 3), "holidays"),),
        date(2027, 3, 1),
        "fastai-p1",
    )


def test_the_goal_and_the_pauses(ws: Workspace) -> None:
    write(ws, WHOLE)
    plan = plans.needed(ws)
    assert plan.weekly_minutes == 240
    assert plan.zone.key == "Europe/Warsaw"
    assert plan.paused(date(2026, 12, 19)) is None
    found = plan.paused(date(2027, 1, 3))
    assert found is not None, "the last day belongs to it"
    assert found.why == "holidays"
    assert plan.paused(date(2027, 1, 4)) is None


def test_no_plan_is_none_and_the_way_to_make_one(ws: Workspace) -> None:
    write(ws, "version = 1\n")
    assert plans.read(ws) is None
    with pytest.raises(CompanionError) as caught:
        plans.needed(ws)
    assert caught.value.code is Exit.NOT_SET_UP
    assert caught.value.hint == "fastcompanion plan init"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"Europe/Warsaw"      # where I live', '"Europe/Warschau"', 4, "knows no time zone"),
        ('"Europe/Warsaw"      # where I live', '"../../etc/passwd"', 4, "knows no time zone"),
        ('"Europe/Warsaw"      # where I live', '"Europe"', 4, "knows no time zone"),
        ('"Europe/Warsaw"      # where I live', "3", 4, "needs a time zone"),
        ('timezone = "Europe/Warsaw"      # where I live\n', "", 3, "needs a time zone"),
        ("deadline = 2027-03-01", 'deadline = "soon"', 5, "no day of the calendar"),
        ("deadline = 2027-03-01", "deadline = 2027-03-01T10:00:00", 5, "no day of the calendar"),
        ("deadline = 2027-03-01", "deadline = 9999-12-31", 5, "too far away"),
        ("deadline =", "deadlin =", 5, "no setting 'deadlin'"),
        ("at = 19:30:00", "at = 1930", 10, "no time of the day"),
        ("at = 19:30:00", 'at = "25:00"', 10, "no time of the day"),
        ("at = 19:30:00", "at = 19:30:15", 10, "no time of the day"),
        ("at = 19:30:00\n", "", 8, "a slot needs a time"),
        ("minutes = 60", "minutes = 0", 16, "no minutes of a day"),
        ("minutes = 60", "minutes = true", 16, "no minutes of a day"),
        ("minutes = 60", "minutes = 1441", 16, "no minutes of a day"),
        ("minutes = 60", "", 13, "a slot needs its minutes"),
        ('"thu"]', '"thursdy"]', 9, "'thursdy' is no day of the week"),
        ('["tue", "thu"]', "[]", 9, "needs its days"),
        ('days = "Saturday"\nat = "9:05"', 'days = "Tue"\nat = "19:30"', 14, "stands in the plan twice"),
        ("minutes = 90", "minuts = 90", 11, "no setting 'minuts'"),
        ("to = 2027-01-03", "to = 2026-12-01", 20, "ends on 2026-12-01, before it begins"),
        ("to = 2027-01-03\n", "", 18, "a pause needs 'to'"),
        ("[[plan.pauses]]\nfrom", "[plan.pauses]\nfrom", 18, "a list of tables"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_a_cure(
    ws: Workspace, old: str, new: str, line: int, words: str
) -> None:
    assert old in WHOLE
    write(ws, WHOLE.replace(old, new))
    with pytest.raises(CompanionError) as caught:
        plans.read(ws)
    assert words in caught.value.message
    assert caught.value.line == line
    assert caught.value.file == str(ws.settings)
    assert caught.value.hint
    assert caught.value.code is Exit.USAGE


def test_a_plan_that_is_no_table_is_refused(ws: Workspace) -> None:
    write(ws, "version = 1\nplan = 3\n")
    with pytest.raises(CompanionError, match="should be a table"):
        plans.read(ws)


@pytest.mark.parametrize(
    ("name", "proposed"),
    [("europe/warsaw", "Europe/Warsaw"), ("Warsaw", "Europe/Warsaw"), ("New York", "America/New_York")],
)  # fmt: skip
def test_an_unknown_zone_comes_with_those_that_look_like_it(name: str, proposed: str) -> None:
    with pytest.raises(CompanionError) as caught:
        zones.find(name)
    assert caught.value.hint == f"--timezone {proposed}"


def test_a_rule_in_place_of_a_zone_is_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """tzlocal raises on it, or gives what no other machine knows."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    assert zones.guess() is None
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert zones.guess() == "Asia/Tokyo"
