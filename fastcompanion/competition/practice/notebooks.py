"""Notebooks that were pushed to the practice server: kept, and never run.

What a run would have come to is chosen by the learner (`practice notebook`): its state, what it says,
the files that it left. So a competition of notebooks can be practised without running a stranger's code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice.calls import (
    APART,
    USER,
    Answered,
    Asked,
    Link,
    Refused,
    file_name,
    moment,
    number_of,
    paged,
    shown,
    slug_of,
    text_of,
)
from fastcompanion.competition.practice.shelf import Shelf

STATES = ("complete", "error", "queued", "running", "cancel_acknowledged")
_NOT_RUN = "This notebook was kept and not run: practice competitions run none.\n"
_FLAGS = ("isPrivate", "enableGpu", "enableInternet", "enableTpu")
_SOURCES = ("competitionDataSources", "datasetDataSources", "kernelDataSources")


@frozen
class Kept:
    """A notebook that was pushed, as the learner sees it."""

    name: str
    title: str
    versions: int
    state: str
    outputs: tuple[str, ...]


class Notebooks:
    """The notebooks of one practice server."""

    def __init__(self, folder: Path, link: Link) -> None:
        self._shelf = Shelf(folder, "notebook.json", "notebooks", "kernels")
        self._link = link
        self.page = ""

    def _one(self, asked: Asked, owner: str = "userName") -> tuple[str, dict[str, Any]]:
        return self._shelf.asked_for(asked, owner, "kernelSlug")

    def save(self, asked: Asked) -> Answered:
        """Keep a version of a notebook."""
        owner, _, name = text_of(asked, "slug").partition("/")
        slug = slug_of({"slug": name}, "slug")
        self._shelf.may_make(owner)
        with self._shelf.lock:
            about = self._shelf.about(slug)
            if about is None:
                self._shelf.room()
            before = about["versions"] if about is not None else []
            number = len(before) + 1
            source = self._shelf.path(slug, number, "source")
            store.write_text(source, text_of(asked, "text"), durable=False)
            title = shown(text_of(asked, "newTitle")) or slug
            versions = [*before, _version(asked, number)]
            self._shelf.write(slug, {"title": title, "versions": versions})
        page = f"{self.page}/code/{USER}/{slug}"
        answer = {"ref": f"/code/{USER}/{slug}", "url": page, "versionNumber": number}
        invalid: dict[str, list[str]] = {name: [] for name in ("invalidTags", *_INVALID)}
        return {**answer, "kernelId": 1, "error": "", **invalid}

    def get(self, asked: Asked) -> Answered:
        """Give the newest version of a notebook with its source."""
        slug, about = self._one(asked)
        last = about["versions"][-1]
        source = store.read_text(self._shelf.path(slug, last["number"], "source"))
        blob = {"source": source, "slug": slug}
        kind = {"language": last["language"], "kernelType": last["kernelType"]}
        return {"metadata": _told(slug, about), "blob": {**blob, **kind}}

    def list_all(self, asked: Asked) -> Answered:
        """List the notebooks, where the search fits."""
        found = [_told(slug, about) for slug, about in self._shelf.found(asked)]
        return paged("kernels", found, asked)

    def status(self, asked: Asked) -> Answered:
        """Tell how the newest version does: complete, unless the learner chose otherwise."""
        _, about = self._one(asked)
        last = about["versions"][-1]
        return {"status": last["state"].upper(), "failureMessage": last["failure"]}

    def output(self, asked: Asked) -> Answered:
        """Lead to the files that the learner gave to the newest version."""
        slug, about = self._one(asked)
        last = about["versions"][-1]
        start = f"{APART}/notebooks/{slug}/{last['number']}"
        rows = [
            {"url": self._link(f"{start}/{one['name']}"), "fileName": one["name"]}
            for one in last["outputs"]
        ]
        return {**paged("files", rows, asked), "log": json.dumps(_log(last))}

    def log(self, owner: str, slug: str) -> tuple[bool, str]:
        """Give the log, and whether it is a stream, as it is while a notebook runs."""
        _, about = self._one({"userName": owner, "kernelSlug": slug})
        last = about["versions"][-1]
        if last["state"] != "running":
            return False, json.dumps(_log(last))
        events = "".join(f"data: {json.dumps(one)}\n\n" for one in _log(last))
        return True, f"{events}data: END_OF_LOG\n\n"

    def quota(self, asked: Asked) -> Answered:
        """Tell what is left of the week's hours: all of them, as nothing is run."""
        del asked
        week = clock.now() + timedelta(days=7)
        free = {"timeUsed": "0s", "totalTimeAllowed": "108000s"}
        return {"quotaRefreshTime": moment(week), "gpuQuota": free, "tpuQuota": free}

    def served(self, parts: Sequence[str]) -> Path | None:
        """Find the file behind an address that we signed."""
        slug, number, *rest = parts
        return self._found(slug, number, "/".join(rest))

    def submitted(self, asked: Asked) -> Path:
        """Find the file that a submission of a notebook names, in the version that it names."""
        about = self._one(asked, "kernelOwner")[1]
        number = number_of(asked, "kernelVersion") or len(about["versions"])
        name = text_of(asked, "fileName")
        slug = text_of(asked, "kernelSlug")
        version = next((one for one in about["versions"] if one["number"] == number), None)
        if version is None or version["state"] != "complete":
            raise Refused(
                400, "Submission not allowed: this version of the notebook is not complete"
            )
        found = self._found(slug, str(number), name)
        if found is None:
            raise Refused(400, f"Submission not allowed: the notebook left no {shown(name)!r}")
        return found

    def _found(self, slug: str, number: str, name: str) -> Path | None:
        about = self._shelf.about(slug)
        for version in about["versions"] if about is not None else ():
            for one in version["outputs"]:
                if (str(version["number"]), one["name"]) == (number, name):
                    return self._shelf.path(slug, number, str(one["stored"]))
        return None

    def kept(self) -> tuple[Kept, ...]:
        """Name what was pushed."""
        found = ((slug, self._shelf.about(slug)) for slug in self._shelf.slugs())
        return tuple(_kept(slug, about) for slug, about in found if about is not None)

    def choose(
        self, slug: str, *, state: str = "", failure: str = "", outputs: Sequence[Path] = ()
    ) -> Kept | None:
        """Say how the newest version of a notebook did; None where nothing of that name was pushed.

        Files take the place of those of the same name.
        """
        about = self._shelf.about(slug)
        if about is None:
            return None
        last = dict(about["versions"][-1])
        known = {one["name"]: one for one in last["outputs"]}
        for path in outputs:
            stored = f"output-{clock.new_id()}"
            store.copy(path, self._shelf.path(slug, last["number"], stored))
            known[path.name] = {"name": file_name(path.name), "stored": stored}
        last |= {"state": state or last["state"], "failure": failure, "outputs": [*known.values()]}
        made = {**about, "versions": [*about["versions"][:-1], last]}
        self._shelf.write(slug, made)
        return _kept(slug, made)


def pushed(folder: Path) -> tuple[Kept, ...]:
    """Name the notebooks that were pushed to a competition's server, also while none runs."""
    return Notebooks(folder, str).kept()


def choose(folder: Path, name: str, *, state: str, failure: str, outputs: Sequence[Path]) -> Kept:
    """Say how a pushed notebook did.

    Raises:
        CompanionError: there is no such notebook, state or file.
    """
    known = [one.name for one in pushed(folder)]
    slug = name.removeprefix(f"{USER}/")
    if f"{USER}/{slug}" not in known:
        raise CompanionError(
            f"no notebook {slug!r} was pushed{did_you_mean(f'{USER}/{slug}', known)}",
            hint="fastcompanion kaggle practice notebook, which lists them",
            code=Exit.USAGE,
        )
    if state and state not in STATES:
        raise CompanionError(
            f"{state!r} is no state of a notebook{did_you_mean(state, STATES)}",
            hint=f"--state with one of: {', '.join(STATES)}",
            code=Exit.USAGE,
        )
    for path in outputs:
        if not path.is_file():
            raise CompanionError("is no file", file=path, code=Exit.USAGE)
    told = Notebooks(folder, str).choose(slug, state=state, failure=failure, outputs=outputs)
    assert told is not None
    return told


_INVALID = (
    "invalidDatasetSources",
    "invalidCompetitionSources",
    "invalidKernelSources",
    "invalidModelSources",
)


def _version(asked: Asked, number: int) -> dict[str, Any]:
    made = {
        "number": number,
        "at": clock.stamp(),
        "state": "complete",
        "failure": "",
        "outputs": [],
    }
    texts = {name: shown(text_of(asked, name)) for name in ("language", "kernelType")}
    flags = {name: asked.get(name) is True for name in _FLAGS}
    return {**made, **texts, **flags, **{name: _names(asked, name) for name in _SOURCES}}


def _names(asked: Asked, field: str) -> list[str]:
    found = asked.get(field, [])
    return [shown(one) for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _told(slug: str, about: Mapping[str, Any]) -> dict[str, Any]:
    last = about["versions"][-1]
    own = {name: last[name] for name in ("language", "kernelType", *_FLAGS, *_SOURCES)}
    at = moment(clock.parse(last["at"]))
    told = {"id": 1, "ref": f"{USER}/{slug}", "title": about["title"], "author": USER, "slug": slug}
    return {**told, **own, "lastRunTime": at, "currentVersionNumber": last["number"]}


def _log(version: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = [{"stream_name": "stdout", "time": 0.1, "data": _NOT_RUN}]
    if version["failure"]:
        told.append({"stream_name": "stderr", "time": 0.2, "data": f"{version['failure']}\n"})
    return told


def _kept(slug: str, about: Mapping[str, Any]) -> Kept:
    last = about["versions"][-1]
    names = tuple(one["name"] for one in last["outputs"])
    return Kept(f"{USER}/{slug}", about["title"], last["number"], last["state"], names)


_SERVICE = "kernels.KernelsApiService"
METHODS: dict[str, Callable[[Notebooks, Asked], Answered]] = {
    f"{_SERVICE}/SaveKernel": Notebooks.save,
    f"{_SERVICE}/GetKernel": Notebooks.get,
    f"{_SERVICE}/ListKernels": Notebooks.list_all,
    f"{_SERVICE}/GetKernelSessionStatus": Notebooks.status,
    f"{_SERVICE}/ListKernelSessionOutput": Notebooks.output,
    f"{_SERVICE}/GetAcceleratorQuotaStatistics": Notebooks.quota,
}
