"""Reading notebooks as they come: noisy, old, broken, huge; and taking their code apart."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.cells import kind_of_cell
from tests.course.originals import CULTURES, book, fixture


@pytest.mark.parametrize("name", [*CULTURES, "noise", "hostile"])
def test_reading_and_writing_is_stable(name: str, tmp_path: Path) -> None:
    first = notebook.read(fixture(name))
    again = tmp_path / "again.ipynb"
    notebook.write(again, first)
    assert notebook.read(again) == first
    assert again.read_text(encoding="utf-8") == notebook.to_text(notebook.read(again))


def test_what_is_written_is_valid_and_as_jupyter_writes_it(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    path = tmp_path / "book.ipynb"
    notebook.write(path, notebook.read(fixture("prose_and_code")))
    read = nbformat.read(path, as_version=4)
    nbformat.validate(read)
    assert nbformat.writes(read) + "\n" == path.read_text(encoding="utf-8")


def test_ids_are_made_once_and_the_same_each_time() -> None:
    ids = [cell["id"] for cell in notebook.read(fixture("noise"))["cells"]]
    assert len(set(ids)) == len(ids) == 3
    assert ids[0] == "same"
    assert ids == [cell["id"] for cell in notebook.read(fixture("noise"))["cells"]]


def test_noise_is_kept_and_lines_end_plainly() -> None:
    read = notebook.read(fixture("noise"))
    assert read["path_"] == "/home/someone"
    assert read["cells"][1]["source"] == "a = 1 + 1\na"


def test_an_old_format_is_upgraded() -> None:
    pytest.importorskip("nbformat")
    read = notebook.read(fixture("old_format"))
    assert read["nbformat"] == 4
    assert [cell["cell_type"] for cell in read["cells"]] == ["markdown", "markdown", "code"]
    assert read["cells"][2]["source"].startswith("squares = [")
    assert notebook.sections(read)[0].id == "an-old-notebook"


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("broken", 17, "not valid JSON"),
        ("conflict", 22, "merge conflict"),
        ("latin1", 7, "UTF-8"),
        ("empty", 1, "empty"),
        ("list", None, "not a notebook"),
        ("newer", None, "newer"),
        ("cells", None, "not a list of cells"),
    ],
)
def test_what_is_broken_names_file_and_line(name: str, line: int | None, words: str) -> None:
    before = fixture(name).read_bytes()
    with pytest.raises(CompanionError, match=words) as caught:
        notebook.read(fixture(name))
    assert caught.value.file == str(fixture(name))
    assert caught.value.line == line
    assert fixture(name).read_bytes() == before


def test_json_nested_too_deeply_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "deep.ipynb"
    path.write_text('{"cells": ' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(CompanionError, match="nested too deeply"):
        notebook.read(path)


def test_a_lone_surrogate_can_be_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_text(json.dumps(book(("md", "# odd \ud800 text"))))
    notebook.write(tmp_path / "out.ipynb", notebook.read(path))
    assert "# odd ? text" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


HUGE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (900_000_000, 900_000_000))
from pathlib import Path
from fastcompanion.course.notebooks import notebook
from tests.course.originals import scaffolded, texts
read = notebook.read(Path(sys.argv[1]))
made = scaffolded(read)
assert [s.id for s in made.sections] == ["big"], made.sections
assert len(notebook.to_text(made.notebook)) < 10_000
notebook.write(Path(sys.argv[2]), read)
"""


@pytest.mark.skipif(os.name != "posix", reason="memory is limited through POSIX")
def test_fifty_megabytes_fit_into_900(tmp_path: Path) -> None:
    picture = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": "A" * 1_000_000},
    }
    lines = {"output_type": "stream", "name": "stdout", "text": ["line of output\n"] * 1_000_000}
    huge = book(("md", "# Big"), "total = sum(range(10))", "total + 1")
    huge["cells"][1]["outputs"] = [picture] * 35
    huge["cells"][2]["outputs"] = [lines]
    path = tmp_path / "huge.ipynb"
    path.write_text(json.dumps(huge))
    assert path.stat().st_size > 50_000_000
    argv = [sys.executable, "-c", HUGE, str(path), str(tmp_path / "out.ipynb")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("%time x = f()", "x"),
        ("%timeit -n 10 y = f(1)", "y"),
        ("files = !ls -l", "files"),
        ("here = %pwd", "here"),
        ("!pip install a[b] | tail\nx = 1", "x"),
        ("!wget a \\\n  -O b\nx = 1", "x"),
        ("?print\nx = 1", "x"),
        ("x = 1\nprint??", "x"),
        ("if True:\n    !ls\n    x = 1", "x"),
        ("%%time\nx = 1", "x"),
        ("# first\n%%capture out\nx = 1", "x"),
        ("x = '''\n!not a command\n'''\n%matplotlib inline", "x"),
        ("x = await f()", "x"),
        ("x = 7 \\\n  % 4\n%pwd", "x"),
    ],
)
def test_magics_count_as_what_they_bind(source: str, bound: str) -> None:
    tree = notebook.parse_cell(source)
    assert tree is not None
    stored = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    assert bound in stored
    assert len(source.split("\n")) >= max(n.end_lineno or 0 for n in tree.body)


@pytest.mark.parametrize(
    "source",
    ["%%writefile a.py\nx = 1", "%%bash\nls", "x = (", "x = 'a\nb'", "x = \0", "a" * 500_000],
)
def test_what_is_not_python_is_none(source: str) -> None:
    assert notebook.parse_cell(source) is None


def test_parsing_says_nothing_of_odd_escapes(recwarn: pytest.WarningsRecorder) -> None:
    assert notebook.parse_cell("label = '\\phi'") is not None
    assert not recwarn.list


def test_parsing_needs_neither_ipython_nor_nbformat() -> None:
    code = (
        "import sys; from pathlib import Path; from fastcompanion.course.notebooks import notebook, sections;"
        f"sections.sections(notebook.read(Path({str(fixture('comments_only'))!r})));"
        "heavy = {'IPython', 'nbformat', 'numpy', 'jsonschema'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path.cwd())


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("", "empty"),
        ("# only words", "empty"),
        ("import numpy as np\nnp.set_printoptions(precision=2)", "setup"),
        ("lr = 0.1\ntorch.manual_seed(3)", "setup"),
        ("%matplotlib inline", "setup"),
        ("df = pd.read_csv(path/'a.csv')", "data"),
        ("!wget https://example.org/a.zip", "data"),
        ("!pip install thing", "install"),
        ("!ls -l", "magic"),
        ("%%bash\nls", "magic"),
        ("def f(x): return x", "define"),
        ("def plot_it(x):\n    plt.plot(x)", "plot"),
        ("plt.imshow(x);", "plot"),
        ("df = df.dropna()", "compute"),
        ("df = pd.read_csv('a.csv').fillna(df.mean())", "compute"),
        ("learn.fit_one_cycle(3)", "train"),
        ("for x in xs:\n    loss.backward()\n    opt.step()", "train"),
        ("x.shape, y.shape", "show"),
        ("df.head()", "show"),
        ("%timeit -n 3 f(x)", "show"),
        ("def (", "unparsable"),
    ],
)
def test_kinds_of_cells(source: str, kind: str) -> None:
    assert kind_of_cell(source) == kind


@pytest.mark.parametrize(
    ("title", "ident"),
    [
        ("Cleaning the data", "cleaning-the-data"),
        ("Step 1: Über `code` & more!", "step-1-uber-code-more"),
        ("数据", "数据"),
        ("???", "section"),
        ("x" * 200, "x" * 60),
    ],
)
def test_slugs(title: str, ident: str) -> None:
    assert notebook.slug(title) == ident


def test_sections_by_headings() -> None:
    found = notebook.sections(notebook.read(fixture("prose_and_code")))
    assert [s.id for s in found] == [
        "warm-days", "reading-the-measurements", "a-straight-line", "learning-from-mistakes",
        "what-we-learnt", "questionnaire", "further-research",
    ]  # fmt: skip
    assert found[1].cells == (3, 5, 7, 9)
    assert [s.asks for s in found] == [False] * 5 + [True, True]


def test_headings_in_code_blocks_are_none_and_html_headings_are_some() -> None:
    read = book(
        ("md", "# One\ntext\n```\n# not one\n```\n## Two  ##\nrest"),
        "a = 1",
        ("md", "<h2 align='center'>Three</h2>"),
        "b = 2",
        ("md", "# One"),
        "c = 3",
    )
    found = notebook.sections(read)
    assert [(s.id, s.level, s.cells) for s in found] == [
        ("one", 1, ()), ("two", 2, (1,)), ("three", 2, (3,)), ("one-2", 1, (5,)),
    ]  # fmt: skip


def test_long_stretches_are_cut_at_comments_or_every_few_cells() -> None:
    found = notebook.sections(notebook.read(fixture("comments_only")))
    assert [s.title for s in found] == [
        "Read the names", "Turn rows of counts into shares", "Now with a small network", "Train it",
    ]  # fmt: skip
    plain = notebook.sections(book(("md", "# All"), *[f"a{n} = f({n}) + 1" for n in range(30)]))
    assert [len(s.cells) for s in plain] == [6] * 5
    assert [s.id for s in plain] == ["all", *(f"all-part-{n}" for n in range(2, 6))]


def test_sections_do_not_lose_a_cell() -> None:
    for name in CULTURES:
        read = notebook.read(fixture(name))
        codes = [n for n, cell in enumerate(read["cells"]) if cell["cell_type"] == "code"]
        assert [n for s in notebook.sections(read) for n in s.cells] == codes


def test_a_learners_sections_by_marks_and_added_cells() -> None:
    read = book(("md", "# T"), "a", ("md", "## A"), "b", "c", ("md", "## B"), "d")
    for index, section in ((2, "a"), (3, "a"), (5, "b")):
        read["cells"][index]["metadata"] = {"fastcompanion": {"section": section, "role": "work"}}
    found = notebook.learner_sections(read, ["a", "b", "gone"])
    assert [(s.id, s.cells) for s in found] == [("a", (3, 4)), ("b", (6,)), ("gone", ())]


def test_a_learners_sections_by_headings_where_marks_are_gone() -> None:
    read = book(
        ("md", "# T"), "a", ("md", "## A\ntext"), "b", ("md", "## Own"), "c", ("md", "## A"), "d"
    )
    found = notebook.learner_sections(read, ["a", "a-2"])
    assert [(s.id, s.cells) for s in found] == [("a", (3, 5)), ("a-2", (7,))]
