"""`review add|edit|list|export`: which cards there are."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.commands.review import app, short, text_blocks
from fastcompanion.console import Answer, Block, Facts, Line, Next, Raw, Table, Title, Warn
from fastcompanion.course.review.cards import Card
from fastcompanion.course.review.questions import GROUPS, Proposal
from fastcompanion.flows import exporting, proposing
from fastcompanion.flows.exporting import Exported
from fastcompanion.flows.proposing import Decision, Edited, Listed, Offer, Taken

_CHOICES = "a: ask me this; e: in other words; s: never propose it; Enter: later; q: stop"

GroupOption = Annotated[
    list[str] | None,
    typer.Option("--group", "-g", help=f"Only these: {', '.join(GROUPS)}; repeat it."),
]
FrontOption = Annotated[str | None, typer.Option("--front", help="The question.")]
BackOption = Annotated[str | None, typer.Option("--back", help="The answer, in your words.")]


@command(app, "add")
def add(
    session: Session,
    lesson: LessonArgument = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Take all questions, without asking for each.")
    ] = False,
    group: GroupOption = None,
    take: Annotated[
        list[str] | None, typer.Option("--take", metavar="CARD", help="Take this one; repeat it.")
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="CARD", help="Never propose this one; repeat it."),
    ] = None,
    front: FrontOption = None,
    back: BackOption = None,
) -> Answer:
    """Take questions of a lesson as cards (review add 05), or write one of your own."""
    study = session.workspace()
    if front is not None or back is not None or lesson is None:
        words = _own_words(session, front, back)
        return Answer(proposing.own(study, *words, lesson, dry_run=session.dry_run), _view_own)
    offered = proposing.offer(study, lesson, group or ())
    if everything or take or skip:
        taken = proposing.take(
            study,
            offered,
            everything=everything,
            groups=group or (),
            ids=take or (),
            passed=skip or (),
            dry_run=session.dry_run,
        )
        return Answer(taken, _view_taken)
    if session.dry_run or session.yes or not session.can_ask or not offered.proposals:
        return Answer(offered, _view_offer)
    return Answer(proposing.choose(study, offered, _decide), _view_taken)


def _own_words(session: Session, front: str | None, back: str | None) -> tuple[str, str]:
    if front is None and not session.can_ask:
        raise CompanionError(
            "say whose questions: a lesson's, or your own",
            hint='fastcompanion review add 05   (or --front "..." --back "...")',
            code=Exit.USAGE,
        )
    if front is None:
        front = session.ask("Your question", "", "--front")
    if back is None and session.can_ask and not session.yes:
        back = console.ask_or_end("Your answer (Enter: at the first review)")
    return front, back or ""


def _decide(one: Proposal, number: int, of: int) -> Decision | None:
    """Ask the learner what becomes of a proposal."""
    console.show_line(None, _view_proposal(one, number, of))
    while True:
        typed = console.ask_or_end("a, e, s, q, ?")
        match (typed or "").lower():
            case _ if typed is None:
                raise EOFError
            case "q":
                raise EOFError
            case "":
                return None
            case "a":
                return Decision(True)
            case "s":
                return Decision(False)
            case "e":
                return _in_other_words()
        console.show_line(None, (Line(_CHOICES, "dim"),))


def _in_other_words() -> Decision:
    """Ask for the card in the learner's words; an author's answer is none of them."""
    front = console.ask_or_end("The question (Enter: as it is)")
    back = console.ask_or_end("Your answer (Enter: at the first review)")
    return Decision(True, front or None, back)


def _view_proposal(one: Proposal, number: int, of: int) -> Iterable[Block]:
    about = {"task": ", a task", "author": ", with an answer of the author" * bool(one.card.back)}
    yield Title(f"{number} of {of}  ({one.place}{about.get(one.group, '')})")
    yield from text_blocks(one.card.front)
    if number == 1:
        yield Line(_CHOICES, "dim")


@command(app, "edit")
def edit(
    session: Session,
    card: Annotated[str, typer.Argument(help="Its id, or words of its question.")],
    front: FrontOption = None,
    back: BackOption = None,
    suspend: Annotated[bool, typer.Option("--suspend", help="Never ask it again.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Ask it again after all.")] = False,
) -> Answer:
    """Change a card's question or answer, or ask it no more."""
    if suspend and resume:
        raise CompanionError("--suspend or --resume, not both", code=Exit.USAGE)
    study = session.workspace()
    if front is None and back is None and not (suspend or resume):
        found = proposing.find(study, card)
        card = found.id
        front = session.ask("The question", found.front, "--front")
        back = session.ask("The answer", found.back, "--back")
    active = True if resume else False if suspend else None
    edited = proposing.edit(
        study, card, front=front, back=back, active=active, dry_run=session.dry_run
    )
    return Answer(edited, _view_edited)


@command(app, "list")
def list_(
    session: Session,
    lesson: LessonArgument = None,
    suspended: Annotated[
        bool, typer.Option("--suspended", help="Those that are asked no more.")
    ] = False,
) -> Answer:
    """List your cards with their ids."""
    found = proposing.listing(session.workspace(), lesson, suspended=suspended)
    return Answer(found, _view_listed)


@command(app, "export")
def export(
    session: Session,
    anki: Annotated[bool, typer.Option("--anki", help="As a text file that Anki imports.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write this file.", show_default="to the screen"),
    ] = None,
    lesson: Annotated[str | None, typer.Option("--lesson", "-l", help="Of one lesson.")] = None,
) -> Answer:
    """Give your cards to another program."""
    if not anki:
        raise CompanionError("say for which program", hint="--anki", code=Exit.USAGE)
    study = session.workspace()
    if out is not None and out.exists() and not session.dry_run:
        if out.is_dir():
            raise CompanionError("this is a folder", hint="--out FILE", file=out, code=Exit.USAGE)
        if not session.confirm(f"{out} is there already; overwrite it?"):
            raise CompanionError("nothing was written", hint="--out with another name", file=out)
    made = exporting.anki(study, out, lesson, dry_run=session.dry_run)
    return Answer(made, _view_file if out else _view_text)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `review`."""


def _view_offer(offered: Offer) -> Iterable[Block]:
    yield Title(f"{offered.lesson} {offered.title}")
    yield from (Warn(note) for note in offered.notes)
    if offered.proposals:
        rows = tuple((one.card.id, one.group, short(one.card)) for one in offered.proposals)
        yield Table(("card", "group", "question"), rows)
    counts = ", ".join(f"{count} {group}" for group, count in offered.counts if count)
    yield Line(f"Proposed: {counts or 'nothing'}. You have {offered.have} of this lesson.")
    if any(one.group in proposing.TAKEN_ALL for one in offered.proposals):
        yield Next(f"fastcompanion review add {offered.lesson} --all", "takes all questions")
    elif offered.proposals:
        first = offered.proposals[0].card.id
        yield Next(f"fastcompanion review add {offered.lesson} --take {shlex.quote(first)}")
    else:
        yield Next("fastcompanion review add", "write a card of your own")


def _view_taken(taken: Taken) -> Iterable[Block]:
    count = len(taken.cards)
    yield Line(f"{count} {'card' if count == 1 else 'cards'} taken.", "good" if count else "")
    if taken.passed:
        yield Line(f"{taken.passed} will not be proposed again.")
    if taken.left:
        yield Line(f"{taken.left} are left to choose from.")
    yield from commit_blocks(taken.commit)
    blank = sum(not card.back for card in taken.cards)
    if blank:
        which = "a card" if blank == count else "a card without one"
        yield Line(f"Your first answer to {which} becomes its back.", "dim")
    if count:
        yield Next("fastcompanion review")


def _view_own(taken: Taken) -> Iterable[Block]:
    yield from (Line(f"Added {card.id}: {short(card)}", "good") for card in taken.cards)
    yield from commit_blocks(taken.commit)
    yield Next("fastcompanion review")


def _view_edited(edited: Edited) -> Iterable[Block]:
    yield Line(f"Changed {edited.card.id}." if edited.changed else "Nothing was changed.")
    yield Facts(_facts(edited.card))
    yield from commit_blocks(edited.commit)


def _facts(card: Card) -> tuple[tuple[str, str], ...]:
    state = "asked no more" if card.state == "suspended" else "asked"
    return (
        ("question", short(card)),
        ("answer", card.back.partition("\n")[0] or "none yet"),
        ("from", card.source or "unknown"),
        ("state", state),
    )


def _view_listed(found: Listed) -> Iterable[Block]:
    if not found.cards:
        yield Line("No card.")
        yield Next("fastcompanion review add")
        return
    rows = tuple((card.id, card.lesson or "", card.kind, short(card)) for card in found.cards)
    yield Table(("card", "lesson", "kind", "question"), rows)


def _view_text(made: Exported) -> Iterable[Block]:
    yield Raw(made.text)


def _view_file(made: Exported) -> Iterable[Block]:
    cards = "1 card" if made.count == 1 else f"{made.count} cards"
    yield Line(f"{cards} written to {made.file}.", "good")
    yield Line("In Anki: File, Import. A second import brings changes and adds no card twice.")
