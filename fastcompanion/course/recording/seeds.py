"""Running a notebook with other seeds: code that goes before it, and its own seeds rewritten.

Run 0 has the author's seeds; in run k every seed that the notebook or a library sets is another
one. What nobody seeds is seeded at the start, so that a record comes out the same every time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastcompanion.course.notebooks.cells import SEED, parse_cell
from fastcompanion.course.notebooks.names import dotted, walk

RUNS = (0, 0, 1, 2, 3, 4, 5)
_SHIFT = "_fastcompanion_seed"
_KEYWORDS = ("seed", "random_state", "random_seed")
_CALLED = re.compile(
    SEED.pattern + r"|(?:^|\.)(?:RandomState|PCG64|MT19937|Random|RandomSplitter)$"
)

# What brings numpy or torch along without the notebook importing it.
_BRINGS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("numpy", "pandas", "sklearn", "scipy", "matplotlib", "seaborn"), ("numpy",)),
    **dict.fromkeys(("torch", "fastai", "torchvision", "timm"), ("numpy", "torch")),
}
_PREAMBLE = """
def _fastcompanion_start(run):
    import builtins, random, sys
    count = [0]

    def shift(seed):
        plain = isinstance(seed, int) and not isinstance(seed, bool)
        return (seed + 7919 * run) % 2**32 if plain and run else seed

    def given(seed):
        if seed is not None:
            return shift(seed)
        count[0] += 1
        return 104729 + 1000 * run + count[0]

    def patch(module, name, change):
        original = getattr(module, name)

        def seeded(seed=None, *more, **named):
            return original(change(seed), *more, **named)

        seeded.__name__ = seeded.__qualname__ = name
        setattr(module, name, seeded)

    def patch_class(module, name):
        original = getattr(module, name)

        class Kind(type(original)):
            def __instancecheck__(cls, value):
                return isinstance(value, original)

        class Seeded(original, metaclass=Kind):
            def __init__(self, seed=None):
                original.__init__(self, given(seed))

        Seeded.__name__ = Seeded.__qualname__ = name
        setattr(module, name, Seeded)

    builtins._fastcompanion_seed = shift
    random.seed(run)
    patch(random, "seed", given)
    patch_class(random, "Random")
    if "numpy" in sys.modules:
        generators = sys.modules["numpy"].random
        generators.seed(run)
        patch(generators, "seed", given)
        patch(generators, "default_rng", given)
        patch_class(generators, "RandomState")
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.manual_seed(run)
        patch(torch, "manual_seed", shift)
        patch(torch.random, "manual_seed", shift)


_fastcompanion_start(RUN)
del _fastcompanion_start
"""


def modules(sources: Iterable[str]) -> tuple[str, ...]:
    """List the modules that cells import at their top, to be loaded before the seeds are set."""
    found: dict[str, None] = {}
    for source in sources:
        tree = parse_cell(source)
        for node in tree.body if tree is not None else ():
            if isinstance(node, ast.Import):
                found.update(dict.fromkeys(alias.name for alias in node.names))
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    brought = [one for name in found for one in _BRINGS.get(name.split(".")[0], ())]
    return tuple(dict.fromkeys((*found, *brought)))


def loading(names: Iterable[str]) -> str:
    """Write the code that loads modules and binds nothing; what can't be loaded is left to its cell."""
    lines = [
        "def _fastcompanion_load():",
        "    import importlib, io, contextlib",
        f"    for name in {list(names)!r}:",
        "        with contextlib.redirect_stdout(io.StringIO()):",
        "            try:",
        "                importlib.import_module(name)",
        "            except BaseException as error:",
        "                del error",
        "_fastcompanion_load()",
        "del _fastcompanion_load",
    ]
    return "\n".join(lines)


def preamble(run: int) -> str:
    """Write the code that seeds everything and gives every later seed another value in run k > 0."""
    return _PREAMBLE.strip().replace("RUN", str(run))


def reseeded(source: str) -> str:
    """Rewrite the seeds that a cell passes on, `seed=42` and `manual_seed(42)`, to be shifted.

    The text stays as it is otherwise, magics included.
    """
    tree = parse_cell(source)
    if tree is None:
        return source
    lines = [line.encode("utf-8", "surrogatepass") for line in source.split("\n")]
    edits = sorted({edit for node in walk(tree) for edit in _edits(node, lines)}, reverse=True)
    for line, column, end in edits:
        text = lines[line]
        inner = text[column:end]
        lines[line] = text[:column] + f"{_SHIFT}(".encode() + inner + b")" + text[end:]
    return b"\n".join(lines).decode("utf-8", "surrogatepass")


def _edits(node: ast.AST, lines: Sequence[bytes]) -> Iterator[tuple[int, int, int]]:
    if not isinstance(node, ast.Call):
        return
    values = [k.value for k in node.keywords if k.arg in _KEYWORDS]
    if _CALLED.search(dotted(node.func)) and node.args:
        values.append(node.args[0])
    for value in values:
        if isinstance(value, ast.Constant | ast.Name) and value.lineno == value.end_lineno:
            line, end = value.lineno - 1, value.end_col_offset or 0
            # A line of IPython was rewritten to be read: its columns are others.
            if lines[line][value.col_offset : end].decode("utf-8", "replace") == _text(value):
                yield line, value.col_offset, end


def _text(value: ast.Constant | ast.Name) -> str:
    return value.id if isinstance(value, ast.Name) else repr(value.value)
