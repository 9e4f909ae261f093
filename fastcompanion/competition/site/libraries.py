"""Libraries for notebooks without the internet: their wheels as private data sets of the learner.

One data set for each library, as fastkaggle makes them: `library-NAME`. Nothing is made of it before
every file has arrived: a data set with files missing would only be noticed when a notebook fails.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.site import reading, unpacking
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError, shown
from fastcompanion.competition.site.model import DataFile

SERVICE, BLOBS = "datasets.DatasetApiService", "blobs.BlobApiService"
PYTHON = "3.12"
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_REQUIREMENT = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)(?:\[[A-Za-z0-9,._-]{1,80}\])?"
    r"(?:(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!,<>=~]{1,80})?"
)
_PYTHON = re.compile(r"3\.\d{1,2}")
_LEAST, _MOST = 6, 50
_PREFIX = "library-"
_LICENCE = "other"
#: a data set of this name can be made: the site does not know it, or does not show it to us
_FREE = (403, 404)
_A_PAGE, _MOST_FILES = 200, 5000
Did = Literal["new", "version", "same", "would"]


@frozen
class Plan:
    """What becomes of a library: the data set, and the command that fetches its wheels."""

    library: str
    data_set: str
    title: str
    argv: tuple[str, ...]


@frozen
class Library:
    """A library on the site: its data set, what was done, its wheels.

    `private` is what the site says of a data set that was there before, None where it does not say.
    """

    library: str
    data_set: str
    did: Did
    url: str
    private: bool | None
    files: tuple[DataFile, ...]
    size: int
    use: str


def plan(name: str, owner: str, python: str = PYTHON) -> Plan:
    """Plan the data set of a library; what is no name of one is refused before anything is started."""
    found = _REQUIREMENT.fullmatch(name)
    if found is None:
        raise CompanionError(
            f"{name!r} is no name of a library",
            hint="fastcompanion kaggle libraries fastai 'timm>=1.0'",
            code=Exit.USAGE,
        )
    if not _PYTHON.fullmatch(python):
        raise CompanionError(f"{python!r} is no version of Python", hint=f"--python {PYTHON}", code=Exit.USAGE)  # fmt: skip
    slug = _PREFIX + re.sub(r"[-_.]+", "-", found[1].lower())
    if not _LEAST <= len(slug) <= _MOST:
        raise CompanionError(f"{slug} is too long for a data set", hint=f"At most {_MOST} characters.", code=Exit.USAGE)  # fmt: skip
    platforms = [word for one in _PLATFORMS for word in ("--platform", one)]
    argv = (
        "download", "--disable-pip-version-check", "--no-input", "--only-binary=:all:",
        "--python-version", python, *platforms, "--", name,
    )  # fmt: skip
    return Plan(name, f"{owner}/{slug}", slug.replace("-", " "), argv)


def pip() -> tuple[str, ...]:
    """Find pip: the one of our own Python, else one on PATH."""
    if find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    for name in ("pip3", "pip"):
        if (found := process.which(name)) is not None:
            return (str(found),)
    raise CompanionError(
        "pip is not here, which fetches the libraries",
        hint="uv tool install fastcompanion --with pip",
        code=Exit.MISSING,
    )


def publish(
    client: Client,
    planned: Plan,
    *,
    public: bool = False,
    notes: str = "",
    reporter: Reporter = SILENT,
) -> Library:
    """Fetch the wheels of a library and make a data set of them, or its next version where they differ."""
    folder = workspace.runtime_folder()
    try:
        wheels = fetched(planned, folder, reporter)
        return published(client, planned, wheels, public=public, notes=notes, reporter=reporter)
    finally:
        store.remove(folder)


def published(
    client: Client,
    planned: Plan,
    wheels: Sequence[Path],
    *,
    public: bool = False,
    notes: str = "",
    reporter: Reporter = SILENT,
) -> Library:
    """Make a data set of wheels, or its next version where they differ from what is there."""
    there = files_there(client, planned.data_set)
    files = tuple(DataFile(path.name, path.stat().st_size) for path in wheels)
    if there is not None and set(there) == set(files):
        return _told(planned, "same", "", _is_private(client, planned.data_set), files)
    told = _sent(client, planned, wheels, there is None, public, notes, reporter)
    url = reading.text(told, "url")
    if there is None:
        return _told(planned, "new", url, not public, files)
    return _told(planned, "version", url, _is_private(client, planned.data_set), files)


def _is_private(client: Client, data_set: str) -> bool | None:
    """Ask who sees a data set that is there: another version of it changes nothing of that."""
    owner, _, slug = data_set.partition("/")
    try:
        told = client.rpc(SERVICE, "GetDatasetMetadata", ownerSlug=owner, datasetSlug=slug)
    except SiteError:
        return None
    info = told.get("info")
    said = info.get("isPrivate") if isinstance(info, dict) else None
    return said if isinstance(said, bool) else None


def _told(
    planned: Plan, did: Did, url: str, private: bool | None, files: tuple[DataFile, ...]
) -> Library:
    place = f"/kaggle/input/{planned.data_set.rpartition('/')[2]}"
    use = f"!pip install --no-index --find-links {place} {_quoted(planned.library)}"
    size = sum(one.size for one in files)
    return Library(planned.library, planned.data_set, did, url, private, files, size, use)


def _quoted(name: str) -> str:
    return process.shown((name,))


def fetched(planned: Plan, folder: Path, reporter: Reporter) -> list[Path]:
    """Let pip fetch a library and what it needs, for the notebooks' Python on Linux."""
    words = list(planned.argv)
    words[1:1] = ["--dest", str(folder)]
    last: list[str] = []
    with reporter.task(planned.library) as task:

        def heard(line: str) -> None:
            if line.strip():
                last.append(line.strip())
                task.advance(0, shown(line))

        done = process.stream((*pip(), *words), heard)
    if done.code != 0:
        raise CompanionError(
            f"pip could not fetch {planned.library}: {shown(_cause(last))}",
            hint="Is the name right, is there a wheel for Linux and that Python (--python), is there a network?",
            code=Exit.MISSING,
        )
    wheels = sorted(path for path in folder.iterdir() if path.suffix == ".whl")
    if not wheels:
        raise CompanionError(f"pip fetched no wheel of {planned.library}", code=Exit.MISSING)
    return wheels


def _cause(lines: Sequence[str]) -> str:
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return errors[-1] if errors else (lines[-1] if lines else "it said nothing")


def files_there(client: Client, data_set: str) -> tuple[DataFile, ...] | None:
    """List the files of a data set of the learner; None where there is none of that name."""
    owner, _, slug = data_set.partition("/")
    try:
        client.rpc(SERVICE, "GetDatasetStatus", ownerSlug=owner, datasetSlug=slug)
    except SiteError as error:
        if error.status in _FREE:
            return None
        raise
    about = {"ownerSlug": owner, "datasetSlug": slug}
    found: list[DataFile] = []
    for told in client.pages(SERVICE, "ListDatasetFiles", size=_A_PAGE, **about):
        found += [reading.data_file(row) for row in reading.rows(told, "datasetFiles")]
        if len(found) > _MOST_FILES:
            break
    return tuple(found)


def _sent(
    client: Client,
    planned: Plan,
    wheels: Sequence[Path],
    is_new: bool,
    public: bool,
    notes: str,
    reporter: Reporter,
) -> Mapping[str, Any]:
    """Upload every file, then make the data set of them: in this order, so that none is ever missing."""
    total = sum(path.stat().st_size for path in wheels)
    with reporter.task(planned.data_set, total) as task:
        tokens = [_uploaded(client, path, task.advance) for path in wheels]
    files = [{"token": token} for token in tokens]
    owner, _, slug = planned.data_set.partition("/")
    if is_new:
        told = client.rpc(
            SERVICE, "CreateDataset", ownerSlug=owner, slug=slug, title=planned.title,
            licenseName=_LICENCE, isPrivate=not public, files=files,
        )  # fmt: skip
    else:
        body = {"versionNotes": notes or "other wheels", "files": files}
        told = client.rpc(
            SERVICE, "CreateDatasetVersion", ownerSlug=owner, datasetSlug=slug, body=body
        )
    problem = shown(reading.text(told, "error"))
    if problem or reading.text(told, "status").lower() == "error":
        raise CompanionError(
            f"{client.site} made no data set {planned.data_set}: {problem or 'it does not say why'}",
            hint="Look at your data sets on the site, then run the command again.",
        )
    return told


def _uploaded(client: Client, path: Path, advance: Callable[[int], None]) -> str:
    """Upload a file; give the token that stands for it once all of it has arrived."""
    about = path.stat()
    told = client.rpc(
        BLOBS, "StartBlobUpload", type="DATASET", name=path.name,
        contentLength=about.st_size, lastModifiedEpochSeconds=int(about.st_mtime),
    )  # fmt: skip
    token, address = reading.text(told, "token"), str(told.get("createUrl") or "")
    if not token or not address:
        raise CompanionError(
            f"{client.site} gave no place for {path.name}", hint="Try again later."
        )
    client.upload(address, path, advance=advance)
    return token


def sizes(files: Sequence[DataFile]) -> str:
    """Say how many files there are, and how large."""
    number = "1 wheel" if len(files) == 1 else f"{len(files)} wheels"
    return f"{number}, {unpacking.amount(sum(one.size for one in files))}"
