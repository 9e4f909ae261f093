"""What should exist at the end of a section: names, kinds and shapes, found in the original."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from fastcompanion.base.records import frozen
from fastcompanion.course.model import Checkpoint, CheckpointKind
from fastcompanion.course.notebooks.cells import Cell, Statement
from fastcompanion.course.notebooks.names import dotted
from fastcompanion.course.scaffolds.given import Piece
from fastcompanion.course.scaffolds.results import displayed, number_in, shape_in, shapes_shown

MOST = 14  # checkpoints of one section; beyond it only what later sections use
_ARRAY = re.compile(r"^(?:torch|np|numpy|jnp|tf|F)\.\w|^tensor$|\.(?:view|reshape|argmax|argmin|"
                    r"softmax|matmul|einsum|unsqueeze|squeeze|clamp\w*|relu|sigmoid|numpy|T)$")  # fmt: skip
_NUMBER = re.compile(r"(?:^|\.)(?:item|mean|sum|std|var|min|max|len|float|int|norm|\w*accuracy\w*|"
                     r"\w*error|\w*loss|mse|mae|rmse)$")  # fmt: skip
_FRAME = re.compile(r"^pd\.(?:read_\w+|DataFrame|get_dummies|concat|merge|melt)$|\.to_frame$")
_MODEL = re.compile(r"^nn\.|\w*[lL]earner$|(?:Classifier|Regressor|Regression|Model|Net|Sequential|"
                    r"Pipeline|MLP|Module|Forest|Tree)$|\.(?:fit|from_pretrained)$")  # fmt: skip
MAKES_ARRAY = re.compile(r"^(?:torch|np|numpy)\.(?:zeros|ones|empty|rand|randn)$")
_REMARKED_SHAPE = re.compile(r"\(?\s*\d+\s*(?:,\s*\d+\s*)+,?\)?")


@frozen
class Made:
    """Something that a section's work binds."""

    checkpoint: Checkpoint
    later: bool
    seen: bool


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool = False) -> str:
    """Write a function's header as a learner would call it: `update(coeffs, lr=0.1)`."""
    arguments = ast.unparse(_bare(node.args))
    if method:
        arguments = re.sub(r"^(?:self|cls)\b(?:, )?", "", arguments)
    return f"{node.name}({arguments})"


def _bare(arguments: ast.arguments) -> ast.arguments:
    """Drop annotations: a header is to be short enough to read."""

    def plain(argument: ast.arg) -> ast.arg:
        return ast.arg(arg=argument.arg)

    return ast.arguments(
        posonlyargs=[plain(a) for a in arguments.posonlyargs],
        args=[plain(a) for a in arguments.args],
        vararg=plain(arguments.vararg) if arguments.vararg else None,
        kwonlyargs=[plain(a) for a in arguments.kwonlyargs],
        kw_defaults=arguments.kw_defaults,
        kwarg=plain(arguments.kwarg) if arguments.kwarg else None,
        defaults=arguments.defaults,
    )


def class_signature(node: ast.ClassDef) -> tuple[str, list[str]]:
    """Give `Linear(Module)` and the headers of its methods."""
    bases = ", ".join(dotted(base) for base in node.bases if "?" not in dotted(base))
    methods = [signature(n, method=True) for n in node.body if isinstance(n, ast.FunctionDef)]
    return (f"{node.name}({bases})" if bases else node.name), methods


def checkpoints(
    cells: Iterable[Cell], pieces: Mapping[int, tuple[Piece, ...]], later: frozenset[str]
) -> tuple[Checkpoint, ...]:
    """List what the work of these cells leaves behind; `later` names are read by later sections."""
    cells = list(cells)
    shapes: dict[str, str] = {}
    for cell in cells:
        shapes |= _remarked(cell) | shapes_shown(cell)
    made: dict[str, Made] = {}
    for cell in cells:
        for piece in pieces.get(cell.index, ()):
            if piece.role == "work":
                for name in piece.statement.names.makes:
                    made.pop(name, None)
                    made[name] = _made(name, piece.statement, cell, shapes, later)
                for name in piece.statement.names.changes:
                    if name not in made and name in later:
                        changed = Checkpoint(name, "value", shapes.get(name, ""), "changed here")
                        made[name] = Made(changed, later=True, seen=False)
    read = _read_in(cells, pieces)
    plain = _made_plainly(cells, pieces)
    kept = [item for name, item in made.items() if _matters(name, item, read | plain)]
    if len(kept) > MOST:
        kept = [item for item in kept if _matters(item.checkpoint.name, item, read)] or kept
    if len(kept) > MOST:
        kept = [item for item in kept if item.later or _is_code(item)] or kept
    return tuple(item.checkpoint for item in kept[: 2 * MOST])


def _is_code(item: Made) -> bool:
    return item.checkpoint.kind in ("function", "class")


def _matters(name: str, item: Made, read: set[str]) -> bool:
    """Is it worth naming: code, or a value that is read, shown, or used later?"""
    return _is_code(item) or (
        not name.startswith("_") and (item.later or item.seen or name in read)
    )


def _remarked(cell: Cell) -> dict[str, str]:
    """Read shapes from remarks behind a statement: `emb = C[X]  # (32, 3, 10)`."""
    return {
        statement.names.binds[0]: "(" + statement.remark.strip("() ") + ")"
        for statement in cell.statements
        if len(statement.names.binds) == 1 and _REMARKED_SHAPE.fullmatch(statement.remark)
    }


def _read_in(cells: Iterable[Cell], pieces: Mapping[int, tuple[Piece, ...]]) -> set[str]:
    return {
        name
        for cell in cells
        for piece in pieces.get(cell.index, ())
        if piece.role in ("work", "look")
        for name in piece.statement.names.reads
    }


def _made_plainly(cells: Iterable[Cell], pieces: Mapping[int, tuple[Piece, ...]]) -> set[str]:
    """Names that an assignment outside of loops makes: steps ask for them."""
    return {
        name
        for cell in cells
        for piece in pieces.get(cell.index, ())
        if piece.role == "work" and isinstance(piece.statement.node, ast.Assign)
        for name in piece.statement.names.makes
    }


def _made(
    name: str, statement: Statement, cell: Cell, shapes: Mapping[str, str], later: frozenset[str]
) -> Made:
    node = statement.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        marks = [dotted(d) for d in node.decorator_list if "?" not in dotted(d)]
        about = f"decorated with {', '.join(marks)}" if marks else ""
        checkpoint = Checkpoint(name, "function", signature(node), about)
    elif isinstance(node, ast.ClassDef):
        header, methods = class_signature(node)
        about = "methods: " + ", ".join(f"`{method}`" for method in methods) if methods else ""
        checkpoint = Checkpoint(name, "class", header, about)
    else:
        shape = shapes.get(name, "") or _written_shape(node)
        checkpoint = Checkpoint(name, _kind(name, node, cell, shape), shape)
    return Made(checkpoint, name in later, name in shapes)


def _written_shape(node: ast.stmt) -> str:
    """Read the shape off a constructor: `torch.randn(784, 10)`."""
    value = node.value if isinstance(node, ast.Assign) else None
    if (
        not isinstance(value, ast.Call)
        or not value.args
        or not MAKES_ARRAY.search(dotted(value.func))
    ):
        return ""
    first = value.args[0]
    sizes = first.elts if isinstance(first, ast.Tuple) else value.args
    plain = all(isinstance(n, ast.Name | ast.Constant) for n in sizes)
    return f"({', '.join(ast.unparse(n) for n in sizes)})" if plain else ""


def _kind(name: str, node: ast.stmt, cell: Cell, shape: str) -> CheckpointKind:
    if "rows" in shape:
        return "frame"
    if shape:
        return "array"
    last = cell.statements[-1].node
    value = last.value if isinstance(last, ast.Expr) else None
    shown = isinstance(value, ast.Name) and value.id == name
    if shown and (kind := _shown_kind(displayed(cell))):
        return kind
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name):
        return "value"  # one of several
    return value_kind(value) if value is not None else "value"


def _shown_kind(shown: str) -> CheckpointKind | None:
    if re.match(r"(?:torch\.)?(?:tensor|array|Parameter)\w*\(\s*\[", shown):
        return "array"
    if number_in(shown):
        return "number"
    return "frame" if "rows" in shape_in(shown) else None


def value_kind(value: ast.expr) -> CheckpointKind:
    """Tell what kind of thing an expression makes, "value" when its tree does not say."""
    if isinstance(value, ast.Lambda):
        return "function"
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.MatMult):
        return "array"
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Tuple | ast.Slice):
        return "array" if value_kind(value.value) == "array" else "value"
    if not isinstance(value, ast.Call):
        return "value"
    name = dotted(value.func)
    if name == "partial":
        return "function"
    return _call_kind(name, value)


def _call_kind(name: str, value: ast.Call) -> CheckpointKind:
    whole = any(k.arg in ("dim", "axis", "keepdim", "keepdims") for k in value.keywords)
    if _MODEL.search(name):
        return "model"
    if _FRAME.search(name):
        return "frame"
    if _NUMBER.search(name) and not whole and not (name.startswith("?") and value.args):
        return "number"
    return "array" if _ARRAY.search(name) else "value"
