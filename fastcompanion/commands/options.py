"""What all commands share: the common options, declared once, and the session they make."""

from __future__ import annotations

import functools
import inspect
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from fastcompanion import console
from fastcompanion.base import config, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.commands import completing
from fastcompanion.console import Answer
from fastcompanion.study.reminders import banner

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what was asked for.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
StudyPath = Annotated[
    Path | None, typer.Option("--study", help="The study's folder.", show_default="found upward")
]
LessonArgument = Annotated[
    str | None,
    typer.Argument(
        help="The lesson, e.g. 05 or fastai-p1/05.",
        show_default="the last",
        autocompletion=completing.lessons,
    ),
]

_COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("json", Json, False),
    ("quiet", Quiet, False),
    ("yes", Yes, False),
    ("dry_run", DryRun, False),
    ("study", StudyPath, None),
)

_PROGRAM = "fastcompanion"


@frozen
class Session:
    """One run of a command: the common options, and what depends on them."""

    command: str
    json: bool = False
    quiet: bool = False
    yes: bool = False
    dry_run: bool = False
    study: Path | None = None

    @property
    def reporter(self) -> Reporter:
        """The way for wings to talk."""
        return console.reporter()

    @property
    def can_ask(self) -> bool:
        """Whether a person sits at a terminal."""
        return console.interactive()

    def workspace(self) -> Workspace:
        """Find the study, or fail with exit 3 and the way to make one.

        Its version covers every file of the study, so that of a newer program is refused here.
        """
        found = self._found()
        store.check_version(
            store.read_toml(found.settings), found.settings, current=config.STUDY_VERSION
        )
        return found

    def workspace_or_none(self) -> Workspace | None:
        """Find the study if there is one, whatever its files look like."""
        try:
            return self._found()
        except CompanionError as error:
            if error.code is Exit.NOT_SET_UP and self.study is None:
                return None
            raise

    def _found(self) -> Workspace:
        if self.study is None:
            return Workspace.find()
        if not self.study.is_dir():
            raise CompanionError(
                "no such folder",
                hint=f"fastcompanion init {shlex.quote(str(self.study))}, or --study with your own",
                file=self.study,
                code=Exit.NOT_SET_UP,
            )
        return Workspace.find(self.study)

    def settings(self) -> config.Settings:
        """Resolve the settings."""
        return config.load(self.workspace_or_none())

    def confirm(self, question: str, *, default: bool = False) -> bool:
        """Ask for leave; `--yes` gives it, and where nobody can be asked it has to be given."""
        if self.yes:
            return True
        if not console.interactive():
            raise CompanionError(
                f"this needs your consent: {question}", hint="Add --yes.", code=Exit.USAGE
            )
        asked = f"{question} ({'Y/n' if default else 'y/N'})"
        answer = console.ask(asked, flag="--yes").lower()
        return default if not answer else answer in ("y", "yes")

    def ask(self, question: str, default: str, flag: str) -> str:
        """Ask for a text; `--yes` takes the default, and where nobody can be asked `flag` is due."""
        if self.yes:
            return default
        if not console.interactive():
            if default:
                return default
            raise CompanionError(
                f"an answer is missing: {question}", hint=f"Give {flag}.", code=Exit.USAGE
            )
        return console.ask(question, default, flag=flag)


Command = Callable[..., Answer | None]
# The commands that show a reminder which reached nobody otherwise.
_COMES_BY = ("next", "start", "status")


def command(app: typer.Typer, name: str, **details: Any) -> Callable[[Command], Command]:
    """Register `f(session, ...) -> Answer` as a command that also takes the common options."""

    def register(function: Command) -> Command:
        app.command(name, **details)(_with_session(function, _full_name(app, name)))
        return function

    return register


def _full_name(app: typer.Typer, name: str) -> str:
    group = app.info.name
    return f"{group} {name}" if isinstance(group, str) and group != _PROGRAM else name


def _with_session(function: Command, name: str) -> Callable[..., int]:
    @functools.wraps(function)
    def run(**given: Any) -> int:
        common = {key: given.pop(key) for key, _, _ in _COMMON}
        shown = {key: common[key] for key in ("json", "quiet", "dry_run")}
        console.configure(name, **shown)
        session = Session(name, **common)
        answer = function(session, **given)
        if answer is None:
            return int(Exit.DONE)
        console.show(answer)
        if name in _COMES_BY:
            _show_what_waits(session)
        return answer.exit_code

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    extra = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for key, kind, default in _COMMON
    ]
    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    parameters = [*keyword_only, *extra]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    del run.__wrapped__
    return run


def _show_what_waits(session: Session) -> None:
    """Show a reminder that could not be shown otherwise, if a person sits here to see it."""
    ws = session.workspace_or_none() if session.can_ask and not session.quiet else None
    waiting = banner.pending(ws) if ws is not None else None
    if ws is not None and waiting is not None:
        for line in waiting.lines:
            session.reporter.note(f"! {line}")
        banner.shown(ws, waiting, session.command)
