"""Calls of a notebook's functions, kept as what their arguments are like, and made again from that.

Nothing of the course's or the learner's data is kept: an argument is a kind, a shape, a range. What is
made from it comes from the legacy streams of numpy (frozen by NEP 19) and of `random`, so that original
and learner get the same values on every machine. In-kernel source like probe.py: standard library,
Python 3.9; the global random generators are never drawn from.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastcompanion.course.recorded.fingerprints import (
    digest_of,
    plain_rows,
    rounded,
    shape_in_full,
    summary,
    thinned,
)
from fastcompanion.course.recorded.values import is_frame, is_number, list_shape

KEPT_CALLS = 3
SCALE = 1.7
BIG_SIZE = 1000
SMALL_SIZE = 512
# Of what takes long because of its size, other calls and scenes get so many rows.
FEW, FEWER = 200, 100
MANY_NUMBERS = 100_000
MOST_MADE = 2_000_000
MOST_PARTS = 12
MOST_TRUTHS = 4
MOST_AT_ONCE = 9
MOST_SIZES = 4
LONGEST_WORD = 20
LONGEST_TEXT = 60
UNKNOWN = {"k": "unknown"}
SCALARS = ("number", "plain", "text", "named")
MOST_TOLD_COLUMNS = 64
MOST_WORDS = 12
MOST_ASKED = 1024
NAME_DIGITS = 8
GENERATORS = {"Generator", "RandomState", "Random"}


class Unmade(Exception):
    """An argument that can't be made here: its library is not loaded."""


def spec_of(
    value: Any,
    words: frozenset[str] = frozenset(),
    depth: int = 0,
    columns: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Say what an argument is like.

    `words` are texts that the functions themselves spell out, `columns` the names of the columns of
    tables, of which only digests are kept.
    """
    try:
        return spec_inside(value, words, depth, columns)
    except Exception:
        return UNKNOWN


def spec_inside(
    value: Any, words: frozenset[str], depth: int, columns: frozenset[str]
) -> dict[str, Any]:
    """Say what a value is like by its kind; may raise what the value raises."""
    if value is None or isinstance(value, bool):
        return {"k": "plain", "v": value}
    if isinstance(value, str):
        return text_spec(value, words, columns)
    if type(value).__name__ in GENERATORS:
        return {"k": "chance", "cls": type(value).__name__, "of": type(value).__module__[:5]}
    if is_frame(value):
        return frame_spec(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return row_spec(value, words, columns) if is_row(value) else array_spec(value)
    if is_number(value):
        number = value if isinstance(value, int) else rounded(value)
        return UNKNOWN if number is None else {"k": "number", "v": number}
    if type(value) in (list, tuple) and only_plain_numbers(value) and not are_sizes(value):
        return {**statistics_of(value), "k": "numbers", "t": type(value).__name__}
    if type(value) is list and len({type(item) for item in value}) == 1:
        value = value[:MOST_PARTS]
    if type(value) in (list, tuple, dict) and len(value) <= MOST_PARTS and depth < 3:
        return parts_spec(value, words, depth, columns)
    return UNKNOWN


def are_sizes(value: Any) -> bool:
    """Tell whether a list holds a few whole numbers, which are taken as they are, like a lone one."""
    return len(value) <= MOST_SIZES and all(type(item) is int for item in value)


def text_spec(value: str, words: frozenset[str], columns: frozenset[str]) -> dict[str, Any]:
    """Say what a text is like: the name of a column, spelled out by the functions, or any text."""
    if value in columns:
        return {"k": "named", "h": digest_of(value, NAME_DIGITS)}
    if value in words and len(value) <= LONGEST_WORD:
        return {"k": "plain", "v": value}
    return {"k": "text", "n": min(len(value), LONGEST_TEXT), "spaces": " " in value}


def only_plain_numbers(value: Any) -> bool:
    """Tell whether nested lists hold Python's own numbers only; tensors among them may have gradients."""
    few = thinned(value, (len(value),))
    while few and isinstance(few[0], (list, tuple)):
        few = [item for inner in few if isinstance(inner, (list, tuple)) for item in inner]
    whole = bool(few) and all(type(item) in (int, float) for item in few)
    return whole and bool(list_shape(thinned(value, (len(value),))))


def parts_spec(
    value: Any, words: frozenset[str], depth: int, columns: frozenset[str]
) -> dict[str, Any]:
    """Say what a short list, tuple or dictionary holds."""
    found: dict[str, Any] = {"k": type(value).__name__}
    members = value
    if isinstance(value, dict):
        if not all(isinstance(key, int) or key in words for key in value):
            return UNKNOWN
        found["keys"], members = list(value), value.values()
    found["items"] = [spec_of(member, words, depth + 1, columns) for member in members]
    return UNKNOWN if UNKNOWN in found["items"] else found


def array_spec(value: Any) -> dict[str, Any]:
    """Say what an array, a column or a tensor is like, its gradient included."""
    kind = str(value.dtype).replace("torch.", "")
    if hasattr(value, "iloc") and (kind in ("category", "object") or value.isna().any()):
        return column_spec(value)
    found = {**statistics_of(value), "d": kind, "k": "array"}
    if hasattr(value, "detach"):
        found.update(k="tensor", rg=bool(value.requires_grad))
        if value.is_leaf and value.grad is not None:
            found["grad"] = array_spec(value.grad)
        more = {name: array_spec(one) for name, one in vars(value).items() if hasattr(one, "grad")}
        if more:
            found["attrs"] = more
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
    exact = rounded if found["int"] else summary
    found.update({key: exact(number) for key, number in told.items()})
    if len(shape) == 1 and flat[0] < flat[-1] and flat == sorted(flat):
        found["sorted"] = True
    return found


def is_row(value: Any) -> bool:
    """Tell whether a value is a row of a table: a column whose entries have names."""
    index = list(value.index) if hasattr(value, "iloc") and len(value) <= MOST_TOLD_COLUMNS else []
    return bool(index) and all(isinstance(name, str) for name in index)


def row_spec(value: Any, words: frozenset[str], columns: frozenset[str]) -> dict[str, Any]:
    """Say what the row of a table holds, entry by entry."""
    items = [spec_of(one, words, 3, columns) for one in value.tolist()]
    names = [digest_of(name, NAME_DIGITS) for name in value.index]
    return {"k": "row", "names": names, "items": items} if UNKNOWN not in items else UNKNOWN


def frame_spec(frame: Any) -> dict[str, Any]:
    """Say what a table is like, column by column; names of columns are kept as digests."""
    names = list(frame.columns)
    if len(names) > MOST_TOLD_COLUMNS or not all(isinstance(name, str) for name in names):
        return UNKNOWN
    told = [column_spec(frame.iloc[:, place]) for place in range(len(names))]
    return {
        "k": "frame",
        "shape": [len(frame), len(names)],
        "int": False,
        "names": [digest_of(name, NAME_DIGITS) for name in names],
        "items": told,
    }


def column_spec(column: Any) -> dict[str, Any]:
    """Say what a column is like: numbers with gaps, categories or words; their number, not what they are."""
    gaps, few = int(column.isna().sum()), column.dropna()
    found: dict[str, Any] = {"k": "column", "shape": [len(column)], "int": False}
    if gaps:
        found["na"] = rounded(gaps / len(column))
    if str(column.dtype) == "category":
        return {**found, "d": "category", "n": max(1, len(column.cat.categories))}
    if getattr(column.dtype, "kind", "O") == "O":
        if not all(isinstance(item, str) for item in few):
            return UNKNOWN
        return {**found, "d": "object", "n": min(MOST_WORDS, max(1, few.nunique()))}
    if not len(few):
        raise Unmade
    return {**found, **statistics_of(few), "shape": found["shape"], "d": str(column.dtype)}


def walk(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give a spec and all that it is made of."""
    yield spec
    grad = [spec["grad"]] if spec.get("grad") else []
    for inner in (*spec.get("items", ()), *grad, *spec.get("attrs", {}).values()):
        yield from walk(inner)


def specs_of(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the specs of a case: arguments, then globals by name."""
    return [*case["args"], *(spec for _, spec in sorted(case["globals"].items()))]


def is_known(case: Mapping[str, Any]) -> bool:
    """Tell whether everything that a case needs can be made."""
    inner = [one for spec in specs_of(case) for one in walk(spec)]
    small = all(math.prod(one.get("shape", ())) <= MOST_MADE for one in inner)
    return small and all(one["k"] != "unknown" for one in inner)


def shrunk(case: dict[str, Any], most: int = BIG_SIZE, few: int = SMALL_SIZE) -> dict[str, Any]:
    """Make big sizes small, the same one everywhere in a case, and indices fit to them."""
    case = copy.deepcopy(case)
    arrays = [one for spec in specs_of(case) for one in walk(spec) if "shape" in one]
    big = dict.fromkeys(size for one in arrays for size in one["shape"] if size > most)
    small = {size: few + place for place, size in enumerate(big)}
    for one in [one for spec in specs_of(case) for one in walk(spec) if one["k"] == "number"]:
        assert isinstance(one, dict)
        if type(one["v"]) is int:
            one["v"] = small.get(one["v"], one["v"])  # a size that is handed over beside the array
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
    """Give observed calls their seeds and add two: one scaled, one from another seed (whole numbers + 1).

    A function of truth values alone is asked for all of them.
    """
    made = [{**case, "seed": place + 1} for place, case in enumerate(cases[:KEPT_CALLS])]
    for first in made[:1]:
        small = shrunk(first, FEW, FEWER) if numbers_in(first) > MANY_NUMBERS else first
        made.append({**varied(small, scaled), "seed": 11})
        made.append({**varied(small, stepped), "seed": 12})
        made += truth_table(first)
        if any(spec["k"] == "own" for spec in first["args"]):
            made.append({**varied(first, stood_in), "seed": 13})
    seen: dict[str, dict[str, Any]] = {}
    for case in made:
        by_chance = any("shape" in one for spec in specs_of(case) for one in walk(spec))
        key = json.dumps({**case, "seed": case["seed"] if by_chance else 0}, sort_keys=True)
        seen.setdefault(key, case)
    return list(seen.values())


def numbers_in(case: Mapping[str, Any]) -> int:
    """Count the numbers that have to be made for a case."""
    return sum(math.prod(one.get("shape", ())) for spec in specs_of(case) for one in walk(spec))


def truth_table(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give a case for each combination of truth values, where a few of them are all that it takes."""
    args = case["args"]
    if "steps" in case or not args or len(args) > MOST_AT_ONCE:
        return []
    if any(type(a.get("v")) is not bool for a in args):
        return []
    if len(args) > MOST_TRUTHS:
        return [{**case, "args": [{"k": "truths"} for _ in args], "seed": 1}]
    rows = itertools.product((False, True), repeat=len(args))
    return [{**case, "args": [{"k": "plain", "v": v} for v in row], "seed": 1} for row in rows]


def varied(case: Mapping[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Change the specs of a case; scalar globals stay, as learners may spell them another way."""
    made = copy.deepcopy(dict(case))
    for spec in [*made["args"], *(g for g in made["globals"].values() if g["k"] not in SCALARS)]:
        for one in walk(spec):
            assert isinstance(one, dict)
            change(one)
    return made


def scaled(spec: dict[str, Any]) -> None:
    """Make floats bigger, and floats of one value different ones; what is whole stays."""
    if spec["k"] == "number" and isinstance(spec["v"], float):
        spec["v"] = rounded(spec["v"] * factor(spec["v"], spec["v"]))
    elif spec.get("low") == spec.get("high") and str(spec.get("d")).startswith("float"):
        # Parameters that begin at zero: with zeros nobody sees whether they are added or left out.
        spec.update(low=rounded(spec["low"] - 1), high=rounded(spec["high"] + 1), sd=0.5, int=False)
    elif "low" in spec and not spec["int"]:
        times = factor(spec["low"], spec["high"])
        spec.update({key: rounded(spec[key] * times) for key in ("low", "high", "mean", "sd")})


def factor(low: float, high: float) -> float:
    """Say by what to multiply: shares and probabilities stay between 0 and 1."""
    return 1 / SCALE if low >= 0 and high <= 1 else SCALE


def stepped(spec: dict[str, Any]) -> None:
    """Make a whole number one greater."""
    if spec["k"] == "number" and isinstance(spec["v"], int):
        spec["v"] += 1


def stood_in(spec: dict[str, Any]) -> None:
    """Put a function of ours in the place of one of the notebook's."""
    if spec["k"] == "own":
        spec.clear()
        spec["k"] = "stand-in"


class StandIn:
    """A function of ours for one that is handed over: smooth for numbers, never true for truth values.

    Of truth values it notes which combinations it was asked for.
    """

    def __init__(self) -> None:
        self.asked: set[tuple[bool, ...]] = set()

    def __call__(self, *args: Any) -> Any:
        """Answer with a number, or with False."""
        truths = tuple(as_truth(one) for one in args)
        if args and None not in truths:
            if len(self.asked) < MOST_ASKED:
                self.asked.add(tuple(bool(one) for one in truths))
            return False
        return sum((place + 1) * summed(one) for place, one in enumerate(args))


def as_truth(value: Any) -> bool | None:
    """Give a truth value of whichever library, None for anything else."""
    plain = value.item() if getattr(value, "shape", None) == () else value
    return plain if isinstance(plain, bool) else None


def summed(value: Any) -> Any:
    """Add up x + x²/2 over numbers of whichever library, with gradients where they have them."""
    if isinstance(value, (list, tuple)):
        return sum(summed(one) for one in value)
    made = value + value * value / 2
    return made.sum() if getattr(made, "shape", ()) else made


def synthesise(spec: Mapping[str, Any], seed: int, known: Mapping[str, str] | None = None) -> Any:
    """Make a value like the one that a spec was taken from; the same for the same seed.

    `known` are the names of columns here, by their digests.
    """
    kind, known = spec["k"], known or {}
    if kind in MAKERS:
        return MAKERS[kind](spec, seed)
    if kind == "named" and spec["h"] in known:
        return known[spec["h"]]
    if kind in ("frame", "row"):
        return tabled(spec, seed, known)
    if kind in ("list", "tuple", "dict"):
        items = [
            synthesise(one, seed * 31 + place, known) for place, one in enumerate(spec["items"])
        ]
        return (
            dict(zip(spec["keys"], items))
            if kind == "dict"
            else (list if kind == "list" else tuple)(items)
        )
    if kind not in ("array", "column", "tensor"):
        raise Unmade
    return arrayed(spec, seed)


def lettered(spec: Mapping[str, Any], seed: int) -> str:
    """Make a text of so many letters."""
    letters = "abcdefghijklmnopqrstuvwxyz" + ("   " if spec["spaces"] else "")
    stream = random.Random(seed)
    return "".join(stream.choice(letters) for _ in range(spec["n"]))


def folded(spec: Mapping[str, Any], seed: int) -> Any:
    """Make nested lists of numbers."""
    return nested(listed(spec, seed), spec["shape"], tuple if spec["t"] == "tuple" else list)


def generator(spec: Mapping[str, Any], seed: int) -> Any:
    """Make a random generator of the same class."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if spec["of"] == "torch" and torch is not None:
        return torch.Generator().manual_seed(seed)
    if spec["of"] == "numpy" and numpy is not None:
        made = numpy.random.default_rng if spec["cls"] == "Generator" else numpy.random.RandomState
        return made(seed)
    return random.Random(seed)


def tabled(spec: Mapping[str, Any], seed: int, known: Mapping[str, str]) -> Any:
    """Make a table or one of its rows; a column whose name nobody knows here gets one of ours."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        raise Unmade
    names = [known.get(one, f"column {place}") for place, one in enumerate(spec["names"])]
    made = [synthesise(one, seed * 67 + place, known) for place, one in enumerate(spec["items"])]
    if spec["k"] == "row":
        return pandas.Series(made, index=names, dtype=object)
    return pandas.DataFrame(dict(zip(names, made)), columns=names)


def columned(spec: Mapping[str, Any], stream: Any, numpy: Any, pandas: Any) -> Any:
    """Make a column of numbers, categories or words, with as many gaps as there were."""
    count, kind = spec["shape"][0], spec["d"]
    if kind in ("category", "object"):
        codes = numpy.floor(stream.random_sample(count) * spec["n"]).astype("int64")
        words = [f"word {place}" for place in range(spec["n"])]
        made = pandas.Series(pandas.Categorical.from_codes(codes, words))
        made = made if kind == "category" else made.astype(object)
    else:
        made = pandas.Series(drawn(spec, stream, numpy).astype(kind.lower()))
    return made.mask(stream.random_sample(count) < spec["na"]) if spec.get("na") else made


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
    stream = numpy.random.RandomState(seed)
    if spec["k"] == "column":
        if pandas is None:
            raise Unmade
        return columned(spec, stream, numpy, pandas)
    array = drawn(spec, stream, numpy)
    if spec["k"] == "array":
        return array.astype(spec["d"])
    if torch is None:
        raise Unmade
    made = torch.from_numpy(array).to(getattr(torch, spec["d"]))
    if spec["rg"]:
        made.requires_grad_()
    if spec.get("grad"):
        made.grad = arrayed(spec["grad"], seed + 7)
    for place, (name, one) in enumerate(sorted(spec.get("attrs", {}).items())):
        setattr(made, name, arrayed(one, seed + 17 + place))
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


MAKERS: Mapping[str, Callable[[Mapping[str, Any], int], Any]] = {
    "plain": lambda spec, _: spec["v"],
    "number": lambda spec, _: spec["v"],
    "stand-in": lambda _spec, _seed: StandIn(),
    "truths": lambda _spec, _seed: None,  # each combination takes its place
    "chance": generator,
    "text": lettered,
    "numbers": folded,
}
