"""`list` and `join`: which competitions there are, and getting into one."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice import standing
from fastcompanion.competition.site import asking
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.model import Competition
from fastcompanion.competition.site.target import PRACTICE, Target, is_inside

#: seconds between two looks whether the rules are accepted
_FIRST, _LONGEST, _SLOWER = 0.3, 5.0, 1.3


@frozen
class Listed:
    """A competition; `name` is what commands take, `deadline` in the zone of here, None where there is none."""

    name: str
    title: str
    deadline: datetime | None
    over: bool
    entered: bool
    metric: str
    teams: int
    category: str
    reward: str
    practice: bool
    served: bool


@frozen
class List:
    """Competitions that were found; `problem` says why kaggle.com was not asked."""

    search: str
    competitions: tuple[Listed, ...]
    problem: str = ""
    hint: str = ""
    code: int = 0


def found(search: str, *, entered: bool, practice: bool, reporter: Reporter = SILENT) -> List:
    """List competitions of kaggle.com, and those of this machine that the search fits."""
    told = (
        []
        if is_inside()
        else [one for one in _here(search, reporter) if one.entered or not entered]
    )
    if practice and not is_inside():
        return List(search, tuple(told))
    try:
        client = clients.connect(None, reporter=reporter)
        more = client.competitions(search, "entered" if entered else "")
    except CompanionError as error:
        return List(search, tuple(told), error.message, error.hint, int(error.code))
    site = sorted((listed(one) for one in more), key=_order)
    return List(search, (*told, *site))


def listed(about: Competition) -> Listed:
    """Say of a competition what its line in the list says."""
    deadline = asking.deadline(about)
    return Listed(
        name=f"{PRACTICE}/{about.slug}" if is_inside() else about.slug,
        title=about.title,
        deadline=deadline,
        over=deadline is not None and deadline <= clock.now(),
        entered=about.entered,
        metric=about.metric,
        teams=about.teams,
        category=about.category,
        reward=about.reward,
        practice=is_inside(),
        served=is_inside(),
    )


def _order(one: Listed) -> tuple[bool, bool, float]:
    """Put those that run first, those entered before others, the nearest deadline first."""
    return one.over, not one.entered, one.deadline.timestamp() if one.deadline else math.inf


def _here(search: str, reporter: Reporter) -> list[Listed]:
    made = []
    for slug in places.slugs():
        try:
            told = standing.standing(places.at(slug))
        except CompanionError as error:  # a broken one does not hide the others
            reporter.note(f"{PRACTICE}/{slug} is left out: {error.file or slug}: {error.message}")
            continue
        if search.lower() not in f"{slug} {told.title}".lower():
            continue
        made.append(
            Listed(
                name=f"{PRACTICE}/{slug}",
                title=told.title,
                deadline=None,
                over=told.ended is not None,
                entered=told.accepted,
                metric=told.metric,
                teams=len(told.leaderboard),
                category="Practice",
                reward="Knowledge",
                practice=True,
                served=bool(told.url),
            )
        )
    return made


@frozen
class Joined:
    """Whether you are in a competition; `rules` is the page where its rules are accepted."""

    competition: str
    title: str
    entered: bool
    rules: str
    deadline: datetime | None
    daily: int
    metric: str
    opened: bool = False
    project: str = ""


def look(target: Target, *, reporter: Reporter = SILENT) -> tuple[Client, Joined]:
    """Ask whether the rules of a competition are accepted."""
    client = clients.connect(target, reporter=reporter)
    return client, _joined(client, target, asking.competition(client, target))


def _joined(client: Client, target: Target, about: Competition) -> Joined:
    deadline = asking.deadline(about)
    return Joined(
        competition=target.text,
        title=about.title,
        entered=about.entered,
        # The site's own address may be missing, and it is opened in a browser.
        rules=f"{client.page(target.slug)}/rules",
        deadline=deadline,
        daily=about.daily,
        metric=about.metric,
    )


def awaited(client: Client, target: Target, wait: float, reporter: Reporter) -> Joined:
    """Wait until the rules are accepted, at most `wait` seconds; a site that stumbles is asked again."""
    end, pause = clock.monotonic() + wait, _FIRST
    told = _joined(client, target, client.competition(target.slug))
    with reporter.task("waiting until you accept the rules") as task:
        while not told.entered and clock.monotonic() < end:
            clock.pause(min(pause, max(0.0, end - clock.monotonic())))
            pause = min(pause * _SLOWER, _LONGEST)
            told = _again(client, target, told, task.advance)
    return told


def _again(client: Client, target: Target, told: Joined, advance: Callable[..., None]) -> Joined:
    try:
        return _joined(client, target, client.competition(target.slug))
    except SiteError as error:
        if not error.may_pass:
            raise
        advance(text=error.message)
        return told


def refused(told: Joined) -> CompanionError:
    """Make the error for rules that nobody has accepted in time."""
    return CompanionError(
        f"the rules of {told.competition} are not accepted yet",
        hint=f"Open {told.rules} in a browser, logged in, accept them, then: fastcompanion kaggle join {told.competition}",
        code=Exit.NOT_SET_UP,
    )
