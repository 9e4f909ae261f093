"""What a machine of one's own would be and cost, before there is one: no account, no write."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Literal

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.server.cloud import prices, quotas
from fastcompanion.server.cloud.prices import Cost, Free, Machine, Table
from fastcompanion.server.cloud.quotas import Quota

USUAL_HOURS = 8.0
SMALLEST_DISK, LARGEST_DISK = 40, 2000
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
HoursFrom = Literal["study plan", "given", "guess"]
PriceFrom = Literal["table", "given", "AWS"]


@frozen
class Wanted:
    """What the learner asked for; empty texts and zeros leave the choice to us.

    `others` are further types that may be taken where the first is sold out, in that order. `price`
    is what an hour on demand costs, as read elsewhere.
    """

    gpu: str = ""
    type: str = ""
    region: str = ""
    disk: int = 100
    spot: bool = False
    hours_week: float | None = None
    hours_from: HoursFrom = "guess"
    price: float | None = None
    others: tuple[str, ...] = ()
    idle_minutes: int = 60
    max_hours: int = 8
    budget: float | None = None
    #: what a machine of this name has cost this month already
    spent: float = 0.0


@frozen
class Alternative:
    """Another machine, and what it would cost in the same hours."""

    type: str
    gpu: str
    gpu_gb: int
    cpus: int
    memory_gb: int
    hour: float
    week: float
    good_for: str


@frozen
class Market:
    """What AWS itself said: prices of an hour by type, the limit, the zones that offer the machine."""

    hours: Mapping[str, float] = field(default_factory=dict)
    spot_hours: Mapping[str, float] = field(default_factory=dict)
    quota: Quota | None = None
    zones: tuple[str, ...] = ()


@frozen
class Plan:
    """A machine and its price, for this learner's hours.

    `enough` names a notebook server that lends as many hours for nothing. `at_most` is what an hour
    of the machine can cost, with the types that may stand in: what is typed to confirm. With `spot`
    it is the price on demand, above which a spot machine is stopped.
    """

    free: tuple[Free, ...]
    enough: str
    provider: str
    region: str
    region_name: str
    machine: Machine
    spot: bool
    disk: int
    hours_week: float
    hours_from: HoursFrom
    price_from: PriceFrom
    at_most: float
    cost: Cost
    quota: Quota
    zones: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    others: tuple[Alternative, ...]
    idle_minutes: int
    max_hours: int
    budget: float | None
    as_of: date
    looked_up: bool
    source: str
    stale: bool

    @property
    def hour(self) -> float:
        """What an hour of the machine costs, without its address."""
        return self.cost.hour


def place(wanted: Wanted) -> str:
    """Refuse what means nothing, and give the region; its prices may not be known before AWS is asked."""
    table = prices.table()
    machine = table.machine(wanted.type) if wanted.type else table.with_gpu(wanted.gpu)
    _verify(wanted, machine, table)
    return region_of(wanted.region or table.region)


def make(wanted: Wanted, market: Market | None = None) -> Plan:
    """Choose the machine and reckon what it costs; `market` is what AWS itself said, where it was asked."""
    table = prices.table()
    region = region_of(wanted.region or table.region)
    machine = table.machine(wanted.type) if wanted.type else table.with_gpu(wanted.gpu)
    _verify(wanted, machine, table)
    told = market or Market()
    hours = wanted.hours_week if wanted.hours_week is not None else USUAL_HOURS
    reckon = _Reckoner(table, region, wanted, told, hours)
    demand = reckon.on_demand(machine)
    hour = reckon.hour(machine)
    others = tuple(reckon.alternative(table.machine(one)) for one in wanted.others)
    at_most = max([demand, *(reckon.on_demand(table.machine(one)) for one in wanted.others)])
    known = told.hours.get(machine.type) is not None
    return Plan(
        free=table.free,
        enough=_enough(table, machine, hours),
        provider="ec2",
        region=region,
        region_name=table.regions.get(region, ""),
        machine=machine,
        spot=wanted.spot,
        disk=wanted.disk,
        hours_week=hours,
        hours_from=wanted.hours_from,
        price_from="AWS" if known else "given" if wanted.price is not None else "table",
        at_most=at_most,
        cost=reckon.cost(hour),
        quota=told.quota or quotas.of(machine, region, spot=wanted.spot),
        zones=told.zones,
        alternatives=reckon.alternatives(machine),
        others=others,
        idle_minutes=wanted.idle_minutes,
        max_hours=_hours_of_a_budget(wanted, at_most + table.address_hour),
        budget=wanted.budget,
        as_of=table.as_of,
        looked_up=table.looked_up,
        source=table.source,
        stale=(clock.today() - table.as_of).days > prices.STALE_DAYS,
    )


def region_of(text: str) -> str:
    """Refuse what can't be the name of a region, such as that of a zone."""
    low = text.strip().lower()
    if not _REGION.fullmatch(low):
        hint = f"--region {low[:-1]}" if _REGION.fullmatch(low[:-1]) else "--region us-east-1"
        raise CompanionError(f"{text!r} is no region of AWS", hint=hint, code=Exit.USAGE)
    if low.startswith(("cn-", "us-gov-")):
        raise CompanionError(
            f"{low} belongs to another part of AWS, with accounts and prices of its own",
            hint="Make the machine in its console, then: fastcompanion server setup user@host",
            code=Exit.USAGE,
        )
    return low


def _verify(wanted: Wanted, machine: Machine, table: Table) -> None:
    """Refuse numbers that mean nothing or that would cost without doing."""
    kind = f"{wanted.gpu.upper()}" if wanted.gpu else ""
    faults = {
        f"{machine.type} has {machine.gpu or 'no GPU'}, not {kind}": bool(kind)
        and bool(wanted.type)
        and machine.gpu.upper() != kind,
        f"a disk of {wanted.disk} GB is too small: the machine image alone takes most of 40": wanted.disk
        < SMALLEST_DISK,
        f"a disk of {wanted.disk} GB is larger than a course ever needs": wanted.disk
        > LARGEST_DISK,
        "hours of a week are between 0 and 168": not 0 <= (wanted.hours_week or 0) <= 168,
        "a price is a number above 0": wanted.price is not None
        and not 0 < wanted.price < prices.DEAREST,
        "a budget is a number above 0": wanted.budget is not None
        and not 0 < wanted.budget < math.inf,
        "a machine of your own stops after idle minutes between 10 and 1440": not 10
        <= wanted.idle_minutes
        <= 1440,
        "and after 1 to 72 hours in any case": not 1 <= wanted.max_hours <= 72,
    }
    wrong = next((text for text, is_wrong in faults.items() if is_wrong), None)
    if wrong:
        raise CompanionError(wrong, hint="fastcompanion server plan --help", code=Exit.USAGE)
    for one in wanted.others:
        table.machine(one)


def _hours_of_a_budget(wanted: Wanted, running_hour: float) -> int:
    """Keep a machine that is never stopped by hand within what is left of the month's budget."""
    if wanted.budget is None:
        return wanted.max_hours
    allowed = int((wanted.budget - wanted.spent) / running_hour)
    if allowed < 1 and wanted.spent:
        raise CompanionError(
            f"{prices.dollars(wanted.spent)} of the month's {prices.dollars(wanted.budget)} are spent, "
            "and what is left is less than one hour of this machine",
            hint="Wait for the next month, or allow more: --budget AMOUNT",
            code=Exit.CHECK_SAYS_NO,
        )
    if allowed < 1:
        raise CompanionError(
            f"{prices.dollars(wanted.budget)} a month is less than one hour of this machine",
            hint=f"--budget {max(5, round(running_hour * 8))}, or a notebook server: fastcompanion server notebook kaggle",
            code=Exit.USAGE,
        )
    return min(wanted.max_hours, allowed)


def _enough(table: Table, machine: Machine, hours: float) -> str:
    """Name the notebook server that lends these hours, where the machine is no larger than its GPU."""
    if machine.gpu_gb > 16:
        return ""
    return next((one.name for one in table.free if one.hours_week >= hours), "")


@frozen
class _Reckoner:
    """The prices of machines in one region, for the hours of one learner."""

    table: Table
    region: str
    wanted: Wanted
    market: Market
    hours: float

    def on_demand(self, machine: Machine) -> float:
        """An hour on demand: as AWS says, as given, or of the table."""
        told = self.market.hours.get(machine.type)
        if told is not None:
            return told
        first = self.wanted.type or self.table.with_gpu(self.wanted.gpu).type
        if self.wanted.price is not None and machine.type == first.lower():
            return self.wanted.price
        return self.table.hour(machine, self.region)

    def hour(self, machine: Machine) -> float:
        """An hour as it will be billed; spot is an estimate until AWS is asked."""
        if not self.wanted.spot:
            return self.on_demand(machine)
        told = self.market.spot_hours.get(machine.type)
        return told or round(self.on_demand(machine) * self.table.spot_share, 4)

    def cost(self, hour: float) -> Cost:
        """What comes of it in a week and a month."""
        return prices.cost(
            hour,
            address_hour=self.table.address_hour,
            disk_month=self.table.disk_month(self.region, self.wanted.disk),
            hours_week=self.hours,
        )

    def alternatives(self, machine: Machine) -> tuple[Alternative, ...]:
        """The other machines of the table in this region."""
        rest = (one for one in self.table.machines if one.type != machine.type)
        return tuple(self.alternative(one) for one in rest if self.region in one.hour)

    def alternative(self, one: Machine) -> Alternative:
        """One of them."""
        hour = self.hour(one)
        return Alternative(
            type=one.type,
            gpu=one.gpu,
            gpu_gb=one.gpu_gb,
            cpus=one.cpus,
            memory_gb=one.memory_gb,
            hour=hour,
            week=self.cost(hour).week,
            good_for=one.good_for,
        )
