"""The dated price table, and the arithmetic of a machine: an hour, a week, stopped, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen

HOURS_MONTH = 730.0
FORGOTTEN_DAYS = 30
STALE_DAYS = 180
#: dollars an hour; a dearer price was mistyped
DEAREST = 1000
#: V100 and older: the open driver of the machine image knows Turing and newer
TOO_OLD = ("p2", "p3", "p3dn", "g3", "g3s", "g2")


@frozen
class Machine:
    """A type of machine; `hour` is what it costs in each region where that is known."""

    type: str
    gpu: str
    gpus: int
    gpu_gb: int
    cpus: int
    memory_gb: int
    local_gb: int
    quota: str
    good_for: str
    hour: Mapping[str, float]

    @property
    def has_gpu(self) -> bool:
        """Whether it has a GPU of NVIDIA."""
        return self.gpus > 0


@frozen
class Free:
    """A notebook server that costs nothing, and what it says of itself."""

    name: str
    gpu: str
    hours_week: float
    note: str
    command: str


@frozen
class Table:
    """The prices of one day; `looked_up` says whether anybody compared them with AWS's own page on it."""

    as_of: date
    looked_up: bool
    source: str
    regions: Mapping[str, str]
    disk_gb_month: Mapping[str, float]
    address_hour: float
    spot_share: float
    machines: tuple[Machine, ...]
    free: tuple[Free, ...]

    @property
    def region(self) -> str:
        """The region that is meant where none is named."""
        return next(iter(self.regions))

    def machine(self, name: str) -> Machine:
        """Find a type by its name; one that is not in the table is refused with near ones."""
        low = name.strip().lower()
        found = next((one for one in self.machines if one.type == low), None)
        if found is not None:
            return found
        known = [one.type for one in self.machines]
        if low.split(".")[0] in TOO_OLD:
            raise CompanionError(
                f"{name} has a GPU that the driver of today's machine images no longer knows",
                hint=f"--type {self.with_gpu().type}",
                code=Exit.USAGE,
            )
        raise CompanionError(
            f"the price table has no type {name!r}{did_you_mean(low, known)}",
            hint=f"--type with one of: {', '.join(known)}",
            code=Exit.USAGE,
        )

    def with_gpu(self, gpu: str = "") -> Machine:
        """Find the cheapest machine with a GPU, of a kind ("T4") if one is named."""
        wanted = gpu.strip().upper()
        kinds = list(dict.fromkeys(one.gpu for one in self.machines if one.has_gpu))
        fits = [one for one in self.machines if one.has_gpu and wanted in ("", one.gpu.upper())]
        if not fits:
            raise CompanionError(
                f"the price table has no GPU {gpu!r}{did_you_mean(wanted, kinds)}",
                hint=f"--gpu with one of: {', '.join(kinds)}",
                code=Exit.USAGE,
            )
        return min(fits, key=lambda one: min(one.hour.values()))

    def hour(self, machine: Machine, region: str) -> float:
        """Give the price of an hour on demand; unknown in this region is an error with the cure."""
        if region in machine.hour:
            return machine.hour[region]
        known = [one for one in self.regions if one in machine.hour]
        raise CompanionError(
            f"the price table does not know {machine.type} in {region}",
            hint=f"--region with one of: {', '.join(known)}; or read it at {self.source} and give --price",
            code=Exit.USAGE,
        )

    def disk_month(self, region: str, gigabytes: int) -> float:
        """Give the price of a disk for a month, running or stopped; the dearest where unknown."""
        rate = self.disk_gb_month.get(region, max(self.disk_gb_month.values()))
        return rate * gigabytes


@cache
def table() -> Table:
    """Read the table that ships with the program."""
    path = workspace.content("templates") / "server" / "prices.yaml"
    data = store.check_version(store.read_yaml(path), path)
    return Table(
        as_of=data["as_of"],
        looked_up=data["looked_up"],
        source=data["source"],
        regions=data["regions"],
        disk_gb_month=data["disk_gb_month"],
        address_hour=data["address_hour"],
        spot_share=data["spot_share"],
        machines=tuple(_made(Machine, one) for one in data["machines"]),
        free=tuple(_made(Free, one) for one in data["free"]),
    )


def _made(kind: Any, data: Mapping[str, Any]) -> Any:
    return kind(**data)


@frozen
class Cost:
    """What a machine costs, in dollars.

    `hour` is the machine alone; the address is billed beside it while it runs. `week` and `month`
    are this learner's hours with the disk in them; `stopped_month` is a month in which it never
    runs; `forgotten` is 30 days in which it always does.
    """

    hour: float
    address_hour: float
    hours_week: float
    week: float
    month: float
    stopped_month: float
    forgotten: float

    @property
    def running_hour(self) -> float:
        """An hour with the address."""
        return self.hour + self.address_hour


def cost(hour: float, *, address_hour: float, disk_month: float, hours_week: float) -> Cost:
    """Reckon what a machine costs that runs so many hours a week."""
    running = hour + address_hour
    weeks = HOURS_MONTH / (24 * 7)
    disk_week = disk_month / weeks
    return Cost(
        hour=hour,
        address_hour=address_hour,
        hours_week=hours_week,
        week=round(running * hours_week + disk_week, 2),
        month=round(running * hours_week * weeks + disk_month, 2),
        stopped_month=round(disk_month, 2),
        forgotten=round(
            running * 24 * FORGOTTEN_DAYS + disk_month * FORGOTTEN_DAYS * 24 / HOURS_MONTH, 2
        ),
    )


def typed(hour: float) -> str:
    """Write a price of an hour as a learner types it to confirm: no zeros that say nothing."""
    text = f"{hour:.4f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<2}"


def an_hour(price: float) -> str:
    """Write a price of an hour with all its digits: over a month they count."""
    return f"${typed(price)}"


def dollars(amount: float) -> str:
    """Write an amount for people."""
    return f"${amount:,.2f}" if amount >= 0.995 or amount == 0 else f"${typed(amount)}"
