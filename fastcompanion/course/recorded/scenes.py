"""What a notebook's own classes do: objects that are made again, and their methods called as they were.

While recording, the profiler's hook tells which objects the notebook makes and what it calls on them
(not what methods call among themselves). Such a scene is kept as steps with made arguments, and
played again with the learner's class of that name. In-kernel source like probe.py: standard library,
Python 3.9. Classes are played as they are: those that change or read global data are left out.
"""

from __future__ import annotations

import contextlib
import dis
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastcompanion.course.recorded.calls import (
    FEW,
    FEWER,
    SCALARS,
    Unmade,
    is_known,
    shrunk,
    spec_of,
    synthesise,
    widened,
)
from fastcompanion.course.recorded.fingerprints import fingerprint
from fastcompanion.course.recorded.probe import Limit
from fastcompanion.course.recorded.replays import (
    NOT_PLAIN_CALLS,
    SAVING,
    Guard,
    answer_within,
    bare,
    codes_of,
    data_read,
    global_names,
    known_names,
    own_function,
    seeded,
)

MOST_STEPS = 40
MOST_NOTED = 200
MOST_PROBES = 8
PROBE = 1.5
UNARY = ("__neg__", "__abs__", "__pos__")
BINARY = tuple(
    f"__{side}{name}__" for name in ("add", "sub", "mul", "truediv", "pow") for side in ("", "r")
)
MOST_CALLERS = 60
UNWATCHED = {"__repr__", "__str__", "__hash__", "__eq__", "__del__", "__getattr__", "__len__"}
CHANGES_GLOBALS = {"STORE_GLOBAL", "DELETE_GLOBAL"}


def own_class(value: Any, outer: Mapping[str, Any]) -> bool:
    """Tell whether a value is a class that this notebook defines."""
    return isinstance(value, type) and any(
        isinstance(one, types.FunctionType) and one.__globals__ is outer
        for one in vars(value).values()
    )


def needs_nothing(kind: type) -> bool:
    """Tell whether objects of a class are made without arguments."""
    return not any("__init__" in vars(one) for one in kind.__mro__[:-1])


class SceneLog:
    """Notes the objects of the notebook's classes that are made, and the methods called on them."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.steps: list[dict[str, Any]] = []
        self.specs: list[dict[str, Any]] = []
        self.objects: dict[int, tuple[Any, list[Any]]] = {}
        self.running: dict[int, dict[str, Any]] = {}
        self.methods: dict[types.CodeType, bool] = {}
        self.places: dict[type, str] = {}
        self.done: set[str] = set()

    def called(self, frame: types.FrameType) -> None:
        """Take note of a method that begins, unless another method has called it."""
        code = frame.f_code
        if not code.co_argcount or len(self.steps) >= MOST_NOTED:
            return
        owner = frame.f_locals.get(code.co_varnames[0])
        kind = type(owner)
        if not self.is_method(code, kind):
            return
        outer = self.outer_step(frame)
        if outer is not None:
            outer["types"].append(kind)
        elif code.co_name not in UNWATCHED and not code.co_flags & NOT_PLAIN_CALLS:
            self.note(frame, owner, kind)

    def is_method(self, code: types.CodeType, kind: type) -> bool:
        """Tell whether code is that of a method of one of the notebook's classes."""
        if code not in self.methods:
            found = bare(getattr(kind, code.co_name, None), self.names)
            self.methods[code] = getattr(found, "__code__", None) is code
        return self.methods[code]

    def is_no_method(self, code: types.CodeType) -> bool:
        """Tell whether it is settled that code is none of a method."""
        return not code.co_argcount or self.methods.get(code) is False

    def outer_step(self, frame: types.FrameType) -> dict[str, Any] | None:
        """Give the step that a frame runs in, None where it is the notebook's own."""
        for _ in range(MOST_CALLERS):
            above = frame.f_back
            if above is None:
                return None
            if id(above) in self.running:
                return self.running[id(above)]
            frame = above
        return None

    def note(self, frame: types.FrameType, owner: Any, kind: type) -> None:
        """Write a step down; an object that was made out of sight is made first if it needs nothing."""
        code = frame.f_code
        given, named = self.given(frame, bare(getattr(kind, code.co_name), self.names))
        args = [self.reference(one) for one in given]
        words = {name: self.reference(one) for name, one in named.items()}
        known = self.names.get(kind.__name__) is kind
        step: dict[str, Any] = {"args": args, "words": words, "types": [kind], "class": kind}
        step["fits"] = known and None not in (*args, *words.values())
        if code.co_name == "__init__":
            step["new"] = kind.__name__
            self.objects[id(owner)] = (owner, ["s", len(self.steps)])
        else:
            if id(owner) not in self.objects and needs_nothing(kind):
                self.objects[id(owner)] = (owner, ["s", len(self.steps)])
                fresh = {"new": kind.__name__, "args": [], "words": {}, "class": kind, "types": []}
                self.steps.append({**fresh, "fits": known})
            step["on"] = self.objects.get(id(owner), (None, None))[1]
            step["do"] = code.co_name
            step["fits"] = step["fits"] and step["on"] is not None
        self.steps.append(step)
        self.running[id(frame)] = step

    def given(
        self, frame: types.FrameType, function: types.FunctionType
    ) -> tuple[list[Any], dict[str, Any]]:
        """Give what a method was called with: by position up to the first default, then by name."""
        code, held = frame.f_code, frame.f_locals
        count = code.co_argcount
        names = code.co_varnames[1 : count + code.co_kwonlyargcount]
        defaults = function.__defaults__ or ()
        usual = dict(zip(code.co_varnames[count - len(defaults) : count], defaults))  # noqa: B905
        usual.update(function.__kwdefaults__ or {})
        args: list[Any] = []
        named: dict[str, Any] = {}
        for place, name in enumerate(names, start=1):
            if name in usual and held[name] is usual[name]:
                continue
            if place < count and len(args) == place - 1:
                args.append(held[name])
            else:
                named[name] = held[name]
        rest = code.co_varnames[count + code.co_kwonlyargcount :]
        if code.co_flags & 0x04:
            args += held[rest[0]]
        if code.co_flags & 0x08:
            named.update(held[rest[1 if code.co_flags & 0x04 else 0]])
        return args, named

    def reference(self, value: Any) -> list[Any] | None:
        """Say which step has made an argument, or what it is like; None for what can't be made."""
        if id(value) in self.objects:
            return self.objects[id(value)][1]
        spec = {"k": "unknown"} if own_class(type(value), self.names) else spec_of(value)
        if spec["k"] == "unknown":
            return None
        place = ["a", len(self.specs)]
        self.specs.append(spec)
        if hasattr(value, "dtype"):
            self.objects[id(value)] = (value, place)
        return place

    def returned(self, frame: types.FrameType, value: Any) -> None:
        """Take note of what a step has given, as it may be used again."""
        step = self.running.pop(id(frame), None)
        if step is None:
            return
        if "do" in step and (hasattr(value, "dtype") or own_class(type(value), self.names)):
            place = next(n for n, one in enumerate(self.steps) if one is step)
            self.objects.setdefault(id(value), (value, ["s", place]))

    def told(self, section: str) -> dict[str, dict[str, Any]]:
        """Give the scenes that were seen since, by the section that they belong to; begin anew.

        That is this section where a class of it has taken part, else the one that defines the class.
        """
        for value in list(self.names.values()):
            if own_class(value, self.names):
                self.places.setdefault(value, section)
        found: dict[str, list[int]] = {}
        for number, step in enumerate(self.steps):
            inside = any(self.places.get(kind) == section for kind in step["types"])
            owner = section if inside else self.places.get(step["class"])
            needs = [place for kind, place in self.needs(step) if kind == "s"]
            kept = found.setdefault(owner or "", [])
            if step["fits"] and len(kept) < MOST_STEPS and all(one in kept for one in needs):
                kept.append(number)
        scenes: dict[str, dict[str, Any]] = {}
        for owner, kept in found.items():
            if owner and kept and owner not in self.done:
                self.done.add(owner)
                scenes[owner] = {self.steps[kept[0]]["new"]: self.entry(kept)}
        self.steps, self.specs, self.objects, self.running = [], [], {}, {}
        return scenes

    def needs(self, step: Mapping[str, Any]) -> list[Any]:
        """List what a step is made of."""
        made = [*step["args"], *step["words"].values(), step.get("on")]
        return [one for one in made if one]

    def probes(self, first: int, case: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask the first object for each operator that its class defines and the notebook did not use."""
        done = {step.get("do") for step in case["steps"]}
        own = vars(self.steps[first]["class"])
        asked = [name for name in (*UNARY, *BINARY) if name in own and name not in done]
        number = [["a", len(case["args"])]]
        return [
            {
                **case,
                "args": [*case["args"], {"k": "number", "v": PROBE}],
                "steps": [
                    case["steps"][0],
                    {"do": name, "on": 0, "args": [] if name in UNARY else number},
                ],
                "seed": 21,
            }
            for name in asked[:MOST_PROBES]
        ]

    def entry(self, kept: list[int]) -> dict[str, Any]:
        """Write a scene as the calls of a function are written, with steps and arguments counted anew."""
        used = dict.fromkeys(p for n in kept for k, p in self.needs(self.steps[n]) if k == "a")
        new = {("s", old): place for place, old in enumerate(kept)}
        new.update({("a", old): place for place, old in enumerate(used)})
        steps = []
        for number in kept:
            step = self.steps[number]
            told: dict[str, Any] = {key: step[key] for key in ("new", "do") if key in step}
            if "do" in step:
                told["on"] = new["s", step["on"][1]]
            told["args"] = [[kind, new[kind, place]] for kind, place in step["args"]]
            if step["words"]:
                words = step["words"].items()
                told["words"] = {name: [kind, new[kind, place]] for name, (kind, place) in words}
            steps.append(told)
        case = {"args": [self.specs[one] for one in used], "globals": {}, "steps": steps}
        cases = widened([shrunk(case, FEW, FEWER)]) if is_known(case) else []
        cases += self.probes(kept[0], cases[0]) if cases else []
        return {"arity": 0, "params": 0, "closed": True, "reads": [], "seen": 1, "cases": cases}


def classes_of(
    case: Mapping[str, Any], outer: Mapping[str, Any], renamed: Mapping[str, str]
) -> dict[str, type]:
    """Find the classes that a scene makes objects of; what is no class of the notebook's can't be made."""
    found: dict[str, type] = {}
    for name in dict.fromkeys(step["new"] for step in case["steps"] if "new" in step):
        value = outer.get(renamed.get(name, name))
        if not isinstance(value, type) or not own_class(value, outer):
            raise Unmade
        found[name] = value
    return found


def codes_of_classes(
    classes: list[type], outer: Mapping[str, Any]
) -> tuple[list[types.CodeType], list[type]]:
    """List the code that classes may run, and all classes of the notebook among which they run it."""
    codes: list[types.CodeType] = []
    seen: list[type] = []
    waiting = list(classes)
    while waiting:
        kind = waiting.pop()
        if kind in seen or not own_class(kind, outer):
            continue
        seen.append(kind)
        waiting += kind.__mro__
        for one in vars(kind).values():
            function = bare(getattr(one, "fget", one), outer)
            if isinstance(function, types.FunctionType):
                codes += codes_of(function.__code__, outer)
        named = [outer.get(name) for code in codes for name in global_names(code)]
        waiting += [value for value in named if isinstance(value, type)]
    return codes, seen


def not_alone(codes: list[types.CodeType], outer: Mapping[str, Any]) -> str:
    """Say why classes can't be played: they save something, change global names, or read data there."""
    saving = SAVING & {name for code in codes for name in code.co_names}
    done = {step.opname for code in codes for step in dis.get_instructions(code)}
    changes = bool(done & CHANGES_GLOBALS)
    if saving or changes:
        return min(saving, default="it changes global names")
    read = data_read(codes, outer)
    return next((name for name in read if spec_of(outer[name])["k"] not in SCALARS), "")


@contextlib.contextmanager
def kept_classes(classes: list[type]) -> Iterator[None]:
    """Put back what playing changes in classes themselves, as counters."""
    before = [(kind, dict(vars(kind))) for kind in classes]
    try:
        yield
    finally:
        for kind, told in before:
            for name in [name for name in vars(kind) if name not in told]:
                delattr(kind, name)
            for name, value in told.items():
                if vars(kind).get(name) is not value:
                    setattr(kind, name, value)


def play(
    outer: dict[str, Any],
    case: Mapping[str, Any],
    renamed: Mapping[str, str],
    seconds: float,
    around: Callable[[], Any] = contextlib.nullcontext,
    patience: float = 0.0,
) -> dict[str, Any]:
    """Play a scene with the classes that are there; gives what `replay` gives."""

    def once() -> dict[str, Any]:
        classes = classes_of(case, outer, renamed)
        codes, seen = codes_of_classes(list(classes.values()), outer)
        reason = not_alone(codes, outer)
        if reason:
            return {"skipped": reason}
        known = known_names(case, outer, codes)
        args = [
            synthesise(spec, case["seed"] * 1000 + place, known)
            for place, spec in enumerate(case["args"])
        ]
        with seeded(case["seed"]), around(), Guard(), kept_classes(seen):
            return scene_answer(outer, case, classes, args)

    return answer_within(case, Limit(seconds, patience), once)


def method_of(value: Any, name: str, outer: Mapping[str, Any]) -> Any:
    """Find a method that the notebook defines; where a class has none of this name, it is another one."""
    if not own_function(bare(getattr(type(value), name, None), outer), outer):
        raise Unmade
    return getattr(value, name)


def held_by(value: Any) -> dict[str, Any]:
    """Describe what a step gave; an object that holds nothing to compare says only that it is one."""
    found = fingerprint(value)
    if found["k"] != "other" or type(value).__module__ != "__main__":
        return found
    return {"k": "object", "cls": found["cls"], "a": {}}


def scene_answer(
    outer: Mapping[str, Any],
    case: Mapping[str, Any],
    classes: Mapping[str, type],
    args: list[Any],
) -> dict[str, Any]:
    """Go through the steps, and say what they gave, as it is in the end, and how arguments changed."""
    before = [fingerprint(one) for one in args]
    results: list[Any] = []
    for step in case["steps"]:
        made = {"s": results, "a": args}
        given = [made[kind][place] for kind, place in step["args"]]
        named = {name: made[kind][place] for name, (kind, place) in step.get("words", {}).items()}
        if "new" in step:
            what = classes[step["new"]]
        else:
            what = method_of(results[step["on"]], step["do"], outer)
        results.append(what(*given, **named))
    after = [fingerprint(one) for one in args]
    items = [held_by(one) for one in results]
    pairs = zip(before, after)  # noqa: B905 - Python 3.9
    return {
        "fp": {"k": "group", "t": "steps", "n": len(items), "items": items},
        "changed": [new if new != old else None for old, new in pairs],
        "globals": {},
    }
