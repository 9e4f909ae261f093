"""Calls of a notebook's functions, kept as what their arguments are like, and made again from that.

Nothing of the course's or the learner's data is kept: an argument is a kind, a shape, a range. What is
made from it comes from the legacy streams of numpy (frozen by NEP 19) and of `random`, so that original
and learner get the same values on every machine. In-kernel source like probe.py: standard library,
Python 3.9; the global random generators are never drawn from.
"""

from __future__ import annotations

import contextlib
import copy
import dis
import json
import math
import random
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastcompanion.course.recorded.fingerprints import (
    fingerprint,
    is_clean,
    plain_rows,
    rounded,
    shape_in_full,
    shape_only,
    thinned,
)
from fastcompanion.course.recorded.probe import Isolation, Limit, untouched
from fastcompanion.course.recorded.values import is_frame, is_number, list_shape

KEPT_CALLS = 3
SCALE = 1.7
BIG_SIZE = 1000
SMALL_SIZE = 512
MOST_MADE = 2_000_000
MOST_PARTS = 12
LONGEST_WORD = 20
LONGEST_TEXT = 60
SLOW_ORIGINAL = 0.5
UNKNOWN = {"k": "unknown"}
SCALARS = ("number", "plain", "text")
NOT_PLAIN_CALLS = 0x20 | 0x80 | 0x200  # generators and coroutines


class Unmade(Exception):
    """An argument that can't be made here: its library is not loaded."""


def spec_of(value: Any, words: frozenset[str] = frozenset(), depth: int = 0) -> dict[str, Any]:
    """Say what an argument is like; `words` are texts that the functions themselves spell out."""
    try:
        return spec_inside(value, words, depth)
    except Exception:
        return UNKNOWN


def spec_inside(value: Any, words: frozenset[str], depth: int) -> dict[str, Any]:
    """Say what a value is like by its kind; may raise what the value raises."""
    if value is None or isinstance(value, bool):
        return {"k": "plain", "v": value}
    if isinstance(value, str):
        if value in words and len(value) <= LONGEST_WORD:
            return {"k": "plain", "v": value}
        return {"k": "text", "n": min(len(value), LONGEST_TEXT), "spaces": " " in value}
    if is_frame(value):
        return UNKNOWN
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return array_spec(value)
    if is_number(value):
        number = value if isinstance(value, int) else rounded(value)
        return UNKNOWN if number is None else {"k": "number", "v": number}
    if type(value) in (list, tuple) and list_shape(thinned(value, (len(value),))):
        return {**statistics_of(value), "k": "numbers", "t": type(value).__name__}
    if type(value) in (list, tuple, dict) and len(value) <= MOST_PARTS and depth < 3:
        return parts_spec(value, words, depth)
    return UNKNOWN


def parts_spec(value: Any, words: frozenset[str], depth: int) -> dict[str, Any]:
    """Say what a short list, tuple or dictionary holds."""
    found: dict[str, Any] = {"k": type(value).__name__}
    members = value
    if isinstance(value, dict):
        if not all(isinstance(key, int) or key in words for key in value):
            return UNKNOWN
        found["keys"], members = list(value), value.values()
    found["items"] = [spec_of(member, words, depth + 1) for member in members]
    return UNKNOWN if UNKNOWN in found["items"] else found


def array_spec(value: Any) -> dict[str, Any]:
    """Say what an array, a column or a tensor is like, its gradient included."""
    kind = str(value.dtype).replace("torch.", "")
    found = {**statistics_of(value), "d": kind, "k": "array"}
    if hasattr(value, "detach"):
        found.update(k="tensor", rg=bool(value.requires_grad))
        if value.is_leaf and value.grad is not None:
            found["grad"] = array_spec(value.grad)
    elif hasattr(value, "iloc"):
        found["k"] = "column"
    elif not hasattr(value, "flags"):
        return UNKNOWN
    return found


def statistics_of(value: Any) -> dict[str, Any]:
    """Give shape and range of numbers; `int` says that all are whole."""
    shape = shape_in_full(value)
    rows, kind = plain_rows(value if shape else value.reshape(1), shape or (1,))
    flat = [float(n) for n in (rows if isinstance(rows, list) else rows.reshape(-1).tolist())]
    if kind not in ("f", "i", "b") or not flat or not all(map(math.isfinite, flat)):
        raise Unmade
    mean = math.fsum(flat) / len(flat)
    spread = math.sqrt(math.fsum((n - mean) ** 2 for n in flat) / len(flat))
    told = {"low": min(flat), "high": max(flat), "mean": mean, "sd": spread}
    found: dict[str, Any] = {"shape": list(shape), "int": all(map(float.is_integer, flat))}
    found.update({key: rounded(number) for key, number in told.items()})
    if len(shape) == 1 and len(flat) > 2 and flat == sorted(flat):
        found["sorted"] = True
    return found


def walk(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give a spec and all that it is made of."""
    yield spec
    for inner in (*spec.get("items", ()), *([spec["grad"]] if spec.get("grad") else ())):
        yield from walk(inner)


def specs_of(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the specs of a case: arguments, then globals by name."""
    return [*case["args"], *(spec for _, spec in sorted(case["globals"].items()))]


def is_known(case: Mapping[str, Any]) -> bool:
    """Tell whether everything that a case needs can be made."""
    inner = [one for spec in specs_of(case) for one in walk(spec)]
    small = all(math.prod(one.get("shape", ())) <= MOST_MADE for one in inner)
    return small and all(one["k"] != "unknown" for one in inner)


def shrunk(case: dict[str, Any]) -> dict[str, Any]:
    """Make big sizes small, the same one everywhere in a case, and indices fit to them."""
    case = copy.deepcopy(case)
    arrays = [one for spec in specs_of(case) for one in walk(spec) if "shape" in one]
    big = dict.fromkeys(size for one in arrays for size in one["shape"] if size > BIG_SIZE)
    small = {size: SMALL_SIZE + place for place, size in enumerate(big)}
    for one in arrays:
        assert isinstance(one, dict)
        one["shape"] = [small.get(size, size) for size in one["shape"]]
        if one["int"] and not str(one.get("d", "int")).startswith("float"):
            fitting = [new for old, new in small.items() if new <= one["high"] < old]
            if fitting:
                one["high"] = float(min(fitting) - 1)
                one["mean"] = min(one["mean"], one["high"])
    return case


def widened(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give observed calls their seeds and add two: one scaled, one from another seed (whole numbers + 1)."""
    made = [{**case, "seed": place + 1} for place, case in enumerate(cases[:KEPT_CALLS])]
    for first in made[:1]:
        made.append({**varied(first, scaled), "seed": 11})
        made.append({**varied(first, stepped), "seed": 12})
    seen: dict[str, dict[str, Any]] = {}
    for case in made:
        by_chance = any("shape" in one for spec in specs_of(case) for one in walk(spec))
        key = json.dumps({**case, "seed": case["seed"] if by_chance else 0}, sort_keys=True)
        seen.setdefault(key, case)
    return list(seen.values())


def varied(case: Mapping[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Change the specs of a case; scalar globals stay, as learners may spell them another way."""
    made = copy.deepcopy(dict(case))
    for spec in [*made["args"], *(g for g in made["globals"].values() if g["k"] not in SCALARS)]:
        for one in walk(spec):
            assert isinstance(one, dict)
            change(one)
    return made


def scaled(spec: dict[str, Any]) -> None:
    """Make floats bigger; what is whole stays."""
    if spec["k"] == "number" and isinstance(spec["v"], float):
        spec["v"] = rounded(spec["v"] * SCALE)
    elif "low" in spec and not spec["int"]:
        spec.update({key: rounded(spec[key] * SCALE) for key in ("low", "high", "mean", "sd")})


def stepped(spec: dict[str, Any]) -> None:
    """Make a whole number one greater."""
    if spec["k"] == "number" and isinstance(spec["v"], int):
        spec["v"] += 1


def synthesise(spec: Mapping[str, Any], seed: int) -> Any:
    """Make a value like the one that a spec was taken from; the same for the same seed."""
    kind = spec["k"]
    if kind in ("plain", "number"):
        return spec["v"]
    if kind == "text":
        letters = "abcdefghijklmnopqrstuvwxyz" + ("   " if spec["spaces"] else "")
        return "".join(random.Random(seed).choice(letters) for _ in range(spec["n"]))
    if kind in ("list", "tuple", "dict"):
        items = [synthesise(one, seed * 31 + place) for place, one in enumerate(spec["items"])]
        return (
            dict(zip(spec["keys"], items))
            if kind == "dict"
            else (list if kind == "list" else tuple)(items)
        )
    if kind == "numbers":
        return nested(listed(spec, seed), spec["shape"], tuple if spec["t"] == "tuple" else list)
    if kind == "unknown":
        raise Unmade
    return arrayed(spec, seed)


def listed(spec: Mapping[str, Any], seed: int) -> list[Any]:
    """Draw numbers of a list; the same with and without numpy."""
    stream, count = random.Random(seed), math.prod(spec["shape"])
    low, high, mean = spec["low"], spec["high"], spec["mean"]
    if spec["int"]:
        span = int(high) - int(low) + 1
        made: list[Any] = [int(low) + int(stream.random() * span) for _ in range(count)]
    else:
        made = [min(max(stream.gauss(mean, spec["sd"]), low), high) for _ in range(count)]
    return sorted(made) if spec.get("sorted") else made


def nested(numbers: list[Any], shape: list[int], kind: Any) -> Any:
    """Fold numbers into lists in lists."""
    for size in reversed(shape[1:]):
        numbers = [kind(numbers[i : i + size]) for i in range(0, len(numbers), size)]
    return kind(numbers)


def arrayed(spec: Mapping[str, Any], seed: int) -> Any:
    """Draw an array, and make a column or a tensor of it."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    pandas = sys.modules.get("pandas")
    if numpy is None:
        raise Unmade
    array = drawn(spec, numpy.random.RandomState(seed), numpy)
    if spec["k"] == "column":
        if pandas is None:
            raise Unmade
        return pandas.Series(array.astype(spec["d"].lower()))
    if spec["k"] == "array":
        return array.astype(spec["d"])
    if torch is None:
        raise Unmade
    made = torch.from_numpy(array).to(getattr(torch, spec["d"]))
    if spec["rg"]:
        made.requires_grad_()
    if spec.get("grad"):
        made.grad = arrayed(spec["grad"], seed + 7)
    return made


def drawn(spec: Mapping[str, Any], stream: Any, numpy: Any) -> Any:
    """Draw the floats of an array: two whole values by their share, others evenly, floats by moments."""
    shape, low, high = tuple(spec["shape"]), spec["low"], spec["high"]
    if spec["int"] and high - low == 1:
        array = low + (stream.random_sample(shape) < spec["mean"] - low)
    elif spec["int"]:
        # Not randint: its stream is another one on Windows.
        array = low + numpy.floor(stream.random_sample(shape) * (high - low + 1))
    else:
        array = numpy.clip(spec["mean"] + spec["sd"] * stream.standard_normal(shape), low, high)
    array = numpy.asarray(array, dtype="float64")
    return numpy.sort(array) if spec.get("sorted") else array


def own_function(value: Any, outer: Mapping[str, Any]) -> bool:
    """Tell whether a value is a plain function of this notebook."""
    return isinstance(value, types.FunctionType) and value.__globals__ is outer


def is_plain_function(value: Any, outer: Mapping[str, Any]) -> bool:
    """Tell whether a function of the notebook can be called again: no generator, nothing closed over."""
    if not own_function(value, outer):
        return False
    return not value.__code__.co_flags & NOT_PLAIN_CALLS and not value.__code__.co_freevars


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


def global_names(code: types.CodeType) -> list[str]:
    """List the global names that one piece of code reads, in order."""
    steps = dis.get_instructions(code)
    return list(dict.fromkeys(s.argval for s in steps if s.opname in ("LOAD_GLOBAL", "LOAD_NAME")))


def words_of(codes: list[types.CodeType]) -> frozenset[str]:
    """Collect the texts that code spells out: they are no data."""
    return frozenset(c for code in codes for c in code.co_consts if isinstance(c, str))


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
) -> dict[str, Any]:
    """Make one call again on a copy of the function, with made arguments and globals.

    `order` says which argument stands at each place. Gives an answer, {"error"} or {"skipped"}.
    """
    limit = Limit(seconds)
    try:
        with untouched(), limit, gradients(case):
            isolation = Isolation(outer)
            reads = data_read_by(function, outer)
            missing = put_in_place(isolation.inner, case, renamed, reads)
            if missing:
                return {"skipped": missing}
            args = [
                synthesise(spec, case["seed"] * 1000 + i) for i, spec in enumerate(case["args"])
            ]
            with seeded(case["seed"]), around():
                return answered(isolation, isolation.of(function), case, args, order, renamed)
    except Unmade:
        return {"skipped": "an argument"}
    except BaseException as error:
        if limit.fired:
            return {"error": "slow"}
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"error": type(error).__name__}


def data_read_by(function: Any, outer: Mapping[str, Any]) -> set[str]:
    """Give all global names that a function reads, through others of the notebook too."""
    codes = codes_of(function.__code__, outer)
    return {name for code in codes for name in global_names(code)}


def put_in_place(
    inner: dict[str, Any], case: Mapping[str, Any], renamed: Mapping[str, str], reads: set[str]
) -> str:
    """Put made globals where a function reads them; names the first data that it does not read."""
    for place, (name, spec) in enumerate(sorted(case["globals"].items())):
        own = renamed.get(name, name)
        if own in reads:
            inner[own] = synthesise(spec, case["seed"] * 1000 + 500 + place)
        elif spec["k"] not in SCALARS:
            return str(name)
    return ""


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
    before = [fingerprint(one) for one in args]
    around = {name: fingerprint(inner[mine]) for name, mine in own.items() if mine in inner}
    found = fingerprint(twin(*[args[place] for place in order]))
    after = [fingerprint(one) for one in args]
    changed = [new if new != old else None for old, new in zip(before, after)]
    now = {name: fingerprint(inner[own[name]]) for name in around}
    moved = {name: now[name] for name in around if now[name] != around[name]}
    return {"fp": found, "changed": changed, "globals": moved}


def tells(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer says anything: a clean value, or something clean that changed."""
    if "fp" not in answer:
        return False
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
    function = outer.get(name)
    if not is_plain_function(function, outer):
        return {"class": "exact", "cases": [], "reason": "it can't be called by itself"}
    kept, why, by_chance = [], "", False
    for case in cases:
        order = list(range(len(case["args"])))

        def once(seed: int, around: Any, case: Any = case, order: Any = order) -> dict[str, Any]:
            return replay(outer, function, {**case, "seed": seed}, order, {}, SLOW_ORIGINAL, around)

        answer = once(case["seed"], contextlib.nullcontext)
        if not tells(answer):
            why = why or str(
                answer.get("error", answer.get("skipped", "it gives nothing to compare"))
            )
            continue
        kept.append({**case, "answer": answer})
        by_chance = by_chance or rolls_dice(outer, function, case, order)
    if by_chance:
        kept = [{**case, "answer": answer_shape(case["answer"])} for case in kept[:2]]
    told = {"class": "shape" if by_chance else "exact", "cases": kept}
    return told if kept else {**told, "reason": why or "no call of it was seen"}


def rolls_dice(
    outer: dict[str, Any], function: Any, case: Mapping[str, Any], order: list[int]
) -> bool:
    """Tell whether another state of the random generators gives another answer to the same arguments."""
    answers = []
    for chance in (101, 202):

        @contextlib.contextmanager
        def around(chance: int = chance) -> Iterator[None]:
            with seeded(chance), deaf_to_seeds(chance):
                yield

        answers.append(replay(outer, function, case, order, {}, SLOW_ORIGINAL, around))
    return answers[0] != answers[1]
