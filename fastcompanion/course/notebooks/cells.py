"""Code cells taken apart: magics handled, statements classified. Nothing is imported or run."""

from __future__ import annotations

import ast
import functools
import keyword
import re
import warnings
from collections.abc import Sequence
from typing import Any, Literal

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.names import Names, dotted, names_of, walk

Kind = Literal[
    "import", "setup", "install", "data", "literal", "seed", "define", "compute", "train",
    "show", "time", "plot", "magic",
]  # fmt: skip
CellKind = Literal[
    "empty", "magic", "install", "data", "setup", "define", "compute", "train", "show", "plot",
    "unparsable",
]  # fmt: skip

LONGEST_CELL = 400_000  # characters; beyond it a cell is data pasted by a program, not a lesson
MOST_COMMANDS = 40  # lines of IPython that are found one by one
_RUNS_BODY = re.compile(r"%%(time|timeit|capture|prun|memit|mprun|snakeviz)\b")
_TIMED = re.compile(r"^(\s*)%(time|timeit|prun|memit)\b(?:\s+-[a-zA-Z]+(?:\s*\d+)?)*\s*(.*)$")
_ASSIGNED = re.compile(r"^([^=!%'\"#()]{1,200}=\s*)[!%](?!=).*$")
_COMMAND = re.compile(r"^(\s*)(?:[!%?].*|[\w.]+\?\??)$")
_INSTALL = re.compile(r"^\s*[!%]\s*(pip3?|python3? -m pip|conda|mamba|apt|apt-get|uv)\b")
_FETCH = re.compile(
    r"^\s*[!%]\s*\(?(wget|curl|unzip|tar|gunzip|mkdir|git clone|kaggle|gdown|cp|mv|aria2c|cd)\b"
)
_RISKY = re.compile(r"[|`<>]|\$\(|\bsudo\b|\brm\b|\beval\b")  # more than fetching and unpacking
_MATPLOTLIB = re.compile(r"^\s*%matplotlib\b")

_DATA_CALL = re.compile(
    r"(?:^|\.)(?:read_(?:csv|table|excel|json|parquet|pickle|feather|fwf|hdf|html)|loadtxt|"
    r"genfromtxt|open|urlopen|urlretrieve|urlsave|extractall|untar_data|download\w*|wget|"
    r"load_dataset|load_(?:digits|iris|wine|diabetes|breast_cancer|files|sample_image\w*)|"
    r"fetch_\w+|snapshot_download|hf_hub_download|competition_download\w*|setup_comp|gdown|mount|"
    r"Fashion\w*MNIST|MNIST|CIFAR100?|SVHN|ZipFile|unpack_archive|Path|mkdir|makedirs)$"
    r"|^(?:np|numpy|torch|pickle|json|joblib|scipy\.io|sio|requests|yaml|pkl)\.(?:load\w*|get)$"
    r"|^load_data$"
)
_PLAIN_CALL = re.compile(
    r"(?:^|\.)(?:exists|is_file|is_dir|read|read_text|read_bytes|readlines?|split|"
    r"splitlines|strip|decode|join|format|get|str|print|Path|expanduser|parent|list|sorted|ls|"
    r"glob|iterdir|seek|close|namelist|isfile|isdir|api|replace|lower|BytesIO|StringIO)$"
)
_SETUP = re.compile(
    r"(?:^|\.)(?:set_printoptions|set_option|rc|rcParams\.update|set_theme|set_style|"
    r"filterwarnings|simplefilter|basicConfig|disable|set_num_threads|set_context|"
    r"set_matplotlib_formats|set_verbosity\w*|set_default_dtype|get_logger|use|reload)$"
    r"|^(?:warnings|logging|plt\.style|sns(?=\.set))\."
)
_SETUP_TARGET = re.compile(r"(?:rcParams|options|environ)\b")
_ENVIRONMENT = re.compile(r"is_available\(|\benviron\b|\bgetenv\(|sys\.platform")
SEED = re.compile(r"(?:^|\.|_)(?:seed|manual_seed|set_seed|seed_everything|default_rng|PRNGKey)$")
_PLOT_CALL = re.compile(
    r"^(?:plt|ax|axs|axes|fig|sns|mpl|sympy\.plot|px|alt|graphviz)\b|(?:^|\.)(?:show_\w+|plot\w*|imshow|"
    r"hist|scatter|draw\w*|to_thumb|display|colorbar|gv|savefig|interact|subplots|add_subplot|"
    r"show|barh|boxplot|pairplot|heatmap)$"
)
_PLOT_NAME = re.compile(r"^_?(?:plot|show|draw|display|vis(?:uali[sz]e)?)(?:_|$)")
_TRAIN_CALL = re.compile(
    r"\.(?:fit\w*|fine_tune|backward|step|lr_find|train)$|^(?:train\w*|fit\w*)$"
)
_TYPES = (int, float, complex, str, bool, bytes, type(None))
_CONTAINERS = re.compile(
    r"(?:^|\.)(?:array|tensor|Tensor|FloatTensor|LongTensor|asarray|DataFrame|Series|float32|list|"
    r"tuple|set|dict|L)$"
)


@frozen
class Statement:
    """One top-level statement of a cell; `source` is its text without neighbours on its line."""

    source: str
    node: ast.stmt
    kind: Kind
    names: Names
    remark: str = ""


@frozen
class Cell:
    """One code cell of the original: `index` counts all cells of the notebook from 0."""

    index: int
    source: str
    kind: CellKind
    statements: tuple[Statement, ...]
    comments: tuple[str, ...]
    outputs: tuple[dict[str, Any], ...] = ()
    mark: str = ""  # an author's word for it: "given", "work", "skip"


@functools.lru_cache(maxsize=1024)
def parse_cell(source: str) -> ast.Module | None:
    """Parse a notebook cell as Python; None when it is not Python.

    Magic and shell lines count as what they bind: `%time x = f()` is `x = f()`, `x = !ls` binds
    x, `!ls` and `obj?` are `pass`. Line numbers stay those of the cell. Cell magics that hand
    their body to something else (%%writefile, %%bash) are not Python. The tree is shared with
    other callers of the same text: it is not to be changed.
    """
    if len(source) > LONGEST_CELL:
        return None
    text = _without_cell_magic(source)
    if text is None:
        return None
    lines = text.split("\n")
    for attempt in range(len(lines) + 1):
        tree, line = _try_parse("\n".join(lines))
        if tree is not None:
            return tree
        if line is None or not _replace_command(lines, line - 1):
            return None
        if attempt == MOST_COMMANDS:
            _replace_all(lines)
    return None


def _without_cell_magic(source: str) -> str | None:
    if "%%" not in source:
        return source
    lines = source.split("\n")
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith("%%"):
            if not _RUNS_BODY.match(stripped):
                return None
            lines[number] = ""
        elif stripped and not stripped.startswith("#"):
            break
    return "\n".join(lines)


def _try_parse(text: str) -> tuple[ast.Module | None, int | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            tree = compile(text, "<cell>", "exec", flags=flags)
        except SyntaxError as error:
            return None, error.lineno
        except (ValueError, RecursionError, MemoryError):
            return None, None
    return (tree, None) if isinstance(tree, ast.Module) else (None, None)


def _replace_all(lines: list[str]) -> None:
    """Replace what looks like a command on any line: cells of hundreds of them are no Python."""
    for index, line in enumerate(lines):
        if _COMMAND.match(line):
            _replace_command(lines, index)


def _replace_command(lines: list[str], index: int) -> bool:
    """Turn the IPython line that the parser stumbled over into the Python that it stands for."""
    while index >= 0 and index < len(lines) and not lines[index].strip():
        index -= 1
    if not 0 <= index < len(lines):
        return False
    line = lines[index]
    if timed := _TIMED.match(line):
        lines[index] = f"{timed[1]}{timed[3] or 'pass'}"
    elif assigned := _ASSIGNED.match(line):
        lines[index] = f"{assigned[1]}None"
    elif command := _COMMAND.match(line):
        lines[index] = f"{command[1]}pass"
    else:
        return False
    while line.endswith("\\") and index + 1 < len(lines):
        index += 1
        line, lines[index] = lines[index], ""
    return True


def read_cell(
    index: int, source: str, outputs: tuple[dict[str, Any], ...] = (), mark: str = ""
) -> Cell:
    """Classify one code cell."""
    tree = parse_cell(source)
    statements = _statements(source, tree) if tree is not None else ()
    kind = _cell_kind(source, tree, statements)
    return Cell(index, source, kind, statements, _comments(source), outputs, mark)


def kind_of_cell(source: str) -> CellKind:
    """Say in one word what a cell of code does."""
    return read_cell(0, source).kind


def _statements(source: str, tree: ast.Module) -> tuple[Statement, ...]:
    lines = source.split("\n")
    found = []
    timed_cell = source.lstrip().startswith("%%timeit")
    for position, node in enumerate(tree.body):
        text, rest = _segment(lines, node)
        names = names_of(node)
        if isinstance(node, ast.Pass) and not text.lstrip().startswith("pass"):
            kind: Kind = _command_kind(text)
        elif position == 0 and _is_text(node):
            continue
        else:
            kind = classify(node, names.calls, text)
        if timed_cell or (text.lstrip().startswith("%") and set(names.binds) <= {"_"}):
            kind = "time" if kind not in ("import", "magic", "setup") else kind
        found.append(Statement(text, node, kind, names, rest))
    return tuple(found)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _segment(lines: list[str], node: ast.stmt) -> tuple[str, str]:
    """Cut a statement out of its cell; the second value is the remark behind it, if any."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
    last = (node.end_lineno or node.lineno) - 1
    if isinstance(node, ast.Pass) or lines[first].lstrip()[:1] in ("%", "!"):
        while lines[last].endswith("\\") and last + 1 < len(lines):
            last += 1
        return "\n".join(lines[first : last + 1]), ""
    cut = [line.encode("utf-8", "replace") for line in lines[first : last + 1]]
    tail = cut[-1][node.end_col_offset or 0 :].decode("utf-8", "replace").strip()
    cut[-1] = cut[-1][: node.end_col_offset]
    if not decorators:
        cut[0] = cut[0][node.col_offset :]
    remark = tail.lstrip("; ")
    text = b"\n".join(cut).decode("utf-8", "replace")
    return text, remark[1:].strip() if remark.startswith("#") else ""


def _command_kind(text: str) -> Kind:
    if _INSTALL.match(text):
        return "install"
    if _FETCH.match(text) and not _RISKY.search(text):
        return "data"
    return "setup" if _MATPLOTLIB.match(text) else "magic"


def classify(node: ast.stmt, calls: Sequence[str], text: str) -> Kind:
    """Give the kind of one top-level statement from its tree, its calls and its source."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return "plot" if _PLOT_NAME.match(node.name) and _plots(calls) else "define"
    assigned = _assigned(node)
    if _is_seed(node):
        return "seed"
    if assigned is not None and (kind := _value_kind(node, assigned, text)):
        return kind
    if _is_setup(node, calls):
        return "setup"
    if _is_data(node, calls):
        return "data"
    if any(_TRAIN_CALL.search(call) for call in calls):
        return "train"
    if _is_plot(node, calls):
        return "plot"
    return "show" if _is_show(node, calls) else "compute"


def _assigned(node: ast.stmt) -> ast.expr | None:
    return node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None


def _plots(calls: Sequence[str]) -> bool:
    return any(_PLOT_CALL.search(call) for call in calls)


def is_drawing(call: str) -> bool:
    """Does a function of this dotted name draw a picture?"""
    return _PLOT_CALL.search(call) is not None


def _value_kind(node: ast.stmt, value: ast.expr, text: str) -> Kind | None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
    plain = all(isinstance(n, ast.Name | ast.Tuple | ast.List) for n in targets)
    if plain and is_scalar(value):
        return "literal"
    if plain and _is_literal_data(value):
        return "data"
    if any(_SETUP_TARGET.search(dotted(_root(target))) for target in targets):
        return "setup" if not plain else None
    if plain and _is_path(value):
        return "data"
    asks = plain and isinstance(value, ast.IfExp | ast.Call | ast.Subscript)
    if asks and _ENVIRONMENT.search(text):
        return "setup"
    return None


def _is_path(value: ast.expr) -> bool:
    """Is it `folder/"name"`: a place on disk?"""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Div):
        return False
    named = isinstance(value.right, ast.JoinedStr) or (
        isinstance(value.right, ast.Constant) and isinstance(value.right.value, str)
    )
    return named and (isinstance(value.left, ast.Name) or _is_path(value.left))


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def is_scalar(value: ast.expr) -> bool:
    """Is this a number, a short text, or a tuple or sum of them: something nobody can guess?"""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, _TYPES) and len(repr(value.value)) <= 80
    if isinstance(value, ast.UnaryOp):
        return is_scalar(value.operand)
    if isinstance(value, ast.BinOp):
        return is_scalar(value.left) and is_scalar(value.right)
    if isinstance(value, ast.Tuple):
        return 0 < len(value.elts) <= 8 and all(is_scalar(item) for item in value.elts)
    return False


def _is_literal_data(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    if isinstance(value, ast.Call):
        named = _CONTAINERS.search(dotted(value.func)) is not None
        return named and bool(value.args) and all(_is_literal_data(a) for a in value.args[:1])
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return bool(value.elts) and all(_is_literal(item) for item in value.elts)
    if isinstance(value, ast.Dict):
        return bool(value.keys) and all(
            k is not None and _is_literal(k) and _is_literal(v)
            for k, v in zip(value.keys, value.values, strict=True)
        )
    return False


def _is_literal(value: ast.expr) -> bool:
    return is_scalar(value) or isinstance(value, ast.Constant) or _is_literal_data(value)


def _is_seed(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    if not isinstance(value, ast.Call) or not SEED.search(dotted(value.func)):
        return False
    return bool(value.args or value.keywords) and all(is_scalar(a) for a in value.args)


def _is_setup(node: ast.stmt, calls: Sequence[str]) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return bool(_SETUP.search(dotted(node.value.func))) and len(calls) == 1
    if isinstance(node, ast.Try):
        body = [n for n in walk(node) if isinstance(n, ast.stmt) and n is not node]
        return all(isinstance(n, ast.Import | ast.ImportFrom | ast.Pass) for n in body)
    return False


_NOT_DATA = (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.FunctionDef, ast.While,
             ast.ClassDef, ast.AugAssign, ast.Return, ast.For)  # fmt: skip


def _is_data(node: ast.stmt, calls: Sequence[str]) -> bool:
    """Does it only fetch or read data? Anything else it did to them would be the lesson's work."""
    if not any(_DATA_CALL.search(call) for call in calls):
        return False
    if not all(_DATA_CALL.search(call) or _PLAIN_CALL.search(call) for call in calls):
        return False
    return not any(isinstance(n, _NOT_DATA) for n in walk(node))


def _is_plot(node: ast.stmt, calls: Sequence[str]) -> bool:
    if isinstance(node, ast.Assign) and not any(
        call.endswith(("subplots", "figure", "gca", "add_subplot")) for call in calls
    ):
        return False
    return any(_PLOT_CALL.search(call) for call in calls)


def _is_show(node: ast.stmt, calls: Sequence[str]) -> bool:
    """Does it only look at something: an expression whose calls are not the point?"""
    if not isinstance(node, ast.Expr):
        return False
    value = node.value
    if isinstance(value, ast.Call) and dotted(value.func) == "print":
        return True
    if not isinstance(value, ast.Call):
        return True
    last = dotted(value.func).rsplit(".", 1)[-1]
    looks = last in ("head", "tail", "type", "len", "info", "describe", "unique", "sample", "size",
                     "value_counts", "list", "dir", "help", "summary", "show", "sum", "mean")  # fmt: skip
    return looks and len(calls) <= 3


def _cell_kind(source: str, tree: ast.Module | None, found: tuple[Statement, ...]) -> CellKind:
    if not source.strip() or all(
        not line.strip() or line.lstrip().startswith("#") for line in source.split("\n")
    ):
        return "empty"
    if tree is None:
        return "magic" if source.lstrip().startswith("%%") else "unparsable"
    kinds = {statement.kind for statement in found}
    return next((name for kind, name in _RANKED if kind in kinds), "empty")


_RANKED: tuple[tuple[Kind, CellKind], ...] = (
    ("define", "define"), ("train", "train"), ("compute", "compute"), ("plot", "plot"),
    ("show", "show"), ("time", "show"), ("data", "data"), ("install", "install"),
    ("import", "setup"), ("setup", "setup"), ("literal", "setup"), ("seed", "setup"),
    ("magic", "magic"),
)  # fmt: skip


_DIRECTIVE = re.compile(
    r"^(\||hide|export|default_exp|exporti|collapse|caption|id |gh_|noqa|type:)"
)


def _comments(source: str) -> tuple[str, ...]:
    """List the comments that stand on lines of their own, without marks, directives and rulers."""
    found = []
    for line in source.split("\n"):
        stripped = line.strip()
        if stripped.startswith("#"):
            text = stripped.lstrip("#").strip(" -=*~_")
            if 3 < len(text) < 1000 and not _DIRECTIVE.match(text) and not looks_like_code(text):
                found.append(text)
    return tuple(found)


_CODE_MARK = re.compile(r"[=(\[{<>*+@%|&]|\w\.\w")
_TEXTS = re.compile(r"'[^']{0,400}'|\"[^\"]{0,400}\"")
_NEIGHBOURS = re.compile(r"(?<![\w.])([A-Za-z]\w*) +(?=([A-Za-z]\w*))")
_KEYWORDS = frozenset(keyword.kwlist) | {"print", "match", "case", "type"}
_BARE_STATEMENT = re.compile(r"(?:return|import|from|del|assert|raise) \S+$")


def _speaks(text: str) -> bool:
    """Do two words stand beside each other that are no keywords? Python never has that."""
    words = _NEIGHBOURS.findall(_TEXTS.sub("''", text))
    return any(a not in _KEYWORDS and b not in _KEYWORDS for a, b in words)


def looks_like_code(text: str) -> bool:
    """Is this comment or line of prose in truth a line of Python?"""
    if _BARE_STATEMENT.match(text):
        return True
    if not _CODE_MARK.search(text) or _speaks(text):
        return False
    tree, _ = _try_parse(text.rstrip(": ") + (":\n pass" if text.endswith(":") else ""))
    if tree is None or not tree.body:
        return False
    node = tree.body[0]
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return False
    if isinstance(node, ast.Expr):
        return any(isinstance(n, ast.Call | ast.Subscript | ast.BinOp | ast.Attribute)
                   for n in walk(node))  # fmt: skip
    return True
