"""`kaggle validate`: is this file what the competition asks for?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.base.records import frozen
from fastcompanion.commands.kaggle_app import app
from fastcompanion.commands.kaggle_validate_view import view
from fastcompanion.commands.options import Session, command
from fastcompanion.competition.validation.finding import beside
from fastcompanion.competition.validation.issue import Issue
from fastcompanion.competition.validation.submission import validate as checked
from fastcompanion.console import Answer

if TYPE_CHECKING:
    from fastcompanion.competition.validation.hoped import Hoped

FileArgument = Annotated[Path, typer.Argument(help="Your submission.", show_default=False)]
SampleOption = Annotated[
    Path | None, typer.Option("--sample", help="The sample submission.", show_default="found")
]
TestOption = Annotated[
    Path | None,
    typer.Option("--test", help="The test table, or its folder of images.", show_default="found"),
]
TrainOption = Annotated[
    Path | None, typer.Option("--train", help="The training table.", show_default="found")
]
TargetOption = Annotated[
    str,
    typer.Option(
        "--target", help="The training table's column.", show_default="named as in the sample"
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Let it pass in spite of errors.")]


@frozen
class Validated:
    """What was found, and what it was compared with; `expected` is the score of the project's newest run."""

    file: str
    sample: str
    test: str
    train: str
    passed: bool
    forced: bool
    rows: int
    columns: tuple[str, ...]
    sha256: str
    issues: tuple[Issue, ...]
    expected: Hoped | None


@command(app, "validate")
def validate(
    session: Session,
    file: FileArgument,
    sample: SampleOption = None,
    test: TestOption = None,
    train: TrainOption = None,
    target: TargetOption = "",
    force: ForceOption = False,
) -> Answer:
    """Check a submission against the sample, the test set and training, before it costs one of the day's."""
    del session
    found = beside(file, sample, test, train)
    told = checked(file, found.sample, test=found.test, train=found.train, target=target)
    made = Validated(
        str(file),
        str(found.sample),
        str(found.test or ""),
        str(found.train or ""),
        told.passed,
        force and not told.passed,
        told.rows,
        told.columns,
        told.sha256,
        told.issues,
        _expected(found.project) if found.project else None,
    )
    return Answer(made, view, Exit.DONE if told.passed or force else Exit.CHECK_SAYS_NO)


def _expected(project: Path) -> Hoped | None:
    """Score the newest run of the project the file lies in."""
    from fastcompanion.competition.validation.hoped import hoped  # noqa: PLC0415 - slow to import, rarely used

    return hoped(project)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `kaggle`."""
