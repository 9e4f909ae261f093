"""Sending predictions: what a project knows of the file, and the competition it goes to."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import repo
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import log, setting, submitting
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.log import Validation
from fastcompanion.competition.site.submitting import Beside, Prepared, Submitted
from fastcompanion.competition.site.target import Target
from fastcompanion.competition.validation.hoped import hoped
from fastcompanion.data.scores import Score

FILE = "submission.csv"


@frozen
class Ready:
    """A submission that was looked at, and the way to its site."""

    client: Client
    target: Target
    prepared: Prepared
    project: Path | None


def file_of(file: Path | None) -> Path:
    """Choose the file: the one that was named, else submission.csv here or in the project."""
    if file is None:
        project = setting.project_of()
        places = (Path(FILE), *((project / FILE,) if project else ()))
        file = next((one for one in places if one.is_file()), None)
    if file is None:
        raise CompanionError(
            f"there is no {FILE} here",
            hint="fastcompanion kaggle submit FILE; in a project: fastcompanion project submit",
            code=Exit.USAGE,
        )
    if not file.is_file():
        raise CompanionError("no such file", hint="Name the file of predictions.", file=file, code=Exit.USAGE)  # fmt: skip
    return file


def prepare(
    file: Path,
    competition: str,
    message: str,
    *,
    beside: Beside,
    score: float | None,
    force: bool,
    reporter: Reporter,
) -> Ready:
    """Look whether a file can go to the competition that was named, else to that of its project."""
    project = setting.project_of(file.absolute().parent) or setting.project_of()
    target = setting.target(competition, project)
    client = clients.connect(target, reporter=reporter)
    about = submitting.prepare(
        client,
        target,
        file,
        message,
        beside=beside,
        validation=_validation(project, score),
        project=project,
        code=log.code(project),
        force=force,
    )
    return Ready(client, target, about, project)


def _validation(project: Path | None, score: float | None) -> Validation | None:
    """Take the score that was named, else that of the project's newest run, which may not have made the file."""
    told = hoped(project) if project is not None else None
    if score is not None:
        metric = told.score.metric if told else ""
        direction = told.score.direction if told else ""
        return Validation("", metric, direction, score)
    return of_score(told.run, told.score, sure=False) if told is not None else None


def of_score(run: str, score: Score, *, sure: bool) -> Validation:
    """Make a run's score what the log keeps of it."""
    return Validation(
        run, score.metric, score.direction, score.value, score.low, score.high, score.n, sure
    )


def send(ready: Ready, *, wait: float, reporter: Reporter) -> Submitted:
    """Send it, and make its competition that of the project where that has none yet."""
    done = submitting.send(
        ready.client,
        ready.target,
        ready.prepared,
        project=ready.project,
        wait=wait,
        reporter=reporter,
    )
    if ready.project is not None:
        adopt(ready.project, ready.target)
    return done


def adopt(project: Path, target: Target) -> str:
    """Make a competition that of a project which has none yet, and commit that; gives the one it has then.

    A project.yml with changes of the learner's is written, and left to be committed by them.
    """
    named = setting.of(project)
    if named:
        return named
    clean = bool(repo.unchanged(project, [project / setting.SETTINGS]))
    path = setting.write(project, target.text)
    if clean:
        repo.commit(project, [path], f"Take part in {target.text}")
    return target.text
