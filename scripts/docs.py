"""Write docs/commands.md from the program itself: `python -m scripts.docs [--check]`.

The page is made from what Typer builds, by the shape of its objects: no import of what lies below Typer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastcompanion.cli import build, program

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
COMMON = ("--json", "--quiet", "--yes", "--dry-run", "--study")
HEAD = """# Commands

Made from the program by `make docs`; a test compares the two. What exit codes mean stands in
[exit-codes.md](exit-codes.md), which files are written in [files.md](files.md).
"""


def root() -> Any:
    """Build the program and give its command tree."""
    return program(build(terminal=False))


def walk(command: Any, path: str = "fastcompanion") -> Iterator[tuple[str, Any]]:
    """Yield every visible command below `command` with the words that call it, groups before their commands."""
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            words = f"{path} {name}"
            yield words, child
            yield from walk(child, words)


def is_group(command: Any) -> bool:
    """Tell whether the command only holds others."""
    return bool(getattr(command, "commands", None))


def page() -> str:
    """Write the whole page."""
    commands = list(walk(root()))
    leaves = [(words, command) for words, command in commands if not is_group(command)]
    daily = [(words, command) for words, command in leaves if words.count(" ") == 1]
    grouped = [
        (words, command) for words, command in commands if words.count(" ") > 1 or is_group(command)
    ]
    parts = [HEAD, overview(leaves), common_options(leaves), "## Daily words\n"]
    parts += [section(words, command) for words, command in daily]
    parts += [section(words, command) for words, command in grouped]
    return "\n".join(parts).rstrip() + "\n"


def overview(leaves: list[tuple[str, Any]]) -> str:
    """List every command with the first sentence of its help."""
    rows = [
        f"| [`{words}`](#{anchor(words)}) | {cell(first_sentence(command))} |"
        for words, command in leaves
    ]
    return "\n".join(["| command | what it does |", "|---|---|", *rows, ""])


def common_options(leaves: list[tuple[str, Any]]) -> str:
    """Describe once the options that every command takes."""
    _, some = leaves[0]
    rows = [option_row(option) for option in some.params if option.opts[0] in COMMON]
    return "\n".join(
        ["Every command takes these options:\n", "| option | meaning |", "|---|---|", *rows, ""]
    )


def anchor(words: str) -> str:
    """Give the anchor that a heading gets in rendered Markdown."""
    return words.lower().replace(" ", "-")


def section(words: str, command: Any) -> str:
    """Describe one command or group."""
    if is_group(command):
        return f"## {words}\n\n{prose(command.help)}\n"
    lines = [f"### {words}\n", f"```\n{usage(words, command)}\n```\n", prose(command.help), ""]
    own = [
        param
        for param in command.params
        if param.opts[0] not in COMMON and not getattr(param, "hidden", False)
    ]
    rows = [option_row(param) for param in own if param.name != "help"]
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def usage(words: str, command: Any) -> str:
    """Spell how the command is called."""
    arguments = [
        argument_name(param) for param in command.params if param.param_type_name == "argument"
    ]
    return " ".join([words, "[OPTIONS]", *arguments])


def argument_name(param: Any) -> str:
    """Spell an argument as usage lines do."""
    name = (param.metavar or param.name).upper().strip("[]")
    dots = "..." if param.nargs == -1 else ""
    return f"{name}{dots}" if param.required else f"[{name}]{dots}"


def option_row(param: Any) -> str:
    """Describe one argument or option as a row."""
    if param.param_type_name == "argument":
        spelled = argument_name(param)
    else:
        value = "" if param.is_flag else f" {(param.metavar or param.type.name).upper()}"
        spelled = ", ".join([*param.opts, *param.secondary_opts]) + value
    return f"| `{spelled}` | {cell((param.help or '').strip() + default_of(param))} |"


def default_of(param: Any) -> str:
    """Say what happens without the option, where that says anything."""
    shown = getattr(param, "show_default", None)
    if isinstance(shown, str):
        return f" [default: {shown}]"
    plain = isinstance(param.default, str | int | float) and not isinstance(param.default, bool)
    return f" [default: {param.default}]" if plain and not param.required else ""


def prose(text: str | None) -> str:
    """Undo the indentation and the line breaks of a docstring; paragraphs stay."""
    paragraphs = re.split(r"\n\s*\n", (text or "").replace("\b", "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def first_sentence(command: Any) -> str:
    """Give the first sentence of a command's help."""
    text = prose(command.help).split("\n\n")[0]
    return re.split(r"(?<=[.!?])\s", text)[0]


def cell(text: str) -> str:
    """Make a text safe inside a table."""
    return " ".join(text.split()).replace("|", "\\|")


def main(*arguments: str) -> int:
    """Write the page, or with --check say whether it is fresh."""
    made = page()
    if "--check" in arguments:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == made
        print(
            "docs/commands.md is fresh" if fresh else "docs/commands.md is stale: run `make docs`"
        )
        return 0 if fresh else 4
    PAGE.write_text(made, encoding="utf-8")
    print(f"Wrote {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
