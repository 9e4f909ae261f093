"""The third way to stop a forgotten machine, outside of it: an alarm of CloudWatch.

The machine's own idle stop and its hard limit fail where the machine itself is in trouble; AWS then
stops it after two hours in which its CPUs had nothing to do.
"""

from __future__ import annotations

from fastcompanion.server.cloud import ec2
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.journal import Order

PERCENT = 5.0
HOURS = 2
_PERIOD = 300


def put(aws: Aws, name: str, instance_id: str, order: Order) -> dict[str, str]:
    """Set the alarm, and give its name; setting it again changes nothing."""
    aws.call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=name,
        AlarmDescription=f"fastcompanion: stops {order.name} after {HOURS} hours below {PERCENT:g} % of CPU",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "InstanceId", "Value": instance_id}],
        Statistic="Average",
        Period=_PERIOD,
        EvaluationPeriods=HOURS * 3600 // _PERIOD,
        Threshold=PERCENT,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="missing",
        AlarmActions=[f"arn:aws:automate:{aws.region}:ec2:stop"],
        Tags=ec2.tags(order.launch_id, order.name),
    )
    return {"alarm": name}


def delete(aws: Aws, names: tuple[str, ...]) -> None:
    """Take alarms away; those that are gone are fine."""
    if names:
        aws.call("cloudwatch", "delete_alarms", AlarmNames=list(names))


def of(aws: Aws, prefix: str) -> tuple[str, ...]:
    """Name the alarms of ours that begin so."""
    found = aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
    return tuple(str(one["AlarmName"]) for one in found)
