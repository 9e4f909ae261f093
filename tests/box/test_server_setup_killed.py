"""Each step of `server setup`, killed before each of its statements and run again; --check writes nothing; undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import templates
from fastcompanion.server.setup import script, steps
from fastcompanion.server.setup.script import Options
from tests.box.box import USER
from tests.box.server import KEY, LIGHT, PROBE, SCRIPT, Machine, Rental, notes, states, tree

pytestmark = [pytest.mark.box, pytest.mark.timeout(600)]

DOTS = f"""set -e
    git config --global user.name Ada; git config --global user.email ada@example.org
    git init -q -b main /tmp/dots; cd /tmp/dots
    mkdir -p .config .ssh; echo 'set nu' >.config/vimrc; echo stranger >.ssh/authorized_keys; echo mine >.bashrc
    git add -A; git commit -q -m dots; chown -R {USER} /tmp/dots"""
# A machine of this much memory gets no swap; a box may not swap, which the step finds out.
LITTLE = """sed 's/^MemTotal:.*/MemTotal: 4000000 kB/' /proc/meminfo >/run/meminfo; mount --bind /run/meminfo /proc/meminfo"""

# Ubuntu with a GPU, and an archive with the names that Ubuntu's driver has there; apt, dpkg and all that the script
# does are real, and what the packages hold stands in for a driver.
DRIVER = r"""set -e
    rm -f /usr/bin/nvidia-smi /usr/bin/ubuntu-drivers /etc/os-release
    printf 'ID=ubuntu\nVERSION_ID="24.04"\n' >/etc/os-release
    mount -t tmpfs gpu /sys/bus/pci/devices; mkdir /sys/bus/pci/devices/gpu
    echo 0x10de >/sys/bus/pci/devices/gpu/vendor; echo 0x030200 >/sys/bus/pci/devices/gpu/class
    echo 'deb [trusted=yes] file:/var/cache/driver ./' >/etc/apt/sources.list
    if [ -e /var/cache/driver/Packages ]; then exit 0; fi
    mkdir -p /var/cache/driver; cd /var/cache/driver
    package() { # NAME PROGRAM TEXT
        mkdir -p "$1/DEBIAN" "$1/usr/bin"
        printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: Ada <ada@example.org>\nDescription: probe\n' "$1" >"$1/DEBIAN/control"
        if [ -n "$2" ]; then printf '#!/bin/sh\n%s\n' "$3" >"$1/usr/bin/$2"; chmod 755 "$1/usr/bin/$2"; fi
        dpkg-deb --build "$1" . >/dev/null
        { dpkg-deb -f "$1_1_all.deb"; printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$1_1_all.deb" \
            "$(stat -c %s "$1_1_all.deb")" "$(sha256sum "$1_1_all.deb" | cut -d ' ' -f 1)"; } >>made
    }
    package ubuntu-drivers-common ubuntu-drivers 'test "$*" = "install --gpgpu" && apt-get install -qy nvidia-headless-no-dkms-570-server-open'
    package nvidia-headless-no-dkms-570-server-open '' ''
    package nvidia-utils-570-server nvidia-smi 'echo 570'
    mv made Packages"""


@dataclass(frozen=True)
class Case:
    """How a step is tried: its options, what it finds, and whether undo leaves what others may need by then."""

    options: dict[str, Any] = field(default_factory=dict)
    find: str = ""
    leaves: bool = False
    #: where the statements stand, if not in do_NAME
    function: str = ""
    step: str = ""
    #: what is written otherwise in the script, as a box is too small for it
    edit: tuple[str, str] = ("", "")
    kill_undo: bool = False
    #: the machine starts anew after it was cut off: what is in /run is gone
    restarts: bool = False


CASES = {
    "idle": Case(),
    "sshd": Case(),
    "firewall": Case(),
    "updates": Case(),
    "python": Case({"environment": "", "modules": ("six",)}),
    "program": Case({"environment": "", "modules": ("six",), "program": "0.0.1"}, leaves=True),
    "journal": Case(),
    "limit": Case(),
    "jupyter": Case(),
    "swap": Case(find=LITTLE, edit=("size=4096", "size=4")),
    "packages": Case({"packages": ("fc-probe",)}, find=PROBE, leaves=True),
    "user": Case({"user": "grace"}, leaves=True),
    "key": Case({"key": KEY}, leaves=True),
    "sudo": Case({"user": "grace"}, find="useradd --create-home grace", leaves=True),
    "dotfiles": Case({"dotfiles": "/tmp/dots"}, find=DOTS, leaves=True),
    "motd": Case(),
    "driver": Case(find=DRIVER, leaves=True, restarts=True),
    # what steps are made of
    "files": Case(step="motd", function="put"),
    "files-back": Case(step="motd", function="gone", kill_undo=True),
    "clone": Case({"dotfiles": "/tmp/dots"}, find=DOTS, leaves=True, step="dotfiles", function="dotfiles_program"),
}  # fmt: skip


def test_every_step_that_does_something_is_among_them() -> None:
    done = set(re.findall(r"^do_(\w+)\(\)", templates.plain(steps.SCRIPT), re.MULTILINE))
    assert {case.step or name for name, case in CASES.items()} == done


def killed_at(text: str, function: str, number: int) -> str | None:
    """The script, killed before the statement of this number of a function; None behind the last."""
    # one that stands on one line, in the manner of the others
    text = re.sub(rf"(?m)^{function}\(\) \{{ (.*); \}}$", rf"{function}() {{\n    \1\n}}", text)
    inside = function == "dotfiles_program"
    head = r"if \[ -d \.dotfiles \].*" if inside else rf"\n{function}\(\) \{{.*"
    found = re.search(head, text)
    assert found is not None, function
    begin = found.end()
    end = text.index("\nEND_OF_DOTFILES\n" if inside else "\n}\n", begin)
    if function == "put":  # a chain
        parts = text[begin:end].split(" && ")
        if number + 1 >= len(parts):
            return None
        parts.insert(number + 1, "kill -9 $$ $BASHPID")
        return text[:begin] + " && ".join(parts) + text[end:]
    body = text[begin:end].split("\n")
    indent = " *" if inside else "    "
    first = re.compile(rf"{indent}[a-z\"\[(]")
    no_statement = re.compile(r" *(local|elif|else|fi|done|then|continue)\b")
    places = [at for at, line in enumerate(body) if first.match(line) and not no_statement.match(line)]  # fmt: skip
    if number > len(places):
        return None
    at = places[number] if number < len(places) else len(body)
    body.insert(at, "    kill -9 $$ $BASHPID")
    return text[:begin] + "\n".join(body) + text[end:]


@pytest.mark.parametrize("name", CASES)
def test_killed_before_any_statement_and_run_again(rental: Rental, machine: Machine, index: Path, name: str) -> None:  # fmt: skip
    """kill -9 before each statement of a step, and behind its last; the next run makes it whole, undo takes it back."""
    case, step = CASES[name], CASES[name].step or name
    options = machine.options(**{"only": (step,), "skip": (), "environment": LIGHT, **case.options})
    reached = number = 0
    for number, killed in enumerate(_killed(options, case.function or f"do_{step}", case)):
        if number and (case.leaves or not machine.box.alive):
            machine = rental.fresh()
        _find(machine, case, index, number)
        before = tree(machine) if number % 3 == 0 else []
        if number == 0:
            assert states(machine.script(replace(options, mode="check")))[step] == "would-change"
            assert tree(machine) == before
        if case.kill_undo:
            assert machine.script(replace(options, mode="apply")).done
        reached += _run_killed(machine, killed.replace(*case.edit) if case.edit[0] else killed)
        if case.restarts:
            machine.box.run(["rm", "-rf", "/run/fastcompanion"])
        if step in ("user", "key", "sudo", "sshd", "firewall", "dotfiles"):
            # sshd listens on nothing for a moment while it reads its settings again
            machine.box.until(machine.login, seconds=20, what=f"a login after {number}")
        again = machine.script(options, edit=case.edit)
        assert again.done, (number, notes(again)[step])
        assert machine.box.read(f"/home/{USER}/.ssh/authorized_keys").count(KEY) == (step == "key")
        if before:  # a machine that was mended is as any other: not each time
            assert machine.script(options).changes == 0, number
        assert machine.script(replace(options, mode="undo")).done, number
        if before and not case.leaves:
            machine.script(replace(options, mode="undo", only=()))
            machine.box.run(["sh", "-c", "rm -f /root/setup.sh"])
            assert [line for line in tree(machine) if line not in before and "/ufw" not in line] == [], number  # fmt: skip
    assert reached >= min(number, 2)


def _killed(options: Options, function: str, case: Case) -> Iterator[str]:
    text = script.render(replace(options, mode="undo") if case.kill_undo else options)
    number = 0
    while (killed := killed_at(text, function, number)) is not None:
        yield killed
        number += 1


def _run_killed(machine: Machine, killed: str) -> bool:
    """Run it; was the statement reached?"""
    machine.box.put(SCRIPT, killed, mode="700")
    done = machine.box.run(["bash", SCRIPT], env={"FASTCOMPANION_EDITED": "yes"}, check=False, seconds=120)  # fmt: skip
    return '"step":"all","state":"done"' not in done.stdout


def _find(machine: Machine, case: Case, index: Path, number: int) -> None:
    """Let the machine be as the step finds it."""
    kept, uv = "/as-rented/uv", "/var/lib/fastcompanion/uv"
    if case.find and (number == 0 or case.leaves):
        machine.box.run(["sh", "-c", case.find])
    if "modules" in case.options:
        machine.box.put("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {index}\n")
    if "program" in case.options:
        machine.script(machine.options(environment="", modules=("six",), only=("python",), skip=()))
    elif "modules" in case.options:
        # Installing uv takes longest, and is done whole while its own statements are killed.
        if number > 3:
            machine.box.run(["sh", "-c", f"mkdir -p {uv} && cp -a {kept}/. {uv}/"])
        elif number == 3:
            machine.script(machine.options(**{"only": ("python",), "skip": (), **case.options}))
            machine.box.run(["sh", "-c", f"cp -a {uv} {kept}"])
            machine.script(machine.options(environment="", mode="undo", only=(), skip=()))
