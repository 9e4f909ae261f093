"""What is said where a launch, a start, a stop or an end broke off: what may cost, and what to type next.

A line that breaks or a key that is pressed leaves a machine that may run. Nobody should have to guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server.cloud import prices
from fastcompanion.server.cloud.arriving import NotRunning
from fastcompanion.server.cloud.ec2 import Instance
from fastcompanion.server.cloud.journal import Journal, Order
from fastcompanion.server.cloud.refusals import Refused


class Progress:
    """How far a launch has come in this run: `machine` is the one that EC2 has named."""

    machine: Instance | None = None


@contextmanager
def launching(order: Order, log: Journal) -> Iterator[Progress]:
    """Name the machine, its price and the way on in whatever ends a launch too early."""
    progress = Progress()
    try:
        yield progress
    except NotRunning:
        raise
    except KeyboardInterrupt:
        what = _standing(order, log, progress) or f"no machine of {order.name} was asked for yet"
        raise interrupted(what, _ways(order)) from None
    except CompanionError as error:
        what = _standing(order, log, progress)
        if not what:
            raise
        raise with_more(error, what, _ways(order)) from error


@contextmanager
def doing(what: str, hint: str) -> Iterator[None]:
    """Say `what` may cost now, and what to type, where a call gets no answer or somebody presses Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        raise interrupted(what, hint) from None
    except Refused as error:
        if not error.unsure:
            raise
        raise with_more(error, what, hint) from error


def _standing(order: Order, log: Journal, progress: Progress) -> str:
    """Say what may cost after a launch came so far; "" where no machine was asked for."""
    known, asked = log.done("instance"), log.open_attempt
    if progress.machine is not None:
        hour = prices.an_hour(order.hour(progress.machine.type))
        return f"{order.name} is RUNNING at {hour} an hour, and its launch is not done"
    if known is not None:
        hour = prices.an_hour(order.hour(str(known.get("type"))))
        return f"{order.name} may be RUNNING at {hour} an hour, and its launch is not done"
    if asked is not None:
        hour = prices.an_hour(order.hour(str(asked.get("type"))))
        return (
            f"EC2 was asked for {order.name} and did not answer: a machine may exist and cost "
            f"{hour} an hour"
        )
    return ""


def _ways(order: Order) -> str:
    on = f"fastcompanion server launch {order.name} goes on, and never makes a second machine"
    return f"{on}; fastcompanion server terminate {order.name} ends it"


def interrupted(what: str, hint: str) -> CompanionError:
    """Give the error of a key that was pressed: what may cost, and what to type."""
    return CompanionError(f"interrupted: {what}", hint=hint, code=Exit.INTERRUPTED)


def with_more(error: CompanionError, what: str, hint: str) -> CompanionError:
    """Keep the cause and its cure, and put first what may cost."""
    cure = error.hint.rstrip(". ")
    text = f"{cure}. {hint}" if cure and "same command" not in cure else hint
    return CompanionError(f"{what}: {error.message}", hint=text, code=error.code)
