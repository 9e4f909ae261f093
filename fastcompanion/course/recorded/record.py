"""What was recorded of a notebook: its outcomes, functions and mistakes, as a file of numbers.

A record holds no text and no code of the notebook: cells are known by their hashes. Whoever reads
one takes nothing for granted, as a study or a course that was fetched may bring it along.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.course.recorded.fields import AGAIN, Fields
from fastcompanion.course.recorded.packing import PackedWrongError, compact, packed, unpacked

VERSION = 1
Status = Literal["hard", "self-assessed"]
Where = Literal["name", "shown", "printed"]
Stability = Literal["exact", "seeded", "noisy", "shape"]
Better = Literal["up", "down", ""]
Fingerprint = Mapping[str, Any]

# A record of the longest notebooks has about 1 MB; arguments are kept small by calls.py.
MOST_BYTES = 30_000_000
MOST_DEPTH = 60
MOST_TEXT = 2_000
MOST_ITEMS = 20_000_000


class NewerRecordError(CompanionError):
    """A record of a newer program: it can't be used, but nothing is broken."""


@frozen
class RecordedOutcome:
    """A value that a section leaves behind, shows or prints.

    `place` counts what the section shows or prints, from 0; `band` is mean and deviation over
    other seeds; `better` says which way a metric may differ.
    """

    name: str
    where: Where
    kind: str
    stability: Stability
    fingerprint: Fingerprint
    place: int = 0
    band: tuple[float, float] | None = None
    better: Better = ""
    required: bool = True

    @property
    def key(self) -> str:
        """The name, or "shown:2", "printed:1"."""
        return self.name if self.where == "name" else f"{self.where}:{self.place}"


@frozen
class Case:
    """One call to replay: what it is given (specs, no data), and what the original answered.

    `no_grad` says that it was called where torch recorded no gradients; `steps` are those of a class:
    objects to make, methods to call, and which arguments or results of steps they are given.
    """

    args: tuple[Any, ...]
    globals: Mapping[str, Any]
    seed: int
    answer: Mapping[str, Any]
    no_grad: bool = False
    steps: tuple[Any, ...] = ()


@frozen
class RecordedFunction:
    """A function that a section defines; a random one ("shape") answers the same shapes only."""

    name: str
    arity: int
    stability: Stability
    cases: tuple[Case, ...]


@frozen
class Strength:
    """How many planted mistakes a section's check has caught; crashes and equals counted apart."""

    caught: int = 0
    planted: int = 0
    crashed: int = 0
    equivalent: int = 0

    @property
    def words(self) -> str:
        """Say it: "catches 9 of 11 planted mistakes"; "" when none was planted."""
        if not self.planted:
            return ""
        return f"catches {self.caught} of {self.planted} planted mistakes"


@frozen
class KnownMistake:
    """What comes out with one known mistake: `values` by outcome key, `answers` by function."""

    id: str
    words: str
    values: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@frozen
class RecordedSection:
    """One section: whether it can be checked hard, by what, and how strongly."""

    id: str
    status: Status
    reason: str = ""
    outcomes: tuple[RecordedOutcome, ...] = ()
    functions: tuple[RecordedFunction, ...] = ()
    strength: Strength = field(default_factory=Strength)
    mistakes: tuple[KnownMistake, ...] = ()


@frozen
class Record:
    """All that was recorded of one notebook, and what it was recorded with."""

    notebook: str
    cells: tuple[str, ...]
    versions: Mapping[str, str]
    sections: tuple[RecordedSection, ...]
    seen_with: tuple[Mapping[str, str], ...] = ()
    seeds: tuple[int, ...] = ()

    def section(self, section_id: str) -> RecordedSection | None:
        """Give one section, None when it is not in the record."""
        return next((one for one in self.sections if one.id == section_id), None)


def cell_hash(source: str) -> str:
    """Digest the source of one code cell, in 12 hex digits."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def cell_hashes(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Digest each code cell of a notebook, in order."""
    cells = notebook["cells"]
    return tuple(cell_hash(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def fits(record: Record, notebook: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """Say why a record does not fit an original notebook and what is installed, "" when it does.

    Packages that are not named in `versions` are not compared.
    """
    own = cell_hashes(notebook)
    if own != record.cells:
        return _other_cells(record.cells, own)
    return other_versions(record, versions)


def other_versions(record: Record, versions: Mapping[str, str]) -> str:
    """Say which package is of another major version than was recorded with, "" for none."""
    for package, version in record.versions.items():
        seen = [version, *(other[package] for other in record.seen_with if package in other)]
        here = versions.get(package, "")
        if here and _major(here) not in {_major(one) for one in seen}:
            known = " and ".join(dict.fromkeys(seen))
            return f"they were recorded with {package} {known}, here is {here}"
    return ""


def _other_cells(recorded: Sequence[str], own: Sequence[str]) -> str:
    if len(recorded) != len(own):
        return (
            f"the original has {len(own)} code cells, they were recorded of one with "
            f"{len(recorded)}"
        )
    changed = [i for i, (a, b) in enumerate(zip(recorded, own, strict=True), 1) if a != b]
    if len(changed) == 1:
        return f"code cell {changed[0]} of the original is another one than was recorded"
    return f"{len(changed)} code cells of the original are others than were recorded"


def _major(version: str) -> str:
    return version.strip().lstrip("v").partition(".")[0]


def to_json(record: Record) -> dict[str, Any]:
    """Give a record as plain data; the same record always gives the same."""
    return {
        "version": VERSION,
        "notebook": record.notebook,
        "cells": list(record.cells),
        "versions": dict(sorted(record.versions.items())),
        "seen_with": [dict(sorted(one.items())) for one in record.seen_with],
        "seeds": list(record.seeds),
        "sections": [_section_json(one) for one in record.sections],
    }


def to_text(record: Record) -> str:
    """Write a record as JSON, a line for each section and shared part, so that changes can be read."""
    data = to_json(record)
    sections, shared = packed([_section_json(one, brief=True) for one in record.sections])
    del data["sections"]
    head = ",\n".join(f"{compact(key)}: {compact(value)}" for key, value in data.items())
    lists = {**({"shared": shared} if shared else {}), "sections": sections}
    lines = ((name, ",\n".join(map(compact, parts))) for name, parts in lists.items())
    tail = ",\n".join(f'"{name}": [\n{text}\n]' for name, text in lines)
    return f"{{{head},\n{tail}}}\n"


def lean(record: Record) -> Record:
    """Leave out what nothing is compared with: the values of sections that learners judge."""
    sections = (
        one
        if one.status == "hard"
        else RecordedSection(one.id, one.status, one.reason, strength=one.strength)
        for one in record.sections
    )
    return replace(record, sections=tuple(sections))


def _section_json(section: RecordedSection, *, brief: bool = False) -> dict[str, Any]:
    """Give a section as plain data; `brief` leaves out what the reader puts back."""
    strength = section.strength
    cases = _brief_function if brief else function_json
    told = {
        "id": section.id,
        "status": section.status,
        "reason": section.reason,
        "outcomes": [_outcome_json(one, brief=brief) for one in section.outcomes],
        "functions": [cases(one) for one in section.functions],
        "strength": {
            "caught": strength.caught,
            "planted": strength.planted,
            "crashed": strength.crashed,
            "equivalent": strength.equivalent,
        },
        "mistakes": [
            _unusual(
                {
                    "id": one.id,
                    "words": one.words,
                    "values": dict(one.values),
                    "answers": {name: list(told) for name, told in one.answers.items()},
                },
                _NOTHING if brief else {},
            )
            for one in section.mistakes
        ],
    }
    return _unusual(told, _NOTHING if brief else {})


_NOTHING: Mapping[str, Any] = {
    "reason": "", "outcomes": [], "functions": [], "mistakes": [], "values": {}, "answers": {},
    "globals": {},
}  # fmt: skip
_USUAL: Mapping[str, Any] = {"name": "", "place": 0, "band": None, "better": "", "required": True}


def _unusual(told: dict[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in usual or value != usual[key]}


def _outcome_json(outcome: RecordedOutcome, *, brief: bool) -> dict[str, Any]:
    told = {
        "name": outcome.name,
        "where": outcome.where,
        "place": outcome.place,
        "kind": outcome.kind,
        "class": outcome.stability,
        "fp": dict(outcome.fingerprint),
        "band": list(outcome.band) if outcome.band is not None else None,
        "better": outcome.better,
        "required": outcome.required,
    }
    return _unusual(told, _USUAL if brief else {})


def function_json(function: RecordedFunction) -> dict[str, Any]:
    """Give a function as plain data, as the observer takes it."""
    return {
        "name": function.name,
        "arity": function.arity,
        "class": function.stability,
        "cases": [_case_json(case) for case in function.cases],
    }


def _case_json(case: Case) -> dict[str, Any]:
    told: dict[str, Any] = {
        "args": list(case.args),
        "globals": dict(case.globals),
        "seed": case.seed,
        "answer": dict(case.answer),
    }
    told |= {"steps": list(case.steps)} if case.steps else {}
    return told | ({"no_grad": True} if case.no_grad else {})


def _brief_function(function: RecordedFunction) -> dict[str, Any]:
    told = function_json(function)
    for case in told["cases"]:
        unchanged = {**_NOTHING, "changed": [None] * len(case["args"])}
        case["answer"] = _unusual(case["answer"], unchanged)
    return {**told, "cases": [_unusual(case, _NOTHING) for case in told["cases"]]}


def write(path: Path, record: Record) -> None:
    """Write a record's file."""
    store.write_text(path, to_text(record))


def read(path: Path) -> Record:
    """Read a record's file; what is broken or written by a newer program is a clear error."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CompanionError("is too big for recorded checks", hint=AGAIN, file=path)
    except OSError:
        pass  # read_json says what is wrong
    try:
        data = store.read_json(path)
    except RecursionError:
        raise CompanionError("is nested too deeply", hint=AGAIN, file=path) from None
    if isinstance(data, dict) and type(data.get("version")) is int and data["version"] > VERSION:
        raise NewerRecordError(
            f"was written by a newer fastcompanion (version {data['version']}, known: {VERSION})",
            hint="Update the program: uv tool upgrade fastcompanion",
            file=path,
        )
    return from_json(_unpacked(store.check_version(data, path, current=VERSION), path), path)


def _unpacked(data: Any, path: Path) -> Any:
    """Put back what is written once and meant more than once."""
    if not isinstance(data, dict) or "shared" not in data:
        return data
    _sane(data, path, "the file")
    top = Fields(data, path, "")
    try:
        sections = unpacked(top.each("sections", dict), top.each("shared", dict | list))
    except PackedWrongError as error:
        raise CompanionError(f"shared: {error}", hint=AGAIN, file=path) from None
    return {**data, "sections": sections}


def from_json(data: Any, path: Path) -> Record:
    """Make a record of plain data; `path` is named when something is wrong with it."""
    _sane(data, path, "the file")
    top = Fields(data, path, "")
    return Record(
        top.text("notebook"),
        tuple(top.each("cells", str)),
        _versions(top.mapping("versions"), top.inside("versions")),
        tuple(_section(one) for one in top.children("sections")),
        tuple(
            _versions(one, top.inside("seen_with"))
            for one in top.each("seen_with", dict, optional=True)
        ),
        tuple(top.each("seeds", int, optional=True)),
    )


def _versions(data: Mapping[Any, Any], where: Fields) -> dict[str, str]:
    if not all(isinstance(part, str) for pair in data.items() for part in pair):
        raise where.wrong("should hold names and versions")
    return dict(data)


def _section(told: Fields) -> RecordedSection:
    outcomes = tuple(_outcome(one) for one in told.children("outcomes"))
    functions = tuple(_function(one) for one in told.children("functions"))
    strength = Fields(told.mapping("strength"), told.path, f"{told.where}.strength")
    keys = [one.key for one in outcomes] + [one.name for one in functions]
    if len(keys) != len(set(keys)):
        raise told.wrong("names an outcome or a function twice")
    return RecordedSection(
        told.text("id"),
        cast("Status", told.choice("status", get_args(Status))),
        told.text("reason", ""),
        outcomes,
        functions,
        Strength(
            *(strength.count(name) for name in ("caught", "planted", "crashed", "equivalent"))
        ),
        tuple(_mistake(one) for one in told.children("mistakes")),
    )


def _outcome(told: Fields) -> RecordedOutcome:
    where = cast("Where", told.choice("where", get_args(Where)))
    name = told.text("name", "")
    if where == "name" and not name.isidentifier():
        raise told.wrong(f"{name!r} is no name")
    band = told.get("band")
    if band is not None and not (
        isinstance(band, list) and len(band) == 2 and all(_is_number(one) for one in band)
    ):
        raise told.wrong("band should be a mean and a deviation")
    return RecordedOutcome(
        name,
        where,
        told.text("kind", ""),
        cast("Stability", told.choice("class", get_args(Stability))),
        _fingerprint(told.mapping("fp"), told),
        told.count("place"),
        (float(band[0]), float(band[1])) if band is not None else None,
        cast("Better", told.choice("better", get_args(Better), "")),
        told.truth("required"),
    )


def _function(told: Fields) -> RecordedFunction:
    name = told.text("name")
    if not name.isidentifier():
        raise told.wrong(f"{name!r} is no name")
    return RecordedFunction(
        name,
        told.count("arity"),
        cast("Stability", told.choice("class", get_args(Stability))),
        tuple(_case(one) for one in told.children("cases")),
    )


def _case(told: Fields) -> Case:
    answer = told.mapping("answer")
    _fingerprint(answer.get("fp"), told)
    changed = [*_listed(answer.get("changed"), told), *_listed(answer.get("asked"), told)]
    for one in [*changed, *_named(answer.get("globals"), told)]:
        if one is not None:
            _fingerprint(one, told)
    arguments = tuple(told.each("args", dict))
    outer = told.mapping("globals")
    for spec in (*arguments, *outer.values()):
        _argument(spec, told)
    answer = {**answer, "changed": answer.get("changed") or [None] * len(arguments)}
    answer["globals"] = answer.get("globals") or {}
    no_grad = told.truth("no_grad", default=False)
    steps = tuple(_step(one, n, len(arguments)) for n, one in enumerate(told.children("steps")))
    return Case(arguments, outer, told.count("seed"), answer, no_grad, steps)


def _step(told: Fields, number: int, arguments: int) -> dict[str, Any]:
    """Read a step of a scene; it may use arguments, and what earlier steps have given."""
    bounds = {"a": arguments, "s": number}
    for one in (*told.each("args", list), *told.mapping("words").values()):
        if not (
            isinstance(one, list)
            and len(one) == 2
            and type(one[1]) is int
            and 0 <= one[1] < bounds.get(one[0], 0)
        ):
            raise told.wrong("a step should use arguments and earlier steps")
    name = told.text("new" if "new" in told.data else "do")
    if not name.isidentifier() or ("new" not in told.data and told.count("on") >= number):
        raise told.wrong("a step should make an object or call one of its methods")
    return told.data


def _listed(value: Any, told: Fields) -> list[Any]:
    if value is None or isinstance(value, list):
        return value or []
    raise told.wrong("what a call changed should be a list")


def _named(value: Any, told: Fields) -> Iterable[Any]:
    if value is None or isinstance(value, dict):
        return (value or {}).values()
    raise told.wrong("the names that a call changed should be a mapping")


def _argument(spec: Any, told: Fields) -> None:
    """Refuse an argument that would fill the memory when it is made."""
    if not isinstance(spec, dict) or not isinstance(spec.get("k"), str):
        raise told.wrong("an argument should say of which kind it is")
    if math.prod(_shape(spec.get("shape", []), told)) > MOST_ITEMS:
        raise told.wrong("an argument is too big")
    grad = [spec["grad"]] if spec.get("grad") else []
    for inner in (*_listed(spec.get("items"), told), *grad, *_named(spec.get("attrs"), told)):
        _argument(inner, told)
    if len(_listed(spec.get("items"), told)) * (spec.get("shape") or [0])[0] > MOST_ITEMS:
        raise told.wrong("an argument is too big")


def _mistake(told: Fields) -> KnownMistake:
    values, answers = told.mapping("values"), told.mapping("answers")
    for value in values.values():
        if not _is_number(value):
            _fingerprint(value, told)
    for listed in answers.values():
        if not isinstance(listed, list):
            raise told.wrong("the answers to a mistake should be lists")
    return KnownMistake(told.text("id"), told.text("words"), values, answers)


def _fingerprint(data: Any, told: Fields) -> dict[str, Any]:
    """Give a fingerprint back when its parts have the types that agree.py relies on."""
    if not isinstance(data, dict) or not isinstance(data.get("k"), str):
        raise told.wrong("a value should be a mapping with its kind `k`")
    _shape(data.get("shape", []), told)
    for key in ("v", "c", "s", "g") if data["k"] in ("array", "frame") else ():
        part = data.get(key, [])
        if not isinstance(part, list) or not all(one is None or _is_number(one) for one in part):
            raise told.wrong(f"`{key}` of a value should be a list of numbers")
    if data["k"] == "number" and not (data.get("v") is None or _is_number(data["v"])):
        raise told.wrong("`v` of a number should be a number")
    for row in _listed(data.get("cols"), told) if data["k"] == "frame" else ():
        if not (isinstance(row, list) and len(row) == 3):
            raise told.wrong("a column should be a name, a mean and a count")
    for item in _listed(data.get("items"), told) if data["k"] == "group" else ():
        _fingerprint(item, told)
    for item in _named(data.get("a"), told) if data["k"] != "class" else ():
        _fingerprint(item, told)
    return data


def _shape(shape: Any, told: Fields) -> list[int]:
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise told.wrong("a shape should be a list of whole numbers")
    return shape


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sane(value: Any, path: Path, where: str, depth: int = 0) -> None:
    """Refuse what no recorder writes: nan, endless texts, deep nests."""
    if depth > MOST_DEPTH:
        raise CompanionError(f"{where}: is nested too deeply", hint=AGAIN, file=path)
    if isinstance(value, float) and not math.isfinite(value):
        raise CompanionError(f"{where}: holds a number without end", hint=AGAIN, file=path)
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise CompanionError(f"{where}: holds a text that is too long", hint=AGAIN, file=path)
    if isinstance(value, dict):
        for key, item in value.items():
            _sane(key, path, where, depth)
            _sane(item, path, where if depth > 3 else f"{where}.{key[:40]}", depth + 1)
    elif isinstance(value, list):
        for item in value:
            _sane(item, path, where, depth + 1)
