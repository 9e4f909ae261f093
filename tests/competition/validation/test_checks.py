"""Every check with a file that fails it and one that passes."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.competition.validation.submission import validate
from fastcompanion.competition.validation.table import Block
from fastcompanion.competition.validation.tally import Tally
from tests.competition.validation.files import Place, rows_of, text

_DRAW = random.Random(5)
NUMBERS = text(
    ["id", "score"], [[f"im{n:03d}.jpg", round(_DRAW.uniform(10, 90), 3)] for n in range(60)]
)
NUMBERS_SAMPLE = text(["id", "score"], [[f"im{n:03d}.jpg", 50.5] for n in range(60)])
INTEGERS = text(["PassengerId", "Survived"], [[n, _DRAW.choice([0, 1])] for n in range(892, 952)])
INTEGERS_SAMPLE = text(["PassengerId", "Survived"], [[n, n % 2] for n in range(892, 952)])
SHARES = text(["id", "target"], [[n, round(_DRAW.random(), 4)] for n in range(60)])
SHARES_SAMPLE = text(["id", "target"], [[n, 0.5] for n in range(60)])
LABELS = text(["id", "breed"], [[n, _DRAW.choice(["husky", "beagle"])] for n in range(60)])
LABELS_SAMPLE = text(["id", "breed"], [[n, "husky"] for n in range(60)])
LABELS_TRAIN = text(["id", "breed"], [[n, ["husky", "beagle", "boxer"][n % 3]] for n in range(99)])
TAGS = text(
    ["image", "tags"], [[n, _DRAW.choice(["clear road", "haze", "road water"])] for n in range(60)]
)
TAGS_SAMPLE = text(["image", "tags"], [[n, "clear road"] for n in range(60)])
TAGS_TRAIN = text(
    ["image", "tags"], [[n, ["clear road", "haze water", "road"][n % 3]] for n in range(99)]
)
MASKS = text(["img", "rle_mask"], [[n, "" if n % 3 else f"1 3 {n + 10} 2"] for n in range(60)])
MASKS_SAMPLE = text(["img", "rle_mask"], [[n, "1 1"] for n in range(60)])
DATES = text(["id", "day"], [[n, f"2020-0{1 + n % 9}-11"] for n in range(60)])
DATES_SAMPLE = text(["id", "day"], [[n, "2020-01-01"] for n in range(60)])
CLASSES = text(
    ["id", "a", "b", "c"], [[n, *[(0.7, 0.2, 0.1), (0.1, 0.3, 0.6)][n % 2]] for n in range(60)]
)
CLASSES_SAMPLE = text(["id", "a", "b", "c"], [[n, 0.2, 0.4, 0.4] for n in range(60)])
PRICES_TRAIN = text(["id", "score"], [[n, 20 + n] for n in range(80)])


class Case(NamedTuple):
    """A spoiled file: `good` with what was done to it, and the code, severity and line that come out."""

    code: str
    severity: str
    line: int | None
    good: str
    sample: str
    spoil: Callable[[str], str | bytes]
    train: str = ""


def cells(change: Callable[[int, list[str]], list[str]]) -> Callable[[str], str]:
    """Change each row below the header; `change` is given its number from 0."""

    def spoil(content: str) -> str:
        rows = rows_of(content)
        return text(rows[0], [change(number, list(row)) for number, row in enumerate(rows[1:])])

    return spoil


def at(row: int, cell: str, place: int = 1) -> Callable[[str], str]:
    return cells(lambda n, r: [*r[:place], cell, *r[place + 1 :]] if n == row else r)


def every(change: Callable[[str], str], place: int) -> Callable[[str], str]:
    return cells(lambda _, r: [*r[:place], change(r[place]), *r[place + 1 :]])


def head(old: str, new: str) -> Callable[[str], str]:
    return lambda content: content.replace(old, new, 1)


def line(number: int, new: str) -> Callable[[str], str]:
    """Put another text in the place of a line, counted from 1."""

    def spoil(content: str) -> str:
        lines = content.split("\n")
        lines[number - 1] = new
        return "\n".join(lines)

    return spoil


def indexed(content: str) -> str:
    rows = rows_of(content)
    return text(["", *rows[0]], [[str(n), *row] for n, row in enumerate(rows[1:])])


def in_blocks(content: str) -> str:
    rows = rows_of(content)
    return text(
        rows[0],
        [
            [row[0], cell]
            for row, cell in zip(rows[1:], sorted(r[1] for r in rows[1:]), strict=True)
        ],
    )


E, W, N = "error", "warning", "note"
CASES = [
    # the file
    Case("empty-file", E, None, NUMBERS, NUMBERS_SAMPLE, lambda _: ""),
    Case("no-rows", E, 1, NUMBERS, NUMBERS_SAMPLE, lambda _: "id,score\n"),
    Case("encoding", E, None, NUMBERS, NUMBERS_SAMPLE, lambda c: c.encode("utf-16")),
    Case("encoding", E, 3, NUMBERS, NUMBERS_SAMPLE, lambda c: line(3, "K\xf6ln.jpg,1")(c).encode("cp1252")),
    Case("byte-order-mark", W, 1, NUMBERS, NUMBERS_SAMPLE, lambda c: c.encode("utf-8-sig")),
    Case("zero-bytes", E, 5, NUMBERS, NUMBERS_SAMPLE, line(5, "im003.jpg,\0")),
    Case("line-ends", E, 1, NUMBERS, NUMBERS_SAMPLE, lambda c: c.replace("\n", "\r")),
    Case("delimiter", E, 1, NUMBERS, NUMBERS_SAMPLE, lambda c: c.replace(",", ";")),
    Case("delimiter", E, 1, NUMBERS, NUMBERS_SAMPLE, lambda c: c.replace(",", "\t")),
    Case("quotes", E, 4, NUMBERS, NUMBERS_SAMPLE, line(4, '"im002.jpg,5.5')),
    Case("fields", E, 4, NUMBERS, NUMBERS_SAMPLE, line(4, "im002.jpg,5,5")),
    Case("fields", E, 4, NUMBERS, NUMBERS_SAMPLE, line(4, "im002.jpg")),
    Case("blank-line", E, 4, NUMBERS, NUMBERS_SAMPLE, lambda c: c.replace("\nim002", "\n\nim002")),
    Case("file-type", E, None, NUMBERS, NUMBERS_SAMPLE, lambda c: gzip.compress(c.encode())),
    Case("file-type", E, None, NUMBERS, NUMBERS_SAMPLE, lambda c: b"PAR1" + c.encode()),
    # the header
    Case("no-header", E, 1, NUMBERS, NUMBERS_SAMPLE, head("id,score\n", "")),
    Case("index-column", E, 1, NUMBERS, NUMBERS_SAMPLE, indexed),
    Case("index-column", E, 1, NUMBERS, NUMBERS_SAMPLE, lambda c: indexed(c).replace(",id", "Unnamed: 0,id", 1)),
    Case("column-spelled", E, 1, NUMBERS, NUMBERS_SAMPLE, head("score", "Score ")),
    Case("column-missing", E, 1, NUMBERS, NUMBERS_SAMPLE, head("score", "value")),
    Case("column-extra", E, 1, NUMBERS, NUMBERS_SAMPLE, lambda c: head("id,score", "id,score,why")(c.replace("\n", ",x\n")).replace("why,x", "why")),
    Case("column-twice", E, 1, CLASSES, CLASSES_SAMPLE, head("id,a,b,c", "id,a,b,b")),
    Case("column-order", W, 1, CLASSES, CLASSES_SAMPLE, head("id,a,b,c", "id,b,a,c")),
    # ids
    Case("row-count", E, None, NUMBERS, NUMBERS_SAMPLE, lambda c: c[: c.rindex("im059")]),
    Case("ids-missing", E, None, NUMBERS, NUMBERS_SAMPLE, lambda c: c[: c.rindex("im059")]),
    Case("ids-extra", E, 62, NUMBERS, NUMBERS_SAMPLE, lambda c: c + "im060.jpg,5.5\n"),
    Case("ids-twice", E, 3, NUMBERS, NUMBERS_SAMPLE, at(1, "im000.jpg", 0)),
    Case("ids-empty", E, 3, NUMBERS, NUMBERS_SAMPLE, at(1, "", 0)),
    Case("ids-spelled", E, 2, INTEGERS, INTEGERS_SAMPLE, every(lambda one: f"{one}.0", 0)),
    Case("ids-spelled", E, 2, INTEGERS, INTEGERS_SAMPLE, every(lambda one: f" {one}", 0)),
    Case("ids-spelled", E, 2, NUMBERS, NUMBERS_SAMPLE, every(lambda one: one.removesuffix(".jpg"), 0)),
    Case("ids-spelled", E, 2, NUMBERS, NUMBERS_SAMPLE, every(lambda one: f"data/test/{one}", 0)),
    Case("ids-spelled", E, 2, NUMBERS, NUMBERS_SAMPLE, every(str.upper, 0)),
    Case("id-order", N, None, NUMBERS, NUMBERS_SAMPLE, lambda c: text(rows_of(c)[0], rows_of(c)[:0:-1])),
    # values
    Case("missing", E, 6, NUMBERS, NUMBERS_SAMPLE, at(4, "")),
    Case("missing", E, 6, NUMBERS, NUMBERS_SAMPLE, at(4, "NaN")),
    Case("missing", E, 6, LABELS, LABELS_SAMPLE, at(4, "None")),
    Case("infinite", E, 6, NUMBERS, NUMBERS_SAMPLE, at(4, "-inf")),
    Case("not-a-number", E, 6, NUMBERS, NUMBERS_SAMPLE, at(4, "tensor(3.2)")),
    Case("not-a-number", E, 6, NUMBERS, NUMBERS_SAMPLE, at(4, "1_000")),
    Case("decimal-comma", E, 2, NUMBERS, NUMBERS_SAMPLE, every(lambda one: one.replace(".", ","), 1)),
    Case("truth", W, 2, INTEGERS, INTEGERS_SAMPLE, every(lambda one: str(one == "1"), 1)),
    Case("truth", E, 2, NUMBERS, NUMBERS_SAMPLE, every(lambda one: str(one > "5"), 1)),
    Case("blanks", W, 4, NUMBERS, NUMBERS_SAMPLE, at(2, " 33.5")),
    Case("whole-numbers", W, None, INTEGERS, INTEGERS_SAMPLE, every(lambda one: f"{one}.0", 1)),
    Case("whole-numbers", W, None, INTEGERS, INTEGERS_SAMPLE, every(lambda one: f"0.{one}7", 1)),
    Case("probability", W, 4, SHARES, SHARES_SAMPLE, at(2, "1.2")),
    Case("probability", W, 4, SHARES, SHARES_SAMPLE, at(2, "-3.4")),
    Case("row-sums", W, 5, CLASSES, CLASSES_SAMPLE, at(3, "0.9")),
    Case("unknown-label", E, 5, LABELS, LABELS_SAMPLE, at(3, "huskey"), LABELS_TRAIN),
    Case("unknown-label", E, 5, LABELS, LABELS_SAMPLE, at(3, "17"), LABELS_TRAIN),
    Case("unknown-label", E, 5, TAGS, TAGS_SAMPLE, at(3, "clear lake"), TAGS_TRAIN),
    Case("label-separator", E, 5, TAGS, TAGS_SAMPLE, at(3, "clear,road"), TAGS_TRAIN),
    Case("label-twice", E, 5, TAGS, TAGS_SAMPLE, at(3, "road road"), TAGS_TRAIN),
    Case("type", W, None, LABELS, LABELS_SAMPLE, every(lambda one: str(len(one)), 1)),
    Case("runs", E, 5, MASKS, MASKS_SAMPLE, at(3, "1 3 9")),
    Case("runs", E, 5, MASKS, MASKS_SAMPLE, at(3, "0 3")),
    Case("runs", E, 5, MASKS, MASKS_SAMPLE, at(3, "9 3 5 2")),
    Case("runs", E, 5, MASKS, MASKS_SAMPLE, at(3, "[1 3]")),
    Case("date-form", E, 5, DATES, DATES_SAMPLE, at(3, "11/03/2020")),
    Case("negative", W, 5, NUMBERS, NUMBERS_SAMPLE, at(3, "-4.5"), PRICES_TRAIN),
    Case("range", W, 5, NUMBERS, NUMBERS_SAMPLE, at(3, "20500.5"), PRICES_TRAIN),
    Case("range", W, None, NUMBERS, NUMBERS_SAMPLE, every(lambda one: f"{float(one) / 90:.3f}", 1), PRICES_TRAIN),
    # behaviour
    Case("constant", W, None, NUMBERS, NUMBERS_SAMPLE, every(lambda _: "7.5", 1)),
    Case("is-the-sample", W, None, NUMBERS, NUMBERS_SAMPLE, lambda _: NUMBERS_SAMPLE),
    Case("class-shares", W, None, LABELS, LABELS_SAMPLE, cells(lambda n, r: [r[0], "husky" if n > 3 else "beagle"]), LABELS_TRAIN.replace("boxer", "beagle")),
    Case("sorted", W, None, NUMBERS, NUMBERS_SAMPLE, in_blocks),
]  # fmt: skip


def checked(tmp_path: Path, case: Case, content: str | bytes) -> dict[str, tuple[str, int | None]]:
    more: dict[str, Any] = {}
    if case.train:
        (tmp_path / "train.csv").write_text(case.train)
        more = {"train": tmp_path / "train.csv"}
    found = Place(tmp_path, case.sample).check(content, **more)
    assert found.passed == (not found.errors)
    assert len(found.sha256) == 64
    for one in found.issues:
        assert one.message.endswith(".") or "(and on" in one.message, one
        assert one.fix or one.severity == N, one
    return {one.code: (one.severity, one.line) for one in found.issues}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.line}")
def test_a_spoiled_file_is_noticed_and_the_good_one_is_not(case: Case, tmp_path: Path) -> None:
    assert case.code not in checked(tmp_path, case, case.good)
    found = checked(tmp_path, case, case.spoil(case.good))
    assert case.code in found, found
    severity, place = found[case.code]
    assert severity == case.severity
    if case.line is not None:
        assert place == case.line


@pytest.mark.parametrize(
    ("good", "sample"),
    [
        (NUMBERS, NUMBERS_SAMPLE), (INTEGERS, INTEGERS_SAMPLE), (SHARES, SHARES_SAMPLE), (LABELS, LABELS_SAMPLE),
        (TAGS, TAGS_SAMPLE), (MASKS, MASKS_SAMPLE), (DATES, DATES_SAMPLE), (CLASSES, CLASSES_SAMPLE),
    ],
    ids=lambda one: one.split("\n")[0],
)  # fmt: skip
@pytest.mark.parametrize("form", ["as it is", "quoted", "windows", "no last line end", "gz", "zip"])
def test_good_files_have_no_findings_in_any_form(
    good: str, sample: str, form: str, tmp_path: Path
) -> None:
    made: str | bytes = good
    name = "submission.csv"
    if form == "quoted":
        made = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows_of(good))
    elif form == "windows":
        made = good.replace("\n", "\r\n")
    elif form == "no last line end":
        made = good.rstrip("\n")
    elif form == "gz":
        made, name = gzip.compress(good.encode()), "submission.csv.gz"
    elif form == "zip":
        made, name = zipped({"submission.csv": good}), "submission.csv.zip"
    found = Place(tmp_path, sample).check(made, name)
    assert found.issues == ()
    assert found.rows == 60


def zipped(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


class TestArchives:
    @pytest.mark.parametrize(
        ("files", "code"),
        [
            ({"a.csv": NUMBERS, "__MACOSX/._a.csv": "x"}, "zip-extras"),
            ({"a.csv": NUMBERS, "b.csv": NUMBERS}, "zip-files"),
            ({}, "zip-files"),
            ({"../../a.csv": NUMBERS}, "zip-path"),
            ({"out/a.csv": NUMBERS}, "zip-path"),
            ({"a.txt": NUMBERS}, "file-type"),
            ({f"{n:0200d}.csv": "" for n in range(5000)}, "zip-files"),
        ],
    )
    def test_one_plain_table_alone(self, files: dict[str, str], code: str, tmp_path: Path) -> None:
        found = Place(tmp_path, NUMBERS_SAMPLE).check(zipped(files), "a.zip")
        assert code in {one.code for one in found.errors}
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "a.zip",
            "sample_submission.csv",
        ]
        assert not (tmp_path.parent / "a.csv").exists()

    def test_a_broken_one_says_so(self, tmp_path: Path) -> None:
        place = Place(tmp_path, NUMBERS_SAMPLE)
        whole = gzip.compress(NUMBERS.encode())
        for name, data in (("a.csv.gz", whole[:-30]), ("a.zip", zipped({"a.csv": NUMBERS})[:-60])):
            assert "broken-file" in {one.code for one in place.check(data, name).errors}

    def test_a_bomb_is_not_read_to_its_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = Place(tmp_path, NUMBERS_SAMPLE)
        rows = gzip.compress(b"id,score\n" + b"a,1.5\n" * 4_000_000)
        found = place.check(rows, "a.csv.gz")
        assert found.rows < 1_000_000
        assert "row-count" in {one.code for one in found.errors}
        monkeypatch.setattr("fastcompanion.competition.validation.table.LARGEST", 1 << 20)
        letters = gzip.compress(b"id,score\n" + b"a" * (3 << 20) + b",1\n")
        assert "too-large" in {one.code for one in place.check(letters, "a.csv.gz").errors}


class TestHostile:
    def test_a_line_without_end(self, tmp_path: Path) -> None:
        place = Place(tmp_path, NUMBERS_SAMPLE)
        found = place.check(
            gzip.compress(b"id,score\nim000.jpg,1.5\n" + b"7" * (64 << 20)), "a.csv.gz"
        )
        assert [(one.code, one.line) for one in found.errors] == [("long-line", 3)]
        head_ = place.check(gzip.compress(b"7" * (64 << 20)), "a.csv.gz")
        assert [(one.code, one.line) for one in head_.errors] == [("long-line", 1)]

    def test_a_quote_that_swallows_the_file(self, tmp_path: Path) -> None:
        rows = b'id,score\n"im000.jpg,1.5\n' + b"im001.jpg,1.5\n" * 1_000_000
        found = Place(tmp_path, NUMBERS_SAMPLE).check(rows)
        assert [(one.code, one.line) for one in found.errors] == [("quotes", 2)]

    def test_control_characters_stay_out_of_messages(self, tmp_path: Path) -> None:
        found = Place(tmp_path, NUMBERS_SAMPLE).check(at(0, "\x1b[31mred\x07")(NUMBERS))
        assert found.errors
        assert not any(ord(sign) < 32 for one in found.issues for sign in one.message + one.fix)

    def test_words_before_the_sample_are_no_issue_of_the_submission(self, tmp_path: Path) -> None:
        with pytest.raises(CompanionError, match="the sample can't be read"):
            Place(tmp_path, "id;score\n1;2\n").check(NUMBERS)
        with pytest.raises(CompanionError, match="no such sample"):
            validate(tmp_path / "submission.csv", tmp_path / "none.csv")


class TestBeside:
    def test_a_file_sent_before(self, tmp_path: Path) -> None:
        place = Place(tmp_path, NUMBERS_SAMPLE)
        first = place.check(NUMBERS)
        assert first.passed
        again = place.check(NUMBERS, known_hashes={first.sha256})
        assert [one.code for one in again.errors] == ["sent-before"]

    def test_a_stale_sample_leaves_the_choice(self, tmp_path: Path) -> None:
        test = tmp_path / "test.csv"
        test.write_text(text(["id", "x"], [[row[0], 1] for row in rows_of(NUMBERS)[1:]]))
        short = NUMBERS_SAMPLE[: NUMBERS_SAMPLE.rindex("im059")]
        found = Place(tmp_path, short).check(NUMBERS, test=test)
        assert found.passed
        assert {one.code: one.severity for one in found.issues} == {
            "stale-sample": W,
            "row-count": W,
            "ids-extra": W,
        }
        assert not Place(tmp_path, short).check(NUMBERS).passed

    def test_images_count_as_rows(self, tmp_path: Path) -> None:
        folder = tmp_path / "test"
        folder.mkdir()
        for number in range(50):
            (folder / f"im{number:03d}.jpg").write_bytes(b"x")
        found = Place(tmp_path, NUMBERS_SAMPLE).check(NUMBERS, test=folder)
        assert "stale-sample" in {one.code for one in found.issues}

    def test_another_name_of_the_target(self, tmp_path: Path) -> None:
        train = tmp_path / "train.csv"
        train.write_text(PRICES_TRAIN.replace("score", "price"))
        place = Place(tmp_path, NUMBERS_SAMPLE)
        spoiled = at(3, "-4.5")(NUMBERS)
        assert place.check(spoiled, train=train).issues == ()
        told = place.check(spoiled, train=train, target="Price")
        assert {one.code for one in told.issues} == {"negative", "range"}
        with pytest.raises(CompanionError, match="did you mean price"):
            place.check(spoiled, train=train, target="prize")


def test_probabilities_are_counted_as_numbers_are(tmp_path: Path) -> None:
    """Those that are "0." and digits go another way, which is quicker: it has to say the same."""
    draw = random.Random(2)
    cells = [f"{draw.random():.6f}" for _ in range(50_000)]
    plain, quick = Tally("y"), Tally("y")
    plain.add(Block((cells,), 2), cells)
    quick.add(Block((cells,), 2, plain=True), cells)
    for name in ("rows", "numbers", "low", "high", "low_line", "high_line", "whole", "numeric"):
        assert getattr(plain, name) == getattr(quick, name), name
    assert quick.mean == pytest.approx(plain.mean, abs=0.02)
    for odd in ("0.5x", "0.", "1.5", "nan", "0.1.2", "-0.5", "0.5e-3"):
        some = [*cells[:40_000], odd, *cells[40_000:]]
        plain, quick = Tally("y"), Tally("y")
        plain.add(Block((some,), 2), some)
        quick.add(Block((some,), 2, plain=True), some)
        assert (plain.low, plain.high, plain.odd) == (quick.low, quick.high, quick.odd)


def test_a_header_of_many_columns(tmp_path: Path) -> None:
    names = [f"a_rather_long_name_{number}" for number in range(5000)]
    sample = text(["id", *names], [[n, *([0.5] * 5000)] for n in range(2)])
    found = Place(tmp_path, sample).check(sample.replace("0.5", "0.7", 1))
    assert found.passed
    assert len(found.columns) == 5001


def test_a_million_rows(tmp_path: Path) -> None:
    """Ids in another order too: these are held, and nothing else grows."""
    rows = [f"{number},{number % 7}.5\n" for number in range(1_000_000)]
    sample = "id,y\n" + "".join(f"{number},0\n" for number in range(1_000_000))
    place = Place(tmp_path, sample.replace(",0", ",0.25"))
    found = place.check("id,y\n" + "".join(rows))
    assert found.rows == 1_000_000
    assert {one.code for one in found.issues} == {"probability"}
    random.Random(1).shuffle(rows)
    rows[500_000] = rows[0]
    other = place.check("id,y\n" + "".join(rows))
    assert {one.code for one in other.errors} == {"ids-twice", "ids-missing"}
