"""Ending a machine for good: nothing of it is left that costs, and nothing is lost unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.server import connection, host_keys, ledger, registry, syncing
from fastcompanion.server.cloud import (
    alarms,
    arriving,
    boto,
    counting,
    ec2,
    halfway,
    machines,
    orphans,
    unsaved,
)
from fastcompanion.server.cloud.arriving import USUAL, Patience
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.launching import alone
from fastcompanion.server.cloud.machines import Known
from fastcompanion.server.cloud.refusals import Refused
from fastcompanion.server.cloud.unsaved import Look
from fastcompanion.server.registry import Server

_IN_USE = ("DependencyViolation", "InvalidGroup.InUse", "CannotDelete")
_PROTECTED = "OperationNotPermitted"
#: with the usual patience this is a minute
_LOOKS = 12


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
    aws = found.connect()
    machine = ec2.instance(aws, found.instance) if found.instance else None
    state = machine.state if machine else "gone"
    # Its alarm is set once it is in the list: without it nobody can have worked there.
    was_listed = found.journal.ready or found.journal.done("alarm") is not None
    if machine is None or state == "terminated":
        launch_id = found.launch_id or (machine.launch_id if machine else "")
        look = _disks(ec2.volumes(aws, launch_id))
    elif found.server is None and was_listed and machine.alive:
        look = Look((), False, "it was forgotten here")
    else:
        look = _look(found.server, machine, reporter)
    return Before(name, found.region, found.instance, state, look)


def before_launch(text: str, region: str, *, profile: str = "") -> tuple[Before, str]:
    """Find a machine in the account that this computer does not know, by its name or launch; gives its launch.

    What this computer knows is ended by its name alone, and is never meant here.
    """
    rows = [
        one
        for one in orphans.everything((region,), profile)
        if text in (one.name, one.launch_id) and one.launch_id
    ]
    # What was forgotten has its journal still, by which its name ends it.
    unknown = [one for one in rows if not one.known and "--region" in orphans.way_out(one)]
    launches = sorted({one.launch_id for one in unknown})
    if not unknown:
        here = bool(rows)
        raise CompanionError(
            f"{text} is known here"
            if here
            else f"nothing of {text} is in {region} of this account",
            hint=f"fastcompanion server terminate {rows[0].name}, without --region"
            if here
            else "fastcompanion server status --all-regions",
            code=Exit.USAGE,
        )
    if len(launches) > 1:
        raise CompanionError(
            f"{len(launches)} machines are called {text} in {region}",
            hint=f"Name one: fastcompanion server terminate {launches[0]} --region {region}; "
            f"the others: {', '.join(launches[1:])}",
            code=Exit.USAGE,
        )
    machine = next((one for one in unknown if one.kind == "machine"), None)
    disks = [one.id for one in unknown if one.kind == "disk"]
    look = Look((), False, "this computer does not know it") if machine else _disks(disks)
    seen = Before(
        text, region, machine.id if machine else "", machine.state if machine else "gone", look
    )
    return seen, launches[0]


def _disks(there: Sequence[str]) -> Look:
    """A disk that outlived its machine holds what nobody can look at any more."""
    if there:
        return Look((), False, f"its machine is gone, and left {', '.join(there)}")
    return Look((), True)


def _look(server: Server | None, machine: Instance, reporter: Reporter) -> Look:
    if not machine.alive:
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
        aws = found.connect()
        launch_id = _launch_id(aws, found)
        if found.journal.order is not None and not found.journal.ending:
            found.journal.write("end", "intent", {})
        there = _machines(aws, found, launch_id, reporter, patience)
        removed = _remove(aws, found.name, launch_id, there, reporter, patience)
        _count_out(found, seen=any(one.startswith("machine ") for one in removed))
        _forget(found)
    return Ended(name, found.region, tuple(removed), counting.month_cost(name))


def end_launch(
    launch_id: str,
    region: str,
    reporter: Reporter,
    *,
    profile: str = "",
    patience: Patience = USUAL,
) -> Ended:
    """Take away everything of a launch that this computer knows nothing of, found by its tag alone."""
    aws = boto.connect(region, profile)
    with alone(launch_id):
        there = ec2.instances(aws, launch_id)
        removed = _remove(aws, launch_id, launch_id, there, reporter, patience)
    return Ended(launch_id, region, tuple(removed), None)


def _launch_id(aws: Aws, found: Known) -> str:
    """Give the launch whose tag everything carries: from the journal, or from the machine itself."""
    if found.launch_id:
        return found.launch_id
    machine = ec2.instance(aws, found.instance) if found.instance else None
    if machine is not None and machine.launch_id:
        return machine.launch_id
    raise CompanionError(
        f"AWS knows no machine {found.instance or found.name} of ours in {found.region}",
        hint="Of another account? --profile NAME. Else, after a look (fastcompanion server status "
        f"--all-regions): fastcompanion server forget {found.name}",
    )


def _count_out(found: Known, *, seen: bool) -> None:
    """Let the hours end: now, or, where somebody else ended the machine, when that was at the latest."""
    if not seen and found.server is not None:
        counting.ended_unseen(found.server)
    elif ledger.exists(found.name):
        ledger.append(found.name, "terminated")


def _remove(
    aws: Aws,
    called: str,
    launch_id: str,
    there: Sequence[Instance],
    reporter: Reporter,
    patience: Patience,
) -> list[str]:
    """Take away these machines, and what carries the tag of their launch."""
    removed: list[str] = []
    with _not_ended(called, there):
        for request in ec2.spot_requests(aws, launch_id, [one.id for one in there]):
            # First of all: a request that lasts would start the machine again.
            ec2.delete(aws, "cancel_spot_instance_requests", SpotInstanceRequestIds=[request])
            removed.append(f"spot request {request}")
        for machine in there:
            _terminate(aws, machine)
            removed.append(f"machine {machine.id}")
    ending = ec2.instances(aws, launch_id, ("shutting-down",))
    going = dict.fromkeys(one.id for one in (*there, *ending))
    removed += _no_alarms(aws, launch_id)
    if going:
        reporter.note(f"{called} is being ended; this takes a minute or two.")
    with halfway.doing(f"{called} is being ended, which goes on without us", _again(called)):
        for number in going:
            arriving.state_is(aws, number, ("terminated",), patience)
        removed += _rest(aws, launch_id, patience)
    return removed


@contextmanager
def _not_ended(called: str, there: Sequence[Instance]) -> Iterator[None]:
    """Say of machines that were to end and did not that they are there, and may cost."""
    names = ", ".join(f"{one.id} ({one.state})" for one in there)
    what = f"{called} is NOT ended, and may go on costing: {names or 'nobody knows its machine'}"
    try:
        yield
    except KeyboardInterrupt:
        raise halfway.interrupted(what, _again(called)) from None
    except CompanionError as error:
        raise halfway.with_more(error, what, _again(called)) from error


def _again(called: str) -> str:
    return f"fastcompanion server terminate {called} again goes on with it"


def _no_alarms(aws: Aws, launch_id: str) -> list[str]:
    """Take the alarm away, now that the end is accepted and cannot be refused any more."""
    names = tuple(one for one in alarms.of(aws, alarms.PREFIX) if one.endswith(f"-{launch_id}"))
    alarms.delete(aws, names)
    return [f"alarm {one}" for one in names]


def _rest(aws: Aws, launch_id: str, patience: Patience) -> list[str]:
    removed = _volumes(aws, launch_id, patience)
    for group in ec2.groups(aws, launch_id):
        if _patiently(aws, patience, "delete_security_group", GroupId=group):
            removed.append(f"firewall group {group}")
    for key in ec2.keys(aws, launch_id):
        ec2.delete(aws, "delete_key_pair", KeyName=key)
        removed.append(f"key {key}")
    return removed


def _machines(
    aws: Aws, found: Known, launch_id: str, reporter: Reporter, patience: Patience
) -> list[Instance]:
    """Find the machines of a launch; lists of EC2 show a new one a little later than its number does."""
    there = ec2.instances(aws, launch_id)
    if there:
        return there
    known = ec2.instance(aws, found.instance) if found.instance else None
    if known is not None and known.alive:
        return [known]
    if found.journal.open_attempt is None:
        return []
    reporter.note(f"EC2 was asked for {found.name} and did not answer: looking for it for a while.")
    for _ in range(min(_LOOKS, patience.looks)):
        aws.wait(patience.seconds)
        if there := ec2.instances(aws, launch_id):
            break
    return there


def _terminate(aws: Aws, machine: Instance) -> None:
    try:
        ec2.delete(aws, "terminate_instances", InstanceIds=[machine.id])
    except Refused as error:
        if error.reason == _PROTECTED:
            error.hint = (
                f"Somebody protected {machine.id} against its end: take that off in the console of EC2 "
                "(Instance settings, Change termination protection)"
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
