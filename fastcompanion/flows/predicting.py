"""A project's own submission: one of its models predicts, and the file goes the way of all others."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import log, setting, submitting
from fastcompanion.competition.site.log import Validation
from fastcompanion.competition.site.submitting import Beside
from fastcompanion.competition.site.target import Target
from fastcompanion.flows import on_practice, projects
from fastcompanion.flows.submitting import FILE, Ready, of_run
from fastcompanion.project import running, scoring
from fastcompanion.project.place import BASELINE, Project

SCRIPT = "submit.py"


def predicted(
    project: Project,
    model: str,
    competition: str,
    message: str,
    *,
    kernel: str,
    study: Workspace | None,
    force: bool,
    reporter: Reporter,
) -> Ready:
    """Write the submission of a project by one of its models, and look whether it can go.

    The site is asked before the model learns, as nothing is to be had of a day that is used up.
    """
    target = _target_of(project, competition)
    elsewhere = on_practice.needs_copy(project, target)
    if not elsewhere:
        _has_script(project)
    client = clients.connect(target, reporter=reporter)
    submitting.allowed(client, target, force=force)
    chosen, run = _model(project, model)
    python = projects.python_for(project, kernel, study)
    code = log.code(project.root)
    file = project.root / FILE
    before = _changed_at(file)
    if elsewhere:
        reporter.note(f"{chosen} learns from the train.csv of {target.text}, without its hidden rows.")  # fmt: skip
        on_practice.predict(project, target, chosen, python=python, reporter=reporter)
    else:
        running.script(project, [SCRIPT, chosen], python=python, reporter=reporter)
    if _changed_at(file) in (None, before):
        raise CompanionError(
            f"{SCRIPT} {chosen} ended well and wrote no {FILE}: nothing was sent",
            hint=f"Let it write {FILE}; a file of another name: fastcompanion kaggle submit FILE",
            file=project.root / SCRIPT,
        )

    def expected(metric: str) -> Validation | None:
        return of_run(project, run, metric, sure=True) if run else None

    words = message.strip() or " ".join(filter(None, (chosen, f"({code.text})" if code.text else "")))  # fmt: skip
    about = submitting.prepare(
        client,
        target,
        file,
        words,
        beside=Beside(),
        expected=expected,
        project=project.root,
        code=code,
        force=force,
    )
    return Ready(client, target, about, project.root)


def _changed_at(file: Path) -> int | None:
    """Say when a file was written last: one of an earlier run is not what this model predicts."""
    return file.stat().st_mtime_ns if file.is_file() else None


def _has_script(project: Project) -> None:
    if (project.root / SCRIPT).is_file():
        return
    if not project.data.is_dir() or not any(project.data.glob("test*.csv")):
        raise CompanionError(
            "the project has no rows to predict: there is no test.csv in its data",
            hint="fastcompanion kaggle practice new --from data, which hides some of its rows",
            code=Exit.USAGE,
        )
    raise CompanionError(
        f"the project has no {SCRIPT} yet", hint="fastcompanion project next submission --yes"
    )


def plan(project: Project, model: str, competition: str) -> tuple[str, str]:
    """Say which model would predict, for which competition; nothing is asked and nothing runs."""
    return _model(project, model)[0], _target_of(project, competition).text


def _target_of(project: Project, competition: str) -> Target:
    if not competition.strip() and not setting.of(project.root):
        raise CompanionError(
            "this project is for no competition yet",
            hint="-c NAME; or practise on its data: fastcompanion kaggle practice new --from data",
            code=Exit.NOT_SET_UP,
        )
    return setting.target(competition, project.root)


def _model(project: Project, model: str) -> tuple[str, str]:
    """Choose the model: the one that was named, else that of the best run; gives its run too, if it has one."""
    found, _ = scoring.read(project)
    ranked = [one.name for one in scoring.board(project, write=False).runs] if found else []
    files = {path.stem for path in project.root.glob("*.py")}
    best = next((found[one][0].name for one in ranked if found[one][0].name in files), BASELINE)
    chosen = model or best
    own = [one for one in ranked if found[one][0].name == chosen]
    return chosen, chosen if chosen in own else next(iter(own), "")
