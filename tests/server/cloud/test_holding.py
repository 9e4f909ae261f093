"""`server keep` and AWS's alarm, and what is said where a way to stop a machine is taken away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.reporter import SILENT
from fastcompanion.server import registry
from fastcompanion.server.cloud import alarms, holding, launching
from tests.server.cloud.conftest import QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws

Runner = Callable[..., Any]
_HOUR = 3600


@pytest.fixture
def gpu1(fake: FakeAws, key: Path, box: Box) -> FakeAws:
    """A machine that runs, with a hard limit of a day."""
    aws, order = ordered(max_hours=24, budget=None)
    launching.launch(aws, order, SILENT, patience=QUICK)
    fake.calls.clear()
    return fake


def rest(fake: FakeAws) -> int:
    """Give the seconds without work after which AWS's alarm stops the machine; it has to be on."""
    [alarm] = fake._alarms("us-east-1").values()
    assert alarm.alarm_actions == ["arn:aws:automate:us-east-1:ec2:stop"]
    assert alarm.actions_enabled in (True, "true"), "never off: who would switch it on again?"
    seconds = alarm.period * alarm.evaluation_periods
    assert seconds <= 24 * _HOUR, "AWS looks back for a day at most"
    return int(seconds)


def test_keep_holds_the_alarm_too(gpu1: FakeAws, run: Runner) -> None:
    """A download that keeps no CPU busy: the machine would stay, and AWS would stop it."""
    assert rest(gpu1) == 2 * _HOUR
    told = run("server", "keep", "gpu1", "5h", "--json")
    assert told.code == 0, told.out
    assert "AWS's alarm waits as long" in told.data["alarm"]
    assert rest(gpu1) == 7 * _HOUR, "at the earliest when the five hours are over"
    assert run("server", "keep", "gpu1", "90m").code == 0
    assert rest(gpu1) == 3.5 * _HOUR
    off = run("server", "keep", "gpu1", "off")
    assert "counts as usual: it stops the machine after 2 hours" in off.out
    assert rest(gpu1) == 2 * _HOUR


def test_a_machine_is_held_no_longer_than_aws_can_look_back(gpu1: FakeAws, run: Runner) -> None:
    told = run("server", "keep", "gpu1", "1d", "--json")
    assert "can wait 22 hours at most" in told.data["alarm"]
    assert rest(gpu1) == 24 * _HOUR


def test_nothing_is_held_beyond_the_hard_limit(gpu1: FakeAws, run: Runner) -> None:
    registry.change("gpu1", max_hours=4)
    assert run("server", "keep", "gpu1", "20h").code == 0
    assert rest(gpu1) == 6 * _HOUR


def test_keep_without_a_way_to_aws_says_what_the_alarm_does(gpu1: FakeAws, run: Runner) -> None:
    gpu1.refuse("PutMetricAlarm", "AccessDenied")
    told = run("server", "keep", "gpu1", "5h", "--json")
    assert told.code == 0, "the machine itself keeps its word"
    assert "AWS's alarm was not told" in told.data["alarm"]
    assert "after 2 hours below 5 % of CPU" in told.data["alarm"]


def test_a_dry_run_tells_nobody(gpu1: FakeAws, run: Runner) -> None:
    assert run("server", "keep", "gpu1", "5h", "--dry-run").code == 0
    assert gpu1.calls == []


def test_a_start_does_not_end_at_once_for_what_the_alarm_saw_before(
    gpu1: FakeAws, run: Runner
) -> None:
    """An hour of reading, a stop, a start: the alarm has seen two hours without work by then."""
    run("server", "stop", "gpu1")
    gpu1.calls.clear()
    assert run("server", "start", "gpu1").code == 0
    assert rest(gpu1) == 4 * _HOUR, "two hours more than it can have seen"
    assert gpu1.calls.index("PutMetricAlarm") < gpu1.calls.index("StartInstances")


def test_a_start_brings_an_alarm_back_that_somebody_deleted(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    gpu1._alarms("us-east-1").clear()
    assert run("server", "start", "gpu1").code == 0
    assert rest(gpu1)
    assert run("server", "terminate", "gpu1", "--confirm", "gpu1").code == 0
    assert gpu1.left() == {}


def test_a_stopped_machine_measures_nothing_and_raises_no_alarm(gpu1: FakeAws) -> None:
    [alarm] = gpu1._alarms("us-east-1").values()
    assert alarm.treat_missing_data == "notBreaching"
    assert alarms.LONGEST_HOLD + alarms.HOURS == 24


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--undo",), "gpu1 loses its idle stop and its hard limit: AWS's alarm alone is left"),
        (("--max", "0", "--idle", "0"), "its idle stop and its hard limit: AWS's alarm alone"),
        (("--max", "0"), "gpu1 loses its hard limit: the other one and AWS's alarm are left"),
        (("--idle", "0"), "gpu1 loses its idle stop: the other one"),
        (("--on-idle", "warn"), "gpu1 loses its idle stop: the other one"),
    ],
)
def test_who_takes_a_way_to_stop_it_is_told_what_is_left(
    gpu1: FakeAws, run: Runner, words: tuple[str, ...], said: str
) -> None:
    told = run("server", "setup", "gpu1", *words, "--yes", "--kind", "cloud")
    assert told.code == 0, told.out
    assert said in told.err
    assert "fastcompanion server stop gpu1" in told.err


def test_who_is_asked_before_an_undo_reads_it_in_the_question(gpu1: FakeAws, run: Runner) -> None:
    told = run("server", "setup", "gpu1", "--undo", "--json")
    assert told.code == 2
    assert "AWS's alarm alone is left" in told.errors[0]["message"]


def test_a_usual_setup_says_nothing_of_it(gpu1: FakeAws, run: Runner) -> None:
    assert "alarm" not in run("server", "setup", "gpu1").err
    assert "alarm" not in run("server", "setup", "gpu1", "--max", "0", "--check").err


def test_a_box_in_the_house_has_no_alarm() -> None:
    home = registry.Server("box", host="192.168.1.9")
    assert holding.what_is_left(home, undone=True, idle_minutes=0, max_hours=0) == ""
