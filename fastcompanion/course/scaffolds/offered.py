"""The given cells of a section: what all of it needs, and apart from it what only pictures need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import Cell, Statement
from fastcompanion.course.notebooks.names import dotted, names_of, walk
from fastcompanion.course.notebooks.prose import clean_text
from fastcompanion.course.scaffolds.given import Piece, Plan

OPTIONAL = "# Only for the optional pictures: what is not installed is passed over."
UNGUARDED = "# This downloads data: leave it out when the data lies beside the notebook."
_DOWNLOAD = re.compile(
    r"(?:^|\.)(?:urlretrieve|urlsave|wget|download_url|competition_download\w*|extractall|"
    r"dataset_download\w*|unpack_archive)$"
)
_DRAWS = re.compile(
    r"(?:matplotlib|seaborn|plotly|graphviz|ipywidgets|altair|bokeh|pydot|torchviz|dtreeviz)\b"
)
_SHELL = re.compile(r"(?m)^\s*[!%]\s*\(?(?:wget|curl|gdown|kaggle|git clone|aria2c)\b")


@frozen
class Offer:
    """What a section gives: statements for everybody, and those that only pictures need."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]


class Offerer:
    """Says what sections give; looks at the whole notebook to tell what only pictures need."""

    def __init__(self, plan: Plan) -> None:
        every = [piece for pieces in plan.values() for piece in pieces]
        self._needed = {n for p in every if p.role in ("work", "look", "given", "literal") and not _only_prepares(p)
                        for n in p.statement.names.reads}  # fmt: skip
        drawn = {n for p in every if p.role == "plot" for n in p.statement.names.reads}
        imported = {n for p in every if p.role == "given" for n in p.statement.names.imports}
        pictures = {n for p in every if p.role == "given" for n in _drawing(p.statement.node)}
        self._spare = ((imported & drawn) | pictures) - self._needed
        self._paths = {
            n
            for p in every
            if p.role == "given" and "Path(" in p.statement.source
            for n in _path_names(p.statement.node)
        }
        self._folders = {n for p in every if p.role == "given" for n in _made_folders(p.statement)}

    def offer(self, cells: Iterable[Cell], plan: Plan) -> Offer:
        """Collect what the cells give; a cell that its author gave stays as it is."""
        needed: dict[str, None] = {}
        optional: dict[str, None] = {}
        for cell in cells:
            if cell.mark == "given":
                needed[clean_text(cell.source.rstrip())] = None
                continue
            for piece in plan.get(cell.index, ()):
                if piece.role == "given":
                    kept, spare = self._divided(piece.statement)
                    needed.update(dict.fromkeys(map(clean_text, kept)))
                    optional.update(dict.fromkeys(map(clean_text, spare)))
        return Offer(tuple(needed), tuple(optional))

    def _divided(self, statement: Statement) -> tuple[list[str], list[str]]:
        """Tell apart what of a statement is needed and what is only for pictures."""
        node, spare = statement.node, self._spare
        if statement.kind == "setup" and statement.names.reads & spare:
            return [], [statement.source]
        if not set(statement.names.imports) & spare or not isinstance(
            node, ast.Import | ast.ImportFrom
        ):
            return self._guarded(statement), []
        if set(statement.names.imports) <= spare:
            return [], [statement.source]
        kept = [a for a in node.names if _bound(a) not in spare]
        apart = [a for a in node.names if _bound(a) in spare]
        return [_import(node, kept)], [_import(node, apart)]

    def _guarded(self, statement: Statement) -> list[str]:
        """Let a download be passed over when its target is there already."""
        source = statement.source
        if statement.kind != "data" or re.search(r"exists\(|is_dir\(|is_file\(|isfile", source):
            return [source]
        if _SHELL.search(source):
            return [f"{UNGUARDED}\n{source}"]
        if not _downloads(statement.node):
            return [source]
        usable = self._paths - self._folders
        guarded = guard(statement.node, usable)
        if guarded is None:
            return [f"{UNGUARDED}\n{source}"]
        return [ast.unparse(ast.fix_missing_locations(guarded))]


def _drawing(node: ast.stmt) -> list[str]:
    """Name what is imported from a package that only draws."""
    if isinstance(node, ast.ImportFrom):
        return [_bound(a) for a in node.names] if _DRAWS.match(node.module or "") else []
    return (
        [_bound(a) for a in node.names if _DRAWS.match(a.name)]
        if isinstance(node, ast.Import)
        else []
    )


def _only_prepares(piece: Piece) -> bool:
    """Is it an import, or a setting that nothing is bound by: no use of what it names?"""
    return piece.role == "given" and piece.statement.kind in ("import", "setup")


def _bound(alias: ast.alias) -> str:
    return (alias.asname or alias.name).split(".")[0]


def _import(node: ast.Import | ast.ImportFrom, names: Sequence[ast.alias]) -> str:
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import(names=list(names)))
    return ast.unparse(ast.ImportFrom(module=node.module, names=list(names), level=node.level))


def optional_cell(statements: Sequence[str]) -> str:
    """Write what only pictures need, so that a missing package stops nobody."""
    blocks: list[list[str]] = []
    for text in statements:
        if blocks and not re.match(r"\s*(?:import|from)\s", text):
            blocks[-1].append(text)
        else:
            blocks.append([text])
    tried = []
    for block in blocks:
        inner = "\n".join(f"    {line}" for text in block for line in text.split("\n"))
        tried.append(f"try:\n{inner}\nexcept ImportError:\n    pass")
    return "\n".join([OPTIONAL, *tried])


def _downloads(node: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Call) and _DOWNLOAD.search(_last(n)) is not None for n in walk(node)
    )


def _last(node: ast.Call) -> str:
    return dotted(node.func).rsplit(".", 1)[-1]


def _path_names(node: ast.AST) -> list[str]:
    """Name the variables that are bound to `Path(...)`."""
    return [
        target.id
        for n in walk(node)
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and _last(n.value) == "Path"
        for target in n.targets
        if isinstance(target, ast.Name)
    ]


def _made_folders(statement: Statement) -> list[str]:
    """Name the paths whose folder is made anyway: that they exist says nothing of the data."""
    if "mkdir" not in statement.source and "makedirs" not in statement.source:
        return []
    return [n.id for n in walk(statement.node) if isinstance(n, ast.Name)]


def guard(node: ast.stmt, paths: Iterable[str]) -> ast.stmt | None:
    """Put downloads to a known path behind `if not path.exists():`; None where none is known."""
    made = _guarded_list([node], frozenset(paths))
    return made[0] if made is not None and len(made) == 1 else None


def _guarded_list(body: Sequence[ast.stmt], paths: frozenset[str]) -> list[ast.stmt] | None:
    """Guard one list of statements; what only downloads need moves along with them."""
    found: list[ast.stmt] = []
    loading: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If) and _downloads(node):
            inner = _guarded_branches(node, paths)
            if inner is None:
                return None
            found.append(inner)
        elif _downloads(node):
            loading.append(node)
        else:
            found.append(node)
    if not loading:
        return found
    read = {name for node in loading for name in names_of(node).reads}
    targets = sorted(read & paths)
    if len(targets) != 1 or any(names_of(node).binds for node in loading):
        return None
    needed = {n for node in found for n in _reads_unless_import(node)}
    imports = [n for n in found if isinstance(n, ast.Import | ast.ImportFrom)
               and not set(names_of(n).binds) & needed and set(names_of(n).binds) & read]  # fmt: skip
    rest = [n for n in found if n not in imports]
    name = ast.Name(id=targets[0], ctx=ast.Load())
    exists = ast.Call(
        func=ast.Attribute(value=name, attr="exists", ctx=ast.Load()), args=[], keywords=[]
    )
    test = ast.UnaryOp(op=ast.Not(), operand=exists)
    return [*rest, ast.If(test=test, body=[*imports, *loading], orelse=[])]


def _reads_unless_import(node: ast.stmt) -> frozenset[str]:
    return frozenset() if isinstance(node, ast.Import | ast.ImportFrom) else names_of(node).reads


def _guarded_branches(node: ast.If, paths: frozenset[str]) -> ast.If | None:
    body, other = _guarded_list(node.body, paths), _guarded_list(node.orelse, paths)
    if body is None or other is None:
        return None
    return ast.If(test=node.test, body=body, orelse=other)
