"""Folders of images, recordings and texts from end to end: kind, labels, split, and what is wrong."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from fastcompanion.data import files
from fastcompanion.data.dataset import DataSet
from fastcompanion.data.look import look
from tests.data.folders import png, table, text, wav
from tests.data.test_tabular import wrong

WORDS = (
    "the film was good bad long short and then we left with many people who liked it not".split()
)


def classes(found: DataSet) -> dict[str, int]:
    return {one.name: one.count for one in found.classes}


def words(seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=12)) + "."


class TestFolders:
    def test_a_folder_for_each_class(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / ("cat" if number % 2 else "dog") / f"{number}.png")
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("images-class", True)
        assert classes(found) == {"cat": 20, "dog": 20}
        assert found.split is not None
        assert found.split.rule == "stratified"
        assert found.media[0].sizes[0].name == "8x6"
        assert wrong(found) == {}

    @pytest.mark.parametrize(
        "names", [("train", "valid"), ("Training", "Validation"), ("train", "val")]
    )
    def test_given_parts(self, tmp_path: Path, names: tuple[str, str]) -> None:
        for number in range(50):
            part = names[number % 5 == 0]
            png(tmp_path / "imagenette2" / part / f"n0{number % 2}" / f"{number}.png")
        found = look(tmp_path)
        assert found.kind.value == "images-class"
        assert set(classes(found)) == {"n00", "n01"}
        assert found.split is not None
        assert (found.split.rule, found.split.share) == ("given", 0.2)

    def test_a_test_without_labels(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / "train" / f"class {number % 4}" / f"{number}.png")
            png(tmp_path / "test" / f"t{number}.png")
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure, found.rows) == ("images-class", True, 40)
        assert "40 images of the test have no label" in found.notes

    def test_digits(self, tmp_path: Path) -> None:
        for number in range(100):
            png(tmp_path / "mnist" / str(number % 10) / f"{number}.png", colours=0)
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure, len(found.classes)) == ("images-class", True, 10)

    def test_ages_as_folders_may_be_numbers(self, tmp_path: Path) -> None:
        for number in range(120):
            png(tmp_path / str(number % 30) / f"{number}.png")
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("images-number", False)

    def test_a_class_named_mask_is_no_segmentation(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / ("mask" if number % 2 else "no_mask") / f"{number}.png")
        assert look(tmp_path).kind.value == "images-class"

    def test_shards_are_no_classes(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / f"batch_{number % 4}" / ("a" if number % 3 else "b") / f"{number}.png")
        assert set(classes(look(tmp_path))) == {"a", "b"}

    def test_texts(self, tmp_path: Path) -> None:
        for number in range(60):
            part = "test" if number % 3 == 0 else "train"
            text(
                tmp_path / "imdb" / part / ("pos" if number % 2 else "neg") / f"{number}_7.txt",
                words(number),
            )
            text(tmp_path / "imdb" / "train" / "unsup" / f"{number}.txt", words(number + 100))
        text(tmp_path / "imdb" / "README", "Read me.")
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("text-class", True)
        assert set(classes(found)) == {"pos", "neg"}
        assert "unlabelled" in wrong(found)

    def test_texts_without_suffix(self, tmp_path: Path) -> None:
        for number in range(60):
            part = "20news-bydate-test" if number % 3 == 0 else "20news-bydate-train"
            text(
                tmp_path
                / part
                / ("sci.space" if number % 2 else "rec.autos")
                / str(38000 + number),
                words(number),
            )
        found = look(tmp_path)
        assert found.kind.value == "text-class"
        assert set(classes(found)) == {"sci.space", "rec.autos"}

    def test_recordings(self, tmp_path: Path) -> None:
        for number in range(24):
            wav(
                tmp_path / ("yes" if number % 2 else "no") / f"{number}.wav",
                rate=8000 if number < 20 else 16000,
            )
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("audio-class", True)
        assert wrong(found) == {"unlike-rates": ["."]}


class TestNames:
    @pytest.mark.parametrize(
        ("name", "labels"),
        [
            (
                lambda n: f"great_pyrenees_{n}.png" if n % 2 else f"Abyssinian_{n}.png",
                {"great_pyrenees", "Abyssinian"},
            ),
            (lambda n: f"cat.{n}.png" if n % 2 else f"dog.{n}.png", {"cat", "dog"}),
            (lambda n: f"{n:04}_{'ok' if n % 2 else 'broken'}.png", {"ok", "broken"}),
        ],
    )
    def test_labels_in_names(
        self, tmp_path: Path, name: Callable[[int], str], labels: set[str]
    ) -> None:
        for number in range(40):
            png(tmp_path / "images" / name(number))
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("images-class", False)
        assert set(classes(found)) == labels
        assert [one.flag for one in found.questions] == ["--kind"]

    def test_a_test_whose_names_say_nothing(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / "train" / f"{'cat' if number % 2 else 'dog'}.{number}.png")
            png(tmp_path / "test1" / f"{number}.png")
        table(tmp_path / "sampleSubmission.csv", ["id", "label"], [[n, 0.5] for n in range(40)])
        found = look(tmp_path)
        assert (found.kind.value, found.rows) == ("images-class", 40)
        assert set(classes(found)) == {"cat", "dog"}

    def test_spoken_digits(self, tmp_path: Path) -> None:
        for number in range(60):
            wav(
                tmp_path
                / "recordings"
                / f"{number % 10}_{'jackson' if number % 3 else 'theo'}_{number // 10}.wav"
            )
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure, len(found.classes)) == ("audio-class", False, 10)

    def test_a_camera_names_no_classes(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / f"IMG_{number:04}.png")
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("unknown", "")
        assert found.questions[0].flag == "--kind"


class TestTables:
    def test_labels_in_a_table_by_names_without_suffix(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / "train" / f"{number:05}.png")
            png(tmp_path / "test" / f"{number + 40:05}.png")
        table(
            tmp_path / "train.csv",
            ["id", "breed"],
            [[f"{n:05}", ["golden retriever", "pug"][n % 2]] for n in range(40)],
        )
        table(
            tmp_path / "sample_submission.csv",
            ["id", "breed"],
            [[f"{n:05}", "pug"] for n in range(40, 80)],
        )
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("images-class", "breed")
        assert classes(found) == {"golden retriever": 20, "pug": 20}
        assert found.rows == 40

    def test_numbers_as_names_that_lost_their_zeros(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / "images" / f"{number:04}.png")
        table(tmp_path / "labels.csv", ["image_id", "label"], [[n, "ab"[n % 2]] for n in range(40)])
        assert look(tmp_path).rows == 40

    def test_windows_paths(self, tmp_path: Path) -> None:
        for number in range(20):
            png(tmp_path / "img" / f"{number}.png")
        table(
            tmp_path / "labels.csv",
            ["file", "label"],
            [[f"img\\{n}.png", "ab"[n % 2]] for n in range(20)],
        )
        assert look(tmp_path).kind.value == "images-class"

    @pytest.mark.parametrize("sign", [" ", ",", "|", ";"])
    def test_several_labels(self, tmp_path: Path, sign: str) -> None:
        chance = random.Random(1)
        rows = []
        for number in range(60):
            png(tmp_path / "train" / f"{number:06}.png")
            rows.append(
                [
                    f"{number:06}.png",
                    sign.join(
                        chance.sample(["car", "person", "dog", "bus", "tree"], chance.randint(1, 3))
                    ),
                    number % 5 == 0,
                ]
            )
        table(tmp_path / "train.csv", ["fname", "labels", "is_valid"], rows)
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("images-labels", "labels")
        assert set(classes(found)) == {"car", "person", "dog", "bus", "tree"}
        assert found.split is not None
        assert (found.split.rule, found.split.column) == ("given", "is_valid")
        assert found.metric is not None
        assert found.metric.name == "f1"

    def test_a_column_for_each_label(self, tmp_path: Path) -> None:
        chance = random.Random(2)
        rows = []
        for number in range(50):
            png(tmp_path / "x" / f"{number}.png")
            rows.append([f"{number}.png", *(chance.randint(0, 1) for _ in range(4))])
        table(tmp_path / "labels.csv", ["image", "fog", "rain", "snow", "sun"], rows)
        found = look(tmp_path)
        assert found.kind.value == "images-labels"
        assert set(classes(found)) == {"fog", "rain", "snow", "sun"}

    def test_one_column_of_several_is_one(self, tmp_path: Path) -> None:
        rows = []
        for number in range(50):
            png(tmp_path / "x" / f"{number}.png")
            rows.append([f"{number}.png", *(int(number % 4 == place) for place in range(4))])
        table(tmp_path / "labels.csv", ["image", "a", "b", "c", "d"], rows)
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("images-class", False)
        assert set(classes(found)) == {"a", "b", "c", "d"}

    def test_a_number(self, tmp_path: Path) -> None:
        chance = random.Random(3)
        for number in range(50):
            png(tmp_path / "train" / f"{number}.png")
        table(
            tmp_path / "train.csv",
            ["Id", "Pawpularity"],
            [[n, chance.randint(1, 100)] for n in range(50)],
        )
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("images-number", "Pawpularity")
        assert found.metric is not None
        assert found.metric.direction == "lower"

    def test_points(self, tmp_path: Path) -> None:
        chance = random.Random(4)
        names = ["image", "left_eye_x", "left_eye_y", "nose_x", "nose_y"]
        for number in range(30):
            png(tmp_path / "faces" / f"{number}.png")
        table(
            tmp_path / "points.csv",
            names,
            [[f"{n}.png", *(round(chance.uniform(1, 90), 2) for _ in range(4))] for n in range(30)],
        )
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("images-points", True)

    def test_recordings_in_a_table(self, tmp_path: Path) -> None:
        for number in range(30):
            wav(tmp_path / "audio" / f"1-{number}-A.wav")
        rows = [
            [f"1-{n}-A.wav", n % 5 + 1, n % 3, ["dog", "rain", "clap"][n % 3]] for n in range(30)
        ]
        table(tmp_path / "meta" / "esc.csv", ["filename", "fold", "target", "category"], rows)
        found = look(tmp_path)
        assert found.kind.value == "audio-class"
        assert found.split is not None
        assert (found.split.rule, found.split.column) == ("given", "fold")

    def test_pictures_beside_a_table_are_no_data_set(self, tmp_path: Path) -> None:
        from tests.data.folders import FLOWER_NAMES, flowers

        table(tmp_path / "flowers.csv", FLOWER_NAMES, flowers())
        for number in range(3):
            png(tmp_path / "plots" / f"plot{number}.png")
        assert look(tmp_path).kind.value == "table-class"


class TestSegmentation:
    @pytest.mark.parametrize(
        ("image", "mask"),
        [
            ("images/{}.png", "masks/{}.png"),
            ("train/{}.png", "train_masks/{}_mask.png"),
            ("CamVid/train/{}.png", "CamVid/trainannot/{}.png"),
            ("images/{}.png", "labels/{}_P.png"),
            ("images/{}.png", "annotations/trimaps/{}.png"),
            ("{}.png", "{}_mask.png"),
        ],
    )
    def test_pairs(self, tmp_path: Path, image: str, mask: str) -> None:
        for number in range(30):
            name = f"scene_{number}" if "CamVid" not in image else f"0016E{number % 3}_{number:05}"
            png(tmp_path / image.format(name), colours=2)
            png(tmp_path / mask.format(name), colours=0)
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure, found.rows) == ("segmentation", True, 30)
        assert {one.what: one.count for one in found.media} == {"images": 30, "masks": 30}
        assert found.metric is not None
        assert found.metric.name == "mean iou"
        assert found.split is not None
        assert found.split.rule == ("group" if "CamVid" in image else "random")

    def test_masks_of_another_size_and_alone(self, tmp_path: Path) -> None:
        for number in range(30):
            png(tmp_path / "images" / f"{number}.png", 10, 10)
            if number != 4:
                png(tmp_path / "masks" / f"{number}.png", 5 if number == 3 else 10, 10, colours=0)
        png(tmp_path / "masks" / "99.png", 10, 10, colours=0)
        told = wrong(look(tmp_path))
        assert told["mask-size"] == ["images/3.png"]
        assert told["image-without-mask"] == ["images/4.png"]
        assert told["mask-without-image"] == ["masks/99.png"]

    def test_one_mask_for_each_object(self, tmp_path: Path) -> None:
        for number in range(12):
            png(tmp_path / "stage1_train" / f"{number:08x}" / "images" / f"{number:08x}.png")
            for place in range(3):
                png(
                    tmp_path
                    / "stage1_train"
                    / f"{number:08x}"
                    / "masks"
                    / f"{number * 31 + place:016x}.png",
                    colours=0,
                )
        found = look(tmp_path)
        assert (found.kind.value, found.rows) == ("segmentation", 12)
        assert "one mask for each object" in found.kind.why[0]

    def test_most_images_may_lack_a_mask(self, tmp_path: Path) -> None:
        for number in range(30):
            png(tmp_path / "JPEGImages" / f"2007_{number:06}.png")
        for number in range(0, 30, 3):
            png(tmp_path / "SegmentationClass" / f"2007_{number:06}.png", colours=0)
        found = look(tmp_path)
        assert (found.kind.value, found.rows) == ("segmentation", 10)
        assert "image-without-mask" in wrong(found)


class TestBeside:
    def test_points_in_text_files(self, tmp_path: Path) -> None:
        for number in range(20):
            png(tmp_path / "01" / f"frame_{number:05}_rgb.png")
            text(tmp_path / "01" / f"frame_{number:05}_pose.txt", f"{number} 2.5 7\n1 0 3\n")
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("images-points", False)

    def test_boxes_are_named_and_not_guessed(self, tmp_path: Path) -> None:
        for number in range(20):
            png(tmp_path / "images" / f"{number}.png")
            text(tmp_path / "labels" / f"{number}.txt", "0 0.5 0.5 0.25 0.25\n1 0.1 0.2 0.1 0.1\n")
        found = look(tmp_path)
        assert found.kind.value == "unknown"
        assert "boxes" in " ".join(found.kind.why)


class TestWrong:
    def folder(self, tmp_path: Path) -> Path:
        for number in range(40):
            part = "valid" if number % 4 == 0 else "train"
            png(tmp_path / part / ("cat" if number % 2 else "dog") / f"{number}.png")
            png(tmp_path / part / ("cat" if number % 2 == 0 else "dog") / f"x{number}.png")
        return tmp_path

    def test_nothing(self, tmp_path: Path) -> None:
        assert wrong(look(self.folder(tmp_path))) == {}

    def test_broken_and_empty_images(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path)
        one = folder / "train" / "cat" / "1.png"
        one.write_bytes(one.read_bytes()[:-20])
        (folder / "train" / "cat" / "3.png").write_bytes(b"")
        (folder / "train" / "cat" / "5.png").write_bytes(b"<html>404</html>")
        found = {problem.name: problem for problem in look(folder).problems}
        assert found["empty-file"].where == "train/cat/3.png"
        texts = " ".join(p.text for p in look(folder).problems if p.name == "corrupt-file")
        assert "is cut off before its end (train/cat/1.png)" in texts
        assert "is no image (train/cat/5.png)" in texts

    def test_copies(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path)
        again = (folder / "train" / "cat" / "1.png").read_bytes()
        (folder / "valid" / "cat" / "again.png").write_bytes(again)
        other = (folder / "train" / "dog" / "2.png").read_bytes()
        (folder / "train" / "dog" / "copy.png").write_bytes(other)
        third = (folder / "train" / "cat" / "3.png").read_bytes()
        (folder / "train" / "dog" / "other.png").write_bytes(third)
        told = wrong(look(folder))
        assert told["files-in-both"] == ["train/cat/1.png"]
        assert told["duplicate-files"] == ["train/dog/2.png"]
        assert told["contradictions"] == ["train/cat/3.png"]

    def test_classes_that_differ(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path)
        for number in range(6):
            png(folder / "valid" / "horse" / f"{number}.png")
            png(folder / "train" / "cow" / f"{number}.png")
        texts = [p.text for p in look(folder).problems if p.name == "classes-differ"]
        assert len(texts) == 2
        assert "Classes that training lacks: horse." in texts

    def test_tiny_classes_and_spellings(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path)
        png(folder / "train" / "Cat " / "a.png")
        told = wrong(look(folder))
        assert {"tiny-classes", "spellings"} <= set(told)

    def test_one_class(self, tmp_path: Path) -> None:
        for number in range(20):
            png(tmp_path / "a" / f"{number}.png")
        table(tmp_path / "l.csv", ["file", "label"], [[f"{n}.png", "same"] for n in range(20)])
        assert "one-value" in wrong(look(tmp_path))

    def test_missing_and_unlisted_files(self, tmp_path: Path) -> None:
        for number in range(40):
            png(tmp_path / "img" / f"{number}.png")
        table(
            tmp_path / "labels.csv",
            ["image", "label"],
            [[f"{n}.png", "ab"[n % 2]] for n in range(3, 43)],
        )
        told = wrong(look(tmp_path))
        assert told["missing-files"] == ["labels.csv"]
        assert told["unlisted-files"] == ["labels.csv"]

    def test_a_suffix_that_lies(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path)
        (folder / "train" / "cat" / "1.png").rename(folder / "train" / "cat" / "1.jpg")
        assert wrong(look(folder))["wrong-suffix"] == ["train/cat/1.jpg"]

    def test_kinds_and_sizes_unlike_each_other(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path)
        png(folder / "train" / "cat" / "grey.png", colours=0)
        png(folder / "train" / "cat" / "large.png", 100, 90)
        assert {"unlike-colours", "unlike-sizes"} <= set(wrong(look(folder)))

    def test_texts_in_another_encoding(self, tmp_path: Path) -> None:
        for number in range(20):
            text(tmp_path / "ab"[number % 2] / f"{number}.txt", words(number))
        (tmp_path / "a" / "0.txt").write_bytes("schön".encode("latin-1"))
        assert wrong(look(tmp_path))["encoding"] == ["a/0.txt"]

    def test_broken_recordings(self, tmp_path: Path) -> None:
        for number in range(10):
            wav(tmp_path / "ab"[number % 2] / f"{number}.wav")
        one = tmp_path / "a" / "0.wav"
        one.write_bytes(one.read_bytes()[:100])
        (tmp_path / "a" / "2.wav").write_bytes(b"nothing at all here")
        told = [p for p in look(tmp_path).problems if p.name == "corrupt-file"]
        assert {p.where for p in told} == {"a/0.wav", "a/2.wav"}


class TestLarge:
    @pytest.mark.slow
    def test_a_hundred_thousand_images_are_not_all_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sources = [png(tmp_path / "source" / f"{n}.png", salt=n) for n in range(4)]
        for name in "abcd":
            (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(100_000):
            os.link(
                sources[number % 4], tmp_path / "data" / "abcd"[number % 4] / f"{number:06}.png"
            )
        opened: list[str] = []
        real = files.opened

        def counted(folder: files.Folder, name: str) -> IO[bytes]:
            opened.append(name)
            return real(folder, name)

        monkeypatch.setattr(files, "opened", counted)
        before = time.process_time()
        found = look(tmp_path / "data")
        assert time.process_time() - before < 20
        assert (found.kind.value, found.rows) == ("images-class", 100_000)
        assert found.media[0].read <= 1000
        assert len(opened) <= 6000
