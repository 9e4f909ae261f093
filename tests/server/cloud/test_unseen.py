"""What could run or lie there without being seen: another account, late lists, disks that stayed, lost lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import SSLError

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import ledger, registry
from fastcompanion.server.cloud import boto, ec2, ending, launching, market, orphans, refusals
from fastcompanion.server.cloud.journal import Journal
from tests.server.cloud.conftest import HOME_ADDRESS, QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws
from tests.server.cloud.fake_aws import _xml as page

Runner = Callable[..., Any]
Freeze = Callable[[str], None]
LAUNCH = ("server", "launch", "gpu1", "--yes", "--budget", "20", "--from", HOME_ADDRESS, "--json")
STOP = ("server", "stop", "gpu1")
END = ("server", "terminate", "gpu1", "--confirm", "gpu1", "--json")


@pytest.fixture
def gpu1(fake: FakeAws, key: Path, box: Box) -> FakeAws:
    """A machine that runs."""
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    fake.calls.clear()
    return fake


# --- another account ---


@pytest.mark.parametrize(
    "words",
    [END, (*END, "--force"), (*STOP, "--json"), ("server", "start", "gpu1", "--json")],
)
def test_in_another_account_a_machine_is_not_taken_for_gone(
    gpu1: FakeAws, run: Runner, words: tuple[str, ...]
) -> None:
    """Nothing of it is to be seen there: it was forgotten, and ran on."""
    gpu1.account = "999999999999"
    told = run(*words)
    assert told.code == 2
    assert "launched in the account 123456789012" in told.errors[0]["message"]
    assert "your credentials are of 999999999999" in told.errors[0]["message"]
    assert "--profile NAME" in told.errors[0]["hint"]
    assert set(gpu1.calls) == {"GetCallerIdentity"}
    assert [one.name for one in registry.read()] == ["gpu1"]
    assert Journal("gpu1").ready


def test_a_launch_goes_on_in_its_own_account_alone(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    fake.lose("RunInstances")
    assert run(*LAUNCH).code == 5
    fake.calls.clear()
    fake.account = "999999999999"
    assert run(*LAUNCH).code == 2
    assert fake.calls == ["GetCallerIdentity"]
    assert Journal("gpu1").open_attempt is not None
    fake.account = "123456789012"
    assert run(*LAUNCH).code == 0
    assert len(fake.machines()) == 1


def test_a_launch_of_an_older_version_knows_no_account(gpu1: FakeAws) -> None:
    path = Journal("gpu1").path
    path.write_text(path.read_text().replace('"account":"123456789012"', '"account":null'))
    gpu1.account = "999999999999"
    ending.end("gpu1", SILENT, patience=QUICK)
    assert gpu1.left() == {}


# --- what EC2 shows late ---


def test_a_machine_that_is_still_shown_as_stopped_runs(gpu1: FakeAws, run: Runner) -> None:
    """Right after a start: its hours were counted out, and it ran."""
    assert run("server", "stop", "gpu1").code == 0
    gpu1.stale = 2
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 0, told.out
    assert gpu1.stale == 0
    assert ledger.running_since("gpu1") is not None


def test_a_machine_that_stays_stopped_does_not_run(gpu1: FakeAws, run: Runner) -> None:
    assert run("server", "stop", "gpu1").code == 0
    gpu1.stale = 50
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 1
    assert "is stopped" in told.errors[0]["message"]
    assert ledger.running_since("gpu1") is None


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("RunInstances", "InvalidGroup.NotFound"),
        ("RunInstances", "InvalidKeyPair.NotFound"),
        ("AuthorizeSecurityGroupIngress", "InvalidGroup.NotFound"),
    ],
)
def test_what_was_made_a_moment_ago_may_not_be_known_yet(
    fake: FakeAws, key: Path, box: Box, run: Runner, action: str, reason: str
) -> None:
    fake.refuse(action, reason, reason)
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    assert len(fake.machines()) == 1


def test_a_firewall_that_somebody_took_away_says_how_to_begin_anew(
    fake: FakeAws, key: Path, box: Box
) -> None:
    aws, order = ordered()
    fake.refuse("RunInstances", *["InvalidGroup.NotFound"] * 20)
    with pytest.raises(CompanionError) as failed:
        launching.launch(aws, order, SILENT, patience=QUICK)
    assert "fastcompanion server terminate gpu1 cleans up" in failed.value.hint
    assert fake.calls.count("RunInstances") == 1 + QUICK.looks, "and the rehearsal"


def test_a_firewall_that_no_list_shows_is_asked_for_again(
    fake: FakeAws, key: Path, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client died after it was made; the next one is told that it is there, and sees it nowhere."""
    aws, order = ordered()
    seen: list[str] = []
    real = aws.pages

    def late(service: str, operation: str, key: str, **asked: Any) -> Any:
        if operation == "describe_security_groups" and len(seen) < 2:
            seen.append(operation)
            return iter(())
        return real(service, operation, key, **asked)

    monkeypatch.setattr(aws, "pages", late)
    fake.refuse("CreateSecurityGroup", "InvalidGroup.Duplicate")
    launching.launch(aws, order, SILENT, patience=QUICK)
    assert fake.left()["groups"] == 1


def test_an_end_knows_a_machine_that_no_list_shows(gpu1: FakeAws) -> None:
    """A minute after the launch its tag may not be found yet, its number is."""
    number = gpu1.machines()[0].id
    tags = gpu1._ec2("us-east-1").tags[number]
    kept = dict(tags)
    tags.clear()
    made = ending.end("gpu1", SILENT, patience=QUICK)
    assert f"machine {number}" in made.removed
    assert gpu1.machines() == []
    assert kept["fastcompanion:name"] == "gpu1"


def test_a_machine_whose_tag_was_taken_off_lets_the_new_address_in(
    gpu1: FakeAws, run: Runner
) -> None:
    gpu1._ec2("us-east-1").tags[gpu1.machines()[0].id].clear()
    told = run("server", "start", "gpu1", "--from", "91.198.174.192")
    assert told.code == 0, told.out
    [group] = gpu1.machines()[0].security_groups
    assert [rule.ip_range["CidrIp"] for rule in group.ingress_rules] == ["91.198.174.192/32"]


# --- hours that would not count ---


def test_a_machine_in_place_of_a_stopped_one_counts(
    fake: FakeAws, key: Path, box: Box, run: Runner, frozen: Freeze
) -> None:
    """Stopped before its launch was done, ended in the console, launched again: it ran as `stopped`."""
    frozen("2026-11-02T10:00:00+00:00")
    box.breaks()
    aws, order = ordered()
    with pytest.raises(CompanionError):
        launching.launch(aws, order, SILENT, patience=QUICK)
    assert run("server", "stop", "gpu1").code == 0
    aws.call("ec2", "terminate_instances", InstanceIds=[fake.machines()[0].id])
    box.breaks(off=True)
    frozen("2026-11-03T10:00:00+00:00")
    assert run(*LAUNCH).code == 0
    assert ledger.stopped_since("gpu1") is None
    frozen("2026-11-03T13:00:00+00:00")
    assert ledger.hours("gpu1", ledger.month_start()) == pytest.approx(3)


def test_a_launch_keeps_to_what_is_left_of_the_month(
    fake: FakeAws, key: Path, box: Box, run: Runner, frozen: Freeze
) -> None:
    """Ended and launched again, it had its eight hours whatever was spent."""
    frozen("2026-11-02T10:00:00+00:00")
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    frozen("2026-11-02T20:00:00+00:00")
    gone = run(*END)
    spent = gone.data["month_cost"]
    assert spent == pytest.approx(10 * (0.526 + 0.005 + 8 / 730), abs=0.02)
    words = ("server", "launch", "gpu1", "--yes", "--from", HOME_ADDRESS, "--json", "--budget")
    few = run(*words, str(spent + 0.2))
    assert few.code == 4, few.out
    assert "what is left is less than one hour" in few.errors[0]["message"]
    assert fake.left() == {}
    told = run(*words, str(spent + 2.2))
    assert told.code == 0, told.out
    assert registry.find("gpu1").max_hours == 4


# --- disks and work ---


def test_a_disk_that_outlived_its_machine_is_not_thrown_away_unseen(
    gpu1: FakeAws, run: Runner
) -> None:
    """Kept on purpose: somebody took `delete on termination` off, and ended the machine in the console."""
    ec2 = gpu1._ec2("us-east-1")
    machine = gpu1.machines()[0]
    for device in machine.block_device_mapping.values():
        device.delete_on_termination = False
    machine.terminate()
    assert gpu1.left()["disks"] == 1
    told = run(*END)
    assert told.code == 4, told.out
    [disk] = ec2.volumes
    assert f"its machine is gone, and left {disk}" in told.errors[0]["message"]
    launch_id = Journal("gpu1").order.launch_id  # type: ignore[union-attr]
    registry.remove("gpu1")
    Journal("gpu1").close()
    words = ("server", "terminate", launch_id, "--region", "us-east-1", "--confirm", launch_id)
    lost = run(*words, "--json")
    assert lost.code == 4
    assert disk in lost.errors[0]["message"]
    assert gpu1.left()["disks"] == 1
    assert run(*words, "--force").code == 0
    assert gpu1.left() == {}


def test_a_machine_whose_launch_is_not_done_was_perhaps_worked_on(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    """Its setup failed at a step, it was used all the same, and forgotten."""
    box.events([{"step": "python", "state": "failed", "note": "no room"}], done=False)
    assert run(*LAUNCH).code == 1
    registry.remove("gpu1")
    told = run(*END)
    assert told.code == 4
    assert "it was forgotten here" in told.errors[0]["message"]
    assert len(fake.machines()) == 1


# --- regions ---


@pytest.mark.parametrize("reason", ["UnauthorizedOperation", "AuthFailure", "OptInRequired"])
def test_a_region_without_leave_is_named_and_hides_no_other(
    gpu1: FakeAws, run: Runner, reason: str
) -> None:
    """Schools allow one region; eu-west-1 comes first here."""
    gpu1.refuse("DescribeInstances", reason)
    told = run("server", "status", "--all-regions", "--json")
    assert told.code == 0, told.out
    rows = [(one["region"], one["kind"]) for one in told.data["resources"]]
    assert rows[0] == ("eu-west-1", "region")
    assert ("us-east-1", "machine") in rows
    assert f"({reason})" in told.err


def test_what_was_seen_before_a_refusal_is_shown(gpu1: FakeAws) -> None:
    gpu1.refuse("DescribeAlarms", "AccessDenied")
    found = orphans.everything(("us-east-1",))
    kinds = [one.kind for one in found]
    assert kinds == ["machine", "disk", "firewall group", "key", "region"]


def test_a_list_in_several_parts_is_read_to_its_end(fake: FakeAws) -> None:
    def answer(fields: dict[str, str], request: Any) -> Any:
        number, more = ("2", "") if fields.get("NextToken") == "on" else ("1", "on")
        disk = f"<item><volumeId>vol-{number}</volumeId><status>available</status></item>"
        return page(
            request,
            f"<DescribeVolumesResponse><volumeSet>{disk}</volumeSet>"
            f"<nextToken>{more}</nextToken></DescribeVolumesResponse>",
        )

    fake._own["DescribeVolumes"] = answer
    assert ec2.volumes(boto.connect("us-east-1"), "l4unch") == ("vol-1", "vol-2")


def test_the_price_of_a_quiet_zone_is_seen_behind_a_busy_one(fake: FakeAws) -> None:
    """Of the last days there are hundreds of lines; from now on there is one for each zone."""

    def answer(fields: dict[str, str], request: Any) -> Any:
        zones = {"us-east-1a": 0.2, "us-east-1b": 0.31} if "StartTime" in fields else {"a": 0.2}
        rows = "".join(
            f"<item><availabilityZone>{zone}</availabilityZone><spotPrice>{price}</spotPrice></item>"
            for zone, price in zones.items()
        )
        inside = f"<spotPriceHistorySet>{rows}</spotPriceHistorySet>"
        return page(
            request,
            f"<DescribeSpotPriceHistoryResponse>{inside}</DescribeSpotPriceHistoryResponse>",
        )

    fake._own["DescribeSpotPriceHistory"] = answer
    assert market.spot(boto.connect("us-east-1"), "g4dn.xlarge") == 0.31


# --- the journal ---


def test_a_clock_that_was_set_back_does_not_turn_the_journal_round(
    isolated: Path, frozen: Freeze
) -> None:
    """The last attempt is the one without an answer, whatever the clock says."""
    log = Journal("gpu1")
    frozen("2026-11-02T10:00:00+00:00")
    log.write("attempt", "intent", {"number": 1})
    log.write("attempt", "failed", {"number": 1})
    frozen("2026-11-02T09:00:00+00:00")
    log.write("attempt", "intent", {"number": 2})
    attempt = Journal("gpu1").open_attempt
    assert attempt is not None
    assert attempt["number"] == 2


def test_a_line_that_was_cut_off_shuts_nobody_out(gpu1: FakeAws, run: Runner) -> None:
    path = Journal("gpu1").path
    with path.open("a") as file:
        file.write('{"v":1,"id":"x","step":"ex')
    assert run(*END).code == 0
    assert gpu1.left() == {}


# --- lost answers ---


def test_a_line_that_breaks_within_its_encryption_may_have_made_a_machine(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    fake.lost["RunInstances"] = (4, True, SSLError(endpoint_url="https://aws", error="cut off"))
    told = run(*LAUNCH)
    assert told.code == 5
    assert "a machine may exist and cost $0.526 an hour" in told.errors[0]["message"]
    assert run(*LAUNCH).code == 0
    assert len(fake.machines()) == 1


@pytest.mark.parametrize(
    ("reason", "status", "unsure"),
    [
        ("SomethingNew", 500, True),
        ("SomethingNew", 400, False),
        ("InternalError", 400, True),
        ("InsufficientInstanceCapacity", 500, False),
        ("RequestLimitExceeded", 503, False),
    ],
)
def test_what_a_broken_aws_says_is_no_certain_no(reason: str, status: int, unsure: bool) -> None:
    answer = {"Error": {"Code": reason}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert refusals.refusal("run_instances", answer, "us-east-1").unsure == unsure


def test_a_stop_that_is_refused_says_that_it_runs(gpu1: FakeAws, run: Runner) -> None:
    gpu1.refuse("StopInstances", "UnauthorizedOperation")
    told = run("server", "stop", "gpu1", "--json")
    assert told.code == 5
    assert told.errors[0]["message"].startswith("gpu1 still RUNS at $0.526 an hour: ")
    assert "iam-policy" in told.errors[0]["hint"]
    assert ledger.running_since("gpu1") is not None


# --- what a dearer type needs ---


def test_yes_makes_nothing_dearer_without_a_limit(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    registry.change("gpu1", budget=None)
    words = ("server", "resize", "gpu1", "--type", "g5.xlarge", "--yes", "--json")
    for more in ((), ("--price", "0.2")):
        told = run(*words, *more)
        assert told.code == 2, "a price that was mistyped makes nothing cheap"
        assert "--price 1.006" in told.errors[0]["hint"]
        assert gpu1.machines()[0].instance_type == "g4dn.xlarge"
    done = run(*words, "--price", "1.006")
    assert done.code == 0, done.out
    assert registry.find("gpu1").price == 1.006


def test_a_resize_that_broke_off_is_known_after_the_next(gpu1: FakeAws, run: Runner) -> None:
    """AWS had changed the type, and the price here was the old one."""
    run("server", "stop", "gpu1")
    gpu1.machines()[0].instance_type = "g5.xlarge"
    told = run("server", "resize", "gpu1", "--type", "g5.xlarge", "--yes", "--json")
    assert told.code == 0, told.out
    assert (registry.find("gpu1").type, registry.find("gpu1").price) == ("g5.xlarge", 1.006)
    assert ledger.read("gpu1")[-1].event == "resized"
    assert "ModifyInstanceAttribute" not in gpu1.calls


def test_a_budget_that_is_refused_is_not_kept(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    told = run("server", "start", "gpu1", "--budget", "0.2", "--json")
    assert told.code == 4
    assert "less than one hour is left, which costs $0.526" in told.errors[0]["message"]
    assert registry.find("gpu1").budget == 20
    assert run("server", "start", "gpu1").code == 0


# --- what was forgotten, and what is said of it ---


def test_a_machine_that_was_forgotten_belongs_to_nothing(gpu1: FakeAws, run: Runner) -> None:
    """`doctor` said that nothing was left over, and it ran."""
    registry.remove("gpu1")
    lost = orphans.orphans(("us-east-1",))
    assert {one.kind for one in lost} == {"machine", "disk", "firewall group", "key", "alarm"}
    assert {orphans.way_out(one) for one in lost} == {"fastcompanion server terminate gpu1"}
    order = Journal("gpu1").order
    assert order is not None
    other = run("server", "terminate", order.launch_id, "--region", "us-east-1", "--json")
    assert other.code == 2
    assert other.errors[0]["hint"] == "fastcompanion server terminate gpu1, without --region"
    assert run(*END, "--force").code == 0
    assert gpu1.left() == {}
    assert not Journal("gpu1").path.exists()


def test_a_launch_on_its_way_is_known(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    fake.lose("RunInstances")
    run(*LAUNCH)
    assert orphans.orphans(("us-east-1",)) == ()


def test_a_region_that_was_not_looked_at_is_no_clean_one(gpu1: FakeAws) -> None:
    gpu1.refuse("DescribeInstances", "UnauthorizedOperation")
    [missed] = orphans.orphans(("eu-west-1", "us-east-1"))
    assert (missed.region, missed.kind, missed.state) == ("eu-west-1", "region", "not looked at")


def test_a_dry_run_says_what_was_looked_at(fake: FakeAws, key: Path, run: Runner) -> None:
    told = run("server", "launch", "gpu2", "--dry-run", "--budget", "20", "--from", HOME_ADDRESS)
    assert told.code == 0, told.err
    assert "gpu2 can be launched: everything was looked at." in told.out
    assert "81.2.69.142" in told.out
    assert "gpu1" not in told.out
    assert fake.left() == {}


def test_what_can_not_be_looked_into_says_how_it_can(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    stopped = run(*END)
    assert "fastcompanion server start gpu1 lets it be looked into" in stopped.errors[0]["hint"]
    registry.remove("gpu1")
    forgotten = run(*END)
    assert "sync" not in forgotten.errors[0]["hint"]
    assert "--force" in forgotten.errors[0]["hint"]


def test_a_new_address_that_is_let_in_is_said(gpu1: FakeAws, run: Runner) -> None:
    told = run("server", "start", "gpu1", "--from", "91.198.174.192")
    assert "It lets 91.198.174.192 in by ssh now" in told.out


def test_a_type_that_it_has_already_is_said(gpu1: FakeAws, run: Runner) -> None:
    run("server", "stop", "gpu1")
    told = run("server", "resize", "gpu1", "--type", "g4dn.xlarge")
    assert "gpu1 is a g4dn.xlarge already, at $0.526 an hour." in told.out
