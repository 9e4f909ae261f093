"""Everything of ours in an account, in every region, so that nothing costs without being seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.server import registry
from fastcompanion.server.cloud import alarms, boto, ec2, journal, prices
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import ID_TAG, NAME_TAG
from fastcompanion.server.cloud.journal import Journal
from fastcompanion.server.cloud.refusals import Refused

_OPEN = ("open", "active", "disabled")
#: dollars, beyond the ten that an account has for nothing
_ALARM_MONTH = 0.1


@frozen
class Resource:
    """One thing at AWS that carries our tag.

    `known` says whether this computer has a server or a launch that it belongs to; `month` is
    roughly what it costs in a month as it is now, None where nobody can say.
    """

    region: str
    kind: str
    id: str
    state: str
    launch_id: str
    name: str
    known: bool
    month: float | None

    @property
    def costs(self) -> bool:
        """Whether it is on the bill."""
        return self.month is None or self.month > 0


def everything(
    regions: Sequence[str] = (), profile: str = "", reporter: Reporter = SILENT
) -> tuple[Resource, ...]:
    """List what carries our tag, in these regions or in all that the account has switched on."""
    home = boto.connect(regions[0] if regions else prices.table().region, profile)
    names = tuple(regions) or _regions(home)
    mine = _mine()
    found: list[Resource] = []
    unseen: list[Refused] = []
    with reporter.task("Looking at regions", len(names)) as task:
        for region in names:
            try:
                found += _in_region(home.elsewhere(region), mine)
            except Refused as error:
                if not error.passing:
                    raise
                # One that can't be reached is named, and the others are looked at all the same.
                unseen.append(error)
                found.append(Resource(region, "region", "", "not looked at", "", "", True, None))
            task.advance(1, region)
    if unseen and len(unseen) == len(names):
        raise unseen[0]
    for one in unseen:
        reporter.note(one.message)
    return tuple(found)


def orphans(
    regions: Sequence[str] = (), profile: str = "", reporter: Reporter = SILENT
) -> tuple[Resource, ...]:
    """List what carries our tag and belongs to nothing that this computer knows."""
    return tuple(one for one in everything(regions, profile, reporter) if not one.known)


def _regions(aws: Aws) -> tuple[str, ...]:
    found = aws.call("ec2", "describe_regions").get("Regions", [])
    return tuple(sorted(str(one["RegionName"]) for one in found))


def _mine() -> tuple[frozenset[str], frozenset[str]]:
    """Give the launches and the machines that this computer knows."""
    launches = (Journal(name).order for name in journal.names())
    ids = frozenset(one.launch_id for one in launches if one is not None)
    machines = frozenset(one.instance for one in registry.read() if one.instance)
    return ids, machines


def _in_region(aws: Aws, mine: tuple[frozenset[str], frozenset[str]]) -> list[Resource]:
    """Look at one region; one that is not switched on has nothing of ours."""
    try:
        rows = list(_rows(aws))
    except Refused as error:
        if error.reason in ("AuthFailure", "UnrecognizedClientException", "OptInRequired"):
            return []
        raise
    ids = mine[0] | {row[3] for row in rows if row[0] == "machine" and row[1] in mine[1]}
    return [
        Resource(aws.region, kind, number, state, launch_id, name, launch_id in ids, month)
        for kind, number, state, launch_id, name, month in rows
    ]


def _rows(aws: Aws) -> Iterator[tuple[str, str, str, str, str, float | None]]:
    tagged = [{"Name": "tag-key", "Values": [ID_TAG]}]
    for one in ec2.instances(aws):
        month = _running_month(aws.region, one) if one.state == "running" else 0.0
        yield "machine", one.id, one.state, one.launch_id, one.name, month
    for disk in aws.pages("ec2", "describe_volumes", "Volumes", Filters=tagged):
        month = prices.table().disk_month(aws.region, int(disk.get("Size", 0)))
        yield "disk", str(disk["VolumeId"]), str(disk["State"]), *_ours(disk), round(month, 2)
    for request in aws.pages(
        "ec2", "describe_spot_instance_requests", "SpotInstanceRequests", Filters=tagged
    ):
        if request.get("State") in _OPEN:
            number = str(request["SpotInstanceRequestId"])
            yield "spot request", number, str(request["State"]), *_ours(request), None
    for group in aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=tagged):
        yield "firewall group", str(group["GroupId"]), "", *_ours(group), 0.0
    for key in aws.call("ec2", "describe_key_pairs", Filters=tagged).get("KeyPairs", ()):
        yield "key", str(key["KeyName"]), "", *_ours(key), 0.0
    for alarm in alarms.of(aws, alarms.PREFIX):
        name, _, launch_id = alarm.removeprefix(alarms.PREFIX).rpartition("-")
        yield "alarm", alarm, "", launch_id, name, _ALARM_MONTH


def _ours(found: dict[str, Any]) -> tuple[str, str]:
    tags = {one["Key"]: one["Value"] for one in found.get("Tags", ())}
    return str(tags.get(ID_TAG, "")), str(tags.get(NAME_TAG, ""))


def _running_month(region: str, machine: ec2.Instance) -> float | None:
    known = next((one for one in prices.table().machines if one.type == machine.type), None)
    if known is None or region not in known.hour:
        return None
    return round((known.hour[region] + prices.table().address_hour) * prices.HOURS_MONTH, 2)
