"""Finishing and skipping steps by the learner's own word: watch and repeat, and what runs elsewhere.

What the program can see for itself (a clean run, a checked reproduction) is not taken on trust:
such a step is finished by doing it, or skipped, which is kept apart.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from fastcompanion.base import clock, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import UNDONE, Event
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import lessons
from fastcompanion.course.model import STEPS, Card, Course, Lesson, Step
from fastcompanion.course.progress import NextStep
from fastcompanion.course.review import authored, cards
from fastcompanion.course.review.cards import Card as ReviewCard

_SHORTEST_NOTE = 10
_HOW: Mapping[Step, str] = {
    "run": "fastcompanion lesson run {lesson} --execute, and one experiment: "
    "fastcompanion lesson experiment",
    "reproduce": "fastcompanion check {lesson}",
    "repeat": "fastcompanion check {lesson} --step repeat",
}


@frozen
class StepDone:
    """A step that is finished; `new` is false when it was before."""

    lesson: str
    title: str
    step: str
    new: bool
    cards_answered: int
    next: NextStep | None
    commit: CommitResult | None


@frozen
class Skipped:
    """A lesson or a step of it that is skipped, or no longer."""

    lesson: str
    title: str
    step: str | None
    undone: bool
    changed: bool
    next: NextStep | None
    commit: CommitResult | None


def step_named(name: str) -> Step:
    """Read a step's name."""
    for step in STEPS:
        if step == name.lower():
            return step
    raise CompanionError(
        f"{name!r} is no step: {', '.join(STEPS)}",
        hint="fastcompanion lesson show",
        code=Exit.USAGE,
    )


def done(
    study: Workspace,
    text: str | None,
    step: Step | None = None,
    *,
    note: str = "",
    answers: Mapping[str, str] | None = None,
    ask: Callable[[str], str] | None = None,
    dry_run: bool = False,
) -> StepDone:
    """Finish a step: a sentence of the learner's own, and an answer to each card of the lesson.

    `ask` is how a missing answer or note can be asked for (None: nobody can be asked).
    """
    past = events.read(study)
    course, lesson = lessons.find(study, text, past=past)
    own = [event for event in past if event.lesson == lesson.id]
    wanted = step or _current(lesson, own)
    if _is_done(lesson, own, wanted):
        after = progress.next_in_lesson(course, lesson, own)
        return StepDone(lesson.id, lesson.title, wanted, False, 0, after, None)
    _allowed(study, lesson, wanted)
    deck = _deck(study, lesson)
    asked = _open_cards(lesson, own, deck) if wanted == "watch" else []
    told = _new_answers(own, _known_cards(lesson, answers or {}, deck))
    rest = [card for card in asked if card.id not in told]
    if not dry_run:
        # Each answer is kept as it comes: what breaks off later takes none of them along.
        for card, answer in told.items():
            _keep_answer(study, lesson, card, answer, deck)
    every = len(lesson.cards) + len(deck)
    if rest and ask is None:
        raise _waiting(lesson, rest, every, note)
    if dry_run:
        return StepDone(lesson.id, lesson.title, wanted, True, len(told), None, None)
    said = _ask_all(study, lesson, rest, deck, ask) if ask is not None else 0
    sentence = _sentence(note, wanted, ask)
    return _finish(study, course, lesson, wanted, len(told) + said, sentence)


def _finish(
    study: Workspace, course: Course, lesson: Lesson, step: Step, answered: int, note: str
) -> StepDone:
    message = f"Finish {step} of {lesson.id}"
    data = {"step": step, "note": note}
    own = [study.cards] if study.cards.exists() else []
    made = events.record(study, "lesson.step_done", lesson.id, data, commit=message, paths=own)
    after = lessons.next_of(study, course, lesson)
    return StepDone(lesson.id, lesson.title, step, True, answered, after, made.commit)


def _deck(study: Workspace, lesson: Lesson) -> dict[str, ReviewCard]:
    """Give the questions that the learner took for the reviews; the author's stand in the lesson."""
    return {
        name: card
        for name, card in cards.read(study).items()
        if card.lesson == lesson.id
        and card.state == "active"
        and card.kind == "question"
        and authored.parts(card) is None
    }


def _keep_answer(
    study: Workspace, lesson: Lesson, name: str, answer: str, deck: Mapping[str, ReviewCard]
) -> None:
    """Keep an answer, and let its question come back in the reviews from tomorrow on."""
    events.record(study, "card.answered", lesson.id, {"card": name, "answer": answer})
    if name in deck:
        cards.edit(study, deck[name], back=answer)
        return
    card = next(card for card in authored.of(lesson) if card.id == authored.name(lesson.id, name))
    if card.id not in cards.read(study):
        tomorrow = clock.today() + timedelta(days=1)
        cards.accept(study, [replace(card, back=card.back or answer, since=tomorrow)])


def _current(lesson: Lesson, own: Sequence[Event]) -> Step:
    now = progress.of_lesson(lesson, own).current
    if now is None:
        raise CompanionError(
            f"every step of {lesson.id} is done or skipped already",
            hint="fastcompanion next",
            code=Exit.USAGE,
        )
    return now.step


def _is_done(lesson: Lesson, own: Sequence[Event], step: Step) -> bool:
    steps = progress.of_lesson(lesson, own).steps
    return any(one.step == step and one.state == "done" for one in steps)


def _allowed(study: Workspace, lesson: Lesson, step: Step) -> None:
    """Take the learner's word only for what the program can't see."""
    local = any(notebook.path for notebook in lesson.notebooks)
    if step == "repeat":
        places = (study.notebook(lesson.id, one.id, "repeat") for one in lesson.notebooks)
        local = any(place.exists() for place in places)
    if local and step in _HOW:
        raise CompanionError(
            f"the step {step} of {lesson.id} is finished by doing it",
            hint=_HOW[step].format(lesson=lesson.id)
            + f"   (or leave it out: fastcompanion lesson skip {lesson.id} --step {step})",
            code=Exit.CHECK_SAYS_NO,
        )


def _open_cards(lesson: Lesson, own: Sequence[Event], deck: Mapping[str, ReviewCard]) -> list[Card]:
    """Give the questions without an answer of the learner's: the author's, and those taken."""
    seen = {event.data.get("card") for event in own if event.kind == "card.answered"}
    taken = [Card(name, card.front) for name, card in deck.items() if not card.back]
    return [card for card in (*lesson.cards, *taken) if card.id not in seen]


def _known_cards(
    lesson: Lesson, answers: Mapping[str, str], deck: Mapping[str, ReviewCard]
) -> dict[str, str]:
    """Give the answers that say something; all of them must be to cards of the lesson."""
    known = [*(card.id for card in lesson.cards), *deck]
    for name in answers:
        if name not in known:
            meant = did_you_mean(name, known) or f" (it has {', '.join(known) or 'none'})"
            raise CompanionError(
                f"{lesson.id} has no card {name!r}{meant}",
                hint=f"fastcompanion lesson show {lesson.id}",
                code=Exit.USAGE,
            )
    return {name: text.strip() for name, text in answers.items() if text.strip()}


def _new_answers(own: Sequence[Event], answers: Mapping[str, str]) -> dict[str, str]:
    """Leave out what was said before in the same words."""
    said = {
        (event.data.get("card"), event.data.get("answer"))
        for event in own
        if event.kind == "card.answered"
    }
    return {card: text for card, text in answers.items() if (card, text) not in said}


def _waiting(lesson: Lesson, rest: Sequence[Card], every: int, note: str) -> CompanionError:
    """Name the questions that are open, one on a line, and the command that answers them all."""
    questions = "".join(f"\n  {card.id}: {card.question}" for card in rest)
    words = [f'--answer {card.id}="..."' for card in rest]
    words.append(f"--note {shlex.quote(note)}" if note.strip() else '--note "one sentence"')
    return CompanionError(
        f"{_counted(lesson, rest, every)}; the other {len(rest)} wait for an answer:{questions}",
        hint=f"fastcompanion lesson done {lesson.id} watch {' '.join(words)}",
        code=Exit.USAGE,
    )


def _counted(lesson: Lesson, rest: Sequence[Card], every: int) -> str:
    return f"{every - len(rest)} of {every} questions of {lesson.id} answered"


def _ask_all(
    study: Workspace,
    lesson: Lesson,
    rest: Sequence[Card],
    deck: Mapping[str, ReviewCard],
    ask: Callable[[str], str],
) -> int:
    """Ask card by card, each answer kept at once, and say how far it came when it breaks off."""
    every = len(lesson.cards) + len(deck)
    for number, card in enumerate(rest):
        try:
            answer = _insist(ask, card.question)
        except (KeyboardInterrupt, EOFError):
            raise CompanionError(
                f"interrupted; {_counted(lesson, rest[number:], every)}, and kept",
                hint=f"fastcompanion lesson done {lesson.id} watch",
                code=Exit.INTERRUPTED,
            ) from None
        _keep_answer(study, lesson, card.id, answer, deck)
    return len(rest)


def _insist(ask: Callable[[str], str], question: str) -> str:
    """Ask until something is said; an honest "don't know yet" is an answer too."""
    while not (said := ask(question).strip()):
        question = f"{question} (in a few words; don't know yet is an answer too)"
    return said


def _sentence(note: str, step: Step, ask: Callable[[str], str] | None) -> str:
    question = {
        "watch": "What was it about? One sentence",
        "run": "What did you change, and what came of it? One sentence",
        "reproduce": "How did you compare your result? One sentence",
        "repeat": "Which data, and how good against the naive baseline? One sentence",
    }[step]
    if not note.strip() and ask is not None:
        note = _insist(ask, question)
    if len(note.strip()) < _SHORTEST_NOTE:
        raise CompanionError(
            f"a sentence is missing: {question.partition('?')[0].lower()}?",
            hint='--note "one sentence of your own"',
            code=Exit.USAGE,
        )
    return note.strip()


def skip(
    study: Workspace,
    text: str | None,
    step: Step | None = None,
    *,
    undo: bool = False,
    dry_run: bool = False,
) -> Skipped:
    """Leave a lesson (or a step) out, or take that back. Both are kept in the history."""
    past = events.read(study)
    course, lesson = lessons.find(study, text, past=past)
    own = [event for event in past if event.lesson == lesson.id]
    marks = [e for e in own if e.kind == "lesson.skipped" and e.data.get("step") == step]
    changed = bool(marks) == undo
    if not changed or dry_run:
        after = progress.next_in_lesson(course, lesson, own)
        return Skipped(lesson.id, lesson.title, step, undo, changed, after, None)
    what = f"{step} of {lesson.id}" if step else lesson.id
    commit = _unskip(study, marks, what) if undo else _skip(study, lesson, step, what)
    after = lessons.next_of(study, course, lesson)
    return Skipped(lesson.id, lesson.title, step, undo, True, after, commit)


def _skip(study: Workspace, lesson: Lesson, step: Step | None, what: str) -> CommitResult | None:
    data = {"step": step} if step else {}
    return events.record(study, "lesson.skipped", lesson.id, data, commit=f"Skip {what}").commit


def _unskip(study: Workspace, marks: Sequence[Event], what: str) -> CommitResult | None:
    commit = None
    for mark in marks:
        # Without the lesson: to take a lesson up again is not to have worked on it.
        made = events.record(study, UNDONE, None, {"id": mark.id}, commit=f"Take {what} up again")
        commit = made.commit
    return commit
