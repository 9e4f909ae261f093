"""Today's session: what fits into the time, in which order, and what waits. Through main(argv) too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again
from fastcompanion.flows import today
from fastcompanion.flows.today import Item, Kind, Wants
from tests.conftest import Runner

Freeze = Callable[[str], None]
LESSON = "foundations/01"


def item(kind: Kind, minutes: int, *, section: str | None = None, late: bool = False) -> Item:
    return Item(kind, kind, minutes, f"do {kind}", "because", section=section, late=late)


CARDS, SECTION = item("cards", 6), item("step", 10, section="small-batches")
AGAIN, WATCH = item("again", 5, section="hold-some-back"), item("step", 30)
Cut = tuple[list[tuple[str, int]], list[str]]


def cut(minutes: int, *wants: Item | None, rested: bool = True) -> Cut:
    cards, back, step = (*wants, None, None, None)[:3]
    items, later = today.cut(minutes, Wants(cards, back, step), rested=rested)
    return [(one.kind, one.minutes) for one in items], [one.kind for one in later]


@pytest.mark.parametrize(
    ("minutes", "wants", "items", "later"),
    [
        (25, (CARDS, AGAIN, SECTION), [("cards", 6), ("again", 5), ("step", 10), ("log", 1)], []),
        (25, (None, None, SECTION), [("step", 10), ("log", 1)], []),
        (25, (CARDS, None, WATCH), [("cards", 6), ("step", 18), ("log", 1)], []),
        # Beside a step with commands of its own a section from memory waits, but not for ever.
        (25, (CARDS, AGAIN, WATCH), [("cards", 6), ("step", 18), ("log", 1)], ["again"]),
        (25, (CARDS, replace(AGAIN, late=True), WATCH), [("cards", 6), ("again", 5), ("log", 1)], ["step"]),
        (25, (None, AGAIN, None), [("again", 5), ("log", 1)], []),
        # What is too long for the rest waits; one thing is always begun.
        (12, (CARDS, replace(AGAIN, minutes=9), SECTION), [("cards", 6), ("step", 5), ("log", 1)], ["again"]),
        (10, (CARDS, AGAIN, SECTION), [("cards", 6), ("log", 1)], ["again", "step"]),
        (3, (None, AGAIN, SECTION), [("step", 2), ("log", 1)], ["again"]),
        (1, (None, None, WATCH), [("step", 1), ("log", 1)], []),
        (25, (None, None, None), [], []),
    ],
)  # fmt: skip
def test_what_fits(
    minutes: int, wants: tuple[Item | None, ...], items: list[tuple[str, int]], later: list[str]
) -> None:
    assert cut(minutes, *wants) == (items, later)


REPEAT = replace(item("then", 24), what="the next")


def test_no_time_is_left_idle_while_there_is_more_to_do() -> None:
    late = replace(AGAIN, late=True)
    assert cut(120, CARDS, late, WATCH)[0] == [("cards", 6), ("again", 5), ("step", 30), ("log", 1)]
    wants = Wants(CARDS, AGAIN, WATCH, (REPEAT, REPEAT, REPEAT))
    items, later = today.cut(100, wants)
    planned = [("cards", 6), ("again", 5), ("step", 30), ("then", 24), ("then", 24), ("then", 10), ("log", 1)]  # fmt: skip
    assert ([(one.kind, one.minutes) for one in items], later) == (planned, ())
    assert [one.whole for one in items][-3:] == [True, False, True]


def test_what_follows_waits_until_the_step_is_likely_done() -> None:
    assert today.cut(25, Wants(step=WATCH, then=(REPEAT,)))[0][-2].kind == "step"
    some = replace(SECTION, sections=9)
    assert today.cut(60, Wants(step=some, then=(REPEAT,)))[0][-2].kind == "step"


def test_a_long_session_goes_on_with_the_steps_that_follow(ws: Workspace, run: Runner) -> None:
    begin(ws, run, 9)
    found = today.plan(ws, 120)
    kinds = [one.kind for one in found.items]
    assert "then" in kinds
    assert sum(one.minutes for one in found.items) > 100
    assert found.items[kinds.index("then")].what.endswith("repeat")
    shown = run("next", "--minutes", "120", "--dry-run")
    assert "Go on with" in shown.out


def test_a_part_of_a_long_step_is_called_a_part() -> None:
    items, _ = today.cut(25, Wants(step=WATCH))
    assert [one.whole for one in items] == [False, True]


def test_a_long_section_from_memory_comes_every_other_day() -> None:
    long = replace(AGAIN, minutes=12)
    assert cut(25, CARDS, long, SECTION, rested=True)[0][1] == ("again", 12)
    assert cut(25, CARDS, long, SECTION, rested=False)[1] == ["again"]
    assert cut(25, CARDS, AGAIN, SECTION, rested=False)[1] == []


@pytest.fixture
def ws(built_in_study: Path, frozen: Freeze) -> Workspace:
    frozen("2026-11-02T19:30:00+01:00")
    return Workspace(built_in_study)


def begin(ws: Workspace, run: Runner, passed: int, day: int = 2) -> None:
    """Come to the reproduction of the first lesson, with so many sections passed."""
    assert run("lesson", "scratch", "1").code == 0
    for step in ("watch", "run"):
        events.record(ws, "lesson.step_done", LESSON, {"step": step})
    names = ("look-at-the-data", "hold-some-back", "the-naive-baseline")[:passed]
    data = {"notebook": "samuel", "sections": dict.fromkeys(names, "passed")}
    if names:
        events.record(ws, "lesson.checked", LESSON, data)


def kinds(found: today.Today) -> list[str]:
    return [one.kind for one in found.items]


def test_a_section_comes_once_a_day_and_the_others_wait_unseen(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    begin(ws, run, 3)
    assert kinds(today.plan(ws, 25)) == ["step", "log"]
    frozen("2026-11-04T19:30:00+01:00")
    found = today.plan(ws, 25)
    assert kinds(found) == ["again", "step", "log"]
    assert found.items[0].section == "look-at-the-data"
    assert found.items[0].why == "2 days after the last time"
    assert found.items[1].why == "the next of Arthur Samuel's machine: 3 of 10 sections stand"
    assert found.later == ()
    done = {"notebook": "samuel", "section": "look-at-the-data", "grade": "good"}
    events.record(ws, again.RECALLED, LESSON, {**done, "again": "2026-11-15"})
    assert kinds(today.plan(ws, 25)) == ["step", "log"]
    assert today.plan(ws, 25).items[0].lesson == LESSON


def test_minutes_follow_the_learners_own_pace(ws: Workspace, run: Runner, frozen: Freeze) -> None:
    begin(ws, run, 2)
    told = next(one for one in today.plan(ws, 60).items if one.kind == "step")
    assert (told.minutes, told.sections) == (40, 8), "120 of the author, 4 tenths for ten sections"
    assert told.what.endswith("section the-naive-baseline, and 7 more")
    assert today.plan(ws, 16).items[-2].minutes == 15
    run("log", "add", "slowly", "-m", "60", "-l", "1", "--step", "reproduce")
    slow = today.plan(ws, 30).items[-2]
    assert (slow.minutes, slow.sections) == (17, 1), "sixty for two, and twice what was told"
    frozen("2026-11-04T19:30:00+01:00")
    back = today.plan(ws, 60).items[0]
    assert (back.kind, back.minutes) == ("again", 9)
    where = {"notebook": "samuel", "section": "hold-some-back"}
    events.record(ws, again.BEGUN, LESSON, where, private=True)
    frozen("2026-11-04T19:34:00+01:00")
    events.record(ws, again.RECALLED, LESSON, {**where, "grade": "good", "again": "2026-11-15"})
    frozen("2026-11-05T19:30:00+01:00")
    assert today.plan(ws, 60).items[0].minutes == 7, "one was done in four"


def test_cards_get_a_third_at_most(ws: Workspace, run: Runner) -> None:
    assert run("review", "add", "1", "--all").code == 0
    begin(ws, run, 0)
    small, large = (today.plan(ws, minutes).items[0] for minutes in (10, 60))
    assert (small.kind, small.cards, small.minutes) == ("cards", 4, 3)
    assert large.cards > small.cards
    assert large.command == "fastcompanion review"


def test_looking_changes_nothing_and_json_lists(ws: Workspace, run: Runner) -> None:
    begin(ws, run, 1)
    before = ws.progress.read_bytes()
    for words in (["--json"], ["--dry-run"], ["--json", "--yes"], []):
        outcome = run("next", "--minutes", "25", *words)
        assert outcome.code == 0, outcome.err
    listed = run("next", "-m", "25", "--json").data
    assert [one["kind"] for one in listed["items"]] == ["step", "log"]
    assert listed["started"] is None
    assert set(listed["items"][0]) == {
        "kind", "what", "minutes", "command", "why", "lesson", "notebook", "section", "cards",
        "whole", "late", "sections",
    }  # fmt: skip
    assert ws.progress.read_bytes() == before
    assert not ws.timer.exists()


def test_next_begins_the_session_cards_first(ws: Workspace, run: Runner, frozen: Freeze) -> None:
    begin(ws, run, 1)
    run("review", "add", "1", "--all")
    frozen("2026-11-04T19:30:00+01:00")
    done = run("next", "-m", "25", "--yes", typed="three parts\ngood\n")
    assert done.code == 0, done.err
    assert "1 of 8" in done.out
    assert "1 card answered." in done.out
    assert "samuel.again.ipynb" in done.out
    assert ws.timer.exists()
    assert ws.notebook(LESSON, "samuel", "again").exists()
    once_more = run("next", "-m", "25", "--yes", typed="")
    assert once_more.code == 0, once_more.err
    assert "the timer runs since 19:30" in once_more.out


PLAN = """
[plan]
timezone = "Europe/Warsaw"
[[plan.slots]]
days = ["mon", "wed"]
at = 19:30:00
minutes = 40
"""


@pytest.mark.parametrize(
    ("now", "minutes"),
    [
        ("2026-11-02T19:10:00+01:00", 40),
        ("2026-11-02T20:09:00+01:00", 40),
        ("2026-11-02T13:30:00-05:00", 40),
        ("2026-11-02T19:00:00+01:00", None),
        ("2026-11-02T20:10:00+01:00", None),
        ("2026-11-03T19:30:00+01:00", None),
    ],
)
def test_in_a_slot_of_the_plan_its_minutes_are_taken(
    ws: Workspace, run: Runner, frozen: Freeze, now: str, minutes: int | None
) -> None:
    ws.settings.write_text(ws.settings.read_text() + PLAN)
    frozen(now)
    found = run("next", "--json").data
    assert found.get("minutes") == minutes
    assert run("next", "--json", "-m", "7").data["minutes"] == 7


def test_who_comes_back_is_welcome_and_gets_one_proposal(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    begin(ws, run, 3)
    run("log", "add", "the first", "-m", "25", "-l", "1", "--at", "2026-11-02 19:00")
    assert today.plan(ws, 25).welcome == ""
    frozen("2026-11-09T19:30:00+01:00")
    assert today.plan(ws, 25).welcome == "", "a week is no absence"
    frozen("2026-11-20T19:30:00+01:00")
    found = run("next", "-m", "25")
    assert "Good to see you again" in found.out
    assert "plan reflow" not in found.out, "there is no plan"
    assert sum(one.kind == "again" for one in today.plan(ws, 25).items) == 1
    ws.settings.write_text(ws.settings.read_text() + PLAN)
    assert run("next", "-m", "25").out.count("plan reflow") == 1
    pause = '[[plan.pauses]]\nfrom = 2026-11-03\nto = 2026-11-19\nwhy = "holidays"\n'
    ws.settings.write_text(ws.settings.read_text() + pause)
    told = run("next", "-m", "25").out
    assert "Welcome back from your pause" in told
    assert "plan reflow" not in told


def test_without_anything_to_do_it_says_so(study: Path, run: Runner, frozen: Freeze) -> None:
    frozen("2026-11-02T19:30:00+01:00")
    empty = run("next", "-m", "25")
    assert (empty.code, "No card is due" in empty.out) == (0, True)
    assert "fastcompanion stop" not in empty.out
    assert run("next", "-m", "25", "--yes").code == 0
    with pytest.raises(CompanionError, match="at least a minute"):
        today.plan(Workspace(study), 0)
    assert run("next", "-m", "0").code == 2
