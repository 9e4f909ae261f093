"""The Typer root, and `main`: the only handler of errors and the only place that exits."""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Any

import typer

from fastcompanion import __version__, console
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import COMMON_OPTIONS, WORDS, registrations
from fastcompanion.console import Answer, Block, Facts, Line, Title

_COMPLETES = "_FASTCOMPANION_COMPLETE"


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"fastcompanion {__version__}")
        raise typer.Exit


def build(*, terminal: bool, words: Iterable[str] = WORDS) -> typer.Typer:
    """Make the program; help is drawn with rich on a terminal only, as loading rich costs time.

    Only `words` are registered with all that is below them, the others by their help alone.
    """
    app = typer.Typer(
        name="fastcompanion",
        help="Carries you through a course made of notebooks, to the end.",
        no_args_is_help=True,
        rich_markup_mode="rich" if terminal else None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    words = list(words)
    for name in WORDS.keys() - {word.partition(" ")[0] for word in words}:
        app.command(name, help=WORDS[name].help, rich_help_panel=WORDS[name].panel)(_elsewhere)
    for register in registrations(words):
        register(app)
    return app


def program(app: typer.Typer) -> Any:
    """Give the command tree of an app, in the order of WORDS: Typer lists groups before commands."""
    tree: Any = typer.main.get_command(app)
    tree.commands = {name: tree.commands[name] for name in WORDS if name in tree.commands}
    _tell_whole(tree)
    return tree


def _tell_whole(group: Any) -> None:
    """Let lists of commands say the whole first sentence: by themselves they cut it to one line."""
    for command in getattr(group, "commands", {}).values():
        command.short_help = command.short_help or (command.help or "").partition("\n\n")[0]
        _tell_whole(command)


def _elsewhere() -> None:
    """Stand in for a command that this run does not need."""


def _needed(arguments: Sequence[str]) -> Iterable[str]:
    """Say which words a command line needs; one that is being completed stands in a variable."""
    if _COMPLETES in os.environ:
        line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
        return [word for word in line.split()[1:2] if word in WORDS]
    first, second, *_ = [*(word for word in arguments if not word.startswith("-")), "", ""]
    return [f"{first} {second}"] if first in WORDS else []


def _asks_for_the_front_page(arguments: Sequence[str]) -> bool:
    known = {"-h", "--help", "--json"}
    return set(arguments) <= known and _COMPLETES not in os.environ


def _front_page() -> int:
    """Show all words by kind, daily ones first: at once, as drawing it with rich takes twice as long."""
    tree = program(build(terminal=False, words=()))
    options = {", ".join(option.opts): option.help for option in tree.params}
    panels: dict[str, dict[str, str]] = {}
    for name, word in WORDS.items():
        panels.setdefault(word.panel, {})[name] = word.help
    panels["Options"] = {**options, "-h, --help": "Show this page, or the help of a command."}
    console.show(
        Answer(
            {"commands": {name: word.help for name, word in WORDS.items()}}, lambda _: _page(panels)
        )
    )
    return int(Exit.DONE)


def _page(panels: dict[str, dict[str, str]]) -> Iterable[Block]:
    yield Line("Carries you through a course made of notebooks, to the end.")
    yield Line("Usage: fastcompanion COMMAND [OPTIONS]")
    width = max(len(name) for rows in panels.values() for name in rows)
    for panel, rows in panels.items():
        yield Line("")
        yield Title(panel)
        yield Facts(tuple((f"  {name:<{width}}", about) for name, about in rows.items()))


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Carries you through a course made of notebooks, to the end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code."""
    arguments = _with_name(_with_usual(list(sys.argv[1:] if argv is None else argv)))
    console.configure("", json="--json" in arguments, quiet=False)
    terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        if _asks_for_the_front_page(arguments):
            return _front_page()
        _refuse_misplaced(arguments)
        tree = program(build(terminal=terminal, words=_needed(arguments)))
        result = tree(arguments, standalone_mode=False, prog_name="fastcompanion")
        if result == Exit.INTERRUPTED:
            # Typer turns Ctrl-C into this code without a word.
            return _interrupted()
        return result if isinstance(result, int) else int(Exit.DONE)
    except CompanionError as error:
        console.fail(error)
        return int(error.code)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as leaving:
        # The library under Typer turns a closed pipe into an exit of its own.
        if isinstance(leaving.__context__, BrokenPipeError):
            return _reader_gone()
        return leaving.code if isinstance(leaving.code, int) else int(Exit.FAILED)
    except Exception as error:
        return _unexpected(error)


def _with_usual(arguments: list[str]) -> list[str]:
    """Say the word that is meant where a group with a usual one is called alone: `review`."""
    word = WORDS.get(arguments[0]) if arguments else None
    alone = all(one.startswith("-") for one in arguments[1:2])
    if word is None or not word.usual or not alone or {"--help", "-h"} & set(arguments):
        return arguments
    return [arguments[0], word.usual, *arguments[1:]]


def _with_name(arguments: list[str]) -> list[str]:
    """Say that the name is left out in `server ssh -- COMMAND`: the command would be taken for it."""
    if arguments[:2] != ["server", "ssh"] or "--" not in arguments:
        return arguments
    place = arguments.index("--")
    pairs = pairwise(arguments[1:place])
    named = any(not one.startswith("-") and before != "--study" for before, one in pairs)
    return arguments if named else [*arguments[:place], "", *arguments[place:]]


def _refuse_misplaced(arguments: Sequence[str]) -> None:
    """Say where an option belongs that stands where it can't be, or has a value that it ignores."""
    first = arguments[0] if arguments else ""
    name = first.partition("=")[0]
    if name in ("--install-completion", "--show-completion"):
        _refuse_shell(first, arguments[1:])
    if name not in COMMON_OPTIONS:
        return
    takes_value = name == "--study" and first == name
    moved, rest = arguments[: 1 + takes_value], arguments[1 + takes_value :]
    raise CompanionError(
        f"put {name} after the command",
        hint=shlex.join(["fastcompanion", *(rest or ["COMMAND"]), *moved]),
        code=Exit.USAGE,
    )


def _refuse_shell(option: str, rest: Sequence[str]) -> None:
    """Typer looks which shell it runs in, and would pass over the name of another."""
    name, _, value = option.partition("=")
    shell = value or (rest[0] if rest else "")
    if shell:
        raise CompanionError(
            f"{name} takes no shell's name: it is for the shell that it is typed in",
            hint=f"{shlex.quote(shell)} -c 'fastcompanion {name}'",
            code=Exit.USAGE,
        )


def _once(message: str) -> str:
    """Give a usage error in one line, its suggestion once: two libraries both add theirs."""
    message = re.sub(r"\s*\n\s*", " ", message)
    if message.count("Did you mean") < 2:
        return message
    without = re.sub(r" \(Did you mean[^()]*\)$", "", message)
    return re.sub(r"( Did you mean [^?]*\?)\1$", r"\1", without)


def _reader_gone() -> int:
    """Take it that the reader has seen enough (`| head`), and keep Python from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.DONE)


def _interrupted() -> int:
    if sys.stderr.isatty():
        # The terminal has written ^C behind a question or a bar.
        sys.stderr.write("\n")
    console.fail(CompanionError("interrupted; what was finished is kept", code=Exit.INTERRUPTED))
    return int(Exit.INTERRUPTED)


def _unexpected(error: Exception) -> int:
    # Usage errors and aborts come from the library under Typer, whose classes are not ours to
    # import: they are known by their shape.
    if type(error).__name__ == "Abort":
        return _interrupted()
    message: Any = getattr(error, "format_message", None)
    if type(error).__name__ == "NoArgsIsHelpError" and callable(message):
        # A group without a word: its help is the message, or has been drawn already.
        if text := str(message()):
            console.say(text)
        return int(Exit.USAGE)
    if callable(message):
        context: Any = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help" if context is not None else "fastcompanion --help"
        console.fail(CompanionError(_once(str(message())), hint=hint, code=Exit.USAGE))
        return int(Exit.USAGE)
    sys.stderr.write(traceback.format_exc())
    hint = "This is a bug in fastcompanion: please report it with the lines above."
    console.fail(CompanionError(f"{type(error).__name__}: {error}", hint=hint))
    return int(Exit.FAILED)
