"""`server iam-policy`: every call of ours is allowed with what it asks for, and nothing of others can be touched.

AWS is not asked. A small reader of policies weighs each call against the document: its action, the kinds of
things that AWS's own reference says it touches, and the tags and types that it carries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.reporter import SILENT
from fastcompanion.server import registry
from fastcompanion.server.cloud import (
    asking,
    ending,
    holding,
    launching,
    orphans,
    policy,
    stopping,
)
from fastcompanion.server.cloud.ec2 import ID_TAG
from fastcompanion.server.cloud.plan import Wanted
from tests.server.cloud.conftest import QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws

Runner = Callable[..., Any]
Fields = Mapping[str, Any]
_SERVICES = {"GetParameter": "ssm", "GetServiceQuota": "servicequotas", "GetProducts": "pricing"}
_ALARMS = ("PutMetricAlarm", "DeleteAlarms", "DescribeAlarms")
# The kinds of things that a call makes (they carry the tags of the request), and those that it uses.
_MADE = {
    "RunInstances": ("instance", "volume", "spot-instances-request"),
    "CreateSecurityGroup": ("security-group",),
    "ImportKeyPair": ("key-pair",),
}
_USED = {
    "RunInstances": ("subnet", "network-interface", "security-group", "key-pair"),
    "CreateSecurityGroup": ("vpc",),
}
OURS, THEIRS = {f"aws:ResourceTag/{ID_TAG}": "l4unch"}, dict[str, str]()


def allowed(action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Weigh one action on one thing, as IAM does where a policy only allows."""
    return any(
        action in one["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in one["Resource"])
        and all(_holds(kind, wanted, context) for kind, wanted in one.get("Condition", {}).items())
        for one in policy.document()["Statement"]
    )


def _holds(kind: str, wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    for key, value in wanted.items():
        if kind == "Null":
            if (key not in context) != (value == "true"):
                return False
        elif kind == "StringEquals":
            if context.get(key) not in ([value] if isinstance(value, str) else value):
                return False
        else:
            raise AssertionError(f"the reader knows no {kind}")
    return True


def _arn(kind: str) -> str:
    place = "us-east-1::" if kind == "image" else "us-east-1:123456789012:"
    return f"arn:aws:ec2:{place}{kind}/{kind}-1"


def needed(action: str, fields: Fields) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Give what a call needs: action, thing, and what is known of the request or of the thing."""
    service = _SERVICES.get(action, "cloudwatch" if action in _ALARMS else "ec2")
    full = f"{service}:{action}"
    if action in _MADE:
        tagged = set(_tagged(fields))
        spot = "InstanceMarketOptions.MarketType" in fields
        for kind in _MADE[action]:
            if kind == "spot-instances-request" and not spot:
                continue
            tags = {f"aws:RequestTag/{ID_TAG}": "x"} if kind in tagged else {}
            yield full, _arn(kind), {**tags, "ec2:InstanceType": str(fields.get("InstanceType"))}
            if kind in tagged:
                yield "ec2:CreateTags", _arn(kind), {**tags, "ec2:CreateAction": action}
        for kind in (*_USED.get(action, ()), *(["image"] if action == "RunInstances" else [])):
            yield full, _arn(kind), {}
    elif action == "GetParameter":
        yield full, f"arn:aws:ssm:us-east-1::parameter{fields['Name']}", {}
    elif action in ("PutMetricAlarm", "DeleteAlarms"):
        name = fields.get("AlarmName") or fields["AlarmNames"][0]
        arn = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
        yield full, arn, {}
        if fields.get("Tags"):
            yield "cloudwatch:TagResource", arn, {}
    elif full in policy.READS:
        yield full, "*", {}
    else:
        yield full, _arn("thing"), OURS


def _tagged(fields: Fields) -> Iterator[str]:
    """Name the kinds of things that a request puts our tag on."""
    for name, value in fields.items():
        if name.startswith("TagSpecification.") and name.endswith(".ResourceType"):
            number = name.split(".")[1]
            keys = [
                at for at in fields if at.startswith(f"TagSpecification.{number}.Tag.")
                and fields[at] == ID_TAG
            ]  # fmt: skip
            if keys:
                yield str(value)


def test_every_call_of_ours_is_allowed_and_nothing_more(fake: FakeAws, key: Path, box: Box) -> None:
    for spot in (False, True):
        aws, order = ordered(spot=spot)
        asking.asked(aws, Wanted(spot=spot))
        launching.launch(aws, order, SILENT, patience=QUICK)
        holding.hold(registry.find("gpu1"), "2h")
        stopping.stop("gpu1", patience=QUICK)
        if not spot:
            stopping.resize("gpu1", "g5.xlarge", 1.006)
        stopping.start("gpu1", SILENT, cidr="91.198.174.192/32", patience=QUICK)
        orphans.everything()
        ending.end("gpu1", SILENT, patience=QUICK)
    asked = {
        (action, resource, tuple(sorted(context.items())))
        for name, fields in fake.asked
        if name != "GetCallerIdentity"  # who they are themselves, all may ask
        for action, resource, context in needed(name, fields)
    }
    refused = [one for one in asked if not allowed(one[0], one[1], dict(one[2]))]
    assert not refused
    every = {
        action
        for statement in policy.document()["Statement"]
        for action in statement["Action"]
        if not action.startswith("iam:")
    }
    # Of the fall-back ways, which these launches did not need.
    assert every - {one[0] for one in asked} == {"ec2:DeleteVolume"}


@pytest.mark.parametrize("action", policy.CHANGES)
def test_what_is_not_ours_can_not_be_changed(action: str) -> None:
    assert allowed(action, _arn("instance"), OURS)
    assert not allowed(action, _arn("instance"), THEIRS)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:CreateTags", _arn("instance"), THEIRS),
        ("ec2:CreateTags", _arn("instance"), {"ec2:CreateAction": "CreateVolume"}),
        ("ec2:DeleteTags", _arn("instance"), OURS),
        ("ec2:RunInstances", _arn("instance"), {"ec2:InstanceType": "g4dn.xlarge"}),
        (
            "ec2:RunInstances",
            _arn("instance"),
            {"ec2:InstanceType": "p5.48xlarge", f"aws:RequestTag/{ID_TAG}": "x"},
        ),
        ("ec2:RunInstances", _arn("volume"), THEIRS),
        ("ec2:CreateSecurityGroup", _arn("security-group"), THEIRS),
        ("ec2:ImportKeyPair", _arn("key-pair"), THEIRS),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/my/password", THEIRS),
        ("cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:sales", OURS),
        ("iam:CreateServiceLinkedRole", "arn:aws:iam::1:role/admin", THEIRS),
        ("iam:PassRole", "*", OURS),
    ],
)
def test_what_is_not_allowed(action: str, resource: str, context: dict[str, str]) -> None:
    """Tagging what is there would make it ours; a type that is dear would cost a hundred dollars an hour."""
    assert not allowed(action, resource, context)


def test_it_is_small_enough_to_be_pasted() -> None:
    assert len(json.dumps(policy.document(), separators=(",", ":"))) < 6144, "IAM's limit"


def test_iam_policy_prints_what_can_be_pasted(run: Runner) -> None:
    told = run("server", "iam-policy")
    assert told.code == 0
    assert json.loads(told.out) == policy.document()
