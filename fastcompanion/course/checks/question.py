"""A question for a forum as Markdown: cut to a sensible size, without the original's code. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Sequence
from urllib.parse import quote, urlsplit

from fastcompanion.base.outputs import condense, plain
from fastcompanion.base.records import frozen
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks.cells import parse_cell

CODE_LINES, TRACE_LINES, LINE = 120, 40, 300
_TRACE_BEGINS = 8  # lines of a long traceback that stand before its cut
_IDIOM = 12  # tokens; original cells below it are what anybody would write
_SHORT = 8  # characters; shorter lines are nobody's
_FRAME = re.compile(r"^\s*(?:-+>)?\s*\d*\s*")
_INSTEAD = "(a line of the original)"
_WORD = re.compile(r"\w+|[^\w\s]")
_HOSTS = ("github.com", "gitlab.com", "codeberg.org")


@frozen
class Told:
    """All that a question says; texts are as they were found, not yet scrubbed."""

    heading: str
    facts: tuple[str, ...]
    goal: str
    said: tuple[str, ...]
    trace: str
    code: tuple[str, ...]
    tried: tuple[str, ...]
    versions: tuple[str, ...]


@frozen
class Kept:
    """The learner's cells without the original's lines; `hidden` are those lines, stripped."""

    cells: tuple[str, ...]
    hidden: frozenset[str]
    count: int


def markdown(told: Told) -> str:
    """Write the question; what the learner expected is left for them to say."""
    parts = [f"# {_one_line(told.heading)}", "\n".join(f"- {_one_line(one)}" for one in told.facts)]
    if told.goal:
        goal = at_a_word(plain(" ".join(told.goal.split())), LINE)
        parts.append(f"**What the section asks:** {goal}")
    parts.append("**What I expected:** (write it here)")
    parts.append("**What happened:** " + "  \n".join(_one_line(line) for line in told.said))
    if told.trace:
        parts.append(fenced(shortened(told.trace, TRACE_LINES, begin=_TRACE_BEGINS), "text"))
    parts.append("## My code of this section")
    code = "\n\n".join(cell.strip("\n") for cell in told.code if cell.strip())
    parts.append(fenced(shortened(code, CODE_LINES), "python") if code else "(there is none yet)")
    for title, lines in (("What I tried", told.tried), ("Versions", told.versions)):
        parts += [f"## {title}", "\n".join(f"- {_one_line(line)}" for line in lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def fenced(text: str, language: str) -> str:
    """Put a text between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def shortened(text: str, most: int, *, begin: int | None = None) -> str:
    """Cut a text to `most` lines of LINE characters; `begin` of them stand before the cut."""
    lines = [_cut(plain(line)) for line in condense(text).split("\n")]
    if len(lines) <= most:
        return "\n".join(lines)
    first = most if begin is None else begin
    last = lines[len(lines) - (most - first) :]
    return "\n".join([*lines[:first], f"… ({len(lines) - most} lines left out)", *last])


def _cut(line: str) -> str:
    return line if len(line) <= LINE else f"{line[:LINE]} …"


def _one_line(text: str) -> str:
    return _cut(plain(" ".join(text.split())))


def at_a_word(text: str, most: int) -> str:
    """Cut prose after its last whole sentence, else after a whole word."""
    if len(text) <= most:
        return text
    kept = text[:most]
    whole = kept[: kept.rfind(". ") + 1]
    if len(whole) >= most // 3:
        return f"{whole} …"
    return f"{kept.rpartition(' ')[0] or kept} …"


def first_of(goal: str) -> str:
    """Give what a section asks for in one line: its first step, and how many there are."""
    lines = [line.strip() for line in goal.splitlines() if line.strip()]
    if not lines:
        return ""
    first = re.sub(r"^(?:\d+\.|[-*])\s+", "", lines[0])
    steps = sum(bool(re.match(r"\d+\.\s", line)) for line in lines)
    return f"{first} (the first of {steps} steps)" if steps > 1 else first


def link(course: Course, ref: NotebookRef) -> str:
    """Give the address of a notebook for everybody, "" when it only lies on this machine."""
    if ref.url or ref.path is None or course.kind != "git":
        return ref.url or ""
    source = re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", course.source)
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https") or parts.hostname not in _HOSTS:
        return ""
    path = parts.path.rstrip("/").removesuffix(".git")
    version = quote(course.commit or course.ref or "HEAD", safe="")
    return f"https://{parts.hostname}{path}/blob/{version}/{quote(ref.path)}"


def name_of(course: Course, lesson: Lesson) -> str:
    """Name a lesson for people who have never seen the study."""
    return f"{course.title or course.id}, lesson {lesson.number}: {lesson.title or lesson.id}"


def without_original(
    own: Sequence[str], original: Sequence[str], given: Sequence[str], *, solved: bool
) -> Kept:
    """Take the original's work out of the learner's cells.

    Whole cells of the original that stand in one of theirs go, whatever their formatting; where the
    solution was shown (`solved`), every statement and line of it goes.
    """
    told = {text for cell in given for text in _statements(cell)}
    known = [
        found for cell in original if (found := _statements(cell)) and not told.issuperset(found)
    ]
    cells = known if solved else [one for one in known if _size(one) >= _IDIOM]
    common = {line for cell in given for line in _lines_of(cell)}
    lines = {line for cell in original for line in _lines_of(cell)} - common if solved else set()
    kept, hidden, count = [], set[str](), 0
    for source in own:
        marked = _standing_in(source, cells, told, single=solved)
        text = source.split("\n")
        marked |= {place for place, line in enumerate(text) if line.strip() in lines}
        kept.append(_noted(text, marked))
        hidden |= {text[place].strip() for place in marked}
        count += len(marked)
    return Kept(tuple(kept), frozenset(line for line in hidden if len(line) >= _SHORT), count)


def without_lines(text: str, hidden: Iterable[str]) -> str:
    """Take lines of the original out of an error's text, with or without their numbers."""
    secret = sorted(hidden, key=len, reverse=True)
    return "\n".join(_without(line, secret) for line in text.split("\n"))


def _without(line: str, secret: Sequence[str]) -> str:
    if _FRAME.sub("", line).strip() in secret:
        return _INSTEAD
    for one in secret:
        line = line.replace(one, _INSTEAD)
    return line


def _statements(source: str) -> list[str]:
    tree = parse_cell(source)
    return [_written(node) for node in tree.body] if tree is not None else [source.strip()]


def _written(node: ast.stmt) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def _size(statements: Iterable[str]) -> int:
    return sum(len(_WORD.findall(text)) for text in statements)


def _lines_of(source: str) -> set[str]:
    return {line.strip() for line in source.split("\n") if len(line.strip()) >= _SHORT}


def _standing_in(
    source: str, cells: Sequence[Sequence[str]], told: Container[str], *, single: bool
) -> set[int]:
    """Give the places of lines that whole cells (`single`: statements) of the original take up."""
    tree = parse_cell(source)
    if tree is None or not tree.body:
        whole = any([source.strip()] == list(cell) for cell in cells)
        return set(range(source.count("\n") + 1)) if whole else set()
    written = [_written(node) for node in tree.body]
    runs = [[one] for cell in cells for one in cell if one not in told] if single else cells
    found: set[int] = set()
    for run in runs:
        if _size(run) < (4 if single else _IDIOM):
            continue
        for start in range(len(written) - len(run) + 1):
            if written[start : start + len(run)] == list(run):
                first, last = tree.body[start], tree.body[start + len(run) - 1]
                found |= set(range(_begins(first), last.end_lineno or last.lineno))
    return found


def _begins(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)]) - 1


def _noted(lines: Sequence[str], marked: set[int]) -> str:
    """Write a note in place of each run of marked lines."""
    kept: list[str] = []
    for place, line in enumerate(lines):
        if place not in marked:
            kept.append(line)
        elif place - 1 not in marked:
            end = place
            while end in marked:
                end += 1
            words = "1 line" if end - place == 1 else f"{end - place} lines"
            kept.append(f"# (the original's code, {words}, is left out here)")
    return "\n".join(kept)
