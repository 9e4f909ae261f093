"""Lost answers, Ctrl-C and refusals in the middle: what may cost is named, with what to type next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion import console
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import ledger, registry
from fastcompanion.server.cloud import ending, launching, ordering
from fastcompanion.server.cloud.journal import Journal
from tests.server.cloud.conftest import HOME_ADDRESS, QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws, Killed

Runner = Callable[..., Any]
LAUNCH = ("server", "launch", "gpu1", "--yes", "--budget", "20", "--from", HOME_ADDRESS, "--json")
GOES_ON = "fastcompanion server launch gpu1 goes on"
ENDS = "fastcompanion server terminate gpu1 ends it"


@pytest.fixture
def gpu1(fake: FakeAws, key: Path, box: Box) -> FakeAws:
    """A machine that runs."""
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    fake.calls.clear()
    return fake


def _alarm(fake: FakeAws) -> Any:
    [alarm] = fake._alarms("us-east-1").values()
    return alarm


# --- launching ---


@pytest.mark.parametrize("way", ["lost", "InternalError"])
def test_a_machine_that_may_exist_is_named(
    fake: FakeAws, key: Path, box: Box, run: Runner, way: str
) -> None:
    if way == "lost":
        fake.lose("RunInstances")
    else:
        fake.refuse("RunInstances", *[way] * 4)
    told = run(*LAUNCH)
    assert told.code == 5
    error = told.errors[0]
    assert "a machine may exist and cost $0.526 an hour" in error["message"]
    assert GOES_ON in error["hint"]
    assert ENDS in error["hint"]
    assert len(fake.machines()) == (1 if way == "lost" else 0), "boto3's tries share one token"
    fake.refusals.clear()
    again = run(*LAUNCH)
    assert again.code == 0, again.out
    assert len(fake.machines()) == 1


def test_a_machine_that_no_list_shows_yet_is_not_made_twice(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    """The same question with the same token: EC2 gives the machine that it made the first time."""
    fake.hide_new = 3
    fake.lose("RunInstances")
    assert run(*LAUNCH).code == 5
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    assert len(fake.machines()) == 1


def test_waiting_shows_signs_of_life(
    fake: FakeAws, key: Path, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    console.configure("server launch", json=False, quiet=False)
    box.breaks()
    aws, order = ordered()
    with pytest.raises(CompanionError):
        launching.launch(aws, order, console.reporter(), patience=QUICK)
    said = capsys.readouterr().err
    assert "Waiting for gpu1 to let us in (up to " in said
    assert "no ssh server listens" in said, "and why it does not yet"
    box.breaks(off=True)
    box.still_boots()
    kept = Journal("gpu1").order
    assert kept is not None
    launching.launch(aws, kept, console.reporter(), patience=QUICK)
    assert "gpu1 sets itself up 0: Unpacking libssl" in capsys.readouterr().err


def test_what_may_exist_can_be_ended(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    fake.lose("RunInstances")
    run(*LAUNCH)
    ending.end("gpu1", SILENT, patience=QUICK)
    assert fake.left() == {}


def test_a_request_that_was_refused_for_certain_made_none(
    fake: FakeAws, key: Path, run: Runner
) -> None:
    fake.refuse("RunInstances", "UnauthorizedOperation")
    told = run(*LAUNCH)
    assert "may exist" not in told.errors[0]["message"]
    assert Journal("gpu1").open_attempt is None


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("CreateSecurityGroup", "no machine of gpu1 was asked for yet"),
        ("RunInstances", "a machine may exist and cost $0.526 an hour"),
        ("PutMetricAlarm", "gpu1 is RUNNING at $0.526 an hour"),
        ("GetConsoleOutput", "gpu1 is RUNNING at $0.526 an hour"),
    ],
)
def test_ctrl_c_says_what_costs_and_what_to_type(
    fake: FakeAws, key: Path, box: Box, run: Runner, action: str, what: str
) -> None:
    fake.interrupt(action)
    told = run(*LAUNCH)
    assert told.code == 130
    error = told.errors[0]
    assert error["message"].startswith("interrupted: ")
    assert what in error["message"]
    assert GOES_ON in error["hint"]
    assert ENDS in error["hint"]
    assert run(*LAUNCH).code == 0
    assert len(fake.machines()) == 1


@pytest.mark.parametrize(
    "action",
    [
        "DescribeSubnets",
        "ImportKeyPair",
        "DescribeSecurityGroups",
        "AuthorizeSecurityGroupIngress",
        "DescribeInstances",
        "RunInstances",
        "PutMetricAlarm",
    ],
)
def test_leave_that_is_missing_for_one_call(
    fake: FakeAws, key: Path, box: Box, run: Runner, action: str
) -> None:
    """It is named with its cure; what costs already is named, too; with the leave it goes on."""
    fake.refuse(action, "UnauthorizedOperation")
    told = run(*LAUNCH)
    assert told.code == 5
    error = told.errors[0]
    assert "(UnauthorizedOperation)" in error["message"]
    assert "server iam-policy" in error["hint"]
    costs = bool(fake.machines())
    assert ("is RUNNING at $0.526 an hour" in error["message"]) == costs
    assert (ENDS in error["hint"]) == costs
    assert run(*LAUNCH).code == 0
    assert len(fake.machines()) == 1


def test_leave_that_a_launch_can_do_without(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    for action in ("GetParameter", "GetServiceQuota", "GetProducts"):
        fake.refuse(action, "AccessDeniedException", "AccessDeniedException")
    fake.refuse("GetConsoleOutput", "UnauthorizedOperation")
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    assert told.data["pinned"] is False


def test_a_line_that_breaks_for_a_moment_ends_no_long_wait(
    fake: FakeAws, key: Path, box: Box
) -> None:
    aws, order = ordered()
    fake.lose("GetConsoleOutput", times=4)
    made = launching.launch(aws, order, SILENT, patience=QUICK)
    assert made.pinned, "the second look had an answer"


def test_a_machine_that_took_the_place_of_another_has_its_alarm(
    fake: FakeAws, key: Path, box: Box
) -> None:
    box.breaks()
    aws, order = ordered()
    with pytest.raises(CompanionError):
        launching.launch(aws, order, SILENT, patience=QUICK)
    gone = fake.machines()[0].id
    aws.call("ec2", "terminate_instances", InstanceIds=[gone])
    box.breaks(off=True)
    kept = Journal("gpu1").order
    assert kept is not None
    launching.launch(aws, kept, SILENT, patience=QUICK)
    watched = [one.value for one in _alarm(fake).dimensions]
    assert watched == [fake.machines()[0].id]
    assert watched != [gone]


def test_a_launch_that_goes_on_elsewhere_lets_the_new_address_in(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    """The first try was in a café: without this the machine runs, and nobody gets in."""
    box.breaks()
    aws, order = ordered()
    with pytest.raises(CompanionError):
        launching.launch(aws, order, SILENT, patience=QUICK)
    box.breaks(off=True)
    told = run("server", "launch", "gpu1", "--from", "91.198.174.192", "--json")
    assert told.code == 0, told.out
    groups = fake._ec2("us-east-1").groups.values()
    [group] = [one for part in groups for one in part.values() if one.name != "default"]
    assert [rule.ip_range["CidrIp"] for rule in group.ingress_rules] == ["91.198.174.192/32"]


def test_the_free_plan_of_new_accounts_has_no_such_machine(
    fake: FakeAws, key: Path, run: Runner
) -> None:
    """It is no lack of machines, and no other zone has one."""
    words = "The specified instance type is not eligible for Free Tier. For a list of Free Tier instance types, run"
    fake.refuse("RunInstances", "InvalidParameterCombination", words=words)
    told = run(*LAUNCH)
    assert told.code == 5
    assert "not eligible for Free Tier" in told.errors[0]["message"]
    assert "upgrade it to the paid plan" in told.errors[0]["hint"]
    assert fake.calls.count("RunInstances") == 2, "the rehearsal and one try"


def test_the_rehearsal_asks_what_the_launch_asks(fake: FakeAws, key: Path, box: Box) -> None:
    """Leave depends on tags and types: other questions would get other answers."""
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    for action in ("RunInstances", "CreateSecurityGroup", "ImportKeyPair"):
        first, second = [dict(fields) for name, fields in fake.asked if name == action]
        differ = {
            name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
        }
        assert differ <= {"DryRun", "ClientToken", "KeyName", "SecurityGroupId.1"}, action


# --- starting and stopping ---


def test_a_start_without_an_answer_may_run(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    gpu1.lose("StartInstances")
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 5
    assert "it may RUN at $0.526 an hour" in told.errors[0]["message"]
    assert "fastcompanion server stop gpu1" in told.errors[0]["hint"]
    assert gpu1.machines()[0].state == "running"
    assert ledger.running_since("gpu1") is not None, "its hours count"


def test_ctrl_c_while_it_starts(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    gpu1.interrupt("StartInstances")
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 130
    assert "may RUN at $0.526 an hour" in told.errors[0]["message"]
    assert ledger.running_since("gpu1") is not None


def test_what_goes_wrong_after_a_start_says_that_it_runs(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    gpu1.refuse("AuthorizeSecurityGroupIngress", "UnauthorizedOperation")
    told = run("server", "start", "gpu1", "--from", "91.198.174.192", "--json")
    assert told.code == 5
    assert told.errors[0]["message"].startswith("gpu1 RUNS at $0.526 an hour: ")
    assert "iam-policy" in told.errors[0]["hint"]
    assert "fastcompanion server stop gpu1 stops it" in told.errors[0]["hint"]


@pytest.mark.parametrize("way", ["lost", "ctrl-c"])
def test_a_stop_without_an_answer_may_not_have_stopped_it(
    gpu1: FakeAws, run: Runner, way: str
) -> None:
    if way == "lost":
        gpu1.lose("StopInstances", done=False)
    else:
        gpu1.interrupt("StopInstances", done=False)
    told = run("server", "stop", "gpu1", "--json")
    assert told.code == (5 if way == "lost" else 130)
    assert "gpu1 may still RUN at $0.526 an hour" in told.errors[0]["message"]
    assert ledger.running_since("gpu1") is not None
    assert run("server", "stop", "gpu1").code == 0
    assert gpu1.machines()[0].state == "stopped"


# --- ending ---


@pytest.mark.parametrize("code", ["OperationNotPermitted", "UnauthorizedOperation"])
def test_an_end_that_is_refused_leaves_the_alarm(gpu1: FakeAws, run: Runner, code: str) -> None:
    """What runs on is watched on."""
    gpu1.refuse("TerminateInstances", code)
    told = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert told.code == 5
    error = told.errors[0]
    assert "gpu1 is NOT ended, and may go on costing: i-" in error["message"]
    assert "fastcompanion server terminate gpu1 again" in error["hint"]
    assert gpu1.left()["alarms"] == gpu1.left()["machines"] == 1
    assert ledger.running_since("gpu1") is not None
    assert run("server", "terminate", "gpu1", "--confirm", "gpu1").code == 0
    assert gpu1.left() == {}


def test_ctrl_c_while_it_ends(gpu1: FakeAws, run: Runner) -> None:
    gpu1.interrupt("TerminateInstances", done=False)
    told = run("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")
    assert told.code == 130
    assert "is NOT ended, and may go on costing" in told.errors[0]["message"]
    assert run("server", "terminate", "gpu1", "--confirm", "gpu1").code == 0


def test_an_end_that_broke_off_lets_no_hours_count_on(gpu1: FakeAws) -> None:
    """Else the budget is used up by a machine that is gone, and the next one of its name is refused."""
    number = _position(gpu1, "TerminateInstances")
    gpu1.die_at = (number, "after")
    with pytest.raises(Killed):
        ending.end("gpu1", SILENT, patience=QUICK)
    gpu1.die_at = None
    ending.end("gpu1", SILENT, patience=QUICK)
    assert gpu1.left() == {}
    assert [one.event for one in ledger.read("gpu1")] == ["started", "terminated"]


def _position(fake: FakeAws, action: str) -> int:
    """Say which call of an end it is, by trying with a machine that is refused first."""
    fake.refuse(action, "OperationNotPermitted")
    with pytest.raises(CompanionError):
        ending.end("gpu1", SILENT, patience=QUICK)
    number = fake.calls.index(action) + 1
    fake.calls.clear()
    return number


def test_a_machine_that_was_ended_elsewhere_counts_until_its_hard_limit(
    fake: FakeAws, key: Path, box: Box, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-02T10:00:00+00:00")
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    aws.call("ec2", "terminate_instances", InstanceIds=[fake.machines()[0].id])
    frozen("2026-11-09T10:00:00+00:00")
    ending.end("gpu1", SILENT, patience=QUICK)
    assert ledger.hours("gpu1", ledger.month_start()) == pytest.approx(8)
    assert not ledger.exists("gpu1")


# --- what this computer does not know ---


def test_a_machine_of_a_lost_laptop_can_be_ended(gpu1: FakeAws, run: Runner) -> None:
    order = Journal("gpu1").order
    assert order is not None
    registry.remove("gpu1")
    Journal("gpu1").close()
    shown = run("server", "status", "--all-regions")
    command = f"fastcompanion server terminate {order.launch_id} --region us-east-1"
    assert command in shown.out
    words = ("server", "terminate", order.launch_id, "--region", "us-east-1", "--json")
    careful = run(*words, "--confirm", order.launch_id)
    assert careful.code == 4, "nobody could look into it"
    told = run(*words, "--confirm", order.launch_id, "--force")
    assert told.code == 0, told.out
    assert gpu1.left() == {}


def test_another_machine_of_the_same_name_is_not_meant(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    """Two computers of one learner may both have a gpu1; what this one knows is ended by its name alone."""
    for _ in range(2):
        aws, order = ordered()
        launching.launch(aws, order, SILENT, patience=QUICK)
        first = registry.find("gpu1").instance
        registry.remove("gpu1")
        Journal("gpu1").close()
    both = run("server", "terminate", "gpu1", "--region", "us-east-1", "--dry-run", "--json")
    assert both.code == 2
    assert "2 machines are called gpu1" in both.errors[0]["message"]
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    own = registry.find("gpu1").instance
    words = ("server", "terminate", order.launch_id, "--region", "us-east-1", "--json")
    known = run(*words, "--confirm", order.launch_id, "--force")
    assert known.code == 2
    assert "is known here" in known.errors[0]["message"]
    assert {one.id for one in fake.machines()} >= {first, own}


@pytest.mark.parametrize(
    "name", ["../gpu1", "a/b", "x" * 300, "gpu 1", "GPU1", "", ".", "gpu1\n", "ü"]
)
def test_names_that_are_none(gpu1: FakeAws, run: Runner, name: str) -> None:
    calls = len(gpu1.calls)
    for words in (("stop", name), ("terminate", name, "--confirm", name), ("start", name)):
        told = run("server", *words, "--json")
        assert (words, told.code) == (words, 2)
    assert len(gpu1.calls) == calls


def test_a_name_that_is_typed_in_capitals_is_launched_in_small_ones(isolated: Path) -> None:
    assert ordering.name_of(" GPU1 ") == "gpu1"
