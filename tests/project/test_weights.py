"""Pretrained weights: the search of the program and that of a project's own code, on the same folders."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.project import weights
from fastcompanion.project.place import Project
from fastcompanion.project.weights import Weights
from tests.file_server import FileServer

REAL = weights.KNOWN
CONTENT = bytes(range(256)) * 4096
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]
MIB = 1.0
ARCHIVE = CONTENT + b"more"
MADE = (
    Weights("resnet18", f"resnet18-{DIGITS}.pth", f"https://example.org/resnet18-{DIGITS}.pth", MIB),
    Weights("awd_lstm", "wt103-fwd.tgz", "https://example.org/wt103-fwd.tgz", 1.0, f"{len(ARCHIVE)} {hashlib.md5(CONTENT).hexdigest()}"),
)  # fmt: skip
TIMM = "resnet26d.bt_in1k"


def safetensors(*spans: tuple[int, int], data: int = 24) -> bytes:
    """A file of this kind, whose header tells of these spans of its data."""
    header = json.dumps({
        "__metadata__": {"format": "pt"},
        **{f"t{n}": {"dtype": "F32", "shape": [1], "data_offsets": list(s)} for n, s in enumerate(spans)},
    }).encode()  # fmt: skip
    return len(header).to_bytes(8, "little") + header + bytes(data)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of a megabyte, as real ones are too large for tests; no cache but those of the test's home."""
    monkeypatch.setattr(weights, "KNOWN", MADE)
    for name in ("TORCH_HOME", "HF_HOME", "FASTAI_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project")


@pytest.fixture
def own(project: Project) -> ModuleType:
    """The project's own weights.py, which runs without us."""
    module = template()
    module.HERE = project.root  # type: ignore[attr-defined]
    module.KNOWN = {one.name: (one.url, one.mib, one.first) for one in MADE}  # type: ignore[attr-defined]
    return module


def template() -> ModuleType:
    path = workspace.content("templates") / "project" / "common" / "weights.py"
    spec = importlib.util.spec_from_file_location("project_weights", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_both_know_the_same_weights() -> None:
    assert {one.name: (one.url, one.mib, one.first) for one in REAL} == template().KNOWN
    assert template().TIMM.format(TIMM) == weights.named(TIMM).url


Place = Callable[[Path, Path, pytest.MonkeyPatch], Path]


def _in_project(root: Path, home: Path, _: pytest.MonkeyPatch) -> Path:
    return root / "weights"


def _shared(root: Path, home: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.setenv("FASTCOMPANION_WEIGHTS", str(root.parent / "usb stick"))
    return root.parent / "usb stick"


def _torch(root: Path, home: Path, _: pytest.MonkeyPatch) -> Path:
    return home / ".cache" / "torch" / "hub" / "checkpoints"


def _torch_elsewhere(root: Path, home: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.setenv("TORCH_HOME", str(root.parent / "t"))
    return root.parent / "t" / "hub" / "checkpoints"


def _caches_elsewhere(root: Path, home: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.setenv("XDG_CACHE_HOME", str(root.parent / "c"))
    return root.parent / "c" / "torch" / "hub" / "checkpoints"


def _fastai(root: Path, home: Path, _: pytest.MonkeyPatch) -> Path:
    return home / ".fastai" / "archive"


PLACES: list[Place] = [
    _in_project, _shared, _torch, _torch_elsewhere, _caches_elsewhere, _fastai,
]  # fmt: skip
BAD = {
    "torn": CONTENT[:-5000],
    "another of the same length": CONTENT[::-1],
    "empty": b"",
}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: str(place.__name__).strip("_"))
@pytest.mark.parametrize(("name", "content"), [("resnet18", CONTENT), ("awd_lstm", ARCHIVE), (TIMM, safetensors((0, 8), (8, 24)))])  # fmt: skip
def test_a_file_is_found_wherever_it_lies(
    place: Place, name: str, content: bytes, project: Project, own: ModuleType, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    folder = place(project.root, isolated, monkeypatch)
    path = put(folder / weights.named(name).file, content)
    assert weights.look(weights.named(name), project).path == path
    assert own.find(name) == path


@pytest.mark.parametrize("variable", ["", "HF_HOME", "XDG_CACHE_HOME"])
def test_the_cache_of_hugging_face_is_looked_at(
    variable: str, project: Project, own: ModuleType, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    cache = isolated / ".cache" / "huggingface"
    if variable:
        monkeypatch.setenv(variable, str(isolated / "else"))
        cache = isolated / "else" / ("" if variable == "HF_HOME" else "huggingface")
    blob = put(cache / "hub" / f"models--timm--{TIMM}" / "blobs" / "abc", safetensors((0, 24)))
    path = blob.parents[1] / "snapshots" / "f00" / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.symlink_to(blob)
    assert weights.look(weights.named(TIMM), project).path == path
    assert own.find(TIMM) == path
    assert TIMM in [one.name for one in weights.every(project)]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_broken_file_is_passed_by_and_named(
    bad: bytes, project: Project, own: ModuleType, isolated: Path
) -> None:
    file = MADE[0].file
    broken = put(project.root / "weights" / file, bad)
    looked = weights.look(MADE[0], project)
    assert looked.path is None
    assert [one.path for one in looked.broken] == [broken]
    with pytest.raises(SystemExit) as ended:
        own.find("resnet18")
    assert f"  {broken}: {looked.broken[0].wrong}\n" in str(ended.value), "both say the same of it"
    good = put(isolated / ".cache" / "torch" / "hub" / "checkpoints" / file, CONTENT)
    assert weights.look(MADE[0], project).path == good
    assert own.find("resnet18") == good
    assert broken.read_bytes() == bad, "what is not understood is left alone"


def test_an_archive_that_lacks_its_last_bytes(project: Project, own: ModuleType) -> None:
    put(project.root / "weights" / "wt103-fwd.tgz", ARCHIVE[:-1])
    assert weights.look(MADE[1], project).path is None
    with pytest.raises(SystemExit, match="broken, or another file"):
        own.find("awd_lstm")


SPOILED = {
    "torn off": safetensors((0, 8), (8, 24))[:-1],
    "too long": safetensors((0, 8), (8, 24), data=25),
    "a gap": safetensors((0, 8), (9, 24)),
    "two of one place": safetensors((0, 8), (0, 24)),
    "no tensors": safetensors(data=0),
    "header without end": (2**62).to_bytes(8, "little") + b"{}",
    "no json": (4).to_bytes(8, "little") + b"\xff\xfe{}",
    "a list": (2).to_bytes(8, "little") + b"[]",
    "no spans": (9).to_bytes(8, "little") + b'{"a": {}}',
    "words for spans": safetensors().replace(b'{"__met', b'{"a": 1, "__met'),
    "html": b"<!doctype html><p>Not found",
    "empty": b"",
}


@pytest.mark.parametrize("content", SPOILED.values(), ids=SPOILED)
def test_safetensors_that_are_not_whole(content: bytes, project: Project, own: ModuleType) -> None:
    path = put(project.root / "weights" / f"{TIMM}.safetensors", content)
    found = weights.look(weights.named(TIMM), project)
    assert found.path is None
    assert [one.path for one in found.broken] == [path]
    with pytest.raises(SystemExit, match="broken, or another file"):
        own.find(TIMM)


def test_what_is_missing_is_said_on_one_screen(own: ModuleType, project: Project) -> None:
    with pytest.raises(SystemExit) as ended:
        own.find("resnet18")
    told = str(ended.value)
    assert len(told.splitlines()) < 12
    for words in (
        f"resnet18-{DIGITS}.pth (1.0 MiB)",
        f"{project.root / 'weights' / MADE[0].file}: not there",
        "fastcompanion weights fetch resnet18 --to FOLDER",
        f"https://example.org/resnet18-{DIGITS}.pth",
        "pretrained: false in project.yml",
    ):
        assert words in told
    for place in weights.look(MADE[0], project).places:
        assert f"  {place.path}: not there\n" in told


def test_names_that_mean_nothing(own: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no weights are known for resnt18: there are resnet18"):
        own.find("resnt18")
    for name in ("resnt18", "resnet26d", "timm/resnet26d.bt_in1k", "a.safetensors", ""):
        with pytest.raises(CompanionError, match="no weights called") as caught:
            weights.named(name)
        assert caught.value.code is Exit.USAGE


def test_added_files_are_verified_and_go_where_projects_look(
    tmp_path: Path, project: Project, own: ModuleType, isolated: Path
) -> None:
    stick = put(tmp_path / "usb" / MADE[0].file, CONTENT)
    put_ = weights.add(stick, "", project)
    assert put_.path == project.root / "weights" / MADE[0].file == own.find("resnet18")
    assert stick.exists()
    assert weights.add(stick, "", project).was_there
    assert weights.add(stick, "", None).path.is_relative_to(isolated / ".cache" / "torch")
    renamed = put(tmp_path / "usb" / "model.safetensors", safetensors((0, 24)))
    with pytest.raises(CompanionError, match="says nothing of the architecture"):
        weights.add(renamed, "", project)
    assert weights.add(renamed, TIMM, project).path.name == f"{TIMM}.safetensors"
    torn = put(tmp_path / "torn" / MADE[0].file, CONTENT[:-1])
    for file, code in ((torn, Exit.CHECK_SAYS_NO), (tmp_path / MADE[0].file, Exit.MISSING)):
        with pytest.raises(CompanionError, match="nothing was added") as caught:
            weights.add(file, "", project)
        assert caught.value.code is code


@pytest.mark.train
def test_what_is_known_is_what_torchvision_and_fastai_say() -> None:
    models = pytest.importorskip("torchvision.models")
    urls = pytest.importorskip("fastai.data.external").URLs
    for one in REAL:
        if one.name == "awd_lstm":
            assert one.url == urls.WT103_FWD
            continue
        theirs = models.get_model_weights(one.name).DEFAULT
        assert (one.url, one.mib) == (theirs.url, theirs.meta["_file_size"])


@pytest.mark.train
def test_a_project_fetches_what_is_not_here(
    own: ModuleType, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    file = MADE[0].file
    target = isolated / ".cache" / "torch" / "hub" / "checkpoints" / file
    with FileServer({file: CONTENT[::-1]}) as server:
        own.KNOWN["resnet18"] = (f"{server.address}/{file}", MIB, "")
        with pytest.raises(SystemExit, match=f"{server.address}/{file}: broken, or another file"):
            own.find("resnet18")
        server.files[file] = CONTENT
        assert own.find("resnet18") == target
        assert own.find("resnet18") == target, "and looks here the next time"
        assert len(server.asked) == 2
    target.unlink()
    with pytest.raises(SystemExit, match="could not be fetched"):
        own.find("resnet18")
    assert not target.exists()


def test_files_that_are_no_weights_of_timm_are_passed_over(project: Project) -> None:
    folder = project.root / "weights"
    folder.mkdir()
    (folder / "mine.old.pth.safetensors").write_bytes(b"x")
    (folder / f"{TIMM}.safetensors").write_bytes(safetensors((0, 24)))
    names = [one.name for one in weights.every(project)]
    assert names == [*(one.name for one in MADE), TIMM]
