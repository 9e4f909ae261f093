"""New posts: from nothing, from a week of the log, from a notebook; nothing is overwritten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import bundle, checking, writing
from tests.study import posts_material as material

Runner = Callable[..., Any]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study without git, which writing does not need."""
    (tmp_path / "fastcompanion.toml").write_text("version = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-22T23:30:00+01:00")
    return tmp_path


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Is it a bird?", "is-it-a-bird"),
        ('Öl & "<b>bold</b>": 100%', "ol-bold-100"),
        ("C:\\path/../../etc", "c-path-etc"),
        ("深度学习", "深度学习"),
        ("Żółw, Ærø & Straße", "zolw-aero-strasse"),
        ("???", "post"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word"),
        ("snake_case_title", "snake-case-title"),
    ],
)
def test_the_name_of_a_title(title: str, slug: str) -> None:
    assert writing.slug_of(title) == slug


@pytest.mark.parametrize("title", ["Birds: a start # 1", '"quoted" and \\ back', "<b>&</b>", "- [x] {y}", "null", "two\nlines"])  # fmt: skip
def test_any_title_comes_back_as_it_was(study: Path, title: str) -> None:
    made = writing.new(Workspace(study), title)
    (post,) = bundle.posts(Workspace(study))
    assert post.title == " ".join(title.split())
    assert (post.front.draft, str(post.front.date)) == (True, "2026-11-22")
    assert made.file == f"posts/2026-11-22-{post.slug}/index.md"


def test_nothing_is_overwritten(study: Path, run: Runner) -> None:
    assert run("blog", "new", "Birds").code == 0
    before = (study / "posts/2026-11-22-birds/index.md").read_text()
    again = run("blog", "new", "Birds!")
    assert again.code == 2
    assert "already" in again.err
    other_day = run("blog", "new", "Birds", env={"FASTCOMPANION_NOW": "2026-12-01T12:00:00+00:00"})
    assert other_day.code == 2
    assert (study / "posts/2026-11-22-birds/index.md").read_text() == before
    assert len(list((study / "posts").iterdir())) == 1


def test_a_title_is_needed(study: Path, run: Runner) -> None:
    assert run("blog", "new").code == 2
    assert run("blog", "new", "  ").code == 2
    assert not (study / "posts").exists()


def test_a_dry_run_writes_nothing(study: Path, run: Runner) -> None:
    told = run("blog", "new", "Birds", "--dry-run", "--json")
    assert told.code == 0
    assert sorted(told.data) == ["copied", "course_text", "file", "folder", "local", "missing", "slug", "source", "title"]  # fmt: skip
    assert not (study / "posts").exists()


@pytest.fixture
def logged(study: Path) -> Path:
    day = study / "log/2026/2026-11-17.md"
    day.parent.mkdir(parents=True)
    day.write_text(
        "# 2026-11-17 Tuesday\n"
        "- 19:30+01:00 90m fastai-p1/05 reproduce ^k3f9q2tz\n  Stuck on <b>broadcasting</b>.\n  Then not.\n"
        "- 22:00+01:00 20m ^k3f9q2ta\n  Read a paper\n"
    )
    (study / "log/2026/2026-11-09.md").write_text(
        "# 2026-11-09 Monday\n- 19:30+01:00 45m fastai-p1/04 watch ^k3f9q2tb\n  The week before\n"
    )
    notes = study / "lessons/fastai-p1/05/notes.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("# My notes\n\nA tensor is an array.\n")
    return study


def test_a_week_of_the_log_is_material(logged: Path, run: Runner) -> None:
    told = run("blog", "new", "--from-log", "2026-W47", "--json")
    assert told.code == 0, told.err
    text = (logged / told.data["file"]).read_text()
    head, _, below = text.partition("<!-- material:")
    assert "What I learned in week 47" in head
    assert "categories: [fastai-p1]" in head
    assert "2026-W47, 2 sessions, 1 h 50 min" in below
    assert "- Tuesday, 90 min, reproduce: Stuck on <b>broadcasting</b>. Then not." in below
    assert "### Other study, 20 min" in below
    assert "**My notes**\n\nA tensor is an array." in below
    assert "The week before" not in below
    found = [one.kind for one in checking.check(Workspace(logged)).posts[0].findings]
    assert "material" in found, "unread material is noticed before it is published"


@pytest.mark.parametrize(
    ("week", "first"),
    [("this", "2026-11-16"), ("last", "2026-11-09"), ("2026-W47", "2026-11-16"), ("2026w01", "2025-12-29"), ("2020-W53", "2020-12-28")],
)  # fmt: skip
def test_weeks(study: Path, week: str, first: str) -> None:
    days = writing.week_of(week)
    assert str(days[0]) == first
    assert len(days) == 7


def test_the_night_belongs_to_the_week_before(study: Path, frozen: Callable[[str], None]) -> None:
    frozen("2026-11-23T02:30:00+01:00")
    assert str(writing.week_of("this")[0]) == "2026-11-16"


@pytest.mark.parametrize(
    "week",
    [
        "2026-W54",
        "9999-W52",
        "2026-11",
        "2026-11-20",
        "2021-W53",
        "W47",
        "47",
        "yesterday",
        "2026-W00",
        "",
    ],
)
def test_no_weeks(study: Path, week: str) -> None:
    with pytest.raises(CompanionError) as raised:
        writing.week_of(week)
    assert "2026-W47" in raised.value.hint


def test_a_week_without_sessions(logged: Path, run: Runner) -> None:
    told = run("blog", "new", "--from-log", "2026-W40")
    assert told.code == 1
    assert "2026-09-28" in told.err


def notebook(folder: Path, name: str, *cells: dict[str, Any], minor: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    book = material.notebook(*cells)
    book["nbformat_minor"] = minor
    (folder / name).write_text(json.dumps(book))
    return folder / name


def words(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def test_a_notebook_keeps_its_outputs_and_brings_its_pictures(study: Path, run: Runner) -> None:
    work = study / "lessons/c/01"
    path = notebook(
        work, "birds.scratch.ipynb",
        words("# Is it a **bird**?\n\nIntro ![one](pics/a%20b.png)\n<img src='../shared/a b.png'> ![gone](gone.png) ![web](https://example.org/x.png)"),
        material.code("1", 7, material.stream("one\n"), tags=["x"]),
        material.code("pd.read_csv('../data/train.csv'); x = 'https://x.org/y.zip'", 8, material.stream("/home/adalovelace/x\n")),
    )  # fmt: skip
    (work / "pics").mkdir()
    (work.parent / "shared").mkdir()
    (work / "pics/a b.png").write_bytes(material.png())
    (work.parent / "shared/a b.png").write_bytes(material.png(4, 4))
    before = path.read_bytes()
    told = run("blog", "new", "--from-notebook", path, "--json")
    assert told.code == 0, told.err
    assert path.read_bytes() == before
    assert told.data["title"] == "Is it a bird?"
    assert told.data["missing"] == ["gone.png"]
    assert told.data["local"] == ["/home/adalovelace", "../data/train.csv"]
    folder = study / told.data["folder"]
    assert (folder / "images/a-b.png").read_bytes() == material.png()
    assert (folder / "images/a-b-1.png").read_bytes() == material.png(4, 4)
    cells = json.loads((folder / "index.ipynb").read_text())["cells"]
    assert [cell["cell_type"] for cell in cells] == ["raw", "markdown", "code", "code"]
    assert 'title: "Is it a bird?"' in "".join(cells[0]["source"])
    text = "".join(cells[1]["source"])
    assert text.startswith("Intro ![one](images/a-b.png)\n<img src='images/a-b-1.png'> ![gone](gone.png)")  # fmt: skip
    assert cells[2] == material.code("1", 7, material.stream("one\n"), tags=["x"])


def test_a_notebook_of_somebody_else_brings_no_other_files_along(study: Path, run: Runner) -> None:
    work = study / "lessons/c/01"
    (study / "private.txt").write_text("secret")
    (study / "private.png").write_text("secret")
    source = "# Kind\n![a](../../../private.txt) ![b](../../../private.png) ![c](ok.png)"
    path = notebook(work, "kind.ipynb", words(source))
    (work / "ok.png").write_bytes(material.png())
    told = run("blog", "new", "--from-notebook", path, "--json")
    assert told.data["missing"] == ["../../../private.txt", "../../../private.png"]
    assert [one["target"] for one in told.data["copied"]] == ["images/ok.png"]
    assert [one.name for one in (study / told.data["folder"] / "images").iterdir()] == ["ok.png"]


def test_a_heading_that_says_nothing_or_is_taken(study: Path) -> None:
    ws = Workspace(study)
    path = notebook(study, "05-from_scratch.ipynb", words("## Introduction\n\nText"))
    assert writing.from_notebook(ws, path).title == "From scratch"
    path = notebook(study, "07-forests.ipynb", words("# From scratch"))
    assert writing.from_notebook(ws, path).title == "Forests"
    with pytest.raises(CompanionError, match="already"):
        writing.from_notebook(ws, path)


def test_front_matter_that_is_there_stays(study: Path) -> None:
    head = "---\ntitle: Mine\ndate: 2026-01-01\n---"
    path = notebook(study, "x.ipynb", {"cell_type": "raw", "metadata": {}, "source": head}, words("a"))  # fmt: skip
    made = writing.from_notebook(Workspace(study), path)
    cells = json.loads((study / made.file).read_text())["cells"]
    assert (made.title, len(cells), cells[0]["source"]) == ("Mine", 2, head)


def test_a_copy_of_a_course_is_pointed_out(study: Path, run: Runner) -> None:
    path = notebook(study, "04_mnist.run.ipynb", words("Text of the course"), minor=5)
    told = run("blog", "new", "--from-notebook", path.name)
    assert told.code == 0
    assert "may not be yours to publish" in told.out
    made = study / "posts/2026-11-22-mnist/index.ipynb"
    cells = json.loads(made.read_text())["cells"]
    assert cells[0]["id"], "format 4.5 asks for ids"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [("x.txt", "x", 2), ("gone.ipynb", None, 2), ("bad.ipynb", "{", 1), ("v3.ipynb", '{"worksheets": []}', 1)],
)  # fmt: skip
def test_what_is_no_notebook(study: Path, run: Runner, name: str, text: str | None, code: int) -> None:  # fmt: skip
    if text is not None:
        (study / name).write_text(text)
    assert run("blog", "new", "--from-notebook", name).code == code
    assert not (study / "posts").exists()


def test_both_sources_are_refused(study: Path, run: Runner) -> None:
    assert run("blog", "new", "--from-notebook", "x.ipynb", "--from-log", "last").code == 2


def test_the_list(study: Path, run: Runner) -> None:
    assert "No posts yet" in run("blog", "list").out
    run("blog", "new", "A <b>title</b>")
    (study / "posts/2026-11-22-broken").mkdir()
    (study / "posts/2026-11-22-broken/index.md").write_text("---\ntitle: [\n---\n")
    told = run("blog", "list", "--json").data
    assert [(one["title"], one["state"]) for one in told["posts"]] == [("A <b>title</b>", "draft")]
    assert told["problems"][0]["file"] == "posts/2026-11-22-broken/index.md"
    shown = run("blog", "list").out
    assert "A <b>title</b>" in shown
    assert "posts/2026-11-22-broken/index.md:3" in shown
