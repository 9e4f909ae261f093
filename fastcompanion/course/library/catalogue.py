"""The catalogue: courses that ship with the program as plain YAML, read strictly.

One folder per course under `lessons/`, with a course.yaml and one file per lesson. An unknown or
missing key, a wrong type or a broken reference is an error that names the file and the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, get_args

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.course.model import (
    Card,
    Checkpoint,
    CheckpointKind,
    Course,
    Lesson,
    Mistake,
    NotebookRef,
    Reading,
    RoleModel,
    SectionSpec,
)

COURSE_FILE = "course.yaml"
KINDS = ("builtin", "git")
T = TypeVar("T")


def ids(folder: Path | None = None) -> list[str]:
    """Name the courses of the catalogue; reads no YAML."""
    folder = folder or workspace.content("lessons")
    if not folder.is_dir():
        return []
    return sorted(child.name for child in folder.iterdir() if (child / COURSE_FILE).is_file())


def course(course_id: str, folder: Path | None = None) -> Course:
    """Read one course of the catalogue; its root is the folder of its YAML files."""
    place = (folder or workspace.content("lessons")) / course_id
    if course_id not in ids(place.parent):
        raise CompanionError(
            f"the catalogue has no course {course_id!r}",
            hint="fastcompanion course list --catalogue",
            code=Exit.USAGE,
        )
    return _course(place)


def repositories() -> dict[str, str]:
    """Give the address of each course that has one; reads no lesson."""
    folder = workspace.content("lessons")
    heads = {name: store.read_yaml(folder / name / COURSE_FILE) for name in ids()}
    return {name: str(head["repository"]) for name, head in heads.items() if head.get("repository")}


def files(course_id: str, numbers: Iterable[str]) -> list[Path]:
    """Give the files that a course is read from, to see whether they have changed."""
    place = workspace.content("lessons") / course_id
    return [place / COURSE_FILE, *(place / f"{number}.yaml" for number in numbers)]


def validate(folder: Path | None = None) -> list[CompanionError]:
    """Read every course and lesson of the catalogue and give all that is wrong with them."""
    folder = folder or workspace.content("lessons")
    problems: list[CompanionError] = []
    for course_id in ids(folder):
        try:
            found = _course(folder / course_id)
        except CompanionError as error:
            problems.append(error)
            continue
        problems += _loose_ends(folder / course_id, found)
    return problems


class Fields:
    """The keys of one mapping; `done` complains of those that nobody asked for."""

    def __init__(self, data: Any, path: Path, where: str = "") -> None:
        self.path, self.where = path, where
        if not isinstance(data, dict):
            raise self.wrong("", f"should be a mapping of keys, not {_kind(data)}")
        self.data: Mapping[str, Any] = data
        self.asked: set[str] = set()

    def wrong(self, key: str, problem: str) -> CompanionError:
        """Make the error for one key."""
        name = ".".join(part for part in (self.where, key) if part) or "the file"
        return CompanionError(f"{name}: {problem}", file=self.path)

    def _get(self, key: str, kind: type[T], default: T | None) -> T:
        self.asked.add(key)
        value = self.data.get(key)
        if value is None:
            if default is None:
                raise self.wrong(key, "is missing")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, f"should be {_NAMES[kind]}, not {_kind(value)}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Give a text; required without a default."""
        text = self._get(key, str, default).strip()
        if not text and default is None:
            raise self.wrong(key, "is empty")
        return text

    def code(self, key: str) -> str:
        """Give a text as it stands, with its spaces; it may be empty but not missing."""
        self.asked.add(key)
        value = self.data.get(key)
        if not isinstance(value, str):
            raise self.wrong(key, f"should be a text, not {_kind(value)}")
        return value

    def number(self, key: str) -> int | None:
        """Give a whole number, or None."""
        value = self._get(key, int, 0)
        return value or None

    def version(self) -> None:
        """Refuse a file of a newer or of no version."""
        self.asked.add("version")
        store.check_version(self.data, self.path)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts, empty when the key is missing."""
        values = self._get(key, list, [])
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                raise self.wrong(f"{key}[{index}]", f"should be a text, not {_kind(value)}")
        return tuple(value.strip() for value in values)

    def each(self, key: str) -> list[Fields]:
        """Give a list of mappings, empty when the key is missing."""
        values = self._get(key, list, [])
        name = f"{self.where}.{key}" if self.where else key
        return [Fields(value, self.path, f"{name}[{i}]") for i, value in enumerate(values)]

    def mapping(self, key: str) -> Fields:
        """Give a mapping of its own; required."""
        name = f"{self.where}.{key}" if self.where else key
        return Fields(self._get(key, dict, None), self.path, name)

    def unique(self, key: str, values: Iterable[str]) -> None:
        """Complain of the first value that comes twice."""
        seen: set[str] = set()
        for value in values:
            if value in seen:
                raise self.wrong(key, f"{value!r} comes twice")
            seen.add(value)

    def done(self) -> None:
        """Complain of keys that do not exist."""
        extra = [str(key) for key in self.data if key not in self.asked]
        if extra:
            raise self.wrong(
                extra[0], f"is not a key here (known: {', '.join(sorted(self.asked))})"
            )


_NAMES: dict[type, str] = {str: "a text", int: "a whole number", list: "a list", dict: "a mapping"}


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return _NAMES.get(type(value), f"{type(value).__name__} ({value!r}; put it in quotes?)")


def _course(place: Path) -> Course:
    path = place / COURSE_FILE
    fields = Fields(store.read_yaml(path), path)
    fields.version()
    course_id = fields.text("id")
    if course_id != place.name:
        raise fields.wrong("id", f"is {course_id!r} in the folder {place.name!r}")
    kind = fields.text("kind")
    if kind not in KINDS:
        raise fields.wrong("kind", f"should be one of {', '.join(KINDS)}, not {kind!r}")
    numbers = fields.texts("lessons")
    fields.unique("lessons", numbers)
    if not numbers:
        raise fields.wrong("lessons", "is empty")
    found = Course(
        id=course_id,
        title=fields.text("title"),
        kind="builtin" if kind == "builtin" else "git",
        source=fields.text("repository", None if kind == "git" else ""),
        ref=fields.text("ref", ""),
        pages=fields.text("pages", ""),
        licence=fields.text("licence", ""),
        about=fields.text("about", ""),
        requirements=fields.texts("requirements"),
        people=_role_models(fields, "people"),
        portfolios=_role_models(fields, "portfolios"),
        root=place,
        lessons=tuple(lesson(place / f"{number}.yaml", course_id, number) for number in numbers),
    )
    fields.done()
    return found


def lesson(path: Path, course_id: str, number: str) -> Lesson:
    """Read one authored lesson."""
    fields = Fields(store.read_yaml(path), path)
    fields.version()
    if fields.text("id") != number:
        raise fields.wrong("id", f"is {fields.data['id']!r} in the file of lesson {number!r}")
    notebooks = tuple(_notebook(item) for item in fields.each("notebooks"))
    fields.unique("notebooks", (notebook.id for notebook in notebooks))
    sections = tuple(_section(item) for item in fields.each("sections"))
    fields.unique("sections", (section.id for section in sections))
    cards = tuple(_card(item) for item in fields.each("cards"))
    fields.unique("cards", (card.id for card in cards))
    found = Lesson(
        id=f"{course_id}/{number}",
        number=number,
        title=fields.text("title"),
        notebooks=notebooks,
        about=fields.text("about", ""),
        goals=fields.texts("goals"),
        minutes=fields.number("minutes"),
        video=fields.text("video", ""),
        page=fields.text("page", ""),
        links=tuple(_link(item) for item in fields.each("links")),
        files=fields.texts("files"),
        sections=sections,
        cards=cards,
        mistakes=_mistakes(fields, [section.id for section in sections]),
        checks=fields.text("checks", "") or None,
        reading=tuple(_reading(item) for item in fields.each("reading")),
    )
    fields.unique("reading", (task.id for task in found.reading))
    fields.done()
    return found


def _reading(fields: Fields) -> Reading:
    file = fields.text("file")
    if not _inside(file):
        raise fields.wrong("file", f"should be relative, with / between names: {file!r}")
    symbol = fields.text("symbol")
    if not all(part.isidentifier() for part in symbol.split(".")):
        raise fields.wrong("symbol", f"should be a name such as Learner.fit, not {symbol!r}")
    question = fields.text("question")
    if not question.endswith("?"):
        raise fields.wrong("question", "should end with a question mark")
    place = _address(fields, "repository").rstrip("/")
    task = Reading(fields.text("id"), question, place, file, symbol, fields.text("why"))
    fields.done()
    return task


def _role_models(fields: Fields, key: str) -> tuple[RoleModel, ...]:
    found = []
    for item in fields.each(key):
        found.append(RoleModel(item.text("name"), _address(item, "url"), item.text("why")))
        item.done()
    fields.unique(key, (one.url for one in found))
    return tuple(found)


def _link(fields: Fields) -> tuple[str, str]:
    link = (fields.text("title"), _address(fields, "url"))
    fields.done()
    return link


def _address(fields: Fields, key: str) -> str:
    url = fields.text(key)
    if not url.startswith(("https://", "http://")) or any(c.isspace() for c in url):
        raise fields.wrong(key, f"should be an https address, not {url!r}")
    return url


def _notebook(fields: Fields) -> NotebookRef:
    path = fields.text("path", "") or None
    url = _address(fields, "url") if fields.text("url", "") else None
    if path is None and url is None:
        raise fields.wrong("", "needs a path or a url")
    if path is not None and not _inside(path):
        raise fields.wrong("path", f"should be relative, with / between names: {path!r}")
    notebook = NotebookRef(fields.text("id"), path, url)
    fields.done()
    return notebook


def _inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in path


def _section(fields: Fields) -> SectionSpec:
    checkpoints = tuple(_checkpoint(item) for item in fields.each("checkpoints"))
    fields.unique("checkpoints", (checkpoint.name for checkpoint in checkpoints))
    section = SectionSpec(
        fields.text("id"), fields.text("goal"), checkpoints, fields.texts("hints")
    )
    fields.done()
    return section


def _checkpoint(fields: Fields) -> Checkpoint:
    kind = fields.text("kind")
    kinds: tuple[CheckpointKind, ...] = get_args(CheckpointKind)
    for known in kinds:
        if kind == known:
            point = Checkpoint(
                fields.text("name"), known, fields.text("shape", ""), fields.text("about", "")
            )
            fields.done()
            return point
    raise fields.wrong("kind", f"should be one of {', '.join(kinds)}, not {kind!r}")


def _card(fields: Fields) -> Card:
    card = Card(fields.text("id"), fields.text("question"), fields.text("answer", ""))
    fields.done()
    return card


def _mistakes(fields: Fields, sections: list[str]) -> tuple[Mistake, ...]:
    found = []
    for item in fields.each("mistakes"):
        words = {key: item.text(key) for key in ("id", "section", "message")}
        words |= {key: item.code(key) for key in ("find", "replace")}
        if words["section"] not in sections:
            raise item.wrong("section", f"{words['section']!r} is not a section of this lesson")
        item.done()
        found.append(Mistake(**words))
    fields.unique("mistakes", (mistake.id for mistake in found))
    return tuple(found)


def _loose_ends(place: Path, found: Course) -> list[CompanionError]:
    """Find files that lessons name and that are missing, and lessons that no course names."""
    named = {f"{lesson.number}.yaml" for lesson in found.lessons} | {COURSE_FILE}
    problems = [
        CompanionError("is named by no course", file=path)
        for path in sorted(place.glob("*.yaml"))
        if path.name not in named
    ]
    for one in found.lessons:
        path = place / f"{one.number}.yaml"
        if not one.goals:
            problems.append(CompanionError("goals: is missing", file=path))
        wanted = _files_of(one) if found.kind == "builtin" else []
        missing = [name for name in wanted if not (place / name).is_file()]
        problems += [CompanionError(f"{name} is missing", file=path) for name in missing]
    return problems


def _files_of(one: Lesson) -> list[str]:
    notebooks = [notebook.path for notebook in one.notebooks if notebook.path]
    return [*notebooks, *one.files, *([one.checks] if one.checks else [])]
