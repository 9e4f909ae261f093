"""The list of what is checked before a submission is sent: each check with a file that fails it and one that passes.

The words are those of the list; a check has one code or more. What the other tests of this folder hold (archives,
order, signals) stands here too, once, so that nothing of the list lacks.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from fastcompanion.competition import validation
from fastcompanion.competition.validation.issue import Checked
from fastcompanion.competition.validation.submission import validate
from tests.competition.validation import test_checks as single
from tests.competition.validation.files import Place, passengers, rows_of, text
from tests.competition.validation.test_checks import (
    CASES,
    NUMBERS,
    NUMBERS_SAMPLE,
    Case,
    zipped,
)

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[[Path, bool], Checked]


class Beyond(NamedTuple):
    """A check that needs more than a file of text: `make` gives what is said of a bad file, or of a good one."""

    code: str
    severity: str
    make: Make


def packed(bad: bytes, good: bytes, name: str) -> Make:
    def make(folder: Path, is_bad: bool) -> Checked:
        return Place(folder, NUMBERS_SAMPLE).check(bad if is_bad else good, name)

    return make


def _no_file(folder: Path, is_bad: bool) -> Checked:
    sample = folder / "sample_submission.csv"
    sample.write_text(NUMBERS_SAMPLE)
    if not is_bad:
        (folder / "submission.csv").write_text(NUMBERS)
    return validate(folder / "submission.csv", sample)


def _too_large(folder: Path, is_bad: bool) -> Checked:
    """A file of more than a gigabyte, of which nothing lies on the disk."""
    sample, path = folder / "sample_submission.csv", folder / "submission.csv"
    sample.write_text(NUMBERS_SAMPLE)
    path.write_text(NUMBERS)
    if is_bad:
        os.truncate(path, (1 << 30) + 1)
    return validate(path, sample)


def _too_wide(folder: Path, is_bad: bool) -> Checked:
    head = ",".join(f"c{number}" for number in range(200_000)) if is_bad else "id,score"
    return Place(folder, NUMBERS_SAMPLE).check(NUMBERS.replace("id,score", head, 1))


def _long_line(folder: Path, is_bad: bool) -> Checked:
    end = "7" * (9 << 20) if is_bad else ""
    return Place(folder, NUMBERS_SAMPLE).check(NUMBERS + end)


def _locked(folder: Path, is_bad: bool) -> Checked:
    """The bit that says "encrypted" is set in both of the archive's records."""
    data = bytearray(zipped({"submission.csv": NUMBERS}))
    if is_bad:
        data[6] |= 1
        data[data.index(b"PK\x01\x02") + 8] |= 1
    return Place(folder, NUMBERS_SAMPLE).check(bytes(data), "submission.csv.zip")


def _parquet(folder: Path, is_bad: bool) -> Checked:
    if not is_bad:
        return Place(folder, NUMBERS_SAMPLE).check(NUMBERS)
    for name in ("sample.parquet", "submission.parquet"):
        (folder / name).write_bytes(b"PAR1 and what follows PAR1")
    return validate(folder / "submission.parquet", folder / "sample.parquet")


def _sent_before(folder: Path, is_bad: bool) -> Checked:
    place = Place(folder, NUMBERS_SAMPLE)
    sent = place.check(NUMBERS).sha256
    return place.check(
        NUMBERS if is_bad else NUMBERS.replace("im000.jpg,", "im000.jpg,1"), known_hashes={sent}
    )


def _stale_by_table(folder: Path, is_bad: bool) -> Checked:
    test = folder / "test.csv"
    rows = rows_of(NUMBERS)[1:]
    test.write_text(text(["id", "x"], [[row[0], 1] for row in rows[: 50 if is_bad else 60]]))
    return Place(folder, NUMBERS_SAMPLE).check(NUMBERS, test=test)


def _stale_by_images(folder: Path, is_bad: bool) -> Checked:
    images = folder / "test"
    images.mkdir()
    for number in range(50 if is_bad else 60):
        (images / f"im{number:03d}.jpg").write_bytes(b"x")
    return Place(folder, NUMBERS_SAMPLE).check(NUMBERS, test=images)


def _masks(folder: Path, is_bad: bool) -> Checked:
    """Images of 10 x 6; the last pixel of all is pixel 60."""
    images = folder / "test"
    images.mkdir()
    for number in range(3):
        Image.new("L", (10, 6)).save(images / f"im{number}.png")
    sample = text(["img", "rle_mask"], [[f"im{n}", "1 1"] for n in range(3)])
    masks = ["1 3 20 2", "51 11" if is_bad else "51 10", ""]
    said = text(["img", "rle_mask"], [[f"im{n}", mask] for n, mask in enumerate(masks)])
    return Place(folder, sample).check(said, test=images)


def _survivors(folder: Path, change: Callable[[list[int], list[bool]], list[int]]) -> Checked:
    train, test, sample = passengers()
    for name, content in (("train.csv", train), ("test.csv", test)):
        (folder / name).write_text(content)
    rows = rows_of(test)[1:]
    women = [row[2] == "female" for row in rows]
    chance = random.Random(4)
    said = change([int(one != (chance.random() < 0.1)) for one in women], women)
    made = text(["PassengerId", "Survived"], list(zip((row[0] for row in rows), said, strict=True)))
    place = Place(folder, sample)
    return place.check(made, train=folder / "train.csv", test=folder / "test.csv")


def _mixed_up(folder: Path, is_bad: bool) -> Checked:
    def change(said: list[int], women: list[bool]) -> list[int]:
        del women
        return random.Random(1).sample(said, len(said)) if is_bad else said

    return _survivors(folder, change)


def _against(folder: Path, is_bad: bool) -> Checked:
    return _survivors(folder, lambda said, _: [1 - one for one in said] if is_bad else said)


MAC = {"submission.csv": NUMBERS, "__MACOSX/._submission.csv": "x"}
ONE = zipped({"submission.csv": NUMBERS})
TWO = zipped({"submission.csv": NUMBERS, "b.csv": NUMBERS})
HALF = gzip.compress(NUMBERS.encode())[:-30]
E, W = "error", "warning"
BEYOND = [
    Beyond("no-file", E, _no_file),
    Beyond("too-large", E, _too_large),
    Beyond("too-wide", E, _too_wide),
    Beyond("long-line", E, _long_line),
    Beyond("broken-file", E, packed(HALF, gzip.compress(NUMBERS.encode()), "submission.csv.gz")),
    Beyond("zip-extras", E, packed(zipped(MAC), ONE, "submission.csv.zip")),
    Beyond("zip-files", E, packed(TWO, ONE, "submission.csv.zip")),
    Beyond(
        "zip-path", E, packed(zipped({"../submission.csv": NUMBERS}), ONE, "submission.csv.zip")
    ),
    Beyond("zip-locked", E, _locked),
    Beyond("parquet", W, _parquet),
    Beyond("sent-before", E, _sent_before),
    Beyond("stale-sample", W, _stale_by_table),
    Beyond("stale-sample", W, _stale_by_images),
    Beyond("runs-outside", E, _masks),
    Beyond("mixed-up", W, _mixed_up),
    Beyond("against-training", W, _against),
]

#: what has to be checked, in words, and by which codes it is
LIST = {
    "the file exists": ("no-file",),
    "it is not empty": ("empty-file", "no-rows"),
    "its size is below the limit": ("too-large", "too-wide", "long-line"),
    "csv, csv.zip, csv.gz or parquet as the sample": ("file-type", "broken-file", "parquet"),
    "not the sample itself": ("is-the-sample",),
    "not byte-identical to an earlier submission": ("sent-before",),
    "a zip has exactly one file, no __MACOSX": ("zip-files", "zip-extras", "zip-path", "zip-locked"),
    "UTF-8": ("encoding", "byte-order-mark", "zero-bytes"),
    "delimiter": ("delimiter",),
    "decimal comma": ("decimal-comma",),
    "quotes balanced": ("quotes",),
    "the same number of fields on every line": ("fields", "line-ends"),
    "no blank lines": ("blank-line",),
    "no index column": ("index-column",),
    "a header": ("no-header",),
    "the set of columns": ("column-missing", "column-extra", "column-spelled"),
    "no column twice": ("column-twice",),
    "the order of columns": ("column-order",),
    "ids unique": ("ids-twice",),
    "no null ids": ("ids-empty",),
    "the ids of the sample": ("ids-missing", "ids-extra", "id-order"),
    "ids in another writing": ("ids-spelled",),
    "the number of rows": ("row-count",),
    "a stale sample: test.csv or the number of test images": ("stale-sample",),
    "no NaN, infinite, None or empty values": ("missing", "infinite"),
    "numbers where the sample has numbers": ("not-a-number", "type", "blanks"),
    "the type changed": ("whole-numbers", "truth"),
    "probabilities in 0 to 1": ("probability",),
    "rows of several classes add up to 1": ("row-sums",),
    "labels of training": ("unknown-label",),
    "run-length masks well-formed": ("runs",),
    "run-length masks inside height times width": ("runs-outside",),
    "several labels separated by blanks": ("label-separator", "label-twice"),
    "the form of dates": ("date-form",),
    "the range of training": ("range",),
    "negative for RMSLE": ("negative",),
    "constant predictions": ("constant",),
    "class distribution far from training": ("class-shares",),
    "predictions in the order of the file": ("sorted", "mixed-up", "against-training"),
}  # fmt: skip
MADE: list[Case | Beyond] = [*CASES, *BEYOND]
ROWS = [(words, one) for words, codes in LIST.items() for one in MADE if one.code in codes]


def said_of(one: Case | Beyond, folder: Path, *, bad: bool) -> dict[str, str]:
    if isinstance(one, Beyond):
        return {issue.code: issue.severity for issue in one.make(folder, bad).issues}
    found = single.checked(folder, one, one.spoil(one.good) if bad else one.good)
    return {code: severity for code, (severity, _) in found.items()}


@pytest.mark.parametrize(
    ("words", "one"), ROWS, ids=[f"{words}: {one.code}" for words, one in ROWS]
)
def test_each_check_has_a_file_that_fails_and_one_that_passes(
    words: str, one: Case | Beyond, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.mkdir()
    good.mkdir()
    assert said_of(one, bad, bad=True).get(one.code) == one.severity, words
    assert one.code not in said_of(one, good, bad=False), words


def test_nothing_that_is_said_lacks_in_the_list_or_in_the_docs() -> None:
    """Every code of the package stands in the list above, has a case, and is explained in docs/kaggle.md."""
    folder = Path(validation.__file__).parent
    source = "\n".join(path.read_text() for path in folder.glob("*.py"))
    pattern = r'(?:\.(?:error|warn|note)|say|_refuse)\(\s*"([a-z-]+)"|return "([a-z-]+)", f?"'
    said = {first or second for first, second in re.findall(pattern, source)}
    assert len(said) > 50
    listed = {code for codes in LIST.values() for code in codes}
    assert said == listed == {one.code for one in MADE}
    docs = (ROOT / "docs" / "kaggle.md").read_text(encoding="utf-8")
    assert not {code for code in said if f"`{code}`" not in docs}


def test_the_words_of_masks_that_reach_beyond(tmp_path: Path) -> None:
    (issue,) = _masks(tmp_path, True).issues
    assert (issue.line, issue.column) == (3, "rle_mask")
    assert "ends at pixel 61" in issue.message
    assert "10 x 6 = 60" in issue.message


def test_ids_of_masks_may_name_a_class_and_images_may_lack(tmp_path: Path) -> None:
    images = tmp_path / "test"
    images.mkdir()
    Image.new("L", (10, 6)).save(images / "im0.png")
    (images / "im1.png").write_bytes(b"no image")
    ids = ["im0.png_1", "im0_2", "im1", "im7"]
    sample = text(["img", "EncodedPixels"], [[one, "1 1"] for one in ids])
    said = text(["img", "EncodedPixels"], [[one, "1 99"] for one in ids])
    found = Place(tmp_path, sample).check(said, test=images)
    (issue,) = [one for one in found.issues if one.code == "runs-outside"]
    assert issue.line == 2
    assert "(and on 1 more lines)" in issue.message


def test_a_gigabyte_of_one_line_is_not_held(tmp_path: Path) -> None:
    """Streamed out of an archive of a megabyte, and out of a file with a hole in it."""
    block = zlib_block(b"7" * (1 << 20))
    archive = tmp_path / "line.csv.gz"
    with archive.open("wb") as file:
        file.write(gzip_head() + zlib_block(b"id,score\nim000.jpg,"))
        for _ in range(1024):
            file.write(block)
    sample = tmp_path / "sample_submission.csv"
    sample.write_text(NUMBERS_SAMPLE)
    hole = tmp_path / "hole.csv"
    hole.write_text(NUMBERS)
    os.truncate(hole, 1 << 28)
    bomb = tmp_path / "bomb.csv.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed_,
        packed_.open("a.csv", "w") as inner,
    ):
        inner.write(b"id,score\n")
        for _ in range(100):
            inner.write(b"0" * (1 << 20))
    said = run_small([archive, hole, bomb], sample)
    assert said == [["long-line"], ["zero-bytes"], ["long-line"]]


def zlib_block(data: bytes) -> bytes:
    """Compress so that the bytes may follow each other any number of times."""
    made = zlib.compressobj(1, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush(zlib.Z_FULL_FLUSH)


def gzip_head() -> bytes:
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


SMALL = """
import json, sys
from pathlib import Path
try:
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))
except ImportError:
    pass
from fastcompanion.competition.validation.submission import validate
*paths, sample = map(Path, sys.argv[1:])
print(json.dumps([[one.code for one in validate(path, sample).errors] for path in paths]))
"""


def run_small(paths: list[Path], sample: Path) -> object:
    """Validate in a process that may hold 200 MB of data, where the system can hold it to that."""
    done = subprocess.run(
        [sys.executable, "-c", SMALL, *map(str, paths), str(sample)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
