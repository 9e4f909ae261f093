"""Where courses come from: what the learner typed, the clone in the user's cache, the originals.

A repository is cloned once per commit into `<cache>/courses/<host>/<repo>@<commit>`. A folder is
read where it is and never written to; copies of its notebooks as they were when the course was
added are kept in the cache by content hash, so that later changes there break nothing here.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from fastcompanion.base import remote, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.course.library import catalogue

SHORT_COMMIT = 12
_REGISTER = "uses.json"
_GITHUB = "https://github.com/"
_BARE_HOST = r"(?:www\.)?(?:github\.com|gitlab\.com|codeberg\.org|bitbucket\.org)/.+"
_SHORT = r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_.-]+"
_SCP = r"(?:[\w.-]+@)?[\w.-]+:(?!//)(?!\\).+"
_PAGE = r"(https?://[^/]+/[^/]+/[^/]+?)(?:\.git)?(?:/-)?/(?:tree|blob)/([^/]+)(?:/.*)?"


@frozen
class Source:
    """Where a course comes from; `url` for git, `path` for a folder (a file: one notebook)."""

    kind: Literal["builtin", "git", "folder"]
    url: str = ""
    path: Path | None = None
    ref: str = ""
    catalogue: str = ""

    @property
    def name(self) -> str:
        """The last name of the address or folder."""
        if self.kind == "folder" and self.path is not None:
            return self.path.stem if self.path.is_file() else self.path.name
        parts = _repository(self.url).split("/")
        return parts[-2] if parts[-1] in ("repo", "git", "") and len(parts) > 2 else parts[-1]


@frozen
class Fetched:
    """A course's files on this machine; `note` says what the learner should know about them."""

    root: Path
    commit: str = ""
    url: str = ""
    note: str = ""


def understand(what: str, ref: str = "") -> Source:
    """Read what the learner typed: a catalogue name, a path, an address, or OWNER/NAME of GitHub."""
    if ref.startswith("-"):
        raise CompanionError(f"{ref!r} is no branch, tag or commit", code=Exit.USAGE)
    if what in catalogue.ids():
        return from_catalogue(what, ref)
    path = Path(what).expanduser()
    if path.exists():
        return _from_path(workspace.absolute(path), ref)
    what = what.rstrip("/")
    if re.fullmatch(_BARE_HOST, what):
        return _from_address(f"https://{what}", ref)
    if "://" in what or (re.fullmatch(_SCP, what) and not Path(what).drive):
        return _from_address(what, ref)
    if re.fullmatch(_SHORT, what) and not what.startswith("."):
        return _from_address(_GITHUB + what, ref)
    raise CompanionError(
        f"{what!r} is no course of the catalogue, no folder and no address",
        hint="fastcompanion course list --catalogue",
        code=Exit.USAGE,
    )


def from_catalogue(name: str, ref: str = "") -> Source:
    """Give the source of a course of the catalogue."""
    listed = catalogue.course(name)
    if listed.kind == "builtin":
        return Source("builtin", catalogue=name)
    return Source("git", url=listed.source, ref=ref or listed.ref, catalogue=name)


def _from_path(path: Path, ref: str) -> Source:
    if path.is_file() and path.suffix.lower() != ".ipynb":
        raise CompanionError("is no notebook (*.ipynb)", file=path, code=Exit.USAGE)
    if path.is_dir() and remote.is_bare(path):
        return Source("git", url=str(path), ref=ref)
    if (path / workspace.SETTINGS_NAME).exists():
        raise CompanionError("is a study, not a course", file=path, code=Exit.USAGE)
    if ref:
        raise CompanionError(
            "--ref belongs to an address; a folder is taken as it is",
            hint=f"fastcompanion course add file://{path} --ref {ref}",
            code=Exit.USAGE,
        )
    return Source("folder", path=path)


def _from_address(url: str, ref: str) -> Source:
    page = re.fullmatch(_PAGE, url)
    if page:
        url, ref = page[1], ref or page[2]
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and "@" in parts.netloc:
        raise CompanionError(
            "this address holds a name or a password, which would end up in your study",
            hint="Leave it out, and let git's credential helper keep it: git help credentials",
            code=Exit.USAGE,
        )
    return Source("git", url=url, ref=ref)


def _repository(url: str) -> str:
    """Give "host/owner/name" of an address, to name a clone and to compare addresses."""
    parts = urlsplit(url) if "://" in url else None
    if parts is None and Path(url).is_absolute():
        host, path = "local", url
    elif parts is None:
        host, _, path = url.partition(":")
        host = host.rpartition("@")[2]
    else:
        host = parts.netloc.rpartition("@")[2] or "local"
        path = parts.path
    path = path.replace("\\", "/").strip("/").removesuffix(".git").rstrip("/")
    return f"{host}/{path}".lower() if host in ("github.com", "gitlab.com") else f"{host}/{path}"


def same(one: str, other: str) -> bool:
    """Tell whether two addresses name the same repository (https, ssh, with or without .git)."""
    return bool(one) and bool(other) and _repository(one) == _repository(other)


def in_catalogue(url: str, name: str = "") -> str:
    """Name the catalogue course that an address (or, without one, a folder's name) belongs to."""
    for course_id, listed in catalogue.repositories().items():
        if same(listed, url) or (not url and listed.rpartition("/")[2] == name):
            return course_id
    return ""


def clone_folder(url: str, commit: str) -> Path:
    """Give the place of a clone: `<host>/<repo>@<commit>`, safe on every file system."""
    name = _repository(url)
    safe = [re.sub(r"[^A-Za-z0-9._-]", "_", part) or "_" for part in name.split("/")]
    if safe[0] == "local":
        # Local paths can be long and differ in characters that a name can't hold.
        safe = ["local", f"{safe[-1]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"]
    return workspace.clones_folder().joinpath(*safe[:-1], f"{safe[-1]}@{commit[:SHORT_COMMIT]}")


def clones(url: str) -> list[Path]:
    """Give the clones of a repository on this machine, the newest first."""
    shape = clone_folder(url, "0" * SHORT_COMMIT)
    stem = shape.name.rpartition("@")[0]
    if not shape.parent.is_dir():
        return []
    found = [p for p in shape.parent.iterdir() if p.is_dir() and p.name.rpartition("@")[0] == stem]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def fetch(
    source: Source, *, commit: str = "", newest: bool = False, reporter: Reporter = SILENT
) -> Fetched:
    """Get a course's files: the built-in folder, the learner's own, or a clone pinned to a commit.

    `commit` asks for just that one (a study from another computer). Without the network a clone
    that is on this machine is used, and the note says so, unless only the newest will do.
    """
    if source.kind == "builtin":
        return Fetched(workspace.content("lessons") / source.catalogue)
    if source.kind == "folder":
        return _folder(source)
    if commit and (ready := _ready(source.url, commit)):
        return ready
    try:
        return _online(source, commit, reporter)
    except CompanionError as error:
        kept = None if newest or error.code is not Exit.MISSING else _offline(source, commit)
        if kept is None:
            raise
        return Fetched(kept.root, kept.commit, source.url, f"{error.message}. {kept.note}")


def _folder(source: Source) -> Fetched:
    assert source.path is not None
    root = source.path.parent if source.path.suffix.lower() == ".ipynb" else source.path
    if not source.path.exists():
        raise CompanionError(
            "the course's folder is not there",
            hint="Bring it back.",
            file=source.path,
            code=Exit.MISSING,
        )
    place = remote.place(root)
    return Fetched(root, place.commit if place else "", place.url if place else "")


def _ready(url: str, commit: str) -> Fetched | None:
    folder = clone_folder(url, commit)
    return Fetched(folder, commit, url) if folder.is_dir() else None


def _online(source: Source, commit: str, reporter: Reporter) -> Fetched:
    wanted = commit or source.ref
    if commit:
        return _clone(source.url, commit, reporter)
    known = remote.ask(source.url, wanted)
    if known is None and not remote.is_commit(wanted):
        raise CompanionError(
            f"{source.url} has no branch or tag {wanted!r}" if wanted else f"{source.url} is empty",
            hint=f"git ls-remote {source.url}",
            code=Exit.USAGE,
        )
    return _clone(source.url, known or wanted, reporter)


def _clone(url: str, commit: str, reporter: Reporter) -> Fetched:
    """Clone what is not here yet; an older clone of the same repository saves most of the way."""
    older = clones(url)
    for old in older:
        if (whole := remote.resolve(old, commit)) and (ready := _ready(url, whole)):
            return ready
    folder = clone_folder(url, commit)
    if older:
        found = remote.refresh(older[0], folder, url, ref=commit, reporter=reporter)
    else:
        found = remote.clone(url, folder, ref=commit, reporter=reporter)
    return Fetched(_whole_name(folder, url, found), found, url)


def _whole_name(folder: Path, url: str, commit: str) -> Path:
    """Rename a clone that was asked for by a shortened commit."""
    target = clone_folder(url, commit)
    if target != folder:
        store.move(folder, target)
    return target


def _offline(source: Source, commit: str) -> Fetched | None:
    """Find a clone on this machine that fits: of that commit or ref, else the newest."""
    for folder in clones(source.url):
        head = remote.resolve(folder, "")
        if head is None or (commit and head != commit):
            continue
        if source.ref and not commit and remote.resolve(folder, source.ref) != head:
            continue
        date = remote.last_change(folder, ".", head)
        day = f" of {date:%Y-%m-%d}" if date else ""
        return Fetched(folder, head, note=f"The clone on this machine is used ({head[:8]}{day}).")
    return None


def keep_originals(root: Path, paths: dict[str, str]) -> None:
    """Keep copies of a folder's notebooks (path: sha256), once per content."""
    for path, sha256 in paths.items():
        if sha256 and not workspace.original(sha256).exists():
            store.copy(root / path, workspace.original(sha256))


def note_use(clone: Path, course_file: Path) -> None:
    """Remember which study file uses a clone, so that `purge` spares it."""
    register = workspace.clones_folder() / _REGISTER
    with store.lock(register.with_suffix(".lock"), busy="the list of clones is being written"):
        uses = _uses()
        users = uses.setdefault(_register_name(clone), [])
        if str(course_file) not in users:
            users.append(str(course_file))
            store.write_json(register, {"version": 1, "uses": uses})


def purge(url: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Remove the clones of a repository that no study file uses; give the removed and the kept."""
    uses, removed, kept = _uses(), [], []
    for clone in clones(url):
        commit = clone.name.rpartition("@")[2]
        users = [Path(user) for user in uses.get(_register_name(clone), ())]
        if any(_mentions(user, commit) for user in users):
            kept.append(clone)
        else:
            store.remove(clone)
            removed.append(clone)
    return tuple(removed), tuple(kept)


def _uses() -> dict[str, list[str]]:
    register = workspace.clones_folder() / _REGISTER
    if not register.exists():
        return {}
    uses = store.check_version(store.read_json(register), register).get("uses", {})
    return {str(clone): [str(user) for user in users] for clone, users in uses.items()}


def _register_name(clone: Path) -> str:
    return clone.relative_to(workspace.clones_folder()).as_posix()


def _mentions(course_file: Path, commit: str) -> bool:
    return course_file.is_file() and commit in store.read_text(course_file)
