"""New posts: an empty one, one from a week of the study log, one from a notebook. Nothing is overwritten."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastcompanion.base import clock, events, store, templates
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.scrub import Known
from fastcompanion.base.workspace import Workspace, absolute
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.logbook import period
from fastcompanion.study.posts import bundle, front, images, ipynb, prose, secrets

MATERIAL = "<!-- material:"
_SLUG = 60
_NOTES = 4000
_SHOWN = 10
# Names of data in quotes, as `pd.read_csv("data/train.csv")` has them.
_DATA = re.compile(
    r"(?i)(['\"])((?!https?:)[^'\"\s]+\.(?:csv|tsv|parquet|feather|pkl|pickle|pth|pt|h5|npy|npz|zip|tgz|gz|xlsx?|db|sqlite))\1"
)
_TAG = re.compile(r"<[^<>]*>")
# Letters that Unicode does not take apart into a plain one and an accent.
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "AE"}
    | {"œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D"}
)
_HEADING = re.compile(r"\s*#{1,2}[ \t]+(?P<title>[^\n]+?)[ \t]*#*[ \t]*(?:\n|\Z)")
# Headings that say nothing of what a notebook is about.
_EMPTY = ("", "introduction", "intro", "overview", "contents", "setup", "imports", "untitled")


@frozen
class Copied:
    """A picture that was copied: where it was, and its name in the post."""

    source: str
    target: str


@frozen
class Written:
    """A new post (or what would be written); `missing` are pictures that the notebook names in vain.

    `local` are places of this machine that its code or outputs tell, and data that readers do not have.
    """

    slug: str
    folder: str
    file: str
    title: str
    source: str
    copied: tuple[Copied, ...] = ()
    missing: tuple[str, ...] = ()
    course_text: bool = False
    local: tuple[str, ...] = ()


def slug_of(title: str) -> str:
    """Make the name of an address from a title; markup and what is no letter or digit is left out."""
    plain = unicodedata.normalize("NFKD", _TAG.sub(" ", title).translate(_LETTERS))
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)).lower())
    slug = "-".join(words)
    if len(slug) > _SLUG:
        slug = slug[:_SLUG].rpartition("-")[0] or slug[:_SLUG]
    return slug.replace("_", "-").strip("-") or "post"


def new(ws: Workspace, title: str, *, dry_run: bool = False) -> Written:
    """Begin an empty post."""
    title = _titled(title)
    text = templates.render("posts/new.md", {"title": title, "date": clock.today(), "categories": ""})  # fmt: skip
    folder = _place(ws, title)
    return _write(ws, folder, "index.md", text, title, "", dry_run=dry_run)


def _titled(title: str) -> str:
    title = templates.one_line(title)
    if not title:
        raise CompanionError(
            "a post needs a title", hint='fastcompanion blog new "Is it a bird?"', code=Exit.USAGE
        )
    return title


def _place(ws: Workspace, title: str) -> Path:
    """Choose the folder; one of the same name, of this day or another, is never written into."""
    slug = slug_of(title)
    folder = ws.posts / f"{clock.today()}-{slug}"
    others = [one for one in bundle.folders(ws) if bundle.slug_of(one) == slug]
    for there in (folder, *others):
        if there.exists():
            raise CompanionError(
                f"there is a post {slug!r} already; nothing was changed",
                hint="Choose another title, or go on writing there.",
                file=there,
                code=Exit.USAGE,
            )
    return folder


def _is_taken(ws: Workspace, title: str) -> bool:
    slug = slug_of(title)
    return any(bundle.slug_of(one) == slug for one in bundle.folders(ws))


def _write(
    ws: Workspace,
    folder: Path,
    name: str,
    text: str,
    title: str,
    source: str,
    *,
    dry_run: bool,
    course_text: bool = False,
) -> Written:
    if not dry_run:
        store.write_text(folder / name, text)
    place = ws.relative(folder)
    slug = bundle.slug_of(folder)
    return Written(slug, place, f"{place}/{name}", title, source, course_text=course_text)


def from_log(ws: Workspace, week: str, title: str = "", *, dry_run: bool = False) -> Written:
    """Begin a post with what the log and the notes of a week say, as material to rewrite."""
    days = week_of(week)
    taken_back = journal.undone(ws, events.read(ws))
    entries = journal.read(ws, days, undone=taken_back).entries
    name = period.week_name(days[0])
    if not entries:
        raise CompanionError(
            f"the log has no session in {name} ({days[0]} to {days[-1]})",
            hint="fastcompanion log show --all",
        )
    title = _titled(title or f"What I learned in week {days[0].isocalendar().week}")
    lessons = list(_lessons(ws, entries))
    values = {
        "title": title,
        "date": clock.today(),
        "categories": ", ".join(_category(one["name"]) for one in lessons if "/" in one["name"]),
        "week": name,
        "sessions": "1 session" if len(entries) == 1 else f"{len(entries)} sessions",
        "minutes": _minutes(entries),
        "lessons": lessons,
    }
    text = templates.render("posts/week.md", values).rstrip("\n") + "\n"
    return _write(ws, _place(ws, title), "index.md", text, title, name, dry_run=dry_run)


def week_of(text: str) -> tuple[date, ...]:
    """Give the study days of a week: 2026-W47, `this` or `last`."""
    today = journal.study_day(clock.now())
    word = text.strip().lower()
    try:
        found = period.find({"this": "week", "last": "lastweek"}.get(word, word), today)
    except CompanionError:
        found = None
    if found is None or found.name != period.week_name(found.first):
        raise CompanionError(
            f"{text!r} is no week",
            hint=f"Write it like {period.week_name(today)}, or: this, last",
            code=Exit.USAGE,
        )
    return found.days


def _lessons(ws: Workspace, entries: Sequence[Entry]) -> Iterable[dict[str, Any]]:
    for name in dict.fromkeys(entry.lesson or "" for entry in entries):
        own = [entry for entry in entries if (entry.lesson or "") == name]
        yield {
            "name": name or "Other study",
            "minutes": _minutes(own),
            "sessions": [_session(entry) for entry in own],
            "notes": _notes(ws, name) if name else "",
        }


def _session(entry: Entry) -> dict[str, str]:
    note = " ".join(entry.note.split())
    return {
        "day": f"{journal.study_day(entry.at):%A}",
        "minutes": f"{entry.minutes} min",
        "step": f", {entry.step}" if entry.step else "",
        "note": f": {note}" if note else "",
    }


def _notes(ws: Workspace, lesson: str) -> str:
    """Give the learner's notes on a lesson, without headings that would break up the post."""
    path = ws.notes(lesson)
    if not path.is_file():
        return ""
    text = store.read_text(path).strip()
    cut = text[:_NOTES] + (f"\n… ({ws.relative(path)} goes on)" if len(text) > _NOTES else "")
    return re.sub(r"(?m)^#+[ \t]+(.+)$", r"**\1**", cut)


def _minutes(entries: Iterable[Entry]) -> str:
    hours, rest = divmod(sum(entry.minutes for entry in entries), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _category(lesson: str) -> str:
    return lesson.partition("/")[0]


def from_notebook(
    ws: Workspace, source: Path, title: str = "", *, dry_run: bool = False
) -> Written:
    """Begin a post from a notebook, with its outputs as they were saved; nothing is run.

    The pictures that its texts name are copied to `images/`, and the links follow.
    """
    path = _found(ws, source)
    data = store.read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise CompanionError(
            "is no notebook of format 4", hint="Open it in Jupyter and save it again.", file=path
        )
    cells = data["cells"] = [dict(cell) for cell in data["cells"] if isinstance(cell, dict)]
    known = cells and cells[0].get("cell_type") == "raw" and _front_of(cells[0], path)
    heading = "" if title else (known and known.title) or _heading(cells)
    if not title and (heading.lower() in _EMPTY or _is_taken(ws, heading)):
        heading = ""
    title = _titled(title or heading or _words(path))
    folder = _place(ws, title)
    copied, missing = _pictures(cells, path.parent)
    if not known:
        cells.insert(0, _front_cell(title, data))
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    if not dry_run:
        for one in copied:
            store.copy(Path(one.source), folder / one.target)
    written = _write(
        ws, folder, "index.ipynb", text, title, str(path), dry_run=dry_run,
        course_text=path.name.endswith(".run.ipynb"),
    )  # fmt: skip
    told = _local(cells, secrets.private(ws))
    return Written(**{**vars(written), "copied": copied, "missing": missing, "local": told})


def _words(path: Path) -> str:
    """Make a title of a file's name."""
    name = re.sub(r"^[\d_-]+", "", path.name.split(".")[0]) or path.name.split(".")[0]
    words = re.sub(r"[_-]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def _local(cells: Sequence[dict[str, Any]], known: Known) -> tuple[str, ...]:
    """Find what a reader of the post does not have or should not see: paths and data of this machine."""
    found: list[str] = []
    for cell in cells:
        source = ipynb.joined(cell.get("source"))
        texts = [source, json.dumps(cell.get("outputs") or [], ensure_ascii=False)]
        leaks = [leak for text in texts for leak in secrets.leaks(text, known)]
        found += [leak.shown for leak in leaks if leak.kind in ("home-folder", "local-path")]
        if cell.get("cell_type") == "code":
            found += [one[2] for one in _DATA.finditer(source)]
    return tuple(dict.fromkeys(found))[:_SHOWN]


def _found(ws: Workspace, source: Path) -> Path:
    for path in (absolute(source), ws.root / source):
        if path.is_file() and path.suffix == ".ipynb":
            return path
    there = absolute(source).exists()
    raise CompanionError(
        "is no notebook (.ipynb)" if there else "no such notebook",
        hint="fastcompanion blog new --from-notebook lessons/COURSE/LESSON/NAME.scratch.ipynb",
        file=source,
        code=Exit.USAGE,
    )


def _front_of(cell: dict[str, Any], path: Path) -> front.Front | None:
    source = ipynb.joined(cell.get("source"))
    tidy = {"cell_type": "raw", "source": source}
    return front.of_text(source.strip() + "\n", path) if front.is_front_cell(tidy) else None


def _heading(cells: Sequence[dict[str, Any]]) -> str:
    """Take the title off a notebook that begins with a heading: a page shows it only once."""
    if not cells or cells[0].get("cell_type") != "markdown":
        return ""
    source = ipynb.joined(cells[0].get("source"))
    found = _HEADING.match(source)
    if found is None:
        return ""
    cells[0]["source"] = source[found.end() :].lstrip("\n").splitlines(keepends=True)
    return _TAG.sub("", re.sub(r"[*_`]", "", found["title"])).strip()


def _front_cell(title: str, data: dict[str, Any]) -> dict[str, Any]:
    text = templates.render("posts/new.md", {"title": title, "date": clock.today(), "categories": ""})  # fmt: skip
    head = text.split("---\n")[1]
    cell: dict[str, Any] = {"cell_type": "raw", "metadata": {}}
    cell["source"] = f"---\n{head}---".splitlines(keepends=True)
    if (data.get("nbformat", 4), data.get("nbformat_minor", 0)) >= (4, 5):
        cell["id"] = clock.new_id()
    return cell


def _pictures(
    cells: Iterable[dict[str, Any]], beside: Path
) -> tuple[tuple[Copied, ...], tuple[str, ...]]:
    """Let links to pictures beside the notebook lead to copies; gives the copies and what is missing."""
    copied: dict[str, Copied] = {}
    missing: list[str] = []

    def moved(target: str) -> str:
        if prose.is_elsewhere(target) or target.startswith(("attachment:", "/", "#")):
            return target
        path = beside / unquote(target.partition("#")[0].partition("?")[0])
        if not _is_picture(path):
            missing.append(target)
            return target
        if target not in copied:
            taken = {one.target for one in copied.values()}
            copied[target] = Copied(str(path), _free(path.name, taken))
        return copied[target].target

    for cell in cells:
        if cell.get("cell_type") == "markdown":
            source = ipynb.joined(cell.get("source"))
            changed = prose.with_pictures(source, moved)
            if changed != source:
                cell["source"] = changed.splitlines(keepends=True)
    return tuple(copied.values()), tuple(dict.fromkeys(missing))


def _is_picture(path: Path) -> bool:
    """Look at name and bytes: a notebook of somebody else may name any file of this machine."""
    if path.suffix.lower() not in images.SUFFIXES or not path.is_file():
        return False
    return not images.broken(path.name, store.read_bytes(path))


def _free(name: str, taken: set[str]) -> str:
    """Give a name for a picture that links can carry and no other picture has."""
    stem, dot, suffix = name.rpartition(".")
    base = re.sub(r"[^\w.-]+", "-", stem if dot else name).strip("-") or "picture"
    ending = f".{suffix}" if dot else ""
    names = (f"images/{base}{f'-{n}' if n else ''}{ending}" for n in range(len(taken) + 1))
    return next(one for one in names if one not in taken)
