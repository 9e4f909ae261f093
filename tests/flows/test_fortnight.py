"""A learner with 25 minutes a day: a fortnight of sessions, a week away in the middle.

Everything goes through main(argv), with real kernels; the clock is moved from day to day. Between
the commands the learner only writes in notebooks and answers what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.flows import today
from fastcompanion.study import journal
from fastcompanion.study.logbook import streaks
from fastcompanion.study.plan import plan as plans
from tests.conftest import Outcome, Runner

Freeze = Callable[[str], None]
Git = Callable[..., str]
LESSON = "foundations/01"
MONDAY = date(2026, 11, 2)
# Words that nobody should read who comes back.
_SCOLDING = re.compile(
    r"\b(missed|failed|should have|behind|late|lost|broken|streak)\b", re.IGNORECASE
)


class Learner:
    """Somebody who types what `next` says, writes sections, and counts the commands of each day."""

    def __init__(self, ws: Workspace, run: Runner, frozen: Freeze) -> None:
        self.ws, self._run, self._frozen = ws, run, frozen
        self.day = MONDAY
        self.counts: list[int] = []
        course, lesson = lessons.find(ws, LESSON)
        original = notebook.read(course.root / str(lesson.notebooks[0].path))
        self._answers = {
            section.id: "\n\n".join(
                original["cells"][i]["source"]
                for i in section.cells
                if original["cells"][i]["metadata"]["fastcompanion"]["role"] == "work"
            )
            for section in notebook.sections(original)
        }

    def clock(self, time: str) -> None:
        self._frozen(f"{self.day}T{time}:00+01:00")

    def type(self, *words: str, typed: str = "") -> Outcome:
        self.counts[-1] += 1
        outcome = self._run(*words, typed=typed)
        assert outcome.code in (0, 4), outcome.err
        return outcome

    def session(self) -> tuple[today.Today, Outcome]:
        """Study for 25 minutes, as `next` leads."""
        self.counts.append(0)
        self.clock("19:30")
        planned = today.plan(self.ws, 25)
        assert sum(item.minutes for item in planned.items) <= 25
        answers = "".join(f"my answer {n}\n{rating}\n" for n, rating in enumerate(_ratings()))
        begun = self.type("next", "--minutes", "25", "--yes", typed=answers)
        self.clock("19:50")
        self._work(planned)
        self.clock("19:55")
        self.type("stop", "--note", f"day {self.day}")
        return planned, begun

    def _work(self, planned: today.Today) -> None:
        items = {item.kind: item for item in planned.items}
        if "again" in items:
            self._write("again", str(items["again"].section))
        step = items.get("step")
        if step is not None and step.section is not None:
            self._write("scratch", step.section)
        if "again" in items or (step is not None and step.section is not None):
            self.type("check")
        elif step is not None and step.whole and planned.next is not None:
            self.type(*_words_for(planned.next.step, planned.next.command))

    def _write(self, kind: Any, section: str) -> None:
        path = self.ws.notebook(LESSON, "samuel", kind)
        book = notebook.read(path)
        for cell in book["cells"]:
            ours = cell["metadata"].get("fastcompanion", {})
            if (ours.get("section"), ours.get("role")) == (section, "work"):
                cell["source"] = self._answers[section]
        notebook.write(path, book)


def _ratings() -> Iterator[str]:
    """Know most cards, and forget every fourth."""
    return iter(("good", "good", "easy", "again") * 5)


def _words_for(step: str, command: str) -> list[str]:
    if step == "watch":
        note = "Weights, a measure, and a way to alter the weights."
        return ["lesson", "done", LESSON, "watch", "--note", note]
    if "experiment" in command:
        change = ["--change", "N_VALID = 300", "--prediction", "hardly another"]
        return ["lesson", "experiment", "add", LESSON, *change, "--result", "a little worse"]
    return command.split()[1:]


@pytest.fixture
def learner(built_in_study: Path, run: Runner, frozen: Freeze) -> Learner:
    found = Learner(Workspace(built_in_study), run, frozen)
    found.clock("12:00")
    asked = ("--when", "mon,tue,wed,thu,fri,sat,sun 19:30", "--minutes", "25")
    made = run(
        "plan", "init", *asked, "--timezone", "Europe/Warsaw", "--deadline", "2027-03-01", "--yes"
    )
    assert made.code == 0, made.err
    assert run("review", "add", LESSON, "--all").code == 0
    return found


@pytest.mark.slow
@pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")
def test_a_fortnight_with_a_week_away_takes_three_commands_a_session(
    learner: Learner, git: Git
) -> None:
    ws = learner.ws
    kinds: list[set[str]] = []
    for n in (*range(7), *range(14, 21)):
        learner.day = MONDAY + timedelta(days=n)
        planned, begun = learner.session()
        kinds.append({item.kind for item in planned.items})
        if n == 14:
            _is_kind(learner, planned, begun)
        else:
            assert "Good to see you" not in begun.out

    assert max(learner.counts) <= 3, learner.counts
    assert len(learner.counts) == 14
    assert sum("cards" in one for one in kinds) >= 6
    assert sum("again" in one for one in kinds) >= 4
    _what_is_there(ws)
    _log_and_streak(learner)
    assert git(ws.root, "status", "--porcelain") == "", "every session ends committed"


def _is_kind(learner: Learner, planned: today.Today, begun: Outcome) -> None:
    """After a week away: one proposal, no reproach, and no more work than on any other day."""
    welcome = begun.out.partition(" today: ")[0]
    assert "Good to see you again" in welcome
    assert not _SCOLDING.search(planned.welcome)
    assert begun.out.count("plan reflow") == 1
    assert sum(item.minutes for item in planned.items) <= 25
    assert sum(item.kind == "again" for item in planned.items) <= 1
    entries = journal.read(learner.ws).entries
    streak = streaks.of(entries, plans.read(learner.ws), learner.day)
    assert streak.missed_last, "one week is missed, and the streak stands"
    assert streak.weeks == 1


def _what_is_there(ws: Workspace) -> None:
    known = events.read(ws)
    passed: dict[str, date] = {}
    for event in known:
        if event.kind == "lesson.checked":
            for section, word in event.data["sections"].items():
                if word == "passed":
                    passed.setdefault(section, event.at.date())
    assert len(passed) >= 6
    back = [event for event in known if event.kind == "section.recalled"]
    assert len(back) >= 4
    for event in back:
        assert event.data["grade"] == "good"
        assert event.at.date() >= passed[event.data["section"]] + timedelta(days=2)
        assert event.data["again"] > str(event.at.date() + timedelta(days=1))
    days = [event.at.date() for event in back]
    assert len(set(days)) == len(days), "one a day"
    answers = (ws.root / "review" / "reviews.jsonl").read_text().splitlines()
    assert len(answers) >= 15


def _log_and_streak(learner: Learner) -> None:
    log = journal.read(learner.ws)
    assert log.problems == ()
    assert len(log.entries) == 14
    assert {entry.minutes for entry in log.entries} == {25}
    assert {entry.note for entry in log.entries} >= {"day 2026-11-02", "day 2026-11-22"}
    steps = {entry.step for entry in log.entries}
    assert {"watch", "run", "reproduce"} <= steps
    streak = streaks.of(log.entries, plans.read(learner.ws), learner.day)
    assert (streak.weeks, streak.this_week_minutes) == (2, 175)
