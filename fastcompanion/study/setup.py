"""Making a study repository: a folder with settings, in git. Nothing that is there is replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import events, repo, store, templates
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import SETTINGS_NAME, Workspace, absolute

# Template -> name in the study. Names with a dot would act on our own repository.
_FILES = {
    "gitignore": ".gitignore",
    "gitattributes": ".gitattributes",
    "README.md": "README.md",
    SETTINGS_NAME: SETTINGS_NAME,
}
_LINE_FILES = ("gitignore", "gitattributes")


@frozen
class Ground:
    """What stands where a study is to be made."""

    folder: Path
    entries: int
    study: bool
    outer_study: Path | None
    repository: Path | None

    @property
    def own_repository(self) -> bool:
        """Whether the folder is the top of a repository already."""
        return self.repository is not None and self.repository.resolve() == self.folder.resolve()


@frozen
class Setup:
    """What was made (or would be): file names relative to the study."""

    folder: Path
    created: tuple[str, ...]
    extended: tuple[str, ...]
    kept: tuple[str, ...]
    new_repository: bool
    commit: CommitResult | None


def look(folder: Path) -> Ground:
    """Look at the place of a new study, without changing anything."""
    folder = absolute(folder)
    if folder.exists() and not folder.is_dir():
        raise CompanionError("is not a folder", file=folder, code=Exit.USAGE)
    existing = next(place for place in (folder, *folder.parents) if place.is_dir())
    try:
        entries = sum(entry.name != ".git" for entry in folder.iterdir()) if folder.is_dir() else 0
    except OSError as error:
        raise CompanionError(f"can't be read: {error.strerror}", file=folder) from None
    outer = next((place for place in folder.parents if (place / SETTINGS_NAME).is_file()), None)
    return Ground(
        folder=folder,
        entries=entries,
        study=(folder / SETTINGS_NAME).is_file(),
        outer_study=outer,
        repository=_repository(existing),
    )


def _repository(place: Path) -> Path | None:
    found = repo.state(place)
    if found.bare:
        raise CompanionError(
            f"{found.root} is a bare repository: it has no place for files",
            hint="fastcompanion init SOME/OTHER/FOLDER",
            code=Exit.USAGE,
        )
    if found.problem:
        raise CompanionError(f"git says: {found.problem}", hint="fastcompanion doctor git")
    return found.root


def make(
    ground: Ground,
    *,
    name: str,
    agree: Callable[[str], bool],
    nested: bool = False,
    dry_run: bool = False,
) -> Setup:
    """Make the study, or complete one that is there. `agree` is asked before a used folder.

    A folder inside another repository needs `nested`: two repositories in one another is
    something to want, not to get.
    """
    _refuse_inside(ground, nested)
    if ground.study:
        # A file of a newer program, or one that was damaged, is not for us to complete.
        settings = ground.folder / SETTINGS_NAME
        store.check_version(store.read_toml(settings), settings)
    elif ground.entries and not dry_run and not agree(_question(ground)):
        raise CompanionError(
            "nothing was changed", hint="fastcompanion init NEW-FOLDER", code=Exit.FAILED
        )
    texts = _texts(ground.folder, name)
    if dry_run:
        return _planned(ground, texts)
    return _make(ground, texts)


def _question(ground: Ground) -> str:
    what = "file or folder" if ground.entries == 1 else "files and folders"
    return (
        f"{ground.folder} holds {ground.entries} {what}. Make a study in it? They stay as they are"
    )


def _refuse_inside(ground: Ground, nested: bool) -> None:
    if ground.study or nested:
        return
    if ground.outer_study is not None:
        raise CompanionError(
            f"this place is inside the study {ground.outer_study}",
            hint=f"cd {ground.outer_study} && fastcompanion status",
            code=Exit.USAGE,
        )
    if ground.repository is not None and not ground.own_repository:
        raise CompanionError(
            f"this place is inside the git repository {ground.repository}",
            hint="Choose a folder outside of it, or add --nested for a repository in a repository.",
            code=Exit.USAGE,
        )


def _texts(folder: Path, name: str) -> dict[str, str]:
    """Give the text of each file that is missing or lacks lines of ours, by its name."""
    texts = {}
    values = {"name": templates.one_line(name) or "my study"}
    for template, file_name in _FILES.items():
        path = folder / file_name
        ours = templates.render(f"study/{template}", values)
        if not path.exists():
            texts[file_name] = ours
        elif template in _LINE_FILES:
            missing = _missing_lines(store.read_text(path), ours)
            if missing:
                old = store.read_text(path).rstrip("\n")
                texts[file_name] = f"{old}\n\n# fastcompanion\n{missing}" if old else ours
    return texts


def _missing_lines(theirs: str, ours: str) -> str:
    there = {line.strip() for line in theirs.split("\n")}
    wanted = [line for line in ours.split("\n") if line and not line.startswith("#")]
    return "".join(f"{line}\n" for line in wanted if line not in there)


def _planned(ground: Ground, texts: dict[str, str]) -> Setup:
    existing = {name for name in _FILES.values() if (ground.folder / name).exists()}
    return Setup(
        folder=ground.folder,
        created=tuple(name for name in texts if name not in existing),
        extended=tuple(name for name in texts if name in existing),
        kept=tuple(name for name in _FILES.values() if name in existing and name not in texts),
        new_repository=not ground.own_repository and not ground.study,
        commit=None,
    )


def _make(ground: Ground, texts: dict[str, str]) -> Setup:
    plan = _planned(ground, texts)
    ws = Workspace(ground.folder)
    store.make_folder(ground.folder)
    if plan.new_repository:
        repo.init(ground.folder)
    ours = [ground.folder / name for name in plan.created]
    ours += repo.unchanged(ground.folder, [ground.folder / name for name in plan.extended])
    # The settings come last: only with them the folder is a study.
    for name, text in texts.items():
        store.write_text(ground.folder / name, text)
    store.make_folder(ws.private)
    commit = events.commit_paths(ws, ours, "Begin the study") if ours else None
    return replace(plan, commit=commit)
