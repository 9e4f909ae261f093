"""The app as a Space of Hugging Face: a folder that has all it needs, ready to be pushed.

It holds a page for gradio, the code that it stands on, what the model has learned, and the versions that
it was learned with: a model that is loaded with others may say something else, or not load at all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.data import predictions
from fastcompanion.data.predictions import META, Run
from fastcompanion.project import families, render, scoring
from fastcompanion.project.place import README, SETTINGS, Project

#: the version of gradio that the pages were tried with
GRADIO = "6.31.0"
FOLDER, PAGE, REQUIREMENTS, MADE = "space", "space.py", "requirements.txt", "space.json"
_KEPT = ("model.json", "model.pt")
#: module, as runs name versions -> the package that brings it
_PACKAGES = {
    "numpy": "numpy",
    "yaml": "pyyaml",
    "PIL": "pillow",
    "torch": "torch",
    "torchvision": "torchvision",
    "fastai": "fastai",
}
_LARGE_FILES = "*.pt filter=lfs diff=lfs merge=lfs -text\n"


@frozen
class Space:
    """A folder that was made for a Space: its files, those of the learner's own, packages without a version."""

    root: Path
    folder: Path
    model: str
    written: tuple[str, ...]
    own: tuple[str, ...]
    unpinned: tuple[str, ...]
    sample: bool


def make(project: Project, model: str, folder: Path | None = None) -> Space:
    """Write the folder for a model that was saved; what the learner has written or changed there stays."""
    check(project)
    target = workspace.absolute(folder) if folder is not None else project.root / FOLDER
    learned = next((p for p in (project.runs / model / one for one in _KEPT) if p.is_file()), None)
    if learned is None:
        raise CompanionError(f"nothing was kept of {model} yet", hint=f"python save.py {model}")
    run = _run(project, model)
    code, packages = _code(project.root, ("app", model))
    required, unpinned = _requirements(project, run, packages)
    texts = _texts(project, model, run) | {REQUIREMENTS: required, ".gitattributes": _LARGE_FILES}
    own = _own(target, tuple(texts))
    texts = {name: text for name, text in texts.items() if name not in own}
    digests = {name: render.digest(text) for name, text in texts.items()}
    sample = not _media(project) and (project.root / "sample").is_dir()
    copied = [*code, SETTINGS, learned.relative_to(project.root).as_posix()]
    copied += _below(project.root, "sample") if sample else []
    for name, text in texts.items():
        store.write_text(target / name, text)
    for name in copied:
        store.copy(project.root / name, target / name)
    store.write_json(target / MADE, {"version": 1, "files": digests})
    written = tuple(sorted((*texts, *copied)))
    return Space(project.root, target, model, written, own, unpinned, sample)


def check(project: Project) -> None:
    """Refuse a project whose kind has no such page, before anything is run for it."""
    kind = str(project.record().answers["kind"])
    family = families.of_kind(kind)
    place = workspace.content("templates") / render.TEMPLATES
    if family is None or not (place / family.name / PAGE).is_file():
        raise CompanionError(
            f"there is no gradio page for {kind} yet",
            hint="fastcompanion project app",
            code=Exit.USAGE,
        )


def _media(project: Project) -> bool:
    family = families.of_kind(str(project.record().answers["kind"]))
    return family is not None and family.media


def _run(project: Project, model: str) -> Run | None:
    """Read what is known of the model's run, if it was ever judged."""
    folder = project.runs / model
    return predictions.read(folder)[0] if (folder / META).is_file() else None


def _texts(project: Project, model: str, run: Run | None) -> dict[str, str]:
    record = project.record()
    python = (run.versions.get("python", "") if run else "") or "3.11"
    values = {
        **record.answers,
        "model": model,
        "model_py": render.yaml(model),
        "title_yaml": render.yaml(str(record.answers["name"])),
        "gradio": GRADIO,
        "python": ".".join(python.split(".")[:2]),
        "measured": _measured(project, model) if run else "",
    }
    return render.texts(values, {PAGE: PAGE, "space_README.md": README})


def _measured(project: Project, model: str) -> str:
    """Say how good it is, as whoever tries it should know."""
    board = scoring.board(project, write=False)
    score = next((one.score for one in board.runs if one.name == model), None)
    if score is None:
        return ""
    low, high = scoring.short(score.low), scoring.short(score.high)
    return f"{score.metric} {scoring.short(score.value)}, 95 % between {low} and {high}, on {score.n} rows that it had not seen."


def _own(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Name the files that are there and not as we wrote them: those are the learner's."""
    made = folder / MADE
    told = store.check_version(store.read_json(made), made)["files"] if made.is_file() else {}
    there = (name for name in names if (folder / name).is_file())
    return tuple(name for name in there if not render.same(folder / name, told.get(name, "")))


def _requirements(
    project: Project, run: Run | None, packages: Iterable[str]
) -> tuple[str, tuple[str, ...]]:
    """Pin each package to what the run was made with; one that it does not tell of stays as it is."""
    told: Mapping[str, str] = run.versions if run is not None else {}
    family = families.of_kind(str(project.record().answers["kind"]))
    needs = {re.split(r"[<>=]", need)[0]: need for need in (family.needs if family else ())}
    lines, loose = [], []
    for module in packages:
        package = _PACKAGES[module]
        if module in told:
            lines.append(f"{package}=={told[module].partition('+')[0]}")
        else:
            loose.append(needs.get(package, package))
    return "".join(f"{line}\n" for line in (*lines, *loose)), tuple(loose)


def _code(root: Path, begin: Iterable[str]) -> tuple[list[str], list[str]]:
    """Name the project's files that a page stands on, and the packages that it can't start without."""
    found: list[str] = []
    waiting = list(begin)
    packages: set[str] = set()
    while waiting:
        path = root / f"{waiting.pop()}.py"
        if path.is_file() and path.name not in found:
            found.append(path.name)
            tree = ast.parse(store.read_text(path))
            waiting += _imported(ast.walk(tree))
            packages.update(_imported(tree.body))
    return sorted(found), [name for name in _PACKAGES if name in packages]


def _imported(nodes: Iterable[ast.AST]) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _below(root: Path, folder: str) -> list[str]:
    return [
        path.relative_to(root).as_posix()
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    ]
