"""From a server's name to its machine at EC2, whatever this computer still knows of it."""

from __future__ import annotations

from dataclasses import replace

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.server import registry
from fastcompanion.server.cloud import boto, ec2, journal
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.journal import Journal, Order
from fastcompanion.server.registry import Server


@frozen
class Known:
    """What is known of a machine: by the registry, by the journal of its launch, or by both."""

    name: str
    server: Server | None
    journal: Journal
    region: str
    profile: str
    instance: str

    @property
    def launch_id(self) -> str:
        """The launch that it belongs to; "" where its journal is on another computer."""
        return self.journal.order.launch_id if self.journal.order else ""

    def connect(self) -> Aws:
        """Open the door to its region, with credentials of the account that it was launched in."""
        aws = boto.connect(self.region, self.profile)
        if self.journal.order is not None:
            same_account(aws, self.journal.order)
        return aws


def same_account(aws: Aws, order: Order) -> None:
    """Refuse another account: the machine would seem to be gone there, and be forgotten while it runs."""
    if order.account and aws.account != order.account:
        raise CompanionError(
            f"{order.name} was launched in the account {order.account}; your credentials are of {aws.account}",
            hint=f"--profile NAME, or AWS_PROFILE=NAME, with credentials of {order.account}",
            code=Exit.USAGE,
        )


def known(name: str, profile: str = "") -> Known:
    """Find a machine of EC2 by its name; a server of another kind is refused with its own way to stop."""
    server = next((one for one in registry.read() if one.name == name), None)
    if server is None and not journal.is_name(name):
        raise CompanionError(
            f"{name!r} is no name of a server: small letters, digits and hyphens",
            hint="fastcompanion server list",
            code=Exit.USAGE,
        )
    log = Journal(name)
    order = log.order
    if server is None and order is None:
        every = [*(one.name for one in registry.read()), *journal.names()]
        raise CompanionError(
            f"there is no server {name!r}{did_you_mean(name, every)}",
            hint="fastcompanion server list",
            code=Exit.USAGE,
        )
    if server is not None and server.provider != "ec2" and order is None:
        raise CompanionError(
            f"{name} was not launched by fastcompanion, so AWS is not asked for it",
            hint="Stop or end it where it was made: poweroff inside may not stop its bill",
            code=Exit.USAGE,
        )
    made = log.done("instance") or {}
    return Known(
        name=name,
        server=server,
        journal=log,
        region=server.region if server and server.region else order.region if order else "",
        profile=profile or (order.profile if order else ""),
        instance=str(made.get("instance") or (server.instance if server else "")),
    )


def needed(name: str, profile: str = "") -> tuple[Aws, Server, Instance]:
    """Give a machine that is there, for what can only be done with one."""
    found = known(name, profile)
    aws = found.connect()
    machine = ec2.instance(aws, found.instance) if found.instance else None
    if found.server is None or machine is None or not machine.alive:
        state = machine.state if machine else "not there any more"
        hint = f"fastcompanion server terminate {name} cleans up what is left"
        if found.server is None:
            hint, state = way_out(found), unlisted(found)
        raise CompanionError(f"{name} is {state}", hint=hint)
    # Its tag may have been taken off in the console; the journal knows what belongs to it.
    return aws, found.server, replace(machine, launch_id=machine.launch_id or found.launch_id)


def unlisted(found: Known) -> str:
    """Say what a machine is that has a journal and no place in the list of servers."""
    return "forgotten here" if found.journal.ready else "not launched to the end"


def way_out(found: Known) -> str:
    """Give the next command for such a machine; one that was forgotten can only be ended from here."""
    ends = f"fastcompanion server terminate {found.name} ends it"
    if found.journal.ready:
        return ends
    return f"fastcompanion server launch {found.name} goes on, {ends}"
