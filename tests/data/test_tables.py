"""Tables as people write them: real files in every dress."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastcompanion.data import columns, files, parts, tables
from fastcompanion.data.columns import values
from fastcompanion.data.dataset import Problem
from fastcompanion.data.tables import Table
from tests.data import folders


def read(path: Path) -> Table:
    found = tables.read(files.walk(path), path.name)
    assert isinstance(found, Table), found
    return found


def names_of(table: Table) -> set[str]:
    return {problem.name for problem in table.problems}


TEXT = "city,size,price\nMünchen,12,3.5\nŁódź,7,2.25\nParis,9,1.5\n"


class TestEncodings:
    @pytest.mark.parametrize(
        ("encoding", "read_as", "problem"),
        [
            ("utf-8", "utf-8", None),
            ("utf-8-sig", "utf-8-sig", "byte-order-mark"),
            ("utf-16", "utf-16", "encoding"),
            ("utf-16-le", "utf-16-le", "encoding"),
            ("utf-16-be", "utf-16-be", "encoding"),
            ("utf-32", "utf-32", "encoding"),
        ],
    )
    def test_unicode(
        self, tmp_path: Path, encoding: str, read_as: str, problem: str | None
    ) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(TEXT.encode(encoding))
        found = read(path)
        assert found.dialect.encoding == read_as
        assert found.names == ("city", "size", "price")
        assert found.column("city") == ["München", "Łódź", "Paris"]
        assert names_of(found) == ({problem} if problem else set())

    def test_western_letters(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(TEXT.replace("Łódź", "Köln “x”").encode("cp1252"))
        found = read(path)
        assert found.column("city")[1] == "Köln “x”"
        assert "encoding" in names_of(found)

    def test_a_western_letter_late_in_a_long_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"a,b\n" + b"1,plain\n" * 20_000 + "2,Köln\n".encode("latin-1"))
        found = read(path)
        assert found.count == 20_001
        assert found.column("b")[-1] == "Köln"

    @pytest.mark.parametrize("size", [0, 3])
    def test_empty(self, tmp_path: Path, size: int) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"\n" * size)
        found = tables.read(files.walk(path), "a.csv")
        assert isinstance(found, Problem)
        assert found.name == "empty-file"

    def test_bytes_are_no_table(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(bytes(range(256)) * 20)
        found = tables.read(files.walk(path), "a.csv")
        assert isinstance(found, Problem)
        assert found.name == "not-a-table"


class TestDelimiters:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_each(self, tmp_path: Path, delimiter: str) -> None:
        rows = [[n, f"a, b; c {n}", n / 4] for n in range(20)]
        found = read(folders.table(tmp_path / "a.csv", ("n", "text", "x"), rows, delimiter))
        assert found.dialect.delimiter == delimiter
        assert found.rows[3] == ("3", "a, b; c 3", "0.75")
        assert ("delimiter" in names_of(found)) == (delimiter != ",")

    def test_semicolons_with_decimal_commas(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        lines = [f"{n};{n},5;1.{n:03},25\n" for n in range(1, 40)]
        path.write_text("id;size;price\n" + "".join(lines))
        found = read(path)
        assert found.dialect.delimiter == ";"
        told = columns.read(found)
        assert told["size"].form == told["price"].form == "decimal comma"
        assert told["size"].numbers[:2] == (1.5, 2.5)
        assert told["price"].numbers[6] == 1007.25

    def test_a_sign_that_each_row_has_once_more(self, tmp_path: Path) -> None:
        """Commas in texts between tabs, decimal commas without a header, two labels in each cell."""
        cases = {
            "\t": "".join(f"ham\tCall {n} later, please\n" for n in range(30)),
            ";": "".join(f"{n},5;{n},25\n" for n in range(30)),
            ",": "file,labels\n" + "".join(f"{n}.png,cat|dog\n" for n in range(30)),
        }
        for delimiter, lines in cases.items():
            (tmp_path / "a.csv").write_text(lines)
            assert read(tmp_path / "a.csv").dialect.delimiter == delimiter

    def test_spaces(self, tmp_path: Path) -> None:
        path = tmp_path / "housing.data"
        path.write_text("".join(f" {n / 7:.4f}   {n}  {n * n:6d}\n" for n in range(50)))
        found = read(path)
        assert found.dialect.delimiter == " "
        assert found.rows[2] == ("0.2857", "2", "4")
        assert not found.dialect.header

    def test_double_colons_without_a_header(self, tmp_path: Path) -> None:
        path = tmp_path / "ratings.dat"
        path.write_text("".join(f"{n % 9}::{n % 7}::{n % 5}::97830{n:04}\n" for n in range(60)))
        found = read(path)
        assert found.dialect.delimiter == "::"
        assert found.count == 60
        assert found.names == ("column 1", "column 2", "column 3", "column 4")

    def test_one_column(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("value\n" + "".join(f"{n}\n" for n in range(30)))
        found = read(path)
        assert found.dialect.delimiter == ""
        assert found.count == 30
        assert found.names == ("value",)

    def test_prose_is_one_column(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("Some words, and more.\nThen none\nAnd a, b, c, d\nEnd.\n" * 4)
        assert read(path).dialect.delimiter == ""


class TestRows:
    def test_quoted_newlines_quotes_and_delimiters(self, tmp_path: Path) -> None:
        rows = [[n, f'He said "{n}",\nand left;\n', n % 2] for n in range(20)]
        found = read(folders.table(tmp_path / "a.csv", ("n", "text", "y"), rows))
        assert found.count == 20
        assert found.rows[4][1] == 'He said "4",\nand left;\n'
        assert names_of(found) == {"quoted-newlines"}

    def test_a_quote_that_is_never_closed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b\n1,x\n2,y\n" + '3,"open\n' + "4,z\n" * 2000)
        assert "open-quote" in names_of(read(path))

    def test_a_very_long_text(self, tmp_path: Path) -> None:
        found = read(folders.table(tmp_path / "a.csv", ("a", "b"), [[1, "x" * 500_000], [2, "y"]]))
        assert len(found.rows[0][1]) == 500_000

    def test_rows_of_other_lengths(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b,c\n" + "1,2,3\n" * 20 + "1,2\n" + "1,2,3,4\n")
        found = read(path)
        assert {len(row) for row in found.rows} == {3}
        text = next(p.text for p in found.problems if p.name == "uneven-rows")
        assert "2 rows" in text
        assert "row 21, 22" in text

    def test_a_delimiter_at_the_end_of_each_line(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b,c\n" + "1,2,3,\n" * 20)
        found = read(path)
        assert found.column("a") == ["1"] * 20
        assert found.column("c") == ["3"] * 20

    def test_an_index_without_a_name(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b\n" + "".join(f"{n},{n * 3},x\n" for n in range(20)))
        found = read(path)
        assert found.names == ("column 1", "a", "b")
        assert found.column("a")[2] == "6"

    def test_repeated_names(self, tmp_path: Path) -> None:
        found = read(folders.table(tmp_path / "a.csv", ("a", "a", "b"), [[1, 2, 3]] * 5))
        assert found.names == ("a", "a (2)", "b")
        assert "repeated-name" in names_of(found)

    def test_windows_and_old_mac_lines(self, tmp_path: Path) -> None:
        for ending in ("\r\n", "\r"):
            path = tmp_path / "a.csv"
            path.write_bytes(ending.join(["a,b", "1,2", "3,4", "5,6"]).encode())
            found = read(path)
            assert found.rows == (("1", "2"), ("3", "4"), ("5", "6"))

    def test_a_long_table_is_sampled_evenly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tables, "CELLS", 4000)
        rows = [[n, n % 2] for n in range(20_000)]
        found = read(folders.table(tmp_path / "a.csv", ("n", "y"), rows))
        assert (found.count, len(found.rows), found.whole) == (20_000, 2000, False)
        numbers = [int(row[0]) for row in found.rows]
        assert numbers == sorted(numbers)
        assert 9000 < sum(numbers) / 2000 < 11_000
        assert read(tmp_path / "a.csv") == found


class TestBeforeTheTable:
    @pytest.mark.parametrize(
        ("lines", "count"),
        [
            ("# made by a machine\n# on a day\n", 2),
            ("World Development Indicators\n\nLast Updated,2026\n", 3),
            ("", 0),
        ],
    )
    def test_lines_of_prose(self, tmp_path: Path, lines: str, count: int) -> None:
        path = tmp_path / "a.csv"
        path.write_text(lines + "country,code,year,value\n" + "Peru,PE,2020,1.5\n" * 30)
        found = read(path)
        assert found.names == ("country", "code", "year", "value")
        assert found.count == 30
        told = [problem.cure for problem in found.problems if problem.name == "lines-before"]
        assert told == ([f"Read it with skiprows={count}."] if count else [])

    def test_a_header_that_begins_with_a_hash(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("#id,x,y\n" + "1,2,3\n" * 30)
        assert read(path).names == ("#id", "x", "y")


class TestHeaders:
    @pytest.mark.parametrize(
        ("text", "header"),
        [
            ("a,b\n1,2\n3,4\n", True),
            ("1,2\n3,4\n5,6\n", False),
            ("name,town\nAda,London\nAlan,London\nGrace,York\n", True),
            ("London,Ada\nLondon,Alan\nYork,Grace\n", False),
            ("0,1,2\n0.5,7,9\n0.3,8,1\n", True),
            ("x,2019,2020\nchina,3.5,4\nperu,2,1.5\n", True),
            ("5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,virginica\n", False),
            ("id,label\n", True),
        ],
    )
    def test_header(self, tmp_path: Path, text: str, header: bool) -> None:
        path = tmp_path / "a.csv"
        path.write_text(text)
        assert read(path).dialect.header is header


class TestValues:
    @pytest.mark.parametrize(
        ("cells", "kind"),
        [
            (["1", "2", "", "30"], "integer"),
            (["1.5", "2", "NA", "-3e2"], "number"),
            (["0", "1", "0"], "boolean"),
            (["True", "False", ""], "boolean"),
            (["yes", "no", "no"], "boolean"),
            (["2020-01-05", "2021-12-31"], "date"),
            (["20200105", "20211231"], "integer"),
            (["31/12/2020", "01/02/2021"], "date"),
            (["Jan 5, 2020", "12 March 2021", "Mon, 7 Dec 2020"], "date"),
            (["red", "green", "red"], "category"),
            (["", "NaN", "null"], "empty"),
            (["inf", "nan", "x"], "category"),
            (["A/5 21171", "113803", "PC 17599"], "category"),
        ],
    )
    def test_types(self, cells: list[str], kind: str) -> None:
        assert values("column", cells).type == kind

    def test_days_without_anything_between_need_a_name_that_says_so(self) -> None:
        assert values("order_date", ["20200105", "20211231"]).type == "date"

    def test_mixed(self) -> None:
        told = values("age", [str(n) for n in range(40)] + ["unknown", "n.d."])
        assert told.type == "mixed"
        assert told.odd == ("unknown", "n.d.")
        assert told.numbers[39] == 39.0
        assert told.numbers[40] is None

    def test_codes_with_digits_are_words(self) -> None:
        told = values("ticket", [str(n) for n in range(70)] + [f"PC {n}" for n in range(30)])
        assert told.type == "category"

    def test_texts(self) -> None:
        told = values(
            "review", [f"I liked this film, it was number {n} of all." for n in range(30)]
        )
        assert told.type == "text"

    def test_lists_of_pixels_are_no_texts(self) -> None:
        cells = [" ".join(str(n * k % 256) for k in range(48)) for n in range(40)]
        assert values("pixels", cells).type == "category"

    def test_quarters(self) -> None:
        told = values("when", ["1950Q1", "1950 Q2", "1951-q4"])
        assert columns.day_text(told.days[2] or 0) == "1951-10-01"

    def test_texts_without_spaces(self) -> None:
        told = values("评论", [f"这部电影非常好看我会推荐给所有的朋友们第{n}次" for n in range(30)])
        assert told.type == "text"

    @pytest.mark.parametrize(
        ("cells", "form", "first"),
        [
            (["1,234", "12,000", "7"], "thousands", 1234.0),
            (["$1,234.50", "$7"], "unit", 1234.5),
            (["45%", "3.5%"], "unit", 45.0),
            (["1,5", "2,25"], "decimal comma", 1.5),
        ],
    )
    def test_ways_to_write_numbers(self, cells: list[str], form: str, first: float) -> None:
        told = values("x", cells)
        assert told.form == form
        assert told.numbers[0] == first

    def test_dates_in_several_forms(self) -> None:
        told = values("day", ["2020-01-05", "31/12/2020", "Jan 5, 2020"])
        assert told.form == "day/month/year and month by name and year-month-day"
        assert columns.day_text(told.days[1] or 0) == "2020-12-31"

    def test_nobody_can_tell_the_day_from_the_month(self) -> None:
        assert "day or month first" in values("day", ["01/02/2020", "03/04/2020"]).form
        assert values("day", ["01/02/2020", "03/24/2020"]).form == "month/day/year"

    def test_a_day_that_does_not_exist(self) -> None:
        cells = [f"2020-01-{n:02}" for n in range(1, 31)] + ["2020-02-30"]
        assert values("day", cells).odd == ("2020-02-30",)


class TestFolder:
    def test_links_that_lead_out_are_not_followed(self, tmp_path: Path) -> None:
        secret = folders.table(tmp_path / "secret" / "s.csv", ("a", "b"), [[1, 2]])
        inside = folders.table(tmp_path / "data" / "a.csv", ("a", "b"), [[1, 2]])
        (tmp_path / "data" / "out.csv").symlink_to(secret)
        (tmp_path / "data" / "folder").symlink_to(secret.parent)
        (tmp_path / "data" / "again.csv").symlink_to(inside)
        (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
        (tmp_path / "data" / "broken.csv").symlink_to(tmp_path / "data" / "none.csv")
        found = files.walk(tmp_path / "data")
        assert found.tables == ("a.csv", "again.csv")
        assert set(found.links_out) == {"out.csv", "folder", "loop"}

    def test_pipes_are_not_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.csv")
        assert files.walk(tmp_path).special == ("a.csv",)
        assert files.walk(tmp_path).tables == ()

    def test_junk_and_prose_are_no_data(self, tmp_path: Path) -> None:
        for name in (
            ".DS_Store",
            "__MACOSX/a.csv",
            ".git/b.csv",
            "README.txt",
            "LICENSE",
            "~$c.csv",
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("x,y\n1,2\n")
        found = files.walk(tmp_path)
        assert found.count == 0
        assert found.prose == ("LICENSE", "README.txt")

    def test_parts_of_names(self) -> None:
        assert (files.stem("a/b.tar.gz"), files.suffix("a/B.PNG"), files.suffix("a.b/c")) == (
            "b.tar",
            "png",
            "",
        )


class TestParts:
    @pytest.mark.parametrize(
        ("names", "part"),
        [
            (["x/Training/cat/1.png"], "train"),
            (["train-jpg/1.jpg", "other/2.jpg"], "train"),
            (["train2017/1.jpg"], "train"),
            (["test1/1.jpg"], "test"),
            (["20news-bydate-train/sci/1", "20news-bydate-test/sci/2"], "train"),
            (["news-train/sci/1", "news-other/sci/2"], ""),
            (["test_tube/1.jpg", "flask/2.jpg"], ""),
            (["train/1.jpg", "car/2.jpg", "bus/3.jpg"], ""),
            (
                ["vehicles/val/train/1.jpg", "vehicles/val/car/2.jpg", "vehicles/val/bus/3.jpg"],
                "valid",
            ),
            (["train/car/1.jpg", "extra/2.jpg", "more/3.jpg"], "train"),
            (["trainspotting/1.jpg"], ""),
            (["images/1.png"], ""),
        ],
    )
    def test_parts(self, names: list[str], part: str) -> None:
        assert parts.read(names).of(names[0]) == part


class TestOlderEncodings:
    @pytest.mark.parametrize(
        ("encoding", "cell"),
        [
            ("cp1251", "Москва"),
            ("shift_jis", "ひらがなと漢字"),
            ("euc_kr", "안녕하세요"),
            ("gb18030", "这部电影非常好看"),
            ("cp1252", "Größe, Käse"),
            ("latin-1", "São Paulo"),
        ],
    )
    def test_each_script(self, tmp_path: Path, encoding: str, cell: str) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(("n,text\n" + f'1,"{cell}"\n' * 50).encode(encoding))
        found = read(path)
        assert found.column("text")[0] == cell
        assert "encoding" in names_of(found)

    def test_strange_line_ends_inside_of_cells(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("n,text\n" + "1,a\u2028b\x0bc\x85d\n" * 20, encoding="utf-8")
        found = read(path)
        assert found.count == 20
        assert found.column("text")[0] == "a\u2028b\x0bc\x85d"

    @pytest.mark.parametrize("ending", ["\r", "\r\n", "\n"])
    def test_a_line_that_ends_where_the_first_block_does(self, tmp_path: Path, ending: str) -> None:
        for shift in range(4):
            path = tmp_path / "a.csv"
            width = tables.HEAD - len("n,text" + ending) - len("1," + ending) + shift
            path.write_bytes(
                f"n,text{ending}1,{'x' * width}{ending}2,y{ending}3,z{ending}".encode()
            )
            assert [row[0] for row in read(path).rows] == ["1", "2", "3"]
