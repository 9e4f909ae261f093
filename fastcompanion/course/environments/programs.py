"""Programs that packages call and no package brings: which one is missing, and how to get it."""

from __future__ import annotations

import re
import sys

_CALLED = re.compile(r"failed to execute (?:\w*Path)?[\s(\['\"]*([\w./\\+-]+)", re.IGNORECASE)
_UNKNOWN = re.compile(r"([\w.+-]+): (?:command )?not found")
_PACKAGES = {"dot": "graphviz", "neato": "graphviz", "ffmpeg": "ffmpeg", "pandoc": "pandoc",
             "tesseract": "tesseract", "pdflatex": "texlive"}  # fmt: skip
_APT = {"tesseract": "tesseract-ocr"}
_INSTALLERS = {"darwin": "brew install {}", "win32": "winget install {}"}


def missing_program(error: str) -> str:
    """Name the program that an error says could not be run; empty when it names none."""
    found = _CALLED.search(error) or _UNKNOWN.search(error)
    return re.split(r"[/\\]", found[1])[-1] if found else ""


def install_line(program: str) -> str:
    """Write what installs a program on this system; empty for programs that we don't know."""
    package = _PACKAGES.get(program, "")
    if not package:
        return ""
    line = _INSTALLERS.get(sys.platform)
    return line.format(package) if line else f"sudo apt install {_APT.get(package, package)}"


def cure(error: str) -> str:
    """Say what is missing and how to get it, in one sentence."""
    program = missing_program(error)
    if not program:
        return "A program that the cell calls is not installed on this machine."
    line = install_line(program)
    how = f"Install it: {line}" if line else "Install it so that it is found on your PATH."
    return f"The program {program} is missing, which no Python package brings. {how}"
