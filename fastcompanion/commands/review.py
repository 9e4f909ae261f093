"""`review`: questions that come back just before they would be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Code, Facts, Line, Next, Table, Title
from fastcompanion.course.review.cards import OWN, Card, Kind
from fastcompanion.course.review.schedule import RATINGS, Rating
from fastcompanion.flows import review
from fastcompanion.flows.review import Answered, Asked, Due, Held, Said, Stats

app = typer.Typer(name="review", help="Questions that come back before you forget them.")

MinutesOption = Annotated[
    int | None,
    typer.Option("--minutes", "-m", min=1, help="As many cards as fit into this time."),
]
LessonOption = Annotated[
    str | None,
    typer.Option(
        "--lesson",
        "-l",
        help="The questions of one lesson only, all of them.",
        autocompletion=completing.lessons,
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="At most so many cards now.")
]
_WORDS: dict[str, Said] = {
    **{word: word for word in RATINGS},
    **{word[0]: word for word in RATINGS},
    **{str(number): word for number, word in enumerate(RATINGS, start=1)},
    "b": "better",
    "better": "better",
    "x": "suspend",
}
_QUESTIONS: dict[Kind, str] = {
    "question": "Your answer",
    "predict": "What it shows",
    "task": "What came of it",
}
_SHOWN = 72
_QUIT = ("q", "quit", "exit")
_HELP = "again, hard, good, easy; b: a better answer to keep; x: never ask this again; q: stop"


@command(app, "due")
def due(
    session: Session,
    minutes: MinutesOption = None,
    limit: LimitOption = None,
    lesson: LessonOption = None,
) -> Answer:
    """Answer the cards that are due: think or type, look, and say how well you knew it."""
    study = session.workspace()
    found = review.due(study, limit, minutes=minutes, lesson=lesson)
    if session.json or session.dry_run or not found.cards:
        return Answer(found, _view_due)
    return Answer(review.hold(study, found, Terminal(), minutes=minutes), _view_held)


class Terminal:
    """The learner at a terminal, or lines from a pipe."""

    def front(self, asked: Asked) -> None:
        """Show what is asked."""
        about = "once more" if asked.once_more else "new" if asked.new else ""
        place = ", ".join(word for word in (asked.card.source, about) if word)
        title = Title(f"{asked.number} of {asked.of}" + (f"  ({place})" if place else ""))
        console.show_line(None, (title, *text_blocks(asked.card.front)))

    def answer(self, asked: Asked) -> str | None:
        """Wait for the answer."""
        typed = console.ask_or_end(f"{_QUESTIONS[asked.card.kind]} (Enter: look, q: stop)")
        return None if typed is not None and typed.strip().lower() == "q" else typed

    def back(self, asked: Asked, said: str, right: bool | None) -> None:
        """Show the answer that was kept, or where to look."""
        console.show_line(None, _back(asked, said, right))

    def rate(self, asked: Asked, suggested: Rating) -> Said | None:
        """Ask how well it was known, until the answer is one of the words."""
        while (typed := console.ask_or_end("again, hard, good, easy, ?", suggested)) is not None:
            word = typed.lower()
            if word in _QUIT:
                return None
            if word in _WORDS:
                return _WORDS[word]
            console.show_line(None, (Line(_HELP, "dim"),))
        return None

    def better(self, asked: Asked) -> str | None:
        """Ask for a better answer to keep."""
        return console.ask_or_end("The answer to keep")

    def told(self, answered: Answered) -> None:
        """Say when the card comes back."""
        back = f"Comes back on {answered.due}." if answered.due else "Done; it comes back no more."
        console.show_line(None, (Line(back, "dim"),))


def _back(asked: Asked, said: str, right: bool | None) -> Iterable[Block]:
    if right is not None:
        yield Line("Right." if right else "It shows something else:", "good" if right else "bad")
    if asked.card.back:
        predicted = asked.card.kind == "predict"
        yield from [Code(asked.card.back)] if predicted else text_blocks(asked.card.back)
    elif said:
        # A card of one's own comes from no place where the answer stands.
        compare = "" if asked.card.source == OWN else "Compare it with the place above. "
        unless = "It" if asked.once_more else "Unless you say again, it"
        yield Line(f"{compare}{unless} becomes the back of this card.")
    else:
        where = " on this card" if asked.card.source == OWN else ": look it up at the place above"
        yield Line(f"There is no answer yet{where}.")


def text_blocks(text: str) -> Iterable[Block]:
    """Show what a card says: prose is wrapped, code and lists keep their lines."""
    if "\n" in text:
        yield Code(text)
    else:
        yield Line(text)


@command(app, "stats")
def stats(session: Session) -> Answer:
    """Show how many cards there are, what falls due, and how much you knew when it was due."""
    return Answer(review.stats(session.workspace()), _view_stats)


def _view_stats(found: Stats) -> Iterable[Block]:
    yield Facts(
        (
            ("cards", f"{found.active} asked, {found.suspended} asked no more"),
            ("never answered", str(found.new)),
            ("well known", f"{found.stable} (for three weeks or more)"),
            ("answers", f"{found.answers}, {found.today} of them today"),
            ("known when due", _share(found)),
        )
    )
    most = max(found.forecast)
    if most:
        rows = tuple(
            (f"{found.first_day + timedelta(days=n):%a %d %b}", str(count), _bar(count, most))
            for n, count in enumerate(found.forecast)
        )
        yield Table(("day", "due", ""), rows)
    yield Next("fastcompanion review" if found.due or found.new else "fastcompanion review add")


def _share(found: Stats) -> str:
    if not found.again:
        return "not known yet: no card came back so far"
    share = round(100 * found.kept / found.again)
    return f"{share} % ({found.kept} of {found.again}; the plan is 90 %)"


def _bar(count: int, most: int) -> str:
    return "#" * -(-count * 30 // most)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _view_due(found: Due) -> Iterable[Block]:
    if not found.cards:
        yield Line(_nothing(found), "good" if found.done else "")
        if not found.done and found.next_day is None:
            yield Next("fastcompanion review add", "take questions of a lesson, or your own")
        return
    yield Table(("card", "lesson", "question"), tuple(map(_row, found.cards)))
    yield Line(_summary(found))
    yield Next("fastcompanion review")


def _row(card: Card) -> tuple[str, ...]:
    return card.id, card.lesson or "", short(card)


def short(card: Card) -> str:
    """Name a card in a line: by its question, or by the line of code whose output is asked for."""
    lines = [line for line in card.front.split("\n") if line.strip("` ")]
    text = lines[-1].strip() if card.kind == "predict" and lines else card.front.strip()
    first, *rest = text.split("\n")
    return f"{first[:_SHOWN]}{'...' if rest or len(first) > _SHOWN else ''}"


def _nothing(found: Due) -> str:
    if found.done:
        cards = "1 card" if found.done == 1 else f"{found.done} cards"
        return f"{cards} answered today; no more are asked." + _later(found)
    return "No card is due." + _later(found)


def _later(found: Due) -> str:
    waiting = found.overdue + found.waiting
    wait = f" {waiting} wait for another day." if waiting else ""
    return wait + (f" The next is due on {found.next_day}." if found.next_day else "")


def _summary(found: Due) -> str:
    old = len(found.cards) - found.new
    minutes = f", about {max(round(found.seconds / 60), 1)} min" if found.seconds else ""
    return f"{old} due, {found.new} new{minutes}." + _later(found)


def _view_held(held: Held) -> Iterable[Block]:
    counts = [
        f"{sum(one.rating == word for one in held.answered)} {word}"
        for word in RATINGS
        if any(one.rating == word for one in held.answered)
    ]
    count = len(held.answered)
    words = f"{count} {'card' if count == 1 else 'cards'} answered"
    yield Title(words + (f": {', '.join(counts)}" if counts else ""))
    if held.suspended:
        yield Line(f"{held.suspended} will not be asked again.")
    if held.left:
        yield Line(f"{held.left} of today are left.")
    if held.overdue or held.waiting:
        yield Line(
            f"{held.overdue + held.waiting} wait for another day, so that no day is too much."
        )
    yield from commit_blocks(held.commit)
    yield Next("fastcompanion review" if held.left else "fastcompanion next")
