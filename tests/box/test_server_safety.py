"""What would cost the learner their way in, their JupyterLab or their money; each was seen before it was mended."""

from __future__ import annotations

import pytest

from fastcompanion.server.setup import report, script
from tests.box.box import USER
from tests.box.server import ENVIRONMENT, SCRIPT, Machine, notes, states

pytestmark = pytest.mark.box


def test_no_firewall_where_nobody_can_say_on_which_port_ssh_listens(machine: Machine) -> None:
    """A file of somebody else keeps sshd -T silent, and nobody is connected: every port would be closed."""
    machine.box.put("/etc/ssh/sshd_config.d/70-other.conf", "PermitRotLogin no\n")
    found = machine.script(machine.options(only=("firewall",)))
    machine.box.run(["rm", "/etc/ssh/sshd_config.d/70-other.conf"])
    assert states(found)["firewall"] == "failed"
    assert "no port of ssh is known" in notes(found)["firewall"]
    assert "inactive" in machine.box.run(["ufw", "status"]).stdout
    assert machine.login()


def test_a_file_in_the_home_folder_is_not_taken_for_one_of_pythons(machine: Machine) -> None:
    """`python -m` looks for modules in the working folder first, and learners do name files so."""
    own = f"/home/{USER}/random.py"
    machine.box.put(own, "raise SystemExit('this is not the random that was meant')\n", user=USER)
    found = machine.script(machine.options(only=("jupyter",), environment=ENVIRONMENT))
    assert states(found)["jupyter"] == "changed", notes(found)["jupyter"]
    assert '"random.py"' in shown(machine)
    machine.box.run(["rm", own])


def test_whoever_logs_in_as_root_gets_a_jupyterlab_too(machine: Machine) -> None:
    """In rented containers root is the usual user, and JupyterLab wants a word for it."""
    machine.box.put("/root/notes.txt", "mine\n")
    found = machine.script(machine.options(only=("jupyter",), environment=ENVIRONMENT, user="root"))
    assert states(found)["jupyter"] == "changed", notes(found)["jupyter"]
    assert '"notes.txt"' in shown(machine)
    assert (
        machine.script(
            machine.options(only=("jupyter",), environment=ENVIRONMENT, user="root")
        ).changes
        == 0
    )


def shown(machine: Machine) -> str:
    """What JupyterLab lists at its top."""
    ask = '. /etc/fastcompanion/jupyter.env; curl -fsS -H "Authorization: token $JUPYTER_TOKEN" http://127.0.0.1:$JUPYTER_PORT/api/contents'
    return machine.box.run(["sh", "-c", ask]).stdout


def test_the_limit_of_the_first_boot_gives_way_to_the_one_that_was_asked_for(
    machine: Machine,
) -> None:
    """`server setup NAME --max 24` on a launched machine that would still go off after its first 8 hours."""
    first = ["systemd-run", "--unit=fastcompanion-first-limit", "--on-active=3600", "true"]
    machine.box.run(first)
    assert "fastcompanion-first-limit" in machine.box.systemctl("list-timers", "--all")
    assert machine.script(machine.options(only=("limit",), max_hours=24)).done
    assert "fastcompanion-first-limit" not in machine.box.systemctl("list-timers", "--all")
    assert "fastcompanion-limit.timer" in machine.box.systemctl("list-timers")


def test_a_change_that_nobody_has_proven_yet_is_told_to_the_next_client(machine: Machine) -> None:
    """The first one was cut off; the next would hear that all is well, and then it would go back."""

    def rollbacks() -> list[str]:
        machine.box.put(SCRIPT, script.render(machine.options(only=("sshd",), proven=True)), mode="700")  # fmt: skip
        said = machine.box.run(["bash", SCRIPT], check=False).stdout.splitlines()
        found = [event for line in said if (event := report.read(line)) and event.step == "sshd"]
        return [f"{event.state} {event.rollback}" for event in found if event.result]

    assert rollbacks() == ["changed fastcompanion-rollback-sshd"]
    assert rollbacks() == ["ok fastcompanion-rollback-sshd"]
    machine.box.run(["touch", "/run/fastcompanion/proof/sshd"], user=USER)
    assert rollbacks() == ["ok "]
    machine.box.systemctl("start", "--wait", "fastcompanion-rollback-sshd.service")
    assert machine.effective()["passwordauthentication"] == "no"


def test_what_was_written_and_not_yet_put_to_use_is_done_again(machine: Machine) -> None:
    """Killed between sshd's file and its reload: sshd -T reads files, and would say that all is well."""
    options = machine.options(only=("sshd",))
    place = "    put 644 $SSHD_FILE sshd_text\n"
    text = script.render(options)
    assert text.count(place) == 1
    machine.box.put(SCRIPT, text.replace(place, f"{place}    kill -9 $$ $BASHPID\n"), mode="700")
    machine.box.run(["bash", SCRIPT], env={"FASTCOMPANION_EDITED": "yes"}, check=False)
    assert machine.effective()["passwordauthentication"] == "no"
    assert states(machine.script(options))["sshd"] == "changed"
    assert states(machine.script(options))["sshd"] == "ok"
