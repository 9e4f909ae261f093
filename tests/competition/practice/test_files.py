"""Competitions of images: what is hidden, and that no name, folder or order tells it; made-up data."""

from __future__ import annotations

import hashlib
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.competition.practice import place, scoring, server
from fastcompanion.competition.practice.place import Place
from fastcompanion.competition.practice.server import Live
from fastcompanion.flows import practising
from tests.competition.practice import served
from tests.competition.practice.served import rows_of
from tests.conftest import Runner

SLUG = "shapes"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, dict[str, str]]]:
    """A competition of 180 drawn shapes, and the true label of each image by its bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTCOMPANION_HOME", str(tmp_path_factory.mktemp("home")))
        practising.new_of_demo("images-class", name=SLUG, metric="", daily=0, dry_run=False)
        where = place.at(SLUG)
        with practising.made_up("images-class") as (_, folder):
            truths = {digest(path): path.parent.name for path in folder.rglob("*.png")}
        yield where, truths


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_all_images_are_there_once_and_their_labels_are_right(
    shapes: tuple[Place, dict[str, str]],
) -> None:
    where, truths = shapes
    train = {row["file"]: row["label"] for row in rows_of(where.public / place.TRAIN)}
    hidden = {row["id"]: row["label"] for row in rows_of(where.solution)}
    assert [row["file"] for row in rows_of(where.public / place.TEST)] == list(hidden)
    assert [row["file"] for row in rows_of(where.public / place.SAMPLE)] == list(hidden)
    for folder, labels in (("train_images", train), ("test_images", hidden)):
        found = {path.name: truths[digest(path)] for path in (where.public / folder).iterdir()}
        assert found == labels
    assert (len(train), len(hidden)) == (120, 60)


def test_neither_names_nor_their_order_tell_a_label(shapes: tuple[Place, dict[str, str]]) -> None:
    where, truths = shapes
    labels = [row["label"] for row in rows_of(where.solution)]
    # The demo goes round: circle, cross, square, circle ... A name by the old order would say it.
    runs = sum(labels[at] == labels[at - 3] for at in range(3, len(labels)))
    assert runs < 0.7 * len(labels)
    assert labels != sorted(labels)
    for name in place.files(where):
        assert not any(label in name for label in set(truths.values()))
    text = (where.public / place.TEST).read_text()
    assert text.splitlines()[0] == "file"


def test_what_opponents_and_the_truth_score(
    shapes: tuple[Place, dict[str, str]], tmp_path: Path
) -> None:
    where, _ = shapes
    told, hidden = place.read(where), scoring.solution(where)
    assert {one.name for one in told.opponents} == {"majority", "nearest mean image"}
    right = [f"{one},{label}" for one, label in zip(hidden.ids, hidden.labels, strict=True)]
    path = tmp_path / "right.csv"
    path.write_text("\n".join(["file,label", *right]) + "\n")
    assert scoring.score(where, told, hidden, path) == scoring.Scores(1.0, 1.0)
    majority = next(one for one in told.opponents if one.name == "majority")
    sample = scoring.score(where, told, hidden, where.public / place.SAMPLE)
    assert (sample.public, sample.private) == (majority.public, majority.private)


@pytest.fixture
def live(shapes: tuple[Place, dict[str, str]]) -> Iterator[Live]:
    with server.serving(shapes[0], scoring=False) as running:
        running.protocol.accept()
        yield running


def test_the_real_client_lists_pages_of_files_and_fetches_one_and_all(
    live: Live, tmp_path: Path
) -> None:
    code = """
import json, os
from kaggle.api.kaggle_api_extended import KaggleApi
api = KaggleApi(); api.authenticate()
names, token = [], None
while token != "":
    page = api.competition_list_files("shapes", page_token=token, page_size=50)
    names += [one.name for one in page.files]; token = page.next_page_token
api.competition_download_file("shapes", "test_images/0121.png", path="one", quiet=True)
api.competition_download_files("shapes", path="all", quiet=True)
print(json.dumps([len(names), names[:3], os.listdir("one"), os.listdir("all")]))
"""
    said = served.client(live, tmp_path, code=code)
    assert said.out.strip().splitlines()[-1] == (
        '[183, ["sample_submission.csv", "test.csv", "train.csv"], ["0121.png"], ["shapes.zip"]]'
    ), said
    image = live.place.public / "test_images" / "0121.png"
    assert (tmp_path / "one" / "0121.png").read_bytes() == image.read_bytes()
    with zipfile.ZipFile(tmp_path / "all" / "shapes.zip") as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(place.files(live.place))
        assert (
            archive.read("train_images/0001.png")
            == (live.place.public / "train_images" / "0001.png").read_bytes()
        )
    page = served.ask(live.port, "GET", f"/competitions/{SLUG}").body.decode()
    assert "train_images/ (120 files)" in page
    assert "0121.png" not in page


def test_a_series_can_be_scored_by_mase(tmp_path: Path, run: Runner) -> None:
    new = ("kaggle", "practice", "new", "--demo", "time-series", "--name", "sales")
    assert run(*new, "--metric", "mase").code == 0
    where = place.at("sales")
    told, hidden = place.read(where), scoring.solution(where)
    steps = [float(row["sales"]) for row in rows_of(where.public / place.TRAIN)]
    moves = [abs(after - before) for before, after in itertools.pairwise(steps)]
    assert told.scale == pytest.approx(sum(moves) / len(moves))
    path = tmp_path / "off.csv"
    off = [
        f"{one},{float(label) + 5}" for one, label in zip(hidden.ids, hidden.labels, strict=True)
    ]
    path.write_text("\n".join([f"{told.id_column},sales", *off]) + "\n")
    found = scoring.score(where, told, hidden, path)
    assert found.public == pytest.approx(5 / told.scale)
    assert found.private == pytest.approx(5 / told.scale)


def test_a_competition_is_removed_unless_it_is_served(run: Runner) -> None:
    assert run("kaggle", "practice", "new", "--demo", "class", "--name", "trips").code == 0
    remove = ("kaggle", "practice", "remove", "trips")
    assert run(*remove).code == 2
    assert run(*remove, "--dry-run").code == 0
    with server.serving(place.at("trips")):
        served_ = run(*remove, "--yes")
        assert (served_.code, "practice stop trips" in served_.err) == (1, True)
    assert place.slugs() == ["trips"]
    gone = run(*remove, "--yes", "--json")
    assert (gone.data["removed"], place.slugs()) == (True, [])
    assert run(*remove, "--yes").code == 3


def test_made_up_data_and_what_is_refused(run: Runner, tmp_path: Path) -> None:
    new = ("kaggle", "practice", "new")
    assert run(*new).code == 2
    assert run(*new, "--demo", "class", "--from", tmp_path).code == 2
    assert run(*new, "--demo", "class", "--target", "late").code == 2
    wrong = run(*new, "--demo", "clas")
    assert (wrong.code, "class" in wrong.err) == (2, True)
    looked = run(*new, "--demo", "number", "--dry-run", "--json")
    assert looked.data["competition"]["metric"] == "rmse"
    assert not place.slugs()
    masks = run(*new, "--demo", "segmentation")
    assert masks.code == 2
    assert "practice competitions are made of" in masks.err
