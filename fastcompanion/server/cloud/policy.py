"""The least leave that an account has to give for `server` to work, as an IAM policy."""

from __future__ import annotations

import json
from typing import Any

from fastcompanion.server.cloud.ec2 import ID_TAG

#: what only looks; AWS knows no way to narrow most of these
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
    "ec2:GetConsoleOutput",
    "cloudwatch:DescribeAlarms",
    "pricing:GetProducts",
    "servicequotas:GetServiceQuota",
    "ssm:GetParameter",
)
#: what makes something new
MAKES = (
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:ImportKeyPair",
    "ec2:RunInstances",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
)
#: what changes or ends something, of ours alone
CHANGES = (
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CancelSpotInstanceRequests",
    "ec2:DeleteKeyPair",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteVolume",
    "ec2:ModifyInstanceAttribute",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
)


def document() -> dict[str, Any]:
    """Give the policy: reading everywhere, making, and changing only what carries our tag."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("Look", READS),
            _allow("Make", MAKES),
            _allow("ChangeOurOwn", CHANGES, {"Null": {f"aws:ResourceTag/{ID_TAG}": "false"}}),
            {
                **_allow("EndOurAlarms", ("cloudwatch:DeleteAlarms",)),
                "Resource": "arn:aws:cloudwatch:*:*:alarm:fastcompanion-*",
            },
            _allow(
                "LetAlarmsStopMachines",
                ("iam:CreateServiceLinkedRole",),
                {"StringEquals": {"iam:AWSServiceName": "events.amazonaws.com"}},
            ),
            _allow(
                "LetSpotBeAsked",
                ("iam:CreateServiceLinkedRole",),
                {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
            ),
        ],
    }


def _allow(
    name: str, actions: tuple[str, ...], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Sid": name,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": "*",
    }
    return {**made, "Condition": condition} if condition else made


def text() -> str:
    """Give the policy as it is pasted into the console."""
    return json.dumps(document(), indent=2)
