"""Projects of images with masks, whatever the masks look like."""

from __future__ import annotations

import base64
import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import predictions, scores
from fastcompanion.project import checking, contents, growing, media, render, running, scoring
from fastcompanion.project.choices import Asked
from fastcompanion.project.place import Project
from tests.project import made
from tests.project.test_growing import grown

Pixels = np.ndarray[Any, np.dtype[Any]]
GROUND, SKY, TREE = range(3)
COLOURS = np.array([[70, 60, 20], [107, 142, 235], [128, 255, 0]], np.uint8)


def scene(number: int, height: int = 32, width: int = 40) -> tuple[Pixels, Pixels]:
    """Ground below, sky above, a tree somewhere: a photograph with noise, and the class of each pixel."""
    chance = np.random.default_rng(number)
    classes = np.full((height, width), GROUND, np.uint8)
    horizon, left = chance.integers(12, 20), chance.integers(2, width - 10)
    classes[:horizon] = SKY
    classes[chance.integers(3, 9) : horizon + 4, left : left + 8] = TREE
    shades = np.array([[110, 90, 60], [140, 180, 240], [30, 120, 40]])[classes]
    return np.clip(shades + chance.normal(0, 20, shades.shape), 0, 255).astype(np.uint8), classes


def mask_of(form: str, classes: Pixels) -> Image.Image:
    """Write classes as masks of a form are written."""
    if form == "palette":
        image = Image.fromarray(classes).convert("P")
        image.putdata(classes.ravel().tolist())
        image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, *[9] * 759])
        return image
    if form == "colours":
        return Image.fromarray(COLOURS[classes])
    if form == "16 bits":
        return Image.fromarray(classes.astype(np.uint16) * 1000)
    tree = Image.fromarray(((classes == TREE) * 255).astype(np.uint8))
    if form == "smooth":
        small = tree.resize((tree.width // 2, tree.height // 2), Image.Resampling.BILINEAR)
        return small.resize(tree.size, Image.Resampling.BICUBIC)
    return {
        "grey": Image.fromarray(classes),
        "three colours alike": Image.fromarray(np.repeat(classes[:, :, None], 3, axis=2)),
        "black and white": tree,
        "JPEG": tree,
        "one bit": Image.fromarray(classes == TREE),
    }[form]


def scenes(root: Path, form: str = "grey", count: int = 12, *, border: bool = False) -> Path:
    """A folder of images with masks; a border of 255 has no class."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for number in range(count):
        pixels, classes = scene(number)
        if border:
            classes[:2] = 255
        Image.fromarray(pixels).save(root / "images" / f"s{number:02}.png")
        mask_of(form, classes).save(
            root / "masks" / f"s{number:02}.{'jpg' if form == 'JPEG' else 'png'}"
        )
    return root


def own_code(found: media.Made, folder: Path) -> ModuleType:
    """The project's data.py, which runs without us."""
    answers = {**found.answers, "name": "trial", "about": "", "source": ""}
    (folder / "data.py").write_text(render.texts(answers, {"data.py": "data.py"})["data.py"])
    spec = importlib.util.spec_from_file_location("masks_of_a_project", folder / "data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "form",
    ["grey", "palette", "colours", "16 bits", "three colours alike", "black and white", "smooth", "JPEG", "one bit"],
)  # fmt: skip
def test_masks_of_any_form_give_each_pixel_its_class(form: str, tmp_path: Path) -> None:
    root = scenes(tmp_path / "data", form, count=6)
    code = own_code(media.make(Asked(root)), tmp_path)
    two = form in ("black and white", "smooth", "JPEG", "one bit")
    assert len(code.CLASSES) == (2 if two else 3)
    for number in range(6):
        name = f"s{number:02}.{'jpg' if form == 'JPEG' else 'png'}"
        expected = scene(number)[1]
        read = code.mask(root / "masks" / name)
        right = (read == (expected == TREE if two else expected)).mean()
        assert right > (0.95 if form in ("smooth", "JPEG") else 1 - 1e-9)


def test_a_border_of_255_has_no_class(tmp_path: Path) -> None:
    root = scenes(tmp_path / "data", "palette", count=6, border=True)
    found = media.make(Asked(root))
    code = own_code(found, tmp_path)
    assert code.UNLABELLED == [255]
    assert (code.mask(root / "masks" / "s00.png")[:2] == code.NOTHING).all()
    assert "Pixels of 255 are held for unlabelled and do not count" in found.answers["notes"][0]


def test_many_numbered_classes_with_a_border_are_not_two_shades(tmp_path: Path) -> None:
    """Planted: 34 classes that are all dark as shades, and a border that is light."""
    root = scenes(tmp_path / "data", count=6)
    for number in range(6):
        classes = np.arange(32 * 40).reshape(32, 40) % 34
        classes[:2] = 255
        Image.fromarray(classes.astype(np.uint8)).save(root / "masks" / f"s{number:02}.png")
    found = media.make(Asked(root)).answers
    assert (found["form"], found["codes"], found["unlabelled"]) == ("grey", [*range(34)], [255])


def test_a_list_beside_the_masks_names_classes(tmp_path: Path) -> None:
    root = scenes(tmp_path / "grey", count=6)
    (root / "codes.txt").write_text("ground\nVoid\ntree\nnever seen\n")
    found = media.make(Asked(root)).answers
    assert (found["classes"], found["codes"], found["unlabelled"]) == (
        ["ground", "tree"],
        [0, 2],
        [1],
    )
    root = scenes(tmp_path / "colours", "colours", count=6)
    (root / "class_dict.csv").write_text(
        "name,r,g,b\ntree,128,255,0\nroad,70,60,20\nsky,107,142,235\n"
    )
    found = media.make(Asked(root)).answers
    assert found["classes"] == ["road", "sky", "tree"]
    root = scenes(tmp_path / "short", count=6)
    (root / "codes.txt").write_text("ground\nsky\n")
    assert media.make(Asked(root)).answers["classes"] == ["0", "1", "2"], (
        "a list that lacks a class is of no use"
    )


def test_masks_that_can_not_be_used_are_left_out_or_refused(tmp_path: Path) -> None:
    root = scenes(tmp_path / "data")
    torn = (root / "masks" / "s03.png").read_bytes()
    (root / "masks" / "s03.png").write_bytes(torn[:60] + bytes(20) + torn[80:])
    (root / "masks" / "s05.png").unlink()
    found = media.make(Asked(root))
    notes = " ".join(found.answers["notes"])
    assert "images/s03.png" in notes
    assert "1 images without a mask are left out: images/s05.png" in notes
    assert len(found.split.parts) == 10
    Image.new("L", (7, 7)).save(root / "masks" / "s04.png")
    with pytest.raises(CompanionError, match="another size"):
        made.plan(root)


def test_masks_of_too_many_values_are_refused(tmp_path: Path) -> None:
    root = scenes(tmp_path / "data", count=6)
    chance = np.random.default_rng(1)
    for path in (root / "masks").iterdir():
        Image.fromarray(chance.integers(0, 256, (32, 40)).astype(np.uint8)).save(path)
    with pytest.raises(CompanionError, match="256 different values"):
        media.make(Asked(root))


def project_of(place: Path) -> Project:
    """Make a project with all of its steps, of masks with a border, from six streets."""
    root = scenes(place / "data", "palette", count=30, border=True)
    for number, path in enumerate(sorted((root / "images").iterdir())):
        for one in (path, root / "masks" / path.name):
            one.rename(one.with_name(f"street{number // 5}_frame_{number % 5:03}.png"))
    for number in range(2):
        (root / "test").mkdir(exist_ok=True)
        Image.fromarray(scene(90 + number)[0]).save(root / "test" / f"t{number}.png")
    (root / "codes.txt").write_text("ground\nsky\ntree\n")
    project = made.scored(root, place / "trial")
    assert [growth.kept for growth in grown(project)] == [()] * 6, "paint.py belongs to two steps"
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("masks", project_of, tmp_path, tmp_path / "trial")


def test_all_steps_work_together(project: Project) -> None:
    record = project.record()
    assert record.template == "project/segmentation"
    assert record.answers["classes"] == ["ground", "sky", "tree"]
    assert record.answers["group"] == "group"
    assert growing.where(project).step is None
    assert {"linear", "model", "saved", "app", "errors", "seeds"} <= set(record.steps)
    assert "submission" not in record.steps
    assert "failed" not in made.own_tests(project, "-m", "not slow")
    for words in (["train.py", "linear"], ["save.py", "linear"], ["errors.py", "linear"]):
        made.script(project, *words)
    page = (project.root / "errors.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 3 * 5, "the worst picture's fold is one street of five pictures"
    board = scoring.board(project, write=False)
    assert [run.name for run in board.runs] == ["linear", "baseline", "majority"]
    assert board.runs[0].score.value > 0.8
    assert not checking.check(project, python=[sys.executable]).features


def test_both_scores_are_those_that_the_project_prints(project: Project) -> None:
    """The project's own code and ours count the same pixels, and make the same scores of them."""
    printed = made.script(project, "score.py").stdout
    board = scoring.board(project)
    for run in board.runs:
        _, rows = predictions.read(project.runs / run.name)
        ours = {name: scores.score(name, rows).value for name in ("mean iou", "pixel accuracy")}
        shown = re.search(rf"^{run.name} +(\S+) \[", printed, re.MULTILINE)
        assert shown is not None
        assert shown[1] == f"{ours['mean iou']:.4g}"
        assert f"{run.name} {ours['pixel accuracy']:.4g}" in printed.splitlines()[-1]
        assert any(f"{run.name} {ours['pixel accuracy']:.4g} [" in note for note in board.notes)
    assert "Pixel accuracy: baseline " in (project.root / "README.md").read_text(encoding="utf-8")


def test_pixels_are_counted_as_somebody_else_would(project: Project) -> None:
    """The baseline of each fold by hand: the most frequent class at each place, counted pixel by pixel."""
    with (project.data / "files.csv").open(encoding="utf-8", newline="") as file:
        files = list(csv.DictReader(file))
    with (project.root / "splits.csv").open(encoding="utf-8", newline="") as file:
        parts = {row["id"]: row["part"] for row in csv.DictReader(file)}
    masks = {
        row["id"]: np.asarray(Image.open(project.data / "files" / row["mask"])) for row in files
    }
    _, told = predictions.read(project.runs / "baseline")
    hit = told.pixels("hit")
    for place, one in enumerate(told.ids):
        others = [mask for name, mask in masks.items() if parts[name] != parts[one]]
        known = [np.stack([mask == number for mask in others]).sum(axis=0) for number in range(3)]
        cells = np.stack(known).reshape(3, 16, 2, 40)  # a place of the grid is 2 pixels high
        columns = np.arange(40) * 16 // 40
        sums = np.stack(
            [cells.sum(axis=2)[:, :, columns == column].sum(axis=2) for column in range(16)], axis=2
        )
        said = sums.argmax(axis=0).repeat(2, axis=0)[:, columns]
        said[:2] = (
            said[:2]
            if sums[:, 0].any()
            else np.bincount(np.concatenate([m[m < 3] for m in others])).argmax()
        )
        for number, name in enumerate(("ground", "sky", "tree")):
            assert hit[name][place] == ((masks[one] == number) & (said == number)).sum()


def test_a_value_that_turns_up_later_is_refused(project: Project) -> None:
    path = next((project.data / "files" / "masks").iterdir())
    pixels = np.asarray(Image.open(path)).copy()
    pixels[5, 5] = 77
    mask_of("palette", pixels).save(path)
    done = made.script(project, "train.py", "baseline", check=False)
    assert done.returncode != 0
    assert (
        f"{path.name} holds 77, which is no class: put it into CODES or UNLABELLED of data.py"
        in done.stderr
    )
    made.change(project.root / "data.py", "UNLABELLED = [255]", "UNLABELLED = [255, 77]")
    made.script(project, "train.py", "baseline")


def test_a_mask_that_was_cut_later_is_refused(project: Project) -> None:
    path = next((project.data / "files" / "masks").iterdir())
    mask_of("palette", np.zeros((8, 8), np.uint8)).save(path)
    done = made.script(project, "train.py", "majority", check=False)
    assert "has (8, 8) pixels, and the model said a mask of (32, 40)" in done.stderr


@contextmanager
def served(project: Project, model: str) -> Iterator[str]:
    """Start the project's app as a learner does; gives its address."""
    made.script(project, "save.py", model)
    words = [sys.executable, "-u", "app.py", model, "0"]
    with subprocess.Popen(words, cwd=project.root, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        try:
            yield app.stdout.readline().split()[0]
        finally:
            app.terminate()


def sent(address: str, content: bytes, name: str) -> str:
    """Upload a file as a browser does."""
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--edge--\r\n"
    asked = urllib.request.Request(
        address, body, {"Content-Type": "multipart/form-data; boundary=edge"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return str(answer.read().decode())


def test_the_app_paints_the_mask_over_an_upload(project: Project) -> None:
    kept = io.BytesIO()
    Image.fromarray(scene(77)[0]).save(kept, "PNG")
    with served(project, "linear") as address:
        page = sent(address, kept.getvalue(), "new.png")
        assert "that is no picture" in sent(address, b"words", "words.png")
    found = dict(re.findall(r"</i>(\w+) ([\d.]+)%", page))
    expected = np.bincount(scene(77)[1].ravel()) / (32 * 40)
    assert {name: float(share) / 100 for name, share in found.items()} == pytest.approx(
        dict(zip(("ground", "sky", "tree"), expected, strict=True)), abs=0.05
    )
    link = re.search(r'src="data:image/png;base64,(.*?)"', page)
    assert link is not None
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(link[1]))))
    colours = [np.median(shown[scene(77)[1] == number], axis=0) for number in range(3)]
    assert all(
        np.abs(one - other).max() > 30
        for one, other in zip(colours, [*colours[1:], colours[0]], strict=True)
    )


def test_the_answers_of_masks_are_plain(project: Project) -> None:
    """They are kept in .fastcompanion.yml, and an update renders from them again."""
    answers = project.record().answers
    assert json.loads(json.dumps(answers)) == answers
    assert set(contents.LOOK) == {"segmentation", "audio-class"}


@pytest.mark.train
@pytest.mark.timeout(900)  # it starts torch several times, on a machine that may be busy
@pytest.mark.skipif(not importlib.util.find_spec("fastai"), reason="needs fastai")
def test_the_fastai_model_trains(project: Project) -> None:
    assert "failed" not in made.own_tests(project, "tests/test_model.py", "-W", "ignore")
    done = made.script(project, "train.py", "model", check=False)
    assert "resnet18 begins with pretrained weights" in done.stderr, "nothing falls back in silence"
    made.change(project.root / "project.yml", "pretrained: true", "pretrained: false")
    made.change(project.root / "project.yml", "arch: resnet18", "arch: small")
    made.change(project.root / "model.py", "else 30", "else 6")
    running.script(project, ["train.py", "model"], python=[sys.executable])
    run, _ = predictions.read(project.runs / "model")
    assert run.settings == {"arch": "small", "pretrained": False}
    board = scoring.board(project, write=False)
    assert [one.name for one in board.runs].index("model") < [one.name for one in board.runs].index(
        "majority"
    )
