"""`server setup` on a real system: systemd, sshd, ufw with real rules, apt, and a power-off that is one.

What becomes of each step when it is killed stands in test_server_setup_killed.py.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fastcompanion.server.setup import report, script
from tests.box.box import USER
from tests.box.server import HOME_USER, LIGHT, SCRIPT, Machine, notes, states, tree

pytestmark = pytest.mark.box

CHANGES = {"limit", "idle", "sshd", "firewall", "updates", "journal", "jupyter", "motd"}


# --- once, twice, and back ---


def test_check_writes_nothing(machine: Machine) -> None:
    machine.box.put(SCRIPT, script.render(machine.options(mode="check")), mode="700")
    before = tree(machine)
    machine.box.run(["touch", "/run/before"])
    found = machine.script(machine.options(mode="check"))
    assert {name for name, state in states(found).items() if state == "would-change"} == CHANGES
    assert tree(machine) == before
    written = machine.box.run(["find", "/etc", "/usr", "/var", "/opt", "/home", "/root", "/run", "-xdev", "-newer", "/run/before",
                               "-not", "-path", "/var/log/*", "-not", "-path", "/run/*journal*", "-not", "-path", SCRIPT]).stdout.split()  # fmt: skip
    assert [
        path
        for path in written
        if "fastcompanion" in path or path.startswith(("/etc", "/usr", "/home"))
    ] == []


def test_the_second_run_changes_nothing_and_undo_leaves_nothing(machine: Machine) -> None:
    before = tree(machine)
    first = machine.script(machine.options())
    assert first.done, notes(first)
    assert {name for name, state in states(first).items() if state == "changed"} == CHANGES
    after = tree(machine)
    second = machine.script(machine.options())
    assert (second.done, second.changes) == (True, 0)
    assert tree(machine) == after
    gone = machine.script(machine.options(mode="undo", skip=()))
    assert gone.done, notes(gone)
    left = [line for line in tree(machine) if line not in before]
    # ufw writes its own files anew when it is switched off; they say that it is off.
    assert [line for line in left if "/ufw" not in line] == []
    assert "inactive" in machine.box.run(["ufw", "status"]).stdout
    assert (
        machine.box.run(
            ["sh", "-c", "systemctl list-unit-files | grep fastcompanion"], check=False
        ).stdout
        == ""
    )
    assert machine.effective()["passwordauthentication"] == "yes"
    assert machine.login()


def test_after_a_restart_everything_is_still_so(machine: Machine) -> None:
    machine.script(machine.options())
    machine.box.power_off()
    machine.box.boot()
    port = "http://127.0.0.1:8888/api"
    machine.box.until(lambda: not machine.box.run(["curl", "-fsS", port], check=False).returncode, seconds=60, what="Jupyter is up")  # fmt: skip
    again = machine.script(machine.options())
    assert (again.done, again.changes) == (True, 0), states(again)


def test_a_machine_that_is_given_back_is_as_it_was_rented(machine: Machine) -> None:
    """All of these tests share one, which is only fair if none sees another's traces."""
    before = tree(machine)
    assert machine.script(machine.options(user="grace", key=machine.key)).done
    machine.box.run(["ufw", "allow", "9999/tcp"])
    machine.box.run(["tmux", "new-session", "-d", "sleep 1000"], user=USER)
    machine.box.run(["systemd-run", "--unit=left-over", "sleep", "1000"])
    machine.as_rented()
    assert tree(machine) == before
    assert "inactive" in machine.box.run(["ufw", "status"]).stdout
    assert machine.box.run(["pgrep", "-f", "[s]leep 1000"], check=False).stdout == ""
    assert "fastcompanion" not in machine.box.systemctl("list-units", "--all")
    assert machine.box.run(["sh", "-c", "ls -d /run/fastcompanion*"], check=False).stdout == ""
    assert machine.effective()["passwordauthentication"] == "yes"
    assert machine.login()


@pytest.mark.parametrize("way", ["apply", "undo"])
def test_what_fails_in_the_middle_of_a_step_ends_it_and_is_named(
    machine: Machine, way: str
) -> None:
    """bash forgets `set -e` in functions that stand behind `if` and `||`."""
    options = machine.options(only=("journal", "motd"), mode=way)
    place = (
        "    put 644 $JOURNAL_FILE journal_text\n"
        if way == "apply"
        else "    gone 644 $JOURNAL_FILE\n"
    )
    text = script.render(options).replace(place, f"{place}    ls /there-is-no-such-folder\n")
    machine.script(
        machine.options(only=("journal",)) if way == "undo" else machine.options(only=("motd",))
    )
    machine.box.put(SCRIPT, text, mode="700")
    done = machine.box.run(["bash", SCRIPT], env={"FASTCOMPANION_EDITED": "yes"}, check=False)
    assert done.returncode == 1
    found = report.collect(filter(None, map(report.read, done.stdout.splitlines())))
    assert states(found)["journal"] == "failed"
    assert re.search(r"in \w+, at: ls /there-is-no-such-folder", notes(found)["journal"])
    assert not found.done


def test_a_full_disk_leaves_the_good_file_and_is_told(machine: Machine) -> None:
    options = machine.options(only=("idle",))
    assert machine.script(options).done
    before = machine.box.read("/etc/fastcompanion/server.env")
    full = """set -e; cd /etc/fastcompanion; cp -p server.env /run/kept
    mount -t tmpfs -o size=4k full /etc/fastcompanion; cp -p /run/kept /etc/fastcompanion/server.env"""
    machine.box.run(["sh", "-c", full])
    try:
        found = machine.script(replace(options, idle_minutes=30))
        assert states(found)["idle"] == "failed"
        assert machine.box.read("/etc/fastcompanion/server.env") == before
        assert machine.box.run(["ls", "-A", "/etc/fastcompanion"]).stdout == "server.env\n"
    finally:
        machine.box.run(["umount", "/etc/fastcompanion"])
    assert machine.script(replace(options, idle_minutes=30)).done


def test_what_failed_is_not_tried_again_where_nobody_asks_for_it_any_more(machine: Machine) -> None:
    """A run that was cut off or failed leaves a mark, which makes the next one do the step whatever its check says."""
    failed = machine.script(machine.options(environment="", only=("python",)))
    assert "is there a network" in notes(failed)["python"]
    assert machine.script(machine.options(only=("python",))).done
    failed = machine.script(machine.options(environment="/usr", only=("jupyter",)))
    assert "there is no jupyterlab" in notes(failed)["jupyter"]
    assert machine.script(machine.options(jupyter=False, only=("jupyter",))).done
    assert machine.box.read("/usr/local/bin/fastcompanion-jupyter") == ""


def test_a_jupyter_that_crashed_too_often_starts_once_it_is_mended(machine: Machine) -> None:
    """systemd refuses to start what has failed five times in five minutes."""
    options = machine.options(only=("jupyter",))
    assert machine.script(options).done
    main = f"{LIGHT}/lib/jupyterlab/__main__.py"
    good = machine.box.read(main)
    machine.box.put(main, "raise SystemExit(3)\n")
    again = "for _ in 1 2 3 4 5 6; do systemctl restart fastcompanion-jupyter; sleep 0.3; done"
    machine.box.run(["sh", "-c", again], check=False)
    assert "failed" in machine.box.systemctl("is-active", "fastcompanion-jupyter", check=False)
    machine.box.put(main, good)
    assert machine.script(options).done


def test_a_bill_that_may_go_on_is_told_of(machine: Machine) -> None:
    """Nothing here says that it is a machine of EC2, where switching off ends the bill."""
    told = notes(machine.script(machine.options(mode="check")))["preflight"]
    assert "the bill goes on until you stop it there" in told
    told = notes(machine.script(machine.options(mode="check", on_idle="warn")))["preflight"]
    assert "the bill goes on" not in told


def test_two_at_once_do_not_meet(machine: Machine) -> None:
    hold = (
        "mkdir -p /run/fastcompanion; exec 9</run/fastcompanion; flock 9; touch /run/held; sleep 60"
    )
    machine.box.run(["systemd-run", "--unit=holder", "bash", "-c", hold])
    machine.box.until(lambda: not machine.box.run(["test", "-e", "/run/held"], check=False).returncode, seconds=20, what="the lock is held")  # fmt: skip
    machine.box.put(SCRIPT, script.render(machine.options()), mode="700")
    done = machine.box.run(["bash", SCRIPT], check=False)
    assert done.returncode == 1
    assert "another setup is running" in done.stdout
    assert states(machine.script(machine.options(mode="check"))) == {}


# --- nobody is locked out ---


def test_passwords_go_off_although_a_file_of_the_cloud_says_yes(machine: Machine) -> None:
    assert machine.effective()["passwordauthentication"] == "yes"
    assert machine.script(machine.options(only=("sshd",))).done
    told = machine.effective()
    assert told["passwordauthentication"] == "no"
    assert told["kbdinteractiveauthentication"] == "no"
    assert told["permitrootlogin"] == "no"
    assert machine.login()


def test_a_match_block_at_the_end_takes_nothing_in(machine: Machine) -> None:
    config = machine.box.read("/etc/ssh/sshd_config")
    machine.box.put("/etc/ssh/sshd_config", f"{config}\nMatch User guest\n    X11Forwarding yes\n")
    assert machine.script(machine.options(only=("sshd",))).done
    assert machine.effective()["passwordauthentication"] == "no"
    assert machine.box.read("/etc/ssh/sshd_config").endswith(
        "Match User guest\n    X11Forwarding yes\n"
    )
    assert machine.login()


def test_a_match_block_that_lets_passwords_in_is_named(machine: Machine) -> None:
    config = machine.box.read("/etc/ssh/sshd_config")
    machine.box.put(
        "/etc/ssh/sshd_config", f"{config}\nMatch all\n    PasswordAuthentication yes\n"
    )
    found = machine.script(machine.options(only=("sshd",)))
    assert states(found)["sshd"] == "failed"
    assert "Match block" in notes(found)["sshd"]
    assert machine.box.read("/etc/ssh/sshd_config.d/00-fastcompanion.conf") == ""
    assert machine.login()


def test_sshd_on_another_port_stays_reachable(machine: Machine) -> None:
    machine.box.put("/etc/ssh/sshd_config.d/20-port.conf", "Port 2222\n")
    machine.box.systemctl("restart", "ssh")
    assert machine.script(machine.options(only=("sshd", "firewall"))).done
    rules = machine.box.run(["ufw", "status"]).stdout
    assert re.search(r"^2222/tcp +ALLOW", rules, re.MULTILINE)
    assert not re.search(r"^22/tcp", rules, re.MULTILINE)
    assert machine.login(port=2222)


@pytest.mark.parametrize("policy", ["allow", "reject"])
def test_the_rule_of_a_firewall_that_was_on_comes_back(machine: Machine, policy: str) -> None:
    """Closing it could lock out as much as switching it on: there is a way back, and undo knows what it was."""
    machine.box.run(["ufw", "allow", "22/tcp"])
    machine.box.run(["ufw", "default", policy, "incoming"])
    machine.box.run(["ufw", "--force", "enable"])
    word = {"allow": "allow (incoming)", "reject": "reject (incoming)"}[policy]
    options = machine.options(only=("firewall",), proven=True)
    machine.box.put(SCRIPT, script.render(options), mode="700")
    said = machine.box.run(["bash", SCRIPT]).stdout
    assert '"rollback":"fastcompanion-rollback-firewall"' in said
    assert "deny (incoming)" in machine.box.run(["ufw", "status", "verbose"]).stdout
    machine.box.systemctl("start", "--wait", "fastcompanion-rollback-firewall.service")
    assert word in machine.box.run(["ufw", "status", "verbose"]).stdout
    assert machine.script(machine.options(only=("firewall",))).done
    assert machine.script(machine.options(only=("firewall",), mode="undo")).done
    assert word in machine.box.run(["ufw", "status", "verbose"]).stdout
    assert machine.login()


def test_a_locked_password_keeps_the_way_to_root(machine: Machine) -> None:
    machine.box.run(["passwd", "-l", USER])
    found = machine.script(machine.options())
    assert found.done
    assert machine.login()
    assert "NOPASSWD" in machine.box.read("/etc/sudoers.d/90-cloud-init-users")


def test_a_new_user_gets_a_way_in_and_a_way_to_root(machine: Machine) -> None:
    """In a whole setup: what belongs to them comes behind the step that makes them."""
    options = machine.options(user="grace", key=machine.key)
    first = machine.script(options)
    assert first.done, notes(first)
    words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "grace@127.0.0.1", "sudo", "-n", "id", "-u"]  # fmt: skip
    assert machine.box.run(words, user=HOME_USER).stdout == "0\n"
    assert machine.script(options).changes == 0
    undone = machine.script(replace(options, only=("sudo",), mode="undo"))
    assert "would lose the way to root" in notes(undone)["sudo"]
    assert machine.box.run(words, user=HOME_USER).stdout == "0\n"


@pytest.mark.parametrize("key", ["no key at all", "ssh-ed25519 AAAAbroken ada", "ssh-rsa"])
def test_a_bad_key_stops_before_anything_is_closed(machine: Machine, key: str) -> None:
    found = machine.script(machine.options(key=key))
    assert states(found)["key"] == "failed"
    assert "sshd" not in states(found)
    assert machine.effective()["passwordauthentication"] == "yes"
    assert machine.login()


def test_without_any_key_passwords_stay(machine: Machine) -> None:
    machine.box.run(["rm", f"/home/{USER}/.ssh/authorized_keys"])
    found = machine.script(machine.options(only=("sshd",)))
    assert "passwords stay" in notes(found)["sshd"]
    assert machine.effective()["passwordauthentication"] == "yes"


def test_a_key_that_sshd_would_ignore_does_not_count(machine: Machine) -> None:
    """StrictModes: a home that others may write is not trusted."""
    machine.box.run(["chmod", "777", f"/home/{USER}"])
    found = machine.script(machine.options(only=("sshd",)))
    assert "passwords stay" in notes(found)["sshd"]
    assert machine.effective()["passwordauthentication"] == "yes"


def test_a_broken_file_of_somebody_else_changes_nothing(machine: Machine) -> None:
    machine.box.put("/etc/ssh/sshd_config.d/70-other.conf", "PermitRotLogin no\n")
    found = machine.script(machine.options(only=("sshd",)))
    assert "nothing is changed" in notes(found)["sshd"]
    assert machine.box.read("/etc/ssh/sshd_config.d/00-fastcompanion.conf") == ""
    machine.box.run(["rm", "/etc/ssh/sshd_config.d/70-other.conf"])
    assert machine.login()


def test_without_proof_of_a_fresh_login_it_goes_back(machine: Machine) -> None:
    """The way back, before its five minutes are over."""
    options = machine.options(only=("sshd", "firewall"), proven=True)
    machine.box.put(SCRIPT, script.render(options), mode="700")
    done = machine.box.run(["bash", SCRIPT], check=False)
    assert done.returncode == 0, done.stdout
    assert '"rollback":"fastcompanion-rollback-sshd"' in done.stdout
    timers = machine.box.systemctl("list-timers", "--all")
    assert "fastcompanion-rollback-sshd.timer" in timers
    assert "fastcompanion-rollback-firewall.timer" in timers
    for name in ("sshd", "firewall"):
        machine.box.systemctl("start", "--wait", f"fastcompanion-rollback-{name}.service")
    assert machine.effective()["passwordauthentication"] == "yes"
    assert "inactive" in machine.box.run(["ufw", "status"]).stdout


def test_a_proof_calls_the_way_back_off(machine: Machine) -> None:
    machine.script(machine.options(only=("sshd",), proven=True))
    machine.box.run(["touch", "/run/fastcompanion/proof/sshd"], user=USER)
    machine.box.systemctl("start", "--wait", "fastcompanion-rollback-sshd.service")
    assert machine.effective()["passwordauthentication"] == "no"


def test_a_key_is_added_once_and_the_others_stay(machine: Machine) -> None:
    """Also where the last line has no end."""
    path = f"/home/{USER}/.ssh/authorized_keys"
    machine.box.put(path, "ssh-ed25519 AAAAother other", user=USER, mode="600")
    options = machine.options(key=machine.key, only=("key",))
    assert states(machine.script(options))["key"] == "changed"
    assert states(machine.script(options))["key"] == "ok"
    assert machine.box.read(path).splitlines() == ["ssh-ed25519 AAAAother other", machine.key]
    assert machine.box.run(["stat", "-c", "%a %U", path]).stdout == f"600 {USER}\n"
    assert machine.login()
