"""What a learner is given and what is the learner's work, statement by statement."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import Cell, Statement, is_scalar
from fastcompanion.course.notebooks.names import dotted, walk

Role = Literal["given", "literal", "work", "look", "plot", "install", "drop"]

_GAP = re.compile(
    r"(?i)\b(?:TODO|your code|fill[ -]?in|replace th(?:is|e|ese)|implement this|write your|"
    r"BEGIN SOLUTION)\b"
)
_EMPTY = re.compile(r"^[ \t]*raise NotImplementedError|(?<!\w)_{3,}(?!\w)", re.MULTILINE)
_SOLUTION = re.compile(r"(?ms)^([ \t]*)#+ *BEGIN SOLUTION.*?#+ *END SOLUTION[^\n]*")
_VALUE = re.compile(r"\d|=\s*['\"]|\[\s*['\"]|True|False")
_BUILTINS = frozenset(dir(builtins))
_SHAPED = re.compile(r"(?:^|\.)(?:zeros|ones|empty|full|rand|randn|eye)$")  # told as a shape
MOST_IN_LIST = 16
_HYPER = re.compile(
    r"(?:^|_)(?:lr|max_lr|bs|batch_size|size|seed|random_state|valid_pct|epochs?|n_epochs?|wd|"
    r"weight_decay|momentum|mom|moms|dropout|p|eps|alpha|beta\d?|gamma|n_estimators|max_depth|"
    r"min_samples_leaf|max_leaf_nodes|max_samples|max_features|n_components|n_clusters|k|"
    r"test_size|dim|nh|hidden\w*|num_\w+|n_\w+|steps?|sigma|scale|temperature|max_length|"
    r"kernel_size|stride|padding|std|low|high|pct\w*|div\w*|method|arch|monitor|patience)$"
)
_NOT_HYPER = re.compile(
    r"(?i)(?:^|_)(?:fig|figsize|color|colour|label|title|ax|axis|dim|keepdims?|linewidth|marker|"
    r"end|sep|sci_mode|precision|edgeitems|ylim|xlim|width|height|cmap|encoding|index|inplace|"
    r"nrows|ncols|dpi|fontsize|verbose|flush)$"
)
_SWITCHES = ("replace", "replacement", "bootstrap")  # may an item be drawn twice?

_MARKED_WORK: dict[str, Role] = {"import": "given", "show": "look", "time": "look", "plot": "plot"}


@frozen
class Piece:
    """A statement with its role in the scaffold."""

    statement: Statement
    role: Role


Plan = dict[int, tuple[Piece, ...]]  # by the cell's index in the notebook


def is_todo(cell: Cell) -> bool:
    """Does this cell leave a gap for the learner already?"""
    source = cell.source
    for match in _GAP.finditer(source):
        if "#" in source[source.rfind("\n", 0, match.start()) + 1 : match.start()]:
            return True
    return bool(_EMPTY.search(source))


def is_exercise_sheet(cells: Iterable[Cell], path: str = "") -> bool:
    """Is the notebook written as exercises to fill in, so that its code is the question?

    A file that calls itself answers or solutions is not, whatever comments were left in it.
    """
    if is_filled(path):
        return False
    real = [cell for cell in cells if cell.kind not in ("empty", "magic", "install")]
    gaps = sum(is_todo(cell) for cell in real)
    return gaps > 0 and gaps >= 0.1 * len(real) and (gaps > 1 or len(real) <= 6)


def is_filled(path: str) -> bool:
    """Does a file call itself answers or solutions?"""
    return bool(re.search(r"(?i)(?:^|[^a-z])(?:answers?|solutions?|solved)(?:[^a-z]|$)", path))


def without_solution(source: str) -> str:
    """Take marked solutions out of a cell."""
    return _SOLUTION.sub(r"\1# YOUR CODE HERE\n\1raise NotImplementedError", source)


def plan(cells: Iterable[Cell], asked: frozenset[str] = frozenset()) -> Plan:
    """Give every statement a role.

    Data are given only as far as they need nothing of the learner's work; literals that given
    statements need are given with them; functions and classes never are, unless the author of
    the lesson marked the cell. What binds an `asked` name is always work.
    """
    planner = _Planner(asked)
    for cell in cells:
        for position, statement in enumerate(cell.statements):
            planner.take((cell.index, position), statement, cell)
    return {index: _together(pieces) for index, pieces in planner.by_cell().items()}


def _together(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Give literals together with the data that they stand beside, where no work stands there."""
    roles = {piece.role for piece in pieces}
    data = any(p.role == "given" and p.statement.kind == "data" for p in pieces)
    if "literal" in roles and data and roles <= {"given", "literal", "drop"}:
        return tuple(Piece(p.statement, "given") if p.role == "literal" else p for p in pieces)
    return tuple(pieces)


class _Planner:
    def __init__(self, asked: frozenset[str]) -> None:
        self._asked = asked
        self._roles: dict[tuple[int, int], Piece] = {}
        self._owner: dict[str, Role] = {}
        self._literal_at: dict[str, tuple[int, int]] = {}

    def take(self, key: tuple[int, int], statement: Statement, cell: Cell) -> None:
        role = self._role(statement, cell)
        self._roles[key] = Piece(statement, role)
        names = statement.names
        if role == "given":
            for name in names.reads:
                self._give_literal(name)
        for name in names.binds:
            self._owner[name] = "given" if role == "given" else role
            if role == "literal":
                self._literal_at[name] = key
        if role not in ("look", "plot"):
            for name in names.changes:
                self._owner[name] = role

    def _role(self, statement: Statement, cell: Cell) -> Role:
        kind = statement.kind
        if cell.mark == "work":
            return _MARKED_WORK.get(kind, "work")
        if cell.mark:
            return "given" if cell.mark == "given" else "drop"
        if self._asked & set(statement.names.binds):
            return "work"
        if kind in ("import", "setup", "data"):
            if self._needs_work(statement):
                return "drop" if kind == "setup" and not statement.names.makes else "work"
            return "given"
        if kind in ("literal", "seed"):
            return "work" if self._counts(statement, cell) else "literal"
        if kind in ("define", "compute", "train"):
            return "work"
        if kind == "plot" and self._calls_work(statement):
            return "look"
        return {"show": "look", "time": "look", "plot": "plot", "install": "install"}.get(
            kind, "drop"
        )  # type: ignore[return-value]

    def _calls_work(self, statement: Statement) -> bool:
        """Does it only look like a plot, in truth calling a function that is the learner's?"""
        return all(self._owner.get(call) == "work" for call in statement.names.calls)

    def _needs_work(self, statement: Statement) -> bool:
        used = (*statement.names.reads, *statement.names.changes)
        return any(self._owner.get(name) == "work" for name in used)

    def _counts(self, statement: Statement, cell: Cell) -> bool:
        """Is this literal the start of a counter or sum that the same cell goes on to change?"""
        own = set(statement.names.binds)
        return any(
            own & set(other.names.changes)
            for other in cell.statements
            if other is not statement and other.kind in ("compute", "train")
        )

    def _give_literal(self, name: str) -> None:
        if self._owner.get(name) == "literal":
            key = self._literal_at[name]
            self._roles[key] = Piece(self._roles[key].statement, "given")
            self._owner[name] = "given"

    def by_cell(self) -> dict[int, list[Piece]]:
        found: dict[int, list[Piece]] = {}
        for (index, _), piece in sorted(self._roles.items(), key=lambda item: item[0]):
            found.setdefault(index, []).append(piece)
        return found


def settings_of(pieces: Iterable[Piece], own: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Find the hyper-parameters that nobody can guess in calls of the work: {"fit": ("lr=0.1",)}.

    Numbers without a name are listed for functions of the notebook and for training only.
    """
    found: dict[str, dict[str, None]] = {}
    for piece in pieces:
        if piece.role == "work" and _VALUE.search(piece.statement.source):
            named: set[int] = set()
            for node in walk(piece.statement.node):
                if isinstance(node, ast.Call):
                    named |= _add_settings(node, piece, own, found)
                elif isinstance(node, ast.List) and id(node) not in named and is_choice(node):
                    found.setdefault("", {})[ast.unparse(node)] = None
    return {name: tuple(values) for name, values in found.items() if values}


def is_choice(node: ast.expr) -> bool:
    """Is this a list written out: column names, layer sizes? Nobody can guess what is in it."""
    if not isinstance(node, ast.List) or not 0 < len(node.elts) <= MOST_IN_LIST:
        return False
    texts = all(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in node.elts)
    return texts or (
        len(node.elts) > 1
        and all(is_scalar(n) and not isinstance(n, ast.Tuple | ast.BinOp) for n in node.elts)
    )


def _add_settings(
    node: ast.Call, piece: Piece, own: frozenset[str], found: dict[str, dict[str, None]]
) -> set[int]:
    """Add the settings of one call; give the lists told, by their place in memory."""
    name = dotted(node.func).rsplit(".", 1)[-1]
    if name == "?" or (name in _BUILTINS and name != "range"):
        return set()
    values = found.setdefault(name, {})
    top = not isinstance(piece.statement.node, ast.FunctionDef | ast.ClassDef)
    if top and _counts_by_place(node, name, piece, own):
        plain = [ast.unparse(a) for a in node.args if is_scalar(a) and not isinstance(a, ast.Tuple)]
        if plain and len(node.args) <= 4:
            values[", ".join(plain)] = None
    for keyword in node.keywords:
        if keyword.arg and is_setting(keyword):
            values[f"{keyword.arg}={ast.unparse(keyword.value)}"] = None
    return {id(keyword.value) for keyword in node.keywords if is_choice(keyword.value)}


def _counts_by_place(node: ast.Call, name: str, piece: Piece, own: frozenset[str]) -> bool:
    """Are numbers without a keyword worth telling in this call?"""
    if name == "range":
        return len(node.args) == 1 and isinstance(node.args[0], ast.Constant)
    if isinstance(node.func, ast.Name) and name in own:
        return True
    if piece.statement.kind == "train" and not isinstance(node.func, ast.Name):
        return isinstance(piece.statement.node, ast.Expr | ast.Assign)
    if _SHAPED.search(dotted(node.func)):
        return False
    return all(is_scalar(a) for a in node.args) and any(map(_is_chosen, node.args))


def _is_chosen(node: ast.expr) -> bool:
    """Is this a number that says more than "one", "the last", or an axis?"""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    value = inner.value if isinstance(inner, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value > 2 or value not in (0, 1, 2) or (negative and value > 1)


def is_setting(keyword: ast.keyword) -> bool:
    """Is this keyword argument a number, switch or short name that changes results?"""
    name = keyword.arg or ""
    if is_choice(keyword.value):
        return not _NOT_HYPER.search(name)
    if not is_scalar(keyword.value) or _NOT_HYPER.search(name):
        return False
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else 0
    if isinstance(value, bool):
        return name in _SWITCHES
    if isinstance(value, str):
        return len(value) <= 24 and bool(_HYPER.search(name))
    return isinstance(value, int | float)
