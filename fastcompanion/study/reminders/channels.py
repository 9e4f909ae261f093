"""Getting a message to the learner: the channels in their order, until one arrives."""

from __future__ import annotations

from fastcompanion.base.config import Settings
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.study.reminders import desktop, mail
from fastcompanion.study.reminders.desktop import Delivery
from fastcompanion.study.reminders.wording import Message

NAMES = ("desktop", "email")


def named(settings: Settings) -> tuple[str, ...]:
    """Read which channels are wanted, in their order."""
    words = str(settings.get("remind.channels")).replace(",", " ").split()
    unknown = [word for word in words if word not in NAMES]
    if unknown or not words:
        raise CompanionError(
            f"remind.channels names {', '.join(unknown) or 'nothing'}; "
            f"there are {' and '.join(NAMES)}",
            hint="fastcompanion config set remind.channels desktop",
            code=Exit.USAGE,
        )
    return tuple(dict.fromkeys(words))


def send(message: Message, settings: Settings, *, calendar: str = "") -> tuple[Delivery, ...]:
    """Try the channels until one arrives, and give every attempt."""
    tried: list[Delivery] = []
    for name in named(settings):
        if name == "email":
            tried.append(mail.send(message, settings, calendar=calendar))
        else:
            tried.extend(desktop.send(message))
        if tried[-1].outcome != "failed":
            break
    return tuple(tried)
