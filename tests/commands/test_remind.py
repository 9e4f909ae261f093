"""`remind` from end to end, with real processes: install, status, fire, test, remove, calendar."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import workspace
from fastcompanion.study.reminders import banner
from tests.timer_programs import Programs, clocks_of

Runner = Callable[..., Any]
PLAN = """
[plan]
timezone = "Europe/Warsaw"
[[plan.slots]]
days = ["tue", "thu"]
at = 19:30:00
minutes = 90
"""
DUE = "2026-11-24T19:26:00+01:00"


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    with clocks_of("UTC"):
        yield


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programs]:
    found = Programs(tmp_path / "programs", monkeypatch)
    yield found
    found.end()


@pytest.fixture
def planned(study: Path) -> Path:
    settings = study / "fastcompanion.toml"
    settings.write_text(settings.read_text() + PLAN)
    return study


def records(study: Path) -> list[dict[str, Any]]:
    path = study / ".fastcompanion" / "reminders.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def units(home: Path) -> list[str]:
    folder = home / ".config"
    return (
        sorted(str(path.relative_to(home)) for path in folder.rglob("*")) if folder.exists() else []
    )


def process_names() -> set[str]:
    """The names of all processes that can be seen; one may end while we look."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            found.add(path.read_text().strip())
    return found


def set_plan(study: Path, old: str, new: str) -> None:
    settings = study / "fastcompanion.toml"
    text = settings.read_text()
    assert old in text
    settings.write_text(text.replace(old, new))


# --- systemd ---


def test_systemd_from_install_to_remove(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    look = run("remind", "install", "--dry-run")
    assert "OnCalendar=Tue,Thu *-*-* 19:25:00 Europe/Warsaw" in look.out
    assert units(isolated) == []

    done = run("remind", "install", "--yes")
    assert done.code == 0, done.err
    # Every file and command was shown before.
    assert "write " in done.err
    assert "ExecStart=" in done.err
    assert "systemctl --user enable" in done.err
    name = run("remind", "status", "--json").data["name"]
    folder = isolated / ".config" / "systemd" / "user"
    service = (folder / f"{name}.service").read_text()
    assert f'ExecStart="{sys.executable}" "-P" "-m" "fastcompanion" "remind" "fire"' in service
    timer = (folder / f"{name}.timer").read_text()
    assert "Persistent=true\nAccuracySec=1s\n" in timer

    calls = len(programs.calls)
    again = run("remind", "install", "--yes", "--json")
    assert again.data["changed"] is False
    assert not [call for call in programs.calls[calls:] if call.startswith(("enable", "daemon"))]

    stamps = isolated / ".local" / "share" / "systemd" / "timers"
    stamps.mkdir(parents=True)
    (stamps / f"stamp-{name}.timer").touch()
    gone = run("remind", "remove", "--yes")
    assert gone.code == 0, gone.err
    assert not (stamps / f"stamp-{name}.timer").exists()
    assert [one for one in units(isolated) if name in one] == []
    # Neither of ours nor of systemd's folders is left, and no lock.
    for made in (".config", ".local", "fastcompanion"):
        assert not (isolated / made).exists(), made
    assert run("remind", "status", "--json").data["installed"] is False


def test_a_plan_that_changed_is_said_and_taken_up(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    run("remind", "install", "--yes")
    name = run("remind", "status", "--json").data["name"]
    for old, new in (("19:30:00", "20:00:00"), ("Europe/Warsaw", "Asia/Tokyo")):
        assert run("remind", "status", "--json").data["stale"] == ""
        set_plan(planned, old, new)
        assert "plan" in run("remind", "status", "--json").data["stale"]
        assert "no longer fits" in run("doctor", "reminders").out
        assert run("remind", "install", "--yes", "--json").data["changed"] is True
    timer = isolated / ".config" / "systemd" / "user" / f"{name}.timer"
    assert "Tue,Thu *-*-* 19:55:00 Asia/Tokyo" in timer.read_text()
    assert programs.calls.count(f"restart {name}.timer") == 3


def test_a_zone_that_systemd_does_not_know_is_written_in_local_times(
    planned: Path, programs: Programs, run: Runner
) -> None:
    programs.has("systemctl", "notify-send")
    programs.add("systemd-analyze", "import sys; sys.exit('Invalid calendar specification')")
    look = run("remind", "install", "--dry-run").out
    # Summer and winter, in UTC as this machine's clocks show it.
    assert "OnCalendar=Tue,Thu *-*-* 17:25:00\n" in look
    assert "OnCalendar=Tue,Thu *-*-* 18:25:00\n" in look


def test_an_installation_that_fails_is_taken_back(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send").mark("systemctl.broken", "restart")
    done = run("remind", "install", "--yes")
    assert done.code == 1
    assert "Failed to connect to bus" in done.err
    assert not (isolated / ".config" / "systemd").exists() or not [
        one for one in units(isolated) if one.endswith((".timer", ".service"))
    ]
    assert not (isolated / "fastcompanion" / "reminders.json").exists()


def test_nobody_to_ask_is_no_consent(planned: Path, programs: Programs, run: Runner) -> None:
    programs.has("systemctl", "notify-send")
    done = run("remind", "install")
    assert (done.code, "--yes" in done.err) == (2, True)
    assert not [call for call in programs.calls if call.startswith("enable")]


# --- cron ---


def test_cron_leaves_the_rest_of_the_crontab_as_it_is(
    planned: Path, programs: Programs, run: Runner
) -> None:
    programs.has("crontab", "notify-send")
    before = b'MAILTO=""\r\n\n\n# my own \xff line  \n5 4 * * *\techo 50\\%done\n@daily x\n\n'
    programs.crontab = before
    assert run("remind", "install", "--yes").code == 0
    installed = programs.crontab
    assert installed is not None
    assert installed.startswith(before)
    block = installed[len(before) :].decode()
    # 19:25 in Warsaw, as the clocks of this machine (UTC) show it in winter and in summer.
    assert "\n25 17 * * 2,4 " in block
    assert "\n25 18 * * 2,4 " in block
    assert "\n@reboot " in block
    assert f" {sys.executable} -P -m fastcompanion remind fire --study " in block

    # What the learner adds later, before and after, stays too.
    programs.crontab = b"# first\n" + installed + b"1 1 * * * last\n"
    set_plan(planned, "19:30:00", "20:00:00")
    assert run("remind", "install", "--yes").code == 0
    changed = programs.crontab or b""
    assert b"\n55 18 * * 2,4 " in changed
    assert changed.startswith(b"# first\n" + before)
    assert changed.endswith(b"1 1 * * * last\n")
    assert changed.count(b"# >>> fastcompanion") == 1

    assert run("remind", "remove", "--yes").code == 0
    assert programs.crontab == b"# first\n" + before + b"1 1 * * * last\n"


@pytest.mark.parametrize("old", [None, b"", b"# only a comment\n"])
def test_an_empty_crontab_goes_only_if_it_was_ours(
    planned: Path, programs: Programs, run: Runner, old: bytes | None
) -> None:
    programs.has("crontab", "notify-send")
    if old is not None:
        programs.crontab = old
    assert run("remind", "install", "--yes").code == 0
    assert run("remind", "remove", "--yes").code == 0
    assert programs.crontab == old


def test_a_block_without_its_end_is_not_guessed_at(
    planned: Path, programs: Programs, run: Runner
) -> None:
    programs.has("crontab", "notify-send")
    run("remind", "install", "--yes")
    torn = (programs.crontab or b"").rsplit(b"# <<<", 1)[0] + b"1 1 * * * mine\n"
    programs.crontab = torn
    done = run("remind", "remove", "--yes")
    assert (done.code, "crontab -e" in done.err) == (1, True)
    assert programs.crontab == torn


def test_a_percent_sign_in_the_folder_reaches_the_program(
    tmp_path: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    """The line is run as cron runs it: up to a bare %, with \\% for %, by /bin/sh."""
    folder = tmp_path / "100% sure $HOME 'x' \\ y"
    assert run("init", folder, "--yes", "--course", "none").code == 0
    settings = folder / "fastcompanion.toml"
    settings.write_text(settings.read_text() + PLAN)
    programs.has("crontab", "notify-send")
    assert run("remind", "install", "--yes", cwd=folder).code == 0
    line = next(
        one for one in (programs.crontab or b"").decode().splitlines() if one.startswith("17 ")
    )
    command = line.split(None, 5)[5]
    for number, sign in enumerate(command):
        assert sign != "%" or command[number - 1] == "\\"
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%") + " --test abc"],
        cwd="/",
        env={"HOME": str(isolated), "PATH": str(programs.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [one["slot"] for one in records(folder)] == ["test-abc"]
    assert len(programs.shown) == 1


def test_status_says_when_no_cron_is_running(
    planned: Path, programs: Programs, run: Runner
) -> None:
    programs.has("crontab", "notify-send")
    run("remind", "install", "--yes")
    seen = run("remind", "status", "--json").data
    if not Path("/proc/1/status").exists():
        pytest.skip("processes can't be seen on this system")
    if not {"cron", "crond"} & process_names():
        assert (seen["armed"], "no cron is running" in seen["why"]) == (False, True)
        assert run("doctor", "reminders").code == 5
    programs.start_cron()
    assert run("remind", "status", "--json").data["armed"] is True
    assert run("remind", "install", "--yes", "--json").data["changed"] is False


def test_a_cron_in_a_container_is_none_of_ours(programs: Programs) -> None:
    from fastcompanion.study.reminders import cron

    unshare = shutil.which("unshare", path=os.defpath)
    if os.name == "nt" or os.geteuid() != 0 or unshare is None:
        pytest.skip("only root can make a container")
    if cron.running():
        pytest.skip("a cron is running on this machine")
    sleep = shutil.which("sleep", path=os.defpath)
    assert sleep is not None
    shutil.copy(sleep, programs.folder / "cron")
    inside = [unshare, "--pid", "--fork", "--kill-child", str(programs.folder / "cron"), "300"]
    child = subprocess.Popen(inside)
    try:
        names: set[str] = set()
        while "cron" not in names:
            names = process_names()
            assert child.poll() is None
        assert not cron.running()
    finally:
        child.kill()
        child.wait()


# --- several studies, moved and deleted ones ---


def test_studies_of_one_name_do_not_clash(
    tmp_path: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    folders = [tmp_path / "a" / "study", tmp_path / "b" / "study"]
    for folder in folders:
        run("init", folder, "--yes", "--course", "none")
        settings = folder / "fastcompanion.toml"
        settings.write_text(settings.read_text() + PLAN)
        assert run("remind", "install", "--yes", cwd=folder).code == 0
    timers = [one for one in units(isolated) if one.endswith(".timer") and "wants" not in one]
    assert len(timers) == 2
    assert run("remind", "remove", "--yes", cwd=folders[0]).code == 0
    assert run("remind", "status", "--json", cwd=folders[1]).data["armed"] is True


def test_a_copy_of_a_study_gets_a_timer_of_its_own(
    planned: Path, programs: Programs, run: Runner, tmp_path: Path
) -> None:
    programs.has("systemctl", "notify-send")
    run("remind", "install", "--yes")
    copy = tmp_path / "copy"
    shutil.copytree(planned, copy, symlinks=True)
    assert run("remind", "status", "--json", cwd=copy).data["installed"] is False
    assert run("remind", "install", "--yes", cwd=copy).code == 0
    names = {run("remind", "status", "--json", cwd=one).data["name"] for one in (planned, copy)}
    assert len(names) == 2
    assert run("remind", "remove", "--yes", cwd=copy).code == 0
    assert run("remind", "status", "--json", cwd=planned).data["armed"] is True


def test_removing_in_a_copy_leaves_the_reminders_of_the_original(
    planned: Path, programs: Programs, run: Runner, tmp_path: Path
) -> None:
    programs.has("systemctl", "notify-send")
    run("remind", "install", "--yes")
    copy = tmp_path / "copy"
    shutil.copytree(planned, copy, symlinks=True)
    assert run("remind", "remove", "--yes", "--json", cwd=copy).data["names"] == []
    assert run("remind", "status", "--json", cwd=planned).data["armed"] is True


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version":1,"installed":[]}', '{"version":1,"installed":{"k":{}}}']
)
def test_a_broken_list_of_installations_is_named(
    planned: Path, programs: Programs, run: Runner, text: str
) -> None:
    programs.has("systemctl", "notify-send")
    path = workspace.reminders_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for words in (("status",), ("install", "--yes"), ("remove", "--yes")):
        done = run("remind", *words)
        assert (done.code, str(path) in done.err) == (1, True), done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize("state", ['"since":5', '"calendar":{"slot-1.k@fastcompanion":["a","b"]}'])
def test_a_broken_state_is_no_crash(planned: Path, run: Runner, state: str) -> None:
    path = planned / ".fastcompanion" / "remind.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'{{"version":1,"key":"k",{state}}}')
    for words in (("status",), ("fire", "--dry-run"), ("calendar",)):
        assert "Traceback" not in run("remind", *words).err


def test_a_study_that_moved_is_noticed_updated_and_removed(
    planned: Path, programs: Programs, run: Runner, tmp_path: Path, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    run("remind", "install", "--yes")
    moved = tmp_path / "elsewhere"
    planned.rename(moved)
    os.chdir(moved)
    seen = run("remind", "status", "--json", cwd=moved).data
    assert "moved here" in seen["stale"]
    assert seen["lost"] == []
    assert run("remind", "install", "--yes", cwd=moved).code == 0
    services = list((isolated / ".config").rglob("*.service"))
    assert len(services) == 1
    assert str(moved) in services[0].read_text()
    assert run("remind", "remove", "--yes", cwd=moved).code == 0
    assert list((isolated / ".config").rglob("*.timer")) == []


def test_a_study_that_was_renamed_leaves_nothing_in_the_crontab(
    planned: Path, programs: Programs, run: Runner, tmp_path: Path
) -> None:
    programs.has("crontab", "notify-send").start_cron()
    programs.crontab = b"# mine\n"
    run("remind", "install", "--yes")
    renamed = tmp_path / "renamed"
    planned.rename(renamed)
    assert run("remind", "install", "--yes", cwd=renamed).code == 0
    text = (programs.crontab or b"").decode()
    assert (text.count("# >>> "), str(planned) in text, str(renamed) in text) == (1, False, True)
    assert run("remind", "install", "--yes", "--json", cwd=renamed).data["changed"] is False
    assert run("remind", "remove", "--yes", cwd=renamed).code == 0
    assert programs.crontab == b"# mine\n"


def test_another_backend_takes_the_place_of_the_old_one(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("crontab", "systemctl", "notify-send").start_cron()
    for first, then in (("cron", "systemd"), ("systemd", "cron")):
        assert run("remind", "install", "--yes", "--backend", first).code == 0
        assert run("remind", "install", "--yes", "--backend", then).code == 0
        seen = run("remind", "status", "--json").data
        assert (seen["backend"], seen["armed"]) == (then, True)
        assert (programs.crontab is not None) == (then == "cron")
        assert bool(list((isolated / ".config").rglob("*.timer"))) == (then == "systemd")
    assert run("remind", "remove", "--yes").code == 0
    assert (programs.crontab, units(isolated)) == (None, [])


def test_what_git_clean_takes_away_is_no_loss(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    run("remind", "install", "--yes")
    name = run("remind", "status", "--json").data["name"]
    shutil.rmtree(planned / ".fastcompanion")
    assert run("remind", "status", "--json").data["name"] == name
    assert run("remind", "install", "--yes", "--json").data["name"] == name
    shutil.rmtree(planned / ".fastcompanion")
    assert run("remind", "remove", "--yes").code == 0
    assert list((isolated / ".config").rglob("*.timer")) == []


def test_the_reminders_of_a_deleted_study_can_be_removed(
    planned: Path, programs: Programs, run: Runner, tmp_path: Path, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    run("remind", "install", "--yes")
    os.chdir(tmp_path)
    shutil.rmtree(planned)
    assert "no longer there" in run("doctor", "reminders", cwd=tmp_path).out
    done = run("remind", "remove", "--yes", cwd=tmp_path)
    assert done.code == 0, done.err
    assert list((isolated / ".config").rglob("*.timer")) == []
    assert "no reminders to remove" in run("remind", "remove", cwd=tmp_path).out


# --- fire ---


def test_fire_reminds_once_and_has_the_proof(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    programs.has("notify-send")
    frozen("2026-11-24T19:24:00+01:00")
    assert run("remind", "fire", "--json").data["reason"] == "no slot is due"
    frozen(DUE)
    done = run("remind", "fire", "--json")
    assert (done.code, done.data["arrived"]) == (0, True)
    assert "Study at 19:30. In 4 min, for 90 min" in done.data["text"]
    for _ in range(2):
        again = run("remind", "fire", "--json").data
        assert (again["kind"], "reminded already" in again["reason"]) == ("silent", True)
    assert len(programs.shown) == 1
    (one,) = records(planned)
    assert (one["slot"], one["channel"], one["outcome"], one["proof"]) == (
        "2026-11-24T19:30", "notify-send", "shown", "notification 1",
    )  # fmt: skip
    seen = run("remind", "status").out
    assert "no reminders are installed" in seen.lower()


def test_two_at_once_send_one(planned: Path, programs: Programs, isolated: Path) -> None:
    programs.has("notify-send")
    argv = [sys.executable, "-P", "-m", "fastcompanion", "remind", "fire", "--json"]
    env = {**os.environ, "FASTCOMPANION_NOW": DUE}
    children = [
        subprocess.Popen(argv, cwd=planned, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    kinds = sorted(json.loads(child.communicate()[0])["data"]["kind"] for child in children)
    assert kinds == ["due", "silent", "silent"]
    assert len(programs.shown) == 1
    assert len(records(planned)) == 1


def test_a_missed_slot_is_made_good_once(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    programs.has("systemctl", "notify-send")
    frozen("2026-11-24T12:00:00+01:00")
    run("remind", "install", "--yes")
    frozen("2026-11-25T08:00:00+01:00")
    assert "Missed 19:30 yesterday; 10 minutes now?" in run("remind", "fire").out
    assert run("remind", "fire", "--json").data["kind"] == "silent"
    frozen("2026-12-05T08:00:00+01:00")
    assert "Back on the horse" in run("remind", "fire").out
    frozen("2026-12-06T08:00:00+01:00")
    assert run("remind", "fire", "--json").data["kind"] == "silent"
    assert len(programs.shown) == 2


def test_who_studies_has_studied_or_pauses_hears_nothing(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    programs.has("notify-send")
    frozen("2026-11-24T08:00:00+01:00")
    run("log", "add", "before work", "--minutes", "20", "--at", "07:00")
    frozen(DUE)
    assert "you studied" in run("remind", "fire", "--json").data["reason"]
    (silent,) = records(planned)
    assert (silent["outcome"], "you studied" in silent["cause"]) == ("silent", True)
    settings = planned / "fastcompanion.toml"
    pause = "[[plan.pauses]]\nfrom = 2026-11-26\nto = 2026-11-26\nwhy = 'rest'\n"
    settings.write_text(settings.read_text() + pause)
    frozen("2026-11-26T19:26:00+01:00")
    assert run("remind", "fire", "--json").data["kind"] == "silent"
    assert programs.shown == []


def test_what_did_not_arrive_is_never_said_to_be_sent(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    frozen(DUE)
    nothing = run("remind", "fire", "--json")
    assert (nothing.code, nothing.data["arrived"]) == (1, False)
    programs.has("notify-send").mark("notify.broken", "Cannot autolaunch D-Bus without X11")
    failed = run("remind", "fire", "--json")
    assert (failed.code, failed.data["arrived"]) == (1, False)
    assert [one["outcome"] for one in records(planned)] == ["failed", "failed"]
    assert "Cannot autolaunch" in records(planned)[1]["cause"]
    # Next time it works, and what waited for a terminal goes.
    assert (planned / ".fastcompanion" / "reminder.json").exists()
    programs.unmark("notify.broken")
    assert run("remind", "fire", "--json").data["arrived"] is True
    assert not (planned / ".fastcompanion" / "reminder.json").exists()


def test_a_notify_send_that_shows_no_number_is_not_believed(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    frozen(DUE)
    programs.add("notify-send", "print('')")
    assert run("remind", "fire", "--json").data["arrived"] is False
    # An old one knows no --print-id: its exit code is all there is, and the record says so.
    programs.has("notify-send").mark("notify.old")
    done = run("remind", "fire", "--json").data
    assert (done["attempts"][-1]["outcome"], done["arrived"]) == ("accepted", True)
    assert "exit 0" in done["attempts"][-1]["proof"]


def test_a_broken_plan_is_on_record(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    """A timer has nobody to complain to."""
    frozen(DUE)
    set_plan(planned, "minutes = 90", "minutes = 'long'")
    done = run("remind", "fire")
    assert done.code == 2
    assert run("remind", "fire").code == 2
    (one,) = records(planned)
    assert (one["outcome"], "fastcompanion.toml" in one["cause"]) == ("failed", True)


def test_a_log_with_a_conflict_in_it_does_not_silence_reminders(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    programs.has("notify-send")
    frozen(DUE)
    day = planned / "log" / "2026" / "2026-11-24.md"
    day.parent.mkdir(parents=True)
    day.write_text("<<<<<<< HEAD\n- 07:00+01:00 20m ^k3f9q2tzab\n=======\n>>>>>>> other\n")
    assert run("remind", "fire", "--json").data["arrived"] is True


def test_a_wake_up_says_nothing_unless_it_failed(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    """cron sends every word by mail, once an hour."""
    frozen(DUE)
    failed = run("remind", "fire", "--quiet")
    assert (failed.code, "Study at 19:30" in failed.out) == (1, True)
    programs.has("notify-send")
    for _ in range(2):
        quiet = run("remind", "fire", "--quiet")
        assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert len(programs.shown) == 1


def test_a_wake_up_without_any_streams(planned: Path, programs: Programs) -> None:
    """So pythonw.exe starts it on Windows."""
    programs.has("notify-send")
    script = (
        "import sys, runpy\n"
        "sys.argv = ['fastcompanion', 'remind', 'fire', '--test', 'abc', '--quiet']\n"
        "sys.stdin = sys.stdout = sys.stderr = None\n"
        "runpy.run_module('fastcompanion', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], cwd=planned, check=False)
    assert done.returncode == 0
    assert [one["outcome"] for one in records(planned)] == ["shown"]


def test_markup_of_a_course_stays_text(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    programs.has("notify-send")
    from fastcompanion.study.reminders import desktop
    from fastcompanion.study.reminders.wording import Message

    assert desktop.send(Message("T", "a <b>&"))[-1].outcome == "shown"
    assert json.loads(programs.shown[0])[-1] == "a &lt;b&gt;&amp;"


def test_the_next_command_at_a_terminal_shows_what_reached_nobody(
    planned: Path, programs: Programs, run: Runner, frozen: Callable[[str], None]
) -> None:
    import pexpect

    frozen(DUE)
    assert run("remind", "fire").code == 1
    # In a pipe nobody sees it.
    assert "Study at" not in run("status").err
    assert (planned / ".fastcompanion" / "reminder.json").exists()
    child = pexpect.spawn(
        sys.executable, ["-P", "-m", "fastcompanion", "status"], cwd=str(planned), encoding="utf-8"
    )
    child.expect(pexpect.EOF)
    text = " ".join(str(child.before).split())  # however its lines are broken
    child.close()
    assert "! Study at 19:30" in text
    assert "nothing on this system shows notifications" in text
    last = records(planned)[-1]
    assert (last["channel"], last["outcome"]) == ("terminal", "shown")
    assert not (planned / ".fastcompanion" / "reminder.json").exists()
    assert run("remind", "fire", "--json").data["kind"] == "silent"


# --- test ---


def test_the_test_waits_for_the_proof_and_cleans_up(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send")
    assert run("remind", "test").code == 3
    run("remind", "install", "--yes")
    before = units(isolated)
    done = run("remind", "test", "--json")
    assert (done.code, done.data["arrived"]) == (0, True), done.data
    assert (done.data["channel"], done.data["proof"]) == ("notify-send", "notification 1")
    assert units(isolated) == before
    # It is no reminder of a slot.
    assert run("remind", "status", "--json").data["last"]["kind"] == "test"


def test_the_test_fails_honestly(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    programs.has("systemctl", "notify-send").mark("notify.broken", "no daemon")
    run("remind", "install", "--yes")
    before = units(isolated)
    failed = run("remind", "test", "--json")
    assert (failed.code, failed.data["arrived"]) == (1, False)
    assert "no daemon" in failed.data["cause"]
    programs.mark("systemctl.asleep")
    silent = run("remind", "test", "--wait", "1")
    assert silent.code == 1
    assert "systemd did not wake us" in silent.out
    assert "journalctl --user" in silent.out
    assert units(isolated) == before


def test_ctrl_c_during_the_test_cleans_up(
    planned: Path, programs: Programs, run: Runner, isolated: Path
) -> None:
    import signal

    programs.has("systemctl", "notify-send").mark("systemctl.asleep")
    run("remind", "install", "--yes")
    before = units(isolated)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "fastcompanion", "remind", "test"],
        cwd=planned,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "not yet" in line:
            break
    assert len(units(isolated)) > len(before)
    busy = run("remind", "test")
    assert (busy.code, "another test is under way" in busy.err) == (1, True)
    child.send_signal(signal.SIGINT)
    child.communicate()
    assert child.returncode == 130
    assert units(isolated) == before


# --- calendar ---


def test_the_calendar_counts_its_changes(
    planned: Path, run: Runner, frozen: Callable[[str], None], tmp_path: Path
) -> None:
    frozen("2026-11-21T12:00:00+01:00")
    out = tmp_path / "study.ics"
    done = run("remind", "calendar", "--out", out, "--json")
    assert (done.code, done.data["slots"]) == (0, 52)
    first = out.read_text()
    assert "SEQUENCE:0" in first
    run("remind", "calendar", "--out", out)
    assert out.read_text() == first
    set_plan(planned, "minutes = 90", "minutes = 60")
    run("remind", "calendar", "--out", out)
    assert "SEQUENCE:1" in out.read_text()
    extra = "[[plan.slots]]\ndays = ['sun']\nat = 10:00:00\nminutes = 30\n"
    settings = planned / "fastcompanion.toml"
    settings.write_text(settings.read_text() + extra)
    run("remind", "calendar", "--out", out)
    settings.write_text(settings.read_text().replace(extra, ""))
    assert run("remind", "calendar", "--out", out, "--json").data["cancelled"] == 1
    assert "SEQUENCE:1\r\nDTSTART:20261121T110000Z\r\nSTATUS:CANCELLED" in out.read_bytes().decode()


def test_a_calendar_for_others_says_only_busy(planned: Path, run: Runner, tmp_path: Path) -> None:
    out = tmp_path / "busy.ics"
    assert run("remind", "calendar", "--busy-only", "--out", out).code == 0
    text = out.read_text()
    assert "SUMMARY:Busy" in text
    for word in ("VALARM", "my study", "fastcompanion next", "DESCRIPTION"):
        assert word not in text


def test_a_file_of_somebody_else_is_not_written_over(
    planned: Path, run: Runner, tmp_path: Path
) -> None:
    out = tmp_path / "mine.ics"
    out.write_text("BEGIN:VCALENDAR\nPRODID:-//other//\n")
    assert run("remind", "calendar", "--out", out).code == 2
    assert "other" in out.read_text()
    assert run("remind", "install", "--backend", "ics").code == 0
    assert (planned / ".fastcompanion" / "study.ics").exists()


# --- bad input ---


def test_without_a_plan_or_a_timer(study: Path, programs: Programs, run: Runner) -> None:
    assert run("remind", "install", "--yes").code == 3
    settings = study / "fastcompanion.toml"
    settings.write_text(settings.read_text() + '\n[plan]\ntimezone = "UTC"\n')
    assert "no slots" in run("remind", "install", "--yes").err
    settings.write_text(settings.read_text() + PLAN.split('"Europe/Warsaw"\n')[1])
    done = run("remind", "install", "--yes")
    assert (done.code, "nothing on this system can wake us" in done.err) == (5, True)
    assert "remind calendar" in done.err
    assert run("remind", "install", "--backend", "cron", "--yes").code == 5
    assert run("remind", "install", "--backend", "launchd", "--yes").code == 5
    assert run("remind", "install", "--backend", "at", "--yes").code == 2
    run("config", "set", "remind.channels", "pigeon")
    assert "pigeon" in run("remind", "install", "--yes").err


class TestMailedCalendar:
    def test_no_mail_goes_without_consent(
        self, planned: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FASTCOMPANION_NOW", DUE)
        settings = planned / "fastcompanion.toml"
        # Nobody listens on port 9 of this machine.
        mail = '\n[remind]\nemail = "ann@example.org"\nsmtp_host = "127.0.0.1"\nsmtp_port = 9\n'
        settings.write_text(settings.read_text() + mail)
        asked = run("remind", "install", "--backend", "email")
        assert asked.code == 2
        assert "ann@example.org" in asked.err
        assert records(planned) == []
        tried = run("remind", "install", "--backend", "email", "--yes")
        assert tried.code != 0
        assert [one["outcome"] for one in records(planned)] == ["failed"]


def test_a_waiting_reminder_of_a_newer_program_stays(
    planned: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTCOMPANION_NOW", DUE)
    waiting = workspace.Workspace(planned).reminder_waiting
    waiting.parent.mkdir(exist_ok=True)
    for text in ('{"version": 2, "at": "2026-11-24T19:26:00+01:00", "new": 1}', "{broken"):
        waiting.write_text(text)
        assert run("status").code == 0
        assert banner.pending(workspace.Workspace(planned)) is None
        assert waiting.read_text() == text
