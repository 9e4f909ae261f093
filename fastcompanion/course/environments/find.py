"""Which Python a learner means: an environment, a venv folder, an interpreter, a kernelspec."""

from __future__ import annotations

import os
from pathlib import Path

from fastcompanion.base import kernel, process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN, Interpreter
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import shelf
from fastcompanion.course.model import Course


@frozen
class Usable:
    """Something on this machine that can run notebooks; `use` is what to type after `env use`."""

    use: str
    kind: str
    where: str


def find_interpreter(
    text: str | None,
    course: Course | None = None,
    ws: Workspace | None = None,
    reporter: Reporter = SILENT,
) -> Interpreter:
    """Find the interpreter that runs a course's notebooks.

    `text` is an environment's name, a venv folder, an interpreter or a kernelspec's name, in that
    order. Without it the course's remembered kernel counts, then the tool's own interpreter, which
    is right for built-in courses and a stopgap (with a note) for all others. Paths are relative
    to the working folder, else to the study.
    """
    if text:
        return _named(text, ws)
    if course is not None and course.kernel:
        return _remembered(course, course.kernel, ws)
    if course is not None and course.kind != "builtin":
        reporter.note(
            f"{course.id} has no environment yet: using the tool's own Python "
            f"(fastcompanion env create --for {course.id})"
        )
    return OWN


def _remembered(course: Course, kernel: str, ws: Workspace | None) -> Interpreter:
    try:
        return _named(kernel, ws)
    except CompanionError as error:
        raise CompanionError(
            f"{course.id} runs on {kernel}, and {error.message}",
            hint=f"fastcompanion env create --for {course.id}, then: fastcompanion env use NAME",
            code=error.code,
        ) from None


def _named(text: str, ws: Workspace | None) -> Interpreter:
    environment = shelf.find(text)
    if environment is not None:
        return venv_interpreter(environment.folder, environment.name)
    found = _from_path(text, ws) or _from_program(text) or kernel.kernelspec(text)
    if found is None:
        raise CompanionError(
            f"{text!r} is no environment, venv folder, interpreter or kernelspec here",
            hint="fastcompanion env list --all",
            code=Exit.MISSING,
        )
    return found


def venv_interpreter(folder: Path, label: str) -> Interpreter:
    """Start Python as an activated environment would: its programs first on PATH."""
    python = shelf.python_of(folder)
    if not python.exists():
        raise CompanionError(
            f"the environment {label} has lost its Python",
            hint=f"fastcompanion env remove {label}, then create it again",
            code=Exit.MISSING,
            file=python,
        )
    path = os.pathsep.join((str(python.parent), os.environ.get("PATH", "")))
    return Interpreter((str(python),), label, {"VIRTUAL_ENV": str(folder), "PATH": path})


def _from_path(text: str, ws: Workspace | None) -> Interpreter | None:
    bases = [Path.cwd()] + ([ws.root] if ws is not None else [])
    for base in bases:
        place = base / Path(text).expanduser()
        if shelf.python_of(place).exists():
            return _with_ipykernel(venv_interpreter(place.absolute(), text))
        if place.is_file() and os.access(place, os.X_OK) and os.sep in str(Path(text)):
            return _with_ipykernel(Interpreter((str(place.absolute()),), text, {}))
    return None


def _from_program(text: str) -> Interpreter | None:
    found = process.which(text) if Path(text).name == text and "python" in text else None
    return _with_ipykernel(Interpreter((str(found),), text, {})) if found else None


def _with_ipykernel(interpreter: Interpreter) -> Interpreter:
    probe = "import importlib.util as u; raise SystemExit(u.find_spec('ipykernel') is None)"
    done = process.run((*interpreter.argv, "-c", probe), check=False, timeout=60)
    if done.code != 0:
        raise CompanionError(
            f"{interpreter.label} can't run notebooks: it has no ipykernel",
            hint=f"{process.shown(interpreter.argv)} -m pip install ipykernel",
            code=Exit.MISSING,
        )
    return interpreter


def usable() -> tuple[Usable, ...]:
    """List what else could run notebooks here: kernelspecs, an active venv, venvs nearby."""
    found = [
        Usable(name, "kernelspec", process.shown(spec.argv[:1]))
        for name, spec in kernel.kernelspecs().items()
        if is_python(spec)
    ]
    active = os.environ.get("VIRTUAL_ENV")
    nearby = [Path(active)] if active else []
    nearby += [Path.cwd() / name for name in (".venv", "venv")]
    folders = [f for f in dict.fromkeys(p.absolute() for p in nearby) if _has_ipykernel(f)]
    found += [Usable(str(f), "venv folder", str(shelf.python_of(f))) for f in folders]
    return tuple(found)


def is_python(interpreter: Interpreter) -> bool:
    """Say whether a kernelspec's command is a Python kernel, the only kind that lessons have."""
    return any("ipykernel" in word or "xpython" in word for word in interpreter.argv)


def _has_ipykernel(folder: Path) -> bool:
    places = ("lib/python*/site-packages/ipykernel", "Lib/site-packages/ipykernel")
    return any(any(folder.glob(place)) for place in places)
