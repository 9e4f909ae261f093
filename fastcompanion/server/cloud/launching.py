"""Launching a machine in steps that a journal remembers, so that a broken launch goes on and none is doubled.

The order is key, firewall, instance, alarm, address, host key, ssh, setup, ready. The machine gets its
idle stop and its hard limit with its first boot: it stops itself whatever becomes of us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.server import connection, registry
from fastcompanion.server.cloud import (
    alarms,
    arriving,
    counting,
    ec2,
    halfway,
    journal,
    machines,
    ordering,
    prices,
    quotas,
    refusals,
)
from fastcompanion.server.cloud.arriving import USUAL, Patience
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.journal import Journal, Order
from fastcompanion.server.cloud.refusals import Refused
from fastcompanion.server.connection import Connection
from fastcompanion.server.registry import Server
from fastcompanion.server.setup import running
from fastcompanion.server.setup.report import Report
from fastcompanion.server.setup.script import Options

#: what an older version of ourselves asked in other words: its machine may be there
_ASKED_OTHERWISE = "IdempotentParameterMismatch"

Found = TypeVar("Found")
_GOES_ON = "124"
_LONGEST_LINE = 60
_FIRST_BOOT = (
    "timeout 20 cloud-init status --wait >/dev/null 2>&1; echo $?; "
    "sudo -n tail -n 1 /var/log/fastcompanion-setup.log 2>/dev/null"
)


@frozen
class Launched:
    """A machine that runs: how it is known here, whether its own setup was verified, what it costs."""

    server: Server
    verified: bool
    changes: int
    note: str
    hour: float
    pinned: bool


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keep two launches or ends of one machine apart."""
    path = journal.path_of(name).with_suffix(".lock")
    busy = f"{name} is being launched or ended by another fastcompanion"
    with store.lock(path, busy=busy, wait=2.0):
        yield


@frozen
class _Way:
    """A launch on its way: the account, what was agreed to, how far it came, who is told, how long to wait."""

    aws: Aws
    order: Order
    log: Journal
    reporter: Reporter
    patience: Patience


def launch(
    aws: Aws, order: Order, reporter: Reporter, *, cidr: str = "", patience: Patience = USUAL
) -> Launched:
    """Do what is left of a launch; calling it again after any failure is safe.

    `cidr` is the learner's address now, where it is another than in the order.
    """
    with alone(order.name):
        log = Journal(order.name)
        kept = log.order
        if kept is None:
            log.begin(order)
            kept = order
        machines.same_account(aws, kept)
        return _go_on(_Way(aws, kept, log, reporter, patience), cidr or kept.cidr)


def _go_on(way: _Way, cidr: str) -> Launched:
    name = way.order.name
    try:
        with halfway.launching(way.order, way.log) as progress:
            group = _door(way, cidr)
            machine = _instance(way, group)
            progress.machine = machine
            return _arrive(way, machine)
    except arriving.NotRunning as error:
        on = f"fastcompanion server launch {name}"
        if error.state == "stopped":
            error.hint = f"fastcompanion server start {name}, then {on} goes on"
        else:
            end = f"fastcompanion server terminate {name}"
            error.hint = f"{on} asks for another machine; {end} cleans up what is left"
        raise


def _door(way: _Way, cidr: str) -> str:
    """The learner's key, and a firewall that lets in ssh from one address."""
    aws, order, log = way.aws, way.order, way.log
    name, tags = order.resource_name, (order.launch_id, order.name)
    if ordering.takes_key(order):
        log.step("key", {"key_name": name}, lambda: ec2.import_key(aws, name, order.key, tags))
    vpc, _ = ec2.network(aws)
    made = log.step(
        "group",
        {"group_name": name},
        lambda: {"group": _shown(way, lambda: ec2.group(aws, name, vpc, *tags))},
    )
    group = str(made["group"])
    let_in = log.done("rule")
    if let_in is None or let_in.get("cidr", order.cidr) != cidr:
        log.write("rule", "intent", {"cidr": cidr})
        shut = _shown(way, lambda: ec2.let_in(aws, group, cidr))
        log.write("rule", "done", {"cidr": cidr, "shut": shut})
    return group


def _shown(way: _Way, act: Callable[[], Found]) -> Found:
    """Ask again for a while where EC2 does not know yet what it made a moment ago."""
    for _ in range(min(arriving.SETTLES, way.patience.looks) - 1):
        try:
            return act()
        except Refused as error:
            if not error.not_found:
                raise
        way.aws.wait(way.patience.seconds)
    try:
        return act()
    except Refused as error:
        if error.not_found:
            end = f"fastcompanion server terminate {way.order.name}"
            error.hint = f"Did somebody take it away? {end} cleans up, then launch anew"
        raise


def _instance(way: _Way, group: str) -> Instance:
    """Give the machine of a launch: the one that is there, else a new one."""
    there = ec2.instances(way.aws, way.order.launch_id)
    found = there[0] if there else _from_attempts(way, group)
    known = way.log.done("instance")
    if known is None or known.get("instance") != found.id:
        made = {"instance": found.id, "type": found.type, "zone": found.zone}
        way.log.write("instance", "done", made)
    return found


def _from_attempts(way: _Way, group: str) -> Instance:
    """Ask for a machine, zone by zone and type by type of those agreed to, never for a dearer one."""
    order, log = way.order, way.log
    open_attempt = _unanswered(log)
    if open_attempt is not None:
        found = _try(way, group, open_attempt)
        if found is not None:
            return found
    number = sum(one.step == "attempt" and one.state == "intent" for one in log.lines)
    tried: list[str] = []
    for machine, zone, subnet in _places(way.aws, order):
        number += 1
        attempt = {"number": number, "type": machine, "zone": zone, "subnet": subnet}
        log.write("attempt", "intent", attempt)
        found = _try(way, group, attempt)
        if found is not None:
            return found
        tried.append(f"{machine} in {zone}")
        way.reporter.note(f"No {machine} is free in {zone} now.")
    raise Refused(
        f"no machine is free now: {', '.join(tried) or order.types[0]}",
        hint=f"Later: fastcompanion server launch {order.name}. Or let another type stand in: "
        f"fastcompanion server terminate {order.name}, then launch with --or TYPE or --region",
        reason="InsufficientInstanceCapacity",
    )


def _places(aws: Aws, order: Order) -> Iterator[tuple[str, str, str]]:
    _, subnets = ec2.network(aws)
    for machine in order.types:
        for zone in ec2.zones(aws, machine):
            if zone in subnets:
                yield machine, zone, subnets[zone]


def _unanswered(log: Journal) -> Mapping[str, Any] | None:
    """Give the attempt that was announced and of which nothing is known: it may have brought a machine."""
    attempts = [one for one in log.lines if one.step == "attempt"]
    last = attempts[-1] if attempts else None
    return last.data if last is not None and last.state in ("intent", "done") else None


def _try(way: _Way, group: str, attempt: Mapping[str, Any]) -> Instance | None:
    """Ask once, with a token that makes EC2 give the same machine to the same question."""
    aws, order, log = way.aws, way.order, way.log
    asked = ordering.parameters(
        order,
        str(attempt["type"]),
        str(attempt["zone"]),
        str(attempt["subnet"]),
        group=group,
        token=f"{order.launch_id}-{attempt['number']}",
    )
    try:
        answer = _shown(way, lambda: aws.call("ec2", "run_instances", **asked))
    except Refused as error:
        if error.unsure or error.reason == _ASKED_OTHERWISE:
            raise
        log.write("attempt", "failed", {**attempt, "reason": error.reason})
        if error.reason in (*refusals.CAPACITY, *refusals.NOT_OFFERED):
            return None
        if error.reason in refusals.QUOTA:
            raise _limit(order, attempt, error) from None
        raise
    found = ec2.as_instance(answer["Instances"][0])
    if not found.alive:
        # The token stands for a machine that was ended elsewhere in the meantime.
        log.write("attempt", "failed", {**attempt, "reason": found.state})
        return None
    log.write("attempt", "done", {**attempt, "instance": found.id})
    return found


def _limit(order: Order, attempt: Mapping[str, Any], error: Refused) -> Refused:
    machine = prices.table().machine(str(attempt["type"]))
    return quotas.too_small(quotas.of(machine, order.region, spot=order.spot), error.message)


def _arrive(way: _Way, machine: Instance) -> Launched:
    aws, order, log, reporter = way.aws, way.order, way.log, way.reporter
    hour = order.hour(machine.type)
    server = _registered(order, machine, hour, reporter)
    _watched(aws, order, log, machine)
    there = arriving.running(aws, machine.id, way.patience)
    if server.host != there.address:
        server = registry.change(server.name, host=there.address)
    pinned = arriving.pin(aws, machine.id, server.alias, way.patience, reporter)
    reporter.note(f"{server.name} runs at {there.address}.")
    arriving.reachable(aws, server, way.patience, reporter)
    report = _verified(server, order, reporter, way.patience)
    if not log.ready:
        log.write("ready", "done", {"changes": report.changes})
    note = report.failed.note if report.failed else ""
    return Launched(server, report.done, report.changes, note, hour, pinned)


def _watched(aws: Aws, order: Order, log: Journal, machine: Instance) -> None:
    """Set the alarm of this very machine: the one before it may have been ended by somebody."""
    known = log.done("alarm")
    if known is not None and known.get("instance", machine.id) == machine.id:
        return
    name = order.resource_name
    log.write("alarm", "intent", {"alarm": name, "instance": machine.id})
    alarms.put(aws, name, machine.id, tags=ec2.tags(order.launch_id, order.name))
    log.write("alarm", "done", {"alarm": name, "instance": machine.id})


def _registered(order: Order, machine: Instance, hour: float, reporter: Reporter) -> Server:
    """Know the machine here from its first minute on, so that `list` and `terminate` see it."""
    known = next((one for one in registry.read() if one.name == order.name), None)
    if known is not None and known.instance == machine.id:
        return known
    values: dict[str, Any] = {
        "host": machine.address or machine.id,
        "instance": machine.id,
        "alias": machine.id,
        "type": machine.type,
        "price": hour,
    }
    if known is not None:
        # Somebody ended the one before it: whether that ran or lay stopped, this one runs.
        counting.ended_unseen(known)
    counting.began(order.name, order.region, order.disk, hour, note="launched")
    if known is not None:
        return registry.change(order.name, **values)
    reporter.note(
        f"The machine {machine.id} exists now: {prices.an_hour(hour)} an hour. It stops itself after "
        f"{order.idle_minutes} idle minutes, and after {order.max_hours} hours in any case."
    )
    made = Server(
        name=order.name,
        kind="cloud",
        provider="ec2",
        user=order.user,
        identity=order.identity,
        region=order.region,
        disk=order.disk,
        idle_minutes=order.idle_minutes,
        max_hours=order.max_hours,
        budget=order.budget,
        created=clock.stamp(),
        **values,
    )
    return registry.add(made)


def _verified(server: Server, order: Order, reporter: Reporter, patience: Patience) -> Report:
    """Wait until the machine has set itself up, look at every step, and do again what is missing."""
    way = connection.connect(server, reporter=reporter)
    reporter.note("The machine sets itself up; the first time takes ten minutes and more.")
    with way.shared():
        _first_boot(way, reporter, patience)
        report = running.setup(way, options_of(order, "check"), reporter)
        if report.done and not report.changes:
            return report
        report = running.setup(way, options_of(order, "apply"), reporter)
    if not report.done:
        failed = report.failed
        what = f"the step {failed.step}: {failed.note}" if failed else "it did not come to its end"
        raise CompanionError(f"its setup failed at {what}", code=Exit.FAILED)
    return report


def _first_boot(way: Connection, reporter: Reporter, patience: Patience) -> None:
    """Wait for what the machine does by itself, and show the last line of its log now and then."""
    begun = clock.monotonic()
    with reporter.task(f"{way.server.name} sets itself up") as task:
        while clock.monotonic() - begun < patience.setup_seconds:
            said = way.run(["sh", "-c", _FIRST_BOOT], timeout=120, check=False).out.splitlines()
            if not said or said[0] != _GOES_ON:
                return
            task.advance(0, (said[1:] or ["packages"])[-1][:_LONGEST_LINE])


def options_of(order: Order, mode: str) -> Options:
    """Give the same options as in the machine's first boot."""
    return Options(
        kind="cloud",
        user=order.user,
        key=order.key,
        idle_minutes=order.idle_minutes,
        max_hours=order.max_hours,
        timezone=order.timezone,
        mode="check" if mode == "check" else "apply",
    )
