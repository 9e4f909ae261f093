"""Stopping, starting and resizing: the machine stays, its price changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.server import connection, ledger, registry
from fastcompanion.server.cloud import (
    alarms,
    arriving,
    counting,
    ec2,
    halfway,
    holding,
    machines,
    market,
    prices,
)
from fastcompanion.server.cloud.arriving import USUAL, Patience
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.refusals import Refused
from fastcompanion.server.registry import Server

#: for somebody who works on a machine whose budget is used up
_NOTICE_MINUTES = 15
_RUNS = ("running", "pending")


@frozen
class Stopped:
    """A machine that is stopped: what it still costs in a month, and what this month has cost."""

    name: str
    state: str
    stopped_month: float
    month_cost: float | None
    was_running: bool


@frozen
class Started:
    """A machine that runs again, at its new address.

    `hours_left` is what the month's budget still allows, None without a budget.
    """

    server: Server
    hour: float
    month_cost: float | None
    hours_left: float | None
    limited: bool
    was_running: bool


@frozen
class Resized:
    """A machine of another type, stopped, with its price before and after."""

    name: str
    before: str
    after: str
    hour_before: float | None
    hour: float
    disk: int


def stop(name: str, *, profile: str = "", patience: Patience = USUAL) -> Stopped:
    """Stop a machine; one that is stopped already stays so."""
    aws, server, machine = machines.needed(name, profile)
    runs = machine.state in _RUNS
    _noticed(server, machine)
    again = f"fastcompanion server stop {name} again"
    if runs:
        with _runs_on(server, again):
            aws.call("ec2", "stop_instances", InstanceIds=[machine.id])
    with halfway.doing(f"{name} is being stopped, which goes on without us", f"{again} looks"):
        arriving.state_is(aws, machine.id, ("stopped", *ec2.GONE), patience)
    if ledger.running_since(name) is not None or runs:
        ledger.append(name, "stopped")
    return Stopped(name, "stopped", counting.stopped_month(server), counting.month_cost(name), runs)


@contextmanager
def _runs_on(server: Server, again: str) -> Iterator[None]:
    """Say of a machine that was to stop and did not that it costs; where no answer came, that it may."""
    hour = f"at {prices.an_hour(server.price or 0.0)} an hour"
    try:
        yield
    except KeyboardInterrupt:
        raise halfway.interrupted(f"{server.name} may still RUN {hour}", again) from None
    except Refused as error:
        how = "may still RUN" if error.unsure else "still RUNS"
        raise halfway.with_more(error, f"{server.name} {how} {hour}", again) from error


def verify_month(name: str, budget: float | None) -> float:
    """Refuse a launch under a name that has cost the month's budget already: a new machine is no new month.

    Give what it has cost.
    """
    spent = counting.month_cost(name) or 0.0
    if budget is not None and spent >= budget:
        raise CompanionError(
            f"{name} has cost {prices.dollars(spent)} this month, and its budget is {prices.dollars(budget)}",
            hint="Wait for the next month, or allow more: --budget AMOUNT",
            code=Exit.CHECK_SAYS_NO,
        )
    return spent


def start(
    name: str,
    reporter: Reporter,
    *,
    cidr: str = "",
    budget: float | None = None,
    profile: str = "",
    patience: Patience = USUAL,
) -> Started:
    """Start a machine, read its new address and wait for ssh; refused over the month's budget.

    A new `budget` is kept where the machine may start with it.
    """
    if budget is not None and not 0 < budget < math.inf:
        raise CompanionError("a budget is a number above 0", hint="--budget 20", code=Exit.USAGE)
    aws, server, machine = machines.needed(name, profile)
    _noticed(server, machine)
    runs = machine.state in _RUNS
    # First of all: a type that was changed elsewhere has another price, and leaves other hours.
    server = _priced(aws, server, machine, reporter)
    server = server if budget is None else replace(server, budget=budget)
    left = counting.hours_left(server)
    if not runs:
        _within_budget(server, left)
    if budget is not None:
        registry.change(name, budget=budget)
    if not runs:
        if machine.state == "stopping":
            arriving.state_is(aws, machine.id, ("stopped", *ec2.GONE), patience)
        reporter.note(f"Starting {name}; this takes a minute.")
        _watched(aws, server, machine, reporter)
        counting.counted(server)
        _start(aws, server, machine)
    counting.counted(server)
    with _costs(server):
        if cidr:
            for group in ec2.groups(aws, machine.launch_id):
                ec2.let_in(aws, group, cidr)
        there = arriving.running(aws, machine.id, patience)
        if server.host != there.address:
            server = registry.change(name, host=there.address)
        limited = _arrived(aws, server, left, reporter, patience, was_running=runs)
    month = counting.month_cost(name)
    return Started(server, server.price or 0.0, month, left, limited, runs)


@contextmanager
def _costs(server: Server) -> Iterator[None]:
    """Say of a machine that was started that it costs, whatever goes wrong from then on."""
    what = f"{server.name} RUNS at {prices.an_hour(server.price or 0.0)} an hour"
    stop = f"fastcompanion server stop {server.name} stops it"
    try:
        yield
    except arriving.NotRunning:
        ledger.append(server.name, "stopped", note="it did not start")
        raise
    except KeyboardInterrupt:
        on = f"fastcompanion server start {server.name} goes on"
        raise halfway.interrupted(what, f"{on}; {stop}") from None
    except CompanionError as error:
        raise halfway.with_more(error, what, stop) from error


def _priced(aws: Aws, server: Server, machine: Instance, reporter: Reporter) -> Server:
    """Notice a type that was changed elsewhere: the hours would count at the old one's price."""
    if machine.type == server.type:
        return server
    known = next((one for one in prices.table().machines if one.type == machine.type), None)
    hour = market.on_demand(aws, machine.type)
    if hour is None and known is not None:
        hour = known.hour.get(server.region)
    cost = "a price that nobody told" if hour is None else f"{prices.an_hour(hour)} an hour"
    reporter.note(f"{server.name} is a {machine.type} by now, not a {server.type}: {cost}.")
    if hour is None:
        if server.budget is not None and machine.state not in _RUNS:
            raise CompanionError(
                f"nobody knows what {server.name} costs as a {machine.type}, so its budget can't be kept",
                hint=f"fastcompanion server resize {server.name} --type {server.type}, while it is stopped",
                code=Exit.CHECK_SAYS_NO,
            )
        return server
    counting.resized(server, machine.type, hour)
    return registry.change(server.name, type=machine.type, price=hour)


def _watched(aws: Aws, server: Server, machine: Instance, reporter: Reporter) -> None:
    """Set the alarm anew: what it saw before the stop must not stop the machine right after its start."""
    try:
        holding.held_for(aws, server.name, machine, alarms.HOURS)
    except Refused as error:
        if error.unsure:
            raise
        reporter.note(f"AWS's alarm could not be set anew: {error.message}")


def _within_budget(server: Server, left: float | None) -> None:
    """Refuse to start what the month's budget does not allow, not even for an hour."""
    if left is None or left >= 1:
        return
    spent = prices.dollars(counting.month_cost(server.name) or 0.0)
    raise CompanionError(
        f"{server.name} has cost {spent} this month, and its budget is {prices.dollars(server.budget or 0)}: "
        f"less than one hour is left, which costs {prices.an_hour(server.price or 0.0)}",
        hint=f"Wait for the next month, or allow more: fastcompanion server start {server.name} --budget AMOUNT",
        code=Exit.CHECK_SAYS_NO,
    )


def _noticed(server: Server, machine: Instance) -> None:
    """Let the ledger know of a machine that stopped itself."""
    if machine.state == "stopped":
        counting.stopped_unseen(server)


def _start(aws: Aws, server: Server, machine: Instance) -> None:
    try:
        aws.call("ec2", "start_instances", InstanceIds=[machine.id])
    except KeyboardInterrupt:
        raise halfway.interrupted(*_may_run(server)) from None
    except Refused as error:
        if error.unsure:
            raise halfway.with_more(error, *_may_run(server)) from error
        ledger.append(server.name, "stopped", note=error.reason)
        if error.reason == "InsufficientInstanceCapacity":
            error.hint = (
                "A machine can only start where its disk lies. Try again in a while, or as another "
                f"type: fastcompanion server resize {server.name} --type TYPE"
            )
        raise


def _may_run(server: Server) -> tuple[str, str]:
    hour = prices.an_hour(server.price or 0.0)
    return (
        f"EC2 was asked to start {server.name} and did not answer: it may RUN at {hour} an hour",
        f"fastcompanion server start {server.name} goes on; fastcompanion server stop {server.name}",
    )


def _arrived(
    aws: Aws,
    server: Server,
    left: float | None,
    reporter: Reporter,
    patience: Patience,
    *,
    was_running: bool,
) -> bool:
    """Wait for ssh, and let a machine whose budget ends first stop in time; say whether it will."""
    # A hard limit of 0 hours is none.
    limited = left is not None and (not server.max_hours or left < server.max_hours)
    try:
        arriving.reachable(aws, server, patience, reporter)
    except CompanionError as error:
        again = f"fastcompanion server start {server.name} --from checkip"
        hint = f"Has your own address changed? {again}"
        raise CompanionError(error.message, hint=hint, code=error.code) from error
    if limited:
        # Who works on it already gets some minutes to bring things to their end.
        least = _NOTICE_MINUTES if was_running else 1
        minutes = max(least, math.floor((left or 0.0) * 60))
        words = ["sudo", "-n", "shutdown", "-P", f"+{minutes}", "the month's budget is used up"]
        connection.connect(server, reporter=reporter).run(words, timeout=60)
    return limited


def foreseen_type(
    name: str, wanted: str, *, price: float | None = None, profile: str = ""
) -> Resized:
    """Say what another type would cost, as AWS says; `price` and the table stand in where it does not."""
    return _other_type(name, wanted, price, profile)[2]


def resize(name: str, wanted: str, agreed: float, *, profile: str = "") -> Resized:
    """Give a stopped machine another type, at the price of an hour that was agreed to; it keeps its disk."""
    aws, machine, seen = _other_type(name, wanted, agreed, profile, told=True)
    if seen.after != machine.type:
        asked = {"InstanceId": machine.id, "InstanceType": {"Value": seen.after}}
        again = f"fastcompanion server resize {name} --type {seen.after}"
        with halfway.doing(f"{name} may be a {seen.after} by now", f"{again} again"):
            aws.call("ec2", "modify_instance_attribute", **asked)
    server = registry.find(name)
    if (server.type, server.price) != (seen.after, seen.hour):
        counting.resized(server, seen.after, seen.hour)
        registry.change(name, type=seen.after, price=seen.hour)
    return seen


def _other_type(
    name: str, wanted: str, price: float | None, profile: str, *, told: bool = False
) -> tuple[Aws, Instance, Resized]:
    """Look at whether a machine can have another type, and at its price; one that was `told` counts."""
    if price is not None and not 0 < price < prices.DEAREST:
        raise CompanionError("a price is a number above 0", hint="--price 1.01", code=Exit.USAGE)
    aws, server, machine = machines.needed(name, profile)
    kind = prices.table().machine(wanted)
    if machine.state != "stopped":
        raise CompanionError(
            f"{name} is {machine.state}; a machine changes its type only while it is stopped",
            hint=f"fastcompanion server stop {name}",
        )
    if kind.has_gpu != _has_gpu(machine.type, server):
        raise CompanionError(
            f"{machine.type} and {kind.type} need different machine images: one knows a GPU",
            hint=f"Launch another: fastcompanion server launch NAME --type {kind.type}",
            code=Exit.USAGE,
        )
    if machine.spot_request:
        raise CompanionError(
            f"{name} is a spot machine, whose type is part of its request",
            hint=f"Launch another: fastcompanion server launch NAME --spot --type {kind.type}",
            code=Exit.USAGE,
        )
    asked = None if told else market.on_demand(aws, kind.type)
    hour = asked or price or prices.table().hour(kind, server.region)
    seen = Resized(name, machine.type, kind.type, server.price, hour, server.disk)
    return aws, machine, seen


def _has_gpu(type_now: str, server: Server) -> bool:
    """Say whether a machine's image knows a GPU; a type that is in no table was chosen elsewhere, later."""
    known = {one.type: one.has_gpu for one in prices.table().machines}
    return known.get(type_now, known.get(server.type, True))


def foreseen(name: str) -> Stopped:
    """Say what a stop would leave, without asking anybody."""
    found = machines.known(name)
    server = found.server
    if server is None:
        raise CompanionError(f"{name} is {machines.unlisted(found)}", hint=machines.way_out(found))
    runs = ledger.running_since(name) is not None
    state = "running" if runs else "stopped"
    return Stopped(name, state, counting.stopped_month(server), counting.month_cost(name), runs)
