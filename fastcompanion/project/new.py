"""Making a project: rendered beside its place, committed there, and given its name at the very end."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace, absolute
from fastcompanion.data import folds
from fastcompanion.project import media, render
from fastcompanion.project.place import BASELINE, MAJORITY, Project, Record, register
from fastcompanion.project.plan import Plan


@frozen
class Made:
    """A project that was made (or would be): its place, its files and the first commit."""

    root: Path
    name: str
    created: tuple[str, ...]
    commit: CommitResult | None


def place_of(name: str, study: Workspace | None) -> Path:
    """Say where a project of this name goes: a bare name inside a study goes to its projects/."""
    if not name.strip() or not Path(name).name or Path(name).name in (".", ".."):
        raise CompanionError("a project needs a name", hint="fastcompanion project new NAME", code=Exit.USAGE)  # fmt: skip
    here = absolute(Path.cwd())
    if study is not None and Path(name).name == name and here.is_relative_to(study.root):
        return study.root / "projects" / name
    return absolute(Path(name))


def check_place(root: Path) -> None:
    """Refuse a place that holds something, before anything is done."""
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise CompanionError(
            "is there already; nothing was changed",
            hint="Choose another name, or: fastcompanion project check --project PATH",
            file=root,
            code=Exit.USAGE,
        )


def make(
    plan: Plan,
    root: Path,
    study: Workspace | None,
    *,
    dry_run: bool = False,
    reporter: Reporter = SILENT,
) -> Made:
    """Write the project, make its first commit and note it in the study; half a project is never left."""
    check_place(root)
    texts = render.texts(plan.answers, render.files(str(plan.answers["kind"])))
    name = str(plan.answers["name"])
    tracked = (*texts, *_samples(plan), folds.TABLE, folds.ABOUT)
    if dry_run:
        return Made(root, name, tuple(sorted(tracked)), None)
    with store.whole_folder(root) as staging:
        record = _write(plan, staging, texts, reporter)
        commit = _commit(staging, (*tracked, record))
    if study is not None:
        register(study, root, name)
    return Made(root, name, tuple(sorted((*tracked, record))), commit)


def _samples(plan: Plan) -> tuple[str, ...]:
    """Name what will lie in sample/: tables, and files where the project is of files."""
    names = plan.files.sample if plan.files is not None else ()
    return tuple(f"sample/{one}" for one in (*plan.samples, *(f"{media.FOLDER}/{n}" for n in names)))  # fmt: skip


def _write(plan: Plan, staging: Path, texts: dict[str, str], reporter: Reporter) -> str:
    for name, text in texts.items():
        store.write_text(staging / name, text, durable=False)
    for table in plan.tables:
        store.write_bytes(staging / "data" / table.name, table.text, durable=False)
    for name, text in plan.samples.items():
        store.write_text(staging / "sample" / name, text, durable=False)
    if plan.files is not None:
        media.write(plan.files, staging, reporter)
    folds.write(staging, plan.split)
    files = {name: render.digest(text) for name, text in texts.items()}
    steps = (MAJORITY, BASELINE)
    record = Record(render.template(plan.answers), render.version(), plan.answers, files, steps)
    return Project(staging).keep(record).name


def _commit(staging: Path, names: tuple[str, ...]) -> CommitResult:
    repo.init(staging)
    return repo.commit(staging, [staging / name for name in names], "Begin the project")
