"""What the saved outputs of an original tell: shapes and single numbers, never the outputs."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from fastcompanion.course.notebooks.cells import Cell
from fastcompanion.course.notebooks.prose import clean_text

_NUMBER = r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?"
_SIZE = re.compile(r"torch\.Size\(\[([\d, ]*)\]\)")
_TUPLE = re.compile(r"\(\d+(?:, ?\d+)*,?\)")
_SCALAR = re.compile(rf"(?:(?:\w+\.)*(?:tensor|array|float\d\d|int\d\d|TensorBase|TensorImage)\(\s*)?"
                     rf"({_NUMBER})\s*(?:,[^()]*(?:<\w+>)?)?\)?")  # fmt: skip
_ROWS = re.compile(r"\[(\d+) rows x (\d+) columns\]")
_METRIC = re.compile(
    rf"(?i)\b(\w*(?:loss|acc(?:uracy)?|error(?:_rate)?|rmse|mse|mae|f1|perplexity))\b"
    rf"\s*[=:]?\s*({_NUMBER})(?![\w%])"
)
_TABLE_HEAD = re.compile(r"<th[^<>]*>([^<]*)</th>", re.DOTALL)
_TABLE_ROW = re.compile(r"<tr[^>]*>\s*((?:<td[^<>]*>[^<]*</td>\s*)+)</tr>", re.DOTALL)
_TABLE_CELL = re.compile(r"<td[^<>]*>([^<]*)</td>", re.DOTALL)
_READ = 4000  # characters of an output that are looked at


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value[:80] if isinstance(part, str))
    return clean_text(value[:_READ]) if isinstance(value, str) else ""


def _data(output: Mapping[str, Any], kind: str) -> str:
    data = output.get("data")
    return _text(data.get(kind)) if isinstance(data, dict) else ""


def displayed(cell: Cell) -> str:
    """Give the plain text of the value that the cell ends in, "" when it shows none."""
    for output in reversed(cell.outputs):
        if output.get("output_type") in ("execute_result", "pyout"):
            return _data(output, "text/plain").strip() or _text(output.get("text")).strip()
    return ""


def raised(cell: Cell) -> str:
    """Give the name of the error that the original saved for this cell, "" for none."""
    for output in cell.outputs:
        if output.get("output_type") in ("error", "pyerr"):
            return re.sub(r"\W", "", str(output.get("ename", "")))[:40] or "an error"
    return ""


def shape_in(text: str) -> str:
    """Find a shape in a displayed value: "(5, 784)", or ""."""
    text = text.strip()
    if size := _SIZE.fullmatch(text):
        return f"({size[1]})"
    if rows := _ROWS.search(text):
        return f"{rows[1]} rows, {rows[2]} columns"
    return text if _TUPLE.fullmatch(text) else ""


def number_in(text: str) -> str:
    """Find the single number that a displayed value consists of, or ""."""
    match = _SCALAR.fullmatch(text.strip())
    return match[1] if match else ""


def shapes_shown(cell: Cell) -> dict[str, str]:
    """Map names to the shapes that this cell displays: `x.shape`, `(a.shape, b.shape)`, a frame."""
    node = cell.statements[-1].node if cell.statements else None
    shown = displayed(cell)
    if not isinstance(node, ast.Expr) or not shown:
        return {}
    if isinstance(node.value, ast.Tuple):
        texts = re.findall(rf"{_SIZE.pattern}|({_TUPLE.pattern})", shown.strip()[1:-1])
        names = [_shape_of(item) for item in node.value.elts]
        if len(texts) != len(names) or not all(names):
            return {}
        return {n: f"({a})" if a else b for n, (a, b) in zip(names, texts, strict=True)}
    name = _shape_of(node.value) or (node.value.id if isinstance(node.value, ast.Name) else "")
    shape = shape_in(shown)
    return {name: shape} if name and shape else {}


def _shape_of(node: ast.expr) -> str:
    if (
        isinstance(node, ast.Attribute)
        and node.attr == "shape"
        and isinstance(node.value, ast.Name)
    ):
        return node.value.id
    return ""


def outcome(cell: Cell) -> str:
    """Say in a few words what the original got here: a shape, a number, the last row of a table."""
    shown = displayed(cell)
    if shape := shape_in(shown):
        return shape
    if number := number_in(shown):
        return _short(number).rstrip(".")
    if len(shown) > 60 and (length := _length(shown)):
        return length
    if re.fullmatch(r"[(\[{]?(?:(?:torch\.Size|tensor)\(\[?|[\d\s,.eE()\[\]+-])+[)\]}]?", shown):
        plain = _SIZE.sub(r"(\1)", " ".join(shown.split()))
        plain = re.sub(r"\d+\.\d{5,}(?!\d*e)", lambda m: _short(m[0]), plain)
        return plain if 0 < len(plain) <= 60 else ""
    return _metrics(cell)


def _length(shown: str) -> str:
    """Say how long a displayed list of numbers or texts is."""
    if shown[0] not in "[(" or len(shown) >= _READ:
        return ""
    try:
        value = ast.literal_eval(shown)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ""
    return f"a {type(value).__name__} of {len(value)}"


def _short(number: str) -> str:
    return f"{float(number):.4g}" if len(number) > 8 and "." in number else number


def _metrics(cell: Cell) -> str:
    found: dict[str, str] = {}
    for output in cell.outputs:
        html = _data(output, "text/html")
        if "epoch" in html and "<th" in html:
            heads = [re.sub(r"<.*?>", "", head).strip() for head in _TABLE_HEAD.findall(html)]
            rows = _TABLE_ROW.findall(html)
            values = _TABLE_CELL.findall(rows[-1]) if rows else []
            found |= {
                h: v for h, v in zip(heads, values, strict=False) if h not in ("time", "epoch")
            }
        elif output.get("output_type") == "stream" and output.get("name") != "stderr":
            found |= dict(_METRIC.findall(_text(output.get("text"))))
    found = {k: v for k, v in found.items() if re.fullmatch(_NUMBER, v) and re.fullmatch(r"\w+", k)}
    return ", ".join(f"{k} {_short(v)}" for k, v in list(found.items())[-4:])
