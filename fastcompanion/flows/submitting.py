"""Sending predictions: what a project knows of the file, and the competition it goes to."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import kept, log, metrics, notebooks, setting, submitting
from fastcompanion.competition.site import target as targets
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.log import Validation
from fastcompanion.competition.site.submitting import Beside, Prepared, Submitted
from fastcompanion.competition.site.target import Target
from fastcompanion.competition.validation.hoped import hoped
from fastcompanion.project import families, scoring
from fastcompanion.project.place import Project

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
        what = "is a folder" if file.is_dir() else "no such file"
        raise CompanionError(what, hint="Name the file of predictions.", file=file, code=Exit.USAGE)  # fmt: skip
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
    root = setting.project_of(file.absolute().parent) or setting.project_of()
    target = setting.target(competition, root)
    client = clients.connect(target, reporter=reporter)

    def expected(metric: str) -> Validation | None:
        return _newest(root, metric, score)

    about = submitting.prepare(
        client,
        target,
        file,
        message,
        beside=beside,
        expected=expected,
        project=root,
        code=log.code(root),
        force=force,
    )
    return Ready(client, target, about, root)


def prepare_notebook(
    notebook: str,
    version: int,
    file: Path | None,
    competition: str,
    message: str,
    *,
    score: float | None,
    force: bool,
    reporter: Reporter,
) -> Ready:
    """Look whether a file that a notebook of the site has written can be submitted there."""
    root = setting.project_of()
    target = setting.target(competition, root)
    client = clients.connect(target, reporter=reporter)
    about = submitting.prepare_notebook(
        client,
        target,
        notebooks.named(notebook, client),
        version,
        file.name if file is not None else FILE,
        message,
        validation=Validation("", "", "", score) if score is not None else None,
        code=log.code(root),
        force=force,
    )
    return Ready(client, target, about, root)


def _newest(root: Path | None, metric: str, score: float | None) -> Validation | None:
    """Take the score that was named, else that of the project's newest run, which may not have made the file."""
    told = hoped(root) if root is not None else None
    if score is not None:
        return Validation("", metric, told.score.direction if told else "", score)
    if told is None or root is None:
        return None
    return of_run(Project(root), told.run, metric, sure=False)


def of_run(project: Project, run: str, metric: str, *, sure: bool) -> Validation | None:
    """Score a run by the metric of the competition where that can be, else by the project's own."""
    found, _ = scoring.read(project)
    if run not in found:
        return None
    settings = project.settings()
    own, ours = str(settings["metric"]), metrics.known(metric)
    fitting = families.METRICS.get(str(settings["kind"]), ())
    for name in dict.fromkeys((ours if ours in fitting else own, own)):
        try:
            one = scoring.score_of(project, name, found[run][1])
        except (CompanionError, ValueError, KeyError):
            continue
        return Validation(run, one.metric, one.direction, one.value, one.low, one.high, one.n, sure)
    return None


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
        try:
            adopt(ready.project, ready.target)
        except CompanionError as error:
            # It was sent, and nothing that comes after may look as if it was not.
            reporter.note(f"{setting.SETTINGS} does not name {ready.target.text}: {error.message}")
    return done


def competition_of(named: str, data: Path | None) -> str:
    """Name the competition of a new project: the one that was named, else the one its data were downloaded from."""
    if named.strip():
        return targets.find(named).text
    record = data / kept.NAME if data is not None else None
    if record is None or not record.is_file():
        return ""
    try:
        return targets.find(str(store.read_json(record)["source"])).text
    except (CompanionError, KeyError, TypeError):
        # The data are good for a project whatever became of the competition.
        return ""


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
