"""From a machine that exists to one that is known, set up and verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.server import connection, host_keys
from fastcompanion.server.cloud import ec2, refusals
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.refusals import Refused
from fastcompanion.server.registry import Server

_BEGIN, _END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"
Found = TypeVar("Found")


@frozen
class Patience:
    """How often something is looked at, and how many seconds lie between two looks."""

    looks: int = 120
    seconds: float = 5.0
    console_looks: int = 60
    #: for the first boot's own work: packages, Python, PyTorch
    setup_seconds: float = 2700.0


USUAL = Patience()
#: looks after which EC2 shows what it was told a moment ago
SETTLES = 4


class NotRunning(CompanionError):
    """A machine that was to run does not: it stopped itself, or it is gone."""

    def __init__(self, machine: Instance) -> None:
        why = f" ({refusals.clean(machine.why)})" if machine.why else ""
        super().__init__(
            f"the machine {machine.id} is {machine.state}{why}, though it was to run",
            hint="The console of EC2 tells the reason under its state.",
        )
        self.state = machine.state


def until(
    aws: Aws, looks: int, seconds: float, look: Callable[[], Found | None], late: CompanionError
) -> Found:
    """Look until there is something; give up with `late`."""
    broken: Refused | None = None
    for number in range(looks):
        try:
            found, broken = look(), None
        except Refused as error:
            # A line that breaks for a minute, or an account that asked too often, ends no long wait.
            if not error.passing:
                raise
            found, broken = None, error
        if found is not None:
            return found
        if number + 1 < looks:
            aws.wait(seconds)
    raise broken or late


def running(aws: Aws, instance_id: str, patience: Patience) -> Instance:
    """Wait until the machine runs and has an address.

    Right after a start EC2 may show it as stopped, as it was: only one that stays so does not run.
    """
    stopped = 0

    def look() -> Instance | None:
        nonlocal stopped
        found = ec2.instance(aws, instance_id)
        stopped += found is not None and found.state == "stopped"
        settled = stopped >= min(SETTLES, patience.looks)
        if found is not None and (found.state in ec2.GONE or settled):
            raise NotRunning(found)
        return found if found and found.state == "running" and found.address else None

    late = CompanionError(
        f"the machine {instance_id} has no public address yet",
        hint="Its network may give none: default subnets do. Then run the same command again.",
    )
    return until(aws, patience.looks, patience.seconds, look, late)


def state_is(aws: Aws, instance_id: str, wanted: tuple[str, ...], patience: Patience) -> bool:
    """Wait until the machine is in one of these states; True too where it is gone altogether."""

    def look() -> bool | None:
        found = ec2.instance(aws, instance_id)
        return True if found is None or found.state in wanted else None

    late = CompanionError(
        f"the machine {instance_id} is not {wanted[0]} yet; EC2 goes on with it",
        hint="Run the same command again in a minute.",
    )
    return until(aws, patience.looks, patience.seconds, look, late)


def pin(aws: Aws, instance_id: str, alias: str, patience: Patience, reporter: Reporter) -> bool:
    """Keep the host keys that the machine wrote on its own console, before anybody connects to it.

    Where the console stays silent the first contact is trusted once, which is said.
    """
    if host_keys.of(alias):
        return True

    def look() -> str | None:
        return keys_of(ec2.console(aws, instance_id)) or None

    longest = max(1, round(patience.console_looks * patience.seconds / 60))
    reporter.note(f"Waiting for the host keys on its console (up to {longest} minutes).")
    try:
        text = until(aws, patience.console_looks, patience.seconds, look, CompanionError("late"))
    except CompanionError as error:
        reporter.note(
            f"The console of the machine shows no host key ({error.message}): the first contact "
            "will be trusted once, and `doctor server` compares it later."
        )
        return False
    host_keys.pin(alias, text)
    return True


def keys_of(console: str) -> str:
    """Take the public host keys out of what cloud-init writes on the console; "" without a whole block."""
    before, _, rest = console.rpartition(_BEGIN)
    block, end, _ = rest.partition(_END)
    if not end or (not before and _BEGIN not in console):
        return ""
    lines = (line.rpartition("] ")[2].strip() for line in block.splitlines())
    kept = [line for line in lines if line.startswith(("ssh-", "ecdsa-"))]
    return "\n".join(kept)


def reachable(aws: Aws, server: Server, patience: Patience, reporter: Reporter) -> None:
    """Wait until the machine lets us in by ssh, and show what ssh says meanwhile.

    A firewall that shuts us out answers nothing, so that each look takes long: the time counts, too.
    """
    longest = patience.looks * patience.seconds
    label = f"Waiting for {server.name} to let us in (up to {max(1, round(longest / 60))} minutes)"
    begun = clock.monotonic()
    with reporter.task(label, total=patience.looks) as task:
        for number in range(patience.looks):
            last = _refused(server, reporter)
            if last is None:
                return
            task.advance(1, last.message)
            over = bool(longest) and clock.monotonic() - begun > longest
            if over or number + 1 == patience.looks:
                raise CompanionError(
                    f"ssh does not get in yet: {last.message}", hint=last.hint, code=Exit.MISSING
                )
            aws.wait(patience.seconds)


def _refused(server: Server, reporter: Reporter) -> CompanionError | None:
    """Try to get in once; give why not, None where it works."""
    try:
        connection.connect(server, reporter=reporter).run(["true"], timeout=60)
    except CompanionError as error:
        if error.code is Exit.MISSING and "not installed" in error.message:
            raise
        return error
    return None
