"""`server launch`: the order of things, what may go wrong, and what a second run makes of it."""

from __future__ import annotations

import base64
import bz2
import gzip
import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import host_keys, ledger, registry
from fastcompanion.server.cloud import arriving, boto, ec2, launching
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.journal import Journal
from tests.server.cloud.conftest import HOME_ADDRESS, PUBLIC_KEY, QUICK, Box, ordered
from tests.server.cloud.fake_aws import CONSOLE, HOST_KEY, FakeAws

Runner = Callable[..., Any]
LAUNCH = ("server", "launch", "gpu1", "--yes", "--budget", "20", "--from", HOME_ADDRESS, "--json")


@pytest.fixture
def launched(fake: FakeAws, key: Path, box: Box, run: Runner) -> FakeAws:
    """A machine that was launched without a hitch."""
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    return fake


def test_a_launch(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    machine = fake.machines()[0]
    server = registry.find("gpu1")
    assert told.data["server"]["instance"] == machine.id == server.instance
    assert told.data["verified"] is True
    assert told.data["pinned"] is True
    assert (server.provider, server.user, server.type) == ("ec2", "ubuntu", "g4dn.xlarge")
    assert (server.price, server.budget, server.idle_minutes) == (0.526, 20, 60)
    assert HOST_KEY.split()[1] in [one.blob for one in host_keys.of(server.alias)]
    assert Journal("gpu1").ready
    writes = [one for one in fake.calls if one in WRITES]
    assert writes == [
        "RunInstances",
        "CreateSecurityGroup",
        "ImportKeyPair",
        "ImportKeyPair",
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "RunInstances",
        "PutMetricAlarm",
    ], "the first three are the rehearsal"


WRITES = {
    "RunInstances",
    "CreateSecurityGroup",
    "ImportKeyPair",
    "AuthorizeSecurityGroupIngress",
    "PutMetricAlarm",
}


def test_what_is_asked_for(launched: FakeAws) -> None:
    machine = launched.machines()[0]
    asked = next(
        fields
        for action, fields in launched.asked
        if action == "RunInstances" and fields.get("DryRun") != "true"
    )
    assert asked["MetadataOptions.HttpTokens"] == "required"
    assert asked["MetadataOptions.HttpPutResponseHopLimit"] == "1"
    assert asked["BlockDeviceMapping.1.Ebs.Encrypted"] == "true"
    assert asked["BlockDeviceMapping.1.Ebs.VolumeType"] == "gp3"
    assert asked["BlockDeviceMapping.1.Ebs.DeleteOnTermination"] == "true"
    assert asked["BlockDeviceMapping.1.DeviceName"] == machine.root_device_name
    assert asked["InstanceInitiatedShutdownBehavior"] == "stop"
    assert asked["ClientToken"]
    assert not any(name.startswith("IamInstanceProfile") for name in asked)
    kinds = {value for name, value in asked.items() if name.endswith("ResourceType")}
    assert kinds == {"instance", "volume"}


def test_everything_carries_the_tag(launched: FakeAws) -> None:
    ec2 = launched._ec2("us-east-1")
    order = Journal("gpu1").order
    assert order is not None
    things = [launched.machines()[0].id, *ec2.volumes]
    things += [
        one.id for part in ec2.groups.values() for one in part.values() if one.name != "default"
    ]
    things += [one.id for one in ec2.describe_key_pairs([])]
    assert len(things) == 4
    for thing in things:
        tags = ec2.tags[thing]
        assert tags["fastcompanion:id"] == order.launch_id, thing
        assert tags["fastcompanion:name"] == "gpu1"


def test_only_ssh_from_one_address(launched: FakeAws) -> None:
    ec2 = launched._ec2("us-east-1")
    groups = [one for part in ec2.groups.values() for one in part.values() if one.name != "default"]
    rules = [
        (rule.ip_protocol, int(rule.from_port), int(rule.to_port), rule.ip_range["CidrIp"])
        for rule in groups[0].ingress_rules
    ]
    assert rules == [("tcp", 22, 22, HOME_ADDRESS)]


def test_three_ways_to_stop(launched: FakeAws) -> None:
    """The idle timer and the hard limit travel with the first boot; the alarm is outside."""
    asked = [fields for action, fields in launched.asked if action == "RunInstances"][-1]
    text = first_boot(asked["UserData"])
    assert "IDLE_MINUTES=60" in text
    assert "MAX_HOURS=8" in text
    assert '"systemd-run", "--unit=fastcompanion-first-limit", "--on-boot=28800"' in text
    alarms = launched._alarms("us-east-1")
    alarm = next(iter(alarms.values()))
    assert alarm.alarm_actions == ["arn:aws:automate:us-east-1:ec2:stop"]
    assert (alarm.threshold, alarm.period, alarm.evaluation_periods) == (5.0, 300, 24)
    assert alarm.comparison_operator == "LessThanThreshold"


def first_boot(user_data: str) -> str:
    """All that the machine is told, with the script in it."""
    text = gzip.decompress(base64.b64decode(user_data)).decode()
    content = yaml.safe_load(text)["write_files"][0]["content"]
    return text + bz2.decompress(base64.b64decode(content)).decode()


def test_no_secret_in_user_data(
    fake: FakeAws, key: Path, box: Box, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = {
        "KAGGLE_KEY": "planted-kaggle-0001",
        "JUPYTER_TOKEN": "planted-jupyter-0002",
        "AWS_SESSION_TOKEN": "planted-session-0003",
        "GH_TOKEN": "planted-git-0004",
    }
    (key.parent / "id_ed25519").write_text("planted-private-0005\n")
    told = run(*LAUNCH, env=planted)
    assert told.code == 0, told.out
    asked = [fields for action, fields in fake.asked if action == "RunInstances"][-1]
    text = first_boot(asked["UserData"])
    assert PUBLIC_KEY.split()[1] in text
    assert not re.search(
        r"PRIVATE KEY|\bA[KS]IA[0-9A-Z]{8}|(?i:token|password|secret)=['\"]?\w{8}", text
    )
    kept = [
        path.read_text(errors="replace")
        for path in key.parent.parent.rglob("*")
        if path.is_file() and ".ssh" not in path.parts
    ]
    for where in (text, told.out, told.err, *box.commands, *kept):
        assert "planted-" not in where


def test_the_hours_count_from_the_launch(launched: FakeAws) -> None:
    entries = ledger.read("gpu1")
    assert [one.event for one in entries] == ["started"]
    assert entries[0].price is not None
    assert entries[0].price == pytest.approx(0.526 + 0.005 + 8 / 730, abs=1e-4)
    assert entries[0].idle_price == pytest.approx(8 / 730, abs=1e-4)


def test_the_same_name_again(launched: FakeAws, run: Runner) -> None:
    told = run(*LAUNCH)
    assert told.code == 2
    assert "there is a server gpu1 already" in told.errors[0]["message"]
    assert len(launched.machines()) == 1


def test_yes_needs_a_budget(fake: FakeAws, key: Path, run: Runner) -> None:
    told = run("server", "launch", "gpu1", "--yes", "--from", HOME_ADDRESS, "--json")
    assert told.code == 2
    assert "--budget" in told.errors[0]["hint"]
    assert fake.calls == []


def test_without_a_person_the_price_is_not_agreed_to(fake: FakeAws, key: Path, run: Runner) -> None:
    told = run("server", "launch", "gpu1", "--from", HOME_ADDRESS, "--json")
    assert told.code == 2
    assert fake.left() == {}
    assert Journal("gpu1").order is None


def test_dry_run_makes_nothing(fake: FakeAws, key: Path, run: Runner) -> None:
    told = run(*LAUNCH, "--dry-run")
    assert told.code == 0, told.out
    assert told.data["price_from"] == "AWS"
    assert told.data["quota"]["has"] == 8
    assert told.data["zones"]
    assert fake.left() == {}
    assert not Journal("gpu1").path.exists()


def test_the_price_of_aws_counts_and_not_that_of_the_table(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    fake.prices["g4dn.xlarge"] = 0.61
    told = run(*LAUNCH)
    assert told.code == 0
    assert registry.find("gpu1").price == 0.61


def test_a_limit_that_is_too_small_is_named_before_anything_is_made(
    fake: FakeAws, key: Path, run: Runner
) -> None:
    fake.quota = 0
    told = run(*LAUNCH)
    assert told.code == 5
    error = told.errors[0]
    assert "Running On-Demand G and VT instances" in error["message"]
    assert "4 vCPUs are needed, your account has 0" in error["message"]
    assert "servicequotas/home/services/ec2/quotas/L-DB2E81BA" in error["hint"]
    assert fake.left() == {}


def test_an_unknown_limit_is_no_obstacle(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    fake.quota = None
    assert run(*LAUNCH).code == 0


def test_a_limit_that_shows_late(fake: FakeAws, key: Path, run: Runner) -> None:
    fake.refuse("RunInstances", "VcpuLimitExceeded")
    told = run(*LAUNCH)
    assert told.code == 5
    assert "L-DB2E81BA" in told.errors[0]["hint"]
    assert fake.machines() == []


def test_sold_out_in_one_zone(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    fake.refuse("RunInstances", "InsufficientInstanceCapacity", "Unsupported")
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    asked = [
        f for action, f in fake.asked if action == "RunInstances" and f.get("DryRun") != "true"
    ]
    zones = [one["Placement.AvailabilityZone"] for one in asked]
    assert len(zones) == len(set(zones)) == 3
    assert len({one["ClientToken"] for one in asked}) == 3
    assert {one["InstanceType"] for one in asked} == {"g4dn.xlarge"}
    assert len(fake.machines()) == 1


def test_sold_out_everywhere_takes_no_dearer_one(fake: FakeAws, key: Path, run: Runner) -> None:
    fake.refuse("RunInstances", *["InsufficientInstanceCapacity"] * 20)
    told = run(*LAUNCH)
    assert told.code == 5
    assert "no machine is free now" in told.errors[0]["message"]
    assert "--or TYPE" in told.errors[0]["hint"]
    types = {f.get("InstanceType") for action, f in fake.asked if action == "RunInstances"}
    assert types == {"g4dn.xlarge"}
    assert fake.machines() == []


def test_a_type_that_may_stand_in(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    zones = len(_zones(fake, "g4dn.xlarge"))
    fake.refuse("RunInstances", *["InsufficientInstanceCapacity"] * zones)
    told = run(*LAUNCH, "--or", "g5.xlarge")
    assert told.code == 0, told.out
    assert registry.find("gpu1").type == "g5.xlarge"
    assert registry.find("gpu1").price == 1.006


def _zones(fake: FakeAws, kind: str) -> list[str]:
    from fastcompanion.server.cloud import boto, ec2

    aws = boto.connect("us-east-1")
    _, subnets = ec2.network(aws)
    fake.calls.clear()
    return [one for one in ec2.zones(aws, kind) if one in subnets]


def test_after_sold_out_the_same_command_goes_on(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    fake.refuse(
        "RunInstances", *["InsufficientInstanceCapacity"] * len(_zones(fake, "g4dn.xlarge"))
    )
    assert run(*LAUNCH).code == 5
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    assert len(fake.machines()) == 1
    assert fake.left()["groups"] == fake.left()["keys"] == 1


def test_a_parameter_that_is_missing(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    fake.parameters = ("22.04",)
    assert run(*LAUNCH).code == 0


@pytest.mark.parametrize("gpu", [True, False])
def test_where_no_parameter_helps_only_images_that_the_setup_knows_are_taken(
    fake: FakeAws, monkeypatch: pytest.MonkeyPatch, gpu: bool
) -> None:
    fake.parameters = ()
    aws = boto.connect("us-east-1")
    asked: list[str] = []

    def listen(service: str, operation: str, **words: Any) -> Any:
        named = [one for one in words.get("Filters", ()) if one["Name"] == "name"]
        asked.extend(value for one in named for value in one["Values"])
        return Aws.call(aws, service, operation, **words)

    monkeypatch.setattr(aws, "call", listen)
    found = ec2.image(aws, gpu=gpu)
    assert "24.04" in found.name
    assert any(fnmatch(found.name, one) for one in asked)
    old = found.name.replace("24.04", "20.04")
    assert not any(fnmatch(old, one) for one in asked), (
        "20.04 gets new images, and setup refuses it"
    )


def test_what_is_not_allowed_shows_before_anything_is_made(
    fake: FakeAws, key: Path, run: Runner
) -> None:
    fake.refuse("DescribeVpcs", "UnauthorizedOperation")
    told = run(*LAUNCH)
    assert told.code == 5
    assert "iam-policy" in told.errors[0]["hint"]
    assert fake.left() == {}


def test_no_credentials(fake: FakeAws, key: Path, run: Runner) -> None:
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    told = run(*LAUNCH, env=none)
    assert told.code == 5
    assert "aws sso login" in told.errors[0]["hint"]
    assert fake.calls == []


def test_no_key(fake: FakeAws, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    told = run(*LAUNCH)
    assert told.code == 3
    assert "ssh-keygen -t ed25519" in told.errors[0]["hint"]
    assert fake.calls == []


def test_ssh_that_does_not_get_in_says_that_the_machine_costs(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    box.breaks()
    aws, order = ordered()
    with pytest.raises(CompanionError) as failed:
        launching.launch(aws, order, SILENT, patience=QUICK)
    assert failed.value.code == 5
    assert "gpu1 is RUNNING at $0.526 an hour" in failed.value.message
    assert "server terminate gpu1 ends it" in failed.value.hint
    assert len([one for one in box.commands if one == "true"]) == QUICK.looks
    box.breaks(off=True)
    told = run(*LAUNCH)
    assert told.code == 0, told.out
    assert "Going on with the launch of gpu1, as agreed: g4dn.xlarge in us-east-1" in told.err
    assert len(fake.machines()) == 1


def test_a_setup_that_is_not_done_is_done_again(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    box.events([{"step": "python", "state": "failed", "note": "no room"}], done=False)
    told = run(*LAUNCH)
    assert told.code == 1
    assert "the step python: no room" in told.errors[0]["message"]
    assert not Journal("gpu1").ready
    box.events([{"step": "python", "state": "changed", "note": ""}])
    again = run(*LAUNCH)
    assert again.code == 0, again.out
    assert len(fake.machines()) == 1


def test_a_console_that_stays_silent(fake: FakeAws, key: Path, box: Box) -> None:
    fake.console = "booting\n"
    aws, order = ordered()
    made = launching.launch(aws, order, SILENT, patience=QUICK)
    assert made.pinned is False
    assert host_keys.of(made.server.alias) == ()


def test_a_console_that_is_still_writing(fake: FakeAws) -> None:
    begun = CONSOLE[: CONSOLE.index("-----END")]
    assert arriving.keys_of(begun) == ""
    assert HOST_KEY in arriving.keys_of(begun + CONSOLE)


def test_spot(fake: FakeAws, key: Path, box: Box, run: Runner) -> None:
    told = run(*LAUNCH, "--spot")
    assert told.code == 0, told.out
    asked = [fields for action, fields in fake.asked if action == "RunInstances"][-1]
    options = "InstanceMarketOptions.SpotOptions."
    assert asked[f"{options}SpotInstanceType"] == "persistent"
    assert asked[f"{options}InstanceInterruptionBehavior"] == "stop"
    assert float(asked[f"{options}MaxPrice"]) == 0.526
    assert list(fake.spot_state.values()) == ["active"]
