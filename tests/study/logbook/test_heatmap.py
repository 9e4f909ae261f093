"""The heat map and its picture: the same log, the same bytes; pauses are told apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fastcompanion.study.journal import Entry
from fastcompanion.study.logbook import heatmap
from fastcompanion.study.plan.plan import Pause, Plan, Slot

Runner = Callable[..., Any]
Git = Callable[..., str]
TODAY = date(2026, 11, 21)
PLAN = Plan(
    "Europe/Warsaw",
    (Slot(("tue",), time(19, 30), 60),),
    (Pause(date(2026, 11, 2), date(2026, 11, 8), "holidays"),),
)


def entry(text: str, minutes: int) -> Entry:
    return Entry("aaaaaaaa", datetime.fromisoformat(text), minutes)


LOG = (
    entry("2026-11-21T01:30:00+01:00", 30),
    entry("2026-11-20T19:30:00+01:00", 70),
    entry("2026-11-04T19:30:00+01:00", 10),
    entry("2020-01-01T19:30:00+01:00", 600),
)


def test_minutes_are_those_of_study_days() -> None:
    found = heatmap.of(LOG, PLAN, TODAY, weeks=4)
    assert (found.first, found.last, found.minutes, found.days_studied) == (
        date(2026, 10, 26), TODAY, 110, 2,
    )  # fmt: skip
    by_day = {one.day: one for one in found.days}
    assert by_day[date(2026, 11, 20)].minutes == 100
    assert by_day[date(2026, 11, 20)].level == 4
    assert by_day[TODAY].level == 0
    assert [one.day.day for one in found.days if one.paused] == [2, 3, 4, 5, 6, 7, 8]
    assert heatmap.months(found) == ("", "Nov", "", "")


@pytest.mark.parametrize(("minutes", "level"), [(0, 0), (1, 1), (19, 1), (20, 2), (45, 3), (90, 4), (999, 4)])  # fmt: skip
def test_levels(minutes: int, level: int) -> None:
    assert heatmap.level(minutes) == level


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_is_well_formed_and_the_same_every_time(dark: bool) -> None:
    found = heatmap.of(LOG, PLAN, TODAY)
    drawn = heatmap.svg(found, dark=dark)
    assert drawn == heatmap.svg(heatmap.of(LOG[::-1], PLAN, TODAY), dark=dark)
    root = ET.fromstring(drawn)
    about = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "2026-11-20: 100 min" in about
    assert "2026-11-04: 10 min, paused" in about
    assert "2026-11-03: 0 min, paused" in about
    assert len(about) == len(found.days) + 1
    colours = {
        one.get("fill")
        for one in root.iter("{http://www.w3.org/2000/svg}rect")
        if (title := one.find("{http://www.w3.org/2000/svg}title")) is not None
        and title.text
        in ("2026-11-03: 0 min, paused", "2026-11-18: 0 min", "2026-11-04: 10 min, paused")
    }
    assert len(colours) == 3, "a paused day is no missed one, and study in a pause counts"
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_the_readme_gets_it_once_and_only_between_the_markers(
    study: Path, run: Runner, git: Git, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    run("log", "add", "x", "-m", "50")
    mine = (study / "README.md").read_text()
    assert (
        "Written: log/heatmap.svg, log/heatmap-dark.svg, README.md"
        in run("log", "heatmap", "--write").out
    )
    first = (study / "README.md").read_text()
    assert first.startswith(mine.rstrip())
    assert 'media="(prefers-color-scheme: dark)" srcset="log/heatmap-dark.svg"' in first
    assert "shows it already" in run("log", "heatmap", "--write").out
    assert (study / "README.md").read_text() == first
    assert git(study, "status", "--porcelain") == ""
    (study / "README.md").write_text(f"Words above.\n{first}\nWords below.\n")
    run("log", "add", "y", "-m", "50")
    run("log", "week")
    assert "100 min" in (study / "log/heatmap.svg").read_text(), "the week's review keeps it up"
    assert (study / "README.md").read_text() == f"Words above.\n{first}\nWords below.\n"


def test_a_readme_of_the_learners_changes_is_left_to_the_learner(
    study: Path, run: Runner, git: Git
) -> None:
    (study / "README.md").write_text("Half a sentence")
    drawn = run("log", "heatmap", "--write")
    assert "yours to commit" in drawn.out
    assert git(study, "status", "--porcelain") == " M README.md\n"
    assert (study / "README.md").read_text().startswith("Half a sentence\n")


@pytest.mark.parametrize(
    "text",
    ["<!-- heatmap: begin -->\n", "<!-- heatmap: end -->\n<!-- heatmap: begin -->\n",
     "<!-- heatmap: begin -->\n<!-- heatmap: begin -->\n<!-- heatmap: end -->\n"],
)  # fmt: skip
def test_broken_markers_are_named_and_the_file_stays(study: Path, run: Runner, text: str) -> None:
    (study / "README.md").write_text(text)
    refused = run("log", "heatmap", "--write")
    assert refused.code == 1
    assert f"{study / 'README.md'}:" in refused.err
    assert (study / "README.md").read_text() == text


def test_the_terminal_shows_weeks_and_pauses(
    study: Path, run: Runner, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    with (study / "fastcompanion.toml").open("a") as file:
        file.write(
            '\n[plan]\ntimezone = "Europe/Warsaw"\n'
            "[[plan.pauses]]\nfrom = 2026-11-16\nto = 2026-11-17\n"
        )
    run("log", "add", "x", "-m", "50")
    shown = run("log", "heatmap", "--weeks", "3").out.splitlines()
    assert shown[1:8] == [
        "Mon · · ~", "Tue · · ~", "Wed · · ·", "Thu · · ·", "Fri · · ·", "Sat · · ▓", "Sun · ·",
    ]  # fmt: skip
    data = run("log", "heatmap", "--weeks", "3", "--json").data
    assert sorted(data) == ["heatmap", "written"]
    assert len(data["heatmap"]["days"]) == 20
    dry = run("log", "heatmap", "--write", "--dry-run")
    assert dry.code == 0
    assert not (study / "log/heatmap.svg").exists()
