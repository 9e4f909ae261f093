"""A planted mistake in plain words, without giving the code away: "without taking absolute values"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fastcompanion.course.checks.mutants import Mutant

_CALLS: Mapping[str, str] = {
    "abs": "without taking absolute values",
    "sigmoid": "without the sigmoid",
    "relu": "without the ReLU",
    "leaky_relu": "without the leaky ReLU",
    "tanh": "without the tanh",
    "softmax": "without the softmax",
    "log_softmax": "without the log of the softmax",
    "exp": "without the exponential",
    "expm1": "without the exponential",
    "log": "without the logarithm",
    "log1p": "without the logarithm",
    "log2": "without the logarithm",
    "log10": "without the logarithm",
    "sqrt": "without the square root",
    "square": "without squaring",
    "pow": "without the power",
    "T": "without transposing",
    "t": "without transposing",
    "transpose": "without transposing",
    "norm": "without taking the norm",
    "normalize": "without normalising",
    "clip": "without the limits on the values",
    "clamp": "without the limits on the values",
    "round": "without rounding",
    "floor": "without rounding down",
    "ceil": "without rounding up",
    "sort": "without sorting",
    "sorted": "without sorting",
    "sort_values": "without sorting",
    "reversed": "without turning the order round",
    "shuffle": "without shuffling",
    "dropna": "without dropping the missing values",
    "fillna": "without filling in the missing values",
    "drop_duplicates": "without dropping repeated rows",
    "reset_index": "without new row numbers",
    "get_dummies": "without turning categories into columns",
    "unique": "without leaving out repeated values",
    "set": "without leaving out repeated values",
    "strip": "without stripping the texts",
    "lower": "without lower case",
    "upper": "without upper case",
    "split": "without splitting the text",
    "cumsum": "without adding up along the way",
    "cumprod": "without multiplying along the way",
    "copy": "without a copy, so that the first values are changed",
    "clone": "without a copy, so that the first values are changed",
    "detach": "without cutting the values off their gradients",
    "dropout": "without dropout",
    "layer_norm": "without layer normalisation",
    "batch_norm": "without batch normalisation",
    "diff": "without taking differences",
    "unsqueeze": "without the extra dimension",
    "squeeze": "with a dimension of size one left in",
    "flatten": "without flattening",
    "ravel": "without flattening",
    "gelu": "without the GELU",
    "tril": "without the mask of one triangle",
    "triu": "without the mask of one triangle",
    "bool": "without turning the values into true and false",
    "int": "without turning the values into whole numbers",
    "long": "without turning the values into whole numbers",
    "float": "without turning the values into decimal numbers",
    "astype": "without changing the type of the values",
}
_STATEMENTS: Mapping[str, str] = {
    "zero_": "with gradients that are never set back to zero",
    "zero_grad": "with gradients that are never set back to zero",
    "backward": "without computing the gradients",
    "step": "without taking the step",
    "sub_": "without taking the step",
    "add_": "without adding what was to be added",
    "requires_grad_": "without asking for gradients",
    "fit": "without fitting the model",
    "append": "without keeping every value",
    "extend": "without keeping every value",
    "train": "without switching to training",
    "eval": "without switching to evaluation",
    "to_csv": "without writing the file",
}
_AGGREGATES: Mapping[str, str] = {
    "mean": "mean", "sum": "sum", "max": "largest value", "min": "smallest value",
    "argmax": "place of the largest value", "argmin": "place of the smallest value",
    "std": "standard deviation", "var": "variance", "median": "median", "prod": "product",
    "any": "any", "all": "all", "amax": "largest value", "amin": "smallest value",
    "nanmean": "mean", "nansum": "sum", "cumsum": "running sum", "cumprod": "running product",
    "idxmax": "place of the largest value", "idxmin": "place of the smallest value",
    "maximum": "larger value", "minimum": "smaller value", "mode": "most frequent value",
    "count": "count", "nunique": "number of different values", "sqrt": "square root",
    "square": "square",
}  # fmt: skip
_SIGNS: Mapping[str, str] = {
    "Add": "plus", "Sub": "minus", "Mult": "times", "Div": "divided by", "Pow": "to the power",
    "FloorDiv": "divided down to a whole number", "Mod": "the rest of a division",
}  # fmt: skip
_COMPARISONS: Mapping[str, str] = {
    "flipped": "with greater and less mixed up",
    "border": "with the border itself counted the other way",
    "negated": "with equal and unequal mixed up",
}
_AXES: Mapping[str, str] = {
    "other": "along the other axis",
    "none": "over all axes at once instead of one",
    "keepdim": "without keeping the reduced axis",
}
_RANGES: Mapping[str, str] = {
    "short": "with the last one left out",
    "late": "with the first one left out",
}
_PARTS: Mapping[str, str] = {
    "term": "with one term left out",
    "factor": "with one factor left out",
    "division": "without the division",
    "power": "without the power",
}
_RETURNED: Mapping[str, str] = {
    "scaled": "twice as large",
    "negated": "with the opposite sign",
    "offset": "one too large",
}
_SETS: Mapping[str, str] = {
    "trn": "training", "train": "training", "training": "training",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "tst": "test", "test": "test",
}  # fmt: skip
_ROLES: Mapping[str, str] = {
    "x": "inputs", "xs": "inputs", "inputs": "inputs",
    "y": "targets", "ys": "targets", "targs": "targets", "targets": "targets",
    "labels": "targets", "preds": "predictions",
}  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def words(mutant: Mutant) -> str:
    """Say what a learner would have done to get what this mutant gives."""
    return _SAID[mutant.operator](mutant) if mutant.operator in _SAID else "with another step"


def _detail(mutant: Mutant, place: int = 0) -> str:
    return mutant.detail[place] if len(mutant.detail) > place else ""


def _operator(mutant: Mutant) -> str:
    old, new = _SIGNS.get(_detail(mutant), ""), _SIGNS.get(_detail(mutant, 1), "")
    return (
        f"with {new!r} in place of {old!r}".replace("'", "") if old and new else "with another sign"
    )


def _aggregate(mutant: Mutant) -> str:
    old, new = _AGGREGATES.get(_detail(mutant), ""), _AGGREGATES.get(_detail(mutant, 1), "")
    if not old or not new:
        return "with another summary of the values"
    return f"with the {new} in place of the {old}"


def _call(mutant: Mutant) -> str:
    name = _detail(mutant)
    return _CALLS.get(name) or _CALLS.get(name.strip("_")) or f"without {name.strip('_')}"


def _statement(mutant: Mutant) -> str:
    kind, name = _detail(mutant), _detail(mutant, 1)
    if kind != "call":
        return "with one step left out"
    return _STATEMENTS.get(name) or _CALLS.get(name) or f"without {name.strip('_')}"


def _returned(mutant: Mutant) -> str:
    which = _detail(mutant, 1)
    what = f"the {_ORDINALS[int(which) - 1]} result" if which and int(which) <= 5 else "the result"
    return f"with {what} {_RETURNED.get(_detail(mutant), 'changed')}"


def _term(mutant: Mutant) -> str:
    kind, name = _detail(mutant), _detail(mutant, 1)
    if name == "constant" and kind in ("term", "factor"):
        return f"with a constant {kind} left out"
    if name in _CALLS and kind in ("term", "factor"):
        return f"without the {kind} that {name} gives"
    return _PARTS.get(kind, "with one part left out")


def _sibling(mutant: Mutant) -> str:
    """Say which of two related names was taken: sets and roles by what they are."""
    old, new = (
        re.findall(r"[a-z]+|\d+", _detail(mutant).lower()),
        re.findall(r"[a-z]+|\d+", _detail(mutant, 1).lower()),
    )
    for before, after in zip(old, new, strict=False):
        for table, what in ((_SETS, " set"), (_ROLES, "")):
            if before != after and before in table and after in table:
                return f"with the {table[after]}{what} in place of the {table[before]}{what}"
        if before != after and before.isdigit() and after.isdigit():
            return f"with number {after} in place of number {before}"
    return "with two similar names mixed up"


_SAID: Mapping[str, Callable[[Mutant], str]] = {
    "operator": _operator,
    "step sign": lambda mutant: "with the sign of the step turned round",
    "comparison": lambda mutant: _COMPARISONS.get(_detail(mutant), "with another comparison"),
    "condition": lambda mutant: "with a condition turned round",
    "constant": lambda mutant: "with another constant",
    "statement": _statement,
    "return": _returned,
    "aggregate": _aggregate,
    "call": _call,
    "axis": lambda mutant: _AXES.get(_detail(mutant), "along another axis"),
    "range": lambda mutant: _RANGES.get(_detail(mutant), "with one too few"),
    "index": lambda mutant: "with the neighbouring item taken",
    "sibling": _sibling,
    "arguments": lambda mutant: "with two arguments the other way round",
    "term": _term,
    "minus": lambda mutant: "without the minus sign",
    "item": lambda mutant: f"with the {_detail(mutant)} name of a list left out",
    "selection": lambda mutant: "with all of them, without choosing some",
    "entry": lambda mutant: "with one of several things that are put together left out",
    "setting": lambda mutant: f"without setting {_detail(mutant)}",
    "brake": lambda mutant: "without stopping or skipping when it is time",
    "always": lambda mutant: "with something done always that is to be done on a condition",
    "column": lambda mutant: "with another column of the table",
}
