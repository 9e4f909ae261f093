"""The third way to stop a forgotten machine, outside of it: an alarm of CloudWatch.

The machine's own idle stop and its hard limit fail where the machine itself is in trouble; AWS then
stops it after two hours in which its CPUs had nothing to do.

The alarm is never switched off, as nobody might be there to switch it on again. Where a machine is to
be held awake it asks for a longer rest: those two hours, and before them as many as it is to be held.
Even if nobody ever comes back, it stops the machine in the end.
"""

from __future__ import annotations

import math
from typing import Any

from fastcompanion.server.cloud.boto import Aws

PERCENT = 5.0
HOURS = 2
#: an alarm can look back for a day at most; the rest of it can be held
LONGEST_HOLD = 24 - HOURS
#: what the name of each of ours begins with; it ends with the launch that it belongs to
PREFIX = "fastcompanion-"
_PERIOD = 300


def put(
    aws: Aws,
    name: str,
    instance_id: str,
    *,
    hold_hours: float = 0,
    tags: list[dict[str, str]] | None = None,
) -> float:
    """Set the alarm, or change the one that is there; give the hours for which it holds still.

    What it asks for reaches back into the past: after a rest of less than two hours, it fires at the
    earliest when `hold_hours` from now are over.
    """
    held = min(max(0.0, hold_hours), LONGEST_HOLD)
    more: dict[str, Any] = {"Tags": tags} if tags else {}
    aws.call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=name,
        AlarmDescription=f"fastcompanion: stops {instance_id} after {HOURS + held:g} hours below {PERCENT:g} % of CPU",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "InstanceId", "Value": instance_id}],
        Statistic="Average",
        Period=_PERIOD,
        EvaluationPeriods=math.ceil((HOURS + held) * 3600 / _PERIOD),
        Threshold=PERCENT,
        ComparisonOperator="LessThanThreshold",
        # While it is stopped nothing is measured: that ends an alarm, so that the next one counts.
        TreatMissingData="notBreaching",
        AlarmActions=[f"arn:aws:automate:{aws.region}:ec2:stop"],
        **more,
    )
    return held


def delete(aws: Aws, names: tuple[str, ...]) -> None:
    """Take alarms away; those that are gone are fine."""
    if names:
        aws.call("cloudwatch", "delete_alarms", AlarmNames=list(names))


def of(aws: Aws, prefix: str) -> tuple[str, ...]:
    """Name the alarms of ours that begin so."""
    found = aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
    return tuple(str(one["AlarmName"]) for one in found)
