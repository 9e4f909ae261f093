"""Ending a machine for good: nothing of it is left that costs, and nothing is lost unseen."""

from __future__ import annotations

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.server import connection, host_keys, ledger, registry, syncing
from fastcompanion.server.cloud import alarms, arriving, boto, ec2, machines, unsaved
from fastcompanion.server.cloud.arriving import USUAL, Patience
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.launching import alone
from fastcompanion.server.cloud.machines import Known
from fastcompanion.server.cloud.refusals import Refused
from fastcompanion.server.cloud.stopping import month_cost
from fastcompanion.server.cloud.unsaved import Look
from fastcompanion.server.registry import Server

_IN_USE = ("DependencyViolation", "InvalidGroup.InUse", "CannotDelete")
_PROTECTED = "OperationNotPermitted"
_LOOKS = 3


@frozen
class Before:
    """What is known of a machine before its end."""

    name: str
    region: str
    instance: str
    state: str
    unsaved: Look


@frozen
class Ended:
    """What was taken away, in this order, and what the month cost."""

    name: str
    region: str
    removed: tuple[str, ...]
    month_cost: float | None


def before(name: str, reporter: Reporter, *, profile: str = "") -> Before:
    """Look at what would be lost; a machine that does not run can't be looked into."""
    found = machines.known(name, profile)
    aws = boto.connect(found.region, found.profile)
    machine = ec2.instance(aws, found.instance) if found.instance else None
    state = machine.state if machine else "gone"
    if found.server is None and found.journal.ready and machine is not None and machine.alive:
        look = Look((), False, "it was forgotten here")
    else:
        look = _look(found.server, machine, reporter)
    return Before(name, found.region, found.instance, state, look)


def _look(server: Server | None, machine: Instance | None, reporter: Reporter) -> Look:
    if machine is None or not machine.alive:
        return Look((), True)
    if machine.state != "running":
        return Look((), False, f"the machine is {machine.state}")
    if server is None:
        return Look((), True)
    made = clock.parse(server.created).timestamp() if server.created else 0.0
    way = connection.connect(server, reporter=reporter)
    return unsaved.look(way, made)


def end(name: str, reporter: Reporter, *, profile: str = "", patience: Patience = USUAL) -> Ended:
    """Take everything of a machine away; what is gone already is fine, so this can be run again."""
    with alone(name):
        found = machines.known(name, profile)
        aws = boto.connect(found.region, found.profile)
        launch_id = _launch_id(aws, found)
        if found.journal.order is not None and not found.journal.ending:
            found.journal.write("end", "intent", {})
        removed = _remove(aws, found, launch_id, reporter, patience)
        _forget(found)
    return Ended(name, found.region, tuple(removed), month_cost(name))


def _launch_id(aws: Aws, found: Known) -> str:
    """Give the launch whose tag everything carries: from the journal, or from the machine itself."""
    if found.launch_id:
        return found.launch_id
    machine = ec2.instance(aws, found.instance) if found.instance else None
    if machine is not None and machine.launch_id:
        return machine.launch_id
    raise CompanionError(
        f"AWS knows no machine {found.instance or found.name} of ours in {found.region}",
        hint=f"fastcompanion server forget {found.name}, after a look: fastcompanion server status --all-regions",
    )


def _remove(
    aws: Aws, found: Known, launch_id: str, reporter: Reporter, patience: Patience
) -> list[str]:
    removed = []
    there = _machines(aws, found, launch_id, patience)
    for request in ec2.spot_requests(aws, launch_id, [one.id for one in there]):
        # First of all: a request that lasts would start the machine again.
        ec2.delete(aws, "cancel_spot_instance_requests", SpotInstanceRequestIds=[request])
        removed.append(f"spot request {request}")
    names = alarms.of(aws, f"fastcompanion-{found.name}-{launch_id}")
    alarms.delete(aws, names)
    removed += [f"alarm {one}" for one in names]
    for machine in there:
        _terminate(aws, machine)
        removed.append(f"machine {machine.id}")
    if there:
        reporter.note(f"{found.name} is being ended; this takes a minute or two.")
    for machine in there:
        arriving.state_is(aws, machine.id, ("terminated",), patience)
    if there:
        ledger.append(found.name, "terminated")
    removed += _volumes(aws, launch_id, patience)
    for group in ec2.groups(aws, launch_id):
        if _patiently(aws, patience, "delete_security_group", GroupId=group):
            removed.append(f"firewall group {group}")
    for key in ec2.keys(aws, launch_id):
        ec2.delete(aws, "delete_key_pair", KeyName=key)
        removed.append(f"key {key}")
    return removed


def _machines(aws: Aws, found: Known, launch_id: str, patience: Patience) -> list[Instance]:
    """Find the machines of a launch; after a call without an answer EC2 may show its own a little later."""
    attempts = [one for one in found.journal.lines if one.step == "attempt"]
    unsure = bool(attempts) and attempts[-1].state == "intent"
    there = ec2.instances(aws, launch_id)
    for _ in range(_LOOKS if unsure and not there else 0):
        aws.wait(patience.seconds)
        there = there or ec2.instances(aws, launch_id)
    return there


def _terminate(aws: Aws, machine: Instance) -> None:
    try:
        ec2.delete(aws, "terminate_instances", InstanceIds=[machine.id])
    except Refused as error:
        if error.reason == _PROTECTED:
            error.hint = (
                f"Somebody protected {machine.id} against its end: take that off in the console of EC2 "
                "(Instance settings, Change termination protection), then run the same command again."
            )
        raise


def _volumes(aws: Aws, launch_id: str, patience: Patience) -> list[str]:
    """Delete disks that did not go with their machine."""
    return [
        f"disk {volume}"
        for volume in ec2.volumes(aws, launch_id)
        if _patiently(aws, patience, "delete_volume", VolumeId=volume)
    ]


def _patiently(aws: Aws, patience: Patience, operation: str, **asked: str) -> bool:
    """Delete what may still be in use for a while by a machine that has just gone."""

    def look() -> tuple[bool] | None:
        try:
            return (ec2.delete(aws, operation, **asked),)
        except Refused as error:
            if error.reason in _IN_USE or error.reason == "VolumeInUse":
                return None
            raise

    late = CompanionError(
        f"{next(iter(asked.values()))} is still in use",
        hint="Run the same command again in a minute.",
    )
    return arriving.until(aws, patience.looks, patience.seconds, look, late)[0]


def _forget(found: Known) -> None:
    """Last of all: what this computer knows of it."""
    syncing.forget(found.name)
    if found.server is not None:
        registry.remove(found.name)
        host_keys.forget(found.server.alias)
    found.journal.close()
