"""`config`: show the settings and where each value comes from; change one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base import config
from fastcompanion.base.config import Setting
from fastcompanion.base.records import frozen
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Line, Table
from fastcompanion.flows import settings

app = typer.Typer(name="config", help="Settings: show them, change them.", no_args_is_help=True)

_SOURCES = {
    config.Source.DEFAULT: "default",
    config.Source.USER: "your settings",
    config.Source.STUDY: "study",
    config.Source.ENVIRONMENT: "environment",
    config.Source.OPTION: "option",
}
Key = Annotated[
    str, typer.Argument(help="E.g. check.cell_seconds.", autocompletion=completing.settings)
]


@frozen
class ShownSetting:
    """One setting as `config show` gives it."""

    key: str
    value: object
    source: str
    where: str
    about: str


@frozen
class ShownSettings:
    """The settings that were asked for."""

    settings: tuple[ShownSetting, ...]


def _shown(setting: Setting) -> ShownSetting:
    source = _SOURCES[setting.source]
    return ShownSetting(setting.key, setting.value, source, setting.where, setting.about)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@command(app, "show")
def show(
    session: Session,
    key: Annotated[
        str | None,
        typer.Argument(help="One setting.", show_default="all", autocompletion=completing.settings),
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="Show the file or variable of each value.")
    ] = False,
) -> Answer:
    """Show the settings in force."""
    found = session.settings()
    keys = [config.known(key)] if key else list(found.values)
    shown = ShownSettings(tuple(_shown(found.values[name]) for name in keys))
    return Answer(shown, _view_origins if origin else _view)


@command(app, "set")
def set_(
    session: Session,
    key: Key,
    value: Annotated[str, typer.Argument(help="The new value.")],
    user: Annotated[bool, typer.Option("--user", help="For all your studies.")] = False,
) -> Answer:
    """Change a setting of this study, or of all your studies; comments in the file stay."""
    study = None if user else session.workspace()
    setting = settings.change(study, key, value, dry_run=session.dry_run)
    return Answer(_shown(setting), _view_set)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _view(shown: ShownSettings) -> Iterable[Block]:
    rows = tuple((one.key, _text(one.value), one.about) for one in shown.settings)
    yield Table(("setting", "value", "meaning"), rows)


def _view_origins(shown: ShownSettings) -> Iterable[Block]:
    rows = tuple((one.key, _text(one.value), one.source, one.where) for one in shown.settings)
    yield Table(("setting", "value", "from", "where"), rows)


def _view_set(setting: ShownSetting) -> Iterable[Block]:
    yield Line(f"{setting.key} = {_text(setting.value)} in {setting.where}")
