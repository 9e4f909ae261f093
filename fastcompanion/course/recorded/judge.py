"""From what was observed of a learner's section to judged points, as verdict.py takes them. Pure.

A value is looked for under its name, under the name that the learner maps to it, and by what it
is; a function by what it answers. What a learner has done in another way is left out, not failed.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from fastcompanion.base.records import frozen
from fastcompanion.course.model import Checkpoint, CheckpointKind
from fastcompanion.course.recorded import agree, tables, words
from fastcompanion.course.recorded.record import (
    Case,
    Fingerprint,
    KnownMistake,
    RecordedFunction,
    RecordedOutcome,
    RecordedSection,
    function_json,
)

# More names than this for one wrong value help nobody to find the place.
MOST_NAMES = 2
# Of the recorded mistakes; below it, a pass would more likely than not have come out with one too.
LITTLE = 0.5
_OR = "|"
Observation = Mapping[str, Any]
Point = dict[str, Any]
_KINDS: Mapping[str, CheckpointKind] = {
    name: name for name in get_args(CheckpointKind) if name != "value"
}
_PLACES = {"shown": "shown by this section", "printed": "printed by this section"}


@frozen
class Candidate:
    """A value of the learner's: how it is called, where it stands ("name", "shown", "printed")."""

    name: str
    where: str
    fingerprint: Fingerprint


def checkpoints(
    section: RecordedSection, promised: Sequence[Checkpoint] = ()
) -> tuple[Checkpoint, ...]:
    """Say what a section is checked for: kinds, shapes and ranges, never the answers.

    What the scaffold has promised lends its words.
    """
    known = {point.name: point for point in promised}
    return (
        *(_function_point(one, known.get(one.name)) for one in section.functions),
        *(_outcome_point(one) for one in section.outcomes),
    )


def _function_point(function: RecordedFunction, promised: Checkpoint | None) -> Checkpoint:
    if promised is not None and promised.kind == "function":
        return promised
    if any(case.steps for case in function.cases):
        about = "a class whose objects do the same"
        return promised or Checkpoint(function.name, "value", "", about)
    arguments = ", ".join(string.ascii_lowercase[: function.arity])
    return Checkpoint(function.name, "function", f"{function.name}({arguments})")


def _outcome_point(outcome: RecordedOutcome) -> Checkpoint:
    kind = _KINDS.get(str(outcome.fingerprint["k"]), "value")
    parts = [_PLACES.get(outcome.where, ""), words.reach(outcome.fingerprint), _freedom(outcome)]
    about = ", ".join(part for part in parts if part)
    return Checkpoint(outcome.key, kind, words.size(outcome.fingerprint), about)


def _freedom(outcome: RecordedOutcome) -> str:
    if outcome.fingerprint["k"] != "number" or not outcome.better:
        return ""
    return "better is fine" if outcome.better == "up" else "less is fine"


def question(
    section: RecordedSection,
    bound: Sequence[str],
    mapping: Mapping[str, str],
    cells: Sequence[int],
) -> dict[str, Any]:
    """Write what the observer has to look at for a section, as plain data."""
    names = [one.name for one in section.outcomes if one.where == "name"]
    return {
        "id": section.id,
        "bound": list(bound),
        "mapping": dict(mapping),
        "wanted": [*names, *(one.name for one in section.functions)],
        "functions": [function_json(one) for one in section.functions],
        "cells": list(cells),
    }


def mistakes(section: RecordedSection) -> dict[str, str]:
    """Give the sentence for each known mistake, by the id that points name."""
    return {
        _mistake_id(section, one): f"This is what comes out {one.words}."
        for one in section.mistakes
        if one.words
    }


def sentence(known: Mapping[str, str], told: str) -> str:
    """Give the sentence for what a point names: one mistake, or two that leave the same behind."""
    found = [known[one] for one in told.split(_OR) if one in known]
    first, *others = found or [""]
    return "".join([first, *(f" Or: {other}" for other in others)])


def _mistake_id(section: RecordedSection, mistake: KnownMistake) -> str:
    return f"{section.id}:{mistake.id}"


def points(
    section: RecordedSection,
    observed: Observation,
    mapping: Mapping[str, str],
    promised: Collection[str] = (),
) -> list[Point]:
    """Judge a section: one point for each function and outcome that counts.

    A point is "passed", "wrong" or "missing"; `hard` says that more than a shape was compared.
    `promised` are names that the scaffold asks for: a wrong value under one of them is wrong.
    """
    pool = tuple(_pool(observed))
    found: list[Point] = []
    for function in section.functions:
        tried = observed.get("replays", {}).get(function.name, ())
        found += _function(function, tried)
    taken = {one.name for one in section.outcomes if one.where == "name"}
    for outcome in section.outcomes:
        found += _outcome(outcome, observed, pool, mapping, promised, taken)
    return _named(section, found, observed, pool)


def _pool(observed: Observation) -> Iterator[Candidate]:
    """Give everything that the section has left behind, shown and printed."""
    for name, one in observed.get("values", {}).items():
        yield Candidate(name, "name", one)
        yield from (Candidate(f"an item of {name}", "name", item) for item in _numbers_in(one))
    for cell, one in observed.get("shown", ()):
        yield Candidate(f"what cell {cell + 1} shows", "shown", one)
    for cell, numbers in observed.get("printed", ()):
        for value in numbers:
            yield Candidate(f"what cell {cell + 1} prints", "printed", agree.number(value))


def _numbers_in(one: Fingerprint) -> Iterator[Fingerprint]:
    """Give the numbers of a list or dictionary of results."""
    yield from (item for item in one.get("items", ()) if item["k"] == "number")


def _outcome(
    outcome: RecordedOutcome,
    observed: Observation,
    pool: Sequence[Candidate],
    mapping: Mapping[str, str],
    promised: Collection[str],
    taken: Collection[str],
) -> list[Point]:
    own = _own(outcome, observed)
    soft = agree.informs(outcome)
    if own is not None and _fits(outcome, own.fingerprint, soft):
        by = "name" if own.name == outcome.name else "mapping"
        return [_passed(outcome, own, by)]
    # Where both names are there, a value under the other one's is a mix-up, not another name.
    others = [one for one in pool if own is None or one.where != "name" or one.name not in taken]
    other = next((one for one in others if _fits_unnamed(outcome, one, soft)), None)
    if other is not None:
        return [_passed(outcome, other, "value")]
    if own is not None and not agree.comparable(outcome.fingerprint, own.fingerprint):
        return []
    if own is not None:
        asked = outcome.name in promised or outcome.name in mapping
        return [_wrong(outcome, own)] if _is_wrong(outcome, own, soft=soft, asked=asked) else []
    if soft:
        return []
    return [_missing(outcome, pool)] if outcome.required and _is_missed(outcome, pool) else []


def _is_wrong(outcome: RecordedOutcome, own: Candidate, *, soft: bool, asked: bool) -> bool:
    """Tell whether another value than the recorded one counts as wrong, or is the learner's way."""
    if soft:
        return agree.impossible(outcome, own.fingerprint)
    if outcome.required:
        return True
    if outcome.stability == "shape" and outcome.fingerprint["k"] == "group":
        # Lists in tuples of what chance decides: how they are nested is a style, sizes are not.
        return asked and agree.other_matrices(outcome.fingerprint, own.fingerprint)
    return asked and not agree.reordered(outcome.fingerprint, own.fingerprint)


def _is_missed(outcome: RecordedOutcome, pool: Sequence[Candidate]) -> bool:
    """Tell whether an absent value may be asked for.

    What could be any number (a count, 0.5) may as well be written where it is used, and what
    chance decides can't be told from another value of its shape.
    """
    recorded = outcome.fingerprint
    if outcome.stability == "exact" or recorded["k"] == "number":
        return agree.telling(recorded)
    return not any(agree.like(recorded, one.fingerprint) for one in pool)


def _own(outcome: RecordedOutcome, observed: Observation) -> Candidate | None:
    if outcome.where != "name":
        return None
    told = observed.get("wanted", {}).get(outcome.name)
    if told is None and outcome.name in observed.get("values", {}):
        told = {"name": outcome.name, "fp": observed["values"][outcome.name]}
    if not told or not told.get("fp"):
        return None
    return Candidate(str(told.get("name") or outcome.name), "name", told["fp"])


def _fits(outcome: RecordedOutcome, own: Fingerprint, soft: bool) -> bool:
    """Compare what stands under the name; what varies too much has to be the very value."""
    return agree.same(outcome.fingerprint, own) if soft else agree.agrees(outcome, own)


def _fits_unnamed(outcome: RecordedOutcome, one: Candidate, soft: bool) -> bool:
    """Recognise a value under another name; only what can't be any other value by chance."""
    recorded = outcome.fingerprint
    if outcome.stability == "shape" or not (
        agree.telling(recorded) and agree.telling(one.fingerprint)
    ):
        return False
    is_number = recorded["k"] == "number"
    if not is_number and outcome.stability != "exact":
        return False
    if (
        is_number
        and one.where == "printed"
        and agree.same_printed(recorded["v"], one.fingerprint["v"])
    ):
        return True
    if soft:
        return agree.same(recorded, one.fingerprint)
    return agree.agrees(outcome, one.fingerprint, one_sided=_same_metric(outcome, one))


def _same_metric(outcome: RecordedOutcome, one: Candidate) -> bool:
    """Tell whether a value may be better than recorded: a metric by its name, or what is shown."""
    if one.where == "name":
        return outcome.better != "" and agree.direction(one.name) == outcome.better
    return outcome.where != "name"


def _passed(outcome: RecordedOutcome, one: Candidate, by: str) -> Point:
    return {
        "name": outcome.key,
        "state": "passed",
        "hard": outcome.stability != "shape",
        "by": by,
        "found_name": one.name,
        "found": words.describe(one.fingerprint),
    }


def _wrong(outcome: RecordedOutcome, own: Candidate) -> Point:
    by = "name" if own.name == outcome.name else "mapping"
    point = {**_passed(outcome, own, by), "state": "wrong"}
    return {**point, "message": _difference(outcome, own)}


def _difference(outcome: RecordedOutcome, own: Candidate) -> str:
    """Say what is wrong where kind, shape and range are right and say nothing."""
    recorded, found = outcome.fingerprint, own.fingerprint
    if not agree.like(recorded, found):
        return ""
    if recorded["k"] == "number" and words.reach(recorded) != words.reach(found):
        return ""
    expected = " ".join(part for part in _expected_parts(recorded) if part)
    told = f"expected another {expected}; found {words.describe(found)}"
    return ": ".join(part for part in (told, tables.apart(recorded, found)) if part)


def _missing(outcome: RecordedOutcome, pool: Sequence[Candidate]) -> Point:
    kind = outcome.fingerprint["k"]
    alike = [one for one in pool if one.fingerprint.get("k") == kind]
    shaped = [one for one in alike if agree.like(outcome.fingerprint, one.fingerprint)] or alike
    names = [one.name for one in pool if one.where == "name"]
    point: Point = {
        "name": outcome.key,
        "state": "missing",
        "hard": True,
        "bound": names[:12],
        "near": _near_words(shaped[-1]) if shaped else "",
    }
    if outcome.where != "name":
        point["message"] = _missing_message(outcome, shaped)
    return point


def _near_words(one: Candidate) -> str:
    name = f"`{one.name}`" if one.where == "name" else one.name
    return f"{name}, {words.describe(one.fingerprint)}"


def _missing_message(outcome: RecordedOutcome, alike: Sequence[Candidate]) -> str:
    point = _outcome_point(outcome)
    shape = f" {point.shape}" if point.shape else ""
    nearest = f"; the nearest is {_near_words(alike[-1])}" if alike else ""
    return (
        f"expected {point.kind}{shape} {point.about}; found nothing like it{nearest}. "
        "Give it a name, or let it be the last line of a cell"
    )


def _function(function: RecordedFunction, tried: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Judge a function by the candidates that were called; none that fits counts for nothing."""
    own = {one.get("name") for one in tried if one.get("by") in ("name", "mapping")}
    for one in tried:
        is_own = one.get("name") in own  # with its arguments in another order as well
        if (is_own or _tells(function)) and _answers_all(function, one):
            return [_function_passed(function, one)]
    for one in tried:
        if one.get("by") in ("name", "mapping"):
            wrong = _wrong_cases(function, one)
            if wrong:
                return [_function_wrong(function, one, wrong)]
    return []


def other_way(
    section: RecordedSection, observed: Observation, found: Collection[Mapping[str, Any]]
) -> bool:
    """Are all functions there by name, and none of them works as the original's can be called?

    Then equal results may come from another section's work; a helper that is gone says nothing.
    """
    exact = [one.name for one in section.functions if one.stability == "exact" and one.cases]
    named = {str(point["name"]) for point in found}
    tried = [
        name
        for name in exact
        if any(
            one.get("by") in ("name", "mapping")
            for one in observed.get("replays", {}).get(name, ())
        )
    ]
    return bool(tried) and not named & set(exact)


def says_little(section: RecordedSection, found: Collection[Mapping[str, Any]]) -> bool:
    """Has too little been compared: no function asked for, and few mistakes would have been seen?

    What passed is weighed by the recorded mistakes, as the gate weighs the whole check.
    """
    exact = {one.name for one in section.functions if one.stability == "exact" and one.cases}
    passed = {str(one["name"]) for one in found if one["state"] == "passed" and one["hard"]}
    if not exact or passed & exact or not section.mistakes:
        return False
    seen = sum(bool(passed & set(one.values)) for one in section.mistakes)
    return seen < LITTLE * len(section.mistakes)


def _tells(function: RecordedFunction) -> bool:
    """Tell whether its answers can't be those of any other function: True and 0 are everywhere."""
    if function.stability != "exact":
        return True
    told = [part for case in function.cases for part, _ in _parts(case.answer, {})]
    return any(agree.telling(item) for part in told for item in (part, *part.get("items", ())))


def _pairs(
    function: RecordedFunction, one: Mapping[str, Any]
) -> list[tuple[Case, Mapping[str, Any]]]:
    """Pair the cases with what was answered; where a call was not possible there is no pair."""
    paired = zip(function.cases, one.get("answers", ()), strict=False)
    return [(case, answer) for case, answer in paired if answer and not answer.get("skipped")]


def _answers_all(function: RecordedFunction, one: Mapping[str, Any]) -> bool:
    paired = _pairs(function, one)
    return bool(paired) and all(
        _answered(case.answer, answer, exact=function.stability == "exact")
        for case, answer in paired
    )


def _answered(
    recorded: Mapping[str, Any], answer: Mapping[str, Any], *, exact: bool = True
) -> bool:
    """Compare what a call returned, and what it changed where the original changes something."""
    if "error" in answer:
        return False
    return all(
        found is not None
        and (agree.same(mine, found, grads=True) if exact else agree.like(mine, found))
        for mine, found in _parts(recorded, answer)
    )


def _parts(
    recorded: Mapping[str, Any], answer: Mapping[str, Any]
) -> Iterator[tuple[Fingerprint, Fingerprint | None]]:
    """Pair returned values, changed arguments and changed globals with those of the original."""
    yield recorded["fp"], answer.get("fp")
    changed = list(answer.get("changed") or ())
    for place, mine in enumerate(recorded.get("changed") or ()):
        if mine is not None:
            yield mine, changed[place] if place < len(changed) else None
    others = answer.get("globals") or {}
    for name, mine in (recorded.get("globals") or {}).items():
        yield mine, others.get(name)
    asked = list(answer.get("asked") or ())
    for place, mine in enumerate(recorded.get("asked") or ()):
        yield mine, asked[place] if place < len(asked) else None


def _wrong_cases(
    function: RecordedFunction, one: Mapping[str, Any]
) -> list[tuple[Case, Mapping[str, Any]]]:
    """Give the cases with a wrong answer, if all answers are of the right kind.

    Else it is another function than the original's, which is the learner's business. Numbers of
    another size are wrong: a sum over everything is not a sum for each row.
    """
    if function.stability != "exact":
        return []
    paired = _pairs(function, one)
    if not all(
        _answered(case.answer, answer, exact=False) or _other_size(case.answer, answer)
        for case, answer in paired
    ):
        return []
    return [(case, answer) for case, answer in paired if not _answered(case.answer, answer)]


def _other_size(recorded: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Tell whether a call answers with numbers, as the original does, but with more or fewer."""
    found = answer.get("fp")
    return found is not None and agree.other_size(recorded["fp"], found)


def _function_passed(function: RecordedFunction, one: Mapping[str, Any]) -> Point:
    order = list(one.get("order") or ())
    turned = " (with its arguments in another order)" if order != sorted(order) else ""
    return {
        "name": function.name,
        "state": "passed",
        "hard": function.stability == "exact",
        "by": one.get("by", "name"),
        "found_name": one.get("name", function.name),
        "found": f"a function that answers as the original does{turned}",
    }


def _function_wrong(
    function: RecordedFunction,
    one: Mapping[str, Any],
    wrong: Sequence[tuple[Case, Mapping[str, Any]]],
) -> Point:
    case, answer = wrong[0]
    name = str(one.get("name", function.name))
    count = f"{len(wrong)} of {len(_pairs(function, one))}"
    for mine, found in _parts(case.answer, answer):
        if found is not None and not agree.same(mine, found, grads=True):
            expected, other = " ".join(filter(None, _expected_parts(mine))), words.describe(found)
            break
    what = "answers" if found is answer.get("fp") else "leaves behind"
    said = f"{what} something else in {count} calls: expected another {expected}, found {other}"
    if found and found in (answer.get("asked") or ()):
        other = f"{found['n']} combinations"
        said = f"asks the function it is given for other truth values than are to be tried: {other}"
    return {
        **_function_passed(function, one),
        "state": "wrong",
        "found": other,
        "message": f"given the same arguments as the original, `{name}` {said}",
    }


def _expected_parts(one: Fingerprint) -> tuple[str, str, str]:
    return _KINDS.get(str(one["k"]), "value"), words.size(one), words.reach(one)


def _named(
    section: RecordedSection,
    found: list[Point],
    observed: Observation,
    pool: Sequence[Candidate],
) -> list[Point]:
    """Name the likely mistake behind each failing point, where one or two are possible."""
    failing = [point for point in found if point["state"] != "passed"]
    metrics = {one.key for one in section.outcomes if one.better == "up"}
    if all(point["name"] in metrics for point in failing):
        return found  # a net that learns nothing has one accuracy, whatever is wrong with it
    passed = {str(point["name"]) for point in found if point["state"] == "passed"}
    evidence = [
        {}
        if _is_contradicted(section, one, passed)
        else _evidence(section, one, failing, observed, pool)
        for one in section.mistakes
    ]
    for point in failing:
        name = str(point["name"])
        possible = [
            mistake
            for mistake, seen in zip(section.mistakes, evidence, strict=True)
            if seen.get(name) and False not in seen.values()
        ]
        told = {one.words: _mistake_id(section, one) for one in reversed(possible) if one.words}
        if 0 < len(told) <= MOST_NAMES and "" not in {one.words for one in possible}:
            point["mistake"] = _OR.join(sorted(told.values()))
    return found


def _is_contradicted(
    section: RecordedSection, mistake: KnownMistake, passed: Collection[str]
) -> bool:
    """Tell whether something came out right that comes out wrong with a mistake."""
    exact = {one.key for one in section.outcomes if one.stability == "exact"}
    exact |= {one.name for one in section.functions if one.stability == "exact"}
    return bool({*mistake.values, *mistake.answers} & exact & set(passed))


def _evidence(
    section: RecordedSection,
    mistake: KnownMistake,
    failing: Iterable[Point],
    observed: Observation,
    pool: Sequence[Candidate],
) -> dict[str, bool]:
    """Say for each failing point that a mistake speaks of whether it has come out just so."""
    names = {str(point["name"]) for point in failing}
    found: dict[str, bool] = {}
    for outcome in section.outcomes:
        if outcome.key in names and outcome.key in mistake.values:
            came = agree.as_fingerprint(mistake.values[outcome.key])
            found[outcome.key] = _came_out(outcome, came, observed, pool)
    for function in section.functions:
        if function.name in names and function.name in mistake.answers:
            tried = observed.get("replays", {}).get(function.name, ())
            found[function.name] = any(
                _answers_as(function, mistake.answers[function.name], one)
                for one in tried
                if one.get("by") in ("name", "mapping")
            )
    return found


def _came_out(
    outcome: RecordedOutcome,
    came: Fingerprint,
    observed: Observation,
    pool: Sequence[Candidate],
) -> bool:
    if agree.same(outcome.fingerprint, came):
        return False
    own = _own(outcome, observed)
    if own is not None:
        return agree.same(came, own.fingerprint)
    return agree.telling(came) and any(
        agree.telling(one.fingerprint) and agree.same(came, one.fingerprint) for one in pool
    )


def _answers_as(function: RecordedFunction, told: Sequence[Any], one: Mapping[str, Any]) -> bool:
    """Tell whether a function answers each call as it does with a known mistake."""
    answers = list(one.get("answers", ()))
    if len(told) != len(function.cases) or len(answers) != len(function.cases):
        return False
    pairs = [
        (came, answer)
        for came, answer in zip(told, answers, strict=True)
        if isinstance(came, Mapping) and "skipped" not in {*came, *answer}
    ]
    return any(_says(came) for came, _ in pairs) and all(
        _same_answer(came, answer) for came, answer in pairs
    )


def _says(came: Mapping[str, Any]) -> bool:
    """Tell whether an answer is more than an error or nan, which many mistakes lead to."""
    fingerprint = came.get("fp")
    if fingerprint is None:
        return False
    values = fingerprint.get("v", 0.0)
    return bool(values[:1] != [None] if isinstance(values, list) else values is not None)


def _same_answer(came: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    if "error" in answer or "fp" not in came:
        return "error" in answer and came.get("error") == answer["error"]
    changed = [one is not None for one in answer.get("changed") or ()]
    before = [one is not None for one in came.get("changed") or ()] or [False] * len(changed)
    return changed == before and _answered(came, answer)
