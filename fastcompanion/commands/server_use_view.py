"""How servers are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fastcompanion.commands.phrases import duration
from fastcompanion.console import Block, Facts, Line, Next, Table, Title, Warn
from fastcompanion.server.cloud import orphans
from fastcompanion.server.cloud.orphans import Resource
from fastcompanion.server.jupyter import Opened
from fastcompanion.server.registry import Server
from fastcompanion.server.states import Money, Standing

if TYPE_CHECKING:
    from fastcompanion.commands.server_use import Forgotten, Kept

_LONG_STOPPED = 7


def view_list(servers: tuple[Server, ...]) -> Iterable[Block]:
    """Show a line for each server."""
    if not servers:
        yield Line("There are no servers yet.")
        yield Next("fastcompanion server setup user@host", "a machine that you have")
        yield Next("fastcompanion server plan", "what one in the cloud would cost")
        return
    rows = tuple(
        (one.name, one.kind, one.target, "" if one.price is None else _dollars(one.price, 3))
        for one in servers
    )
    yield Table(("name", "kind", "where", "$/h"), rows)


def view_account(resources: tuple[Resource, ...]) -> Iterable[Block]:
    """Show what of ours is at AWS, and what belongs to nothing that is known here."""
    if not resources:
        yield Line("Nothing of fastcompanion's is in your account, in no region.", "good")
        return
    rows = tuple(
        (
            one.region,
            one.name,
            f"{one.kind} {one.id}",
            one.state,
            "?" if one.month is None else f"${one.month:.2f}",
            "" if one.known else "unknown here",
        )
        for one in resources
    )
    yield Table(("region", "name", "what", "state", "a month", ""), rows)
    lost = sorted({one.name for one in resources if not one.known and one.costs})
    for name in lost:
        yield Warn(f"{name} costs money and belongs to no server that this computer knows.")
    ways = {orphans.way_out(one) for one in resources if not one.known and one.launch_id}
    for way in sorted(ways):
        yield Next(way, "ends it")


def view_standings(servers: tuple[Standing, ...]) -> Iterable[Block]:
    """Show what each server does, and what it costs."""
    for one in servers:
        yield Title(f"{one.name} is {one.state}")
        if one.why:
            yield Line(one.why, "" if one.state == "stopped" else "warn")
        yield Facts(tuple(_facts(one)))
        yield from _warnings(one)
        if one.hint:
            yield Next(one.hint)


def _facts(one: Standing) -> Iterator[tuple[str, str]]:
    yield "where", f"{one.target} ({one.kind})"
    if one.uptime_minutes is not None:
        yield "up for", spelled(one.uptime_minutes)
    if one.state == "running":
        yield "in use", _use(one)
        yield "stops", _stops(one)
        yield "hard limit", _limit(one)
    for gpu in one.gpus:
        memory = f", {gpu.memory_used} of {gpu.memory_total} MiB" if gpu.memory_total else ""
        busy = "?" if gpu.percent is None else str(gpu.percent)
        yield "GPU", f"{gpu.name}: {busy} %{memory} (driver {gpu.driver})"
    if one.state == "running" and not one.gpus:
        yield "GPU", one.gpu_problem or "none"
    if one.disk_free_gb is not None:
        yield "disk", f"{one.disk_free_gb:g} of {one.disk_gb:g} GB free"
    if one.money is not None:
        yield from _money(one.money)


def _use(one: Standing) -> str:
    if one.in_use is None:
        return "not known: it has no idle watcher"
    if one.in_use:
        return "; ".join(one.reasons) or "yes"
    return f"no, for {spelled(one.idle_minutes or 0)}"


def _stops(one: Standing) -> str:
    if one.in_use is None or one.stops_in_minutes is None:
        return "not by itself"
    if one.on_idle != "poweroff":
        return "never by itself; it only tells you"
    when = f"{spelled(one.stops_in_minutes)} after the last use" if one.in_use else ""
    return when or f"in {spelled(one.stops_in_minutes)}, if nobody uses it"


def _limit(one: Standing) -> str:
    if one.limit_in_minutes is None:
        return "none"
    return f"in {spelled(one.limit_in_minutes)}, whatever runs then"


def _money(money: Money) -> Iterator[tuple[str, str]]:
    if money.hours_since_start is not None:
        yield "since start", f"{money.hours_since_start:.1f} h, {_dollars(money.cost_since_start)}"
    if money.stopped_days is not None:
        yield "stopped for", f"{money.stopped_days:.1f} days, {_dollars(money.stopped_cost)}"
    cap = f" of at most ${money.budget:.2f}" if money.budget is not None else ""
    yield "this month", f"{money.hours_this_month:.1f} h, {_dollars(money.cost_this_month)}{cap}"


def _warnings(one: Standing) -> Iterator[Block]:
    down = [unit for unit, state in one.units if state in ("failed", "activating")]
    if down:
        yield Warn(f"{', '.join(down)} does not run: fastcompanion server logs {one.name}")
    if one.reboot_due:
        yield Warn("Updates wait for a restart.")
    days = one.money.stopped_days if one.money else None
    if days is not None and days >= _LONG_STOPPED:
        yield Warn(
            f"It has been stopped for {days:.0f} days: its disk and its address still cost money."
        )
        yield Next(f"fastcompanion server terminate {one.name}", "when you do not need it any more")


def view_tunnel(opened: Opened) -> Iterable[Block]:
    """Show where the tunnel's end is."""
    if not opened.url:
        yield Line(f"A tunnel to JupyterLab on {opened.name} would be made.")
        return
    yield Title(f"JupyterLab of {opened.name}: {opened.url}")
    if opened.program:
        yield Line(f"It opens in {opened.program}; if it does not: --show-url")
    elif "token=" not in opened.url:
        yield Line("It asks for a token: --show-url shows the address with it.")
    yield Line("Ctrl-C ends the tunnel; what runs on the server goes on.", "dim")


def view_kept(kept: Kept) -> Iterable[Block]:
    """Show what the server said."""
    if kept.dry_run:
        yield Line(f"{kept.name} would be asked: keep {kept.span}")
    else:
        yield Line(kept.said or f"{kept.name} has understood.")
        if kept.alarm:
            yield Line(kept.alarm)


def view_forgotten(gone: Forgotten) -> Iterable[Block]:
    """Show what was forgotten."""
    would = "would be" if gone.dry_run else "is"
    if gone.server:
        yield Line(f"{gone.name} {would} forgotten; the machine itself is not touched.")
        if gone.launched:
            yield Warn("It may go on costing money.")
            known = f"fastcompanion server terminate {gone.name}"
            lost = "fastcompanion server status --all-regions"
            yield Next(known if gone.dry_run else lost, "ends it" if gone.dry_run else "finds it")
    elif gone.host_keys:
        yield Line(
            f"The host key of {gone.name} {would} forgotten; the next contact shows the new one."
        )
    else:
        yield Line("Nothing was forgotten.")


def spelled(minutes: int) -> str:
    """Write a span of minutes as people say it."""
    hours = minutes // 60
    return duration(minutes) if hours < 48 else f"{hours // 24} days {hours % 24} h"


def _dollars(value: float | None, digits: int = 2) -> str:
    return "price unknown" if value is None else f"${value:.{digits}f}"
