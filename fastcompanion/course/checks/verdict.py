"""From what ran to a verdict: the outcomes of a check and the words for them. Pure.

Whatever runs a plan (a fresh kernel, the warm worker) gives one outcome per section that was
reached; `verdicts` turns plan and outcomes into one verdict per section. The whole speaks of the
first section that fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from fastcompanion.base.errors import Exit
from fastcompanion.base.kernel import CellResult
from fastcompanion.base.records import frozen
from fastcompanion.course.checks.plan import Plan, PlannedSection
from fastcompanion.course.environments import programs
from fastcompanion.course.model import Checkpoint
from fastcompanion.course.notebooks import execution
from fastcompanion.course.recorded import judge

Verdict = Literal[
    "passed",
    "self-assessed",
    "to-assess",
    "wrong value",
    "not attempted",
    "not reached",
    "lesson broken here",
    "could not check",
]
GOOD: frozenset[Verdict] = frozenset({"passed", "self-assessed"})
BY_THE_LEARNER: frozenset[Verdict] = frozenset({"to-assess", "self-assessed"})
FINE: frozenset[Verdict] = GOOD | {"to-assess"}
_MISSING: frozenset[Verdict] = frozenset({"lesson broken here", "could not check"})
# The place of what was found, in the words of a missing value; advice that helps where it is a name.
_NOTHING = re.compile(
    r"found nothing like it(?: among the names of this section \([^)]*\))?; the nearest is (.*?)"
    r"(?:\. (?:Give it a name|If yours has another name).*)?$",
    re.DOTALL,
)
UNCOMPARED = "it ran, but too little of yours could be compared with the original"
CHANGED = "your code has changed since you assessed it"
BROKEN = "fastcompanion env create --as-of lesson"
NO_DATA = (
    "fastcompanion lesson run --data FOLDER   (shows the lesson's data, which is not here, beside your "
    "notebook)"
)
_GPU = re.compile(r"cuda|nvidia|no gpu|hip error|mps backend", re.IGNORECASE)


@frozen
class Failure:
    """Why a section's cells did not run to the end; `line` is the learner's own, from 1."""

    cell: int
    status: str
    error_name: str = ""
    error_value: str = ""
    line: int | None = None
    text: str = ""
    deeper: str = ""
    traceback: tuple[str, ...] = ()


@frozen
class Outcome:
    """What became of one section: its failure if any, and what the judge said of each checkpoint.

    `observed` is what the observer saw, where recorded checks ask for it.
    """

    id: str
    failure: Failure | None = None
    judged: tuple[Mapping[str, Any], ...] | None = None
    seconds: float = 0.0
    trace: str = ""
    observed: Mapping[str, Any] | None = None


@frozen
class CheckpointVerdict:
    """One checkpoint: what was expected and found (never the answer), and the likely mistake."""

    name: str
    passed: bool
    expected: str
    found: str = ""
    found_name: str = ""
    message: str = ""
    mistake: str = ""


@frozen
class SectionVerdict:
    """One section's verdict; `cell` counts all cells from 1, as a person does."""

    id: str
    title: str
    verdict: Verdict
    message: str = ""
    hint: str = ""
    cell: int | None = None
    line: int | None = None
    source_line: str = ""
    checkpoints: tuple[CheckpointVerdict, ...] = ()
    strength: str = ""
    with_solution: bool = False
    seconds: float = 0.0


def expected(point: Checkpoint) -> str:
    """Say what a checkpoint asks for: kind, shape, about; never the answer."""
    # What is shown or printed has a place ("shown:2") and no name.
    name = "" if ":" in point.name else point.name
    named = point.shape if point.shape.startswith(name) and name else f"{name} {point.shape}"
    about = f": {point.about}" if point.about else ""
    return f"{point.kind} {named.strip()}".strip() + about


def verdicts(
    plan: Plan,
    outcomes: Sequence[Outcome],
    *,
    assessed: Mapping[str, str] | None = None,
    solved: Iterable[str] = (),
) -> tuple[SectionVerdict, ...]:
    """Give each section's verdict, in order.

    `assessed` maps sections to the key of the code that the learner assessed; `solved` are those
    whose solution was shown. Sections where nothing is to be done are left out unless they fail.
    """
    by_id = {outcome.id: outcome for outcome in outcomes}
    found: list[SectionVerdict] = []
    seen_solution = set(solved)
    for section in plan.sections:
        outcome = by_id.get(section.id)
        failed_before = any(one.verdict not in FINE for one in found)
        verdict = _verdict(plan, section, outcome, dict(assessed or {}), failed_before)
        broken = outcome is not None and verdict.verdict not in FINE
        if section.has_work or broken:
            found.append(_marked(verdict, section, outcome, section.id in seen_solution))
    return tuple(found)


def _marked(
    verdict: SectionVerdict, section: PlannedSection, outcome: Outcome | None, solved: bool
) -> SectionVerdict:
    seconds = round(outcome.seconds, 3) if outcome else 0.0
    fields = {**vars(verdict), "with_solution": solved, "seconds": seconds}
    return SectionVerdict(**{**fields, "strength": _strength(verdict, section)})


def _strength(verdict: SectionVerdict, section: PlannedSection) -> str:
    """Give the measured strength; it was measured with everything compared, so else it is none."""
    left_out = section.recorded is not None and verdict.verdict == "passed" and verdict.message
    return "" if left_out or verdict.verdict in BY_THE_LEARNER else section.strength


def _verdict(
    plan: Plan,
    section: PlannedSection,
    outcome: Outcome | None,
    assessed: Mapping[str, str],
    failed_before: bool,
) -> SectionVerdict:
    if outcome is None:
        return _plain(section, "not reached", "an earlier section stopped the run")
    if outcome.failure is not None:
        stopped = _stopped(section, outcome.failure, failed_before)
        return _behind(plan, section, outcome, stopped)
    if section.has_work and not section.attempted:
        return _plain(section, "not attempted", "there is no code of yours here yet")
    if section.recorded is not None:
        return _recorded(plan, section, outcome, assessed)
    if outcome.judged is not None and section.checkpoints:
        return _judged(plan, section, outcome.judged)
    return _looked_at(section, outcome.judged or (), assessed)


def _recorded(
    plan: Plan, section: PlannedSection, outcome: Outcome, assessed: Mapping[str, str]
) -> SectionVerdict:
    """Judge by what was recorded; where nothing could be compared, the learner judges."""
    assert section.recorded is not None
    if outcome.observed is None:
        return _plain(section, "could not check", _ENDINGS["not-judged"])
    names = [point.name for point in section.promised]
    points = judge.points(section.recorded, outcome.observed, section.mapping, names)
    failing = any(one["state"] != "passed" for one in points)
    other = judge.other_way(section.recorded, outcome.observed, points)
    other = other or judge.says_little(section.recorded, points)
    if failing or (any(one["hard"] for one in points) and not other):
        found = _judged(plan, section, points)
        return replace(found, message=found.message or _left_out(section, points))
    said = _uncompared(section, points, outcome.observed)
    return _looked_at(section, outcome.judged or (), assessed, said=said)


def _uncompared(
    section: PlannedSection, points: Sequence[Mapping[str, Any]], observed: Mapping[str, Any]
) -> str:
    """Say what could not be compared and how to have it compared; what was done is not known."""
    missing = _unmatched(section, points)
    own = [name for name in missing if name in (*section.bound, *section.mapping)]
    if not missing:
        return f"{UNCOMPARED}, so judge it yourself"
    said = f"{UNCOMPARED}: nothing of yours could be taken for {_listed(missing)}"
    if own:
        return f"{said} ({_listed(own)} may take or give something else), so judge it yourself"
    wanted = {one.name for one in section.promised} | set(section.mapping.values())
    others = [
        name
        for name, one in (observed.get("values") or {}).items()
        if one.get("k") == "function" and name not in wanted
    ]
    mine = others[0] if len(others) == 1 else "your_name"
    line = f"`# fc: {missing[0]} = {mine}`"
    return f"{said}. If one is yours, {line} has it compared; else judge it yourself"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _unmatched(section: PlannedSection, points: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the original's functions that nothing of the learner's was compared with."""
    assert section.recorded is not None
    found = {str(one["name"]) for one in points}
    asked = [one.name for one in section.recorded.functions if one.stability == "exact"]
    return [name for name in asked if name not in found]


def _left_out(section: PlannedSection, points: Sequence[Mapping[str, Any]]) -> str:
    """Name the functions that a passed section was not compared by: they may be wrong."""
    missing = _unmatched(section, points)
    if not missing:
        return ""
    names = _listed(missing)
    own = next((name for name in missing if name not in (*section.bound, *section.mapping)), "")
    another = f" (under another name? `# fc: {own} = your_name`)" if own else ""
    return f"nothing of yours could be compared with {names}, so that was not checked{another}"


def _looked_at(
    section: PlannedSection,
    seen: Sequence[Mapping[str, Any]],
    assessed: Mapping[str, str],
    said: str = "",
) -> SectionVerdict:
    """Say what there is of what the scaffold promised; whether it is right, the learner judges."""
    verdict: Verdict = "to-assess"
    why = f" ({section.reason})" if section.reason else ""
    said = said or f"it ran; there is no hard check here{why}, so judge it yourself"
    if assessed.get(section.id) in ("", section.key):
        verdict, said = "self-assessed", "by you; there is no hard check here"
    elif section.id in assessed:
        said = CHANGED
    promised = {point.name: point for point in section.promised}
    points = tuple(_glance(promised[str(one["name"])], one) for one in seen)
    message = ". ".join(part for part in (said, _inventory(points)) if part)
    return SectionVerdict(section.id, section.title, verdict, message, checkpoints=points)


def _glance(point: Checkpoint, seen: Mapping[str, Any]) -> CheckpointVerdict:
    state, found = str(seen["state"]), str(seen.get("found", ""))
    name = str(seen.get("found_name", ""))
    message = f"missing: `{point.name}`" if state == "absent" else ""
    if state == "differs":
        message = f"`{name}` {seen.get('message', '')}"
    return CheckpointVerdict(point.name, state == "there", expected(point), found, name, message)


def _inventory(points: Sequence[CheckpointVerdict]) -> str:
    """List what is there with its value, what is missing, what differs."""
    there = [_with_name(one) for one in points if one.passed]
    missing = [f"`{one.name}`" for one in points if not one.found_name]
    others = [one.message for one in points if one.found_name and not one.passed]
    parts = [f"there: {', '.join(there)}"] if there else []
    if missing:
        another = f" (under another name? `# fc: {missing[0].strip('`')} = your_name`)"
        parts.append(f"missing: {', '.join(missing)}{another}")
    return "; ".join([*parts, *others])


def _with_name(point: CheckpointVerdict) -> str:
    own = f"`{point.found_name}` {point.found}"
    return own if point.found_name == point.name else f"{own} for `{point.name}`"


def _plain(section: PlannedSection, verdict: Verdict, message: str) -> SectionVerdict:
    return SectionVerdict(section.id, section.title, verdict, message)


def _behind(
    plan: Plan, section: PlannedSection, outcome: Outcome, stopped: SectionVerdict
) -> SectionVerdict:
    """Look for a known mistake behind an error: it tells the learner more than the error does."""
    judged = outcome.judged or ()
    if stopped.verdict != "not reached" or not any(found.get("mistake") for found in judged):
        return stopped
    known = _judged(plan, section, [found for found in judged if found.get("mistake")])
    message = f"{known.message} (and then {stopped.message})"
    place = {"cell": stopped.cell, "line": stopped.line, "source_line": stopped.source_line}
    return SectionVerdict(**{**vars(known), **place, "message": message})


_ENDINGS: dict[str, str] = {
    "timeout": "a cell took longer than its budget",
    "died": "the kernel died",
    "too-much-output": "a cell wrote too much output",
    "asked-for-input": "a cell asks for input(), and nobody can answer",
    "exited": "a cell ended the program (sys.exit or quit)",
    "not-run": "the time budget was used up",
    "not-judged": "the kernel did not survive the check of this section",
}
_CURES: dict[str, str] = {
    "timeout": "Give more time: --cell-timeout SECONDS, --budget SECONDS",
    "not-run": "Give more time: --budget SECONDS",
    "asked-for-input": "Give the value a name instead of asking for it.",
    "too-much-output": "Print less, or raise check.output_mb.",
    "exited": "Take the line out: the notebook has to run to its end.",
}


def _stopped(section: PlannedSection, failure: Failure, failed_before: bool) -> SectionVerdict:
    verdict, hint = _why_stopped(section, failure, failed_before)
    line = f", line {failure.line}" if failure.line else ""
    what = f"{failure.error_name}: {failure.error_value}".strip(": ")
    ending = _ENDINGS.get(failure.status, "it stopped")
    message = f"cell {failure.cell + 1}{line}: {what or ending}"
    if failure.status in _ENDINGS and what and what not in ending:
        message = f"cell {failure.cell + 1}{line}: {ending} ({what})"
    if failure.deeper:
        message += f"; at `{failure.deeper}`"
    return SectionVerdict(
        section.id,
        section.title,
        verdict,
        message,
        hint,
        cell=failure.cell + 1,
        line=failure.line,
        source_line=failure.text[:200],
    )


def _why_stopped(
    section: PlannedSection, failure: Failure, failed_before: bool
) -> tuple[Verdict, str]:
    """Tell the learner's error from a broken lesson and from what this machine lacks."""
    if failure.status != "error":
        return "could not check", _CURES.get(failure.status, "Run the cell in Jupyter to see more.")
    if failure.error_name in ("ModuleNotFoundError", "ImportError"):
        return "could not check", "fastcompanion env create   (the kernel lacks a package)"
    if _reason(failure) == "program":
        return "could not check", programs.cure(failure.error_value)
    if failure.error_name == "MemoryError" or _GPU.search(failure.error_value):
        return "could not check", "This machine lacks what the cell needs; see `doctor`."
    given = any(cell.index == failure.cell and cell.is_given for cell in section.cells)
    if given and not failed_before:
        return (
            ("could not check", NO_DATA)
            if _reason(failure) in ("network", "account", "file")
            else ("lesson broken here", BROKEN)
        )
    return "not reached", ""


def _reason(failure: Failure) -> execution.Reason:
    """Sort an error by its cause: a given cell may want data, or a program, that is not here."""
    result = CellResult(
        failure.cell,
        "error",
        failure.error_name,
        failure.error_value,
        failure.traceback,
    )
    return execution.reason_of(result)


def _judged(
    plan: Plan, section: PlannedSection, judged: Sequence[Mapping[str, Any]]
) -> SectionVerdict:
    told = {str(found["name"]): found for found in judged}
    points = tuple(
        _checkpoint(point, told[point.name], plan.mistakes)
        for point in section.checkpoints
        if point.name in told
    )
    failing = next((found for found in judged if found["state"] != "passed"), None)
    if failing is None:
        return SectionVerdict(section.id, section.title, "passed", checkpoints=points)
    point = next(one for one in points if one.name == failing["name"])
    verdict: Verdict = "wrong value"
    if failing["state"] in ("slow", "unchecked"):
        verdict = "could not check"
    elif failing["state"] == "needs":
        verdict = "not reached"
    line = str(failing.get("line", ""))
    return SectionVerdict(
        section.id,
        section.title,
        verdict,
        point.message,
        point.mistake,
        source_line=line[:200],
        checkpoints=points,
    )


def _checkpoint(
    point: Checkpoint, found: Mapping[str, Any], mistakes: Mapping[str, str]
) -> CheckpointVerdict:
    state = str(found["state"])
    mistake = judge.sentence(mistakes, str(found.get("mistake", "")))
    message = "" if state == "passed" else _message(point, found)
    return CheckpointVerdict(
        point.name,
        state == "passed",
        expected(point),
        # What could not be judged yet is not shown as if it were wrong.
        "" if state == "needs" else str(found.get("found", "")),
        str(found.get("found_name", "")),
        _plainly(message) if mistake else message,
        mistake,
    )


def explained(section: SectionVerdict, sentence: str) -> SectionVerdict:
    """Add what was probably done; then what is missing is no question of names any more."""
    return replace(section, message=_plainly(section.message), hint=sentence)


def _plainly(message: str) -> str:
    """Say what was found instead, in place of how to name what is not there."""
    return _NOTHING.sub(r"found \1", message)


def _message(point: Checkpoint, found: Mapping[str, Any]) -> str:
    state, said = str(found["state"]), str(found.get("message", ""))
    if state == "missing":
        return said or _missing(point, found)
    if state == "needs":
        return f"{point.name} rests on {said}, which has not passed yet"
    if state == "slow":
        return f"{point.name}: checking it {said}"
    is_there = f"expected {expected(point)}; found {found.get('found', '')}"
    told = f"{is_there}, which led to {said}" if state == "raised" else said or is_there
    return _blamed(point, found, told)


def _missing(point: Checkpoint, found: Mapping[str, Any]) -> str:
    names = ", ".join(found.get("bound", ())) or "none"
    near = f"; the nearest is {found['near']}" if found.get("near") else ""
    return (
        f"expected {expected(point)}; found nothing like it among the names of this section "
        f"({names}){near}. If yours has another name: `# fc: {point.name} = your_name`"
    )


def _blamed(point: Checkpoint, found: Mapping[str, Any], told: str) -> str:
    """Say which variable is spoken of when it is not the one that was asked for."""
    name, by = str(found.get("found_name", point.name)), found.get("by")
    if name == point.name:
        return told
    if by != "kind":
        return f"`{name}` was taken for `{point.name}`: {told}"
    others = found.get("others") or ("your_name",)
    mapping = f"if yours is another: `# fc: {point.name} = {others[0]}`"
    told = told.rstrip(".")
    if found.get("mistake"):
        return f"`{name}` was taken for `{point.name}`: {told}; {mapping}"
    return f"`{point.name}` is missing. The nearest is `{name}`: {told}; {mapping}"


def first_failing(sections: Sequence[SectionVerdict]) -> SectionVerdict | None:
    """Give the section that the whole verdict speaks of."""
    return next((one for one in sections if one.verdict not in FINE), None)


def brief(section: SectionVerdict) -> dict[str, Any]:
    """Give what is worth keeping of a failing section, so that `ask` need not run it again."""
    points = [
        {"expected": one.expected, "found": one.found, "message": one.message}
        for one in section.checkpoints
        if not one.passed
    ]
    kept = ("id", "verdict", "message", "hint", "cell", "line", "source_line")
    return {**{name: getattr(section, name) for name in kept}, "points": points}


def exit_code(sections: Sequence[SectionVerdict]) -> Exit:
    """Give the exit code of design section 7: 0 all fine, 4 wrong or not reached, 5 not possible."""
    failing = first_failing(sections)
    if failing is None:
        return Exit.DONE
    return Exit.MISSING if failing.verdict in _MISSING else Exit.CHECK_SAYS_NO
