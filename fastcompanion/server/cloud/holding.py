"""`server keep` at EC2: the alarm outside of the machine has to know of it as well.

The watcher on the machine keeps its word by itself. AWS's alarm sees the CPUs alone, and would stop a machine
that was asked to stay: it is told to wait longer, never to sleep.
"""

from __future__ import annotations

from fastcompanion.base.errors import CompanionError
from fastcompanion.server.cloud import alarms, machines
from fastcompanion.server.cloud.alarms import HOURS, LONGEST_HOLD, PERCENT
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.registry import Server

_UNITS = {"m": 1 / 60, "h": 1.0, "d": 24.0}
_USUAL = f"it stops the machine after {HOURS} hours below {PERCENT:g} % of CPU"


def alarm_of(name: str, machine: Instance) -> str:
    """Give the name of a machine's alarm."""
    return f"fastcompanion-{name}-{machine.launch_id}"


def hold(server: Server, span: str, *, profile: str = "") -> str:
    """Let the alarm of a machine wait for a span such as 90m, 2h or 1d, or no more (off); say what it does.

    It fails softly: what the machine itself has promised stays.
    """
    hours = 0.0 if span == "off" else float(span[:-1]) * _UNITS[span[-1]]
    # Nothing outlasts the hard limit, so nothing has to be held for longer.
    wanted = min(hours, server.max_hours or hours)
    try:
        aws, _, machine = machines.needed(server.name, profile)
        held = held_for(aws, server.name, machine, wanted)
    except CompanionError as error:
        return f"AWS's alarm was not told ({error.message}): {_USUAL}."
    if span == "off":
        return f"AWS's alarm counts as usual: {_USUAL}."
    if held < wanted:
        return (
            f"AWS's alarm can wait {LONGEST_HOLD} hours at most: say it again before they are over."
        )
    return f"AWS's alarm waits as long, and then for {HOURS} hours more without work."


def held_for(aws: Aws, name: str, machine: Instance, hours: float) -> float:
    """Set the alarm of a machine so that it holds still for some hours; give how long it does."""
    return alarms.put(aws, alarm_of(name, machine), machine.id, hold_hours=hours)


def what_is_left(server: Server, *, undone: bool, idle_minutes: int, max_hours: float) -> str:
    """Say which of the three ways to stop a forgotten machine are left after a change; "" for all of them."""
    if server.provider != "ec2":
        return ""
    gone = [
        *(["its idle stop"] if undone or not idle_minutes else []),
        *(["its hard limit"] if undone or not max_hours else []),
    ]
    if not gone:
        return ""
    rest = (
        "AWS's alarm alone is left" if len(gone) == 2 else "the other one and AWS's alarm are left"
    )
    return (
        f"{server.name} loses {' and '.join(gone)}: {rest}, and {_USUAL}. "
        f"What computes or downloads for ever costs for ever: fastcompanion server stop {server.name}"
    )
