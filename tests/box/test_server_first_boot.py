"""What `server launch` gives a machine for its first boot, run by cloud-init itself on a real system."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fastcompanion.server.cloud import arriving, userdata
from fastcompanion.server.setup.report import Report
from fastcompanion.server.setup.script import Options
from tests.box.box import USER, Box, Failed, Missing, program_folders
from tests.box.server import LEFT_OUT, Machine, states

pytestmark = pytest.mark.box
SEED = "/var/lib/cloud/seed/nocloud"


@pytest.fixture(scope="module")
def booted() -> Iterator[Machine]:
    """A machine after its first boot with our user data, packed as EC2 gets it."""
    with first_boot() as machine:
        yield machine


@contextmanager
def first_boot(find: str = "true") -> Iterator[Machine]:
    """Boot a machine for the first time; `find` is what is done to its image before."""
    try:
        box = Box("server", shown=program_folders())
    except Missing as why:
        pytest.skip(str(why))
    with box:
        machine = Machine(box)
        machine.rent()
        box.run(["rm", "-f", f"/home/{USER}/.ssh/authorized_keys"])
        _seed(box, options(machine))
        box.run(["sh", "-c", find])
        box.power_off()
        try:
            box.boot(seconds=180)
        except Failed as error:
            told = box.run(["grep", "-E", "WARN|ERROR|Error|failed", "/var/log/cloud-init.log"], check=False)  # fmt: skip
            # Where it was to fail, systemd calls the boot degraded.
            if find == "true" or not box.alive:
                raise Failed(f"{error}\n{told.stdout[-4000:]}") from None
        box.until(lambda: _status(box) in ("done", "error"), seconds=240, what="cloud-init is done")
        yield machine


def options(machine: Machine) -> Options:
    """As `launch` has them, with the environment that is shown in the box."""
    return machine.options(key=machine.key, environment=sys.prefix, skip=LEFT_OUT)


def _seed(box: Box, wanted: Options) -> None:
    packed = base64.b64encode(userdata.packed(wanted)).decode()
    box.put(f"{SEED}/user-data.b64", packed)
    box.run(["sh", "-c", f"base64 -d {SEED}/user-data.b64 > {SEED}/user-data"])
    box.put(f"{SEED}/meta-data", "instance-id: i-0first\nlocal-hostname: box\n")
    # What reaches for disks, clocks and archives has nothing to do with ours and fails in a box.
    settings = {
        "datasource_list": ["NoCloud"],
        "network": {"config": "disabled"},
        # As `ubuntu` is on the images of Ubuntu.
        "system_info": {"default_user": {"name": USER, "lock_passwd": True, "shell": "/bin/bash"}},
        "cloud_init_modules": ["write-files", "users-groups", "ssh"],
        "cloud_config_modules": ["set-passwords", "runcmd"],
        "cloud_final_modules": ["scripts-user", "ssh-authkey-fingerprints", "keys-to-console"],
    }
    box.put("/etc/cloud/cloud.cfg.d/99-test.cfg", json.dumps(settings))
    box.run(["cloud-init", "clean", "--logs"])


def _status(box: Box) -> str:
    said = box.run(["cloud-init", "status"], check=False).stdout
    return said.partition("status:")[2].strip()


def test_cloud_init_takes_it_and_comes_to_its_end(booted: Machine) -> None:
    box = booted.box
    log = box.read("/var/log/cloud-init-output.log")
    assert _status(box) == "done", log[-3000:]
    assert '"step":"all","state":"done"' in log, log[-3000:]


def test_the_machine_is_as_a_setup_over_ssh_would_make_it(booted: Machine) -> None:
    """The bytes travel without comments, and what they put there is the same."""
    found: Report = booted.script(options(booted), "--check")
    assert (found.done, found.changes) == (True, 0), states(found)


def test_it_stops_itself_whatever_becomes_of_us(booted: Machine) -> None:
    timers = booted.box.systemctl("list-timers", "--all")
    for name in ("fastcompanion-idle.timer", "fastcompanion-limit.timer"):
        assert name in timers
    assert userdata.FIRST_LIMIT not in timers, "the limit of the setup has taken its place"


def test_where_the_script_fails_at_once_the_first_limit_stands() -> None:
    """And is still where it was when systemd reads its files again, as each installed package lets it."""
    with first_boot("sed -i 's/^ID=.*/ID=plan9/' /usr/lib/os-release") as machine:
        box, unit = machine.box, f"{userdata.FIRST_LIMIT}.timer"
        log = box.read("/var/log/cloud-init-output.log")
        assert '"step":"preflight","state":"failed"' in log, log[-3000:]
        moment = ("show", unit, "-p", "NextElapseUSecMonotonic", "--value")
        before = box.systemctl(*moment)
        assert re.search(r" [78]h (59min )?left", box.systemctl("list-timers", "--no-legend", unit))
        box.run(["sleep", "2"])
        box.systemctl("daemon-reload")
        assert box.systemctl(*moment) == before
        assert unit in box.systemctl("list-timers", "--all")


def test_the_key_gets_in_and_passwords_do_not(booted: Machine) -> None:
    assert booted.login()
    assert booted.effective()["passwordauthentication"] == "no"


def test_the_console_shows_host_keys_that_can_be_pinned(booted: Machine) -> None:
    said = booted.box.run(
        ["sh", "-c", "cat /var/log/cloud-init-output.log; journalctl -b -o cat"], check=False
    ).stdout
    keys = arriving.keys_of(said)
    real = booted.box.read("/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert real in keys
