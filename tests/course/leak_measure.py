"""An independent measure of leaks: which code of an original can be read in its scaffold.

It shares nothing with fastcompanion.course.scaffolds.leaks: lines are looked for as text, runs of eight
tokens as text too, in every cell of the scaffold. What the scaffold gives (cells of role "given"
and "todo", literals listed in a heading's metadata, headers of functions) is left out, and
`unfair_gifts` says whether something was given that should not have been.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from typing import Any

RUN = 8
SHORT = 12


def leaks(original: Mapping[str, Any], scaffold: Mapping[str, Any]) -> list[str]:
    """Give each line and each run of eight tokens of the original's work found in the scaffold."""
    given = _squeeze(_given_text(scaffold))
    headers = [header for cell in _code(original) for header in _headers(cell)]
    squeezed = [_squeeze(header) for header in headers]
    texts = [_squeeze(_visible(cell)) for cell in scaffold["cells"]]
    found = []
    for cell in _code(original):
        for line in _lines(cell):
            if _squeeze(line) not in given and not any(_squeeze(line) in h for h in squeezed):
                found += [line for text in texts if _squeeze(line) in text]
    runs = {run for cell in _code(original) for run in _runs(_bare(cell))}
    free = set(_runs(_given_text(scaffold))) | {run for h in headers for run in _runs(h)}
    for cell in scaffold["cells"]:
        found += [" ".join(run) for run in _runs(_visible(cell)) if run in runs - free]
    return found


def unfair_gifts(scaffold: Mapping[str, Any]) -> list[str]:
    """Give each given cell that holds more than imports, settings, data and literals."""
    found = []
    for cell in scaffold["cells"]:
        mark = cell["metadata"]["fastcompanion"]
        if cell["cell_type"] == "code" and mark["role"] == "given":
            text = re.sub(r"\\\n", " ", cell["source"])
            text = re.sub(r"(?m)^(\s*)[!%].*$", r"\1pass", text)
            bad = [n for n in ast.walk(ast.parse(text)) if isinstance(n, _WORK)]
            found += [f"{type(bad[0]).__name__}: {cell['source']}"] if bad else []
        for literal in mark.get("given", ()):
            found += [] if _is_literal_or_seed(literal) else [literal]
    return found


def _is_literal_or_seed(text: str) -> bool:
    """Is this one line `name = literal`, or a call that only sets a seed?"""
    [node] = ast.parse(text).body
    value = node.value if isinstance(node, ast.Assign | ast.Expr | ast.AnnAssign) else None
    if isinstance(value, ast.Call):
        numbers = all(isinstance(a, ast.Constant | ast.UnaryOp | ast.BinOp) for a in value.args)
        return (
            numbers and re.search(r"seed|default_rng|PRNGKey", ast.unparse(value.func)) is not None
        )
    plain = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop, ast.Load,
             ast.List)  # fmt: skip
    return value is not None and all(isinstance(n, plain) for n in ast.walk(value))


_WORK = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While,
    ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.MatMult, ast.Return,
)  # fmt: skip


def _code(notebook: Mapping[str, Any]) -> Iterator[str]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield cell["source"]


def _headers(code: str) -> Iterator[str]:
    """Give `name(arguments)` of each function and method, with and without `self`."""
    try:
        tree = ast.parse(re.sub(r"(?m)^(\s*)[!%].*$", r"\1pass", code))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
            arguments = ast.unparse(node.args)
            yield f"{node.name}({arguments})"
            yield f"{node.name}({re.sub(r'^self(, )?', '', arguments)})"
        elif isinstance(node, ast.ClassDef):
            yield f"{node.name}({', '.join(ast.unparse(base) for base in node.bases)})"


def _visible(cell: Mapping[str, Any]) -> str:
    mark = cell["metadata"]["fastcompanion"]
    if mark["role"] in ("given", "todo") and cell["cell_type"] == "code":
        return ""
    source = str(cell["source"])
    shapes = r"(— array or tensor )\([\w, ]*\)"
    return re.sub(shapes, r"\1", source) if mark["role"] == "checkpoint" else source


def _given_text(scaffold: Mapping[str, Any]) -> str:
    texts = []
    for cell in scaffold["cells"]:
        mark = cell["metadata"]["fastcompanion"]
        if mark["role"] in ("given", "todo") and cell["cell_type"] == "code":
            texts.append(cell["source"])
        texts += mark.get("given", ())
    return "\n".join(texts)


_LINE_STARTS = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)


def _bare(code: str) -> str:
    """Take the comments out with Python's own tokenizer, or by hand where that fails."""
    lines = code.split("\n")
    try:
        before = tokenize.NEWLINE
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            row, column = token.start
            if token.type == tokenize.COMMENT:
                lines[row - 1] = lines[row - 1][:column]
            elif token.type == tokenize.STRING and before in _LINE_STARTS:
                lines[row - 1] = ""  # the first line of a docstring says what, not how
            before = token.type if token.type != tokenize.NL else before
    except (tokenize.TokenError, SyntaxError, IndentationError):
        lines = [re.sub(r"(^|\s)#.*$", "", line) for line in code.split("\n")]
    return "\n".join(lines)


def _lines(code: str) -> Iterator[str]:
    for line in _bare(code).split("\n"):
        text = " ".join(line.split())
        if len(text) < SHORT or re.match(r"(?:import|from)\s", text) or _is_name(text):
            continue
        yield text
        tail = re.search(r"\breturn (.*)", text)
        if (tail and len(tail[1]) >= SHORT) or (
            (tail := re.search(r"[^=!<>]=(?!=)\s*(.*)", text)) and len(tail[1]) >= 20
        ):
            yield from [] if _is_name(tail[1]) else [tail[1]]


def _is_name(text: str) -> bool:
    """Is this words, a dotted name, or one called with nothing? It says what to call, not how."""
    return re.fullmatch(r"[\w ]+|[\w.]+(?:\(\))?", text) is not None


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return zip(*(tokens[start:] for start in range(RUN)), strict=False)
