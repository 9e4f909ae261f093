"""What `server setup` installs: packages by apt, Python by uv, the learner's own settings by git; all from real sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.box.box import USER
from tests.box.server import ONLY_RENTED, PROBE, Machine, notes, states

pytestmark = pytest.mark.box

VENV = f"/home/{USER}/.venvs/fast"


@pytest.fixture(autouse=True)
def _with_an_index(machine: Machine, index: Path) -> None:
    machine.box.put("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {index}\n")


def repository(machine: Machine) -> None:
    """A package archive in the box with one package, which listens nowhere."""
    machine.box.run(["sh", "-c", PROBE])


def test_packages_come_by_apt_and_are_named_at_the_end(machine: Machine) -> None:
    repository(machine)
    options = machine.options(packages=("curl", "fc-probe"), only=("packages",), skip=())
    assert states(machine.script(replace(options, mode="check")))["packages"] == "would-change"
    assert states(machine.script(options))["packages"] == "changed"
    assert (
        machine.box.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", "fc-probe"]).stdout
        == "installed"
    )
    assert machine.script(options).changes == 0
    undone = machine.script(replace(options, mode="undo"))
    assert "apt-get remove fc-probe" in notes(undone)["packages"]
    assert "curl" not in notes(undone)["packages"]


def test_a_half_installed_package_is_mended_first(machine: Machine) -> None:
    repository(machine)
    machine.box.run(["apt-get", "-q", "update"])
    machine.box.run(["sh", "-c", "cd /srv/deb && dpkg --unpack fc-probe_1_all.deb"])
    options = machine.options(packages=("fc-probe",), only=("packages",), skip=())
    assert states(machine.script(options))["packages"] == "changed"
    assert machine.box.run(["dpkg", "--audit"]).stdout == ""


def test_a_package_that_is_nowhere_is_named(machine: Machine) -> None:
    repository(machine)
    found = machine.script(machine.options(packages=("no-such-package",), skip=()))
    assert states(found)["packages"] == "failed"
    assert "no-such-package" in notes(found)["packages"]
    assert "sshd" not in states(found)


def test_a_broken_source_of_somebody_else_stops_nothing(machine: Machine) -> None:
    """As on images whose extra repositories have lost their keys."""
    repository(machine)
    machine.box.put("/etc/apt/sources.list.d/other.list", "deb file:/nowhere ./\n")
    assert machine.box.run(["apt-get", "-q", "update"], check=False).returncode
    found = machine.script(machine.options(packages=("fc-probe",), only=("packages",), skip=()))
    assert states(found)["packages"] == "changed", notes(found)
    assert "a package source is broken" in notes(found)["packages"]
    named = machine.script(machine.options(packages=("no-such-package",), only=("packages",), skip=()))  # fmt: skip
    assert "no-such-package" in notes(named)["packages"]


def test_python_is_installed_from_the_index_that_the_machine_uses(machine: Machine) -> None:
    options = machine.options(environment="", modules=("six",), only=("python",), skip=())
    assert states(machine.script(options))["python"] == "changed"
    assert machine.box.run([f"{VENV}/bin/python", "-c", "import six; print(six.__file__)"], user=USER).stdout.startswith(VENV)  # fmt: skip
    assert machine.box.run(["stat", "-c", "%U", f"{VENV}/bin/python"]).stdout == f"{USER}\n"
    assert machine.script(options).changes == 0
    more = replace(options, modules=("six", "filelock"))
    assert states(machine.script(more))["python"] == "changed"
    assert machine.script(replace(options, mode="undo")).done
    assert machine.box.run(["test", "-e", VENV], check=False).returncode == 1


def test_the_systems_python_is_not_touched(machine: Machine) -> None:
    """Debian guards it (PEP 668), and this does not go past the guard."""
    before = machine.box.run(["python3", "-m", "pip", "list"], check=False).stdout
    machine.script(
        machine.options(environment="", modules=("filelock",), only=("python",), skip=())
    )
    assert machine.box.run(["python3", "-m", "pip", "list"], check=False).stdout == before
    assert machine.box.run(["python3", "-c", "import filelock"], check=False).returncode != 0


def test_a_folder_of_the_learner_in_that_place_is_left_alone(machine: Machine) -> None:
    machine.box.put(f"{VENV}/mine.txt", "mine\n", user=USER)
    found = machine.script(machine.options(environment="", modules=("six",), only=("python",), skip=()))  # fmt: skip
    assert "none of ours" in notes(found)["python"]
    assert machine.script(machine.options(environment="", mode="undo", skip=())).done
    assert machine.box.read(f"{VENV}/mine.txt") == "mine\n"


def test_an_index_that_lacks_something_is_told_and_tried_again(machine: Machine) -> None:
    options = machine.options(environment="", modules=("six", "fc-no-such-thing"), only=("python",), skip=())  # fmt: skip
    found = machine.script(options)
    assert "fc-no-such-thing" in notes(found)["python"]
    assert states(machine.script(replace(options, modules=("six",))))["python"] == "changed"


# --- the learner's own settings ---


def dotfiles(machine: Machine) -> str:
    make = """set -e
    git config --global user.name Ada; git config --global user.email ada@example.org
    git init -q -b main /tmp/dots; cd /tmp/dots
    echo 'alias ll="ls -l"' >.bashrc; mkdir .config; echo 'set nu' >.config/vimrc
    printf '#!/bin/sh\\ntouch /tmp/was-run\\n' >install.sh; chmod +x install.sh
    git add -A; git commit -q -m dots"""
    machine.box.run(["sh", "-c", make], user=USER)
    return "/tmp/dots"


def test_dotfiles_move_aside_what_is_in_the_way_and_run_nothing(machine: Machine) -> None:
    home = f"/home/{USER}"
    before = machine.box.read(f"{home}/.bashrc")
    assert before
    options = machine.options(dotfiles=dotfiles(machine), only=("dotfiles",), skip=())
    found = machine.script(options)
    assert states(found)["dotfiles"] == "changed", notes(found)
    assert machine.box.read(f"{home}/.bashrc") == 'alias ll="ls -l"\n'
    aside = machine.box.run(["sh", "-c", f"cat {home}/.dotfiles-backup/*/.bashrc"]).stdout
    assert aside == before
    assert machine.box.run(["test", "-e", "/tmp/was-run"], check=False).returncode == 1
    assert machine.script(options).changes == 0


def test_what_lets_the_learner_in_is_never_replaced(machine: Machine) -> None:
    """Keys, settings of ssh and passwords stay as they are, and git finds no program of the repository to run."""
    home, secret = (
        f"/home/{USER}",
        {".netrc": "machine x password mine\n", ".ssh/config": "Host a\n"},
    )
    source = dotfiles(machine)
    for name, text in secret.items():
        machine.box.put(f"{home}/{name}", text, user=USER, mode="600")
    add = """set -e; cd /tmp/dots; mkdir -p .ssh .dotfiles/hooks .aws
    for name in .ssh/authorized_keys .ssh/config .ssh/rc .netrc .aws/credentials; do echo stranger >$name; done
    printf '#!/bin/sh\ntouch /tmp/was-run\n' >.dotfiles/hooks/post-checkout; chmod +x .dotfiles/hooks/post-checkout
    git add -A; git commit -q -m 'more than settings'"""
    machine.box.run(["sh", "-c", add], user=USER)
    options = machine.options(dotfiles=source, only=("dotfiles",), skip=())
    found = machine.script(options)
    assert states(found)["dotfiles"] == "changed", notes(found)
    told = notes(found)["dotfiles"]
    assert all(one in told for one in (".ssh/authorized_keys", ".ssh/rc", ".netrc", ".aws/credentials", ".dotfiles/hooks/post-checkout"))  # fmt: skip
    assert machine.login()
    assert {name: machine.box.read(f"{home}/{name}") for name in secret} == secret
    for name in (".ssh/rc", ".aws", "/tmp/was-run", ".dotfiles/hooks/post-checkout"):
        assert machine.box.run(["test", "-e", name], user=USER, check=False).returncode, name
    assert machine.box.read(f"{home}/.bashrc") == 'alias ll="ls -l"\n'
    git = "git --git-dir=$HOME/.dotfiles --work-tree=$HOME status --short"
    assert machine.box.run(["sh", "-c", git], user=USER).stdout == "", "a commit would delete them"
    assert machine.script(options).changes == 0


def test_a_link_in_the_place_of_the_keys_is_no_way_to_them(machine: Machine) -> None:
    source = dotfiles(machine)
    add = "cd /tmp/dots; ln -s .config .ssh; git add -A; git commit -q -m link"
    machine.box.run(["sh", "-c", add], user=USER)
    found = machine.script(machine.options(dotfiles=source, only=("dotfiles",), skip=()))
    assert ".ssh" in notes(found)["dotfiles"]
    assert machine.login()


def test_a_clone_that_was_cut_off_blocks_nothing(machine: Machine) -> None:
    source = dotfiles(machine)
    machine.box.put(f"/home/{USER}/.dotfiles.new/objects/half", "half\n", user=USER)
    found = machine.script(machine.options(dotfiles=source, only=("dotfiles",), skip=()))
    assert states(found)["dotfiles"] == "changed", notes(found)
    assert machine.box.read(f"/home/{USER}/.config/vimrc") == "set nu\n"
    assert machine.box.run(["test", "-e", f"/home/{USER}/.dotfiles.new"], check=False).returncode


@pytest.mark.parametrize("way", ["a file", "a link"])
def test_what_stands_in_the_place_of_a_folder_moves_aside_too(machine: Machine, way: str) -> None:
    """git would delete it."""
    home = f"/home/{USER}"
    place = {"a file": "echo mine >.config", "a link": "mkdir else; echo mine >else/mine; ln -s else .config"}  # fmt: skip
    source = dotfiles(machine)
    machine.box.run(["sh", "-c", f"rm -rf .config; {place[way]}"], user=USER)
    found = machine.script(machine.options(dotfiles=source, only=("dotfiles",), skip=()))
    assert states(found)["dotfiles"] == "changed", notes(found)
    assert machine.box.read(f"{home}/.config/vimrc") == "set nu\n"
    kept = f"cat {home}/.dotfiles-backup/*/.config" if way == "a file" else f"readlink {home}/.dotfiles-backup/*/.config; cat {home}/else/mine"  # fmt: skip
    assert machine.box.run(["sh", "-c", kept]).stdout == {"a file": "mine\n", "a link": "else\nmine\n"}[way]  # fmt: skip


def test_commits_that_were_never_pushed_are_still_there(machine: Machine) -> None:
    options = machine.options(dotfiles=dotfiles(machine), only=("dotfiles",), skip=())
    machine.script(options)
    git = "git --git-dir=$HOME/.dotfiles --work-tree=$HOME"
    machine.box.run(["sh", "-c", f"cd; echo mine >.config/vimrc; {git} commit -q -a -m mine"], user=USER)  # fmt: skip
    machine.script(options)
    machine.script(replace(options, mode="undo"))
    assert "mine" in machine.box.run(["sh", "-c", f"{git} log --oneline"], user=USER).stdout
    assert machine.box.read(f"/home/{USER}/.config/vimrc") == "mine\n"


def test_updates_leave_the_driver_out_and_restart_by_our_rule_alone(machine: Machine) -> None:
    assert machine.script(machine.options(only=("updates",))).done
    told = machine.box.run(["apt-config", "dump"]).stdout
    for name in ("nvidia-", "libnvidia-", "cuda-", "linux-modules-nvidia-"):
        assert f'Unattended-Upgrade::Package-Blacklist:: "{name}";' in told
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in told
    assert 'APT::Periodic::Unattended-Upgrade "1";' in told
    said = machine.box.run(["unattended-upgrade", "--dry-run", "--debug"], check=False)
    assert "nvidia-" in said.stdout + said.stderr
    assert "04:30" in machine.box.systemctl("cat", "fastcompanion-restart.timer")


@pytest.mark.parametrize(("zone", "known"), [("Asia/Tokyo", True), ("Mars/Base", False)])
def test_the_night_is_the_learners_own_where_the_machine_knows_it(machine: Machine, zone: str, known: bool) -> None:  # fmt: skip
    assert machine.script(machine.options(only=("updates",), timezone=zone)).done
    assert (zone in machine.box.systemctl("cat", "fastcompanion-restart.timer")) is known
    assert "fastcompanion-restart.timer" in machine.box.systemctl("list-timers")


def test_wsl_gets_tools_and_python_alone(machine: Machine) -> None:
    found = machine.script(machine.options(kind="wsl", skip=()))
    assert found.done
    skipped = {name for name, state in states(found).items() if state == "skipped"}
    assert skipped >= ONLY_RENTED | {"user", "key", "updates", "journal"}
    assert machine.effective()["passwordauthentication"] == "yes"
