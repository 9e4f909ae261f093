"""Growth: one idea after the other, each in files of its own, a commit of its own, with tests of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastcompanion.base import repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.project import families, render
from fastcompanion.project.families import Step
from fastcompanion.project.place import Project, Record


@frozen
class Growth:
    """Where a project stands: the step that is proposed (None at the end), those done and those left out."""

    root: str
    step: Step | None
    done: tuple[str, ...]
    left: tuple[str, ...]
    added: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    commit: CommitResult | None = None


#: a step whose code stands on another one's
_STANDS_ON = {"app": "saved"}


def files_of(kind: str, steps: tuple[str, ...]) -> Mapping[str, str]:
    """Give the templates of a project of a kind with these steps, and their names in it."""
    added = {name: name for step in _steps(kind) if step.id in steps for name in step.files}
    return {**render.files(kind), **added}


def _steps(kind: str) -> tuple[Step, ...]:
    family = families.of_kind(kind)
    return family.steps if family is not None else ()


def where(project: Project, wanted: str = "") -> Growth:
    """Say which step comes next, or look at the one that was asked for."""
    record = project.record()
    done, steps = record.steps, _steps(str(record.answers["kind"]))
    left = [step for step in steps if step.id not in done and _fits(record, step)]
    if wanted:
        step: Step | None = _chosen(wanted, done, left)
    else:
        step = left[0] if left else None
    return Growth(str(project.root), step, done, tuple(one.id for one in left))


def _fits(record: Record, step: Step) -> bool:
    """A submission needs rows to predict."""
    names = {one["name"] for one in record.answers["files"]}
    return step.id != "submission" or bool(names & {"test.csv", "test_files.csv"})


def _chosen(wanted: str, done: tuple[str, ...], left: list[Step]) -> Step:
    if wanted in done:
        raise CompanionError(f"the step {wanted} is done", hint="fastcompanion project next")
    open_ = [step.id for step in left]
    if wanted not in open_:
        raise CompanionError(
            f"there is no step {wanted!r} to do here{did_you_mean(wanted, open_)}",
            hint=f"fastcompanion project next with one of: {', '.join(open_)}",
            code=Exit.USAGE,
        )
    needed = _STANDS_ON.get(wanted, "")
    if needed and needed not in done:
        raise CompanionError(
            f"the step {wanted} stands on {needed}",
            hint=f"fastcompanion project next {needed} --yes",
        )
    return next(step for step in left if step.id == wanted)


def take(project: Project, growth: Growth) -> Growth:
    """Add the files of the step that is proposed; a file of that name that is there already stays as it is."""
    step = growth.step
    if step is None:
        return growth
    record = project.record()
    texts = render.texts(record.answers, {name: name for name in step.files})
    kept = tuple(name for name in texts if (project.root / name).exists())
    added = {name: text for name, text in texts.items() if name not in kept}
    for name, text in added.items():
        store.write_text(project.root / name, text)
    files = {**record.files, **{name: render.digest(text) for name, text in added.items()}}
    path = project.keep(replace(record, files=files, steps=(*record.steps, step.id)))
    paths = [project.root / name for name in added]
    commit = repo.commit(project.root, [*paths, path], f"Add {step.title[0].lower()}{step.title[1:]}")  # fmt: skip
    done = (*growth.done, step.id)
    left = tuple(one for one in growth.left if one != step.id)
    # A file that an earlier step has brought is no news.
    kept = tuple(name for name in kept if name not in record.files)
    return Growth(growth.root, step, done, left, tuple(added), kept, commit)
