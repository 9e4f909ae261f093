"""The likely mistake behind a wrong section: the one small change that sets the learner's code right.

Each change is tried in a fork of the state before the section, so that nothing of the learner's is
touched. What makes the whole section pass tells the place and the kind of the mistake.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.records import frozen
from fastcompanion.course.checks import plan, suspected, verdict
from fastcompanion.course.checks.mutants import renamed
from fastcompanion.course.checks.omissions import original_calls
from fastcompanion.course.checks.plan import PlannedCell, PlannedSection
from fastcompanion.course.checks.prepared import Prepared
from fastcompanion.course.checks.repairs import Repair, Words, repairs, vocabulary
from fastcompanion.course.checks.suspected import Deeper
from fastcompanion.course.checks.unused import answering, unused
from fastcompanion.course.checks.verdict import Outcome, SectionVerdict
from fastcompanion.course.checks.warm import Warm, WorkerLostError, available
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of
from fastcompanion.course.recorded import judge, words
from fastcompanion.course.recorded.record import RecordedSection

SECONDS = 10.0  # for looking, beside what runs before the section
LONGEST = 60.0  # what ran before may take so long to run again
MOST = 400  # runs of changed code
_SHORTEST = 1.0
_MOST_UNSURE = 3
_AFTER = 60  # changes to try after one was found: another line may do as well
_BATCH = 30
_FEW = 10  # of what is most likely, in one go
_EACH, _EACH_MOST = 0.5, 1.5  # seconds for the calls of one changed function
_PATIENCE = 5  # so many times longer on a busy machine
_CALLS = ("function", "extra")  # what they change may as well be a type that a call is given
_FAR = 3  # the tier of changes that bring the code no nearer to the original
_EXTRA = 2_000_000  # no notebook has so many cells
# A changed copy of code that writes would leave its own files where the learner's were.
_WRITES = re.compile(
    r"\.to_(?:csv|json|parquet|pickle|excel|feather|hdf|sql|html)\(|\bsave\w*\(|\bdump\w*\(|"
    r"\bopen\(|\.write\w*\(|\b(?:mkdir|makedirs|unlink|remove|rename|rmtree|system|Popen)\(|^\s*[!%]",
    re.MULTILINE,
)


@frozen
class Likely:
    """What was found: the cell from 1 and the line, and the words, "" where only the place is known.

    `unless` are names of earlier sections that no check looks at, and that it rests on; `other` is
    another line where a change sets it right as well.
    """

    cell: int
    line: int
    text: str
    words: str
    unless: tuple[str, ...] = ()
    other: Likely | None = None

    @property
    def sentence(self) -> str:
        """Say it to the learner, with the place and without the cure."""
        place = f"cell {self.cell}, line {self.line}"
        said = f"{self.words[:1].upper()}{self.words[1:]} ({place})."
        if not self.words:
            said = f"Look at {place}: `{self.text}`. A change there sets this section right."
        elif self.text:
            said = f"This is what comes out {self.words} ({place}: `{self.text}`)."
        if self.other is not None:
            said = f"{said} Or: {replace(self.other, unless=()).sentence}"
        names = " or ".join(f"`{name}`" for name in self.unless)
        return (
            f"{said} Unless {names}, which no check looks at, is wrong already." if names else said
        )


def explained(
    ready: Prepared,
    sections: tuple[SectionVerdict, ...],
    outcomes: Sequence[Outcome],
    interpreter: Interpreter,
    limits: Limits,
) -> tuple[SectionVerdict, ...]:
    """Say what is likely wrong in the first failing section, where looking for it takes seconds only.

    What runs before that section runs once more; a system that can't fork is told nothing more.
    """
    failing = verdict.first_failing(sections)
    ran = sum(one.seconds for one in outcomes)
    if failing is None or failing.verdict != "wrong value" or ran > LONGEST or not available():
        return sections
    if any(one.id == failing.id and _writes(one) for one in ready.plan.sections):
        return sections
    try:
        with Warm(interpreter, ready.path.parent, limits, ready.plan) as worker:
            found = likely(worker, ready, failing, outcomes)
    except WorkerLostError:
        return sections
    if found is None:
        return sections
    told = verdict.explained(failing, found.sentence)
    return tuple(told if one is failing else one for one in sections)


def _writes(section: PlannedSection) -> bool:
    """Tell whether a section's own code may write files or start programs."""
    return any(_WRITES.search(cell.source) for cell in section.cells if not cell.is_given)


@frozen
class Change:
    """A repair in a cell of the section."""

    place: int
    repair: Repair

    @property
    def at(self) -> tuple[int, int]:
        """The cell and the line."""
        return self.place, self.repair.line


def likely(
    worker: Warm,
    ready: Prepared,
    failing: SectionVerdict,
    outcomes: Sequence[Outcome],
    *,
    seconds: float = SECONDS,
    most: int = MOST,
) -> Likely | None:
    """Look for the one change that sets a wrong section right; None when there is none.

    `worker` has run the sections before it, or runs them now. `most` counts runs: many changes of
    one function are called in one go.
    """
    made = ready.plan
    ids = [one.id for one in made.sections]
    place = ids.index(failing.id)
    section = made.sections[place]
    if section.recorded is None or failing.verdict != "wrong value":
        return None
    before, begun = made.sections[:place], clock.monotonic()
    if before and worker.run(before)[-1].failure is not None:
        return None
    known = words_of(ready, section, before, failing)
    took = next((one.seconds for one in outcomes if one.id == section.id), 0.0)
    unless = _unsure(section, before, failing)
    slight = _is_slight(section.recorded, failing, unsure=bool(unless))
    search = _Search(worker, before, section, failing, took, begun + seconds, most)
    listed = changes(section, known, failing, suspected.deeper(before))
    search.look(listed, (0, 1), exactly=slight)
    if not search.hits and not slight and (lost := _unused(section, failing, unless)) is not None:
        return lost
    if not search.hits:
        # Where the record knows the mistake, no place without a kind is told in its stead.
        is_known = any(one.mistake for one in failing.checkpoints)
        search.look(listed, (2,) * (not is_known) + (3,) * (not slight), exactly=slight)
    return _told(section, search.hits, unless)


class _Search:
    """Looks for changes that set a section right, in the order of their rank.

    Where one is found, others of its rank are tried as well, and smaller ones of its statement.
    """

    def __init__(
        self,
        worker: Warm,
        before: Sequence[PlannedSection],
        section: PlannedSection,
        failing: SectionVerdict,
        took: float,
        until: float,
        most: int,
    ) -> None:
        self.worker, self.before, self.section, self.failing = worker, before, section, failing
        self.first = _first(section, failing)
        self.limit = max(_SHORTEST, 3 * took)
        self.until, self.most, self.runs = until, most, 0
        self.hits = list[Change]()

    def look(
        self, listed: Sequence[Change], tiers: Sequence[int], *, exactly: bool = False
    ) -> None:
        """Try changes by their ranks until one is found; `exactly`: better values are not enough."""
        for tier in tiers:
            told = [one for one in listed if one.repair.tier == tier]
            size = _FEW if tier < _FAR else _BATCH
            for start in range(0, len(told), size):
                if self._is_over():
                    return
                self.hits += self._right(told[start : start + size], exactly=exactly)
                if self.hits and tier < _FAR:
                    self._near([one for one in listed if one not in told[: start + size]])
                    return
                if self.hits:
                    self._others(told[start + size :][:_AFTER])
                    return

    def _near(self, rest: Sequence[Change]) -> None:
        """Try what is as small elsewhere, or smaller in the same place."""
        best = min(self.hits, key=lambda one: one.repair.rank)
        self._others(
            [
                one
                for one in rest
                if (one.repair.tier == best.repair.tier and _width(one) <= _width(best))
                or _is_inside(one, best)
            ][:_AFTER]
        )

    def _others(self, rest: Sequence[Change]) -> None:
        for start in range(0, len(rest), _BATCH):
            if not self._is_over():
                self.hits += self._right(rest[start : start + _BATCH], exactly=False)

    def _is_over(self) -> bool:
        return self.runs >= self.most or clock.monotonic() > self.until

    def _right(self, batch: Sequence[Change], *, exactly: bool) -> Iterator[Change]:
        self.runs += 1 + sum(not _is_defined(self.section, self.first, one) for one in batch)
        for change in self._promising(batch):
            other = changed(self.section, change)
            outcome = self._ran(other)
            told = _exactly(other) if exactly else other
            if _is_right(told, outcome, {one.name for one in self.failing.checkpoints}):
                yield change

    def _ran(self, section: PlannedSection) -> Outcome:
        """Run a changed section: so long as it computes, however busy the machine is."""
        return self.worker.run(
            (*self.before, section),
            cell_seconds=_PATIENCE * self.limit,
            cpu_seconds=self.limit,
        )[-1]

    def _promising(self, batch: Sequence[Change]) -> Iterator[Change]:
        """Give the changes that set one value or function right, which is quicker to see than all."""
        right = self._answering(batch)
        for number, change in enumerate(batch):
            if number in right:
                if right[number]:
                    yield change
                continue
            short = _shortened(changed(self.section, change), self.first)
            if _is_right(short, self._ran(short), {self.first}):
                yield change

    def _answering(self, batch: Sequence[Change]) -> dict[int, bool]:
        """Tell which changes of a function make it answer right, all of them called in one go."""
        section, told = self.section, self.section.recorded
        assert told is not None
        function = next((one for one in told.functions if one.name == self.first), None)
        maker = _maker(section, self.first)
        asked = [] if function is None or maker is None else _definitions(section, maker, batch)
        if function is None or maker is None or not asked:
            return {}
        own = section.mapping.get(self.first, self.first)
        names = {f"_v{number}_{own}": number for number, _ in asked}
        draft = replace(
            told, outcomes=(), functions=tuple(replace(function, name=name) for name in names)
        )
        extra = tuple(PlannedCell(_EXTRA + number, source) for number, source in asked)
        short = _looked_at(
            section,
            draft,
            (*section.cells[: maker + 1], *extra),
            each=_EACH_MOST if batch[0].repair.tier < _FAR else _EACH,
        )
        outcome, found = self._ran(short), {number: False for number, _ in asked}
        if outcome.id == short.id and outcome.failure is None and outcome.observed is not None:
            points = judge.points(draft, outcome.observed, {})
            found |= {names[p["name"]]: True for p in points if p["state"] == "passed"}
        return found


def _exactly(section: PlannedSection) -> PlannedSection:
    """Ask for the very values of the original, where better ones would do as well."""
    assert section.recorded is not None
    told = section.recorded.outcomes
    exact = tuple(replace(one, stability="exact", better="", band=None) for one in told)
    return replace(section, recorded=replace(section.recorded, outcomes=exact))


def _told(
    section: PlannedSection, hits: Sequence[Change], unless: tuple[str, ...]
) -> Likely | None:
    """Say of all changes that set a section right what they have in common, if only the line."""
    said: dict[tuple[int, int], set[str]] = {}
    first: dict[tuple[int, int], Change] = {}
    # In the place of a name that may be wrong already, any right one does.
    sure = [one for one in hits if one.repair.tier != _FAR or one.repair.text not in unless]
    for one in _likeliest(sure):
        said.setdefault(one.at, set()).add(one.repair.words if one.repair.is_plain else "")
        first.setdefault(one.at, one)
    found = [
        Likely(
            section.cells[one.place].index + 1,
            one.repair.line,
            one.repair.text,
            said[at].pop() if len(said[at]) == 1 else "",
            unless,
        )
        for at, one in first.items()
    ]
    return _joined(found) if 0 < len(found) <= judge.MOST_NAMES else None


def _likeliest(hits: Sequence[Change]) -> list[Change]:
    """Choose what is nearest to the original, and in its place what changes less than that."""
    found = sorted(hits, key=lambda one: one.repair.rank)
    inside = [one for one in found if _is_inside(one, found[0])]
    if len({one.at for one in inside}) > 1:
        inside = [one for one in inside if one.at == found[0].at]
    if inside or not found or found[0].repair.tier == _FAR:
        return inside or found
    best = found[0]
    alike = [
        one for one in found if (one.repair.tier, _width(one)) == (best.repair.tier, _width(best))
    ]
    gain = max(one.repair.gain for one in alike)
    return [one for one in alike if one.repair.gain == gain]


def _width(one: Change) -> int:
    return one.repair.rank[1]


def _is_inside(one: Change, other: Change) -> bool:
    """Does one change less than what may hold more than the mistake, and in the same place?"""
    mine, whole = one.repair, other.repair
    if mine.tier != _FAR:
        return False
    if not whole.is_plain:
        return (one.place, mine.statement) == (other.place, whole.statement)
    return (
        (whole.tier == 1 or (whole.kind in _CALLS and mine.kind == "type"))
        and mine.size < whole.size
        and one.at == other.at
        and (mine.text in whole.text or whole.text.endswith("..."))
    )


def _is_slight(told: RecordedSection, failing: SectionVerdict, *, unsure: bool) -> bool:
    """Tell whether many a change would bring what is wrong near enough to the original's.

    So it is where nothing but a number about zero is wrong, or nothing but metrics that may be
    better, which rest on what no check has looked at.
    """
    wrong = {one.name for one in failing.checkpoints if not one.passed}
    outcomes = [one for one in told.outcomes if one.key in wrong]
    return len(outcomes) == len(wrong) and all(
        one.fingerprint["k"] == "number"
        and ((unsure and one.better != "") or words.reach(one.fingerprint).endswith("about zero"))
        for one in outcomes
    )


def _joined(hits: Sequence[Likely]) -> Likely | None:
    """Say both where the same change in either of two lines sets the section right.

    Where unlike changes do, they bring the right values by another way than the mistake's.
    """
    first, *others = hits
    if any(one.words != first.words or not one.words for one in others):
        return None
    return replace(first, other=others[0]) if others else first


def _unsure(
    section: PlannedSection, before: Sequence[PlannedSection], failing: SectionVerdict
) -> tuple[str, ...]:
    """Give what the suspects use of earlier sections that have no hard check."""
    made = [name for one in before if one.has_work and one.recorded is None for name in one.bound]
    made = [name for name in made if name not in {n for o in before if o.recorded for n in o.bound}]
    places = suspected.suspects(section, failing, suspected.deeper(before))
    read = [
        names_of(node).reads
        for place, n, node in suspected.statements(section)
        if (place, n) in places
    ]
    used = [name for name in dict.fromkeys(made) if any(name in names for names in read)]
    return tuple(used[:_MOST_UNSURE])


def _unused(
    section: PlannedSection, failing: SectionVerdict, unless: tuple[str, ...]
) -> Likely | None:
    """Find what is given or worked out and never used, where no change sets the section right."""
    places, statements = (
        suspected.suspects(section, failing, {}),
        list(suspected.statements(section)),
    )
    own = answering([node for *_, node in statements])
    for place, number, node in statements:
        if (place, number) in places and not section.cells[place].is_given:
            for line, said in unused([node], own):
                return Likely(section.cells[place].index + 1, line, "", said, unless)
    return None


def _is_defined(section: PlannedSection, first: str, change: Change) -> bool:
    """Is it a change of a function that is called by itself?"""
    told, maker = section.recorded, _maker(section, first)
    if told is None or maker is None or all(one.name != first for one in told.functions):
        return False
    tree = parse_cell(section.cells[change.place].source)
    return tree is not None and isinstance(tree.body[change.repair.statement], ast.FunctionDef)


def _definitions(
    section: PlannedSection, maker: int, batch: Sequence[Change]
) -> list[tuple[int, str]]:
    """Write each change of a function under names of its own, so that many are called in one go."""
    found = []
    for number, change in enumerate(batch):
        place, at = change.place, change.repair.statement
        tree = parse_cell(section.cells[place].source)
        if tree is None or place > maker or not isinstance(tree.body[at], ast.FunctionDef):
            continue
        sources = [change.repair.source]
        sources += [cell.source for cell in section.cells[place + 1 : maker + 1]]
        trees = [one for one in map(parse_cell, sources) if one is not None]
        made = [node for one in trees for node in one.body if isinstance(node, ast.FunctionDef)]
        names = {node.name: f"_v{number}_{node.name}" for node in made}
        text = renamed(ast.unparse(ast.Module(list(made), [])), names)
        found.append(
            (number, f"try:\n{textwrap.indent(text, '    ')}\nexcept Exception:\n    pass")
        )
    return found


def _maker(section: PlannedSection, name: str) -> int | None:
    """Give the place of the last cell that makes or changes a value."""
    own = section.mapping.get(name, name)
    told = [(place, names_of(node)) for place, _, node in suspected.statements(section)]
    return max((p for p, one in told if own in (*one.binds, *one.changes)), default=None)


def _first(section: PlannedSection, failing: SectionVerdict) -> str:
    """Choose what a change has to set right first: what is made first of all that is wrong."""
    wrong = [one for one in failing.checkpoints if not one.passed]
    places = {
        name: (place, number)
        for place, number, node in reversed(list(suspected.statements(section)))
        for name in names_of(node).binds
    }
    last = (len(section.cells), 0)
    return min(wrong, key=lambda one: places.get(one.found_name or one.name, last)).name


def _shortened(section: PlannedSection, first: str) -> PlannedSection:
    """Keep of a section what makes one value or function, which is all that is looked at."""
    told = section.recorded
    assert told is not None
    draft = replace(
        told,
        outcomes=tuple(one for one in told.outcomes if one.key == first),
        functions=tuple(one for one in told.functions if one.name == first),
    )
    maker = _maker(section, first)
    return _looked_at(
        section, draft, section.cells if maker is None else section.cells[: maker + 1]
    )


def _looked_at(
    section: PlannedSection,
    draft: RecordedSection,
    cells: tuple[PlannedCell, ...],
    *,
    each: float = 0.0,
) -> PlannedSection:
    indexes = [cell.index for cell in cells if not cell.is_given]
    asked = judge.question(draft, section.bound, section.mapping, indexes)
    asked |= {"each": each} if each else {}
    points = judge.checkpoints(draft)
    return replace(
        section, cells=cells, recorded=draft, observe=asked, checkpoints=points, promised=()
    )


def _is_right(section: PlannedSection, outcome: Outcome, names: Collection[str]) -> bool:
    """Tell whether what was wrong is right now: what can't be compared any more is no cure."""
    if outcome.id != section.id or outcome.failure is not None or outcome.observed is None:
        return False
    assert section.recorded is not None
    promised = [one.name for one in section.promised]
    points = judge.points(section.recorded, outcome.observed, section.mapping, promised)
    right = {str(one["name"]) for one in points if one["state"] == "passed"}
    return len(right) == len(points) and set(names) <= right


def words_of(
    ready: Prepared,
    section: PlannedSection,
    before: Sequence[PlannedSection],
    failing: SectionVerdict,
) -> Words:
    """Gather what may stand in the place of something else."""
    names = dict.fromkeys(name for one in (*before, section) for name in one.bound)
    own, original = [cell.source for cell in section.cells], _original(ready, section.id)
    calls, numbers, texts = vocabulary([*original, *own])
    fine = frozenset(
        one.found_name or one.name
        for one in failing.checkpoints
        if one.passed and one.expected.startswith("function")
    )
    trees = [tree for one in original if (tree := parse_cell(one)) is not None]
    used = dict.fromkeys(n for one in trees for n in sorted(names_of(one).reads) if n in names)
    found = original_calls(trees)
    return Words(tuple(names), calls, numbers, texts, fine, found, tuple(used), tuple(trees))


def _original(ready: Prepared, section: str) -> list[str]:
    """Give the original's cells of a section, if the original is here."""
    try:
        book = notebook.read(lessons.original(ready.course, ready.ref))
    except CompanionError:
        return []
    return [
        str(book["cells"][index]["source"])
        for index, one in ready.origins.items()
        if one == section and index < len(book["cells"])
    ]


def changes(
    section: PlannedSection, known: Words, failing: SectionVerdict, deeper: Deeper
) -> list[Change]:
    """List the changes of all own cells where the mistake can be, likely ones first."""
    allowed, found = suspected.suspects(section, failing, deeper), list[Change]()
    for place, cell in enumerate(section.cells):
        places = frozenset(number for one, number in allowed if one == place)
        if not cell.is_given and places:
            found += [Change(place, one) for one in repairs(cell.source, known, places)]
    return sorted(found, key=lambda one: one.repair.rank)


def changed(section: PlannedSection, change: Change) -> PlannedSection:
    """Put a changed cell into a section."""
    cells = list(section.cells)
    cells[change.place] = replace(cells[change.place], source=change.repair.source)
    own = [cell.source for cell in cells if not cell.is_given]
    bound = plan.bound_names(own)
    indexes = [cell.index for cell in cells if not cell.is_given]
    assert section.recorded is not None
    asked = judge.question(section.recorded, bound, section.mapping, indexes)
    return replace(section, cells=tuple(cells), bound=bound, observe=asked)
