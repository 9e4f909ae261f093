"""The study log: one Markdown file per study day that reads like a diary and parses as records.

    # 2026-11-21 Saturday
    - 19:30+01:00 90m fastai-p1/05 reproduce ^k3f9q2tzab
      Retyped the notebook; stuck on broadcasting.

One line per session carries the start with its UTC offset, the minutes (`?` when they are a
guess), the lesson and the step where there are any, and an id; indented lines below it are free
Markdown. Order does not matter and no total is stored, so two machines can merge line by line.
A study day runs from 04:00 to 04:00: a line at 01:30 belongs to the night after the file's date.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, config, events, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace

DAY_STARTS = time(4, 0)
_LOGGED, _REMOVED = "session.logged", "log.removed"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Compiled at the first use, which many a start never comes to.
_ENTRY = (
    r"- (?P<time>(?:[01]\d|2[0-3]):[0-5]\d)(?P<offset>[+-]\d\d:\d\d|Z)"
    r" (?P<minutes>\d{1,4})m(?P<guessed>\??)"
    r"(?: (?P<lesson>[a-z0-9][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9-]*))?"
    r"(?: (?P<step>[a-z][a-z-]*))?"
    r" \^(?P<id>[a-z0-9]{6,16})\s*"
)
_MEANT_AS_ENTRY = r"[-*+] +\d{1,2}[:.h]|[-*+] .*\^[A-Za-z0-9]{6,16}\s*$"
_SESSION_LINE = "- 19:30+01:00 90m course/05 reproduce ^id"
_MARKERS = ("<<<<<<< ", "||||||| ", ">>>>>>> ")
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"


@frozen
class Entry:
    """One session of study: when it began, how long it was, on what, and a few own words."""

    id: str
    at: datetime
    minutes: int
    lesson: str | None = None
    step: str | None = None
    note: str = ""
    guessed: bool = False


@frozen
class Problem:
    """A line that looks like a session and can't be counted; it stays where it is."""

    file: str
    line: int
    text: str
    reason: str


@frozen
class Log:
    """Sessions in the order of their start, and the lines that could not be read."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def minutes(self) -> int:
        """All minutes together."""
        return sum(entry.minutes for entry in self.entries)


def study_day(moment: datetime) -> date:
    """Give the study day of a moment, in the zone that the moment carries."""
    day = moment.date()
    return day if moment.time() >= DAY_STARTS else day - timedelta(days=1)


def days_of_week(day: date) -> tuple[date, ...]:
    """Give the seven days, Monday first, of the ISO week that holds `day`."""
    monday = day - timedelta(days=day.weekday())
    return tuple(monday + timedelta(days=n) for n in range(7))


def undone(ws: Workspace, known: Iterable[Event]) -> frozenset[str]:
    """Give the ids of entries that were taken back; a merge may have brought their lines again.

    `known` are the public events. A log that is kept out of git has its undoings among the
    private ones.
    """
    everything = [*known]
    if not config.load(ws).get("privacy.log"):
        everything += events.read(ws, private=True)
    return frozenset(
        str(event.data["entry"])
        for event in everything
        if event.kind == events.UNDONE and "entry" in event.data
    )


def read(ws: Workspace, days: Iterable[date] | None = None, *, undone: Collection[str] = ()) -> Log:
    """Read the log of some days, or all of it, but for undone entries; opens no other files."""
    named = ((day, ws.day_file(day)) for day in days or ())
    files = all_files(ws) if days is None else [(day, path) for day, path in named if path.exists()]
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for day, path in files:
        found, wrong = _parsed(store.read_text(path), day, path)
        problems.extend(wrong)
        for entry in found:
            entries.setdefault(entry.id, entry)
    counted = (entry for entry in entries.values() if entry.id not in undone)
    ordered = sorted(counted, key=lambda entry: (entry.at, entry.id))
    return Log(tuple(ordered), tuple(problems))


def all_files(ws: Workspace) -> list[tuple[date, Path]]:
    """Give every day file with its day, in order."""
    found = []
    for path in sorted(ws.log_folder.glob("*/*.md"), key=lambda path: (path.name, path)):
        try:
            found.append((date.fromisoformat(path.stem), path))
        except ValueError:
            continue
    return found


def parse(text: str, day: date, path: Path) -> Log:
    """Read one day file. A conflict marker is an error: half a merge must not be counted."""
    entries, problems = _parsed(text, day, path)
    return Log(tuple(entries), tuple(problems))


def _parsed(text: str, day: date, path: Path) -> tuple[Collection[Entry], list[Problem]]:
    if any(marker in text for marker in _MARKERS):
        refuse_conflict(text, path)
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    session = re.compile(_ENTRY).fullmatch
    date_ = day.isoformat()
    for number, line, note in _records(text):
        found = session(line)
        entry = _entry(found, date_, note) if found else None
        if entry is None:
            if re.match(_MEANT_AS_ENTRY, line):
                reason = f"is not a session line; write it like: {_SESSION_LINE}"
                problems.append(Problem(str(path), number, line, reason))
            continue
        known = entries.setdefault(entry.id, entry)
        if known is not entry and known != entry:
            problems.append(Problem(str(path), number, line, "has the id of another line"))
    return entries.values(), problems


def refuse_conflict(text: str, path: Path) -> None:
    """Raise when git left a merge conflict in the text, naming the line."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_MARKERS):
            raise CompanionError(
                "holds a merge conflict marker",
                hint="Keep the lines you want, delete the marker lines, save, and try again.",
                file=path,
                line=number,
            )


def _records(text: str) -> list[tuple[int, str, str]]:
    """Split a day file into (line number, line, indented lines below it)."""
    records: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(("  ", "\t")) or not line.strip():
            if records:
                records[-1][2].append(line.strip("\n").removeprefix("  "))
        else:
            records.append((number, line, []))
    return [
        (number, line, "\n".join(below).strip("\n") if below else "")
        for number, line, below in records
    ]


def _entry(found: re.Match[str], day: str, note: str) -> Entry | None:
    offset = "+00:00" if found["offset"] == "Z" else found["offset"]
    try:
        at = datetime.fromisoformat(f"{day}T{found['time']}{offset}")
    except ValueError:
        return None
    if at.time() < DAY_STARTS:
        at += timedelta(days=1)
    return Entry(
        id=found["id"],
        at=at,
        minutes=int(found["minutes"]),
        lesson=found["lesson"],
        step=found["step"],
        note=note,
        guessed=bool(found["guessed"]),
    )


def write(entry: Entry) -> str:
    """Write an entry as it stands in its day file, note included."""
    offset = entry.at.strftime("%z")
    words = [
        f"- {entry.at:%H:%M}{offset[:3]}:{offset[3:5]}",
        f"{entry.minutes}m{'?' if entry.guessed else ''}",
        *(word for word in (entry.lesson, entry.step) if word),
        f"^{entry.id}",
    ]
    note = re.sub(_CONTROL, "", entry.note.replace("\r\n", "\n")).strip("\n").rstrip()
    below = "".join(f"  {line}".rstrip() + "\n" for line in note.split("\n")) if note else ""
    return " ".join(words) + "\n" + below


def add(ws: Workspace, entry: Entry) -> Path:
    """Add an entry to its day file, once: an id that is there already changes nothing."""
    return _add(ws, entry)[0]


def _add(ws: Workspace, entry: Entry) -> tuple[Path, bool]:
    """Add an entry; say whether it is new."""
    path = ws.day_file(study_day(entry.at))
    with _lock(ws):
        text = store.read_text(path) if path.exists() else ""
        refuse_conflict(text, path)
        # Only where the id is mentioned the file has to be parsed to see whether it is an entry's.
        if f"^{entry.id}" in text:
            known = parse(text, study_day(entry.at), path)
            if any(entry.id == other.id for other in known.entries):
                return path, False
        store.append_text(path, ("" if text.strip() else _heading(entry.at)) + write(entry))
    return path, True


def _heading(at: datetime) -> str:
    day = study_day(at)
    return f"# {day} {_WEEKDAYS[day.weekday()]}\n"


def find(ws: Workspace, entry_id: str) -> tuple[Entry, Path] | None:
    """Find an entry by its id, newest days first."""
    wanted = entry_id.removeprefix("^")
    for day, path in reversed(all_files(ws)):
        text = store.read_text(path)
        if f"^{wanted}" in text:
            for entry in parse(text, day, path).entries:
                if entry.id == wanted:
                    return entry, path
    return None


def take_out(ws: Workspace, entry: Entry, *, put: str = "") -> Path:
    """Take an entry and its note out of the day file, or `put` another text in their place.

    Everything else stays as it is.
    """
    path = ws.day_file(study_day(entry.at))
    with _lock(ws):
        kept: list[str] = []
        inside = False
        for line in store.read_text(path).split("\n"):
            if not line.startswith(("  ", "\t")) and line.strip():
                found = re.fullmatch(_ENTRY, line)
                inside = found is not None and found["id"] == entry.id
                if inside and put:
                    kept += put.rstrip("\n").split("\n")
                    put = ""
            if not inside:
                kept.append(line)
        store.write_text(path, "\n".join(kept).rstrip("\n") + "\n")
    return path


def _lock(ws: Workspace) -> AbstractContextManager[None]:
    return store.lock(ws.lock("log"), busy="the study log is being written by another process")


@frozen
class Logged:
    """An entry that stands in the log (or was taken out of it), and what became of its commit."""

    entry: Entry
    file: str
    commit: CommitResult | None


def keep(
    ws: Workspace, entry: Entry, *, paths: Sequence[Path] = (), message: str | None = None
) -> Logged:
    """Add an entry, record the session and commit both (with `paths`), each only once.

    Calling it again with the same entry, after a crash, finishes what is missing. Where the
    learner keeps the log out of git, the event stays private too: it would tell the minutes.
    """
    bring_back(ws)
    path, target = _written(ws, entry)
    secret = target == ws.private_events
    words = message or f"Log {entry.lesson or 'study'}{'' if secret else f', {entry.minutes} min'}"
    commit = events.commit_paths(ws, [path, target, ws.progress, *paths], words)
    if not commit.made and not commit.nothing and commit.wanted:
        day = str(study_day(entry.at))
        store.append_line(ws.waiting, {"id": entry.id, "day": day, "text": write(entry)})
    elif ws.waiting.exists():
        store.remove(ws.waiting)
    return Logged(entry, ws.relative(path), commit)


def bring_back(ws: Workspace) -> None:
    """Write entries again that no commit holds and that git took away, as `git rebase --abort` does.

    Git takes the event with the line. Where the event stands, the line was deleted by hand.
    """
    if not ws.waiting.exists():
        return
    gone = undone(ws, events.read(ws))
    for line in store.read_lines(ws.waiting):
        for entry in _kept(ws, line):
            if entry.id not in gone and not _is_deleted(ws, entry):
                path, _ = _written(ws, entry)
                events.postpone(ws, [path, ws.progress])


def _kept(ws: Workspace, line: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Read an entry that no commit holds yet."""
    try:
        day = date.fromisoformat(str(line["day"]))
        return parse(str(line["text"]), day, ws.waiting).entries
    except (KeyError, ValueError):
        raise CompanionError(
            f"holds a line that is no entry: {line.get('id', '')!r}",
            hint="Delete that line by hand; what stands in the log is not touched.",
            file=ws.waiting,
        ) from None


def _written(ws: Workspace, entry: Entry) -> tuple[Path, Path]:
    """Write an entry and its event, each once; give the files of both."""
    secret = not config.load(ws).get("privacy.log")
    path, is_new = _add(ws, entry)
    target = ws.private_events if secret else ws.progress
    # Only a crash in between leaves a line without its event; then the events have to be read.
    if is_new or not _is_recorded(ws, entry, private=secret):
        data = {"entry": entry.id, "minutes": entry.minutes, "step": entry.step}
        events.record(ws, _LOGGED, entry.lesson, data, private=secret)
    return path, target


def _is_deleted(ws: Workspace, entry: Entry) -> bool:
    private = not config.load(ws).get("privacy.log")
    return find(ws, entry.id) is None and _is_recorded(ws, entry, private=private)


def _is_recorded(ws: Workspace, entry: Entry, *, private: bool) -> bool:
    return any(
        event.kind == _LOGGED and event.data.get("entry") == entry.id
        for event in reversed(events.read(ws, private=private))
    )


@frozen
class Undone:
    """What was taken back: a log entry, or another event (`what` is its kind).

    `id` is that of the undoing itself, with which it can be undone again. `back` is the entry as
    it was before a correction that was taken back.
    """

    id: str
    what: str
    restored: bool
    entry: Entry | None
    commit: CommitResult | None
    back: Entry | None = None


def undo(ws: Workspace, wanted: str | None = None, *, dry_run: bool = False) -> Undone:
    """Take back a log entry or an event by its id (default: the entry logged last), as a new commit.

    Without an id it is only ever the last act: after an undoing nothing is guessed, the ids are
    named.
    Nothing is erased from the events: the undoing is one itself, so that a merge with another
    machine can't bring the line back into the counts, and undoing the undoing restores it.
    """
    target, private = event_of(ws, wanted.removeprefix("^")) if wanted else _last_act(ws)
    if target.kind == events.UNDONE and "entry" in target.data:
        return _restore(ws, target, private, dry_run=dry_run)
    entry_id = str(target.data.get("entry")) if target.kind == _LOGGED else ""
    found = find(ws, entry_id) if entry_id else None
    entry = found[0] if found else None
    if dry_run:
        return Undone("", target.kind, False, entry, None)
    done, paths = withdraw(ws, target, entry, private=private)
    back = None
    if entry is not None and "replaces" in target.data:
        back = _as_it_was(ws, str(target.data["replaces"]), private=private)
        paths += [ws.day_file(study_day(back.at))] if back else []
    commit = events.commit_paths(ws, paths, f"Undo {entry.id if entry else target.kind}")
    return Undone(done.id, target.kind, False, entry, commit, back)


def withdraw(
    ws: Workspace,
    target: Event,
    entry: Entry | None,
    *,
    private: bool,
    by: str = "",
    put: str | None = "",
) -> tuple[Event, list[Path]]:
    """Take an entry out and say so in an event, which is given, with the files that changed.

    Its words stay on this machine, for the case that this is undone again. `by` is the id of the
    entry that takes its place, and `put` what then stands in its lines; None: they are gone.
    """
    data: dict[str, str] = {"id": target.id}
    paths = [ws.progress]
    if entry is not None:
        words = {"entry": entry.id, "text": write(entry), "day": str(study_day(entry.at))}
        events.record(ws, _REMOVED, entry.lesson, words, private=True)
        if put is not None:
            paths.append(take_out(ws, entry, put=put))
        data["entry"] = entry.id
    if by:
        data["by"] = by
    return events.record(ws, events.UNDONE, target.lesson, data, private=private).event, paths


def _as_it_was(ws: Workspace, undoing: str, *, private: bool) -> Entry | None:
    """Bring the entry back that a correction had taken out."""
    event = next((one for one, _ in _newest_first(ws) if one.id == undoing), None)
    kept = _words(ws, str(event.data.get("entry"))) if event is not None else None
    if event is None or kept is None:
        return None
    add(ws, kept)
    events.record(
        ws, events.UNDONE, event.lesson, {"id": event.id, "back": kept.id}, private=private
    )
    return kept


def event_of(ws: Workspace, wanted: str, *, gone: bool = False) -> tuple[Event, bool]:
    """Find the event of an id, its own or that of its log entry, and whether it is a private one.

    `gone`: the entry's line has been deleted already.
    """
    for event, private in _newest_first(ws):
        if event.kind == _LOGGED and event.data.get("entry") == wanted:
            return event, private
        if event.id == wanted and event.kind != _REMOVED:
            return event, private
    if gone or find(ws, wanted) is not None:
        # A line that was written by hand has no event.
        return Event("", clock.now(), _LOGGED, None, {"entry": wanted}), False
    raise CompanionError(f"nothing has the id {wanted}", hint="fastcompanion log show --all")


def _newest_first(ws: Workspace) -> list[tuple[Event, bool]]:
    """Give all events with whether they are private."""
    known = [
        (event, private) for private in (False, True) for event in events.read(ws, private=private)
    ]
    return sorted(known, key=lambda one: (one[0].at, one[0].id), reverse=True)


def _last_act(ws: Workspace) -> tuple[Event, bool]:
    """Find the session logged last, unless the log was last changed by an undoing."""
    acts = [one for one in _newest_first(ws) if _changed_the_log(one[0])]
    if not acts:
        raise CompanionError("there is nothing to undo", hint="fastcompanion log show --all")
    last, private = acts[0]
    if last.kind == _LOGGED:
        return last, private
    older = next((event for event, _ in acts if event.kind == _LOGGED), None)
    what = "took an entry out of the log" if "entry" in last.data else "brought an entry back"
    ways = [f"fastcompanion log undo {last.id} takes that back"]
    if older is not None:
        entry = older.data.get("entry")
        ways.append(f"fastcompanion log undo {entry} takes out the newest entry that is left")
    raise CompanionError(
        f"the last undo {what}; say which id is to be undone", hint="; ".join(ways)
    )


def _changed_the_log(event: Event) -> bool:
    undoing = event.kind == events.UNDONE
    return event.kind == _LOGGED or (undoing and ("entry" in event.data or "back" in event.data))


def _restore(ws: Workspace, undoing: Event, private: bool, *, dry_run: bool) -> Undone:
    """Bring an entry back whose words were kept on this machine."""
    entry_id = str(undoing.data["entry"])
    entry = _words(ws, entry_id)
    if entry is None:
        raise CompanionError(
            f"the words of the entry {entry_id} are not on this machine",
            hint=f"git -C '{ws.root}' log -S '^{entry_id}' -p -- log",
        )
    if dry_run:
        return Undone("", _LOGGED, True, entry, None)
    paths = [add(ws, entry), ws.progress]
    done = events.record(
        ws, events.UNDONE, undoing.lesson, {"id": undoing.id, "back": entry.id}, private=private
    ).event
    paths += _without_the_old(ws, entry, private=private)
    commit = events.commit_paths(ws, paths, f"Restore the log entry {entry.id}")
    return Undone(done.id, _LOGGED, True, entry, commit)


def _words(ws: Workspace, entry_id: str) -> Entry | None:
    """Give an entry that was taken out, as it was kept on this machine."""
    kept = [
        event
        for event in events.read(ws, private=True)
        if event.kind == _REMOVED and event.data.get("entry") == entry_id
    ]
    if not kept:
        return None
    day = date.fromisoformat(str(kept[-1].data["day"]))
    (entry,) = parse(str(kept[-1].data["text"]), day, ws.day_file(day)).entries
    return entry


def _without_the_old(ws: Workspace, entry: Entry, *, private: bool) -> list[Path]:
    """Take the entry out again that a correction, now brought back, had replaced."""
    for event, _ in _newest_first(ws):
        if event.kind == _LOGGED and event.data.get("entry") == entry.id:
            old = find(ws, str(event.data["was"])) if "was" in event.data else None
            if old is None:
                return []
            target, _ = event_of(ws, old[0].id)
            return withdraw(ws, target, old[0], private=private, by=entry.id)[1]
    return []


@frozen
class Changed:
    """An entry before and after a correction, and what became of the commit."""

    before: Entry
    entry: Entry
    file: str
    commit: CommitResult | None


def change(ws: Workspace, old: Entry, new: Entry, *, dry_run: bool = False) -> Changed:
    """Replace an entry by a corrected one with an id of its own.

    So a merge with a machine that still has the old line can't make two of one session: the old
    id counts as undone there, too.
    """
    if new == replace(old, id=new.id):
        raise CompanionError("nothing would be changed", hint="fastcompanion log edit --help")
    path = ws.day_file(study_day(new.at))
    if dry_run:
        return Changed(old, new, ws.relative(path), None)
    target, private = event_of(ws, old.id)
    same_day = study_day(old.at) == study_day(new.at)
    if not same_day:
        add(ws, new)
    put = write(new) if same_day else ""
    undoing, paths = withdraw(ws, target, old, private=private, by=new.id, put=put)
    data = {"entry": new.id, "minutes": new.minutes, "step": new.step}
    more = {"replaces": undoing.id, "was": old.id}
    secret = not config.load(ws).get("privacy.log")
    events.record(ws, _LOGGED, new.lesson, {**data, **more}, private=secret)
    commit = events.commit_paths(ws, [*paths, path], f"Correct the log entry {new.id}")
    return Changed(old, new, ws.relative(path), commit)


def needed(ws: Workspace, wanted: str | None) -> Entry:
    """Find the entry of an id, or the one that was logged last."""
    if wanted is None:
        wanted = str(_last_act(ws)[0].data.get("entry"))
    found = find(ws, wanted)
    if found is None:
        raise CompanionError(f"no entry has the id {wanted}", hint="fastcompanion log show --all")
    return found[0]
