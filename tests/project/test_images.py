"""Projects of images: with a class, labels, a number or points, whatever form the files have."""

from __future__ import annotations

import csv
import html
import importlib.util
import io
import json
import random
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import folds, predictions, scores
from fastcompanion.flows import projects
from fastcompanion.project import checking, growing, new, running, scoring
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made
from tests.project.test_growing import grown

Git = Callable[..., str]
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 70, 230)}
STEPS = ["nearest", "model", "saved", "app", "errors", "seeds"]


def shapes(
    chance: random.Random,
    size: tuple[int, int],
    drawn: Sequence[tuple[str, str, float, float, float]],
) -> Image.Image:
    """A dark picture with shapes on it: form, colour, middle and half the width of each."""
    image = Image.new("RGB", size, tuple(chance.randrange(50) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for form, colour, x, y, half in drawn:
        draw = pen.ellipse if form == "circle" else pen.rectangle
        draw((x - half, y - half, x + half, y + half), fill=COLOURS[colour])
    return image


def saved(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def classes(root: Path, count: int = 72) -> Path:
    """Class folders with blanks and accents; the files are of every mode, and one of them is broken."""
    chance = random.Random(1)
    for number in range(count):
        right = number % 2
        image = shapes(chance, (32, 24), [("circle", "green", 8 + 16 * right, 12, 5)])
        modes = ["RGB", "RGBA", "L", "P", "LA", "I;16"]
        mode = modes[number // 2 % len(modes)]
        if mode == "I;16":
            grey = image.convert("L")
            image = Image.frombytes("I;16", grey.size, b"".join(b"\0" + bytes([one]) for one in grey.tobytes()))  # fmt: skip
        folder = "à droite, là" if right else "links & 'oben'"
        saved(
            image if mode == "I;16" else image.convert(mode), root / folder / f"Bild {number}.png"
        )
    shapes(chance, (32, 24), []).convert("CMYK").save(root / "links & 'oben'" / "print.jpg")
    (root / "links & 'oben'" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    return root


def labels(root: Path, count: int = 60) -> Path:
    """A table with the labels of each image, named without suffix; a test, and what a submission looks like."""
    chance, rows = random.Random(2), []
    for number in range(count + 6):
        drawn = [
            (chance.choice(["circle", "square"]), chance.choice(list(COLOURS)), 10 + 18 * place, 12, 6)
            for place in range(chance.randint(1, 2))
        ]  # fmt: skip
        part = "train" if number < count else "test"
        saved(shapes(chance, (40, 24), drawn), root / part / f"p{number:03}.jpg")
        rows.append(
            [f"p{number:03}", " ".join(sorted({word for one in drawn for word in one[:2]}))]
        )
    folders.table(root / "train.csv", ["image", "tags"], rows[:count])
    asked = [[name, "circle red"] for name, _ in reversed(rows[count:])]
    folders.table(root / "sample_submission.csv", ["image", "tags"], asked)
    return root


def numbers(root: Path, count: int = 60) -> Path:
    """A table with semicolons that names images by their number alone."""
    chance, rows = random.Random(3), []
    for number in range(count):
        half = chance.uniform(3, 14)
        saved(shapes(chance, (32, 32), [("circle", "green", 16, 16, half)]), root / "images" / f"{number:04}.png")  # fmt: skip
        rows.append([number, f"{half:.2f}"])
    folders.table(root / "radius.csv", ["id", "radius"], rows, delimiter=";")
    return root


def points(root: Path, count: int = 60) -> Path:
    """Pictures of two sizes with x and y of two points in columns of their own."""
    chance, rows = random.Random(4), []
    for number in range(count):
        size = chance.choice([(40, 30), (60, 30)])
        spots = [(chance.uniform(4, size[0] - 4), chance.uniform(4, size[1] - 4)) for _ in range(2)]
        drawn = [("circle", colour, *spot, 4.0) for colour, spot in zip(COLOURS, spots, strict=False)]  # fmt: skip
        saved(shapes(chance, size, drawn), root / "images" / f"q{number}.png")
        rows.append([f"q{number}.png", *(f"{value:.1f}" for spot in spots for value in spot)])
    folders.table(root / "train.csv", ["image", "red_x", "red_y", "green_x", "green_y"], rows)
    return root


KINDS: dict[str, Callable[[Path], Path]] = {
    "images-class": classes,
    "images-labels": labels,
    "images-number": numbers,
    "images-points": points,
}


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    kind: str = request.param
    return made.copy(kind, lambda place: whole(kind, place), tmp_path, tmp_path / "trial")


def whole(kind: str, place: Path) -> Project:
    """A project with its naive runs and all steps."""
    begun = made.scored(KINDS[kind](place / "data"), place / "trial")
    assert begun.record().answers["kind"] == kind
    added = [growth.step.id for growth in grown(begun) if growth.step is not None]
    assert added == (["submission", *STEPS] if kind == "images-labels" else STEPS)
    return begun


def test_all_steps_work_together(project: Project, git: Git) -> None:
    assert project.record().template == "project/images"
    assert "failed" not in made.own_tests(project, "-m", "not slow")
    for words in (["train.py", "nearest"], ["save.py", "nearest"], ["seeds.py", "nearest", "2"], ["errors.py", "nearest"]):  # fmt: skip
        made.script(project, *words)
    assert git(project.root, "status", "--porcelain") == "", (
        "runs, sheets and small pictures are not in git"
    )
    assert checking.check(project, python=running.OWN).passed
    sheet = (project.root / "errors.html").read_text(encoding="utf-8")
    assert sheet.count('src="data:image/png;base64,') >= 24
    board = scoring.board(project, write=False)
    ranked = [run.name for run in board.runs]
    assert set(ranked) == {"majority", "baseline", "nearest", "nearest-seed43", "nearest-mean"}
    if project.settings()["kind"] != "images-points":
        assert ranked[-1] == "majority", "the pictures tell something"


def test_scores_are_those_of_data_show(project: Project) -> None:
    """score.py draws rows again and again where we use formulas; the score itself is the same."""
    code = "import json, score; runs = score.runs(); print(json.dumps({n: list(map(float, score.scores(r, runs['majority']))) for n, r in runs.items()}))"
    told = json.loads(made.script(project, "-c", code).stdout)
    metric = str(project.settings()["metric"])
    _, naive = predictions.read(project.runs / "majority")
    for name in ("majority", "baseline"):
        _, rows = predictions.read(project.runs / name)
        ours, beside = scores.score(metric, rows), scores.compare(metric, naive, rows)
        value, low, high, moved, _, _ = told[name]
        assert value == pytest.approx(ours.value, rel=1e-9)
        assert moved == pytest.approx(beside.difference, abs=1e-9)
        assert abs(low - ours.low) + abs(high - ours.high) < 0.75 * (ours.high - ours.low) + 1e-9


@contextmanager
def served(project: Project, name: str) -> Iterator[str]:
    """The app of a model that was saved, in a process of its own."""
    made.script(project, "save.py", name)
    command = [sys.executable, "-u", "app.py", name, "0"]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            found = re.match(r"(http://\S+)", child.stdout.readline())
            assert found is not None
            yield found[1]
        finally:
            child.terminate()


def test_the_app_answers_over_http_without_the_data(project: Project) -> None:
    with (project.data / "files.csv").open(encoding="utf-8", newline="") as file:
        row = list(csv.DictReader(file))[3]
    content = (project.data / "files" / row["file"]).read_bytes()
    with served(project, "nearest") as address:
        (project.data / "files.csv").rename(project.root / "away.csv")
        head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        asked = urllib.request.Request(
            address, head + content + b"\r\n--edge--\r\n", {"Content-Type": "multipart/form-data; boundary=edge"}
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=30) as answer:
            page = answer.read().decode()
    found = re.search('role="status">(.*?)</p>', page)
    assert found is not None
    truth = row[str(project.settings()["target"])]
    points_ = str(project.settings()["kind"]).endswith("points")
    for part in [f"({', '.join(truth.split()[:2])})"] if points_ else truth.split("|"):
        assert html.escape(part) in found[1], "it knows this one"
    assert 'href="data:image/png;base64,' in page


def test_broken_files_are_left_out_and_awkward_names_kept(tmp_path: Path) -> None:
    project = made.project(classes(tmp_path / "data"), tmp_path / "trial")
    assert (project.settings()["arch"], project.settings()["pretrained"]) == ("resnet18", True)
    split = folds.read(project.root)
    assert len(split.parts) == 73
    assert project.record().answers["classes"] == ["links & 'oben'", "à droite, là"]
    assert "broken.png" in (project.data / "README.md").read_text(encoding="utf-8")
    assert not (project.data / "files" / "links & 'oben'" / "broken.png").exists()


def test_a_file_that_breaks_later_is_named(tmp_path: Path) -> None:
    project = made.project(numbers(tmp_path / "data"), tmp_path / "trial")
    (project.data / "files/images/0007.png").write_bytes(b"no longer a picture")
    with pytest.raises(CompanionError, match=r"0007\.png can't be read"):
        running.script(project, ["train.py", "baseline"])
    assert not list(project.data.glob("*.part"))
    assert not list(project.data.glob("small-*"))


def test_parts_that_folders_name_are_the_split(tmp_path: Path) -> None:
    """train, valid and test, each with class folders but the test, which lies flat."""
    chance = random.Random(5)
    for number in range(40):
        part, right = ("valid" if number % 4 == 0 else "train"), number // 2 % 2
        image = shapes(chance, (24, 24), [("square", "blue", 6 + 12 * right, 12, 4)])
        saved(image, tmp_path / "data" / part / ("right" if right else "left") / f"{number}.png")
    for number in range(4):
        saved(shapes(chance, (24, 24), []), tmp_path / "data" / "test" / f"t{number}.png")
    project = made.scored(tmp_path / "data", tmp_path / "trial")
    split = folds.read(project.root)
    assert split.rule.rule == "given"
    assert len(split.of("valid")) == 10
    run, rows = predictions.read(project.runs / "baseline")
    assert run.metric == "accuracy"
    assert rows.truths == rows.predictions, "where the square lies is seen in the mean pictures"
    growing.take(project, growing.where(project, "submission"))
    made.script(project, "submit.py", "baseline")
    asked = (project.root / "submission.csv").read_text().splitlines()
    assert asked[0] == "id,label"
    assert len(asked) == 5


def test_a_submission_is_named_and_ordered_as_asked_for(tmp_path: Path) -> None:
    project = made.project(labels(tmp_path / "data"), tmp_path / "trial")
    growing.take(project, growing.where(project, "submission"))
    made.script(project, "submit.py", "baseline")
    rows = list(csv.reader(io.StringIO((project.root / "submission.csv").read_text())))
    assert rows[0] == ["image", "tags"]
    assert [row[0] for row in rows[1:]] == [f"p{number:03}" for number in range(65, 59, -1)]
    known = {"circle", "square", *COLOURS}
    assert all(set(row[1].split()) <= known for row in rows[1:])


def test_files_that_stay_where_they_are_are_read_there(tmp_path: Path, git: Git) -> None:
    data = numbers(tmp_path / "data")
    asked = projects.planned(data, "trial", demo="", target="", kind="", metric="", link=True)
    new.make(asked, tmp_path / "trial", None)
    project = Project(tmp_path / "trial")
    made.script(project, "train.py", "baseline")
    assert not (project.data / "files").exists()
    assert str(tmp_path) not in git(project.root, "grep", "-I", "", "--", "*.py", "*.csv")


def test_the_first_number_loads_little_and_is_read_from_small_pictures_again(
    tmp_path: Path,
) -> None:
    project = made.project(points(tmp_path / "data", 120), tmp_path / "trial")
    code = "import sys, runpy; sys.argv = ['train.py', 'baseline']; runpy.run_path('train.py', run_name='__main__'); print(*sorted(sys.modules))"
    loaded = set(made.script(project, "-c", code).stdout.split())
    assert not loaded & {"torch", "fastai", "pandas", "scipy", "sklearn", "matplotlib"}
    (kept,) = project.data.glob("small-16-grey-*.npy")
    first, when = (project.runs / "baseline/valid.csv").read_bytes(), kept.stat().st_mtime_ns
    made.script(project, "train.py", "baseline")
    assert (project.runs / "baseline/valid.csv").read_bytes() == first
    assert kept.stat().st_mtime_ns == when


@pytest.mark.train
@pytest.mark.timeout(1200)  # it starts torch several times, on a machine that may be busy
@pytest.mark.parametrize("kind", KINDS)
def test_the_fastai_model_learns_and_is_the_same_when_loaded(kind: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("fastai") is None:
        pytest.skip("fastai is not installed")
    project = made.copy(kind, lambda place: whole(kind, place), tmp_path, tmp_path / "trial")
    out = made.own_tests(project, "-m", "slow", "-W", "ignore")
    assert "skipped" not in out
    assert "failed" not in out
    done = made.script(project, "train.py", "model", check=False)
    assert done.returncode != 0, "there are no weights here"
    assert "resnet18" in done.stdout + done.stderr
    assert not (project.runs / "model").exists()
    made.change(project.root / "project.yml", "pretrained: true", "pretrained: false")
    made.change(project.root / "project.yml", "arch: resnet18", "arch: small")
    if kind != "images-class":
        # Its own tests learn what is planted: six trainings more would tell nothing new.
        assert "model works: " in made.script(project, "train.py", "model", "--fast").stdout
        return
    made.script(project, "train.py", "model")
    run, _ = predictions.read(project.runs / "model")
    assert run.settings == {"arch": "small", "pretrained": False}
    board = {one.name: one.score for one in scoring.board(project, write=False).runs}
    assert scoring.ranked({name: board[name] for name in ("model", "majority")})[0] == "model"
    made.script(project, "save.py", "model")
    assert (project.runs / "model" / "model.pt").stat().st_size > 1000
