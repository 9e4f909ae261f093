"""Loader cells as text: what they say of each data set, and the truths that are behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.data import (
    columns,
    filenames,
    files,
    loaders,
    loaders_files,
    look,
    naive,
    pictures,
    pixels,
    task,
)
from fastcompanion.data.loaders import Cells
from fastcompanion.data.task import Task
from tests.data import awkward, folders
from tests.data.awkward import Made


def made_of(made: Made) -> tuple[Task, Cells]:
    said = {"target": made.said.get("target", ""), "kind": made.said.get("kind", "")}
    found = task.make(
        task.Wanted(made.path, **said),
        look.look(made.path, target=said["target"], kind=said["kind"]),
    )
    return found, loaders.cells(found, "Path('data')", "nb.repeat")


@pytest.mark.parametrize("make", awkward.SETS, ids=lambda one: one.__name__)
def test_every_kind(make: Callable[[Path], Made], tmp_path: Path) -> None:
    made = make(tmp_path / "data")
    found, cells = made_of(made)
    assert found.kind == made.kind
    compile(cells.loader, "loader cell", "exec")
    compile(cells.predictions, "last cell", "exec")
    assert "pd.read_csv('nb.repeat/splits.csv', dtype=str" in cells.loader
    assert f"FOLD = '{found.split.folds[0]}'" in cells.loader
    assert set(found.split.parts) == set(made.truths)
    if made.kind != "segmentation":
        assert found.truths == made.truths
    judged = {one for fold in found.split.folds for one in found.split.of(fold)}
    assert set(found.best.predictions.ids) == judged
    score = found.best.score
    assert score.metric == found.metric.name
    assert score.low <= score.value <= score.high
    assert score.n == len(judged)


class TestText:
    """What a learner reads."""

    def test_a_german_table(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.german_table(tmp_path))
        text = cells.loader
        assert "pd.read_csv(path/'häuser.csv', sep=';', encoding='cp1252'" in text
        assert "dtype={'Nr': str" in text
        assert "na_values=['-', '?']" in text
        assert "df['Preis'] = pd.to_numeric(df['Preis'].str.replace(r'[. ](?=.*,)'" in text
        assert "known = part.notna()  # a row without a Wert teaches nothing" in text
        assert "# Left out: gebaut, as the split is made by it" in text
        assert "y_block=RegressionBlock()" in text

    def test_the_name_of_a_file_stays_in_its_comment(self, tmp_path: Path) -> None:
        data = folders.passengers(tmp_path)
        rows = (data / "test.csv").read_text().splitlines()
        text = "\n".join(",".join(row.split(",")[:-1]) for row in rows) + "\n"
        (data / "test\nraise SystemExit(1)\n.csv").write_text(text)
        (data / "test.csv").unlink()
        found = task.make(task.Wanted(data, "Survived"), look.look(data, target="Survived"))
        cell = loaders.cells(found, "Path('data')", "nb.repeat").loader
        assert "raise SystemExit(1)" in cell
        assert not any(line.startswith("raise") for line in cell.splitlines())

    def test_one_option_reads_all_commas(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.simple_commas(tmp_path))
        assert "pd.read_csv(path/'d.csv', sep=';', decimal=',')" in cells.loader
        assert "to_numeric" not in cells.loader

    def test_two_tables_and_a_class_that_one_lacks(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.joined_tables(tmp_path))
        assert "df = pd.concat([df, pd.read_csv(path/'valid.csv'" in cells.loader
        assert "CategoryBlock(vocab=['rare', 'setosa', 'versicolor', 'virginica'])" in cells.loader

    def test_texts(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.reviews(tmp_path))
        assert (
            "TextDataLoaders.from_df(df, text_col='review', label_col='label', valid_col='is_valid'"
            in cells.loader
        )
        assert "classes = list(dls.vocab[1])" in cells.predictions
        _, cells = made_of(awkward.text_folders(tmp_path / "files"))
        assert "encoding='cp1252'" in cells.loader

    def test_ratings(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.stars(tmp_path))
        assert "sep='::'" in cells.loader
        assert (
            "TabularCollab(df, [Categorify], ['column 1', 'column 2'], y_names=['column 3']"
            in cells.loader
        )
        assert "y_range = (0.6, 5.4)" in cells.loader

    def test_a_series_knows_nothing_of_the_days_it_forecasts(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.sales(tmp_path))
        assert "horizon = len(df) - np.flatnonzero(part == FOLD)[0]" in cells.loader
        assert "season = 12" in cells.loader
        assert "df['month'] = when.dt.month" in cells.loader

    def test_images_by_folder_name_and_list(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.class_folders(tmp_path / "a"))
        assert "[Path(name).parent.name for name in df['id']]" in cells.loader
        assert "blocks=(ImageBlock, CategoryBlock())" in cells.loader
        _, cells = made_of(awkward.nested_folders(tmp_path / "b"))
        assert "[Path(name).parts[1] for name in df['id']]" in cells.loader
        _, cells = made_of(awkward.labels_in_names(tmp_path / "c"))
        assert r"re.fullmatch(r'(.+?)[_ .-]*\(?\d+\)?', Path(name).stem)[1]" in cells.loader
        _, cells = made_of(awkward.listed_without_suffix(tmp_path / "d"))
        assert "{'id': 'train/' + labels['id'] + '.png', 'label': labels['breed']}" in cells.loader
        assert "sep=';'" in cells.loader
        _, cells = made_of(awkward.listed_in_folders(tmp_path / "e"))
        assert "pd.read_csv('nb.repeat/labels.csv'" in cells.loader

    def test_several_labels(self, tmp_path: Path) -> None:
        found, cells = made_of(awkward.tags(tmp_path / "a"))
        assert "[[word.strip() for word in cell.split('|') if word.strip()]" in cells.loader
        assert "MultiCategoryBlock()" in cells.loader
        assert found.metric.name == "f1"
        _, cells = made_of(awkward.hot_columns(tmp_path / "b"))
        assert "for row in labels[['red', 'green', 'blue']]" in cells.loader

    def test_points_and_numbers(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.centres(tmp_path / "a"))
        assert "labels[['left_x', 'left_y', 'right_x', 'right_y']]" in cells.loader
        assert "method='squish'" in cells.loader
        assert "y_range = (-1, 1)" in cells.loader
        _, cells = made_of(awkward.ages(tmp_path / "b"))
        assert "RegressionBlock()" in cells.loader

    def test_masks(self, tmp_path: Path) -> None:
        found, cells = made_of(awkward.masks(tmp_path / "a"))
        assert "codes = ['0', '255']" in cells.loader
        assert "np.searchsorted([0, 255], pixels)" in cells.loader
        assert "name.replace('images/', 'masks/', 1)" in cells.loader
        assert [one.name for one in found.firsts] == ["place", "one colour"]
        assert found.best.score.value > 0.5 > found.firsts[1].score.value
        _, cells = made_of(awkward.plain_masks(tmp_path / "b"))
        assert "get_y=ColReader('label', pref=path)" in cells.loader
        _, cells = made_of(awkward.palette_masks(tmp_path / "c"))
        assert "np.array(Image.open(path/row['label']).getchannel(0))" in cells.loader

    def test_sounds(self, tmp_path: Path) -> None:
        _, cells = made_of(awkward.tones(tmp_path))
        assert "RATE, SECONDS = 8000, 0." in cells.loader
        assert "from scipy.io import wavfile" in cells.loader

    def test_sounds_of_other_formats(self, tmp_path: Path) -> None:
        for label in ("a", "b"):
            for number in range(12):
                folders.text(tmp_path / label / f"{number}.flac", f"fLaC{label}{number}")
        path = Made(tmp_path, "audio-class", {})
        _, cells = made_of(path)
        compile(cells.loader, "loader cell", "exec")
        assert "import soundfile" in cells.loader
        assert "soundfile.read(path/name, dtype='float32')" in cells.loader

    def test_masks_that_a_lossy_format_blurred(self, tmp_path: Path) -> None:
        from PIL import Image

        awkward.masks(tmp_path)
        for number in range(30):
            old = tmp_path / f"masks/p{number}_mask.png"
            with Image.open(old) as mask:
                mask.save(old.with_suffix(".jpg"))
            old.unlink()
        found, cells = made_of(Made(tmp_path, "segmentation", {}))
        assert found.masks is not None
        assert found.masks.values == (0, 1)
        assert (
            "pixels = np.array(Image.open(path/row['label']).convert('L')) >= 128" in cells.loader
        )

    def test_nothing_of_the_data_is_rendered_in_the_header(self, tmp_path: Path) -> None:
        rows = [[n % 7, "x<img src=//a.example/b.png>" if n % 2 else "![y](//a.example/c.png)"] for n in range(60)]  # fmt: skip
        path = folders.table(tmp_path / "a.csv", ("n", "<b>label</b>"), rows)
        found = task.make(task.Wanted(path, "<b>label</b>"), look.look(path, target="<b>label</b>"))
        values = {"title": "T", "lesson": "c/01", "path": "p", "folder": "f"}
        text = loaders.header(found, values)
        assert "<" not in text.replace("&lt;", "")
        assert "![" not in text


class TestRules:
    def test_a_rule_holds_for_every_file_or_is_not_used(self) -> None:
        assert filenames.label({"a/x/1.png": "x", "a/y/2.png": "y"}) is not None
        assert filenames.label({"a/x/1.png": "x", "a/y/2.png": "z"}) is None
        assert filenames.file([("1", "p/1.png"), ("2", "p/2.jpg")], "c", "f") is None
        assert (
            filenames.file([("1", "p/1.png"), ("2", "p/2.png")], "c", "f")
            == "'p/' + f['c'] + '.png'"
        )
        assert filenames.other({"i/1.jpg": "m/1.png", "i/2.jpg": "m/x.png"}) is None

    def test_the_same_name_elsewhere_in_the_path(self) -> None:
        pairs = {"img/img_1.png": "lab/img_1_L.png", "img/img_2.png": "lab/img_2_L.png"}
        code = filenames.other(pairs)
        assert code is not None
        for name, told in pairs.items():
            assert Path(eval(code, {"Path": Path, "name": name})).as_posix() == told

    def test_code_of_rules_says_what_the_rules_say(self) -> None:
        import re

        told = {"in/cat.10.jpg": "cat", "in/dog.3.jpg": "dog"}
        spelled = filenames.label(told)
        assert spelled is not None
        for name, label in told.items():
            assert eval(spelled.code, {"re": re, "Path": Path, "name": name}) == label


class TestMetrics:
    def flowers(self, folder: Path, **said: str) -> Task:
        path = folders.table(folder / "f.csv", folders.FLOWER_NAMES, folders.flowers())
        seen = look.look(path, target="species")
        return task.make(task.Wanted(path, "species", **said), seen)

    def test_shares_are_scored_with_those_of_the_classes(self, tmp_path: Path) -> None:
        found = self.flowers(tmp_path, metric="log loss")
        assert found.best.name == "majority"
        assert found.best.score.value == pytest.approx(1.0986, abs=0.01)

    def test_rows_of_one_group_count_less(self, tmp_path: Path) -> None:
        rows = [[n // 8, n % 5, "ab"[n // 8 % 2]] for n in range(240)]
        path = folders.table(tmp_path / "p.csv", ("patient_id", "x", "label"), rows)
        found = task.make(task.Wanted(path), look.look(path))
        assert found.split.rule.rule == "group"
        assert len(set(found.best.predictions.groups)) == 30

    def test_kinds_without_a_constants_score_get_another_metric(self, tmp_path: Path) -> None:
        rows = [[f"the text number {n} with many words in it", "and this is the other text of it", round(n / 120, 3)] for n in range(120)]  # fmt: skip
        path = folders.table(tmp_path / "pairs.csv", ("text", "other_text", "score"), rows)
        seen = look.look(path, target="score", kind="text-number")
        assert seen.metric is not None
        assert seen.metric.name == "pearson"
        found = task.make(task.Wanted(path, "score", "text-number"), seen)
        assert found.metric.name == "rmse"

    def test_what_a_kind_is_measured_with(self) -> None:
        assert naive.metrics_of("images-points") == ("mae",)
        assert "mase" in naive.metrics_of("time-series")
        assert naive.says("segmentation") == "mask"


class TestBaselines:
    def test_one_word(self, tmp_path: Path) -> None:
        found, _ = made_of(awkward.text_folders(tmp_path))
        assert found.best.name.startswith("one word: ")
        assert found.best.score.value == 1
        assert found.is_perfect

    def test_the_nearest_mean_image(self, tmp_path: Path) -> None:
        found, _ = made_of(awkward.class_folders(tmp_path))
        assert [one.name for one in found.firsts] == ["nearest mean image", "majority"]

    def test_last_season(self, tmp_path: Path) -> None:
        found, _ = made_of(awkward.sales(tmp_path))
        assert [one.name for one in found.firsts] == ["last season", "last value", "median"]
        rows = found.best.predictions
        said = dict(zip(rows.ids, map(float, rows.predictions), strict=True))
        # Rows stand newest first: the value twelve months before is twelve rows below.
        assert found.view is not None
        known = [float(cell) if cell else None for cell in found.view.values["sales"].cells]
        for one, value in said.items():
            row = int(one) - 1 + 12
            while known[row] is None or str(row + 1) in said:
                row += 12
            assert value == known[row]

    def test_shares_leave_out_what_says_none(self, tmp_path: Path) -> None:
        made = awkward.class_folders(tmp_path)
        found = task.make(task.Wanted(made.path, metric="log loss"), look.look(made.path))
        assert [one.name for one in found.firsts] == ["majority"]


class TestRanges:
    def test_a_little_wider_than_what_was_seen(self) -> None:
        assert loaders_files.y_range([1, 5], 0.1) == "(0.6, 5.4)"
        assert loaders_files.y_range([0, 250.5], 0.1) == "(0, 275.6)"
        assert loaders_files.y_range([3, 3], 0.1) == "(3, 3)"

    def test_dates_by_their_form(self) -> None:
        day = columns.values("day", ["13.02.2024", "28.02.2024", "01.03.2024"] * 5)
        assert "dayfirst=True" in loaders.when(day)
        assert "%Y%m%d" in loaders.when(columns.values("date", ["20240131", "20240201"] * 5))


def test_masks_of_other_sizes_and_broken_ones_are_left_out(tmp_path: Path) -> None:
    awkward.masks(tmp_path)
    awkward.picture(tmp_path / "masks/p3_mask.png", [[(0,)] * 5] * 5)
    (tmp_path / "masks/p4_mask.png").write_bytes(b"no image")
    pairs = {f"images/p{number}.png": f"masks/p{number}_mask.png" for number in range(30)}
    counted = pixels.count(files.walk(tmp_path), pairs, SILENT)
    assert sorted(counted.left_out) == ["images/p3.png", "images/p4.png"]
    assert counted.left_out["images/p3.png"] == "its mask has another size (masks/p3_mask.png)"
    assert len(counted.by_image) == 28


def test_the_first_mask_is_broken_inside_or_huge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awkward.masks(tmp_path)
    first = tmp_path / "masks/p0_mask.png"
    whole = first.read_bytes()
    pairs = {f"images/p{number}.png": f"masks/p{number}_mask.png" for number in range(30)}
    place = whole.index(b"IDAT")
    first.write_bytes(whole[:place] + b"\0\0\0\0" + whole[place + 4 :])
    assert list(pixels.count(files.walk(tmp_path), pairs, SILENT).left_out) == ["images/p0.png"]
    first.write_bytes(whole)
    with Image.open(first) as image:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", image.width * image.height)
        image.resize((image.width * 2, image.height * 2)).save(first)
    assert list(pixels.count(files.walk(tmp_path), pairs, SILENT).left_out) == ["images/p0.png"]


def test_gaps_are_filled_with_what_is_known_before(tmp_path: Path) -> None:
    rows = [
        [n, "train" if n < 80 else "valid", n % 7 + 0.5, "yes" if n % 3 else "no"]
        for n in range(100)
    ]
    rows[90][2] = ""
    folders.table(tmp_path / "t.csv", ["id", "split", "size", "target"], rows)
    _, cells = made_of(Made(tmp_path, "table-class", {}))
    assert "df['size'] = df['size'].fillna(df.loc[part != FOLD, 'size'].median())" in cells.loader


def test_masks_that_hold_no_classes_are_refused(tmp_path: Path) -> None:
    awkward.masks(tmp_path, (7, 7, 7))
    with pytest.raises(CompanionError, match="hold 1 different values"):
        task.make(task.Wanted(tmp_path), look.look(tmp_path))


def test_labelled_files_of_the_test_stay_for_the_end(tmp_path: Path) -> None:
    for part in ("Training", "Test"):
        for label in ("a", "b"):
            for number in range(12):
                folders.png(tmp_path / part / label / f"{number}.png", shade=number)
    found = task.make(task.Wanted(tmp_path), look.look(tmp_path))
    assert len(found.truths) == 24
    assert "24 images of the test are left for the very end" in found.notes


def test_an_image_that_cannot_be_decoded_is_not_taken_for_a_black_one(tmp_path: Path) -> None:
    for label, grey in (("dark", 0), ("light", 255)):
        (tmp_path / label).mkdir()
        for number in range(20):
            Image.new("L", (8, 8), grey).save(tmp_path / label / f"{number}.png")
    whole = (tmp_path / "light" / "0.png").read_bytes()
    # The head and the end are right, so that only decoding shows it.
    broken = whole.replace(b"IDAT", b"IDAT" + b"\xff" * 6, 1)
    for number in range(10):
        (tmp_path / "light" / f"{number}.png").write_bytes(broken)
    found = task.make(task.Wanted(tmp_path), look.look(tmp_path))
    said = found.firsts[[one.name for one in found.firsts].index("nearest mean image")].predictions
    told = dict(zip(said.ids, said.predictions, strict=True))
    for name, answer in told.items():
        if int(Path(name).stem) >= 10:
            assert answer == name.partition("/")[0]
    learned = pictures._mean([b"", bytes([10, 20]), bytes([20, 40])])
    assert learned == [15, 30]
