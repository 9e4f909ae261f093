"""The data of a competition into a folder: what came is kept, what is whole is not fetched again.

A run goes through these states, and each of them can be the last one before the power fails:
the archive is on its way (`SLUG.zip.part`), it is whole, its files are listed in `.download.json`,
some of them are unpacked, all of them are. The next run goes on from there. Files that are not what
we wrote are the learner's: they are asked for, and moved aside rather than overwritten.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.practice.place import is_device
from fastcompanion.competition.site import asking, setting, unpacking
from fastcompanion.competition.site import kept as keeping
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.model import Body, DataFile
from fastcompanion.competition.site.receiving import (
    PAUSES,
    Coming,
    Expected,
    Received,
    Receiver,
    aside,
    part_of,
)
from fastcompanion.competition.site.target import Target
from fastcompanion.competition.site.unpacking import Bounds, Member, amount, summary

_SHOWN = 200
_MOST_LISTED, _MOST_FILES = 2000, 100_000
_ZIPPED = (
    ".zip",
    ".npz",
    ".xlsx",
    ".docx",
    ".jar",
    ".whl",
    ".pt",
    ".pth",
    ".keras",
    ".kmz",
    ".epub",
)


@frozen
class Wish:
    """What is asked for: some files or all, fetched again or not, unpacked or not, the archive kept or not."""

    names: tuple[str, ...] = ()
    force: bool = False
    unpack: bool = True
    keep_archive: bool = False


@frozen
class Downloaded:
    """What lies in a folder now.

    `already` is True where nothing had to be fetched. `aside` are the learner's own files that were
    moved, `yours` those that were left as they are, `unlike` what differs from the site's list,
    `archives` the files that are archives themselves.
    """

    competition: str
    folder: str
    already: bool
    files: tuple[DataFile, ...]
    size: int
    received: int
    archive: str
    aside: tuple[str, ...]
    yours: tuple[str, ...]
    unlike: tuple[str, ...]
    count: int = 0
    archives: tuple[str, ...] = ()


class Ways:
    """How a run deals with the world outside of the folder; tests put others in its place."""

    def __init__(
        self,
        replace_yours: Callable[[tuple[str, ...]], bool] = lambda names: False,
        reporter: Reporter = SILENT,
        pauses: Iterable[float] = PAUSES,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.replace_yours, self.reporter = replace_yours, reporter
        self.pauses, self.free = tuple(pauses), free


def folder_of(target: Target, start: Path | None = None) -> Path:
    """Say where the data of a competition go: a folder of the project's data, else one in this folder.

    Inside the folder that they were downloaded to it is that one.
    """
    here = start or Path()
    if keeping.source_of(here) == target.text:
        return here
    project = setting.project_of(start)
    name = f"{target.slug}-data" if is_device(target.slug) else target.slug
    return (project / "data" if project else here) / name


def download(
    target: Target,
    folder: Path,
    wish: Wish,
    connect: Callable[[], Client],
    ways: Ways | None = None,
) -> Downloaded:
    """Bring the data of a competition into a folder; a site is asked only where something is missing."""
    if folder.exists() and not folder.is_dir():
        raise CompanionError("is a file, not a folder", hint="Give another one with --to.", file=folder, code=Exit.USAGE)  # fmt: skip
    with keeping.alone(folder):
        run = _Run(target, folder, wish, connect, ways or Ways())
        try:
            return run.named() if wish.names else run.all()
        except KeyboardInterrupt:
            run.say_what_stays()
            raise


class _Run:
    """One download into one folder."""

    def __init__(
        self, target: Target, folder: Path, wish: Wish, connect: Callable[[], Client], ways: Ways
    ) -> None:
        self.target, self.folder, self.wish = target, folder, wish
        self.connect, self.ways = connect, ways
        self.record = keeping.read(folder, target.text)
        self.archive = f"{target.slug}.zip"
        self.received = 0
        self.aside: list[str] = []
        self.yours: list[str] = []
        self.unlike: tuple[str, ...] = ()
        self._client: Client | None = None
        self._listed: list[DataFile] | None = None
        self._is_all = True
        self._under_way = ""
        self._allowed: set[str] = set()

    # What the site knows

    @property
    def client(self) -> Client:
        """The client, made when something has to be asked for."""
        if self._client is None:
            self._client = self.connect()
        return self._client

    @property
    def listed(self) -> list[DataFile]:
        """The files of the competition as the site lists them."""
        if self._listed is None:
            # A hundred thousand pictures are five hundred pages: for all of them the archive tells.
            most = _MOST_FILES if self.wish.names else _MOST_LISTED
            self._listed = list(self._asked(most))
            self._is_all = len(self._listed) < most
        return self._listed

    def _asked(self, most: int) -> tuple[DataFile, ...]:
        try:
            return self.client.files(self.target.slug, most=most)
        except SiteError as error:
            if error.kind in ("denied", "missing"):
                # It names what may have been meant.
                asking.competition(self.client, self.target)
            raise

    def _totals(self) -> tuple[int | None, int | None]:
        """Give how many bytes and files were announced; None where nobody told, or not of all."""
        if self._listed is None or not self._is_all:
            return None, None
        return sum(one.size for one in self._listed) or None, len(self._listed)

    # All files

    def all(self) -> Downloaded:
        """Bring everything: from the site, from an archive that is here, or nothing where all is here."""
        if not self.wish.unpack:
            return self._archive_alone()
        if self.record.whole and not self.wish.force:
            looked = keeping.look(self.folder, self.record, self.record.files)
            if not looked.missing and not self._wants_again(looked.changed):
                return self._told(already=True)
        if self.wish.force or not self._archive_is_here():
            self._fetch_archive()
        self._unpack()
        return self._told(already=False)

    def _wants_again(self, changed: tuple[str, ...]) -> bool:
        """Ask what to do with files that are no longer what was downloaded."""
        if not changed:
            return False
        if self._may_replace(changed):
            return True
        self.yours = list(changed)
        return False

    def _may_replace(self, names: tuple[str, ...]) -> bool:
        """Ask, once for each file, whether the learner's may be set aside."""
        asked = tuple(name for name in names if name not in self._allowed)
        if asked and not self.wish.force and not self.ways.replace_yours(asked):
            return False
        self._allowed.update(names)
        return True

    def _archive_alone(self) -> Downloaded:
        if self._archive_is_here() and not self.wish.force:
            return self._told(already=True)
        self._fetch_archive()
        return self._told(already=False)

    def _archive_is_here(self) -> bool:
        """Is the archive of an earlier run here, and still what it was?"""
        if self.archive not in self.record.files:
            return False
        looked = keeping.look(self.folder, self.record, (self.archive,))
        if looked.changed:
            self.ways.reporter.note(f"{self.archive} is damaged: it is fetched again")
        return not looked.missing and not looked.changed

    def _fetch_archive(self) -> None:
        path = self.folder / self.archive
        if path.exists() and self.archive not in self.record.files:
            if self._is_the_same(path):
                self._adopt(path)
                return
            self._aside((self.archive,))
        total = sum(one.size for one in self.listed)
        expected = Expected(archive=True, most=self._bounds().most)
        unpacked = total if self.wish.unpack else 0
        got = self._receive(None, path, expected, unpacked)
        kept = keeping.Kept(got.size, unpacking.crc_of(got.part))
        record = replace(self.record, whole=False)
        self._settle(record, self.archive, kept, lambda: store.move(got.part, path))

    def _is_the_same(self, path: Path) -> bool:
        """Is this the archive, brought by a browser or another client? Its size tells; its CRCs are looked at."""
        if self.wish.force or not path.is_file() or not unpacking.is_archive(path):
            return False
        with self.client.opened(self.target.slug, None) as body:
            return body.size == path.stat().st_size

    def _adopt(self, path: Path) -> None:
        self.ways.reporter.note(f"{self.archive} is here already, in the size that the site tells")
        kept = keeping.of(path, path.stat().st_size, unpacking.crc_of(path))
        files = {**self.record.files, self.archive: kept}
        self.record = keeping.write(self.folder, replace(self.record, whole=False, files=files))

    def _unpack(self) -> None:
        """Unpack what is not there yet: first the list of all files is written, each file then, the end last."""
        path = self.folder / self.archive
        members = unpacking.look(
            path, self._bounds(), unpacking.rules_of(self.folder, keeping.NAME)
        )
        for member in members:
            self._is_free_name(member.name)
        missing = self._to_write(members)
        total = sum(one.size for one in missing)
        unpacking.space(total, self._bounds(), self.folder)
        before = {name: one for name, one in self.record.files.items() if name == self.archive}
        listed = {one.name: keeping.Kept(one.size, one.crc) for one in members}
        self.record = keeping.write(
            self.folder, replace(self.record, whole=False, files={**before, **listed})
        )
        with self.ways.reporter.task("unpacking", total) as task:
            unpacking.unpack(
                path, missing, self.folder, lambda one, size: task.advance(size, one.name)
            )
        self._compare(members)
        self._finish(members)

    def _to_write(self, members: Sequence[Member]) -> list[Member]:
        """Say which files are not there yet; what lies in their places and is another file is asked for."""
        places = [(one, unpacking.place(self.folder, one.name)) for one in members]
        missing = [(one, path) for one, path in places if not unpacking.holds(path, one)]
        self._no_folders(path for _, path in missing)
        others = tuple(one.name for one, path in missing if path.exists())
        yours = tuple(name for name in others if not self._is_ours(name))
        if not self._may_replace(yours):
            self.yours = list(yours)
            return [one for one, _ in missing if one.name not in yours]
        self._aside(yours)
        return [one for one, _ in missing]

    def _is_free_name(self, name: str) -> None:
        """Refuse a file that would lie where our own two do."""
        if name.casefold() in (keeping.NAME, self.archive.casefold()):
            raise CompanionError(
                f"the data hold a file {name}, which is a name of ours: nothing was unpacked",
                hint="--no-unpack fetches the archive; unpack it elsewhere.",
            )

    def _is_ours(self, name: str) -> bool:
        """Is the file that lies here what we wrote, so that nobody's work is lost with it?"""
        return (
            name in self.record.files
            and not keeping.look(self.folder, self.record, (name,)).changed
        )

    def _no_folders(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if path.is_dir():
                raise CompanionError(
                    "is a folder, where a file of the competition belongs",
                    hint="Move it away, or download to another folder with --to.",
                    file=path,
                )

    def _compare(self, members: Sequence[Member]) -> None:
        """Say where the archive is not what the site lists."""
        if self._listed is None or not self._is_all:
            return
        there = {one.name: one.size for one in members}
        self.unlike = tuple(
            f"{one.name} is not in the archive"
            if one.name not in there
            else f"{one.name} has {there[one.name]} bytes, listed are {one.size}"
            for one in self._listed
            if there.get(one.name) != one.size and f"{one.name}.zip" not in there
        )

    def _finish(self, members: Sequence[Member]) -> None:
        files = {
            one.name: keeping.of(self.folder / one.name, one.size, one.crc)
            for one in members
            if one.name not in self.yours
        }
        path = self.folder / self.archive
        if self.wish.keep_archive:
            files[self.archive] = self.record.files[self.archive]
        self.record = keeping.write(
            self.folder, replace(self.record, whole=True, files=files, coming={})
        )
        if not self.wish.keep_archive:
            store.remove(path)

    # Some files

    def named(self) -> Downloaded:
        """Bring files by their names, each for itself."""
        for name in self.wish.names:
            self._is_free_name(name)
        here = [name for name in self.wish.names if name in self.record.files]
        if len(here) == len(self.wish.names) and not self.wish.force:
            looked = keeping.look(self.folder, self.record, here)
            if not looked.missing and not self._wants_again(looked.changed):
                return self._told(already=True, names=self.wish.names)
        known = {one.name: one for one in self.listed}
        for name in self.wish.names:
            if name not in known:
                raise CompanionError(
                    f"{self.target.slug} has no file {name!r}{did_you_mean(name, known)}",
                    hint=f"one of: {summary(known)}",
                    code=Exit.USAGE,
                )
        for name in self.wish.names:
            self._one(known[name])
        return self._told(already=False, names=self.wish.names)

    def _one(self, file: DataFile) -> None:
        rules = unpacking.rules_of(self.folder, keeping.NAME)
        name = unpacking.safe_name(file.name, rules)
        self._is_free_name(name)
        path = unpacking.place(self.folder, name)
        if self._stays(name, path):
            return
        # No size is told as 0.
        bounds = Bounds(file.size or None, 1, 0)
        expected = Expected(size=file.size or None, most=bounds.most)
        got = self._receive(file.name, path, expected, 0)
        kept = keeping.Kept(got.size, unpacking.crc_of(got.part))
        if _packed(file, got):
            member = self._sole(got.part, file)
            kept = keeping.Kept(member.size, member.crc)

            def put() -> None:
                unpacking.unpack(got.part, (member,), path.parent, lambda one, size: None)
                store.remove(got.part)

            self._settle(self.record, name, kept, put)
        else:
            self._settle(self.record, name, kept, lambda: store.move(got.part, path))
        if file.size and kept.size != file.size:
            self.unlike += (f"{name} has {kept.size} bytes, listed are {file.size}",)

    def _settle(
        self, record: keeping.Record, name: str, kept: keeping.Kept, put: Callable[[], None]
    ) -> None:
        self.record = keeping.settle(self.folder, record, name, kept, put)

    def _stays(self, name: str, path: Path) -> bool:
        """Look at what lies in the place of a file: it may be whole, or the learner's."""
        self._no_folders((path,))
        if not path.exists():
            return False
        if self._is_ours(name):
            return not self.wish.force
        if name in self.yours or not self._may_replace((name,)):
            self.yours = sorted({*self.yours, name})
            return True
        self._aside((name,))
        return False

    def _sole(self, part: Path, file: DataFile) -> Member:
        """Give the only file of an archive that came in the place of a large file, under that file's name."""
        members = unpacking.look(
            part, self._bounds(), unpacking.rules_of(self.folder, keeping.NAME)
        )
        if len(members) != 1 or members[0].name != Path(file.name).name:
            store.remove(part)
            raise CompanionError(
                f"for {file.name} came an archive with {summary(one.name for one in members)}",
                hint="fastcompanion kaggle download without --file brings everything.",
            )
        unpacking.space(members[0].size, self._bounds(), self.folder)
        return members[0]

    # What both do

    def _receive(self, name: str | None, path: Path, expected: Expected, unpacked: int) -> Received:
        key = path.relative_to(self.folder).as_posix()
        self._under_way = key
        self._make_folder()
        store.make_folder(path.parent)

        def note(coming: Coming) -> None:
            kept = {**self.record.coming, key: coming}
            self.record = keeping.write(self.folder, replace(self.record, coming=kept))

        def room(needed: int) -> None:
            unpacking.space(needed + unpacked, self._bounds(), self.folder)

        def ask(first: int, validator: str) -> AbstractContextManager[Body]:
            return self.client.opened(self.target.slug, name, first=first, validator=validator)

        receiver = Receiver(
            path, expected, note, room=room, reporter=self.ways.reporter, pauses=self.ways.pauses
        )
        got = receiver.receive(ask, self.record.coming.get(key))
        self.received += got.size
        self._under_way = ""
        return got

    def _make_folder(self) -> None:
        """Make the folder; in a repository git is told to leave it out, as data are rarely ours to publish."""
        if self.folder.exists():
            return
        store.make_folder(self.folder)
        if any((one / ".git").exists() for one in self.folder.absolute().parents):
            store.write_text(self.folder / ".gitignore", "*\n")

    def _bounds(self) -> Bounds:
        total, files = self._totals()
        return Bounds(total, files, self.ways.free(_there(self.folder)))

    def _aside(self, names: Iterable[str]) -> None:
        for name in names:
            place = aside(self.folder / name)
            self.aside.append(place.relative_to(self.folder).as_posix())

    def say_what_stays(self) -> None:
        """Tell, after Ctrl-C, what lies here and that it is not lost."""
        part = part_of(self.folder / self._under_way) if self._under_way else None
        if part is not None and part.exists():
            have = amount(part.stat().st_size)
            self.ways.reporter.note(
                f"{have} of {self._under_way} stay: the same command goes on there"
            )
        elif (self.folder / self.archive).exists():
            self.ways.reporter.note("What was unpacked stays: the same command goes on there")

    def _told(self, *, already: bool, names: tuple[str, ...] = ()) -> Downloaded:
        archive = self.archive if self.archive in self.record.files else ""
        files = [
            DataFile(name, one.size)
            for name, one in sorted(self.record.files.items())
            if name != self.archive and (not names or name in names)
        ]
        return Downloaded(
            competition=self.target.text,
            folder=str(self.folder),
            already=already,
            files=tuple(files[:_SHOWN]),
            size=sum(one.size for one in files),
            received=self.received,
            archive=archive,
            aside=tuple(self.aside),
            yours=tuple(self.yours),
            unlike=self.unlike[:_SHOWN],
            count=len(files),
            archives=tuple(one.name for one in files if one.name.lower().endswith(".zip"))[:_SHOWN],
        )


def _packed(file: DataFile, got: Received) -> bool:
    """Did a large file come in an archive of its own?"""
    if file.name.lower().endswith(_ZIPPED) or not unpacking.is_archive(got.part):
        return False
    return got.name.lower().endswith(".zip") or bool(file.size and got.size != file.size)


def _there(folder: Path) -> Path:
    """Give the nearest folder that is there, to ask it for the free space of its disk."""
    found = folder.absolute()
    while not found.exists() and found.parent != found:
        found = found.parent
    return found
