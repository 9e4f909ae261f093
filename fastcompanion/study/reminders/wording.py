"""What a reminder says: short, with the smallest next step, and never a scolding."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastcompanion.base.records import frozen
from fastcompanion.study.plan.plan import Plan
from fastcompanion.study.plan.slots import Occurrence
from fastcompanion.study.reminders.deciding import Decision


@frozen
class Message:
    """What is to be said, for every channel."""

    title: str
    body: str

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.title}. {self.body}"


def message(decision: Decision, plan: Plan, now: datetime, step: str) -> Message:
    """Word a decision; `step` is the learner's next step, "" where nobody knows it."""
    slot = decision.slot
    assert slot is not None, "silence has no words"
    what = step or "open your study"
    if decision.kind == "due":
        return Message(f"Study at {slot.at:%H:%M}", f"{_in(slot, now)}{slot.minutes} min: {what}.")
    if decision.kind == "late":
        day = _day(slot.at, now.astimezone(plan.zone))
        return Message("A slot went by", f"Missed {slot.at:%H:%M} {day}; 10 minutes now? {what}.")
    if decision.kind == "fewer":
        return Message(
            "Fewer slots?",
            "The last reminders came at the wrong time. fastcompanion plan edit makes fewer or "
            f"other slots. Or 10 minutes now: {what}.",
        )
    return Message("Back on the horse", f"10 minutes are enough. The smallest next step: {what}.")


def _in(slot: Occurrence, now: datetime) -> str:
    minutes = round((slot.at.astimezone(now.tzinfo) - now) / timedelta(minutes=1))
    return f"In {minutes} min, for " if minutes > 0 else "Now, for " if minutes > -10 else "Still "


def _day(at: datetime, here: datetime) -> str:
    days = (here.date() - at.date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"on {at:%A}")


def test_message(now: datetime) -> Message:
    """Word a test."""
    return Message("fastcompanion", f"This is the test reminder of {now:%H:%M:%S}. It works.")
