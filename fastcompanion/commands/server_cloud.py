"""`server plan|launch|stop|start|resize|terminate|export|iam-policy`: a machine of your own at EC2."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from fastcompanion import console
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import completing
from fastcompanion.commands import server_cloud_view as views
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.server_app import app
from fastcompanion.console import Answer
from fastcompanion.flows import server_planning
from fastcompanion.server import registry
from fastcompanion.server.cloud import (
    address,
    boto,
    ending,
    exports,
    keys,
    launching,
    machines,
    ordering,
    policy,
    prices,
    stopping,
)
from fastcompanion.server.cloud import plan as plans
from fastcompanion.server.cloud.journal import Journal
from fastcompanion.server.cloud.plan import Plan, Wanted
from fastcompanion.server.setup.script import Options
from fastcompanion.study.plan import zones

_LENGTH = re.compile(r"(\d+)\s*(m|min|h)?")

GpuOption = Annotated[
    str, typer.Option("--gpu", help="T4, L4, A10G or L40S.", show_default="the cheapest")
]
TypeOption = Annotated[
    str, typer.Option("--type", help="A type of EC2.", show_default="the cheapest with that GPU")
]
RegionOption = Annotated[
    str, typer.Option("--region", help="Where it stands.", show_default="us-east-1")
]
DiskOption = Annotated[int, typer.Option("--disk", help="GB; stays and costs while it is stopped.")]
SpotOption = Annotated[
    bool, typer.Option("--spot", help="Much cheaper; AWS may stop it at any moment.")
]
OrOption = Annotated[
    list[str] | None,
    typer.Option("--or", help="A type that may stand in; can be repeated.", metavar="TYPE"),
]
IdleOption = Annotated[str, typer.Option("--idle", help="Stops after so long without use.")]
MaxOption = Annotated[str, typer.Option("--max", help="Stops after so long in any case.")]
BudgetOption = Annotated[
    float | None,
    typer.Option("--budget", help="Dollars a month; it does not start beyond.", metavar="DOLLARS"),
]
PriceOption = Annotated[
    float | None,
    typer.Option("--price", help="Dollars an hour, as read elsewhere.", metavar="DOLLARS"),
]
HoursOption = Annotated[
    float | None,
    typer.Option("--hours-week", help="Hours of use a week.", show_default="of your study plan"),
]
ProfileOption = Annotated[
    str, typer.Option("--profile", help="Of your AWS settings.", show_default="AWS's own choice")
]
FromOption = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="ADDRESS",
        help="Your public address, the only one let in; checkip asks a page of AWS for it.",
        show_default="this machine's own, or asked",
    ),
]
NewNameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name.", autocompletion=completing.servers)
]


@command(app, "plan")
def plan(
    session: Session,
    gpu: GpuOption = "",
    kind: TypeOption = "",
    region: RegionOption = "",
    disk: DiskOption = 100,
    spot: SpotOption = False,
    hours_week: HoursOption = None,
    stand_in: OrOption = None,
    idle: IdleOption = "60m",
    longest: MaxOption = "8h",
    budget: BudgetOption = None,
    price: PriceOption = None,
    ask_aws: Annotated[
        bool, typer.Option("--ask-aws", help="Ask your account for prices, limits and zones.")
    ] = False,
    profile: ProfileOption = "",
) -> Answer:
    """Show what a machine would cost you, and if you need one.

    Nothing is made, written or asked; no account is needed.
    """
    wanted = Wanted(
        gpu=gpu,
        type=kind,
        region=region,
        disk=disk,
        spot=spot,
        hours_week=hours_week,
        price=price,
        others=tuple(stand_in or ()),
        idle_minutes=minutes(idle, "m", "--idle"),
        max_hours=hours(longest),
        budget=budget,
    )
    ws = session.workspace_or_none()
    if not ask_aws:
        return Answer(server_planning.look(ws, wanted), views.plan)
    return Answer(server_planning.look_with_aws(ws, wanted, profile)[1], views.plan)


@command(app, "launch")
def launch(
    session: Session,
    name: NewNameArgument,
    gpu: GpuOption = "",
    kind: TypeOption = "",
    region: RegionOption = "",
    disk: DiskOption = 100,
    spot: SpotOption = False,
    stand_in: OrOption = None,
    idle: IdleOption = "60m",
    longest: MaxOption = "8h",
    budget: BudgetOption = None,
    price: PriceOption = None,
    came_from: FromOption = "",
    key: Annotated[
        Path | None, typer.Option("--key", help="Your ssh key.", show_default="of ~/.ssh, or agent")
    ] = None,
    profile: ProfileOption = "",
) -> Answer:
    """Launch a machine at EC2, after you typed its price.

    Run again after anything went wrong, it goes on where it ended; there is never a second machine.
    """
    name = ordering.name_of(name)
    kept = Journal(name).order
    if kept is not None:
        session.reporter.note(
            f"Going on with the launch of {name}, as agreed: {', or '.join(kept.types)} in {kept.region}, "
            f"at most {prices.an_hour(kept.at_most)} an hour. Other options than --from do not count now."
        )
        moved = address.network(came_from) if came_from else ""
        if session.dry_run:
            return Answer(views.Pending(name, kept.region, kept.at_most), views.pending)
        aws = boto.connect(kept.region, profile or kept.profile)
        went_on = launching.launch(aws, kept, session.reporter, cidr=moved)
        return Answer(went_on, views.launched)
    wanted = Wanted(
        gpu=gpu,
        type=kind,
        region=region,
        disk=disk,
        spot=spot,
        price=price,
        others=tuple(stand_in or ()),
        idle_minutes=minutes(idle, "m", "--idle"),
        max_hours=hours(longest),
        budget=budget,
    )
    boto.needed()
    _budget_for_yes(session, wanted.budget)
    wanted = replace(wanted, spent=stopping.verify_month(name, budget))
    found = keys.find(key)
    cidr = _address(session, came_from)
    aws, made = server_planning.look_with_aws(session.workspace_or_none(), wanted, profile)
    prepared = ordering.prepare(aws, name, made, found, cidr, timezone=zones.guess() or "")
    if session.dry_run:
        return Answer(prepared.plan, lambda _: views.rehearsed(prepared))
    _agreed(session, prepared.plan)
    return Answer(launching.launch(aws, prepared.order, session.reporter), views.launched)


def _address(session: Session, given: str) -> str:
    """Give the address to let in: as given, this machine's own public one, or asked for."""
    if given:
        return address.network(given)
    if own := address.own():
        return own
    question = f"Your public IPv4 address ({address.ASK}: ask {address.TELLER}, a page of AWS)"
    if session.yes:
        raise CompanionError(
            "this machine does not know its public address, which is the only one to be let in",
            hint=f"--from 203.0.113.5 with yours, or --from {address.ASK} to ask {address.TELLER}",
            code=Exit.USAGE,
        )
    return address.network(session.ask(question, "", f"--from {address.ASK}"))


def _budget_for_yes(session: Session, budget: float | None) -> None:
    if session.yes and budget is None and not session.dry_run:
        raise CompanionError(
            "--yes spends money unasked, so it needs a limit",
            hint="Add --budget 20: dollars a month beyond which the machine does not start.",
            code=Exit.USAGE,
        )


def _agreed(session: Session, made: Plan) -> None:
    """Let the price be typed before anything is made that costs."""
    if session.yes:
        return
    if not session.can_ask:
        raise CompanionError(
            "nobody can be asked here, and the price has to be agreed to",
            hint="Add --yes --budget 20.",
            code=Exit.USAGE,
        )
    for line in views.summary(made):
        session.reporter.note(line)
    _typed_price(made.at_most, "nothing was launched", "--yes --budget 20")


def _typed_price(hour: float, otherwise: str, flag: str) -> None:
    words = prices.typed(hour)
    text = console.ask(f"Type the price of an hour, {words}, to agree", flag=flag)
    try:
        agreed = abs(float(text.strip().lstrip("$")) - hour) < 0.00005
    except ValueError:
        agreed = False
    if not agreed:
        raise CompanionError(
            f"{text!r} is not {words}: {otherwise}",
            hint=f"Run the command again, and type {words} where it is worth that to you.",
            code=Exit.USAGE,
        )


@command(app, "stop")
def stop(session: Session, name: NameArgument, profile: ProfileOption = "") -> Answer:
    """Stop a machine; its disk stays, and costs."""
    if session.dry_run:
        return Answer(stopping.foreseen(name), views.stopped)
    stopping.foreseen(name)
    session.reporter.note(f"Stopping {name}; this takes a minute.")
    return Answer(stopping.stop(name, profile=profile), views.stopped)


@command(app, "start")
def start(
    session: Session,
    name: NameArgument,
    came_from: FromOption = "",
    budget: BudgetOption = None,
    profile: ProfileOption = "",
) -> Answer:
    """Start a machine again, or let your new address in.

    Refused (exit 4) when the month has cost its budget.
    """
    cidr = address.network(came_from) if came_from else ""
    if session.dry_run:
        return Answer(stopping.foreseen(name), views.would_start)
    stopping.foreseen(name)
    started = stopping.start(name, session.reporter, cidr=cidr, budget=budget, profile=profile)
    return Answer(started, lambda made: views.started(made, cidr))


@command(app, "resize")
def resize(
    session: Session,
    name: NameArgument,
    kind: Annotated[str, typer.Option("--type", help="The new type.")],
    price: PriceOption = None,
    profile: ProfileOption = "",
) -> Answer:
    """Give a stopped machine another type; its disk stays."""
    seen = stopping.foreseen_type(name, kind, price=price, profile=profile)
    if session.dry_run:
        return Answer(seen, views.resized)
    dearer = seen.hour_before is None or seen.hour > seen.hour_before
    _limit_for_yes(session, name, seen, price, dearer=dearer)
    if dearer and not session.yes:
        flag = f"--yes --price {prices.typed(seen.hour)}"
        if not session.can_ask:
            raise CompanionError(
                f"{seen.after} costs {prices.an_hour(seen.hour)} an hour, which has to be agreed to",
                hint=f"Add {flag}.",
                code=Exit.USAGE,
            )
        _typed_price(seen.hour, "nothing was changed", flag)
    done = stopping.resize(name, kind, seen.hour, profile=profile)
    return Answer(done, views.resized)


def _limit_for_yes(
    session: Session, name: str, seen: stopping.Resized, price: float | None, *, dearer: bool
) -> None:
    """Let `--yes` make a machine dearer only within a budget, or at the price that was typed with it."""
    typed = price is not None and price >= seen.hour
    if session.yes and dearer and not typed and registry.find(name).budget is None:
        raise CompanionError(
            f"--yes spends more unasked, and {name} has no budget: {prices.an_hour(seen.hour)} an hour",
            hint=f"Add the price: --price {prices.typed(seen.hour)}",
            code=Exit.USAGE,
        )


@command(app, "terminate")
def terminate(
    session: Session,
    name: NameArgument,
    confirm: Annotated[
        str,
        typer.Option("--confirm", metavar="NAME", help="The name again, where nobody is asked."),
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Also with --confirm where work would be lost.")
    ] = False,
    region: Annotated[
        str,
        typer.Option(
            "--region",
            help="Where one stands that this computer does not know: NAME is then its launch.",
            show_default="as known here",
        ),
    ] = "",
    profile: ProfileOption = "",
) -> Answer:
    """End a machine for good, after a look at what is lost.

    Its disk goes with it. You type its name.
    """
    launch_id = ""
    if not region:
        machines.known(name)
    session.reporter.note(f"Looking at what would be lost with {name}.")
    if region:
        region = plans.region_of(region)
        seen, launch_id = ending.before_launch(name, region, profile=profile)
    else:
        seen = ending.before(name, session.reporter, profile=profile)
    if session.dry_run:
        return Answer(seen, views.before)
    if confirm:
        _confirmed(seen, confirm, force=force)
    else:
        if not session.can_ask:
            raise CompanionError(
                "nobody can be asked here, and the name has to be typed",
                hint=f"Add --confirm {name} (--yes is not enough).",
                code=Exit.USAGE,
            )
        for line in views.losses(seen):
            session.reporter.note(line)
        typed = console.ask(f"Type {name} to end it for good", flag=f"--confirm {name}")
        _same_name(typed, name)
    if launch_id:
        gone = ending.end_launch(launch_id, region, session.reporter, profile=profile)
    else:
        gone = ending.end(name, session.reporter, profile=profile)
    return Answer(gone, views.ended)


def _confirmed(seen: ending.Before, confirm: str, *, force: bool) -> None:
    _same_name(confirm, seen.name)
    if seen.unsaved.clean or force:
        return
    rescue = f"fastcompanion server sync {seen.name} pull, and push your commits; or add --force"
    if not seen.unsaved.looked:
        # Only a machine that is in the list can be started or logged in to from here.
        listed = any(one.name == seen.name for one in registry.read())
        wakes = f"fastcompanion server start {seen.name} lets it be looked into; or add --force"
        rescue = (
            wakes if listed and seen.state == "stopped" else "Add --force to end it all the same."
        )
    raise CompanionError(" ".join(views.losses(seen)), hint=rescue, code=Exit.CHECK_SAYS_NO)


def _same_name(text: str, name: str) -> None:
    if text.strip() != name:
        raise CompanionError(
            f"{text!r} is not {name}: nothing was ended",
            hint=f"Type {name}, or add --confirm {name}",
            code=Exit.USAGE,
        )


@command(app, "export")
def export(
    session: Session,
    to: Annotated[Literal["cloud-init", "sh", "skypilot"], typer.Option("--to", help="The form.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write it into this file.")
    ] = None,
    gpu: GpuOption = "",
    disk: DiskOption = 100,
    user: Annotated[
        str, typer.Option("--user", help="Who logs in.", show_default="the image's own user")
    ] = "",
    idle: IdleOption = "60m",
    longest: MaxOption = "8h",
    key: Annotated[
        Path | None, typer.Option("--key", help="Your ssh key.", show_default="of ~/.ssh, or agent")
    ] = None,
) -> Answer:
    """Give the same setup to any other cloud, as a text.

    For cloud-init, as a plain script, or as a task of SkyPilot; nothing in it is secret.
    """
    options = Options(
        kind="cloud",
        user=user,
        key=_key_for(to, key),
        idle_minutes=minutes(idle, "m", "--idle"),
        max_hours=hours(longest),
    )
    file = out.name if out else ""
    made = exports.export(to, options, prices.table().with_gpu(gpu), disk, file=file)
    if out is None or session.dry_run:
        if not session.json:
            session.reporter.note(made.hint)
        return Answer(made, views.exported)
    if out.exists() and not session.confirm(f"{out} is there already; overwrite it?"):
        raise CompanionError("nothing was written", hint="--out with another name", file=out)
    return Answer(exports.save(made, out), views.exported_to)


def _key_for(to: exports.To, given: Path | None) -> str:
    """Give the key that goes into a text; one that is run by hand needs none, as somebody is in already."""
    if to == "skypilot":
        return ""
    try:
        return keys.find(given).line
    except CompanionError as error:
        if to == "sh" and error.code is Exit.NOT_SET_UP:
            return ""
        raise


@command(app, "iam-policy")
def iam_policy(session: Session) -> Answer:
    """Print the least that your AWS account has to allow."""
    if not session.json:
        session.reporter.note(
            "IAM, Policies, Create policy, JSON: paste it, and attach it to your user."
        )
    return Answer(policy.document(), views.policy)


def minutes(text: str, usual: str, option: str) -> int:
    """Read "60m", "2h" or "90"; a bare number is of the usual unit."""
    found = _LENGTH.fullmatch(text.strip().lower())
    if found is None:
        raise CompanionError(f"{text!r} is no time", hint=f"{option} 60m, or 2h", code=Exit.USAGE)
    return int(found[1]) * (60 if (found[2] or usual) == "h" else 1)


def hours(text: str) -> int:
    """Read whole hours; a part of one is rounded up."""
    return -(-minutes(text, "h", "--max") // 60)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `server`."""
