"""The observer: tells, as JSON, what a section left behind, for checks that were recorded.

In-kernel source like probe.py (standard library, Python 3.9), put beside the judge. While recording it
also notes the first calls of every function that the notebook defines, and answers them again.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastcompanion.course.recorded.calls import (
    KEPT_CALLS,
    SCALARS,
    is_known,
    shrunk,
    spec_of,
    widened,
)
from fastcompanion.course.recorded.fingerprints import fingerprint, printed_floats, shape_only
from fastcompanion.course.recorded.probe import SHELL_NAMES, Limit, untouched
from fastcompanion.course.recorded.replays import (
    NOT_PLAIN_CALLS,
    PATIENCE,
    SLOW_ORIGINAL,
    arguments_of,
    bare,
    codes_of,
    columns_of,
    data_read,
    fill,
    filled,
    is_plain_function,
    own_function,
    replay,
    words_of,
)
from fastcompanion.course.recorded.scenes import SceneLog, own_class, play
from fastcompanion.course.recorded.values import accepts, follow

REPLAY_SECONDS = 2.0
LOOK_SECONDS = 2.0
MOST_VALUES = 300
MOST_ORDERED = 3
MOST_CANDIDATES = 12


class Observer:
    """Watches one namespace; `section` says what a section left behind."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.seen = set(names)
        self.shown: list[list[Any]] = []
        self.displayed: dict[int, dict[str, Any]] = {}
        self.log = CallLog(names)

    def section(
        self,
        spec: Mapping[str, Any],
        counts: Mapping[str, Any] | None = None,
        printed: Sequence[Sequence[Any]] = (),
    ) -> dict[str, Any]:
        """Say what a section left behind. Changes nothing of the learner's.

        `counts` maps its cells to the execution counts they had, where `watch` looks at them;
        `printed` pairs cells with the end of what they printed. The answer can be written as JSON.
        """
        begun = time.perf_counter()
        self.log.stop()
        bound = [name for name in spec.get("bound", ()) if name in self.names]
        bound += [name for name in self.names if name not in self.seen and name not in bound]
        usable = [name for name in bound if self.is_theirs(name)][:MOST_VALUES]
        shown = self.shown + self.from_counts(spec, counts or {})
        self.shown = []
        read = [(cell, printed_floats(text)) for cell, text in printed]
        found: dict[str, Any] = {
            "values": self.looked_at(usable),
            "wanted": self.wanted(spec),
            "shown": shown,
            "printed": [[cell, floats] for cell, floats in read if floats],
            "replays": self.replays(spec, usable),
        }
        if spec.get("log"):
            theirs = [name for name in list(self.names) if self.is_theirs(name)]
            found.update(self.log.told(spec["id"], theirs))
        if spec.get("answer"):
            found["answers"] = self.answer(spec["answer"])
        self.seen |= set(self.names)
        return {**found, "seconds": time.perf_counter() - begun}

    def enter(self) -> None:
        """Take what is there already for no work of the section that begins now."""
        self.seen = set(self.names)

    def begin(self, spec: Mapping[str, Any]) -> None:
        """Get ready for a section's cells: note calls from here on if that is asked."""
        if spec.get("log"):
            self.log.start()

    def is_theirs(self, name: str) -> bool:
        """Tell whether a name is one that the learner gave to something."""
        if name in SHELL_NAMES or name[:1] == "_":
            return False
        return not isinstance(self.names[name], types.ModuleType)

    def looked_at(self, names: list[str]) -> dict[str, Any]:
        """Take the fingerprints of names; what would take too long is left out."""
        found: dict[str, Any] = {}
        limit = Limit(LOOK_SECONDS)
        try:
            with untouched(), limit:
                for name in names:
                    found[name] = fingerprint(self.names[name])
        except KeyboardInterrupt:
            if not limit.fired:
                raise
        return found

    def wanted(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Find what is asked for under the learner's mapping or its own name."""
        found: dict[str, Any] = {}
        with untouched():
            for name in spec.get("wanted", ()):
                how, value = self.called(name, spec)
                if how:
                    found[name] = {"name": how, "fp": fingerprint(value)}
        return found

    def called(self, name: str, spec: Mapping[str, Any]) -> tuple[str, Any]:
        """Give the expression that stands for a wanted name, and its value; "" when there is none."""
        for expression in (spec.get("mapping", {}).get(name) or name, name):
            with contextlib.suppress(Exception):
                return expression, follow(expression, self.names)
        return "", None

    def show(self, cell: int, value: Any) -> None:
        """Keep the fingerprint of what a cell displayed, as it is now."""
        if value is not None:
            with untouched():
                self.shown.append([cell, fingerprint(value)])

    def watch(self, shell: Any) -> None:
        """Keep what cells of this shell display from now on, by execution count."""
        shell.events.register("post_run_cell", self.after_cell)

    def after_cell(self, result: Any) -> None:
        """Take the fingerprint of a cell's result as soon as it has run."""
        count, value = getattr(result, "execution_count", None), getattr(result, "result", None)
        if count is not None and value is not None:
            with untouched():
                self.displayed[count] = fingerprint(value)

    def from_counts(self, spec: Mapping[str, Any], counts: Mapping[str, Any]) -> list[list[Any]]:
        """List what the section's cells displayed, by the counts that they had."""
        cells = [(cell, counts.get(str(cell))) for cell in spec.get("cells", ())]
        return [[cell, self.displayed[n]] for cell, n in cells if n in self.displayed]

    def replays(
        self, spec: Mapping[str, Any], usable: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Call what may stand for each recorded function; named candidates of all functions first.

        Where the question gives seconds for "each", it is about names alone.
        """
        each = float(spec.get("each", 0.0))
        records = [one for one in spec.get("functions", ()) if one.get("cases")]
        found: dict[str, list[dict[str, Any]]] = {one["name"]: [] for one in records}
        deadline = time.perf_counter() + max(REPLAY_SECONDS, each * len(records))
        mapping = spec.get("mapping", {})
        renamed = {name: own for name, own in mapping.items() if own.isidentifier()}
        for record in records:
            name, count = record["name"], most_arguments(record)
            pairs = [("mapping", mapping.get(name, "")), ("name", name)]
            fits = self.is_class if has_steps(record) else self.fits_call
            own = {one: how for how, one in reversed(pairs) if fits(one, count)}
            plain = list(range(count))
            until = min(deadline, time.perf_counter() + each) if each else deadline
            for one, how in own.items():
                answers = self.answers(record, one, plain, renamed, until, whole=True)
                told = {"by": how, "name": one, "order": plain, "answers": answers}
                found[name].append(told)
        for record in () if each else records:
            if has_steps(record) or any(
                is_settled(one["answers"], record) for one in found[record["name"]]
            ):
                continue
            tried = {one["name"] for one in found[record["name"]]}
            for one, order in self.others(record, [*tried, *usable], tried):
                answers = self.answers(record, one, order, renamed, deadline)
                if len(answers) == len(record["cases"]):
                    told = {"by": "kind", "name": one, "order": order, "answers": answers}
                    found[record["name"]].append(told)
        return found

    def others(
        self, record: Mapping[str, Any], names: Sequence[str], tried: set[str]
    ) -> Iterator[tuple[str, list[int]]]:
        """Give every candidate with every order of arguments, but what was tried by its name."""
        count = most_arguments(record)
        fitting = [name for name in dict.fromkeys(names) if self.fits_call(name, count)]
        for name in fitting[:MOST_CANDIDATES]:
            for order in orders(count):
                if name not in tried or order != sorted(order):
                    yield name, order

    def is_class(self, name: str, _count: int) -> bool:
        """Tell whether a name stands for a class of the notebook."""
        return own_class(self.names.get(name), self.names)

    def fits_call(self, name: str, count: int) -> bool:
        """Tell whether a name stands for a function of the notebook that takes so many arguments."""
        value = bare(self.names.get(name), self.names)
        return is_plain_function(value, self.names) and accepts(value, count)

    def answers(
        self,
        record: Mapping[str, Any],
        name: str,
        order: list[int],
        renamed: Mapping[str, str],
        deadline: float,
        *,
        whole: bool = False,
    ) -> list[dict[str, Any]]:
        """Call one candidate for each case with the arguments in one order.

        Unless it has to be `whole`, it ends where kind or shape of an answer are others. What there
        is no time for counts as slow.
        """
        answers: list[dict[str, Any]] = []
        for case in record["cases"]:
            left = deadline - time.perf_counter()
            if left <= 0 or (answers and answers[-1].get("error") == "slow"):
                answers.append({"error": "slow"})
                continue
            short = [place for place in order if place < len(case["args"])]
            function = bare(self.names[name], self.names)
            if "steps" in case:
                answers.append(play(self.names, case, renamed, left))
            else:
                answers.append(replay(self.names, function, case, short, renamed, left))
            if not whole and not alike_in_shape(answers[-1], case):
                break
        return answers

    def answer(self, functions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer the cases of function records by the functions as they are now."""
        return [{**one, **self.filled(one)} for one in functions]

    def filled(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the cases of one function, or of a class by playing them."""
        if not has_steps(record):
            return fill(self.names, record["name"], record["cases"])

        def once(case: dict[str, Any], around: Any = contextlib.nullcontext) -> dict[str, Any]:
            return play(self.names, case, {}, SLOW_ORIGINAL, around, PATIENCE)

        return filled(record["cases"], once)


def has_steps(record: Mapping[str, Any]) -> bool:
    """Tell whether a record is of a class, whose cases are scenes."""
    return any("steps" in case for case in record["cases"])


def is_settled(answers: list[dict[str, Any]], record: Mapping[str, Any]) -> bool:
    """Tell whether a candidate answers to the last digit as recorded, so that no other is needed."""
    told = [case.get("answer") for case in record["cases"]]
    return len(answers) == len(told) and all(
        one and "fp" in answer and all(answer.get(key) == one.get(key) for key in ("fp", "changed"))
        for one, answer in zip(told, answers)
    )


def most_arguments(record: Mapping[str, Any]) -> int:
    """Give the greatest number of arguments in a record's cases."""
    return max(len(case["args"]) for case in record["cases"])


def orders(count: int) -> list[list[int]]:
    """List the orders that arguments may be given in, the plain one first."""
    if count > MOST_ORDERED:
        return [list(range(count))]
    return [list(order) for order in itertools.permutations(range(count))]


def alike_in_shape(answer: Mapping[str, Any], case: Mapping[str, Any]) -> bool:
    """Tell whether an answer has the kind and shape of the recorded one."""
    expected = case.get("answer")
    if "fp" not in answer or not expected:
        return "fp" in answer
    if bool(any(answer["changed"])) != bool(any(expected["changed"])):
        return False
    return shape_only(answer["fp"]) == shape_only(expected["fp"])


class CallLog:
    """Notes the first calls of the notebook's functions while cells run, by the profiler's hook.

    Functions stay as they are: nothing in the namespace is wrapped.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.calls: dict[types.CodeType, list[dict[str, Any]]] = {}
        self.reads: dict[types.CodeType, list[str]] = {}
        self.places: dict[types.CodeType, tuple[str, str, int]] = {}
        self.scenes = SceneLog(names)
        self.settled: dict[int, types.CodeType] = {}
        self.before: Any = None
        self.runs = False

    def start(self) -> None:
        """Note calls from here on."""
        if not self.runs:
            self.before, self.runs = sys.getprofile(), True
            sys.setprofile(self.event)

    def stop(self) -> None:
        """Note no more calls."""
        if self.runs:
            self.runs = False
            sys.setprofile(self.before)

    def event(self, frame: types.FrameType, what: str, about: Any) -> None:
        """Take note of a call of the notebook's own code.

        It is asked at every call of anything, and nearly always there is nothing to note any more.
        """
        if (what != "call" and what != "return") or frame.f_globals is not self.names:
            return
        code = frame.f_code
        if what == "return":
            if self.scenes.running:
                with contextlib.suppress(Exception):
                    self.scenes.returned(frame, about)
        elif id(code) not in self.settled:
            with contextlib.suppress(Exception):
                self.scenes.called(frame)
            if not self.noted(frame, code) and self.scenes.is_no_method(code):
                self.settled[id(code)] = code  # held: its place must not be another's

    def noted(self, frame: types.FrameType, code: types.CodeType) -> bool:
        """Keep what a function is called with, unless it can't be or enough is kept of it."""
        kept = self.calls.setdefault(code, [])
        unfit = code.co_flags & NOT_PLAIN_CALLS or code.co_name == "<module>"
        if unfit or len(kept) >= KEPT_CALLS:
            return False
        try:
            kept.append(self.case_of(frame))
        except Exception:
            kept.append({"args": [{"k": "unknown"}], "globals": {}})
        return True

    def case_of(self, frame: types.FrameType) -> dict[str, Any]:
        """Say what a call was given: arguments, data globals, and whether gradients were recorded."""
        code = frame.f_code
        function = bare(self.names.get(code.co_name), self.names)
        same = isinstance(function, types.FunctionType) and function.__code__ is code
        defaults = (function.__defaults__ or ()) if same and function is not None else ()
        codes = codes_of(code, self.names)
        words, reads = words_of(codes), data_read(codes, self.names)
        columns = columns_of(self.names)
        self.reads[code] = reads
        given = arguments_of(code, frame.f_locals, defaults)
        told = (
            [{"k": "unknown"}] if given is None else [self.spec(g, words, columns) for g in given]
        )
        case: dict[str, Any] = {
            "args": told,
            "globals": {n: spec_of(self.names[n], words, columns=columns) for n in reads},
        }
        torch = sys.modules.get("torch")
        if torch is not None and not torch.is_grad_enabled():
            case["no_grad"] = True
        return shrunk(case)

    def spec(self, value: Any, words: frozenset[str], columns: frozenset[str]) -> dict[str, Any]:
        """Say what an argument is like; a function of the notebook is known by its name, if it has one."""
        if callable(value) and is_plain_function(bare(value, self.names), self.names):
            own = [name for name, one in self.names.items() if one is value]
            return {"k": "own", "name": own[0]} if own else {"k": "stand-in"}
        return spec_of(value, words, columns=columns)

    def told(self, section: str, names: list[str]) -> dict[str, Any]:
        """Give the calls of this section's functions, and those of earlier ones that were noted since.

        A function whose code is new among `names` is this section's.
        """
        for name in names:
            value = bare(self.names[name], self.names)
            if own_function(value, self.names):
                code = value.__code__
                self.places.setdefault(code, (section, name, len(self.calls.get(code, ()))))
        found: dict[str, dict[str, Any]] = {}
        for code, (place, name, count) in self.places.items():
            found.setdefault(place, {})[name] = self.entry(code, name, count)
        for place, scene in self.scenes.told(section).items():
            found.setdefault(place, {}).update(scene)
        return {"calls": found.pop(section, {}), "earlier": found}

    def entry(self, code: types.CodeType, name: str, count: int) -> dict[str, Any]:
        """Give what is known of one function's calls: the first `count`, of its own section, if any."""
        noted = self.calls.get(code, [])[: count or None]
        codes = codes_of(code, self.names)
        reads = self.reads.get(code) or data_read(codes, self.names)
        closed = all(spec["k"] in SCALARS for case in noted for spec in case["globals"].values())
        value = bare(self.names.get(name), self.names)
        required = code.co_argcount
        if isinstance(value, types.FunctionType) and value.__code__ is code:
            needed = [
                p for p in inspect.signature(value).parameters.values() if p.default is p.empty
            ]
            required = len(
                [p for p in needed if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
            )
        known = [case for case in noted if is_known(case)]
        return {
            "arity": code.co_argcount,
            "params": required,
            "closed": closed,
            "reads": reads,
            "seen": len(noted),
            "cases": widened(known),
            **({"reason": "what it is given can't be made again"} if noted and not known else {}),
        }


def gathered(observations: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Join the calls of all sections, in order: section -> function -> what is known of its calls."""
    found: dict[str, dict[str, Any]] = {}
    for section, observed in observations.items():
        found.setdefault(section, {}).update(observed.get("calls", {}))
        for earlier, functions in observed.get("earlier", {}).items():
            found.setdefault(earlier, {}).update(functions)
    return found
