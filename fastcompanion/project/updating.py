"""Updates: a newer template merged into a project, without taking anything away that the learner made.

What was made is known by its SHA-256; its text is found in the project's history. So untouched files are
replaced, changed ones are merged as git merges, and all of it happens on a branch of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from fastcompanion.base import clock, repo, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult, RepoState
from fastcompanion.project import growing, render
from fastcompanion.project.place import README, Project, Record

BRANCH = "fastcompanion-update"
_FIRST_LINES = 12

What = Literal["added", "replaced", "merged", "clash", "removed", "yours", "absent"]


@frozen
class Change:
    """What an update does to one file; `name` is where it lies now, `was` its name in the template."""

    name: str
    what: What
    was: str
    text: str | None = None
    diff: str = ""


@frozen
class Update:
    """An update as planned or done; `commit` is None where nothing was written, or where something clashes."""

    root: str
    old: int
    new: int
    changes: tuple[Change, ...]
    branch: str = ""
    back: str = ""
    commit: CommitResult | None = None

    @property
    def writes(self) -> tuple[Change, ...]:
        """The files that change."""
        return tuple(one for one in self.changes if one.what not in ("yours", "absent"))

    @property
    def clashes(self) -> tuple[str, ...]:
        """The files in which both sides changed the same lines."""
        return tuple(one.name for one in self.changes if one.what == "clash")


def look(project: Project) -> Update:
    """Say what an update would change, without changing anything."""
    record = project.record()
    texts = render.texts(
        record.answers, growing.files_of(str(record.answers["kind"]), record.steps)
    )
    renamed = repo.renames(project.root) if repo.state(project.root).exists else {}
    changes = []
    for name in dict.fromkeys((*record.files, *texts)):
        place = name if (project.root / name).exists() else renamed.get(name, name)
        change = _change(project, record, name, place, texts.get(name))
        if change is not None:
            changes.append(change)
    return Update(str(project.root), record.template_version, render.version(), tuple(changes))


def _change(
    project: Project, record: Record, name: str, place: str, new: str | None
) -> Change | None:
    old, path = record.files.get(name), project.root / place
    there = path.is_file()
    if old is None:
        # New in the template, or a file that the learner had before its step was taken.
        return None if there or new is None else _told(place, "added", name, "", new)
    if new is not None and render.digest(new) == old:
        return None
    if not there:
        return Change(place, "absent", name) if new is not None else None
    mine = store.read_text(path)
    untouched = render.digest(mine) == old
    if new is None:
        return _told(place, "removed", name, mine, None) if untouched else Change(place, "yours", name)  # fmt: skip
    if untouched:
        return _told(place, "replaced", name, mine, _with_scores(name, mine, new))
    if render.digest(mine) == render.digest(new):
        return None
    text, clashes = _merge(project, mine, _base(project, name, old), new)
    return _told(place, "clash" if clashes else "merged", name, mine, text)


def _told(place: str, what: What, was: str, old: str, new: str | None) -> Change:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        (new or "").splitlines(keepends=True),
        f"a/{place}" if old else "/dev/null",
        f"b/{place}" if new is not None else "/dev/null",
    )
    return Change(place, what, was, new, "".join(lines))


def _with_scores(name: str, mine: str, new: str) -> str:
    """Keep the table of scores that stands in a README."""
    start, end = "<!-- scores -->\n", "\n<!-- /scores -->"
    if name != README or start not in mine or end not in mine:
        return new
    return render.with_scores(new, mine.partition(start)[2].partition(end)[0])


def _base(project: Project, name: str, sha256: str) -> str:
    """Find the text of a file as it was made; empty where the history does not have it, so that all of it clashes."""
    texts = repo.versions(project.root, name)
    return next((text for text in texts if render.digest(text) == sha256), "")


def _merge(project: Project, mine: str, base: str, new: str) -> tuple[str, int]:
    folder = repo.state(project.root).folder
    if folder is None:
        raise _no_history(project)
    place = folder / f"fastcompanion-merge-{clock.new_id()}"
    try:
        texts = {"mine": mine, "base": base, "new": new}
        for name, text in texts.items():
            store.write_text(place / name, text, durable=False)
        return repo.merged(project.root, *(place / name for name in texts))
    finally:
        store.remove(place)


def _no_history(project: Project) -> CompanionError:
    return CompanionError(
        "the project has no commit yet, and an update goes on top of one",
        hint="git add -A && git commit -m 'Begin the project'",
        file=project.root,
    )


def take(project: Project, update: Update) -> Update:
    """Do what was planned, on a branch of its own; a tree with changes that are not committed is left alone."""
    state = _ready(project)
    back = state.branch or ""
    record = project.record()
    added = [project.root / one.name for one in update.changes if one.what == "added"]
    repo.begin_branch(project.root, BRANCH)
    try:
        for change in update.writes:
            if change.text is None:
                store.remove(project.root / change.name)
            else:
                store.write_text(project.root / change.name, change.text)
        names = growing.files_of(str(record.answers["kind"]), record.steps)
        kept = project.keep(replace(
            record, template_version=update.new, files=_files(record, update, names)
        ))  # fmt: skip
        paths = [project.root / one.name for one in update.writes]
        commit = None
        if update.clashes:
            repo.announce(project.root, added)
        else:
            words = f"Update to version {update.new} of the template"
            commit = repo.commit(project.root, [*paths, kept], words)
    except BaseException as error:
        _undo(project, added, back, error)
        raise
    return replace(update, branch=BRANCH, back=back, commit=commit)


def _undo(project: Project, added: Sequence[Path], back: str, error: BaseException) -> None:
    """Go back to where the update began; where git refuses, say so beside what went wrong first."""
    try:
        repo.drop_branch(project.root, BRANCH, back)
    except CompanionError as stuck:
        first = error.message if isinstance(error, CompanionError) else type(error).__name__
        raise CompanionError(
            f"the update failed ({first}), and {stuck.message}", hint=stuck.hint, file=project.root
        ) from error
    finally:
        for path in added:
            store.remove(path)


def _ready(project: Project) -> RepoState:
    """Refuse where an update could mix with work under way."""
    state = repo.state(project.root)
    if not state.exists or state.root is None or state.branch is None:
        raise CompanionError(
            "is not on a branch of a git repository", hint="git switch main", file=project.root
        )
    if state.busy:
        raise CompanionError(f"a {state.busy} is under way", hint=f"git {state.busy} --continue")
    if not repo.versions(project.root, "."):
        raise _no_history(project)
    if dirty := repo.changed(project.root):
        shown = ", ".join(dirty[:_FIRST_LINES])
        raise CompanionError(
            f"there are changes that are not committed: {shown}",
            hint="git commit -a, or put them aside with: git stash",
            file=project.root,
        )
    return state


def _files(record: Record, update: Update, names: Mapping[str, str]) -> dict[str, str]:
    """Give the SHA-256 of each file as the new template makes it; what is the learner's own is no longer ours."""
    texts = render.texts(record.answers, names)
    ours = {*record.files, *(one.was for one in update.changes if one.what == "added")}
    return {name: render.digest(text) for name, text in texts.items() if name in ours}


def diff(update: Update) -> Iterator[str]:
    """Give what would change, file by file."""
    for change in update.writes:
        yield change.diff
