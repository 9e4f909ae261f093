"""The least leave that an account has to give for `server` to work, as an IAM policy.

Whoever steals credentials with this leave can look, can start machines of the price table (each with our
tag), and can change or end what carries that tag. Nothing else of the account can be changed, tagged or read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastcompanion.server.cloud import prices
from fastcompanion.server.cloud.alarms import PREFIX
from fastcompanion.server.cloud.ec2 import ID_TAG

#: what only looks; AWS knows no way to narrow these
READS = (
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeRegions",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSpotInstanceRequests",
    "ec2:DescribeSpotPriceHistory",
    "ec2:DescribeSubnets",
    "ec2:DescribeVolumes",
    "ec2:DescribeVpcs",
    "cloudwatch:DescribeAlarms",
    "pricing:GetProducts",
    "servicequotas:GetServiceQuota",
)
#: what changes, ends or shows something, of ours alone
CHANGES = (
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CancelSpotInstanceRequests",
    "ec2:DeleteKeyPair",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteVolume",
    "ec2:GetConsoleOutput",
    "ec2:ModifyInstanceAttribute",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
)
_ALARMS = ("cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:DeleteAlarms")
#: what may put tags on what it makes, and nothing may on what is there
_MAKERS = ("RunInstances", "CreateSecurityGroup", "ImportKeyPair")
#: what a new machine is made of beside itself and its disk
_PARTS = ("subnet", "network-interface", "security-group", "key-pair")
_WITH_OUR_TAG = {"Null": {f"aws:RequestTag/{ID_TAG}": "false"}}
_OF_OURS = {"Null": {f"aws:ResourceTag/{ID_TAG}": "false"}}
_SERVICES = {"LetAlarmsStopMachines": "events.amazonaws.com", "LetSpotBeAsked": "spot.amazonaws.com"}  # fmt: skip


def document() -> dict[str, Any]:
    """Give the policy: looking everywhere, making with our tag, and changing only what carries it."""
    types = sorted(one.type for one in prices.table().machines)
    of_the_table = {**_WITH_OUR_TAG, "StringEquals": {"ec2:InstanceType": types}}
    run, made = ("ec2:RunInstances",), ("ec2:CreateSecurityGroup", "ec2:ImportKeyPair")
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Look", READS),
            # Of Amazon's public ones; an account's own parameters may be secrets.
            _allow("FindImages", ("ssm:GetParameter",), ["arn:aws:ssm:*::parameter/aws/service/*"]),
            _allow("MakeMachines", run, _ec2("instance"), of_the_table),
            _allow("MakeTheirDisks", run, _ec2("volume", "spot-instances-request"), _WITH_OUR_TAG),
            _allow("MakeThemOf", run, ["arn:aws:ec2:*::image/*", *_ec2(*_PARTS)]),
            _allow("MakeDoors", made, _ec2("security-group", "key-pair"), _WITH_OUR_TAG),
            _allow("MakeDoorsIn", ("ec2:CreateSecurityGroup",), _ec2("vpc")),
            _allow(
                "TagWhatIsMade",
                ("ec2:CreateTags",),
                _ec2("*"),
                {"StringEquals": {"ec2:CreateAction": list(_MAKERS)}},
            ),
            _allow("ChangeOurOwn", CHANGES, condition=_OF_OURS),
            _allow("OurAlarms", _ALARMS, [f"arn:aws:cloudwatch:*:*:alarm:{PREFIX}*"]),
            *(_role(name, service) for name, service in _SERVICES.items()),
        ],
    }


def _ec2(*kinds: str) -> list[str]:
    return [f"arn:aws:ec2:*:*:{kind}/*" for kind in kinds]


def _role(name: str, service: str) -> dict[str, Any]:
    """Let AWS make the role of one of its own services, once for an account."""
    role = f"arn:aws:iam::*:role/aws-service-role/{service}/*"
    asked = {"StringEquals": {"iam:AWSServiceName": service}}
    return _allow(name, ("iam:CreateServiceLinkedRole",), [role], asked)


def _allow(
    name: str,
    actions: Sequence[str],
    resources: Sequence[str] = ("*",),
    condition: dict[str, Any] | None = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Sid": name,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return {**made, "Condition": condition} if condition else made


def text() -> str:
    """Give the policy as it is pasted into the console."""
    return json.dumps(document(), indent=2)
