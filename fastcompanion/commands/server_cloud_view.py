"""How machines of the cloud and their prices are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.console import Block, Facts, Items, Line, Next, Raw, Table, Title, Warn
from fastcompanion.server.cloud.ending import Before, Ended
from fastcompanion.server.cloud.exports import Exported, Saved
from fastcompanion.server.cloud.launching import Launched
from fastcompanion.server.cloud.ordering import Prepared
from fastcompanion.server.cloud.plan import Plan
from fastcompanion.server.cloud.prices import an_hour, dollars
from fastcompanion.server.cloud.stopping import Resized, Started, Stopped
from fastcompanion.server.cloud.unsaved import Unsaved

_WHERE_FROM = {
    "study plan": "of your study plan",
    "given": "as you said",
    "guess": "a guess: fastcompanion plan init, or --hours-week",
}
_LOST = {
    "uncommitted": "changes without a commit",
    "unpushed": "commits that were not pushed",
    "stashed": "stashes of git",
    "ignored": "files that git ignores",
    "unreadable": "repository that git can't read",
    "files": "files that are nowhere else",
}


@frozen
class Pending:
    """A launch that was begun and would go on."""

    name: str
    region: str
    at_most: float


def plan(made: Plan) -> Iterable[Block]:
    """Show a plan: first whether a machine is needed at all, then what it is and costs."""
    yield from _needed(made)
    yield from _machine(made)
    yield from _costs(made)
    yield from _limits(made)
    yield from _others(made)
    if made.stale:
        yield Warn(f"The price table is of {made.as_of}, more than half a year old.")
    yield Line(_prices_from(made), "dim")
    launch = f"fastcompanion server launch gpu1{_again(made)}"
    if made.enough:
        yield Line(f"If you want one all the same: {launch}", "dim")
    else:
        yield Next(launch, "asks again before it costs")


def _again(made: Plan) -> str:
    """Spell the options that make this plan again."""
    words = f" --type {made.machine.type}"
    words += f" --region {made.region}" if made.region != "us-east-1" else ""
    words += f" --disk {made.disk}" if made.disk != 100 else ""
    words += " --spot" if made.spot else ""
    return words + "".join(f" --or {one.type}" for one in made.others)


def _needed(made: Plan) -> Iterator[Block]:
    yield Title("Do you need a machine of your own?")
    for one in made.free:
        yield Line(f"{one.name} lends you its GPU ({one.gpu}) for nothing: {one.note}.")
    if made.enough:
        name = next(one for one in made.free if one.name == made.enough)
        yield Line(
            f"For your {made.hours_week:g} hours a week, {made.enough} is enough. Start there.",
            "good",
        )
        yield Next(name.command)
    else:
        kind = made.machine
        lent = max((one.hours_week for one in made.free), default=0)
        yield Line(
            f"{made.hours_week:g} hours a week are more than they lend."
            if made.hours_week > lent
            else f"None of them lends this one: {kind.gpu} with {kind.gpu_gb} GB."
        )


def _machine(made: Plan) -> Iterator[Block]:
    kind = made.machine
    gpu = f"{kind.gpus} x {kind.gpu} with {kind.gpu_gb} GB, " if kind.has_gpu else "no GPU, "
    where = f"{made.region} ({made.region_name})" if made.region_name else made.region
    yield Title(f"{kind.type} at EC2, {'spot' if made.spot else 'on demand'}")
    yield Facts(
        (
            ("machine", f"{gpu}{kind.cpus} CPUs, {kind.memory_gb} GB of memory"),
            ("good for", kind.good_for),
            ("disk", f"{made.disk} GB, encrypted"),
            ("where", where),
            ("zones", ", ".join(made.zones) or "asked for at the launch (now: --ask-aws)"),
        )
    )


def _costs(made: Plan) -> Iterator[Block]:
    cost = made.cost
    hour = f"{an_hour(cost.hour)} and {an_hour(cost.address_hour)} for its public address"
    if made.spot:
        hour += f"; at most {an_hour(made.at_most)}, then it is stopped"
    yield Facts(
        (
            ("an hour", hour),
            ("hours a week", f"{cost.hours_week:g}, {_WHERE_FROM[made.hours_from]}"),
            ("a week", f"{dollars(cost.week)} with the disk"),
            ("a month", f"{dollars(cost.month)} with the disk"),
            (
                "a month stopped",
                f"{dollars(cost.stopped_month)} for the disk: stopped is not free",
            ),
            ("forgotten for 30 days", f"{dollars(cost.forgotten)} if nothing stopped it"),
        )
    )


def _limits(made: Plan) -> Iterator[Block]:
    budget = f"; {dollars(made.budget)} a month" if made.budget is not None else ""
    yield Line(
        f"It stops itself after {made.idle_minutes} idle minutes, after {made.max_hours} hours in any "
        f"case, and AWS stops it after two hours without work{budget}."
    )
    limit = made.quota
    has = f"your account has {limit.has:g}" if limit.has is not None else "new accounts have 0"
    enough = limit.has is not None and limit.has >= limit.needed
    line = f"Needs {limit.needed} vCPUs of the limit “{limit.name}”; {has}."
    if enough:
        yield Line(line)
        return
    yield Warn(f"{line} Ask for it first, it can take days:")
    yield Raw(limit.page)
    yield Line(f"You may write: {limit.text}", "dim")


def _others(made: Plan) -> Iterator[Block]:
    agreed = {one.type for one in made.others}
    rows = tuple(
        (
            one.type,
            f"{one.gpu} {one.gpu_gb} GB" if one.gpu else "none",
            str(one.cpus),
            an_hour(one.hour),
            dollars(one.week),
            "may stand in" if one.type in agreed else "",
        )
        for one in made.alternatives
    )
    if rows:
        yield Table(("type", "GPU", "CPUs", "an hour", "a week", ""), rows, "Others")


def _prices_from(made: Plan) -> str:
    if made.price_from == "AWS":
        return f"Prices as AWS told just now; the disk's {_known(made)}. Taxes are not in them."
    told = "The hour as you gave it, the rest" if made.price_from == "given" else "Prices"
    return f"{told} {_known(made)}, before taxes. Check before you launch: {made.source}"


def _known(made: Plan) -> str:
    """Say how far the table can be believed."""
    if made.looked_up:
        return f"as looked up on {made.as_of}"
    return f"as remembered on {made.as_of}, not looked up"


def summary(made: Plan) -> Iterable[str]:
    """Say in lines what is about to be bought."""
    if made.enough:
        yield f"{made.enough} lends as many hours for nothing; you go on with a machine of your own."
    kinds = ", or ".join((made.machine.type, *(one.type for one in made.others)))
    yield f"{kinds} in {made.region}, {made.disk} GB disk, {'spot' if made.spot else 'on demand'}:"
    yield (
        f"  {an_hour(made.cost.hour)} an hour while it runs, {dollars(made.cost.stopped_month)} a month "
        f"while it is stopped, {dollars(made.cost.forgotten)} if it ran for 30 days."
    )
    yield f"  It stops itself after {made.idle_minutes} idle minutes, and after {made.max_hours} hours."
    yield f"  {_prices_from(made)}"


def rehearsed(ready: Prepared) -> Iterable[Block]:
    """Show a launch that could begin: everything was asked for and looked at, and nothing was made."""
    order = ready.order
    yield Line(f"{order.name} can be launched: everything was looked at.", "good")
    yield Facts(
        (
            ("machine", f"{' or '.join(order.types)} in {order.region}"),
            ("image", ready.image_name),
            ("zones", ", ".join(ready.zones)),
            ("lets in", order.cidr.removesuffix("/32")),
        )
    )
    for line in summary(ready.plan):
        yield Line(line)
    yield Line("The same command without --dry-run launches it.")


def pending(waiting: Pending) -> Iterable[Block]:
    """Show a launch that would go on."""
    yield Line(
        f"The launch of {waiting.name} in {waiting.region} was begun, at most "
        f"{an_hour(waiting.at_most)} an hour; it would go on."
    )


def launched(made: Launched) -> Iterable[Block]:
    """Show a machine that runs."""
    server = made.server
    yield Line(f"{server.name} runs and is set up: {an_hour(made.hour)} an hour.", "good")
    yield Facts(
        (
            ("machine", f"{server.type} in {server.region}, {server.instance}"),
            ("address", server.target),
            ("host key", "as on its own console" if made.pinned else "trusted at first contact"),
            ("stops", f"after {server.idle_minutes} idle minutes, after {server.max_hours} hours"),
        )
    )
    if made.note:
        yield Warn(made.note)
    yield Next(f"fastcompanion server jupyter {server.name}", "your notebooks, in the browser here")
    yield Next(f"fastcompanion server stop {server.name}", "when you are done")


def stopped(made: Stopped) -> Iterable[Block]:
    """Show what a stopped machine still costs."""
    if made.state != "stopped":
        yield Line(f"{made.name} would be stopped.")
    elif made.was_running:
        yield Line(f"{made.name} is stopped.", "good")
    else:
        yield Line(f"{made.name} was stopped already.")
    yield from _month(made.month_cost)
    yield Line(f"Stopped is not free: its disk costs {dollars(made.stopped_month)} a month.")
    yield Next(f"fastcompanion server terminate {made.name}", "when you need it no more")


def would_start(made: Stopped) -> Iterable[Block]:
    """Show a start that would be made."""
    yield Line(f"{made.name} would be started; it is {made.state} now, as far as known here.")
    yield from _month(made.month_cost)


def _month(cost: float | None) -> Iterator[Block]:
    if cost is not None:
        yield Line(f"It has cost about {dollars(cost)} since the first of the month.")


def started(made: Started, cidr: str = "") -> Iterable[Block]:
    """Show a machine that runs again; `cidr` is the address that is let in by now."""
    server = made.server
    how = "runs already" if made.was_running else "runs"
    yield Line(f"{server.name} {how} at {server.target}: {an_hour(made.hour)} an hour.", "good")
    if cidr:
        yield Line(f"It lets {cidr.removesuffix('/32')} in by ssh now, and no other address.")
    yield from _month(made.month_cost)
    if made.hours_left is not None:
        yield Line(f"Its budget of this month allows {made.hours_left:.0f} more hours.")
    if made.limited:
        yield Warn("The budget ends before its longest time: it will switch itself off then.")
    yield Next(f"fastcompanion server jupyter {server.name}")


def resized(made: Resized) -> Iterable[Block]:
    """Show the price before and after."""
    if made.before == made.after:
        yield Line(f"{made.name} is a {made.after} already, at {an_hour(made.hour)} an hour.")
        return
    before = an_hour(made.hour_before) if made.hour_before is not None else "an unknown price"
    yield Line(
        f"{made.name}: {made.after} at {an_hour(made.hour)} an hour, instead of {made.before} at {before}."
    )
    yield Next(f"fastcompanion server start {made.name}")


def losses(seen: Before) -> list[str]:
    """Say in lines what would be lost with a machine."""
    if not seen.unsaved.looked:
        return [
            f"Nobody could look into {seen.name} ({seen.unsaved.why_not}): its disk and all on it go."
        ]
    if not seen.unsaved.found:
        return [f"Nothing was found on {seen.name} that is not elsewhere; its disk goes with it."]
    more = [f"  and {seen.unsaved.more} more places"] if seen.unsaved.more else []
    return [f"This would be lost with {seen.name}:", *map(_loss, seen.unsaved.found), *more]


def _loss(one: Unsaved) -> str:
    size = f", {one.bytes / 1e6:.1f} MB" if one.bytes else ""
    return f"  {one.path}: {one.count} {_LOST.get(one.kind, one.kind)}{size}"


def before(seen: Before) -> Iterable[Block]:
    """Show what the end of a machine would take away."""
    yield Line(f"{seen.name} ({seen.instance or 'no machine'}, {seen.state}) would be ended.")
    yield Items(tuple(line.strip() for line in losses(seen)))


def ended(made: Ended) -> Iterable[Block]:
    """Show what was taken away."""
    yield Line(f"{made.name} is gone, and with it its disk and everything else that costs.", "good")
    yield Items(made.removed)
    yield from _month(made.month_cost)


def exported(made: Exported) -> Iterable[Block]:
    """Show a text for another cloud as it is."""
    yield Raw(made.text)


def exported_to(made: Saved) -> Iterable[Block]:
    """Show where the text was written."""
    yield Line(f"{made.file}: {made.bytes} bytes.", "good")
    yield Line(made.hint)


def policy(document: dict[str, Any]) -> Iterable[Block]:
    """Show the policy as it is pasted."""
    yield Raw(json.dumps(document, indent=2))
