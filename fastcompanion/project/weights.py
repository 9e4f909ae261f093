"""Pretrained weights without a network: where they lie on this machine, whether they are whole, and fetching them.

The search is the one of a project's own `weights.py`, which runs without us; a test compares the two.
A file of torchvision carries the beginning of its SHA-256 in its name, fastai's archive is known by its bytes
and the MD5 of the first MiB of them, and safetensors say in their header how many bytes follow.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path

from fastcompanion.base import download, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.process import shown
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.project.place import Project

SHARED = "FASTCOMPANION_WEIGHTS"
_TORCHVISION = "https://download.pytorch.org/models/"
_TIMM = "https://huggingface.co/timm/{}/resolve/main/model.safetensors"
_MIB = 2**20
_TENSORS = ".safetensors"


@frozen
class Weights:
    """A file of pretrained weights.

    `mib` is as its makers tell (None: not known), `first` its bytes and the MD5 of the first MiB of them.
    """

    name: str
    file: str
    url: str
    mib: float | None = None
    first: str = ""


def _torchvision(name: str, file: str, mib: float) -> Weights:
    return Weights(name, file, _TORCHVISION + file, mib)


KNOWN: tuple[Weights, ...] = (
    _torchvision("resnet18", "resnet18-f37072fd.pth", 44.661),
    _torchvision("resnet34", "resnet34-b627a593.pth", 83.275),
    _torchvision("resnet50", "resnet50-11ad3fa6.pth", 97.79),
    _torchvision("resnet101", "resnet101-cd907fc2.pth", 170.53),
    _torchvision("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", 4.729),
    _torchvision("mobilenet_v3_small", "mobilenet_v3_small-047dcff4.pth", 9.829),
    _torchvision("mobilenet_v3_large", "mobilenet_v3_large-5c1a4163.pth", 21.107),
    _torchvision("efficientnet_b0", "efficientnet_b0_rwightman-7f5810bc.pth", 20.451),
    _torchvision("convnext_tiny", "convnext_tiny-983f1562.pth", 109.119),
    Weights(
        "awd_lstm",
        "wt103-fwd.tgz",
        "https://s3.amazonaws.com/fast-ai-modelzoo/wt103-fwd.tgz",
        100.2,
        "105067061 7d1114cd9684bf9d1ca3c9f6a54da6f9",
    ),
)


def named(name: str) -> Weights:
    """Give the weights of an architecture; a name that is not in the list is one of timm, with its tag."""
    known = {one.name: one for one in KNOWN}
    if name in known:
        return known[name]
    if not _may_be_of_timm(name):
        raise CompanionError(
            f"there are no weights called {name!r}{did_you_mean(name, known)}",
            hint=f"One of {', '.join(known)}, or a name of timm with its tag, such as resnet26d.bt_in1k",
            code=Exit.USAGE,
        )
    return Weights(name, f"{name}{_TENSORS}", _TIMM.format(name))


def _may_be_of_timm(name: str) -> bool:
    return "." in name and "/" not in name and not name.endswith((_TENSORS, ".pth", ".tgz"))


@frozen
class Found:
    """One place that was looked at; `wrong` is "" where the file is whole, "not there" where there is none."""

    path: Path
    wrong: str


@frozen
class Looked:
    """All places of one file in the order of the search; `path` is the first whole file."""

    name: str
    file: str
    mib: float | None
    places: tuple[Found, ...]

    @property
    def path(self) -> Path | None:
        """The file that a project would take."""
        return next((one.path for one in self.places if not one.wrong), None)

    @property
    def broken(self) -> tuple[Found, ...]:
        """The files that are there and can't be used."""
        return tuple(one for one in self.places if one.wrong not in ("", _ABSENT))


_ABSENT = "not there"


def folders(project: Project | None) -> Iterator[Path]:
    """Give the folders that hold files under their own names: the project's, ours, torch's, fastai's."""
    if project is not None:
        yield project.root / "weights"
    if shared := os.environ.get(SHARED):
        yield Path(shared).expanduser()
    yield _torch() / "hub" / "checkpoints"
    yield _folder("FASTAI_HOME", workspace.home() / ".fastai") / "archive"


def _torch() -> Path:
    return _folder("TORCH_HOME", _cache() / "torch")


def _cache() -> Path:
    return _folder("XDG_CACHE_HOME", workspace.home() / ".cache")


def _folder(variable: str, usual: Path) -> Path:
    told = os.environ.get(variable)
    return Path(told).expanduser() if told else usual


def _hub() -> Path:
    return _folder("HF_HOME", _cache() / "huggingface") / "hub"


def look(weights: Weights, project: Project | None = None) -> Looked:
    """Look for a file in every place, and verify each that is there."""
    paths = [folder / weights.file for folder in folders(project)]
    paths += sorted(_hub().glob(f"models--timm--{weights.name}/snapshots/*/model{_TENSORS}"))
    places = tuple(Found(path, wrong(path, weights)) for path in paths)
    return Looked(weights.name, weights.file, weights.mib, places)


def every(project: Project | None = None) -> tuple[Looked, ...]:
    """Look for all files that are known, and for those of timm that lie here."""
    names = dict.fromkeys([*(one.name for one in KNOWN), *_of_timm(project)])
    return tuple(look(named(name), project) for name in names)


def _of_timm(project: Project | None) -> Iterable[str]:
    cached = sorted(_hub().glob(f"models--timm--*/snapshots/*/model{_TENSORS}"))
    lying = (path for folder in folders(project) for path in sorted(folder.glob(f"*{_TENSORS}")))
    names = [path.parents[2].name.removeprefix("models--timm--") for path in cached]
    names += [path.name.removesuffix(_TENSORS) for path in lying]
    yield from filter(_may_be_of_timm, names)


def wrong(path: Path, weights: Weights) -> str:
    """Say what is wrong with a file; "" where it is what its name says."""
    if not path.is_file():
        return _ABSENT
    length = path.stat().st_size
    if weights.mib is not None and round(length / _MIB, 3) != weights.mib:
        return f"has {length / _MIB:.3f} MiB: torn off, or another file"
    try:
        with path.open("rb") as file:
            good = _good(file, length, weights)
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return "" if good else "broken, or another file under this name"


def _good(file: BufferedReader, length: int, weights: Weights) -> bool:
    if weights.first:
        # The maker's own choice of digest: it guards against what is broken, not against malice.
        digest = hashlib.md5(file.read(_MIB), usedforsecurity=False).hexdigest()
        return f"{length} {digest}" == weights.first
    if weights.file.endswith(_TENSORS):
        return fits(file, length)
    begins = Path(weights.file).stem.rpartition("-")[2]
    return hashlib.file_digest(file, "sha256").hexdigest().startswith(begins)


def fits(file: BufferedReader, length: int) -> bool:
    """Tell whether the header of safetensors tells of the bytes that are there, without a gap."""
    try:
        begin = 8 + int.from_bytes(file.read(8), "little")
        told = json.loads(file.read(begin - 8)) if begin <= length else {}
        spans = sorted(
            one["data_offsets"] for tensor, one in told.items() if tensor != "__metadata__"
        )
        ends = [0, *(end for _, end in spans)]
        return ends == [*(start for start, _ in spans), length - begin] != [0]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


@frozen
class Put:
    """Weights that have come to a place: added from a file, or fetched."""

    name: str
    path: Path
    mib: float
    was_there: bool = False


def home_of(project: Project | None) -> Path:
    """Say where added files go: into the project, else to a place where all projects look."""
    return next(folders(project))


def add(file: Path, name: str, project: Project | None, *, dry_run: bool = False) -> Put:
    """Put a file that was carried here where projects look, after verifying it; the file itself stays."""
    weights = named(name) if name else _by_file(file)
    if why := wrong(file, weights):
        raise CompanionError(
            f"{why}; nothing was added",
            hint=shown(["fastcompanion", "weights", "fetch", weights.name, "--to", "FOLDER"])
            + "   (on a machine with a network)",
            file=file,
            code=Exit.MISSING if why == _ABSENT else Exit.CHECK_SAYS_NO,
        )
    target = home_of(project) / weights.file
    there = not wrong(target, weights)
    if not there and not dry_run:
        store.copy(file, target)
    return Put(weights.name, target, _mib(file), there)


def _by_file(file: Path) -> Weights:
    """Recognise weights by the name of their file."""
    known = next((one for one in KNOWN if one.file == file.name), None)
    if known is not None:
        return known
    if file.name.endswith(_TENSORS) and "." in file.name.removesuffix(_TENSORS):
        return named(file.name.removesuffix(_TENSORS))
    raise CompanionError(
        "says nothing of the architecture by its name",
        hint=f"--name with one of {', '.join(one.name for one in KNOWN)}, or a name of timm; known files: "
        + ", ".join(one.file for one in KNOWN),
        file=file,
        code=Exit.USAGE,
    )


def fetch(name: str, folder: Path, *, base: str = "", reporter: Reporter = SILENT) -> Put:
    """Fetch weights into a folder, to be carried elsewhere or used here; `base` stands for their own host."""
    weights = named(name)
    target = workspace.absolute(folder) / weights.file
    if not wrong(target, weights):
        return Put(name, target, _mib(target), was_there=True)
    url = f"{base.rstrip('/')}/{weights.file}" if base else weights.url
    download.fetch(url, target, lambda path: wrong(path, weights), reporter=reporter)
    return Put(name, target, _mib(target))


def _mib(path: Path) -> float:
    return round(path.stat().st_size / _MIB, 3)
