"""Predict-the-output cards: what a cell shows, guessed before it is seen. Pure.

A cell makes a card when its saved output is small and would be the same again (no addresses, no
times, nothing drawn by chance), and when all that it depends on can be shown in a few lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastcompanion.course.notebooks.cells import Cell, read_cell
from fastcompanion.course.notebooks.prose import clean_text, headings
from fastcompanion.course.review.cards import Card, card_id
from fastcompanion.course.review.questions import Proposal

_MOST_CHARACTERS, _MOST_LINES, _MOST_CODE = 160, 6, 20
_VOLATILE = re.compile(
    r"0x[0-9a-f]{4,}|<[^<>]{0,200}(?: at |object|generator)|\b\d[\d.]*\s?(?:ms|µs|us|ns|it/s|s/it)\b|"
    r"CPU times|Wall time|(?:/home/|/root/|/Users/|/tmp/|C:\\)|[Ww]arning|\bLoading\b|\bDownload",
)
# What nobody can know by thinking: chance, clocks, the contents of files and of the web.
_UNKNOWN = re.compile(
    r"\b(?:rand\w*|shuffle\w*|sample|choice|multinomial|bernoulli|permutation|dropout|time|now|"
    r"datetime|listdir|glob|ls|getcwd|input|urlopen|open|read\w*|load\w*|fetch\w*|\w*download\w*|"
    r"untar_data|search_\w+|get_image_files)\s*\(|\b(?:requests|environ|pickle|Image|Path)\b",
    re.IGNORECASE,
)
_NO_PYTHON = re.compile(r"(?m)^\s*[!%]|^\s*\S+\?{1,2}$")
ASKED = "What does the last cell show?"


def proposals(nb: Mapping[str, Any], lesson: str, notebook: str) -> list[Proposal]:
    """Find the cells of a notebook whose saved output can be predicted, in order."""
    title, cells, found = "", list[Cell](), list[Proposal]()
    for index, cell in enumerate(nb["cells"]):
        if cell["cell_type"] == "markdown":
            marks = headings(clean_text(cell["source"]))
            title = marks[-1].title if marks else title
        elif cell["cell_type"] == "code" and cell["source"].strip():
            read = read_cell(index, cell["source"], tuple(cell.get("outputs", ())), "")
            shown = _shown(read)
            context = _context(read, cells) if shown else None
            if shown and context is not None:
                place = f"{notebook}, {title}" if title else notebook
                found.append(_proposal(lesson, place, [*context, read], shown))
            cells.append(read)
    return found


def _proposal(lesson: str, place: str, cells: Sequence[Cell], shown: str) -> Proposal:
    code = "\n\n".join(f"# [{n}]\n{cell.source.strip()}" for n, cell in enumerate(cells, start=1))
    front = f"{ASKED}\n```python\n{code}\n```"
    name = card_id(lesson, front, "predict")
    card = Card(name, lesson, "predict", front, shown, f"{lesson} {place}", "proposed")
    return Proposal(card, "predict", place)


def _shown(cell: Cell) -> str:
    """Give what a cell shows, where that is one small text that would come again."""
    last = cell.statements[-1].node if cell.statements else None
    if not isinstance(last, ast.Expr) or _NO_PYTHON.search(cell.source):
        return ""
    texts = [_text(output) for output in cell.outputs]
    text = clean_text("\n".join(texts)).strip() if all(texts) else ""
    small = len(text) <= _MOST_CHARACTERS and text.count("\n") < _MOST_LINES
    steady = not _VOLATILE.search(text) and not _UNKNOWN.search(cell.source)
    return text if small and steady else ""


def _text(output: Mapping[str, Any]) -> str:
    """Give the text of an output; nothing for an error, a picture or what people see as HTML."""
    if output.get("output_type") == "stream" and output.get("name") == "stdout":
        text = output.get("text", "")
    elif output.get("output_type") == "execute_result" and set(_data(output)) == {"text/plain"}:
        text = _data(output)["text/plain"]
    else:
        return ""
    return "".join(text) if isinstance(text, list) else str(text)


def _data(output: Mapping[str, Any]) -> Mapping[str, Any]:
    data = output.get("data")
    return data if isinstance(data, dict) else {}


def _context(cell: Cell, before: Sequence[Cell]) -> list[Cell] | None:
    """Give the earlier cells that a cell depends on; None when they are too many or unknown."""
    needed = _free(cell)
    taken: list[Cell] = []
    lines = cell.source.count("\n") + 1
    for earlier in reversed(before):
        made = _touched(earlier) & needed
        if not made or _only_imports(earlier, made):
            needed -= made
            continue
        lines += earlier.source.count("\n") + 1
        if lines > _MOST_CODE or not _repeats(earlier):
            return None
        taken.insert(0, earlier)
        needed = (needed - _bound(earlier)) | _free(earlier)
    return taken if not needed or _star_imported(before) else None


def _free(cell: Cell) -> set[str]:
    """Give the names that a cell reads, or changes, before it makes them itself."""
    free: set[str] = set()
    made: set[str] = set()
    for one in cell.statements:
        free |= {*one.names.reads, *one.names.changes} - made
        made |= set(one.names.binds)
    return free


def _bound(cell: Cell) -> set[str]:
    return {name for one in cell.statements for name in one.names.binds}


def _repeats(cell: Cell) -> bool:
    return not _UNKNOWN.search(cell.source) and not _NO_PYTHON.search(cell.source)


def _touched(cell: Cell) -> set[str]:
    return {name for one in cell.statements for name in (*one.names.binds, *one.names.changes)}


def _only_imports(cell: Cell, names: Iterable[str]) -> bool:
    imported = {name for one in cell.statements for name in one.names.imports}
    return set(names) <= imported


def _star_imported(before: Iterable[Cell]) -> bool:
    """Tell whether names may come from `from x import *`, as fast.ai's notebooks begin."""
    return any("import *" in cell.source for cell in before)
