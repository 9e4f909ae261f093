"""Data sets of the learner on the practice server: made, given new versions, listed and fetched again.

They lie beside the competition, each in a folder of its own; a file is stored under a number, so that
no name that a request holds becomes a path. Private or public makes no difference here: nobody else sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.competition.practice import zipped
from fastcompanion.competition.practice.blobs import Blob, Blobs
from fastcompanion.competition.practice.calls import (
    APART,
    USER,
    Answered,
    Asked,
    Link,
    Redirect,
    Refused,
    moment,
    number_of,
    paged,
    shown,
    slug_of,
    text_of,
)
from fastcompanion.competition.practice.shelf import Shelf

_ARCHIVE = "archive.zip"


class DataSets:
    """The data sets of one practice server."""

    def __init__(self, folder: Path, blobs: Blobs, link: Link) -> None:
        self._shelf = Shelf(folder, "dataset.json", "data sets", "datasets")
        self._blobs, self._link = blobs, link
        self.page = ""

    def _one(self, asked: Asked) -> tuple[str, dict[str, Any]]:
        return self._shelf.asked_for(asked, "ownerSlug", "datasetSlug")

    def create(self, asked: Asked) -> Answered:
        """Make a data set of files that were uploaded; a name that is taken is told in `error`."""
        slug = slug_of(asked, "slug")
        self._shelf.may_make(text_of(asked, "ownerSlug"))
        with self._shelf.lock:
            if self._shelf.about(slug) is not None:
                told = f"The requested title {shown(text_of(asked, 'title'))!r} is already in use"
                return {"status": "error", "error": told, "url": "", "ref": ""}
            self._shelf.room()
            about = {
                "title": shown(text_of(asked, "title")) or slug,
                "licence": shown(text_of(asked, "licenseName")),
                "private": asked.get("isPrivate", False) is True,
                "versions": [],
            }
            return self._add(slug, about, asked, notes="")

    def version(self, asked: Asked) -> Answered:
        """Give a data set another version, whose files replace those before."""
        body = asked.get("body")
        if not isinstance(body, dict):
            raise Refused(400, "body is no object")
        with self._shelf.lock:
            slug, about = self._one(asked)
            return self._add(slug, about, body, notes=shown(text_of(body, "versionNotes")))

    def _add(self, slug: str, about: dict[str, Any], asked: Asked, *, notes: str) -> Answered:
        blobs = self._blobs.take(_tokens(asked))
        number = len(about["versions"]) + 1
        files = [self._kept(slug, number, at, blob) for at, blob in enumerate(blobs)]
        made = {"number": number, "notes": notes, "at": clock.stamp(), "files": files}
        versions = [*about["versions"], made]
        self._shelf.write(slug, {**about, "versions": versions})
        page = f"{self.page}/datasets/{USER}/{slug}"
        told: dict[str, Any] = {"status": "ok", "error": "", "url": page}
        return {**told, "ref": f"/datasets/{USER}/{slug}", "invalidTags": []}

    def _kept(self, slug: str, number: int, at: int, blob: Blob) -> dict[str, Any]:
        store.move(blob.path, self._shelf.path(slug, number, str(at)))
        return {"name": blob.name, "size": blob.size, "stored": str(at)}

    def status(self, asked: Asked) -> Answered:
        """Say that a data set is ready; one that there is not is refused, which the client waits for."""
        self._one(asked)
        return {"status": "READY"}

    def get(self, asked: Asked) -> Answered:
        """Describe a data set."""
        return self._told(*self._one(asked))

    def _told(self, slug: str, about: Mapping[str, Any]) -> dict[str, Any]:
        last = about["versions"][-1]
        return {
            "id": 1,
            "ref": f"{USER}/{slug}",
            "ownerRef": USER,
            "ownerName": USER,
            "creatorName": USER,
            "title": about["title"],
            "url": f"{self.page}/datasets/{USER}/{slug}",
            "licenseName": about["licence"],
            "isPrivate": about["private"],
            "lastUpdated": moment(clock.parse(last["at"])),
            "currentVersionNumber": last["number"],
            "totalBytes": sum(one["size"] for one in last["files"]),
            "versions": [_version(one) for one in reversed(about["versions"])],
        }

    def list_all(self, asked: Asked) -> Answered:
        """List the data sets, where the search fits."""
        found = [self._told(slug, about) for slug, about in self._shelf.found(asked)]
        return paged("datasets", found, asked)

    def metadata(self, asked: Asked) -> Answered:
        """Tell the licence and the title of a data set."""
        slug, about = self._one(asked)
        told = {"datasetId": 1, "datasetSlug": slug, "ownerUser": USER, "title": about["title"]}
        licences = [{"name": about["licence"]}]
        info = {**told, "licenses": licences, "isPrivate": about["private"]}
        return {"info": info, "errorMessage": ""}

    def files(self, asked: Asked) -> Answered:
        """Name the files of the newest version, or of the one that is asked for."""
        _, about = self._one(asked)
        version = _chosen(about, asked)
        at = moment(clock.parse(version["at"]))
        rows = [
            {"ref": one["name"], "name": one["name"], "totalBytes": one["size"], "creationDate": at}
            for one in version["files"]
        ]
        return {**paged("datasetFiles", rows, asked), "errorMessage": ""}

    def download(self, asked: Asked) -> Answered:
        """Lead to one file, or to all of them in an archive."""
        slug, about = self._one(asked)
        version, name = _chosen(about, asked), text_of(asked, "fileName")
        start = f"{APART}/datasets/{slug}/{version['number']}"
        if not name:
            self._pack(slug, version)
            return Redirect(self._link(f"{start}/{APART}/{_ARCHIVE}"))
        if not any(one["name"] == name for one in version["files"]):
            raise Refused(404, "Not Found")
        return Redirect(self._link(f"{start}/{name}"))

    def _pack(self, slug: str, version: Mapping[str, Any]) -> None:
        path, number = self._shelf.path(slug, version["number"], _ARCHIVE), version["number"]
        with self._shelf.lock:
            if not path.exists():
                files = {
                    one["name"]: self._shelf.path(slug, number, one["stored"])
                    for one in version["files"]
                }
                store.write_chunks(path, zipped.stream(files), durable=False)

    def served(self, parts: Sequence[str]) -> Path | None:
        """Find the file behind an address that we signed."""
        slug, number, *rest = parts
        about = self._shelf.about(slug)
        versions = about["versions"] if about is not None else []
        for version in versions:
            if str(version["number"]) != number:
                continue
            if rest == [APART, _ARCHIVE]:
                return self._shelf.path(slug, version["number"], _ARCHIVE)
            for one in version["files"]:
                if one["name"] == "/".join(rest):
                    return self._shelf.path(slug, version["number"], one["stored"])
        return None


def _tokens(asked: Asked) -> list[str]:
    files = asked.get("files", [])
    if not isinstance(files, list) or not all(isinstance(one, dict) for one in files):
        raise Refused(400, "files is no list")
    return [text_of(one, "token") for one in files]


def _version(one: Mapping[str, Any]) -> dict[str, Any]:
    at = moment(clock.parse(one["at"]))
    told = {"versionNumber": one["number"], "creationDate": at, "creatorName": USER}
    return {**told, "versionNotes": one["notes"], "status": "Ready"}


def _chosen(about: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    number = number_of(asked, "datasetVersionNumber") or len(about["versions"])
    if number > len(about["versions"]):
        raise Refused(404, "Not Found")
    found: Mapping[str, Any] = about["versions"][number - 1]
    return found


_SERVICE = "datasets.DatasetApiService"
METHODS: dict[str, Callable[[DataSets, Asked], Answered]] = {
    f"{_SERVICE}/CreateDataset": DataSets.create,
    f"{_SERVICE}/CreateDatasetVersion": DataSets.version,
    f"{_SERVICE}/GetDatasetStatus": DataSets.status,
    f"{_SERVICE}/GetDataset": DataSets.get,
    f"{_SERVICE}/ListDatasets": DataSets.list_all,
    f"{_SERVICE}/GetDatasetMetadata": DataSets.metadata,
    f"{_SERVICE}/ListDatasetFiles": DataSets.files,
    f"{_SERVICE}/DownloadDataset": DataSets.download,
}
