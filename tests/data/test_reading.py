"""pandas, called as our text says, reads the cells that we read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.data import columns, files, look, reading, tables

pytestmark = pytest.mark.train
pd: Any = pytest.importorskip("pandas")


def read(
    path: Path, *, numbers: Sequence[str] = (), texts: Sequence[str] | None = None
) -> tuple[Any, tables.Table]:
    """Run the written call and give the data frame with our own reading."""
    folder = files.walk(path)
    table = look.view_at(path, whole=True).train
    values = columns.read(table)
    texts = [name for name in table.names if name not in numbers] if texts is None else texts
    made = reading.frame(folder, table, values, texts=texts, numbers=numbers)
    names: dict[str, Any] = {"pd": pd, "path": folder.root}
    exec("df = " + made.call + "\n" + "\n".join(made.mends), names)
    return names["df"], table


def same(df: Any, table: tables.Table, numbers: Sequence[str] = ()) -> None:
    """Compare cell by cell: what is missing is missing, numbers are numbers, texts are texts."""
    assert list(df.columns) == list(table.names)
    assert len(df) == len(table.rows)
    values = columns.read(table)
    for name in table.names:
        if name in numbers:
            wanted = values[name].numbers
            got = [None if pd.isna(one) else float(one) for one in df[name]]
            assert got == [None if one is None else pytest.approx(one) for one in wanted], name
        else:
            told = [None if tables.is_missing(cell) else cell for cell in table.column(name)]
            assert [None if pd.isna(one) else one for one in df[name]] == told, name


def write(folder: Path, text: str, name: str = "data.csv", encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode(encoding))
    return folder


ROWS = "".join(f"{n},{n / 4},w{n}\n" for n in range(30))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    df, table = read(write(tmp_path, f"nr,x,höhe\n{ROWS}", encoding=encoding), numbers=["x"])
    same(df, table, ["x"])
    assert "höhe" in df.columns


@pytest.mark.parametrize("sign", [";", "\t", "|", "::"])
def test_delimiters(tmp_path: Path, sign: str) -> None:
    df, table = read(write(tmp_path, f"nr,x,word\n{ROWS}".replace(",", sign)), numbers=["x"])
    same(df, table, ["x"])


def test_columns_by_blanks(tmp_path: Path) -> None:
    rows = "".join(f"  {n}   {n * 3}  {n / 4}\n" for n in range(30))
    df, table = read(write(tmp_path, rows, "auto.data"), numbers=["column 3"])
    same(df, table, ["column 3"])


def test_zeros_before_ids_and_words_for_nothing(tmp_path: Path) -> None:
    rows = "".join(
        f"{n:04},{'?' if n % 9 == 2 else n},{'missing' if n % 7 == 3 else 'a'}\n" for n in range(40)
    )
    df, table = read(write(tmp_path, f"id,x,y\n{rows}"), numbers=["x"])
    same(df, table, ["x"])
    assert df["id"][3] == "0003"


@pytest.mark.parametrize(
    "cells",
    [
        ["1,5", "2,25", "1.234,5", "12"],
        ["1,5", "2,25", "0,5", "12"],
        ["$1,200.50", "$3", "$17.25", "$5"],
        ["12,345", "1,000", "7", "3,456,789"],
        ["5", "7.5", "oops", "9"],
    ],
    ids=["dots and commas", "commas", "money", "thousands", "a word among numbers"],
)
def test_numbers_as_people_write_them(tmp_path: Path, cells: list[str]) -> None:
    kept = [
        cells[n % len(cells)] if cells[n % len(cells)] != "oops" or n < 4 else "8"
        for n in range(60)
    ]
    rows = "".join(f"{n};{cell};{n % 3}\n" for n, cell in enumerate(kept))
    df, table = read(write(tmp_path, f"nr;x;k\n{rows}"), numbers=["x"])
    same(df, table, ["x"])


def test_commas_in_one_column_and_points_in_another(tmp_path: Path) -> None:
    rows = "".join(f"{n},5;{n}.25\n" for n in range(40))
    df, table = read(write(tmp_path, f"x;y\n{rows}"), numbers=["x", "y"])
    same(df, table, ["x", "y"])


def test_prose_before_the_table(tmp_path: Path) -> None:
    df, table = read(write(tmp_path, f"Export of today\nby me\n\nnr,x,word\n{ROWS}"), numbers=["x"])
    same(df, table, ["x"])


def test_rows_that_end_with_a_delimiter(tmp_path: Path) -> None:
    rows = "".join(f"{n};{n / 4};w{n};\n" for n in range(30))
    df, table = read(write(tmp_path, f"nr;x;word\n{rows}"), numbers=["x"])
    same(df, table, ["x"])


def test_a_header_with_one_name_less(tmp_path: Path) -> None:
    rows = "".join(f"row{n} {n} {n / 4}\n" for n in range(30)).replace(" ", ",")
    df, table = read(write(tmp_path, f"a,x\n{rows}"), numbers=["x"])
    same(df, table, ["x"])


def test_no_header_and_names_twice(tmp_path: Path) -> None:
    df, table = read(write(tmp_path / "none", ROWS), numbers=["column 2"])
    same(df, table, ["column 2"])
    df, table = read(write(tmp_path / "twice", f"a,x,a\n{ROWS}"), numbers=["x"])
    same(df, table, ["x"])


def test_rows_of_other_widths(tmp_path: Path) -> None:
    rows = (
        ROWS.replace("w7\n", "w7,more,and more\n").replace("w9\n", "w9,\n").replace(",w11\n", "\n")
    )
    df, table = read(write(tmp_path, f"nr,x,word\n{rows}"), numbers=["x"])
    same(df, table, ["x"])


def test_quotes_blanks_and_lines_in_cells(tmp_path: Path) -> None:
    rows = "".join(f'{n}, "he said ""no"", and\nwent", {n / 4}\n' for n in range(30))
    df, table = read(write(tmp_path, f"nr, told, x\n{rows}"), numbers=["x"])
    same(df, table, ["x"])


def test_every_cell_as_it_stands(tmp_path: Path) -> None:
    place = write(tmp_path, "file,label\n" + "".join(f"{n:03},NA\n" for n in range(20)))
    table = look.view_at(place, whole=True).train
    names: dict[str, Any] = {"pd": pd, "path": place}
    exec("df = " + reading.plain(files.walk(place), table), names)
    assert names["df"]["label"].tolist() == ["NA"] * 20
    assert names["df"]["file"][7] == "007"
