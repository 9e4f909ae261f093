"""Calling a notebook's functions again, on copies, with arguments that were made for it.

In-kernel source like probe.py: standard library, Python 3.9. Nothing of the learner's is changed: the
functions are rebuilt on copied globals, the random generators are put back, files can't be written.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import itertools
import random
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastcompanion.course.recorded.calls import (
    FEW,
    FEWER,
    NAME_DIGITS,
    SCALARS,
    StandIn,
    Unmade,
    as_truth,
    specs_of,
    synthesise,
    walk,
)
from fastcompanion.course.recorded.fingerprints import (
    digest_of,
    fingerprint,
    is_clean,
    shape_only,
)
from fastcompanion.course.recorded.probe import Isolation, Limit, untouched
from fastcompanion.course.recorded.values import is_frame, is_number, size_of

SLOW_ORIGINAL = (
    0.5  # seconds of computing: what a record holds must not depend on how busy a machine is
)
PATIENCE = 5.0
MOST_COPIED = 64_000_000
PLAIN_TENSORS = {
    f"torch.{kind}" for kind in ("float32", "float64", "int64", "int32", "uint8", "bool")
}
MOST_TEXTS_READ = 1000
NOT_PLAIN_CALLS = 0x20 | 0x80 | 0x200  # generators and coroutines
SAVING = {"save", "export", "to_file", "write_image"}
FORBIDDEN = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink",
    "os.chmod", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.kill",
    "socket.connect", "socket.bind", "urllib.Request", "webbrowser.open", "sqlite3.connect",
}  # fmt: skip


def own_function(value: Any, outer: Mapping[str, Any]) -> bool:
    """Tell whether a value is a plain function of this notebook."""
    return isinstance(value, types.FunctionType) and value.__globals__ is outer


def is_plain_function(value: Any, outer: Mapping[str, Any]) -> bool:
    """Tell whether a function of the notebook can be called again: no generator."""
    return own_function(value, outer) and not value.__code__.co_flags & NOT_PLAIN_CALLS


def bare(value: Any, outer: Mapping[str, Any]) -> Any:
    """Take off the decorators of a function of the notebook (`@torch.no_grad()`)."""
    for _ in range(4):
        if own_function(value, outer) or not hasattr(value, "__wrapped__"):
            break
        value = value.__wrapped__
    return value


def codes_of(code: types.CodeType, outer: Mapping[str, Any]) -> list[types.CodeType]:
    """List the code of a function, of the functions inside and of those of the notebook that it names."""
    found: list[types.CodeType] = []
    waiting = [code]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        waiting += [inner for inner in one.co_consts if isinstance(inner, types.CodeType)]
        named = [outer.get(name) for name in global_names(one)]
        waiting += [
            f.__code__
            for f in named
            if isinstance(f, types.FunctionType) and own_function(f, outer)
        ]
    return found


@functools.lru_cache(maxsize=1000)
def global_names(code: types.CodeType) -> tuple[str, ...]:
    """List the global names that one piece of code reads, in order."""
    steps = dis.get_instructions(code)
    return tuple(dict.fromkeys(s.argval for s in steps if s.opname in ("LOAD_GLOBAL", "LOAD_NAME")))


def words_of(codes: list[types.CodeType]) -> frozenset[str]:
    """Collect the texts that code spells out: they are no data."""
    consts = [one for code in codes for one in code.co_consts]
    consts += [inner for one in consts if isinstance(one, tuple) for inner in one]
    return frozenset(one for one in consts if isinstance(one, str))


def data_read(codes: list[types.CodeType], outer: Mapping[str, Any]) -> list[str]:
    """List the data globals that a function reads, by itself or through others of the notebook."""
    names = dict.fromkeys(name for code in codes for name in global_names(code))
    return sorted(name for name in names if name in outer and is_data(outer[name]))


def is_data(value: Any) -> bool:
    """Tell data from modules, classes, functions and other helpers that are only called."""
    if isinstance(value, (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType)):
        return False
    has_more = any(hasattr(value, name) for name in ("dtype", "parameters", "predict"))
    return has_more or not callable(value)


def arguments_of(
    code: types.CodeType, values: Mapping[str, Any], defaults: tuple[Any, ...]
) -> list[Any] | None:
    """List the arguments of a call by position, without trailing defaults; None for keyword-only ones."""
    count = code.co_argcount
    names = code.co_varnames[: count + code.co_kwonlyargcount + 2]
    if code.co_kwonlyargcount or (code.co_flags & 0x08 and values.get(names[-1])):
        return None
    found = [values[name] for name in names[:count]]
    more = values.get(code.co_varnames[count], ()) if code.co_flags & 0x04 else ()
    if not more:
        for default in reversed(defaults):
            if not found or found[-1] is not default:
                break
            found.pop()
    return [*found, *more]


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Set the global generators; to be used inside `untouched`, which puts them back."""
    random.seed(seed)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed(seed)
    if torch is not None:
        torch.default_generator.manual_seed(seed)
    yield


@contextlib.contextmanager
def deaf_to_seeds(seed: int) -> Iterator[None]:
    """Make the functions that set seeds do nothing, so that what comes from chance shows itself."""
    numpy, torch = sys.modules.get("numpy.random"), sys.modules.get("torch")
    places = [(random, "seed")] + ([(numpy, "seed")] if numpy else [])
    places += [(torch, "manual_seed"), (torch.random, "manual_seed")] if torch is not None else []
    before = [(place, name, getattr(place, name)) for place, name in places]
    try:
        for place, name, _ in before:
            setattr(place, name, lambda *ignored, **words: None)
        yield
    finally:
        for place, name, function in before:
            setattr(place, name, function)


@contextlib.contextmanager
def gradients(case: Mapping[str, Any]) -> Iterator[None]:
    """Record gradients or not, as it was when the call was seen."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
    else:
        with torch.set_grad_enabled(not case.get("no_grad")):
            yield


def replay(
    outer: dict[str, Any],
    function: Any,
    case: Mapping[str, Any],
    order: list[int],
    renamed: Mapping[str, str],
    seconds: float,
    around: Callable[[], Any] = contextlib.nullcontext,
    patience: float = 0.0,
) -> dict[str, Any]:
    """Make one call again on a copy of the function, with made arguments and globals.

    `order` says which argument stands at each place. Gives an answer, {"error"} or {"skipped"}.
    """

    def once() -> dict[str, Any]:
        codes = codes_of(function.__code__, outer)
        reads = {name for code in codes for name in global_names(code)}
        isolation, known = Isolation(outer), known_names(case, outer, codes)
        missing = put_in_place(isolation, case, renamed, reads, known)
        missing = missing or unsafe(isolation, codes, reads)
        if missing:
            return {"skipped": missing}
        args = arguments(isolation, case, renamed, known)
        twin = isolation.of(function)
        with seeded(case["seed"]), around(), Guard():
            return answered(isolation, twin, case, args, order, renamed)

    return answer_within(case, Limit(seconds, patience), once)


def answer_within(
    case: Mapping[str, Any], limit: Limit, once: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Give what `once` answers within a limit, or {"error"} or {"skipped"}; nothing else is changed.

    All of it runs inside: an interrupt that is late must not land in the learner's code.
    """
    try:
        with untouched(), limit, gradients(case):
            return once()
    except Unmade:
        return {"skipped": "an argument"}
    except BaseException as error:
        if limit.fired:
            return {"error": "slow"}
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": type(error).__name__}


def known_names(
    case: Mapping[str, Any], outer: Mapping[str, Any], codes: list[types.CodeType]
) -> dict[str, str]:
    """Collect texts that may be names of columns here, by their digests, where a case asks for any."""
    kinds = {one["k"] for spec in specs_of(case) for one in walk(spec)}
    if not kinds & {"named", "frame", "row"}:
        return {}
    texts = dict.fromkeys(sorted(words_of(codes)))
    for value in outer.values():
        if isinstance(value, str):
            texts[value] = None
        elif is_frame(value) or isinstance(value, (list, tuple, dict)):
            few = list(value.columns if is_frame(value) else value)[:MOST_TEXTS_READ]
            texts.update(dict.fromkeys(one for one in few if isinstance(one, str)))
    return {digest_of(text, NAME_DIGITS): text for text in texts}


def columns_of(outer: Mapping[str, Any]) -> frozenset[str]:
    """Collect the names of the columns of a namespace's tables."""
    found = (name for one in outer.values() if is_frame(one) for name in one.columns)
    return frozenset(name for name in found if isinstance(name, str))


def arguments(
    isolation: Isolation,
    case: Mapping[str, Any],
    renamed: Mapping[str, str],
    known: Mapping[str, str],
) -> list[Any]:
    """Make the arguments of a case; functions of the notebook are the learner's own."""
    made = []
    for place, spec in enumerate(case["args"]):
        if spec["k"] == "own":
            outer = isolation.outer
            own = bare(outer.get(renamed.get(spec["name"], spec["name"])), outer)
            if not is_plain_function(own, outer):
                raise Unmade
            made.append(isolation.of(own))
        else:
            made.append(synthesise(spec, case["seed"] * 1000 + place, known))
    return made


def put_in_place(
    isolation: Isolation,
    case: Mapping[str, Any],
    renamed: Mapping[str, str],
    reads: set[str],
    known: Mapping[str, str],
) -> str:
    """Put made globals where a function reads them; names the first data that does not fit there.

    Data that the learner keeps in another form (a column instead of a row of numbers) does not fit.
    """
    for place, (name, spec) in enumerate(sorted(case["globals"].items())):
        own = renamed.get(name, name)
        if own in reads and same_form(spec, isolation.outer.get(own)):
            isolation.inner[own] = synthesise(spec, case["seed"] * 1000 + 500 + place, known)
        elif spec["k"] not in SCALARS:
            return str(name)
    return ""


def same_form(spec: Mapping[str, Any], value: Any) -> bool:
    """Tell whether the learner's own value has a spec's form: class, dimensions, sizes but the first."""
    if spec["k"] == "frame":
        return is_frame(value)
    if spec["k"] not in ("array", "tensor", "column"):
        return True
    shape = tuple(getattr(value, "shape", ()))
    if len(shape) != len(spec["shape"]) or hasattr(value, "detach") != (spec["k"] == "tensor"):
        return False
    pairs = zip(shape[1:], spec["shape"][1:])
    return all(mine == size or (mine > FEW and size >= FEWER) for mine, size in pairs)


def unsafe(isolation: Isolation, codes: list[types.CodeType], reads: set[str]) -> str:
    """Say why a function is not called again: it saves something, or reads what is too big to copy."""
    saving = SAVING & {name for code in codes for name in code.co_names}
    if saving:
        return min(saving)
    outer, inner = isolation.outer, isolation.inner
    used = [name for name in sorted(reads) if name in outer and name not in inner]
    return next((name for name in used if size_of(outer[name]) > MOST_COPIED), "")


class Guard:
    """Keeps what is called again from changing files, starting programs and reaching the network.

    An audit hook can't be taken away, so that there is one per process, which sleeps in between.
    """

    awake = False
    hooked = False

    def __enter__(self) -> None:
        if not Guard.hooked:
            sys.addaudithook(Guard.look)
            Guard.hooked = True
        Guard.awake = True

    def __exit__(self, *exc: object) -> None:
        Guard.awake = False

    @staticmethod
    def look(event: str, args: tuple[Any, ...]) -> None:
        """Refuse what leaves traces."""
        if not Guard.awake:
            return
        writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
        if writes or event in FORBIDDEN or event.startswith(("shutil.", "subprocess.")):
            raise PermissionError("a function that is called again for a check must not do this")


class Before:
    """What an argument was before a call: a copy where that is quicker made than a fingerprint."""

    def __init__(self, value: Any) -> None:
        self.twin = plain_copy(value)
        self.told = fingerprint(value) if self.twin is None else None

    def changed(self, value: Any) -> dict[str, Any] | None:
        """Give the fingerprint of what stands there now, None where it is the same."""
        if self.twin is not None:
            now = plain_copy(value)
            if now is not None and same_bytes(self.twin, now):
                return None
            self.told, self.twin = fingerprint(self.twin), None
        told = fingerprint(value)
        return told if told != self.told else None


def plain_copy(value: Any) -> Any:
    """Copy an array, or a tensor that nothing hangs on; None for anything else."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and type(value) is numpy.ndarray and value.dtype.kind in "biuf":
        return value.copy()
    if torch is not None and type(value) is torch.Tensor and not vars(value):
        bare = not value.is_leaf or value.grad is None
        return value.detach().clone() if bare and str(value.dtype) in PLAIN_TENSORS else None
    return None


def same_bytes(one: Any, other: Any) -> bool:
    """Tell whether two arrays, or two tensors, are alike to the last bit."""
    if type(one) is not type(other) or one.dtype != other.dtype or one.shape != other.shape:
        return False
    if hasattr(one, "detach"):
        one, other = one.cpu().numpy(), other.cpu().numpy()
    return bool(one.tobytes() == other.tobytes())


def answered(
    isolation: Isolation,
    twin: Any,
    case: Mapping[str, Any],
    args: list[Any],
    order: list[int],
    renamed: Mapping[str, str],
) -> dict[str, Any]:
    """Call, and say what came back and which arguments and globals are changed."""
    inner = isolation.inner
    own = {name: renamed.get(name, name) for name in case["globals"]}
    before = [Before(one) for one in args]
    around = {name: Before(inner[mine]) for name, mine in own.items() if mine in inner}
    found = fingerprint(called(twin, [args[place] for place in order], case, order))
    changed = [old.changed(one) for old, one in zip(before, args)]
    now = {name: old.changed(inner[own[name]]) for name, old in around.items()}
    moved = {name: one for name, one in now.items() if one is not None}
    answer = {"fp": found, "changed": changed, "globals": moved}
    asked = [sorted(one.asked) for one in args if isinstance(one, StandIn) and one.asked]
    return {**answer, "asked": [asked_for(one) for one in asked]} if asked else answer


def called(twin: Any, args: list[Any], case: Mapping[str, Any], order: list[int]) -> Any:
    """Call once, or for every combination of truth values, whose answers are told as a list."""
    if not any(spec["k"] == "truths" for spec in case["args"]):
        return twin(*args)
    answers = []
    for row in itertools.product((False, True), repeat=len(args)):
        one = twin(*[row[place] for place in order])
        if as_truth(one) is None and not is_number(one):
            raise Unmade
        answers.append(float(one))
    return answers


def asked_for(rows: list[tuple[bool, ...]]) -> dict[str, Any]:
    """Describe the combinations of truth values that a function was asked for, in no order."""
    return {"k": "text", "h": digest_of(repr(rows), 12), "n": len(rows)}


def tells(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer says anything: a clean value, or something clean that changed."""
    if "fp" not in answer:
        return False
    if answer.get("asked"):
        return True
    changed = [one for one in (*answer["changed"], *answer["globals"].values()) if one is not None]
    if not all(is_clean(one) for one in changed):
        return False
    nothing = fingerprint(None)
    returned = (
        is_clean(answer["fp"]) and answer["fp"] != nothing and answer["fp"]["k"] != "function"
    )
    return returned or (bool(changed) and (answer["fp"] == nothing or answer["fp"]["k"] == "other"))


def answer_shape(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Leave of an answer what does not depend on chance."""
    return {
        "fp": shape_only(answer["fp"]),
        "changed": [one and shape_only(one) for one in answer["changed"]],
        "globals": {name: shape_only(one) for name, one in answer["globals"].items()},
    }


def fill(outer: dict[str, Any], name: str, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer cases by the function that stands under `name` now: class, cases, and why there are none."""
    function = bare(outer.get(name), outer)
    if not is_plain_function(function, outer):
        return {"class": "exact", "cases": [], "reason": "it can't be called by itself"}

    def once(case: dict[str, Any], around: Any = contextlib.nullcontext) -> dict[str, Any]:
        order = list(range(len(case["args"])))
        return replay(outer, function, case, order, {}, SLOW_ORIGINAL, around, PATIENCE)

    return filled(cases, once)


def filled(cases: list[dict[str, Any]], once: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Keep the cases that `once` has an answer to; of what chance decides, the shapes of two."""
    kept, why, by_chance = [], "", False
    for case in cases:
        answer = once(case)
        if not tells(answer):
            why = why or str(
                answer.get("error", answer.get("skipped", "it gives nothing to compare"))
            )
            continue
        kept.append({**case, "answer": answer})
        by_chance = by_chance or rolls_dice(case, once)
    if by_chance:
        kept = [{**case, "answer": answer_shape(case["answer"])} for case in kept[:2]]
    told = {"class": "shape" if by_chance else "exact", "cases": kept}
    return told if kept else {**told, "reason": why or "no call of it was seen"}


def rolls_dice(case: Mapping[str, Any], once: Callable[..., dict[str, Any]]) -> bool:
    """Tell whether another state of the random generators gives another answer to the same arguments."""
    if any(one["k"] == "chance" for spec in case["args"] for one in walk(spec)):
        return True
    answers = []
    for chance in (101, 202):

        @contextlib.contextmanager
        def around(chance: int = chance) -> Iterator[None]:
            with seeded(chance), deaf_to_seeds(chance):
                yield

        answers.append(once(case, around))
    return answers[0] != answers[1]
