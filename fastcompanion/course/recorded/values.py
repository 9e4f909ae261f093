"""What a value is: kind, shape, range, in words; the first half of the judge's source text.

It runs inside the learner's kernel, with the standard library alone, and keeps to what Python 3.9
understands. numpy, pandas and torch are used only when the learner has loaded them.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
import types
from collections.abc import Mapping
from typing import Any


def size_of(value: Any, depth: int = 0) -> int:
    """Estimate the bytes of a value from its arrays; small things count as nothing."""
    for attribute in ("nbytes", "_nbytes"):
        number = getattr(value, attribute, None)
        if isinstance(number, int):
            return number
    if depth < 2 and isinstance(value, (list, tuple)):
        return sum(size_of(item, depth + 1) for item in value[:1000])
    if depth < 2 and isinstance(value, dict):
        return sum(size_of(item, depth + 1) for item in list(value.values())[:1000])
    return 0


def span(array: Any) -> str:
    """Write the range of an array's numbers: ", 0 to 16"."""
    try:
        low, high = float(array.min()), float(array.max())
    except Exception:
        return ""
    if math.isnan(low) or math.isnan(high):
        return ", with nan in it"
    return f", {low:.4g} to {high:.4g}"


def describe(value: Any) -> str:
    """Say in a few words what a value is: kind, shape, range."""
    kind = type(value).__name__
    if isinstance(value, types.FunctionType):
        return f"a function {value.__name__}{signature_text(value)}"
    if isinstance(value, type):
        return f"a class {kind if value is type else value.__name__}"
    if value is None or isinstance(value, (bool, int, float, complex)):
        return f"{value} ({kind})"[:80]
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    shape = getattr(value, "shape", None)
    if is_frame(value):
        return f"a table of {value.shape[0]} rows and {value.shape[1]} columns"
    if shape is not None and hasattr(value, "dtype"):
        if len(tuple(shape)) == 0:
            return f"{float(value):.6g} ({value.dtype})" if is_number(value) else f"a {kind}"
        return f"an array of shape {tuple(shape)}, {value.dtype}{span(value)}"
    if isinstance(value, (list, tuple, dict, set)):
        nested = list_shape(value)
        if len(nested) > 1:
            return f"a {kind} of shape {nested}"
        return f"a {kind} of {len(value)} items"
    return f"a {kind}"


def signature_text(function: Any) -> str:
    """Write a function's parameters, "(x, w)"; empty when they can't be known."""
    try:
        return "(" + ", ".join(inspect.signature(function).parameters) + ")"
    except (TypeError, ValueError):
        return ""


def is_number(value: Any) -> bool:
    """Tell whether a value is one real number, a numpy scalar and an array of no dimensions included."""
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return True
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if getattr(value, "shape", None) == () and kind in "fiu":
        return hasattr(value, "__float__")
    return False


def is_array(value: Any) -> bool:
    """Tell whether a value is a numpy array or a tensor with at least one dimension."""
    if isinstance(value, (types.ModuleType, type)) or not hasattr(value, "dtype"):
        return False
    dimensions = getattr(value, "ndim", None)
    return isinstance(dimensions, int) and dimensions > 0 and hasattr(value, "shape")


def list_shape(value: Any, depth: int = 0) -> tuple[int, ...]:
    """Give the shape of a list or tuple of numbers, nested evenly; () for anything else."""
    if not isinstance(value, (list, tuple)) or not value or depth > 4:
        return ()
    if all(is_number(item) for item in value):
        return (len(value),)
    inner = {list_shape(item, depth + 1) for item in value}
    found = inner.pop() if len(inner) == 1 else ()
    return (len(value), *found) if found else ()


def is_frame(value: Any) -> bool:
    """Tell whether a value is a pandas table."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_callable(value: Any) -> bool:
    """Tell whether a value is a function of the learner's (not a class, not a module's function)."""
    if isinstance(value, types.FunctionType):
        return value.__module__ in ("__main__", None)
    return callable(value) and not isinstance(value, (type, types.BuiltinFunctionType))


def takes(value: Any, shape: str) -> bool:
    """Tell whether a function can take the arguments that "(a, b) -> c" lists, by position."""
    listed = re.match(r"\s*\w*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", shape)
    if listed is None:
        return True
    text = re.sub(r"\([^()]*\)", "", listed.group(1)).strip()
    count = len([part for part in text.split(",") if part.strip()])
    return accepts(value, count)


def shape_of(value: Any) -> tuple[int, ...]:
    """Give the shape of an array, or of a list of numbers."""
    return tuple(value.shape) if hasattr(value, "shape") else list_shape(value)


def matches_shape(value: Any, shape: str) -> bool:
    """Tell whether an array has the shape "(10, 64)"; words in it stand for any number."""
    listed = re.match(r"\s*\(([^()]*)\)", shape)
    if listed is None:
        return True
    wanted = [part.strip() for part in listed.group(1).split(",") if part.strip()]
    found = shape_of(value)
    if len(wanted) != len(found):
        return False
    return all(not want.isdigit() or int(want) == size for want, size in zip(wanted, found))


def fits(kind: str, shape: str, value: Any) -> bool:
    """Tell whether a value may stand for a checkpoint of this kind and shape."""
    if kind == "function":
        return is_callable(value) and takes(value, shape)
    if kind == "class":
        return isinstance(value, type) and value.__module__ == "__main__"
    if kind == "array":
        return (is_array(value) or bool(list_shape(value))) and matches_shape(value, shape)
    if kind == "number":
        return is_number(value)
    if kind == "frame":
        return is_frame(value)
    plain = not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType))
    if kind == "model":
        return plain and (callable(value) or hasattr(value, "predict") or hasattr(value, "forward"))
    return plain and not isinstance(value, type)


def follow(expression: str, names: Mapping[str, Any]) -> Any:
    """Evaluate the right side of `# fc: loss = model.loss[0]`: names, attributes, constant indices."""
    node = ast.parse(expression, mode="eval").body
    return _follow(node, names)


def _follow(node: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(_follow(node.value, names), node.attr)
    if isinstance(node, ast.Subscript):
        return _follow(node.value, names)[ast.literal_eval(node.slice)]
    raise ValueError("only a name, an attribute or an index can stand there")


def glance(value: Any) -> str:
    """Say what a value is without looking into it: the value of scalars, the shape of the rest."""
    if isinstance(value, type):
        return "(class)"
    if callable(value) and not hasattr(value, "parameters") and not hasattr(value, "predict"):
        return "(function)"
    if is_number(value):
        return f"{float(value):.6g} (number)" if not isinstance(value, int) else f"{value} (number)"
    if value is None or isinstance(value, (bool, complex)):
        return f"{value} ({type(value).__name__})"
    if isinstance(value, str):
        return f"{value!r} (text)" if len(value) <= 40 else f"(text of {len(value)} characters)"
    shape = getattr(value, "shape", None)
    if is_frame(value):
        return f"(table of {shape[0]} rows and {shape[1]} columns)" if shape else "(table)"
    if shape is not None and hasattr(value, "dtype"):
        return f"(array {tuple(shape)})"
    return f"({describe(value)[2:]})" if describe(value).startswith("a ") else "(value)"


def asked_arguments(shape: str) -> tuple[str, int] | None:
    """Read "update(coeffs, lr=0.1) -> number": the arguments as text, and how many are needed."""
    head = shape.split("->", maxsplit=1)[0]
    begin, end = head.find("("), head.rfind(")")
    if begin < 0 or end < begin:
        return None
    text = head[begin : end + 1]
    try:
        made = ast.parse(f"def asked{text}: pass").body[0]
    except SyntaxError:
        return None
    found = made.args  # type: ignore[attr-defined]
    return text, len(found.posonlyargs) + len(found.args) - len(found.defaults)


def differs(kind: str, shape: str, value: Any) -> str:
    """Say how a value differs from what was promised, "" when it does not or can't be told.

    The promise was read off the original without running it, so only what is plain is compared.
    """
    if kind == "function":
        if not callable(value):
            return f"is no function but {describe(value)}"
        asked = asked_arguments(shape)
        if asked is None or accepts(value, asked[1]):
            return ""
        return f"takes {signature_text(value)}, asked for {asked[0]}"
    if kind == "class":
        return "" if isinstance(value, type) else "is no class"
    sized = kind == "array" and (is_array(value) or bool(list_shape(value)))
    if sized and not matches_shape(value, shape):
        return f"has the shape {shape_of(value)}, asked for {shape}"
    return ""


def accepts(value: Any, count: int) -> bool:
    """Tell whether a function can be called with so many arguments by position."""
    try:
        inspect.signature(value).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True
