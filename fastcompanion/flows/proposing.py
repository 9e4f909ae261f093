"""New cards: what a lesson offers, what the learner takes of it, and cards of the learner's own.

Questions are read from the learner's copy of the notebooks at the moment they are asked for. What
is taken is written down with its place; what is passed over leaves only its id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import clock, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.review import authored, cards, predicted, questions
from fastcompanion.course.review.cards import OWN, Card
from fastcompanion.course.review.questions import GROUPS, Group, Proposal

# What is gone through where nothing else is asked for, and what is taken with --all.
USUAL: tuple[Group, ...] = ("author", "questionnaire", "task", "predict")
TAKEN_ALL: tuple[Group, ...] = ("author", "questionnaire")


@frozen
class Offer:
    """What a lesson offers: proposals of some groups, and how many each group has in all."""

    lesson: str
    title: str
    proposals: tuple[Proposal, ...]
    counts: tuple[tuple[str, int], ...]
    have: int
    notes: tuple[str, ...] = ()


@frozen
class Decision:
    """What the learner makes of a proposal: take it (perhaps in other words), or never see it.

    None leaves words as they are; an empty `back` is answered at the first review.
    """

    take: bool
    front: str | None = None
    back: str | None = None


@frozen
class Taken:
    """Cards that were taken; `passed` are not proposed again, `left` still are."""

    cards: tuple[Card, ...]
    passed: int
    left: int
    commit: CommitResult | None = None


Choose = Callable[[Proposal, int, int], Decision | None]


def offer(ws: Workspace, text: str | None, groups: Sequence[str] = ()) -> Offer:
    """Find the questions of a lesson that the learner has not taken or passed over yet.

    Without `groups` they are those of its author, of questionnaires, tasks and outputs to predict;
    where a lesson has none of these, questions of its prose.
    """
    past = events.read(ws)
    course, lesson = lessons.find(ws, text, past=past)
    have = cards.read(ws)
    found, notes = _found(ws, course, lesson, past)
    new = [one for one in found if one.card.id not in have]
    counts = tuple((group, sum(one.group == group for one in new)) for group in GROUPS)
    wanted: Collection[str] = _known(groups) or USUAL
    chosen = [one for one in new if one.group in wanted]
    if not chosen and not groups:
        chosen = [one for one in new if one.group == "inline"]
    mine = sum(card.lesson == lesson.id and card.state == "active" for card in have.values())
    return Offer(lesson.id, lesson.title, tuple(chosen), counts, mine, notes)


def _known(groups: Sequence[str]) -> list[str]:
    for group in groups:
        if group not in GROUPS:
            raise CompanionError(
                f"{group!r} is no group of questions{did_you_mean(group, GROUPS)}",
                hint=f"--group one of {', '.join(GROUPS)}",
                code=Exit.USAGE,
            )
    return list(groups)


def _found(
    ws: Workspace, course: Course, lesson: Lesson, past: Sequence[Event]
) -> tuple[list[Proposal], tuple[str, ...]]:
    said = {
        str(event.data.get("card")): str(event.data.get("answer", ""))
        for event in past
        if event.kind == "card.answered" and event.lesson == lesson.id
    }
    found = [_authors(card, said) for card in authored.of(lesson)]
    notes: list[str] = []
    if not any(ref.path for ref in lesson.notebooks):
        notes.append(f"{lesson.id} has no notebook here, only on the web: write cards of your own")
    for ref in lesson.notebooks:
        if ref.path is not None:
            asked, problem = _of_notebook(ws, course, lesson, ref)
            found += asked
            notes += [problem] if problem else []
    unique = {one.card.id: one for one in reversed(found)}
    return [one for one in found if unique[one.card.id] is one], tuple(notes)


def _authors(card: Card, said: dict[str, str]) -> Proposal:
    """An answer that was given when the lesson was watched is the back, unless there is a better."""
    parts = authored.parts(card)
    back = card.back or (said.get(parts[1], "") if parts else "")
    return Proposal(replace(card, back=back, state="proposed"), "author", card.source)


def _of_notebook(
    ws: Workspace, course: Course, lesson: Lesson, ref: NotebookRef
) -> tuple[list[Proposal], str]:
    """Take questions from the original, and outputs from the learner's run where there is one."""
    copy = ws.notebook(lesson.id, ref.id, "run")
    try:
        original = lessons.original(course, ref)
    except CompanionError as error:
        if not copy.is_file():
            return [], f"{ref.id}: {error.message} ({error.hint})"
        original = copy
    asked = questions.proposals(notebook.read(original), lesson.id, ref.id)
    return asked + _predictable(original, copy, lesson, ref), ""


def _predictable(original: Path, copy: Path, lesson: Lesson, ref: NotebookRef) -> list[Proposal]:
    found = predicted.proposals(notebook.read(original), lesson.id, ref.id)
    if copy == original or not copy.is_file():
        return found
    known = {one.card.id for one in found}
    ran = predicted.proposals(notebook.read(copy), lesson.id, ref.id)
    return found + [one for one in ran if one.card.id not in known]


def choose(ws: Workspace, offered: Offer, decide: Choose) -> Taken:
    """Go through the proposals; each decision is kept at once, None leaves one for another time.

    `decide` ends it by an EOFError.
    """
    taken: list[Card] = []
    passed = 0
    interrupted = False
    try:
        for number, one in enumerate(offered.proposals, start=1):
            decision = decide(one, number, len(offered.proposals))
            if decision is not None and decision.take:
                taken += cards.accept(ws, [_reworded(one, decision)])
            elif decision is not None:
                cards.suspend(ws, one.card)
                passed += 1
    except (KeyboardInterrupt, EOFError) as broken:
        interrupted = isinstance(broken, KeyboardInterrupt)
    commit = _commit(ws, len(taken) + passed, f"Take {_count(taken)} of {offered.lesson}")
    if interrupted:
        raise CompanionError(
            f"interrupted; {_count(taken)} taken",
            hint=f"fastcompanion review add {offered.lesson}",
            code=Exit.INTERRUPTED,
        )
    return Taken(tuple(taken), passed, len(offered.proposals) - len(taken) - passed, commit)


def _reworded(one: Proposal, decision: Decision) -> Card:
    card = _with_place(one)
    front = card.front if decision.front is None else decision.front
    return replace(card, front=front, back=card.back if decision.back is None else decision.back)


def _with_place(one: Proposal) -> Card:
    see = f"; perhaps answered in {one.see!r}" if one.see else ""
    return replace(one.card, source=f"{one.card.source}{see}")


def take(
    ws: Workspace,
    offered: Offer,
    *,
    everything: bool,
    groups: Sequence[str],
    ids: Sequence[str],
    passed: Sequence[str],
    dry_run: bool = False,
) -> Taken:
    """Take proposals by name, or all of some groups (default: the author's and questionnaires)."""
    wanted = _named(offered, ids)
    unwanted = _named(offered, passed)
    among = groups or TAKEN_ALL
    if everything:
        rest = [one for one in offered.proposals if one.group in among]
        wanted += [one for one in rest if one not in (*wanted, *unwanted)]
    left = len(offered.proposals) - len(wanted) - len(unwanted)
    chosen = [_with_place(one) for one in wanted]
    if dry_run:
        return Taken(tuple(chosen), len(unwanted), left)
    kept = cards.accept(ws, chosen)
    for one in unwanted:
        cards.suspend(ws, one.card)
    commit = _commit(ws, len(kept) + len(unwanted), f"Take {_count(kept)} of {offered.lesson}")
    return Taken(kept, len(unwanted), left, commit)


def _named(offered: Offer, names: Sequence[str]) -> list[Proposal]:
    known = {one.card.id: one for one in offered.proposals}
    for name in names:
        if name not in known:
            raise CompanionError(
                f"{offered.lesson} proposes no card {name!r}{did_you_mean(name, known)}",
                hint=f"fastcompanion review add {offered.lesson} --json",
                code=Exit.USAGE,
            )
    return [known[name] for name in dict.fromkeys(names)]


def own(
    ws: Workspace, front: str, back: str, lesson: str | None, *, dry_run: bool = False
) -> Taken:
    """Make a card of the learner's own."""
    if not front.strip():
        raise CompanionError("a card needs a question", hint='--front "..."', code=Exit.USAGE)
    lesson_id = lessons.find(ws, lesson)[1].id if lesson else None
    card = Card(clock.new_id(), lesson_id, "question", front.strip(), back.strip(), OWN)
    if dry_run:
        return Taken((card,), 0, 0)
    kept = cards.accept(ws, [card])
    return Taken(kept, 0, 0, _commit(ws, 1, "Add a card"))


def _commit(ws: Workspace, changed: int, message: str) -> CommitResult | None:
    return events.commit_paths(ws, [ws.cards], message) if changed else None


def _count(found: Sequence[Card]) -> str:
    return "1 card" if len(found) == 1 else f"{len(found)} cards"


@frozen
class Edited:
    """A card after a change."""

    card: Card
    changed: bool
    commit: CommitResult | None = None


def find(ws: Workspace, text: str) -> Card:
    """Find a card by its id, the beginning of one, or words of its question."""
    every = {name: card for name, card in cards.read(ws).items() if card.front}
    words = text.casefold().split()
    ways: tuple[Callable[[Card], bool], ...] = (
        lambda card: card.id == text,
        lambda card: card.id.startswith(text),
        lambda card: all(word in card.front.casefold() for word in words),
    )
    for way in ways:
        found = [card for card in every.values() if words and way(card)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(card.id for card in found[:8])
            raise CompanionError(
                f"{len(found)} cards fit {text!r}: {names}", hint="Name one.", code=Exit.USAGE
            )
    raise CompanionError(
        f"no card fits {text!r}", hint="fastcompanion review list", code=Exit.USAGE
    )


def edit(
    ws: Workspace,
    text: str,
    *,
    front: str | None,
    back: str | None,
    active: bool | None,
    dry_run: bool = False,
) -> Edited:
    """Change a card's words, or ask it no more (`active` false) or again."""
    card = find(ws, text)
    if front is not None and not front.strip():
        raise CompanionError("a card needs a question", hint='--front "..."', code=Exit.USAGE)
    new = _edited(card, front, back, active)
    if new == card or dry_run:
        return Edited(new, new != card)
    if (new.front, new.back) != (card.front, card.back):
        cards.edit(ws, card, front=new.front, back=new.back)
    if new.state != card.state:
        cards.accept(ws, [new]) if new.state == "active" else cards.suspend(ws, new)
    return Edited(new, True, events.commit_paths(ws, [ws.cards], "Edit a card"))


def _edited(card: Card, front: str | None, back: str | None, active: bool | None) -> Card:
    state = card.state if active is None else "active" if active else "suspended"
    return replace(
        card,
        front=card.front if front is None else front.strip(),
        back=card.back if back is None else back.strip(),
        state=state,
    )


@frozen
class Listed:
    """Cards of the study."""

    cards: tuple[Card, ...]


def listing(ws: Workspace, lesson: str | None = None, *, suspended: bool = False) -> Listed:
    """List the cards that are asked, or those that are asked no more."""
    wanted = lessons.find(ws, lesson)[1].id if lesson else None
    state = "suspended" if suspended else "active"
    return Listed(
        tuple(
            card
            for card in cards.read(ws).values()
            if card.state == state and card.front and wanted in (None, card.lesson)
        )
    )
