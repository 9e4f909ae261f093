"""What a machine of EC2 has cost this month and may still cost: hours of the ledger, with its disk and address."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastcompanion.base import clock
from fastcompanion.server import ledger
from fastcompanion.server.cloud import prices
from fastcompanion.server.registry import Server


def rates(region: str, disk: int, hour: float) -> tuple[float, float]:
    """Give what an hour costs with address and disk while it runs, and with the disk while it does not."""
    table = prices.table()
    stopped = table.disk_month(region, disk) / prices.HOURS_MONTH
    return round(hour + table.address_hour + stopped, 5), round(stopped, 5)


def began(name: str, region: str, disk: int, hour: float, *, note: str = "") -> None:
    """Let the hours count from now on, at the price of the machine that runs."""
    running, stopped = rates(region, disk, hour)
    ledger.append(name, "started", price=running, idle_price=stopped, note=note)


def counted(server: Server) -> None:
    """Let the hours count from before a call on: rather a minute too many than a lost night."""
    if ledger.running_since(server.name) is None:
        began(server.name, server.region, server.disk, server.price or 0.0)


def resized(server: Server, kind: str, hour: float) -> None:
    """Let the hours count at the price of another type from now on."""
    running, stopped = rates(server.region, server.disk, hour)
    ledger.append(server.name, "resized", price=running, idle_price=stopped, note=kind)


def stopped_unseen(server: Server) -> None:
    """Let the ledger know of a machine that stopped itself: AWS does not say when."""
    since = ledger.running_since(server.name)
    if since is not None:
        at = _latest_end(server, since)
        ledger.append(server.name, "stopped", at=at, note="it had stopped by itself")


def ended_unseen(server: Server) -> None:
    """Let the hours end of a machine that somebody else ended, nobody knows when."""
    since = ledger.running_since(server.name)
    if ledger.exists(server.name):
        at = _latest_end(server, since) if since else None
        ledger.append(server.name, "terminated", at=at)


def _latest_end(server: Server, since: datetime) -> datetime:
    """Give the latest moment at which a machine can have ended: its hard limit, or when it was last seen."""
    longest = timedelta(hours=server.max_hours) if server.max_hours else clock.now() - since
    latest = max(since + longest, ledger.read(server.name)[-1].at)
    return min(clock.now(), latest)


def stopped_month(server: Server) -> float:
    """Give what a stopped machine costs in a month."""
    return round(prices.table().disk_month(server.region, server.disk), 2)


def month_cost(name: str) -> float | None:
    """Give what a machine has cost since the first of this month, None where a price is unknown."""
    found = ledger.cost(name, ledger.month_start())
    parts = (found.running_cost, found.stopped_cost)
    if all(part is None for part in parts):
        return None
    return round(sum(part or 0.0 for part in parts), 2)


def hours_left(server: Server) -> float | None:
    """Give the hours of running that the month's budget still allows; None without a budget."""
    if server.budget is None:
        return None
    spent = month_cost(server.name) or 0.0
    hour, _ = rates(server.region, server.disk, server.price or 0.0)
    return max(0.0, (server.budget - spent) / hour)
