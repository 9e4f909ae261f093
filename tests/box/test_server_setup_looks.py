"""A setup that finds nothing to do is fast because it asks little; what somebody changed by hand it still sees."""

from __future__ import annotations

import pytest

from fastcompanion.server.setup import report, script
from fastcompanion.server.setup.report import Report
from tests.box.box import USER
from tests.box.server import SCRIPT, Machine, notes, states

pytestmark = pytest.mark.box

KNOWN, UNITS = "/var/lib/fastcompanion", "/etc/systemd/system"
#: What somebody did as root, and the steps that have to see it.
BY_HAND = (
    ("systemctl stop fastcompanion-limit.timer", "limit"),
    (f"chmod 600 {UNITS}/fastcompanion-idle.timer", "idle"),
    ("echo >>/usr/local/bin/fastcompanion-idle", "idle"),
    (f"rm -r {KNOWN}/keep", "idle"),
    (f"chown root: {KNOWN}/keep", "idle"),
    ("rm /etc/ssh/sshd_config.d/00-fastcompanion.conf", "sshd"),
    ("ufw disable", "firewall"),
    ("iptables -P INPUT ACCEPT", "firewall"),
    ("ufw delete allow 22/tcp", "firewall"),
    ("systemctl disable fastcompanion-restart.timer", "updates"),
    ("chown learner /etc/systemd/journald.conf.d/50-fastcompanion.conf", "journal"),
    ("systemctl stop fastcompanion-jupyter", "jupyter"),
    ("chmod 644 /etc/fastcompanion/jupyter.env", "jupyter"),
    ("rm /etc/update-motd.d/60-fastcompanion", "motd"),
    ("rm /etc/update-motd.d/60-fastcompanion; ln -s /bin/true /etc/update-motd.d/60-fastcompanion", "motd"),
)  # fmt: skip


def setup(machine: Machine) -> Report:
    """As the learner's client asks for it: looked at first, and done apart from the line if need be."""
    options = machine.options(proven=True, sudo_free=True)
    machine.box.put(SCRIPT, script.render(options), mode="700")
    done = machine.box.run(["bash", SCRIPT], check=False, seconds=120)
    return report.collect(filter(None, map(report.read, done.stdout.splitlines())))


def test_what_was_changed_by_hand_is_seen_and_mended(machine: Machine) -> None:
    machine.script(machine.options())
    for what, step in BY_HAND:
        machine.box.run(["sh", "-c", what])
        found = setup(machine)
        assert found.done, (what, notes(found))
        assert {name for name, state in states(found).items() if state == "changed"} == {step}, what
    again = setup(machine)
    assert (again.done, again.changes) == (True, 0)


def test_a_look_asks_no_more_than_a_few_other_programs(machine: Machine) -> None:
    """Each costs as much as all that bash does by itself."""
    machine.script(machine.options())
    setup(machine)
    count = f"""read -r before </proc/sys/kernel/ns_last_pid
        bash {SCRIPT} >/run/said
        read -r after </proc/sys/kernel/ns_last_pid; grep -q '"0 changed' /run/said && echo $((after - before))"""
    # Others start programs, too, now and then.
    assert min(int(machine.box.run(["bash", "-c", count]).stdout) for _ in range(5)) <= 18


def test_whose_machine_it_becomes_is_said_where_nobody_named_a_user(machine: Machine) -> None:
    told = notes(machine.script(machine.options(user="", mode="check")))["preflight"]
    assert "for the user learner" in told
    told = notes(machine.script(machine.options(mode="check")))["preflight"]
    assert "for the user" not in told


def test_a_system_that_nobody_has_tried_is_told_of(machine: Machine) -> None:
    old = ("done </etc/os-release", r"done < <(printf 'ID=debian\nVERSION_ID=11\n')")
    told = notes(machine.script(machine.options(mode="check"), edit=old))["preflight"]
    assert "Nobody has tried this on debian 11." in told
    assert "Nobody" not in notes(machine.script(machine.options(mode="check")))["preflight"]


def test_a_key_in_a_comment_lets_nobody_in(machine: Machine) -> None:
    path, key = f"/home/{USER}/.ssh/authorized_keys", machine.key
    machine.box.put(path, f"# {key}\n", user=USER, mode="600")
    options = machine.options(key=key, only=("key",))
    assert states(machine.script(options))["key"] == "changed"
    assert machine.login()
    assert states(machine.script(options))["key"] == "ok"


def test_undo_says_that_the_firewall_was_switched_off(machine: Machine) -> None:
    options = machine.options(only=("firewall",))
    assert machine.script(options).done
    undone = machine.script(machine.options(only=("firewall",), mode="undo"))
    assert states(undone)["firewall"] == "changed"
    assert "inactive" in machine.box.run(["ufw", "status"]).stdout
    assert (
        states(machine.script(machine.options(only=("firewall",), mode="undo")))["firewall"] == "ok"
    )
