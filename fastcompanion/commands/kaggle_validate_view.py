"""What is shown of a submission that was checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastcompanion.competition.validation.issue import Issue
from fastcompanion.console import Block, Facts, Line, Title, Warn

if TYPE_CHECKING:
    from fastcompanion.commands.kaggle_validate import Validated


def view(found: Validated) -> Iterable[Block]:
    """Show the verdict, what it rests on, and each finding with its cure."""
    yield Title(f"{found.file}: {_verdict(found)}")
    yield Facts(tuple((name, text) for name, text in _facts(found) if text))
    for issue in found.issues:
        yield from finding(issue)
    if not found.issues:
        yield Line("Nothing wrong was found.", "good")


def _verdict(found: Validated) -> str:
    if found.passed:
        return "can be sent"
    return "has errors, and passes because of --force" if found.forced else "would be refused"


def _facts(found: Validated) -> Iterable[tuple[str, str]]:
    yield "rows", f"{found.rows:,}"
    yield "columns", ", ".join(found.columns[:8]) + (" ..." if len(found.columns) > 8 else "")
    yield "compared with", ", ".join(filter(None, (found.sample, found.test, found.train)))
    if found.expected is not None:
        one = found.expected.score
        yield (
            "expected score",
            f"{one.metric} {one.value:.4g} ({one.low:.4g} to {one.high:.4g}) on {one.n:,} validation rows, if the run {found.expected.run} made this file",
        )


def finding(issue: Issue) -> Iterable[Block]:
    """Show one finding with its place and its cure."""
    place = f"line {issue.line}: " if issue.line is not None else ""
    column = (
        f"{issue.column}: " if issue.column and f"'{issue.column}'" not in issue.message else ""
    )
    text = f"{place}{column}{issue.message}"
    if issue.severity == "error":
        yield Line(f"x {text}", "bad")
    elif issue.severity == "warning":
        yield Warn(text)
    else:
        yield Line(text, "dim")
    if issue.fix:
        yield Line(f"  {issue.fix}", "dim")
