"""`check --on SERVER` and `project train --on SERVER`: the work is done there, the results are here.

The learner's files there are a copy that can be deleted at any time. Nothing is recorded before the whole
answer is here: a connection that is cut, or Ctrl-C, ends the run there and leaves everything as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion import __version__
from fastcompanion.base import clock, process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import HOME_VARIABLE, Workspace
from fastcompanion.course.checks import check as checks
from fastcompanion.course.checks import prepared
from fastcompanion.course.checks.check import Asked, CheckReport
from fastcompanion.course.checks.verdict import CheckpointVerdict, SectionVerdict
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.flows import notebook_door, projects
from fastcompanion.flows.projects import ToTrain, Trained
from fastcompanion.project import scoring
from fastcompanion.project.place import Project
from fastcompanion.server import connection as connections
from fastcompanion.server import listing, parcels, registry, states
from fastcompanion.server.comparing import Entry
from fastcompanion.server.connection import Connection
from fastcompanion.server.failures import SSH

#: makes the program there tell of its progress although its answer is JSON
PROGRESS_VARIABLE = "FASTCOMPANION_PROGRESS"
# What is on its way from and to notebook servers.
_NOT_SENT = ("travel", "fastcompanion-results")
_FEW = 1_000_000
#: how often a run is fetched, and the seconds between
_TURNS, _PAUSE = 4, 2.0


def check(
    ws: Workspace, asked: Asked, name: str, *, reporter: Reporter, record: bool
) -> CheckReport:
    """Check a reproduction on a server in a fresh kernel there; recorded here as if it had run here."""
    course, lesson = lessons.find(ws, asked.lesson)
    ready = prepared.prepare(ws, course, lesson, asked.notebook)
    connection = connections.connect(states.awake(registry.find(name)), reporter=reporter)
    where = connection.server.called
    with connection.shared():
        there = parcels.find_python(connection, "fastcompanion", "fastcompanion")
        folder = f"study-{notebook_door.study_key(ws)}"
        _send(connection, folder, dict(_study(ws, course, lesson, ready.ref)), (), reporter)
        home = f"{there.home}/{parcels.FOLDER}/{folder}/home"
        argv = ["env", f"{HOME_VARIABLE}={home}", f"{PROGRESS_VARIABLE}=1"]
        # -P: a folder of the learner's that is called like a module of ours is no module.
        argv += [there.python, "-P", "-m", "fastcompanion", "check", lesson.id]
        argv += ["--json", "--dry-run"]
        argv += ["--study", ".", "--notebook", ready.ref.id, *_options(asked, there.python)]
    reporter.note(f"checking on {where}")
    done = _run(connection, folder, argv, None, reporter.note)
    report = _report(done, where, ready.path)
    report = replace(report, notices=(f"checked on {where}", *report.notices))
    if prepared.prepare(ws, course, lesson, asked.notebook).plan.key != ready.plan.key:
        told = "the notebook was changed here meanwhile: this is of the text before that"
        report = replace(report, notices=(told, *report.notices), complete=False)
    return checks.take(ws, ready, report) if record else report


def _options(asked: Asked, python: str) -> list[str]:
    words = ["--kernel", asked.kernel or python]
    words += ["--section", asked.section] if asked.section else []
    words += ["--budget", f"{asked.budget:g}"] if asked.budget else []
    words += ["--cell-timeout", f"{asked.cell_timeout:g}"] if asked.cell_timeout else []
    return words


def _study(
    ws: Workspace, course: Course, lesson: Lesson, ref: NotebookRef
) -> Iterator[tuple[str, Path | bytes]]:
    """Give the tiny study that a check needs, and what lies beside the notebook."""
    for name, text in notebook_door.tiny_study(ws, course, lesson, ref).items():
        yield name, text.encode()
    for sha256, text in notebook_door.originals(course, ref).items():
        yield f"home/cache/originals/{sha256}.ipynb", text.encode()
    folder = ws.lesson_folder(lesson.id)
    for path in _files(folder):
        is_own = path == ws.notebook(lesson.id, ref.id, "scratch")
        if path.suffix != ".ipynb" or is_own:
            yield ws.relative(folder) + "/" + path.relative_to(folder).as_posix(), path


def _files(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Give all files of a folder; links are followed, as data may lie elsewhere, but never in a circle."""
    own = folder.resolve()
    for path in sorted(folder.iterdir() if own not in above else ()):
        if path.name in _NOT_SENT or listing.is_never(path.name):
            continue
        if path.is_dir():
            yield from _files(path, (*above, own))
        elif path.is_file():
            yield path


def _send(
    connection: Connection,
    folder: str,
    files: Mapping[str, Path | bytes],
    keep: tuple[str, ...],
    reporter: Reporter,
) -> None:
    where = connection.server.called
    size = sum(one.stat().st_size for one in files.values() if isinstance(one, Path))
    if size > _FEW:
        reporter.note(f"up to {size / 1e6:.0f} MB go to {where}, only what is not there yet")
    parcels.send(connection, folder, files, keep=keep)


def _run(
    connection: Connection, folder: str, argv: list[str], on_line: Any, on_error_line: Any
) -> Completed:
    """Run it there; a way that breaks meanwhile is told as what it is.

    It has a connection of its own: a shared one tells the other side of our end only after a while.
    """
    where = connection.server.called
    message, hint = f"the connection to {where} was cut", "Try again."
    try:
        done = parcels.run(connection, folder, argv, on_line=on_line, on_error_line=on_error_line)
        if done.code != SSH:
            return done
    except CompanionError as error:
        message, hint = error.message, error.hint
    raise CompanionError(
        f"{message}; what ran there was ended, and nothing of it was recorded",
        hint=hint,
        code=Exit.MISSING,
    )


def _report(done: Completed, where: str, path: Path) -> CheckReport:
    """Read the answer of the program there."""
    try:
        told = json.loads(done.out)
        data, errors = told["data"], told["errors"]
    except (ValueError, KeyError, TypeError):
        raise _strange(done, where) from None
    if errors:
        first = errors[0]
        raise CompanionError(
            f"on {where}: {first.get('message')}",
            hint=str(first.get("hint") or ""),
            code=Exit(done.code) if done.code in list(Exit) else Exit.FAILED,
        )
    try:
        sections = tuple(_section(one) for one in data["sections"])
        words = {name: data[name] for name in ("lesson", "notebook", "verdict", "first", "fresh")}
        notices = tuple(str(one) for one in data["notices"])
        seconds, complete = float(data["seconds"]), bool(data["complete"])
    except (KeyError, TypeError, ValueError):
        raise _strange(done, where) from None
    return CheckReport(**words, path=path, sections=sections, complete=complete, seconds=seconds, notices=notices)  # fmt: skip


def _strange(done: Completed, where: str) -> CompanionError:
    last = next((line for line in reversed((done.err or done.out).splitlines()) if line.strip()), "")  # fmt: skip
    return CompanionError(
        f"the program on {where} gave no answer that {__version__} understands (exit {done.code}): {last[:200]}",
        hint=f"fastcompanion server setup {where}   brings the same version there",
        code=Exit.MISSING,
    )


def _section(row: Mapping[str, Any]) -> SectionVerdict:
    points = tuple(CheckpointVerdict(**one) for one in row["checkpoints"])
    return SectionVerdict(**{**row, "checkpoints": points})


def to_train(project: Project, model: str, name: str, *, seed: int | None, fast: bool) -> ToTrain:
    """Say what training on a server would do; it is not asked."""
    where = registry.find(name).called
    return projects.to_train(project, model, seed=seed, fast=fast, server=where)


def train(
    project: Project, model: str, name: str, *, seed: int | None, fast: bool, reporter: Reporter
) -> Trained:
    """Fit a model of a project on a server, in the Python that `server setup` made there; scored here."""
    chosen = model or projects.furthest(project)
    connection = connections.connect(states.awake(registry.find(name)), reporter=reporter)
    where = connection.server.called
    folder = f"project-{hashlib.sha256(str(project.root).encode()).hexdigest()[:10]}"
    files: dict[str, Path | bytes] = {
        path.relative_to(project.root).as_posix(): path
        for path in _files(project.root)
        if not path.is_relative_to(project.runs)
    }
    with connection.shared():
        there = parcels.find_python(connection, "sys", "which models can be trained")
        _send(connection, folder, files, (project.runs.name,), reporter)
        before = parcels.contents(connection, folder)
        words = [there.python, "-u", *projects.training(chosen, seed, fast=fast)]
    reporter.note(f"training on {where}")
    done = _run(connection, folder, words, reporter.note, reporter.note)
    if done.code != 0:
        raise _failed(done, words, where)
    _bring_runs(connection, folder, project, before)
    said = [line for line in done.out.splitlines() if line.strip()]
    board = None if fast else scoring.board(project)
    return Trained(chosen, said[-1] if said else "", done.seconds, board)


def _bring_runs(
    connection: Connection, folder: str, project: Project, before: Mapping[str, Entry]
) -> None:
    """Bring what a training has written, and try more than once: it may have taken hours."""
    where = connection.server.called
    runs = f"{project.runs.name}/"
    for left in reversed(range(_TURNS)):
        try:
            with connection.shared():
                after = parcels.contents(connection, folder)
                new = [one for one in after if one.startswith(runs) and after[one] != before.get(one)]  # fmt: skip
                parcels.fetch(connection, folder, new, project.root)
            return
        except CompanionError as error:
            if not left:
                raise CompanionError(
                    f"it has been trained on {where}, but what it wrote did not come: {error.message}",
                    hint=f"It lies there in ~/{parcels.FOLDER}/{folder}/{runs[:-1]}, until the same model is trained there again.",
                    code=error.code,
                ) from error
            clock.pause(_PAUSE)


def _failed(done: Completed, words: list[str], where: str) -> CompanionError:
    lines = [line for line in (*done.out.splitlines(), *done.err.splitlines()) if line.strip()]
    last = lines[-1].strip() if lines else f"exit {done.code}"
    if last.startswith("ModuleNotFoundError"):
        return CompanionError(
            f"on {where}: {last}", hint=f"fastcompanion server setup {where}", code=Exit.MISSING
        )
    return CompanionError(
        f"on {where}: {process.shown(words[2:])}: {last}; nothing was brought back",
        hint=f"fastcompanion project train {words[3]}   tries the same here",
    )
