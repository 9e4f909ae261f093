"""Projects and what other wings know: environments of the course wing run a project's models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter, Task
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import find, shelf
from fastcompanion.data.dataset import Problem, Question
from fastcompanion.project import demo as demos
from fastcompanion.project import families, new, plan, running, scoring
from fastcompanion.project import space as spaces
from fastcompanion.project.choices import Asked
from fastcompanion.project.new import Made
from fastcompanion.project.place import BASELINE, MAJORITY, Project
from fastcompanion.project.plan import Plan
from fastcompanion.project.scoring import Board, Opened
from fastcompanion.project.space import Space

#: the two models that any other has to beat, in the order in which they run
NAIVE = (MAJORITY, BASELINE)


@frozen
class Begun:
    """A new project with its first scores; `board` is None where nothing was made or the baseline failed."""

    made: Made
    answers: Mapping[str, Any]
    problems: tuple[Problem, ...]
    questions: tuple[Question, ...]
    board: Board | None
    failed: str = ""


def begin(
    asked: Plan,
    root: Path,
    study: Workspace | None,
    *,
    dry_run: bool,
    reporter: Reporter = SILENT,
) -> Begun:
    """Make a project and get its first number; a project whose baseline fails is there all the same."""
    made = new.make(asked, root, study, dry_run=dry_run, reporter=reporter)
    board, failed = None, ""
    if not dry_run:
        try:
            board = baseline(Project(root))
        except CompanionError as error:
            failed = str(error)
    return Begun(made, asked.answers, asked.problems, asked.questions, board, failed)


def baseline(project: Project) -> Board:
    """Run the two naive models of a project and score them."""
    for name in NAIVE:
        running.script(project, ["train.py", name])
    return scoring.board(project)


@frozen
class Trained:
    """What training said, and the scores after it; None after a try that writes nothing."""

    name: str
    said: str
    seconds: float
    board: Board | None


@frozen
class ToTrain:
    """What would be trained: the script and its words, on a server or here, and the run it would write.

    `run` is "" where nothing would be written; `again` says that this run is there and would be replaced.
    """

    name: str
    command: tuple[str, ...]
    server: str
    run: str
    again: bool


class _ButTheEnd:
    """Hands on what training says while it runs; the line it ends with stands in the answer."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def note(self, text: str) -> None:
        """Say a line, if it is not the last."""
        if not text.endswith(("Next: python score.py", "nothing was written")):
            self.reporter.note(text)

    def task(self, label: str, total: int | None = None) -> AbstractContextManager[Task]:
        """Show a piece of work."""
        return self.reporter.task(label, total)


def train(
    project: Project,
    name: str,
    *,
    kernel: str,
    study: Workspace | None,
    seed: int | None,
    fast: bool,
    reporter: Reporter,
) -> Trained:
    """Fit a model of the project in a Python that has what it needs."""
    chosen = name or furthest(project)
    words = training(chosen, seed, fast=fast)
    python = python_for(project, kernel, study)
    done = running.script(project, words, python=python, reporter=_ButTheEnd(reporter))
    said = done.out.strip().splitlines()[-1] if done.out.strip() else ""
    return Trained(chosen, said, done.seconds, None if fast else scoring.board(project))


def training(name: str, seed: int | None, *, fast: bool) -> list[str]:
    """Spell the script that trains a model, with its words."""
    words = ["train.py", name]
    words += [] if seed is None else ["--seed", str(seed)]
    return [*words, "--fast"] if fast else words


def to_train(
    project: Project, name: str, *, seed: int | None, fast: bool, server: str = ""
) -> ToTrain:
    """Say what training would do; nothing runs."""
    chosen = name or furthest(project)
    if not (project.root / f"{chosen}.py").is_file():
        raise CompanionError(f"there is no model {chosen!r}", hint="ls *.py", file=project.root)
    own = seed is None or seed == project.settings()["seed"]
    run = "" if fast else chosen if own else f"{chosen}-seed{seed}"
    again = bool(run) and (project.runs / run).is_dir()
    return ToTrain(chosen, tuple(training(chosen, seed, fast=fast)), server, run, again)


def furthest(project: Project) -> str:
    """Name what to train where no model is named: the one that goes furthest."""
    family = families.of_kind(str(project.settings()["kind"]))
    naive = reversed(family.naive) if family is not None else ()
    names = ("model", *naive, BASELINE, MAJORITY)
    return next((one for one in names if (project.root / f"{one}.py").is_file()), BASELINE)


def open_final(
    project: Project, name: str, *, kernel: str, study: Workspace | None, reporter: Reporter
) -> Opened:
    """Open the final rows for a run."""
    python = python_for(project, kernel, study)
    return scoring.open_final(project, name, python=python, reporter=_ButTheEnd(reporter))


def space(
    project: Project,
    name: str,
    folder: Path | None,
    *,
    kernel: str,
    study: Workspace | None,
    reporter: Reporter,
) -> Space:
    """Write the folder of a Space for a model; what has not been saved yet is saved first."""
    spaces.check(project)
    chosen, _ = _saved(project, name, kernel, study, reporter)
    return spaces.make(project, chosen, folder)


def serve(
    project: Project,
    name: str,
    port: int,
    *,
    kernel: str,
    study: Workspace | None,
    reporter: Reporter,
) -> str:
    """Show the app of a project until Ctrl-C; what has not been saved yet is saved first. Gives the model's name."""
    chosen, python = _saved(project, name, kernel, study, reporter)
    try:
        running.script(project, ["app.py", chosen, str(port)], python=python, reporter=reporter)
    except KeyboardInterrupt:
        reporter.note("ended")
    return chosen


def _saved(
    project: Project, name: str, kernel: str, study: Workspace | None, reporter: Reporter
) -> tuple[str, Sequence[str]]:
    """Choose the model that an app shows, and keep what it has learned; gives its name and its Python."""
    for file, step in (("save.py", "saved"), ("app.py", "app")):
        if not (project.root / file).is_file():
            raise CompanionError(
                f"the project has no {file} yet", hint=f"fastcompanion project next {step} --yes"
            )
    chosen = name or _best(project)
    python = python_for(project, kernel, study)
    folder = project.runs / chosen
    if not any((folder / kept).is_file() for kept in ("model.json", "model.pt")):
        running.script(project, ["save.py", chosen], python=python, reporter=reporter)
    return chosen, python


def _best(project: Project) -> str:
    """Name the model of the best run."""
    found, _ = scoring.read(project)
    names = {run.name for run, _ in found.values()}
    files = {path.stem for path in project.root.glob("*.py")}
    ranked = [run.name for run in scoring.board(project, write=False).runs] if names else []
    models = [found[one][0].name for one in ranked]
    return next((one for one in models if one in files), BASELINE)


def python_for(project: Project, kernel: str, study: Workspace | None) -> Sequence[str]:
    """Choose the Python: the one that was named, the project's own .venv, ours."""
    if kernel:
        return find.find_interpreter(kernel, ws=study).argv
    own = shelf.python_of(project.root / ".venv")
    return (str(own),) if own.exists() else OWN.argv


def planned(
    data: Path | None,
    name: str,
    *,
    demo: str,
    target: str,
    kind: str,
    metric: str,
    link: bool = False,
) -> Plan:
    """Look at the data of a new project, or make some up."""
    if data is not None and not demo:
        return plan.make(Asked(data, target, kind, metric, link=link), name)
    if data is not None or not demo:
        told = "give either data or a demo" if demo else "there is nothing to make a project of"
        raise CompanionError(
            told, hint=f"fastcompanion project new {name} --data PATH, or --demo class", code=Exit.USAGE
        )  # fmt: skip
    place = workspace.runtime_folder()
    try:
        told, files = demos.made(demo)
        for file, content in files.items():
            store.write_bytes(place / file, content, durable=False)
        made = plan.make(Asked(place, target, kind or told, metric, made_up=True), name)
        return replace(made, questions=())
    finally:
        store.remove(place)
