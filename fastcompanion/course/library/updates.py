"""Bringing a course up to date: what changed in the original, with every id and the work kept.

Old and new notebooks are paired by path and content, by content alone (moved), by path alone
(changed), and at last by likeness (renamed and changed). Lesson numbers never change; a notebook
that is gone stays in the course with the copy that was kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from fastcompanion.base import events, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import catalogue, course_file, courses, discovery, sources
from fastcompanion.course.library.course_file import CourseFile
from fastcompanion.course.library.discovery import Found, Listing
from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.sections import sections

State = Literal["same", "changed", "moved", "moved and changed", "new", "gone"]
_LIKENESS = 0.5


@frozen
class SectionChange:
    """A section of an original that is not what it was; `cells` counts those that differ."""

    id: str
    title: str
    state: Literal["changed", "new", "gone"]
    cells: int


@frozen
class NotebookChange:
    """What became of one notebook; `cells` is None when the old content is not known here."""

    lesson: str
    notebook: str
    state: State
    path: str
    was: str
    cells: int | None
    sections: tuple[SectionChange, ...]
    working: bool


@frozen
class Updated:
    """What an update found; `changed` is false when everything is as it was."""

    course: str
    changed: bool
    from_commit: str
    to_commit: str
    notebooks: tuple[NotebookChange, ...]
    notes: tuple[str, ...] = ()
    commit: CommitResult | None = None


@frozen
class _Pair:
    lesson: Lesson
    old: NotebookRef | None
    new: NotebookRef | None


def update(
    study: Workspace,
    course_id: str,
    *,
    ref: str | None = None,
    reporter: Reporter = SILENT,
    dry_run: bool = False,
) -> Updated:
    """Fetch what is new in a course and freeze it; the learner's files are never touched.

    Raises exit 5 without the network; then nothing has changed.
    """
    with store.lock(study.lock("courses"), busy=courses.BUSY, wait=courses.WAIT):
        old = course_file.read(study, course_id)
        source = old.source if ref is None else replace(old.source, ref=ref)
        fetched = sources.fetch(source, newest=True, reporter=reporter)
        pairs, notes = _paired(old, fetched.root)
        found = replace(old, source=source, commit=fetched.commit, lessons=_lessons(pairs))
        changes = tuple(_change(study, old, fetched.root, pair) for pair in pairs)
        updated = Updated(course_id, found != old, old.commit, fetched.commit, changes, notes)
        if dry_run or not updated.changed:
            return updated
        return _write(study, old, found, fetched.root, updated)


def _write(
    study: Workspace, old: CourseFile, new: CourseFile, root: Path, updated: Updated
) -> Updated:
    _keep_old(old, [change for change in updated.notebooks if change.state not in ("same", "new")])
    courses.keep(new, root)
    path = course_file.write(study, new)
    if new.source.kind == "git":
        sources.note_use(root, path)
    states = {f"{c.lesson} {c.notebook}": c.state for c in updated.notebooks if c.state != "same"}
    data = {"course": new.id, "from": old.commit, "to": new.commit, "notebooks": states}
    done = events.record(
        study, "course.updated", None, data, commit=f"Update course {new.id}", paths=[path]
    )
    return replace(updated, commit=done.commit)


def _keep_old(old: CourseFile, changes: Iterable[NotebookChange]) -> None:
    """Keep the old originals of what changed or went, so that work begun on them can go on."""
    hashes = {n.path: n.sha256 for lesson in old.lessons for n in lesson.notebooks}
    root = course_file.root(old)
    for change in changes:
        sha256 = hashes.get(change.was)
        there = root / change.was
        if sha256 and there.is_file() and discovery.digest(there) == sha256:
            sources.keep_originals(root, {change.was: sha256})


def _paired(old: CourseFile, root: Path) -> tuple[list[_Pair], tuple[str, ...]]:
    if old.source.catalogue:
        return _pair_catalogue(old, root), ()
    listing = _look(old, root)
    return _pair_listing(old, root, listing), listing.warnings


def _look(old: CourseFile, root: Path) -> Listing:
    return courses.listing_of(old.source, root, old.include)


def _pair_catalogue(old: CourseFile, root: Path) -> list[_Pair]:
    """Pair by the catalogue's ids; lessons that it has no more stay."""
    told = {one.number: one for one in catalogue.course(old.source.catalogue).lessons}
    before = {one.number: one for one in old.lessons}
    pairs = []
    for number in [*told, *(number for number in before if number not in told)]:
        was = before.get(number)
        now = courses.hashed(old.id, told[number], root) if number in told else None
        lesson = was or now
        assert lesson is not None
        own = {n.id: n for n in was.notebooks} if was else {}
        new = {n.id: n for n in now.notebooks} if now else {}
        ids = [*new, *(name for name in own if name not in new)]
        pairs += [_Pair(lesson, own.get(name), new.get(name)) for name in ids]
    return pairs


def _pair_listing(old: CourseFile, root: Path, listing: Listing) -> list[_Pair]:
    found = {one.path: one for one in listing.found}
    partner = _partners(old, root, found)
    pairs = []
    for lesson in old.lessons:
        for own in lesson.notebooks:
            new = found.get(partner.get(str(own.path), ""))
            ref = NotebookRef(own.id, new.path, None, new.sha256 or None) if new else None
            pairs.append(_Pair(lesson, own, ref))
    fixed = {new: _number(old, path) for path, new in partner.items()}
    gone = [lesson.number for lesson in old.lessons if lesson.number not in fixed.values()]
    numbers = discovery.assign(list(found), fixed=fixed, taken=gone)
    for path in (path for path in found if path not in fixed):
        lesson = courses.lesson_of(old.id, replace(found[path], number=numbers[path]))
        pairs.append(_Pair(lesson, None, lesson.notebooks[0]))
    return sorted(pairs, key=lambda pair: discovery.position(_path(pair)))


def _path(pair: _Pair) -> str:
    ref = pair.new or pair.old
    return str(ref.path) if ref else ""


def _number(old: CourseFile, path: str) -> str:
    return next(
        lesson.number for lesson in old.lessons if any(n.path == path for n in lesson.notebooks)
    )


def _partners(old: CourseFile, root: Path, found: Mapping[str, Found]) -> dict[str, str]:
    """Give for each old path the new one, as sure as can be: best evidence first."""
    before = {str(n.path): n.sha256 for lesson in old.lessons for n in lesson.notebooks if n.path}
    partner = {
        path: path for path in before if path in found and found[path].sha256 == before[path]
    }
    for path, sha256 in before.items():
        free = [new for new in found if new not in partner.values()]
        if path not in partner and sha256:
            same = [new for new in free if found[new].sha256 == sha256]
            partner.update({path: same[0]} if same else {})
    for path in before:
        if path not in partner and path in found and path not in partner.values():
            partner[path] = path
    lost = [path for path in before if path not in partner]
    free = [new for new in found if new not in partner.values()]
    partner.update(_alike(old, root, lost, free))
    return partner


def _alike(old: CourseFile, root: Path, lost: Sequence[str], free: list[str]) -> dict[str, str]:
    """Pair what is left by the share of cells in common."""
    hashes = {n.path: n.sha256 for lesson in old.lessons for n in lesson.notebooks}
    fresh = {new: _sources(root / new) for new in free}
    partner: dict[str, str] = {}
    for path in lost:
        was = _sources(_old_file(old, path, hashes.get(path)))
        likeness = {
            new: SequenceMatcher(None, was, now, autojunk=False).ratio()
            for new, now in fresh.items()
            if was and now and new not in partner.values()
        }
        best = max(likeness, key=lambda new: likeness[new], default=None)
        if best is not None and likeness[best] >= _LIKENESS:
            partner[path] = best
    return partner


def _old_file(old: CourseFile, path: str, sha256: str | None) -> Path | None:
    """Find the content of a notebook as the study has it frozen."""
    kept = workspace.original(sha256) if sha256 else None
    if kept is not None and kept.is_file():
        return kept
    there = course_file.root(old) / path
    if there.is_file() and sha256 == discovery.digest(there):
        return there
    return None


def _sources(path: Path | None) -> list[str]:
    """Give the source of each cell; nothing for what can't be read."""
    if path is None:
        return []
    try:
        return [str(cell["source"]).strip() for cell in notebook.read(path)["cells"]]
    except CompanionError:
        return []


def _lessons(pairs: Sequence[_Pair]) -> tuple[Lesson, ...]:
    """Put lessons together again: each with its notebooks as they are now, or as they were."""
    lessons: dict[str, Lesson] = {}
    for pair in pairs:
        ref = pair.new or pair.old
        assert ref is not None
        so_far = lessons.get(pair.lesson.id, replace(pair.lesson, notebooks=()))
        lessons[pair.lesson.id] = replace(so_far, notebooks=(*so_far.notebooks, ref))
    return tuple(lessons.values())


def _change(study: Workspace, old: CourseFile, root: Path, pair: _Pair) -> NotebookChange:
    state = _state(pair)
    ref = pair.new or pair.old
    assert ref is not None
    cells: int | None = 0
    parts: tuple[SectionChange, ...] = ()
    if state in ("changed", "moved and changed") and pair.old and pair.new and pair.new.path:
        was = _old_file(old, str(pair.old.path), pair.old.sha256)
        now = root / pair.new.path
        cells = _differing(_sources(was), _sources(now)) if was else None
        parts = _section_changes(was, now)
    return NotebookChange(
        lesson=pair.lesson.id,
        notebook=ref.id,
        state=state,
        path=str(pair.new.path or pair.new.url) if pair.new else "",
        was=str(pair.old.path or pair.old.url) if pair.old else "",
        cells=cells,
        sections=parts,
        working=any(study.lesson_folder(pair.lesson.id).glob(f"{ref.id}.*.ipynb")),
    )


def _state(pair: _Pair) -> State:
    if pair.old is None:
        return "new"
    if pair.new is None:
        return "gone"
    moved = pair.old.path != pair.new.path
    changed = pair.old.sha256 != pair.new.sha256
    if changed:
        return "moved and changed" if moved else "changed"
    return "moved" if moved else "same"


def _differing(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the cells that were changed, added or taken away."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in blocks if tag != "equal")


def _section_changes(was: Path | None, now: Path) -> tuple[SectionChange, ...]:
    old, new = _by_section(was), _by_section(now)
    if not old or not new:
        return ()
    found = []
    for name, (title, cells) in new.items():
        before = old.get(name)
        if before is None:
            found.append(SectionChange(name, title, "new", len(cells)))
        elif before[1] != cells:
            found.append(SectionChange(name, title, "changed", _differing(before[1], cells)))
    gone = [(name, *rest) for name, rest in old.items() if name not in new]
    found += [SectionChange(name, title, "gone", len(cells)) for name, title, cells in gone]
    return tuple(found)


def _by_section(path: Path | None) -> dict[str, tuple[str, list[str]]]:
    if path is None:
        return {}
    try:
        read = notebook.read(path)
    except CompanionError:
        return {}
    return {
        section.id: (
            section.title,
            [p.text.strip() if p.cell is None else p.cell.source.strip() for p in section.parts],
        )
        for section in sections(read)
    }
