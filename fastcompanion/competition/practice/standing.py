"""`practice status` and `practice end`: where a competition stands, told from its files alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import journal as journals
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.journal import Journal, Row, State, Submission
from fastcompanion.competition.practice.place import Competition, Place

if TYPE_CHECKING:
    from fastcompanion.competition.practice.server import Listening


@frozen
class Sent:
    """A submission as its owner may see it: the private score is None until the end."""

    ref: int
    at: datetime
    file: str
    description: str
    status: str
    public: float | None
    private: float | None
    error: str
    counts: bool
    note: str = ""


@frozen
class Standing:
    """Where a competition stands. `url` is empty where no server runs, `left` None without a daily limit."""

    slug: str
    title: str
    url: str
    metric: str
    direction: str
    accepted: bool
    ended: datetime | None
    today: int
    left: int | None
    leaderboard: tuple[Row, ...]
    submissions: tuple[Sent, ...]
    folder: str
    others: tuple[str, ...]
    dry_run: bool = False


def standing(place: Place) -> Standing:
    """Tell where a competition stands."""
    return _standing(place, Journal(place.journal).state(), url=_url(place))


def end(place: Place, *, dry_run: bool = False) -> Standing:
    """End a competition: the private scores are shown, and nothing can be submitted any more.

    A competition that has ended stays as it is.
    """
    journal = Journal(place.journal)
    state = journal.state()
    if state.ended is None and not dry_run:
        journal.add("ended")
        state = journal.state()
    return _standing(place, state, url=_url(place), dry_run=dry_run)


def accept(place: Place) -> None:
    """Accept the rules of a competition, once; a server that runs sees it."""
    journal = Journal(place.journal)
    if not journal.state().accepted:
        journal.add("accepted")


def listening(place: Place) -> Listening | None:
    """Find the server of a competition; None where none answers, and the server is not loaded for that."""
    if not place.running.exists():
        return None
    from fastcompanion.competition.practice import server  # noqa: PLC0415 - slow to import, seldom needed

    return server.found(place)


def refuse_served(place: Place) -> None:
    """Leave a competition alone whose server runs.

    Raises:
        CompanionError: it runs.
    """
    if listening(place) is not None:
        raise CompanionError(
            "this practice competition is being served",
            hint=f"fastcompanion kaggle practice stop {place.folder.name}",
            file=place.folder,
        )


def remove(place: Place) -> None:
    """Delete a competition that is not served, with everything that was submitted to it."""
    refuse_served(place)
    store.remove(place.folder)


def _url(place: Place) -> str:
    told = listening(place)
    return f"{told.url}/competitions/{place.folder.name}" if told else ""


def _standing(place: Place, state: State, *, url: str, dry_run: bool = False) -> Standing:
    told = places.read(place)
    today = state.on(clock.now().astimezone(UTC).date())
    return Standing(
        slug=told.slug,
        title=told.title,
        url=url,
        metric=told.metric,
        direction=told.direction,
        accepted=state.accepted,
        ended=state.ended,
        today=today,
        left=max(0, told.daily - today) if told.daily else None,
        leaderboard=journals.leaderboard(told, state),
        submissions=tuple(_sent(told, state, one) for one in state.submissions),
        folder=str(place.folder),
        others=tuple(one for one in places.slugs() if one != told.slug),
        dry_run=dry_run,
    )


def _sent(told: Competition, state: State, one: Submission) -> Sent:
    ended = state.ended is not None
    counted = journals.chosen(told, state) if ended else journals.best(told, state)
    return Sent(
        ref=one.ref,
        at=one.at,
        file=one.file,
        description=one.description,
        status=one.status,
        public=one.public,
        private=one.private if ended else None,
        error=one.error,
        counts=counted is not None and counted.ref == one.ref,
        note=journals.note(told, one.public),
    )
