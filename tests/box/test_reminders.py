"""Reminders that fire for real: systemd's timer, cron, a mail server, a desktop, and nobody at it.

One evening is lived through once (the fixture): studies of every sort have their slot in the same
minute, and the tests look at what reached whom.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.box.box import USER, Box
from tests.box.desktop import Desktop, Notification
from tests.box.learner import Study, daytime_zone, next_minute, set_zone

pytestmark = [pytest.mark.box, pytest.mark.timeout(600)]

HOME = f"/home/{USER}"
VISITOR = "visitor"
CRONTAB = '# mine, with a blank line and 50\\% of a command\n\nMAILTO=""\n5 4 1 1 *   true\n'
MAIL = f"{HOME}/inbox"
LEAD = timedelta(minutes=5)


@dataclass
class Evening:
    """What was lived through: the studies by name, the desktop's notifications, two tests."""

    studies: dict[str, Study] = field(default_factory=dict)
    notes: tuple[Notification, ...] = ()
    tests: dict[str, dict[str, Any]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)

    def seen(self, minutes: int) -> list[Notification]:
        """The notifications about a session of so many minutes: each study has another number."""
        return [one for one in self.notes if f"for {minutes} min" in one.body]


#: study -> its minutes, by which its messages are known
MINUTES = {
    "systemd": 41, "abroad": 42, "paused": 43, "studied": 44, "50% there": 45, "mail": 46, "away": 47, "either": 50,
}  # fmt: skip
#: Studies of a user who has no session: nobody is logged in, cron runs all the same.
AWAY = ("away", "either")
MAIL_SETTINGS = {
    "remind.email": "ada@example.org", "remind.smtp_host": "127.0.0.1", "remind.smtp_port": "2525",
    "remind.smtp_security": "none",
}  # fmt: skip


@pytest.fixture(scope="module")
def evening(box: Box, program: list[str]) -> Iterator[Evening]:
    zone = daytime_zone()
    set_zone(box, zone)
    box.run(["useradd", "--create-home", "--shell", "/bin/bash", VISITOR])
    box.run(["crontab", "-"], user=USER, typed=CRONTAB)
    start_mail_server(box)
    desktop = Desktop(box)
    desktop.begin()
    lived = Evening()
    begun = time.monotonic()
    for name in MINUTES:
        user = VISITOR if name in AWAY else USER
        lived.studies[name] = Study(box, program, f"/home/{user}/studies/{name}", user)
        lived.studies[name].begin()
    lived.homes["before"] = home_files(box)
    settle(lived)
    # What is left to do takes less than that took; a machine that becomes busy gets its time.
    moment = next_minute(20 + 2 * (time.monotonic() - begun))
    prepare(lived, moment, zone)
    assert datetime.now(UTC) < moment, "the preparation took too long: the evening says nothing"
    with ThreadPoolExecutor() as pool:
        tried = ("systemd", "50% there", "away")
        tests = {name: pool.submit(test_it, lived.studies[name]) for name in tried}
        for study in lived.studies.values():
            answered = study.woken if study is lived.studies["paused"] else study.answered
            box.until(answered, seconds=left(moment) + 120, what=f"{study.folder} is woken")
        lived.tests = {name: future.result() for name, future in tests.items()}
    lived.notes = desktop.read()
    yield lived
    desktop.end()


def left(moment: datetime) -> float:
    """Seconds until then; a busy machine chooses one that is far away."""
    return max(0, (moment - datetime.now(UTC)).total_seconds())


def test_it(study: Study) -> dict[str, Any]:
    return study.ask("remind", "test", check=False, seconds=240)


test_it.__test__ = False  # type: ignore[attr-defined]


def start_mail_server(box: Box) -> None:
    """A real one, which keeps what it takes in files."""
    server = ["python3", "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:2525", "-c", "aiosmtpd.handlers.Mailbox", MAIL]  # fmt: skip
    box.run(["systemd-run", "--user", "--quiet", "--unit=mail", *server], user=USER)


def settle(lived: Evening) -> None:
    """Do what knows no moment."""
    for name, channels in (("mail", "email"), ("either", "desktop, email")):
        for key, value in {**MAIL_SETTINGS, "remind.channels": channels}.items():
            lived.studies[name].type("config", "set", key, value)
    lived.studies["mail"].type("config", "set", "remind.lead", "0")
    lived.studies["studied"].type("log", "add", "Retyped the first notebook.", "--minutes", "20")


def prepare(lived: Evening, moment: datetime, zone: str) -> None:
    """Plan and install everything: all are to be woken at `moment`."""
    for name, study in lived.studies.items():
        lead = timedelta(0) if name == "mail" else LEAD
        abroad = "Europe/Warsaw" if name == "abroad" else zone
        study.plan(moment + lead, abroad, MINUTES[name])
        if name == "paused":
            today = f"{moment.astimezone():%Y-%m-%d}"
            later = f"{moment.astimezone() + timedelta(days=9):%Y-%m-%d}"
            study.type("plan", "pause", "today", later, "--why", f"holidays from {today} on")
        backend = "cron" if name == "50% there" else "auto"
        made = study.ask("remind", "install", "--backend", backend, "--yes")
        assert made["backend"] == ("cron" if name in (*AWAY, "50% there") else "systemd")


def home_files(box: Box) -> str:
    """What lies in the learner's home, but for the studies."""
    ours = [word for place in (f"{HOME}/studies", MAIL) for word in ("-not", "-path", f"{place}*")]
    found = box.run(["find", HOME, *ours]).stdout
    return "\n".join(sorted(found.splitlines()))


def test_a_systemd_timer_wakes_us_and_one_notification_arrives(evening: Evening) -> None:
    (record,) = evening.studies["systemd"].answered()
    assert (record["kind"], record["channel"], record["outcome"]) == ("due", "notify-send", "shown")
    assert record["proof"].startswith("notification ")
    (note,) = evening.seen(41)
    assert note.program == "fastcompanion"
    assert note.summary.startswith("Study at ")
    assert note.body.startswith("In 5 min, for 41 min")


def test_the_plan_of_another_zone_wakes_us_at_the_same_moment(evening: Evening) -> None:
    unit = evening.studies["abroad"].box.run(
        ["sh", "-c", "cat ~/.config/systemd/user/fastcompanion-abroad-*.timer"], user=USER
    )
    assert "Europe/Warsaw" in unit.stdout
    assert len(evening.seen(42)) == 1


def test_it_is_silent_in_a_pause_and_after_a_session(evening: Evening) -> None:
    (record,) = evening.studies["studied"].records()
    assert (record["kind"], record["outcome"]) == ("silent", "silent")
    assert "you studied" in record["cause"]
    assert evening.studies["paused"].records() == []
    assert evening.seen(43) == evening.seen(44) == []


def test_cron_wakes_us_in_a_folder_with_a_percent_sign(evening: Evening, box: Box) -> None:
    assert r"50\% there" in box.run(["crontab", "-l"], user=USER).stdout
    (record,) = evening.studies["50% there"].answered()
    assert (record["channel"], record["outcome"]) == ("notify-send", "shown")
    assert len(evening.seen(45)) == 1


def test_an_email_is_handed_to_the_server(evening: Evening, box: Box) -> None:
    (record,) = evening.studies["mail"].records()
    assert (record["channel"], record["outcome"]) == ("email", "accepted")
    assert "250" in record["proof"]
    mails = box.run(["sh", "-c", f"cat {MAIL}/new/*"]).stdout
    assert mails.count("Subject: Study at ") == 2
    assert mails.count("Now, for 46 min") == 1
    assert evening.seen(46) == []


def test_where_no_desktop_is_the_email_arrives(evening: Evening, box: Box) -> None:
    *desktop, email = evening.studies["either"].records()
    assert {(one["outcome"], one["channel"] == "email") for one in desktop} == {("failed", False)}
    assert (email["channel"], email["outcome"]) == ("email", "accepted")
    mails = box.run(["sh", "-c", f"cat {MAIL}/new/*"]).stdout
    assert mails.count("In 5 min, for 50 min") == 1


def test_without_a_session_nothing_is_called_delivered(evening: Evening, box: Box) -> None:
    away = evening.studies["away"]
    assert evening.tests["away"]["arrived"] is False
    assert evening.tests["away"]["cause"]
    assert {one["outcome"] for one in away.records()} == {"failed"}
    assert all(one["cause"] for one in away.records())
    status = away.ask("remind", "status")
    assert status["last"]["outcome"] == "failed"
    shown = away.at_a_terminal("status")
    assert "for 47 min" in shown
    assert "fastcompanion remind test" in shown
    assert [one["channel"] for one in away.arrived()] == ["terminal"]
    assert "for 47 min" not in away.at_a_terminal("status")


@pytest.mark.parametrize("name", ["systemd", "50% there"])
def test_remind_test_sees_its_proof_and_cleans_up(evening: Evening, name: str, box: Box) -> None:
    tested = evening.tests[name]
    assert (tested["arrived"], tested["channel"]) == (True, "notify-send")
    assert tested["proof"].startswith("notification ")
    assert sum("test reminder" in one.body for one in evening.notes) == 2
    assert "-test" not in box.systemctl("list-units", "--all", "fastcompanion*", user=USER)
    assert "-test" not in box.run(["crontab", "-l"], user=USER).stdout


def test_waking_us_again_says_nothing_more(evening: Evening) -> None:
    study = evening.studies["systemd"]
    pool = ThreadPoolExecutor()
    again: list[Future[dict[str, Any]]] = [pool.submit(study.ask, "remind", "fire") for _ in "ab"]
    assert {future.result()["kind"] for future in again} == {"silent"}
    assert len(study.arrived()) == 2  # the slot and the test


def test_a_slot_missed_yesterday_is_caught_up_once(
    evening: Evening, box: Box, program: list[str]
) -> None:
    study = Study(box, program, f"{HOME}/studies/missed")
    study.begin()
    now = datetime.now(UTC)
    study.plan(now - timedelta(hours=2), daytime_zone(), 48)
    days_ago = {"FASTCOMPANION_NOW": f"{now - timedelta(days=2):%Y-%m-%dT%H:%M:%S+00:00}"}
    study.type("remind", "install", "--backend", "systemd", "--yes", env=days_ago)
    assert study.records() == []
    timer = study.ask("remind", "status")["name"] + ".timer"
    stamp = f"{HOME}/.local/share/systemd/timers/stamp-{timer}"
    box.systemctl("stop", timer, user=USER)
    box.run(["touch", "-d", "2 days ago", stamp], user=USER)
    box.systemctl("start", timer, user=USER)
    box.until(study.records, seconds=60, what="the timer catches up")
    (record,) = study.arrived()
    assert record["kind"] == "late"
    assert record["text"].startswith("A slot went by. Missed ")
    box.systemctl("restart", timer, user=USER)
    assert study.ask("remind", "fire")["kind"] == "silent"
    assert len(study.arrived()) == 1
    study.type("remind", "remove", "--yes")


def test_remove_leaves_nothing_behind(evening: Evening, box: Box) -> None:
    box.run(["rm", "-r", evening.studies["abroad"].folder])
    for name, study in evening.studies.items():
        if name not in (*AWAY, "abroad"):
            study.type("remind", "remove", "--yes")
    evening.studies["systemd"].type("remind", "remove", "--gone", "--yes")
    assert box.run(["crontab", "-l"], user=USER).stdout == CRONTAB
    for word in ("list-unit-files", "list-units"):
        listed = box.systemctl(word, "--all", "--no-legend", user=USER)
        assert "fastcompanion" not in listed
    assert home_files(box) == evening.homes["before"]


def test_a_slot_that_went_by_while_the_machine_was_off_reaches_a_late_desktop(
    evening: Evening, box: Box, program: list[str]
) -> None:
    """Booted after the slot, both timers catch up before anybody is at the desk: systemd tries again."""
    names = ("systemd", "cron")
    timed, lined = (Study(box, program, f"{HOME}/studies/off by {name}") for name in names)
    begun = time.monotonic()
    for study in (timed, lined):
        study.begin()
    moment = next_minute(15 + 4 * (time.monotonic() - begun))
    for study, name in ((timed, "systemd"), (lined, "cron")):
        study.plan(moment + LEAD, daytime_zone(), 49)
        study.type("remind", "install", "--backend", name, "--yes")
    box.power_off()
    assert datetime.now(UTC) < moment, "the box went off too late: the test says nothing"
    box.until(lambda: datetime.now(UTC) > moment, seconds=left(moment) + 5, what="it went by")
    box.boot()
    for study in (timed, lined):
        box.until(study.records, seconds=120, what="the first attempt is on record")
        assert study.arrived() == []
        assert "for 49 min" in study.ask("remind", "status")["waiting"]
    desktop = Desktop(box)
    desktop.begin()
    box.until(timed.arrived, seconds=150, what="the message arrives at last")
    (note,) = desktop.read()
    assert "for 49 min" in note.body
    assert timed.ask("remind", "status")["waiting"] == ""
    assert "for 49 min" in lined.at_a_terminal("status")
    assert [one["channel"] for one in lined.arrived()] == ["terminal"]
    for study in (timed, lined):
        study.type("remind", "remove", "--yes")
    assert box.run(["crontab", "-l"], user=USER).stdout == CRONTAB
