"""Notebooks on the site: sent there with the competition's data, looked after, their files fetched.

What is sent is the learner's text without its outputs; a notebook is private unless they say otherwise.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

from fastcompanion.base import clock, scrub, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.site import kept as keeping
from fastcompanion.competition.site import reading, unpacking
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError, shown
from fastcompanion.competition.site.model import Body, DataFile, Sent
from fastcompanion.competition.site.receiving import PAUSES, Coming, Expected, Receiver, aside

State = Literal["queued", "running", "complete", "error", "cancelled", "unknown"]
SERVICE = "kernels.KernelsApiService"
_STATES: dict[str, State] = {
    "QUEUED": "queued", "RUNNING": "running", "COMPLETE": "complete", "ERROR": "error",
    "NEW_SCRIPT": "queued", "CANCEL_REQUESTED": "cancelled", "CANCEL_ACKNOWLEDGED": "cancelled",
}  # fmt: skip
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,98}[a-z0-9]")
_LEAST_TITLE, _MOST_TITLE = 5, 50
_A_PAGE, _MOST_FILES = 200, 5000
_LOG = "log.txt"
_INVALID = {
    "invalidCompetitionSources": "the data of the competition",
    "invalidDatasetSources": "the data set",
    "invalidKernelSources": "the notebook",
    "invalidModelSources": "the model",
}


@frozen
class Name:
    """A notebook on the site: whose, and how it is called."""

    owner: str
    slug: str

    @property
    def text(self) -> str:
        """`owner/slug`."""
        return f"{self.owner}/{self.slug}"


@frozen
class Wish:
    """How a notebook is to run: on a GPU, with the internet, for all to see, on which data."""

    title: str = ""
    competitions: tuple[str, ...] = ()
    data_sets: tuple[str, ...] = ()
    gpu: bool = False
    internet: bool = False
    public: bool = False


@frozen
class Pushed:
    """A notebook that the site has taken; `missing` is what it could not be given.

    `secrets` are the numbers of cells that look as if they held one.
    """

    notebook: str
    title: str
    version: int
    url: str
    private: bool
    cells: int
    competitions: tuple[str, ...]
    data_sets: tuple[str, ...]
    missing: tuple[str, ...]
    secrets: tuple[int, ...]


@frozen
class Ran:
    """How the newest version of a notebook does."""

    notebook: str
    state: State
    message: str


@frozen
class Output:
    """The files of a notebook in a folder; `yours` are those that were left as they are."""

    notebook: str
    folder: str
    files: tuple[DataFile, ...]
    log: str
    aside: tuple[str, ...]
    yours: tuple[str, ...]


def chosen(given: Path | None, folder: Path) -> Path:
    """Give the notebook that is meant: the one named, else the only one in a folder."""
    if given is not None:
        if not given.is_file():
            raise CompanionError("no such notebook", hint="fastcompanion kaggle notebook push FILE.ipynb", file=given, code=Exit.USAGE)  # fmt: skip
        return given
    found = sorted(path for path in folder.glob("*.ipynb") if path.is_file())
    if len(found) == 1:
        return found[0]
    names = unpacking.summary(path.name for path in found) or "there is none here"
    raise CompanionError(
        f"which notebook? {names}",
        hint="fastcompanion kaggle notebook push FILE.ipynb",
        code=Exit.USAGE,
    )


def source(path: Path) -> tuple[str, int]:
    """Give a notebook's text as the site takes it, and how many cells it has: sources joined, outputs emptied."""
    told = store.read_json(path)
    cells = told.get("cells") if isinstance(told, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise CompanionError(
            "this is no notebook of format 4",
            hint=f"jupyter nbconvert --to notebook --inplace {path.name}",
            file=path,
        )
    made = {**told, "cells": [_bare(cell) for cell in cells]}
    return json.dumps(made, ensure_ascii=False), len(cells)


def secrets(text: str) -> tuple[int, ...]:
    """Number the cells of a notebook's text that look as if they held a secret, from 1."""
    known = scrub.known(home=workspace.home(), environment=os.environ)
    return tuple(
        number
        for number, cell in enumerate(json.loads(text)["cells"], start=1)
        if any(mark.kind == "secret" for mark in scrub.marks(cell["source"], known))
    )


def _bare(cell: Mapping[str, Any]) -> dict[str, Any]:
    text = cell.get("source", "")
    made = {**cell, "source": "".join(map(str, text)) if isinstance(text, list) else str(text)}
    if cell.get("cell_type") == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def title_of(path: Path, title: str) -> str:
    """Give the title of a notebook on the site: as it was asked for, else of its file."""
    made = title.strip() or re.sub(r"[\s_.-]+", " ", path.stem).strip()
    if not _LEAST_TITLE <= len(made) <= _MOST_TITLE or not slug_of(made):
        raise CompanionError(
            f"{made!r} is no title that the site takes: {_LEAST_TITLE} to {_MOST_TITLE} characters",
            hint='Give one: --title "My first model"',
            code=Exit.USAGE,
        )
    return made


def slug_of(title: str) -> str:
    """Give the name that the site makes of a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def named(text: str, client: Client) -> Name:
    """Tell which notebook a text means: OWNER/NAME, its address, a name of the learner's own, or a file of it."""
    asked = re.sub(r"^https?://[^/]+/code/", "", text.strip()).strip("/")
    owner, _, slug = asked.rpartition("/") if not asked.endswith(".ipynb") else ("", "", "")
    slug = slug_of(Path(asked).stem) if asked.endswith(".ipynb") else slug
    owner = owner or client.user
    if not _SLUG.fullmatch(slug) or not _SLUG.fullmatch(owner.lower()):
        raise CompanionError(
            f"{text!r} names no notebook", hint="It can be NAME, OWNER/NAME or its address.", code=Exit.USAGE
        )  # fmt: skip
    return Name(owner, slug)


def push(
    client: Client,
    path: Path,
    wish: Wish,
    *,
    may_publish: Callable[[tuple[int, ...]], bool] = lambda cells: False,
) -> Pushed:
    """Send a notebook to the site, where it begins to run; a version that the site refuses is an error.

    `may_publish` is asked where everybody would see cells that look as if they held a secret.
    """
    text, cells = source(path)
    told_of = secrets(text)
    if wish.public and told_of and not may_publish(told_of):
        raise CompanionError(
            f"nothing was sent: a secret may stand in cell {', '.join(map(str, told_of))}",
            hint="Take it out; on the site, Add-ons > Secrets keeps keys for notebooks.",
            file=path,
        )
    title = title_of(path, wish.title)
    name = Name(client.user, slug_of(title))
    try:
        told = client.rpc(SERVICE, "SaveKernel", **_asked(name, title, text, wish))
    except SiteError as error:
        if error.was_taken:
            error.hint = f"It may have arrived: fastcompanion kaggle notebook status {name.text}"
        raise
    if said := shown(reading.text(told, "error")):
        raise CompanionError(
            f"{client.site} did not take {path.name}: {said}",
            hint="Nothing was run. Change it, and push it again.",
        )
    return Pushed(
        notebook=_reference(told, name).text,
        title=title,
        version=reading.whole(told, "versionNumber"),
        url=reading.text(told, "url"),
        private=not wish.public,
        cells=cells,
        competitions=wish.competitions,
        data_sets=wish.data_sets,
        missing=tuple(_missing(told)),
        secrets=told_of,
    )


def _asked(name: Name, title: str, text: str, wish: Wish) -> dict[str, Any]:
    return {
        "slug": name.text,
        "newTitle": title,
        "text": text,
        "language": "python",
        "kernelType": "notebook",
        "competitionDataSources": list(wish.competitions) or None,
        "datasetDataSources": list(wish.data_sets) or None,
        "isPrivate": not wish.public,
        "enableGpu": wish.gpu,
        "enableInternet": wish.internet,
        "enableTpu": False,
    }


def _reference(told: Mapping[str, Any], name: Name) -> Name:
    """Give the name that the site has given, which may be another one than the title's."""
    parts = reading.text(told, "ref").strip("/").split("/")[-2:]
    fits = len(parts) == 2 and all(_SLUG.fullmatch(part.lower()) for part in parts)
    return Name(*parts) if fits else name


def _missing(told: Mapping[str, Any]) -> Iterator[str]:
    for field, what in _INVALID.items():
        found = told.get(field)
        for one in found if isinstance(found, list) else []:
            yield f"{what} {shown(str(one))}"


def status(client: Client, name: Name) -> Ran:
    """Tell how the newest version of a notebook does."""
    told = client.rpc(SERVICE, "GetKernelSessionStatus", userName=name.owner, kernelSlug=name.slug)
    return Ran(name.text, state_of(told.get("status")), shown(reading.text(told, "failureMessage")))


def state_of(told: object) -> State:
    """Read a state as the site may spell it; none is the first of them, as defaults are left out."""
    if told is None:
        return "queued"
    return _STATES.get(str(told).upper().removeprefix("KERNEL_WORKER_STATUS_"), "unknown")


def wait(
    client: Client,
    name: Name,
    *,
    seconds: float,
    every: float = 15.0,
    reporter: Reporter = SILENT,
) -> Ran:
    """Wait until a notebook has ended, at most so many seconds; tell how it does then."""
    end = clock.monotonic() + seconds
    with reporter.task(name.text) as task:
        while (ran := status(client, name)).state in ("queued", "running"):
            task.advance(0, ran.state)
            left = end - clock.monotonic()
            if left <= 0:
                break
            clock.pause(min(every, left))
    return ran


def version(client: Client, name: Name) -> int:
    """Tell the number of the newest version of a notebook; 0 where the site does not say."""
    told = client.rpc(SERVICE, "GetKernel", userName=name.owner, kernelSlug=name.slug)
    about = told.get("metadata")
    return reading.whole(about, "currentVersionNumber") if isinstance(about, dict) else 0


def submit(
    client: Client, competition: str, name: Name, *, file: str, message: str, number: int = 0
) -> Sent:
    """Submit a file that a notebook has written, of its newest version unless one is given.

    Raises:
        CompanionError: it has not ended well, or left no such file; nothing was submitted then.
    """
    ran = status(client, name)
    if ran.state != "complete" and not number:
        raise CompanionError(
            f"{name.text} is {ran.state}{f': {ran.message}' if ran.message else ''}",
            hint=f"fastcompanion kaggle notebook status {name.text} --wait",
        )
    if not number:
        names = [one.name for one in _listed(client, name)[0]]
        if file not in names:
            raise CompanionError(
                f"{name.text} left no file {file!r}; there is {unpacking.summary(names) or 'none'}",
                hint="Name it with --file, or let the notebook write it and push it again.",
            )
    chosen_one = number or version(client, name)
    if not chosen_one:
        raise CompanionError(
            f"{client.site} does not say which version of {name.text} is the newest: nothing was submitted",
            hint="Name it with --version; its page on the site shows it.",
        )
    return client.submit_notebook(competition, name.owner, name.slug, chosen_one, file, message)


@frozen
class _Listed:
    name: str
    url: str


def _listed(client: Client, name: Name) -> tuple[list[_Listed], str]:
    """List the files of a notebook with their addresses, and give its log."""
    about = {"userName": name.owner, "kernelSlug": name.slug}
    found: list[_Listed] = []
    log = ""
    for told in client.pages(SERVICE, "ListKernelSessionOutput", size=_A_PAGE, **about):
        found += [
            _Listed(reading.text(row, "fileName"), str(row.get("url") or ""))
            for row in reading.rows(told, "files")
        ]
        log = log or str(told.get("log") or "")
        if len(found) > _MOST_FILES:
            break
    return found[:_MOST_FILES], log


class Fetching:
    """The files of a notebook on their way into a folder."""

    def __init__(
        self,
        client: Client,
        name: Name,
        folder: Path,
        *,
        replace_yours: Callable[[tuple[str, ...]], bool] = lambda names: False,
        reporter: Reporter = SILENT,
        pauses: Iterable[float] = PAUSES,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.client, self.name, self.folder = client, name, folder
        self.replace_yours, self.reporter = replace_yours, reporter
        self.pauses, self.free = tuple(pauses), free
        self.aside: list[str] = []
        self.yours: list[str] = []

    def output(self) -> Output:
        """Fetch every file and the log; each is streamed, and none gets its name before it is whole."""
        with keeping.alone(self.folder):
            self.record = keeping.read(self.folder, f"notebook {self.name.text}")
            store.make_folder(self.folder)
            listed, log = _listed(self.client, self.name)
            rules = unpacking.rules_of(self.folder, keeping.NAME)
            names = unpacking.safe_names((one.name for one in listed), rules)
            if keeping.NAME in map(str.casefold, names):
                raise CompanionError(f"the notebook wrote a file {keeping.NAME}, which is a name of ours", hint="Let it write another one.")  # fmt: skip
            files = [self._file(name, one) for name, one in zip(names, listed, strict=True)]
            where = self._log(log, names)
        return Output(
            self.name.text, str(self.folder), tuple(one for one in files if one is not None),
            where, tuple(self.aside), tuple(self.yours),
        )  # fmt: skip

    def _file(self, name: str, listed: _Listed) -> DataFile | None:
        path = unpacking.place(self.folder, name)
        if not self._is_free(name, path):
            return None

        def note(coming: Coming) -> None:
            kept = {**self.record.coming, name: coming}
            self.record = keeping.write(self.folder, replace(self.record, coming=kept))

        def room(needed: int) -> None:
            bounds = unpacking.Bounds(None, None, self.free(self.folder))
            unpacking.space(needed, bounds, self.folder)

        receiver = Receiver(path, Expected(), note, room=room, reporter=self.reporter, pauses=self.pauses)  # fmt: skip
        got = receiver.receive(self._asking(listed), self.record.coming.get(name))
        kept = keeping.Kept(got.size, unpacking.crc_of(got.part))
        put = partial(store.move, got.part, path)
        self.record = keeping.settle(self.folder, self.record, name, kept, put)
        return DataFile(name, got.size)

    def _asking(self, listed: _Listed) -> Callable[[int, str], AbstractContextManager[Body]]:
        """Ask for a file; another try gets a fresh address, as they are good for a while only."""
        addresses = iter([listed.url])

        def ask(first: int, validator: str) -> AbstractContextManager[Body]:
            url = next(addresses, None)
            if url is None:
                fresh, _ = _listed(self.client, self.name)
                url = next((one.url for one in fresh if one.name == listed.name), listed.url)
            return self.client.streamed(url, listed.name, first=first, validator=validator)

        return ask

    def _is_free(self, name: str, path: Path) -> bool:
        """Make room for a file: what we wrote is replaced, what the learner changed is set aside or stays."""
        if path.is_dir():
            raise CompanionError("is a folder, where a file of the notebook belongs", hint="Give another one with --to.", file=path)  # fmt: skip
        ours = (
            name in self.record.files
            and not keeping.look(self.folder, self.record, (name,)).changed
        )
        if not path.exists() or ours:
            return True
        if not self.replace_yours((name,)):
            self.yours.append(name)
            return False
        self.aside.append(aside(path).relative_to(self.folder).as_posix())
        return True

    def _log(self, log: str, names: Sequence[str]) -> str:
        """Write what the notebook said while it ran, beside its files."""
        if not log or _LOG in names or not self._is_free(_LOG, self.folder / _LOG):
            return ""
        path = unpacking.place(self.folder, _LOG)
        data = said(log).encode("utf-8", "replace")
        kept = keeping.Kept(len(data), crc32(data))
        put = partial(store.write_bytes, path, data)
        self.record = keeping.settle(self.folder, self.record, _LOG, kept, put)
        return _LOG


def said(log: str) -> str:
    """Give a log as text: the site sends a list of pieces with their times."""
    try:
        told = json.loads(log)
    except (ValueError, RecursionError):
        return log
    if not isinstance(told, list):
        return log
    return "".join(str(one.get("data", "")) for one in told if isinstance(one, dict))
