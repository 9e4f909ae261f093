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

#: dollars, beyond the ten that an account has for nothing
_ALARM_MONTH = 0.1
#: kind, number, state, launch, name, dollars a month
Row = tuple[str, str, str, str, str, float | None]


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
            rows, error = _in_region(home.elsewhere(region), mine)
            found += rows
            if error is not None:
                # One that gives no answer, or no leave, is named; all others are looked at all the same.
                unseen.append(error)
                found.append(Resource(region, "region", "", "not looked at", "", "", True, None))
            task.advance(1, region)
    if len(unseen) == len(names) and len(found) == len(unseen):
        raise unseen[0]
    for one in unseen:
        reporter.note(one.message)
    return tuple(found)


def orphans(
    regions: Sequence[str] = (), profile: str = "", reporter: Reporter = SILENT
) -> tuple[Resource, ...]:
    """List what carries our tag and belongs to nothing here, and the regions that were not looked at."""
    every = everything(regions, profile, reporter)
    return tuple(one for one in every if not one.known or one.kind == "region")


def _regions(aws: Aws) -> tuple[str, ...]:
    found = aws.call("ec2", "describe_regions").get("Regions", [])
    return tuple(sorted(str(one["RegionName"]) for one in found))


def _mine() -> tuple[frozenset[str], frozenset[str]]:
    """Give the launches and the machines that this computer knows; one that was forgotten is none of them."""
    servers = {one.name: one.instance for one in registry.read()}
    logs = [Journal(name) for name in journal.names()]
    ids = {
        log.order.launch_id for log in logs if log.order and (log.name in servers or not log.ready)
    }
    return frozenset(ids), frozenset(one for one in servers.values() if one)


def way_out(found: Resource) -> str:
    """Give the command that ends what belongs to nothing; of what has a journal here the name is enough."""
    orders = (Journal(name).order for name in journal.names())
    if any(one is not None and one.launch_id == found.launch_id for one in orders):
        return f"fastcompanion server terminate {found.name}"
    return f"fastcompanion server terminate {found.launch_id} --region {found.region}"


def _in_region(
    aws: Aws, mine: tuple[frozenset[str], frozenset[str]]
) -> tuple[list[Resource], Refused | None]:
    """Look at one region; gives what was seen, and why not all of it was."""
    rows: list[Row] = []
    refused: Refused | None = None
    try:
        for row in _rows(aws):
            rows.append(row)  # noqa: PERF402 - what was seen before a refusal is kept
    except Refused as error:
        refused = error
    ids = mine[0] | {row[3] for row in rows if row[0] == "machine" and row[1] in mine[1]}
    found = [
        Resource(aws.region, kind, number, state, launch_id, name, launch_id in ids, month)
        for kind, number, state, launch_id, name, month in rows
    ]
    return found, refused


def _rows(aws: Aws) -> Iterator[Row]:
    for one in ec2.every_instance(aws):
        month = _running_month(aws.region, one) if one.state == "running" else 0.0
        yield "machine", one.id, one.state, one.launch_id, one.name, month
    for disk in aws.pages("ec2", "describe_volumes", "Volumes", Filters=ec2.OURS):
        month = prices.table().disk_month(aws.region, int(disk.get("Size", 0)))
        yield "disk", str(disk["VolumeId"]), str(disk["State"]), *_ours(disk), round(month, 2)
    for request in ec2.open_requests(aws, ec2.OURS):
        number = str(request["SpotInstanceRequestId"])
        yield "spot request", number, str(request["State"]), *_ours(request), None
    for group in aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=ec2.OURS):
        yield "firewall group", str(group["GroupId"]), "", *_ours(group), 0.0
    for key in aws.call("ec2", "describe_key_pairs", Filters=ec2.OURS).get("KeyPairs", ()):
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
