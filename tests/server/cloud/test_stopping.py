"""`server stop|start|resize|terminate`: what they ask of EC2, what they refuse, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import host_keys, ledger, registry
from fastcompanion.server.cloud import ending, launching, orphans, stopping
from fastcompanion.server.cloud.journal import Journal
from tests.server.cloud.conftest import HOME_ADDRESS, QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws

Runner = Callable[..., Any]
Freeze = Callable[[str], None]
LAUNCHED = "2026-11-02T10:00:00+00:00"


@pytest.fixture
def gpu1(fake: FakeAws, key: Path, box: Box, frozen: Freeze) -> FakeAws:
    """A machine that runs since the second of the month, with a budget of 20 dollars."""
    frozen(LAUNCHED)
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    fake.calls.clear()
    return fake


def test_stop_and_start(gpu1: FakeAws, run: Runner, frozen: Freeze) -> None:
    before = registry.find("gpu1")
    frozen("2026-11-02T14:00:00+00:00")
    told = run("server", "stop", "gpu1", "--json")
    assert told.code == 0, told.out
    assert gpu1.machines()[0].state == "stopped"
    assert told.data["stopped_month"] == 8.0
    assert told.data["month_cost"] == pytest.approx(4 * (0.526 + 0.005 + 8 / 730), abs=0.02)
    frozen("2026-11-12T14:00:00+00:00")
    again = run("server", "start", "gpu1", "--json")
    assert again.code == 0, again.out
    assert gpu1.machines()[0].state == "running"
    after = registry.find("gpu1")
    assert after.alias == before.alias
    assert host_keys.of(after.alias)
    assert after.host == gpu1.machines()[0].public_ip
    ten_days = 10 * 24 * 8 / 730
    assert again.data["month_cost"] == pytest.approx(told.data["month_cost"] + ten_days, abs=0.02)
    assert [one.event for one in ledger.read("gpu1")] == ["started", "stopped", "started"]


def test_twice_is_fine(gpu1: FakeAws, run: Runner) -> None:
    assert run("server", "stop", "gpu1").code == 0
    again = run("server", "stop", "gpu1")
    assert again.code == 0
    assert "was stopped already" in again.out
    assert run("server", "start", "gpu1").code == 0
    assert "runs already" in run("server", "start", "gpu1").out
    assert [one.event for one in ledger.read("gpu1")] == ["started", "stopped", "started"]


def test_a_machine_that_stopped_itself_is_noticed(gpu1: FakeAws, run: Runner) -> None:
    gpu1.machines()[0].stop()
    told = run("server", "stop", "gpu1", "--json")
    assert told.code == 0
    assert told.data["was_running"] is False
    assert [one.event for one in ledger.read("gpu1")] == ["started", "stopped"]


def test_beyond_the_budget_it_does_not_start(gpu1: FakeAws, run: Runner, frozen: Freeze) -> None:
    frozen("2026-11-04T00:00:00+00:00")
    assert run("server", "stop", "gpu1").code == 0
    calls = len(gpu1.calls)
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 4
    assert "has cost $20.59" in told.errors[0]["message"]
    assert "its budget is $20.00" in told.errors[0]["message"]
    assert "StartInstances" not in gpu1.calls[calls:]
    assert gpu1.machines()[0].state == "stopped"
    frozen("2026-12-01T00:30:00+00:00")
    assert run("server", "start", "gpu1").code == 0, "a new month"


def test_ending_and_launching_again_is_no_new_month(
    gpu1: FakeAws, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-11-04T00:00:00+00:00")
    assert run("server", "terminate", "gpu1", "--confirm", "gpu1").code == 0
    words = ("server", "launch", "gpu1", "--yes", "--from", HOME_ADDRESS, "--json")
    told = run(*words, "--budget", "20")
    assert told.code == 4
    assert "has cost $20.59" in told.errors[0]["message"]
    assert gpu1.left() == {}
    frozen("2026-12-01T00:00:00+00:00")
    assert run(*words, "--budget", "20").code == 0


def test_a_budget_can_be_raised(gpu1: FakeAws, run: Runner, frozen: Freeze) -> None:
    frozen("2026-11-04T00:00:00+00:00")
    run("server", "stop", "gpu1")
    told = run("server", "start", "gpu1", "--budget", "40", "--json")
    assert told.code == 0, told.out
    assert registry.find("gpu1").budget == 40


def test_a_budget_that_ends_first_limits_the_machine(
    gpu1: FakeAws, box: Box, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-11-03T19:00:00+00:00")  # 33 hours of 37
    run("server", "stop", "gpu1")
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 0, told.out
    assert told.data["limited"] is True
    assert 3 < told.data["hours_left"] < 5
    minutes = int(told.data["hours_left"] * 60)
    assert any(f"shutdown -P +{minutes}" in one for one in box.commands)


def test_sold_out_at_the_start(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    gpu1.refuse("StartInstances", "InsufficientInstanceCapacity")
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 5
    assert "server resize gpu1" in told.errors[0]["hint"]
    assert [one.event for one in ledger.read("gpu1")][-1] == "stopped", "no hours are counted"


def test_the_learner_moved_to_a_cafe(gpu1: FakeAws, run: Runner) -> None:
    told = run("server", "start", "gpu1", "--from", "91.198.174.192")
    assert told.code == 0, told.out
    ec2 = gpu1._ec2("us-east-1")
    groups = [one for part in ec2.groups.values() for one in part.values() if one.name != "default"]
    assert [rule.ip_range["CidrIp"] for rule in groups[0].ingress_rules] == ["91.198.174.192/32"]


@pytest.mark.parametrize("typed", ["10.0.0.7", "0.0.0.0/0", "8.8.0.0/16", "::1", "me", "127.0.0.1"])
def test_addresses_that_are_refused(gpu1: FakeAws, run: Runner, typed: str) -> None:
    told = run("server", "start", "gpu1", "--from", typed, "--json")
    assert told.code == 2
    assert gpu1.calls == []


def test_resize(gpu1: FakeAws, run: Runner) -> None:
    running = run("server", "resize", "gpu1", "--type", "g5.xlarge", "--yes", "--json")
    assert running.code == 1
    assert "only while it is stopped" in running.errors[0]["message"]
    run("server", "stop", "gpu1")
    dearer = run("server", "resize", "gpu1", "--type", "g5.xlarge", "--json")
    assert dearer.code == 2
    assert gpu1.machines()[0].instance_type == "g4dn.xlarge"
    look = run("server", "resize", "gpu1", "--type", "g5.xlarge", "--dry-run", "--json")
    assert look.data["hour"] == 1.006
    assert gpu1.machines()[0].instance_type == "g4dn.xlarge"
    done = run("server", "resize", "gpu1", "--type", "g5.xlarge", "--yes", "--json")
    assert done.code == 0, done.out
    assert gpu1.machines()[0].instance_type == "g5.xlarge"
    assert (registry.find("gpu1").type, registry.find("gpu1").price) == ("g5.xlarge", 1.006)
    cheaper = run("server", "resize", "gpu1", "--type", "g4dn.xlarge", "--json")
    assert cheaper.code == 0, "what costs less needs no consent"
    assert run("server", "resize", "gpu1", "--type", "t3.large", "--yes").code == 2


def test_terminate_needs_the_name(gpu1: FakeAws, run: Runner) -> None:
    told = run("server", "terminate", "gpu1", "--yes", "--json")
    assert told.code == 2
    assert "--confirm gpu1" in told.errors[0]["hint"]
    wrong = run("server", "terminate", "gpu1", "--confirm", "gpu2", "--json")
    assert wrong.code == 2
    assert gpu1.machines()[0].state == "running"


def test_terminate_takes_everything_away(gpu1: FakeAws, run: Runner) -> None:
    alias = registry.find("gpu1").alias
    told = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert told.code == 0, told.out
    assert gpu1.left() == {}
    assert registry.read() == ()
    assert host_keys.of(alias) == ()
    assert not Journal("gpu1").path.exists()
    assert ledger.read("gpu1")[-1].event == "terminated"
    kinds = [one.split()[0] for one in told.data["removed"]]
    assert kinds == ["machine", "alarm", "firewall", "key"]
    order = [one for one in gpu1.calls if one.startswith(("Delete", "Terminate", "Cancel"))]
    assert order == ["TerminateInstances", "DeleteAlarms", "DeleteSecurityGroup", "DeleteKeyPair"]
    again = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert again.code == 2


def test_what_would_be_lost_is_looked_for_first(gpu1: FakeAws, box: Box, run: Runner) -> None:
    box.found("unpushed\t3\t0\t./work", "files\t12\t5000000\tresults")
    told = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert told.code == 4
    assert "./work: 3 commits that were not pushed" in told.errors[0]["message"]
    assert "results: 12 files" in told.errors[0]["message"]
    assert "TerminateInstances" not in gpu1.calls
    look = run("server", "terminate", "gpu1", "--dry-run", "--json")
    assert [one["kind"] for one in look.data["unsaved"]["found"]] == ["unpushed", "files"]
    assert run("server", "terminate", "gpu1", "--confirm", "gpu1", "--force").code == 0


def test_a_stopped_machine_can_not_be_looked_into(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    told = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert told.code == 4
    assert "the machine is stopped" in told.errors[0]["message"]


def test_a_firewall_group_that_is_still_in_use(gpu1: FakeAws) -> None:
    gpu1.refuse("DeleteSecurityGroup", "DependencyViolation", "DependencyViolation")
    ending.end("gpu1", SILENT, patience=QUICK)
    assert gpu1.left() == {}


def test_a_group_in_use_for_longer_is_left_for_the_next_run(gpu1: FakeAws) -> None:
    gpu1.refuse("DeleteSecurityGroup", *["DependencyViolation"] * QUICK.looks)
    with pytest.raises(CompanionError) as failed:
        ending.end("gpu1", SILENT, patience=QUICK)
    assert "still in use" in failed.value.message
    assert set(gpu1.left()) == {"groups", "keys"}
    ending.end("gpu1", SILENT, patience=QUICK)
    assert gpu1.left() == {}


def test_a_protected_machine_is_named(gpu1: FakeAws, run: Runner) -> None:
    gpu1.refuse("TerminateInstances", "OperationNotPermitted")
    told = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert told.code == 5
    assert "termination protection" in told.errors[0]["hint"]


def test_a_spot_request_goes_before_its_machine(fake: FakeAws, key: Path, box: Box) -> None:
    aws, order = ordered(spot=True)
    launching.launch(aws, order, SILENT, patience=QUICK)
    made = ending.end("gpu1", SILENT, patience=QUICK)
    assert made.removed[0].startswith("spot request")
    assert list(fake.spot_state.values()) == ["cancelled"]
    assert fake.left() == {}


def test_on_another_computer(gpu1: FakeAws) -> None:
    """Without the journal of the launch the machine itself tells what belongs to it."""
    Journal("gpu1").close()
    ending.end("gpu1", SILENT, patience=QUICK)
    assert gpu1.left() == {}


def test_a_server_of_another_kind_is_not_asked_of_aws(fake: FakeAws, run: Runner) -> None:
    registry.add(registry.Server("box", host="192.168.1.9", user="ada"))
    for word in ("stop", "start"):
        told = run("server", word, "box", "--json")
        assert told.code == 2
        assert "was not launched by fastcompanion" in told.errors[0]["message"]
    assert fake.calls == []


def test_what_is_left_in_all_regions(gpu1: FakeAws) -> None:
    found = orphans.everything(("us-east-1", "eu-west-1"))
    assert {one.kind for one in found} == {"machine", "disk", "firewall group", "key", "alarm"}
    assert all(one.known and one.name == "gpu1" for one in found)
    disk = next(one for one in found if one.kind == "disk")
    assert (disk.month, disk.costs) == (8.0, True)
    registry.remove("gpu1")
    Journal("gpu1").close()
    lost = orphans.orphans(("us-east-1", "eu-west-1"))
    assert len(lost) == len(found)
    machine = next(one for one in lost if one.kind == "machine")
    assert machine.month == pytest.approx(0.531 * 730, abs=0.01)


def test_status_of_all_regions(gpu1: FakeAws, run: Runner) -> None:
    told = run("server", "status", "--all-regions", "--json")
    assert told.code == 0, told.out
    kinds = [one["kind"] for one in told.data["resources"]]
    assert kinds == ["machine", "disk", "firewall group", "key", "alarm"]
    shown = run("server", "status", "--all-regions")
    assert "machine i-" in shown.out
    run("server", "terminate", "gpu1", "--confirm", "gpu1")
    assert "Nothing of fastcompanion's" in run("server", "status", "--all-regions").out


def test_stopping_waits_for_the_state(gpu1: FakeAws) -> None:
    made = stopping.stop("gpu1", patience=QUICK)
    assert made.state == "stopped"
    assert gpu1.calls[-1] == "DescribeInstances"


def test_who_works_on_it_is_not_thrown_out_by_letting_an_address_in(
    gpu1: FakeAws, box: Box, run: Runner, frozen: Freeze
) -> None:
    """The budget ended while it ran, and the learner moved to a café: minutes, not one."""
    frozen("2026-11-04T00:00:00+00:00")
    told = run("server", "start", "gpu1", "--from", "91.198.174.192", "--json")
    assert told.code == 0, told.out
    assert told.data["was_running"] is True
    [line] = [one for one in box.commands if "shutdown -P" in one]
    assert "shutdown -P +15 " in line


def test_a_type_that_was_changed_in_the_console_has_its_own_price(
    gpu1: FakeAws, run: Runner
) -> None:
    run("server", "stop", "gpu1")
    gpu1.machines()[0].instance_type = "g5.xlarge"
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 0, told.out
    assert "gpu1 is a g5.xlarge by now, not a g4dn.xlarge" in told.err
    assert registry.find("gpu1").price == 1.006
    assert told.data["hours_left"] == pytest.approx(20 / (1.006 + 0.005 + 8 / 730), abs=0.2)


def test_a_price_that_nobody_knows_keeps_no_budget(gpu1: FakeAws, run: Runner) -> None:
    """A type of thirty dollars an hour, set in the console, would count at half a dollar."""
    run("server", "stop", "gpu1")
    gpu1.machines()[0].instance_type = "m5.large"
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 4
    assert "nobody knows what gpu1 costs as a m5.large" in told.errors[0]["message"]
    assert gpu1.machines()[0].state == "stopped"
    assert told.errors[0]["hint"].startswith("fastcompanion server resize gpu1 --type g4dn.xlarge")
    back = run("server", "resize", "gpu1", "--type", "g4dn.xlarge", "--yes", "--json")
    assert back.code == 0, "also from a type that the table does not know"
    assert run("server", "start", "gpu1").code == 0
    gpu1.machines()[0].instance_type = "m5.large"
    moved = run("server", "start", "gpu1", "--from", "91.198.174.192")
    assert moved.code == 0, "what runs already lets its learner in"


def test_a_dearer_type_uses_up_what_is_left_sooner(
    gpu1: FakeAws, run: Runner, frozen: Freeze
) -> None:
    """Hours at the old price would let it run beyond the budget."""
    frozen("2026-11-03T22:00:00+00:00")  # 36 hours: some 50 cents are left
    run("server", "stop", "gpu1")
    gpu1.machines()[0].instance_type = "g5.xlarge"
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 4, told.out
    assert gpu1.machines()[0].state == "stopped"


def test_a_type_of_another_kind_of_processor_is_refused(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    told = run("server", "resize", "gpu1", "--type", "g5g.xlarge", "--yes", "--json")
    assert told.code == 2
    assert "ModifyInstanceAttribute" not in gpu1.calls
