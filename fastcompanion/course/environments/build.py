"""Building environments: a plan with its sizes, the learner's leave, then uv's (or pip's) work."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from fastcompanion.base import clock, process, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.course.environments import shelf, sizes
from fastcompanion.course.environments.pip import Pip
from fastcompanion.course.environments.shelf import Environment
from fastcompanion.course.environments.sizes import Sizes
from fastcompanion.course.environments.uv import Lock, UnresolvableError, Uv, Wanted, find_uv

LOCK = "pylock.toml"
_PYTHON_BYTES = 35_000_000
# What takes long enough to be told: large downloads, builds, and uv's own milestones.
_TELLING = re.compile(r"Downloading \S+ \((\d{2,}(\.\d)?MiB|[\d.]+GiB)\)|Prepared|Building")
_INSTALLED = re.compile(r"^\s*\+ ([A-Za-z0-9._-]+)==")


class Installer(Protocol):
    """What resolves and installs: uv, or pip for the plain cases."""

    def resolve(self, wanted: Wanted) -> Lock:
        """Find releases that fit together."""

    def make_venv(self, folder: Path, python: str) -> None:
        """Make an empty environment."""

    def install(self, folder: Path, lock: Lock, on_line: Callable[[str], None]) -> None:
        """Install a resolution."""


@frozen
class Plan:
    """An environment that could be built, with its sizes in bytes.

    `python` is a version, `program` what makes the venv; `fetches` says that Python itself has to
    be fetched first; `beside` is an environment that shares most of the files.
    """

    name: str
    python: str
    program: str
    requirements: tuple[str, ...]
    lock: Lock
    sizes: Sizes
    fetches: bool = False
    as_of: str = ""
    made_for: str = ""
    moved_back: tuple[str, ...] = ()
    beside: Path | None = None
    notes: tuple[str, ...] = ()


Approve = Callable[[Plan], bool]


@frozen
class Python:
    """A Python to build with: its version ("3.11") and the program, or what uv should fetch."""

    version: str
    program: str
    fetches: bool = False


def own_python() -> Python:
    """Give the Python that we run on."""
    return Python(f"{sys.version_info.major}.{sys.version_info.minor}", sys.executable)


def installer(python: str | None) -> tuple[Installer, Python]:
    """Give uv where it is found, else pip, with the Python that `--python` names."""
    uv = find_uv()
    if uv is not None:
        return uv, choose_python(python, uv)
    chosen = choose_python(python, None)
    return Pip(chosen.program), chosen


def choose_python(text: str | None, tool: Uv | None) -> Python:
    """Find the Python that `--python` names: a version like 3.10, or a program."""
    if text is None:
        return own_python()
    if not re.fullmatch(r"3\.\d+", text):
        return _program(text)
    if text == own_python().version:
        return own_python()
    found = tool.find_python(text) if tool is not None else process.which(f"python{text}")
    if found is not None:
        return Python(text, str(found))
    if tool is not None:
        return Python(text, text, fetches=True)
    raise CompanionError(
        f"Python {text} is not here",
        hint="Install it, or get uv, which fetches it: pipx install uv",
        code=Exit.MISSING,
    )


def _program(text: str) -> Python:
    program = process.which(text)
    if program is None:
        raise CompanionError(
            f"{text!r} is no Python version and no program",
            hint="Write a version like 3.11, or the path of an interpreter.",
            code=Exit.USAGE,
        )
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    return Python(process.run((str(program), "-c", ask), timeout=60).out.strip(), str(program))


def plan(
    tool: Installer,
    name: str,
    requirements: Sequence[str],
    python: Python,
    *,
    made_for: str = "",
) -> Plan:
    """Resolve today's releases and measure them."""
    try:
        lock = tool.resolve(Wanted(tuple(requirements), python.version))
    except UnresolvableError as error:
        raise CompanionError(
            f"these packages do not go together on Python {python.version}: {_why(error)}",
            hint="Try another --python or fewer packages.",
            code=Exit.MISSING,
        ) from None
    return Plan(
        name=name,
        python=python.version,
        program=python.program,
        fetches=python.fetches,
        requirements=tuple(requirements),
        lock=lock,
        sizes=sizes.measure(lock.packages),
        made_for=made_for,
    )


def _why(error: UnresolvableError) -> str:
    said = " ".join(error.reason.split()).partition("cause: ")[2] or error.reason
    return said[:300] + (" …" if len(said) > 300 else "")


def build(tool: Installer, plan: Plan, approve: Approve, reporter: Reporter) -> Environment | None:
    """Build what was planned, if `approve` (who sees the sizes) says so; None when not."""
    if shelf.find(shelf.checked_name(plan.name)) is not None:
        raise shelf.taken(plan.name)
    if not approve(plan):
        return None
    with shelf.building(plan.name) as place:
        fill(tool, place.folder, plan, reporter)
        return place.finish(describe(place.folder, plan))


def fill(tool: Installer, folder: Path, plan: Plan, reporter: Reporter) -> None:
    """Make the virtual environment and install the plan's packages, with progress."""
    sizes.check_room(plan.sizes.disk if plan.beside is None else plan.sizes.download)
    tool.make_venv(folder, plan.program)
    if plan.lock.text:
        store.write_text(folder / LOCK, plan.lock.text)
    with reporter.task("Installing", len(plan.lock.packages)) as task:

        def on_line(line: str) -> None:
            line = line.strip()
            if _INSTALLED.match(line):
                task.advance(1)
            elif _TELLING.match(line):
                task.advance(0, line)

        tool.install(folder, plan.lock, on_line)


def describe(folder: Path, plan: Plan, *, ran: str = "") -> Environment:
    """Say what stands in a filled folder now, with its measured size."""
    return Environment(
        name=plan.name,
        folder=folder,
        python=plan.python,
        created=clock.stamp(),
        as_of=plan.as_of,
        requirements=plan.requirements,
        versions=plan.lock.versions,
        size=shelf.size_of(folder),
        downloaded=plan.sizes.download,
        made_for=plan.made_for,
        ran=ran,
        moved_back=plan.moved_back,
    )


def fetch_python(tool: Uv, plan: Plan, reporter: Reporter) -> str | None:
    """Fetch the plan's Python and give its program; None when it can't be had."""
    reporter.note(f"Fetching Python {plan.python} (about {sizes.human(_PYTHON_BYTES)})")
    found = tool.fetch_python(plan.python)
    return str(found) if found else None
