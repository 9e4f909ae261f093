"""`data show`: what kind of data set a folder holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.process import shown as spelled
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Facts, Items, Line, Next, Table, Title, Warn
from fastcompanion.data.dataset import KINDS, Column, DataSet, Finding, Problem, SplitRule
from fastcompanion.data.look import look

_COLUMNS = 30
_CLASSES = 12
_ALIKE, _NAMES = 3, 8
_ORDER = ("train", "valid", "test", "sample-submission", "labels", "other")

app = typer.Typer(
    name="data",
    help="Data sets: what is in a folder, and what is wrong with it.",
    no_args_is_help=True,
)


PathArgument = Annotated[
    Path, typer.Argument(help="A folder, or a single table.", show_default=False)
]
TargetOption = Annotated[
    str, typer.Option("--target", help="The column to predict.", show_default="found or asked")
]
KindOption = Annotated[
    str, typer.Option("--kind", help="The kind of data set.", show_default="found or asked")
]


@command(app, "show")
def show(
    session: Session, path: PathArgument, target: TargetOption = "", kind: KindOption = ""
) -> Answer:
    """Say what kind of data set this is, how one knows, and what is wrong with it."""
    return Answer(looked_at(session, path, target, kind), _view)


def looked_at(
    session: Session, path: Path, target: str, kind: str, *, closely: bool = True
) -> DataSet:
    """Look at the data; what is a guess is asked at a terminal."""
    said = {"--target": target, "--kind": kind}
    found = look(path, target=target, kind=kind, closely=closely)
    while session.can_ask and (open_ := [one for one in found.questions if not said[one.flag]]):
        first = open_[0]
        answer = session.ask(first.text, first.guess, first.flag).strip()
        if not answer:
            break
        said[first.flag] = answer
        found = look(path, target=said["--target"], kind=said["--kind"], closely=closely)
    return found


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _view(found: DataSet) -> Iterable[Block]:
    yield Title(f"{found.path}: {found.about}{guess_mark(found.kind)}")
    yield Items(found.kind.why)
    yield Facts(tuple((name, text) for name, text in _facts(found) if text))
    yield from _columns(found)
    yield from _problems(found.problems)
    for note in found.notes:
        yield Line(f"{note}.", "dim")
    for question in found.questions:
        guess = f" (a guess: {question.guess})" if question.guess else ""
        yield Line(f"{question.text}{guess}")
        if question.flag == "--kind":
            yield Line(f"KIND is one of: {', '.join(one for one in KINDS if one != 'unknown')}")
        value = question.guess or question.flag[2:].upper()
        yield Next(
            f"fastcompanion data show {spelled([found.path])} {question.flag} {spelled([value])}"
        )


def guess_mark(found: Finding) -> str:
    """Mark what is a guess."""
    return "" if found.sure or found.value == "unknown" else " (a guess)"


def _facts(found: DataSet) -> Iterable[tuple[str, str]]:
    yield "kind", f"{found.kind.value}{guess_mark(found.kind)}"
    target = found.target
    yield (
        "target",
        f"{target.value}{guess_mark(target)}: {'; '.join(target.why)}" if target.value else "",
    )
    yield "classes", _classes(found)
    yield "ids", ", ".join(found.ids)
    for table in sorted(found.tables, key=lambda one: _ORDER.index(one.role)):
        yield table.role, f"{table.path}, {table.rows} rows, {table.columns} columns"
    for media in found.media:
        yield (
            media.what,
            f"{media.count}: " + ", ".join(f"{one.count} {one.name}" for one in media.formats),
        )
        yield "sizes", ", ".join(f"{one.name} ({one.count})" for one in media.sizes[:5])
    if found.metric is not None:
        others = f"; also {', '.join(found.metric.others)}" if found.metric.others else ""
        yield (
            "metric",
            f"{found.metric.name}, {found.metric.direction} is better: {found.metric.why}{others}",
        )
    if found.split is not None:
        yield "split", split_words(found.split)


def split_words(split: SplitRule) -> str:
    """Say how rows are set aside, and why."""
    how = f"{split.folds} folds" if split.folds > 1 else f"{split.share:.0%} set aside"
    by = f" by {split.column}" if split.column and split.rule != "stratified" else ""
    guess = "" if split.sure else " (a guess)"
    return f"{split.rule}{by}, {how}{guess}: {split.why}"


def _classes(found: DataSet) -> str:
    if not found.classes:
        return ""
    shown = [f"{one.name} ({one.count})" for one in found.classes[:_CLASSES]]
    rest = len(found.classes) - _CLASSES
    return f"{len(found.classes)}: " + ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def _columns(found: DataSet) -> Iterable[Block]:
    if not found.columns:
        return
    rows = tuple(_row(column) for column in found.columns[:_COLUMNS])
    yield Table(("column", "for", "values", "missing", "different", "examples"), rows)
    if len(found.columns) > _COLUMNS:
        yield Line(
            f"and {len(found.columns) - _COLUMNS} more columns: --json shows them all", "dim"
        )


def _row(column: Column) -> tuple[str, ...]:
    return (
        column.name,
        column.role,
        column.type,
        str(column.missing) if column.missing else "",
        str(column.distinct),
        _examples(column),
    )


def _examples(column: Column) -> str:
    if column.type in ("number", "integer") and column.low is not None and column.high is not None:
        return f"{column.low:g} to {column.high:g}"
    return ", ".join(" ".join(cell.split())[:20] for cell, _ in column.top[:3])


def _problems(found: tuple[Problem, ...]) -> Iterable[Block]:
    alike: dict[str, list[Problem]] = {}
    for problem in found:
        alike.setdefault(problem.name, []).append(problem)
    for problems in alike.values():
        for problem in problems[:_ALIKE]:
            where = "" if problem.where == "." else f"{problem.where}: "
            text = f"{where}{problem.text} {problem.cure}".strip()
            yield Line(text, "dim") if problem.severity == "note" else Warn(text)
        if len(problems) > _ALIKE:
            where = ", ".join(problem.where for problem in problems[_ALIKE : _ALIKE + _NAMES])
            more = f"{len(problems) - _ALIKE} more of this kind: {where}"
            yield Line(more + (", ..." if len(problems) > _ALIKE + _NAMES else ""), "dim")
    if not found:
        yield Line("Nothing wrong was found.", "good")
