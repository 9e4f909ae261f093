"""Settings: default < user file < study file < environment < option; each knows its source."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace

PREFIX = "FASTCOMPANION_"
STUDY_VERSION = 1

# Each setting once: its default gives its type, the text its help.
SETTINGS: dict[str, tuple[Any, str]] = {
    "study.name": ("my study", "the name of your study"),
    "study.course": ("", "the course that `start` and `next` take when there is no other sign"),
    "check.cell_seconds": (600, "seconds that one cell may take"),
    "check.total_seconds": (1800, "seconds that one run of a notebook may take"),
    "check.output_mb": (20, "megabytes of output that one cell may write"),
    "editor.command": ("", "the program that opens notebooks, e.g. jupyter lab"),
    "editor.open": (True, "whether `start` opens the notebook"),
    "privacy.commit": (True, "whether the study is committed at all"),
    "privacy.notebooks": (True, "whether your scratch notebooks are committed"),
    "privacy.notes": (True, "whether your notes on lessons are committed"),
    "privacy.progress": (True, "whether what you finished is committed (progress, courses)"),
    "privacy.log": (True, "whether the study log is committed"),
    "privacy.review": (True, "whether your review cards and answers are committed"),
    "review.cards_a_day": (20, "the most cards that a day asks for"),
    "review.new_a_day": (8, "the most new cards among them"),
    "remind.channels": (
        "desktop",
        "how reminders reach you, tried in this order until one arrives: desktop, email",
    ),
    "remind.lead": (5, "minutes before a slot at which you are reminded"),
    "remind.email": ("", "the address that reminders are sent to"),
    "remind.smtp_host": ("", "the mail server that takes your reminders, e.g. smtp.example.org"),
    "remind.smtp_port": (587, "its port: 587 for starttls, 465 for tls"),
    "remind.smtp_security": ("starttls", "starttls, tls, or none (a server on this machine)"),
    "remind.smtp_user": ("", "your name there; the password comes from the keyring"),
    "blog.title": ("", "the title of your blog; without one, the study's name"),
    "blog.author": ("", "who writes the blog"),
    "blog.url": (
        "",
        "where the blog is published; without one, the GitHub Pages of the study's repository",
    ),
    "blog.about": ("", "a line or two about you and the blog, below its title; Markdown"),
    "blog.language": ("en", "the language that the posts are written in: en, de, pt-BR"),
    "weights.url": (
        "",
        "where pretrained weights are fetched from, instead of where they came from",
    ),
}


class Source(IntEnum):
    """Where a value comes from; the higher wins."""

    DEFAULT = 0
    USER = 1
    STUDY = 2
    ENVIRONMENT = 3
    OPTION = 4


@frozen
class Setting:
    """One value, with the place it comes from (a file, a variable, an option)."""

    key: str
    value: Any
    source: Source
    where: str
    about: str


@frozen
class Settings:
    """All settings, resolved."""

    values: Mapping[str, Setting]

    def get(self, key: str) -> Any:
        """Give the value of a known setting."""
        return self.values[key].value

    def origin(self, key: str) -> tuple[Source, str]:
        """Give the source of a setting and its place."""
        return self.values[key].source, self.values[key].where


def load(study: Workspace | None, overrides: Mapping[str, str] | None = None) -> Settings:
    """Resolve every setting; a wrong value names its file and key."""
    values = {
        key: Setting(key, default, Source.DEFAULT, "", about)
        for key, (default, about) in SETTINGS.items()
    }
    layers = [
        (Source.USER, _from_file(workspace.config_file(), study=False)),
        (Source.STUDY, _from_file(study.settings, study=True) if study else {}),
        (Source.ENVIRONMENT, _from_environment()),
        (Source.OPTION, {key: (text, "option") for key, text in (overrides or {}).items()}),
    ]
    for source, layer in layers:
        for key, (raw, where) in layer.items():
            value = typed(key, raw, where)
            values[key] = Setting(key, value, source, where, SETTINGS[key][1])
    return Settings(values)


def _from_file(path: Path, *, study: bool) -> dict[str, tuple[Any, str]]:
    if not _is_there(path):
        return {}
    data = store.read_toml(path)
    if study:
        store.check_version(data, path, current=STUDY_VERSION)
    return {key: (raw, str(path)) for key, raw in _flat(data).items() if key in SETTINGS}


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise CompanionError(f"can't be read: {error.strerror}", file=path) from None


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def variable(key: str) -> str:
    """Name the environment variable of a setting: check.output_mb is FASTCOMPANION_CHECK__OUTPUT_MB."""
    return PREFIX + key.upper().replace(".", "__")


def _from_environment() -> dict[str, tuple[Any, str]]:
    names = {key: variable(key) for key in SETTINGS}
    return {key: (os.environ[name], name) for key, name in names.items() if name in os.environ}


def typed(key: str, raw: Any, where: str) -> Any:
    """Give a raw value the type of the setting's default, or say what was expected and where."""
    least = 0 if key in _FROM_ZERO else 1
    value = _converted(type(SETTINGS[key][0]), raw, least)
    if value is not None:
        return value
    file = Path(where) if os.sep in where else None
    expected = _EXPECTED[type(SETTINGS[key][0])].format(least)
    raise CompanionError(
        f"{key} should be {expected}, not {raw!r} (from {where})",
        hint=f"fastcompanion config set {key} {_example(key)}",
        code=Exit.USAGE,
        file=file,
        line=line_of(file, key) if file else None,
    )


# Numbers of which none at all means something too.
_FROM_ZERO = ("remind.lead",)
_EXPECTED: dict[type, str] = {
    int: "a whole number, {} or more",
    bool: "true or false",
    str: "text",
}
_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


def _converted(wanted: type, raw: Any, least: int) -> Any:
    """Give the value in the wanted type, None when it has another."""
    if wanted is bool:
        return raw if isinstance(raw, bool) else _WORDS.get(str(raw).lower())
    if wanted is int:
        text = "" if isinstance(raw, bool) else str(raw).strip()
        return int(text) if text.isascii() and text.isdigit() and int(text) >= least else None
    return raw if isinstance(raw, str) else None


def _example(key: str) -> str:
    default = SETTINGS[key][0]
    return str(default).lower() if isinstance(default, bool) else str(default) or "TEXT"


def line_of(path: Path, key: str) -> int | None:
    """Find the line of a setting in a TOML file, None where it is written in another way."""
    table, _, name = key.rpartition(".")
    current = ""
    for number, line in enumerate(store.read_text(path).split("\n"), start=1):
        words = line.strip()
        if words.startswith("["):
            current = words.partition("]")[0].strip("[ ")
        left = words.partition("=")[0].strip().strip('"')
        if (current == table and left == name) or (not current and left == key):
            return number
    return None


def unknown(path: Path) -> list[tuple[str, int | None, list[str]]]:
    """Give the settings of a file that mean nothing: key, line, the known ones that look alike."""
    if not _is_there(path):
        return []
    keys = [key for key in _flat(store.read_toml(path)) if key not in SETTINGS]
    strange = [key for key in keys if key != "version" and key.partition(".")[0] not in _LATER]
    return [(key, line_of(path, key), near(key)) for key in strange]


# Tables that other versions of the program read.
_LATER = ("plan", "remind", "site")


def near(key: str) -> list[str]:
    """Give the known settings that look like a misspelt one."""
    by_name = [known for known in SETTINGS if known.partition(".")[2] == key.rpartition(".")[2]]
    alike = difflib.get_close_matches(key, SETTINGS, n=3, cutoff=0.5)
    return list(dict.fromkeys([*alike, *by_name]))[:3]


def known(key: str) -> str:
    """Give a setting's key back, or suggest the ones that look like it."""
    if key in SETTINGS:
        return key
    alike = near(key)
    raise CompanionError(
        f"there is no setting {key!r}" + (f"; did you mean {', '.join(alike)}?" if alike else ""),
        hint="fastcompanion config show",
        code=Exit.USAGE,
    )


def set_value(study: Workspace | None, key: str, text: str, *, dry_run: bool = False) -> Setting:
    """Write one setting to the study's file (or the user's without a study); comments stay."""
    value = typed(known(key), text, "the command line")
    path = study.settings if study else workspace.config_file()
    source = Source.STUDY if study else Source.USER
    setting = Setting(key, value, source, str(path), SETTINGS[key][1])
    if dry_run:
        return setting
    lock = study.lock("settings") if study else path.with_name(f".{path.name}.lock")
    with store.lock(lock, busy="the settings are being written by another process"):
        _write(path, key, value, study=study is not None)
    return setting


def _write(path: Path, key: str, value: Any, *, study: bool) -> None:
    old = store.read_toml(path) if path.exists() else {}
    if study:
        store.check_version(old, path, current=STUDY_VERSION)
    table, _, name = key.partition(".")
    if not isinstance(old.get(table, {}), dict):
        raise CompanionError(
            f"{table} should be a table, [{table}]", file=path, line=line_of(path, table)
        )
    with store.edit_toml(path) as document:
        document.setdefault(table, {})[name] = value
