"""Projects of files: one plain table whatever the layout was, files copied or left, a small sample for the tests."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.data import folds
from fastcompanion.project import media, plan
from fastcompanion.project.choices import Asked
from tests.data import folders
from tests.data.leaks import leaking


def rows(made: media.Made, name: str = media.TABLE) -> list[dict[str, str]]:
    """Read a table that a project would get."""
    text = next(one.text for one in made.tables if one.name == name).decode()
    return list(csv.DictReader(io.StringIO(text)))


def pets(root: Path, count: int = 30) -> Path:
    """Images in class folders, one of them broken, and a test without labels."""
    for number in range(count):
        for name, level in (("cat", 40), ("dog", 200)):
            folders.png(
                root / "train" / name / f"{number}.png", 8 + number, 8, shade=level + number
            )
    (root / "train" / "cat" / "3.png").write_bytes(b"this is no image")
    for number in range(5):
        folders.png(root / "test" / f"t{number}.png", 8, 8, shade=900 + number)
    return root


def test_files_in_class_folders_become_a_table(tmp_path: Path) -> None:
    made = media.make(Asked(pets(tmp_path / "pets")))
    found = rows(made)
    assert len(found) == 59
    assert found[0] == {"id": "train/cat/0.png", "file": "train/cat/0.png", "label": "cat"}
    assert made.answers["notes"] == ["1 image that can't be opened is left out: train/cat/3.png."]
    assert made.answers["classes"] == ["cat", "dog"]
    assert made.answers["target"] == "label"
    assert made.answers["metric"] == "accuracy"
    assert {row["id"] for row in found} == set(made.split.parts)
    assert len(rows(made, media.TEST)) == 5
    assert made.files is not None
    assert len(made.files.copied) == 64
    assert made.answers["file_bytes"] == sum(p.stat().st_size for p in (tmp_path / "pets").rglob("*.png")) - 16  # fmt: skip


def test_the_sample_has_the_smallest_files_of_each_class(tmp_path: Path) -> None:
    made = media.make(Asked(pets(tmp_path / "pets")))
    few = list(csv.DictReader(io.StringIO(made.samples[media.TABLE])))
    assert len(few) == 20
    assert sum(row["label"] == "cat" for row in few) == 10
    assert {row["id"] for row in few} <= set(made.split.parts)
    assert made.files is not None
    assert set(made.files.sample) > {row["file"] for row in few}
    assert sum(name.startswith("test/") for name in made.files.sample) == 2
    media.write(made.files, tmp_path / "out", SILENT)
    assert sum(p.stat().st_size for p in (tmp_path / "out/sample").rglob("*.png")) < 1_000_000
    assert all((tmp_path / "out/sample/files" / name).is_file() for name in made.files.sample)


def test_large_photographs_leave_a_sample_of_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "_SAMPLE_BYTES", 100)
    made = media.make(Asked(pets(tmp_path / "pets")))
    few = list(csv.DictReader(io.StringIO(made.samples[media.TABLE])))
    assert sorted(row["label"] for row in few) == ["cat", "cat", "dog", "dog"]


def test_files_that_stay_are_found_by_their_folder(tmp_path: Path) -> None:
    made = media.make(Asked(pets(tmp_path / "pets"), link=True))
    assert made.files is not None
    media.write(made.files, tmp_path / "out", SILENT)
    where = Path((tmp_path / "out/data/where.txt").read_text().strip())
    assert all((where / row["file"]).is_file() for row in rows(made))
    assert not (tmp_path / "out/data/files").exists()
    assert (tmp_path / "out/sample/files" / made.files.sample[0]).is_file()


def test_a_test_with_labels_is_what_is_opened_at_the_end(tmp_path: Path) -> None:
    for part, count in (("training", 40), ("testing", 12)):
        for name in ("cat", "dog"):
            for number in range(count):
                folders.png(tmp_path / "set" / part / name / f"{part}{number}.png", 8, 8)
    made = media.make(Asked(tmp_path / "set"))
    assert made.answers["final_rows"] == 24
    assert made.answers["rows"] == 104
    assert {name.partition("/")[0] for name in made.split.of(folds.FINAL)} == {"testing"}
    assert made.split.folds == ("0", "1", "2", "3", "4")
    assert [one.name for one in made.tables] == [media.TABLE]
    assert "they are the final rows" in made.answers["notes"][0]


def test_a_test_of_unknown_classes_is_one_to_predict(tmp_path: Path) -> None:
    root = pets(tmp_path / "pets")
    (root / "test").rename(root / "t")
    (root / "test").mkdir()
    (root / "t").rename(root / "test" / "unknown")
    made = media.make(Asked(root))
    assert made.answers["rows"] == 59
    assert made.answers["final_rows"] == 0
    assert [row["id"] for row in rows(made, media.TEST)] == [f"test/unknown/t{n}.png" for n in range(5)]  # fmt: skip


def listed(root: Path, target: list[str]) -> Path:
    """Images named in a table, a test, and a submission that asks for its names without a suffix."""
    for number in range(len(target)):
        folders.png(root / "train" / f"a{number}.png", 8, 8, shade=number)
    for number in range(4):
        folders.png(root / "test" / f"b{number}.png", 8, 8, shade=500 + number)
    folders.table(root / "train.csv", ["image", "tags"], [[f"a{n}", tag] for n, tag in enumerate(target)])  # fmt: skip
    asked = [["b2", "haze"], ["b0", "haze"], ["b1", "haze"], ["b3", "haze"]]
    folders.table(root / "sample_submission.csv", ["image", "tags"], asked)
    return root


def test_labels_of_a_table_and_the_ids_that_a_submission_asks_for(tmp_path: Path) -> None:
    words = ["haze", "water", "road", "clear", "farm"]
    tags = [
        " ".join(word for place, word in enumerate(words) if n >> place & 1) or "sea"
        for n in range(64)
    ]
    made = media.make(Asked(listed(tmp_path / "set", tags), kind="images-labels"))
    found = rows(made)
    assert found[0] == {"id": "train/a0.png", "file": "train/a0.png", "tags": "sea"}
    assert found[3] == {"id": "train/a3.png", "file": "train/a3.png", "tags": "haze|water"}
    assert made.answers["classes"] == ["clear", "farm", "haze", "road", "sea", "water"]
    assert made.answers["metric"] == "f1"
    assert rows(made, media.TEST)[0] == {"id": "b2", "file": "test/b2.png"}
    assert [row["image"] for row in rows(made, "sample_submission.csv")] == ["b2", "b0", "b1", "b3"]
    few = {name: list(csv.DictReader(io.StringIO(text))) for name, text in made.samples.items()}
    assert [r["id"] for r in few[media.TEST]] == [r["image"] for r in few["sample_submission.csv"]]


def test_masks_of_another_size_are_left_out(tmp_path: Path) -> None:
    for number in range(12):
        folders.png(tmp_path / "set/images" / f"{number}.png", 10, 8, shade=number)
        size = (5, 4) if number == 7 else (10, 8)
        folders.png(tmp_path / "set/masks" / f"{number}.png", *size, shade=99)
    made = media.make(Asked(tmp_path / "set"))
    found = rows(made)
    assert len(found) == 11
    assert found[0] == {"id": "images/0.png", "file": "images/0.png", "mask": "masks/0.png"}
    assert "images/7.png" in made.answers["notes"][0]
    assert made.files is not None
    assert set(made.files.copied) >= {"images/0.png", "masks/0.png"}
    assert {"images/0.png", "masks/0.png"} <= set(made.files.sample)


def test_points_lie_beside_images(tmp_path: Path) -> None:
    for number in range(12):
        folders.png(tmp_path / "set" / f"{number}.png", 10, 8, shade=number)
        folders.text(tmp_path / "set" / f"{number}.txt", f"{number}.5 2\n3 4\n")
    made = media.make(Asked(tmp_path / "set", kind="images-points"))
    assert rows(made)[4] == {"id": "2.png", "file": "2.png", "points": "2.5 2 3 4"}
    assert made.answers["target"] == "points"


def test_groups_stay_together_and_stand_in_the_table(tmp_path: Path) -> None:
    for person in range(8):
        for number in range(6):
            name = f"person{person:02}_{number}.png"
            folders.png(tmp_path / "set" / ("ill" if person % 2 else "well") / name, 8, 8, shade=person * 10 + number)  # fmt: skip
    made = media.make(Asked(tmp_path / "set"))
    assert made.split.rule.rule == "group"
    assert made.answers["group"] == "group"
    assert leaking(made.split, {row["id"]: row["group"] for row in rows(made)}) == ()


def test_a_few_groups_make_as_many_folds(tmp_path: Path) -> None:
    """Frames of three films: with five folds at random each would be seen in all of them."""
    for film in range(3):
        for number in range(12):
            for folder in ("images", "masks"):
                folders.png(tmp_path / "set" / folder / f"film{film}_{number:04}.png", 8, 8)
    made = media.make(Asked(tmp_path / "set"))
    assert made.split.folds == ("0", "1", "2")
    assert leaking(made.split, {row["id"]: row["group"] for row in rows(made)}) == ()
    assert made.answers["split"] == "group, 3 folds"


def test_text_files_are_joined_into_a_table(tmp_path: Path) -> None:
    for number in range(20):
        for name, words in (("pos", 'fine, "good"\nfilm'), ("neg", "bad film")):
            folders.text(tmp_path / "set/train" / name / f"{number}.txt", f"{words} {number}")
        folders.text(tmp_path / "set/test" / f"{number}.txt", f"who knows {number}")
    made = media.make(Asked(tmp_path / "set"))
    found = rows(made, "train.csv")
    assert found[-1]["text"] == 'fine, "good"\nfilm 9'
    assert list(found[0]) == ["id", "text", "label"]
    assert made.files is None
    assert len(rows(made, "test.csv")) == 20
    assert made.answers["texts"] == ["text"]


def test_a_row_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    root = listed(tmp_path / "set", ["haze", "clear"] * 20)
    again = [[f"a{n}", ["haze", "clear"][n % 2]] for n in [*range(40), 3, 4, 3]]
    folders.table(root / "train.csv", ["image", "tags"], again)
    made = media.make(Asked(root))
    assert made.answers["rows"] == len(rows(made)) == 40
    folders.table(root / "train.csv", ["image", "tags"], [*again, ["a3", "haze"]])
    with pytest.raises(CompanionError, match=r"1 files stand in several rows.*a3"):
        media.make(Asked(root))


def objects(root: Path) -> None:
    for number in range(6):
        folders.png(root / f"n{number}" / "images" / f"n{number}.png", 8, 8, shade=number)
        for one in range(3):
            folders.png(root / f"n{number}" / "masks" / f"{number}{one}abc.png", 8, 8, shade=one)


def runs(root: Path) -> None:
    for number in range(12):
        folders.png(root / "images" / f"{number}.png", 8, 8, shade=number)
    folders.table(root / "train.csv", ["id", "rle_mask"], [[n, f"{n + 1} 3 20 5"] for n in range(12)])  # fmt: skip


def few(root: Path) -> None:
    for number in range(3):
        folders.png(root / "ab"[number % 2] / f"{number}.png", 8, 8, shade=number)


@pytest.mark.parametrize(
    ("write", "kind", "message"),
    [
        (objects, "segmentation", "one mask for each image"),
        (runs, "segmentation", "runs of pixels"),
        (few, "images-class", "too few to learn from"),
    ],
)
def test_what_can_not_be_made_into_a_project_is_refused(
    write: Any, kind: str, message: str, tmp_path: Path
) -> None:
    write(tmp_path / "set")
    with pytest.raises(CompanionError, match=message):
        media.make(Asked(tmp_path / "set", kind=kind))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "No table, image, text or recording"),
        ([f"one/{n}.png" for n in range(9)], "nothing says what they show"),
    ],
)
def test_data_that_tell_nothing_are_refused(names: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name in names:
        folders.png(tmp_path / "set" / name)
    with pytest.raises(CompanionError, match=message) as caught:
        plan.make(Asked(tmp_path / "set"), "trial")
    assert not str(caught.value).startswith(".:"), "the folder is named"


def test_a_file_that_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    made = media.make(Asked(pets(tmp_path / "pets")))
    (tmp_path / "pets/train/dog/5.png").unlink()
    assert made.files is not None
    with pytest.raises(CompanionError, match="no such file"):
        media.write(made.files, tmp_path / "out", SILENT)
