"""What a value is in a few numbers: the part of the judge's source text that recorded checks compare.

It runs inside the learner's kernel as probe.py does: standard library only, Python 3.9; numpy, pandas
and torch are used when the learner has loaded them. Big values are thinned out by whole rows, so that
columns stay columns. A number keeps 9 significant digits, a summary of many 7, which makes a record's
bytes the same each time.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import inspect
import json
import math
import re
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

from fastcompanion.course.recorded.values import is_frame, is_number, list_shape

MOST_ITEMS = 200_000
MOST_TEXTS = 20_000
MOST_COLUMNS = 64
MOST_MEMBERS = 12
MOST_SHAPES = 50
MOST_DEPTH = 3
PRINTED_NUMBERS = 40
GOLDEN = 0.6180339887498949
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
A_FLOAT = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+|\d+[eE][-+]?\d+)(?![\w.]*\.\d)"
)


def fingerprint(value: Any, depth: int = 0) -> dict[str, Any]:
    """Describe any value; one that can't be looked at is known by its class alone."""
    try:
        return look_at(value, depth)
    except Exception:
        return {"k": "other", "cls": type(value).__name__}


def look_at(value: Any, depth: int) -> dict[str, Any]:
    """Describe a value by the first kind that fits; may raise what the value raises."""
    if isinstance(value, types.FunctionType):
        return {"k": "function", "n": len(inspect.signature(value).parameters)}
    if isinstance(value, type):
        methods = [name for name in vars(value) if callable(getattr(value, name, None))]
        return {"k": "class", "m": sorted(digest_of(name, 8) for name in methods)}
    if isinstance(value, (types.ModuleType, types.BuiltinFunctionType)):
        return {"k": "other", "cls": type(value).__name__}
    if value is None or isinstance(value, (bool, str)):
        return {"k": "text", "h": digest_of(repr(trimmed(value)), 12), "n": len(str(value))}
    if is_number(value) and not is_truth(value):
        return with_gradient(number_print(value), value)
    if is_frame(value):
        return frame_print(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        is_single = len(tuple(value.shape)) == 0
        return (
            look_at(value.item(), depth) if is_single else with_gradient(array_print(value), value)
        )
    return look_inside(value, depth)


def look_inside(value: Any, depth: int) -> dict[str, Any]:
    """Describe what holds other values: a collection or a model."""
    if isinstance(value, (range, collections.deque)):
        return group_print(list(value[:MOST_ITEMS] if isinstance(value, range) else value), depth)
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return group_print(value, depth)
    if isinstance(getattr(value, "items", None), list):  # fastcore's L
        return group_print(value.items, depth)
    return model_print(value) or object_print(value)


def object_print(value: Any) -> dict[str, Any]:
    """Describe an object of a class of the notebook's by the numbers that it holds under public names."""
    found: dict[str, Any] = {"k": "other", "cls": type(value).__name__}
    if type(value).__module__ != "__main__" or not hasattr(value, "__dict__"):
        return found
    plain = {
        name: fingerprint(one, MOST_DEPTH)
        for name, one in sorted(vars(value).items())
        if name[:1] != "_" and (is_number(one) or isinstance(one, list) or hasattr(one, "dtype"))
    }
    told = {
        digest_of(name, 8): one
        for name, one in plain.items()
        if one["k"] in ("number", "array") and "h" not in one
    }
    return {**found, "k": "object", "a": told} if told else found


def is_truth(value: Any) -> bool:
    """Tell whether a scalar of torch or numpy is a truth value."""
    return str(getattr(value, "dtype", "")).endswith("bool")


def digest_of(text: str, length: int) -> str:
    """Give the first hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def trimmed(value: Any) -> Any:
    """Take off what nobody sees of a text: spaces and empty lines at its end, spaces at ends of lines."""
    if not isinstance(value, str):
        return value
    return "\n".join(line.rstrip() for line in value.rstrip().split("\n"))


def rounded(number: Any) -> float | None:
    """Round to 9 significant digits; nan and infinities are None, as JSON has no others."""
    plain = float(number)
    return float(f"{plain:.9g}") + 0.0 if math.isfinite(plain) else None


def summary(number: Any) -> float | None:
    """Round what sums up many numbers to 7 significant digits."""
    plain = float(number)
    return float(f"{plain:.7g}") + 0.0 if math.isfinite(plain) else None


def number_print(value: Any) -> dict[str, Any]:
    """Describe one real number."""
    plain = value.item() if hasattr(value, "item") else value
    return {"k": "number", "v": rounded(plain), "i": isinstance(plain, int)}


def with_gradient(found: dict[str, Any], value: Any) -> dict[str, Any]:
    """Add mean and greatest size of a tensor's gradient; only leaves may be asked for theirs."""
    if getattr(value, "is_leaf", False) and getattr(value, "grad", None) is not None:
        inner = array_print(value.grad.reshape(-1))
        found["g"] = [inner["v"][0], inner["v"][2]]
    more = vars(value) if hasattr(value, "requires_grad") else {}
    kept = {name: one for name, one in more.items() if hasattr(one, "requires_grad")}
    if kept:  # what the notebook itself has hung on a tensor (`w.g`)
        found["a"] = {digest_of(name, 8): array_print(one) for name, one in sorted(kept.items())}
    return found


def array_print(value: Any) -> dict[str, Any]:
    """Describe an array, a tensor, a column, or a list of numbers; nan and infinite items are counted."""
    shape = shape_in_full(value)
    rows, kind = plain_rows(value, shape)
    found: dict[str, Any] = {"k": "array", "shape": list(shape), "d": kind}
    if kind == "o":
        return {**found, "h": digest_of("\0".join(str(item)[:200] for item in rows), 12)}
    if isinstance(rows, list):
        found.update(list_statistics(rows, shape))
    else:
        found.update(array_statistics(rows, shape))
    return found


def shape_in_full(value: Any) -> tuple[int, ...]:
    """Give the shape of an array or of a list of numbers, however long."""
    if hasattr(value, "shape"):
        return tuple(int(size) for size in value.shape)
    return (len(value), *list_shape(thinned(value, (len(value),)))[1:])


def thinned(array: Any, shape: tuple[int, ...], most: int = MOST_ITEMS) -> Any:
    """Take every n-th row, so that at most `most` items are left."""
    size = math.prod(shape)
    if size <= most or not shape:
        return array
    array = array[:: min(shape[0], -(-size // most))]
    if len(array) == 1 and len(shape) > 1:
        array = array.reshape(-1) if hasattr(array, "reshape") else array
        array = array[:: max(1, -(-len(array) // most))]
    return array


def plain_rows(value: Any, shape: tuple[int, ...]) -> tuple[Any, str]:
    """Give the thinned items as an array of floats (lists where there is no numpy), and their kind."""
    numpy = sys.modules.get("numpy")
    if hasattr(value, "detach"):
        return tensor_rows(thinned(value.detach(), shape), numpy)
    if isinstance(value, (list, tuple)):
        value = [plain_numbers(item) for item in thinned(value, (len(value),))]
    if numpy is None:
        return value, "f" if has_float(value) else "i"
    array = thinned(numpy.asarray(value), shape)
    kind = "i" if array.dtype.kind == "u" else array.dtype.kind
    if kind == "O" and all(is_number(item) or isinstance(item, bool) for item in array.flat):
        kind = "f"
    if kind == "c":
        return numpy.abs(array), "c"
    if kind not in "fib":
        return list(thinned(array.reshape(-1), (array.size,), MOST_TEXTS)), "o"
    return array.astype("float64"), kind


def plain_numbers(item: Any) -> Any:
    """Turn nested lists of numbers, of whichever library, into Python's."""
    if isinstance(item, (list, tuple)):
        return [plain_numbers(inner) for inner in item]
    return item.item() if hasattr(item, "item") else item


def tensor_rows(tensor: Any, numpy: Any) -> tuple[Any, str]:
    """Bring a thinned tensor to the processor, as floats."""
    kind = "f" if tensor.is_floating_point() else "b" if is_truth(tensor) else "i"
    if tensor.is_complex():
        tensor, kind = tensor.abs(), "c"
    tensor = tensor.cpu().double()
    return (tensor.numpy() if numpy is not None else tensor.tolist()), kind


def has_float(value: Any) -> bool:
    """Tell whether nested lists of numbers begin with a float."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, float)


def array_statistics(rows: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """Give moments, order and quantiles of an array of floats; the weight is the row's."""
    numpy = sys.modules["numpy"]
    weights = numpy.arange(len(rows)) * GOLDEN
    weights = 0.5 + (weights - numpy.floor(weights))  # what % 1.0 gives, in a tenth of the time
    flat = rows.reshape(-1)
    weights = numpy.repeat(weights, flat.size // max(len(rows), 1))
    good = numpy.isfinite(flat)
    bad = int(flat.size - good.sum())
    found: dict[str, Any] = {"nan": bad} if bad else {}
    with numpy.errstate(all="ignore"):
        if len(shape) == 2 and rows.ndim == 2 and shape[1] <= MOST_COLUMNS and len(rows):
            found["c"] = column_means(
                rows if not bad else numpy.where(numpy.isfinite(rows), rows, 0.0)
            )
        if bad:
            flat, weights = flat[good], weights[good]
        if not flat.size:
            return {**found, "v": [None] * 4, "s": [None] * 5}
        middle = (flat.mean(), flat.std(), numpy.abs(flat).max(), flat @ weights / weights.sum())
        fifths = quantiles(numpy.partition(flat, places_of_quantiles(flat.size)))
    return {**found, "v": [summary(n) for n in middle], "s": [summary(n) for n in fifths]}


def column_means(rows: Any) -> list[float | None]:
    """Give the columns' means, smallest first, so that the order of columns does not matter."""
    return [summary(mean) for mean in sorted(rows.mean(axis=0).tolist())]


def list_statistics(rows: list[Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Do what `array_statistics` does, without numpy."""
    pairs = [(0.5 + (i * GOLDEN) % 1.0, n) for i, row in enumerate(rows) for n in flattened(row)]
    good = [(weight, n) for weight, n in pairs if math.isfinite(n)]
    found: dict[str, Any] = {"nan": len(pairs) - len(good)} if len(good) < len(pairs) else {}
    if len(shape) == 2 and shape[1] <= MOST_COLUMNS and rows:
        columns = ([n if math.isfinite(n) else 0.0 for n in column] for column in zip(*rows))
        found["c"] = [summary(n) for n in sorted(math.fsum(c) / len(c) for c in columns)]
    if not good:
        return {**found, "v": [None] * 4, "s": [None] * 5}
    numbers = sorted(n for _, n in good)
    mean = math.fsum(numbers) / len(numbers)
    spread = math.sqrt(math.fsum((n - mean) ** 2 for n in numbers) / len(numbers))
    weighted = math.fsum(w * n for w, n in good) / math.fsum(w for w, _ in good)
    middle = (mean, spread, max(abs(numbers[0]), abs(numbers[-1])), weighted)
    fifths = quantiles(numbers)
    return {**found, "v": [summary(n) for n in middle], "s": [summary(n) for n in fifths]}


def flattened(row: Any) -> Iterable[float]:
    """Give the numbers of nested lists in order."""
    if isinstance(row, (list, tuple)):
        for item in row:
            yield from flattened(item)
    else:
        yield float(row)


def quantiles(numbers: Any) -> list[float]:
    """Give least, quarter, middle, three quarters and greatest of sorted numbers."""
    return [between(numbers, part) for part in QUANTILES]


def places_of_quantiles(count: int) -> list[int]:
    """Give the places that `quantiles` looks at: sorting what is between them takes time only."""
    return sorted({place for part in QUANTILES for place in places(count, part)})


def places(count: int, part: float) -> tuple[int, int]:
    """Give the places of the two numbers that a quantile lies between."""
    low = int(part * (count - 1))
    return low, min(low + 1, count - 1)


def between(numbers: Any, part: float) -> float:
    """Give the quantile of sorted numbers, interpolated as numpy does."""
    place = part * (len(numbers) - 1)
    low, high = places(len(numbers), part)
    return float(numbers[low] + (numbers[high] - numbers[low]) * (place - low))


def frame_print(frame: Any) -> dict[str, Any]:
    """Describe a table: its columns by the digest of their name, mean and number of gaps."""
    rows, columns = (int(size) for size in frame.shape)
    step = max(1, -(-rows * columns // MOST_ITEMS))
    few = frame.iloc[::step] if step > 1 else frame
    found = []
    for place, name in enumerate(frame.columns):
        column = few.iloc[:, place]
        kind = getattr(column.dtype, "kind", "O")
        mean = summary(column.mean()) if kind in "fiub" and len(column) else None
        found.append([digest_of(str(name), 8), mean, int(column.isna().sum())])
    ordered = sorted(found, key=json.dumps)
    return {"k": "frame", "shape": [rows, columns], "cols": ordered[: MOST_ITEMS // 1000]}


def group_print(value: Any, depth: int) -> dict[str, Any]:
    """Describe a list, tuple, dictionary or set; one of numbers only is an array."""
    kind = next(
        one for one in (list, tuple, dict, set, frozenset) if isinstance(value, one)
    ).__name__
    if kind in ("list", "tuple") and len(value):
        few = thinned(value, (len(value),))
        if list_shape(few):
            return array_print(value)
    found: dict[str, Any] = {"k": "group", "t": kind, "n": len(value)}
    if depth >= MOST_DEPTH:
        return found
    if kind == "dict":
        pairs = sorted(((digest_of(str(key), 8), key) for key in value), key=lambda pair: pair[0])
        found["keys"] = [name for name, _ in pairs[:MOST_MEMBERS]]
        members = [value[key] for _, key in pairs[:MOST_MEMBERS]]
    elif kind in ("set", "frozenset"):
        members = sorted(value, key=str)[:MOST_MEMBERS]
    else:
        members = list(value[:MOST_MEMBERS])
    found["items"] = [fingerprint(member, depth + 1) for member in members]
    return found


def model_print(value: Any) -> dict[str, Any] | None:
    """Describe a model by its parameters' shapes: torch's, one that holds such a one, or one that predicts."""
    inner = value if callable(getattr(value, "parameters", None)) else getattr(value, "model", None)
    if inner is not None and callable(getattr(inner, "parameters", None)):
        parameters = list(inner.parameters())
        if not all(hasattr(one, "shape") for one in parameters):
            return None
        shapes = [[int(size) for size in one.shape] for one in parameters]
        count = sum(math.prod(shape) for shape in shapes)
        name = type(value).__name__
        return {"k": "model", "cls": name, "n": count, "shapes": shapes[:MOST_SHAPES]}
    if callable(getattr(value, "predict", None)):
        return {"k": "model", "cls": type(value).__name__, "n": 0, "shapes": []}
    return None


def shape_only(found: Mapping[str, Any]) -> dict[str, Any]:
    """Leave of a fingerprint what does not depend on chance: kind, shape and classes."""
    kept = {
        key: found[key] for key in ("k", "shape", "cls", "n", "shapes", "t", "keys") if key in found
    }
    if found.get("k") == "text":
        kept.pop("n", None)
    if "items" in found:
        kept["items"] = [shape_only(item) for item in found["items"]]
    return kept


def is_clean(found: Mapping[str, Any]) -> bool:
    """Tell whether a fingerprint holds no nan and nothing that could not be looked at."""
    if found.get("k") == "number":
        return found["v"] is not None
    if found.get("k") == "other" or found.get("nan"):
        return False
    inner = (*found.get("items", ()), *found.get("a", {}).values())
    return None not in found.get("g", ()) and all(map(is_clean, inner))


def printed_floats(text: str) -> list[float]:
    """List the last numbers with a point or an exponent that a text holds."""
    found = []
    for match in A_FLOAT.finditer(text):
        with contextlib.suppress(ValueError):
            number = rounded(match.group())
            if number is not None:
                found.append(number)
    return found[-PRINTED_NUMBERS:]
