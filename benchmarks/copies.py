"""How well the copy notice tells honest sections from copied ones: the table of docs/checks.md.

    python -m benchmarks.copies [--course FOLDER] [--own NUMBER=FILE ...]

Honest work: the solutions in other styles of the built-in lessons, and, with a fetched copy of
fastai/course22, the reproductions in tests/fixtures and files given with `--own` (blocks begin with
`# %% [section ID]`). Copies are made of the original's own cells.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT
from fastcompanion.course.checks.mutants import renamed, renaming
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.recorded import copies
from fastcompanion.course.recorded.copies import Likeness, likeness, names_in
from fastcompanion.course.scaffolds.scaffold import scaffold

FIXTURES = ROOT / "tests" / "fixtures"
REPRODUCED = {"05": FIXTURES / "reproductions" / "linear-model"}
PARTIAL = "every fifth statement left out"
FETCHED = ("04", "05", "06", "07")
Work = Mapping[str, list[str]]


@dataclass(frozen=True)
class Original:
    """A lesson's work by section, and what everybody is given."""

    name: str
    work: Work
    given: list[str]

    def scores(self, own: Work) -> dict[str, Likeness]:
        """Compare somebody's sections with these."""
        texts = [text for cells in own.values() for text in cells]
        names, theirs = names_in([*texts, *self.given]), names_in([*self.texts, *self.given])
        return {
            section: likeness(
                own[section], cells, own_names=names, original_names=theirs, told=self.given
            )
            for section, cells in self.work.items()
            if section in own
        }

    @property
    def texts(self) -> list[str]:
        """All cells that are to be reproduced."""
        return [text for cells in self.work.values() for text in cells]


def original(name: str, book: dict[str, Any], lesson: Lesson) -> Original:
    """Cut an original into what is to be reproduced and what its scaffold gives."""
    made = scaffold(book, lesson, lesson.notebooks[0])
    work = {
        section.id: [book["cells"][index]["source"] for index in section.work_cells]
        for section in made.sections
    }
    codes = [cell for cell in made.notebook["cells"] if cell["cell_type"] == "code"]
    return Original(name, work, [cell["source"] for cell in codes])


def builtin() -> Iterator[tuple[Original, dict[str, Work]]]:
    """Give the built-in lessons with the honest solutions that are kept for the gate."""
    course = catalogue.course("foundations")
    for lesson in course.lessons:
        book = notebook.read(course.root / str(lesson.notebooks[0].path))
        styles = sorted((FIXTURES / "foundations").glob(f"{lesson.number}.style-*.ipynb"))
        honest = {path.stem.partition(".")[2]: own_notebook(path) for path in styles}
        yield original(f"foundations/{lesson.number}", book, lesson), honest


def fetched(
    course: Path, more: Iterable[tuple[str, Path]] = ()
) -> Iterator[tuple[Original, dict[str, Work]]]:
    """Give notebooks of a fetched course with the reproductions that are here."""
    given = list(more)
    for number in FETCHED:
        path = next(iter(sorted(course.glob(f"{number}-*.ipynb"))))
        lesson = Lesson(f"course22/{number}", number, "", (NotebookRef(path.stem, path.name),))
        files = sorted(REPRODUCED[number].glob("*.py")) if number in REPRODUCED else []
        files += [file for wanted, file in given if wanted == number]
        honest = {file.stem: own_blocks(file) for file in files}
        yield original(f"course22/{number}", notebook.read(path), lesson), honest


def own_notebook(path: Path) -> Work:
    """Read a learner's notebook by its marks."""
    found: dict[str, list[str]] = {}
    for cell in notebook.read(path)["cells"]:
        mark = cell["metadata"].get("fastcompanion", {})
        if cell["cell_type"] == "code" and mark.get("role") != "given":
            found.setdefault(str(mark.get("section")), []).append(cell["source"])
    return found


def own_blocks(path: Path) -> Work:
    """Read a file of blocks that begin with `# %% [section ID]`."""
    found: dict[str, list[str]] = {}
    for block in re.split(
        r"^# %% \[section ", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )[1:]:
        section, _, rest = block.partition("]")
        found.setdefault(section.strip(), []).append(rest.partition("\n")[2])
    return found


def copied(whole: Original) -> dict[str, Work]:
    """Copy the original's sections in several disguises."""
    bound = names_in(whole.given).variables
    names = {old: new for old, new in renaming(whole.texts).items() if old not in bound}
    ways: dict[str, Callable[[list[str]], list[str]]] = {
        "verbatim": list,
        "comments and formatting gone": lambda cells: [_bare(text) for text in cells],
        "renamed": lambda cells: [renamed(text, names) for text in cells],
        "reordered": _reordered,
        "renamed and reordered": lambda cells: _reordered([renamed(text, names) for text in cells]),
        PARTIAL: _thinned,
    }
    return {
        way: {section: change(cells) for section, cells in whole.work.items()}
        for way, change in ways.items()
    }


def _bare(text: str) -> str:
    tree = parse_cell(text)
    return ast.unparse(tree) if tree is not None else text


def _reordered(cells: list[str]) -> list[str]:
    """Turn the order of cells round and swap neighbouring statements within them."""
    found = []
    for text in reversed(cells):
        tree = parse_cell(text)
        body = [ast.unparse(one) for one in tree.body] if tree is not None else [text]
        for place in range(0, len(body) - 1, 2):
            body[place : place + 2] = body[place + 1], body[place]
        found.append("\n".join(body))
    return found


def _thinned(cells: list[str]) -> list[str]:
    lines = [ast.unparse(one) for text in cells if (tree := parse_cell(text)) for one in tree.body]
    return ["\n".join(line for number, line in enumerate(lines) if number % 5 != 2)]


def judged(whole: Original, own: Work) -> list[float]:
    """Give the scores of the sections that hold enough to be judged, ascending."""
    return sorted(one.share for one in whole.scores(own).values() if one.is_enough)


def strangers(wholes: Iterable[Original]) -> list[float]:
    """Compare each section with each of other lessons: what idioms alone come to."""
    found = []
    for first, second in combinations(wholes, 2):
        names, theirs = names_in(first.texts), names_in(second.texts)
        for mine in first.work.values():
            for other in second.work.values():
                one = likeness(mine, other, own_names=names, original_names=theirs)
                found += [one.share] if one.is_enough else []
    return sorted(found)


def rows(cases: Iterable[tuple[Original, dict[str, Work]]]) -> Iterator[str]:
    """Write the table: honest authors by their highest section, copies by their lowest."""
    yield "| lesson | who | sections judged | score | called retyped |"
    yield "|---|---|---|---|---|"
    for whole, honest in cases:
        for who, own in honest.items():
            found = judged(whole, own)
            told = f"at most {found[-1]:.2f}" if found else ""
            yield _row(whole, who, f"{len(found)} of {len(whole.work)}", told, found)
        disguised = copied(whole)
        parts = judged(whole, disguised.pop(PARTIAL))
        found = sorted(score for own in disguised.values() for score in judged(whole, own))
        count = f"{len(found)} in {len(disguised)} disguises"
        yield _row(whole, "*whole copies*", count, f"at least {found[0]:.2f}", found)
        yield _row(whole, f"*{PARTIAL}*", str(len(parts)), f"at least {parts[0]:.2f}", parts)


def _row(whole: Original, who: str, count: str, told: str, found: list[float]) -> str:
    called = sum(score >= copies.RETYPED for score in found)
    return f"| {whole.name} | {who} | {count} | {told} | {called} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--course", type=Path)
    parser.add_argument("--own", action="append", default=[], metavar="NUMBER=FILE")
    given = parser.parse_args()
    more = [(number, Path(file)) for number, _, file in (one.partition("=") for one in given.own)]
    cases = [*builtin(), *(fetched(given.course, more) if given.course else ())]
    print("\n".join(rows(cases)))
    others = strangers(whole for whole, _ in cases)
    print(f"\n{len(others)} pairs of sections of different lessons: at most {others[-1]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
