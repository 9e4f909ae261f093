"""What is written for systemd, cron, launchd and the Task Scheduler, and whether it wakes in time."""

from __future__ import annotations

import plistlib
import random
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import DAYS, Plan, Slot
from fastcompanion.study.reminders import cron, desktop, launchd, systemd, tasks
from fastcompanion.study.reminders import job as jobs
from fastcompanion.study.reminders.job import Job
from fastcompanion.study.reminders.wording import Message
from tests.timer_programs import clocks_of

PLAN = Plan(
    "Europe/Warsaw",
    (Slot(("tue", "thu"), time(19, 30), 90), Slot(("sun",), time(2, 30), 30)),
)
STRANGE = 'we "ird" 100%n $HOME \\ x'


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    with clocks_of("UTC"):
        yield


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("FASTCOMPANION_HOME", str(tmp_path / "a b%c$d"))
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T12:00:00+00:00")
    return jobs.make(tmp_path / STRANGE, "fastcompanion-strange", PLAN, 5)


def test_a_name_says_whose_it_is() -> None:
    assert jobs.name_of(Path("/x/My Study"), "k3f9q2tzab") == "fastcompanion-my-study-k3f9q2tzab"
    assert jobs.name_of(Path("/x/Übung 2"), "k3f9q2tzab") == "fastcompanion-ubung-2-k3f9q2tzab"
    assert jobs.name_of(Path("/x/学习"), "k3f9q2tzab") == "fastcompanion-k3f9q2tzab"


def test_every_slot_of_a_year_has_a_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """On machines of other zones than the plan's, on both sides of every change of a clock."""
    chance = random.Random(5)
    for _ in range(12):
        zone = chance.choice(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe"])
        here = chance.choice(["Europe/Warsaw", "Asia/Tokyo", "America/Sao_Paulo", "Asia/Kolkata"])
        at = time(chance.choice([0, 1, 2, 3, 7, 19, 23]), chance.choice([0, 2, 30]))
        days = tuple(day for day in DAYS if chance.random() < 0.5) or ("sun",)
        lead = chance.choice([1, 5, 45])
        plan = Plan(zone, (Slot(days, at, 30),))
        monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T12:00:00+00:00")
        with clocks_of(here):
            made = jobs.make(Path("/x"), "k", plan, lead)
        local = {(wake.day, wake.hour, wake.minute) for wake in made.local}
        weekly = {(wake.day, wake.hour, wake.minute) for wake in made.weekly}
        for one in slots.between(plan, date(2026, 11, 21), date(2027, 11, 20)):
            due = one.at.astimezone(UTC) - timedelta(minutes=lead)
            seen = due.astimezone(ZoneInfo(here))
            assert (seen.weekday(), seen.hour, seen.minute) in local, (plan, here, one.id)
            # systemd skips what a clock jumps over, so there is another one within the hour.
            within = [due.astimezone(ZoneInfo(zone)) + timedelta(minutes=n) for n in (0, 30, 60)]
            times = {(moment.weekday(), moment.hour, moment.minute) for moment in within}
            assert times & weekly, (plan, one.id)


# --- systemd ---


def test_systemd_takes_the_units_as_they_are(job: Job, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for path, text in systemd.files(job).items():
        unit = tmp_path / path.name
        unit.write_text(text)
    for unit in tmp_path.glob("fastcompanion-*"):
        done = subprocess.run(
            ["systemd-analyze", "--user", "verify", str(unit)],
            env={"XDG_RUNTIME_DIR": str(runtime), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), unit


def test_systemd_lines(job: Job) -> None:
    assert systemd.calendar_lines(job)[-1] == "Tue,Thu *-*-* 19:25:00 Europe/Warsaw"
    # The slot in the hour of the clock change has a second wake-up.
    assert systemd.calendar_lines(job)[:2] == [
        "Sun *-*-* 02:25:00 Europe/Warsaw",
        "Sun *-*-* 03:25:00 Europe/Warsaw",
    ]
    text = systemd.service(job)
    assert '"--study"' in text
    assert '100%%n $$HOME \\\\ x" "--quiet"' in text
    assert 'a b%%c$d"' in text


# --- cron ---


def test_a_folder_that_no_crontab_can_hold(job: Job) -> None:
    from dataclasses import replace

    with pytest.raises(CompanionError, match="line break"):
        cron.line(replace(job, argv=(*job.argv, "a\nb")))


# --- launchd ---


@pytest.mark.parametrize("name", ["a\x01b", "a\udce4b"])
def test_a_folder_that_no_timer_can_name_is_refused(name: str) -> None:
    with pytest.raises(CompanionError, match="no text"):
        jobs.make(Path("/x") / name, "fastcompanion-x", PLAN, 5)


def test_the_property_list_is_read_back_as_it_was_meant(job: Job) -> None:
    (text,) = launchd.files(job).values()
    data = plistlib.loads(text.encode())
    assert data["ProgramArguments"] == list(job.argv)
    assert (data["RunAtLoad"], data["ProcessType"]) == (True, "Background")
    intervals = data["StartCalendarInterval"]
    # Tuesday is 2 with launchd; 19:25 in Warsaw in summer and winter, in UTC.
    assert {"Weekday": 2, "Hour": 17, "Minute": 25} in intervals
    assert {"Weekday": 4, "Hour": 18, "Minute": 25} in intervals
    assert {"Weekday": 0, "Hour": 0, "Minute": 25} in intervals
    assert intervals[-1] == {"Minute": 17}
    assert data["EnvironmentVariables"] == dict(job.environment)
    for one in intervals:
        assert 0 <= one.get("Weekday", 0) <= 6
        assert set(one) <= {"Weekday", "Hour", "Minute"}


def test_the_steps_of_launchd(job: Job) -> None:
    words = [step.words for step in launchd.install(job)]
    assert words[0].startswith("write ")
    assert "launchctl bootout gui/" in words[1]
    assert "launchctl bootstrap gui/" in words[2]
    assert [step.act for step in launchd.remove(job.name)] == ["run", "remove"]


def test_the_test_of_launchd_runs_once(job: Job) -> None:
    once = jobs.test(job, datetime(2026, 11, 21, 20, 15, tzinfo=UTC), "abc")
    data = launchd.contents(once)
    assert data["StartCalendarInterval"] == [{"Month": 11, "Day": 21, "Hour": 20, "Minute": 15}]
    assert (data["RunAtLoad"], data["Label"] != launchd.label(job.name)) == (False, True)


# --- Task Scheduler ---

#: The published schema (MS-TSCH, section 2.5): what may stand below an element, and where the order counts.
CHILDREN = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Actions", "Data"},
    "RegistrationInfo": {"Description", "Author", "URI", "Date"},
    "Triggers": {"CalendarTrigger", "TimeTrigger"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "RunLevel"},
    "Settings": {
        "MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries",
        "AllowHardTerminate", "StartWhenAvailable", "RunOnlyIfNetworkAvailable", "Enabled", "Hidden",
        "WakeToRun", "ExecutionTimeLimit", "Priority",
    },
    "Actions": {"Exec"},
    "ScheduleByWeek": {"WeeksInterval", "DaysOfWeek"},
    "DaysOfWeek": {
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    },
}  # fmt: skip
IN_ORDER = {
    "CalendarTrigger": ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ScheduleByWeek"],
    "TimeTrigger": ["Enabled", "StartBoundary", "EndBoundary", "Repetition"],
    "Exec": ["Command", "Arguments", "WorkingDirectory"],
}


def check(element: ET.Element) -> None:
    name = element.tag.removeprefix(f"{{{tasks.NAMESPACE}}}")
    below = [child.tag.removeprefix(f"{{{tasks.NAMESPACE}}}") for child in element]
    if name in IN_ORDER:
        places = [IN_ORDER[name].index(child) for child in below]
        assert places == sorted(set(places)), name
    elif name in CHILDREN:
        assert set(below) <= CHILDREN[name], name
        assert name == "Triggers" or len(below) == len(set(below)), name
    else:
        assert below == [], name
    for child in element:
        check(child)


def read(text: str) -> ET.Element:
    # As Windows gets it: UTF-16 with its mark, which the declaration names.
    return ET.fromstring(text.encode("utf-16"))


def test_the_task_follows_the_published_schema(job: Job) -> None:
    root = read(tasks.xml(job))
    check(root)
    text = tasks.xml(job)
    for setting in (
        "<StartWhenAvailable>true</StartWhenAvailable>",
        "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>",
        "<LogonType>InteractiveToken</LogonType>",
    ):
        assert setting in text
    space = {"t": tasks.NAMESPACE}
    triggers = root.findall(".//t:CalendarTrigger", space)
    assert len(triggers) == len(job.local)
    once = jobs.test(job, datetime(2026, 11, 21, 20, 15, tzinfo=UTC), "abc")
    tested = read(tasks.xml(once))
    check(tested)
    boundary = tested.find(".//t:TimeTrigger/t:StartBoundary", space)
    assert boundary is not None
    assert boundary.text == "2026-11-21T20:15:00"


def test_arguments_are_written_as_windows_takes_them_apart(job: Job) -> None:
    root = read(tasks.xml(job))
    arguments = root.find(f".//{{{tasks.NAMESPACE}}}Arguments")
    assert arguments is not None
    assert arguments.text is not None
    assert '\\"ird\\" 100%n $HOME \\ x" --quiet' in arguments.text


def test_inside_wsl_a_task_of_windows_calls_wsl(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "in_wsl", lambda: True)
    monkeypatch.setenv("WSL_DISTRO_NAME", "Ubuntu 24.04")
    command, arguments = tasks.action(job)
    assert command == "wsl.exe"
    assert arguments.startswith('-d "Ubuntu 24.04" -e /usr/bin/env "FASTCOMPANION_HOME=')
    assert " -P -m fastcompanion remind fire --study " in arguments


def test_a_toast_is_text_whatever_stands_in_it() -> None:
    script = desktop.toast_script(Message("It's <b>", "a & '); Remove-Item x; ('"))
    line = next(one for one in script.splitlines() if one.startswith("$xml.LoadXml('"))
    inner = line.removeprefix("$xml.LoadXml('").removesuffix("')")
    assert "'" not in inner.replace("''", "")
    toast = ET.fromstring(inner.replace("''", "'"))
    assert [one.text for one in toast.iter("text")] == ["It's <b>", "a & '); Remove-Item x; ('"]
