"""The gate of a recorded section: what has to pass passes, and planted mistakes are caught.

The original passes its own check, and so do a renamed and reformatted copy and copies in another
style; what fails there is not recorded. The empty section and the code of another section must not
pass, and of at least five planted mistakes that neither crash nor change nothing four in five must
be caught. Else a learner judges that section, and is told why.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.course.checks import plan, verdict
from fastcompanion.course.checks.mutants import renamed, renaming
from fastcompanion.course.checks.plan import Plan, PlannedSection
from fastcompanion.course.checks.verdict import Outcome
from fastcompanion.course.checks.warm import Warm
from fastcompanion.course.recorded import agree, judge
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import (
    KnownMistake,
    Record,
    RecordedSection,
    Status,
    Strength,
)
from fastcompanion.course.recording import naming, rewrites
from fastcompanion.course.recording.measure import Measured, own_cells, seeding
from fastcompanion.course.recording.original import Original, Part
from fastcompanion.course.recording.planting import Planted, ordered
from fastcompanion.course.recording.pool import Pool

ENOUGH = 0.8
FEWEST = 5
NOT_MEASURED = "not measured within the budget"
TOO_LITTLE = (
    "too little to measure: {planted} planted mistakes changed anything, {fewest} are needed"
)
WEAK = "its check catches only {caught} of {planted} planted mistakes"
LAX = "its check also passes {what}"
REJECTS = "nothing firm is left of it that copies of the original in another style have too"
UNSTEADY = "the original, run once more, did not get through it"
_SHORTEST = 3.0  # seconds that a changed cell may always compute
_PATIENCE = 30.0  # seconds that it may always take: other programs may keep the machine busy
# What is left out can't be found in the learner's own code, as a wrong sign or name can.
_LEFT_OUT = frozenset({"term", "call", "statement", "minus", "item"})
_TRIED = 2  # times the wanted number of mistakes, as some crash


@frozen
class Gate:
    """One section behind the gate: what is recorded of it, and the mistakes that were not caught."""

    section: RecordedSection
    survivors: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        whole = recorded.to_json(Record("", (), {}, (self.section,)))
        return {"record": whole, "survivors": list(self.survivors)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: Path) -> Gate:
        """Read it back."""
        [section] = recorded.from_json(data["record"], path).sections
        return cls(section, tuple(data["survivors"]))


@frozen
class _Fate:
    """What became of one planted mistake."""

    what: str  # "caught", "survived", "crashed", "equivalent", "lost"
    observed: Mapping[str, Any] | None = None


@frozen
class _Copy:
    """A copy of the original to run.

    `must` takes functions out as well that found no candidate; `trace` adds digests of all values.
    """

    sections: tuple[PlannedSection, ...]
    must: bool = False
    trace: bool = False


class Trials:
    """The trials of one notebook in warm workers."""

    def __init__(
        self,
        made: Original,
        found: Measured,
        pool: Pool,
        most: int,
        *,
        finished: bool = False,
    ) -> None:
        """Run the original, and leave out what copies of it in other styles don't have.

        Nothing is left out of what is `finished`: that is taken as it stands.
        """
        self._made, self._most, self._pool = made, most, pool
        self._drafts = dict(found.drafts)
        self._kinds = found.kinds
        self._start = seeding(0)
        self._traces: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        if finished:
            self._look(made.sections)
        else:
            self._prune()

    def _run(
        self,
        worker: Warm,
        sections: Iterable[PlannedSection],
        *,
        trace: bool = False,
        cell_seconds: float | None = None,
        cpu_seconds: float | None = None,
    ) -> tuple[Outcome, ...]:
        """Run sections after the seeds; their outcomes without that of the seeds."""
        asked = (self._start, *sections)
        found = worker.run(asked, trace=trace, cell_seconds=cell_seconds, cpu_seconds=cpu_seconds)
        return found[1:]

    def _look(self, sections: tuple[PlannedSection, ...]) -> None:
        """Run the original, to know its effects and its times; it has to pass where it is checked."""
        [told] = self._without_failing([_Copy(sections, must=True, trace=True)])
        for outcome in told:
            looking = float((outcome.observed or {}).get("seconds", 0.0))
            self._traces[outcome.id] = outcome.trace
            self._seconds[outcome.id] = outcome.seconds - looking

    def _prune(self) -> None:
        """Take out of the drafts what the original or a copy in another style does not have."""
        self._look(self._asked(self._made.sections, {}))
        sources = self._made.sources
        names = renaming(sources.values())
        reformatted = {index: renamed(source, names) for index, source in sources.items()}
        copies = [_Copy(self._asked(self._rewritten(reformatted), names))]
        if styled := rewrites.in_another_style(sources):
            copies.append(_Copy(self._asked(self._rewritten(styled), {})))
        *_, told = self._without_failing(copies)
        # One style that this notebook does not bear would hide the others.
        if styled and told and told[-1].failure is not None:
            changes = [changed for style in rewrites.STYLES if (changed := style(sources))]
            self._without_failing([_Copy(self._asked(self._rewritten(c), {})) for c in changes])

    def _rewritten(self, sources: Mapping[int, str]) -> tuple[PlannedSection, ...]:
        return tuple(_with_sources(section, sources) for section in self._made.sections)

    def _asked(
        self, sections: Sequence[PlannedSection], mapping: Mapping[str, str]
    ) -> tuple[PlannedSection, ...]:
        """Let sections be checked by what is recorded of them so far."""
        return tuple(
            _checked(s, self._drafts[s.id], mapping) if s.id in self._drafts else s
            for s in sections
        )

    def _without_failing(self, copies: Sequence[_Copy]) -> list[tuple[Outcome, ...]]:
        """Run copies that have to pass, side by side; take out of the drafts what does not."""

        def run(worker: Warm, one: _Copy) -> tuple[Outcome, ...]:
            return self._run(worker, one.sections, trace=one.trace)

        found = list(self._pool.map(run, copies))
        for one, outcomes in zip(copies, found, strict=True):
            self._leave_out(one, outcomes)
        return found

    def _leave_out(self, one: _Copy, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            draft = self._drafts.get(outcome.id)
            if draft is None or outcome.observed is None or outcome.failure is not None:
                continue
            section = next(own for own in one.sections if own.id == outcome.id)
            promised = [point.name for point in section.promised]
            points = judge.points(draft, outcome.observed, section.mapping, promised)
            states = {str(point["name"]): point["state"] for point in points}
            self._drafts[outcome.id] = replace(
                draft,
                outcomes=tuple(
                    o for o in draft.outcomes if states.get(o.key, "passed") == "passed"
                ),
                functions=tuple(
                    f
                    for f in draft.functions
                    if states.get(f.name, "" if one.must else "passed") == "passed"
                ),
            )

    def gate(
        self, section: str, left: Callable[[], float], tell: Callable[[str], None]
    ) -> Gate | None:
        """Put one section through the gate; None when the time is up before its end."""
        part = next(one for one in self._made.work if one.id == section)
        draft = self._drafts[section]
        if section not in self._traces:
            return Gate(_soft(draft, UNSTEADY))
        if not _has_firm(draft):
            return Gate(_soft(draft, REJECTS))
        if left() <= 0:
            return None
        others = self._others(part)

        def outcome_of(worker: Warm, other: tuple[str, PlannedSection]) -> Outcome:
            return self._tried(worker, part, other[1], list(self._seconds))[1]

        told = list(self._pool.map(outcome_of, others))
        draft = self._drafts[section] = _without_idle(draft, others[0][1], told[0])
        if not _has_firm(draft):
            return Gate(_soft(draft, LAX.format(what=others[0][0])))
        for (what, other), outcome in zip(others, told, strict=True):
            if _verdict_of(_checked(other, draft, {}), outcome) == "passed":
                return Gate(_soft(draft, LAX.format(what=what)))
        return self._mutants(part, draft, left, tell)

    def _others(self, part: Part) -> list[tuple[str, PlannedSection]]:
        """Give what must not pass: the section without its work, and with that of its neighbour."""
        planned = part.planned
        empty = replace(planned, cells=tuple(c for c in planned.cells if c.is_given), bound=())
        found = [("the empty section", empty)]
        work = list(self._made.work)
        place = work.index(part)
        neighbours = [*work[place + 1 : place + 2], *work[max(0, place - 1) : place]][:1]
        for other in neighbours:
            cells = tuple(c for c in planned.cells if c.is_given)
            cells += tuple(c for c in other.planned.cells if not c.is_given)
            swapped = replace(planned, cells=cells, bound=other.planned.bound)
            found.append(("the code of another section", swapped))
        return found

    def _head(self, part: Part, changed: PlannedSection) -> list[PlannedSection]:
        """Give the sections up to one that is changed."""
        found: list[PlannedSection] = []
        for section in self._made.sections:
            if section.id == part.id:
                return [*found, changed]
            found.append(section)
        return found

    def _tail(self, part: Part) -> list[PlannedSection]:
        ids = [section.id for section in self._made.sections]
        return list(self._made.sections[ids.index(part.id) + 1 :])

    def _tried(
        self, worker: Warm, part: Part, changed: PlannedSection, like: Sequence[str] = ()
    ) -> tuple[list[PlannedSection], Outcome]:
        """Run a changed section in the place of the original's, behind the ones before it.

        It may take some times as long as that one, or as the sections whose code it is `like`.
        """
        checked = _checked(changed, self._drafts[part.id], {})
        head = self._head(part, checked)
        before = self._run(worker, head[:-1])
        if before and before[-1].failure is not None:
            return head, before[-1]
        # A mistake that never ends is given up soon, however slow other sections are.
        own = max(self._seconds.get(name, 0.0) for name in (part.id, *like))
        cpu_seconds, seconds = max(_SHORTEST, 3 * own), max(_PATIENCE, 10 * own)
        return head, self._run(worker, head, cell_seconds=seconds, cpu_seconds=cpu_seconds)[-1]

    def _mutants(
        self,
        part: Part,
        draft: RecordedSection,
        left: Callable[[], float],
        tell: Callable[[str], None],
    ) -> Gate | None:
        counts = dict.fromkeys(("caught", "survived", "crashed", "equivalent", "lost"), 0)
        survivors: list[str] = []
        known: list[KnownMistake] = []
        planted = ordered(self._made.mistakes(part, self._kinds))
        tried = 0
        with closing(self._fates(part, planted[: _TRIED * self._most])) as fates:
            for one, fate in zip(planted, fates, strict=False):
                tried += 1
                tell(f"{part.planned.title}, mistake {tried}")
                counts[fate.what] += 1
                if fate.what == "survived":
                    survivors.append(f"cell {one.cell}: {one.mutant.name}")
                elif fate.what == "caught" and fate.observed is not None:
                    known += _known(draft, fate.observed, f"m{tried}", one)
                if is_decided(counts["caught"], counts["survived"], self._most):
                    break
                if left() <= 0:
                    return None
        strength = Strength(
            counts["caught"],
            counts["caught"] + counts["survived"],
            counts["crashed"],
            counts["equivalent"],
        )
        status, reason = _judged(strength)
        if status == "hard":
            known += self._more(part, draft, planted[tried:], left)
        mistakes = tuple(_distinct(known)) if status == "hard" else ()
        section = replace(draft, status=status, reason=reason, strength=strength, mistakes=mistakes)
        return Gate(section, tuple(survivors))

    def _more(
        self,
        part: Part,
        draft: RecordedSection,
        rest: Sequence[Planted],
        left: Callable[[], float],
    ) -> list[KnownMistake]:
        """Know more of what people leave out; these mistakes count for nothing but their names."""
        known: list[KnownMistake] = []
        forgotten = self._made.forgotten(part, self._kinds)
        others = [one for one in rest if one.mutant.operator in _LEFT_OUT]
        pairs = zip_longest(others, forgotten)
        chosen = [one for pair in pairs for one in pair if one is not None][: 2 * self._most]
        with closing(self._fates(part, chosen, caught=True)) as fates:
            for number, (one, fate) in enumerate(zip(chosen, fates, strict=False), start=1):
                if fate.what == "caught" and fate.observed is not None:
                    known += _known(draft, fate.observed, f"n{number}", one)
                if left() <= 0:
                    break
        return known

    def _fates(
        self, part: Part, planted: Sequence[Planted], *, caught: bool = False
    ) -> Generator[_Fate, None, None]:
        """Try mistakes side by side; their fates come in order, "lost" if only `caught` ones matter."""

        def tried(worker: Warm, one: Planted) -> _Fate:
            return self._fate(worker, part, one, caught=caught)

        return self._pool.map(tried, planted)

    def fates(self, chosen: Iterable[tuple[Part, Planted]]) -> Generator[str, None, None]:
        """Say what becomes of mistakes: caught, survived, crashed, equivalent or lost."""

        def tried(worker: Warm, pair: tuple[Part, Planted]) -> str:
            return self._fate(worker, *pair, caught=False).what

        return self._pool.map(tried, chosen)

    def _fate(self, worker: Warm, part: Part, planted: Planted, *, caught: bool) -> _Fate:
        changed = _with_sources(part.planned, {planted.cell: planted.mutant.source})
        head, outcome = self._tried(worker, part, changed)
        if outcome.failure is not None:
            return _Fate("crashed" if outcome.id == part.id else "lost")
        if _verdict_of(head[-1], outcome) not in verdict.FINE:
            return _Fate("caught", outcome.observed)
        return _Fate("lost" if caught else self._later(worker, part, head))

    def _later(self, worker: Warm, part: Part, head: Sequence[PlannedSection]) -> str:
        """Say what an uncaught mistake is: one without effect, or one whose first effect is an error."""
        if worker.trace() != self._traces.get(part.id):
            return "survived"
        tail = self._tail(part)
        for end in range(1, len(tail) + 1):
            last = self._run(worker, [*head, *tail[:end]], trace=True)[-1]
            if last.failure is not None:
                return "crashed"
            if last.trace != self._traces.get(last.id):
                return "survived"
        return "equivalent"


def is_decided(caught: int, survived: int, most: int) -> bool:
    """Tell whether enough mistakes were planted, or so many slipped through that no more can mend it."""
    tried = caught + survived
    return tried >= most or (tried >= FEWEST and most - survived < ENOUGH * most)


def _judged(strength: Strength) -> tuple[Status, str]:
    """Say whether a section can be checked hard, and why not."""
    if strength.planted < FEWEST:
        return "self-assessed", TOO_LITTLE.format(planted=strength.planted, fewest=FEWEST)
    if strength.caught < ENOUGH * strength.planted:
        return "self-assessed", WEAK.format(caught=strength.caught, planted=strength.planted)
    return "hard", ""


def _soft(draft: RecordedSection, reason: str) -> RecordedSection:
    return replace(draft, status="self-assessed", reason=reason)


def _without_idle(
    draft: RecordedSection, empty: PlannedSection, outcome: Outcome
) -> RecordedSection:
    """Leave out what is right without any work: it was there before, or is given."""
    if outcome.observed is None:
        return draft
    promised = [point.name for point in empty.promised]
    points = judge.points(draft, outcome.observed, {}, promised)
    idle = {point["name"] for point in points if point["state"] == "passed"}
    return replace(
        draft,
        outcomes=tuple(one for one in draft.outcomes if one.key not in idle),
        functions=tuple(one for one in draft.functions if one.name not in idle),
    )


def _has_firm(draft: RecordedSection) -> bool:
    firm = [one for one in draft.outcomes if one.stability != "shape" and not agree.informs(one)]
    return bool(firm) or any(one.stability == "exact" for one in draft.functions)


def _with_sources(section: PlannedSection, sources: Mapping[int, str]) -> PlannedSection:
    cells = tuple(replace(c, source=sources.get(c.index, c.source)) for c in section.cells)
    own = [cell.source for cell in cells if not cell.is_given]
    return replace(section, cells=cells, bound=plan.bound_names(own))


def _checked(
    section: PlannedSection, draft: RecordedSection, mapping: Mapping[str, str]
) -> PlannedSection:
    """Let a section be checked by what was recorded of it; one that fails is not looked at."""
    asked = judge.question(draft, section.bound, mapping, own_cells(section))
    return replace(
        section,
        checkpoints=judge.checkpoints(draft, section.promised),
        recorded=draft,
        mapping=dict(mapping),
        observe={**asked, "whole": True},
    )


def _verdict_of(section: PlannedSection, outcome: Outcome) -> str:
    """Give the verdict of one section alone."""
    [found] = verdict.verdicts(Plan("", "", (section,)), (outcome,)) or (None,)
    return found.verdict if found is not None else "to-assess"


def _known(
    draft: RecordedSection, observed: Mapping[str, Any], name: str, planted: Planted
) -> list[KnownMistake]:
    """Keep what a caught mistake left, where it differs from the original."""
    values = {}
    for outcome in draft.outcomes:
        own = _own(outcome.where, outcome.name, outcome.place, observed)
        firm = outcome.stability != "shape"
        if own is not None and firm and not agree.same(outcome.fingerprint, own):
            values[outcome.key] = own
    answers = {}
    for function in draft.functions:
        tried = observed.get("replays", {}).get(function.name, ())
        plain = next((one for one in tried if one["by"] == "name" and _is_plain(one)), None)
        told = [_short(answer) for answer in plain["answers"]] if plain is not None else []
        if (
            function.stability == "exact"
            and len(told) == len(function.cases)
            and any(
                not _same_answer(case.answer, answer)
                for case, answer in zip(function.cases, told, strict=True)
            )
        ):
            answers[function.name] = told
    if not values and not answers:
        return []
    return [KnownMistake(name, naming.words(planted.mutant), values, answers)]


def _is_plain(one: Mapping[str, Any]) -> bool:
    order = list(one.get("order", ()))
    return order == sorted(order)


def _short(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of an answer what it returned and what it changed."""
    if "fp" not in answer:
        return {key: answer[key] for key in ("error", "skipped") if key in answer}
    kept: dict[str, Any] = {"fp": answer["fp"]}
    if any(one is not None for one in answer.get("changed", ())):
        kept["changed"] = answer["changed"]
    if answer.get("globals"):
        kept["globals"] = answer["globals"]
    if answer.get("asked"):
        kept["asked"] = answer["asked"]
    return kept


def _same_answer(recorded_answer: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    if "fp" not in told:
        return False
    pairs = [(recorded_answer["fp"], told["fp"])]
    mine = recorded_answer.get("changed") or ()
    other = told.get("changed") or [None] * len(mine)
    pairs += list(zip(mine, other, strict=False))
    pairs += list(zip_longest(recorded_answer.get("asked") or (), told.get("asked") or ()))
    return all(
        (a is None and b is None)
        or (a is not None and b is not None and agree.same(a, b, grads=True))
        for a, b in pairs
    )


def _own(where: str, name: str, place: int, observed: Mapping[str, Any]) -> Any:
    """Find what stands where an outcome was recorded."""
    if where == "name":
        told = observed.get("wanted", {}).get(name)
        return told["fp"] if told else observed.get("values", {}).get(name)
    if where == "shown":
        shown = observed.get("shown", ())
        return shown[place][1] if place < len(shown) else None
    printed = [one for one in observed.get("printed", ()) if one[1]]
    return agree.number(printed[place][1][-1]) if place < len(printed) else None


def _distinct(found: Iterable[KnownMistake]) -> list[KnownMistake]:
    """Keep one of those that have the same words and left the same."""
    kept: dict[str, KnownMistake] = {}
    for one in found:
        kept.setdefault(repr((one.words, dict(one.values), dict(one.answers))), one)
    return list(kept.values())
