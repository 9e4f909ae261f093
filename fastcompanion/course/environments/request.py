"""What the learner asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from pathlib import Path

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import Limits
from fastcompanion.base.records import frozen
from fastcompanion.course.environments.build import Plan
from fastcompanion.course.environments.shelf import Environment
from fastcompanion.course.environments.target import Target, last_changed
from fastcompanion.course.environments.trial import Trial

LESSON = "lesson"
_NAMED = 4
TODAY = ("fastai",)


@frozen
class Request:
    """What the learner asked for; `as_of` is an ISO date or "lesson"."""

    name: str | None = None
    packages: tuple[str, ...] = ()
    made_for: str | None = None
    notebook: str | None = None
    as_of: str | None = None
    minimal: bool = False
    python: str | None = None
    dry_run: bool = False
    data: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)


@frozen
class Attempt:
    """One run on the way to the mended environment: what was moved back, and how it ran."""

    moved_back: tuple[str, ...]
    words: str
    seconds: float


@frozen
class Created:
    """What came of it: the environment (None: not agreed to), its plan, and how the lesson ran."""

    environment: Environment | None
    plan: Plan
    trial: Trial | None = None
    attempts: tuple[Attempt, ...] = ()


@frozen
class Report:
    """What a creation has to say for itself; sizes in bytes, `disk` and some downloads estimated.

    `created` is False after a dry run or a no; `trial` tells how the lesson ran in it.
    """

    name: str
    created: bool
    folder: Path | None
    python: str
    as_of: str
    made_for: str
    download: int
    disk: int
    guessed: tuple[str, ...]
    size: int
    moved_back: tuple[str, ...]
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    trial: Trial | None
    attempts: tuple[Attempt, ...]


def words_of(moved_back: Sequence[str]) -> str:
    """Name what moved back: the first few, and how many had to come along."""
    more = len(moved_back) - _NAMED
    return ", ".join(moved_back[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def report(made: Created) -> Report:
    """Put a creation into one flat record."""
    plan, environment = made.plan, made.environment
    return Report(
        name=plan.name,
        created=environment is not None,
        folder=environment.folder if environment else None,
        python=plan.python,
        as_of=plan.as_of,
        made_for=plan.made_for,
        download=plan.sizes.download,
        disk=plan.sizes.disk,
        guessed=plan.sizes.guessed,
        size=environment.size if environment else 0,
        moved_back=environment.moved_back if environment else (),
        versions=plan.lock.versions,
        notes=plan.notes,
        trial=made.trial,
        attempts=made.attempts,
    )


def chosen_day(request: Request, target: Target | None) -> date:
    """Read `--as-of`: a date, or the day the lesson's notebook was last changed."""
    assert request.as_of is not None
    if request.as_of == LESSON:
        assert target is not None
        return last_changed(target)
    try:
        day = date.fromisoformat(request.as_of)
    except ValueError:
        raise CompanionError(
            f"{request.as_of!r} is neither a date nor `lesson`",
            hint="Write it like --as-of 2023-02-17",
            code=Exit.USAGE,
        ) from None
    if day > clock.today():
        raise CompanionError(f"{day} is in the future", code=Exit.USAGE)
    return day
