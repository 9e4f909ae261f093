"""Does a value agree with what was recorded? Every threshold of the recorded checks stands here.

Values are compared as fingerprints (fingerprints.py): numbers and summaries, never the data. What
does not change the meaning does not count: types, the order of columns, lists for arrays.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.recorded.record import Better, Fingerprint, RecordedOutcome

# Relative: float32 sums in another order differ by 1e-6, wrong formulas by more than a thousandth
# (second round of experiments on course22 05, four decimal places of what notebooks show).
EXACT = 1e-3
# Of an array's largest number: below it, a mean is zero but for rounding.
ROUNDING = 1e-5
# A lone number has no scale to be measured by; below it, it is zero.
ZERO = 1e-7
# Deviations around the mean of other seeds: with five seeds and normal values, 1 in 40 honest ones
# falls outside of 3 (Student's t, 4 degrees of freedom), the share of the mean takes in most of these.
BAND_DEVIATIONS = 3.0
BAND_SHARE = 0.01
# A band of more than this share of its mean says too little to fail anybody.
WIDE = 0.05
# A metric that leaves less than this share of the recorded error is not better but wrong: it has
# seen the answers, or measures nothing. Where seeds change nothing, honest ones stay much closer.
TOO_GOOD = 0.1
TOO_GOOD_EXACT = 0.6
# A number is recognised under another name when it has so many digits: 0.5 and 100 are everywhere.
TELLING_DIGITS = 3
# "0.826" is 0.8258 as a person prints it.
PRINTED_DIGITS = 3

_UP = frozenset({"acc", "accuracy", "accuracies", "score", "auc", "r2", "f1", "dice"})
_DOWN = frozenset(
    {"loss", "error", "err", "rmse", "mae", "mse", "perplexity", "msle", "rmsle", "crossentropy"}
)
_NOTHING, *_TRUE_FALSE = (
    hashlib.sha256(word.encode()).hexdigest()[:12] for word in ("None", "False", "True")
)
_TRUTHS = dict(zip(_TRUE_FALSE, (0.0, 1.0), strict=True))
_PARTS = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*")


def direction(name: str) -> Better:
    """Say which way a metric of this name is better, "" when it names none, or one of each."""
    parts = {part.lower() for part in _PARTS.findall(name)}
    up, down = bool(parts & _UP), bool(parts & _DOWN)
    return "up" if up and not down else "down" if down and not up else ""


def direction_of(source: str) -> Better:
    """Say which way what a cell shows or prints at last is better, read off the names in it."""
    tree = parse_cell(source)
    last = tree.body[-1] if tree is not None and tree.body else None
    if not isinstance(last, ast.Expr):
        return ""
    inner = list(ast.walk(last.value))
    if any(isinstance(node, ast.Sub | ast.USub) for node in inner):
        return ""  # 1 - accuracy
    names = [node.id for node in inner if isinstance(node, ast.Name)]
    names += [node.attr for node in inner if isinstance(node, ast.Attribute)]
    names += _words_printed(inner)
    found = {one for name in names if (one := direction(name))}
    return found.pop() if len(found) == 1 else ""


def _words_printed(nodes: Iterable[ast.AST]) -> list[str]:
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [word for text in texts for word in re.findall(r"[A-Za-z]\w*", text)]


def informs(outcome: RecordedOutcome) -> bool:
    """Tell whether an outcome varies so much that it can only inform."""
    if outcome.stability == "exact" or outcome.band is None:
        return False
    mean, deviation = outcome.band
    return deviation > WIDE * abs(mean)


def impossible(outcome: RecordedOutcome, found: Fingerprint) -> bool:
    """Tell whether a metric has a value that no seed can give it: a negative loss, 120 % accuracy."""
    expected, own = _plain(outcome.fingerprint), _plain(found)
    if not outcome.better or expected["k"] != "number" or own["k"] != "number":
        return False
    recorded, value = expected.get("v"), own.get("v")
    if recorded is None or value is None or recorded < 0:
        return False
    ceiling = _ceiling(recorded) if outcome.better == "up" else None
    return bool(value < -ZERO or (ceiling is not None and value > ceiling + ZERO))


def _ceiling(recorded: float) -> float | None:
    """Give what a metric of which more is better can reach: 1, or 100 where it is in per cent."""
    return 1.0 if recorded <= 1 else 100.0 if recorded <= 100 else None


def reordered(expected: Fingerprint, found: Fingerprint) -> bool:
    """Tell whether an array holds the recorded numbers in another order."""
    expected, found = _plain(expected), _plain(found)
    if expected["k"] != "array" or found["k"] != "array" or "h" in expected or "h" in found:
        return False
    scale = max(_scale(expected), _scale(found))
    pairs = [(one.get("v") or [], one.get("s") or []) for one in (expected, found)]
    (mine, fifths), (other, theirs) = pairs
    return (
        _squeezed(expected) == _squeezed(found)
        and len(mine) > 2
        and _all_near(mine[:3], other[:3], EXACT, scale)
        and _all_near(fifths, theirs, EXACT, scale)
    )


def agrees(outcome: RecordedOutcome, found: Fingerprint, *, one_sided: bool = True) -> bool:
    """Tell whether a value is one that an honest reproduction may have here."""
    expected, own = _plain(outcome.fingerprint), _plain(found)
    if outcome.stability == "shape":
        return like(expected, own)
    if expected["k"] == "array" and outcome.stability == "seeded":
        return like(expected, own) and _mean_within(outcome, own)
    if expected["k"] != "number":
        return same(expected, own) if outcome.stability == "exact" else like(expected, own)
    if own["k"] != "number":
        return False
    if outcome.stability != "noisy" and same(expected, own):
        return True
    one_sided = one_sided and outcome.better != ""
    if outcome.stability == "exact" and not one_sided:
        return False
    return _within(outcome, own.get("v"), one_sided=one_sided)


def _mean_within(outcome: RecordedOutcome, own: Fingerprint) -> bool:
    """Compare the mean of an array that chance decides with those that other seeds give."""
    if outcome.band is None or not own.get("v") or own["v"][0] is None:
        return True
    mean, deviation = outcome.band
    reach = BAND_DEVIATIONS * deviation + BAND_SHARE * abs(mean)
    return bool(abs(own["v"][0] - mean) <= reach)


def _within(outcome: RecordedOutcome, value: float | None, *, one_sided: bool) -> bool:
    told = _plain(outcome.fingerprint).get("v")
    if value is None or told is None:
        return False
    recorded = float(told)
    low, high = _bounds(outcome, recorded)
    if not one_sided:
        return low <= value <= high
    limit = TOO_GOOD_EXACT if outcome.stability == "exact" else TOO_GOOD
    if outcome.better == "down":
        return value <= high and (recorded < 0 or value >= min(low, limit * recorded))
    ceiling = _ceiling(recorded)
    if ceiling is None:
        return value >= low
    left = limit * (ceiling - recorded)
    return low <= value <= max(ceiling - left, high if high <= ceiling else recorded)


def _bounds(outcome: RecordedOutcome, recorded: float) -> tuple[float, float]:
    slack = EXACT * abs(recorded) + ZERO
    low, high = recorded - slack, recorded + slack
    if outcome.stability == "exact" or outcome.band is None:
        return low, high
    mean, deviation = outcome.band
    reach = BAND_DEVIATIONS * deviation + BAND_SHARE * abs(mean)
    if outcome.stability == "noisy":
        return mean - reach, mean + reach
    return min(low, mean - reach), max(high, mean + reach)


def same(
    expected: Fingerprint, found: Fingerprint, *, share: float = EXACT, grads: bool = False
) -> bool:
    """Tell whether two fingerprints are of the same value, up to rounding; `grads` count as well."""
    expected, found = _plain(expected), _plain(found)
    if {expected["k"], found["k"]} == {"array", "frame"}:
        return _same_table(expected, found, share)
    if {expected["k"], found["k"]} == {"object", "other"}:
        return bool(expected.get("cls") == found.get("cls"))
    if expected["k"] != found["k"]:
        return False
    match expected["k"]:
        case "number":
            fits = _same_number(expected, found, share)
        case "array":
            fits = _same_array(expected, found, share)
        case "frame":
            fits = _same_frame(expected, found, share)
        case "group":
            fits = _same_group(expected, found, share, grads=grads)
        case "text":
            fits = expected.get("h") == found.get("h")
        case "object":
            fits = _same_object(expected, found, share)
        case _:
            fits = like(expected, found)
    return fits and (not grads or _same_grads(expected, found, share))


def like(expected: Fingerprint, found: Fingerprint) -> bool:
    """Tell whether two fingerprints are of the same kind and shape, whatever the values are."""
    expected, found = _plain(expected), _plain(found)
    kind = expected["k"]
    if kind != found["k"]:
        return False
    if kind == "array":
        return _squeezed(expected) == _squeezed(found)  # a column or a flat list is a style
    if kind == "frame":
        return _shape(expected) == _shape(found)
    if kind == "model":
        return _same_model(expected, found)
    if kind == "group":
        mine, other = expected.get("items", []), found.get("items", [])
        paired = zip(mine, other, strict=False)
        return expected.get("n") == found.get("n") and all(like(a, b) for a, b in paired)
    if kind == "class":
        return set(expected.get("m", [])) <= set(found.get("m", []))
    if kind == "other":
        return bool(expected.get("cls") == found.get("cls"))
    return True


def other_size(expected: Fingerprint, found: Fingerprint) -> bool:
    """Tell whether both are numbers, in shapes that differ by more than dimensions of one."""
    mine, other = _plain(expected), _plain(found)
    if {mine["k"], other["k"]} - {"number", "array"}:
        return False
    return _squeezed(mine) != _squeezed(other)


def other_matrices(expected: Fingerprint, found: Fingerprint) -> bool:
    """Tell whether nested groups hold matrices of other sizes, however they are nested."""
    mine, other = sorted(_matrices(expected)), sorted(_matrices(found))
    return bool(mine) and bool(other) and mine != other


def _matrices(one: Fingerprint) -> Iterable[list[int]]:
    if one["k"] == "group":
        for item in one.get("items", []):
            yield from _matrices(item)
    elif one["k"] == "array" and len(_squeezed(one)) > 1:
        yield _squeezed(one)


def telling(expected: Fingerprint) -> bool:
    """Tell whether a value can be recognised under another name: not every 0.5 is the one."""
    one = _plain(expected)
    if one["k"] == "number":
        value = one.get("v")
        if value is None or abs(value) <= ZERO or _is_whole(value):
            return False
        return _digits(value) >= TELLING_DIGITS
    if one["k"] == "array":
        stats = one.get("v") or []
        return len(stats) > 1 and bool(stats[1])
    return one["k"] == "frame" or (one["k"] == "text" and one.get("h") != _NOTHING)


def same_printed(recorded: float, printed: float) -> bool:
    """Tell whether a printed number is the recorded one, rounded as a person prints it."""
    text = repr(printed)
    if _digits(printed) < PRINTED_DIGITS or "e" in text or "." not in text:
        return False
    return round(recorded, len(text.partition(".")[2])) == printed


def _plain(one: Fingerprint) -> Fingerprint:
    """Take an array of a single number for that number, and True for 1."""
    if one["k"] == "text" and one.get("h") in _TRUTHS:
        return {"k": "number", "v": _TRUTHS[one["h"]], "i": True}
    if one["k"] == "array" and "h" not in one and one.get("shape") and _items(one) == 1:
        return {**one, "k": "number", "v": (one.get("v") or [None])[0], "i": False}
    return one


def _items(one: Fingerprint) -> int:
    count = 1
    for size in one.get("shape", []):
        count *= size
    return count


def _shape(one: Fingerprint) -> list[int]:
    return list(one.get("shape", []))


def _is_whole(value: float) -> bool:
    return float(value).is_integer()


def _digits(value: float) -> int:
    mantissa = f"{abs(value):.9g}".partition("e")[0]
    return len(mantissa.replace(".", "").strip("0"))


def _same_number(expected: Fingerprint, found: Fingerprint, share: float) -> bool:
    one, other = expected.get("v"), found.get("v")
    if one is None or other is None:
        return one is None and other is None
    if expected.get("i") and abs(one) < 1e9:
        return bool(abs(one - other) < 0.5)
    return bool(abs(one - other) <= share * max(abs(one), abs(other)) + ZERO)


def _near(one: Any, other: Any, share: float, scale: float) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return bool(abs(one - other) <= share * max(abs(one), abs(other)) + ROUNDING * scale)


def _all_near(mine: Sequence[Any], other: Sequence[Any], share: float, scale: float) -> bool:
    return len(mine) == len(other) and all(
        _near(a, b, share, scale) for a, b in zip(mine, other, strict=True)
    )


def _scale(one: Fingerprint) -> float:
    stats = one.get("v") or []
    return abs(stats[2]) if len(stats) > 2 and stats[2] is not None else 0.0


def _same_array(expected: Fingerprint, found: Fingerprint, share: float) -> bool:
    """Compare shape and summaries, which don't change with the order of columns (but of rows)."""
    if _squeezed(expected) != _squeezed(found):
        return False
    if "h" in expected or "h" in found:
        return bool(expected.get("h") == found.get("h"))
    if expected.get("nan", 0) != found.get("nan", 0):
        return False
    scale = max(_scale(expected), _scale(found))
    pairs = [(expected.get("v") or [], found.get("v") or [])]
    pairs += [(expected[key], found[key]) for key in ("c", "s") if key in expected and key in found]
    return all(_all_near(a, b, share, scale) for a, b in pairs)


def _squeezed(one: Fingerprint) -> list[int]:
    return [size for size in _shape(one) if size != 1]


def _same_frame(expected: Fingerprint, found: Fingerprint, share: float) -> bool:
    """Compare rows, and the columns by what is in them, in any order and under any name."""
    if _shape(expected) != _shape(found):
        return False
    mine, other = (_columns(one.get("cols", [])) for one in (expected, found))
    return len(mine) == len(other) and all(
        gone == lost and _near(a, b, share, 0.0)
        for (a, gone), (b, lost) in zip(mine, other, strict=True)
    )


def _columns(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, Any]]:
    means = [(row[1], row[2]) for row in rows]
    return sorted(means, key=lambda one: (one[0] is None, one[0] or 0.0, one[1] or 0))


def _same_table(one: Fingerprint, other: Fingerprint, share: float) -> bool:
    """Compare a frame with an array of the same numbers."""
    frame, array = (one, other) if one["k"] == "frame" else (other, one)
    means = [mean for mean, _ in _columns(frame.get("cols", []))]
    if _shape(frame) != _shape(array) or None in means or "c" not in array:
        return False
    return _all_near(means, array["c"], share, _scale(array))


def _same_model(expected: Fingerprint, found: Fingerprint) -> bool:
    if not expected.get("n"):
        return bool(expected.get("cls") == found.get("cls"))
    mine, other = (sorted(map(list, one.get("shapes", []))) for one in (expected, found))
    return bool(expected["n"] == found.get("n") and mine == other)


def _same_group(
    expected: Fingerprint, found: Fingerprint, share: float, *, grads: bool = False
) -> bool:
    if expected.get("n") != found.get("n"):
        return False
    if "keys" in expected and "keys" in found and expected["keys"] != found["keys"]:
        return False
    mine, other = expected.get("items", []), found.get("items", [])
    if mine and all(item["k"] == "text" for item in (*mine, *other)):
        # Names, of columns mostly: their order is the learner's.
        return sorted(str(one.get("h")) for one in mine) == sorted(
            str(one.get("h")) for one in other
        )
    paired = zip(mine, other, strict=False)
    return len(mine) == len(other) and all(same(a, b, share=share, grads=grads) for a, b in paired)


def comparable(expected: Fingerprint, found: Fingerprint) -> bool:
    """Tell whether two values can be compared: objects by what they hold under the same names."""
    if expected["k"] != "object":
        return True
    return bool(set(expected.get("a", {})) & set(found.get("a", {})))


def _same_object(expected: Fingerprint, found: Fingerprint, share: float) -> bool:
    mine, other = expected.get("a", {}), found.get("a", {})
    both = [name for name in mine if name in other]
    fits = all(same(mine[name], other[name], share=share) for name in both)
    return fits and bool(both or not mine)


def _same_grads(expected: Fingerprint, found: Fingerprint, share: float) -> bool:
    hung, others = expected.get("a", {}), found.get("a", {})
    if not all(name in others and same(hung[name], others[name], share=share) for name in hung):
        return False
    if "g" not in expected:
        return True
    mine, other = expected["g"], found.get("g") or []
    scale = max((abs(v) for v in (*mine[1:2], *other[1:2]) if v is not None), default=0.0)
    return _all_near(mine, other, share, scale)


def number(value: float) -> dict[str, Any]:
    """Give the fingerprint of a printed number."""
    return {"k": "number", "v": value, "i": float(value).is_integer()}


def as_fingerprint(value: Any) -> Mapping[str, Any]:
    """Give a fingerprint of what a record holds of a mistake: one already, or a lone number."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    return number(float(value))
