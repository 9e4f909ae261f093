"""The face: one thin file per group of commands.

WORDS lists what stands in `--help`, the daily words first. A run of one command imports the files of
that word alone, and `--help` none of them: a hundred modules are most of the start of a program.
tests/commands/test_words.py compares the list with what the files register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

import typer

Register = Callable[[typer.Typer], None]


class Word(NamedTuple):
    """A first word of the command line: its help, its place there, the files that bring it.

    `below` names the files that are enough for some of the words that follow it; `usual` is the
    word that is meant where none follows.
    """

    help: str
    panel: str
    files: tuple[str, ...]
    below: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    usual: str = ""


_DAILY, _GROUPS, _MORE = "Every day", "Groups", "More"

WORDS: dict[str, Word] = {
    "init": Word("Make your study: a folder in git for all you do in a course.", _DAILY, ("home",)),
    "next": Word("Show the next step and, if you want, do it.", _DAILY, ("home",)),
    "start": Word("Open a lesson at its current step and start the timer.", _DAILY, ("home",)),
    "check": Word(
        "Check your reproduction section by section in a fresh kernel, or your work with other data.",
        _DAILY,
        ("check",),
    ),
    "hint": Word("Show the next hint for the section you are in.", _DAILY, ("check",)),
    "stop": Word("End the session: log it and commit your work of it.", _DAILY, ("home",)),
    "log": Word(
        "Your study log: what you did, when, how long.",
        _DAILY,
        ("log_app", "log", "log_edit", "log_view", "log_share"),
        {
            "add": ("log_app", "log"),
            **dict.fromkeys(("edit", "undo"), ("log_app", "log_edit")),
            **dict.fromkeys(
                ("show", "stats", "heatmap", "check", "export"), ("log_app", "log_view")
            ),
            **dict.fromkeys(("week", "sync"), ("log_app", "log_share")),
        },
    ),
    "status": Word("Show where you are and what comes next.", _DAILY, ("status",)),
    "course": Word("Courses: the catalogue, repositories, folders.", _GROUPS, ("course",)),
    "lesson": Word(
        "Do a lesson: watch, run, reproduce, repeat.",
        _GROUPS,
        (
            "lesson_app",
            "lesson",
            "running",
            "scratch",
            "recording",
            "check",
            "asking",
            "reading",
            "repeat",
            "again",
        ),
        {
            **dict.fromkeys(("list", "show", "open", "done", "skip"), ("lesson_app", "lesson")),
            **dict.fromkeys(("run", "experiment"), ("lesson_app", "running")),
            **dict.fromkeys(("check", "hint", "compare"), ("lesson_app", "check")),
            "scratch": ("lesson_app", "scratch"),
            "repeat": ("lesson_app", "repeat"),
            "again": ("lesson_app", "again"),
            "ask": ("lesson_app", "asking"),
            "read": ("lesson_app", "reading"),
            "record": ("lesson_app", "recording"),
        },
    ),
    "review": Word(
        "Questions that come back before you forget them.",
        _GROUPS,
        ("review", "review_cards"),
        dict.fromkeys(("due", "stats"), ("review",)),
        usual="due",
    ),
    "plan": Word("Your plan: when you study, and when you will be done.", _GROUPS, ("plan",)),
    "env": Word("Environments that run a course's notebooks.", _GROUPS, ("env",)),
    "data": Word(
        "Data sets: what is in a folder, and what is wrong with it.",
        _GROUPS,
        ("data", "first_number"),
        {"show": ("data",), "baseline": ("data", "first_number")},
    ),
    "project": Word(
        "Projects: a repository for your own data, from the first number on.",
        _GROUPS,
        ("project", "project_submit"),
        dict.fromkeys(
            ("new", "baseline", "train", "score", "check", "next", "update", "app"), ("project",)
        ),
    ),
    "kaggle": Word(
        "Competitions: validate, submit, practise offline.",
        _GROUPS,
        (
            "kaggle_app",
            "kaggle_site",
            "kaggle_download",
            "kaggle_notebook",
            "kaggle_validate",
            "kaggle_practice",
        ),
        {
            **dict.fromkeys(
                ("list", "join", "submit", "history", "leaderboard", "progress"),
                ("kaggle_app", "kaggle_site"),
            ),
            "download": ("kaggle_app", "kaggle_download"),
            **dict.fromkeys(("notebook", "libraries"), ("kaggle_app", "kaggle_notebook")),
            "validate": ("kaggle_app", "kaggle_validate"),
            "practice": ("kaggle_app", "kaggle_practice"),
        },
    ),
    "server": Word(
        "Notebook servers, and a GPU server of your own.",
        _GROUPS,
        (
            "server_app",
            "server_use",
            "server_sync",
            "server_setup",
            "server_cloud",
            "server_notebook",
        ),
        {
            **dict.fromkeys(
                (
                    "plan",
                    "launch",
                    "stop",
                    "start",
                    "resize",
                    "terminate",
                    "export",
                    "iam-policy",
                ),
                ("server_app", "server_cloud"),
            ),
            **dict.fromkeys(
                ("list", "status", "ssh", "jupyter", "keep", "logs", "forget"),
                ("server_app", "server_use"),
            ),
            "sync": ("server_app", "server_sync"),
            "setup": ("server_app", "server_setup"),
            "notebook": ("server_app", "server_notebook"),
        },
    ),
    "weights": Word(
        "Pretrained weights: found, verified, fetched and carried over.", _GROUPS, ("weights",)
    ),
    "blog": Word(
        "Posts: write them, look at them, publish them.",
        _GROUPS,
        ("blog_app", "blog", "blog_pages"),
        dict.fromkeys(("build", "preview"), ("blog_app", "blog_pages")),
    ),
    "portfolio": Word(
        "Your portfolio: finished projects and posts on one page.", _GROUPS, ("portfolio",)
    ),
    "remind": Word(
        "Reminders of your study slots, with the proof they arrived.", _GROUPS, ("remind",)
    ),
    "config": Word("Settings: show them, change them.", _GROUPS, ("config",)),
    "doctor": Word(
        "Look for what is in the way, and name the cure of each finding.", _GROUPS, ("doctor",)
    ),
    "cancel": Word("Give up the session: its timer is forgotten.", _MORE, ("home",)),
    "demo": Word(
        "Play the whole loop: a lesson, a project of its own, a practice competition.",
        _MORE,
        ("demo",),
    ),
}

# Of commands/options.py, which is not loaded just to know them.
COMMON_OPTIONS = ("--json", "--quiet", "-q", "--yes", "-y", "--dry-run", "--study")


def registrations(words: Iterable[str]) -> list[Register]:
    """Import the files of some words and give the functions that register their commands.

    A word is the first one of a command line, or the first two, such as "lesson scratch".
    """
    files = dict.fromkeys(file for word in words for file in _files(word))
    return [import_module(f"{__name__}.{file}").register for file in files]


def _files(typed: str) -> tuple[str, ...]:
    first, _, second = typed.partition(" ")
    word = WORDS[first]
    return word.below.get(second, word.files)
