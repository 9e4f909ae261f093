"""Growth: one idea after the other, each in files of its own, a commit of its own, with tests of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastcompanion.base import repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.project import render
from fastcompanion.project.place import BASELINE, MAJORITY, Project

_TESTS = "tests/test_{}.py"


@frozen
class Step:
    """A growth step: what it is good for, the files that it adds, and what to type then."""

    id: str
    title: str
    why: str
    files: tuple[str, ...] = ()
    then: str = ""


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


def _with_test(name: str) -> tuple[str, ...]:
    return f"{name}.py", _TESTS.format(name)


STEPS = (
    Step(MAJORITY, "Nothing but the most frequent answer", "What a model is worth that looks at nothing."),
    Step(BASELINE, "One rule on one column", "The number that every model has to beat."),
    Step(
        "submission", "A submission file", "End to end before anything is made better: predictions for test.csv, checked before they go.",
        _with_test("submit"), "python submit.py baseline",
    ),
    Step(
        "linear", "A linear model", "The first one that looks at all columns; small tables often need no more.",
        _with_test("linear"), "fastcompanion project train linear",
    ),
    Step(
        "model", "The first fastai model", "Embeddings and two layers, to see what a network adds to the linear model.",
        _with_test("model"), "fastcompanion project train model",
    ),
    Step(
        "saved", "Saved weights", "What was learned, kept without pickle, and a test that it says the same when loaded.",
        _with_test("save"), "python save.py baseline",
    ),
    Step(
        "app", "An app", "A page that others can try; it shows at once what the model does with odd rows.",
        _with_test("app"), "fastcompanion project app",
    ),
    Step(
        "errors", "The rows that are wrong", "Most of what helps is seen in them: a better features() comes from here.",
        _with_test("errors"), "python errors.py baseline",
    ),
    Step(
        "seeds", "Several seeds", "How far luck goes, and the mean of several, often the cheapest improvement.",
        _with_test("seeds"), "python seeds.py linear 5",
    ),
)  # fmt: skip
_BY_ID = {step.id: step for step in STEPS}
#: a step whose code stands on another one's
_STANDS_ON = {"app": "saved"}


def files_of(steps: tuple[str, ...]) -> Mapping[str, str]:
    """Give the templates of a project with these steps, and their names in it."""
    added = {name: name for step in steps if step in _BY_ID for name in _BY_ID[step].files}
    return {**render.FILES, **added}


def where(project: Project, wanted: str = "") -> Growth:
    """Say which step comes next, or look at the one that was asked for."""
    done = project.record().steps
    left = [step for step in STEPS if step.id not in done and _fits(project, step)]
    if wanted:
        step: Step | None = _chosen(wanted, done, left)
    else:
        step = left[0] if left else None
    return Growth(str(project.root), step, done, tuple(one.id for one in left))


def _fits(project: Project, step: Step) -> bool:
    """A submission needs rows to predict."""
    names = {one["name"] for one in project.record().answers["files"]}
    return step.id != "submission" or "test.csv" in names


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
    return _BY_ID[wanted]


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
    return Growth(growth.root, step, done, left, tuple(added), kept, commit)
